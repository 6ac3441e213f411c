#!/usr/bin/env python3
"""Validated messages a second: evsim's reader beside the Python package ocpp, in turns in one job.

usage: message_ratio.py EVSIM_BENCH [TURNS]. Both read the text and check it against the catalogue; exit 1 when a ratio is below its bar.
"""
import json
import subprocess
import sys
import time

from ocpp import messages

TIME = "2025-01-06T08:30:00.000Z"
SAMPLES = [
    {"value": "1234567", "context": "Sample.Periodic", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
    {"value": "11040.5", "context": "Sample.Periodic", "measurand": "Power.Active.Import", "unit": "W"},
    {"value": "16.00", "context": "Sample.Periodic", "measurand": "Current.Import", "unit": "A"},
]
PERIODS = [{"startPeriod": 900 * n, "limit": float(6 + 2 * n), "numberPhases": 3} for n in range(6)]
SCHEDULE = {"duration": 5400, "startSchedule": TIME, "chargingRateUnit": "A", "chargingSchedulePeriod": PERIODS}
PROFILE = {"chargingProfileId": 7, "stackLevel": 1, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute", "chargingSchedule": SCHEDULE}
MESSAGES = {
    "ocpp.read-heartbeat": ("Heartbeat", {}, 2000),
    "ocpp.read-meter-values": ("MeterValues", {"connectorId": 1, "transactionId": 17, "meterValue": [{"timestamp": TIME, "sampledValue": SAMPLES}]}, 500),
    "ocpp.read-charging-profile": ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": PROFILE}, 200),
}
BAR = 20


def theirs(action, payload, count):
    text = json.dumps([2, "123456", action, payload])
    begin = time.process_time()
    for _ in range(count):
        call = messages.unpack(text)
        messages._validate_payload(call, "1.6")
    return count / (time.process_time() - begin)


def main():
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    best = {name: [0, 0] for name in MESSAGES}
    for _ in range(turns):
        result = subprocess.run([sys.argv[1], "ocpp", "--json"], capture_output=True, text=True)
        for line in map(json.loads, result.stdout.splitlines()):
            if line["name"] in best:
                best[line["name"]][0] = max(best[line["name"]][0], line["value"] * 1e6)
        for name, (action, payload, count) in MESSAGES.items():
            best[name][1] = max(best[name][1], theirs(action, payload, count))
    missed = 0
    for name, (ours, other) in best.items():
        ratio = ours / other
        missed += ratio < BAR
        print(f"{name}: {ours:,.0f} messages/s, ocpp {other:,.0f}, ratio {ratio:.0f} {'met' if ratio >= BAR else 'MISSED'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
