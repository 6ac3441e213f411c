#!/usr/bin/env python3
"""Compares the reader of OCPP 1.6 messages with the JSON schemas of the ocpp package on the messages of mutate.py.

usage: message_judge.py EVSIM_BENCH [SEED]. A message must be taken if the schemas take it and refused if they do not; every fault must be named with the
pointer that jsonschema gives, and the error code must be one that fits the keyword. What differs on purpose stands in DIFFERENCES with its reason.
"""
import collections
import datetime
import decimal
import json
import re
import subprocess
import sys

import mutate

# For each keyword of the schemas: the rules of the reader, and the error codes that fit it, the one that the reader must give first.
RULES = {
    "required": ("required", "ProtocolError OccurenceConstraintViolation FormationViolation"),
    "additionalProperties": ("unknownField", "FormationViolation PropertyConstraintViolation OccurenceConstraintViolation"),
    "type": ("type payload", "TypeConstraintViolation FormationViolation PropertyConstraintViolation"),
    "maxLength": ("length", "PropertyConstraintViolation TypeConstraintViolation FormationViolation"),
    "enum": ("enumeration", "PropertyConstraintViolation FormationViolation TypeConstraintViolation"),
    "format": ("dateTime uri", "PropertyConstraintViolation TypeConstraintViolation FormationViolation"),
    "multipleOf": ("decimals", "PropertyConstraintViolation FormationViolation OccurenceConstraintViolation"),
    "minItems": ("itemCount", "OccurenceConstraintViolation FormationViolation PropertyConstraintViolation"),
}
# Rules of the reader that no schema has, where it may apply them, and the error codes that fit.
DIFFERENCES = {
    "duplicateField": ("a JSON object may hold a key once (RFC 8259 section 4); readers that take the first or the last can be played off against each other",
                       "FormationViolation PropertyConstraintViolation GenericError"),
    "text": ("half of a surrogate pair is no Unicode text", "FormationViolation PropertyConstraintViolation TypeConstraintViolation"),
    "type": ("an integer has 64 bits", "TypeConstraintViolation PropertyConstraintViolation FormationViolation"),
    "decimals": ("tenths have 64 bits", "PropertyConstraintViolation TypeConstraintViolation FormationViolation"),
}


def is_wide(text):
    return re.fullmatch(r"-?[0-9.eE+]+", text) and not -(2**63) <= decimal.Decimal(text) * 10 < 2**63


def compare(message, answer, lenient):
    """What is wrong with an answer; nothing if all is well."""
    errors = [tuple(error) for error in message["errors"] if not (lenient and error[0] == "additionalProperties")]
    if "ignored" in answer or "error" in answer:
        return f"not read: {answer}"
    places = collections.defaultdict(set)
    for keyword, place in errors:
        places[place].add(keyword)
    if answer["ok"]:
        return f"taken in spite of {errors}" if errors else None
    for violation in answer["violations"]:
        rule, place = violation["rule"], violation["pointer"]
        keywords = places.get(place, set())
        fits = [keyword for keyword in keywords if rule in RULES[keyword][0].split()]
        own = rule in ("duplicateField", "text") or (rule in ("type", "decimals") and is_wide(violation["value"]))
        if not fits and not own:
            return f"{rule} at {place!r}, where the schemas have {sorted(keywords)}"
        wanted = ["FormationViolation"] if rule == "payload" else RULES[fits[0]][1].split() if fits else DIFFERENCES[rule][1].split()
        if violation["code"] != wanted[0]:
            return f"{rule} is {violation['code']}, not {wanted[0]}"
    if answer["code"] != answer["violations"][0]["code"]:
        return "the code is not that of the first violation"
    # A member behind a key that stands twice, and what a text without meaning would be, is not looked into.
    found = {violation["pointer"] for violation in answer["violations"]}
    skipped = [violation["pointer"] for violation in answer["violations"] if violation["rule"] in ("duplicateField", "unknownField")]
    missed = [place for place in places if place not in found and not any(place == other or place.startswith(other + "/") for other in skipped)]
    if missed and len(answer["violations"]) < 32:
        return f"not found: {[(place, sorted(places[place])) for place in missed]}"
    return None


def instant(text):
    """Milliseconds of a date, cut; the text itself if it is none."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[tT](\d\d:\d\d:\d\d)(?:\.(\d+))?([zZ]|[+-]\d\d:\d\d)", text)
    if not match:
        return text
    stamp = datetime.datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00" if match[4] in "zZ" else f"{match[1]}T{match[2]}{match[4]}")
    return int(stamp.timestamp()) * 1000 + int(((match[3] or "") + "000")[:3])


def canonical(value):
    """A value for comparison: numbers by value, dates by instant, optional nothing as nothing."""
    if isinstance(value, dict):
        return {key: canonical(member) for key, member in value.items()}
    if isinstance(value, list):
        return [canonical(element) for element in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, decimal.Decimal)):
        return decimal.Decimal(value).normalize() + 0
    return instant(value)


def answers(bench, lines, *options):
    text = "".join(json.dumps({key: line[key] for key in ("receiver", "action", "kind", "text")}) + "\n" for line in lines)
    result = subprocess.run([bench, "ocpp-check", *options], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def judge(bench, seed=1, show=10):
    """Number of messages judged, and a text for each that was judged otherwise."""
    problems = []
    lines = list(mutate.messages(seed))
    refused, counts = collections.Counter(), collections.Counter()
    for options, lenient in (((), False), (("--lenient",), True)):
        found = answers(bench, lines, *options)
        assert len(found) == len(lines), f"{len(found)} answers to {len(lines)} messages"
        for line, answer in zip(lines, found):
            problem = compare(line, answer, lenient)
            if problem is None and not lenient:
                if answer["ok"]:
                    again = json.loads(answer["again"], parse_float=decimal.Decimal)[-1]
                    if canonical(again) != canonical(json.loads(line["text"], parse_float=decimal.Decimal)):
                        problem = f"sent on as {answer['again'][:200]}"
                else:
                    refused[line["receiver"]] += 1
                    if not line["errors"]:
                        counts[f"refused by evsim alone: {answer['violations'][0]['rule']}"] += 1
            if problem:
                problems.append(f"{'lenient ' if lenient else ''}{line['receiver']} {line['action']} {line['kind']} ({line['category']}): {problem}; text {line['text'][:160]}")
    counts["taken"] = len(lines) - sum(refused.values())
    for role in ("CP", "CSMS"):
        if refused[role] < 2000:
            problems.append(f"only {refused[role]} wrong messages for {role}")
    if len(lines) < 6000:
        problems.append(f"only {len(lines)} messages")
    print(f"messages: {len(lines)}; refused by a charge point {refused['CP']}, by a central system {refused['CSMS']}; " +
          ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    for problem in problems[:show]:
        print(f"FAILED: {problem}")
    return len(lines) * 2, problems


if __name__ == "__main__":
    judged, wrong = judge(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(f"{judged - len(wrong)} passed, {len(wrong)} failed")
    sys.exit(1 if wrong else 0)
