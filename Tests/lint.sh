#!/usr/bin/env bash
# House rules that a machine can check. Exit 1 when one is broken.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
broken() { echo "lint: $1"; failed=1; }
if command -v swift-format >/dev/null; then
    swift-format lint -s -r Sources Tests Package.swift || broken "swift-format has findings; 'make format' puts most right"
else
    echo "SKIPPED (loud): swift-format is not in this toolchain"
fi
grep -rnE '^ *(public |package )?import Foundation' Sources --include='*.swift' && broken "Foundation is imported by a shipped target"
find Sources -name '*.swift' -exec wc -l {} + | awk '$2 != "total" && $1 > 500 {print $2": "$1" lines"; bad=1} END {exit bad}' || broken "a file over 500 lines"
grep -rnE '"/(work|root|home)/' Sources Tests scenarios Makefile .ci --include='*' -I 2>/dev/null | grep -v 'Tests/lint.sh' && broken "a path of some machine"
grep -rnwE 'fatalError|try!' Sources --include='*.swift' && broken "a crash on purpose"
for file in scenarios/*/*.yaml; do grep -q '^expect:' "$file" || broken "$file expects nothing"; done
[ $failed -eq 0 ] && echo "lint: all is well"
exit $failed
