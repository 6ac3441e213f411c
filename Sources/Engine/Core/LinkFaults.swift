import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel

/// What the network between a charge point and its central system does to messages: delays, losses, doubles, failures.
///
/// Every rule draws from a stream of its own, keyed by the link, the charge point and its place in the file, so that a further rule or a further
/// charge point changes no other draw.
final class LinkFaults {
    /// What becomes of one message.
    struct Fate {
        /// When it arrives in addition to the latency of a perfect network.
        var delay = Duration.zero
        var isLost = false
        var isDoubled = false
        /// Whether later messages may overtake it.
        var isOvertaken = false
    }

    /// How often each happened.
    struct Counts {
        var lost = 0
        var duplicated = 0
        var reordered = 0
        var delayed = 0
        var disconnected = 0
    }

    private struct Rule {
        let fault: LinkFault
        let actions: Set<Int>
        let draws: StreamDraws
        let condition: FormulaRunner?
        /// The time of a delay or of a failure of the network.
        let time: Drawn
    }

    /// A time that is constant or drawn anew.
    struct Drawn {
        private let constant: Duration
        private let runner: FormulaRunner?

        init(_ value: TimeValue, _ simulation: Simulation, path: String) {
            switch value {
            case .constant(let time): (constant, runner) = (time, nil)
            case .formula(let formula): (constant, runner) = (.zero, simulation.runner(formula, path: path))
            }
        }

        /// The next time; negative and undefined ones count as none.
        func next(at now: Instant) -> Duration {
            guard let runner else { return constant }
            return Duration(seconds: max(0, runner.value(at: now))) ?? .zero
        }

        var isNone: Bool { runner == nil && constant == .zero }
    }

    private let latency: Drawn
    private let jitter: Duration
    private let bandwidth: Double?
    private let draws: StreamDraws
    private let rules: [Rule]
    private unowned(unsafe) let simulation: Simulation
    /// When the last bit of what was sent before has gone out, up and down.
    private var free: (up: Instant, down: Instant) = (.zero, .zero)
    /// While the network is silently gone nothing arrives.
    var isSilent = false
    private(set) var counts = Counts()

    /// `nil` if the network is perfect.
    init?(_ declarations: [LinkDeclaration], chargePoint: String, _ simulation: Simulation) {
        guard let last = declarations.last else { return nil }
        self.simulation = simulation
        let path = "links.\(last.name).\(chargePoint)"
        latency = Drawn(last.latency, simulation, path: "\(path).latency")
        jitter = last.jitter
        bandwidth = last.bandwidth
        draws = StreamDraws(seed: simulation.scenario.run.seed, path: path)
        rules = last.faults.enumerated().map { number, fault in
            let own = "\(path).\(number)"
            var time = TimeValue.constant(.zero)
            if case .delay(let delay, _) = fault.effect { time = delay }
            if case .disconnect(_, let down, _) = fault.effect { time = down }
            return Rule(
                fault: fault, actions: Set(fault.actions.compactMap { OCPPAction(name: $0).map { Int($0.rawValue) } }),
                draws: StreamDraws(seed: simulation.scenario.run.seed, path: own),
                condition: fault.condition.map { simulation.runner($0, path: "\(own).when") }, time: Drawn(time, simulation, path: "\(own).time"))
        }
        if latency.isNone, jitter == .zero, bandwidth == nil, rules.isEmpty { return nil }
    }

    /// Time that opening a connection takes.
    func openingTime(at now: Instant) -> Duration { latency.next(at: now) }

    /// What becomes of a message that is sent now.
    func fate(of message: OCPPMessage, action: Int, up: Bool, at now: Instant) -> Fate {
        var fate = Fate()
        guard !isSilent else {
            fate.isLost = true
            return fate
        }
        if let bandwidth {
            let start = max(now, up ? free.up : free.down)
            let end = start + (Duration(seconds: Double(message.bytes.count) * 8 / bandwidth) ?? .zero)
            if up { free.up = end } else { free.down = end }
            fate.delay = end - now
        }
        fate.delay = fate.delay + latency.next(at: now)
        if jitter > .zero { fate.delay = fate.delay + (Duration(seconds: draws.draw(.uniform, site: 0, 0, jitter.seconds)) ?? .zero) }
        for rule in rules where meets(rule, message, action, up, now) { apply(rule, &fate, now) }
        return fate
    }

    private func meets(_ rule: Rule, _ message: OCPPMessage, _ action: Int, _ up: Bool, _ now: Instant) -> Bool {
        let fault = rule.fault
        guard up ? fault.meets.up : fault.meets.down, message.isCall ? fault.only.calls : fault.only.answers,
            rule.actions.isEmpty || rule.actions.contains(action), isOpen(fault, now)
        else { return false }
        return rule.condition?.holds(at: now) ?? true
    }

    /// Whether the time of a fault has come and is not over; faults begin with the run.
    private func isOpen(_ fault: LinkFault, _ now: Instant) -> Bool {
        guard simulation.hasOrigin else { return false }
        let time = simulation.time(now)
        return time >= fault.from && fault.until.map { time < $0 } ?? true
    }

    private func apply(_ rule: Rule, _ fate: inout Fate, _ now: Instant) {
        func happens(_ share: Double) -> Bool { rule.draws.draw(.chance, site: 0, share, 0) == 1 }
        switch rule.fault.effect {
        case .loss(let share):
            guard happens(share) else { return }
            fate.isLost = true
            counts.lost += 1
        case .duplicate(let share):
            guard happens(share) else { return }
            fate.isDoubled = true
            counts.duplicated += 1
        case .reorder(let share):
            guard happens(share) else { return }
            fate.isOvertaken = true
            fate.delay = fate.delay + max(fate.delay + fate.delay, .milliseconds(100))
            counts.reordered += 1
        case .delay(_, let chance):
            guard happens(chance) else { return }
            fate.delay = fate.delay + rule.time.next(at: now)
            counts.delayed += 1
        case .disconnect: break
        }
    }

    // MARK: Failures of the network

    /// When each rule makes the connection fail next, from now on.
    func failures(from now: Instant) -> [(rule: Int, at: Instant)] {
        rules.indices.compactMap { index in nextFailure(index, from: now).map { (index, $0) } }
    }

    /// When a rule makes the connection fail next; `nil` if it never does again.
    func nextFailure(_ index: Int, from now: Instant) -> Instant? {
        let rule = rules[index]
        guard case .disconnect(let rate, _, _) = rule.fault.effect else { return nil }
        let start = max(now, simulation.origin + rule.fault.from)
        guard let wait = Duration(seconds: rule.draws.draw(.exponential, site: 0, 1 / rate, 0)) else { return nil }
        let instant = start + wait
        if let until = rule.fault.until, instant >= simulation.origin + until { return nil }
        return instant
    }

    /// A failure that was planned comes: how long the network stays away, and whether silently; `nil` if its condition does not hold.
    func failure(_ index: Int, at now: Instant) -> (time: Duration, isSilent: Bool)? {
        let rule = rules[index]
        guard case .disconnect(_, _, let isSilent) = rule.fault.effect, rule.condition?.holds(at: now) ?? true else { return nil }
        counts.disconnected += 1
        return (rule.time.next(at: now), isSilent)
    }
}
