#!/usr/bin/env bash
# A day of the reference cycle with everything recorded, beside another program that simulates the same cycle.
#
#   Tests/Benchmarks/reference-day.sh                          evsim alone
#   Tests/Benchmarks/reference-day.sh COMMAND [ARGUMENT]...    and a program that prints one JSON line with "sim_per_wall"
#
# Prints simulated seconds per wall second, from start to exit, for three turns of each, and the ratio of each turn.
set -euo pipefail
cd "$(dirname "$0")/../.."
evsim=${EVSIM:-.build/release/evsim}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -e 's/for: 64s/for: 24h/' -e '/count(ocpp/d' -e '/first(repeated)/d' scenarios/reference/repeated-current-fluctuation.yaml > "$work/day.yaml"
echo 'record: [frames, messages, signals, labels]' >> "$work/day.yaml"

for turn in 1 2 3; do
  start=$(date +%s%N)
  "$evsim" run "$work/day.yaml" --output "$work/run-$turn" --no-plots > "$work/log"
  end=$(date +%s%N)
  own=$((86400 * 1000000000 / (end - start)))
  line="evsim $own simulated s/s"
  if [ $# -gt 0 ]; then
    other=$("$@" | sed -n 's/.*"sim_per_wall": *\([0-9]*\).*/\1/p')
    line="$line; the other $other; ratio $((own / other))"
  fi
  echo "$line"
  du -sh "$work/run-$turn" | cut -f1 | sed 's/^/  written: /'
  rm -rf "$work/run-$turn"
done
