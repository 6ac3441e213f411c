import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// What becomes of the alarms of a detector beside their times.
    func readAlarmPolicy(_ layer: YAMLNode, _ lifecycle: inout LifecycleSettings) {
        if let node = layer["warmup_after_gap"] { lifecycle.warmupAfterGap = readTime(node, "'warmup_after_gap'") }
        if let node = layer["breakthrough"], let factor = plainNumber(node, "'breakthrough'") {
            if factor >= 1 { lifecycle.breakthrough = factor } else { reading.error(.outOfRange, node.span, "'breakthrough' must be at least 1") }
        }
        if let node = layer["suppress"], case .detectors(let others)? = readDetectorNames(node, "'suppress'", least: 1) { lifecycle.suppress = others }
        // A severity that is given nearer to the place of use counts instead of a map.
        if layer["severity"] != nil { lifecycle.severityMap = [] }
        if let node = layer["severity_map"] { readSeverityMap(node, &lifecycle) }
        if let node = layer["escalate_after"] { lifecycle.escalateAfter = readTime(node, "'escalate_after'") }
        if let node = layer["corroborate"] { readCorroboration(node, &lifecycle) }
        if let node = layer["flap"], let section = SectionReader(reading, node, ScenarioSchema.flap, "'flap'", example: "{count: 6, within: 10min}") {
            var flap = (count: 6, within: Duration.seconds(600))
            if let node = section["count"], let count = reading.whole(node, "'count'", in: 1...10_000) { flap.count = Int(count) }
            if let node = section["within"], let time = positiveTime(node, "'within'") { flap.within = time }
            lifecycle.flap = flap
        }
        if let node = layer["stale_after"] { lifecycle.staleAfter = positiveTime(node, "'stale_after'") }
        if let node = layer["patterns"] { readPatterns(node, &lifecycle) }
    }

    private func readSeverityMap(_ node: YAMLNode, _ lifecycle: inout LifecycleSettings) {
        guard let section = SectionReader(reading, node, ScenarioSchema.severityMap, "'severity_map'", example: "{low: 1, medium: 2, high: 4, critical: 8}")
        else { return }
        lifecycle.severityMap = []
        for severity in Self.severities {
            guard let node = section[severity], let from = plainNumber(node, "'\(severity)'") else { continue }
            guard from >= 1, from >= lifecycle.severityMap.last?.from ?? 1 else {
                reading.error(
                    .outOfRange, node.span, "'\(severity)' must be a score of at least 1, and not less than that of a lower severity",
                    label: "a detector fires from the score 1 on")
                continue
            }
            lifecycle.severityMap.append((severity, from))
        }
        if lifecycle.severityMap.isEmpty, section.node.entries?.isEmpty ?? true {
            reading.error(.missingKey, node.span, "'severity_map' needs at least one severity", label: "for example {medium: 1, high: 4}")
        }
    }

    private func readCorroboration(_ node: YAMLNode, _ lifecycle: inout LifecycleSettings) {
        guard let section = SectionReader(reading, node, ScenarioSchema.corroborate, "'corroborate'", example: "{by: [timing, jump], at_least: 1, within: 5s}"),
            let names = section["by"], case .detectors(let others)? = readDetectorNames(names, "'by'", least: 1)
        else { return }
        var least = 2
        if let node = section["at_least"], let count = reading.whole(node, "'at_least'", in: 1...1000) { least = Int(count) }
        if section["at_least"] == nil { least = min(least, others.count) }
        if least > others.count {
            reading.error(.outOfRange, section["at_least"]?.span ?? node.span, "'at_least' must be at most the number of detectors in 'by'")
        }
        let within = section["within"].flatMap { readTime($0, "'within'") } ?? .seconds(5)
        lifecycle.corroborate = (others, least, within)
    }

    private func readPatterns(_ node: YAMLNode, _ lifecycle: inout LifecycleSettings) {
        guard let section = SectionReader(reading, node, ScenarioSchema.patterns, "'patterns'", example: "{max_distance: 0.35, benign: [2]}") else { return }
        var patterns = PatternSettings()
        if let node = section["segments"], let count = reading.whole(node, "'segments'", in: 2...1024) { patterns.segments = Int(count) }
        if let node = section["max_distance"], let distance = plainNumber(node, "'max_distance'") {
            if distance >= 0 {
                patterns.maximumDistance = distance
            } else {
                reading.error(.outOfRange, node.span, "'max_distance' must not be negative")
            }
        }
        if let node = section["capacity"], let count = reading.whole(node, "'capacity'", in: 1...65536) { patterns.capacity = Int(count) }
        if let node = section["before"], let time = readTime(node, "'before'") { patterns.before = time }
        for item in section["benign"].flatMap({ reading.list($0, "'benign'") }) ?? [] {
            if let number = reading.whole(item, "'benign'", in: 1...1_000_000) { patterns.benign.append(Int(number)) }
        }
        lifecycle.patterns = patterns
    }

    /// What the keys say together.
    func checkAlarmPolicy(_ node: YAMLNode, _ name: String, _ lifecycle: LifecycleSettings, _ manifest: DetectorManifest) {
        if let own = scope.table.detector(name) {
            for (key, others) in [("suppress", lifecycle.suppress), ("corroborate", lifecycle.corroborate?.by ?? [])] where others.contains(own) {
                reading.error(.outOfRange, node[key]?.span ?? node.span, "'\(key)' of '\(name)' names the detector itself")
            }
        }
        if let key = node["severity_map"], let fixed = node["severity"] {
            reading.error(.outOfRange, key.span, "'severity_map' and 'severity' exclude each other", related: [(fixed.span, "the severity")])
        }
        if let key = node["breakthrough"], lifecycle.rest == .zero {
            reading.error(.outOfRange, key.span, "'breakthrough' has no meaning without 'rest'")
        }
        let signals = manifest.settings.filter { $0.type == .signal || $0.type == .signals || $0.type.isMixed }
        if let key = node["patterns"], signals.map(\.name) != ["watch"] || signals[0].type != .signal {
            reading.error(
                .unknownKey, key.span, "the detector kind '\(manifest.name)' has no shapes to remember", label: "kinds that watch one signal have")
        }
    }

    private func positiveTime(_ node: YAMLNode, _ what: String) -> Duration? {
        guard let time = readTime(node, what) else { return nil }
        if time > .zero { return time }
        reading.error(.outOfRange, node.span, "\(what) must be longer than 0 s")
        return nil
    }

    private func plainNumber(_ node: YAMLNode, _ what: String) -> Double? {
        guard case .number(let number)? = value(node, .none, .setting, what) else { return nil }
        return number
    }
}
