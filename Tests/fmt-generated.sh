#!/usr/bin/env bash
# 1000 generated files in random styles: 'evsim fmt' keeps every comment and the fingerprint of each run, and changes nothing the second
# time. Usage: Tests/fmt-generated.sh EVSIM [BUILD]; the debug tests must have been built in BUILD, .build/tests or .build.
set -uo pipefail
cd "$(dirname "$0")/.."
SWIFT=${SWIFT:-swift}
evsim=${1:-$PWD/.build/release/evsim}
tests=${2:-$PWD/.build/tests}
[ -d "$tests" ] || tests=$PWD/.build
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/wild"
if ! EVSIM_FMT_WRITE=$scratch/wild $SWIFT test --scratch-path "$tests" --skip-build --filter FormatterGeneratedTests/writes >"$scratch/log" 2>&1; then
    tail -5 "$scratch/log"
    exit 1
fi
cp -r "$scratch/wild" "$scratch/formatted"
failed=0 count=0
bad() { failed=$((failed + 1)); echo "FAILED: $1"; }
"$evsim" fmt --quiet "$scratch"/formatted/*.yaml || bad "fmt ends with $?"
"$evsim" fmt --quiet --check "$scratch"/formatted/*.yaml || bad "a formatted file is formatted again"
fingerprint() { "$evsim" run "$1" -o "$scratch/run" --max-events 2000 --no-plots --quiet --json 2>/dev/null | grep '"fingerprint"'; }
for wild in "$scratch"/wild/*.yaml; do
    count=$((count + 1))
    new=$scratch/formatted/${wild##*/}
    cmp -s "$wild" "$new" && bad "${wild##*/} is as it was"
    diff <(grep -o '# c.*' "$wild" | tr -d '\r' | sort) <(grep -o '# c.*' "$new" | sort) >/dev/null || bad "${wild##*/} has other comments"
    before=$(fingerprint "$wild")
    if [ -z "$before" ] || [ "$before" != "$(fingerprint "$new")" ]; then bad "${wild##*/} runs in another way"; fi
done
[ $count -eq 1000 ] || bad "$count files instead of 1000"
echo "fmt: $count files, $failed failed"
[ $failed -eq 0 ]
