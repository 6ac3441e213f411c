import Quantities

/// What stands at a place of a file, as far as its layout depends on it.
indirect enum FormatShape: Sendable {
    /// Anything: left as it is.
    case any
    /// A number with its unit; `rescales` allows a greater unit of time.
    case quantity(rescales: Bool)
    /// A whole number, perhaps hexadecimal.
    case whole
    /// A list of such things, or one of them.
    case list(FormatShape)
    /// Keys that the user names: their order stays.
    case named(FormatShape)
    /// Keys that the schema knows, in canonical order; others stand in the order of the file where `*` is, or else at the end.
    case keys([(name: String, shape: FormatShape)])
    /// Keys whose order stays, some of them known.
    case fields([(name: String, shape: FormatShape)])
    /// A section that may be written as one value.
    case sectionOr(FormatShape, [(name: String, shape: FormatShape)])
    /// A node, whose settings follow from its kind.
    case node
    /// A detector, whose settings follow from its kind.
    case detector
    /// A step, whose keys follow from its verb.
    case step
    /// The definition of a setting, whose limits follow from its type.
    case setting
    /// A message with the fields of a preset.
    case message
}

/// The shapes of scenario and plugin files: the keys of `ScenarioSchema` with what the formatter has to know about their values.
struct FormatSchema {
    let registry: Registry
    /// Settings of the kinds, detectors and attacks that the file itself defines, by section and name.
    private let own: [String: [String: [(name: String, shape: FormatShape)]]]
    /// What the sequences of the file take.
    private let sequences: [(name: String, fields: [(name: String, shape: FormatShape)])]

    init(registry: Registry, root: LayoutNode) {
        self.registry = registry
        var own: [String: [String: [(name: String, shape: FormatShape)]]] = [:]
        for section in ["kinds", "detectors", "attacks", "messages"] {
            for entry in root[section]?.entries ?? [] {
                own[section, default: [:]][entry.name] = Self.settings(entry.value)
            }
        }
        self.own = own
        sequences = (root["sequences"]?.entries ?? []).map { entry in
            let needs = (entry.value["needs"]?.entries ?? []).compactMap(\.value.writtenText)
            return (entry.name, needs.map { ($0, .quantity(rescales: true)) } + (Self.settings(entry.value) ?? []))
        }
    }

    /// The settings that a definition in the file declares.
    private static func settings(_ node: LayoutNode) -> [(name: String, shape: FormatShape)]? {
        node["settings"]?.entries.map { ($0.name, shape(ofType: $0.value["type"]?.plainText)) }
    }

    private static let quantityTypes = [
        "current", "voltage", "power", "energy", "charge", "time", "frequency", "percent", "number", "temperature", "resistance", "data_rate",
    ]

    /// The shape of a value of a setting's type as plugin files name it.
    private static func shape(ofSetting type: SettingType) -> FormatShape {
        switch type {
        case .quantity, .duration, .percent, .number, .level: .quantity(rescales: true)
        case .count: .whole
        case .replies: replies
        default: .any
        }
    }

    private static func shape(ofType type: String?) -> FormatShape {
        guard let type else { return .any }
        return quantityTypes.contains(type) ? .quantity(rescales: true) : type == "count" ? .whole : .any
    }

    // MARK: Sections

    /// The keys of a section in canonical order, with shapes that follow from what each takes.
    private static func keys(
        _ section: Section, _ shapes: [String: FormatShape] = [:], later: [(key: String, behind: String)] = [], leavingOut: [String] = []
    ) -> [(name: String, shape: FormatShape)] {
        var result = section.keys.filter { !leavingOut.contains($0.name) }.map { ($0.name, shapes[$0.name] ?? shape(of: $0)) }
        for (key, behind) in later where !result.contains(where: { $0.0 == key }) {
            let place = result.firstIndex { $0.0 == behind }.map { $0 + 1 } ?? result.count
            result.insert((key, shapes[key] ?? .any), at: place)
        }
        return result
    }

    private static func shape(of key: KeyManifest) -> FormatShape {
        switch key.type {
        case "time", "data rate", "level", "number", "percent": .quantity(rescales: true)
        case "0x…", "whole number": .whole
        default: .any
        }
    }

    /// The whole file; packs and locks have an order of their own.
    static func file(_ keys: [String]) -> FormatShape {
        if keys.contains("plugin") { return .keys(plugin) }
        return keys.contains("pack") || keys.contains("lock") ? .any : .keys(scenario)
    }

    private static let run = keys(ScenarioSchema.run)
    private static let parameter = ScenarioSchema.param.keys.map {
        (name: $0.name, shape: $0.name == "about" ? FormatShape.any : .quantity(rescales: false))
    }
    private static let field = keys(ScenarioSchema.field)
    private static let frame = keys(ScenarioSchema.frame, ["data": .named(.sectionOr(.any, field))])
    private static let bus = keys(
        ScenarioSchema.bus, ["frames": .named(.keys(frame)), "data_bitrate": .quantity(rescales: false)],
        later: [("data_bitrate", "bitrate"), ("dbc", "fidelity"), ("attach", "dbc"), ("accepts", "attach"), ("sets", "accepts")])
    private static let link = keys(ScenarioSchema.link)
    private static let steps = FormatShape.list(.step)
    private static let sequence = keys(ScenarioSchema.sequence, ["steps": steps, "settings": .named(.setting)], later: [("settings", "needs")])
    private static let label = keys(ScenarioSchema.label)
    private static let pattern = keys(ScenarioSchema.pattern)
    private static let expectation = keys(
        ScenarioSchema.expectation,
        ["exchange": .list(.keys(keys(ScenarioSchema.exchangeElement, ["never": .keys(pattern)]))), "never": .keys(pattern)])
    private static let replies = FormatShape.named(
        .list(.sectionOr(.any, keys(ScenarioSchema.reply, ["error": .sectionOr(.any, keys(ScenarioSchema.replyError))]))))
    private static let plot = keys(ScenarioSchema.plot, later: [("grid", "lines"), ("by", "grid"), ("bands", "marks")])
    private static let values = FormatShape.quantity(rescales: false)
    private static let sweep: [(name: String, shape: FormatShape)] = [
        ("over", .named(.sectionOr(.list(values), ["from", "to", "step"].map { ($0, values) }))), ("seeds", .whole), ("how", .any),
    ]
    private static let common: [String: FormatShape] = [
        "params": .named(.sectionOr(values, parameter)), "run": .keys(run), "nodes": .named(.node), "buses": .named(.keys(bus)),
        "links": .named(.keys(link)), "sequences": .named(.keys(sequence)), "steps": steps, "detectors": .named(.detector), "sweep": .keys(sweep),
        "expect": .list(.sectionOr(.any, expectation)), "plots": .list(.keys(plot)),
    ]
    private static let scenario = keys(ScenarioSchema.top, common, later: [("uses", "about"), ("sweep", "detectors")])

    // MARK: Plugins

    private static let transition: [(name: String, shape: FormatShape)] = [
        ("on", .any), ("after", .quantity(rescales: true)), ("when", .any), ("lasting", .quantity(rescales: true)),
        ("set", .named(.quantity(rescales: true))), ("go", .any),
    ]
    private static let sent: [(name: String, shape: FormatShape)] = [
        ("frame", .any), ("every", .quantity(rescales: true)), ("phase", .quantity(rescales: true)), ("on", .any), ("entering", .any),
        ("after", .quantity(rescales: true)), ("when", .any), ("data", .named(.quantity(rescales: true))),
    ]
    private static let kind: [(name: String, shape: FormatShape)] = [
        ("about", .any), ("settings", .named(.setting)), ("buses", .named(.keys(bus))), ("parts", .named(.node)),
        ("sets", .any), ("signals", .named(.sectionOr(.any, ["value", "unit", "about"].map { ($0, .any) }))),
        ("keeps", .named(.sectionOr(.quantity(rescales: true), [("start", .quantity(rescales: true)), ("unit", .any), ("about", .any)]))),
        ("always", .list(.keys(transition))), ("starts_in", .any), ("states", .named(.list(.keys(transition)))), ("sends", .named(.keys(sent))),
        ("reacts_in", .quantity(rescales: true)),
    ]
    private static let attack: [(name: String, shape: FormatShape)] = [
        ("about", .any), ("settings", .named(.setting)), ("label", .sectionOr(.any, label)), ("steps", steps),
    ]
    private static let frameSet: [(name: String, shape: FormatShape)] = [
        ("about", .any), ("settings", .named(.setting)), ("frames", .named(.keys(frame))),
    ]
    private static let plugin: [(name: String, shape: FormatShape)] = [
        ("evsim", .any), ("plugin", .any), ("about", .any), ("uses", .any), ("kinds", .named(.keys(kind))), ("attacks", .named(.keys(attack))),
        ("detectors", .named(.detector)), ("sequences", .named(.keys(sequence))), ("frames", .named(.keys(frameSet))), ("messages", .named(.message)),
    ]

    // MARK: What follows from the content

    /// The shape of a node, with everything that depends on its content settled: `keys`, `fields`, `list`, `named` or a scalar.
    func settled(_ shape: FormatShape, _ node: LayoutNode) -> FormatShape {
        switch shape {
        case .sectionOr(let single, let keys):
            if case .mapping = node.content { return .keys(keys) }
            return single
        case .node: return .keys([("is", .any), ("count", .whole)] + settings(ofKind: node["is"]?.writtenText))
        case .detector: return .keys(detector(node))
        case .step: return .keys(step(node))
        case .setting: return .keys(setting(node))
        case .message: return .keys(preset(node))
        default: return shape
        }
    }

    private func shape(_ type: SettingType) -> FormatShape {
        switch type {
        case .quantity, .duration, .percent, .number, .level, .ramp: .quantity(rescales: true)
        case .count: .whole
        case .replies: Self.replies
        default: .any
        }
    }

    /// The name without the plugin that it comes from.
    private func bare(_ name: String) -> String { name.split(separator: "/").last.map(String.init) ?? name }

    private func settings(ofKind name: String?) -> [(name: String, shape: FormatShape)] {
        guard let name else { return [] }
        if let index = registry.kindIndex(name) { return registry.kinds[index].settings.map { ($0.name, shape($0.type)) } }
        return own["kinds"]?[bare(name)] ?? []
    }

    private func detector(_ node: LayoutNode) -> [(name: String, shape: FormatShape)] {
        var result: [(name: String, shape: FormatShape)] = [("about", .any), ("settings", .named(.setting)), ("is", .any)]
        if let name = node["is"]?.writtenText {
            if let index = registry.detectorIndex(name) {
                result += registry.detectors[index].settings.map { ($0.name, shape($0.type)) }
            } else {
                result += own["detectors"]?[bare(name)] ?? []
            }
        }
        let composition: [(name: String, shape: FormatShape)] = [("when", .any), ("parts", .named(.detector))]
        result += composition.filter { key in !result.contains { $0.name == key.name } }
        // Settings of a kind that is not known here, because a plugin brings it.
        result.append(("*", .any))
        let lifecycle = Self.keys(ScenarioSchema.detector, later: [("learn", "warmup")], leavingOut: ["is", "severity"])
        let severity: (name: String, shape: FormatShape) = ("severity", .any)
        // A setting of a kind goes before a key of the life-cycle of the same name.
        result += (lifecycle + [severity]).filter { key in !result.contains { $0.name == key.name } }
        return result
    }

    private func step(_ node: LayoutNode) -> [(name: String, shape: FormatShape)] {
        guard let entry = node.entries.first(where: { StepVerb(rawValue: $0.name) != nil }), let verb = StepVerb(rawValue: entry.name) else { return [] }
        let name = entry.value.writtenText ?? ""
        let value: FormatShape
        var with = FormatShape.any
        switch verb {
        case .wait, .at, .repeat: value = .quantity(rescales: true)
        case .set: value = .named(.quantity(rescales: true))
        case .parallel: value = .named(Self.steps)
        case .send:
            value = .any
            with = .fields(fields(ofMessage: name))
        case .transmit:
            value = .any
            with = .named(.quantity(rescales: true))
        case .call:
            value = .any
            with = .fields(sequences.first { $0.name == name }?.fields ?? [])
        case .do:
            value = .any
            with = .fields(
                registry.kinds.lazy.flatMap(\.actions).first { $0.name == name }?.settings.map { ($0.name, Self.shape(ofSetting: $0.type)) } ?? [])
        case .attack:
            value = .any
            with = .fields(own["attacks"]?[bare(name)] ?? Self.builtInAttack(name))
        default: value = .any
        }
        // What a step contains comes last, so that its label is seen.
        let bodies = ["steps"] + (verb == .when ? ["else"] : [])
        var result: [(name: String, shape: FormatShape)] = [(verb.rawValue, value)]
        for key in verb.keys where !bodies.contains(key) {
            result.append((key, key == "with" ? with : key == "timeout" || key == "for" ? .quantity(rescales: true) : .any))
        }
        result.append(("label", .sectionOr(.any, Self.label)))
        for key in bodies where verb.keys.contains(key) { result.append((key, Self.steps)) }
        return result
    }

    /// Settings of a built-in attack.
    private static func builtInAttack(_ name: String) -> [(name: String, shape: FormatShape)] {
        guard let index = BuiltInAttacks.index(name) else { return [] }
        return BuiltInAttacks.all[index].settings.map { setting in
            switch setting.type {
            case .plain(let type): (setting.name, shape(ofSetting: type))
            case .changes: (setting.name, .sectionOr(.quantity(rescales: true), []))
            case .size: (setting.name, .quantity(rescales: true))
            case .identifier: (setting.name, .whole)
            default: (setting.name, .any)
            }
        }
    }

    private func fields(ofMessage name: String) -> [(name: String, shape: FormatShape)] {
        if let message = registry.message(name) { return message.shorthands.map { ($0.name, .quantity(rescales: true)) } }
        return own["messages"]?[bare(name)] ?? []
    }

    private func setting(_ node: LayoutNode) -> [(name: String, shape: FormatShape)] {
        let value = Self.shape(ofType: node["type"]?.plainText)
        return [("type", .any), ("default", value), ("min", value), ("max", value), ("one_of", .any), ("of", .any), ("about", .any)]
    }

    private func preset(_ node: LayoutNode) -> [(name: String, shape: FormatShape)] {
        let fields = fields(ofMessage: node["send"]?.writtenText ?? "")
        return [("about", .any), ("send", .any), ("settings", .named(.setting)), ("with", .fields(fields))]
    }
}
