#!/usr/bin/env python3
"""Holds the presets to data that was made elsewhere: cars of car_traffic.py, logs of charge_point_logs.py.

usage: outside_judge.py EVSIM [SEED…]. Prints what fails, and `N passed, N failed` at the end.
"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import car_traffic
import charge_point_logs

EVSIM = pathlib.Path(sys.argv[1]).resolve()
passed = failed = 0
# Least precision and recall by frames.
BARS = {"dos": (0.97, 0.98), "fuzzy": (0.97, 0.97), "spoof": (0.97, 0.97), "flam": (0.9, 0.9)}


def check(name, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {name} {detail}")


def detect(folder, data, *options):
    command = [EVSIM, "detect", data, "-o", folder / "out", "--json", "--quiet", *options]
    result = subprocess.run(command, capture_output=True, text=True)
    check(f"{data.name} is read", result.returncode == 0, result.stderr)
    return json.loads(result.stdout or "{}")


def cars(folder, seed):
    messages, frames, _ = car_traffic.car(seed, seconds=75, most=300)
    for kind, (precision, recall) in BARS.items():
        attacked, victim = car_traffic.attacked(kind, messages, frames, seed, start=65, end=75)
        table = folder / f"{seed}-{kind}.csv"
        with table.open("w") as file:
            file.write("timestamp,arbitration_id,data_field,attack\n")
            for time, identifier, data, flag in attacked:
                file.write(f"{time:.6f},{identifier:03X},{bytes(data).hex()},{flag}\n")
        scores = folder / "scores.csv"
        detect(folder, table, "--split", "60s", "--with", "can-ids", "--scores", scores)
        with scores.open() as file:
            rows = [row for row in csv.DictReader(file) if row["row"]]
        hits = sum(row["alarm"] == row["label"] == "1" for row in rows)
        alarms = sum(row["alarm"] == "1" for row in rows)
        labels = sum(row["label"] == "1" for row in rows)
        check(f"labels of {table.name}", labels == sum(frame[3] for frame in attacked), f"{labels}")
        found = f"{hits} of {labels} frames, {alarms - hits} false of {len(rows)}, victim 0x{victim.id:X}"
        check(f"{kind} on car {seed}", hits >= recall * labels and hits >= precision * alarms, found)
        clean = [row for row in rows if float(row["time_s"]) < 64.9]
        check(f"clean frames of {table.name}", sum(row["alarm"] == "1" for row in clean) <= 3, "")


def logs(folder):
    for name, text in charge_point_logs.logs().items():
        path = folder / f"{name}.txt"
        path.write_text(text)
        report = detect(folder, path, "--with", "ocpp-ids")
        alarms = (folder / "out" / "alarms.csv").read_text().splitlines()[1:]
        check(f"nothing is wrong in {name}", not alarms and report.get("detectors"), "; ".join(alarms[:3]))


def main():
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        logs(folder)
        for seed in [int(text) for text in sys.argv[2:]] or [31]:
            cars(folder, seed)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
