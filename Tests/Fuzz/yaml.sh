#!/bin/sh
# Fuzzes the YAML reader: Tests/Fuzz/yaml.sh [SECONDS], from the repository root, with nothing but the Swift toolchain and libyaml.
# The corpus and a crashing input, if one is found, stay in .build/fuzz/yaml; the exit code is libFuzzer's (0: nothing found).
set -eu
seconds=${1:-60}
case $seconds in
'' | *[!0-9]*)
    echo "usage: $0 [SECONDS]" >&2
    exit 2
    ;;
esac
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${FUZZ_DIRECTORY:-$root/.build/fuzz/yaml}
mkdir -p "$work/corpus"

flags=$(pkg-config --cflags yaml-0.1 2>/dev/null || true)
links=$(pkg-config --libs yaml-0.1 2>/dev/null || echo -lyaml)
# shellcheck disable=SC2086
swiftc -g -O -sanitize=fuzzer,address -parse-as-library -module-name YAMLFuzz -swift-version 6 \
    -enable-upcoming-feature ExistentialAny -I "$root/Sources/CYAML" \
    $(for flag in $flags; do printf ' -Xcc %s' "$flag"; done) \
    "$root"/Sources/YAMLTree/*.swift "$root/Tests/Fuzz/yaml_fuzz.swift" \
    $links -o "$work/yaml_fuzz" 2>"$work/build.log" || {
    grep -v 'Cannot export local symbol' "$work/build.log" >&2
    exit 1
}

# The golden inputs are the seeds: each shows one error.
cp "$root"/Tests/YAMLTreeTests/Golden/*.yaml "$work/corpus/"
cd "$work"
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0
exec ./yaml_fuzz -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -dict="$root/Tests/Fuzz/yaml.dict" corpus
