#!/usr/bin/env python3
"""Logs of CAN frames: python-can, can-utils (asc2log, log2asc) and Wireshark (tshark, editcap, mergecap) read what evsim writes, field by field,
and evsim reads what they write.

usage: log_judge.py EVSIM [FRAMES]. Prints what fails, what a peer loses by rule, and `N passed, N failed` at the end.
"""
import collections
import dataclasses
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import can

EVSIM = pathlib.Path(sys.argv[1]).resolve()
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
START = 1_795_230_000_000_000_000
LENGTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64]
passed = failed = 0


def check(name, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {name} {str(detail)[:600]}")


@dataclasses.dataclass(frozen=True)
class Frame:
    """A frame of a log; `ns` since 1970, `code` the length code."""
    ns: int
    channel: int
    id: int
    extended: bool = False
    remote: bool = False
    error: bool = False
    fd: bool = False
    brs: bool = False
    esi: bool = False
    code: int = 0
    data: bytes = b""
    sent: bool | None = None

    def but(self, **changes):
        return dataclasses.replace(self, **changes)


def make(draw, count, channels=2, classic=False, step=1000):
    """Frames of every kind, with times that are a multiple of `step` nanoseconds."""
    frames, ns = [], START + 123_000_000
    for _ in range(count):
        ns += draw.randrange(0, 900_000) * step if draw.random() < 0.9 else 0
        extended = draw.random() < 0.5
        number = draw.getrandbits(29 if extended else 11)
        common = {"ns": ns, "channel": draw.randrange(channels), "sent": draw.random() < 0.5}
        kind = draw.random()
        if kind < 0.08:
            frames.append(Frame(id=draw.randrange(1, 0x400), error=True, code=8, data=draw.randbytes(8), **common))
        elif kind < 0.18:
            frames.append(Frame(id=number, extended=extended, remote=True, code=draw.randrange(9), **common))
        elif kind < 0.5 and not classic:
            code = draw.randrange(16)
            frames.append(
                Frame(id=number, extended=extended, fd=True, brs=draw.random() < 0.5, esi=draw.random() < 0.5, code=code, data=draw.randbytes(LENGTHS[code]), **common))
        else:
            code = draw.randrange(9)
            frames.append(Frame(id=number, extended=extended, code=code, data=draw.randbytes(code), **common))
    return frames


# MARK: The reference form: candump lines, written and read here, independently of evsim.

def candump_line(frame, decimals=6):
    seconds, rest = divmod(frame.ns, 10**9)
    time = f"{seconds}.{rest:09d}"[: -3 if decimals == 6 else None]
    if frame.error:
        body = f"{0x20000000 | frame.id:08X}#{frame.data.hex().upper()}"
    else:
        name = f"{frame.id:08X}" if frame.extended else f"{frame.id:03X}"
        if frame.remote:
            body = f"{name}#R{frame.code or ''}"
        elif frame.fd:
            body = f"{name}##{4 | frame.brs | frame.esi << 1:X}{frame.data.hex().upper()}"
        else:
            body = f"{name}#{frame.data.hex().upper()}"
    return f"({time}) can{frame.channel} {body}" + ("" if frame.sent is None else " T" if frame.sent else " R")


def candump_frame(line):
    words = line.split()
    seconds, fraction = words[0].strip("()").split(".")
    name, body = words[2].split("#", 1)
    sent = {"T": True, "R": False}[words[3]] if len(words) > 3 else None
    number = int(name, 16)
    common = {"ns": int(seconds) * 10**9 + int(fraction.ljust(9, "0")), "channel": int("".join(c for c in words[1] if c.isdigit()) or 0), "sent": sent}
    if len(name) == 8 and number & 0x20000000:
        return Frame(id=number & 0x1FFFFFFF, error=True, code=8, data=bytes.fromhex(body), **common)
    common |= {"id": number, "extended": len(name) == 8}
    if body.startswith("#"):
        flags, data = int(body[1], 16), bytes.fromhex(body[2:])
        return Frame(fd=True, brs=bool(flags & 1), esi=bool(flags & 2), code=LENGTHS.index(len(data)), data=data, **common)
    if body.startswith("R"):
        return Frame(remote=True, code=int(body[1:] or 0), **common)
    return Frame(code=len(body) // 2, data=bytes.fromhex(body), **common)


def convert(source, target, *options):
    """Converts without a word, as losses are known here."""
    result = subprocess.run([EVSIM, "convert", source, target, "--quiet", *options], capture_output=True, text=True)
    check(f"convert {pathlib.Path(source).name} to {pathlib.Path(target).name}", result.returncode == 0, result.stderr)


def read(source, work, *options):
    """What evsim reads from a file, as frames."""
    target = work / "read.log"
    convert(source, target, "--decimals", "9", *options)
    return [candump_frame(line) for line in target.read_text().splitlines()]


def same(name, found, expected, times=0):
    """Compares frame by frame; times may differ by so many nanoseconds."""
    check(f"{name}: as many frames", len(found) == len(expected), f"{len(found)} of {len(expected)}")
    for index, (a, b) in enumerate(zip(found, expected)):
        if abs(a.ns - b.ns) <= times:
            a = a.but(ns=b.ns)
        if a != b:
            check(f"{name}: frame {index}", False, f"\n  read     {a}\n  expected {b}")
            return
    check(f"{name}: {len(expected)} frames", True)
    kinds = collections.Counter("error" if f.error else "remote" if f.remote else "fd" if f.fd else "classic" for f in expected)
    print(f"{name}: {len(expected)} frames the same ({', '.join(f'{n} {k}' for k, n in sorted(kinds.items()))})")


def shifted(found, expected):
    """Moves all times so that those of the first frames agree."""
    offset = expected[0].ns - found[0].ns if found else 0
    return [f.but(ns=f.ns + offset) for f in found]


def rule(text):
    print(f"  by rule: {text}")


# MARK: python-can

def message(frame):
    return can.Message(
        timestamp=frame.ns / 1e9, arbitration_id=frame.id, is_extended_id=frame.extended, is_remote_frame=frame.remote, is_error_frame=frame.error,
        is_fd=frame.fd, bitrate_switch=frame.brs, error_state_indicator=frame.esi, is_rx=not frame.sent, channel=frame.channel,
        dlc=LENGTHS[frame.code] if frame.fd else frame.code, data=frame.data, check=False)


def from_message(m):
    channel = m.channel if isinstance(m.channel, int) else int(str(m.channel).removeprefix("can")) if m.channel is not None else 0
    code = LENGTHS.index(m.dlc) if m.is_fd else m.dlc
    data = b"" if m.is_remote_frame else bytes(m.data)
    return Frame(
        ns=round(m.timestamp * 1e6) * 1000, channel=channel, id=m.arbitration_id, extended=m.is_extended_id, remote=m.is_remote_frame, error=m.is_error_frame,
        fd=m.is_fd, brs=m.bitrate_switch, esi=m.error_state_indicator, code=code, data=data, sent=not m.is_rx)


def python_can_reads(frames, work):
    source = work / "source.log"
    source.write_text("".join(candump_line(f) + "\n" for f in frames))
    check("reference text", [candump_frame(line) for line in source.read_text().splitlines()] == frames)

    convert(source, work / "ours.log")
    check("candump to candump is the same text", (work / "ours.log").read_bytes() == source.read_bytes())
    rule("python-can's .log reader takes an error frame for one only with class 0x80, and drops its data: error frames are left out")
    rule("it gives the length of a remote frame as data length, which is the same here")
    kept = [f for f in frames if not f.error]
    convert(source, work / "noerrors.log", "--except", "error")
    same("python-can reads our .log", [from_message(m) for m in can.LogReader(work / "noerrors.log")], kept, times=500)

    convert(source, work / "ours.asc")
    rule("an error frame of .asc has neither class nor data nor direction")
    rule("python-can takes an FD line of length 0 for a remote frame (can/io/asc.py): these are left out")
    found = [from_message(m) for m in can.ASCReader(work / "ours.asc", relative_timestamp=False)]
    expected = [f.but(id=0, code=0, data=b"", sent=False) if f.error else f for f in frames]
    found = [f.but(sent=False, extended=False) if f.error else f for f in found]
    pairs = [(a, b) for a, b in zip(found, expected) if not (b.fd and b.code == 0)]
    check("python-can reads as many lines of our .asc", len(found) == len(expected), f"{len(found)} of {len(expected)}")
    same("python-can reads our .asc", [a for a, _ in pairs], [b for _, b in pairs], times=500)


def python_can_writes(frames, work):
    messages = [message(f) for f in frames]

    def record(path, chosen):
        with can.Logger(path) as logger:
            for m in chosen:
                logger.on_message_received(m)

    record(work / "theirs.log", messages)
    rule("python-can's .log writer drops the length of remote frames, and class and direction of error frames (20000080)")
    expected = [f.but(code=0) if f.remote else f.but(id=0x80, sent=None) if f.error else f for f in frames]
    same("evsim reads python-can's .log", read(work / "theirs.log", work), expected, times=1000)

    record(work / "theirs.asc", messages)
    rule("python-can's .asc writer drops class, data and direction of error frames, and writes the time of writing as date: differences are compared")
    expected = [f.but(id=0x80, data=bytes(8), sent=None) if f.error else f for f in frames]
    found = shifted(read(work / "theirs.asc", work), expected)
    same("evsim reads python-can's .asc", found, expected, times=1000)

    record(work / "theirs.blf", messages)
    rule("python-can's .blf writer keeps everything but the direction of error frames")
    found = read(work / "theirs.blf", work)
    same("evsim reads python-can's .blf", found, [f.but(sent=None) if f.error else f for f in frames], times=1000)


# MARK: can-utils

def can_utils(frames, work):
    if not shutil.which("asc2log") or not shutil.which("log2asc"):
        print("SKIPPED (loud): asc2log and log2asc of can-utils are not installed")
        check("can-utils are installed", False)
        return
    source = work / "source.log"
    source.write_text("".join(candump_line(f) + "\n" for f in frames))
    convert(source, work / "ours.asc")
    text = subprocess.run(["asc2log", "-I", work / "ours.asc"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    found = [candump_frame(line) for line in text.splitlines()]
    rule("asc2log of Debian 12 cannot read every date: differences of times are compared; error frames have neither class nor direction")
    expected = [f.but(id=0x80, data=bytes(8), sent=None) if f.error else f for f in frames]
    same("asc2log reads our .asc", shifted(found, expected), expected, times=1000)

    (work / "plain.log").write_text("".join(candump_line(f.but(sent=None)) + "\n" for f in frames))
    subprocess.run(["log2asc", "-I", work / "plain.log", "-O", work / "theirs.asc", "can0", "can1"], check=True, capture_output=True)
    rule("log2asc takes a frame without a direction for received; error frames lose their class and data")
    expected = [f.but(id=0x80, data=bytes(8), sent=None) if f.error else f.but(sent=False) for f in frames]
    same("evsim reads log2asc's .asc", shifted(read(work / "theirs.asc", work), expected), expected, times=1000)

    convert(work / "plain.log", work / "again.log")
    result = subprocess.run(["log2asc", "-I", work / "again.log", "-O", work / "again.asc", "can0", "can1"], capture_output=True, text=True)
    check("log2asc reads our .log as its own", result.returncode == 0 and (work / "again.asc").read_bytes() == (work / "theirs.asc").read_bytes(), result.stderr)


# MARK: Wireshark

CLASSES = ["tx_timeout", "lostarb", "ctrl", "prot", "trx", "ack", "busoff", "buserror", "restarted"]
FIELDS = ["frame.time_epoch", "frame.interface_name", "can.id", "can.flags.xtd", "can.flags.rtr", "can.flags.err", "can.len", "canfd.flags.brs",
          "canfd.flags.esi", "_ws.col.Protocol", "data.data", "frame.packet_flags_direction", *(f"can.err.{name}" for name in CLASSES)]


def tshark_reads(path, work, pcapng):
    command = ["tshark", "-r", path, "--disable-protocol", "autosar-nm", "-T", "fields", "-E", "separator=|"]
    for field in FIELDS:
        command += ["-e", field]
    result = subprocess.run(command, capture_output=True, text=True)
    check("tshark runs", result.returncode == 0, result.stderr)
    frames = []
    for line in result.stdout.splitlines():
        time, name, number, extended, remote, error, length, brs, esi, protocol, data, direction, *classes = line.split("|")
        seconds, fraction = time.split(".")
        fd = protocol == "CANFD"
        length = int(length or 0)
        is_error = error in ("1", "True")
        if is_error:
            number = str(sum(1 << bit for bit, value in enumerate(classes) if value in ("1", "True")))
        frames.append(
            Frame(
                ns=int(seconds) * 10**9 + int(fraction), channel=int(name.removeprefix("can")) if pcapng else 0, id=int(number, 0), extended=extended in ("1", "True"),
                remote=remote in ("1", "True"), error=is_error, fd=fd, brs=brs in ("1", "True"), esi=esi in ("1", "True"),
                code=LENGTHS.index(length) if fd else length, data=bytes.fromhex(data.replace(":", "")), sent={"1": False, "2": True, "0x00000001": False, "0x00000002": True}.get(direction)))
    return frames


def wireshark(frames, work):
    if not shutil.which("tshark"):
        print("SKIPPED (loud): tshark is not installed")
        check("tshark is installed", False)
        return
    source = work / "source.log"
    source.write_text("".join(candump_line(f, 9) + "\n" for f in frames))
    rule("tshark shows the data of an error frame as the details of its class, not as data, and knows no class above 0x100: these are not compared")
    for ending, pcapng in [("pcap", False), ("pcapng", True)]:
        convert(source, work / f"ours.{ending}")
        expected = [f.but(data=b"" if f.error else f.data, id=f.id & 0x1FF if f.error else f.id, sent=f.sent if pcapng else None, channel=f.channel if pcapng else 0) for f in frames]
        found = tshark_reads(work / f"ours.{ending}", work, pcapng)
        same(f"tshark reads our .{ending}", [f.but(data=b"") if f.error else f for f in found], expected)
        again = read(work / f"ours.{ending}", work)
        same(f"evsim reads its own .{ending}", again, [f.but(sent=f.sent if pcapng else None, channel=f.channel if pcapng else 0) for f in frames])

    subprocess.run(["editcap", "-F", "pcapng", work / "ours.pcap", work / "editcap.pcapng"], check=True, capture_output=True)
    same("evsim reads editcap's .pcapng", read(work / "editcap.pcapng", work), [f.but(sent=None, channel=0) for f in frames])
    subprocess.run(["editcap", "-F", "pcap", work / "ours.pcap", work / "editcap.pcap"], check=True, capture_output=True)
    rule("editcap's .pcap has microseconds")
    same("evsim reads editcap's .pcap", read(work / "editcap.pcap", work), [f.but(sent=None, channel=0, ns=f.ns // 1000 * 1000) for f in frames])
    halves = [[f for f in frames if f.channel == c] for c in (0, 1)]
    for number, half in enumerate(halves):
        (work / f"half{number}.log").write_text("".join(candump_line(f, 9) + "\n" for f in half))
        convert(work / f"half{number}.log", work / f"half{number}.pcapng")
    subprocess.run(["mergecap", "-w", work / "merged.pcapng", work / "half0.pcapng", work / "half1.pcapng"], check=True, capture_output=True)
    found = read(work / "merged.pcapng", work)
    key = lambda f: (f.ns, f.channel, f.id, f.data)
    rule("mergecap orders packets of one instant by file")
    same("evsim reads mergecap's .pcapng", sorted(found, key=key), sorted(frames, key=key))


# MARK: BLF of Wireshark's own reader

def blf_by_wireshark(frames, work):
    """tshark reads python-can's BLF: two readers of one file must agree."""
    if not shutil.which("tshark"):
        return
    with can.Logger(work / "both.blf") as logger:
        for f in frames:
            logger.on_message_received(message(f))
    subprocess.run(["tshark", "-r", work / "both.blf", "-F", "pcapng", "-w", work / "both.pcapng"], check=True, capture_output=True)
    rule("Wireshark turns error objects of BLF into errors of its own making: they are left out; directions and names of channels are not kept")
    rule("Wireshark 4.0 writes neither FDF nor ESI of what it read from BLF: FD, BRS and ESI are not compared")
    plain = lambda f: f.but(sent=None, channel=0, fd=False, brs=False, esi=False)
    ours = [plain(f) for f in read(work / "both.blf", work, "--except", "error")]
    theirs = [plain(f) for f in read(work / "both.pcapng", work, "--except", "error")]
    same("evsim and Wireshark read the same from a .blf", ours, theirs, times=1000)


def speed(frames, work):
    """The ratio to python-can's converter, on the same file, for information; Tests/Benchmarks/can-logs.sh has the bar."""
    source = work / "speed.log"
    source.write_text("".join(candump_line(f.but(sent=None)) + "\n" for f in frames if not f.error))
    frames = sum(1 for f in frames if not f.error)
    begin = time.process_time()
    with can.Logger(work / "speed-theirs.asc") as logger:
        for m in can.LogReader(source):
            logger.on_message_received(m)
    theirs = time.process_time() - begin
    print(f"python-can converts {frames / theirs:,.0f} frames/s here")


def main():
    draw = random.Random(20261121)
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        frames = make(draw, COUNT)
        python_can_reads(frames, work)
        python_can_writes(frames, work)
        can_utils(frames, work)
        wireshark(make(draw, COUNT, step=1), work)
        blf_by_wireshark(frames, work)
        speed(frames, work)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
