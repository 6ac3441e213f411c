"""The reference scenario beside the clock of the machine: the same report as in virtual time, timing aside."""
import bisect
import re
from pathlib import Path

from ocpp_peer import Live, check, equal

FILE = Path(__file__).resolve().parents[2] / "scenarios/reference/repeated-current-fluctuation.yaml"
# What messages and their answers may take on loopback of a busy machine, in s.
SLACK = 0.4
# States that are shorter are only there because answers take time.
BRIEF = 0.25


def shortened():
    """The first 20 s, with what it records."""
    text = re.sub(r"run: \{for: 64s, seed: 1\}", "run: {for: 20s, seed: 1}", FILE.read_text(encoding="utf-8"))
    text = text.replace("=count(ocpp.RemoteStartTransaction) == 8", "=count(ocpp.RemoteStartTransaction) == 3")
    text = re.sub(r"plots:\n(  .*\n)+", "", text)
    # Detectors see the readings of each half second; live, a message that is late by 1 ms moves nothing of that.
    return text + "record: [signals, messages, frames]\n"


def table(run):
    """Values of each signal by time."""
    values = {}
    for time, signal, value, unit in run.signals()[1:]:
        values.setdefault(signal, []).append((float(time), unit if signal.endswith("status") else value))
    return values


def changes(samples):
    """The values that differ from the one before."""
    kept = []
    for time, value in samples:
        if not kept or kept[-1][1] != value:
            kept.append((time, value))
    return kept


def lasting(samples):
    """States that last: in virtual time answers come at once, so what is between a call and its answer is never seen."""
    ends = [time for time, _ in samples[1:]] + [float("inf")]
    return changes([sample for sample, end in zip(samples, ends) if end - sample[0] >= BRIEF and end > 0])


def counts(run):
    """Messages by direction, kind and action."""
    counted = {}
    for row in run.messages():
        key = tuple(str(row.get(field)) for field in ("direction", "messageType", "action"))
        counted[key] = counted.get(key, 0) + 1
    return counted


async def reference(evsim):
    text = shortened()
    with Live(evsim, text, realtime=False) as virtual, Live(evsim, text) as live:
        equal("virtual time passes", await virtual.end(), 0) or print(virtual.said())
        equal("live passes", await live.end(), 0) or print(live.said())
        one, two = virtual.report(), live.report()
        equal("verdict", two["verdict"], one["verdict"])

        def judged(report):
            return [(e["that"], e["ok"], e["exercised"]) for e in report["expect"]]

        equal("expectations", judged(two), judged(one))
        first, second = counts(virtual), counts(live)
        for key in sorted(set(first) | set(second)):
            # A periodic message at the very end may fall on either side of it.
            check(f"messages {key}", abs(first.get(key, 0) - second.get(key, 0)) <= 1, f"{first.get(key, 0)} and live {second.get(key, 0)}")
        for name in ("labels.csv", "alarms.csv"):
            a, b = ((run.output / name).read_text(encoding="utf-8").splitlines() for run in (virtual, live))
            equal(f"rows of {name}", len(b), len(a))
            for left, right in zip(a, b):
                compare(f"{name}: {left} and live {right}", left.split(","), right.split(","))
        a, b = table(virtual), table(live)
        equal("signals", sorted(b), sorted(a))
        for signal in a:
            if signal in b:
                compare_signal(signal, changes(a[signal]), changes(b[signal]))


def compare(name, left, right):
    """Cells are the same; numbers, which are times, differ by no more than the slack."""
    holds = len(left) == len(right)
    for a, b in zip(left, right):
        try:
            holds = holds and abs(float(a) - float(b)) <= SLACK
        except ValueError:
            holds = holds and a == b
    check(name, holds)


EXACT = ("charger.current", "cp1.limit", "can0.current", "can0.limit", "cp1.transactions")
STATES = ("cp1.status", "cp1.charging", "cp1.online", "cp1.registered")


def compare_signal(signal, a, b):
    """States and currents take the same values one after the other at the same times; energies, which count, at the end."""
    if signal in STATES:
        a, b = lasting(a), lasting(b)
    if signal in EXACT + STATES:
        equal(f"values of {signal}", [value for _, value in b], [value for _, value in a])
        late = [(x, y) for (x, _), (y, _) in zip(a, b) if abs(x - y) > SLACK]
        check(f"times of {signal}", not late, late[:3])
    elif a and b and re.fullmatch(r"-?[\d.e+-]+", a[-1][1]):
        x, y = float(a[-1][1]), float(b[-1][1])
        check(f"last value of {signal}", abs(x - y) <= max(0.03 * abs(x), 1e-9) + near(a, b), f"{x} and live {y}")


def near(a, b):
    """The step that a signal takes around its end."""
    times = [time for time, _ in a]
    place = bisect.bisect_left(times, times[-1] - 1.5)
    around = [float(value) for _, value in a[place:]]
    return max(around) - min(around) if around else 0
