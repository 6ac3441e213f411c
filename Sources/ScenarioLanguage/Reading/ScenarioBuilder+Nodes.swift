import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// Greatest number of signals of a scenario.
    private static let mostSignals = 2_000_000
    /// Greatest number of nodes of a scenario, parts counted.
    private static let mostNodes = 400_000

    /// Nodes and buses refer to each other, so names come first, then frames, then settings.
    func readNodesAndBuses(nodes: YAMLNode?, buses: YAMLNode?) {
        let entries = nodes.flatMap { reading.mapping($0, "'nodes'", example: "csms: {is: csms}") } ?? []
        if entries.isEmpty, let nodes, nodes.entries != nil || nodes.isNull { reading.error(.emptySection, nodes.span, "a scenario needs at least one node") }
        for entry in entries {
            guard let name = reading.checkName(entry.key, "node"), claim(name, entry.key.span), declareNode(entry, name, nil) else {
                reading.markBroken(entry.name)
                continue
            }
        }
        guard !isOverfull else {
            for entry in entries { reading.markBroken(entry.name) }
            return
        }
        let busEntries = buses.flatMap { reading.mapping($0, "'buses'") } ?? []
        for entry in busEntries {
            guard let name = reading.checkName(entry.key, "bus"), claim(name, entry.key.span) else { continue }
            addBus(BusDeclaration(name: name, bitrate: 500_000, frames: [], span: entry.key.span))
        }
        for node in pendingNodes where node.enclosure == nil { implyBus(node) }
        addPrivateBuses()
        guard !isOverfull else {
            for entry in entries { reading.markBroken(entry.name) }
            return
        }
        scope.busNames = scenario.buses.map(\.name)
        bindReferences()
        for entry in busEntries { readBus(entry.name, entry.value) }
        readPrivateBuses()
        for node in pendingNodes { inside(node) { bringFrames(node) } }
        for node in pendingNodes { bringSets(node) }
        for node in pendingNodes { claimFrames(node) }
        addFrameSymbols()
        addWireSymbols()
        bindSignals()
        for node in pendingNodes {
            inside(node) {
                let manifest = registry.kinds[node.kind]
                scenario.nodes[node.index].settings = readSettings(
                    node.body, manifest.settings, "the kind '\(manifest.name)'", known: ScenarioSchema.node, watchDimension: nil)
            }
        }
        readStates()
    }

    /// Reads something inside the definition that a node is a part of.
    func inside(_ node: PendingNode, _ body: () -> Void) {
        inside(node.enclosure, node.trail, body)
    }

    /// Reads something inside a definition.
    func inside<T>(_ enclosure: Enclosure?, _ trail: [(span: Span, text: String)], _ body: () -> T) -> T {
        let outer = (scope.enclosure, reading.instances)
        scope.enclosure = enclosure
        reading.instances = trail
        defer { (scope.enclosure, reading.instances) = outer }
        return body()
    }

    /// Declares a node and, when its kind is made of parts, its parts; `name` is the full one.
    func declareNode(_ entry: YAMLNode.Entry, _ name: String, _ enclosure: Enclosure?, trail: [(span: Span, text: String)] = [], owner: Int? = nil) -> Bool {
        guard !isOverfull, reading.mapping(entry.value, "the node '\(entry.name)'", example: "{is: charge-point, csms: csms}") != nil else { return false }
        guard let kindNode = entry.value["is"] else {
            reading.error(
                .missingKey, entry.key.span, "the node '\(entry.name)' needs the key 'is'", label: "the kind of the node, for example 'is: charge-point'")
            return false
        }
        guard let kindName = reading.text(kindNode, "'is'"), let (kind, definition) = kind(kindName, kindNode, enclosure) else { return false }
        var count = 1
        if let node = entry.value["count"] {
            guard let value = wholeNumber(node, enclosure, "'count'", in: 1...100_000) else { return false }
            count = Int(value)
        }
        let manifest = registry.kinds[kind]
        let first = scope.table.nodes.count
        let isCounted = entry.value["count"] != nil
        signalCount += count * (manifest.signals.count + (definition?.signals.count ?? 0))
        // A kind of parts knows its least size, so that what cannot be is refused before it fills the memory.
        let size = definition?.size ?? (nodes: 1, signals: 0)
        let (nodes, signals) = (first + count * size.nodes, max(signalCount, enclosure == nil ? count * size.signals : 0))
        guard signals <= Self.mostSignals, nodes <= Self.mostNodes else {
            reading.error(
                .tooMany, entry.key.span,
                signals > Self.mostSignals
                    ? "the scenario would have more than \(Self.mostSignals) signals"
                    : "the scenario would have more than \(Self.mostNodes) nodes, parts counted")
            isOverfull = true
            return false
        }
        var names: [String] = []
        for instance in 0..<count {
            let full = isCounted ? "\(name).\(instance + 1)" : name
            names.append(full)
            let node = scope.table.nodes.count
            scope.table.addNode(full, declaration: scenario.nodes.count)
            for signal in manifest.signals {
                let index = scope.table.addSignal(
                    SignalSymbol(
                        name: "\(full).\(signal.name)", dimension: signal.dimension, unit: signal.unit, members: signal.members, isFlag: signal.isFlag,
                        settable: signal.settable, isHeld: signal.isHeld, node: node))
                if let definition, signal.settable, definition.settings.contains(where: { $0.name == signal.name }) { settingSignals.insert(index) }
            }
        }
        if isCounted { scope.table.addGroup(name, first..<(first + count)) }
        var declaration = NodeDeclaration(name: name, kind: kind, count: count, isCounted: isCounted, firstInstance: first, settings: [], span: entry.key.span)
        declaration.owner = owner
        if let owner { declaration.reaction = scenario.nodes[scope.table.declarationOfNode[owner]].partReaction }
        var pending = PendingNode(body: entry.value, kind: kind, index: scenario.nodes.count, enclosure: enclosure, definition: definition, trail: trail)
        if let definition {
            declaration.partReaction = definition.reaction
            pending.inner = names.enumerated().map { makeEnclosure(definition, $0.element, entry.value, enclosure, $0.offset) }
        }
        scenario.nodes.append(declaration)
        pendingNodes.append(pending)
        if definition != nil || enclosure != nil { scope.mention([first]) }
        return definition.map { declareParts($0, pending, first, entry) } ?? true
    }

    private func makeEnclosure(_ definition: KindDefinition, _ prefix: String, _ body: YAMLNode, _ outer: Enclosure?, _ index: Int) -> Enclosure {
        let enclosure = Enclosure(prefix: prefix, home: definition.home, body: body, outer: outer, settings: definition.settings)
        enclosure.ownNames = Set(
            definition.parts.map(\.name) + definition.buses.map(\.name) + definition.signals.map { $0.key.text ?? "" }
                + definition.keeps.map { $0.key.text ?? "" })
        if !definition.states.isEmpty { enclosure.ownNames.insert("state") }
        enclosure.bindings.append(("index", .symbol(.number(Double(index + 1), .none))))
        return enclosure
    }

    private func declareParts(_ definition: KindDefinition, _ pending: PendingNode, _ first: Int, _ entry: YAMLNode.Entry) -> Bool {
        let trail = pending.trail + [(entry.key.span, "the node '\(entry.name)' is made of it")]
        for (instance, enclosure) in pending.inner.enumerated() {
            for part in definition.parts {
                let isDeclared = inside(enclosure, trail) {
                    declareNode(part, enclosure.full(part.name), enclosure, trail: trail, owner: first + instance)
                }
                // The same part of the next instance would fail in the same way.
                guard isDeclared else { return false }
            }
        }
        return true
    }

    /// The kind of a name: a built-in one, or one of a plugin that the file uses.
    private func kind(_ name: String, _ node: YAMLNode, _ enclosure: Enclosure?) -> (Int, KindDefinition?)? {
        if let kind = registry.kindIndex(name), kind < builtInKinds { return (kind, nil) }
        guard
            let definition = definition(name, .kinds, node, enclosure, code: .unknownKind, known: registry.kinds.prefix(builtInKinds).map(\.name))
                as? KindDefinition
        else { return nil }
        return (definition.kindIndex, definition)
    }

    /// The definition of a name, or a finding.
    func definition(_ name: String, _ sort: Definition.Sort, _ node: YAMLNode, _ enclosure: Enclosure?, code: Code, known: [String]) -> Definition? {
        let home = enclosure?.home ?? root
        switch home.find(name, sort) {
        case .one(let definition):
            definition.home.isUsed = true
            return definition
        case .ambiguous(let first, let second):
            reading.error(
                .ambiguousName, node.span, "two plugins define the \(sort.word) '\(name)'",
                label: "write '\(first.qualifiedName)' or '\(second.qualifiedName)'",
                related: [(first.key.span, "the first"), (second.key.span, "the second")])
        case .none:
            let names = known + home.names(sort)
            if home.lacksPlugins, reading.suggestion(name, names) == nil { return nil }
            let all = names.count > 24 ? "evsim list \(sort.rawValue) shows all" : "\(sort.words): \(names.joined(separator: ", "))"
            reading.error(
                code, node.span, "there is no \(sort.word) \(Diagnostic.quoted(name))",
                label: reading.suggestion(name, names) ?? (names.isEmpty ? "the file has no \(sort.words)" : all))
        }
        return nil
    }

    /// A whole number that may be a setting of the definition that is being read.
    private func wholeNumber(_ node: YAMLNode, _ enclosure: Enclosure?, _ what: String, in range: ClosedRange<Int64>) -> Int64? {
        guard enclosure != nil, node.text?.hasPrefix("=") == true, let text = Enclosure.text(of: node, in: enclosure) else {
            return reading.whole(node, what, in: range)
        }
        return reading.whole(YAMLNode(kind: .scalar(YAMLNode.Scalar(text: text)), span: node.span), what, in: range)
    }

    /// The full name of the bus that a setting names; `nil` when it names none.
    func busName(_ node: YAMLNode, _ enclosure: Enclosure?) -> String? {
        guard let text = node.text else { return nil }
        guard let enclosure else { return text }
        if !text.hasPrefix("=") { return enclosure.ownNames.contains(text) ? enclosure.full(text) : nil }
        guard let given = enclosure.body?[String(text.dropFirst()).trimmed] else { return nil }
        return busName(given, enclosure.outer)
    }

    /// A bus that a node names but the file does not declare is created when the file has no section `buses`.
    private func implyBus(_ pending: PendingNode) {
        for setting in registry.kinds[pending.kind].settings where setting.type == .bus {
            guard let node = pending.body[setting.name], let name = node.text, busIndex(name) == nil else { continue }
            let declared = scenario.buses.filter { !impliedBuses.contains($0.name) }.map(\.name)
            if declared.isEmpty {
                guard reading.checkName(node, "bus") != nil, claim(name, node.span) else { continue }
                impliedBuses.append(name)
                addBus(BusDeclaration(name: name, bitrate: 500_000, frames: [], span: node.span))
            } else {
                reading.error(
                    .unknownBus, node.span, "there is no bus \(Diagnostic.quoted(name))",
                    label: reading.suggestion(name, declared) ?? "buses: \(declared.joined(separator: ", "))")
            }
        }
    }

    // MARK: Settings

    /// Reads the settings of a kind in the order of its manifest.
    func readSettings(_ body: YAMLNode, _ manifests: [SettingManifest], _ what: String, known: Section, watchDimension: Dimension?) -> [SettingValue] {
        let names = known.keys.map(\.name)
        let settingNames = manifests.map(\.name)
        let hasCut = (body.entries ?? []).contains { SectionReader.isCut($0.value) }
        for entry in body.entries ?? [] where !names.contains(entry.name) && !settingNames.contains(entry.name) {
            if hasCut { continue }
            if let later = ScenarioSchema.laterKeys.first(where: { $0.path == known.path })?.keys, later.contains(entry.name) {
                reading.error(.laterFormat, entry.key.span, "this build does not know '\(entry.name)' yet", label: "the key belongs to a later version")
                continue
            }
            reading.error(
                .unknownKey, entry.key.span, "\(what) has no setting \(Diagnostic.quoted(entry.name))",
                label: reading.cutText(entry) ?? reading.suggestion(entry.name, names + settingNames)
                    ?? "settings: \((settingNames + names.filter { $0 != "is" }).joined(separator: ", "))")
        }
        return manifests.map { manifest in
            if let node = body[manifest.name] { return readSetting(node, manifest, body: body, watchDimension: watchDimension) ?? .absent }
            if manifest.required {
                reading.error(.missingKey, body.span, "\(what) needs the setting '\(manifest.name)'", label: manifest.about.isEmpty ? nil : manifest.about)
                return .absent
            }
            return defaultValue(manifest, body, watchDimension) ?? .absent
        }
    }

    /// The path of a file that a run reads, relative to the file that names it.
    private func filePath(_ address: String, _ span: Span) -> String? {
        do {
            return try plugins.path(address, usedBy: span.file)
        } catch {
            reading.error(.noFile, span, error.message, label: error.help)
            return nil
        }
    }

    private func defaultValue(_ manifest: SettingManifest, _ body: YAMLNode, _ watchDimension: Dimension?) -> SettingValue? {
        // The unit of a level is that of the signal; the detector itself knows what it does without one.
        if case .level = manifest.type { return nil }
        guard let text = manifest.defaultText else { return nil }
        if case .texts = manifest.type { return .texts(text.split(separator: ",").map { String($0).trimmed }) }
        return readSetting(YAMLNode(kind: .scalar(YAMLNode.Scalar(given: text)), span: body.span), manifest, body: body, watchDimension: watchDimension)
    }

    /// Reads one setting; settings of definitions that stand for a text, a node, a bus or a signal are written `=name`.
    func readSetting(_ node: YAMLNode, _ manifest: SettingManifest, body: YAMLNode, watchDimension: Dimension?) -> SettingValue? {
        let what = "'\(manifest.name)'"
        let context: FormulaContext = manifest.follows || scope.enclosure != nil ? .live : .setting
        switch manifest.type {
        case .quantity(let dimension): return fixed(bounded(value(node, dimension, context, what), manifest, dimension, node), manifest, node)
        case .number, .percent: return fixed(bounded(value(node, .none, context, what), manifest, .none, node), manifest, node)
        case .duration:
            if node.text?.hasPrefix("=") == true {
                guard let value = fixed(value(node, .time, context, what), manifest, node) else { return nil }
                guard case .number(let seconds) = value else { return value }
                guard let duration = Duration(seconds: seconds), duration >= .zero else {
                    reading.error(.outOfRange, node.span, "\(what) must be 0 s or more")
                    return nil
                }
                return bounded(.duration(duration), manifest, .time, node)
            }
            return bounded(reading.duration(node, what).map { .duration($0) }, manifest, .time, node)
        case .count:
            let low = manifest.min.flatMap { Int64($0) } ?? 0
            let high = manifest.max.flatMap { Int64($0) } ?? 1_000_000_000
            return wholeNumber(node, scope.enclosure, what, in: low...high).map { .number(Double($0)) }
        case .text:
            guard let text = settingText(node, what).flatMap({ reading.text($0, what) }) else { return nil }
            return manifest.isFile ? filePath(text, node.span).map { .text($0) } : .text(text)
        case .flag:
            if node.text?.hasPrefix("=") == true {
                return fixed(formula(node, context, expecting: .flag, what).map { $0.isConstant ? .number($0.constantValue) : .formula($0) }, manifest, node)
            }
            return reading.flag(node, what).map { .number($0 ? 1 : 0) }
        case .oneOf(let words): return settingText(node, what).flatMap { reading.word($0, what, among: words) }.map { .number(Double($0)) }
        case .node(let roles), .nodes(let roles): return readNodes(node, manifest, roles)
        case .bus:
            guard let written = reading.text(node, what) else { return nil }
            if let name = busName(node, scope.enclosure), let index = busIndex(name) { return .bus(index) }
            if scope.enclosure != nil, !isGivenNothing(node) {
                reading.error(.unknownBus, node.span, "there is no bus \(Diagnostic.quoted(written))", label: "a bus of the kind, or a setting of the type bus")
            }
            return nil
        case .signal: return signal(node, what).map { .signals([$0]) }
        case .signals: return readSignals(node, what, mixed: false)
        case .mixedSignals(let least):
            guard let value = readSignals(node, what, mixed: true), case .signals(let signals) = value else { return nil }
            guard signals.count >= least else {
                reading.error(
                    .outOfRange, node.span, "\(what) needs \(least) signals or more", label: "\(signals.count == 1 ? "one signal" : "\(signals.count) signals")"
                )
                return nil
            }
            return value
        case .stream(let frames, let messages): return readStream(node, what, frames: frames, messages: messages)
        case .tree: return constantField(node).map { .tree($0) }
        case .temporal: return readTemporal(node, what).map { .temporal($0) }
        case .level(let kind): return readLevel(node, kind, what, body: body, watchDimension)
        case .ramp: return readRamp(node, what)
        case .condition: return formula(node, .live, expecting: .flag, what).map { .formula($0) }
        case .detectors: return readDetectorNames(node, what, least: manifest.min == "1" ? 1 : 2)
        case .texts(let allowed):
            guard !allowed.isEmpty else { return .texts((reading.list(node, what) ?? []).compactMap { reading.text($0, what) }) }
            let words = (reading.list(node, what) ?? []).compactMap { reading.word($0, what, among: allowed).map { allowed[$0] } }
            return .texts(words)
        case .replies(let caller): return readReplies(node, caller, what)
        }
    }

    /// A setting that a node reads once cannot follow signals; settings of the definition around it count as known.
    private func fixed(_ value: SettingValue?, _ manifest: SettingManifest, _ node: YAMLNode) -> SettingValue? {
        guard case .formula(let formula)? = value else { return value }
        guard !manifest.follows, !manifest.drawnAtEachUse else {
            followed.formUnion(formula.signalsRead)
            return value
        }
        for signal in formula.signalsRead where readOnce[signal] == nil { readOnce[signal] = manifest.name }
        if let signal = formula.signalsRead.first(where: { !settingSignals.contains($0) }) {
            reading.error(
                .settingIsFixed, node.span, "'\(manifest.name)' is decided before the run and cannot follow '\(scope.table.signals[signal].name)'",
                label: "a formula here can use settings, numbers and draws")
            return nil
        }
        if !formula.aggregates.isEmpty {
            reading.error(.settingIsFixed, node.span, "'\(manifest.name)' is decided before the run and cannot follow signals")
            return nil
        }
        return value
    }

    /// The scalar behind `=name` where a setting of the definition that is being read stands for a text.
    private func settingText(_ node: YAMLNode, _ what: String) -> YAMLNode? {
        guard let enclosure = scope.enclosure, node.scalar?.isQuoted == false, let text = node.text, text.hasPrefix("=") else { return node }
        let name = String(text.dropFirst()).trimmed
        if case .symbol(.text(let value))? = enclosure.binding(name) { return YAMLNode(kind: .scalar(YAMLNode.Scalar(given: value)), span: node.span) }
        if case .absent? = enclosure.binding(name) { return nil }
        reading.error(
            .unknownParameter, node.span, "\(what): '\(name)' is no setting that is a text",
            label: reading.suggestion(name, enclosure.settings.map(\.name)))
        return nil
    }

    /// Whether a node is `=name` of a setting that was not given and has no default.
    func isGivenNothing(_ node: YAMLNode) -> Bool {
        guard let enclosure = scope.enclosure, let text = node.text, text.hasPrefix("="), case .absent? = enclosure.binding(String(text.dropFirst()).trimmed)
        else { return false }
        return true
    }

    private func bounded(_ value: SettingValue?, _ manifest: SettingManifest, _ dimension: Dimension, _ node: YAMLNode) -> SettingValue? {
        let number: Double
        switch value {
        case .number(let value)?: number = value
        case .duration(let duration)?: number = duration.seconds
        default: return value
        }
        if let text = manifest.min, let low = try? Quantity.parse(text), number < low.value {
            reading.error(.outOfRange, node.span, "'\(manifest.name)' must be at least \(text)")
            return nil
        }
        if let text = manifest.max, let high = try? Quantity.parse(text), number > high.value {
            reading.error(.outOfRange, node.span, "'\(manifest.name)' must be at most \(text)")
            return nil
        }
        return value
    }

    private func readNodes(_ node: YAMLNode, _ manifest: SettingManifest, _ roles: [SettingType.Role]) -> SettingValue? {
        if manifest.takesAddress, let text = node.text, text.hasPrefix("ws://") || text.hasPrefix("wss://") { return .text(text) }
        let items = node.items ?? [node]
        var result: [Int] = []
        for item in items {
            if isGivenNothing(item) { continue }
            guard let set = nodeSet(item) else { return nil }
            if let wrong = set.first(where: { instance in
                let kind = registry.kinds[scenario.nodes[scope.table.declarationOfNode[instance]].kind]
                return !roles.isEmpty && !roles.contains { kind.roles.contains($0) }
            }) {
                let kind = registry.kinds[scenario.nodes[scope.table.declarationOfNode[wrong]].kind].name
                reading.error(
                    .wrongRole, item.span,
                    "'\(manifest.name)' needs a \(roles.map(\.rawValue).joined(separator: " or ")), and '\(scope.table.nodes[wrong])' is a \(kind)")
                return nil
            }
            result += set
        }
        if result.isEmpty, !items.isEmpty, items.allSatisfy(isGivenNothing) { return nil }
        if case .node = manifest.type, result.count != 1 {
            reading.error(.outOfRange, node.span, "'\(manifest.name)' takes one node, not \(result.count)")
            return nil
        }
        return .nodes(result)
    }

    private func readRamp(_ node: YAMLNode, _ what: String) -> SettingValue? {
        guard var text = reading.text(node, what) else { return nil }
        if scope.enclosure != nil, text.hasPrefix("=") {
            guard !isGivenNothing(node) else { return nil }
            text = Enclosure.text(of: node, in: scope.enclosure) ?? text
        }
        if text == "immediate" { return .ramp(share: 1, slope: nil) }
        let perTime = Dimension(ampere: 1, second: -1)
        if let quantity = try? Quantity.parse(text) {
            if quantity.dimension == perTime, quantity.value > 0 { return .ramp(share: nil, slope: quantity.value) }
            if quantity.dimension == .none, text.hasSuffix("%"), quantity.value > 0, quantity.value <= 1 { return .ramp(share: quantity.value, slope: nil) }
        }
        reading.error(
            .wrongDimension, node.span, "\(what) takes a share of the rest per step or a slope, not \(Diagnostic.quoted(text))",
            label: "for example '20%', '20 A/s' or 'immediate'")
        return nil
    }

    private func readLevel(_ node: YAMLNode, _ kind: SettingType.LevelKind, _ what: String, body: YAMLNode, _ watched: Dimension?) -> SettingValue? {
        guard let watched else { return nil }
        var dimension = watched
        switch kind {
        case .plain: break
        case .squared: dimension = (watched * watched) ?? watched
        case .slope: if body["within"] == nil { dimension = (watched / .time) ?? watched }
        }
        return value(node, dimension, .setting, what)
    }

    // MARK: Signals

    /// The signal that a scalar names.
    func signal(_ node: YAMLNode, _ what: String) -> Int? {
        guard let text = reading.text(node, what) else { return nil }
        let name = scope.enclosure != nil && text.hasPrefix("=") ? String(text.dropFirst()).trimmed : text
        if let index = scope.signal(name) {
            scope.mention(signals: [index])
            return index
        }
        if !isGivenNothing(node) { reportUnknownSignal(node, name) }
        return nil
    }

    func reportUnknownSignal(_ node: YAMLNode, _ written: String) {
        let name = scope.absolute(written) ?? written
        if reading.isBroken(name) { return }
        if let enclosure = scope.enclosure, let dot = written.utf8.firstIndex(of: 0x2E), case .nodes(let nodes)? = enclosure.binding(String(written[..<dot])) {
            // What a setting stands for is told in the words of the plugin.
            let head = String(written[..<dot])
            guard nodes.count == 1 else {
                reading.error(
                    .unknownSignal, node.span, "\(Diagnostic.quoted(written)) is no single signal",
                    label: "'\(head)' is \(nodes.count) nodes here; it must be one")
                return
            }
            let full = scope.table.nodes[nodes[0]] + "."
            let signals = scope.table.signals.filter { $0.node == nodes[0] && $0.name.hasPrefix(full) }.map { "\(head).\($0.name.dropFirst(full.count))" }
            reading.error(
                .unknownSignal, node.span, "there is no signal \(Diagnostic.quoted(written))",
                label: reading.suggestion(written, signals) ?? "'\(head)' is '\(full.dropLast())' here, which has: \(signals.joined(separator: ", "))")
            return
        }
        if scope.enclosure != nil, scope.absolute(written) == nil {
            let help =
                scope.missingReason(for: String(written.prefix { $0 != "." })) ?? reading.suggestion(written, scope.knownNames)
                ?? "a plugin sees its own settings and parts only"
            reading.error(.unknownSignal, node.span, "there is no signal \(Diagnostic.quoted(written))", label: help)
            return
        }
        let prefix = name.split(separator: ".").first.map(String.init) ?? name
        var label = scope.missingReason(for: written) ?? reading.suggestion(name, scope.table.signals.prefix(4000).map(\.name))
        if label == nil, let node = scope.table.node(prefix) {
            let kind = registry.kinds[scenario.nodes[scope.table.declarationOfNode[node]].kind]
            label = "signals of a \(kind.name): \(kind.signals.map(\.name).joined(separator: ", "))"
        }
        reading.error(.unknownSignal, node.span, "there is no signal \(Diagnostic.quoted(name))", label: label)
    }
}
