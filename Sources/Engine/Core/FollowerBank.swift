import Quantities
import ScenarioLanguage
import SimulationKernel

/// What follows signals while the run goes on: derived signals, states of nodes made of parts, and settings that are formulas over signals.
///
/// Derived signals and states belong to the instant of what they read. A setting follows some time later, so that two nodes that read each
/// other are no circle.
final class FollowerBank {
    /// A derived signal in service.
    private struct Derived {
        let signal: Int
        let runner: FormulaRunner
    }

    /// A setting that follows signals.
    private struct Setting {
        let node: Int
        let setting: Int
        let runner: FormulaRunner
        let reaction: Duration
        /// What the formula cannot leave.
        let bounds: (low: Double, high: Double)
        var isPlanned = false
        var last: Double
        /// When it changed last, and how often it has changed without a rest since.
        var changed = Instant.zero
        var chase = 0
    }

    unowned(unsafe) let simulation: Simulation
    private var derived: [Derived] = []
    private var settings: [Setting] = []
    var machines: [StateMachine] = []
    /// Followers that have to be looked at, as places in one row: derived signals, then states, then settings. A heap, the least first.
    private var dirty: [Int] = []
    private var isDirty: [Bool] = []
    private var timed: [Int] = []
    let isEmpty: Bool

    init(_ simulation: Simulation) {
        self.simulation = simulation
        let scenario = simulation.scenario
        for declaration in scenario.derived {
            derived.append(
                Derived(signal: declaration.signal, runner: simulation.runner(declaration.formula, path: scenario.symbols.signals[declaration.signal].name)))
        }
        for declaration in scenario.composites {
            machines.append(StateMachine(declaration, simulation))
        }
        var placed: [Int: Int64] = [:]
        for node in scenario.nodes {
            let manifest = scenario.kinds[node.kind]
            for (index, value) in node.settings.enumerated() {
                guard case .formula(let formula) = value, manifest.settings[index].follows, !(formula.signalsRead.isEmpty && formula.aggregates.isEmpty) else {
                    continue
                }
                let bounds = manifest.settings[index].bounds
                for instance in 0..<node.count {
                    let number = node.firstInstance + instance
                    let path = "\(scenario.symbols.nodes[number]).\(manifest.settings[index].name).following"
                    // Settings of one node react one after another: two that read each other come to rest where they would swing together.
                    let place = placed[node.owner ?? -1, default: 0]
                    placed[node.owner ?? -1] = (place + 1) % 100
                    settings.append(
                        Setting(
                            node: number, setting: index, runner: simulation.runner(formula, path: path), reaction: node.reaction + .milliseconds(place),
                            bounds: bounds, last: .nan))
                }
            }
        }
        isEmpty = derived.isEmpty && machines.isEmpty && settings.isEmpty
        isDirty = [Bool](repeating: false, count: derived.count + machines.count + settings.count)
        register()
        // What depends on nothing that is ever published still has a value.
        for place in derived.indices { mark(place) }
        for place in machines.indices { mark(derived.count + place) }
    }

    private func register() {
        func watch(_ runner: FormulaRunner, _ place: Int) {
            for signal in runner.formula.signalsRead { simulation.follow(signal, by: place) }
            for aggregate in runner.formula.aggregates {
                if case .signal(let signal) = aggregate.source, !runner.formula.signalsRead.contains(signal) { simulation.follow(signal, by: place) }
            }
            if runner.dependsOnTime || runner.formula.aggregates.contains(where: { if case .signal = $0.source { false } else { true } }) {
                if timed.last != place { timed.append(place) }
            }
        }
        for (index, follower) in derived.enumerated() { watch(follower.runner, index) }
        for (index, machine) in machines.enumerated() {
            for rule in machine.rules.joined() { if let condition = rule.condition { watch(condition, derived.count + index) } }
            listen(index)
        }
        for (index, setting) in settings.enumerated() { watch(setting.runner, derived.count + machines.count + index) }
    }

    /// Something that a follower reads was published.
    func mark(_ place: Int) {
        guard !isDirty[place] else { return }
        isDirty[place] = true
        dirty.append(place)
        var child = dirty.count - 1
        while child > 0, dirty[(child - 1) / 2] > place {
            dirty[child] = dirty[(child - 1) / 2]
            child = (child - 1) / 2
        }
        dirty[child] = place
    }

    /// Takes the least place out.
    private func next() -> Int {
        let least = dirty[0]
        let moved = dirty.removeLast()
        guard !dirty.isEmpty else { return least }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < dirty.count else { break }
            if child + 1 < dirty.count, dirty[child + 1] < dirty[child] { child += 1 }
            guard dirty[child] < moved else { break }
            dirty[parent] = dirty[child]
            parent = child
        }
        dirty[parent] = moved
        return least
    }

    /// Whether something waits to be looked at.
    var hasWork: Bool { !dirty.isEmpty || !timed.isEmpty }

    /// Looks at everything that has to follow at an instant; `commit` commits what is published meanwhile.
    func settle(at instant: Instant, commit: () -> Void) {
        for place in timed { mark(place) }
        while !dirty.isEmpty, simulation.failure == nil {
            // Derived signals stand behind those that they read, so that each is computed once an instant.
            let place = next()
            isDirty[place] = false
            if place < derived.count {
                let value = derived[place].runner.value(at: instant)
                if value != simulation.signals.latest(derived[place].signal) || !simulation.wasPublished(derived[place].signal) {
                    simulation.signals.publish(derived[place].signal, value)
                    commit()
                }
            } else if place < derived.count + machines.count {
                if step(place - derived.count, at: instant) { commit() }
            } else {
                plan(place - derived.count - machines.count)
            }
        }
    }

    // MARK: Settings

    /// Wakes a machine of states.
    func wake(machine index: Int, at instant: Instant) { wake(derived.count + index, at: instant) }

    /// A frame arrives at a node with states.
    func arrived(_ frame: Int, machine index: Int) {
        machines[index].note(arrival: frame)
        mark(derived.count + index)
    }

    /// The run's t = 0: times in a state begin.
    func ready() {
        for index in machines.indices {
            machines[index].entered = simulation.kernel.now
            mark(derived.count + index)
        }
    }

    private func plan(_ index: Int) {
        guard !settings[index].isPlanned else { return }
        settings[index].isPlanned = true
        wake(derived.count + machines.count + index, at: simulation.kernel.now + settings[index].reaction)
    }

    func wake(_ place: Int, at instant: Instant) {
        simulation.kernel.schedule(at: instant, phase: .timer, node: 0, kind: EventKind.follower, target: UInt32(place))
    }

    /// The time of a follower has come: a setting takes its new value, a state looks whether its rule has lasted.
    func due(_ place: Int) {
        guard place >= derived.count + machines.count else { return mark(place) }
        let index = place - derived.count - machines.count
        settings[index].isPlanned = false
        let found = settings[index].runner.value(at: simulation.kernel.now)
        // What is undefined or infinite leaves the setting as it is.
        guard found.isFinite else { return }
        let value = min(max(found, settings[index].bounds.low), settings[index].bounds.high)
        guard value != settings[index].last else { return }
        settings[index].last = value
        noteChase(index, at: simulation.kernel.now)
        simulation.nodes[settings[index].node].settingChanged(settings[index].setting, value)
    }

    /// Most changes in a row, each as soon as the setting could react, that are no circle.
    private static let longestChase = 200

    /// Two settings that read each other and never come to rest are told once.
    private func noteChase(_ index: Int, at instant: Instant) {
        let isSoon = instant - settings[index].changed <= settings[index].reaction * 2 + .milliseconds(200)
        settings[index].chase = isSoon ? settings[index].chase + 1 : 0
        settings[index].changed = instant
        guard settings[index].chase == Self.longestChase else { return }
        let node = simulation.nodes[settings[index].node]
        let declaration = simulation.scenario.nodes[simulation.scenario.symbols.declarationOfNode[node.index]]
        let name = simulation.scenario.kinds[declaration.kind].settings[settings[index].setting].name
        simulation.warn(
            .restlessSetting, "the setting '\(name)' of '\(node.name)' has changed \(Self.longestChase) times without a rest: it chases what it reads",
            span: declaration.span)
    }
}
