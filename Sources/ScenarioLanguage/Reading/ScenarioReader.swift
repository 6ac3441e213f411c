import Quantities
public import YAMLTree

/// Reads scenario files: YAML in, a checked `Scenario` and diagnostics out.
public struct ScenarioReader: Sendable {
    let registry: Registry
    let plugins: any PluginSource

    /// A reader that knows the kinds of a registry, and where the files come from that `uses` names.
    public init(registry: Registry, plugins: any PluginSource = NoPlugins()) {
        self.registry = registry
        self.plugins = plugins
    }

    /// Reads a file; the scenario is there when no diagnostic is an error.
    ///
    /// - Parameters:
    ///   - overrides: values of parameters, as `--set` gives them.
    ///   - seed: the seed of `--seed`; `nil` keeps the file's.
    public func read(_ file: SourceFile, overrides: [(name: String, text: String)] = [], seed: UInt64? = nil) -> (
        scenario: Scenario?, diagnostics: [Diagnostic]
    ) {
        let tree = YAMLTree.parse(file)
        guard let root = tree.root, !tree.diagnostics.contains(where: { $0.severity == .error }) else { return (nil, tree.diagnostics) }
        let builder = ScenarioBuilder(registry: registry, file: file, plugins: plugins)
        let scenario = builder.build(root, overrides: overrides, seed: seed)
        let intended = builder.scenario.intended
        let diagnostics = tree.diagnostics + builder.reading.diagnostics.filter { $0.severity == .error || !intended.contains($0.code) }
        return (diagnostics.contains { $0.severity == .error } ? nil : scenario, diagnostics)
    }
}

/// Builds one scenario; each section has its own file.
final class ScenarioBuilder {
    /// All that can be named: the built-in kinds, then those of plugins.
    var registry: Registry
    let builtInKinds: Int
    let reading: Reading
    let file: SourceFile
    let scope: ScenarioScope
    var scenario: Scenario
    let loader: PluginLoader
    /// Where plugins come from, and files that settings and buses name.
    let plugins: any PluginSource
    /// The scenario as a file of definitions: its sequences and the plugins that it uses.
    var root: PluginFile
    /// Nodes in the order of their declaration.
    var pendingNodes: [PendingNode] = []
    var signalCount = 0
    /// Whether there are more nodes or signals than memory is meant for.
    var isOverfull = false
    /// Signals that are settings, with the setting of a part that reads each only when the run is built.
    var readOnce: [Int: String] = [:]
    /// Signals that something follows while the run goes on.
    var followed: Set<Int> = []
    /// Signals that are settings of nodes made of parts.
    var settingSignals: Set<Int> = []
    /// Derived signals that nothing has mentioned so far, by name and in the order of the file.
    var pendingSignals: [String: PendingSignal] = [:]
    var pendingSignalNames: [String] = []
    /// Derived signals being compiled, the innermost last.
    var deriving: [String] = []
    var pendingDetectors: [PendingDetector] = []
    /// Kinds of plugins whose detectors are being declared, the innermost last.
    var detectorChain: [Definition] = []
    /// Places of the buses by name.
    private var busPlaces: [String: Int] = [:]
    /// Buses that only settings of nodes name.
    var impliedBuses: [String] = []
    /// Sequences and attacks that are being read, the innermost last, for the detection of circles.
    var callChain: [Definition] = []
    /// Steps read so far, calls written out.
    var stepCount = 0
    /// DBC files that buses use.
    var databaseFiles: [SourceFile] = []
    /// First use of each name of the common space.
    private var names: [(name: String, span: Span)] = []

    init(registry: Registry, file: SourceFile, plugins: any PluginSource) {
        self.registry = registry
        builtInKinds = registry.kinds.count
        self.file = file
        reading = Reading(registry: registry)
        loader = PluginLoader(reading, registry, plugins)
        self.plugins = plugins
        root = PluginFile(name: "", about: "", file: file, isScenario: true, span: Span(file: file, line: 1, column: 1, length: 1))
        let table = SymbolTable(actions: registry.messages.map(\.name))
        scope = ScenarioScope(table: table, reading: reading)
        scenario = Scenario(name: "", about: "", file: file, symbols: table)
    }

    func build(_ root: YAMLNode, overrides: [(name: String, text: String)], seed: UInt64?) -> Scenario? {
        guard root.entries != nil else {
            reading.error(.notThisFile, root.span, "this is not a scenario", label: "a scenario starts with 'evsim: 1'")
            return nil
        }
        guard checkVersion(root) else { return nil }
        guard let top = SectionReader(reading, root, ScenarioSchema.top, "a scenario") else { return nil }
        for (key, what) in ScenarioSchema.later {
            guard let node = root.entry(key)?.key else { continue }
            reading.error(.laterFormat, node.span, "this build does not run \(what)", label: "'\(key)' belongs to a later version")
        }
        if let node = top["scenario"], let name = reading.checkName(node, "scenario", dashes: true) { scenario.name = name }
        if let node = top["about"], let text = reading.text(node, "'about'") { scenario.about = text }
        if let node = top["uses"] {
            let before = reading.errorCount
            usePlugins(node)
            // What a wrong plugin defines would be missing everywhere.
            guard reading.errorCount == before else { return nil }
        }
        if let node = top["params"] { readParameters(node, overrides: overrides) }
        for override in overrides where !scope.parameters.contains(where: { $0.name == override.name }) && !reading.isBroken(override.name) {
            reportUnknownOverride(override.name, top)
        }
        if let node = top["run"] { readRun(node, seed: seed) }
        readNodesAndBuses(nodes: top["nodes"], buses: top["buses"])
        if let node = top["links"] { readLinks(node) }
        if let node = top["sequences"] { readSequences(node) }
        if let node = top["detectors"] { nameDetectors(node) }
        if let node = top["steps"] { scenario.steps = readSteps(node) }
        let made = scope.labelKinds.count
        readDetectors()
        if let node = top["expect"] { readExpectations(node, labelKindsMade: made) }
        if let node = top["record"] { readRecord(node) }
        if let node = top["plots"] { readPlots(node) }
        if let node = top["intended"] { readIntended(node) }
        scenario.kinds = registry.kinds
        scenario.sources = [file] + loader.files + databaseFiles
        scenario.parameters = scope.parameters
        scenario.labelKinds = scope.labelKinds
        scenario.symbols = scope.table
        if !reading.hasErrors { StaticChecks(self, top).run() }
        return scenario
    }

    /// Reads the plugins of the scenario; their kinds stand behind the built-in ones.
    private func usePlugins(_ node: YAMLNode) {
        loader.use(node, in: root)
        let kinds = loader.kinds.map { kind in
            var signals = kind.signalSettings.map { setting in
                SignalManifest(
                    setting.name, setting.type.dimension, unit: unit(of: setting),
                    isFlag: setting.type == .flag, settable: true, held: true, about: setting.about)
            }
            if !kind.states.isEmpty { signals.append(SignalManifest("state", members: kind.states.map { $0.key.text ?? "" }, about: "State of the node.")) }
            for kept in kind.keeps {
                let (dimension, unit, isFlag) = loader.measure(of: kept)
                signals.append(
                    SignalManifest(kept.key.text ?? "", dimension, unit: unit, isFlag: isFlag, settable: true, held: true, about: kept.about))
            }
            return KindManifest(name: kind.name, about: kind.about, roles: kind.roles, settings: kind.settings, signals: signals, example: "")
        }
        registry = Registry(kinds: registry.kinds + kinds, detectors: registry.detectors, messages: registry.messages, checkMessage: registry.checkMessage)
    }

    /// The unit in which a setting is shown: that of its default, or of its bounds.
    private func unit(of setting: SettingManifest) -> String {
        if setting.type == .percent { return "%" }
        for text in [setting.defaultText, setting.max, setting.min] {
            if let symbol = text.map(unitSymbol), Unit.named(symbol)?.dimension == setting.type.dimension { return symbol }
        }
        return Unit.preferred(for: setting.type.dimension)?.symbol ?? ""
    }

    private func checkVersion(_ root: YAMLNode) -> Bool {
        guard let entry = root.entry("evsim") else {
            reading.error(.notThisFile, root.span, "the first key of an evsim file is 'evsim: 1'", label: "help: begin with 'evsim: 1'")
            return false
        }
        if entry.value.text != "1" {
            let shown = entry.value.text ?? "?"
            reading.error(
                .wrongVersion, entry.value.span, "this build reads format 1, the file says \(Diagnostic.quoted(shown))",
                label: Int(shown).map { $0 > 1 } == true ? "a newer evsim reads it" : "help: write 'evsim: 1'")
            return false
        }
        if root.entry("scenario") == nil, let other = ["plugin", "pack", "lock"].first(where: { root.entry($0) != nil }), let key = root.entry(other)?.key {
            reading.error(.notThisFile, key.span, "this is a \(other) file, not a scenario", label: "run takes scenarios")
            return false
        }
        return true
    }

    private func reportUnknownOverride(_ name: String, _ top: SectionReader) {
        let span = top.key("params")?.span ?? top.node.span
        reading.error(
            .unknownParameter, span, "--set names the parameter \(Diagnostic.quoted(name)), which the file does not have",
            label: reading.suggestion(name, scope.parameters.map(\.name))
                ?? (scope.parameters.isEmpty ? "the file has no parameters" : "parameters: \(scope.parameters.map(\.name).joined(separator: ", "))"))
    }

    /// Takes a name of the space that formulas see; a second thing of that name is an error with both places.
    func claim(_ name: String, _ span: Span) -> Bool {
        if let first = names.first(where: { $0.name == name }) {
            reading.error(
                .nameTwice, span, "'\(name)' is the name of two things", label: "formulas could not tell them apart",
                related: [(first.span, "first named here")])
            return false
        }
        names.append((name, span))
        return true
    }

    // MARK: Buses

    /// Greatest number of buses, those inside nodes counted: each has tables for its identifiers.
    private static let mostBuses = 10_000

    func addBus(_ bus: BusDeclaration) {
        guard scenario.buses.count < Self.mostBuses else {
            reading.error(.tooMany, bus.span, "the scenario would have more than \(Self.mostBuses) buses, those inside nodes counted")
            isOverfull = true
            return
        }
        if busPlaces[bus.name] == nil { busPlaces[bus.name] = scenario.buses.count }
        scenario.buses.append(bus)
    }

    /// The place of a bus; O(1).
    func busIndex(_ name: String) -> Int? { busPlaces[name] }

    // MARK: Formulas

    /// Compiles the text of a scalar that starts with `=`.
    func formula(_ node: YAMLNode, _ context: FormulaContext, expecting: FormulaType?, _ what: String) -> Formula? {
        guard let text = reading.text(node, what) else { return nil }
        guard text.hasPrefix("=") else {
            reading.error(.needsFormula, node.span, "\(what) takes a formula", label: "help: write \(Diagnostic.quoted("=" + text))")
            return nil
        }
        if isCutFormula(node) {
            let whole = SectionReader.whole(node).map { "help: write \($0.contains("'") ? "\"\($0)\"" : "'\($0)'")" }
            reading.error(
                .unquotedFormula, node.span, "a formula with commas must be quoted inside { } and [ ]",
                label: whole ?? "the comma ends it here; put quotes around the whole formula")
            return nil
        }
        let body = String(text.dropFirst())
        do {
            return try Formula.compile(body, scope: scope, context: context, expecting: expecting)
        } catch {
            if error.kind == .unknownName || error.kind == .unavailableName {
                let name = name(in: body, error)
                if reading.isBroken(scope.absolute(name) ?? name) { return nil }
                // Why it is missing was said where it should have been given.
                if reading.hasErrors, case .absent? = scope.binding(name) { return nil }
                if case .later? = scope.binding(name) {
                    for name in deriving { reading.markBroken(name) }
                    reading.error(
                        .circularSignals, node.span, "the signal \(Diagnostic.quoted(deriving.last ?? name)) is computed from itself",
                        label: (deriving + ["the setting '\(name)'"]).joined(separator: " → "))
                    return nil
                }
            }
            let related = error.notes.map { (node.span(offset: $0.offset + 1, length: max($0.length, 1)), $0.label) }
            reading.add(
                Diagnostic(
                    error.code, error.message, at: node.span(offset: min(error.offset, max(body.utf8.count - 1, 0)) + 1, length: max(error.length, 1)),
                    label: error.help,
                    related: related))
            return nil
        }
    }

    /// The name that a formula error points at.
    private func name(in body: String, _ error: FormulaError) -> String {
        String(decoding: Array(body.utf8).dropFirst(error.offset).prefix(error.length), as: UTF8.self)
    }

    /// A plain formula with more opening than closing parentheses: YAML has cut it at a comma.
    func isCutFormula(_ node: YAMLNode) -> Bool { SectionReader.isCut(node) }

    /// A quantity or a formula of that dimension; constant formulas are evaluated at once.
    func value(_ node: YAMLNode, _ dimension: Dimension, _ context: FormulaContext, _ what: String) -> SettingValue? {
        if node.text?.hasPrefix("=") == true {
            guard let formula = formula(node, context, expecting: .number(dimension), what) else { return nil }
            if formula.isConstant { return .number(formula.constantValue) }
            return .formula(formula)
        }
        return reading.quantity(node, dimension, what).map { .number($0.value) }
    }

    /// A time that is constant or a formula evaluated when it is needed.
    func time(_ node: YAMLNode, _ what: String) -> TimeValue? {
        if node.text?.hasPrefix("=") == true {
            guard let formula = formula(node, .live, expecting: .number(.time), what) else { return nil }
            guard formula.isConstant else { return .formula(formula) }
            guard let duration = Duration(seconds: formula.constantValue), duration >= .zero, duration.nanoseconds <= Reading.longest else {
                reading.error(.outOfRange, node.span, "\(what) must be 0 s or more", label: "it is \(Quantity(formula.constantValue, .time).text)")
                return nil
            }
            return .constant(duration)
        }
        return reading.duration(node, what).map { .constant($0) }
    }
}

extension SectionReader {
    /// Whether a plain scalar is a formula that YAML has cut at a comma.
    static func isCut(_ node: YAMLNode) -> Bool {
        guard let scalar = node.scalar, !scalar.isQuoted, scalar.text.hasPrefix("="), depth(scalar.text) > 0 else { return false }
        return behind(node.span).first { $0 != " " } == ","
    }

    /// The text of a cut formula up to where its last parenthesis closes and what belongs to it ends; `nil` when it goes on over several lines.
    static func whole(_ node: YAMLNode) -> String? {
        guard let text = node.text else { return nil }
        var result = text
        var open = depth(text)
        for scalar in behind(node.span) {
            if open <= 0, scalar == "," || scalar == "]" || scalar == "}" { return result.trimmed }
            open += scalar == "(" ? 1 : scalar == ")" ? -1 : 0
            result.unicodeScalars.append(scalar)
        }
        return nil
    }

    /// Opening minus closing parentheses.
    static func depth(_ text: String) -> Int { text.utf8.reduce(0) { $0 + ($1 == 0x28 ? 1 : $1 == 0x29 ? -1 : 0) } }

    /// What stands on the line behind a place.
    private static func behind(_ span: Span) -> [Unicode.Scalar] {
        Array(span.file.line(span.line).unicodeScalars.dropFirst(span.column - 1 + span.length))
    }
}
