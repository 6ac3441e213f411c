#!/usr/bin/env python3
"""Messages of OCPP 1.6, right and wrong, made from the JSON schemas of the ocpp package, and what the schemas say about each.

usage: mutate.py [SEED] prints JSON lines: number, receiver, action, kind (request or confirmation), category, text of the payload, and the errors that
jsonschema finds (keyword and JSON pointer; none = valid). Nothing is random but the seed.

The schemas are read with exact decimals, so that 0.3 is a multiple of 0.1, and 1.0 counts as an integer everywhere, as in JSON Schema since draft 6.
"""
import decimal
import json
import pathlib
import random
import string
import sys

import jsonschema
import ocpp

decimal.getcontext().prec = 2000
FROM_CHARGE_POINT = """Authorize BootNotification DataTransfer DiagnosticsStatusNotification FirmwareStatusNotification Heartbeat LogStatusNotification
    MeterValues SecurityEventNotification SignCertificate SignedFirmwareStatusNotification StartTransaction StatusNotification StopTransaction""".split()
DATES = """2025-01-06T08:30:00Z 2025-01-06T08:30:00.000Z 2025-01-06T08:30:00.123456789Z 2024-02-29T23:59:59+01:00 2025-01-06t08:30:00z
    1999-12-31T00:00:00-12:45 2025-01-06T08:30:00.5+00:00""".split()
BAD_DATES = """notatime 1000000 2025-01-06 2025-01-06T08:30:00 2025-02-29T08:30:00Z 2025-13-01T08:30:00Z 2025-00-10T08:30:00Z 2025-01-32T08:30:00Z
    2025-04-31T08:30:00Z 2025-01-06T24:00:00Z 2025-01-06T08:60:00Z 222222017-10-27T19:10:11Z 2025-01-06_08:30:00Z 2025-01-06T08:30:00.Z
    2025-01-06T08:30:00+1:00 2025-01-06T08:30:00+0100 2025-1-6T08:30:00Z 2025-01-06T08:30Z 2025-01-06T08:30:00ZZ 25-01-06T08:30:00Z -2025-01-06T08:30:00Z
    2025-01-06T08:30:00+24:00 2025-01-06T08:30:00+01:60 2100-02-29T00:00:00Z 2025-01-00T08:30:00Z 2025-01-06T08:30:00,5Z""".split() + [
    "", " 2025-01-06T08:30:00Z", "2025-01-06T08:30:00Z ", "2025-01-06 08:30:00Z", "２０２５-01-06T08:30:00Z"]
URIS = """ftp://files.example/d/ http://a https://user:pw@[2001:db8::1]:8443/p%20q?x=1&y=/#f file:///tmp/x mailto:a@b.example urn:x:y a+b-c.9:/ x: s://h:/
    http://192.0.2.7/ sftp://h/a//b http://[::ffff:192.0.2.7]/ http://[v1.a:b]/ x:?q x:#f http://%41.example/ https://h?q#a?b/c""".split()
BAD_URIS = """files.example /d/e //h/p 1http://a :x http//a http://a/%2 http://a/%zz http://a/ä http://[::1 http://[1:2]/ http://a[b]/ http://h:8o/ http://a/b#c#d
    http://a/<b> http://a/{b} http://a/b|c http://a/b^c http://[::1::2]/ http://a\\b ht_tp://a http://[v.a]/""".split() + ["", " http://a", "http://a b/c"]
BAD_TENTHS = "0.05 6.11 16.55 -0.01 1e-2 0.3000000000000001 100.00000000001 12.345e1 1e-400".split()
GOOD_TENTHS = "0 0.3 0.6 1.2 6.1 10.1 16 32.0 -5.5 1e1 125e-1 0.1 99.90 1E+2 6.10000 0.0 -0 123456789012.3 0e-400".split()
BAD_INTEGERS = "1.5 -0.1 1e-1 0.5e0 123.0001 12345678901234567890.5".split()
WIDE_INTEGERS = "12345678901234567890 -99999999999999999999 1e400 9223372036854775808 1e19".split()
WHOLE = "0 -0 7 1.0 1e2 -3.00 2.50e1 9223372036854775807 -9223372036854775808 12e-0".split()


class Raw(str):
    """A piece of JSON text that is written as it stands."""


class Twice:
    """An object that holds one of its keys twice."""

    def __init__(self, members, key, other):
        self.members, self.key, self.other = members, key, other


def load_schemas():
    folder = pathlib.Path(ocpp.__file__).parent / "v16" / "schemas"
    return {path.stem: json.loads(path.read_text(encoding="utf-8-sig"), parse_float=decimal.Decimal) for path in sorted(folder.glob("*.json"))}


def is_integer(checker, value):
    if isinstance(value, decimal.Decimal):
        return value.is_finite() and value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


def validator(schema):
    base = jsonschema.Draft4Validator if "draft-04" in schema["$schema"] else jsonschema.Draft6Validator
    exact = jsonschema.validators.extend(base, type_checker=base.TYPE_CHECKER.redefine("integer", is_integer))
    assert {"date-time", "uri"} <= base.FORMAT_CHECKER.checkers.keys(), "install rfc3339-validator and rfc3986-validator"
    return exact(schema, format_checker=base.FORMAT_CHECKER)


def pointer(path):
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def findings(schema, value):
    """What the schema has against a value: keyword and pointer of the member itself, also of a missing or needless one."""
    found = []
    for error in validator(schema).iter_errors(value):
        path = list(error.absolute_path)
        if error.validator == "required":
            found += [("required", pointer(path + [name])) for name in error.validator_value if name not in error.instance and repr(name) in error.message]
        elif error.validator == "additionalProperties":
            found += [("additionalProperties", pointer(path + [name])) for name in error.instance if name not in error.schema.get("properties", {})]
        else:
            found.append((error.validator, pointer(path)))
    return sorted(set(found))


class Generator:
    def __init__(self, seed):
        self.draw = random.Random(seed)

    # Valid values

    def resolve(self, schema, root):
        while "$ref" in schema:
            schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def text(self, length):
        letters = string.ascii_letters + string.digits + "-_.:/ ~äß€𝄞\"\\\t\u0000\u007f"
        return "".join(self.draw.choice(letters) for _ in range(length))

    def value(self, schema, root, style):
        schema = self.resolve(schema, root)
        kind = schema["type"]
        if kind == "object":
            required = schema.get("required", [])
            members = schema.get("properties", {})
            chosen = [name for name in members if name in required or style == "most" or (style == "random" and self.draw.random() < 0.5)]
            if style == "random":
                self.draw.shuffle(chosen)
            return {name: self.value(members[name], root, style) for name in chosen}
        if kind == "array":
            least = schema.get("minItems", 0)
            count = least if style == "least" else 2 if style == "most" else self.draw.randint(least, 3)
            return [self.value(schema["items"], root, style) for _ in range(count)]
        if kind == "string":
            if "enum" in schema:
                return self.draw.choice(schema["enum"])
            if schema.get("format") == "date-time":
                return self.draw.choice(DATES)
            if schema.get("format") == "uri":
                return self.draw.choice(URIS)
            longest = schema.get("maxLength", 60)
            return self.text({"least": min(3, longest), "most": longest}.get(style) or self.draw.randint(0, min(longest, 60)))
        if kind == "integer":
            return Raw(self.draw.choice(WHOLE)) if style == "random" else self.draw.randint(-5, 100_000)
        if kind == "number":
            return Raw(self.draw.choice(GOOD_TENTHS))
        return self.draw.random() < 0.5

    # Places

    def places(self, schema, root, value, path=()):
        """Every place of a value with its schema."""
        schema = self.resolve(schema, root)
        yield path, schema
        if isinstance(value, dict):
            for name, member in value.items():
                yield from self.places(schema["properties"][name], root, member, path + (name,))
        elif isinstance(value, list):
            for index, element in enumerate(value):
                yield from self.places(schema["items"], root, element, path + (index,))

    def mutations(self, path, schema, value):
        """Category and new value for each thing that can go wrong at a place."""
        kind = schema["type"]
        others = {"string": "a", "integer": 3, "number": Raw("2.5"), "boolean": True, "object": {}, "array": []}
        for other in others:
            if other != kind and not (kind == "number" and other == "integer"):
                yield f"{other} for {kind}", others[other]
        if path:
            yield "null", None
            yield "nested", Raw("[" * self.draw.randint(1, 40) + "1" + "]" * 0)
        if kind == "object":
            for name in schema.get("required", []):
                yield "missing", {key: member for key, member in value.items() if key != name}
            if len(schema.get("required", [])) > 1:
                yield "all missing", {}
            for name in ("extra", "", "a/b~c", "customData", "ﬀ") + tuple(key.swapcase() for key in list(value)[:1]):
                members = list(value.items())
                members.insert(self.draw.randint(0, len(members)), (name, self.draw.choice([1, "x", None, {"a": [1, 2]}])))
                yield "extra", dict(members)
            for name in list(value)[:2]:
                yield "duplicate", Twice(value, name, self.draw.choice([value[name], "x", 1]))
        elif kind == "array":
            if schema.get("minItems"):
                yield "too few", []
            yield "null among items", value + [None]
            yield "array in items", value + [[]]
        elif "enum" in schema:
            yield "wrong word", "Wrong"
            yield "empty word", ""
            yield "other case", self.draw.choice([value.lower(), value.upper(), value.swapcase()])
            yield "with space", value + " "
        elif kind == "string":
            if schema.get("format") == "date-time":
                for bad in self.draw.sample(BAD_DATES, 5):
                    yield "no date-time", bad
            elif schema.get("format") == "uri":
                for bad in BAD_URIS:
                    yield "no uri", bad
            elif "maxLength" in schema:
                yield "too long by one", self.text(schema["maxLength"] + 1)
                yield "too long by one, not ASCII", "é𝄞"[self.draw.randrange(2)] * (schema["maxLength"] + 1)
                yield "at the limit, not ASCII", "é𝄞"[self.draw.randrange(2)] * schema["maxLength"]
                yield "much too long", "y" * (schema["maxLength"] + 5000)
            yield "lone surrogate", Raw('"\\ud800"')
        elif kind == "integer":
            yield "fraction", Raw(self.draw.choice(BAD_INTEGERS))
            yield "beyond 64 bits", Raw(self.draw.choice(WIDE_INTEGERS))
            yield "integer as string", "1"
            yield "whole", Raw(self.draw.choice(WHOLE))
        elif kind == "number":
            yield "no tenths", Raw(self.draw.choice(BAD_TENTHS))
            yield "tenths", Raw(self.draw.choice(GOOD_TENTHS))
            yield "tenths beyond 64 bits", Raw(self.draw.choice(["12345678901234567890.5", "1e400", "99999999999999999999"]))
        elif kind == "boolean":
            yield "boolean as number", self.draw.choice([0, 1])
            yield "boolean as string", "true"

    def put(self, value, path, new):
        if not path:
            return new
        copy = dict(value) if isinstance(value, dict) else list(value)
        copy[path[0]] = self.put(value[path[0]], path[1:], new)
        return copy

    # Text

    def write(self, value, loose):
        space = lambda: self.draw.choice(["", "", " ", "\n\t"]) if loose else ""
        if isinstance(value, Raw):
            if value.startswith("[") and not value.endswith("]"):
                return value + "]" * value.count("[")
            return str(value)
        if isinstance(value, Twice):
            members = list(value.members.items()) + [(value.key, value.other)]
            return "{" + ",".join(f"{self.quoted(key, loose)}:{self.write(member, loose)}" for key, member in members) + "}"
        if isinstance(value, dict):
            return "{" + space() + ",".join(f"{space()}{self.quoted(key, loose)}{space()}:{space()}{self.write(member, loose)}" for key, member in value.items()) + space() + "}"
        if isinstance(value, list):
            return "[" + space() + ("," + space()).join(self.write(element, loose) for element in value) + space() + "]"
        if isinstance(value, str):
            return self.quoted(value, loose)
        return json.dumps(value)

    def quoted(self, text, loose):
        if not loose or self.draw.random() < 0.7:
            return json.dumps(text, ensure_ascii=self.draw.random() < 0.5)
        return '"' + "".join(f"\\u{ord(c):04X}" if ord(c) < 0xD800 and self.draw.random() < 0.2 else json.dumps(c, ensure_ascii=False)[1:-1] for c in text) + '"'

    # Everything

    def messages(self, schemas):
        for name, root in schemas.items():
            action = name.removesuffix("Response")
            is_request = action == name
            senders = ["CP"] if action in FROM_CHARGE_POINT else ["CSMS"]
            if action == "DataTransfer":
                senders = ["CP", "CSMS"]
            for sender in senders:
                # A confirmation goes the other way.
                receiver = ("CSMS" if sender == "CP" else "CP") if is_request else sender
                for category, value in self.of(root):
                    text = self.write(value, loose=self.draw.random() < 0.3)
                    yield {"receiver": receiver, "action": action, "kind": "request" if is_request else "confirmation", "category": category, "text": text}

    def of(self, root):
        bases = [self.value(root, root, "least"), self.value(root, root, "most")] + [self.value(root, root, "random") for _ in range(6)]
        for base in bases:
            yield "valid", base
        for base in bases[:3]:
            for path, schema in list(self.places(root, root, base)):
                value = base
                for part in path:
                    value = value[part]
                tries = list(self.mutations(path, schema, value))
                # Deep places are many; each gets a share of what can go wrong.
                share = len(tries) if len(path) < 2 else 3 if schema["type"] in ("string", "integer", "object") else 8
                for category, new in self.draw.sample(tries, min(share, len(tries))):
                    yield category, self.put(base, path, new)
        # Two faults at once.
        for _ in range(4):
            value, categories = bases[1], []
            for path, schema in self.draw.sample(list(self.places(root, root, value)), min(2, len(list(self.places(root, root, value))))):
                if path and len(path) == 1:
                    category, new = self.draw.choice(list(self.mutations(path, schema, value[path[0]])))
                    value = self.put(value, path, new)
                    categories.append(category)
            if len(categories) == 2:
                yield "two faults", value


def messages(seed=1):
    """All messages with what the schemas say."""
    schemas = load_schemas()
    assert len(schemas) == 78
    for number, message in enumerate(Generator(seed).messages(schemas)):
        value = json.loads(message["text"], parse_float=decimal.Decimal)
        name = message["action"] + ("" if message["kind"] == "request" else "Response")
        yield {"number": number, **message, "errors": findings(schemas[name], value)}


if __name__ == "__main__":
    for line in messages(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        print(json.dumps(line))
