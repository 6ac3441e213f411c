import CAN
import Quantities

/// Reads libpcap files of both byte orders, with microseconds or nanoseconds.
final class PcapParser: LogParser {
    /// The most bytes of one packet; more is taken for a broken file.
    static let mostBytes: UInt32 = 1 << 17
    private let input: LogInput
    private let isBigEndian: Bool
    private let hasNanoseconds: Bool
    private let link: SocketCANPacket.Link
    private(set) var omissions = [UInt64](repeating: 0, count: CANLogOmission.allCases.count)
    private var hasFrames = false
    let hasDate = true
    var interfaces: [String] { hasFrames ? ["can0"] : [] }

    init(_ input: LogInput) throws(CANLogError) {
        self.input = input
        guard input.need(24) else { throw CANLogError(.byte(0), "the file ends inside its header", isFatal: true) }
        let magic = UInt32(bigEndian: UnsafeRawPointer(input.cursor).loadUnaligned(as: UInt32.self))
        switch magic {
        case 0xA1B2_C3D4: (isBigEndian, hasNanoseconds) = (true, false)
        case 0xD4C3_B2A1: (isBigEndian, hasNanoseconds) = (false, false)
        case 0xA1B2_3C4D: (isBigEndian, hasNanoseconds) = (true, true)
        case 0x4D3C_B2A1: (isBigEndian, hasNanoseconds) = (false, true)
        default: throw CANLogError(.byte(0), "it does not begin as a pcap file does", isFatal: true)
        }
        let number: UInt32 = PacketBytes(input.cursor, 24, isBigEndian: isBigEndian).number(20)
        guard let link = SocketCANPacket.Link(rawValue: number & 0xFFFF) else {
            throw CANLogError(.byte(20), "its link type is \(number & 0xFFFF); CAN has 227, and 113 or 276 when captured on 'any'", isFatal: true)
        }
        self.link = link
        input.advance(24)
    }

    func next(_ record: inout CANLogRecord) throws(CANLogError) -> Bool {
        while true {
            let position = input.position
            guard input.need(16) else {
                if input.available == 0 { return false }
                input.advance(16)
                throw CANLogError(.byte(position), "the file ends inside the header of a packet", isFatal: true)
            }
            let head = PacketBytes(input.cursor, 16, isBigEndian: isBigEndian)
            let (seconds, part, kept, original): (UInt32, UInt32, UInt32, UInt32) = (head.number(0), head.number(4), head.number(8), head.number(12))
            guard kept <= Self.mostBytes else { throw CANLogError(.byte(position + 8), "a packet of \(kept) bytes cannot be", isFatal: true) }
            guard input.need(16 + Int(kept)) else { throw CANLogError(.byte(position), "the file ends inside a packet", isFatal: true) }
            let packet = PacketBytes(input.cursor + 16, Int(kept))
            input.advance(16 + Int(kept))
            guard part < (hasNanoseconds ? 1_000_000_000 : 1_000_000) else {
                throw CANLogError(.byte(position + 4), "the part of a second of the packet's time is a second or more")
            }
            record.instant = Instant(nanoseconds: Int64(seconds) * 1_000_000_000 + Int64(part) * (hasNanoseconds ? 1 : 1000))
            record.channel = 0
            switch SocketCANPacket.read(packet, original: Int(original), link: link, &record) {
            case .frame:
                hasFrames = true
                return true
            case .omitted(let kind): omissions[kind.rawValue] += 1
            case .bad(let reason): throw CANLogError(.byte(position), "\(reason)")
            }
        }
    }
}
