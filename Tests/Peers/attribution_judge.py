#!/usr/bin/env python3
"""Holds the tables of docs/anomalies.md to what its scenarios do.

attribution_judge.py EVSIM [write]: runs the scenarios of both tables and looks into their reports.

Each anomaly needs a scenario that passes and has a label, a kind of detector that an expectation wants to find it and that does, and one that an
expectation wants silent and that is. In each benign look-alike nothing fires at all, and a preset is among what stays silent. The last columns of
the tables are made from the reports; 'write' writes them anew.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "anomalies.md"
# Kinds that say nothing by themselves: a formula of the scenario, or what joins other detectors.
FORMULAS = {"rule", "any-of", "all-of", "in-order", "k-of-n", "weighted", "none-of"}
PRESETS = {"ocpp-ids", "meter-fraud", "can-ids"}
LINK = re.compile(r"\(\.\./(scenarios/[\w/.-]+\.yaml)\)")

failures = []


def rows(text, name):
    """The lines of a table between its two comments, with their numbers."""
    lines = text.split("\n")
    try:
        begin, end = lines.index(f"<!-- {name} -->"), lines.index(f"<!-- end of {name} -->")
    except ValueError:
        sys.exit(f"{PAGE.name} has no table '{name}'")
    for number in range(begin + 3, end):
        yield number, [cell.strip() for cell in lines[number].strip("|").split("|")]


def is_named(report, function, name):
    pattern = re.compile(rf"\b(?:{function})\({re.escape(name)}[,)]")
    return any(entry["ok"] and pattern.search(entry["that"]) for entry in report["expect"])


def found(report):
    """Kinds that an expectation wants to find something, and that do."""
    for detector in report["detectors"]:
        if detector["alarms"] > 0 and (detector["recall"] or 0) > 0 and is_named(report, "recall|f1", detector["name"]):
            yield detector["kind"]


def silent(report):
    """Kinds of which an expectation counts the alarms, and there are none although they had something to look at."""
    blind = {word for warning in report["warnings"] if warning["code"] == "W0724" for word in re.findall(r"'([^']*)'", warning["message"])}
    for detector in report["detectors"]:
        if detector["alarms"] == 0 and detector["name"] not in blind and is_named(report, "count|first", detector["name"]):
            yield detector["kind"]


def listed(kinds):
    """Kinds in the order in which they came, formulas at the end."""
    unique = list(dict.fromkeys(kinds))
    return ", ".join(f"`{kind}`" for kind in [k for k in unique if k not in FORMULAS] + [k for k in unique if k in FORMULAS])


def anomaly(name, reports):
    if not reports:
        failures.append(f"{name}: no scenario")
        return ["", ""]
    for report in reports:
        if report["verdict"] != "pass":
            failures.append(f"{name}: {report['scenario']} does not meet what it expects")
        failures.extend(f"{name}: {warning['message']} in {report['scenario']}" for warning in report["warnings"] if warning["code"] == "W0724")
        if not report["labels"]:
            failures.append(f"{name}: {report['scenario']} has no label")
    fire = [kind for report in reports for kind in found(report)]
    # A kind that finds the anomaly and is silent at a benign twin is one that fires.
    quiet = [kind for report in reports for kind in silent(report) if kind not in fire]
    if not set(fire) - FORMULAS:
        failures.append(f"{name}: no kind of detector must fire")
    if not set(quiet) - FORMULAS:
        failures.append(f"{name}: no kind of detector must stay silent")
    return [listed(fire), listed(quiet)]


def benign(name, reports):
    if len(reports) != 1:
        failures.append(f"{name}: not one scenario")
        return [""]
    report = reports[0]
    if report["verdict"] != "pass":
        failures.append(f"{name}: {report['scenario']} does not meet what it expects")
    if report["labels"]:
        failures.append(f"{name}: {report['scenario']} has a label")
    for detector in report["detectors"]:
        if detector["alarms"]:
            failures.append(f"{name}: {detector['name']} fires in {report['scenario']}")
        elif not is_named(report, "count", detector["name"]):
            failures.append(f"{name}: no expectation of {report['scenario']} names {detector['name']}")
    quiet = list(silent(report))
    if not PRESETS & set(quiet):
        failures.append(f"{name}: no preset in {report['scenario']}")
    return [listed(quiet)]


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["write"]):
        sys.exit(__doc__)
    text = PAGE.read_text()
    tables = {"attribution": (anomaly, 2), "look-alikes": (benign, 3)}
    names = sorted({path for table in tables for _, cells in rows(text, table) for path in LINK.findall(" ".join(cells))})
    shown = [path for table in ["look-alikes"] for _, cells in rows(text, table) for path in LINK.findall(" ".join(cells))]
    for path in sorted((ROOT / "scenarios" / "benign").glob("*.yaml")):
        if f"scenarios/benign/{path.name}" not in shown:
            failures.append(f"{path.name} is not among the benign look-alikes")
    for path in [path for path in names if not (ROOT / path).exists()]:
        failures.append(f"{path} is not there")
        names.remove(path)
    reports = {}
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([sys.argv[1], "run", *names, "-o", folder, "--no-plots", "--quiet"], cwd=ROOT, capture_output=True, text=True)
        if run.returncode not in (0, 1):
            sys.exit(run.stderr)
        for path in names:
            report = pathlib.Path(folder) / f"{pathlib.Path(path).stem}-1" / "report.json"
            if report.exists():
                reports[path] = json.loads(report.read_text())
            else:
                failures.append(f"{path} has no report")
    lines = text.split("\n")
    count = 0
    for table, (judge, kept) in tables.items():
        for number, cells in rows(text, table):
            count += 1
            paths = LINK.findall(" ".join(cells[:kept]))
            made = judge(cells[0], [reports[path] for path in paths if path in reports])
            line = "| " + " | ".join(cells[:kept] + made) + " |"
            if lines[number] != line:
                if sys.argv[2:]:
                    lines[number] = line
                else:
                    failures.append(f"{cells[0]}: its row says otherwise than its scenarios; '{sys.argv[0]} EVSIM write' writes it anew")
    if sys.argv[2:]:
        PAGE.write_text("\n".join(lines))
    for failure in failures:
        print(f"FAILED: {failure}")
    print(f"{max(count - len(failures), 0)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
