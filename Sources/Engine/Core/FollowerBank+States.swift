import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// The states of one node made of parts, in service.
struct StateMachine {
    /// A rule with its formulas.
    struct Rule {
        let condition: FormulaRunner?
        let lasting: FormulaRunner?
        let after: FormulaRunner?
        let assignments: [(signal: Int, value: FormulaRunner)]
    }

    let declaration: CompositeDeclaration
    let rules: [[Rule]]
    fileprivate(set) var state: Int
    /// When the present state began.
    var entered = Instant.zero
    /// When each rule of the present state has held long enough, if it goes on holding.
    fileprivate var due: [Instant?]
    /// When the time in the state that each rule wants is over.
    fileprivate var ripe: [Instant?]
    /// Frames that have arrived at the present instant.
    fileprivate var arrivals: [Int] = []
    /// Changes at the present instant: two nodes may drive each other on.
    fileprivate var changes = 0
    fileprivate var instantOfChanges = Instant.zero

    init(_ declaration: CompositeDeclaration, _ simulation: Simulation) {
        let name = simulation.scenario.symbols.nodes[declaration.node]
        rules = declaration.states.enumerated().map { state, rules in
            rules.enumerated().map { number, rule in
                let path = "\(name).state.\(state).\(number)"
                return Rule(
                    condition: rule.condition.map { simulation.runner($0, path: path) },
                    lasting: rule.lasting.formula.map { simulation.runner($0, path: "\(path).lasting") },
                    after: rule.after?.formula.map { simulation.runner($0, path: "\(path).after") },
                    assignments: rule.assignments.map {
                        ($0.signal, simulation.runner($0.value, path: "\(path).\(simulation.scenario.symbols.signals[$0.signal].name)"))
                    })
            }
        }
        self.declaration = declaration
        state = declaration.startsIn
        due = rules[declaration.startsIn].map { _ in nil }
        ripe = due
    }

    /// A frame has arrived; two of them at one instant count as one.
    mutating func note(arrival frame: Int) {
        if !arrivals.contains(frame) { arrivals.append(frame) }
    }

    fileprivate mutating func enter(_ next: Int, at instant: Instant) {
        state = next
        entered = instant
        due = rules[next].map { _ in nil }
        ripe = due
        arrivals.removeAll(keepingCapacity: true)
        changes += 1
    }
}

/// Tells a bank that a frame has come.
private final class FrameListener: CANReceiver, MessageListener {
    private unowned(unsafe) let bank: FollowerBank
    private let machine: Int
    private let frame: FrameRuntime

    init(_ bank: FollowerBank, _ machine: Int, _ frame: FrameRuntime) {
        self.bank = bank
        self.machine = machine
        self.frame = frame
    }

    func receive(_ frame: CANFrame, at instant: Instant) {
        if self.frame.accepts(frame) { messageArrived() }
    }

    func messageArrived() { bank.arrived(frame.index, machine: machine) }
}

extension FollowerBank {
    /// Most changes of one state at one instant.
    private static let mostChanges = 1000

    /// Subscribes to the frames that the rules of a machine wait for.
    func listen(_ index: Int) {
        var frames: [Int] = []
        for rule in machines[index].declaration.states.joined() {
            if let frame = rule.arrival, !frames.contains(frame) { frames.append(frame) }
        }
        for number in frames {
            let frame = simulation.frames[number]
            simulation.hear(frame, FrameListener(self, index, frame))
        }
    }

    /// Follows the rules of a node's state; says whether something of the node changed.
    func step(_ index: Int, at instant: Instant) -> Bool {
        var (changes, hasSet) = (0, false)
        defer { machines[index].arrivals.removeAll(keepingCapacity: true) }
        if machines[index].instantOfChanges != instant {
            machines[index].instantOfChanges = instant
            machines[index].changes = 0
        }
        while changes <= machines[index].declaration.states.count, machines[index].changes < Self.mostChanges {
            guard let rule = fulfilled(index, at: instant, &hasSet), let next = machines[index].declaration.states[machines[index].state][rule].next else {
                if changes > 0, let signal = machines[index].declaration.stateSignal {
                    simulation.signals.publish(signal, Double(machines[index].state))
                }
                return changes > 0 || hasSet
            }
            assign(index, rule, at: instant)
            machines[index].enter(next, at: instant)
            simulation.speakers.entered(next, node: machines[index].declaration.node)
            changes += 1
        }
        let name = simulation.scenario.symbols.nodes[machines[index].declaration.node]
        simulation.fail(
            .livelock, "the states of '\(name)' go round in a circle at one instant",
            span: machines[index].declaration.states[machines[index].state].first?.span)
        return false
    }

    private func assign(_ index: Int, _ rule: Int, at instant: Instant) {
        let values = machines[index].rules[machines[index].state][rule].assignments.map { ($0.signal, $0.value.value(at: instant)) }
        for (signal, value) in values { simulation.signals.publish(signal, value) }
    }

    /// The rule that leads to another state now; what rules without one set on the way is set.
    private func fulfilled(_ index: Int, at instant: Instant, _ hasSet: inout Bool) -> Int? {
        let state = machines[index].state
        for number in machines[index].rules[state].indices {
            let declaration = machines[index].declaration.states[state][number]
            // What holds in every state does not lead a state to itself again and again.
            if declaration.isCommon, declaration.next == state, declaration.arrival == nil { continue }
            guard holds(index, state, number, declaration, at: instant) else { continue }
            if declaration.next != nil { return number }
            assign(index, number, at: instant)
            hasSet = hasSet || !declaration.assignments.isEmpty
        }
        return nil
    }

    /// Whether all that a rule names has come together; what must last longer gets a timer.
    private func holds(_ index: Int, _ state: Int, _ number: Int, _ declaration: CompositeDeclaration.Rule, at instant: Instant) -> Bool {
        if let frame = declaration.arrival, !machines[index].arrivals.contains(frame) { return false }
        let rule = machines[index].rules[state][number]
        if declaration.after != nil {
            // Times in a state are counted from t = 0.
            guard simulation.hasOrigin else { return false }
            if machines[index].ripe[number] == nil {
                let ripe = machines[index].entered + time(declaration.after, rule.after, at: instant)
                machines[index].ripe[number] = ripe
                if ripe > instant { wake(machine: index, at: ripe) }
            }
            guard let ripe = machines[index].ripe[number], instant >= ripe else { return false }
        }
        guard rule.condition?.holds(at: instant) ?? true else {
            machines[index].due[number] = nil
            return false
        }
        if let due = machines[index].due[number] { return instant >= due }
        let lasting = time(declaration.lasting, rule.lasting, at: instant)
        if lasting <= .zero { return true }
        machines[index].due[number] = instant + lasting
        wake(machine: index, at: instant + lasting)
        return false
    }

    /// A time of a rule; less than nothing counts as nothing, longer than can be counted as never.
    private func time(_ declaration: TimeValue?, _ runner: FormulaRunner?, at instant: Instant) -> Duration {
        if case .constant(let time)? = declaration { return time }
        guard let seconds = runner?.value(at: instant), seconds > 0 else { return .zero }
        return Duration(seconds: seconds) ?? Duration(nanoseconds: .max / 4)
    }
}

extension TimeValue {
    /// The formula of a time that is none of the file.
    var formula: Formula? { if case .formula(let formula) = self { formula } else { nil } }
}
