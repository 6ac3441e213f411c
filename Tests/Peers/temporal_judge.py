#!/usr/bin/env python3
"""temporal_judge.py EVSIM-BENCH [SEED]: temporal logic beside RTAMT, shapes beside a direct search, forests beside River.

Random formulas over random traces: the robustness at every sample must be that of RTAMT's offline monitor, and the early monitor must report a violation
neither before it is certain nor later than the horizon; for formulas that it can judge at once it must report it at the first sample at which it is certain.
"""
import contextlib
import io
import math
import random
import subprocess
import sys

import numpy as np

with contextlib.redirect_stdout(io.StringIO()):
    import rtamt
    from river import anomaly

bench = sys.argv[1]
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261121
rng = random.Random(seed)
passed = failed = 0


def check(condition, text):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
        print(f"FAILED (seed {seed}): {text}")


# MARK: formulas. A tree is a tuple with the operator first; bounds are a pair, or None for no end.

NAMES = ["x", "y", "z"]
COMPARISONS = ["<=", ">=", "<", ">", "==", "!="]


def atom():
    return ("atom", rng.choice(NAMES), rng.choice(COMPARISONS), rng.randint(-3, 3))


def bounds():
    low = rng.choice([0, 0, 0, 1, 2])
    return (low, low + rng.randint(0, 4))


def formula(depth, future=True):
    if depth == 0 or rng.random() < 0.15:
        return atom()
    kind = rng.choice(["not", "and", "or", "implies", "always", "eventually", "historically", "once", "until", "since", "prev", "rise", "fall"])
    a = formula(depth - 1)
    if kind in ("not", "prev", "rise", "fall"):
        return (kind, a)
    b = formula(depth - 1)
    if kind in ("and", "or", "implies"):
        return (kind, a, b)
    if kind in ("historically", "once") and rng.random() < 0.2:
        return (kind, None, a)
    if kind in ("until", "since"):
        return (kind, bounds(), a, b)
    return (kind, bounds(), a)


def text(f, rtamt_spelling):
    kind = f[0]
    if kind == "atom":
        sign = {"!=": "!=="}.get(f[2], f[2]) if rtamt_spelling else f[2]
        return f"({f[1]} {sign} {f[3]})"
    interval = ""
    if len(f) > 2 and isinstance(f[1], tuple) and len(f[1]) == 2 and isinstance(f[1][0], int):
        interval = f"[{f[1][0]}:{f[1][1]}]" if rtamt_spelling else f"[{f[1][0]}s, {f[1][1]}s]"
    if kind in ("and", "or", "implies"):
        return f"({text(f[1], rtamt_spelling)} {kind} {text(f[2], rtamt_spelling)})"
    if kind in ("until", "since"):
        return f"({text(f[2], rtamt_spelling)} {kind}{interval} {text(f[3], rtamt_spelling)})"
    if kind in ("not", "prev", "rise", "fall"):
        return f"({kind}({text(f[1], rtamt_spelling)}))"
    return f"({kind}{interval}({text(f[2], rtamt_spelling)}))"


def parts(f):
    return [p for p in f[1:] if isinstance(p, tuple) and isinstance(p[0], str)]


def horizon(f):
    inner = max((horizon(p) for p in parts(f)), default=0)
    return inner + (f[1][1] if f[0] in ("always", "eventually", "until") else 0)


# MARK: what can still become of a formula at a sample, when nothing is known after `now`

def possible(f, t, now, trace, memo):
    """The interval of truth values, as (can be false, can be true); beyond the known samples everything can be."""
    key = (id(f), t)
    if key in memo:
        return memo[key]
    memo[key] = result = compute(f, t, now, trace, memo)
    return result


def compute(f, t, now, trace, memo):
    kind = f[0]
    p = lambda g, s: possible(g, s, now, trace, memo)
    if kind == "atom":
        if t > now:
            return (True, True)
        x, c = trace[f[1]][t], f[3]
        holds = {"<=": x <= c, ">=": x >= c, "<": x < c, ">": x > c, "==": x == c, "!=": x != c}[f[2]]
        return (not holds, holds)
    both = lambda items: (any(i[0] for i in items), all(i[1] for i in items))
    either = lambda items: (all(i[0] for i in items), any(i[1] for i in items))
    negated = lambda i: (i[1], i[0])
    true, false = (False, True), (True, False)
    if kind == "not":
        return negated(p(f[1], t))
    if kind == "and":
        return both([p(f[1], t), p(f[2], t)])
    if kind == "or":
        return either([p(f[1], t), p(f[2], t)])
    if kind == "implies":
        return either([negated(p(f[1], t)), p(f[2], t)])
    if kind == "prev":
        return p(f[1], t - 1) if t > 0 else true
    if kind == "rise":
        return both([negated(p(f[1], t - 1)) if t > 0 else true, p(f[1], t)])
    if kind == "fall":
        return both([p(f[1], t - 1) if t > 0 else true, negated(p(f[1], t))])
    low, high = f[1] if f[1] else (0, t)
    if kind == "always":
        return both([p(f[2], s) for s in range(t + low, t + high + 1)])
    if kind == "eventually":
        return either([p(f[2], s) for s in range(t + low, t + high + 1)])
    if kind == "historically":
        return both([p(f[2], s) for s in range(max(0, t - high), t - low + 1)])
    if kind == "once":
        return either([p(f[2], s) for s in range(max(0, t - high), t - low + 1)])
    if kind == "until":
        return either([both([p(f[3], s)] + [p(f[2], u) for u in range(t, s)]) for s in range(t + low, t + high + 1)])
    return either([both([p(f[3], s)] + [p(f[2], u) for u in range(s + 1, t + 1)]) for s in range(max(0, t - high), t - low + 1)])


# MARK: the cases

COUNT = 36
cases = []
lines = ["names " + " ".join(NAMES)]


def add(f, at_once):
    trace = {}
    for name in NAMES:
        level, values = rng.randint(-3, 3), []
        for _ in range(COUNT):
            if rng.random() < 0.4:
                level = rng.randint(-4, 4)
            values.append(level)
        trace[name] = values
    cases.append((f, trace, at_once))
    lines.append("formula " + text(f, False))
    for t in range(COUNT):
        lines.append(f"sample {t} " + " ".join(str(trace[n][t]) for n in NAMES))
    lines.append(f"end {COUNT}")


for _ in range(400):
    add(formula(rng.randint(1, 3)), False)
x, y, z = ("atom", "x", "<=", 0), ("atom", "y", ">", 1), ("atom", "z", "!=", 2)
for f in [
    x, ("always", (0, 4), x), ("always", (2, 5), x), ("implies", x, ("eventually", (0, 3), y)), ("implies", x, ("always", (0, 3), y)),
    ("implies", x, ("always", (1, 4), ("or", y, z))), ("and", ("eventually", (0, 5), y), z), ("always", (0, 3), ("implies", x, ("eventually", (0, 2), y))),
    ("implies", ("once", (0, 2), x), ("and", ("always", (0, 2), y), ("eventually", (0, 4), z))), ("not", ("eventually", (0, 4), ("and", x, y))),
    ("since", (1, 4), x, y), ("implies", ("rise", x), ("always", (0, 3), ("not", y))),
]:
    for _ in range(6):
        add(f, True)

output = subprocess.run([bench, "temporal-check"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout.splitlines()
check(len(output) == 2 * len(cases), f"{len(output)} lines for {len(cases)} cases: {output[-1:]}")


def by_rtamt(f, trace):
    spec = rtamt.StlDiscreteTimeSpecification()
    for name in NAMES:
        spec.declare_var(name, "float")
    spec.spec = text(f, True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        spec.parse()
        return [r for _, r in spec.evaluate({"time": list(range(COUNT)), **{n: [float(v) for v in trace[n]] for n in NAMES}})]


for (f, trace, at_once), first, second in zip(cases, output[0::2], output[1::2]):
    shown = text(f, False)
    if not first.startswith("exact "):
        check(False, f"{shown}: {first}")
        continue
    found = [float(v) for v in first.split()[1:]]
    expected = by_rtamt(f, trace)
    check(all(a == b or abs(a - b) <= 1e-8 for a, b in zip(found, expected)) and len(found) == len(expected), f"{shown}\n  {found}\n  {expected}\n  {trace}")
    early = [float(v) for v in second.split()[1:]]
    violated = [math.copysign(1, v) < 0 for v in early]
    certain = []
    for now in range(COUNT):
        memo = {}
        certain.append((certain[-1] if certain else False) or any(not possible(f, t, now, trace, memo)[1] for t in range(now + 1)))
    told = next((n for n in range(COUNT) if violated[n]), COUNT)
    known = next((n for n in range(COUNT) if certain[n]), COUNT)
    check(told >= known, f"{shown}: told at {told}, certain at {known}\n  {trace}")
    if at_once:
        check(told == known, f"{shown}: told at {told}, certain since {known}\n  {trace}")
    else:
        check(told == COUNT or told <= known + horizon(f), f"{shown}: told at {told}, certain since {known}\n  {trace}")
        check(known + horizon(f) >= COUNT or told < COUNT, f"{shown}: never told, certain since {known}")

# MARK: shapes

profiles, lines = [], []
for case in range(6):
    m = rng.choice([8, 16, 25])
    n = rng.randint(120, 240)
    noise = np.random.default_rng(seed + case)
    values = np.round(np.sin(np.arange(n) * 2 * np.pi / rng.randint(12, 40)) * 20 + noise.normal(0, 1, n) + (1e4 if case % 2 else 0), 3)
    if case % 3 == 0:
        values[60 : 60 + 2 * m] = values[60]
    profiles.append((m, values))
    lines.append(f"profile {m} {4 * n} " + " ".join(str(v) for v in values))
output = subprocess.run([bench, "shape-check"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True).stdout.splitlines()
for (m, values), line in zip(profiles, output):
    found = [float(v) for v in line.split()]
    pieces = np.array([values[i : i + m] - values[i : i + m].mean() for i in range(len(values) - m + 1)])
    flat = np.array([np.ptp(values[i : i + m]) == 0 for i in range(len(pieces))])
    pieces = np.where(flat[:, None], 0, pieces / np.where(flat, 1, pieces.std(axis=1))[:, None])
    for start in range(len(pieces)):
        ours = found[start + m - 1]
        end = start - math.ceil(m / 4)
        if end <= 0:
            check(math.isnan(ours), f"profile of {m} at {start}: {ours} instead of none")
            continue
        # A flat piece is at the distance 0 of a flat one, and at the root of m of any other.
        distances = np.sqrt(((pieces[:end] - pieces[start]) ** 2).sum(axis=1))
        check(abs(ours - distances.min()) <= 1e-5, f"profile of {m} at {start}: {ours} instead of {distances.min()}")

# MARK: forests

areas = {"evsim": [], "river": []}
for case in range(5):
    noise = np.random.default_rng(seed + 100 + case)
    points = np.clip(noise.normal([0.3, 0.6, 0.5], 0.05, (1200, 3)), 0, 1)
    bad = sorted(noise.choice(np.arange(300, 1200), 15, replace=False))
    points[bad] = noise.uniform(0, 1, (15, 3))
    line = f"forest 25 8 250 {case} 3 " + " ".join(f"{v:.6f}" for v in points.ravel())
    answer = subprocess.run([bench, "shape-check"], input=line + "\n", capture_output=True, text=True, check=True).stdout.split()
    model = anomaly.HalfSpaceTrees(n_trees=25, height=8, window_size=250, limits={i: (0, 1) for i in range(3)}, seed=case)
    theirs = []
    for p in points:
        features = dict(enumerate(p))
        theirs.append(model.score_one(features))
        model.learn_one(features)
    for name, scores in (("evsim", [float(v) for v in answer]), ("river", theirs)):
        good = [scores[i] for i in range(250, 1200) if i not in bad]
        areas[name].append(np.mean([[(scores[b] > g) + 0.5 * (scores[b] == g) for g in good] for b in bad]))
check(np.median(areas["evsim"]) >= np.median(areas["river"]) - 0.02, f"forests: {areas}")

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
