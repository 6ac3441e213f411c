import Detection
import Quantities
import ScenarioLanguage
import SimulationKernel

extension DetectorBank {
    /// What becomes of the alarms of a detector.
    static func policy(_ declaration: DetectorDeclaration, isSampled: Bool) -> AlarmPolicy {
        let given = declaration.lifecycle
        var policy = AlarmPolicy(severity: Severity(name: given.severity) ?? .medium)
        policy.levels = given.severityMap.map { AlarmPolicy.Level(from: $0.from, severity: Severity(name: $0.severity) ?? .medium) }
        policy.escalateAfter = given.escalateAfter
        policy.flap = given.flap.map { AlarmPolicy.Flap(count: $0.count, within: $0.within) }
        policy.staleness = given.staleAfter.map { .after($0) } ?? (isSampled ? .automatic : .never)
        policy.patterns = given.patterns.map {
            AlarmPolicy.Patterns(
                segments: $0.segments, maximumDistance: $0.maximumDistance, capacity: $0.capacity, before: $0.before, benign: $0.benign)
        }
        return policy
    }

    /// Whether a detector looks at one signal that is sampled, so that silence means that values are missing.
    static func isSampled(_ declaration: DetectorDeclaration, _ kind: DetectorKind, _ simulation: Simulation) -> Bool {
        guard kind.input == .signal, !kind.isObject, let signal = declaration.watched else { return false }
        return !simulation.scenario.symbols.signals[signal].isHeld
    }

    /// Joins a detector with those that suppress or confirm its alarms.
    func joinLifecycle(_ index: Int, _ entry: Entry) {
        let lifecycle = entry.declaration.lifecycle
        if !lifecycle.suppress.isEmpty {
            let others = lifecycle.suppress.filter { $0 != index }.map { entries[$0] }
            for other in others { other.suppressing.append(index) }
            let monitors = others.map(\.monitor)
            entry.monitor.isSuppressed = { monitors.contains { $0.isRaised } }
        }
        if let corroborate = lifecycle.corroborate {
            let others = corroborate.by.filter { $0 != index }
            entry.confirmers = others.count
            entry.corroboration = try? Corroboration(detectors: others.count + 1, within: corroborate.within, needed: max(1, corroborate.atLeast))
            for (place, other) in others.enumerated() { entries[other].confirming.append((index, place)) }
        }
        if entry.composite != nil { entry.monitor.about = { [unowned entry] in (entry.composite?.blame ?? "", entry.composite?.onset) } }
    }

    /// At the end of this instant a detector is asked whether its alert is still suppressed.
    func wake(_ index: Int) {
        simulation.kernel.schedule(at: simulation.kernel.now, phase: .detector, node: UInt32(index), kind: EventKind.detector, target: UInt32(index))
    }

    /// An alarm began or ended: those that it confirms, and that confirm it, are counted.
    func corroborate(_ index: Int, _ edge: AlertEdge) {
        let entry = entries[index]
        if entry.corroboration != nil {
            entry.corroboration?.note(edge, of: entry.confirmers)
            if edge.kind == .firing { confirm(entry, at: edge.at) }
        }
        for (detector, place) in entry.confirming {
            let other = entries[detector]
            other.corroboration?.note(edge, of: place)
            if edge.kind == .firing, other.monitor.isRaised || other.corroboration?.isRecent(other.confirmers, at: edge.at) == true {
                confirm(other, at: edge.at)
            }
        }
    }

    private func confirm(_ entry: Entry, at instant: Instant) {
        guard let levels = entry.corroboration?.levels(of: entry.confirmers, at: instant), levels > 0 else { return }
        entry.monitor.confirm(levels: levels)
    }
}
