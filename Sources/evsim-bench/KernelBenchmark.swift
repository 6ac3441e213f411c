import CReference
import Quantities
import SimulationKernel

/// Rates of the event queue, the main loop, the fingerprint, the random numbers and the signal store.
enum KernelBenchmark {
    static func run(repeats: Int = 5) -> [Measurement] {
        var results: [Measurement] = []
        for pending in [64, 1_000, 100_000] {
            let steps: UInt64 = pending > 10_000 ? 3_000_000 : 6_000_000
            var sums: (UInt64, UInt64) = (0, 0)
            let times = leastTimes(
                repeats: repeats,
                [
                    { sums.0 = creference_hold(UInt32(pending), steps) },
                    { sums.1 = holdQueue(pending: pending, steps: steps) },
                    { HoldLoop.run(pending: pending, steps: steps) },
                ])
            guard sums.0 == sums.1 else { return [Measurement(name: "kernel.hold.\(pending).check", value: 0, unit: "equal", bar: 1)] }
            let millions = Double(steps) / 1e6
            results += [
                Measurement(name: "kernel.hold.\(pending)", value: millions / times[1], unit: "M events/s", bar: pending == 1_000 ? 25 : nil),
                Measurement(name: "kernel.hold.\(pending).of-c", value: times[0] / times[1], unit: "x"),
                Measurement(name: "kernel.loop.\(pending)", value: millions / times[2], unit: "M events/s"),
            ]
        }
        results += smallParts(repeats: repeats)
        return results
    }

    /// The hold model on the bare queue; the same numbers as `creference_hold`.
    static func holdQueue(pending: Int, steps: UInt64) -> UInt64 {
        var queue = EventQueue()
        var random: UInt64 = 88_172_645_463_325_252
        var sequence: UInt64 = 0
        var sum: UInt64 = 0
        for target in 0..<pending {
            random ^= random &<< 13
            random ^= random &>> 7
            random ^= random &<< 17
            let time = Instant(nanoseconds: Int64(random &>> 44))
            _ = queue.push(Event(time: time, phase: .timer, node: 0, sequence: sequence, kind: 0, target: UInt32(target), payload: 0))
            sequence &+= 1
        }
        for _ in 0..<steps {
            let event = queue.takeFirst()
            let time = event.time.nanoseconds
            sum &+= UInt64(time & 0xFFFF)
            random ^= random &<< 13
            random ^= random &>> 7
            random ^= random &<< 17
            let next = Instant(nanoseconds: time &+ Int64(random &>> 44))
            _ = queue.push(Event(time: next, phase: .timer, node: 0, sequence: sequence, kind: 0, target: event.target, payload: 0))
            sequence &+= 1
        }
        return sum
    }

    private static func smallParts(repeats: Int) -> [Measurement] {
        let count = 10_000_000
        var sink: UInt64 = 0
        var numbers = 0.0
        let store = SignalStore(count: 1000)
        let times = leastTimes(
            repeats: repeats,
            [
                {
                    var fingerprint = Fingerprint()
                    for step in 0..<UInt64(count) { fingerprint.mix(step, 7, sink) }
                    sink &+= fingerprint.value
                },
                {
                    var stream = RandomStream(seed: 1, run: 0, path: 0, site: 0)
                    for _ in 0..<count { sink &+= stream.next() }
                },
                {
                    var stream = RandomStream(seed: 1, run: 0, path: 0, site: 0)
                    for _ in 0..<count { numbers += stream.normal(0, 1) }
                },
                {
                    for step in 0..<count {
                        store.publish(step % 1000, 1)
                        if step % 4 == 3 { store.commit { numbers += $1 + Double($0) } }
                    }
                },
            ])
        let names = [("fingerprint", "steps"), ("random", "numbers"), ("normal", "numbers"), ("signals", "samples")]
        precondition(numbers.isFinite, "keeps the work alive")
        return zip(names, times).map { Measurement(name: "kernel." + $0.0, value: Double(count) / $1 / 1e6, unit: "M " + $0.1 + "/s") }
    }
}

/// The hold model through the kernel's main loop: every event schedules one at a random later time.
private final class HoldLoop: EventDispatcher {
    private let kernel: Kernel
    private var random: UInt64 = 88_172_645_463_325_252

    private init(steps: UInt64) { kernel = Kernel(end: .never, limits: KernelLimits(events: steps)) }

    static func run(pending: Int, steps: UInt64) {
        let loop = HoldLoop(steps: steps)
        for target in 0..<pending { loop.again(UInt32(target)) }
        _ = loop.kernel.run(dispatcher: loop)
    }

    @inline(__always)
    private func again(_ target: UInt32) {
        random ^= random &<< 13
        random ^= random &>> 7
        random ^= random &<< 17
        kernel.after(Duration(nanoseconds: Int64(random &>> 44)), phase: .timer, node: target, kind: 0, target: target)
    }

    func dispatch(_ event: Event) { again(event.target) }
    func instantEnded(at instant: Instant) -> Bool { true }
}
