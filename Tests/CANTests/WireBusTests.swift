import CAN
import Quantities
import Testing

/// `300#D204` takes 67 bits with intermission, `200#` 51, `201#` 50 and `7FF#FFx8` 126 (tests of the exact lengths say so).
private let status = CANFrame(id: 0x300, data: [0xD2, 0x04])
private let query = CANFrame(id: 0x200, data: [])

@Suite("A bus with exact bit times")
struct WireBusTests {
    @Test("a frame is complete when its last bit of end of frame is over")
    func oneFrame() {
        var bus = bus(stations: 2)
        bus.enqueue(status, station: 0, now: .zero)
        let outcomes = bus.run(until: .bits(1000))
        // 67 bits less three of intermission = 64 bits = 128 us.
        #expect(outcomes.map(\.instant) == [Instant(nanoseconds: 128_000)])
        #expect(outcomes[0].kind == .completed && outcomes[0].station == 0 && outcomes[0].frame == status)
        #expect(outcomes[0].response.nanoseconds == 128_000)
    }

    @Test("of frames that wait at once the lowest identifier goes first, and each starts after the intermission of the last")
    func arbitration() {
        var bus = bus(stations: 4)
        bus.enqueue(status, station: 0, now: .zero)
        bus.enqueue(CANFrame(id: 0x201, data: []), station: 1, now: .zero)
        bus.enqueue(query, station: 2, now: .zero)
        let outcomes = bus.run(until: .bits(1000))
        #expect(outcomes.map(\.frame.id) == [0x200, 0x201, 0x300])
        // 200# ends at 51 - 3 = 48; 201# begins at 51 and ends at 51 + 50 - 3 = 98; 300# begins at 101 and ends at 101 + 64 = 165.
        #expect(outcomes.map(\.instant) == [.bits(48), .bits(98), .bits(165)])
        #expect(bus.takeBusyTime(until: .bits(1000)) == 168 * 2_000)
    }

    @Test("a frame under way is not interrupted, and whoever comes in its intermission still takes part in the next contention")
    func notPreemptive() {
        var bus = bus(stations: 3)
        bus.enqueue(CANFrame(id: 0x7FF, data: Array(repeating: 255, count: 8)), station: 0, now: .zero)
        bus.enqueue(status, station: 1, now: .bits(10))
        var outcomes = bus.run(until: .bits(124))
        #expect(outcomes.map(\.instant) == [.bits(123)])
        // The intermission lasts from 123 to 126: 200# comes in its last instant and wins.
        bus.enqueue(query, station: 2, now: .bits(126))
        outcomes = bus.run(until: .bits(1000))
        #expect(outcomes.map(\.frame.id) == [0x200, 0x300])
        #expect(outcomes.map(\.instant) == [.bits(126 + 48), .bits(126 + 51 + 64)])
        // It came at 10 and was complete at 241.
        #expect(bus.identifier(0x300).worst == Int64((241 - 10) * 2_000))
    }

    @Test(
        "a queue by priority sends the lowest identifier first, a queue in order of arrival the oldest", arguments: [WireQueueOrder.priority, .firstInFirstOut])
    func queues(order: WireQueueOrder) {
        var bus = bus(stations: 2, WireStationSettings(order: order, limit: 3))
        for id: UInt32 in [0x300, 0x100, 0x200] { bus.enqueue(CANFrame(id: id, data: []), station: 0, now: .zero) }
        let isTaken = bus.enqueue(query, station: 0, now: .zero)
        #expect(!isTaken && bus.totals.overflows == 1 && bus.report(0).overflows == 1)
        let ids = bus.run(until: .bits(1000)).map(\.frame.id)
        #expect(ids == (order == .priority ? [0x100, 0x200, 0x300] : [0x300, 0x100, 0x200]))
        #expect(bus.report(0).longestQueue == 3)
    }

    @Test("FD frames take the data bit rate from ESI to the CRC delimiter")
    func fdFrame() {
        var bus = bus(stations: 2, dataRate: 2_000_000)
        let frame = CANFrame(fd: 0x123, flags: .bitRateSwitch, lengthCode: 15, payload: 0)
        let data = CANData((0..<64).map { UInt8($0) })
        bus.enqueue(frame, data: data, station: 0, now: .zero)
        let bits = FrameBits(CANWideFrame(frame, wide: data))
        let outcomes = bus.run(until: .bits(1000))
        #expect(outcomes.map(\.instant.nanoseconds) == [Int64((bits.nominal - 3) * 2_000 + bits.data * 500)])
    }

    @Test("time does not drift at a bit rate that does not divide a second")
    func noDrift() {
        // 83 333 bit/s: a bit is 12 000.048 ns. 100 000 frames of 51 bits back to back take 5 100 000 bits, less three at the end.
        var bus = bus(stations: 2, WireStationSettings(limit: 200_000), rate: 83_333)
        for _ in 0..<100_000 { bus.enqueue(query, station: 0, now: .zero) }
        var last = Instant.zero
        while let due = bus.next() { while let outcome = bus.advance(to: due) { last = outcome.instant } }
        // ceil(5 099 997 * 10^9 / 83 333)
        #expect(last.nanoseconds == (5_099_997 * 1_000_000_000 + 83_332) / 83_333)
        #expect(bus.totals.frames == 100_000)
    }

    @Test("the flood of the dominant identifier starves all others")
    func flood() {
        var bus = bus(stations: 3)
        let flood = CANFrame(id: 0, data: [])
        bus.babble(flood, station: 0, now: .zero)
        bus.enqueue(status, station: 1, now: .zero)
        let second = bus.run(until: Instant(nanoseconds: 1_000_000_000))
        // 000# takes 53 bits: frame k is complete at 53 k - 3 of the 500 000 bits of a second, so 9434 are.
        #expect(second.count == 9_434 && second.allSatisfy { $0.frame.id == 0 })
        #expect(bus.takeBusyTime(until: Instant(nanoseconds: 1_000_000_000)) == 1_000_000_000)
        bus.babble(nil, station: 0, now: Instant(nanoseconds: 1_000_000_000))
        let after = bus.run(until: Instant(nanoseconds: 2_000_000_000))
        #expect(after.map(\.frame.id) == [0x300])
    }

    @Test("the same calls give the same outcomes")
    func determinism() {
        func outcomes() -> [WireOutcome] {
            var source = FrameSource(seed: 3)
            var gaps = FrameSource(seed: 4)
            var bus = bus(stations: 5, WireStationSettings(restart: .after(.milliseconds(1))))
            bus.setFlipRate(1e-3, now: .zero) { _ in Int64(gaps.below(2_000)) }
            var result: [WireOutcome] = []
            for step in 0..<300 {
                let now = Instant(nanoseconds: Int64(step) * 150_000)
                result += bus.run(until: now)
                bus.enqueue(source.frame(isFD: false).frame, station: step % 5, now: now)
            }
            return result + bus.run(until: Instant(nanoseconds: 1_000_000_000))
        }
        let first = outcomes()
        #expect(first.contains { $0.kind == .failed } && first.filter { $0.kind == .completed }.count >= 299)
        #expect(first == outcomes())
    }

    @Test("senders of one identifier go on to the first bit that differs, and the frame with the recessive bit fails")
    func collision() {
        var bus = bus(stations: 3)
        bus.enqueue(CANFrame(id: 0x100, data: [0xF0]), station: 0, now: .zero)
        bus.enqueue(CANFrame(id: 0x100, data: [0xE0]), station: 1, now: .zero)
        let first = bus.run(until: .bits(60))
        #expect(first.map(\.kind) == [.failed] && first[0].error == .bit && first[0].location == .data)
        #expect(bus.report(0).counters.transmit == 8 && bus.report(1).counters.transmit == 8 && bus.report(2).counters.receive == 1)
        // Both try again and meet again, until they are error-passive: then the one with the recessive bit gives way without a word.
        let all = first + bus.run(until: .bits(100_000))
        #expect(all.filter { $0.kind == .failed }.count == 17)
        #expect(all.filter { $0.kind == .completed }.map(\.frame[0]) == [0xE0, 0xF0])
    }

    @Test("senders of the very same frame are one sender")
    func twins() {
        var bus = bus(stations: 3)
        bus.enqueue(status, station: 0, now: .zero)
        bus.enqueue(status, station: 1, now: .zero)
        #expect(bus.run(until: .bits(500)).map(\.kind) == [.completed, .dropped])
        #expect(bus.report(0).sent == 1 && bus.report(1).sent == 1 && bus.totals.frames == 1)
    }
}
