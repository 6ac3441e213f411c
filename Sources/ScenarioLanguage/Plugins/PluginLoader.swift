import Quantities
import YAMLTree

/// Reads the plugin files that a scenario uses, and what they define.
final class PluginLoader {
    let reading: Reading
    private let registry: Registry
    private let source: any PluginSource
    private var loaded: [(path: String, file: PluginFile)] = []
    /// Files that are being read, from the outermost on, for the detection of circles.
    private var chain: [(path: String, use: Span)] = []
    /// Kinds made of parts, in the order in which they were read.
    private(set) var kinds: [KindDefinition] = []
    /// Every plugin file that was read, in that order.
    var files: [SourceFile] { loaded.map(\.file.file) }

    private static let mostFiles = 64
    private static let deepest = 16
    private static let leastReaction = Duration.milliseconds(1)

    init(_ reading: Reading, _ registry: Registry, _ source: any PluginSource) {
        self.reading = reading
        self.registry = registry
        self.source = source
    }

    /// Reads the plugins of a list `uses` into a file.
    func use(_ node: YAMLNode, in file: PluginFile) {
        for item in reading.list(node, "'uses'") ?? [] {
            guard let address = reading.text(item, "'uses'") else { continue }
            if address.hasPrefix("pack:") {
                reading.error(.laterFormat, item.span, "this build does not read packs", label: "'pack:' belongs to a later version")
                continue
            }
            guard let used = load(address, item.span, in: file) else {
                file.lacksPlugins = true
                continue
            }
            if let twice = file.uses.first(where: { $0.file === used }) {
                reading.error(.nameTwice, item.span, "the plugin '\(used.name)' is used twice", related: [(twice.span, "used here already")])
                continue
            }
            if let other = file.uses.first(where: { $0.file.name == used.name }) {
                file.lacksPlugins = true
                reading.error(
                    .pluginClash, item.span, "two plugins have the name '\(used.name)'", label: "names of theirs could not be told apart",
                    related: [(other.span, "the first one is used here"), (other.file.span, "its name"), (used.span, "the name of the second")])
                continue
            }
            file.uses.append((used, item.span))
        }
    }

    private func load(_ address: String, _ span: Span, in file: PluginFile) -> PluginFile? {
        let found: SourceFile
        do {
            found = try source.plugin(address, usedBy: file.file)
        } catch {
            reading.error(.noPlugin, span, error.message, label: error.help)
            return nil
        }
        if let place = chain.firstIndex(where: { $0.path == found.path }) {
            let names = chain[place...].map { Self.base($0.path) } + [Self.base(found.path)]
            reading.error(.recursion, span, "the plugin uses itself", label: names.joined(separator: " → "))
            return nil
        }
        if let known = loaded.first(where: { $0.path == found.path }) { return known.file }
        guard loaded.count < Self.mostFiles, chain.count < Self.deepest else {
            reading.error(.tooMany, span, "more than \(Self.mostFiles) plugins, or plugins that use plugins more than \(Self.deepest) deep")
            return nil
        }
        chain.append((found.path, span))
        reading.chains.append((found.path, chain.map(\.use).reversed()))
        defer { chain.removeLast() }
        return read(found)
    }

    private static func base(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Reads a plugin file; what it uses comes first.
    func read(_ source: SourceFile) -> PluginFile? {
        let tree = YAMLTree.parse(source)
        for diagnostic in tree.diagnostics {
            // What is wrong with a file as a whole has no place but the one where it is used.
            var placed = diagnostic
            if placed.span == nil { placed.related += chain.reversed().map { Diagnostic.Related($0.use, "the plugin is used here") } }
            reading.add(placed)
        }
        guard let root = tree.root, !tree.diagnostics.contains(where: { $0.severity == .error }) else { return nil }
        if let version = root.entry("evsim")?.value, version.text != "1", root.entry("plugin") != nil {
            let shown = version.text ?? "?"
            reading.error(
                .wrongVersion, version.span, "this build reads format 1, the plugin says \(Diagnostic.quoted(shown))",
                label: Int(shown).map { $0 > 1 } == true ? "a newer evsim reads it" : "help: write 'evsim: 1'")
            return nil
        }
        guard root.entry("evsim")?.value.text == "1", let nameEntry = root.entry("plugin") else {
            let what = ["scenario", "pack", "lock"].first { root.entry($0) != nil }
            reading.error(
                .notThisFile, what.flatMap { root.entry($0)?.key.span } ?? root.span,
                what.map { "this is a \($0) file, not a plugin" } ?? "this is not a plugin", label: "a plugin starts with 'evsim: 1' and 'plugin: NAME'")
            return nil
        }
        guard let section = SectionReader(reading, root, PluginSchema.top, "a plugin"), let name = reading.checkName(nameEntry.value, "plugin", dashes: true)
        else { return nil }
        let file = PluginFile(name: name, about: root["about"]?.text ?? "", file: source, isScenario: false, span: nameEntry.value.span)
        if let node = section["uses"] { use(node, in: file) }
        for sort in Definition.Sort.allCases {
            guard let node = section[sort.rawValue] else { continue }
            for entry in reading.mapping(node, "'\(sort.rawValue)'") ?? [] { define(sort, entry, in: file) }
        }
        if file.definitions.isEmpty, !reading.hasErrors {
            reading.error(.emptySection, file.span, "the plugin defines nothing", label: "kinds, attacks, detectors, sequences, frames or messages")
        }
        loaded.append((source.path, file))
        for case let kind as KindDefinition in file.definitions { resolve(kind, []) }
        return file
    }

    // MARK: Definitions

    private func define(_ sort: Definition.Sort, _ entry: YAMLNode.Entry, in file: PluginFile) {
        guard let name = reading.checkName(entry.key, sort.word, dashes: true) else { return }
        if isBuiltIn(name, sort) {
            reading.error(.pluginClash, entry.key.span, "'\(name)' is the name of a built-in \(sort.word)", label: "give it another name")
            return
        }
        let definition =
            sort == .kinds ? KindDefinition(sort, name, entry.key, entry.value, home: file) : Definition(sort, name, entry.key, entry.value, home: file)
        guard let section = SectionReader(reading, entry.value, PluginSchema.section(sort), "\(sort.word) '\(name)'", allowsOthers: sort == .detectors) else {
            return
        }
        if let node = section["settings"] { readSettings(node, definition) }
        if let kind = definition as? KindDefinition {
            readKind(kind, section)
            kind.kindIndex = registry.kinds.count + kinds.count
            kinds.append(kind)
        }
        if sort == .sequences {
            readNeeds(section, definition)
        }
        if sort == .detectors { checkDetector(definition, section) }
        file.definitions.append(definition)
    }

    /// Arguments without a type; each name stands for one thing.
    func readNeeds(_ section: SectionReader, _ definition: Definition) {
        for item in section["needs"].flatMap({ reading.list($0, "'needs'") }) ?? [] {
            guard let name = reading.checkName(item, "argument") else { continue }
            if definition.needs.contains(name) || definition.settings.contains(where: { $0.name == name }) {
                reading.error(.nameTwice, item.span, "'\(name)' is the name of two arguments of the sequence '\(definition.name)'")
                continue
            }
            definition.needs.append(name)
        }
    }

    private func isBuiltIn(_ name: String, _ sort: Definition.Sort) -> Bool {
        switch sort {
        case .kinds: registry.kindIndex(name) != nil
        case .detectors: registry.detectorIndex(name) != nil
        case .messages: registry.message(name) != nil
        case .attacks: BuiltInAttacks.names.contains(name)
        case .sequences, .frames: false
        }
    }

    private func checkDetector(_ definition: Definition, _ section: SectionReader) {
        switch (section["when"], section["is"]) {
        case (nil, nil):
            reading.error(
                .missingKey, definition.key.span, "the detector kind '\(definition.name)' needs the key 'when' or 'is'",
                label: "a rule, or the kind that it is made of")
        case (_?, _?):
            reading.error(.twoVerbs, section.key("is")?.span ?? definition.key.span, "a detector kind has 'when' or 'is', not both")
        case (_?, nil):
            let known = PluginSchema.detector.keys.map(\.name)
            for entry in definition.body.entries ?? [] where !known.contains(entry.name) && !SectionReader.isCut(entry.value) {
                reading.error(
                    .unknownKey, entry.key.span, "unknown key \(Diagnostic.quoted(entry.name))",
                    label: reading.suggestion(entry.name, known) ?? "known here: \(known.joined(separator: ", "))")
            }
        default: break
        }
    }

    private func readKind(_ kind: KindDefinition, _ section: SectionReader) {
        kind.parts = section["parts"].flatMap { reading.mapping($0, "'parts'", example: "left: {is: charge-point, csms: =csms}") } ?? []
        kind.buses = section["buses"].flatMap { reading.mapping($0, "'buses'") } ?? []
        for entry in section["signals"].flatMap({ reading.mapping($0, "'signals'", example: "power: =left.power + right.power") }) ?? [] {
            guard entry.value.entries != nil else {
                kind.signals.append((entry.key, entry.value, nil, ""))
                continue
            }
            guard let long = SectionReader(reading, entry.value, PluginSchema.signal, "a signal"), let value = long["value"] else { continue }
            kind.signals.append((entry.key, value, long["unit"], long["about"]?.text ?? ""))
        }
        for entry in section["states"].flatMap({ reading.mapping($0, "'states'", example: "idle: [{when: =power > 1 kW, go: busy}]") }) ?? [] {
            guard reading.checkName(entry.key, "state", dashes: true) != nil else { continue }
            kind.states.append((entry.key, entry.value))
        }
        readSpeech(kind, section)
        if let node = section["reacts_in"], let time = reading.duration(node, "'reacts_in'", allowsZero: false) {
            kind.reaction = time
            // Parts that contradict each other follow each other for ever.
            if time < Self.leastReaction { reading.error(.outOfRange, node.span, "'reacts_in' must be at least 1 ms") }
        }
        checkStates(kind, section)
        checkNames(kind)
        if kind.parts.isEmpty, kind.signals.isEmpty, kind.states.isEmpty, kind.keeps.isEmpty, section["sends"] == nil {
            reading.error(.emptySection, kind.key.span, "the kind '\(kind.name)' has neither parts nor signals nor states")
        }
    }

    private func checkStates(_ kind: KindDefinition, _ section: SectionReader) {
        let names = kind.states.map { $0.key.text ?? "" }
        if let node = section["starts_in"] {
            guard let text = reading.text(node, "'starts_in'") else { return }
            kind.startsIn = names.firstIndex(of: text)
            if kind.startsIn == nil { unknownState(node, text, names) }
        } else if !names.isEmpty {
            reading.error(.missingKey, kind.states[0].key.span, "states need the key 'starts_in'", label: "help: starts_in: \(names[0])")
        }
        for state in kind.states {
            for rule in reading.list(state.rules, "a state") ?? [] { checkRule(rule, names) }
        }
        for rule in kind.always { checkRule(rule, names) }
    }

    func unknownState(_ node: YAMLNode, _ text: String, _ names: [String]) {
        reading.error(
            .unknownState, node.span, "there is no state \(Diagnostic.quoted(text))",
            label: reading.suggestion(text, names) ?? (names.isEmpty ? "the kind has no states" : "states: \(names.joined(separator: ", "))"))
    }

    /// Settings, parts, buses and signals of a kind share one space of names.
    private func checkNames(_ kind: KindDefinition) {
        var seen: [(name: String, span: Span)] = kind.body["settings"]?.entries?.map { ($0.name, $0.key.span) } ?? []
        let others =
            kind.buses.map { ($0.key, "bus") } + kind.parts.map { ($0.key, "part") } + kind.signals.map { ($0.key, "signal") }
            + kind.keeps.map { ($0.key, "kept value") }
        for (key, what) in others {
            guard let name = reading.checkName(key, what) else { continue }
            if let first = seen.first(where: { $0.name == name }) {
                reading.error(
                    .nameTwice, key.span, "'\(name)' is the name of two things of the kind '\(kind.name)'", related: [(first.span, "first named here")])
            }
            seen.append((name, key.span))
        }
        if !kind.states.isEmpty, let twice = seen.first(where: { $0.name == "state" }) {
            reading.error(.nameTwice, twice.span, "'state' is the signal that tells the state of the node", label: "give it another name")
        }
        if let taken = seen.first(where: { $0.name == "index" }) {
            reading.error(.reservedName, taken.span, "'index' is the number of the instance", label: "give it another name")
        }
    }

    /// What a kind can be to others, and how large it is, follows from its parts and signals; a kind that contains itself is found on the way.
    @discardableResult
    private func resolve(_ kind: KindDefinition, _ path: [KindDefinition]) -> Bool {
        if let start = path.firstIndex(where: { $0 === kind }) {
            let names = (path[start...].map(\.name) + [kind.name]).joined(separator: " → ")
            reading.error(.recursion, kind.key.span, "the kind '\(kind.name)' contains itself", label: names)
            return false
        }
        guard !kind.isResolved else { return !kind.isEndless }
        guard path.count <= Self.deepest else { return refuseDepth(kind) }
        kind.isResolved = true
        kind.isEndless = true
        var isLoad = kind.signals.contains { $0.key.text == "power" }
        var size = (nodes: 1, signals: kind.signalSettings.count + kind.signals.count + kind.keeps.count + (kind.states.isEmpty ? 0 : 1))
        for part in kind.parts {
            guard let name = part.value["is"]?.text else { continue }
            let count = part.value["count"]?.text.flatMap { Int($0) } ?? 1
            if let index = registry.kindIndex(name) {
                isLoad = isLoad || registry.kinds[index].roles.contains(.load)
                size.nodes = Self.sum(size.nodes, count, 1)
                size.signals = Self.sum(size.signals, count, registry.kinds[index].signals.count)
            } else if case .one(let inner as KindDefinition) = kind.home.find(name, .kinds) {
                kind.isResolved = false
                guard resolve(inner, path + [kind]) else {
                    kind.isResolved = true
                    return false
                }
                kind.isResolved = true
                kind.depth = max(kind.depth, inner.depth + 1)
                isLoad = isLoad || inner.roles.contains(.load)
                size.nodes = Self.sum(size.nodes, count, inner.size.nodes)
                size.signals = Self.sum(size.signals, count, inner.size.signals)
            }
        }
        guard kind.depth <= Self.deepest else { return refuseDepth(kind) }
        kind.isEndless = false
        kind.size = size
        kind.roles = isLoad ? [.load] : []
        return true
    }

    private func refuseDepth(_ kind: KindDefinition) -> Bool {
        reading.error(.tooMany, kind.key.span, "kinds contain kinds more than \(Self.deepest) deep")
        return false
    }

    /// `sum + count * size`, at most what no scenario can have.
    private static func sum(_ sum: Int, _ count: Int, _ size: Int) -> Int {
        min(sum + min(max(count, 0), 1_000_000) * min(size, 1_000_000_000), 1_000_000_000)
    }
}

extension PluginSchema {
    /// The section of a definition.
    static func section(_ sort: Definition.Sort) -> Section {
        switch sort {
        case .kinds: kind
        case .attacks: attack
        case .detectors: detector
        case .sequences: sequence
        case .frames: frameSet
        case .messages: message
        }
    }
}
