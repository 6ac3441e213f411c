import CAN
import CReference
import Quantities
import SimulationKernel

/// Frames a second on a bus with exact bit times: 1000 stations that send one frame a second each, three receivers; and bit lengths alone.
enum WireBenchmark {
    static func run(repeats: Int = 5) -> [Measurement] {
        let (publishers, seconds): (UInt32, UInt32) = (1_000, 2_000)
        var reference = creference_result()
        var ours: (frames: UInt64, check: UInt64) = (0, 0)
        var full: UInt64 = 0
        var lengths = 0
        let times = leastTimes(
            repeats: repeats,
            [
                { reference = creference_can(publishers, seconds, -1) },
                { ours = WireScenario.run(publishers: publishers, seconds: seconds) },
                { full = saturated(frames: 2_000_000) },
                { lengths = measure(frames: 5_000_000) },
            ])
        let millions = Double(publishers) * Double(seconds) / 1e6
        // Each publisher's last frame may still be under way when the time is over.
        let isWhole = ours.frames + UInt64(publishers) >= reference.frames && ours.frames <= reference.frames && full >= 2_000_000 && lengths > 0
        return [
            Measurement(name: "can-wire.whole", value: isWhole ? 1 : 0, unit: "equal", bar: 1),
            Measurement(name: "can-wire.periodic", value: millions / times[1], unit: "M frames/s", bar: 3),
            Measurement(name: "can-wire.periodic.of-ideal-c", value: times[0] / times[1], unit: "x", bar: 0.1),
            Measurement(name: "can-wire.saturated", value: 2 / times[2], unit: "M frames/s", bar: 3),
            Measurement(name: "can-wire.lengths", value: 5 / times[3], unit: "M frames/s", bar: 10),
        ]
    }

    /// A bus that is never free: 32 stations, each with a frame waiting, and a new one for each that is sent.
    private static func saturated(frames: UInt64) -> UInt64 {
        var bus = WireBus(clock: BitClock(nominalRate: 500_000))
        for station in 0..<32 {
            _ = bus.addStation()
            bus.enqueue(CANFrame(id: UInt32(0x100 + station), lengthCode: 8, payload: UInt64(station)), station: station, now: .zero)
        }
        var payload: UInt64 = 1
        while bus.totals.frames < frames, let due = bus.next() {
            while let outcome = bus.advance(to: due) {
                payload = payload &* 6_364_136_223_846_793_005 &+ 1
                var frame = outcome.frame
                frame.payload = payload
                bus.enqueue(frame, station: Int(outcome.station), now: due)
            }
        }
        return bus.totals.frames
    }

    /// Exact lengths of frames with eight random bytes.
    private static func measure(frames: Int) -> Int {
        var sum = 0
        var payload: UInt64 = 1
        for step in 0..<frames {
            payload = payload &* 6_364_136_223_846_793_005 &+ 1
            sum &+= FrameBits(CANFrame(id: UInt32(step & 0x7FF), lengthCode: 8, payload: payload)).total
        }
        return sum
    }
}

/// The publishers, as the dispatcher of a kernel.
private final class WireScenario: EventDispatcher {
    private static let publish: UInt32 = 0, wake: UInt32 = 1

    private let kernel: Kernel
    private let bus = CANBus()
    private var wire = WireBus(clock: BitClock(nominalRate: 500_000))
    private let receivers = [WireReceiver(), WireReceiver(), WireReceiver()]
    private var random: UInt32 = 1
    private var scheduled = Instant.never

    private init(publishers: UInt32, seconds: UInt32) {
        kernel = Kernel(end: .zero + .seconds(Int64(seconds)))
        for receiver in receivers { bus.subscribe(receiver) }
        for _ in 0..<publishers { _ = wire.addStation() }
    }

    static func run(publishers: UInt32, seconds: UInt32) -> (frames: UInt64, check: UInt64) {
        let scenario = WireScenario(publishers: publishers, seconds: seconds)
        for index in 0..<publishers {
            let phase = Int64(index) * 1_000_000 / Int64(publishers) * 1000
            scenario.kernel.schedule(at: Instant(nanoseconds: phase), phase: .timer, node: index, kind: publish, target: index)
        }
        guard scenario.kernel.run(dispatcher: scenario) == .ended else { return (0, 0) }
        return (scenario.bus.frames, scenario.receivers.reduce(0) { $0 &+ $1.sum })
    }

    func dispatch(_ event: Event) {
        if event.kind == Self.wake {
            if kernel.now >= scheduled { scheduled = .never }
            while let outcome = wire.advance(to: kernel.now) {
                if outcome.kind == .completed { bus.deliver(outcome.frame, at: kernel.now) }
            }
        } else {
            kernel.after(.seconds(1), phase: .timer, node: event.node, kind: Self.publish, target: event.target)
            random = random &* 1_664_525 &+ 1_013_904_223
            let frame = CANFrame(id: 0x300 &+ (event.target & 255), lengthCode: 2, payload: UInt64(random &>> 16))
            wire.enqueue(frame, station: Int(event.target), now: kernel.now)
        }
        guard let next = wire.next(), next < scheduled else { return }
        scheduled = next
        kernel.schedule(at: next, phase: .delivery, node: 0, kind: Self.wake, target: 0)
    }

    func instantEnded(at instant: Instant) -> Bool { true }
}

/// Adds up all readings.
private final class WireReceiver: CANReceiver {
    var sum: UInt64 = 0

    func receive(_ frame: CANFrame, at instant: Instant) { sum &+= frame.payload }
}
