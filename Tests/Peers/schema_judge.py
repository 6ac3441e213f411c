"""Judges the JSON Schemas of `evsim schema` with the jsonschema package, as drafts 2020-12 and 7, over files that were read as editors read YAML."""
import collections
import json
import pathlib
import random
import re
import subprocess
import tempfile

import jsonschema
import yaml


class CoreLoader(yaml.SafeLoader):
    """The core schema of YAML 1.2: `on` and `1:30` are texts, `0x10` is 16, a key stands once, keys are texts."""

    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        result = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "a key that is no text"
            if name in result or name == "<<":
                raise yaml.constructor.ConstructorError(None, None, f"the key '{name}' cannot stand here", key.start_mark)
            result[name] = self.construct_object(value, deep=True)
        return result


CoreLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
CoreLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
CoreLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), list("-+0123456789"))
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"),
    list("-+0123456789."),
)
CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value, 0 if node.value[:2] in ("0x", "0o") else 10))
CoreLoader.add_constructor("tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node))

# Mistakes that no schema can refuse, by code or by file, and why; every other wrong file must be refused.
BEYOND = {
    "E0201-frame-without-id": "whether the name is a bus or a frame",
    "E0201-senders": "two keys of a bus",
    "E0203-frame-field": "the fields of the frame",
    "E0211-bus-with-fields": "whether the name is a bus or a frame",
    "E0211-frame-with-id": "whether the name is a bus or a frame",
    "E0302-values": "the bits of the field",
    "E0304-classic-length": "two keys of a frame",
    "E0304-data-bitrate": "two keys of a bus",
    "E0304-dlc": "two keys of a step",
    "E0304-fd-length": "two keys of a frame",
    "E0304-fd-remote": "two keys of a frame",
    "E0304-float-bits": "two keys of a field",
    "E0304-half-a-byte": "a number is a text of digits, too",
    "E0304-nine-bytes": "two keys of a step",
    "E0304-remote-data": "two keys of a step",
    "E0304-remote-fd": "two keys of a step",
    "E0304-remote-fields": "two keys of a frame",
    "E0411-step": "two keys of a step",
    "E0422": "names of frames",
    "E0441": "the other fields of the frame",
    "E0442": "files",
    "E0443": "names of the database",
    "E0444": "words of the field",
    "E0461": "two keys of a bus",
    "E0471": "the form of an address",
    "E0481": "files",
    "E0901": "the text of the database",
    "E0925": "the text of the database",
    "E0143-tag": "a tag of YAML's own leaves no trace in the value",
    "E0201-to": "depends on the number of charge points",
    "E0201-frame-match": "a frame may have no fields",
    "E0203-frame-match": "the fields of the frame",
    "E0304-frame-match": "the bounds of the field",
    "E0304-frame-match-wide": "the places of all fields",
    "E0203-exchange-condition": "what a field is compared with may be an object of any keys",
    "E0207-fault-nothing": "one of five keys is enough, and none of them is required",
    "E0208-fault-two": "one of five keys is enough, and none excludes another",
    "E0211-exchange-code": "a key that belongs to another one",
    "E0211-exchange-with": "a key that belongs to another one",
    "E0211-link-for": "a key that belongs to another one",
    "E0211-never-within": "a key that belongs to another one",
    "E0212-exchange": "an empty list",
    "E0304-exchange-within": "compares two times",
    "E0304-link-share": "the bounds of a number inside a text",
    "E0304-reply": "the bounds of a number inside a text",
    "E0312-reply": "a formula where a text may stand",
    "E0407-plot-latencies": "needs the names of the messages and nodes",
    "E0415-exchange-count": "the fields of the message that the element names",
    "E0415-exchange-inner": "the fields of the message that the element names",
    "E0415-exchange-keep": "the fields of the message that the element names",
    "E0415-exchange-word": "the fields of the message that the element names",
    "E0415-relative-time": "the words of a time inside a text",
    "E0206-semantic": "1.0 and 1 are the same number in JSON",
    "E0371": "the settings of a detector together",
    "E0372": "names of buses, frames and nodes",
    "E0407-attack-message": "a message inside a setting of an attack",
    "E0482": "what the name stands for: a bus, a frame, messages or a signal",
    "E0483": "what the target is",
    "E0484": "what the targets are",
    "E0485-attack-setting-of-messages": "what the target is",
    "E0485-attack-word": "what the target is",
    "E0486": "two settings of an attack",
    "E0487": "several settings of an attack",
    "E0488": "the fields of a frame or message",
    "E0304-bitrate": "the bounds of a number inside a text",
    "E0304-parameter": "the mistake is on the command line",
    "E0304-quantity": "the bounds of a number inside a text",
    "E0306-level": "needs the dimension of the signal",
    "E0306-override": "the mistake is on the command line",
    "E0306-set": "needs the dimension of the signal",
    "E0304-frame-length": "the lengths of FD frames",
    "E0304-group": "a whole number with a last byte of 0",
    "E0304-match-behind": "adds up the bits of the fields",
    "E0304-message-length": "depends on the transport",
    "E0304-own-answer": "compares two identifiers",
    "E0304-separation": "the bounds of a number inside a text",
    "E0451": "a key that belongs to another one",
    "E0452": "needs the addresses of the nodes",
    "E0453": "compares addresses",
    "E0454": "adds up the bits of the fields",
    "E0309": "adds up the bits of the fields",
    "E0310-leap-day": "counts the days of a year",
    "E0402": "needs the names of the nodes",
    "E0403": "needs the names of the buses",
    "E0404": "needs the signals of the nodes",
    "E0405": "needs the names of the parameters",
    "E0406": "needs the names of the sequences",
    "E0408": "needs the names of the detectors",
    "E0410": "compares frames",
    "E0412": "compares names of different sections",
    "E0413": "needs the roles of the nodes",
    "E0414": "needs the signals of the nodes",
    "E0416": "needs the roles of the nodes",
    "E0417": "follows calls",
    "E0418": "needs the arguments of the sequence",
    "E0419": "needs the dimensions of the signals",
    "E0420": "counts what the whole file makes",
    "E08": "needs the files of the plugins",
    "E05": "the grammar and the types of formulas",
}
# Files that are right in form: warnings, and mistakes that only a run shows. Not one may be refused.
RIGHT_IN_FORM = ("W", "E07")

PLUGIN = """
evsim: 1
plugin: cabinets
about: One cabinet with two plugs, and what can go wrong with it.
uses: [evsim/vehicles]
kinds:
  dual-gun-cabinet:
    about: Two plugs that share a budget.
    settings:
      budget: {type: current, default: 125 A, min: 6 A, about: shared by both plugs}
      csms: {type: node, of: central-system}
      tone: {type: text, one_of: [low, high], default: low}
    buses:
      inner: {bitrate: 250 kbit/s, frames: {beat: {id: 0x300, from: =csms, every: 1s, data: {count: u8}}}}
    parts:
      left: {is: charge-point, csms: =csms, max_current: '=min(63 A, budget - right.current)'}
      right: {is: charge-point, csms: =csms, bus: inner, phases: =n}
    signals:
      current: =left.current + right.current
      spare: {value: =budget - current, unit: A, about: what is left}
    starts_in: idle
    states:
      idle: [{when: =current > 1 A, go: busy}]
      busy: [{when: =current < 1 A, lasting: 5s, go: idle}]
    reacts_in: 50ms
attacks:
  creep:
    settings: {step: {type: current, default: 1 A}}
    label: {kind: POWER_ANOMALY, severity: low}
    steps: [{repeat: forever, steps: [{set: {target.limit: =target.limit + step}}, {wait: 30s}]}]
detectors:
  slow-drift:
    settings: {watch: {type: signal, of: current}, above: {type: current, default: 5 A}}
    when: =abs(avg(watch, 30 s) - avg(watch, 10 min)) > above
  both:
    is: all-of
    within: 10s
    severity: high
    parts:
      one: {is: threshold, watch: =watch, above: =above}
      two: {is: rule, when: =cp1.charging}
sequences:
  dip: {needs: [who], settings: {low: {type: current, default: 0 A}}, steps: [{send: SetChargingProfile, to: =who, with: {limit: =low}}]}
frames:
  beats: {settings: {pace: {type: time, default: 1s}}, frames: {beat: {id: 0x300, every: =pace, data: {count: u8}}}}
messages:
  throttle: {send: SetChargingProfile, settings: {limit: {type: current}}, with: {limit: =limit}}
"""
# What turns the plugin above into one that is wrong.
WRONG_PLUGINS = {
    "an unknown key": ("plugin: cabinets", "plugin: cabinets\nnodes: {}"),
    "no name": ("plugin: cabinets\n", ""),
    "an unknown type": ("type: node", "type: nod"),
    "a setting without type": ("{type: text, one_of", "{one_of"),
    "a part without kind": ("{is: charge-point, csms: =csms, bus", "{csms: =csms, bus"),
    "a setting that the kind of a part lacks": ("phases: =n", "phase: =n"),
    "a value of the wrong dimension": ("bitrate: 250 kbit/s", "bitrate: 250 kW"),
    "a signal that is no formula": ("current: =left", "current: left"),
    "a rule that goes nowhere": (", go: busy", ""),
    "a time without unit": ("reacts_in: 50ms", "reacts_in: 50"),
    "an attack without steps": ("    steps: [{repeat: forever, steps: [{set: {target.limit: =target.limit + step}}, {wait: 30s}]}]\n", ""),
    "a step without unit": ("{wait: 30s}", "{wait: 30}"),
    "a severity that there is not": ("severity: low", "severity: lowest"),
    "a detector without condition": ("    when: =abs", "    lasting: 1s # =abs"),
    "a setting that the kind of a detector lacks": ("    within: 10s", "    wthin: 10s"),
    "a frame without identifier": ("{beat: {id: 0x300, every", "{beat: {every"),
    "a message that there is not": ("{send: SetChargingProfile, settings", "{send: SetChargeProfile, settings"),
    "a field that the message lacks": ("with: {limit: =limit}", "with: {limt: =limit}"),
    "a message without name": ("{send: SetChargingProfile, settings", "{settings"),
}
# Steps and nodes of a scenario, and whether they can be there without and with plugins.
PARTS = [
    ("steps: [{wait: 2}]", False, False),
    ("steps: [{wait: 2s}]", True, True),
    ("steps: [{wait: 1min30s}]", True, True),
    ("steps: [{wait: 30s1min}]", False, False),
    ("steps: [{wait: 2 kW}]", False, False),
    ("steps: [{wait: =gap}]", True, True),
    ("steps: [{wait: '='}]", False, False),
    ("steps: [{}]", False, False),
    ("steps: [{repeat: 0x10, steps: []}, {repeat: 10min, steps: [{repeat: =cp1.charging, steps: [at: 5s]}]}]", True, True),
    ("steps: [{repeat: sometimes, steps: []}]", False, False),
    ("steps: [{parallel: {a: [{wait: 1s, at: 2s}]}}]", False, False),
    ("steps: [{send: throttle, with: {limit: 5 A}}]", False, True),
    ("steps: [{send: SetChargingProfile, with: {limit: 5}}]", False, False),
    ("steps: [{send: SetChargingProfile, payload: '{}'}]", True, True),
    ("steps: [{send: RemoteStartTransaction, with: {idTag: 1234}}]", True, True),
    ("steps: [{send: BootNotification, from: cp1, with: {chargePointVendor: AVeryLongNameThatIsTooLong}}]", False, False),
    ("steps: [{attack: creep, against: cp1, by: cp1, for: 10min, with: {step: 2 A}}]", True, True),
    ("steps: [{attack: creep, agianst: cp1}]", False, False),
    ("detectors: {d: {is: slow-drift, watch: cp1.current, above: 5 A}}", False, True),
    ("detectors: {d: {is: slow-drift, watch: cp1.current, lasting: 5}}", False, False),
    ("detectors: {d: {is: threshold, watch: cp1.current, above: 5 A, lasting: 0s, clear: 4 A}}", True, True),
    ("sequences: {dip: {settings: {low: {type: current}}, steps: [{send: throttle, with: {limit: 5 A}}]}}", False, True),
    ("buses: {can0: {sets: [beats, {is: beats, pace: 2s}]}}", True, True),
    ("buses: {can0: {frames: {f: {id: 0x800}}}}", False, False),
    ("buses: {can0: {frames: {f: {id: 0x800, extended: true, data: {a: u16 be 0.1 A, b: {at: 16, bits: 4}}}}}}", True, True),
    ("params: {gap: 20ms, high: {default: 80 A, max: 1 kA}, on_time: true}", True, True),
    ("params: {on: 20ms}", False, False),
    ("params: {gap: {default: soon}}", False, False),
    ("expect: [=1 == 1, {that: =2 > 1, because: 12}]", True, True),
    ("plots: [{title: A, lines: [cp1.current, [cp.*.power]], size: 8192x120, scale: 2}]", True, True),
    ("plots: [{title: A, lines: [cp1.current], size: 8193x120}]", False, False),
]


def read(text):
    return yaml.load(text, CoreLoader)


def drafts(schema):
    return [jsonschema.Draft202012Validator(schema), jsonschema.Draft7Validator(schema)]


def judge(check, evsim, root):
    validators = {}
    for kind, name in (("scenario", "evsim-1.schema.json"), ("plugin", "evsim-1-plugin.schema.json")):
        text = subprocess.run([evsim, "schema", "--for", kind], capture_output=True, text=True).stdout
        check(f"{name} is what 'evsim schema --for {kind}' writes", (root / "docs/schema" / name).read_text() == text)
        schema = json.loads(text)
        validators[kind] = drafts(schema)
        for validator in validators[kind]:
            validator.check_schema(schema)
        judge_words(check, schema, name)
    judge_right_files(check, validators, root)
    judge_wrong_files(check, validators["scenario"], validators["plugin"], root)
    judge_parts(check, validators["scenario"])
    judge_plugins(check, validators["plugin"])
    judge_mutants(check, validators["scenario"][0], evsim, root)


# What mutants have in place of a value.
VALUES = """2 0 -1 2s 0s 1min30s 1_000 1e3 0x10 .5 20% 5A 5kW 16&A 250&kbit/s 25&°C 2&µs 60&/h 3&A/s 4&A^2 "12" '=1&s' =5&A =1&==&1 =chance(20%) true "true"
    false forever go-on high csms cp.* charger.current labels [] [frames] [csms,&cp1] {} null 'a&b' 2025-01-06T00:00:00Z 1200x600 'u16&A' immediate"""


def judge_mutants(check, validator, evsim, root):
    """Shipped scenarios with one value changed: what 'evsim validate' takes, the schema takes too."""
    draw, values = random.Random(1), [value.replace("&", " ") for value in VALUES.split()]
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        mutants = []
        for path in sorted((root / "scenarios").glob("**/*.yaml")):
            text = path.read_text()
            places = [match.span(1) for match in re.finditer(r"(?!about)\b[a-z_]+: ([^\s{}\[\],#|>][^{}\[\],#\n]*)", text)]
            for start, end in draw.sample(places, min(14, len(places))):
                mutant = pathlib.Path(folder) / f"{len(mutants)}.yaml"
                mutant.write_text(text[:start] + draw.choice(values) + text[end:])
                mutants.append(mutant)
        lines = subprocess.run([evsim, "validate", *mutants], capture_output=True, text=True).stdout.splitlines()
        verdicts = {line.split()[1]: line.split()[0] == "valid" for line in lines}
        for mutant in mutants:
            try:
                fits = validator.is_valid(read(mutant.read_text()))
            except (yaml.YAMLError, ValueError):
                fits = False
            valid = verdicts[str(mutant)]
            counts[f"{'valid' if valid else 'wrong'} and {'taken' if fits else 'refused'} by the schema"] += 1
            if valid and not fits:
                errors = [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(read(mutant.read_text()))]
                check("the schema takes what 'evsim validate' takes", False, str(errors[:2]))
    check("there are valid and wrong mutants", len(counts) == 3 and min(counts.values()) > 20, str(counts))
    print("mutants: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))


def judge_words(check, schema, name):
    """Every key, kind and verb has a title and an explanation, and every reference leads somewhere."""
    silent, lost = [], []

    def walk(node, path):
        if isinstance(node, list):
            for item in node:
                walk(item, path)
        if not isinstance(node, dict):
            return
        reference = node.get("$ref", "").removeprefix("#/$defs/")
        if reference and reference not in schema["$defs"]:
            lost.append(reference)
        for key, value in node.items():
            if key == "properties" and path[-1:] not in (["if"], ["then"], ["else"]):
                silent.extend(f"{path} {name}" for name, about in value.items() if not {"title", "description", "markdownDescription"} <= about.keys())
            walk(value, path + [key])

    walk(schema, [])
    check(f"{name}: every key has a title and an explanation", not silent, str(silent[:5]))
    check(f"{name}: every reference leads somewhere", not lost, str(lost[:5]))


def judge_right_files(check, validators, root):
    files = [(path, "scenario") for path in sorted((root / "scenarios").glob("**/*.yaml"))]
    files += [(path, "plugin") for path in sorted((root / "plugins").glob("**/*.yaml"))]
    for path, kind in files:
        data = read(path.read_text())
        if "plugin" in data:
            kind = "plugin"
        for validator in validators[kind]:
            errors = [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(data)]
            check(f"{path.name} obeys the schema as {type(validator).__name__}", not errors, str(errors[:3]))


# Codes of plugins that are mistakes of form: each such plugin must be refused by the schema.
FORM_OF_PLUGINS = ("E0201", "E0202", "E0203", "E0204", "E0205", "E0206", "E0207", "E0208", "E0305", "E0307", "E0311")
# Plugins of these codes that are right in form all the same, and why.
RIGHT_FORM_OF_PLUGINS = {
    "E0201-attack-against": "the step of the scenario lacks a key that this attack needs",
    "E0201-attack-by": "the step of the scenario lacks a key that this attack needs",
    "E0201-plugin-send-cause": "needs the period of the frame, which another definition has",
    "E0201-plugin-kind-without-bus": "looks at the types of all settings",
    "E0201-plugin-set-on-which-bus": "counts the settings of a type",
    "E0203-plugin-send-field": "needs the fields of the frame, which another definition has",
    "E0208-plugin-send-two-causes": "one of three keys is enough, and none excludes another",
    "E0201-plugin-detector-setting": "needs the settings of another definition",
    "E0201-plugin-set-setting": "needs the settings of another definition",
    "E0201-plugin-setting-missing": "needs the settings of another definition",
    "E0201-plugin-signal-missing": "needs the settings of another definition",
    "E0203-plugin-set-setting": "needs the settings of another definition",
    "E0203-plugin-setting-value": "needs the settings of another definition",
    "E0305-plugin-signal-unit": "needs the dimension of the formula",
    "E0307-plugin-one-of-default": "compares two values of the file",
    "E0307-plugin-setting-value": "needs the settings of another definition",
}


def judge_wrong_plugin(check, validators, path, counts):
    """A wrong scenario whose mistake lies in its plugin; says whether there is one."""
    plugin = path.parent / "plugins" / path.name
    if not plugin.exists():
        return False
    try:
        data = read(plugin.read_text())
    except (yaml.YAMLError, ValueError, UnicodeDecodeError):
        counts["plugins refused by YAML"] += 1
        return True
    refused = {not validator.is_valid(data) for validator in validators}
    check(f"plugins/{path.name}: both drafts say the same", len(refused) == 1)
    if refused == {True}:
        counts["plugins refused by the schema"] += 1
    else:
        counts["plugins beyond a schema"] += 1
        check(f"plugins/{path.name} is refused", path.stem[:5] not in FORM_OF_PLUGINS or path.stem in RIGHT_FORM_OF_PLUGINS)
    return True


def judge_wrong_files(check, validators, plugin_validators, root):
    counts, needless = collections.Counter(), set(BEYOND)
    for path in sorted((root / "Tests/EngineTests/Wrong").glob("*.yaml")):
        code = path.stem[:5]
        beyond = next((name for name in (path.stem, code, code[:3]) if name in BEYOND), None)
        try:
            data = read(path.read_text())
        except (yaml.YAMLError, ValueError):
            counts["refused by YAML"] += 1
            check(f"{path.name} is refused by YAML", code.startswith("E01"))
            continue
        refused = {not validator.is_valid(data) for validator in validators}
        check(f"{path.name}: both drafts say the same", len(refused) == 1)
        refused = refused == {True}
        if code.startswith(RIGHT_IN_FORM):
            counts["right in form and accepted"] += not refused
            check(f"{path.name} is right in form", not refused)
        elif refused:
            counts["refused by the schema"] += 1
        elif not judge_wrong_plugin(check, plugin_validators, path, counts):
            counts["beyond a schema"] += 1
            check(f"{path.name} is refused", beyond is not None)
            needless.discard(beyond)
    check("every mistake that is said to be beyond a schema is", not needless, str(sorted(needless)))
    print("wrong files and the schema: " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))


def judge_parts(check, validators):
    head = "evsim: 1\nscenario: t\nrun: {for: 60s}\nnodes: {csms: {is: csms}, cp1: {is: charge-point, csms: csms}}\n"
    for part, plain, with_plugins in PARTS:
        for use, wanted in (("", plain), ("uses: [evsim/cabinets]\n", with_plugins)):
            for validator in validators:
                check(f"{use}{part} is {'right' if wanted else 'refused'}", validator.is_valid(read(head + use + part)) == wanted)
    strange = head.replace("nodes: {", "nodes: {cab: {is: cabinets/dual-gun-cabinet, budget: 100 A}, ")
    for validator in validators:
        check("kinds of plugins need 'uses'", not validator.is_valid(read(strange)) and validator.is_valid(read(strange + "uses: [evsim/cabinets]\n")))


def judge_plugins(check, validators):
    for validator in validators:
        errors = [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(read(PLUGIN))]
        check("the plugin obeys the schema", not errors, str(errors[:3]))
        for what, (old, new) in WRONG_PLUGINS.items():
            check(f"a plugin with {what} is refused", PLUGIN.count(old) == 1 and not validator.is_valid(read(PLUGIN.replace(old, new))))
