import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// An attack that sends frames of its own, one after the other.
class CANSending: CANAttack {
    private let interval: Duration
    private var left: Int

    override init(_ context: AttackContext) {
        interval = context.interval ?? .milliseconds(100)
        left = context.count("count") ?? .max
        super.init(context)
    }

    override var listens: Bool { false }

    override func begin(at now: Instant) {
        super.begin(at: now)
        next(at: now)
    }

    override func wake(_ token: UInt32, at now: Instant) { next(at: now) }

    private func next(at now: Instant) {
        for place in places where left > 0 { sendOne(on: place.bus) }
        left -= 1
        guard left > 0 else { return context.finish() }
        context.wake(at: now + interval)
    }

    /// Sends what is due on a bus.
    func sendOne(on bus: Int) {}

    /// A declared frame with its fields as last seen on the bus, but for some.
    func sendDeclared(_ frame: FrameRuntime, _ values: [Int: Double]) {
        let signals = simulation.signals
        let made = frame.frame(computing: { _ in false }) { field in
            values[field] ?? (frame.fields[field].wire >= 0 ? signals.latest(frame.fields[field].wire) : frame.unset(field))
        }
        guard frame.declaration.transport == nil else {
            context.evidence()
            return simulation.transports.send(frame, frame.message, by: context.step.by ?? frame.declaration.from ?? -1)
        }
        var can = made
        if repairs {
            let bus = simulation.buses[frame.bus]
            let wide = bus.wideFrame(made)
            bus.release(made)
            can = bus.frame(repaired(wide, frame, counts: true) { values[$0] == nil })
        }
        can.label = context.mark
        simulation.put(can, on: frame.bus, by: context.step.by ?? -1)
    }
}

/// Frames beside the real ones.
final class CANInjection: CANSending {
    private let raw: CANWideFrame?
    private var values: [Int: [Int: Double]] = [:]

    override init(_ context: AttackContext) {
        raw = CANInjection.frame(context)
        super.init(context)
        for frame in frames {
            for change in context.changes("set") {
                guard case .quantity(let value) = change.value, let field = frame.declaration.fields.firstIndex(where: { $0.name == change.path }) else {
                    continue
                }
                values[frame.index, default: [:]][field] = value.value
            }
        }
    }

    /// The frame of `id`, `extended`, `fd` and `data`.
    static func frame(_ context: AttackContext) -> CANWideFrame? {
        guard let id = context.identifier("id") else { return nil }
        let isFD = context.flag("fd")
        let data = Array((context.bytes("data") ?? []).prefix(isFD ? 64 : 8))
        let isExtended = context.flag("extended") || id > 0x7FF
        let bytes = CANData(data)
        let code = CANFrame.lengthCode(holding: data.count)
        guard isFD else { return CANWideFrame(CANFrame(id: id, isExtended: isExtended, lengthCode: code, payload: bytes.firstEight)) }
        return CANWideFrame(CANFrame(fd: id, isExtended: isExtended, lengthCode: code, payload: bytes.firstEight), wide: bytes)
    }

    override func sendOne(on bus: Int) {
        if let raw, frames.isEmpty { return send(raw, on: bus) }
        for frame in frames where frame.bus == bus { sendDeclared(frame, values[frame.index] ?? [:]) }
    }
}

/// Frames with an identifier that wins every arbitration, as many as go.
final class CANFlood: CANSending {
    private let frame: CANWideFrame

    override init(_ context: AttackContext) {
        frame = CANInjection.frame(context) ?? CANWideFrame(CANFrame(id: 0, lengthCode: 8, payload: 0))
        super.init(context)
    }

    override func sendOne(on bus: Int) { send(frame, on: bus) }
}

/// Start and stop at once, or two values of a field that contradict each other.
final class CANConfusion: CANSending {
    override func sendOne(on bus: Int) {
        if frames.isEmpty {
            let here = simulation.frames.filter { $0.bus == bus }
            for word in ["start", "stop"] { if let frame = here.first(where: { $0.declaration.name.hasPrefix(word) }) { sendDeclared(frame, [:]) } }
            return
        }
        for frame in frames where frame.bus == bus {
            guard let field = frame.declaration.fields.firstIndex(where: { !$0.words.isEmpty }) ?? frame.declaration.fields.indices.first else {
                sendDeclared(frame, [:])
                continue
            }
            let declaration = frame.declaration.fields[field]
            let range = declaration.limits ?? frame.fields[field].layout.range
            var ends = [range.lowerBound, range.upperBound]
            if let first = declaration.words.map(\.raw).min(), let last = declaration.words.map(\.raw).max(), first < last {
                ends = [first, last].map { Double($0) * declaration.scale + declaration.offset }
            }
            for value in ends { sendDeclared(frame, [field: value]) }
        }
    }
}
