import OCPP
import Quantities

/// Messages do not arrive.
final class DropAttack: InterceptingAttack {
    private let chance: Double

    init(_ aim: LinkAim, chance: Double, _ simulation: Simulation) {
        self.chance = chance
        super.init(aim, simulation)
    }

    override func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit]) {
        if aim.meetsCalls(unit, up: up), happens(chance) { showEvidence() } else { out.append(unit) }
    }
}

/// Messages are kept back for a time, in order.
final class DelayAttack: InterceptingAttack {
    private let delay: Duration
    /// The most that a delay differs from the others, to both sides.
    private let jitter: Duration
    /// How fast its bytes trickle; a message has come when its last byte has.
    private let bytesPerSecond: Double?
    private let chance: Double

    init(_ aim: LinkAim, delay: Duration, jitter: Duration, bytesPerSecond: Double? = nil, chance: Double, _ simulation: Simulation) {
        (self.delay, self.jitter, self.bytesPerSecond, self.chance) = (delay, jitter, bytesPerSecond, chance)
        super.init(aim, simulation)
    }

    override func stop() {
        super.stop()
        // What still trickles goes out at once, as what is kept back does.
        if bytesPerSecond != nil { for link in aim.links { links.carrier?.hurry(link) } }
    }

    override func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit]) {
        guard aim.meetsCalls(unit, up: up), happens(chance) else { return out.append(unit) }
        var time = delay
        if jitter > .zero {
            let share = draw(1) { $0.uniform(delay > .zero ? -1 : 0, 1) }
            time = time + (Duration(seconds: jitter.seconds * share) ?? .zero)
        }
        let trickles = bytesPerSecond != nil && links.goesOut(link, up: up)
        if let bytesPerSecond, !trickles { time = time + (Duration(seconds: Double(unit.message.bytes.count) / max(bytesPerSecond, 1e-3)) ?? .zero) }
        guard time > .zero || trickles else { return out.append(unit) }
        var late = marked(unit)
        if trickles { late.bytesPerSecond = bytesPerSecond }
        late.delay = late.delay + time
        late.holder = self
        out.append(late)
    }
}

/// Messages come more than once.
final class DuplicateAttack: InterceptingAttack {
    private let copies: Int
    private let after: Duration
    private let chance: Double

    init(_ aim: LinkAim, copies: Int, after: Duration, chance: Double, _ simulation: Simulation) {
        (self.copies, self.after, self.chance) = (copies, after, chance)
        super.init(aim, simulation)
    }

    override func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit]) {
        out.append(unit)
        guard aim.meetsCalls(unit, up: up), happens(chance) else { return }
        for number in 1...max(1, copies) {
            var copy = marked(unit)
            // A later copy does not hold up what is sent meanwhile.
            copy.delay = copy.delay + Duration(nanoseconds: after.nanoseconds &* Int64(number))
            copy.isOvertaken = true
            copy.holder = self
            out.append(copy)
        }
    }
}

/// Messages are overtaken by those behind them.
final class ReorderAttack: InterceptingAttack {
    private let depth: Int
    private let chance: Double
    /// How many messages have passed each one that is kept back, by link and direction.
    private var passed: [Int: UInt64] = [:]
    /// The longest time that a message is kept back when too few others come.
    static let longest = Duration.seconds(10)

    init(_ aim: LinkAim, depth: Int, chance: Double, _ simulation: Simulation) {
        (self.depth, self.chance) = (max(1, depth), chance)
        super.init(aim, simulation)
    }

    override func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit]) {
        let place = link * 2 + (up ? 1 : 0)
        let isHolding = links.links[link].tap?.held.contains { $0.unit.holder === self && $0.up == up } ?? false
        if !isHolding, aim.meetsCalls(unit, up: up), happens(chance) {
            var late = marked(unit)
            late.delay = late.delay + Self.longest
            late.isOvertaken = true
            late.holder = self
            passed[place] = 0
            return out.append(late)
        }
        out.append(unit)
        guard isHolding else { return }
        passed[place, default: 0] += 1
        if passed[place, default: 0] >= UInt64(depth) { links.letGo(link, of: self) { $0.up == up } }
    }
}
