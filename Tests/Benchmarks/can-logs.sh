#!/bin/bash
# A log converted from candump to ASC: evsim, python-can and log2asc of can-utils in turns, in processor time, start of the process included.
# usage: can-logs.sh EVSIM [PYTHON [TURNS [FRAMES]]]; exit 1 when evsim is less than 20 times as fast as python-can.
# PYTHON has python-can: python3 -m venv peer && peer/bin/pip install python-can==4.6.1
set -euo pipefail
evsim=$(realpath "$1") python=${2:-python3} turns=${3:-3} frames=${4:-200000}
[[ $python == */* ]] && python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
"$python" -B - "$evsim" "$turns" "$frames" <<'END'
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

evsim, turns, frames = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
draw = random.Random(1)


def seconds(*command):
    """Processor time of a process with what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def log(path, count):
    with open(path, "w") as file:
        for index in range(count):
            us = index * 137
            name = f"{draw.getrandbits(29):08X}" if draw.random() < 0.5 else f"{draw.getrandbits(11):03X}"
            file.write(f"({1795230000 + us // 1000000}.{us % 1000000:06d}) can0 {name}#{draw.randbytes(draw.randrange(9)).hex().upper()}\n")


THEIRS = """
import sys, can
with can.Logger(sys.argv[2]) as logger:
    for message in can.LogReader(sys.argv[1]):
        logger.on_message_received(message)
"""

with tempfile.TemporaryDirectory() as name:
    work = pathlib.Path(name)
    # evsim gets a log ten times as long, so that its start does not rule its time.
    log(work / "short.log", frames)
    log(work / "long.log", frames * 10)
    rates = {"evsim": [], "evsim from asc": [], "python-can": [], "log2asc": []}
    for _ in range(turns):
        rates["evsim"].append(frames * 10 / seconds(evsim, "convert", work / "long.log", work / "a.asc", "--quiet"))
        rates["evsim from asc"].append(frames * 10 / seconds(evsim, "convert", work / "a.asc", work / "b.log", "--quiet"))
        rates["python-can"].append(frames / seconds(sys.executable, "-c", THEIRS, work / "short.log", work / "c.asc"))
        if shutil.which("log2asc"):
            rates["log2asc"].append(frames * 10 / seconds("log2asc", "-I", work / "long.log", "-O", work / "d.asc", "can0"))
    for who, found in rates.items():
        if found:
            print(f"{who:16} {statistics.median(found):12,.0f} frames/s ({min(found):,.0f} to {max(found):,.0f})")
    ratios = [mine / other for mine, other in zip(rates["evsim"], rates["python-can"])]
    ratio = statistics.median(ratios)
    print(f"ratio to python-can {ratio:.1f} ({min(ratios):.1f} to {max(ratios):.1f}), bar 20 {'met' if ratio >= 20 else 'MISSED'}")
    if rates["log2asc"]:
        print(f"ratio to log2asc (C) {statistics.median(rates['evsim']) / statistics.median(rates['log2asc']):.1f}")
    sys.exit(ratio < 20)
END
