import Quantities
import ScenarioLanguage
import SimulationKernel

/// What the attacks on signals have in common: the signals, their real values, and what readers see.
class SignalAttack: AttackMachine, SignalTap {
    let context: AttackContext
    let simulation: Simulation
    let signals: [Int]
    /// The last value that each node published, by place in `signals`; `nil` before the first.
    private(set) var real: [Double?]
    private let chance: Double
    private var draws: RandomStream

    init(_ context: AttackContext) {
        self.context = context
        simulation = context.simulation
        signals = context.targets.compactMap { if case .signal(let signal) = $0 { signal } else { nil } }
        real = signals.map { context.simulation.wasPublished($0) || context.simulation.signals.latest($0) != 0 ? context.simulation.signals.latest($0) : nil }
        chance = context.number("chance") ?? 1
        draws = context.stream()
    }

    func begin(at now: Instant) { for signal in signals { simulation.attacks.signals.add(self, on: signal) } }

    func end(at now: Instant) {
        for signal in signals { simulation.attacks.signals.remove(self, on: signal) }
        // Readers see the real values again.
        for (place, signal) in signals.enumerated() {
            if let value = real[place], !isSame(value, simulation.signals.latest(signal)) { simulation.signals.publish(signal, value) }
        }
    }

    func wake(_ token: UInt32, at now: Instant) {}

    func take(_ signal: Int, _ value: Double) -> Double? {
        guard let place = signals.firstIndex(of: signal) else { return value }
        real[place] = value
        guard chance >= 1 || draws.chance(chance) else { return value }
        return changed(value, place)
    }

    /// What readers see in place of a value; `nil` for nothing now.
    func changed(_ value: Double, _ place: Int) -> Double? { value }

    /// A value goes on that the attack has kept or made.
    func publish(_ value: Double, _ place: Int) { simulation.attacks.signals.resume(signals[place], value, behind: self) }

    /// Whether two values are the same for readers.
    func isSame(_ a: Double, _ b: Double) -> Bool { a == b || (a.isNaN && b.isNaN) }
}

/// Makes what acts on signals.
enum SignalAttackMachines {
    /// The machine of an attack; `nil` when it cannot act.
    static func make(_ context: AttackContext) -> (any AttackMachine)? {
        switch context.name {
        case "modify", "overdraw": SignalModification(context)
        case "delay", "jitter": SignalDelay(context)
        case "drop": SignalDropping(context)
        case "replay": SignalReplaying(context)
        default: nil
        }
    }
}

/// Values are changed.
final class SignalModification: SignalAttack {
    private enum Change {
        case set(Double)
        case add(Double)
        case scale(Double)
    }

    private var changes: [Change] = []
    private let freezes: Bool
    private var frozen: [Double?]
    private let noise: Double
    private let drift: Double
    private let dropsOut: Bool
    private var random: RandomStream
    private var began = Instant.zero
    /// Whether the limits that nodes act by are changed too, and values that they were given so.
    private let acts: Bool
    private var isActing = false
    private var given: [Double?]

    override init(_ context: AttackContext) {
        func number(_ change: FieldChange) -> Double? { if case .quantity(let quantity) = change.value { quantity.value } else { nil } }
        changes += context.changes("set").compactMap(number).map { .set($0) }
        changes += context.changes("scale").compactMap(number).map { .scale($0) }
        changes += context.changes("add").compactMap(number).map { .add($0) }
        freezes = !context.fields("freeze").isEmpty
        noise = context.number("noise") ?? 0
        drift = context.number("drift") ?? 0
        dropsOut = context.flag("dropout")
        random = context.stream(1)
        acts = context.name == "overdraw"
        frozen = []
        given = []
        super.init(context)
        frozen = real
        given = signals.map { _ in nil }
    }

    override func begin(at now: Instant) {
        began = now
        super.begin(at: now)
        // What readers have is changed at once.
        for (place, signal) in signals.enumerated() { if let value = real[place] { simulation.signals.publish(signal, value) } }
    }

    override func take(_ signal: Int, _ value: Double) -> Double? {
        if isActing { return value }
        return super.take(signal, value)
    }

    override func changed(_ value: Double, _ place: Int) -> Double? {
        var result = value
        if freezes {
            if frozen[place] == nil { frozen[place] = value }
            result = frozen[place] ?? value
        }
        for change in changes {
            switch change {
            case .set(let value): result = value
            case .add(let value): result += value
            case .scale(let factor): result *= factor
            }
        }
        if noise > 0 { result += random.normal(0, noise) }
        result += drift * (context.now - began).seconds
        if dropsOut { result = .nan }
        if !isSame(result, value) { context.evidence() }
        if acts, owner(place) != nil {
            given[place] = result
            context.wake(at: context.now, UInt32(place))
        }
        return result
    }

    /// The node that acts by a signal, when it can be set.
    private func owner(_ place: Int) -> Node? {
        let symbol = simulation.scenario.symbols.signals[signals[place]]
        return symbol.settable ? symbol.node.map { simulation.nodes[$0] } : nil
    }

    override func wake(_ token: UInt32, at now: Instant) {
        let place = Int(token)
        guard let value = given[place] else { return }
        given[place] = nil
        tell(value, place)
    }

    private func tell(_ value: Double, _ place: Int) {
        guard let node = owner(place) else { return }
        isActing = true
        node.wasSet(signals[place] - node.firstSignal, value)
        isActing = false
    }

    override func end(at now: Instant) {
        if acts { for place in signals.indices { if let value = real[place] { tell(value, place) } } }
        super.end(at: now)
    }
}

/// Values are lost.
final class SignalDropping: SignalAttack {
    override func changed(_ value: Double, _ place: Int) -> Double? {
        context.evidence()
        return nil
    }
}

/// Values come later, in their order.
final class SignalDelay: SignalAttack {
    private let delay: Duration
    private let jitter: Double
    private let skew: Double
    private var random: RandomStream
    private var began = Instant.zero
    private var last: [Instant]
    private var held: [(place: Int, value: Double)?] = []
    private var free: [Int] = []

    override init(_ context: AttackContext) {
        delay = context.duration("delay") ?? .zero
        jitter = context.duration("jitter")?.seconds ?? 0
        skew = (context.number("skew") ?? 0) * 1e-6
        random = context.stream(1)
        last = []
        super.init(context)
        last = signals.map { _ in .zero }
    }

    override func begin(at now: Instant) {
        began = now
        super.begin(at: now)
    }

    override func changed(_ value: Double, _ place: Int) -> Double? {
        let now = context.now
        let addition = random.uniform(0, jitter) + skew * (now - began).seconds
        let due = max(last[place], now + delay + (Duration(seconds: addition) ?? .zero))
        guard due > now else { return value }
        last[place] = due
        context.evidence()
        let slot = free.popLast() ?? held.count
        if slot == held.count { held.append(nil) }
        held[slot] = (place, value)
        context.wake(at: due, UInt32(slot))
        return nil
    }

    override func wake(_ token: UInt32, at now: Instant) {
        guard let (place, value) = held[Int(token)] else { return }
        held[Int(token)] = nil
        free.append(Int(token))
        publish(value, place)
    }
}

/// Values are recorded and shown again in place of the real ones.
final class SignalReplaying: SignalAttack {
    private var recorded: [(place: Int, value: Double, at: Duration)] = []
    private var began = Instant.zero
    private let length: Duration
    private let age: Duration
    private let speed: Double
    private var rounds: Int
    private var next = 0
    private var isRecording = true
    private var isPlaying = false
    private var roundBegan = Instant.zero
    private static let most = 1_000_000

    override init(_ context: AttackContext) {
        length = context.duration("record") ?? .seconds(5)
        age = context.duration("age") ?? .zero
        speed = max(context.number("speed") ?? 1, 0.001)
        rounds = context.count("times") ?? 1
        super.init(context)
    }

    override func begin(at now: Instant) {
        began = now
        super.begin(at: now)
        for place in signals.indices { if let value = real[place] { recorded.append((place, value, .zero)) } }
        context.wake(at: now + length)
    }

    override func changed(_ value: Double, _ place: Int) -> Double? {
        if isRecording, recorded.count < Self.most { recorded.append((place, value, context.now - began)) }
        return isPlaying ? nil : value
    }

    override func wake(_ token: UInt32, at now: Instant) {
        if isRecording {
            isRecording = false
            guard !recorded.isEmpty else {
                simulation.warn(.invalidState, "the attack 'replay' against \(context.step.targetText) recorded nothing", span: context.step.span)
                return context.finish()
            }
            roundBegan = now + age
            return context.wake(at: due(0))
        }
        if next == recorded.count {
            rounds -= 1
            guard rounds > 0 else { return context.finish() }
            next = 0
            roundBegan = roundBegan + scaled(length)
        }
        isPlaying = true
        context.evidence()
        while next < recorded.count, due(next) <= now {
            publish(recorded[next].value, recorded[next].place)
            next += 1
        }
        context.wake(at: next < recorded.count ? due(next) : max(now, roundBegan + scaled(length)))
    }

    private func due(_ index: Int) -> Instant { roundBegan + scaled(recorded[index].at) }

    private func scaled(_ time: Duration) -> Duration { Duration(nanoseconds: Int64(min((Double(time.nanoseconds) / speed).rounded(), 9e18))) }
}
