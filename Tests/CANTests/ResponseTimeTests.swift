import CAN
import Quantities
import Testing

/// A periodic message of the analysis; times in nanoseconds.
private struct Message {
    var frame: CANFrame
    var period: Int64
    /// Transmission time with intermission.
    var cost: Int64
}

/// Worst-case response times of messages in the order of priority, with the intermission; `nil` when the bus is overloaded.
///
/// R. I. Davis, A. Burns, R. J. Bril, J. J. Lukkien, doi:10.1007/s11241-007-9012-7, equations 3 to 9: blocking by the longest frame of lower
/// priority, the busy period of the priority level, and every instance in it. `blocking` replaces the longest lower frame where it is known.
private func responseTimes(_ messages: [Message], bit: Int64, blocking: Int64? = nil) -> [Int64]? {
    func ceiling(_ a: Int64, _ b: Int64) -> Int64 { (a + b - 1) / b }
    guard messages.reduce(0.0, { $0 + Double($1.cost) / Double($1.period) }) < 1 else { return nil }
    var result: [Int64] = []
    for (index, message) in messages.enumerated() {
        let longest = blocking ?? messages[(index + 1)...].map(\.cost).max() ?? 0
        let higher = messages[..<index]
        var busy = message.cost
        while true {
            let next = longest + messages[...index].reduce(0) { $0 + ceiling(busy, $1.period) * $1.cost }
            if next == busy { break }
            busy = next
        }
        var worst: Int64 = 0
        for instance in 0..<ceiling(busy, message.period) {
            var waiting = longest + instance * message.cost
            while true {
                let next = longest + instance * message.cost + higher.reduce(0) { $0 + ceiling(waiting + bit, $1.period) * $1.cost }
                if next == waiting { break }
                waiting = next
            }
            worst = max(worst, waiting - instance * message.period + message.cost)
        }
        result.append(worst)
    }
    return result
}

@Suite("Response times against the analysis of Davis, Burns, Bril and Lukkien (2007)")
struct ResponseTimeTests {
    private static let bit: Int64 = 2_000

    private func messages(_ source: inout FrameSource, load: Double, worstCase: Bool) -> [Message] {
        let count = 3 + source.below(8)
        var ids: Set<UInt32> = []
        while ids.count < count { ids.insert(UInt32(source.below(0x700))) }
        return ids.sorted().map { id in
            let data = (0..<source.below(9)).map { _ in UInt8(truncatingIfNeeded: source.next()) & [255, 0, 0xF0][source.below(3)] }
            let frame = CANFrame(id: id, data: data)
            let bits = worstCase ? FrameBits.worst(bytes: data.count).total : FrameBits(frame).total
            let cost = Int64(bits) * Self.bit
            let share = load / Double(count) * (0.5 + Double(source.below(1000)) / 1000)
            return Message(frame: frame, period: Int64(Double(cost) / share), cost: cost)
        }
    }

    /// Sends each message from its offset on with its period; the longest response of each, in the order of the list.
    private func simulate(_ messages: [Message], offsets: [Int64], until end: Int64) -> [Int64] {
        var bus = bus(stations: messages.count, WireStationSettings(limit: 1_000))
        var next = offsets
        while let first = next.min(), first < end {
            while let due = bus.next(), due.nanoseconds <= first { while bus.advance(to: due) != nil {} }
            for index in messages.indices where next[index] == first {
                bus.enqueue(messages[index].frame, station: index, now: Instant(nanoseconds: first))
                next[index] += messages[index].period
            }
        }
        while let due = bus.next() { while bus.advance(to: due) != nil {} }
        return messages.map { bus.identifier($0.frame.rawIdentifier).worst }
    }

    @Test("no response of 1000 random message sets is longer than the analysis allows")
    func upperBound() throws {
        var source = FrameSource(seed: 2007)
        var sets = 0
        var tightest = 0.0
        while sets < 1_000 {
            let load = 0.3 + Double(source.below(60)) / 100
            let messages = messages(&source, load: load, worstCase: true)
            guard let bounds = responseTimes(messages, bit: Self.bit) else { continue }
            sets += 1
            // Half of the sets start all at once, the others anyhow.
            let offsets = messages.map { sets % 2 == 0 ? 0 : Int64(source.below(Int($0.period))) }
            let worst = simulate(messages, offsets: offsets, until: (messages.map(\.period).max() ?? 0) * 3)
            for (index, response) in worst.enumerated() {
                // The analysis counts the intermission, a response ends with the frame.
                let whole: Int64 = response + 3 * Self.bit
                if whole > bounds[index] { Issue.record("set \(sets), message \(index): \(whole) ns, bound \(bounds[index]) ns") }
                tightest = max(tightest, Double(whole) / Double(bounds[index]))
            }
        }
        // The bound is met closely somewhere, so the comparison means something.
        #expect(tightest > 0.8)
    }

    @Test("with true frame lengths the critical instant reaches the analysis to the nanosecond")
    func criticalInstant() throws {
        var source = FrameSource(seed: 90)
        var sets = 0
        while sets < 200 {
            var messages = messages(&source, load: 0.3 + Double(source.below(60)) / 100, worstCase: false)
            let blocker = CANFrame(id: 0x7FF, data: Array(repeating: 0x0F, count: 8))
            let cost = Int64(FrameBits(blocker).total) * Self.bit
            // No other frame may block for longer than this one.
            guard messages.allSatisfy({ $0.cost < cost }) else { continue }
            messages.append(Message(frame: blocker, period: 1_000_000_000_000, cost: cost))
            // The longest frame of the lowest priority starts a nanosecond before all others come; a frame that comes in the instant of a
            // contention takes part in it, hence one nanosecond in place of a bit.
            guard let bounds = responseTimes(messages, bit: 1, blocking: cost - 1) else { continue }
            sets += 1
            let offsets = messages.map { $0.frame.id == 0x7FF ? 0 : Int64(1) }
            let longest = messages.dropLast().map(\.period).max() ?? 0
            let worst = simulate(messages, offsets: offsets, until: longest * 6)
            for index in messages.indices.dropLast() {
                let whole: Int64 = worst[index] + 3 * Self.bit
                if whole != bounds[index] { Issue.record("set \(sets), message \(index): \(whole) ns, analysis \(bounds[index]) ns") }
            }
        }
    }

    @Test("three messages by hand")
    func byHand() throws {
        // Lengths as the vectors give them; periods are far longer than the busy period.
        let frames = [CANFrame(id: 0x200, data: []), CANFrame(id: 0x201, data: []), CANFrame(id: 0x300, data: [0xD2, 0x04])]
        let bits = frames.map { FrameBits($0).total }
        try #require(bits == [51, 50, 67])
        let messages = frames.map { Message(frame: $0, period: 10_000_000, cost: Int64(FrameBits($0).total) * 2_000) }
        // R1 = 67 + 51, R2 = 67 + 51 + 50, R3 = 51 + 50 + 67, in bits of 2 us.
        let bounds: [Int64] = [236_000, 336_000, 336_000]
        #expect(responseTimes(messages, bit: 2_000) == bounds)
        // All at once, nobody blocks: 51 - 3, 51 + 50 - 3, 51 + 50 + 67 - 3.
        let responses: [Int64] = [96_000, 196_000, 330_000]
        #expect(simulate(messages, offsets: [0, 0, 0], until: 1) == responses)
    }
}
