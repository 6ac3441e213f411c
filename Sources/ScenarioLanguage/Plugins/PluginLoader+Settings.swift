import Quantities
import YAMLTree

extension PluginLoader {
    /// Words for types of settings.
    static let types: [(name: String, type: SettingType)] = [
        ("current", .quantity(.current)), ("voltage", .quantity(.voltage)), ("power", .quantity(.power)), ("energy", .quantity(.energy)),
        ("charge", .quantity(Dimension(ampere: 1, second: 1))), ("time", .duration), ("frequency", .quantity(.frequency)),
        ("temperature", .quantity(.temperature)),
        ("resistance", .quantity(.resistance)), ("data_rate", .quantity(.dataRate)), ("percent", .percent), ("number", .number), ("count", .count),
        ("text", .text), ("flag", .flag), ("node", .node(roles: [])), ("nodes", .nodes(roles: [])), ("bus", .bus), ("signal", .signal), ("ramp", .ramp),
    ]

    /// Words for roles of nodes.
    static let roles: [(name: String, role: SettingType.Role)] = [
        ("central-system", .centralSystem), ("charge-point", .chargePoint), ("load", .load),
    ]

    /// Reads the settings of a definition.
    func readSettings(_ node: YAMLNode, _ definition: Definition) {
        for entry in reading.mapping(node, "'settings'", example: "limit: {type: current, default: 16 A}") ?? [] {
            guard let name = reading.checkName(entry.key, "setting") else { continue }
            if ["is", "count"].contains(name) || (definition.sort == .detectors && ScenarioSchema.detector.keys.contains { $0.name == name }) {
                reading.error(.reservedName, entry.key.span, "'\(name)' cannot be a setting", label: "the key means something else already")
                continue
            }
            if definition.sort == .attacks, ["target", "attacker"].contains(name) {
                reading.error(.reservedName, entry.key.span, "'\(name)' is the node that the attack is given", label: "give the setting another name")
                continue
            }
            guard let section = SectionReader(reading, entry.value, PluginSchema.setting, "a setting", example: "{type: current, default: 16 A}"),
                let typeNode = section["type"], let word = reading.word(typeNode, "'type'", among: Self.types.map(\.name))
            else { continue }
            guard let type = settingType(Self.types[word].type, section, definition, name) else { continue }
            let checked = checkBounds(section, type)
            definition.settings.append(
                SettingManifest(
                    name, type, default: checked.isFine ? section["default"]?.text : nil, required: section["default"] == nil, min: checked.min,
                    max: checked.max, follows: type.isSignal, about: section["about"]?.text ?? ""))
        }
    }

    private func settingType(_ type: SettingType, _ section: SectionReader, _ definition: Definition, _ name: String) -> SettingType? {
        if let node = section["one_of"] {
            guard type == .text else {
                reading.error(.unknownKey, section.key("one_of")?.span ?? node.span, "'one_of' goes with 'type: text'")
                return nil
            }
            let words = (reading.list(node, "'one_of'") ?? []).compactMap { reading.text($0, "'one_of'") }
            guard !words.isEmpty else {
                reading.error(.emptySection, node.span, "'one_of' needs at least one word")
                return nil
            }
            return .oneOf(words)
        }
        guard let of = section["of"] else {
            if type == .signal, definition.sort == .kinds {
                reading.error(
                    .missingKey, section.node.span, "a signal as setting of a kind needs the key 'of'", label: "what it measures, for example 'of: current'")
                return nil
            }
            return type
        }
        switch type {
        case .signal:
            let dimensions = Self.types.filter { $0.type.isSignal && $0.type != .flag }
            guard let word = reading.word(of, "'of'", among: dimensions.map(\.name)) else { return nil }
            definition.signalDimensions[name] = dimensions[word].type.dimension
            return type
        case .node, .nodes:
            guard let word = reading.word(of, "'of'", among: Self.roles.map(\.name)) else { return nil }
            let roles = [Self.roles[word].role]
            return type == .node(roles: []) ? .node(roles: roles) : .nodes(roles: roles)
        default:
            reading.error(.unknownKey, section.key("of")?.span ?? of.span, "'of' goes with 'type: signal', 'node' and 'nodes'")
            return nil
        }
    }

    /// Checks default, least and greatest value against the type and each other.
    private func checkBounds(_ section: SectionReader, _ type: SettingType) -> (isFine: Bool, min: String?, max: String?) {
        var isFine = true
        var value: Double?
        if let node = section["default"] {
            value = number(node, type, "'default'")
            isFine = value != nil
        }
        func bound(_ key: String, _ isWrong: (Double, Double) -> Bool) -> String? {
            guard let node = section[key] else { return nil }
            guard type.isSignal && type != .flag || type == .count else {
                reading.error(.unknownKey, section.key(key)?.span ?? node.span, "'\(key)' goes with numbers")
                return nil
            }
            guard let limit = number(node, type, "'\(key)'") else { return nil }
            if let value, isWrong(value, limit), let place = section["default"] {
                reading.error(.outOfRange, place.span, "the default lies outside its own bounds", related: [(node.span, "'\(key)'")])
                isFine = false
            }
            return node.text
        }
        let low = bound("min") { $0 < $1 }
        let high = bound("max") { $0 > $1 }
        if let low = section["min"], let high = section["max"], let least = number(low, type, "'min'"), let most = number(high, type, "'max'"), least > most {
            reading.error(.outOfRange, high.span, "'max' is less than 'min'")
        }
        return (isFine, low, high)
    }

    /// The value of a constant of a type; texts and names count as 0.
    private func number(_ node: YAMLNode, _ type: SettingType, _ what: String) -> Double? {
        switch type {
        case .duration: return reading.duration(node, what)?.seconds
        case .quantity(let dimension): return reading.quantity(node, dimension, what)?.value
        case .number, .percent: return reading.quantity(node, .none, what)?.value
        case .count: return reading.whole(node, what, in: 0...1_000_000_000).map { Double($0) }
        case .flag: return reading.flag(node, what).map { $0 ? 1 : 0 }
        case .oneOf(let words): return reading.word(node, what, among: words).map { Double($0) }
        case .text, .ramp: return reading.text(node, what).map { _ in 0 }
        default:
            reading.error(
                .notOneOf, node.span, "\(what) cannot name \(type.name == "bus" ? "a bus" : "a \(type.name)")",
                label: "nothing outside the plugin has a name in it")
            return nil
        }
    }
}
