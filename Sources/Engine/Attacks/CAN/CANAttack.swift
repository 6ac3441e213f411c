import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// What the attacks on frames have in common: buses, the frames that are meant, the share that they meet, and the label of what they touch.
class CANAttack: AttackMachine {
    let context: AttackContext
    let simulation: Simulation
    /// Declared frames that are attacked; none when whole buses are.
    let frames: [FrameRuntime]
    /// Buses with what is looked at on each, `nil` for every frame.
    let places: [(bus: Int, identifiers: [UInt32]?)]
    /// The same by bus; `nil` for every frame, and for buses that are not attacked none.
    private let identifiers: [Set<UInt32>?]
    /// A bit for each of the first 64 buses that are attacked whole.
    private let wholeBuses: UInt64
    /// Whether some frames that are attacked share their identifier with others.
    private let tellsApart: Bool
    /// Whether computed fields are right again in what it changes and makes.
    let repairs: Bool
    private let chance: Double
    /// How many frames are let go, when that is drawn.
    private let gaps: GeometricGaps?
    private var draws: RandomStream
    /// Frames that are let go before one is met.
    private var spared = 0
    /// Whether the attack has something to do when it lets a frame go.
    final var watchesSpared = false

    /// What an attack has to do with a frame.
    enum Reaction {
        /// Nothing.
        case none
        /// The frame is one of those that are attacked, and is let go this time.
        case spared
        /// The frame is met.
        case met
        /// Nobody has asked yet: there are several attacks.
        case unknown
    }

    init(_ context: AttackContext) {
        self.context = context
        simulation = context.simulation
        var frames: [FrameRuntime] = []
        var buses: [Int] = []
        var whole: [Int] = []
        for target in context.targets {
            switch target {
            case .frame(let frame): frames.append(context.simulation.frames[frame])
            case .bus(let bus): whole.append(bus)
            default: break
            }
        }
        for bus in whole + frames.map(\.bus) where !buses.contains(bus) { buses.append(bus) }
        self.frames = frames
        let only = context.only.identifiers
        places = buses.map { bus in
            let own = frames.filter { $0.bus == bus }.map { $0.rawIdentifier & ~CANFrame.remoteFlag }
            if whole.contains(bus) { return (bus, only.isEmpty ? nil : only) }
            return (bus, only.isEmpty ? own : own.filter { only.contains($0) })
        }
        var identifiers = [Set<UInt32>?](repeating: [], count: context.simulation.buses.count)
        for place in places { identifiers[place.bus] = place.identifiers.map { Set($0) } }
        self.identifiers = identifiers
        tellsApart = frames.contains { $0.match.mask != 0 }
        wholeBuses = places.reduce(0) { $1.identifiers == nil && $1.bus < 64 ? $0 | 1 << UInt64($1.bus) : $0 }
        chance = context.number("chance") ?? 1
        gaps = chance > 0 && chance < 1 ? GeometricGaps(chance) : nil
        repairs = context.flag("repair")
        draws = context.stream()
        spareSome()
    }

    /// Whether the attack sits between senders and buses.
    var listens: Bool { true }

    func begin(at now: Instant) {
        guard listens else { return }
        for place in places { simulation.attacks.frames.add(self, on: place.bus, place.identifiers) }
    }

    func end(at now: Instant) {
        guard listens else { return }
        for place in places { simulation.attacks.frames.remove(self, on: place.bus) }
    }

    func wake(_ token: UInt32, at now: Instant) {}

    /// What is to be done with a frame; counts the frames that are let go.
    ///
    /// How many those are is drawn once for each frame that is met, which gives every frame the same chance and costs the others no draw.
    @inline(__always)
    final func reaction(to frame: CANFrame, on bus: Int) -> Reaction {
        guard meets(frame, on: bus) else { return .none }
        guard spared == 0 else {
            spared &-= 1
            return watchesSpared ? .spared : .none
        }
        spareSome()
        return .met
    }

    private func spareSome() { spared = gaps?.next(&draws) ?? (chance > 0 ? 0 : .max) }

    /// Looks at a frame and may change it; `false` when the attack keeps or drops it.
    final func take(_ unit: inout CANUnit, on bus: Int) -> Bool {
        let reaction = reaction(to: unit.frame, on: bus)
        return reaction == .none || act(reaction, &unit, on: bus)
    }

    final func act(_ reaction: Reaction, _ unit: inout CANUnit, on bus: Int) -> Bool {
        reaction == .met ? hit(&unit, on: bus) : passed(&unit, on: bus)
    }

    /// A frame that the attack meets; `false` when it is kept or dropped.
    func hit(_ unit: inout CANUnit, on bus: Int) -> Bool { true }

    /// A frame that is let go; `false` when it is kept.
    func passed(_ unit: inout CANUnit, on bus: Int) -> Bool { true }

    /// Whether a frame is one of those that are attacked.
    @inline(__always)
    private func meets(_ frame: CANFrame, on bus: Int) -> Bool {
        guard !frame.isError else { return false }
        if wholeBuses & 1 << UInt64(bus) != 0 { return true }
        return meetsOne(frame, on: bus)
    }

    private func meetsOne(_ frame: CANFrame, on bus: Int) -> Bool {
        guard let identifiers = identifiers[bus] else { return true }
        let raw = frame.rawIdentifier & ~CANFrame.remoteFlag
        guard identifiers.contains(raw) else { return false }
        guard tellsApart else { return true }
        let declared = frames.filter { $0.bus == bus && $0.rawIdentifier & ~CANFrame.remoteFlag == raw }
        return declared.isEmpty || declared.contains { $0.accepts(frame) }
    }

    // MARK: What machines do

    /// Puts a frame of the attack itself on a bus.
    func send(_ wide: CANWideFrame, on bus: Int) {
        var frame = simulation.buses[bus].frame(wide)
        frame.label = context.mark
        simulation.put(frame, on: bus, by: context.step.by ?? -1)
    }

    /// A frame that was held goes on.
    func release(_ unit: CANUnit, on bus: Int) { simulation.attacks.frames.resume(unit, on: bus, behind: self) }

    /// A frame never arrives.
    func discard(_ unit: CANUnit, on bus: Int) {
        context.evidence()
        simulation.buses[bus].release(unit.frame)
    }

    /// The frame with a copy of its data of its own.
    func copy(_ unit: CANUnit, on bus: Int) -> CANUnit {
        var copy = unit
        if unit.frame.isWide { copy.frame = simulation.buses[bus].frame(simulation.buses[bus].wideFrame(unit.frame)) }
        return copy
    }

    /// The declared frame that a frame is; `nil` when it is none.
    func declared(_ frame: CANFrame, on bus: Int) -> FrameRuntime? {
        (simulation.framesByIdentifier[bus][frame.rawIdentifier] ?? []).lazy.map { self.simulation.frames[$0] }.first { $0.accepts(frame) }
    }

    /// The declared frame that a frame with its data is; `nil` when it is none.
    func declared(_ wide: CANWideFrame, on bus: Int) -> FrameRuntime? {
        let frame = simulation.buses[bus].frame(wide)
        defer { simulation.buses[bus].release(frame) }
        return declared(frame, on: bus)
    }

    /// A frame with checksums that are right, and counters behind those that it has.
    func repaired(_ wide: CANWideFrame, _ frame: FrameRuntime, counts: Bool, _ isWanted: (_ field: Int) -> Bool = { _ in true }) -> CANWideFrame {
        var data = wide.wide
        if !wide.frame.isWide { data.firstEight = wide.frame.payload }
        if counts { frame.advance(in: &data, isWanted) }
        frame.checksums(in: &data, count: wide.frame.count, isWanted)
        var own = wide.frame
        own.payload = data.firstEight
        return CANWideFrame(own, wide: data)
    }

    /// Changes the data of a frame; one that differs carries the label.
    final func change(_ unit: inout CANUnit, on bus: Int, _ body: (inout CANData, Int) -> Void) {
        unit.declared = -1
        let can = simulation.buses[bus]
        let count = unit.frame.count
        var data = CANData()
        guard unit.frame.isWide else {
            data.firstEight = unit.frame.payload
            body(&data, count)
            put(data.firstEight, into: &unit)
            return
        }
        data = can.payloads.data(unit.frame.payload)
        let before = data
        body(&data, count)
        guard data != before else { return }
        can.release(unit.frame)
        unit.frame.payload = can.payloads.store(data)
        unit.frame.label = context.mark
    }

    /// Gives a frame of at most eight bytes other data; one that differs carries the label.
    final func put(_ payload: UInt64, into unit: inout CANUnit) {
        let count = unit.frame.count
        let payload = count >= 8 ? payload : payload & ((1 &<< UInt64(count * 8)) &- 1)
        guard payload != unit.frame.payload else { return }
        unit.frame.payload = payload
        unit.frame.label = context.mark
    }
}

/// Frames that an attack holds until their time, by token.
struct HeldFrames {
    private var slots: [(unit: CANUnit, bus: Int, due: Instant, number: Int)?] = []
    private var free: [Int] = []
    private var number = 0

    mutating func store(_ unit: CANUnit, on bus: Int, due: Instant) -> UInt32 {
        number += 1
        if let place = free.popLast() {
            slots[place] = (unit, bus, due, number)
            return UInt32(place)
        }
        slots.append((unit, bus, due, number))
        return UInt32(slots.count - 1)
    }

    mutating func take(_ token: UInt32) -> (unit: CANUnit, bus: Int)? {
        guard slots.indices.contains(Int(token)), let held = slots[Int(token)] else { return nil }
        slots[Int(token)] = nil
        free.append(Int(token))
        return (held.unit, held.bus)
    }

    /// All of them in the order of their times.
    mutating func takeAll() -> [(unit: CANUnit, bus: Int)] {
        let all = slots.compactMap { $0 }.sorted { ($0.due, $0.number) < ($1.due, $1.number) }
        slots = []
        free = []
        return all.map { ($0.unit, $0.bus) }
    }
}
