#!/usr/bin/env bash
# Everything that CI runs, part by part. Each part says what passed; the last line counts all.
# What needs the build comes after it; then parts run side by side, one for each core, and their outputs stand in the order of this file.
set -uo pipefail
cd "$(dirname "$0")/.."
SWIFT=${SWIFT:-swift}
RELEASE=${RELEASE:--c release --static-swift-stdlib}
JOBS=${JOBS:-$(nproc)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
evsim=$PWD/.build/release/evsim
bench=$PWD/.build/release/evsim-bench
# The debug build has a place of its own, so that both are made at the same time.
tests=$PWD/.build/tests
debug=$tests/debug/evsim
python=$PWD/.venv/bin/python

# Counts of the part that runs.
passed=0 failed=0 skipped=0
ok() { passed=$((passed + ${1:-1})); }
bad() { failed=$((failed + 1)); echo "FAILED: $1"; }
skip() {
    # A test that did not run is never a test that passed; where everything must be there, it is a failure.
    if [ "${CI:-}" = true ]; then bad "not run: $1"; else skipped=$((skipped + 1)); echo "SKIPPED (loud): $1"; fi
}
# The counts that the last line of a program's output gives.
counted() { # name, file
    local p f
    p=$(tail -1 "$2" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\1/p')
    f=$(tail -1 "$2" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\2/p')
    if [ -n "$p" ]; then passed=$((passed + p)); failed=$((failed + f)); else bad "$1 did not come to an end"; fi
}
judge() { # name, program, arguments
    local name=$1
    shift
    if [ ! -x "$python" ]; then skip "$name: no venv, or no packages"; return; fi
    "$python" -B "$@" | tee "$own/judge"
    counted "$name" "$own/judge"
}

unit_tests() {
    $SWIFT test --scratch-path "$tests" --skip-build >"$own/unit.log" 2>&1
    grep -vE '^(◇|✔|↳) |Test case passing|Compiling|^\[' "$own/unit.log" | tail -n 40
    grep -E '^SKIPPED' "$own/unit.log" | sort -u
    local line count
    line=$(grep -E 'Test run with [0-9]+ tests' "$own/unit.log" | tail -1)
    echo "$line"
    count=$(sed -nE 's/.*Test run with ([0-9]+) tests.*/\1/p' <<<"$line")
    if [ -n "$count" ] && grep -q ' passed after' <<<"$line"; then ok "$count"; else bad "unit tests: ${line:-no test ran}"; fi
}

fault_schedules() {
    if EVSIM_SCHEDULES=10000 $SWIFT test --scratch-path "$tests" --skip-build --filter FaultScheduleTests >"$own/out" 2>&1; then
        grep -E '^[0-9]+ schedules: ' "$own/out"
        ok
    else
        bad "schedules of faults"
        grep -E '^✘' "$own/out" | cut -c 1-400
    fi
}

frame_lengths() {
    if EVSIM_LONG_TESTS=1 $SWIFT test --scratch-path "$tests" --skip-build --filter FrameBitsTests >"$own/out" 2>&1; then
        ok 125000
    else
        bad "lengths of frames"
        grep -E '^✘' "$own/out" | cut -c 1-400
    fi
}

long_unit_tests() {
    if EVSIM_LONG_TESTS=1 $SWIFT test --scratch-path "$tests" --skip-build --filter 'FormatterGeneratedTests|RandomScenarioTests' >"$own/out" 2>&1 &&
        grep -qE 'Test run with [0-9]+ tests.* passed' "$own/out"; then
        ok
    else
        bad "all scenarios in random styles"
        grep -E '^✘' "$own/out" | cut -c 1-400
    fi
}

damaged_databases() {
    if EVSIM_DAMAGED=20000 $SWIFT test --scratch-path "$tests" --skip-build --filter survivesDamage >"$own/out" 2>&1 && grep -q 'with 1 test.* passed' "$own/out"; then
        ok
    else
        bad "damaged databases"
        grep -E '^✘' "$own/out" | cut -c 1-400
    fi
}

generated_files() { if Tests/fmt-generated.sh "$evsim"; then ok 1000; else bad "generated files"; fi; }

# Every scenario meets what it expects, and a debug build writes the same bytes.
scenarios() {
    for file in scenarios/*/*.yaml; do
        if "$evsim" run "$file" -o "$own/r" --quiet >"$own/out" 2>&1; then ok; else bad "$file"; cat "$own/out"; fi
        "$debug" run "$file" -o "$own/d" --quiet >/dev/null 2>&1
        if diff -r "$own/r" "$own/d" >/dev/null; then ok; else bad "$file: debug and release differ"; fi
        rm -rf "$own/r" "$own/d"
    done
}

documentation() {
    mkdir -p "$own/docs" && cp -r scenarios docs "$own/docs/"
    while read -r code command; do
        case "$code" in ''|\#*) continue ;; esac
        (cd "$own/docs" && PATH="$(dirname "$evsim"):$PATH" timeout 120 bash -c "$command" >"$own/out" 2>&1 </dev/null)
        got=$?
        if [ "$got" -eq "$code" ]; then ok; else bad "exit $got, wanted $code: $command"; tail -5 "$own/out"; fi
    done <docs/examples.txt
    # The files and commands that pages show in blocks.
    for page in $(grep -lE '^# RUN$' docs/*.md); do
        Tests/doc-blocks.sh "$evsim" "$page" | tee "$own/blocks"
        counted "$page" "$own/blocks"
    done
    if "$evsim" help --markdown | diff - docs/commands.md; then ok; else bad "docs/commands.md is not what 'evsim help --markdown' writes"; fi
    if Tests/plugin-pages.sh "$evsim"; then ok; else bad "docs/plugins: 'make docs' writes the pages anew"; fi
    for file in plugins/*.yaml plugins/*/*.yaml; do
        if "$evsim" validate "$file" >"$own/out" 2>&1 && ! grep -q . <(grep -E '^(warning|error)' "$own/out"); then ok; else bad "$file"; cat "$own/out"; fi
    done
}

same_bytes() {
    sed '/^record:/d' scenarios/reference/repeated-current-fluctuation.yaml >"$own/reference.yaml"
    echo 'record: [frames, messages, signals, labels]' >>"$own/reference.yaml"
    "$evsim" run "$own/reference.yaml" -o "$own/a" --quiet 2>/dev/null
    same() { # name, command...
        local name=$1
        shift
        rm -rf "$own/b"
        if ! "$@" >/dev/null 2>&1; then bad "$name: did not run"; return; fi
        if diff -r "$own/a" "$own/b"; then ok; else bad "$name differs"; fi
    }
    same "a second run" "$evsim" run "$own/reference.yaml" -o "$own/b" --quiet
    same "a Turkish locale" env LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 "$evsim" run "$own/reference.yaml" -o "$own/b" --quiet
    same "another directory" env -C / "$evsim" run "$own/reference.yaml" -o "$own/b" --quiet
    same "a debug build" "$debug" run "$own/reference.yaml" -o "$own/b" --quiet
}

judges() { judge "the judges" Tests/Peers/judges.py "$evsim"; }
judge_of_messages() { judge "the judge of messages" Tests/Peers/message_judge.py "$bench"; }
judge_of_scenarios() { judge "the judge of the messages of scenarios" Tests/Peers/scenario_messages.py "$evsim" "$bench"; }
judge_of_websockets() { judge "the WebSocket judge" Tests/Peers/websocket_judge.py "$bench"; }
judge_of_databases() { judge "the judge of databases" Tests/Peers/dbc_judge.py "$evsim" "$bench"; }
judge_of_transport_protocols() { judge "the judge of ISO-TP and J1939" Tests/Peers/can_protocol_judge.py "$bench"; }
judge_of_detectors() { judge "the judge of detectors" Tests/Peers/detector_judge.py "$bench"; }
judge_of_scores() { judge "the judge of scores" Tests/Peers/metrics_judge.py "$evsim"; }
judge_of_temporal_logic() { judge "the judge of temporal logic, shapes and forests" Tests/Peers/temporal_judge.py "$bench"; }
judge_of_attribution() { judge "the judge of attribution" Tests/Peers/attribution_judge.py "$evsim"; }
judge_of_outside_data() { judge "the judge of outside data" Tests/Peers/outside_judge.py "$evsim"; }
judge_of_logs() { judge "the judge of logs" Tests/Peers/log_judge.py "$evsim"; }
# Real buses: a judge that cannot run here says why in its last line and ends with 77.
real_buses() { # name, command
    local name=$1 code
    shift
    if [ ! -x "$python" ]; then skip "$name: no venv, or no packages"; return; fi
    "$@" >"$own/judge" 2>&1
    code=$?
    if [ $code -eq 77 ]; then skip "$name: $(tail -1 "$own/judge")"; return; fi
    cat "$own/judge"
    counted "$name" "$own/judge"
}
judge_of_real_buses() { real_buses "the judge of socketcand and multicast" "$python" -B Tests/Peers/can_live_judge.py "$evsim"; }
judge_of_socketcan() { real_buses "real SocketCAN" Tests/can-uml.sh "$evsim" "$python"; }
judge_of_live_runs() { judge "the judge of live runs" Tests/Peers/ocpp_peer_judge.py "$evsim"; }

# One part: its output and its counts go to files of its own.
part() { # function, title
    local own=$scratch/$1 start=$SECONDS
    mkdir -p "$own"
    passed=0 failed=0 skipped=0
    {
        echo
        echo "== $2"
        "$1"
        echo "-- $((SECONDS - start)) s"
    } >"$own/log" 2>&1
    echo "$passed $failed $skipped" >"$own/counts"
}

echo "== build"
packages='import can, cantools, msgpack, ocpp, jsonschema, pandas, PIL, yaml, rfc3339_validator, rfc3986_validator, junitparser, websockets, isotp, j1939, river, scipy, statsmodels, sklearn, rtamt, stumpy'
packages='import can, cantools, msgpack, ocpp, jsonschema, pandas, PIL, yaml, rfc3339_validator, rfc3986_validator, junitparser, websockets, isotp, j1939, rtamt, river'
# The packages for the outside judges come while the first products are built.
(
    if ! "$python" -c "$packages" 2>/dev/null; then
        python3 -m venv .venv && .venv/bin/pip install -q -r Tests/Peers/requirements.txt || true
    fi
) &
start=$SECONDS
# What does not build is said with its mistakes, and nothing is judged.
builds() { # name, arguments
    local name=$1
    shift
    $SWIFT build "$@" >"$scratch/$name" 2>&1 || { grep -E 'error:|warning:' "$scratch/$name" | sort -u | head -20; tail -5 "$scratch/$name"; return 1; }
}
(builds tests --scratch-path "$tests" --build-tests && builds debug --scratch-path "$tests" --product evsim) &
debug_build=$!
# shellcheck disable=SC2086
builds release $RELEASE
released=$?
wait $debug_build && [ $released -eq 0 ] || { echo "0 passed, 1 failed"; exit 1; }
wait
if "$python" -c "$packages" 2>/dev/null; then export EVSIM_PYTHON=$python; else python=; fi
echo "-- $((SECONDS - start)) s"

house_rules() { if Tests/lint.sh; then ok; else bad "lint"; fi; }

# The unit tests keep every core busy and some of them look at the clock, so they run alone.
part house_rules "house rules"
part unit_tests "unit tests"
# The guest has one processor and must keep up with its programs, so it has the machine for itself too.
part judge_of_socketcan "real SocketCAN in a guest: candump, cansend, canplayer and python-can as peers"
cat "$scratch"/house_rules/log "$scratch"/unit_tests/log "$scratch"/judge_of_socketcan/log

# The longest parts begin first.
parts=(
    "judges|outside judges"
    "judge_of_databases|DBC files, packing and unpacking beside cantools"
    "judge_of_messages|every message, right and wrong, beside the JSON schemas"
    "scenarios|every scenario meets what it expects, and a debug build writes the same bytes"
    "judge_of_scenarios|the messages of every scenario beside the JSON schemas"
    "judge_of_real_buses|socketcand and udp_multicast beside python-can"
    "judge_of_live_runs|live runs beside mobilityhouse/ocpp"
    "long_unit_tests|all scenarios keep their meaning in random styles, and 300 random ones their fingerprint"
    "fault_schedules|10 000 random schedules of faults: no transaction is lost or doubled"
    "frame_lengths|125 000 random frames have the bits of an independent model"
    "damaged_databases|20 000 damaged DBC files are read, checked and written"
    "judge_of_transport_protocols|ISO-TP and J1939 beside can-isotp and can-j1939"
    "judge_of_detectors|detectors over one signal beside River, pandas, SciPy and statsmodels"
    "judge_of_temporal_logic|formulas over time beside RTAMT, shapes beside a direct search, forests beside River"
    "judge_of_logs|logs of CAN frames beside python-can, can-utils and Wireshark"
    "judge_of_outside_data|presets on cars, tables and charge points of other makers, and the forms of public data sets"
    "judge_of_attribution|every anomaly of the catalogue has who must fire and who must not, and no look-alike raises an alarm"
    "judge_of_scores|scores of detectors beside scikit-learn"
    "judge_of_websockets|the WebSocket codec beside the package websockets"
    "generated_files|1000 generated files are formatted and run as before"
    "documentation|commands of the documentation, plugins"
    "same_bytes|the same bytes"
)
for entry in "${parts[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n; done
    part "${entry%%|*}" "${entry#*|}" &
done
wait
for entry in "${parts[@]}"; do cat "$scratch/${entry%%|*}/log"; done

passed=0 failed=0 skipped=0
for entry in "house_rules|" "unit_tests|" "judge_of_socketcan|" "${parts[@]}"; do
    if read -r p f s <"$scratch/${entry%%|*}/counts"; then
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    else
        failed=$((failed + 1))
        echo "FAILED: the part ${entry%%|*} did not come to an end"
    fi
done
echo
if [ $skipped -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
[ $failed -eq 0 ]
