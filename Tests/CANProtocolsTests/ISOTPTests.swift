import CAN
import CANProtocols
import Quantities
import Testing

/// The rules of ISO 15765-2 that the captured transfers do not show.
struct ISOTPTests {
    static let data = ISOTPEndpoint(id: 0x7E0)
    static let flow = ISOTPEndpoint(id: 0x7E8)

    static func frame(_ text: String, id: UInt32 = 0x7E8) -> CANWideFrame { CANWideFrame(CANFrame(id: id, data: bytes(text))) }

    private func sender(_ change: (inout ISOTPSender.Settings) -> Void = { _ in }) -> ISOTPSender {
        var settings = ISOTPSender.Settings(data: Self.data, flow: Self.flow)
        change(&settings)
        return ISOTPSender(settings)
    }

    private func receiver(_ change: (inout ISOTPReceiver.Settings) -> Void = { _ in }) -> ISOTPReceiver {
        var settings = ISOTPReceiver.Settings(data: Self.data, flow: Self.flow)
        change(&settings)
        return ISOTPReceiver(settings)
    }

    /// A sender whose first frame of 20 bytes is on the bus at 0.
    private func waiting(_ outputs: inout [ISOTPSender.Output], _ change: (inout ISOTPSender.Settings) -> Void = { _ in }) throws -> ISOTPSender {
        var sender = sender(change)
        try sender.send(Array(0..<20), at: .zero, into: &outputs)
        sender.transmitted(at: .zero, into: &outputs)
        outputs = []
        return sender
    }

    @Test("A sender without flow control gives up after N_Bs")
    func flowControlTimeout() throws {
        var outputs: [ISOTPSender.Output] = []
        var sender = try waiting(&outputs)
        #expect(sender.deadline == ms(1000))
        sender.advance(to: ms(999), into: &outputs)
        #expect(outputs.isEmpty)
        sender.advance(to: ms(1000), into: &outputs)
        #expect(outputs == [.failed(.timeout(.flowControl))])
        #expect(sender.isIdle)
    }

    @Test("A frame that does not get onto the bus ends the transfer after N_As")
    func frameTimeout() throws {
        var outputs: [ISOTPSender.Output] = []
        var sender = sender { $0.frameTime = .milliseconds(70) }
        try sender.send([1, 2, 3], at: .zero, into: &outputs)
        sender.advance(to: ms(70), into: &outputs)
        #expect(outputs.last == .failed(.timeout(.frameOfSender)))
    }

    @Test("Each request to wait gives the receiver N_Bs again, up to the limit")
    func waits() throws {
        var outputs: [ISOTPSender.Output] = []
        var sender = try waiting(&outputs) { $0.waitLimit = 2 }
        sender.receive(Self.frame("310000"), at: ms(900), into: &outputs)
        #expect(sender.deadline == ms(1900))
        sender.receive(Self.frame("310000"), at: ms(1800), into: &outputs)
        #expect(outputs.isEmpty)
        sender.receive(Self.frame("310000"), at: ms(1900), into: &outputs)
        #expect(outputs == [.failed(.waits(limit: 2))])
    }

    @Test("Overflow and unknown statuses end the transfer", arguments: [("320000", TransferError.overflow), ("370000", .flowStatus(7))])
    func statuses(_ text: String, _ error: TransferError) throws {
        var outputs: [ISOTPSender.Output] = []
        var sender = try waiting(&outputs)
        sender.receive(Self.frame(text), at: .zero, into: &outputs)
        #expect(outputs == [.failed(error)])
    }

    @Test("Consecutive frames keep the distance of STmin, a reserved one means 127 ms", arguments: [(0x14, 20_000_000), (0xF5, 500_000), (0x80, 127_000_000)])
    func separation(_ byte: UInt8, _ nanoseconds: Int64) throws {
        var outputs: [ISOTPSender.Output] = []
        var sender = try waiting(&outputs)
        sender.receive(CANWideFrame(CANFrame(id: 0x7E8, data: [0x30, 0, byte])), at: ms(3), into: &outputs)
        #expect(outputs == [.transmit(Self.frame("21060708090A0B0C", id: 0x7E0))])
        sender.transmitted(at: ms(3), into: &outputs)
        #expect(outputs.count == 1)
        #expect(sender.deadline == ms(3) + Duration(nanoseconds: nanoseconds))
        // A flow control that nobody waits for changes nothing.
        sender.receive(Self.frame("320000"), at: ms(3), into: &outputs)
        sender.advance(to: ms(200), into: &outputs)
        sender.transmitted(at: ms(200), into: &outputs)
        #expect(outputs.count == 3 && outputs.last == .sent)
    }

    @Test("A flow control that is there before the confirmation of the first frame counts")
    func earlyFlowControl() throws {
        var outputs: [ISOTPSender.Output] = []
        var sender = sender()
        try sender.send(Array(0..<8), at: .zero, into: &outputs)
        sender.receive(Self.frame("300000"), at: .zero, into: &outputs)
        #expect(outputs.count == 2)
        sender.transmitted(at: .zero, into: &outputs)
        #expect(outputs.last == .sent)
    }

    @Test("To all only what fits a single frame can be sent, and a first frame to all is not taken")
    func functional() throws {
        var outputs: [ISOTPSender.Output] = []
        var sender = sender { $0.isFunctional = true }
        #expect(throws: TransferError.length(count: 8, limit: 7)) { try sender.send(Array(0..<8), at: .zero, into: &outputs) }
        try sender.send(Array(0..<7), at: .zero, into: &outputs)
        #expect(throws: TransferError.busy) { try sender.send([1], at: .zero, into: &outputs) }
        var receiver = receiver { $0.isFunctional = true }
        var answers: [ISOTPReceiver.Output] = []
        receiver.receive(Self.frame("1014112233445566", id: 0x7E0), at: .zero, into: &answers)
        #expect(answers.isEmpty && receiver.isIdle)
        receiver.receive(Self.frame("0311", id: 0x7E0), at: .zero, into: &answers)
        #expect(answers.isEmpty)
        receiver.receive(Self.frame("021122", id: 0x7E0), at: .zero, into: &answers)
        #expect(answers == [.received([0x11, 0x22])])
    }

    @Test("A message above the receiver's limit is refused with overflow, however long it says it is")
    func announcedLength() {
        var receiver = receiver { $0.limit = 4000 }
        var outputs: [ISOTPReceiver.Output] = []
        for text in ["1FA1000000000000", "1000FFFFFFFF0000"] {
            outputs = []
            receiver.receive(Self.frame(text, id: 0x7E0), at: .zero, into: &outputs)
            #expect(outputs == [.transmit(Self.frame("320000")), .failed(.overflow)])
            receiver.transmitted(at: .zero, into: &outputs)
            #expect(receiver.isIdle)
        }
        outputs = []
        // Four bytes of length for what two could say, a length that a single frame could hold, a first frame of seven bytes.
        for text in ["1000000000140000", "1007112233445566", "10141122334455"] {
            receiver.receive(Self.frame(text, id: 0x7E0), at: .zero, into: &outputs)
        }
        #expect(outputs.isEmpty && receiver.isIdle)
    }

    @Test("A wrong number, or none in time, ends the reception")
    func wrongNumber() {
        var receiver = receiver()
        var outputs: [ISOTPReceiver.Output] = []
        receiver.receive(Self.frame("1014112233445566", id: 0x7E0), at: .zero, into: &outputs)
        receiver.transmitted(at: .zero, into: &outputs)
        outputs = []
        receiver.receive(Self.frame("21778899AA", id: 0x7E0), at: .zero, into: &outputs)
        #expect(outputs.isEmpty, "a frame too short to carry its bytes is ignored")
        receiver.receive(Self.frame("29778899AABBCCDD", id: 0x7E0), at: .zero, into: &outputs)
        #expect(outputs == [.failed(.sequence(due: 1, got: 9))])
        outputs = []
        receiver.receive(Self.frame("1014112233445566", id: 0x7E0), at: .zero, into: &outputs)
        receiver.transmitted(at: ms(1), into: &outputs)
        #expect(receiver.deadline == ms(1001))
        receiver.advance(to: ms(1001), into: &outputs)
        #expect(outputs.last == .failed(.timeout(.consecutiveFrame)))
    }

    @Test("A new message ends the one that is under way")
    func interruption() {
        var receiver = receiver()
        var outputs: [ISOTPReceiver.Output] = []
        receiver.receive(Self.frame("1014112233445566", id: 0x7E0), at: .zero, into: &outputs)
        receiver.transmitted(at: .zero, into: &outputs)
        receiver.receive(Self.frame("0199", id: 0x7E0), at: .zero, into: &outputs)
        #expect(outputs.suffix(2) == [.failed(.interrupted), .received([0x99])])
    }

    @Test("A slow receiver asks to wait before each permission")
    func slowReceiver() {
        var receiver = receiver {
            $0.waits = 2
            $0.blockSize = 1
        }
        var outputs: [ISOTPReceiver.Output] = []
        func drain(_ instant: Instant) -> [CANWideFrame] {
            let frames = outputs.compactMap { if case .transmit(let frame) = $0 { frame } else { nil } }
            outputs = []
            receiver.transmitted(at: instant, into: &outputs)
            return frames
        }
        receiver.receive(Self.frame("1014112233445566", id: 0x7E0), at: .zero, into: &outputs)
        #expect(drain(.zero) == [Self.frame("310100")])
        receiver.receive(Self.frame("21778899AABBCCDD", id: 0x7E0), at: ms(50), into: &outputs)
        receiver.advance(to: ms(100), into: &outputs)
        #expect(drain(ms(100)) == [Self.frame("310100")])
        receiver.advance(to: ms(200), into: &outputs)
        #expect(drain(ms(200)) == [Self.frame("300100")])
        receiver.receive(Self.frame("21778899AABBCCDD", id: 0x7E0), at: ms(201), into: &outputs)
        #expect(drain(ms(201)) == [Self.frame("310100")])
    }

    @Test("STmin is written as the least byte that is not shorter")
    func separationByte() {
        let cases: [(Int64, UInt8?)] = [(0, 0), (1, 0xF1), (100_000, 0xF1), (100_001, 0xF2), (900_000, 0xF9), (900_001, 1), (1_000_001, 2), (127_000_000, 127)]
        for (nanoseconds, byte) in cases { #expect(ISOTPSeparation.byte(for: Duration(nanoseconds: nanoseconds)) == byte) }
        #expect(ISOTPSeparation.byte(for: .milliseconds(128)) == nil && ISOTPSeparation.byte(for: .milliseconds(-1)) == nil)
        for byte in [UInt8](0...127) + [UInt8](0xF1...0xF9) { #expect(ISOTPSeparation.byte(for: ISOTPSeparation.duration(of: byte)) == byte) }
    }

    @Test("Normal fixed addressing and the lengths of FD frames")
    func forms() {
        #expect(ISOTPEndpoint.normalFixed(source: 0xF1, target: 0x00).id == 0x18DA_00F1)
        #expect(ISOTPEndpoint.normalFixed(source: 0xF1, target: 0x33, isFunctional: true).id == 0x18DB_33F1)
        #expect((0...70).filter { ISOTPFormat(fd: $0) != nil } == [8, 12, 16, 20, 24, 32, 48, 64])
    }
}
