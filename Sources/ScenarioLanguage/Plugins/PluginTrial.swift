import Quantities
public import YAMLTree

extension ScenarioReader {
    /// Reads a plugin file and tries everything that it defines; warnings are left to the scenarios that use it.
    ///
    /// Without trying, which takes some time, mistakes inside bodies stay unseen, and derived signals are not in the description.
    public func readPlugin(_ file: SourceFile, tries: Bool = true) -> (plugin: PluginDescription?, diagnostics: [Diagnostic]) {
        let reading = Reading(registry: registry)
        let loader = PluginLoader(reading, registry, plugins)
        guard let plugin = loader.read(file), !reading.hasErrors else { return (nil, reading.diagnostics) }
        var description = PluginDescription(plugin)
        var found = reading.diagnostics
        guard tries else { return (description, found) }
        for (index, definition) in plugin.definitions.enumerated() {
            let trial = PluginTrial(definition, file, registry, plugins)
            let result = trial.run()
            for diagnostic in result.diagnostics where !found.contains(where: { $0.code == diagnostic.code && $0.span == diagnostic.span }) {
                found.append(diagnostic)
            }
            guard let scenario = result.scenario, let kind = definition as? KindDefinition else { continue }
            description.entries[index].signals = trial.signals(of: kind, in: scenario)
        }
        return (description, found)
    }
}

/// One definition of a plugin used in a scenario that is made for the purpose.
///
/// Where a setting can be several things, such as a signal of any dimension, they are tried one after the other: the definition is right when one fits.
struct PluginTrial {
    private let definition: Definition
    private let file: SourceFile
    private let registry: Registry
    private let plugins: any PluginSource

    init(_ definition: Definition, _ file: SourceFile, _ registry: Registry, _ plugins: any PluginSource) {
        self.definition = definition
        self.file = file
        self.registry = registry
        self.plugins = plugins
    }

    /// The file itself under a name of its own, everything else from where it always comes from.
    private struct Source: PluginSource {
        let file: SourceFile
        let rest: any PluginSource
        func plugin(_ address: String, usedBy user: SourceFile) throws(PluginRefusal) -> SourceFile {
            user.path == PluginTrial.path ? file : try rest.plugin(address, usedBy: user)
        }
        var shipped: [String] { rest.shipped }
    }

    private static let path = "<trial>"
    /// Signals of every dimension that a setting can have: the type, and a unit of it.
    private static let sources: [(type: String, unit: String)] = [
        ("current", "A"), ("power", "W"), ("voltage", "V"), ("energy", "Wh"), ("number", ""), ("percent", "%"), ("time", "s"), ("frequency", "Hz"),
        ("temperature", "°C"), ("charge", "Ah"), ("resistance", "Ohm"), ("data_rate", "bit/s"),
    ]
    /// Signals that are no numbers.
    private static let states = [("flag", "cp.charging"), ("state", "cp.status")]
    /// Nodes of every built-in kind; those of the plugin itself come behind.
    private var targets: [String] { ["cp", "module", "hub", "ev", "site"] + kinds.indices.map { "own\($0)" } }
    private var kinds: [Definition] { definition.home.definitions.filter { $0.sort == .kinds && $0 !== definition } }

    /// Buses that a definition can look at: an empty one, and those where kinds of the plugin speak.
    private var buses: [String] {
        let isListener = definition.sort != .kinds && definition.sort != .frames && definition.settings.contains { $0.type == .bus }
        return ["spare"] + (isListener ? kinds.indices.map { "place\($0)" } : [])
    }

    /// What is wrong with the definition however it is used, and a scenario that used it.
    func run() -> (scenario: Scenario?, diagnostics: [Diagnostic]) {
        let anySignals = definition.settings.contains { $0.type == .signal && definition.signalDimensions[$0.name] == nil } || !definition.needs.isEmpty
        let anyNodes = definition.sort == .attacks || definition.settings.contains { $0.type == .node(roles: []) || $0.type == .nodes(roles: []) }
        var always: [Diagnostic]?
        for source in anySignals ? Self.sources.map(\.type) + Self.states.map(\.0) : ["current"] {
            for (target, bus) in (anyNodes ? targets : ["cp"]).flatMap({ target in buses.map { (target, $0) } }) {
                let result = attempt(source: source, target: target, bus: bus)
                if result.scenario != nil { return result }
                // What does not fit the definition at the place of use says nothing about the definition.
                if result.diagnostics.isEmpty { continue }
                let found = result.diagnostics
                always = always.map { known in known.filter { one in found.contains { $0.code == one.code && $0.span == one.span } } } ?? found
            }
        }
        return (nil, always ?? [])
    }

    private func attempt(source: String, target: String, bus: String) -> (scenario: Scenario?, diagnostics: [Diagnostic]) {
        let text = text(source: source, target: target, bus: bus)
        let reader = ScenarioReader(registry: registry, plugins: Source(file: file, rest: plugins))
        let result = reader.read(SourceFile(path: Self.path, bytes: Array(text.utf8)))
        let errors = result.diagnostics.filter { $0.severity == .error }
        return (
            result.scenario,
            errors.compactMap { diagnostic in
                // Arguments without a type can be used in ways that only the place of use decides.
                guard diagnostic.span?.file.path != Self.path, definition.needs.isEmpty else { return nil }
                // The signals of the trial cannot be set, those of a scenario may.
                if diagnostic.code == Code.notSettable.rawValue, diagnostic.message.hasPrefix("'given.") { return nil }
                var shown = diagnostic
                shown.related.removeAll { $0.span.file.path == Self.path }
                return shown
            }
        )
    }

    /// A scenario with one of everything, and one use of the definition.
    private func text(source: String, target: String, bus: String) -> String {
        let fields = Self.sources.enumerated().map {
            "      \($0.element.type): {id: 0x7\($0.offset + 10), from: cp, data: {value: 'u8 \($0.element.unit)'}}\n"
        }
        let settings = definition.settings.filter { $0.defaultText == nil }.map {
            ", \($0.name): \($0.type == .bus ? bus : value($0, of: definition, source, target))"
        }.joined()
        let with = settings.isEmpty ? "" : ", with: {\(settings.dropFirst(2))}"
        let needs = definition.needs.isEmpty ? "" : ", with: {\(definition.needs.map { "\($0): cp" }.joined(separator: ", "))}"
        let name = definition.name
        let own = kinds.enumerated().map { index, kind in
            let list = kind.settings.filter { $0.defaultText == nil }.map {
                let given = $0.type == .bus ? "place\(index)" : value($0, of: kind, source, $0.name.range(of: "csms") != nil ? "hub" : "cp")
                return ", \($0.name): \(given)"
            }
            return "  own\(index): {is: \(kind.name)\(list.joined())}\n"
        }
        var nodes = ""
        var rest = ""
        // Kinds that speak on a bus get one each: two of them may send the same frame.
        var places = kinds.indices.map { "  place\($0): {}\n" }.joined()
        switch definition.sort {
        case .kinds: nodes = "  sample: {is: \(name)\(settings)}\n"
        case .detectors: rest = "detectors:\n  sample: {is: \(name)\(settings)}\n"
        case .sequences: rest = "steps:\n  - {call: \(name)\(with)\(needs)}\n"
        case .messages: rest = "steps:\n  - {send: \(name), to: cp\(with)}\n"
        case .frames: places += "  apart: {sets: [{is: \(name)\(settings)}]}\n"
        case .attacks:
            rest = "steps:\n  - {attack: \(name), against: \(target), by: cp, for: 1s\(with)}\n"
        }
        return """
            evsim: 1
            scenario: trial
            uses: [plugin]
            run: {for: 1h}
            nodes:
              hub: {is: csms}
              cp: {is: charge-point, csms: hub, bus: wires}
              module: {is: charger-module, bus: wires}
              ev: {is: vehicle, at: other}
              other: {is: charge-point, csms: hub, plugged: false}
              site: {is: grid-meter, feeds: other}
            \(nodes)\(own.joined())buses:
              wires: {}
              spare: {}
            \(places)  given:
                frames:
            \(fields.joined())\(rest)
            """
    }

    private func value(_ setting: SettingManifest, of definition: Definition, _ source: String, _ target: String) -> String {
        switch setting.type {
        case .quantity, .percent, .number, .duration, .count:
            if let text = setting.min ?? setting.max { return "'\(text)'" }
            switch setting.type {
            case .duration: return "10s"
            case .percent: return "50%"
            case .number: return "1"
            case .count: return "2"
            case .quantity(let dimension): return "'10 \(Unit.preferred(for: dimension)?.symbol ?? "")'"
            default: return ""
            }
        case .flag: return "true"
        case .oneOf(let words): return "'\(words.first ?? "")'"
        case .text: return "'text'"
        case .bus: return "spare"
        case .ramp: return "20%"
        case .signal:
            guard let dimension = definition.signalDimensions[setting.name] else { return Self.states.first { $0.0 == source }?.1 ?? "given.\(source)" }
            let type = Self.sources.first { (Unit.named($0.unit)?.dimension ?? .none) == dimension && $0.type != "percent" }?.type ?? "number"
            return "given.\(type)"
        case .node(let roles), .nodes(let roles):
            switch roles.first {
            case .centralSystem?: return "hub"
            case .chargePoint?, .load?: return "cp"
            case nil: return target
            }
        default: return "1"
        }
    }

    /// The signals of a kind besides its settings, with the units that they turned out to have.
    func signals(of kind: KindDefinition, in scenario: Scenario) -> [SignalManifest] {
        var result = kind.signals.compactMap { signal -> SignalManifest? in
            let name = signal.key.text ?? ""
            guard let index = scenario.symbols.signal("sample.\(name)") else { return nil }
            let symbol = scenario.symbols.signals[index]
            return SignalManifest(name, symbol.dimension, unit: symbol.unit, isFlag: symbol.isFlag, held: true, about: signal.about)
        }
        if !kind.states.isEmpty { result.append(SignalManifest("state", members: kind.states.map { $0.key.text ?? "" }, about: "State of the node.")) }
        result += kind.keeps.compactMap { kept in
            let name = kept.key.text ?? ""
            guard let symbol = scenario.symbols.signal("sample.\(name)").map({ scenario.symbols.signals[$0] }) else { return nil }
            return SignalManifest(name, symbol.dimension, unit: symbol.unit, isFlag: symbol.isFlag, settable: true, held: true, about: kept.about)
        }
        return result
    }
}
