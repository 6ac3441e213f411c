"""Packet captures of runs judged by tshark, JUnit reports judged by junitparser."""
import collections
import datetime
import itertools
import json
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import junitparser

STRICT = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "tcp.analyze_sequence_numbers:TRUE"]
MARK = "\x1e"

BUSY = """evsim: 1
scenario: busy
run: {for: 20min, seed: 5, start: "2026-03-01T06:00:00Z"}
nodes:
  csms: {is: csms}
  cp1: {is: charge-point, csms: csms, bus: can0, meter_every: 2s}
  charger: {is: charger-module, bus: can0}
  street: {is: charge-point, csms: csms, count: 300}
links:
  road: {between: [csms, street.*], latency: 30ms, jitter: 400ms}
steps:
  - {send: SetChargingProfile, to: cp1, with: {limit: 60 A}}
  - {send: RemoteStartTransaction, to: cp1, label: START}
  - {send: DataTransfer, to: cp1, with: {vendorId: ä€😀, data: DATA}}
  - {wait: 5min}
  - {send: RemoteStopTransaction, to: cp1}
record: [frames, messages, capture]
expect: [=count(ocpp.MeterValues) > 10, =count(ocpp.FirmwareStatusNotification) == 0]
"""

CUT = """evsim: 1
scenario: cut
run: {for: 30min, seed: 3}
nodes:
  csms: {is: csms, heartbeat_every: 10s}
  cp: {is: charge-point, csms: csms, count: 4}
links:
  road:
    between: [csms, cp.*]
    latency: 50ms
    faults:
      - {disconnect: 20 /h, for: 20s}
      - {loss: 5%}
record: [messages, capture]
"""


def tshark(path, *options):
    command = ["tshark", "-r", path, *STRICT, *options]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr)
    return result.stdout


def fields(path, filter_text, *names):
    options = ["-Y", filter_text, "-T", "fields", "-E", "separator=/t", "-E", f"aggregator={MARK}"]
    for name in names:
        options += ["-e", name]
    return [line.split("\t") for line in tshark(path, *options).splitlines()]


def judge_messages(check, directory, name):
    capture = directory / "capture.pcapng"
    wanted = collections.defaultdict(list)
    for line in map(json.loads, (directory / "messages.jsonl").read_text().splitlines()):
        label = line.get("meta", {}).get("label")
        wanted[line["chargePointId"], line["direction"]].append((line["raw"], f"label={label}" if label else "", line["timestamp"][:23]))
    identities = {}
    for stream, uri, protocol in fields(capture, "http.request", "tcp.stream", "http.request.uri", "http.sec_websocket_protocol"):
        identities[stream] = uri.removeprefix("/ocpp/")
        check(f"{name}: subprotocol", protocol == "ocpp1.6", protocol)
    found = collections.defaultdict(list)
    names = ("tcp.stream", "tcp.dstport", "websocket.mask", "websocket.payload.text", "frame.comment", "frame.time_epoch")
    for stream, port, mask, text, comment, time in fields(capture, "websocket.opcode == 1", *names):
        up = port == "80"
        if (mask in ("1", "True")) != up:
            check(f"{name}: masks of clients only", False, text)
        seconds, fraction = time.split(".")
        found[identities[stream], "cp-to-csms" if up else "csms-to-cp"].append((text, comment, int(seconds) * 1000 + int(fraction[:3])))
    check(f"{name}: tshark sees messages of the same nodes", wanted.keys() == found.keys(), f"{len(wanted)} {len(found)}")
    for key, messages in wanted.items():
        times = [int(datetime.datetime.fromisoformat(time + "+00:00").timestamp() * 1000 + 0.5) for _, _, time in messages]
        same = [(text, label, time) for (text, label, _), time in zip(messages, times)] == found[key]
        if not same:
            first = next((pair for pair in itertools.zip_longest(messages, found[key]) if pair[0] is None or pair[1] is None or pair[0][:2] != pair[1][:2]), None)
            check(f"{name}: messages of {key}", False, str(first))
            return
    check(f"{name}: tshark reads the {sum(map(len, wanted.values()))} messages of messages.jsonl with times and labels", True)


def judge_packets(check, directory, name):
    capture = directory / "capture.pcapng"
    for what, wrong in {
        "malformed packets": "_ws.malformed", "wrong checksums": "ip.checksum.status == 0 || tcp.checksum.status == 0",
        "gaps or repetitions of TCP": "tcp.analysis.flags && !tcp.analysis.window_update", "complaints": "_ws.expert.severity >= 6291456 && tcp.flags.reset == 0",
    }.items():
        lines = tshark(capture, "-Y", wrong)
        check(f"{name}: no {what}", lines == "", lines[:300])
    check(f"{name}: checksums were looked at", len(fields(capture, "tcp.checksum.status == 1", "frame.number")) > 0)
    frames = directory / "frames.log"
    if frames.exists() and frames.stat().st_size:
        wanted = [line.split() for line in frames.read_text().splitlines()]
        found = fields(capture, "can", "frame.time_epoch", "frame.interface_name", "can.id", "data.data")
        made = [(f"({time[:-3]})", bus, int(number, 0), data.replace(":", "")) for time, bus, number, data in found]
        parts = [(time, bus, int(frame.split("#")[0], 16), frame.split("#")[1].lower()) for time, bus, frame in wanted]
        check(f"{name}: tshark reads the {len(parts)} CAN frames of frames.log", made == parts, f"{made[:2]} {parts[:2]}")


def judge_junit(check, path, tests, failures, errors, skipped):
    suites = list(junitparser.JUnitXml.fromfile(str(path)))
    cases = [case for suite in suites for case in suite]
    kinds = collections.Counter(type(result).__name__ for case in cases for result in case.result)
    counts = (len(cases), kinds["Failure"], kinds["Error"], kinds["Skipped"])
    check(f"junitparser counts {path.name}", counts == (tests, failures, errors, skipped), str(counts))
    declared = tuple(sum(getattr(suite, key) for suite in suites) for key in ("tests", "failures", "errors", "skipped"))
    check(f"the counts that {path.name} declares are right", declared == counts, str(declared))
    allowed = {
        "testsuites": ({"name", "tests", "failures", "errors", "time"}, ["testsuite"]),
        "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "file"}, ["properties", "testcase", "system-out", "system-err"]),
        "properties": (set(), ["property"]), "property": ({"name", "value"}, []),
        "testcase": ({"name", "classname", "time"}, ["skipped", "error", "failure", "system-out", "system-err"]),
        "failure": ({"type", "message"}, []), "error": ({"type", "message"}, []), "skipped": ({"type", "message"}, []), "system-out": (set(), []),
    }
    problems = []
    for element in ElementTree.parse(path).iter():
        attributes, children = allowed.get(element.tag, (set(), []))
        order = [children.index(child.tag) if child.tag in children else -1 for child in element]
        if element.tag not in allowed or set(element.attrib) - attributes or -1 in order or order != sorted(order):
            problems.append(f"{element.tag} {sorted(element.attrib)} {[child.tag for child in element]}")
    check(f"{path.name} has the elements of the common JUnit schemas in their order", not problems, str(problems[:3]))


def judge(check, run, evsim, root, scratch):
    """`run` runs a scenario given as text in a folder and gives the directory that it leaves."""
    if not shutil.which("tshark"):
        check("tshark is there", False, "install tshark")
    else:
        texts = {"busy": BUSY.replace("DATA", "long " * 40), "cut": CUT}
        for path in ("scenarios/reference/repeated-current-fluctuation.yaml", "scenarios/faults/jittery-network.yaml"):
            text = "\n".join(line for line in (root / path).read_text().splitlines() if not line.startswith("record:"))
            texts[path.split("/")[-1][:-5]] = text + "\nrecord: [frames, messages, capture]\n"
        for name, text in texts.items():
            directory = run(text, scratch / f"capture-{name}")
            judge_messages(check, directory, name)
            judge_packets(check, directory, name)
            before = (directory / "capture.pcapng").read_bytes()
            again = run(text, scratch / f"capture-{name}-again")
            check(f"{name}: the same capture twice", (again / "capture.pcapng").read_bytes() == before)
        starts = fields(scratch / "capture-cut/run/capture.pcapng", "tcp.flags.syn == 1 && tcp.flags.ack == 0", "ip.src", "tcp.srcport")
        check("each connection has a port of its own", len(set(map(tuple, starts))) == len(starts) >= 4, str(starts))
    folder = scratch / "junit"
    folder.mkdir()
    (folder / "busy.yaml").write_text(BUSY.replace("capture", "labels"))
    (folder / "wrong.yaml").write_text("evsim: 1\nscenario: wrong\n")
    (folder / "fails.yaml").write_text(BUSY.replace("scenario: busy", "scenario: fails").replace("> 10", "== 0").replace("capture", "labels"))
    names = [folder / "busy.yaml", folder / "fails.yaml", folder / "wrong.yaml"]
    for more, result in (([], (7, 1, 1, 2)), (["--strict"], (7, 3, 1, 0))):
        path = folder / f"junit{len(more)}.xml"
        code = subprocess.run([evsim, "run", *names, "-o", folder / "out", "--junit", path, "--quiet", *more], capture_output=True).returncode
        check("several files end with the worst exit code", code == 3, str(code))
        judge_junit(check, path, *result)
