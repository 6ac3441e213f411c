import CAN
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Silences the real sender of frames and sends in its place.
final class CANSpoofing: CANAttack {
    private final class Victim {
        let frame: FrameRuntime
        var period: Duration?
        /// When the real sender was last heard.
        var heard: Instant?
        var isSilenced = false
        var data = CANData()

        init(_ frame: FrameRuntime, period: Duration?) {
            self.frame = frame
            self.period = period
        }
    }

    private var victims: [Victim] = []
    private var edits: FrameEdits
    private let phase: Duration
    private let skew: Double

    override init(_ context: AttackContext) {
        phase = context.duration("phase") ?? .zero
        skew = 1 + (context.number("skew") ?? 0) * 1e-6
        edits = FrameEdits(context, context.simulation.frames)
        super.init(context)
        let given = context.duration("every").map { max($0, Duration(nanoseconds: 1000)) }
        victims = frames.map { Victim($0, period: given ?? $0.declaration.every) }
    }

    override func begin(at now: Instant) {
        super.begin(at: now)
        // A sender that is not heard within its period is replaced as well.
        for (index, victim) in victims.enumerated() {
            remember(
                victim.frame.frame(computing: { _ in false }) { [signals = simulation.signals] field in
                    victim.frame.fields[field].wire >= 0 ? signals.latest(victim.frame.fields[field].wire) : victim.frame.unset(field)
                }, of: victim, isOurs: true)
            if let period = victim.period { context.wake(at: now + period + phase, UInt32(index) << 1 | 1) }
        }
    }

    private func remember(_ frame: CANFrame, of victim: Victim, isOurs: Bool = false) {
        let can = simulation.buses[victim.frame.bus]
        let wide = can.wideFrame(frame)
        victim.data = wide.wide
        if !frame.isWide { victim.data.firstEight = frame.payload }
        if isOurs { can.release(frame) }
    }

    override func hit(_ unit: inout CANUnit, on bus: Int) -> Bool {
        guard
            let index = victims.firstIndex(where: { $0.frame.bus == bus && $0.frame.rawIdentifier == unit.frame.rawIdentifier && $0.frame.accepts(unit.frame) })
        else { return true }
        let victim = victims[index]
        let now = context.now
        defer { victim.heard = now }
        guard !victim.isSilenced else {
            simulation.buses[bus].release(unit.frame)
            return false
        }
        remember(unit.frame, of: victim)
        if victim.period == nil {
            guard let heard = victim.heard, now > heard else { return true }
            victim.period = now - heard
        }
        victim.isSilenced = true
        context.evidence()
        simulation.buses[bus].release(unit.frame)
        context.wake(at: now + phase, UInt32(index) << 1)
        return false
    }

    override func wake(_ token: UInt32, at now: Instant) {
        let victim = victims[Int(token >> 1)]
        if token & 1 == 1 {
            guard !victim.isSilenced else { return }
            victim.isSilenced = true
        }
        var data = victim.data
        if repairs {
            victim.frame.advance(in: &victim.data)
            data = victim.data
        }
        edits.apply(to: &data, victim.frame)
        var frame = victim.frame.blank
        if repairs { victim.frame.checksums(in: &data, count: frame.count) }
        frame.payload = data.firstEight
        send(CANWideFrame(frame, wide: data), on: victim.frame.bus)
        guard let period = victim.period else { return }
        let step = Duration(nanoseconds: Int64((Double(period.nanoseconds) * skew).rounded()))
        context.wake(at: now + max(step, Duration(nanoseconds: 1000)), token & ~1)
    }
}

/// Records frames and sends them again.
final class CANReplaying: CANAttack {
    private var recorded: [(frame: CANWideFrame, bus: Int, at: Duration)] = []
    private var began = Instant.zero
    private let length: Duration
    private let age: Duration
    private let speed: Double
    private var rounds: Int
    private var next = 0
    private var isRecording = true
    private var roundBegan = Instant.zero
    /// More than this is not kept: a recording of frames has a bound.
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
        context.wake(at: now + length)
    }

    override func hit(_ unit: inout CANUnit, on bus: Int) -> Bool {
        if isRecording, recorded.count < Self.most { recorded.append((simulation.buses[bus].wideFrame(unit.frame), bus, context.now - began)) }
        return true
    }

    override func wake(_ token: UInt32, at now: Instant) {
        if isRecording {
            isRecording = false
            for place in places { simulation.attacks.frames.remove(self, on: place.bus) }
            guard !recorded.isEmpty else {
                simulation.warn(.invalidState, "the attack 'replay' against \(context.step.targetText) recorded nothing", span: context.step.span)
                return context.finish()
            }
            roundBegan = now + age
            return wakeForNext(now)
        }
        while next < recorded.count, due(next) <= now {
            send(recorded[next].frame, on: recorded[next].bus)
            next += 1
        }
        if next == recorded.count {
            rounds -= 1
            guard rounds > 0 else { return context.finish() }
            next = 0
            roundBegan = roundBegan + scaled(length)
        }
        wakeForNext(now)
    }

    private func wakeForNext(_ now: Instant) { context.wake(at: max(due(next), now)) }

    private func due(_ index: Int) -> Instant { roundBegan + scaled(recorded[index].at) }

    private func scaled(_ time: Duration) -> Duration { Duration(nanoseconds: Int64(min((Double(time.nanoseconds) / speed).rounded(), 9e18))) }
}
