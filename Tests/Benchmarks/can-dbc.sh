#!/bin/bash
# Messages unpacked a second: evsim's codec of DBC files beside cantools, in turns in one job.
# usage: can-dbc.sh EVSIM_BENCH [PYTHON [TURNS]]; exit 1 when evsim is less than 20 times as fast.
# PYTHON has the package: python3 -m venv peer && peer/bin/pip install cantools==45.1.0
set -euo pipefail
bench=$1 python=${2:-python3} turns=${3:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for _ in $(seq "$turns"); do
    "$bench" can-dbc --json | tee -a "$work/ours" || true
    "$python" - <<'END' | tee -a "$work/theirs"
import json
import time

import cantools

db = cantools.database.load_string('''BU_: A
BO_ 768 CurrentReading: 2 A
 SG_ Current : 0|16@1+ (0.1,0) [0|6553.5] "A" A
BO_ 784 Status: 8 A
 SG_ Voltage : 0|16@1+ (0.1,0) [0|6553.5] "V" A
 SG_ Current : 16|16@1- (0.1,0) [-3276.8|3276.7] "A" A
 SG_ Temp : 32|8@1+ (1,-40) [-40|215] "degC" A
 SG_ State : 40|4@1+ (1,0) [0|15] "" A
 SG_ Fault : 44|4@1+ (1,0) [0|15] "" A
 SG_ EnergyBE : 55|16@0+ (0.01,0) [0|655.35] "kWh" A
''', "dbc")
for signals, name, data in ((1, "CurrentReading", bytes.fromhex("d204")), (6, "Status", bytes.fromhex("a50f85ff4b0204d2"))):
    decode = db.get_message_by_name(name).decode
    best = 0.0
    for _ in range(5):
        begin = time.process_time()
        for _ in range(20000):
            decode(data)
        best = max(best, 20000 / (time.process_time() - begin))
    print(json.dumps({"signals": signals, "rate": best}))
END
done
"$python" - "$work/ours" "$work/theirs" <<'END'
import json
import statistics
import sys

ours = [json.loads(line) for line in open(sys.argv[1])]
theirs = [json.loads(line) for line in open(sys.argv[2])]
fine = True
for signals, name in ((1, "can-dbc.decode-1-signal"), (6, "can-dbc.decode-6-signals")):
    one = statistics.median(line["value"] for line in ours if line["name"] == name)
    two = statistics.median(line["rate"] for line in theirs if line["signals"] == signals) / 1e6
    fine = fine and one >= 20 * two
    print(f"{signals} signals: evsim {one:.1f} M messages/s, cantools {two:.3f} M messages/s, {one / two:.0f} times as fast")
sys.exit(0 if fine else 1)
END
