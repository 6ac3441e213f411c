import Detection
import Quantities
import ScenarioLanguage
import SimulationKernel

/// All detectors of a run in the order of the file: samples in, alarms out.
final class DetectorBank {
    /// One detector in service.
    final class Entry {
        let declaration: DetectorDeclaration
        let monitor: AlarmMonitor
        let watched: Int?
        let rule: FormulaRunner?
        let gate: FormulaRunner?
        var composite: (any AlarmJoining)?
        let parts: [Int]
        /// A detector over several signals, frames or messages, by what it takes.
        let object: (any Detecting)?
        let overSignals: (any SignalsDetecting)?
        let overFrames: (any FramesDetecting)?
        let overMessages: (any MessagesDetecting)?
        /// Whether the gate was open when something last came.
        var gateWasOpen = true
        /// The conditions of a temporal formula in service: the sides of a comparison, or what is true or false.
        var conditions: [(left: FormulaRunner, right: FormulaRunner?)] = []
        /// Composites that listen to this one, as detector and place among its parts.
        var listeners: [(detector: Int, part: Int)] = []
        /// Detectors whose alarms this one suppresses.
        var suppressing: [Int] = []
        /// Who confirms alarms of this one; this one comes last.
        var corroboration: Corroboration?
        /// How many confirm its alarms, which is also its own place behind them.
        var confirmers = 0
        /// Detectors whose alarms this one confirms, with its place among their confirmers.
        var confirming: [(detector: Int, place: Int)] = []
        var samples = 0
        /// Length of the window in which samples are compared, when the watched signal is held: the value before a change belongs to it.
        var heldWindow: Duration?
        var lastSample: (instant: Instant, value: Double)?
        var isDirty = false
        /// Deadline for which an event waits.
        var scheduled: Instant?

        init(
            _ declaration: DetectorDeclaration, _ monitor: AlarmMonitor, watched: Int?, rule: FormulaRunner?, gate: FormulaRunner?,
            composite: (any AlarmJoining)?,
            parts: [Int], object: (any Detecting)?
        ) {
            self.declaration = declaration
            self.monitor = monitor
            self.object = object
            overSignals = object as? any SignalsDetecting
            overFrames = object as? any FramesDetecting
            overMessages = object as? any MessagesDetecting
            monitor.source = object
            self.watched = watched
            self.rule = rule
            self.gate = gate
            self.composite = composite
            self.parts = parts
        }
    }

    let entries: [Entry]
    unowned(unsafe) let simulation: Simulation
    /// Where frames come in from their buses.
    var frameTaps: [FrameTap] = []
    /// Detectors over messages with what each watches.
    var messageTaps: [MessageTap] = []
    /// Messages before t = 0, whose place in time is known only then.
    var messagesBeforeOrigin: [MessageEvent] = []
    /// Whether the frame that detectors are handed belongs to a label.
    var unitLabel = false
    /// Values of this instant for detectors over several signals.
    var fed: [(detector: Int, input: Int, value: Double)] = []
    private var hasDirtyRules = false
    private var hasTimedRules = false

    init(_ simulation: Simulation) throws(RunFailure) {
        self.simulation = simulation
        var made: [Entry] = []
        for declaration in simulation.scenario.detectors {
            made.append(try DetectorBank.make(declaration, simulation))
        }
        entries = made
        for (index, entry) in made.enumerated() {
            if let signal = entry.watched { simulation.watch(signal, by: index, isRule: false) }
            if entry.object != nil { listen(index, entry) }
            entry.heldWindow = DetectorBank.heldWindow(entry, simulation)
            if entry.object != nil {
                entry.conditions = entry.declaration.temporalConditions.enumerated().map { number, condition in
                    let path = "\(entry.declaration.name).\(number)"
                    guard let sides = condition.sides else { return (simulation.runner(condition.condition, path: path), nil) }
                    return (simulation.runner(sides.left, path: path), simulation.runner(sides.right, path: "\(path).right"))
                }
            }
            for runner in [entry.rule].compactMap({ $0 }) + entry.conditions.flatMap({ [$0.left] + ($0.right.map { [$0] } ?? []) }) {
                read(runner.formula, by: index)
            }
            for (place, part) in entry.parts.enumerated() { made[part].listeners.append((index, place)) }
            joinLifecycle(index, entry)
        }
    }

    /// A detector depends on a formula: it is asked again when one of its signals changes, and by the clock when that matters.
    private func read(_ formula: Formula, by index: Int) {
        for signal in formula.signalsRead { simulation.watch(signal, by: index, isRule: true) }
        for aggregate in formula.aggregates {
            if case .signal(let signal) = aggregate.source, !formula.signalsRead.contains(signal) { simulation.watch(signal, by: index, isRule: true) }
            switch aggregate.source {
            case .stream, .clock: hasTimedRules = true
            case .signal: break
            }
        }
    }

    private static func make(_ declaration: DetectorDeclaration, _ simulation: Simulation) throws(RunFailure) -> Entry {
        let kind = DetectorKinds.all[declaration.kind]
        let values = DetectorKinds.values(kind, declaration.settings, simulation.scenario.symbols) { formula, name in
            simulation.evaluateSetting(formula, path: "\(declaration.name).\(name)")
        }
        do {
            var composite: (any AlarmJoining)?
            var detector: Detector?
            var object: (any Detecting)?
            if kind.isObject {
                object = try kind.makeObject(values)
            } else if kind.input == .parts {
                composite = try kind.makeJoining(values, parts: declaration.parts.count)
            } else {
                detector = try kind.makeDetector(values)
            }
            var alert = try kind.makeAlertSettings(commonValues(declaration.lifecycle), detector: detector)
            alert.timing = .betweenScores
            let monitor = try AlarmMonitor(
                name: declaration.name, policy: policy(declaration, isSampled: isSampled(declaration, kind, simulation)), detector: detector, settings: alert)
            return Entry(
                declaration, monitor, watched: kind.isObject ? nil : declaration.watched,
                rule: kind.input == .condition ? declaration.condition.map { simulation.runner($0, path: declaration.name) } : nil,
                gate: declaration.lifecycle.onlyWhen.map { simulation.runner($0, path: "\(declaration.name).only_when") }, composite: composite,
                parts: declaration.parts, object: object)
        } catch {
            throw RunFailure(code: .badDetector, message: "the detector '\(declaration.name)': \(error.description)", span: declaration.span, time: nil)
        }
    }

    private static func commonValues(_ lifecycle: LifecycleSettings) -> [String: DetectorSettingValue] {
        var values: [String: DetectorSettingValue] = [
            "lasting": .duration(lifecycle.lasting), "keep": .duration(lifecycle.keep), "rest": .duration(lifecycle.rest),
            "warmup": .duration(lifecycle.warmup),
        ]
        if let clear = lifecycle.clear { values["clear"] = .number(clear) }
        if let time = lifecycle.warmupAfterGap { values["warmup_after_gap"] = .duration(time) }
        if let factor = lifecycle.breakthrough { values["breakthrough"] = .number(factor) }
        return values
    }

    func relative(_ instant: Instant) -> Instant { Instant(nanoseconds: instant.nanoseconds - simulation.origin.nanoseconds) }

    // MARK: Running

    /// A watched signal was published.
    func sample(_ interested: Attention, _ value: Double, at instant: Instant) {
        for index in interested.reading {
            entries[index].isDirty = true
            hasDirtyRules = true
        }
        // What a detector over several signals is told about an instant it is told at its end, when all values are in.
        for (detector, input) in interested.feeding { fed.append((detector, input, value)) }
        for index in interested.watching {
            let entry = entries[index]
            entry.samples += 1
            let gate = entry.gate?.holds(at: instant) ?? true
            if let window = entry.heldWindow {
                // The value that was kept until now is a sample of the window although it was published before it.
                if let last = entry.lastSample, instant - last.instant >= window, last.value != value {
                    _ = entry.monitor.update(at: relative(instant - Duration(nanoseconds: 1)), value: last.value, gate: gate)
                }
                entry.lastSample = (instant, value)
            }
            if entry.monitor.update(at: relative(instant), value: value, gate: gate) { changed(index, at: instant) }
            if entry.monitor.nextDeadline != nil { plan(index) }
        }
    }

    /// The window of a detector that compares samples of a held signal; `nil` for all others.
    private static func heldWindow(_ entry: Entry, _ simulation: Simulation) -> Duration? {
        guard let watched = entry.watched, simulation.scenario.symbols.signals[watched].isHeld else { return nil }
        let kind = DetectorKinds.all[entry.declaration.kind]
        guard ["moving-range", "moving-variance", "moving-std", "rate-of-change"].contains(kind.name) else { return nil }
        for (setting, value) in zip(kind.settings, entry.declaration.settings) where setting.name == "window" || setting.name == "within" {
            if case .duration(let time) = value { return time }
        }
        return nil
    }

    /// All publications of an instant are committed: rules are asked.
    func instantEnded(at instant: Instant) {
        if !fed.isEmpty { feed(at: instant) }
        guard hasDirtyRules || hasTimedRules, simulation.hasOrigin else { return }
        hasDirtyRules = false
        for index in entries.indices {
            guard entries[index].isDirty || hasTimedRules else { continue }
            if !entries[index].conditions.isEmpty { judgeConditions(index, entries[index], at: instant) }
            guard let rule = entries[index].rule else { continue }
            let entry = entries[index]
            entry.isDirty = false
            entry.samples += 1
            let gate = entry.gate?.holds(at: instant) ?? true
            if entry.monitor.update(at: relative(instant), value: rule.holds(at: instant) ? 1 : 0, gate: gate) { changed(index, at: instant) }
            if entry.monitor.nextDeadline != nil { plan(index) }
        }
    }

    /// The alert of a detector changed: composites that listen take it up.
    func changed(_ index: Int, at instant: Instant) {
        let entry = entries[index]
        for edge in entry.monitor.edges {
            guard edge.kind == .firing || edge.kind == .resolved else { continue }
            let blame = edge.kind == .firing ? entry.monitor.alarms.last?.blame ?? "" : ""
            for listener in entry.listeners {
                entries[listener.detector].samples += 1
                entries[listener.detector].composite?.note(edge, ofPart: listener.part, about: blame)
                judge(listener.detector, at: instant)
            }
            if entry.corroboration != nil || !entry.confirming.isEmpty { corroborate(index, edge) }
        }
        for other in entry.suppressing where entries[other].monitor.isFiring && !entries[other].monitor.isRaised { wake(other) }
    }

    func judge(_ index: Int, at instant: Instant) {
        let entry = entries[index]
        let now = relative(instant)
        guard let score = entry.composite?.score(at: now) else { return }
        let gate = entry.gate?.holds(at: instant) ?? true
        if entry.monitor.observe(score: score, at: now, gate: gate) { changed(index, at: instant) }
        plan(index)
    }

    /// Sets an event for the next instant at which a detector changes by itself.
    func plan(_ index: Int) {
        let entry = entries[index]
        let now = relative(simulation.kernel.now)
        var next = entry.monitor.nextDeadline
        if let timer = entry.object?.nextTimer { next = next.map { min($0, timer) } ?? timer }
        if let expiry = entry.composite?.nextExpiry(after: now) { next = next.map { min($0, expiry) } ?? expiry }
        guard let next, next > now || entry.scheduled != next else { return }
        if let scheduled = entry.scheduled, scheduled <= next, scheduled > now { return }
        entry.scheduled = next
        simulation.kernel.schedule(
            at: Instant(nanoseconds: max(next.nanoseconds + simulation.origin.nanoseconds, simulation.kernel.now.nanoseconds)), phase: .detector,
            node: UInt32(index), kind: EventKind.detector,
            target: UInt32(index))
    }

    /// The deadline of a detector has come.
    func deadline(_ index: Int, at instant: Instant) {
        let entry = entries[index]
        entry.scheduled = nil
        if entry.monitor.release(at: relative(instant)) { changed(index, at: instant) }
        if entry.composite != nil { return judge(index, at: instant) }
        if entry.object != nil { ring(index, entry, at: instant) }
        if entry.monitor.advance(to: relative(instant)) { changed(index, at: instant) }
        plan(index)
    }

    /// All alarms in the order of their start, then of the file.
    func finished() -> [(detector: Int, alarm: Alarm)] {
        var all: [(detector: Int, alarm: Alarm)] = []
        let now = relative(simulation.kernel.now)
        for (index, entry) in entries.enumerated() { all += entry.monitor.finish(at: now).map { (index, $0) } }
        return all.sorted { ($0.alarm.start, $0.detector) < ($1.alarm.start, $1.detector) }
    }
}
