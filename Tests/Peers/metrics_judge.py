"""Judges the scores of evsim beside scikit-learn, and beside prts, vus and TSB-AD where they are installed.

metrics_judge.py EVSIM: writes random rows with labels, lets 'evsim score --rows' count, and counts again with the packages.

The last three need a large environment of their own, so they are an opt-in: EVSIM_METRICS_PYTHON names a Python that has them
(pip install numpy==1.26.4 pandas scikit-learn scipy statsmodels tqdm arch hurst matplotlib setuptools prts, then
pip install --no-deps vus TSB-AD). Without it this says so, and the vectors that the unit tests read stand in for them.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

PEERS = """
import json, sys, warnings
warnings.filterwarnings('ignore')
import numpy as np
from prts import ts_precision, ts_recall
from vus.metrics import get_metrics
from TSB_AD.evaluation.affiliation.generics import convert_vector_to_events
from TSB_AD.evaluation.affiliation.metrics import pr_from_events
for line in sys.stdin:
    case = json.loads(line)
    labels, scores = np.array(case['labels']), np.array(case['scores'])
    predicted = (scores >= case['threshold']).astype(int)
    vus = get_metrics(scores, labels, metric='vus', slidingWindow=case['buffer'])
    near = pr_from_events(convert_vector_to_events(predicted), convert_vector_to_events(labels), (0, len(labels)))
    print(json.dumps({
        'range_precision': ts_precision(labels, predicted, alpha=0, cardinality='reciprocal', bias='flat'),
        'range_recall': ts_recall(labels, predicted, alpha=0, cardinality='reciprocal', bias='front'),
        'affiliation_precision': near['Affiliation_Precision'], 'affiliation_recall': near['Affiliation_Recall'],
        'vus_pr': vus['VUS_PR'], 'vus_roc': vus['VUS_ROC']}), flush=True)
"""

checks = failures = 0


def check(name, passed, detail=""):
    global checks, failures
    checks += 1
    if not passed:
        failures += 1
    print(f"{'ok' if passed else 'FAILED'}: {name}{'' if passed else f' ({detail})'}")


def close(name, ours, theirs, tolerance=1e-6):
    # evsim writes six decimals.
    check(name, abs((ours or 0) - (theirs or 0)) <= tolerance + 5e-7, f"{ours} against {theirs}")


def cases():
    """Rows that touch both ends, many and few windows, ties and constant scores; the same on every machine."""
    state = 12345

    def draw(limit):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % limit

    for number in range(12):
        count = 60 + draw(400)
        labels = [0] * count
        for _ in range(1 + draw(5)):
            start, length = draw(count), 1 + draw(30)
            for row in range(start, min(count, start + length)):
                labels[row] = 1
        if all(labels):
            labels[0] = 0
        step = (10, 100, 1000)[number % 3]
        scores = [(draw(step) + labels[row] * draw(step) // 2) / step for row in range(count)]
        yield {"labels": labels, "scores": scores, "threshold": 0.8, "buffer": (0, 4, 10, 20)[number % 4]}


def score(evsim, folder, case):
    path = pathlib.Path(folder) / "rows.csv"
    path.write_text("score,label\n" + "".join(f"{s!r},{y}\n" for s, y in zip(case["scores"], case["labels"])))
    command = [evsim, "score", "--rows", str(path), "--threshold", repr(case["threshold"]), "--buffer", str(case["buffer"]), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)["detectors"][0]["rows"]


def beside_scikit_learn(number, case, rows):
    from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

    predicted = [1 if value >= case["threshold"] else 0 for value in case["scores"]]
    precision, recall, f1, _ = precision_recall_fscore_support(case["labels"], predicted, average="binary", zero_division=0)
    close(f"case {number}: precision is scikit-learn's", rows["point"]["precision"], precision)
    close(f"case {number}: recall is scikit-learn's", rows["point"]["recall"], recall)
    close(f"case {number}: F1 is scikit-learn's", rows["point"]["f1"], f1)
    close(f"case {number}: the area under the ROC curve is scikit-learn's", rows["point"]["auc_roc"], roc_auc_score(case["labels"], case["scores"]))
    close(f"case {number}: the average precision is scikit-learn's", rows["point"]["auc_pr"], average_precision_score(case["labels"], case["scores"]))


def beside_the_rest(python, judged):
    text = "".join(json.dumps(case) + "\n" for case, _ in judged)
    result = subprocess.run([python, "-c", PEERS], input=text, capture_output=True, text=True)
    check("prts, vus and TSB-AD run", result.returncode == 0, result.stderr[-300:])
    for number, (line, (case, rows)) in enumerate(zip(result.stdout.splitlines(), judged)):
        theirs = json.loads(line)
        if any(value >= case["threshold"] for value in case["scores"]):
            close(f"case {number}: range precision is prts's", rows["range"]["precision"], theirs["range_precision"])
            close(f"case {number}: range recall is prts's", rows["range"]["recall"], theirs["range_recall"])
            close(f"case {number}: affiliation precision is TSB-AD's", rows["affiliation"]["precision"], theirs["affiliation_precision"])
            close(f"case {number}: affiliation recall is TSB-AD's", rows["affiliation"]["recall"], theirs["affiliation_recall"])
        close(f"case {number}: VUS-PR is vus's", rows["vus"]["pr"], theirs["vus_pr"])
        close(f"case {number}: VUS-ROC is vus's", rows["vus"]["roc"], theirs["vus_roc"])


def main():
    evsim = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        judged = [(case, score(evsim, folder, case)) for case in cases()]
    for number, (case, rows) in enumerate(judged):
        beside_scikit_learn(number, case, rows)
    python = os.environ.get("EVSIM_METRICS_PYTHON")
    if python:
        beside_the_rest(python, judged)
    else:
        print("SKIPPED: prts, vus and TSB-AD, which need an environment of 560 MB: EVSIM_METRICS_PYTHON names its Python. The unit tests read their vectors.")
    print(f"{checks - failures} passed, {failures} failed")
    sys.exit(1 if failures else 0)


main()
