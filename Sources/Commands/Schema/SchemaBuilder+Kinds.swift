import JSONText
import Quantities
import ScenarioLanguage

extension SchemaBuilder {
    /// A node: `is` selects the settings.
    func node(_ names: Names) -> JSONValue {
        define("node" + suffix(names, byPlugins: true)) {
            let keys = ScenarioSchema.node.keys
            var schema: JSONValue = [
                "title": "node", "description": .string(ScenarioSchema.node.about), "type": "object", "required": ["is"],
                "properties": .object(keys.map { .init($0.name, describe($0, type($0.takes, names, scalars: names))) }),
            ]
            schema.add("allOf", .array(registry.kinds.map { kind in choice("is", kind.name, settings(of: kind, names)) }))
            return schema
        }
    }

    private func settings(of kind: KindManifest, _ names: Names) -> JSONValue {
        define("kind-\(kind.name)" + suffix(names, byPlugins: false)) {
            body(kind.name, kind.about, ScenarioSchema.node.keys, kind.settings, names)
        }
    }

    /// A detector: `is` selects the settings.
    func detector(_ names: Names) -> JSONValue {
        define("detector" + suffix(names, byPlugins: true)) {
            var schema: JSONValue = [
                "title": "detector", "description": .string(ScenarioSchema.detector.about), "type": "object", "required": ["is"],
                "properties": .object(ScenarioSchema.detector.keys.map { .init($0.name, describe($0, type($0.takes, names, scalars: names))) }),
            ]
            schema.add("allOf", .array(registry.detectors.map { kind in choice("is", kind.name, settings(of: kind, names)) }))
            return schema
        }
    }

    private func settings(of kind: DetectorManifest, _ names: Names) -> JSONValue {
        define("detector-\(kind.name)" + suffix(names, byPlugins: false)) {
            let keys = ScenarioSchema.detector.keys.filter { $0.name != "clear" || kind.hasLevel }
            return body(kind.name, kind.about, keys, kind.settings, names)
        }
    }

    /// A kind of detector that a plugin declares: a condition, or another kind with its settings.
    func pluginDetector() -> JSONValue {
        define("plugin-detector") {
            let section = PluginSchema.detector
            let own = section.keys.map { JSONValue.Member($0.name, describe($0, type(of: $0, .settings))) }
            var schema: JSONValue = [
                "title": "detector kind", "description": .string(section.about), "type": "object", "properties": .object(own),
                "oneOf": [["required": ["when"]], ["required": ["is"]]],
            ]
            let choices = registry.detectors.map { kind in
                let names = section.keys.map(\.name)
                let settings = kind.settings.filter { !names.contains($0.name) }
                return choice(
                    "is", kind.name,
                    define("plugin-detector-\(kind.name)") {
                        [
                            "title": .string(kind.name), "description": .string(kind.about), "type": "object",
                            "properties": .object(own.filter { $0.key != "clear" || kind.hasLevel } + settings.map { .init($0.name, setting($0, .settings)) }),
                            "additionalProperties": false,
                        ]
                    })
            }
            let plain: JSONValue = [
                "if": ["not": ["required": ["is"]]],
                "then": ["properties": .object(section.keys.map { .init($0.name, true) }), "additionalProperties": false],
            ]
            schema.add("allOf", .array(choices + [plain]))
            return schema
        }
    }

    /// A set of frames with its settings.
    func useOfSet(_ names: Names) -> JSONValue {
        define("use-of-set" + suffix(names, byPlugins: false)) {
            let section = ScenarioSchema.useOfSet
            return [
                "title": "set of frames", "description": .string(section.about), "type": "object", "required": ["is"],
                "properties": .object(section.keys.map { .init($0.name, describe($0, type(of: $0, names))) }), "propertyNames": name(dashes: false),
            ]
        }
    }

    /// When a key has a value, that schema holds.
    func choice(_ key: String, _ value: String, _ then: JSONValue) -> JSONValue {
        ["if": ["properties": [key: ["const": .string(value)]], "required": [.string(key)]], "then": then]
    }

    /// The keys of every node or detector with the settings of one kind.
    private func body(_ name: String, _ about: String, _ keys: [KeyManifest], _ settings: [SettingManifest], _ names: Names) -> JSONValue {
        let members =
            keys.map { key in
                JSONValue.Member(key.name, describe(key, key.name == "is" ? ["const": .string(name)] : type(key.takes, names, scalars: names)))
            } + settings.map { .init($0.name, setting($0, names)) }
        return [
            "title": .string(name), "description": .string(about), "markdownDescription": .string("**\(name)** \(about)"), "type": "object",
            "properties": .object(members), "required": .array((["is"] + settings.filter(\.required).map(\.name)).map { .string($0) }),
            "additionalProperties": false,
        ]
    }

    // MARK: Settings

    /// A setting of a kind.
    func setting(_ setting: SettingManifest, _ names: Names) -> JSONValue {
        let bounds =
            switch (setting.min, setting.max) {
            case (let least?, let greatest?): ", \(least)…\(greatest)"
            case (let least?, nil): ", at least \(least)"
            case (nil, let greatest?): ", at most \(greatest)"
            case (nil, nil): ""
            }
        return described(
            setting.name, setting.about, words: setting.type.name + bounds, required: setting.required,
            default: setting.defaultText.map { defaultValue($0, setting.type) }, text: setting.defaultText, takes(setting, names))
    }

    private func defaultValue(_ text: String, _ type: SettingType) -> JSONValue {
        switch type {
        case .flag: .bool(text == "true")
        case .count, .number: Int64(text).map { .integer($0) } ?? .string(text)
        case .texts: .array(text.split(separator: ",").map { .string(String($0.drop { $0 == " " })) })
        default: .string(text)
        }
    }

    /// What a setting takes.
    private func takes(_ setting: SettingManifest, _ names: Names) -> JSONValue {
        let least = setting.min.flatMap { try? Quantity.parse($0) }
        let negative = least.map { $0.value < 0 } ?? true
        switch setting.type {
        case .quantity(let dimension): return quantity(dimension, negative: negative, formula: true)
        case .number, .percent:
            var schema: JSONValue = ["allOf": [quantity(.none, negative: negative, formula: true)]]
            if let least { schema.add("minimum", number(least.value)) }
            if let greatest = setting.max.flatMap({ try? Quantity.parse($0) }) { schema.add("maximum", number(greatest.value)) }
            return schema
        case .duration: return duration(allowsZero: (least?.value ?? 0) <= 0, formula: true)
        case .count:
            return orSetting(whole(least: setting.min.flatMap { Int64($0) } ?? 0, greatest: setting.max.flatMap { UInt64($0) } ?? 1_000_000_000), names)
        case .text: return text
        case .flag: return flag(formula: true)
        case .oneOf(let words): return orSetting(["type": "string", "enum": .array(words.map { .string($0) })], names)
        case .node where setting.takesAddress:
            return ["anyOf": [orSetting(pattern(SchemaPattern.path, "csms"), names), pattern("^wss?://\\S+$", "wss://csms.example/ocpp")]]
        case .node: return orSetting(pattern(SchemaPattern.path, "cp1"), names)
        case .nodes: return oneOrMore("nodes", "cp.*", names)
        case .bus: return orSetting(pattern(SchemaPattern.path, "can0"), names)
        case .signal: return reference(.signal, names)
        case .signals: return oneOrMore("signals", "cp.*.power", names)
        case .mixedSignals: return oneOrMore("signals", "cp.*.power", names)
        case .stream: return oneOrMore("streams", "cp1.ocpp", names)
        case .temporal: return text
        case .tree: return ["type": ["object", "array", "string", "number", "boolean"]]
        case .level: return anyQuantity(flag: false, formula: true)
        case .ramp: return orSetting(define("ramp") { pattern(SchemaPattern.ramp, "20%", "for example '20%', '20 A/s' or 'immediate'") }, names)
        case .condition: return formula
        case .detectors: return ["type": "array", "items": orSetting(name(dashes: false), names), "minItems": .integer(setting.min == "1" ? 1 : 2)]
        case .replies(let caller): return replies(caller, names)
        case .texts(allowed: []): return ["type": ["array", "null"], "items": text]
        case .texts(let allowed): return ["type": ["array", "null"], "items": ["type": "string", "enum": .array(allowed.map { .string($0) })]]
        }
    }

    private func number(_ value: Double) -> JSONValue { Int64(exactly: value).map { .integer($0) } ?? .double(value) }

    private func oneOrMore(_ what: String, _ example: String, _ names: Names) -> JSONValue {
        define(what + suffix(names, byPlugins: false)) {
            let one = orSetting(pattern(SchemaPattern.path, example), names)
            return ["anyOf": [one, ["type": "array", "items": one]]]
        }
    }
}

extension DetectorManifest {
    /// Whether it has a level, so that `clear` means something.
    var hasLevel: Bool { settings.contains { if case .level = $0.type { true } else { false } } }
}
