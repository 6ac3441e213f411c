#!/bin/sh
# Fuzzes formulas and the reader of scenarios and plugins: Tests/Fuzz/scenario.sh [SECONDS], with nothing but the Swift toolchain and libyaml.
# The corpus and a crashing input, if one is found, stay in .build/fuzz/scenario; the exit code is libFuzzer's (0: nothing found).
set -eu
seconds=${1:-60}
case $seconds in
'' | *[!0-9]*)
    echo "usage: $0 [SECONDS]" >&2
    exit 2
    ;;
esac
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${FUZZ_DIRECTORY:-$root/.build/fuzz/scenario}
mkdir -p "$work/corpus" "$work/modules"
links=$(pkg-config --libs yaml-0.1 2>/dev/null || echo -lyaml)
common="-g -O -wmo -parse-as-library -swift-version 6 -enable-upcoming-feature ExistentialAny -I $root/Sources/CYAML -I $work/modules"

module() {
    name=$1
    shift
    # shellcheck disable=SC2086
    swiftc $common -sanitize=fuzzer,address -module-name "$name" -emit-module -emit-module-path "$work/modules/$name.swiftmodule" \
        -c -o "$work/modules/$name.o" "$@" 2>"$work/build.log" || {
        grep -v 'Cannot export local symbol' "$work/build.log" >&2
        exit 1
    }
}
module Quantities "$root"/Sources/Quantities/*.swift
module CAN "$root"/Sources/CAN/*.swift
module CANDatabase "$root"/Sources/CANDatabase/*.swift
module YAMLTree "$root"/Sources/YAMLTree/*.swift
# shellcheck disable=SC2046
module ScenarioLanguage $(find "$root/Sources/ScenarioLanguage" -name '*.swift')
# shellcheck disable=SC2086
swiftc $common -sanitize=fuzzer,address -module-name ScenarioFuzz "$root/Tests/Fuzz/scenario_fuzz.swift" "$work"/modules/*.o $links \
    -o "$work/scenario_fuzz" 2>"$work/build.log" || {
    grep -v 'Cannot export local symbol' "$work/build.log" >&2
    exit 1
}

# Seeds: every scenario, those with plugins followed by them, and every line that is a formula.
number=0
for file in "$root"/scenarios/*/*.yaml "$root"/Tests/EngineTests/Wrong/*.yaml; do
    [ -f "$file" ] || continue
    number=$((number + 1))
    {
        printf 's'
        cat "$file"
        sed -n 's/^uses: \[\(.*\)\]$/\1/p' "$file" | tr ',' '\n' | tr -d ' ' | while read -r plugin; do
            [ -f "$(dirname "$file")/$plugin" ] || continue
            printf '\n=====\n'
            cat "$(dirname "$file")/$plugin"
        done
    } >"$work/corpus/scenario-$number"
    grep -o "=[a-z(][^'\"]*" "$file" | while read -r formula; do
        printf 'f%s' "${formula#=}" >"$work/corpus/formula-$number-$(printf '%s' "$formula" | cksum | cut -d' ' -f1)"
    done
done
# Plugins of the tests, each behind a scenario that uses it.
for file in "$root"/plugins/*.yaml; do
    number=$((number + 1))
    {
        printf 'sevsim: 1\nscenario: s\nuses: [p]\nrun: {for: 60s}\nnodes:\n  csms: {is: csms}\n  cab: {is: %s, csms: csms}\n' "$(basename "$file" .yaml)"
        printf 'steps:\n  - {attack: creep, against: cab.left, for: 5s}\n\n=====\n'
        cat "$file"
    } >"$work/corpus/scenario-$number"
done
cd "$work"
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0
exec ./scenario_fuzz -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 corpus
