import Quantities
import SimulationKernel
import Testing

/// A dispatcher that writes down what happens and does what the test says.
private final class Script: EventDispatcher {
    var lines: [String] = []
    var ended: [Int64] = []
    var onEvent: (Event) -> Void = { _ in }
    var onEnd: (Instant) -> Bool = { _ in true }

    func dispatch(_ event: Event) {
        lines.append("\(event.time.nanoseconds):\(event.kind)")
        onEvent(event)
    }

    func instantEnded(at instant: Instant) -> Bool {
        ended.append(instant.nanoseconds)
        return onEnd(instant)
    }
}

extension Kernel {
    /// Schedules with few words.
    fileprivate func add(_ kind: UInt32, at time: Int64, _ phase: EventPhase = .timer, node: UInt32 = 0) {
        schedule(at: Instant(nanoseconds: time), phase: phase, node: node, kind: kind, target: 0)
    }
}

@Test("At one instant come deliveries, then timers, then samplers, then detectors")
func phasesOfAnInstant() {
    let kernel = Kernel(end: .seconds(1))
    let script = Script()
    kernel.add(4, at: 10, .detector)
    kernel.add(3, at: 10, .sampler)
    kernel.add(2, at: 10, .timer)
    kernel.add(1, at: 10, .delivery)
    #expect(kernel.run(dispatcher: script) == .ended)
    #expect(script.lines == ["10:1", "10:2", "10:3", "10:4"])
    #expect(script.ended == [10])
    #expect(kernel.events == 4)
}

@Test("In one phase the order of the nodes in the file decides, then the order of scheduling")
func nodesBreakTies() {
    let kernel = Kernel(end: .seconds(1))
    let script = Script()
    kernel.add(30, at: 5, node: 3)
    kernel.add(10, at: 5, node: 1)
    kernel.add(31, at: 5, node: 3)
    kernel.add(11, at: 5, node: 1)
    _ = kernel.run(dispatcher: script)
    #expect(script.lines == ["5:10", "5:11", "5:30", "5:31"])
}

@Test("A delivery caused now comes after queued deliveries and before the next timer, in the order caused")
func immediateDeliveries() {
    let kernel = Kernel(end: .seconds(1))
    let script = Script()
    kernel.add(1, at: 5, .delivery, node: 1)
    kernel.add(2, at: 5, .delivery, node: 2)
    kernel.add(3, at: 5, .timer)
    kernel.add(4, at: 5, .timer)
    script.onEvent = { event in
        switch event.kind {
        case 1:
            kernel.add(12, at: 5, .delivery, node: 9)
            kernel.add(11, at: 5, .delivery, node: 0)
        case 12: kernel.add(13, at: 0, .delivery)
        case 3: kernel.add(31, at: 5, .delivery)
        default: break
        }
    }
    _ = kernel.run(dispatcher: script)
    #expect(script.lines == ["5:1", "5:2", "5:12", "5:11", "5:13", "5:3", "5:31", "5:4"])
}

@Test("Hundreds of immediate deliveries keep their order while more are added")
func manyImmediateDeliveries() {
    let kernel = Kernel(end: .seconds(1))
    let script = Script()
    var next: UInt32 = 1
    kernel.add(0, at: 5)
    script.onEvent = { _ in
        // Grows to some hundreds while the front moves on.
        for _ in 0..<3 where next < 1000 {
            kernel.add(next, at: 5, .delivery)
            next += 1
        }
    }
    #expect(kernel.run(dispatcher: script) == .ended)
    #expect(script.lines == (0..<1000).map { "5:\($0)" })
}

@Test("Deliveries scheduled before the run for its first instant come by node order")
func deliveriesBeforeTheRun() {
    let kernel = Kernel(end: .seconds(1))
    let script = Script()
    kernel.add(2, at: 0, .delivery, node: 2)
    kernel.add(1, at: 0, .delivery, node: 1)
    _ = kernel.run(dispatcher: script)
    #expect(script.lines == ["0:1", "0:2"])
}

@Test("The end of an instant may cause another round at the same instant")
func roundsOfAnInstant() {
    let kernel = Kernel(end: .seconds(1))
    let script = Script()
    kernel.add(1, at: 7)
    kernel.add(9, at: 8)
    script.onEnd = { instant in
        if instant.nanoseconds == 7, script.ended.count < 3 { kernel.add(UInt32(script.ended.count + 1), at: 7, .detector) }
        return true
    }
    #expect(kernel.run(dispatcher: script) == .ended)
    #expect(script.lines == ["7:1", "7:2", "7:3", "8:9"])
    #expect(script.ended == [7, 7, 7, 8])
}

@Test("An event at the end of the run does not run, one a nanosecond earlier does")
func endIsExclusive() {
    let kernel = Kernel(end: Instant(nanoseconds: 100))
    let script = Script()
    kernel.add(1, at: 99)
    kernel.add(2, at: 100)
    #expect(kernel.run(dispatcher: script) == .ended)
    #expect(script.lines == ["99:1"])
    #expect(kernel.now.nanoseconds == 100)
    #expect(kernel.pendingCount == 1)
}

@Test("A run without events ends at its end")
func emptyRun() {
    let kernel = Kernel(end: .seconds(3))
    #expect(kernel.run(dispatcher: Script()) == .ended)
    #expect(kernel.now == .seconds(3))
}

@Test("An event in the past happens now, and an overflowing delay never")
func impossibleTimes() {
    let kernel = Kernel(end: .seconds(1))
    let script = Script()
    kernel.add(1, at: 50)
    script.onEvent = { event in
        guard event.kind == 1 else { return }
        kernel.add(2, at: 3)
        kernel.after(Duration(nanoseconds: .max), phase: .timer, node: 0, kind: 3, target: 0)
        kernel.after(Duration(nanoseconds: .min), phase: .sampler, node: 0, kind: 4, target: 0)
    }
    #expect(kernel.run(dispatcher: script) == .ended)
    #expect(script.lines == ["50:1", "50:2", "50:4"])
}

@Test("Two nodes that answer each other without delay are a livelock, not a hang")
func livelockOfDeliveries() {
    let kernel = Kernel(end: .seconds(1), limits: KernelLimits(eventsPerInstant: 10_000))
    let script = Script()
    kernel.add(0, at: 1, .delivery)
    script.onEvent = { kernel.add(1 - $0.kind, at: 1, .delivery) }
    #expect(kernel.run(dispatcher: script) == .livelock(at: Instant(nanoseconds: 1)))
    #expect(kernel.events < 20_000)
}

@Test("An instant that never ends for its detectors is a livelock after ten thousand rounds")
func livelockOfRounds() {
    let kernel = Kernel(end: .seconds(1))
    let script = Script()
    kernel.add(0, at: 4)
    script.onEnd = { _ in
        kernel.add(0, at: 4, .detector)
        return true
    }
    #expect(kernel.run(dispatcher: script) == .livelock(at: Instant(nanoseconds: 4)))
    #expect(script.ended.count == 10_000)
}

@Test("A run stops exactly at its limit of events", arguments: [1, 4095, 4096, 4097, 10_000])
func limitOfEvents(limit: UInt64) {
    let kernel = Kernel(end: .seconds(1), limits: KernelLimits(events: limit))
    let script = Script()
    kernel.add(0, at: 0)
    script.onEvent = { _ in kernel.after(Duration(nanoseconds: 1), phase: .timer, node: 0, kind: 0, target: 0) }
    #expect(kernel.run(dispatcher: script) == .maxEvents)
    #expect(kernel.events == limit)
    #expect(script.lines.count == Int(limit))
}

@Test("An interrupt ends a run within 4096 events, and the run can go on")
func interrupts() {
    let flag = InterruptFlag()
    let kernel = Kernel(end: Instant(nanoseconds: 100_000), interrupt: flag)
    let script = Script()
    kernel.add(0, at: 0)
    script.onEvent = { event in
        if event.time.nanoseconds == 5000 { flag.raise() }
        kernel.after(Duration(nanoseconds: 1), phase: .timer, node: 0, kind: 0, target: 0)
    }
    #expect(kernel.run(dispatcher: script) == .interrupted)
    #expect(kernel.events > 5000 && kernel.events <= 5001 + 4096)
    flag.lower()
    #expect(kernel.run(dispatcher: script) == .ended)
    #expect(kernel.events == 100_000)
    #expect(script.lines.count == 100_000)
    #expect(script.ended == Array(0..<100_000))
}

@Test("A dispatcher stops the run from an event and from the end of an instant, and nothing is lost")
func stopping() {
    let kernel = Kernel(end: .seconds(1))
    let script = Script()
    for kind in 1...4 { kernel.add(UInt32(kind), at: Int64(kind), .timer) }
    script.onEvent = { event in
        if event.kind == 2 {
            kernel.add(20, at: 2, .delivery)
            kernel.stop()
        }
    }
    script.onEnd = { $0.nanoseconds != 3 }
    #expect(kernel.run(dispatcher: script) == .stopped)
    #expect(script.lines == ["1:1", "2:2"])
    #expect(kernel.nextInstant == Instant(nanoseconds: 2))
    #expect(kernel.run(dispatcher: script) == .stopped)
    #expect(script.lines == ["1:1", "2:2", "2:20", "3:3"])
    #expect(kernel.run(dispatcher: script) == .ended)
    #expect(script.lines.last == "4:4")
    #expect(kernel.events == 5)
}

@Test("A run in slices gives the same trace as a run in one go")
func pausing() {
    func trace(_ slice: Int64?) -> [String] {
        let kernel = Kernel(end: Instant(nanoseconds: 1000))
        let script = Script()
        kernel.add(1, at: 0)
        kernel.add(2, at: 3)
        script.onEvent = { event in
            kernel.after(Duration(nanoseconds: Int64(event.kind) * 7), phase: .timer, node: 0, kind: event.kind, target: 0)
        }
        guard let slice else {
            #expect(kernel.run(dispatcher: script) == .ended)
            return script.lines
        }
        var limit = slice
        while kernel.run(dispatcher: script, until: Instant(nanoseconds: limit)) == .paused {
            #expect(kernel.now.nanoseconds == limit)
            limit += slice
        }
        #expect(kernel.now.nanoseconds == 1000)
        return script.lines
    }
    let whole = trace(nil)
    #expect(whole.count == 143 + 72)
    #expect(trace(10) == whole)
    #expect(trace(1) == whole)
}

@Test("A pause without events moves the clock to the limit")
func pausingWithoutEvents() {
    let kernel = Kernel(end: .seconds(10))
    let script = Script()
    #expect(kernel.run(dispatcher: script, until: .seconds(4)) == .paused)
    #expect(kernel.now == .seconds(4))
    kernel.after(Duration(nanoseconds: 1), phase: .timer, node: 0, kind: 1, target: 0)
    #expect(kernel.run(dispatcher: script) == .ended)
    #expect(script.lines == ["4000000001:1"])
}

@Test("More waiting events than allowed stop the run instead of filling the memory")
func queueIsBounded() {
    let kernel = Kernel(end: .seconds(1), limits: KernelLimits(pending: 1000))
    let script = Script()
    kernel.add(0, at: 1)
    script.onEvent = { event in
        kernel.add(0, at: event.time.nanoseconds + 1)
        kernel.add(0, at: event.time.nanoseconds + 100_000)
    }
    #expect(kernel.run(dispatcher: script) == .queueFull)
    #expect(kernel.pendingCount == 1000)

    let crowded = Kernel(end: .seconds(1), limits: KernelLimits(pending: 10))
    for time in 0..<11 as Range<Int64> { crowded.add(0, at: time) }
    #expect(crowded.run(dispatcher: Script()) == .queueFull)

    let burst = Kernel(end: .seconds(1), limits: KernelLimits(pending: 1000))
    script.onEvent = { _ in for _ in 0..<5000 { burst.add(0, at: 1, .delivery) } }
    burst.add(0, at: 1)
    #expect(burst.run(dispatcher: script) == .queueFull)
    #expect(burst.pendingCount <= 1024)
}

@Test("The fingerprint of a run depends on when, what and how much, and is the same each time")
func kernelFingerprint() {
    func fingerprint(_ payload: UInt64, _ time: Int64) -> String {
        let kernel = Kernel(end: .seconds(1))
        let script = Script()
        kernel.add(1, at: 5)
        kernel.add(2, at: time)
        script.onEvent = { kernel.note(identity: UInt64($0.kind), payload: payload) }
        _ = kernel.run(dispatcher: script)
        return kernel.fingerprint.text
    }
    #expect(fingerprint(1, 9) == fingerprint(1, 9))
    #expect(fingerprint(1, 9) != fingerprint(2, 9))
    #expect(fingerprint(1, 9) != fingerprint(1, 10))
}

extension Instant {
    /// Whole seconds after the start.
    static func seconds(_ count: Int64) -> Instant { .zero + Duration.seconds(count) }
}
