#!/bin/bash
# Samples a second: evsim's detectors beside River and pandas, in turns in one job.
# usage: detectors.sh EVSIM_BENCH [PYTHON [TURNS]]; exit 1 when evsim is not faster than River by ten times or slower than pandas.
# PYTHON has the packages: python3 -m venv peer && peer/bin/pip install river==0.26.1 pandas==2.2.3
set -euo pipefail
bench=$1 python=${2:-python3} turns=${3:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for _ in $(seq "$turns"); do
    "$bench" detectors detectors-cross --json >>"$work/ours" || true
    "$python" - <<'END' >>"$work/theirs"
import json
import time

import numpy as np
import pandas as pd
from river import anomaly, drift, stats, utils

x = np.random.default_rng(1).uniform(0, 60, 1_000_000)
series = pd.Series(x)
timed = pd.Series(x, index=pd.date_range("2000-01-01", periods=len(x), freq="s"))


def rate(name, count, body):
    best = 0.0
    for _ in range(3):
        begin = time.process_time()
        body()
        best = max(best, count / (time.process_time() - begin))
    print(json.dumps({"name": name, "rate": best / 1e6}))


def feed(make, count, learn):
    values = x[:count].tolist()

    def body():
        model = make()
        for value in values:
            learn(model, value)

    return body


rate("pandas moving-variance", len(x), lambda: timed.rolling("10s").var(ddof=0))
rate("pandas moving-range", len(x), lambda: timed.rolling("10s").max() - timed.rolling("10s").min())
rate("pandas zscore.alpha", len(x), lambda: (series - series.ewm(alpha=0.05, adjust=False).mean()) / series.ewm(alpha=0.05, adjust=False).std())
rate("pandas hampel.200", 100_000, lambda: series[:100_000].rolling(200).median())
update = lambda model, value: model.update(value)
rate("river moving-variance", 50_000, feed(lambda: utils.Rolling(stats.Var, window_size=10), 50_000, update))
rate("river adwin", 200_000, feed(drift.ADWIN, 200_000, update))
rate("river page-hinkley", 200_000, feed(drift.PageHinkley, 200_000, update))
rate("river quantile", 100_000, feed(lambda: stats.Quantile(0.99), 100_000, update))


def score(model, value):
    model.score_one(None, value)
    model.learn_one(None, value)


def forest():
    features = [dict(enumerate(row)) for row in (x[:8_000].reshape(-1, 4) / 60).tolist()]
    model = anomaly.HalfSpaceTrees(n_trees=10, height=8, window_size=250, seed=1)

    def body():
        for row in features:
            model.score_one(row)
            model.learn_one(row)

    # The first point grows the trees.
    model.learn_one(features[0])
    return body


rate("river half-space-trees-10x8", 2_000, forest())
rate("river zscore.window", 20_000, feed(lambda: anomaly.GaussianScorer(50, 50), 20_000, score))
END
done
"$python" - "$work/ours" "$work/theirs" <<'END'
import json
import statistics
import sys

ours = [json.loads(line) for line in open(sys.argv[1])]
theirs = [json.loads(line) for line in open(sys.argv[2])]
fine = True
for name in dict.fromkeys(line["name"] for line in theirs):
    peer, kind = name.split(" ", 1)
    one = statistics.median(
        line["value"] for line in ours
        if line["name"] == "detectors." + kind and line["unit"].endswith("in rows") or line["name"] == "detectors-cross." + kind)
    two = statistics.median(line["rate"] for line in theirs if line["name"] == name)
    # These two are compiled code in River, as everything is in pandas.
    needed = 10 if peer == "river" and kind not in ("adwin", "quantile") else 1
    fine = fine and one >= needed * two
    print(f"{kind}: evsim {one:.1f} M samples/s, {peer} {two:.2f} M samples/s, {one / two:.1f} times as fast{'' if one >= needed * two else ', MISSED'}")
sys.exit(0 if fine else 1)
END
