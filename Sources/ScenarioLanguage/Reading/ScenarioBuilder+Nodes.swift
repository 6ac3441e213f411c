import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// Greatest number of signals of a scenario.
    private static let mostSignals = 2_000_000

    /// Nodes and buses refer to each other, so names come first, then frames, then settings.
    func readNodesAndBuses(nodes: YAMLNode?, buses: YAMLNode?) {
        let entries = nodes.flatMap { reading.mapping($0, "'nodes'", example: "csms: {is: csms}") } ?? []
        if entries.isEmpty, let nodes, nodes.entries != nil || nodes.isNull { reading.error(.emptySection, nodes.span, "a scenario needs at least one node") }
        guard signalsFit(entries) else { return }
        var bodies: [(YAMLNode, KindManifest, Int)] = []
        for entry in entries {
            guard let declaration = declareNode(entry) else {
                reading.markBroken(entry.name)
                continue
            }
            bodies.append((entry.value, registry.kinds[declaration.kind], scenario.nodes.count))
            scenario.nodes.append(declaration)
        }
        let busEntries = buses.flatMap { reading.mapping($0, "'buses'") } ?? []
        for entry in busEntries {
            guard let name = reading.checkName(entry.key, "bus"), claim(name, entry.key.span) else { continue }
            scenario.buses.append(BusDeclaration(name: name, bitrate: 500_000, frames: [], span: entry.key.span))
        }
        for (body, manifest, index) in bodies { implyBus(body, manifest, index) }
        for entry in busEntries { readBus(entry) }
        for (body, manifest, index) in bodies { bringFrames(body, manifest, scenario.nodes[index]) }
        addFrameSymbols()
        for (body, manifest, index) in bodies {
            scenario.nodes[index].settings = readSettings(
                body, manifest.settings, "the kind '\(manifest.name)'", known: ScenarioSchema.node, watchDimension: nil)
        }
    }

    /// Whether all nodes together have no more signals than memory is meant for; asked before any is made.
    private func signalsFit(_ entries: [YAMLNode.Entry]) -> Bool {
        var total = 0
        for entry in entries {
            guard let kind = entry.value["is"]?.text.flatMap(registry.kindIndex) else { continue }
            let count = entry.value["count"]?.text.flatMap { Int($0) } ?? 1
            total += min(max(count, 0), 100_000) * registry.kinds[kind].signals.count
            guard total <= Self.mostSignals else {
                reading.error(.tooMany, entry.key.span, "the scenario would have more than \(Self.mostSignals) signals")
                for entry in entries { reading.markBroken(entry.name) }
                return false
            }
        }
        return true
    }

    private func declareNode(_ entry: YAMLNode.Entry) -> NodeDeclaration? {
        guard let name = reading.checkName(entry.key, "node"), claim(name, entry.key.span),
            reading.mapping(entry.value, "the node '\(name)'", example: "{is: charge-point, csms: csms}") != nil
        else { return nil }
        guard let kindNode = entry.value["is"] else {
            reading.error(.missingKey, entry.key.span, "the node '\(name)' needs the key 'is'", label: "the kind of the node, for example 'is: charge-point'")
            return nil
        }
        guard let kindName = reading.text(kindNode, "'is'") else { return nil }
        guard let kind = registry.kindIndex(kindName) else {
            reading.error(
                .unknownKind, kindNode.span, "there is no kind \(Diagnostic.quoted(kindName))",
                label: reading.suggestion(kindName, registry.kinds.map(\.name)) ?? "kinds: \(registry.kinds.map(\.name).joined(separator: ", "))")
            return nil
        }
        var count = 1
        if let node = entry.value["count"] {
            guard let value = reading.whole(node, "'count'", in: 1...100_000) else { return nil }
            count = Int(value)
        }
        let manifest = registry.kinds[kind]
        let first = scope.table.nodes.count
        let isCounted = entry.value["count"] != nil
        for instance in 0..<count {
            let full = isCounted ? "\(name).\(instance + 1)" : name
            let node = scope.table.nodes.count
            scope.table.addNode(full, declaration: scenario.nodes.count)
            for signal in manifest.signals {
                scope.table.addSignal(
                    SignalSymbol(
                        name: "\(full).\(signal.name)", dimension: signal.dimension, unit: signal.unit, members: signal.members, isFlag: signal.isFlag,
                        settable: signal.settable, isHeld: signal.isHeld, node: node))
            }
        }
        if isCounted { scope.table.addGroup(name, first..<(first + count)) }
        return NodeDeclaration(name: name, kind: kind, count: count, isCounted: isCounted, firstInstance: first, settings: [], span: entry.key.span)
    }

    /// A bus that a node names but the file does not declare is created when the file has no section `buses`.
    private func implyBus(_ body: YAMLNode, _ manifest: KindManifest, _ index: Int) {
        for setting in manifest.settings where setting.type == .bus {
            guard let node = body[setting.name], let name = node.text, !scenario.buses.contains(where: { $0.name == name }) else { continue }
            let declared = scenario.buses.filter { !impliedBuses.contains($0.name) }.map(\.name)
            if declared.isEmpty {
                guard reading.checkName(node, "bus") != nil, claim(name, node.span) else { continue }
                impliedBuses.append(name)
                scenario.buses.append(BusDeclaration(name: name, bitrate: 500_000, frames: [], span: node.span))
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
                label: reading.suggestion(entry.name, names + settingNames)
                    ?? "settings: \((settingNames + names.filter { $0 != "is" }).joined(separator: ", "))")
        }
        return manifests.map { manifest in
            if let node = body[manifest.name] { return readSetting(node, manifest, body: body, watchDimension: watchDimension) ?? .absent }
            if manifest.required {
                reading.error(.missingKey, body.span, "\(what) needs the setting '\(manifest.name)'", label: manifest.about)
                return .absent
            }
            return defaultValue(manifest, body, watchDimension) ?? .absent
        }
    }

    private func defaultValue(_ manifest: SettingManifest, _ body: YAMLNode, _ watchDimension: Dimension?) -> SettingValue? {
        guard let text = manifest.defaultText else { return nil }
        if case .texts = manifest.type { return .texts(text.split(separator: ",").map { String($0).trimmed }) }
        return readSetting(YAMLNode(kind: .scalar(YAMLNode.Scalar(text: text)), span: body.span), manifest, body: body, watchDimension: watchDimension)
    }

    private func readSetting(_ node: YAMLNode, _ manifest: SettingManifest, body: YAMLNode, watchDimension: Dimension?) -> SettingValue? {
        let what = "'\(manifest.name)'"
        switch manifest.type {
        case .quantity(let dimension): return bounded(value(node, dimension, .setting, what), manifest, dimension, node)
        case .number, .percent: return bounded(value(node, .none, .setting, what), manifest, .none, node)
        case .duration:
            if node.text?.hasPrefix("=") == true {
                guard let value = value(node, .time, .setting, what) else { return nil }
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
            return reading.whole(node, what, in: low...high).map { .number(Double($0)) }
        case .text: return reading.text(node, what).map { .text($0) }
        case .flag:
            if node.text?.hasPrefix("=") == true {
                return formula(node, .setting, expecting: .flag, what).map { $0.isConstant ? .number($0.constantValue) : .formula($0) }
            }
            return reading.flag(node, what).map { .number($0 ? 1 : 0) }
        case .oneOf(let words): return reading.word(node, what, among: words).map { .number(Double($0)) }
        case .node(let roles), .nodes(let roles): return readNodes(node, manifest, roles)
        case .bus:
            guard let name = reading.text(node, what) else { return nil }
            return scenario.buses.firstIndex { $0.name == name }.map { .bus($0) }
        case .signal: return signal(node, what).map { .signals([$0]) }
        case .signals: return readSignals(node, what)
        case .level(let kind): return readLevel(node, kind, what, body: body, watchDimension)
        case .ramp: return readRamp(node, what)
        case .condition: return formula(node, .live, expecting: .flag, what).map { .formula($0) }
        case .detectors: return readDetectorNames(node, what)
        case .texts(let allowed):
            let words = (reading.list(node, what) ?? []).compactMap { reading.word($0, what, among: allowed).map { allowed[$0] } }
            return .texts(words)
        }
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
        let items = node.items ?? [node]
        var result: [Int] = []
        for item in items {
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
        if case .node = manifest.type, result.count != 1 {
            reading.error(.outOfRange, node.span, "'\(manifest.name)' takes one node, not \(result.count)")
            return nil
        }
        return .nodes(result)
    }

    private func readRamp(_ node: YAMLNode, _ what: String) -> SettingValue? {
        guard let text = reading.text(node, what) else { return nil }
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
        guard let name = reading.text(node, what) else { return nil }
        if let index = scope.table.signal(name) {
            scope.mention(signals: [index])
            return index
        }
        reportUnknownSignal(node, name)
        return nil
    }

    func reportUnknownSignal(_ node: YAMLNode, _ name: String) {
        if reading.isBroken(name) { return }
        let prefix = name.split(separator: ".").first.map(String.init) ?? name
        var label = scope.missingReason(for: name) ?? reading.suggestion(name, scope.table.signals.prefix(4000).map(\.name))
        if label == nil, let node = scope.table.node(prefix) {
            let kind = registry.kinds[scenario.nodes[scope.table.declarationOfNode[node]].kind]
            label = "signals of a \(kind.name): \(kind.signals.map(\.name).joined(separator: ", "))"
        }
        reading.error(.unknownSignal, node.span, "there is no signal \(Diagnostic.quoted(name))", label: label)
    }

    private func readSignals(_ node: YAMLNode, _ what: String) -> SettingValue? {
        var result: [Int] = []
        for item in node.items ?? [node] {
            if let name = item.text, let set = scope.table.signalSet(name) {
                scope.mention(signals: set)
                result += set
            } else if let index = signal(item, what) {
                result.append(index)
            } else {
                return nil
            }
        }
        guard let first = result.first else { return .signals([]) }
        if let other = result.first(where: { scope.table.signals[$0].dimension != scope.table.signals[first].dimension }) {
            reading.error(
                .mixedDimensions, node.span,
                "\(what) has \(reading.article(scope.table.signals[first].dimension.name)) and \(reading.article(scope.table.signals[other].dimension.name))")
            return nil
        }
        return .signals(result)
    }
}
