import CAN
import CANProtocols
import Quantities
import Testing

/// Identifiers, NAMEs, requests and the claim of addresses.
struct J1939Tests {
    @Test(
        "Identifiers are composed and taken apart as GB/T 27930 writes them",
        arguments: [
            (6, 0x2600, 0x56, 0xF4, 0x1826_F456), (7, 0xEC00, 0xF4, 0x56, 0x1CEC_56F4), (4, 0x1900, 0xF4, 0x56, 0x1019_56F4),
            (2, 0x1E00, 0xF4, 0x56, 0x081E_56F4), (6, 0xFECA, 0xF4, 0xFF, 0x18FE_CAF4), (3, 0x1FECA, 0x12, 0xFF, 0x0DFE_CA12),
            (0, 0x3AB00, 0x01, 0x02, 0x03AB_0201),
        ])
    func identifiers(_ priority: UInt8, _ pgn: UInt32, _ source: UInt8, _ destination: UInt8, _ raw: UInt32) {
        let identifier = J1939Identifier(priority: priority, pgn: pgn, source: source, destination: destination)
        #expect(identifier.rawValue == raw)
        #expect(J1939Identifier(raw) == identifier)
    }

    @Test("Every 29-bit number is an identifier and comes back")
    func everyIdentifier() {
        var random = TestRandom(3)
        for _ in 0..<20_000 {
            let raw = UInt32.random(in: 0...0x1FFF_FFFF, using: &random)
            let identifier = J1939Identifier(raw)
            #expect(identifier.rawValue == raw)
            #expect(identifier.pduFormat == UInt8(raw >> 16 & 0xFF) && identifier.pduSpecific == UInt8(raw >> 8 & 0xFF))
        }
        #expect(J1939Identifier(CANFrame(id: 5, data: [])) == nil)
        #expect(J1939Identifier(0x03FE_CA00).isDataPage1 && J1939Identifier(0x03FE_CA00).isExtendedDataPage)
    }

    @Test("A NAME keeps its fields")
    func names() {
        let name = J1939Name(
            identity: 0x12345, manufacturer: 0x3AB, ecuInstance: 5, functionInstance: 17, function: 200, vehicleSystem: 99, vehicleSystemInstance: 3,
            industryGroup: 2, isArbitraryAddressCapable: true)
        #expect(name.identity == 0x12345 && name.manufacturer == 0x3AB && name.ecuInstance == 5 && name.functionInstance == 17)
        #expect(name.function == 200 && name.vehicleSystem == 99 && name.vehicleSystemInstance == 3 && name.industryGroup == 2)
        #expect(name.isArbitraryAddressCapable && J1939Name(data: name.data) == name)
        #expect(J1939Name(data: [1, 2]) == nil)
    }

    @Test("A request names its group, an acknowledgement who asked")
    func requests() {
        let request = J1939Message.request(0xFECA, source: 0x56, destination: 0xF4)
        #expect(request.identifier.rawValue == 0x18EA_F456 && request.data == [0xCA, 0xFE, 0x00] && request.requestedGroup == 0xFECA)
        let answer = J1939Message.acknowledgement(.negative, of: 0xFECA, source: 0xF4, to: 0x56)
        #expect(answer.identifier.rawValue == 0x18E8_FFF4 && hex(answer.data) == "01FFFFFF56CAFE00" && answer.requestedGroup == nil)
    }

    // MARK: Address claim

    private func claim(_ name: UInt64, _ source: UInt8) -> CANFrame {
        J1939Identifier(pgn: 0xEE00, source: source, destination: 255).frame(J1939Name(rawValue: name).data)
    }

    @Test("An address of the free range may be used after 250 ms, an assigned one at once")
    func uncontended() {
        var application = J1939AddressClaim(name: J1939Name(rawValue: 0x1234))
        var outputs: [J1939AddressClaim.Output] = []
        application.start(0x90, at: .zero, into: &outputs)
        #expect(outputs == [.transmit(claim(0x1234, 0x90))])
        #expect(!application.isClaimed && application.deadline == ms(250))
        application.advance(to: ms(250), into: &outputs)
        #expect(outputs.last == .claimed(0x90) && application.isClaimed)
        var assigned = J1939AddressClaim(name: J1939Name(rawValue: 0x1234))
        outputs = []
        assigned.start(0x56, at: .zero, into: &outputs)
        #expect(outputs == [.transmit(claim(0x1234, 0x56)), .claimed(0x56)])
    }

    @Test("The lower NAME keeps the address: the other defends, moves on, or cannot claim")
    func contention() {
        var outputs: [J1939AddressClaim.Output] = []
        var strong = J1939AddressClaim(name: J1939Name(rawValue: 10))
        strong.start(0x56, at: .zero, into: &outputs)
        outputs = []
        strong.receive(claim(20, 0x56), at: ms(5), into: &outputs)
        #expect(outputs == [.transmit(claim(10, 0x56))], "it defends")
        outputs = []
        strong.receive(claim(5, 0x56), at: ms(6), into: &outputs)
        #expect(outputs == [.lost(0x56), .cannotClaim] && strong.address == nil)
        strong.advance(to: ms(6) + Duration(nanoseconds: 6_000_000), into: &outputs)
        #expect(outputs.last == .transmit(claim(10, 0xFE)), "said after 10 x 0.6 ms")
        let capable: UInt64 = 1 << 63 | 7
        var flexible = J1939AddressClaim(name: J1939Name(rawValue: capable))
        outputs = []
        flexible.start(0x56, at: .zero, into: &outputs)
        flexible.receive(claim(3, 128), at: .zero, into: &outputs)
        outputs = []
        flexible.receive(claim(5, 0x56), at: ms(1), into: &outputs)
        #expect(outputs == [.lost(0x56), .transmit(claim(capable, 129))], "128 is taken")
        flexible.advance(to: ms(251), into: &outputs)
        #expect(outputs.last == .claimed(129))
    }

    @Test("Any two applications come to terms, even with the same NAME, in a bounded number of frames")
    func anyTwo() {
        for (a, b) in [(1, 2), (2, 1), (7, 7), (1 << 63 | 1, 1 << 63 | 2), (1 << 63 | 9, 1 << 63 | 9)] as [(UInt64, UInt64)] {
            var applications = [J1939AddressClaim(name: J1939Name(rawValue: a)), J1939AddressClaim(name: J1939Name(rawValue: b))]
            var queues: [[J1939AddressClaim.Output]] = [[], []]
            var now = Instant.zero
            var frames = 0
            for index in 0..<2 { applications[index].start(0x80, at: now, into: &queues[index]) }
            while frames < 50 {
                if let from = (0..<2).first(where: { !queues[$0].isEmpty }) {
                    guard case .transmit(let frame) = queues[from].removeFirst() else { continue }
                    frames += 1
                    applications[1 - from].receive(frame, at: now, into: &queues[1 - from])
                } else if let next = applications.compactMap(\.deadline).min() {
                    now = next
                    for index in 0..<2 { applications[index].advance(to: now, into: &queues[index]) }
                } else {
                    break
                }
            }
            #expect(frames < 50)
            let addresses = applications.compactMap(\.address)
            #expect(Set(addresses).count == addresses.count, "\(addresses)")
            if a < b { #expect(applications[0].address == 0x80) }
        }
    }

    @Test("A request for address claims is answered by the address or by cannot claim")
    func requestForClaims() {
        var outputs: [J1939AddressClaim.Output] = []
        let request = J1939Message.request(0xEE00, source: 0xF4)
        let frame = request.identifier.frame(request.data)
        var application = J1939AddressClaim(name: J1939Name(rawValue: 0x10))
        application.receive(frame, at: .zero, into: &outputs)
        #expect(outputs.isEmpty)
        application.start(0x56, at: .zero, into: &outputs)
        outputs = []
        application.receive(frame, at: .zero, into: &outputs)
        #expect(outputs == [.transmit(claim(0x10, 0x56))])
    }
}
