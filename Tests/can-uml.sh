#!/usr/bin/env bash
# can-uml.sh EVSIM PYTHON: evsim with candump, cansend, canplayer and python-can on a real SocketCAN, in a guest of User-Mode Linux.
# The last line counts. Exit 77, with the reason on the last line, when it cannot run here.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
evsim=$1 python=$2 guest=$PWD/.build/uml
missing() { echo "$1"; exit 77; }
for program in candump cansend canplayer; do command -v $program >/dev/null || missing "$program (can-utils) is not installed"; done
reason=$(Tests/uml/build.sh "$guest" 2>&1) || missing "$reason"
work=$(mktemp -d)
[ -n "${KEEP:-}" ] && echo "$work" || trap 'rm -rf "$work"' EXIT
"$python" -B Tests/Peers/can_uml_judge.py prepare "$work" || exit 1
cat >"$work/filtered.yaml" <<'END'
evsim: 1
scenario: filtered
run: {for: 60s}
nodes: {csms: {is: csms}}
buses: {can0: {attach: 'socketcan:vcan0', accepts: [0x123, '0x18FF0000:0x1FFF0000']}}
record: [frames]
intended: [W0608]
END

# The guest's command. Debian's candump opens its log in the working directory, so it writes to its output.
export evsim python work
Tests/uml/run.sh -t 300 -w "$work" "$guest" "evsim=$evsim python=$python work=$work; $(cat <<'END'
live() { "$evsim" run "$1" --realtime --ready-file "$work/$2.ready" -o "$work/$2" --quiet 2>"$work/$2.err" & }
wait_for() { for _ in {1..400}; do [ -e "$1" ] && return; sleep 0.05; done; echo "uml: $1 never came" >&2; }

# 1. Charger and charge point.
timeout 60 candump -r 8000000 -L 'vcan0,0:0,#FFFFFFFF' >"$work/charging.log" & dump=$!
"$python" -B Tests/Peers/can_uml_judge.py peer "$work" 5000 & peer=$!
wait_for "$work/peer-ready"
# Who speaks before the run's t = 0 is not heard: the first reading says that it has begun.
timeout 60 candump -n 1 vcan0,401:7FF >/dev/null & begun=$!
sleep 0.2
# 5 000 readings in 30 s and not in 10 s: a guest on a busy machine needs that long to play what evsim is to hear.
sed -e 's/for: 10s/for: 30s/' -e 's/every: 2ms/every: 6ms/' scenarios/can/live-vcan.yaml >"$work/charging.yaml"
live "$work/charging.yaml" charging; run=$!
wait $begun
canplayer -I "$work/sensor.log" &
sleep 1
cansend vcan0 210#0A00
canplayer -I "$work/errors.log"
wait $run $peer
sleep 2
kill -TERM $dump; wait $dump

# 2. A gateway, with traffic from both sides at once.
timeout 120 candump -r 8000000 -L vcan0 >"$work/vcan0.log" & dumps=$!
timeout 120 candump -r 8000000 -L vcan1 >"$work/vcan1.log" & dumps="$dumps $!"
timeout 60 candump -n 1 vcan1,7E0:7FF >/dev/null & begun=$!
sleep 0.2
sed 's/for: 6s/for: 120s/' scenarios/can/live-bridge.yaml >"$work/long.yaml"
"$evsim" run "$work/long.yaml" --realtime --ready-file "$work/bridge.ready" -o "$work/bridge" --quiet 2>"$work/bridge.err" & run=$!
wait $begun
canplayer -I "$work/to-0.log" & players=$!
canplayer -I "$work/to-1.log" & players="$players $!"
wait $players
# What goes in last comes out last.
timeout 30 candump -n 1 vcan1,7E2:7FF >/dev/null & last=$!
timeout 30 candump -n 1 vcan0,7E3:7FF >/dev/null & last="$last $!"
sleep 0.2
cansend vcan0 7E2#AA
cansend vcan1 7E3#BB
wait $last
# The long logs may be behind, and a candump that is told to stop leaves unread what waits in its socket: they end when they grow no more.
size() { cat "$work/vcan0.log" "$work/vcan1.log" | wc -c; }
for _ in {1..20}; do before=$(size); sleep 3; [ "$(size)" = "$before" ] && break; done
kill -TERM $run; wait $run
kill -TERM $dumps; wait $dumps

# 3. An interface goes down for a while.
live scenarios/can/live-bridge.yaml down; run=$!
wait_for "$work/down.ready"
sleep 0.5
ip link set vcan1 down
sleep 1
ip link set vcan1 up
wait $run

# 4. Filters, and what cannot be.
"$evsim" run "$work/filtered.yaml" --realtime --ready-file "$work/filtered.ready" -o "$work/filtered" --quiet 2>/dev/null & run=$!
wait_for "$work/filtered.ready"
sleep 0.3
for frame in 123#01 124#02 18FF0500#03 18FE0500#04 123#R; do cansend vcan0 $frame; done
sleep 0.3
kill -TERM $run; wait $run
sed 's/vcan0/vcan9/' scenarios/can/live-vcan.yaml >"$work/missing.yaml"
"$evsim" run "$work/missing.yaml" --realtime -o "$work/missing" >"$work/missing.txt" 2>&1
"$evsim" doctor >"$work/doctor.txt" 2>&1
END
)" || { code=$?; echo "the guest ended with $code"; tail -n 3 "$work"/*.err; echo "0 passed, 1 failed"; exit 1; }
"$python" -B Tests/Peers/can_uml_judge.py check "$work"
