#!/usr/bin/env python3
"""Checks by programs that were not written here: python-can, cantools, pandas, jsonschema, Pillow, pngcheck, tshark, junitparser.

The payloads of messages are judged by scenario_messages.py and message_judge.py.

usage: judges.py EVSIM. Prints what fails, and `N passed, N failed` at the end.
"""
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import can
import cantools
import jsonschema
import pandas
import yaml
from PIL import Image

import capture_judge
import schema_judge

EVSIM = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
EPOCH = 946_684_800
passed = failed = 0


def check(name, holds, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {name} {detail}")


def run(text, folder, *options, beside=None):
    """Runs a scenario given as text, with the files that lie beside it, and returns the directory that it leaves."""
    folder.mkdir(parents=True, exist_ok=True)
    if beside:
        shutil.copytree(beside, folder, ignore=shutil.ignore_patterns("*.yaml"), dirs_exist_ok=True)
    source = folder / "scenario.yaml"
    source.write_text(text)
    result = subprocess.run([EVSIM, "run", source, "-o", folder / "run", "--quiet", *options], capture_output=True, text=True)
    check(f"{folder.name} runs", result.returncode == 0, result.stdout + result.stderr)
    return folder / "run"


def recorded(path):
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("record:"))
    return text + "\nrecord: [frames, messages, signals, labels]\n"


def expected_current(seconds):
    """The reference trace by its recurrence: 20 % of the rest a second, on from 3 s to 5 s of each 8 s cycle."""
    current, trace = 0.0, []
    for second in range(seconds):
        t = second + 0.5
        phase = t % 8
        target = 100.0 if 3 <= phase < 5 else 0.0
        current += 0.2 * (target - current)
        trace.append((t, current))
    return trace


DBC = """VERSION ""
BU_: CP CHARGER
BO_ 512 start: 0 CP
BO_ 513 stop: 0 CP
BO_ 528 limit: 2 CP
 SG_ limit : 0|16@1+ (1,0) [0|65535] "A" CHARGER
BO_ 768 current: 2 CHARGER
 SG_ current : 0|16@1+ (1,0) [0|65535] "A" CP
"""


def judge_frames(directory, trace):
    frames = list(can.CanutilsLogReader(str(directory / "frames.log")))
    check("python-can reads 96 frames", len(frames) == 96, f"but {len(frames)}")
    counts = {identifier: sum(1 for f in frames if f.arbitration_id == identifier) for identifier in (0x200, 0x201, 0x210, 0x300)}
    check("frames by identifier", counts == {0x200: 8, 0x201: 8, 0x210: 16, 0x300: 64}, str(counts))
    check("times ascend", all(a.timestamp <= b.timestamp for a, b in zip(frames, frames[1:])))
    check("no extended frame", not any(f.is_extended_id or f.is_remote_frame for f in frames))
    database = cantools.database.load_string(DBC, "dbc")
    published = [(round(f.timestamp - EPOCH, 6), database.decode_message(f.arbitration_id, f.data)["current"]) for f in frames if f.arbitration_id == 0x300]
    wanted = [(t, int(value + 0.5)) for t, value in trace]
    check("cantools decodes the published current", published == wanted, str(published[:5]))
    limits = [database.decode_message(f.arbitration_id, f.data)["limit"] for f in frames if f.arbitration_id == 0x210]
    check("limits alternate", limits == [0, 100] * 8, str(limits))


def judge_messages(path, name):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    required = {"schemaVersion", "timestamp", "t_s", "transport", "ocppVersion", "chargePointId", "direction", "messageType", "messageId", "action", "raw"}
    check(f"{name}: every line has the keys of a trace", all(required <= line.keys() for line in lines))
    problems, calls, answers, seen = [], {}, set(), set()
    for line in lines:
        if line["messageType"] == "FRAME":
            continue
        raw = json.loads(line["raw"])
        who = (line["chargePointId"], line["direction"], line["messageId"])
        if line["messageType"] == "CALL":
            if who in seen:
                problems.append(f"id used twice: {who}")
            seen.add(who)
            calls[who] = line["action"]
            if raw[:3] != [2, line["messageId"], line["action"]] or raw[3] != line["payload"]:
                problems.append(f"raw and payload differ: {line['raw']}")
        elif line["messageType"] == "CALLRESULT":
            other = "csms-to-cp" if line["direction"] == "cp-to-csms" else "cp-to-csms"
            asked = (line["chargePointId"], other, line["messageId"])
            answers.add(asked)
            if calls.get(asked) != line["action"]:
                problems.append(f"answer without call: {line['raw']}")
            if raw != [3, line["messageId"], line["payload"]]:
                problems.append(f"raw and payload differ: {line['raw']}")
    last = lines[-1]["t_s"] if lines else 0
    unanswered = [who for who in calls if who not in answers and calls[who] and last > 1]
    check(f"{name}: calls and answers of {len(lines)} messages fit", not problems, "; ".join(problems[:3]))
    check(f"{name}: every call is answered", len(unanswered) <= 1 or name in LOSES_ANSWERS, str(unanswered[:5]))
    stamps = [datetime.datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00")) for line in lines]
    check(f"{name}: timestamps ascend", all(a <= b for a, b in zip(stamps, stamps[1:])))


def judge_tables(directory, trace):
    signals = pandas.read_csv(directory / "signals.csv")
    current = signals[signals.signal == "charger.current"]
    wide = signals.pivot_table(index="t_s", columns="signal", values="value")
    check("pandas reads tidy signals in three lines", list(signals.columns) == ["t_s", "signal", "value", "unit"] and "cp1.limit" in wide.columns)
    check("times ascend in signals.csv", signals.t_s.is_monotonic_increasing)
    same = len(current) == 64 and all(t == a and abs(v - b) < 1e-9 for (t, b), a, v in zip(trace, current.t_s, current.value))
    check("the current is the recurrence", same)
    alarms = pandas.read_csv(directory / "alarms.csv")
    check("alarms as computed", alarms[["detector", "start_s"]].values.tolist() == [["fluctuation", 4.5], ["repeated", 15.5]], str(alarms))
    window = current.set_index(pandas.to_timedelta(current.t_s, unit="s")).value.rolling("10s")
    spread = window.max() - window.min()
    check("pandas finds the range above 20 A at the same sample", spread[spread > 20].index[0].total_seconds() == 4.5)
    labels = pandas.read_csv(directory / "labels.csv")
    check("one label over the whole run", labels[["start_s", "end_s", "kind"]].values.tolist() == [[0, 64, "repeated-current-fluctuation"]])


def judge_report(directory, name):
    schema = json.loads((ROOT / "docs/schema/report-1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    try:
        jsonschema.Draft202012Validator(schema).validate(json.loads((directory / "report.json").read_text()))
        check(f"{name}: the report obeys its schema", True)
    except jsonschema.ValidationError as error:
        check(f"{name}: the report obeys its schema", False, f"{list(error.path)}: {error.message}")


def judge_pictures(directory, name):
    for picture in sorted((directory / "plots").glob("*.png")):
        with Image.open(picture) as image:
            image.load()
            check(f"{name}: Pillow reads {picture.name}", image.size[0] >= 200 and image.size[1] >= 120, str(image.size))
        if shutil.which("pngcheck"):
            result = subprocess.run(["pngcheck", "-q", picture], capture_output=True, text=True)
            check(f"{name}: pngcheck accepts {picture.name}", result.returncode == 0, result.stdout)
        else:
            check(f"{name}: pngcheck is there", False, "install pngcheck")


def judge_variance(folder):
    text = (ROOT / "scenarios/reference/repeated-current-fluctuation.yaml").read_text().split("detectors:")[0]
    text += """detectors:
  variance: {is: moving-variance, watch: charger.current, window: 10s, above: 60 A^2}
  deviation: {is: moving-std, watch: charger.current, window: 10s, above: 10 A, ddof: 1}
expect: [=count(variance) >= 1]
"""
    directory = run(text, folder)
    signals = pandas.read_csv(directory / "signals.csv")
    current = signals[signals.signal == "charger.current"]
    series = current.set_index(pandas.to_timedelta(current.t_s, unit="s")).value
    alarms = pandas.read_csv(directory / "alarms.csv")
    for detector, statistic, level in (("variance", series.rolling("10s", min_periods=2).var(ddof=0), 60), ("deviation", series.rolling("10s", min_periods=2).std(), 10)):
        above = statistic > level
        edges = [time.total_seconds() for time, now, before in zip(above.index, above, above.shift(fill_value=False)) if now and not before]
        found = alarms[alarms.detector == detector].start_s.tolist()
        check(f"pandas agrees on the alarms of {detector}", edges == found, f"{edges} {found}")


# Scenarios with messages that break their schemas; scenario_messages.py looks at them.
# Scenarios in which messages or answers are lost on purpose.
LOSES_ANSWERS = {"csms-replies", "ocpp-load", "slow-answers"}
WRONG_ON_PURPOSE = {
    "charge-point-replies",
    "malformed-message",
    "message-duplication",
    "ocpp-duplicate",
    "ocpp-flood",
    "ocpp-fuzz",
    "ocpp-replay",
    "ocpp-spoof",
    "ocpp-bad-timestamp-number",
    "ocpp-bad-timestamp-year",
    "ocpp-duplicate-message-id",
    "ocpp-duplicate-properties",
    "ocpp-extra-properties",
    "ocpp-heartbeat-flood",
    "ocpp-hijack-allow",
    "ocpp-hijack-refuse",
    "ocpp-hijack-replace",
    "ocpp-oversize-field",
}


def main():
    trace = expected_current(64)
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        reference = run(recorded(ROOT / "scenarios/reference/repeated-current-fluctuation.yaml"), scratch / "reference")
        judge_frames(reference, trace)
        judge_tables(reference, trace)
        for path in sorted((ROOT / "scenarios").glob("*/*.yaml")):
            check(f"PyYAML reads {path.name}", isinstance(yaml.safe_load(path.read_text()), dict))
            directory = run(recorded(path), scratch / path.stem, beside=path.parent)
            if path.stem not in WRONG_ON_PURPOSE:
                judge_messages(directory / "messages.jsonl", path.stem)
            judge_report(directory, path.stem)
            judge_pictures(directory, path.stem)
            shutil.rmtree(directory)
        judge_variance(scratch / "variance")
        capture_judge.judge(check, run, EVSIM, ROOT, scratch)
    schema_judge.judge(check, EVSIM, ROOT)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
