import Quantities
import SimulationKernel
import Testing

/// A small generator for test data, unrelated to the one under test.
struct TestGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

private func event(_ time: Int64, phase: EventPhase = .timer, node: UInt32 = 0, sequence: UInt64) -> Event {
    Event(time: Instant(nanoseconds: time), phase: phase, node: node, sequence: sequence, kind: 3, target: 4, payload: sequence &* 3)
}

/// A queue that the checking macros can name.
private final class Queue {
    private var queue: EventQueue

    init(maximumCount: Int = 1 << 20) { queue = EventQueue(maximumCount: maximumCount) }

    var count: Int { queue.count }
    var isEmpty: Bool { queue.isEmpty }
    var first: Event? { queue.first }
    var holdsHeapOrder: Bool { queue.holdsHeapOrder() }
    func push(_ event: Event) -> Bool { queue.push(event) }
    func pop() -> Event? { queue.pop() }
    func replaceFirst(with event: Event) -> Event? { queue.replaceFirst(with: event) }
    func takeFirst() -> Event { queue.takeFirst() }
    func closeVacancy() { queue.closeVacancy() }
    func removeAll() { queue.removeAll() }
}

/// The queue under test beside a sorted array that does the same.
private final class QueueAndModel {
    let queue = Queue()
    var model: [Event] = []
    var sequence: UInt64 = 0

    func add(_ added: Event) {
        var low = 0
        var high = model.count
        while low < high {
            let middle = (low + high) / 2
            if model[middle].key > added.key { low = middle + 1 } else { high = middle }
        }
        model.insert(added, at: low)
    }
}

@Test("A hundred thousand random operations leave the queue equal to a sorted list")
func queueEqualsSortedList() {
    var random = TestGenerator(state: 0x5EED)
    let both = QueueAndModel()
    for step in 0..<100_000 {
        let phase = EventPhase.allCases[Int.random(in: 0..<4, using: &random)]
        let new = event(Int64.random(in: 0..<2000, using: &random), phase: phase, node: .random(in: 0..<9, using: &random), sequence: both.sequence)
        both.sequence += 1
        // The list grows and shrinks in waves.
        let isGrowing = step / 1000 % 2 == 0
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<(isGrowing ? 6 : 2):
            #expect(both.queue.push(new))
            both.add(new)
        case 6:
            let first = both.queue.replaceFirst(with: new)
            #expect(first?.key == both.model.last?.key)
            if both.model.popLast() != nil { both.add(new) }
        case 7:
            guard !both.queue.isEmpty else { continue }
            #expect(both.queue.takeFirst().key == both.model.removeLast().key)
            #expect(both.queue.count == both.model.count)
            if Bool.random(using: &random) {
                #expect(both.queue.push(new))
                both.add(new)
            }
            both.queue.closeVacancy()
        default:
            let first = both.queue.pop()
            let expected = both.model.popLast()
            #expect(first?.key == expected?.key)
            #expect(first?.payload == expected?.payload)
        }
        if both.queue.count != both.model.count || both.queue.first?.key != both.model.last?.key {
            Issue.record("different after step \(step)")
            return
        }
        if step % 500 == 0 { #expect(both.queue.holdsHeapOrder) }
    }
    while let last = both.model.popLast() { #expect(both.queue.pop()?.key == last.key) }
    #expect(both.queue.pop() == nil)
}

@Test("Events come by time, then phase, then node, then sequence")
func orderOfKeys() {
    let queue = Queue()
    let ascending = [
        event(-5, phase: .detector, node: 7, sequence: 9),
        event(0, phase: .delivery, node: Event.maximumNode, sequence: 8),
        event(0, phase: .timer, node: 1, sequence: Event.sequenceCount - 1),
        event(0, phase: .timer, node: 2, sequence: 1),
        event(0, phase: .timer, node: 2, sequence: 2),
        event(0, phase: .sampler, node: 0, sequence: 0),
        event(0, phase: .detector, node: 0, sequence: 0),
        event(1, phase: .delivery, node: 0, sequence: 0),
        event(.max, phase: .delivery, node: 0, sequence: 0),
    ]
    for event in ascending.reversed() { #expect(queue.push(event)) }
    for event in ascending { #expect(queue.pop()?.key == event.key) }
}

@Test("An event gives back what it was made of and has 32 bytes")
func eventParts() {
    let made = Event(
        time: Instant(nanoseconds: 123_456_789), phase: .sampler, node: 0xABCDEF, sequence: 0xF_1234_5678, kind: 1, target: 2, payload: .max)
    #expect(made.time.nanoseconds == 123_456_789)
    #expect(made.phase == .sampler)
    #expect(made.node == 0xABCDEF)
    #expect(made.sequence == 0xF_1234_5678)
    #expect((made.kind, made.target, made.payload) == (1, 2, .max))
    #expect(MemoryLayout<Event>.size == 32)
    #expect(MemoryLayout<Event>.stride == 32)
}

@Test("A full queue refuses an event and keeps the others")
func fullQueue() {
    let queue = Queue(maximumCount: 100)
    for index in 0..<100 { #expect(queue.push(event(Int64(100 - index), sequence: UInt64(index)))) }
    #expect(!queue.push(event(0, sequence: 100)))
    #expect(queue.count == 100)
    #expect(queue.first?.time.nanoseconds == 1)
    #expect(queue.replaceFirst(with: event(500, sequence: 101))?.time.nanoseconds == 1)
    #expect(queue.holdsHeapOrder)
    queue.removeAll()
    #expect(queue.isEmpty)
    #expect(queue.pop() == nil)
    #expect(queue.replaceFirst(with: event(1, sequence: 0)) == nil)
    #expect(queue.isEmpty)
}

@Test("A timer that was cancelled or armed again makes its earlier event stale")
func timerGenerations() {
    var timers = TimerTable(count: 2)
    let first = timers.arm(0)
    let second = timers.arm(0)
    let other = timers.arm(1)
    let expired = (timers.expire(0, generation: first), timers.expire(0, generation: second), timers.expire(0, generation: second))
    #expect(expired == (false, true, false))
    let isArmed = timers.isArmed(1)
    timers.cancel(1)
    let isStillArmed = timers.isArmed(1)
    let isMeant = timers.expire(1, generation: other)
    #expect((isArmed, isStillArmed, isMeant) == (true, false, false))
}
