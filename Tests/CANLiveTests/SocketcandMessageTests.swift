import CAN
import CANLive
import Testing

@Suite("Messages of socketcand")
struct SocketcandMessageTests {
    static func message(_ text: String) -> SocketcandMessage {
        var text = text
        return text.withUTF8 { SocketcandMessage(UnsafeRawBufferPointer($0)) }
    }

    @Test("frames are read as socketcand writes them")
    func frames() {
        #expect(Self.message(" frame 300 1795230000.123456 D204 ") == .frame(CANFrame(id: 0x300, data: [0xD2, 4]), nanoseconds: 1_795_230_000_123_456_000))
        #expect(Self.message(" frame 200 1795230000.300000  ") == .frame(CANFrame(id: 0x200, data: []), nanoseconds: 1_795_230_000_300_000_000))
        #expect(
            Self.message(" frame 18FF50E5 0.000001 0001020304050607 ")
                == .frame(CANFrame(id: 0x18FF_50E5, isExtended: true, data: 0..<8), nanoseconds: 1000))
        #expect(
            Self.message(" error 080 1795230000.400000 ")
                == .errorReport(CANFrame(id: 0x80, isError: true, lengthCode: 8, payload: 0), nanoseconds: 1_795_230_000_400_000_000))
    }

    @Test("what python-can's client sends is understood, and its remote frame is refused")
    func sends() {
        #expect(Self.message(" send 210 2 e8 3 ") == .send(CANFrame(id: 0x210, data: [0xE8, 3])))
        #expect(Self.message(" send 200 0  ") == .send(CANFrame(id: 0x200, data: [])))
        #expect(Self.message(" send 18FF50E5 1 1 ") == .send(CANFrame(id: 0x18FF_50E5, isExtended: true, data: [1])))
        #expect(Self.message(" send 210 2  ") == .wrong("'send' with a length of 2 and 0 bytes (remote frames are no part of this protocol)"))
    }

    @Test(
        "what is malformed is named",
        arguments: [
            ("", "an empty message"), (" jump ", "'jump' is not known here"), (" open ", "'open' needs the name of a bus"),
            (" open a b ", "'b' is too much"), (" send 9 1 100 ", "'send' with a length of 1 and other data"),
            (" send 1 9 1 ", "'send' needs a length from 0 to 8"),
            (" send 800 0 ", "'send' needs an identifier of 3 hexadecimal digits, or 8 for the extended format"),
            (" send FFFFFFFF 0 ", "'send' needs an identifier of 3 hexadecimal digits, or 8 for the extended format"),
            (" frame 1 2 3 ", "'frame' without identifier and time"), (" frame 1 2.000000 123 ", "'frame' with data that are no 0 to 8 bytes"),
            (" frame 1 2.000000 112233445566778899 ", "'frame' with data that are no 0 to 8 bytes"), (" statistics x ", "'statistics' needs milliseconds"),
        ])
    func mistakes(_ text: String, _ what: String) { #expect(Self.message(text) == .wrong(what)) }

    @Test("words of an error are kept")
    func errors() { #expect(Self.message(" error could not open bus ") == .error("could not open bus")) }

    @Test("random bytes are some message, never worse")
    func randomBytes() {
        var random: UInt64 = 99
        let words = ["frame", "send", "open", "error", "subscribe", "300", "1.000000", "8", "FF", "", "18FF50E5"]
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<8 {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                if random >> 62 == 0 {
                    bytes.append(UInt8(truncatingIfNeeded: random >> 40))
                } else {
                    bytes += Array((words[Int(random >> 33) % words.count] + " ").utf8)
                }
            }
            _ = bytes.withUnsafeBytes { SocketcandMessage($0) }
        }
    }
}
