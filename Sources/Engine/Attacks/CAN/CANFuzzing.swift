import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Random frames: raw ones, or by the fields that frames declare.
struct FrameFuzzer {
    /// What is random.
    enum What: String {
        case id, payload, both, fields
    }

    let what: What
    private var random: RandomStream

    init(_ context: AttackContext) {
        what = context.text("what").flatMap(What.init(rawValue:)) ?? .fields
        random = context.stream(1)
    }

    /// A frame of a bus: one of the declared ones changed, or any.
    mutating func frame(among frames: [FrameRuntime], last: (FrameRuntime) -> CANData) -> CANWideFrame {
        guard !frames.isEmpty else { return anyFrame() }
        let frame = frames[random.choice(frames.count)]
        var data = last(frame)
        var blank = frame.blank
        switch what {
        case .id: return identified(blank, data)
        case .both: return anyFrame()
        case .payload: fill(&data, blank.count)
        case .fields:
            if frame.fields.isEmpty { fill(&data, blank.count) } else { change(&data, frame) }
        }
        blank.payload = data.firstEight
        return CANWideFrame(blank, wide: data)
    }

    private mutating func identified(_ frame: CANFrame, _ data: CANData) -> CANWideFrame {
        var frame = frame
        frame.rawIdentifier = UInt32(truncatingIfNeeded: random.choice(frame.isExtended ? 1 << 29 : 1 << 11)) | frame.rawIdentifier & CANFrame.extendedFlag
        frame.payload = data.firstEight
        return CANWideFrame(frame, wide: data)
    }

    private mutating func anyFrame() -> CANWideFrame {
        let count = random.choice(9)
        return CANWideFrame(CANFrame(id: UInt32(random.choice(1 << 11)), lengthCode: UInt8(count), payload: random.next()))
    }

    /// Random bytes.
    mutating func fill(_ data: inout CANData, _ count: Int) {
        for place in 0..<count { data[place] = UInt8(truncatingIfNeeded: random.next()) }
    }

    /// A field of the frame gets an end of its range, a value inside it, or any bits, beyond its range too.
    mutating func change(_ data: inout CANData, _ frame: FrameRuntime) {
        let index = random.choice(frame.fields.count)
        let layout = frame.fields[index].layout
        let declaration = frame.declaration.fields[index]
        let range = declaration.limits ?? layout.range
        let raw: UInt64
        switch random.choice(4) {
        case 0: raw = layout.raw(of: range.lowerBound).raw
        case 1: raw = layout.raw(of: range.upperBound).raw
        case 2:
            raw =
                range.lowerBound.isFinite && range.upperBound.isFinite ? layout.raw(of: random.uniform(range.lowerBound, range.upperBound)).raw : random.next()
        default: raw = random.next()
        }
        layout.place.setRaw(layout.bits >= 64 ? raw : raw & ((1 << UInt64(layout.bits)) - 1), in: &data)
    }
}

/// Random frames beside the real ones.
final class CANFuzzing: CANSending {
    private var fuzzer: FrameFuzzer
    private let candidates: [[FrameRuntime]]

    override init(_ context: AttackContext) {
        fuzzer = FrameFuzzer(context)
        let only = context.only.identifiers
        candidates = context.simulation.buses.indices.map { bus in
            context.simulation.frames.filter { $0.bus == bus && $0.declaration.transport == nil && (only.isEmpty || only.contains($0.rawIdentifier)) }
        }
        super.init(context)
    }

    override func begin(at now: Instant) {
        simulation.attacks.fuzzed.begin(context.step)
        super.begin(at: now)
    }

    override func sendOne(on bus: Int) {
        let own = frames.filter { $0.bus == bus }
        let signals = simulation.signals
        let can = simulation.buses[bus]
        var made = fuzzer.frame(among: own.isEmpty ? candidates[bus] : own) { frame in
            let now = frame.frame(computing: { _ in false }) { field in
                frame.fields[field].wire >= 0 ? signals.latest(frame.fields[field].wire) : frame.unset(field)
            }
            let wide = can.wideFrame(now)
            can.release(now)
            var data = wide.wide
            if !now.isWide { data.firstEight = now.payload }
            return data
        }
        if repairs, let frame = declared(made, on: bus) { made = repaired(made, frame, counts: true) }
        simulation.attacks.fuzzed.note(FuzzedFrame(bus: bus, instant: context.now, node: context.step.by ?? -1, frame: made, replaced: nil))
        send(made, on: bus)
    }
}

/// Real frames with random content.
final class CANFuzzingInPlace: CANAttack {
    private var fuzzer: FrameFuzzer
    private var left: Int
    private var random: RandomStream

    override init(_ context: AttackContext) {
        fuzzer = FrameFuzzer(context)
        left = context.count("count") ?? .max
        random = context.stream(2)
        super.init(context)
    }

    override func begin(at now: Instant) {
        simulation.attacks.fuzzed.begin(context.step)
        super.begin(at: now)
    }

    override func hit(_ unit: inout CANUnit, on bus: Int) -> Bool {
        guard left > 0 else { return true }
        left -= 1
        if left == 0 { context.finish() }
        let frame = declared(unit.frame, on: bus)
        let before = unit.frame.rawIdentifier
        if fuzzer.what != .id {
            change(&unit, on: bus) { data, count in
                if fuzzer.what == .fields, let frame, !frame.fields.isEmpty { fuzzer.change(&data, frame) } else { fuzzer.fill(&data, count) }
                if repairs, let frame { frame.checksums(in: &data, count: count) }
            }
        }
        if fuzzer.what == .id || fuzzer.what == .both {
            let flags = unit.frame.rawIdentifier & (CANFrame.extendedFlag | CANFrame.remoteFlag)
            unit.frame.rawIdentifier = UInt32(truncatingIfNeeded: random.choice(unit.frame.isExtended ? 1 << 29 : 1 << 11)) | flags
            unit.frame.label = context.mark
        }
        simulation.attacks.fuzzed.note(
            FuzzedFrame(bus: bus, instant: context.now, node: unit.node, frame: simulation.buses[bus].wideFrame(unit.frame), replaced: before))
        return true
    }
}
