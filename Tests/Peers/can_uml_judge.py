"""Judges what evsim and the programs of can-utils and python-can said to each other on a real SocketCAN (see Tests/can-uml.sh).

can_uml_judge.py prepare DIRECTORY      writes the frames that canplayer plays
can_uml_judge.py peer DIRECTORY COUNT   python-can on vcan0: takes COUNT frames of 0x401 down, sends some of its own
can_uml_judge.py check DIRECTORY        compares; the last line counts
"""
import json
import pathlib
import random
import re
import socket
import sys

FRAMES = 5000
LINE = re.compile(r"\((\d+\.\d+)\) (\S+) (\S+)")


def random_frames(seed, kinds):
    """Frames of these kinds in candump's notation, without remote frames that have no length of their own."""
    draw = random.Random(seed)
    lengths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64]
    for _ in range(FRAMES):
        # 7E0 and 7E1 are evsim's own.
        identifier = f"{draw.randrange(0x7E0):03X}" if draw.random() < 0.5 else f"{draw.randrange(1 << 29):08X}"
        kind = draw.choice(kinds)
        if kind == "remote":
            yield f"{identifier}#R{draw.randrange(1, 9)}"
        elif kind == "fd":
            # 6.1 shows the flag of the format beside BRS and ESI.
            yield f"{identifier}##{draw.randrange(4) | 4:X}{draw.randbytes(draw.choice(lengths)).hex().upper()}"
        else:
            yield f"{identifier}#{draw.randbytes(draw.randrange(9)).hex().upper()}"


def write(path, interface, frames, step):
    path.write_text("".join(f"({1_700_000_000 + index * step:.6f}) {interface} {frame}\n" for index, frame in enumerate(frames)))


def read(path, interface=None):
    found = [LINE.match(line) for line in path.read_text().splitlines()]
    return [m[3] for m in found if m and interface in (None, m[2])]


def prepare(folder):
    write(folder / "sensor.log", "vcan0", [f"18FF0500#{index.to_bytes(4, 'little').hex().upper()}" for index in range(FRAMES)], 0.0002)
    write(folder / "to-0.log", "vcan0", random_frames(1, ["data", "remote", "fd"]), 0.001)
    write(folder / "to-1.log", "vcan1", random_frames(2, ["data", "remote", "fd"]), 0.001)
    errors = ["20000004#0008000000006000", "20000080#0000000000000000", "20000040#0000000000000000"]
    write(folder / "errors.log", "vcan0", errors, 0.01)


def peer(folder, count):
    import can

    with can.Bus(interface="socketcan", channel="vcan0", fd=True) as bus:
        # Python is slower than the bus; SO_RCVBUFFORCE.
        bus.socket.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
        (folder / "peer-ready").touch()
        seen, sent = [], False
        while len(seen) < count:
            message = bus.recv(10)
            if message is None:
                break
            if message.arbitration_id == 0x401:
                seen.append([message.data.hex(), message.timestamp])
            if seen and not sent:
                sent = True
                bus.send(can.Message(arbitration_id=0x18FF0501, data=[1, 2, 3], is_extended_id=True))
                bus.send(can.Message(arbitration_id=0x123, is_remote_frame=True, dlc=5, is_extended_id=False))
                bus.send(can.Message(arbitration_id=0x321, data=bytes(range(48)), is_fd=True, bitrate_switch=True, is_extended_id=False))
        (folder / "peer.json").write_text(json.dumps(seen))


class Counter:
    passed = failed = 0

    def that(self, name, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {name}{': ' if detail else ''}{detail}")


def samples(folder, signal):
    rows = [line.split(",") for line in (folder / "signals.csv").read_text().splitlines()]
    head = rows[0]
    if "signal" in head:
        name, value = head.index("signal"), head.index("value")
        return [float(row[value]) for row in rows[1:] if row[name] == signal]
    column = head.index(signal)
    return [float(row[column]) for row in rows[1:] if row[column] != ""]


def check(folder):
    judge = Counter()
    # 1. Charger and charge point on vcan0.
    run = folder / "charging"
    report = json.loads((run / "report.json").read_text())
    judge.that("the run of charger and charge point passed", report["verdict"] == "pass", str(report["expect"]))
    log = read(folder / "charging.log")
    telemetry = [frame[4:] for frame in log if frame.startswith("401#")]
    judge.that(f"candump has {FRAMES} readings of evsim", len(telemetry) == FRAMES, f"{len(telemetry)}")
    values = [(int.from_bytes(bytes.fromhex(t[:4]), "little") / 100, int.from_bytes(bytes.fromhex(t[4:]), "little") / 10) for t in telemetry]
    current, voltage = samples(run, "can0.telemetry.current"), samples(run, "can0.telemetry.voltage")
    judge.that("every current on the wire is the one of evsim's signals", len(current) == FRAMES and all(
        abs(a - b[0]) < 1e-6 for a, b in zip(current, values)), f"{current[:3]} {values[:3]}")
    judge.that("every voltage on the wire is the one of evsim's signals", len(voltage) == FRAMES and all(
        abs(a - b[1]) < 1e-6 for a, b in zip(voltage, values)))
    seen = json.loads((folder / "peer.json").read_text())
    judge.that("python-can has the same readings", [s[0].upper() for s in seen] == telemetry, f"{len(seen)}")
    sensor = samples(run, "can0.sensor")
    judge.that(f"evsim has {FRAMES} readings of canplayer, in order", sensor == list(range(FRAMES)), f"{len(sensor)}")
    judge.that("the limit of cansend is in force", samples(run, "charger.current")[-1] == 10, str(samples(run, "charger.current")[-3:]))
    own = read(run / "frames.log")
    judge.that("evsim's own log has what candump has", sorted(own) == sorted(log), f"{len(own)} {len(log)} {set(own) ^ set(log)}"[:500])
    for frame in ("18FF0501#010203", "123#R5", "321##5" + bytes(range(48)).hex().upper(), "20000004#0008000000006000"):
        judge.that(f"evsim took down {frame}", frame in own)
    live = report["buses"][0]["live"]
    judge.that("nothing was lost, refused or malformed", live["lost"] == live["unsent"] == live["malformed"] == live["unsendable"] == 0, str(live))
    judge.that("evsim did not hear itself", live["received"] + live["sent"] == len(log), f"{live} {len(log)}")

    # 2. A gateway between vcan0 and vcan1.
    run = folder / "bridge"
    for name, there, own in (("to-0.log", "vcan1", "7E0#01"), ("to-1.log", "vcan0", "7E1#02")):
        played = read(folder / name)
        arrived = [frame for frame in read(folder / f"{there}.log") if not frame.startswith("7E")]
        other = read(folder / ("to-1.log" if name == "to-0.log" else "to-0.log"))
        both = set(other)
        arrived = [frame for frame in arrived if frame not in both]
        wanted = [frame for frame in played if frame not in both]
        judge.that(f"all frames of {name} went through evsim to {there}, in order", arrived == wanted, f"{len(arrived)} of {len(wanted)}")
        judge.that(f"{own} of evsim is on both buses once", all(read(folder / f"{bus}.log").count(own) == 1 for bus in ("vcan0", "vcan1")))
    report = json.loads((run / "report.json").read_text())
    judge.that("the gateway's run was ended by a signal, and kept", report["verdict"] == "incomplete", str(report["verdict"]))
    for bus in report["buses"]:
        live = bus["live"]
        judge.that(f"{bus['name']} lost nothing", live["lost"] == live["unsent"] == live["malformed"] == 0, str(live))
    # 3. The interface goes down and comes back.
    report = json.loads((folder / "down" / "report.json").read_text())
    live = [bus["live"] for bus in report["buses"]]
    judge.that("vcan1 went away and came back", live[1]["connections"] == 2 and live[1]["up"], str(live))
    judge.that("the run said so", any("vcan1 is down" in w["message"] for w in report["warnings"]), str(report["warnings"]))
    # 4. Filters in the kernel, and what cannot be.
    report = json.loads((folder / "filtered" / "report.json").read_text())
    judge.that("the kernel let 3 of 5 frames through", report["buses"][0]["live"]["received"] == 3, str(report["buses"][0]))
    text = (folder / "missing.txt").read_text()
    judge.that("an interface that is not there is named with the remedy", "there is no interface vcan9" in text and "ip link add vcan9" in text, text)
    text = (folder / "doctor.txt").read_text()
    judge.that("the doctor sees the interfaces", "vcan0" in text and "vcan1" in text, text)
    print(f"{judge.passed} passed, {judge.failed} failed")


if __name__ == "__main__":
    place = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "prepare":
        prepare(place)
    elif sys.argv[1] == "peer":
        peer(place, int(sys.argv[3]))
    else:
        check(place)
