import JSONText
import Quantities
import ScenarioLanguage

extension SchemaBuilder {
    /// The schema of what a key takes; `scalars` are the names for the key itself, `names` those for what is inside.
    func type(of key: KeyManifest, _ names: Names, scalars: Names? = nil) -> JSONValue {
        if case .named(let type, let name, let dashes) = key.takes, key.required {
            // A required mapping of names has at least one.
            return named(type, key: name, dashes: dashes, names, isNeeded: true)
        }
        return type(key.takes, names, scalars: scalars ?? names)
    }

    /// The schema of a type.
    func type(_ type: KeyType, _ names: Names, scalars: Names) -> JSONValue {
        switch type {
        case .section(let path, let short):
            let section: JSONValue =
                switch path {
                case ScenarioSchema.node.path: node(names)
                case ScenarioSchema.detector.path: detector(names)
                case PluginSchema.detector.path: pluginDetector()
                case ScenarioSchema.useOfSet.path, PluginSchema.useOfSet.path: useOfSet(names)
                default: self.section(at: path, names)
                }
            guard let short else { return section }
            return ["anyOf": [self.type(short, names, scalars: names == .settings ? .settings : scalars), section]]
        case .named(let type, let key, let dashes): return named(type, key: key, dashes: dashes, names, isNeeded: false)
        case .list(let type, let count):
            let items = self.type(type, names, scalars: scalars)
            guard let count else { return ["type": ["array", "null"], "items": items] }
            return ["type": "array", "items": items, "minItems": .integer(Int64(count.lowerBound)), "maxItems": .integer(Int64(count.upperBound))]
        case .steps: return steps(names)
        case .tracks:
            return define("tracks" + suffix(names, byPlugins: true)) {
                ["type": "object", "minProperties": 1, "additionalProperties": steps(names)]
            }
        case .fields: return ["type": ["object", "null"]]
        case .arguments: return ["type": ["object", "null"], "propertyNames": name(dashes: false)]
        case .settings:
            return define("signal-values") {
                ["type": ["object", "null"], "propertyNames": pattern(SchemaPattern.path), "additionalProperties": anyQuantity(flag: true, formula: true)]
            }
        case .lines:
            let signal = reference(.signal, scalars)
            return ["type": ["array", "null"], "items": ["anyOf": [signal, ["type": "array", "items": signal]]]]
        case .states: return ["anyOf": [reference(.state, scalars), ["type": "array", "items": reference(.state, scalars)]]]
        case .reference(let what): return reference(what, scalars)
        case .action: return action(names)
        case .frame: return text
        case .bytes:
            return define("bytes") {
                [
                    "type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9A-Fa-f .]*$", "examples": ["D2 04"],
                    "patternErrorMessage": "hexadecimal bytes, for example 'D2 04'",
                ]
            }
        case .message: return message(scalars == .open && names == .settings ? .builtIn : names)  // A message of a plugin has an official name.
        case .version: return ["const": 1]
        case .formula: return formula
        default: return orSetting(scalar(type), scalars)
        }
    }

    private func named(_ type: KeyType, key: String, dashes: Bool, _ names: Names, isNeeded: Bool) -> JSONValue {
        var schema: JSONValue = ["type": isNeeded ? "object" : ["object", "null"]]
        if isNeeded { schema.add("minProperties", 1) }
        schema.add("propertyNames", name(dashes: dashes))
        schema.add("additionalProperties", self.type(type, names, scalars: names))
        return schema
    }

    /// A type that is the same in every part of a file, without formulas of settings.
    private func scalar(_ type: KeyType) -> JSONValue {
        switch type {
        case .name(let dashes): return name(dashes: dashes)
        case .plugin: return ["type": "string", "pattern": "\\S", "examples": ["evsim/cabinets", "plugins/my-kinds.yaml"]]
        case .text: return text
        case .flag: return flag(formula: false)
        case .whole(let range): return whole(least: Int64(range.lowerBound), greatest: range.upperBound)
        case .identifier:
            return define("identifier") {
                [
                    "type": ["integer", "string"], "minimum": 0, "maximum": 0x1FFF_FFFF, "pattern": .string(SchemaPattern.identifier), "examples": ["0x210"],
                    "patternErrorMessage": "an identifier, for example 0x210",
                ]
            }
        case .number: return quantity(.none, negative: true, formula: false)
        case .duration(let allowsZero): return duration(allowsZero: allowsZero, formula: false)
        case .time: return duration(allowsZero: true, formula: true)
        case .quantity(let dimension): return quantity(dimension, negative: false, formula: false)
        case .value: return anyQuantity(flag: true, formula: false)
        case .anything: return ["type": ["string", "number", "boolean", "array"], "items": ["type": ["string", "number", "boolean"]]]
        case .level: return anyQuantity(flag: false, formula: true)
        case .instant: return pattern(SchemaPattern.instant, "2025-01-06T00:00:00Z", "an instant in UTC, for example 2025-01-06T00:00:00Z")
        case .size: return pattern(SchemaPattern.size, "1200x600", "WIDTHxHEIGHT from 200x120 to 8192x8192, for example 1200x600")
        case .unit: return pattern(SchemaPattern.unit, "kW", "a unit, for example kW ('evsim list units')")
        case .layout: return define("layout") { pattern(SchemaPattern.layout, "u16 A", "a field layout, for example 'u16 A' or 'i16 be V'") }
        case .word(let words): return ["type": "string", "enum": .array(words.map { .string($0) })]
        case .pace: return pattern("^(?:fast|real|[0-9]+(?:\\.[0-9]+)?[x×])$", "10x", "'fast', 'real' or a speed as '10x'")
        case .warning: return pattern("^W[0-9]{4}$", "W0601", "the code of a warning, for example W0601")
        case .repetition:
            return define("repetition") {
                [
                    "type": ["integer", "string"], "minimum": 0, "maximum": 1_000_000_000, "pattern": .string(SchemaPattern.repetition),
                    "examples": ["forever", 3, "10min", "=cp1.charging"], "patternErrorMessage": "a number, 'forever', a time or a formula",
                ]
            }
        case .attacked:
            return define("attacked") {
                let one: JSONValue = [
                    "type": "string", "pattern": .string("^=\\s*\\S|" + SchemaPattern.path),
                    "examples": ["can0", "can0.limit", "cp1", "ocpp.Heartbeat", "charger.voltage"],
                ]
                return ["anyOf": [one, ["type": "array", "items": one, "minItems": 1]]]
            }
        case .target:
            return define("target") {
                let one: JSONValue = ["type": "string", "pattern": .string("^=\\s*\\S|" + SchemaPattern.path), "examples": ["cp1", "cp.*"]]
                return ["anyOf": [one, ["type": "array", "items": one]]]
            }
        default: return .object([])
        }
    }

    /// In a plugin a setting can stand in place of a value.
    func orSetting(_ schema: JSONValue, _ names: Names) -> JSONValue { names == .settings ? ["anyOf": [schema, formula]] : schema }

    // MARK: Names

    /// A name of something that is declared elsewhere.
    func reference(_ what: KeyType.Reference, _ names: Names) -> JSONValue {
        switch what {
        case .kind: return kindName(registry.kinds.map { ($0.name, $0.about) }, names)
        case .detectorKind:
            return define("kind-of-detector" + suffix(names, byPlugins: true)) { kindName(registry.detectors.map { ($0.name, $0.about) }, names) }
        case .node: return orSetting(pattern(SchemaPattern.path, "cp1"), names)
        case .signal: return orSetting(pattern(SchemaPattern.path, "charger.current"), names)
        case .labels: return orSetting(pattern(SchemaPattern.path, "labels"), names)
        case .detector: return orSetting(pattern(SchemaPattern.path), names)
        case .messages: return orSetting(pattern(SchemaPattern.messages), names)
        case .state: return name(dashes: true)
        case .sequence, .attack, .frameSet: return orSetting(pattern(SchemaPattern.ownName), names)
        case .typeOrRole: return ["type": "string", "enum": .array((PluginSchema.settingTypes + PluginSchema.roles).map { .string($0) })]
        }
    }

    /// One of the names that come with the tool, with an explanation for each; with plugins also others.
    func kindName(_ known: [(name: String, about: String)], _ names: Names) -> JSONValue {
        let abouts = JSONValue.array(known.map { .string($0.about) })
        let words: JSONValue = [
            "type": "string", "enum": .array(known.map { .string($0.name) }), "enumDescriptions": abouts, "markdownEnumDescriptions": abouts,
        ]
        return names == .builtIn ? words : ["anyOf": [words, pattern(SchemaPattern.ownName)]]
    }

    func name(dashes: Bool) -> JSONValue {
        define(dashes ? "name-with-dashes" : "name") {
            [
                "type": "string", "pattern": .string(SchemaPattern.name(dashes: dashes)),
                "patternErrorMessage": .string("a name: letters, digits and '\(dashes ? "-" : "_")', starting with a letter"),
            ]
        }
    }

    // MARK: Values

    func pattern(_ pattern: String, _ example: String? = nil, _ message: String? = nil) -> JSONValue {
        var schema: JSONValue = ["type": "string", "pattern": .string(pattern)]
        if let example { schema.add("examples", [.string(example)]) }
        if let message { schema.add("patternErrorMessage", .string(message)) }
        return schema
    }

    var formula: JSONValue {
        define("formula") { pattern(SchemaPattern.formula, "=charger.current > 15 A", "a formula begins with '=', for example =charger.current > 15 A") }
    }

    var text: JSONValue { ["type": ["string", "number", "boolean"]] }

    func flag(formula: Bool) -> JSONValue {
        [
            "type": ["boolean", "string"], "pattern": .string(formula ? "^(?:true|false|=\\s*\\S.*)$" : "^(?:true|false)$"),
            "patternErrorMessage": "true or false",
        ]
    }

    func whole(least: Int64, greatest: UInt64) -> JSONValue {
        [
            "type": ["integer", "string"], "minimum": .integer(least), "maximum": Int64(exactly: greatest).map { .integer($0) } ?? .number("\(greatest)"),
            "pattern": .string(SchemaPattern.whole), "patternErrorMessage": "a whole number",
        ]
    }

    func duration(allowsZero: Bool, formula: Bool) -> JSONValue {
        define("time" + (allowsZero ? "" : "-not-zero") + (formula ? "-or-formula" : "")) {
            pattern(
                SchemaPattern.duration(allowsZero: allowsZero, formula: formula), "2s",
                "a time with its unit, for example 2s or 1min30s\(formula ? ", or a formula" : "")")
        }
    }

    /// A quantity; plain numbers can also be numbers of YAML.
    func quantity(_ dimension: Dimension, negative: Bool, formula: Bool) -> JSONValue {
        let name = dimension.name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
        return define("\(name)\(negative ? "" : "-not-negative")\(formula ? "-or-formula" : "")") {
            let noun = dimension == .none ? "a number" : "\(dimension.name) with its unit"
            var schema = pattern(
                SchemaPattern.quantity(dimension, negative: negative, formula: formula), dimension.example,
                "\(noun), for example \(dimension.example)\(formula ? ", or a formula" : "")")
            if dimension == .none {
                schema = .object([.init("type", ["number", "string"])] + (negative ? [] : [.init("minimum", 0)]) + (schema.members ?? []).dropFirst())
            }
            return schema
        }
    }

    func anyQuantity(flag: Bool, formula: Bool) -> JSONValue {
        define("\(flag ? "value" : "level")\(formula ? "-or-formula" : "")") {
            [
                "type": .array(["number", "string"] + (flag ? ["boolean"] : [])), "pattern": .string(SchemaPattern.anyQuantity(flag: flag, formula: formula)),
                "examples": ["16 A"], "patternErrorMessage": .string("a number with its unit, for example 16 A\(formula ? ", or a formula" : "")"),
            ]
        }
    }
}
