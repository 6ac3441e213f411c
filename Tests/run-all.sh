#!/usr/bin/env bash
# Everything that CI runs, part by part. Each part says what passed; the last line counts all.
set -uo pipefail
cd "$(dirname "$0")/.."
SWIFT=${SWIFT:-swift}
RELEASE=${RELEASE:--c release --static-swift-stdlib}
passed=0 failed=0 skipped=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED: $1"; }
skip() {
    # A test that did not run is never a test that passed; where everything must be there, it is a failure.
    if [ "${CI:-}" = true ]; then bad "not run: $1"; else skipped=$((skipped + 1)); echo "SKIPPED (loud): $1"; fi
}
part() { echo; echo "== $1"; }

part "house rules"
if Tests/lint.sh; then ok; else bad "lint"; fi

part "build in release"
# shellcheck disable=SC2086
if ! $SWIFT build $RELEASE --product evsim; then echo "0 passed, 1 failed"; exit 1; fi
evsim=$PWD/.build/release/evsim

part "Python for the outside judges"
python=$PWD/.venv/bin/python
packages='import can, cantools, ocpp, jsonschema, pandas, PIL, yaml, rfc3339_validator, rfc3986_validator, junitparser, websockets, isotp, j1939'
if ! "$python" -c "$packages" 2>/dev/null; then
    python3 -m venv .venv && .venv/bin/pip install -q -r Tests/Peers/requirements.txt || true
fi
if "$python" -c "$packages" 2>/dev/null; then export EVSIM_PYTHON=$python; else python=; fi

part "unit tests"
$SWIFT test >"$scratch/unit.log" 2>&1
grep -vE '^(◇|✔|↳) |Test case passing|Compiling|^\[' "$scratch/unit.log" | tail -n 40
grep -E '^SKIPPED' "$scratch/unit.log" | sort -u | while read -r line; do echo "$line"; done
line=$(grep -E 'Test run with [0-9]+ tests' "$scratch/unit.log" | tail -1)
echo "$line"
count=$(sed -nE 's/.*Test run with ([0-9]+) tests.*/\1/p' <<<"$line")
if [ -n "$count" ] && grep -q ' passed after' <<<"$line"; then passed=$((passed + count)); else bad "unit tests: ${line:-no test ran}"; fi

part "10 000 random schedules of faults: no transaction is lost or doubled"
if EVSIM_SCHEDULES=10000 $SWIFT test --skip-build --filter FaultScheduleTests >"$scratch/out" 2>&1; then
    grep -E '^[0-9]+ schedules: ' "$scratch/out"
    ok
else
    bad "schedules of faults"
    grep -E '^✘' "$scratch/out" | cut -c 1-400
fi

part "1000 generated files are formatted and run as before"
if Tests/fmt-generated.sh "$evsim"; then passed=$((passed + 1000)); else bad "generated files"; fi

part "every scenario meets what it expects"
for file in scenarios/*/*.yaml; do
    if "$evsim" run "$file" -o "$scratch/scenario" --quiet >"$scratch/out" 2>&1; then ok; else bad "$file"; cat "$scratch/out"; fi
done

part "commands of the documentation"
mkdir -p "$scratch/docs" && cp -r scenarios docs "$scratch/docs/"
while read -r code command; do
    case "$code" in ''|\#*) continue ;; esac
    (cd "$scratch/docs" && PATH="$(dirname "$evsim"):$PATH" timeout 120 bash -c "$command" >"$scratch/out" 2>&1 </dev/null)
    got=$?
    if [ "$got" -eq "$code" ]; then ok; else bad "exit $got, wanted $code: $command"; tail -5 "$scratch/out"; fi
done <docs/examples.txt

# The files and commands that pages show in blocks.
for page in docs/cookbook.md docs/plugins.md docs/live.md docs/ocpp.md; do
    Tests/doc-blocks.sh "$evsim" "$page" | tee "$scratch/blocks"
    p=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1/p' "$scratch/blocks")
    f=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\2/p' "$scratch/blocks")
    if [ -n "$p" ]; then passed=$((passed + p)); failed=$((failed + f)); else bad "$page did not come to an end"; fi
done

if "$evsim" help --markdown | diff - docs/commands.md; then ok; else bad "docs/commands.md is not what 'evsim help --markdown' writes"; fi

if Tests/plugin-pages.sh "$evsim"; then ok; else bad "docs/plugins: 'make docs' writes the pages anew"; fi

part "every plugin is right"
for file in plugins/*.yaml plugins/*/*.yaml; do
    if "$evsim" validate "$file" >"$scratch/out" 2>&1 && ! grep -q . <(grep -E '^(warning|error)' "$scratch/out"); then ok; else bad "$file"; cat "$scratch/out"; fi
done

part "the same bytes"
reference=$PWD/scenarios/reference/repeated-current-fluctuation.yaml
sed '/^record:/d' "$reference" >"$scratch/reference.yaml"
echo 'record: [frames, messages, signals, labels]' >>"$scratch/reference.yaml"
"$evsim" run "$scratch/reference.yaml" -o "$scratch/a" --quiet 2>/dev/null
same() { # name, command...
    local name=$1
    shift
    rm -rf "$scratch/b"
    if ! "$@" >/dev/null 2>&1; then bad "$name: did not run"; return; fi
    if diff -r "$scratch/a" "$scratch/b"; then ok; else bad "$name differs"; fi
}
same "a second run" "$evsim" run "$scratch/reference.yaml" -o "$scratch/b" --quiet
same "a Turkish locale" env LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 "$evsim" run "$scratch/reference.yaml" -o "$scratch/b" --quiet
same "another directory" env -C / "$evsim" run "$scratch/reference.yaml" -o "$scratch/b" --quiet
if [ -x .build/debug/evsim ] || $SWIFT build --product evsim >/dev/null 2>&1; then
    same "a debug build" .build/debug/evsim run "$scratch/reference.yaml" -o "$scratch/b" --quiet
fi
for file in scenarios/*/*.yaml; do
    "$evsim" run "$file" -o "$scratch/r" --quiet >/dev/null 2>&1
    .build/debug/evsim run "$file" -o "$scratch/d" --quiet >/dev/null 2>&1
    if diff -r "$scratch/r" "$scratch/d" >/dev/null; then ok; else bad "$file: debug and release differ"; fi
    rm -rf "$scratch/r" "$scratch/d"
done

part "outside judges"
if [ -n "$python" ]; then
    bench=$PWD/.build/release/evsim-bench
    # shellcheck disable=SC2086
    $SWIFT build $RELEASE --product evsim-bench >"$scratch/out" 2>&1 || { bad "evsim-bench does not build"; tail -5 "$scratch/out"; }
    judge() { # name, command...
        local name=$1
        shift
        "$python" -B "$@" | tee "$scratch/judges"
        line=$(tail -1 "$scratch/judges")
        p=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\1/p' <<<"$line")
        f=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\2/p' <<<"$line")
        if [ -n "$p" ]; then passed=$((passed + p)); failed=$((failed + f)); else bad "$name did not come to an end"; fi
    }
    judge "the judges" Tests/Peers/judges.py "$evsim"
    judge "the judge of messages" Tests/Peers/message_judge.py "$bench"
    judge "the judge of the messages of scenarios" Tests/Peers/scenario_messages.py "$evsim" "$bench"
    judge "the judge of ISO-TP and J1939" Tests/Peers/can_protocol_judge.py "$bench"
    judge "the WebSocket judge" Tests/Peers/websocket_judge.py "$bench"
    judge "the judge of live runs" Tests/Peers/ocpp_peer_judge.py "$evsim"
else
    skip "the Python judges: no venv, or no packages"
fi

echo
if [ $skipped -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
[ $failed -eq 0 ]
