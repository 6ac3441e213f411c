import CAN
import CANLive
import Testing

@Suite("Datagrams of python-can's udp_multicast")
struct MulticastCodecTests {
    static func encode(_ frame: CANWideFrame, _ timestamp: Double = 1_795_230_000.123456) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xEE, count: MulticastCodec.maximumLength)
        let length = bytes.withUnsafeMutableBytes { $0.baseAddress.map { MulticastCodec.encode(frame, timestamp: timestamp, into: $0) } ?? 0 }
        return Array(bytes.prefix(length))
    }

    static func decode(_ bytes: [UInt8]) -> CANWideFrame? { bytes.withUnsafeBytes { MulticastCodec.decode($0) } }

    /// What python-can 4.6.1 with msgpack 1.2.4 writes for 300#D204 at 1795230000.123456.
    static let vector =
        "8ba974696d657374616d70cb41dac0424c07e6b4ae6172626974726174696f6e5f6964cd0300ae69735f657874656e6465645f6964c2af69735f72656d6f74655f"
        + "6672616d65c2ae69735f6572726f725f6672616d65c2a76368616e6e656cc0a3646c6302a464617461c402d204a569735f6664c2ae626974726174655f73776974"
        + "6368c2b56572726f725f73746174655f696e64696361746f72c2"

    @Test("a frame is the bytes that python-can writes")
    func exactBytes() {
        let frame = CANWideFrame(CANFrame(id: 0x300, data: [0xD2, 0x04]))
        let bytes = Self.encode(frame)
        #expect(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == Self.vector)
        #expect(bytes.count == 156)
        #expect(Self.decode(bytes) == frame)
    }

    /// Frames of every kind by a small generator.
    static func frame(_ step: UInt64) -> CANWideFrame {
        var random = step &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678
        func next() -> UInt64 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return random
        }
        let id = UInt32(truncatingIfNeeded: next())
        let isExtended = next() & 1 == 1
        switch next() % 5 {
        case 0: return CANWideFrame(CANFrame(id: id, isExtended: isExtended, isRemote: true, lengthCode: UInt8(next() % 9), payload: 0))
        case 1: return CANWideFrame(CANFrame(id: id & 0x3FF, isError: true, lengthCode: 8, payload: next()))
        case 2:
            let code = UInt8(next() % 16)
            let flags = CANFrameFlags(rawValue: UInt8(next() % 4))
            let data = CANData((0..<CANFrame.dataLength(ofCode: code)).map { _ in UInt8(truncatingIfNeeded: next()) })
            return CANWideFrame(
                CANFrame(fd: id, isExtended: isExtended, flags: flags, lengthCode: code, payload: data.firstEight), wide: code > 8 ? data : CANData())
        default: return CANWideFrame(CANFrame(id: id, isExtended: isExtended, lengthCode: UInt8(next() % 9), payload: next()))
        }
    }

    @Test("ten thousand frames of every kind come back as they were")
    func roundTrip() {
        for step in 0..<10_000 as Range<UInt64> {
            let frame = Self.frame(step)
            let bytes = Self.encode(frame)
            guard Self.decode(bytes) == frame else {
                Issue.record("frame \(step): \(frame) became \(String(describing: Self.decode(bytes)))")
                return
            }
        }
    }

    @Test("every cut datagram is refused")
    func cuts() {
        let whole = Self.encode(CANWideFrame(CANFrame(id: 0x18FF_50E5, isExtended: true, data: [1, 2, 3])))
        for length in 0..<whole.count { #expect(Self.decode(Array(whole.prefix(length))) == nil) }
        #expect(Self.decode(whole + [0]) == nil)
    }

    @Test("changed bytes are a frame or are refused, never worse")
    func mutations() {
        var random: UInt64 = 7
        for step in 0..<20_000 as Range<UInt64> {
            var bytes = Self.encode(Self.frame(step))
            for _ in 0..<3 {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(random >> 33) % bytes.count] = UInt8(truncatingIfNeeded: random >> 20)
            }
            if let frame = Self.decode(bytes) { #expect(frame.frame.count <= 64) }
        }
    }

    @Test(
        "what python-can's own check refuses is refused",
        arguments: [
            (CANFrame(id: 1, data: [1]), "dlc", [0x01], [0x02]),
            (CANFrame(id: 1, data: [1]), "is_extended_id", [0xC2], [0xC0]),
            (CANFrame(id: 1, isRemote: true, lengthCode: 3, payload: 0), "is_fd", [0xC2], [0xC3]),
            (CANFrame(id: 1, data: [1]), "bitrate_switch", [0xC2], [0xC3]),
        ] as [(CANFrame, String, [UInt8], [UInt8])])
    func refusals(_ frame: CANFrame, _ key: String, _ old: [UInt8], _ new: [UInt8]) throws {
        var bytes = Self.encode(CANWideFrame(frame))
        #expect(Self.decode(bytes) != nil)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: Array(key.utf8)) }) + key.utf8.count
        #expect(Array(bytes[place..<place + old.count]) == old)
        bytes.replaceSubrange(place..<place + old.count, with: new)
        #expect(Self.decode(bytes) == nil)
    }

    @Test("maps that nest or promise too much end quickly")
    func bombs() {
        #expect(Self.decode([0xDF, 0xFF, 0xFF, 0xFF, 0xFF]) == nil)
        #expect(Self.decode([0x81, 0xA7] + Array("channel".utf8) + [UInt8](repeating: 0x91, count: 4000)) == nil)
        #expect(Self.decode([0x81, 0xA7] + Array("channel".utf8) + [0xDD, 0xFF, 0xFF, 0xFF, 0xFF]) == nil)
    }
}
