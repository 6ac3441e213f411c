#!/bin/bash
# Heartbeat round trips over loopback at 100 connections: evsim on both sides, then the Python packages ocpp and websockets on both sides, in turns.
# usage: ocpp-load.sh EVSIM_BENCH [PYTHON [TURNS [SECONDS]]]; exit 1 when evsim is less than 8 times as fast.
# PYTHON has the packages: python3 -m venv peer && peer/bin/pip install ocpp==2.1.0 websockets
set -euo pipefail
bench=$1 python=${2:-python3} turns=${3:-3} seconds=${4:-4} count=100
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

# Starts a central system and sets `port`.
serve() {
    local said=$1
    shift
    "$@" >"$said" &
    servers+=($!)
    for _ in $(seq 100); do
        port=$(sed -n 's/^port //p' "$said")
        [ -n "$port" ] && return
        sleep 0.1
    done
    echo "$* does not listen" >&2
    exit 4
}

serve "$work/evsim" "$bench" ocpp-csms --port 0
evsim=$port
serve "$work/python" "$python" "$here/ocpp_peer.py" csms
peer=$port
for _ in $(seq "$turns"); do
    "$bench" ocpp-charge-points --url "ws://127.0.0.1:$evsim" --count $count --seconds "$seconds" | tee -a "$work/ours" | sed 's/^/evsim  /'
    "$python" "$here/ocpp_peer.py" points "ws://127.0.0.1:$peer" $count "$seconds" | tee -a "$work/theirs" | sed 's/^/python /'
    # Crosswise: each side against the other's.
    "$bench" ocpp-charge-points --url "ws://127.0.0.1:$peer" --count $count --seconds "$seconds" --prefix X | sed 's/^/evsim charge points, python central system  /'
    "$python" "$here/ocpp_peer.py" points "ws://127.0.0.1:$evsim" $count "$seconds" | sed 's/^/python charge points, evsim central system  /'
done
"$python" - "$work/ours" "$work/theirs" <<'END'
import json
import statistics
import sys

ours, theirs = ([json.loads(line)["round_trips_per_s"] for line in open(path)] for path in sys.argv[1:])
ratios = [mine / other for mine, other in zip(ours, theirs)]
ratio = statistics.median(ratios)
print(f"evsim {statistics.median(ours):,.0f} rt/s, python {statistics.median(theirs):,.0f} rt/s, ratio {ratio:.1f} ({min(ratios):.1f} to {max(ratios):.1f}), bar 8 {'met' if ratio >= 8 else 'MISSED'}")
sys.exit(ratio < 8)
END
