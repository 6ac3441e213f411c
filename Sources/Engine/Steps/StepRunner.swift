import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Works through the steps of a scenario: each strand runs until it has to wait, then an event, an answer or a condition resumes it.
final class StepRunner {
    unowned(unsafe) let simulation: Simulation
    private var strands: [Strand] = []
    /// Places of finished strands.
    private var freeStrands: [Int] = []
    /// Strands that wait for a condition.
    private var conditional: [Int] = []
    /// Formulas without draws; those with draws belong to a strand.
    private var runners: [RunnerKey: FormulaRunner] = [:]
    /// How many formulas with draws were made, by name of the track and text.
    private var occurrences: [String: Int] = [:]
    private var nodeSets: [[Int]]
    /// Steps done at one instant without time passing, against repetitions without a wait.
    private var stepsAtInstant = 0
    private var instantOfSteps = Instant.zero
    private static let mostStepsAtInstant = 100_000
    private(set) var hasStarted = false

    init(_ simulation: Simulation) {
        self.simulation = simulation
        nodeSets = [[Int]](repeating: [], count: simulation.scenario.localNodeSets)
    }

    var now: Instant { simulation.kernel.now }

    /// Starts the steps.
    func start() {
        guard !hasStarted else { return }
        hasStarted = true
        let main = Strand(index: 0, name: "steps", parent: -1, steps: simulation.scenario.steps)
        strands.append(main)
        advance(main)
    }

    // MARK: Resuming

    /// A wait of a strand is over.
    func resume(_ index: Int, generation: UInt32) {
        let strand = strands[index]
        guard strand.generation == generation, !strand.isFinished else { return }
        if let waiting = strand.condition {
            strand.condition = nil
            conditional.removeAll { $0 == index }
            let holds = waiting.runner.holds(at: now)
            if !holds, !waiting.goesOn {
                simulation.fail(
                    .untilTimeout, "'until' was not fulfilled in time: \(waiting.runner.formula.source)", span: waiting.step.span)
                return
            }
        }
        // The time of an attack is over before its steps are.
        if strand.attack >= 0 {
            stop(strands[strand.attack])
            strand.attack = -1
        }
        endIntercept(strand)
        finishStep(strand)
        advance(strand)
    }

    /// A built-in attack has done its work; its step is over.
    func attackFinished(_ index: Int, place: Int, generation: UInt32) {
        guard strands.indices.contains(index), strands[index].intercept == place else { return }
        wake(strands[index], after: .zero)
    }

    private func endIntercept(_ strand: Strand) {
        guard strand.intercept >= 0 else { return }
        simulation.attacks.end(strand.intercept)
        strand.intercept = -1
    }

    /// Ends a strand and those that it waits for, wherever they are; their labels end here.
    private func stop(_ strand: Strand) {
        guard !strand.isFinished else { return }
        for other in strands where other.parent == strand.index && !other.isFinished { stop(other) }
        endIntercept(strand)
        finishStep(strand)
        for level in strand.levels.reversed() {
            guard let label = level.label else { continue }
            simulation.truth.end(label.number, past: label.past, at: now)
        }
        strand.levels = []
        strand.condition = nil
        conditional.removeAll { $0 == strand.index }
        strand.generation &+= 1
        strand.isFinished = true
        strand.drawing = [:]
        if strand.openCalls == 0 { freeStrands.append(strand.index) }
    }

    /// An answer to a message that a strand sent.
    func callEnded(_ index: Int) {
        let strand = strands[index]
        strand.openCalls -= 1
        guard strand.openCalls == 0 else { return }
        // The place of a strand that was ended while it waited can be used again now.
        if strand.isFinished { return freeStrands.append(index) }
        wake(strand, after: .zero)
    }

    /// Resumes a strand as a timer of its own, so that deliveries of this instant come first.
    func wake(_ strand: Strand, after delay: Duration) {
        strand.generation &+= 1
        let (sum, overflow) = now.nanoseconds.addingReportingOverflow(delay.nanoseconds)
        simulation.kernel.schedule(
            at: Instant(nanoseconds: overflow ? .max : sum), phase: .timer, node: 0, kind: EventKind.strand, target: UInt32(strand.index),
            payload: UInt64(strand.generation))
    }

    /// At the end of an instant the conditions of waiting strands are asked.
    func instantEnded(at instant: Instant) {
        guard !conditional.isEmpty else { return }
        for index in conditional {
            let strand = strands[index]
            guard let waiting = strand.condition, waiting.runner.holds(at: instant) else { continue }
            strand.condition = nil
            wake(strand, after: .zero)
        }
        conditional.removeAll { strands[$0].condition == nil }
    }

    // MARK: Working

    private func advance(_ strand: Strand) {
        while !strand.isFinished, simulation.failure == nil {
            guard var level = strand.levels.last else {
                finish(strand)
                return
            }
            if level.next >= level.steps.count {
                strand.levels.removeLast()
                if goesOn(&level) {
                    level.next = 0
                    strand.levels.append(level)
                } else {
                    if let label = level.label {
                        simulation.truth.end(label.number, past: label.past, at: now)
                        strand.labels.removeLast()
                    }
                    continue
                }
            }
            guard level.next < level.steps.count else {
                // A repetition of nothing would never end.
                if case .rounds = level.purpose, level.steps.isEmpty { strand.levels.removeLast() }
                continue
            }
            let step = level.steps[level.next]
            strand.levels[strand.levels.count - 1].next = level.next + 1
            guard countStep(step) else { return }
            if !perform(step, strand) { return }
        }
    }

    private func countStep(_ step: Step) -> Bool {
        if instantOfSteps != now {
            instantOfSteps = now
            stepsAtInstant = 0
        }
        stepsAtInstant += 1
        guard stepsAtInstant <= Self.mostStepsAtInstant else {
            simulation.fail(.livelock, "more than \(Self.mostStepsAtInstant) steps at one instant: a repetition without a wait", span: step.span)
            return false
        }
        return true
    }

    /// Whether a repetition has another round.
    private func goesOn(_ level: inout Strand.Level) -> Bool {
        guard case .rounds(let mode, let done, let since, let condition) = level.purpose else { return false }
        level.purpose = .rounds(mode, done: done + 1, since: since, condition: condition)
        switch mode {
        case .forever: return true
        case .times(let count): return done + 1 < count
        case .during(let time): return now - since < time
        case .whileTrue: return condition?.holds(at: now) ?? false
        case .computed: return false
        }
    }

    /// A strand for a track, in a place that a finished one has left; its generation goes on, so that late events stay stale.
    func open(_ track: (name: String, steps: [Step]), parent: Strand, isMuted: Bool) -> Strand {
        let place = freeStrands.popLast() ?? strands.count
        let child = Strand(index: place, name: track.name, parent: parent.index, steps: track.steps)
        child.labels = parent.labels
        child.isMuted = isMuted
        if place < strands.count {
            child.generation = strands[place].generation
            strands[place] = child
        } else {
            strands.append(child)
        }
        return child
    }

    private func finish(_ strand: Strand) {
        strand.isFinished = true
        strand.drawing = [:]
        freeStrands.append(strand.index)
        guard strand.parent >= 0 else { return }
        let parent = strands[strand.parent]
        if parent.attack == strand.index { parent.attack = -1 }
        parent.openTracks -= 1
        if parent.openTracks == 0 { wake(parent, after: .zero) }
    }

    /// Closes the label of a step that had to wait.
    func finishStep(_ strand: Strand) {
        guard let label = strand.waitingLabel else { return }
        strand.waitingLabel = nil
        simulation.truth.end(label.number, past: label.past, at: now)
        strand.labels.removeLast()
    }

    /// Does a step; `false` when the strand has to wait.
    func perform(_ step: Step, _ strand: Strand) -> Bool {
        var label: (number: Int, past: Duration)?
        // Without its attacks a run does everything else at the same instants.
        let isMuted = simulation.isBenign && (strand.isMuted || strand.levels.last?.isMuted == true || step.label != nil || step.isAttack)
        if isMuted { return performNothing(step, strand) }
        if let declaration = step.label {
            let number = simulation.truth.begin(
                declaration, name: declaration.name ?? "line \(step.span.line)", target: declaration.target ?? target(of: step), at: now)
            strand.labels.append(number)
            label = (number, declaration.past)
        }
        strand.waitingLabel = label
        switch step.action {
        case .wait(let time): wake(strand, after: duration(time, step, strand))
        case .at(let time):
            let instant = simulation.origin + duration(time, step, strand)
            wake(strand, after: instant > now ? instant - now : .zero)
        case .until(let formula, let timeout, let goesOn): return startUntil(formula, timeout, goesOn, step, strand)
        case .send(let send): return startSend(send, step, strand)
        case .transmit(let frame):
            transmit(frame, step, strand)
            finishStep(strand)
            return true
        case .act(let act):
            for node in nodes(act.to, step, strand) { self.act(act, on: node, step, strand) }
            finishStep(strand)
            return true
        case .set(let values):
            for (signal, formula) in values { set(signal, runner(formula, step, strand).value(at: now)) }
            finishStep(strand)
            return true
        case .repeatSteps(let mode, let steps):
            strand.waitingLabel = nil
            var condition: FormulaRunner?
            var mode = mode
            if case .computed(let formula) = mode { mode = rounds(formula, step, strand) }
            if case .whileTrue(let formula) = mode { condition = runner(formula, step, strand) }
            var starts = !steps.isEmpty
            switch mode {
            case .times(let count): starts = starts && count > 0
            case .whileTrue: starts = starts && condition?.holds(at: now) == true
            case .during(let time): starts = starts && time > .zero
            case .forever, .computed: break
            }
            let body = Strand.Level(
                steps: starts ? steps : [], purpose: starts ? .rounds(mode, done: 0, since: now, condition: condition) : .plain, label: label)
            strand.levels.append(body)
            return true
        case .parallel(let tracks):
            strand.openTracks = tracks.count
            strand.generation &+= 1
            for child in tracks.map({ open($0, parent: strand, isMuted: strand.isMuted) }) { wake(child, after: .zero) }
        case .when(let formula, let then, let otherwise):
            strand.waitingLabel = nil
            strand.levels.append(Strand.Level(steps: runner(formula, step, strand).holds(at: now) ? then : otherwise, purpose: .plain, label: label))
            return true
        case .attack(let attack):
            hand(attack.arguments, step, strand)
            let child = open((name: attack.name, steps: attack.steps), parent: strand, isMuted: strand.isMuted)
            strand.openTracks = 1
            strand.attack = child.index
            if let time = attack.duration { wake(strand, after: duration(time, step, strand)) } else { strand.generation &+= 1 }
            wake(child, after: .zero)
        case .intercept(let attack): return startIntercept(attack, step, strand, label: label?.number)
        case .call(_, let arguments, let steps):
            strand.waitingLabel = nil
            hand(arguments, step, strand)
            strand.levels.append(Strand.Level(steps: steps, purpose: .plain, label: label))
            return true
        }
        return false
    }

    // MARK: Values

    /// Evaluates what a call hands to a sequence or attack.
    func hand(_ arguments: [SequenceArgument], _ step: Step, _ strand: Strand) {
        for argument in arguments {
            switch argument {
            case .number(let slot, let formula): simulation.signals.preset(slot, runner(formula, step, strand).value(at: now))
            case .nodes(let local, let target): nodeSets[local] = nodes(target, step, strand)
            }
        }
    }

    func runner(_ formula: Formula, _ step: Step, _ strand: Strand) -> FormulaRunner {
        let key = RunnerKey(step: step.number, source: formula.source)
        guard formula.drawCount > 0 else {
            if let known = runners[key] { return known }
            let made = simulation.runner(formula, path: "steps")
            runners[key] = made
            return made
        }
        if let known = strand.drawing[key] { return known }
        let made = simulation.runner(formula, path: "steps.\(strand.name).\(formula.source)#\(occurrence(of: formula, strand))")
        strand.drawing[key] = made
        return made
    }

    /// Which of the formulas with the same text in tracks of this name this is, so that an unrelated step or track changes no draw.
    private func occurrence(of formula: Formula, _ strand: Strand) -> Int {
        let key = "\(strand.name) \(formula.source)"
        let number = occurrences[key, default: 0]
        occurrences[key] = number + 1
        return number
    }

    /// A repetition whose length is known only now; negative and undefined ones have no round.
    func rounds(_ formula: Formula, _ step: Step, _ strand: Strand) -> RepeatMode {
        let value = runner(formula, step, strand).value(at: now)
        if formula.type == .number(.time) {
            return .during(Duration(seconds: value).map { max($0, .zero) } ?? (value > 0 ? Duration(nanoseconds: .max / 4) : .zero))
        }
        return .times(value >= 1 ? Int(min(value.rounded(), 1e9)) : 0)
    }

    func duration(_ time: TimeValue, _ step: Step, _ strand: Strand) -> Duration {
        switch time {
        case .constant(let duration): return duration
        case .formula(let formula):
            let seconds = runner(formula, step, strand).value(at: now)
            if let duration = Duration(seconds: seconds), duration >= .zero { return duration }
            // Longer than can be counted is longer than any run.
            if seconds > 0 { return Duration(nanoseconds: Int64.max / 4) }
            simulation.fail(.livelock, "the time of this step is \(seconds.isNaN ? "undefined" : "negative"): \(formula.source)", span: step.span)
            return .zero
        }
    }

    func nodes(_ target: NodeTarget, _ step: Step, _ strand: Strand) -> [Int] {
        switch target {
        case .constant(let nodes): return nodes
        case .formula(let formula): return runner(formula, step, strand).nodes(at: now)
        case .local(let local): return nodeSets[local]
        }
    }

    func set(_ signal: Int, _ value: Double) {
        let symbol = simulation.scenario.symbols.signals[signal]
        simulation.signals.publish(signal, value)
        if let node = symbol.node { simulation.nodes[node].wasSet(signal - simulation.nodes[node].firstSignal, value) }
    }

    /// The nodes that a labelled step acts on, for the table of labels.
    private func target(of step: Step) -> String {
        let nodes: [Int]
        switch step.action {
        case .send(let send):
            guard case .constant(let known) = send.to else { return "" }
            nodes = known
        case .act(let act):
            guard case .constant(let known) = act.to else { return "" }
            nodes = known
        case .attack(let attack): nodes = attack.targets
        case .intercept(let attack): return attack.targetText
        case .transmit(let frame):
            guard case .declared(let number, _) = frame.content else { return simulation.scenario.buses[frame.bus].name }
            return simulation.scenario.symbols.frames[number].name
        default: return ""
        }
        let names = nodes.prefix(3).map { simulation.scenario.symbols.nodes[$0] }.joined(separator: " ")
        return nodes.count > 3 ? "\(names) …" : names
    }

    // MARK: until and send

    func startUntil(_ formula: Formula, _ timeout: TimeValue?, _ goesOn: Bool, _ step: Step, _ strand: Strand) -> Bool {
        let runner = runner(formula, step, strand)
        if runner.holds(at: now) {
            finishStep(strand)
            return true
        }
        strand.condition = (runner, step, goesOn)
        conditional.append(strand.index)
        strand.generation &+= 1
        let limit = timeout.map { now + duration($0, step, strand) } ?? simulation.kernel.end - Duration(nanoseconds: 1)
        simulation.kernel.schedule(
            at: limit, phase: .detector, node: 0, kind: EventKind.strand, target: UInt32(strand.index), payload: UInt64(strand.generation))
        return false
    }

    private func startSend(_ send: SendStep, _ step: Step, _ strand: Strand) -> Bool {
        let receivers = nodes(send.to, step, strand)
        let isConstant = !send.fields.containsFormula
        let fields = isConstant ? send.fields : resolved(send.fields, step, strand)
        let label = strand.labels.last
        strand.openCalls = receivers.count
        strand.generation &+= 1
        for node in receivers {
            simulation.links.send(
                MessageRequest(
                    action: send.action, fields: fields, payload: send.payload, from: send.from, chargePoint: node, strand: strand.index, label: label,
                    isConstant: isConstant, step: step))
        }
        if receivers.isEmpty {
            finishStep(strand)
            return true
        }
        return false
    }

    /// The fields of a message with every formula replaced by its value.
    func resolved(_ value: FieldValue, _ step: Step, _ strand: Strand) -> FieldValue {
        switch value {
        case .formula(let formula):
            let runner = runner(formula, step, strand)
            switch formula.type {
            case .number(let dimension): return .quantity(Quantity(runner.value(at: now), dimension))
            case .flag: return .text(runner.holds(at: now) ? "true" : "false", quoted: false)
            default: return .text(runner.text(at: now), quoted: true)
            }
        case .list(let items): return .list(items.map { resolved($0, step, strand) })
        case .object(let entries): return .object(entries.map { ($0.name, resolved($0.value, step, strand)) })
        case .text, .quantity: return value
        }
    }
}

/// A message that a step wants to send, and who waits for the answer.
struct MessageRequest {
    let action: String
    let fields: FieldValue
    let payload: String?
    let from: Int?
    let chargePoint: Int
    let strand: Int
    let label: Int?
    /// Whether no field is a formula, so that every sending of the step has the same fields.
    let isConstant: Bool
    let step: Step
}
