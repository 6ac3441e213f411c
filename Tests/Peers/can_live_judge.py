"""Judges evsim's real buses with python-can as the peer: socketcand both ways and udp_multicast, in a network of their own.

can_live_judge.py EVSIM; the last line counts. Exit 77, with the reason on the last line, when the network cannot be made.
"""
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

COUNT = 10_000
GROUP, GROUP_PORT = "239.74.163.2", 43113


class Judge:
    passed = failed = 0

    def that(self, name, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {name}{': ' if detail else ''}{str(detail)[:400]}")


judge = Judge()


def scenario(folder, name, buses, length="60s", extra=""):
    path = folder / f"{name}.yaml"
    path.write_text(f"evsim: 1\nscenario: {name}\nrun: {{for: {length}, ready_within: 10s}}\nnodes:\n  csms: {{is: csms}}\n{extra}"
                    f"buses:\n{buses}\nrecord: [frames]\nintended: [W0608]\n")
    return path


class Run:
    """evsim beside the judge."""

    def __init__(self, evsim, folder, path, *options):
        self.name = path.stem
        self.out, self.ready = folder / f"{self.name}-out", folder / f"{self.name}.json"
        self.process = subprocess.Popen(
            [evsim, "run", path, "--realtime", "--allow-net", "--ready-file", self.ready, "-o", self.out, "--quiet", *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(400):
            if self.ready.exists() or self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.buses = {b["bus"]: b for b in json.loads(self.ready.read_text())["buses"]} if self.ready.exists() else {}

    def end(self):
        self.process.terminate()
        self.text = self.process.communicate(timeout=20)[0]
        self.report = json.loads((self.out / "report.json").read_text())
        self.live = {b["name"]: b.get("live") for b in self.report["buses"]}
        return self

    def frames(self, bus):
        path = self.out / "frames.log"
        rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [row[2] for row in rows if row[1] == bus]


def notation(message):
    """A message as candump writes it."""
    if message.is_error_frame:
        return f"{message.arbitration_id | 0x20000000:08X}#"
    name = f"{message.arbitration_id:08X}" if message.is_extended_id else f"{message.arbitration_id:03X}"
    if message.is_remote_frame:
        return f"{name}#R{message.dlc or ''}"
    data = message.data.hex().upper()
    if message.is_fd:
        return f"{name}##{4 | message.bitrate_switch | 2 * message.error_state_indicator:X}{data}"
    return f"{name}#{data}"


def random_messages(can, seed, count, everything):
    draw = random.Random(seed)
    for _ in range(count):
        extended = draw.random() < 0.5
        head = {"arbitration_id": draw.randrange(1 << (29 if extended else 11)), "is_extended_id": extended}
        kind = draw.choice(["data", "remote", "fd"]) if everything else "data"
        if kind == "remote":
            yield can.Message(**head, is_remote_frame=True, dlc=draw.randrange(9))
        elif kind == "fd":
            yield can.Message(**head, is_fd=True, bitrate_switch=draw.random() < 0.5, error_state_indicator=draw.random() < 0.5,
                              data=draw.randbytes(draw.choice([0, 1, 7, 8, 12, 16, 20, 24, 32, 48, 64])))
        else:
            yield can.Message(**head, data=draw.randbytes(draw.randrange(9)))


def take(bus, count, limit=20):
    got, end = [], time.monotonic() + limit
    while len(got) < count and time.monotonic() < end:
        message = bus.recv(0.5)
        if message is not None:
            got.append(notation(message))
    return got


def socketcand_server(can, evsim, folder):
    """python-can's client, and a rude one, at evsim's server."""
    run = Run(evsim, folder, scenario(folder, "server", "  a: {attach: 'socketcand-server://127.0.0.1:0/can0?beacon'}\n"
                                      "  b: {attach: 'socketcand-server://127.0.0.1:0/can1'}", extra="  gate: {is: can-bridge, from: a, to: b}\n"))
    ports = {name: bus["port"] for name, bus in run.buses.items()}
    found = can.detect_available_configs("socketcand")
    judge.that("the beacon of evsim's server is found", any(c["port"] == ports["a"] and c["channel"] == "can0" for c in found), found)
    first = can.Bus(interface="socketcand", host="127.0.0.1", port=ports["a"], channel="can0")
    second = can.Bus(interface="socketcand", host="127.0.0.1", port=ports["b"], channel="can1")
    messages = {"a": list(random_messages(can, 1, COUNT, False)), "b": list(random_messages(can, 2, COUNT, False))}
    received = {}
    readers = [threading.Thread(target=lambda name=name, bus=bus: received.__setitem__(name, take(bus, COUNT)))
               for name, bus in (("a", second), ("b", first))]
    for reader in readers:
        reader.start()
    senders = [threading.Thread(target=lambda name=name, bus=bus: [bus.send(m) for m in messages[name]]) for name, bus in (("a", first), ("b", second))]
    for worker in senders + readers:
        if worker in senders:
            worker.start()
    for worker in senders + readers:
        worker.join()
    for name in "ab":
        wanted = [notation(m) for m in messages[name]]
        judge.that(f"{COUNT} frames went from bus {name} through evsim to the other one, in order", received[name] == wanted, len(received[name]))
    rude = socket.create_connection(("127.0.0.1", ports["a"]))
    rude.settimeout(5)
    rude.sendall(b"\x00\xff< < > >< open can0 >< rawmode >< send 1 9 >< send >" + os.urandom(2000).replace(b"<", b"").replace(b">", b"") + b"< echo >")
    text = b""
    while b"< echo >" not in text:
        text += rude.recv(4096)
    judge.that("a rude client is answered and kept", text.count(b"< error ") >= 3 and b"< ok >< ok >" in text, text)
    first.send(can.Message(arbitration_id=0x210, dlc=2, is_remote_frame=True, is_extended_id=False))
    first.send(can.Message(arbitration_id=0x211, data=[1], is_extended_id=False))
    judge.that("python-can's malformed remote frame does not end its connection", take(second, 1, 5) == ["211#01"])
    for bus in (first, second):
        bus.shutdown()
    rude.close()
    run.end()
    live = run.live
    judge.that("evsim counts what it sent and received", live["a"]["received"] == COUNT + 1 and live["b"]["received"] == COUNT and
               live["a"]["sent"] == COUNT and live["b"]["sent"] == COUNT + 1, live)
    judge.that("evsim counts what was malformed", live["a"]["malformed"] >= 4 and live["b"]["malformed"] == 0, live)
    judge.that("evsim took down each frame once", sorted(run.frames("a")) == sorted(run.frames("b")) and len(run.frames("a")) == 2 * COUNT + 1)


def little_server(listener, state, sends):
    """A socketcand server as its protocol describes it."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        state["connections"] = state.get("connections", 0) + 1
        connection.sendall(b"< hi >")
        buffer = b""
        try:
            while True:
                chunk = connection.recv(65536)
                if not chunk:
                    break
                buffer += chunk
                while b">" in buffer:
                    message, buffer = buffer[:buffer.index(b">") + 1].decode().strip(), buffer[buffer.index(b">") + 1:]
                    if message.startswith("< open") or message == "< rawmode >":
                        connection.sendall(b"< ok >")
                    if message == "< rawmode >":
                        state["connection"] = connection
                        if state["connections"] == 1:
                            # Pieces that fall anywhere.
                            time.sleep(0.3)
                            for start in range(0, len(sends), 7919):
                                connection.sendall(sends[start:start + 7919])
                    elif message.startswith("< send"):
                        state.setdefault("sent", []).append(message)
        except OSError:
            pass


def socketcand_client(can, evsim, folder):
    """evsim's client at a small server that goes away and comes back."""
    messages = list(random_messages(can, 3, COUNT, False))
    sends = "".join(f"< frame {m.arbitration_id:0{8 if m.is_extended_id else 3}X} 1795230000.{i:06d} {m.data.hex().upper()} >" for i, m in enumerate(messages))
    listener, state = socket.create_server(("127.0.0.1", 0)), {}
    threading.Thread(target=little_server, args=(listener, state, sends.encode() + b"< error 080 1795230000.400000 >"), daemon=True).start()
    port = listener.getsockname()[1]
    path = scenario(folder, "client", f"  a: {{attach: 'socketcand://127.0.0.1:{port}/vcan0'}}")
    path.write_text(path.read_text() + "steps:\n  - wait: 100ms\n  - {transmit: a, id: 0x210, data: E8 03}\n  - {transmit: a, id: 0x200}\n"
                    "  - {transmit: a, id: 0x18FF50E5, extended: true, data: 01}\n  - {transmit: a, id: 0x210, remote: true}\n")
    run = Run(evsim, folder, path)
    time.sleep(2)
    connection = state["connection"]
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()
    for _ in range(60):
        if state["connections"] > 1 and state["connection"] is not connection:
            break
        time.sleep(0.1)
    time.sleep(0.2)
    state["connection"].sendall(b"< frame 7FF 1795230001.000000 AA >")
    time.sleep(0.3)
    listener.close()
    run.end()
    got = run.frames("a")
    own = {"210#E803", "200#", "18FF50E5#01", "210#R"}
    outside = [frame for frame in got if frame not in own]
    wanted = [notation(m) for m in messages if notation(m) not in own] + ["20000080#0000000000000000", "7FF#AA"]
    judge.that(f"evsim has all {COUNT} frames of a server, an error and one after a new connection", outside == wanted, f"{len(outside)} {outside[-3:]}")
    judge.that("evsim's frames arrive as the protocol has them", state.get("sent") == ["< send 210 2 e8 3 >", "< send 200 0  >", "< send 18FF50E5 1 1 >"],
               state.get("sent"))
    live = run.live["a"]
    judge.that("the lost server is told, counted and found again", live["connections"] == 2 and
               any("the server closed the connection" in w["message"] for w in run.report["warnings"]), (live, run.report["warnings"]))


def multicast(can, evsim, folder):
    """python-can's udp_multicast and evsim in one group."""
    run = Run(evsim, folder, scenario(folder, "group", f"  a: {{attach: 'udp-multicast:{GROUP}:{GROUP_PORT}'}}\n"
                                      "  b: {attach: 'udp-multicast:239.74.163.3:43114'}", extra="  gate: {is: can-bridge, from: a, to: b}\n"))
    with can.Bus(interface="udp_multicast", channel=GROUP, fd=True) as one, can.Bus(interface="udp_multicast", channel="239.74.163.3", port=43114, fd=True) as two:
        for bus in (one, two):
            # Python is slower than the bus; SO_RCVBUFFORCE.
            bus._multicast._socket.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        messages, got = list(random_messages(can, 4, COUNT, True)), []
        reader = threading.Thread(target=lambda: got.extend(take(two, COUNT, 30)))
        reader.start()
        for index, message in enumerate(messages):
            one.send(message)
            if index % 100 == 99:
                time.sleep(0.005)
        reader.join()
        judge.that(f"{COUNT} frames of every kind went from python-can through evsim to another group", got == [notation(m) for m in messages], len(got))
        raw = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for noise in (b"", b"\x80", b"\x8b", os.urandom(200), b"\x81\xa4data\xc4\xff", b"\xdf\xff\xff\xff\xff"):
            raw.sendto(noise, (GROUP, GROUP_PORT))
        one.send(can.Message(arbitration_id=0x7E, is_error_frame=True, dlc=0))
        one.send(can.Message(arbitration_id=0x123, data=[9], is_extended_id=False))
        judge.that("noise does not disturb", take(two, 1, 5) == ["123#09"])
    run.end()
    live = run.live
    judge.that("noise is counted", live["a"]["malformed"] == 6, live["a"])
    judge.that("evsim took down every frame of the group", len(run.frames("a")) == COUNT + 2 and live["a"]["lost"] == live["b"]["lost"] == 0, live)


def two_processes(evsim, folder):
    """A charge point and its charger in two processes of evsim on one group."""
    bus = f"  can0: {{attach: 'udp-multicast:{GROUP}:43120@lo'}}"
    far = scenario(folder, "charger", bus, extra="  charger: {is: charger-module, bus: can0, ramp: 100%}\n")
    near = scenario(folder, "point", bus, "2500ms", extra="  cp1: {is: charge-point, csms: csms, bus: can0}\n")
    near.write_text(near.read_text().replace("intended: [W0608]\n", "") + "steps:\n  - {send: RemoteStartTransaction, to: cp1}\n"
                    "  - {send: SetChargingProfile, to: cp1, with: {limit: 17 A}}\nexpect:\n  - =can0.current == 17 A\n  - =cp1.current == 17 A\n")
    charger = Run(evsim, folder, far)
    point = Run(evsim, folder, near)
    code = point.process.wait(timeout=30)
    judge.that("two processes charge over one bus", code == 0, point.process.stdout.read())
    charger.end()
    judge.that("both have the same frames", sorted(charger.frames("can0")) == sorted((point.out / "frames.log").read_text().split()[2::3]))


def main(evsim):
    if os.environ.get("EVSIM_OWN_NETWORK") != "1":
        inside = "ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo && exec \"$@\""
        command = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
        if not (shutil.which("unshare") and shutil.which("ip")) or subprocess.run([*command, "bash", "-c", "ip link set lo up"], capture_output=True).returncode:
            print("a network of its own ('unshare -n' and 'ip') is not allowed here")
            return 77
        os.environ["EVSIM_OWN_NETWORK"] = "1"
        os.execvp(command[0], [*command, "bash", "-c", inside, "_", sys.executable, "-B", __file__, evsim])
    import logging

    import can
    logging.getLogger("can").setLevel(logging.CRITICAL)
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        for part in (socketcand_server, socketcand_client, multicast):
            try:
                part(can, evsim, folder)
            except Exception as error:
                judge.that(part.__name__, False, repr(error))
        two_processes(evsim, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{judge.passed} passed, {judge.failed} failed")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
