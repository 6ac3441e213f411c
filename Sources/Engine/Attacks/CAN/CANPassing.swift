import CAN
import Quantities
import SimulationKernel

/// Frames never arrive.
final class CANDropping: CANAttack {
    override func hit(_ unit: inout CANUnit, on bus: Int) -> Bool {
        discard(unit, on: bus)
        return false
    }
}

/// Frames arrive later, in their order: by a time, a random addition, and a part that grows.
final class CANDelay: CANAttack {
    private let delay: Duration
    private let jitter: Double
    private let skew: Double
    private var random: RandomStream
    private var began = Instant.zero
    private var last = Instant.zero
    private var held = HeldFrames()

    override init(_ context: AttackContext) {
        delay = context.duration("delay") ?? .zero
        jitter = context.duration("jitter")?.seconds ?? 0
        skew = (context.number("skew") ?? 0) * 1e-6
        random = context.stream(1)
        super.init(context)
    }

    override func begin(at now: Instant) {
        began = now
        super.begin(at: now)
    }

    override func hit(_ unit: inout CANUnit, on bus: Int) -> Bool {
        let now = context.now
        let addition = random.uniform(0, jitter) + skew * (now - began).seconds
        let due = max(last, now + delay + (Duration(seconds: addition) ?? .zero))
        guard due > now else { return true }
        last = due
        context.evidence()
        unit.frame.label = context.mark
        context.wake(at: due, held.store(unit, on: bus, due: due))
        return false
    }

    override func wake(_ token: UInt32, at now: Instant) { if let (unit, bus) = held.take(token) { release(unit, on: bus) } }

    override func end(at now: Instant) {
        for (unit, bus) in held.takeAll() { release(unit, on: bus) }
        super.end(at: now)
    }
}

/// Frames arrive again.
final class CANDuplication: CANAttack {
    private let copies: Int
    private let after: Duration
    private var held = HeldFrames()

    override init(_ context: AttackContext) {
        copies = context.count("copies") ?? 1
        after = context.duration("after") ?? .zero
        super.init(context)
    }

    override func hit(_ unit: inout CANUnit, on bus: Int) -> Bool {
        var due = context.now
        for _ in 0..<copies {
            due = due + after
            var copy = copy(unit, on: bus)
            copy.frame.label = context.mark
            context.wake(at: due, held.store(copy, on: bus, due: due))
        }
        return true
    }

    override func wake(_ token: UInt32, at now: Instant) { if let (unit, bus) = held.take(token) { release(unit, on: bus) } }

    override func end(at now: Instant) {
        for (unit, bus) in held.takeAll() { simulation.buses[bus].release(unit.frame) }
        super.end(at: now)
    }
}

/// Later frames overtake some.
final class CANReordering: CANAttack {
    private let depth: Int
    /// Frames that wait, the oldest first, with how many may still overtake them.
    private var waiting: [(unit: CANUnit, bus: Int, left: Int)] = []

    override init(_ context: AttackContext) {
        depth = context.count("depth") ?? 1
        super.init(context)
        watchesSpared = true
    }

    override func passed(_ unit: inout CANUnit, on bus: Int) -> Bool {
        guard waiting.contains(where: { $0.bus == bus }) else { return true }
        // This one goes first, then whoever has waited for enough of them.
        release(unit, on: bus)
        for index in waiting.indices where waiting[index].bus == bus { waiting[index].left -= 1 }
        let due = waiting.filter { $0.left <= 0 }
        waiting.removeAll { $0.left <= 0 }
        for held in due { release(held.unit, on: held.bus) }
        return false
    }

    override func hit(_ unit: inout CANUnit, on bus: Int) -> Bool {
        context.evidence()
        unit.frame.label = context.mark
        waiting.append((unit, bus, depth))
        return false
    }

    override func end(at now: Instant) {
        let rest = waiting
        waiting = []
        for held in rest { release(held.unit, on: held.bus) }
        super.end(at: now)
    }
}
