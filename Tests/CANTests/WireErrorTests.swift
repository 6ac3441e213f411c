import CAN
import Quantities
import Testing

private let query = CANFrame(id: 0x200, data: [])
private let status = CANFrame(id: 0x300, data: [0xD2, 0x04])

@Suite("Errors on a bus with exact bit times")
struct WireErrorTests {
    @Test("a lone station gets no acknowledgement: it tries again and again, and its TEC stops at 128")
    func lone() {
        var bus = bus(stations: 1)
        bus.enqueue(query, station: 0, now: .zero)
        let outcomes = bus.run(until: Instant(nanoseconds: 1_000_000_000))
        let errors = outcomes.filter { $0.kind == .failed }
        #expect(errors.allSatisfy { $0.error == .acknowledgement && $0.location == .acknowledgeSlot })
        // 200# has 51 bits: SOF to ACK slot are 51 - 3 - 7 - 1 = 40. Then flag 6 + delimiter 8 + intermission 3: the next SOF is at 57.
        #expect(errors.prefix(2).map(\.instant) == [.bits(40), .bits(57 + 40)])
        // After 16 errors TEC is 128; the station waits eight bits more from then on: 65 bits from error to error.
        #expect(errors[15].counters.transmit == 128 && errors[14].counters.transmit == 120)
        #expect(errors[17].instant - errors[16].instant == .zero + Duration(nanoseconds: 65 * 2_000))
        #expect(bus.report(0).counters.transmit == 128 && bus.report(0).state == .passive)
        #expect(outcomes.filter { $0.kind == .stateChanged }.map(\.state) == [.warning, .passive])
        #expect(bus.totals.frames == 0)
    }

    @Test("a further frame of the same identifier in the same queue waits its turn, also when bits are looked at")
    func nextOfTheSame() {
        var bus = bus(stations: 2)
        bus.withholdAcknowledgement(true, now: .zero)
        bus.enqueue(query, station: 0, now: .zero)
        bus.enqueue(query, station: 0, now: .zero)
        _ = bus.run(until: .bits(50))
        #expect(bus.report(0).counters.transmit == 8 && bus.report(0).waiting == 2)
        bus.withholdAcknowledgement(false, now: .bits(50))
        #expect(bus.run(until: .bits(500)).map(\.kind) == [.completed, .completed])
        #expect(bus.report(0).sent == 2 && bus.totals.frames == 2)
    }

    @Test("a second station that comes back acknowledges, and the counter goes down by one a frame")
    func acknowledged() {
        var bus = bus(stations: 2)
        bus.withholdAcknowledgement(true, now: .zero)
        bus.enqueue(query, station: 0, now: .zero)
        _ = bus.run(until: .bits(3 * 58))
        let before = bus.report(0).counters.transmit
        #expect(before == 24)
        bus.withholdAcknowledgement(false, now: .bits(3 * 58))
        #expect(bus.run(until: .bits(500)).map(\.kind) == [.completed])
        #expect(bus.report(0).counters.transmit == before - 1)
        // Each time the receiver saw the flag in the ACK delimiter: REC 3, less one for the frame.
        #expect(bus.report(1).counters.receive == 2)
    }

    @Test("a bus-off attack takes exactly 32 hits, and recovery 1408 recessive bits after the pause")
    func attack() throws {
        var bus = bus(stations: 3, WireStationSettings(restart: .after(.milliseconds(10))))
        bus.attack(0x200, true, now: .zero)
        bus.enqueue(query, station: 0, now: .zero)
        let outcomes = bus.run(until: Instant(nanoseconds: 9_000_000))
        #expect(bus.totals.hits == 32)
        #expect(outcomes.filter { $0.kind == .failed }.map(\.counters.transmit) == Array(stride(from: 8, through: 256, by: 8)))
        #expect(outcomes.filter { $0.kind == .stateChanged && $0.station == 0 }.map(\.state) == [.warning, .passive, .busOff])
        let off = try #require(outcomes.last { $0.state == .busOff })
        bus.attack(0x200, false, now: Instant(nanoseconds: 9_000_000))
        let later = bus.run(until: Instant(nanoseconds: 100_000_000))
        let back = try #require(later.first { $0.kind == .restarted })
        // The last error frame is long over: 128 * 11 = 1408 bits of 2000 ns = 2.816 ms after the pause.
        #expect(back.instant.nanoseconds == off.instant.nanoseconds + 10_000_000 + 1_408 * 2_000)
        // The frame that waited is sent at once: 48 bits without intermission.
        let sent = try #require(later.first { $0.kind == .completed })
        #expect(sent.instant.nanoseconds == back.instant.nanoseconds + 48 * 2_000)
        #expect(bus.report(0).counters == ErrorCounters())
    }

    @Test("an attack hits the first recessive bit behind the arbitration field; flags of 12 - r bits follow")
    func attackedBit() {
        var bus = bus(stations: 2)
        bus.attack(0x200, true, now: .zero)
        bus.enqueue(query, station: 0, now: .zero)
        let errors = bus.run(until: .bits(150)).filter { $0.kind == .failed }
        // 0x200 = 01000000000: SOF 0, 0, 1, then nine zeros with a stuff bit after five: 0 0 1 00000 [1] 0000 | RTR 0 makes five: [1] IDE 0.
        // Behind IDE: r0 0, DLC 0000 with a stuff bit after IDE 0, r0 0, DLC 000: it is the first recessive bit.
        let bits = BitSequence(CANWideFrame(query))
        #expect(errors[0].position == Int32(bits.first(1, from: bits.arbitrationEnd) ?? -1) && errors[0].level == 1)
        // Five dominant bits came before, the forced one is the sixth: all stations see six at once, and the flag takes six bits.
        let length = Int(errors[0].position) + 1
        #expect(errors[1].instant == .bits(length + 6 + 8 + 3 + length))
    }

    @Test("bus-off without restart is for ever; a restart on request needs the 1408 bits too")
    func restartOnRequest() throws {
        var bus = bus(stations: 2)
        bus.attack(0x200, true, now: .zero)
        bus.enqueue(query, station: 0, now: .zero)
        _ = bus.run(until: Instant(nanoseconds: 1_000_000_000))
        #expect(bus.report(0).state == .busOff && bus.report(0).waiting == 1)
        bus.attack(0x200, false, now: Instant(nanoseconds: 1_000_000_000))
        let isRestarting = bus.restart(0, now: Instant(nanoseconds: 1_000_000_000))
        #expect(isRestarting)
        let outcomes = bus.run(until: Instant(nanoseconds: 2_000_000_000))
        #expect(outcomes.map(\.kind) == [.restarted, .completed])
        #expect(outcomes[0].instant.nanoseconds == 1_000_000_000 + 1_408 * 2_000)
    }

    @Test("while others send, only their ends and the pauses count for the recovery")
    func recoveryUnderLoad() throws {
        var bus = bus(stations: 3)
        bus.attack(0x200, true, now: .zero)
        bus.enqueue(query, station: 0, now: .zero)
        _ = bus.run(until: Instant(nanoseconds: 1_000_000_000))
        bus.attack(0x200, false, now: Instant(nanoseconds: 1_000_000_000))
        // 000# back to back: each frame brings one sequence of 11 recessive bits, ACK delimiter to intermission.
        bus.babble(CANFrame(id: 0, data: []), station: 1, now: Instant(nanoseconds: 1_000_000_000))
        bus.restart(0, now: Instant(nanoseconds: 1_000_000_000))
        let outcomes = bus.run(until: Instant(nanoseconds: 1_100_000_000))
        let index = try #require(outcomes.firstIndex { $0.kind == .restarted })
        #expect(outcomes[..<index].filter { $0.kind == .completed }.count == 128)
    }

    @Test("a flipped data bit is caught by the CRC, and the frame is sent again unharmed")
    func flip() throws {
        var bus = bus(stations: 3)
        let bits = BitSequence(CANWideFrame(status))
        let data = try #require(bits.locations.firstIndex(of: .data))
        bus.flipBits([data], ofNext: 0x300, now: .zero)
        bus.enqueue(status, station: 0, now: .zero)
        let outcomes = bus.run(until: .bits(1000))
        #expect(outcomes.map(\.kind) == [.failed, .completed])
        #expect(outcomes[0].error == .crc && outcomes[1].frame == status && !outcomes[1].isChanged)
        // No receiver acknowledges: the sender's flag begins behind the ACK slot (67 - 3 - 7 - 1 = 56), those of the receivers one bit later.
        #expect(outcomes[0].instant == .bits(56))
        #expect(outcomes[1].instant == .bits(56 + 7 + 8 + 3 + 64))
        #expect(bus.report(0).counters.transmit == 7 && bus.report(1).counters.receive == 0)
        #expect(bus.totals.flips == 1 && bus.totals.errors(of: .crc) == 1)
    }

    @Test("flips that make another valid frame are the only ones that get through")
    func undetected() throws {
        // Two frames of equal length whose bits differ in places: flipping exactly these makes one of the other.
        let other = CANFrame(id: 0x300, data: [0xD3, 0x04])
        let (a, b) = (BitSequence(CANWideFrame(status)), BitSequence(CANWideFrame(other)))
        try #require(a.bits.count == b.bits.count)
        let places = a.bits.indices.filter { a.bits[$0] != b.bits[$0] }
        var bus = bus(stations: 2)
        bus.flipBits(places, ofNext: 0x300, now: .zero)
        bus.enqueue(status, station: 0, now: .zero)
        let outcomes = bus.run(until: .bits(1000))
        #expect(outcomes.map(\.kind) == [.completed] && outcomes[0].isChanged && outcomes[0].frame == other)
        #expect(bus.totals.undetected == 1)
        bus.flipBits(Array(places.dropLast()), ofNext: 0x300, now: .bits(1000))
        bus.enqueue(status, station: 0, now: .bits(1000))
        #expect(bus.run(until: .bits(2000)).map(\.kind) == [.failed, .completed])
    }

    @Test("random flips at a rate: as many as drawn, all caught or reported, and all frames arrive")
    func flipRate() {
        var bus = bus(stations: 3, WireStationSettings(restart: .after(.zero)))
        var source = FrameSource(seed: 12)
        // Geometric gaps of mean 500 bits, coarse but random.
        bus.setFlipRate(2e-3, now: .zero) { _ in Int64(source.below(1_000)) }
        var now = Instant.zero
        var kinds: [WireOutcome.Kind: Int] = [:]
        for step in 0..<500 {
            now = .bits(step * 300)
            for outcome in bus.run(until: now) { kinds[outcome.kind, default: 0] += 1 }
            bus.enqueue(status, station: step % 3, now: now)
        }
        for outcome in bus.run(until: .bits(1_000_000)) { kinds[outcome.kind, default: 0] += 1 }
        #expect(kinds[.completed] == 500 && bus.totals.undetected == 0)
        #expect(bus.totals.flips > 50 && UInt64(kinds[.failed] ?? 0) == bus.totals.errorCount)
    }

    @Test("one-shot frames are given up after an error")
    func oneShot() {
        var bus = bus(stations: 1)
        bus.enqueue(query, station: 0, now: .zero, isOneShot: true)
        #expect(bus.run(until: .bits(500)).map(\.kind) == [.failed, .dropped])
        #expect(bus.totals.dropped == 1 && bus.report(0).waiting == 0)
    }

    @Test("a muted station neither sends nor acknowledges")
    func muted() {
        var bus = bus(stations: 2)
        bus.enqueue(query, station: 1, now: .zero)
        bus.mute(1, true, now: .zero)
        let isTaken = bus.enqueue(query, station: 1, now: .bits(1))
        #expect(!isTaken && bus.totals.muted == 2)
        bus.enqueue(status, station: 0, now: .bits(1))
        let outcomes = bus.run(until: .bits(100))
        #expect(outcomes.map(\.kind) == [.dropped, .failed] && outcomes[1].error == .acknowledgement)
        bus.mute(1, false, now: .bits(100))
        #expect(bus.run(until: .bits(300)).map(\.kind) == [.completed])
    }

    @Test("a station that sends while the bus is stuck dominant goes bus-off, those that listen only passive")
    func stuckDominant() throws {
        var bus = bus(stations: 3)
        bus.enqueue(query, station: 0, now: .zero)
        _ = bus.run(until: .zero)
        bus.setLevel(.dominant, now: .bits(14))
        let outcomes = bus.run(until: .bits(5_000))
        let first = try #require(outcomes.first)
        #expect(first.kind == .failed && first.error == .bit && first.instant > .bits(14))
        let off = try #require(outcomes.first { $0.state == .busOff })
        // TEC 8 at the error; + 8 after flag 6 + 8 bits and each 8 bits more: 31 more steps, the last at 6 + 31 * 8 = 254 bits.
        #expect(off.instant - first.instant == Duration(nanoseconds: 254 * 2_000))
        #expect(bus.report(1).state == .passive && bus.report(2).counters.transmit == 0)
        bus.setLevel(.free, now: .bits(5_000))
        bus.enqueue(status, station: 1, now: .bits(5_000))
        // Delimiter 8 and intermission 3, then the frame without intermission.
        let later = bus.run(until: .bits(6_000)).filter { $0.kind == .completed }
        #expect(later.map(\.instant) == [.bits(5_000 + 11 + 64)])
    }

    @Test("an idle bus that gets stuck dominant is a stuff error for all, and takes its time from the load")
    func stuckIdle() {
        var bus = bus(stations: 2)
        bus.setLevel(.dominant, now: .zero)
        let outcomes = bus.run(until: .bits(6))
        #expect(outcomes.map(\.error) == [.stuff] && outcomes[0].station == -1)
        bus.setLevel(.free, now: .bits(12))
        bus.enqueue(query, station: 0, now: .bits(12))
        #expect(bus.run(until: .bits(200)).map(\.instant) == [.bits(12 + 11 + 48)])
        #expect(bus.takeBusyTime(until: .bits(200)) == (12 + 11 + 51) * 2_000)
    }

    @Test("on an open bus a sender reads its own SOF recessive: bus-off after 32 tries, and nobody hears it")
    func openBus() throws {
        var bus = bus(stations: 2)
        bus.setLevel(.recessive, now: .zero)
        bus.enqueue(query, station: 0, now: .zero)
        let outcomes = bus.run(until: Instant(nanoseconds: 1_000_000_000))
        #expect(outcomes.filter { $0.kind == .failed }.count == 32 && outcomes[0].location == .startOfFrame && outcomes[0].level == 0)
        #expect(bus.report(0).state == .busOff && bus.report(1).counters.receive == 0)
        // One bit, flag 6, delimiter 8, intermission 3 = 18 bits a try; eight more after the 16th, when TEC is 128: 31 tries before the last.
        let off = try #require(outcomes.last { $0.state == .busOff })
        #expect(off.instant == .bits(15 * 18 + 16 * 26 + 1))
    }

    @Test("error frames are laid out as SocketCAN does")
    func errorFrames() {
        var counters = ErrorCounters()
        for _ in 0..<12 { counters.transmitError() }
        let warning = CANFrame.errorFrame(state: .warning, counters: counters)
        // As real drivers: 20000004 with data 00 08 00 00 00 00 60 00.
        #expect(warning.rawIdentifier == 0x2000_0004 && warning.data == [0, 8, 0, 0, 0, 0, 0x60, 0])
        for _ in 0..<4 { counters.transmitError() }
        #expect(CANFrame.errorFrame(state: .passive, counters: counters).data == [0, 0x20, 0, 0, 0, 0, 0x80, 0])
        #expect(CANFrame.errorFrame(state: .busOff, counters: counters).rawIdentifier == 0x2000_0040)
        let bit = CANFrame.errorFrame(.bit, sent: 1, at: .data, isSender: true, counters: counters)
        #expect(bit.rawIdentifier == 0x2000_0088 && Array(bit.data[2...3]) == [0x90, 0x0A])
    }
}
