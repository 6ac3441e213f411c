import CAN
import CANLogs
import CReference
import Glibc
import Quantities
import SimulationKernel

/// Frames a second from 1000 publishers to three receivers through kernel and bus, beside a C program that does the same.
enum CANBenchmark {
    static func run(repeats: Int = 5) -> [Measurement] {
        let null = open("/dev/null", O_WRONLY)
        guard null >= 0 else { return [Measurement(name: "can.null-device", value: 0, unit: "open", bar: 1)] }
        defer { close(null) }
        let (publishers, seconds): (UInt32, UInt32) = (1_000, 5_000)
        var reference = [creference_result](repeating: creference_result(), count: 2)
        var ours = [creference_result](repeating: creference_result(), count: 2)
        let times = leastTimes(
            repeats: repeats,
            [
                { reference[0] = creference_can(publishers, seconds, -1) },
                { ours[0] = CANScenario.run(publishers: publishers, seconds: seconds, log: -1) },
                { reference[1] = creference_can(publishers, seconds, null) },
                { ours[1] = CANScenario.run(publishers: publishers, seconds: seconds, log: null) },
            ])
        let agrees = zip(reference, ours).allSatisfy {
            $0.frames == $1.frames && $0.deliveries == $1.deliveries && $0.check == $1.check && $0.bytes == $1.bytes
        }
        let millions = Double(publishers) * Double(seconds) / 1e6
        return [
            Measurement(name: "can.same-work-as-c", value: agrees ? 1 : 0, unit: "equal", bar: 1),
            Measurement(name: "can.deliver", value: millions / times[1], unit: "M frames/s", bar: 10),
            Measurement(name: "can.deliver.of-c", value: times[0] / times[1], unit: "x", bar: 0.4),
            Measurement(name: "can.candump", value: millions / times[3], unit: "M frames/s", bar: 5),
            Measurement(name: "can.candump.of-c", value: times[2] / times[3], unit: "x", bar: 0.4),
            lines(repeats: repeats),
        ] + InterceptorBenchmark.run()
    }

    /// The log writer alone, eight data bytes a frame.
    private static func lines(repeats: Int) -> Measurement {
        let count = 5_000_000
        let times = leastTimes(
            repeats: repeats,
            [
                {
                    let log = CandumpWriter(interface: "can0", start: 946_684_800_000_000_000) { _ in }
                    for step in 0..<count {
                        let frame = CANFrame(id: UInt32(step & 0x7FF), lengthCode: 8, payload: UInt64(step) &* 0x9E37_79B9_7F4A_7C15)
                        log.append(frame, at: Instant(nanoseconds: Int64(step) &* 1_234_567))
                    }
                    log.flush()
                }
            ])
        return Measurement(name: "can.candump-lines", value: Double(count) / times[0] / 1e6, unit: "M lines/s", bar: 15)
    }
}

/// The publishers, as the dispatcher of a kernel.
private final class CANScenario: EventDispatcher {
    private let kernel: Kernel
    private let bus = CANBus()
    private let receivers = (SumReceiver(), MaximumReceiver(), JumpReceiver())
    private let log: CandumpWriter?
    private var random: UInt32 = 1

    private init(seconds: UInt32, log: CandumpWriter?) {
        kernel = Kernel(end: .zero + .seconds(Int64(seconds)))
        self.log = log
        bus.subscribe(receivers.0)
        bus.subscribe(receivers.1)
        bus.subscribe(receivers.2)
    }

    static func run(publishers: UInt32, seconds: UInt32, log descriptor: Int32) -> creference_result {
        var result = creference_result()
        let written = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
        written.initialize(to: 0)
        defer { written.deallocate() }
        let log =
            descriptor < 0
            ? nil
            : CandumpWriter(interface: "can0", start: 946_684_800_000_000_000) { bytes in
                if write(descriptor, bytes.baseAddress, bytes.count) == bytes.count { written.pointee += UInt64(bytes.count) }
            }
        let scenario = CANScenario(seconds: seconds, log: log)
        for index in 0..<publishers {
            let phase = Int64(index) * 1_000_000 / Int64(publishers) * 1000
            scenario.kernel.schedule(at: Instant(nanoseconds: phase), phase: .timer, node: index, kind: 0, target: index)
        }
        guard scenario.kernel.run(dispatcher: scenario) == .ended else { return result }
        log?.flush()
        let receivers = scenario.receivers
        result.frames = scenario.bus.frames
        result.deliveries = receivers.0.count + receivers.1.count + receivers.2.count
        result.check = (receivers.0.value &* 31 &+ receivers.1.value) &* 31 &+ receivers.2.value
        result.bytes = written.pointee
        return result
    }

    func dispatch(_ event: Event) {
        kernel.after(.seconds(1), phase: .timer, node: event.node, kind: 0, target: event.target)
        random = random &* 1_664_525 &+ 1_013_904_223
        let frame = CANFrame(id: 0x300 &+ (event.target & 255), lengthCode: 2, payload: UInt64(random &>> 16))
        bus.deliver(frame, at: kernel.now)
        if let log { log.append(frame, at: kernel.now) }
    }

    func instantEnded(at instant: Instant) -> Bool { true }
}

/// Adds up all readings.
private final class SumReceiver: CANReceiver {
    var count: UInt64 = 0
    var value: UInt64 = 0

    func receive(_ frame: CANFrame, at instant: Instant) {
        count &+= 1
        value &+= frame.payload & 0xFFFF
    }
}

/// Keeps the largest reading.
private final class MaximumReceiver: CANReceiver {
    var count: UInt64 = 0
    var value: UInt64 = 0

    func receive(_ frame: CANFrame, at instant: Instant) {
        count &+= 1
        value = max(value, frame.payload & 0xFFFF)
    }
}

/// Counts changes of more than 100.
private final class JumpReceiver: CANReceiver {
    var count: UInt64 = 0
    var value: UInt64 = 0
    private var last: Int64 = 0

    func receive(_ frame: CANFrame, at instant: Instant) {
        count &+= 1
        let reading = Int64(frame.payload & 0xFFFF)
        if abs(reading &- last) > 100 { value &+= 1 }
        last = reading
    }
}
