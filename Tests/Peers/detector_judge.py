#!/usr/bin/env python3
"""Compares detectors over one signal with River, pandas, SciPy and statsmodels on fresh random data.

usage: detector_judge.py EVSIM_BENCH [SEED]. Prints what fails, and `N passed, N failed` at the end. The formulas here are those of the libraries; where
none has the detector (cusum, histogram rarity, markov), they are written out with NumPy.
"""
import json
import math
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import scipy.stats
import statsmodels.tsa.stattools
from river import drift, stats

SEED = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1_000_000
RANDOM = np.random.default_rng(SEED)
passed = failed = 0
cases = []


def case(name, kind, settings, x, judge, t=None):
    """A stream for a detector; judge(score, statistic) says what is wrong, or nothing."""
    line = {"kind": kind, "settings": settings, "x": [None if math.isnan(v) else v for v in np.asarray(x, float).tolist()]}
    if t is not None:
        line["t"] = np.asarray(t, float).tolist()
    cases.append((name, line, judge))


def close(found, wanted, relative=1e-9, absolute=1e-9):
    """The first row in which two series differ; nothing if all is well."""
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    for row, (a, b) in enumerate(zip(found, wanted)):
        if math.isnan(a) != math.isnan(b) or abs(a - b) > max(absolute, relative * max(abs(a), abs(b))):
            return f"row {row}: {a}, not {b}"
    return None if len(found) == len(wanted) else "another length"


def rows(score):
    return [row for row, value in enumerate(score) if value is not None and value >= 1]


def array(values):
    return np.array([math.nan if value is None else value for value in values])


def signal(count):
    """A current that wanders, steps and has outliers."""
    x = 16 + np.cumsum(RANDOM.normal(0, 0.05, count)) + RANDOM.normal(0, 0.4, count)
    for _ in range(4):
        x[RANDOM.integers(count):] += RANDOM.normal(0, 3)
    x[RANDOM.random(count) < 0.01] += RANDOM.choice([-9, 9])
    return np.round(x, int(RANDOM.integers(1, 5)))


def windows():
    t = np.cumsum(RANDOM.choice([0.25, 0.5, 1.0, 1.5, 12.0], 600, p=[0.3, 0.3, 0.2, 0.19, 0.01]))
    x = signal(600)
    series = pd.Series(x, index=pd.to_datetime(t, unit="s")).rolling("10s", min_periods=2)
    case("moving-range in time", "moving-range", {"above": 3}, x, lambda _, s: close(array(s), (series.max() - series.min()).values), t)
    case("moving-variance in time", "moving-variance", {"above": 3}, x, lambda _, s: close(array(s), series.var(ddof=0).values, 1e-9, 1e-10), t)
    case("moving-std in time", "moving-std", {"above": 3, "ddof": 1}, x, lambda _, s: close(array(s), series.std(ddof=1).values, 1e-9, 1e-6), t)
    counted = pd.Series(x).rolling(25, min_periods=2)
    case("moving-variance of 25", "moving-variance", {"above": 3, "samples": 25}, x, lambda _, s: close(array(s), counted.var(ddof=0).values, 1e-9, 1e-10))


def zscores():
    x = signal(800)
    before = pd.Series(x).shift(1)

    def judged(mean, sd, needed):
        z = ((pd.Series(x) - mean) / sd).abs().to_numpy(copy=True)
        z[:needed] = math.nan
        return lambda score, s: close(array(s), z, 1e-7, 1e-7) or (None if rows(score) == [i for i, v in enumerate(z) if v > 3] else "other alarms")

    window = before.rolling(50)
    case("zscore of 50", "zscore", {"samples": 50, "min_samples": 50}, x, judged(window.mean(), window.std(), 50))
    all_before = before.expanding()
    case("zscore of all", "zscore", {}, x, judged(all_before.mean(), all_before.std(), 30))
    weighted = pd.Series(x).ewm(alpha=0.05, adjust=False)
    case("zscore weighted", "zscore", {"alpha": 0.05}, x, judged(weighted.mean().shift(1), weighted.var(bias=True).shift(1) ** 0.5, 30))


def robust():
    x = signal(700)
    window = int(RANDOM.integers(21, 120))
    centre, spread = [], []
    for row in range(len(x)):
        past = x[max(0, row - window):row]
        centre.append(np.median(past) if row >= 20 else math.nan)
        spread.append(scipy.stats.median_abs_deviation(past, scale=1) if row >= 20 else math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = np.abs(x - centre) / (1.4826 * np.array(spread))
    # A spread of 0 makes an infinite distance, which has no number in JSON; 0 / 0 is 0.
    wanted = np.where(np.isinf(wanted), math.nan, np.where(np.isnan(wanted) & (np.array(spread) == 0), 0, wanted))
    case(f"hampel of {window}", "hampel", {"samples": window, "min_samples": 20}, x, lambda _, s: close(array(s), wanted, 1e-9, 1e-9))

    past = pd.Series(x).shift(1).rolling(60)
    low, high = past.quantile(0.25).values, past.quantile(0.75).values
    wanted_fence = np.where(np.maximum(x - high, low - x) > 0, np.maximum(x - high, low - x) / (high - low), 0.0)
    wanted_fence[:60] = math.nan
    case("iqr of 60", "iqr", {"samples": 60, "min_samples": 60}, x, lambda _, s: close(array(s), wanted_fence))

    quantiles = [stats.Quantile(0.25), stats.Quantile(0.75)]
    found = []
    for row, value in enumerate(x):
        if row >= 20:
            q1, q3 = (q.get() for q in quantiles)
            outside = max(value - q3, q1 - value)
            found.append(outside / (q3 - q1) if outside > 0 else 0.0)
        else:
            found.append(math.nan)
        for q in quantiles:
            q.update(value)
    case("iqr by P-square", "iqr", {}, x, lambda _, s: close(array(s), found))


def charts():
    x = RANDOM.normal(230, 1.5, 600)
    x[300:] += 1.5
    lam = float(RANDOM.uniform(0.05, 1))
    z = pd.Series(np.concatenate([[230.0], x])).ewm(alpha=lam, adjust=False).mean().values[1:]
    limit = 3 * 1.5 * np.sqrt(lam / (2 - lam) * (1 - (1 - lam) ** (2 * np.arange(1, 601))))
    wanted = [row for row in range(600) if abs(z[row] - 230) > limit[row]]
    case("ewma-chart", "ewma-chart", {"mean": 230, "sigma": 1.5, "lambda": lam}, x,
         lambda score, s: close(array(s), np.abs(z - 230), 1e-9, 1e-9) or (None if rows(score) == wanted else "other alarms"))

    learnt, sd = x[:100].mean(), x[:100].std(ddof=1)
    up = down = 0.0
    sums = [math.nan] * 100
    for value in x[100:]:
        up = min(max(0.0, up + (value - learnt) / sd - 0.5), 10)
        down = min(max(0.0, down - (value - learnt) / sd - 0.5), 10)
        sums.append(max(up, down))
    case("cusum with a learnt reference", "cusum", {}, x, lambda _, s: close(array(s), sums, 1e-8, 1e-8))


def changes():
    x = signal(1500)
    reference = drift.PageHinkley(min_instances=30, delta=0.05, threshold=15, alpha=0.999, mode="both")
    wanted = []
    for row, value in enumerate(x):
        reference.update(value)
        if reference.drift_detected:
            wanted.append(row)
    settings = {"above": 15, "delta": 0.05, "alpha": 0.999}
    case("page-hinkley", "page-hinkley", settings, x, lambda score, _: None if rows(score) == wanted else f"alarms {rows(score)}, not {wanted}")
    for clock, delta in ((32, 0.002), (1, 0.05), (8, 0.3)):
        window = drift.ADWIN(delta=delta, clock=clock)
        cuts = []
        for row, value in enumerate(x):
            window.update(value)
            if window.drift_detected:
                cuts.append(row)
        case(f"adwin, delta {delta}", "adwin", {"delta": delta, "clock": clock}, x,
             lambda score, _, cuts=cuts: None if rows(score) == cuts else f"alarms {rows(score)}, not {cuts}")


def tail():
    for name, x in (("normal", RANDOM.normal(0, 1, 4000)), ("exponential", RANDOM.exponential(1, 4000))):
        x = np.round(x, 6)
        start = np.sort(x[:3000])[int(0.98 * 3000)]
        peaks = x[:3000][x[:3000] > start] - start
        # The greatest likelihood over the shape, by SciPy; shapes below -0.5 are left out as in the detector.
        fits = [scipy.stats.genpareto.fit(peaks, c0, floc=0) for c0 in (-0.3, -0.1, 0.1, 0.3)]
        shape, _, scale = min((fit for fit in fits if fit[0] >= -0.5), default=(0, 0, peaks.mean()),
                              key=lambda fit: -scipy.stats.genpareto.logpdf(peaks, *fit).sum())
        threshold = start + scale / shape * ((1e-3 * 3000 / len(peaks)) ** -shape - 1)
        inside = shape > -0.45

        def judge(score, _, x=x, start=start, threshold=threshold, inside=inside):
            for row in range(3000, 4000):
                if x[row] > start:
                    # score = (v - start) / (threshold - start), as the first peak finds the first fit.
                    found = start + (x[row] - start) / score[row]
                    return None if not inside or abs(found - threshold) < 0.02 * abs(threshold) else f"threshold {found}, not {threshold}"
            return "no peak"

        case(f"spot, {name}", "spot", {"init": 3000, "risk": 1e-3}, x, judge)


def periods():
    n, period = 64, int(RANDOM.integers(5, 16))
    t = np.arange(n * 3)
    x = 16 + 8 * np.sin(2 * math.pi * t / period + RANDOM.uniform(0, 6)) + RANDOM.normal(0, 2, len(t))
    frequencies = [0.125, 0.25, float(RANDOM.uniform(0.05, 0.4))]
    wanted, shares = [math.nan] * len(t), [math.nan] * len(t)
    for end in range(n, len(t) + 1, n // 4):
        block = x[end - n:end] - x[end - n:end].mean()
        amplitudes = [2 * abs(np.sum(block * np.exp(-2j * math.pi * f * np.arange(n)))) / n for f in frequencies]
        parts = [a * a / 2 / block.var() for a in amplitudes]
        scores = [min(a / 4, part / 0.5) for a, part in zip(amplitudes, parts)]
        wanted[end - 1] = amplitudes[int(np.argmax(scores))]
        shares[end - 1] = max(scores)
    settings = {"frequencies": frequencies, "block": n, "above": 4}
    case("goertzel", "goertzel", settings, x, lambda score, s: close(array(s), wanted) or close(array(score), shares))

    wanted_r = [math.nan] * len(t)
    for end in range(n, len(t) + 1, n // 4):
        wanted_r[end - 1] = statsmodels.tsa.stattools.acf(x[end - n:end], nlags=30, adjusted=False, fft=False)[2:].max()
    case("autocorrelation", "autocorrelation", {"block": n, "longest": 30}, x, lambda _, s: close(array(s), wanted_r))


def rarity():
    x = signal(1500)
    low, high, bins, forget = float(x.min()), float(x.max()), 100, 400
    h = np.full(bins, 1 / bins)
    kernel = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    kernel /= kernel.sum()
    wanted, touched = [], np.zeros(bins, bool)
    for n, value in enumerate(x):
        b = min(max(int((value - low) / (high - low + 1e-12) * bins), 0), bins - 1)
        # Cells that differ by rounding only may be decided either way; where one is near, the row is not compared. Cells that no sample has reached
        # have the same history and must tie.
        share, near = h[h <= h[b]].sum(), np.abs(h / h[b] - 1)
        open_question = ((near < 1e-9) & touched & (np.arange(bins) != b)).any()
        wanted.append(math.nan if n <= 50 else None if open_question else -math.log10(max(1e-12, share)))
        a = max(1 / forget, 1 / (n + 2))
        h *= 1 - a
        for j in range(-3, 4):
            h[min(max(b + j, 0), bins - 1)] += a * kernel[j + 3]
            touched[min(max(b + j, 0), bins - 1)] = True

    def judge(_, s):
        known = [row for row, value in enumerate(wanted) if value is not None]
        if len(known) < 1000:
            return "hardly a row without ties"
        return close(array(s)[known], np.array([wanted[row] for row in known]), 0, 1e-6)

    case("histogram-rarity", "histogram-rarity", {"from": low, "to": high, "forget": forget}, x, judge)

    steps = RANDOM.integers(0, 5, 600)
    steps[RANDOM.random(600) < 0.6] = 2
    counts, found, previous = np.zeros((5, 5)), [math.nan], int(steps[0])
    for n, state in enumerate(steps[1:]):
        share = (counts[previous, state] + 0.5) / (counts[previous].sum() + 2.5)
        found.append(-math.log10(share) if n >= 100 else math.nan)
        counts[previous, state] += 1
        previous = int(state)
    case("markov", "markov", {"states": 5}, steps, lambda _, s: close(array(s), found))


def main():
    global passed, failed
    for _ in range(8):
        for part in (windows, zscores, robust, charts, changes, periods, rarity):
            part()
    for _ in range(2):
        tail()
    lines = "\n".join(json.dumps(line) for _, line, _ in cases) + "\n"
    result = subprocess.run([sys.argv[1], "detector-check"], input=lines, capture_output=True, text=True)
    answers = result.stdout.splitlines()
    if result.returncode != 0 or len(answers) != len(cases):
        print(f"FAILED: {len(answers)} answers to {len(cases)} streams, exit {result.returncode}")
        print("0 passed, 1 failed")
        return 1
    for (name, _, judge), text in zip(cases, answers):
        answer = json.loads(text)
        problem = answer.get("error") or judge(answer["score"], answer["statistic"])
        if problem:
            failed += 1
            print(f"FAILED: {name} (seed {SEED}): {problem}")
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed (seed {SEED})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
