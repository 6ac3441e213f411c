import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// Greatest number of detectors, parts counted.
    private static let mostDetectors = 10_000

    /// Detectors are named before they are read, because composites and formulas refer to each other.
    func nameDetectors(_ node: YAMLNode) {
        for entry in reading.mapping(node, "'detectors'", example: "high: {is: threshold, watch: charger.current, above: 16 A}") ?? [] {
            guard let name = reading.checkName(entry.key, "detector"), claim(name, entry.key.span) else { continue }
            if !declareDetector(name, entry, entry.value, nil, [], depth: 0) { reading.markBroken(name) }
        }
    }

    /// Names a detector and, in front of it, its parts; `body` has the settings, `entry` the place.
    @discardableResult
    private func declareDetector(
        _ name: String, _ entry: YAMLNode.Entry, _ body: YAMLNode, _ enclosure: Enclosure?, _ lifecycle: [(YAMLNode, Enclosure?)], depth: Int
    ) -> Bool {
        guard reading.mapping(body, "the detector '\(entry.name)'", example: "{is: rule, when: '=charger.current > 16 A'}") != nil else { return false }
        guard let node = body["is"] else {
            reading.error(
                .missingKey, entry.key.span, "the detector '\(entry.name)' needs the key 'is'", label: "the kind of the detector, for example 'is: threshold'")
            return false
        }
        guard let kindName = reading.text(node, "'is'") else { return false }
        let layers = [(body, enclosure)] + lifecycle
        if let kind = registry.detectorIndex(kindName) {
            add(PendingDetector(name: name, span: entry.key.span, kind: kind, body: body, enclosure: enclosure, lifecycle: layers, trail: reading.instances))
            return true
        }
        guard depth < 32, pendingDetectors.count < Self.mostDetectors else {
            reading.error(
                .tooMany, node.span,
                depth < 32 ? "the scenario would have more than \(Self.mostDetectors) detectors" : "detectors are made of detectors more than 32 deep")
            return false
        }
        guard
            let definition = definition(
                kindName, .detectors, node, enclosure, code: .unknownDetectorKind, known: registry.detectors.map(\.name))
        else { return false }
        if let start = detectorChain.firstIndex(where: { $0 === definition }) {
            let names = (detectorChain[start...].map(\.name) + [definition.name]).joined(separator: " → ")
            reading.error(
                .recursion, node.span, "the detector kind '\(definition.name)' contains itself", label: names, related: [(definition.key.span, "the kind")])
            return false
        }
        detectorChain.append(definition)
        defer { detectorChain.removeLast() }
        return inside(enclosure, reading.instances) { declare(definition, name, entry, body, layers, depth) }
    }

    private func add(_ detector: PendingDetector) {
        pendingDetectors.append(detector)
        scope.table.addDetector(detector.name)
    }

    /// A detector of a plugin: its parts, then what joins them, or its rule.
    private func declare(
        _ definition: Definition, _ name: String, _ entry: YAMLNode.Entry, _ body: YAMLNode, _ layers: [(YAMLNode, Enclosure?)], _ depth: Int
    ) -> Bool {
        let lifecycleKeys = ScenarioSchema.detector.keys.map(\.name)
        let plain =
            depth > 0 ? YAMLNode(kind: .mapping((body.entries ?? []).filter { !["settings", "about", "parts"].contains($0.name) }), span: body.span) : body
        let enclosure = enter(definition, plain, known: lifecycleKeys, prefix: name)
        var parts: [YAMLNode.Entry] = []
        if let node = definition.body["parts"] {
            guard let entries = reading.mapping(node, "'parts'", example: "high: {is: threshold, watch: =watch, above: 16 A}") else { return false }
            parts = entries
        }
        enclosure.ownNames = Set(parts.map(\.name))
        let trail = reading.instances + [(entry.key.span, "the detector '\(entry.name)' is made of it")]
        return inside(enclosure, trail) {
            for part in parts {
                guard let partName = reading.checkName(part.key, "detector"),
                    declareDetector("\(name).\(partName)", part, part.value, enclosure, [], depth: depth + 1)
                else { return false }
            }
            let inner = YAMLNode.Entry(key: entry.key, value: detectorBody(definition, parts))
            if definition.body["when"] != nil, let rule = registry.detectorIndex("rule") {
                add(
                    PendingDetector(
                        name: name, span: entry.key.span, kind: rule, body: inner.value, enclosure: enclosure, lifecycle: [(inner.value, enclosure)] + layers,
                        trail: trail))
                return true
            }
            return declareDetector(name, inner, inner.value, enclosure, layers, depth: depth + 1)
        }
    }

    /// What a definition says about the detector that it is made of; `parts` becomes the list of their names.
    private func detectorBody(_ definition: Definition, _ parts: [YAMLNode.Entry]) -> YAMLNode {
        var entries: [YAMLNode.Entry] = []
        for entry in definition.body.entries ?? [] where entry.name != "settings" && entry.name != "about" {
            guard entry.name == "parts", entry.value.entries != nil else {
                entries.append(entry)
                continue
            }
            entries.append(YAMLNode.Entry(key: entry.key, value: YAMLNode(kind: .sequence(parts.map(\.key)), span: entry.value.span)))
        }
        return YAMLNode(kind: .mapping(entries), span: definition.key.span)
    }

    func readDetectors() {
        for pending in pendingDetectors {
            inside(pending.enclosure, pending.trail) {
                var declaration = DetectorDeclaration(name: pending.name, kind: pending.kind, settings: [], lifecycle: LifecycleSettings(), span: pending.span)
                readDetector(pending, registry.detectors[pending.kind], &declaration)
                scenario.detectors.append(declaration)
            }
        }
    }

    private func readDetector(_ pending: PendingDetector, _ manifest: DetectorManifest, _ declaration: inout DetectorDeclaration) {
        let body = pending.body
        let errors = reading.errorCount
        var dimension: Dimension?
        if let setting = manifest.settings.first(where: { $0.type == .signal || $0.type == .signals || $0.type.isMixed }), let given = body[setting.name],
            let text = (given.items?.first ?? given).text
        {
            let name = pending.enclosure != nil && text.hasPrefix("=") ? String(text.dropFirst()).trimmed : text
            if let index = scope.signal(name) ?? scope.signalSet(name)?.first { dimension = scope.table.signals[index].dimension }
        }
        declaration.settings = readSettings(
            body, manifest.settings, "the detector kind '\(manifest.name)'", known: ScenarioSchema.detector, watchDimension: dimension)
        var lifecycle = LifecycleSettings()
        // What the place of use says stands last and wins.
        for (layer, enclosure) in pending.lifecycle {
            inside(enclosure, enclosure == nil ? [] : pending.trail) {
                if let node = layer["severity"], let index = reading.word(node, "'severity'", among: Self.severities) {
                    lifecycle.severity = Self.severities[index]
                }
                if let node = layer["lasting"] { lifecycle.lasting = readTime(node, "'lasting'") ?? .zero }
                if let node = layer["keep"] { lifecycle.keep = readTime(node, "'keep'") ?? .zero }
                if let node = layer["rest"] { lifecycle.rest = readTime(node, "'rest'") ?? .zero }
                if let node = layer["warmup"] { lifecycle.warmup = readTime(node, "'warmup'") ?? .zero }
                if let node = layer["only_when"] { lifecycle.onlyWhen = formula(node, .live, expecting: .flag, "'only_when'") }
                if let node = layer["clear"] { readClear(node, manifest, dimension, &lifecycle) }
                readAlarmPolicy(layer, &lifecycle)
            }
        }
        checkAlarmPolicy(pending.lifecycle.last?.0 ?? body, pending.name, lifecycle, manifest)
        declaration.lifecycle = lifecycle
        if reading.errorCount == errors { checkDetector(declaration, manifest, body) }
    }

    /// `clear` is a level in the unit of the first level of the detector.
    private func readClear(_ node: YAMLNode, _ manifest: DetectorManifest, _ watched: Dimension?, _ lifecycle: inout LifecycleSettings) {
        let level = manifest.settings.lazy.compactMap { setting -> SettingType.LevelKind? in if case .level(let kind) = setting.type { kind } else { nil } }
            .first
        guard let level, let watched else {
            reading.error(.unknownKey, node.span, "the detector kind '\(manifest.name)' has no level to clear")
            return
        }
        let dimension: Dimension
        switch level {
        case .plain: dimension = watched
        case .squared: dimension = (watched * watched) ?? watched
        case .slope: dimension = (watched / .time) ?? watched
        }
        if case .number(let value)? = value(node, dimension, .setting, "'clear'") { lifecycle.clear = value }
    }

    /// Names of other detectors, as composites take them.
    func readDetectorNames(_ node: YAMLNode, _ what: String, least: Int) -> SettingValue? {
        var result: [Int] = []
        for item in reading.list(node, what) ?? [] {
            guard let written = reading.text(item, what) else { return nil }
            guard let name = scope.absolute(written), let index = scope.table.detector(name) else {
                reportUnknownDetector(item, written)
                return nil
            }
            reading.markUsed("detector \(name)")
            result.append(index)
        }
        if result.count < least {
            reading.error(.outOfRange, node.span, "\(what) needs at least \(least == 1 ? "one detector" : "two detectors")")
            return nil
        }
        return .detectors(result)
    }

    func reportUnknownDetector(_ node: YAMLNode, _ name: String) {
        if reading.isBroken(name) { return }
        if let enclosure = scope.enclosure, !enclosure.isOpen {
            let parts = enclosure.ownNames.sorted()
            reading.error(
                .unknownDetector, node.span, "there is no detector \(Diagnostic.quoted(name))",
                label: reading.suggestion(name, parts) ?? (parts.isEmpty ? "a plugin sees its own parts only" : "parts: \(parts.joined(separator: ", "))"))
            return
        }
        reading.error(
            .unknownDetector, node.span, "there is no detector \(Diagnostic.quoted(name))",
            label: reading.suggestion(name, scope.table.detectors)
                ?? (scope.table.detectors.isEmpty
                    ? "the file has no detectors"
                    : "detectors: \(scope.table.detectors.prefix(24).joined(separator: ", "))\(scope.table.detectors.count > 24 ? ", …" : "")"))
    }
}

/// A detector that is named, whose settings wait to be read.
struct PendingDetector {
    let name: String
    let span: Span
    /// Index of the built-in kind.
    let kind: Int
    /// Its settings, and the definition that they stand in.
    let body: YAMLNode
    let enclosure: Enclosure?
    /// Where keys of the life-cycle may stand, the innermost definition first.
    let lifecycle: [(YAMLNode, Enclosure?)]
    let trail: [(span: Span, text: String)]
}
