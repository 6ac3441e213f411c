import CAN
import CANProtocols
import Quantities
import Testing

/// The rules of SAE J1939-21 that the captured transfers do not show.
struct J1939TransportTests {
    static func frame(_ id: UInt32, _ text: String) -> CANFrame { CANFrame(id: id, isExtended: true, data: bytes(text)) }
    static let message = J1939Message(J1939Identifier(priority: 6, pgn: 0x0200, source: 0xF4, destination: 0x56), data: Array(1...41))

    /// The originator at F4 with RTS for 41 bytes, six packets, on the bus at 0.
    private func originator(_ outputs: inout [J1939Transport.Output], _ change: (inout J1939Transport.Settings) -> Void = { _ in }) throws -> J1939Transport {
        var settings = J1939Transport.Settings()
        change(&settings)
        var transport = J1939Transport(address: 0xF4, settings: settings)
        let handle = try transport.send(Self.message, at: .zero, into: &outputs)
        transport.transmitted(token: handle, at: .zero, into: &outputs)
        outputs = []
        return transport
    }

    /// Confirms every frame and returns those that were asked for.
    private func drain(_ transport: inout J1939Transport, _ outputs: inout [J1939Transport.Output], at now: Instant) -> [String] {
        var frames: [String] = []
        var rest: [J1939Transport.Output] = []
        while !outputs.isEmpty {
            let output = outputs.removeFirst()
            guard case .transmit(let frame, let token) = output else {
                rest.append(output)
                continue
            }
            frames.append(hex(frame.data))
            transport.transmitted(token: token, at: now, into: &outputs)
        }
        outputs = rest
        return frames
    }

    @Test("An originator without an answer gives up after T3 and says so")
    func noAnswer() throws {
        var outputs: [J1939Transport.Output] = []
        var transport = try originator(&outputs)
        #expect(transport.deadline == ms(1250))
        transport.advance(to: ms(1250), into: &outputs)
        #expect(outputs.first == .transmit(Self.frame(0x18EC_56F4, "FF03FFFFFF000200"), token: 0))
        #expect(outputs.last == .failed(.init(handle: 1, identifier: Self.message.identifier, error: .timeout(.answer))))
        #expect(transport.isIdle)
    }

    @Test("A hold gives T4, and the packets come in the windows that were asked for")
    func windows() throws {
        var outputs: [J1939Transport.Output] = []
        var transport = try originator(&outputs)
        transport.receive(Self.frame(0x18EC_F456, "1100FFFFFF000200"), at: ms(10), into: &outputs)
        #expect(outputs.isEmpty && transport.deadline == ms(1060))
        transport.receive(Self.frame(0x18EC_F456, "110201FFFF000200"), at: ms(20), into: &outputs)
        #expect(drain(&transport, &outputs, at: ms(20)) == ["0101020304050607", "0208090A0B0C0D0E"])
        transport.receive(Self.frame(0x18EC_F456, "11FF03FFFF000200"), at: ms(30), into: &outputs)
        #expect(drain(&transport, &outputs, at: ms(30)).map { String($0.prefix(2)) } == ["03", "04", "05", "06"])
        transport.receive(Self.frame(0x18EC_F456, "11FF02FFFF000200"), at: ms(40), into: &outputs)
        #expect(drain(&transport, &outputs, at: ms(40)).map { String($0.prefix(2)) } == ["02", "03", "04", "05", "06"], "asked for again")
        transport.receive(Self.frame(0x18EC_F456, "13290006FF000200"), at: ms(50), into: &outputs)
        #expect(outputs == [.sent(handle: 1)] && transport.isIdle)
    }

    @Test("A hold without end gives up after T4")
    func endlessHold() throws {
        var outputs: [J1939Transport.Output] = []
        var transport = try originator(&outputs)
        transport.receive(Self.frame(0x18EC_F456, "1100FFFFFF000200"), at: ms(10), into: &outputs)
        transport.advance(to: ms(1060), into: &outputs)
        guard case .failed(let failure)? = outputs.last else { return #expect(Bool(false)) }
        #expect(failure.error == .timeout(.hold))
    }

    @Test("Impossible answers and too many repetitions end the connection with the reason of the standard")
    func abortReasons() throws {
        func reason(_ frames: [String], _ expected: TransferError, _ abort: String?) throws {
            var outputs: [J1939Transport.Output] = []
            var transport = try originator(&outputs)
            for (index, text) in frames.enumerated() {
                outputs = outputs.filter { if case .transmit = $0 { false } else { true } }
                transport.receive(Self.frame(0x18EC_F456, text), at: .zero, into: &outputs)
                if index + 1 < frames.count { _ = drain(&transport, &outputs, at: .zero) }
            }
            #expect(outputs.last == .failed(.init(handle: 1, identifier: Self.message.identifier, error: expected)), "\(frames)")
            if let abort { #expect(outputs.first == .transmit(Self.frame(0x18EC_56F4, abort), token: 0)) } else { #expect(outputs.count == 1) }
        }
        try reason(["110205FFFF000200"], .sequence(due: 1, got: 5), "FF07FFFFFF000200")
        try reason(["110200FFFF000200"], .sequence(due: 1, got: 0), "FF07FFFFFF000200")
        let all = "110601FFFF000200"
        try reason([all, all, all, all], .gaveUp(reason: 5), "FF05FFFFFF000200")
        try reason(["FF02FFFFFF000200"], .aborted(reason: 2), nil)
        var outputs: [J1939Transport.Output] = []
        var transport = try originator(&outputs) { $0.packetSpacing = .milliseconds(10) }
        transport.receive(Self.frame(0x18EC_F456, all), at: .zero, into: &outputs)
        transport.transmitted(token: 1, at: .zero, into: &outputs)
        transport.receive(Self.frame(0x18EC_F456, all), at: ms(1), into: &outputs)
        #expect(outputs.contains(.transmit(Self.frame(0x18EC_56F4, "FF04FFFFFF000200"), token: 0)))
    }

    @Test("The end of another message, and answers about another group, change nothing")
    func strayAnswers() throws {
        var outputs: [J1939Transport.Output] = []
        var transport = try originator(&outputs)
        for text in ["13290006FF000200", "110601FFFF000300", "FF01FFFFFF000300", "55", "0102030405060708"] {
            transport.receive(Self.frame(0x18EC_F456, text), at: .zero, into: &outputs)
        }
        transport.receive(Self.frame(0x18EC_F457, "110601FFFF000200"), at: .zero, into: &outputs)
        #expect(outputs.isEmpty && !transport.isIdle)
    }

    @Test("Packets at their own spacing, transport frames at a priority of their own")
    func spacingAndPriority() throws {
        var outputs: [J1939Transport.Output] = []
        var transport = try originator(&outputs) {
            $0.packetSpacing = .milliseconds(10)
            $0.priority = 7
        }
        transport.receive(Self.frame(0x1CEC_F456, "110301FFFF000200"), at: ms(5), into: &outputs)
        #expect(outputs == [.transmit(Self.frame(0x1CEB_56F4, "0101020304050607"), token: 1)])
        transport.transmitted(token: 1, at: ms(6), into: &outputs)
        #expect(outputs.count == 1 && transport.deadline == ms(15))
        transport.advance(to: ms(15), into: &outputs)
        #expect(outputs.count == 2)
    }

    // MARK: Responder

    private func responder(_ change: (inout J1939Transport.Settings) -> Void = { _ in }) -> J1939Transport {
        var settings = J1939Transport.Settings()
        change(&settings)
        return J1939Transport(address: 0x56, settings: settings)
    }

    @Test("A responder asks for its window, and for what is missing at the end of it")
    func missingPackets() {
        var transport = responder { $0.window = 4 }
        var outputs: [J1939Transport.Output] = []
        func cm() -> [String] {
            defer { outputs = [] }
            return outputs.map { if case .transmit(let frame, _) = $0 { hex(frame.data) } else { "\($0)" } }
        }
        transport.receive(Self.frame(0x18EC_56F4, "10290006FF000200"), at: .zero, into: &outputs)
        #expect(cm() == ["110401FFFF000200"])
        for number in ["01", "03", "03", "04"] { transport.receive(Self.frame(0x18EB_56F4, number + "11223344556677"), at: .zero, into: &outputs) }
        #expect(cm() == ["110102FFFF000200"])
        transport.receive(Self.frame(0x18EB_56F4, "0211223344556677"), at: .zero, into: &outputs)
        #expect(cm() == ["110205FFFF000200"])
        transport.receive(Self.frame(0x18EB_56F4, "0511223344556677"), at: .zero, into: &outputs)
        #expect(cm().isEmpty && transport.deadline == ms(750))
        transport.advance(to: ms(750), into: &outputs)
        #expect(cm() == ["110106FFFF000200"], "asked for again after T1")
        transport.receive(Self.frame(0x18EB_56F4, "06112233445566FF"), at: ms(800), into: &outputs)
        #expect(outputs.first == .transmit(Self.frame(0x18EC_F456, "13290006FF000200"), token: 0))
        guard case .received(let message)? = outputs.last else { return #expect(Bool(false)) }
        #expect(message.identifier == Self.message.identifier && message.data.count == 41)
    }

    @Test("A responder that hears no packet gives up after T2, and after T1 when it has asked often enough")
    func silence() {
        var transport = responder()
        var outputs: [J1939Transport.Output] = []
        transport.receive(Self.frame(0x18EC_56F4, "10290006FF000200"), at: .zero, into: &outputs)
        outputs = []
        transport.advance(to: ms(1250), into: &outputs)
        #expect(outputs.first == .transmit(Self.frame(0x18EC_F456, "FF03FFFFFF000200"), token: 0))
        #expect(outputs.last == .failed(.init(handle: 0, identifier: Self.message.identifier, error: .timeout(.firstPacket))))
        var strict = responder { $0.retransmits = 0 }
        strict.receive(Self.frame(0x18EC_56F4, "10290006FF000200"), at: .zero, into: &outputs)
        strict.receive(Self.frame(0x18EB_56F4, "0111223344556677"), at: .zero, into: &outputs)
        strict.advance(to: ms(750), into: &outputs)
        #expect(outputs.last == .failed(.init(handle: 0, identifier: Self.message.identifier, error: .timeout(.nextPacket))))
    }

    @Test(
        "What cannot be taken is refused with the reason of the standard",
        arguments: [
            ("10FA0600FF000200", "FF09FFFFFF000200"), ("10290007FF000200", "FFFAFFFFFF000200"), ("10080002FF000200", "FFFAFFFFFF000200"),
        ])
    func refusals(_ request: String, _ abort: String) {
        var transport = responder()
        var outputs: [J1939Transport.Output] = []
        transport.receive(Self.frame(0x18EC_56F4, request), at: .zero, into: &outputs)
        #expect(outputs.first == .transmit(Self.frame(0x18EC_F456, abort), token: 0) && outputs.count == 2)
        #expect(transport.isIdle)
    }

    @Test("A second RTS takes the place of the first for its group, and is refused for another; sessions are limited")
    func secondRequest() {
        var transport = responder { $0.sessions = 2 }
        var outputs: [J1939Transport.Output] = []
        transport.receive(Self.frame(0x18EC_56F4, "10290006FF000200"), at: .zero, into: &outputs)
        outputs = []
        transport.receive(Self.frame(0x18EC_56F4, "10290006FF000300"), at: .zero, into: &outputs)
        #expect(outputs.first == .transmit(Self.frame(0x18EC_F456, "FF01FFFFFF000300"), token: 0))
        outputs = []
        transport.receive(Self.frame(0x18EC_56F4, "10090002FF000200"), at: .zero, into: &outputs)
        #expect(outputs.first == .failed(.init(handle: 0, identifier: Self.message.identifier, error: .interrupted)))
        #expect(outputs.last == .transmit(Self.frame(0x18EC_F456, "110201FFFF000200"), token: 0))
        transport.receive(Self.frame(0x18EC_FFF4, "20290006FF000200"), at: .zero, into: &outputs)
        outputs = []
        transport.receive(Self.frame(0x18EC_5610, "10290006FF000200"), at: .zero, into: &outputs)
        #expect(outputs.first == .transmit(Self.frame(0x18EC_1056, "FF02FFFFFF000200"), token: 0))
    }

    @Test("A responder that holds repeats CTS for no packets every Th")
    func holds() {
        var transport = responder { $0.holds = 2 }
        var outputs: [J1939Transport.Output] = []
        transport.receive(Self.frame(0x18EC_56F4, "10290006FF000200"), at: .zero, into: &outputs)
        transport.advance(to: ms(500), into: &outputs)
        transport.advance(to: ms(1000), into: &outputs)
        let texts = outputs.map { if case .transmit(let frame, _) = $0 { hex(frame.data) } else { "\($0)" } }
        #expect(texts == ["1100FFFFFF000200", "1100FFFFFF000200", "110601FFFF000200"])
    }

    @Test("A BAM that misses a packet or stops is given up in silence; a new one takes its place")
    func brokenBroadcast() {
        var transport = responder()
        var outputs: [J1939Transport.Output] = []
        let identifier = J1939Identifier(priority: 6, pgn: 0xFECA, source: 0xF4, destination: 255)
        transport.receive(Self.frame(0x18EC_FFF4, "200A0002FFCAFE00"), at: .zero, into: &outputs)
        transport.receive(Self.frame(0x18EB_FFF4, "0200000000000000"), at: .zero, into: &outputs)
        #expect(outputs == [.failed(.init(handle: 0, identifier: identifier, error: .sequence(due: 1, got: 2)))])
        outputs = []
        transport.receive(Self.frame(0x18EC_FFF4, "200A0002FFCAFE00"), at: .zero, into: &outputs)
        transport.receive(Self.frame(0x18EC_FFF4, "200A0002FFCAFE00"), at: ms(100), into: &outputs)
        #expect(outputs == [.failed(.init(handle: 0, identifier: identifier, error: .interrupted))])
        outputs = []
        transport.receive(Self.frame(0x18EB_FFF4, "0101020304050607"), at: ms(150), into: &outputs)
        transport.advance(to: ms(900), into: &outputs)
        #expect(outputs == [.failed(.init(handle: 0, identifier: identifier, error: .timeout(.nextPacket)))])
    }

    @Test("Messages to one destination wait for each other, to others they do not, and too many are refused")
    func queue() throws {
        var outputs: [J1939Transport.Output] = []
        var transport = try originator(&outputs) { $0.queue = 1 }
        let second = try transport.send(Self.message, at: .zero, into: &outputs)
        #expect(second == 2 && outputs.isEmpty)
        #expect(throws: TransferError.busy) { _ = try transport.send(Self.message, at: .zero, into: &outputs) }
        var other = Self.message
        other.identifier = J1939Identifier(pgn: 0x0200, source: 0, destination: 0x57)
        _ = try transport.send(other, at: .zero, into: &outputs)
        #expect(outputs.count == 1)
        transport.receive(Self.frame(0x18EC_F456, "FF02FFFFFF000200"), at: .zero, into: &outputs)
        #expect(outputs.last == .transmit(Self.frame(0x18EC_56F4, "1029000606000200"), token: 2), "the next one begins")
        var long = Self.message
        long.data = Array(repeating: 0, count: 1786)
        #expect(throws: TransferError.length(count: 1786, limit: 1785)) { _ = try transport.send(long, at: .zero, into: &outputs) }
    }

    @Test("A group without destination reaches one node by RTS and CTS")
    func directedGroup() throws {
        var outputs: [J1939Transport.Output] = []
        var transport = J1939Transport(address: 0xF4)
        let message = J1939Message(J1939Identifier(pgn: 0xFECA, source: 0xF4, destination: 0x56), data: Array(0..<9))
        _ = try transport.send(message, at: .zero, into: &outputs)
        #expect(outputs == [.transmit(Self.frame(0x18EC_56F4, "1009000202CAFE00"), token: 1)])
        var other = responder()
        outputs = []
        other.receive(Self.frame(0x18EC_56F4, "1009000202CAFE00"), at: .zero, into: &outputs)
        #expect(outputs == [.transmit(Self.frame(0x18EC_F456, "110201FFFFCAFE00"), token: 0)])
    }
}
