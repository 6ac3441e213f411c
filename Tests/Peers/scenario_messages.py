#!/usr/bin/env python3
"""Validates every message that evsim's scenarios send with the JSON schemas of the ocpp package, dates and URIs included.

usage: scenario_messages.py EVSIM [EVSIM_BENCH] [SCENARIO.yaml…] runs the scenarios of the repository, or those named, with all messages recorded. With
the benchmark program, its checker of message order must find nothing in them either, but what FAULTS says.
"""
import decimal
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import rfc3339_validator

import mutate

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Calls that a scenario sends wrong on purpose (`payload:` in its steps): each must be answered with a CALLERROR.
ON_PURPOSE = {
    "malformed-message": {"SetChargingProfile", "RemoteStopTransaction"},
    "ocpp-bad-timestamp-number": {"StopTransaction"},
    "ocpp-bad-timestamp-year": {"StatusNotification", "StartTransaction"},
    "ocpp-oversize-field": {"BootNotification", "Authorize", "DataTransfer"},
}
# Scenarios with a charge point that says too much in every message, to a central system that reads over it.
TOO_MUCH = {"ocpp-extra-properties"}
# Scenarios in which messages with a label may be anything; what answers a call for the second time has no action.
FUZZED = {"message-duplication", "ocpp-fuzz"}
# Rules of message order that the faults of a scenario break.
FAULTS = {
    "charge-point-replies": {"framing"},
    "heartbeat-loss": {"heartbeat", "registration"},
    "message-duplication": {"framing"},
    "meter-fraud-by-signals": {"transaction"},
    "meter-replacement": {"registration"},
    "meter-rollback": {"transaction"},
    # An hour without a connection.
    "offline-queue-burst": {"heartbeat"},
    "phantom-load-telemetry": {"transaction"},
    "ocpp-boot-flood": {"registration"},
    "ocpp-confuse": {"registration", "transaction"},
    "ocpp-drop": {"heartbeat"},
    "ocpp-duplicate": {"framing"},
    "ocpp-duplicate-message-id": {"framing"},
    "ocpp-flood": {"framing"},
    "ocpp-fuzz": {"diagnostics", "firmware", "framing", "registration", "reservation", "reset", "transaction"},
    "ocpp-heartbeat-flood": {"framing"},
    "ocpp-hijack-allow": {"framing", "registration", "status-transition", "transaction"},
    "ocpp-hijack-refuse": {"framing", "registration"},
    "ocpp-hijack-replace": {"framing", "registration", "status-transition", "transaction"},
    "ocpp-local-list-poisoning": {"authorization", "heartbeat"},
    "ocpp-negative-energy": {"transaction"},
    "ocpp-oversize-field": {"registration"},
    "ocpp-replay": {"framing", "transaction"},
    "ocpp-replayed-start": {"offline"},
    "ocpp-replayed-stop": {"transaction"},
    "ocpp-reset-storm": {"transaction"},
    "ocpp-spoof": {"framing"},
    "ocpp-transaction-id-guessing": {"transaction"},
    "ocpp-transaction-id-random": {"transaction"},
    # The messages alone do not tell of a reboot without power; an unanswered stop is sent again after one.
    "v2g-meterinfo-tampering": {"transaction"},
    "tc-015-hard-reset-with-transaction": {"transaction"},
    "tc-032-1-power-failure": {"registration"},
    "tc-034-power-failure-unavailable": {"registration"},
}
SCHEMAS = mutate.load_schemas()
# Values of one class are the same to a schema only as long as the schemas have no other keywords.
assert not re.search(r'"(minimum|maximum|pattern|const|minLength|uniqueItems)"', json.dumps(SCHEMAS, default=str))


def like(value):
    """A value that the schemas cannot tell from the given one, the same for many: what was judged once is not judged again."""
    if isinstance(value, dict):
        return {key: like(member) for key, member in value.items()}
    if isinstance(value, list):
        return [like(element) for element in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return 1
    if isinstance(value, decimal.Decimal):
        return 1 if value == value.to_integral_value() else decimal.Decimal("0.1") if value * 10 == (value * 10).to_integral_value() else value
    if re.match(r"\d{4}-", value):
        return "2000-01-01T00:00:00Z" if rfc3339_validator.validate_rfc3339(value) else value
    return "1" * len(value) if value.replace(".", "").isdigit() and value.isascii() else value


@functools.lru_cache(maxsize=None)
def judged(name, text):
    return mutate.findings(SCHEMAS[name], json.loads(text, parse_float=decimal.Decimal))


def problems(path, scenario):
    """Calls and results of a messages.jsonl that break their schema."""
    found, wrong, errors, count = [], {}, set(), 0
    for line in path.read_text().splitlines():
        row = json.loads(line, parse_float=decimal.Decimal)
        who = (row["chargePointId"], row["direction"], row["messageId"])
        if row["messageType"] == "CALLERROR":
            other = "csms-to-cp" if row["direction"] == "cp-to-csms" else "cp-to-csms"
            errors.add((row["chargePointId"], other, row["messageId"]))
        if row["messageType"] not in ("CALL", "CALLRESULT"):
            continue
        if scenario in FUZZED and ("meta" in row or not row["action"]):
            continue
        count += 1
        name = row["action"] + ("" if row["messageType"] == "CALL" else "Response")
        payload = json.loads(row["raw"], parse_float=decimal.Decimal)[-1]
        if name not in SCHEMAS:
            faults = [("unknown action", name)]
        else:
            faults = judged(name, json.dumps(like(payload), default=float))
        if scenario in TOO_MUCH and all(kind == "additionalProperties" for kind, _ in faults):
            continue
        if faults and row["messageType"] == "CALL" and row["action"] in ON_PURPOSE.get(scenario, ()):
            wrong[who] = row["raw"]
        elif faults:
            found.append(f"{name}: {faults[0]} in {row['raw'][:200]}")
    found += [f"answered without an error: {raw}" for who, raw in wrong.items() if who not in errors]
    if scenario in ON_PURPOSE and not wrong:
        found.append("nothing is wrong in it, and it should be")
    return count, found


def order_problems(bench, path, scenario):
    with path.open() as messages:
        result = subprocess.run([bench, "ocpp-order"], stdin=messages, capture_output=True, text=True, check=True)
    lines = result.stdout.splitlines()
    rules = {line.split(": ")[1] for line in lines}
    wanted = FAULTS.get(scenario, set())
    return [line for line in lines if line.split(": ")[1] not in wanted] + [f"nothing breaks the rules of {rule}" for rule in sorted(wanted - rules)]


def main():
    evsim = pathlib.Path(sys.argv[1]).resolve()
    bench = next((argument for argument in sys.argv[2:] if not argument.endswith(".yaml")), None)
    files = [pathlib.Path(argument) for argument in sys.argv[2:] if argument.endswith(".yaml")] or sorted((ROOT / "scenarios").glob("*/*.yaml"))
    environment = dict(os.environ, EVSIM_PLUGINS=os.environ.get("EVSIM_PLUGINS", str(ROOT / "plugins")))
    passed = failed = total = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            # Files that the scenario names lie beside it.
            beside = pathlib.Path(folder) / path.parent.name
            if not beside.exists():
                shutil.copytree(path.parent, beside)
            source, run = beside / path.name, pathlib.Path(folder) / "run"
            text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("record:"))
            source.write_text(text + "\nrecord: [messages]\n")
            subprocess.run(["rm", "-rf", run], check=True)
            result = subprocess.run([evsim, "run", source, "-o", run, "--quiet", "--no-plots"], capture_output=True, text=True, env=environment)
            found = [] if result.returncode == 0 else [f"exit {result.returncode}: {result.stderr[:300]}"]
            if (run / "messages.jsonl").exists():
                count, more = problems(run / "messages.jsonl", path.stem)
                total += count
                found += more
                if bench:
                    found += order_problems(bench, run / "messages.jsonl", path.stem)
            for problem in found[:5]:
                print(f"FAILED: {path.stem}: {problem}")
            passed, failed = passed + (not found), failed + bool(found)
    print(f"{total} messages of {len(files)} scenarios judged, {judged.cache_info().currsize} of them different")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
