#!/bin/sh
# Fuzzes the reader, lint, writer and codec of DBC files: Tests/Fuzz/dbc.sh [SECONDS], with nothing but the Swift toolchain.
# The corpus and a crashing input, if one is found, stay in .build/fuzz/dbc; the exit code is libFuzzer's (0: nothing found).
set -eu
seconds=${1:-60}
case $seconds in
'' | *[!0-9]*)
    echo "usage: $0 [SECONDS]" >&2
    exit 2
    ;;
esac
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${FUZZ_DIRECTORY:-$root/.build/fuzz/dbc}
mkdir -p "$work/corpus" "$work/modules"
common="-g -O -wmo -parse-as-library -swift-version 6 -enable-upcoming-feature ExistentialAny -I $work/modules"

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
# shellcheck disable=SC2086
swiftc $common -sanitize=fuzzer,address -module-name DatabaseFuzz "$root/Tests/Fuzz/dbc_fuzz.swift" "$work"/modules/*.o \
    -o "$work/dbc_fuzz" 2>"$work/build.log" || {
    grep -v 'Cannot export local symbol' "$work/build.log" >&2
    exit 1
}
number=0
for file in "$root"/scenarios/can/*.dbc "$root"/Tests/*/Vectors/*.dbc "$root"/Tests/EngineTests/Wrong/plugins/*.dbc; do
    [ -f "$file" ] || continue
    number=$((number + 1))
    cp "$file" "$work/corpus/file-$number"
    # Single messages are small: what the fuzzer changes in them means something.
    grep -A3 '^BO_' "$file" | head -c 400 >"$work/corpus/part-$number"
done
for word in BO_ SG_ BU_ VAL_ VAL_TABLE_ BA_DEF_ BA_DEF_DEF_ BA_ CM_ SIG_VALTYPE_ SG_MUL_VAL_ BO_TX_BU_ NS_ BS_ VERSION SIG_GROUP_ EV_ ENUM INT FLOAT m0M GenMsgCycleTime; do
    echo "\"$word\""
done >"$work/dbc.dict"
cd "$work"
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0
exec ./dbc_fuzz -max_total_time="$seconds" -max_len=2048 -timeout=10 -rss_limit_mb=2048 -dict=dbc.dict -print_final_stats=1 corpus
