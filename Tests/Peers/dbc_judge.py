#!/usr/bin/env python3
"""Compares the DBC files, packing and unpacking of evsim with cantools.

usage: dbc_judge.py EVSIM EVSIM_BENCH [SEED [MESSAGES]]. Random databases (both byte orders, signed, floats, factors, multiplexing with ranges and inside
each other, texts, CAN FD) are written as text; cantools and evsim read them and pack and unpack the same random messages, field by field. evsim writes
each database again, and cantools must find the same in it. Logs of the messages go through `evsim decode`. The last line counts.
"""
import json
import math
import os
import random
import subprocess
import sys
import tempfile

import cantools

UNITS = ["", "V", "A", "kW", "degC", "%", "s", "furlong", "°C", "Ω"]
FACTORS = ["1", "1", "1", "0.1", "0.01", "0.5", "2", "-1", "-0.5", "10", "0.25", "0.001", "3"]
OFFSETS = ["0", "0", "0", "-40", "10", "-0.5", "100.25", "-1000"]


def places(start, bits, order):
    """Bits of a signal, k = bit k % 8 of byte k / 8; nothing when it leaves 64 bytes."""
    result, place = [], start
    for _ in range(bits):
        result.append(place)
        if order == 1:
            place += 1
        else:
            place = place + 15 if place % 8 == 0 else place - 1
    return result


class Maker:
    """Writes one random database."""

    def __init__(self, rng, count):
        self.rng = rng
        self.lines = ['VERSION "%d"' % rng.randrange(100), "", "NS_ :", "\tVAL_", "", "BS_:", "", "BU_: Alpha Beta Gamma", ""]
        self.tail = []
        self.messages = []
        ids = set()
        for number in range(count):
            while True:
                extended = rng.random() < 0.4
                identifier = rng.randrange(1 << 29) | 1 << 31 if extended else rng.randrange(1 << 11)
                if identifier not in ids:
                    break
            ids.add(identifier)
            self.message(number, identifier)

    def message(self, number, identifier):
        rng = self.rng
        length = rng.choice([0, 1, 2, 3, 5, 7, 8, 8, 8, 8, 8, 8, 12, 16, 24, 48, 64])
        name = "M%d" % number
        self.lines.append("BO_ %d %s: %d %s" % (identifier, name, length, rng.choice(["Alpha", "Beta", "Vector__XXX"])))
        if length > 8:
            self.tail.append('BA_ "VFrameFormat" BO_ %d %d;' % (identifier, 15 if identifier >> 31 else 14))
        self.signals = 0
        free = set(range(length * 8))
        self.messages.append(name)
        # Signals that are always there, then pages behind a multiplexer, then pages inside a page.
        self.fill(identifier, free, rng.randrange(1, 6), "")
        if length >= 4 and rng.random() < 0.5:
            top = self.place(identifier, free, " M", bits=rng.choice([3, 4, 8]), order=1)
            if top:
                values = list(range(8))
                rng.shuffle(values)
                nested = length >= 6 and rng.random() < 0.5
                for page in range(rng.randrange(1, 4)):
                    inner = set(free)
                    first = values.pop()
                    ranges = "%d-%d" % (first, first)
                    if nested and rng.random() < 0.5 and values:
                        more = values.pop()
                        ranges += ", %d-%d" % (more, more)
                    here = self.fill(identifier, inner, rng.randrange(1, 3), " m%d" % first)
                    if nested:
                        for signal in here:
                            self.tail.append("SG_MUL_VAL_ %d %s %s %s;" % (identifier, signal, top, ranges))
                    if nested and page == 0:
                        second = self.place(identifier, inner, " m%dM" % first, bits=2, order=1)
                        if second:
                            self.tail.append("SG_MUL_VAL_ %d %s %s %s;" % (identifier, second, top, ranges))
                            for signal in self.fill(identifier, set(inner), 1, " m1"):
                                self.tail.append("SG_MUL_VAL_ %d %s %s 1-3;" % (identifier, signal, second))
        self.lines.append("")

    def fill(self, identifier, free, count, mark):
        return [name for name in (self.place(identifier, free, mark) for _ in range(count)) if name]

    def place(self, identifier, free, mark, bits=None, order=None):
        """Puts a signal into free bits; its name, or None when there is no room."""
        rng = self.rng
        for _ in range(30):
            kind = rng.choice(["u", "u", "s", "f"]) if bits is None else "u"
            size = bits or (rng.choice([32, 64]) if kind == "f" else rng.choice([1, 2, 3, 4, 7, 8, 12, 16, 17, 24, 32, 33, 48, 63, 64]))
            way = order if order is not None else rng.randrange(2)
            if not free:
                return None
            start = rng.choice(sorted(free))
            taken = places(start, size, way)
            if not free.issuperset(taken):
                continue
            free.difference_update(taken)
            name = "S%d" % self.signals
            self.signals += 1
            plain = bits is not None
            factor, offset = ("1", "0") if plain else (rng.choice(FACTORS), rng.choice(OFFSETS))
            self.lines.append(' SG_ %s%s : %d|%d@%d%s (%s,%s) [0|0] "%s" %s' % (
                name, mark, start, size, way, "+" if kind == "u" else "-", factor, offset, rng.choice(UNITS), rng.choice(["Beta", "Gamma", "Beta,Gamma"])))
            if kind == "f":
                self.tail.append("SIG_VALTYPE_ %d %s : %d;" % (identifier, name, size // 32))
            elif not plain and size <= 16 and rng.random() < 0.3:
                low = 0 if kind == "u" else -(1 << (size - 1))
                high = (1 << size) - 1 if kind == "u" else (1 << (size - 1)) - 1
                raws = sorted({rng.randint(low, high) for _ in range(3)})
                self.tail.append("VAL_ %d %s %s ;" % (identifier, name, " ".join('%d "Word %d \\"x\\""' % (raw, raw) if raw == high else '%d "W%d"' % (raw, raw) for raw in raws)))
            return name
        return None

    def text(self):
        head = ['BA_DEF_ BO_ "VFrameFormat" ENUM ' + ",".join('"%s"' % word for word in
                ["StandardCAN", "ExtendedCAN"] + ["reserved"] * 12 + ["StandardCAN_FD", "ExtendedCAN_FD"]) + ";",
                'BA_DEF_DEF_ "VFrameFormat" "StandardCAN";']
        return "\n".join(self.lines + head + self.tail) + "\n"


class Checker:
    """evsim-bench dbc-check as a question-and-answer program."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "dbc-check"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, questions):
        """All answers to questions, read while they are written."""
        answers = []
        for start in range(0, len(questions), 50):
            part = questions[start:start + 50]
            self.process.stdin.write("".join(json.dumps(question) + "\n" for question in part))
            self.process.stdin.flush()
            answers += [json.loads(self.process.stdout.readline()) for _ in part]
        return answers


def number(value):
    if isinstance(value, str):
        return float(value)
    return value


def same(ours, theirs):
    """Equal numbers: whole ones exactly, others as doubles to 1e-12; not-a-number equals itself."""
    ours, theirs = number(ours), number(theirs)
    if isinstance(ours, int) and isinstance(theirs, int):
        return ours == theirs
    if math.isnan(ours) or math.isnan(theirs):
        return math.isnan(ours) and math.isnan(theirs)
    if math.isinf(ours) or math.isinf(theirs):
        return ours == theirs
    return abs(ours - theirs) <= 1e-12 * max(abs(theirs), 1e-300)


def plain(values):
    """Values of cantools as JSON: no numbers that JSON has no words for."""
    return {name: value if not isinstance(value, float) or math.isfinite(value) else str(value) for name, value in values.items()}


def active(message, data):
    """Decoded values, with choices as numbers; None when cantools knows no page for a multiplexer value."""
    try:
        return message.decode(data, decode_choices=False, scaling=True), message.decode(data, decode_choices=False, scaling=False)
    except (cantools.database.errors.DecodeError, KeyError):
        return None


def layout(database):
    """All that two databases must have in common."""
    result = {}
    for message in database.messages:
        for signal in message.signals:
            result[message.name, signal.name] = (
                message.frame_id, message.is_extended_frame, message.length, signal.start, signal.length, signal.byte_order, signal.is_signed, signal.is_float,
                float(signal.scale), float(signal.offset), signal.unit, sorted(signal.receivers), sorted((int(raw), str(text)) for raw, text in (signal.choices or {}).items()),
                signal.is_multiplexer, sorted(signal.multiplexer_ids or []), signal.multiplexer_signal if signal.multiplexer_ids else None)
        result[message.name] = (message.frame_id, message.is_extended_frame, message.length, sorted(message.senders), message.is_fd)
    return result


class Judge:
    def __init__(self, evsim, bench, seed, wanted):
        self.evsim, self.checker = evsim, Checker(bench)
        self.rng = random.Random(seed)
        self.wanted = wanted
        self.passed = self.failed = self.packed = self.unpacked = 0

    def check(self, fine, what):
        if fine:
            self.passed += 1
        else:
            self.failed += 1
            if self.failed <= 20:
                print("FAILED:", what)

    def database(self, folder, number):
        """One random database: read, written again, and its messages packed and unpacked."""
        maker = Maker(self.rng, 40)
        path = os.path.join(folder, "random-%d.dbc" % number)
        with open(path, "w", encoding="utf-8" if "Ω" in maker.text() or self.rng.random() < 0.5 else "cp1252") as file:
            file.write(maker.text())
        try:
            theirs = cantools.database.load_string(maker.text(), "dbc", strict=True)
        except Exception as error:  # pylint: disable=broad-except
            print("cantools does not read the random database %d: %s" % (number, error))
            return
        findings = self.checker.ask([{"load": path}])[0]["findings"]
        errors = [finding for finding in findings if " E" in finding]
        self.check(not errors, "database %d: %s" % (number, errors[:3]))
        again = os.path.join(folder, "again-%d.dbc" % number)
        self.checker.ask([{"write": again}])
        with open(again, "rb") as file:
            content = file.read()
        try:
            content.decode("utf-8")
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = "cp1252"
        ours = cantools.database.load_file(again, encoding=encoding, strict=True)
        one, two = layout(theirs), layout(ours)
        for key in one:
            self.check(one[key] == two.get(key), "database %d: %s is %s after it was written again, not %s" % (number, key, two.get(key), one[key]))
        self.messages(theirs, folder, path)

    def messages(self, theirs, folder, path):
        questions, checks, log = [], [], []
        for message in theirs.messages:
            for _ in range(8):
                data = bytes(self.rng.randrange(256) for _ in range(message.length))
                decoded = active(message, data)
                if decoded is None:
                    continue
                scaled, raw = decoded
                questions.append({"decode": message.name, "data": data.hex()})
                checks.append(("decode", message, data, scaled, raw))
                log.append((message, data, scaled))
                finite = all(not isinstance(value, float) or math.isfinite(value) for value in scaled.values())
                if not message.signals or not finite:
                    continue
                try:
                    packed = message.encode(scaled, scaling=True, strict=True)
                except (cantools.database.errors.EncodeError, OverflowError):
                    # A rounded value can leave the range of the raw number: not a fault of either.
                    packed = None
                questions.append({"encode": message.name, "values": plain(scaled), "strict": True})
                checks.append(("encode", message, data, packed, None))
        for check, answer in zip(checks, self.checker.ask(questions)):
            kind, message, data, expected, raw = check
            if kind == "encode":
                ours = answer.get("data")
                self.check((expected.hex().upper() if expected is not None else None) == ours,
                           "%s packed to %s, cantools says %s" % (message.name, ours or answer, expected.hex() if expected is not None else "error"))
                continue
            values, raws = answer.get("values", {}), answer.get("raw", {})
            self.check(set(values) == set(expected), "%s %s: %s, cantools has %s" % (message.name, data.hex(), sorted(values), sorted(expected)))
            for name, value in expected.items():
                self.check(name in values and same(values[name], value), "%s.%s of %s: %s, cantools says %s" % (message.name, name, data.hex(), values.get(name), value))
                self.check(name in raws and same(raws[name], raw[name]), "%s.%s of %s: raw %s, cantools says %s" % (message.name, name, data.hex(), raws.get(name), raw[name]))
        self.log(folder, path, log)
        self.packed += sum(check[0] == "encode" for check in checks)
        self.unpacked += sum(check[0] == "decode" for check in checks)

    def log(self, folder, path, frames):
        """The frames as a log of candump through `evsim decode`."""
        name = os.path.join(folder, "frames.log")
        with open(name, "w", encoding="ascii") as file:
            for index, (message, data, _) in enumerate(frames):
                identifier = "%08X" % message.frame_id if message.is_extended_frame else "%03X" % message.frame_id
                sign = "##0" if message.length > 8 else "#"
                file.write("(%d.%06d) can0 %s%s%s\n" % (1_795_230_000 + index, index, identifier, sign, data.hex().upper()))
        result = subprocess.run([self.evsim, "decode", name, "--dbc", path, "--json"], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            self.check(False, "evsim decode: " + result.stderr[-300:])
            return
        rows = json.loads(result.stdout)["frames"]
        self.check(len(rows) == len(frames), "evsim decode shows %d of %d frames" % (len(rows), len(frames)))
        for row, (message, data, expected) in zip(rows, frames):
            signals = {key: value["value"] if isinstance(value, dict) else value for key, value in row["signals"].items()}
            fine = row["message"] == message.name and set(signals) == set(expected) and all(
                (signals[key] is None and not math.isfinite(value)) or (signals[key] is not None and abs(signals[key] - value) <= 1e-9 * max(1, abs(value)))
                for key, value in expected.items())
            self.check(fine, "evsim decode of %s %s: %s, cantools says %s" % (message.name, data.hex(), signals, expected))

    def run(self):
        number = 0
        with tempfile.TemporaryDirectory() as folder:
            while min(self.packed, self.unpacked) < self.wanted and number < self.wanted:
                number += 1
                self.database(folder, number)
        print("%d databases; %d messages packed and %d unpacked by both" % (number, self.packed, self.unpacked))
        self.check(min(self.packed, self.unpacked) >= self.wanted, "too few messages were compared")


def main():
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    judge = Judge(sys.argv[1], sys.argv[2], seed, int(sys.argv[4]) if len(sys.argv) > 4 else 10_000)
    judge.run()
    print("%d passed, %d failed" % (judge.passed, judge.failed))
    sys.exit(1 if judge.failed else 0)


main()
