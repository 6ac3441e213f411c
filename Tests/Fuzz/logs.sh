#!/bin/sh
# Fuzzes the readers of CAN logs: Tests/Fuzz/logs.sh [SECONDS], with nothing but the Swift toolchain and zlib.
# The corpus and a crashing input, if one is found, stay in .build/fuzz/logs; the exit code is libFuzzer's (0: nothing found).
set -eu
seconds=${1:-60}
case $seconds in
'' | *[!0-9]*)
    echo "usage: $0 [SECONDS]" >&2
    exit 2
    ;;
esac
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${FUZZ_DIRECTORY:-$root/.build/fuzz/logs}
mkdir -p "$work/corpus" "$work/modules"
common="-g -O -wmo -parse-as-library -swift-version 6 -enable-upcoming-feature ExistentialAny -I $root/Sources/CZlib -I $work/modules"

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
module CANLogs "$root"/Sources/CANLogs/*.swift
# shellcheck disable=SC2086
swiftc $common -sanitize=fuzzer,address -module-name LogFuzz "$root/Tests/Fuzz/log_fuzz.swift" "$work"/modules/*.o -lz \
    -o "$work/log_fuzz" 2>"$work/build.log" || {
    grep -v 'Cannot export local symbol' "$work/build.log" >&2
    exit 1
}
cp "$root"/Tests/CANLogsTests/Vectors/*.log "$root"/Tests/CANLogsTests/Vectors/*.asc "$root"/Tests/CANLogsTests/Vectors/*.blf \
    "$root"/Tests/CANLogsTests/Vectors/*.pcap "$work/corpus/"
cd "$work"
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0
exec ./log_fuzz -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 corpus
