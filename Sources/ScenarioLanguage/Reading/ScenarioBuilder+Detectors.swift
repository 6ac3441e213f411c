import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// Detectors are named before they are read, because composites and formulas refer to each other.
    func nameDetectors(_ node: YAMLNode) {
        for entry in reading.mapping(node, "'detectors'", example: "high: {is: threshold, watch: charger.current, above: 16 A}") ?? [] {
            guard let name = reading.checkName(entry.key, "detector"), claim(name, entry.key.span) else { continue }
            scope.table.detectors.append(name)
        }
    }

    func readDetectors(_ node: YAMLNode) {
        for entry in node.entries ?? [] where scope.table.detectors.contains(entry.name) {
            let kind = detectorKind(entry) ?? 0
            var declaration = DetectorDeclaration(name: entry.name, kind: kind, settings: [], lifecycle: LifecycleSettings(), span: entry.key.span)
            if detectorKind(entry, reports: false) != nil { readDetector(entry, registry.detectors[kind], &declaration) }
            scenario.detectors.append(declaration)
        }
    }

    private func detectorKind(_ entry: YAMLNode.Entry, reports: Bool = true) -> Int? {
        guard entry.value.entries != nil else {
            if reports { _ = reading.mapping(entry.value, "the detector '\(entry.name)'", example: "{is: rule, when: '=charger.current > 16 A'}") }
            return nil
        }
        guard let node = entry.value["is"] else {
            if reports {
                reading.error(
                    .missingKey, entry.key.span, "the detector '\(entry.name)' needs the key 'is'",
                    label: "the kind of the detector, for example 'is: threshold'")
            }
            return nil
        }
        guard let name = node.text else {
            if reports { _ = reading.text(node, "'is'") }
            return nil
        }
        guard let kind = registry.detectorIndex(name) else {
            if reports {
                reading.error(
                    .unknownDetectorKind, node.span, "there is no detector kind \(Diagnostic.quoted(name))",
                    label: reading.suggestion(name, registry.detectors.map(\.name)) ?? "kinds: \(registry.detectors.map(\.name).joined(separator: ", "))")
            }
            return nil
        }
        return kind
    }

    private func readDetector(_ entry: YAMLNode.Entry, _ manifest: DetectorManifest, _ declaration: inout DetectorDeclaration) {
        let body = entry.value
        var dimension: Dimension?
        if let setting = manifest.settings.first(where: { $0.type == .signal }), let node = body[setting.name], let name = node.text,
            let index = scope.table.signal(name)
        {
            dimension = scope.table.signals[index].dimension
        }
        declaration.settings = readSettings(
            body, manifest.settings, "the detector kind '\(manifest.name)'", known: ScenarioSchema.detector, watchDimension: dimension)
        var lifecycle = LifecycleSettings()
        if let node = body["severity"], let index = reading.word(node, "'severity'", among: Self.severities) { lifecycle.severity = Self.severities[index] }
        if let node = body["lasting"] { lifecycle.lasting = reading.duration(node, "'lasting'") ?? .zero }
        if let node = body["keep"] { lifecycle.keep = reading.duration(node, "'keep'") ?? .zero }
        if let node = body["rest"] { lifecycle.rest = reading.duration(node, "'rest'") ?? .zero }
        if let node = body["warmup"] { lifecycle.warmup = reading.duration(node, "'warmup'") ?? .zero }
        if let node = body["only_when"] { lifecycle.onlyWhen = formula(node, .live, expecting: .flag, "'only_when'") }
        if let node = body["clear"] { readClear(node, manifest, dimension, &lifecycle) }
        declaration.lifecycle = lifecycle
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
    func readDetectorNames(_ node: YAMLNode, _ what: String) -> SettingValue? {
        var result: [Int] = []
        for item in reading.list(node, what) ?? [] {
            guard let name = reading.text(item, what) else { return nil }
            guard let index = scope.table.detectors.firstIndex(of: name) else {
                reportUnknownDetector(item, name)
                return nil
            }
            reading.markUsed("detector \(name)")
            result.append(index)
        }
        if result.count < 2 {
            reading.error(.outOfRange, node.span, "\(what) needs at least two detectors")
            return nil
        }
        return .detectors(result)
    }

    func reportUnknownDetector(_ node: YAMLNode, _ name: String) {
        reading.error(
            .unknownDetector, node.span, "there is no detector \(Diagnostic.quoted(name))",
            label: reading.suggestion(name, scope.table.detectors)
                ?? (scope.table.detectors.isEmpty ? "the file has no detectors" : "detectors: \(scope.table.detectors.joined(separator: ", "))"))
    }
}
