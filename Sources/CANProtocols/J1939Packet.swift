import CAN

/// A message of connection management, TP.CM (PGN 0xEC00), SAE J1939-21 §5.10.3.
enum J1939Packet: Hashable {
    /// RTS: bytes, packets, the most packets for one CTS, group.
    case requestToSend(count: Int, packets: Int, perRequest: UInt8, pgn: UInt32)
    /// CTS: packets that may come (0 to hold), the first of them, group.
    case clearToSend(packets: Int, next: Int, pgn: UInt32)
    /// EoMA: all arrived.
    case endOfMessage(count: Int, packets: Int, pgn: UInt32)
    /// BAM: bytes and packets of a message to all.
    case broadcast(count: Int, packets: Int, pgn: UInt32)
    /// The connection is over.
    case abort(reason: UInt8, pgn: UInt32)

    static let management: UInt32 = 0xEC00
    static let transfer: UInt32 = 0xEB00

    /// Number of packets of seven bytes that a message takes.
    static func packets(of count: Int) -> Int { (count + 6) / 7 }

    /// The three bytes of a group number, the lowest first.
    static func bytes(of pgn: UInt32) -> [UInt8] { [UInt8(pgn & 0xFF), UInt8(pgn >> 8 & 0xFF), UInt8(pgn >> 16 & 3)] }

    /// Reads eight bytes; `nil` when they are no known message.
    init?(_ frame: CANFrame) {
        guard frame.count == 8 else { return nil }
        let pgn = (UInt32(frame[5]) | UInt32(frame[6]) << 8 | UInt32(frame[7]) << 16) & 0x3FFFF
        let count = Int(frame[1]) | Int(frame[2]) << 8
        switch frame[0] {
        case 0x10: self = .requestToSend(count: count, packets: Int(frame[3]), perRequest: frame[4], pgn: pgn)
        case 0x11: self = .clearToSend(packets: Int(frame[1]), next: Int(frame[2]), pgn: pgn)
        case 0x13: self = .endOfMessage(count: count, packets: Int(frame[3]), pgn: pgn)
        case 0x20: self = .broadcast(count: count, packets: Int(frame[3]), pgn: pgn)
        case 0xFF: self = .abort(reason: frame[1], pgn: pgn)
        default: return nil
        }
    }

    /// The eight bytes.
    var bytes: [UInt8] {
        func low(_ count: Int) -> UInt8 { UInt8(truncatingIfNeeded: count) }
        return switch self {
        case .requestToSend(let count, let packets, let perRequest, let pgn):
            [0x10, low(count), low(count >> 8), low(packets), perRequest] + Self.bytes(of: pgn)
        case .clearToSend(let packets, let next, let pgn): [0x11, low(packets), low(next), 0xFF, 0xFF] + Self.bytes(of: pgn)
        case .endOfMessage(let count, let packets, let pgn): [0x13, low(count), low(count >> 8), low(packets), 0xFF] + Self.bytes(of: pgn)
        case .broadcast(let count, let packets, let pgn): [0x20, low(count), low(count >> 8), low(packets), 0xFF] + Self.bytes(of: pgn)
        case .abort(let reason, let pgn): [0xFF, reason, 0xFF, 0xFF, 0xFF] + Self.bytes(of: pgn)
        }
    }

    /// The frame of this message.
    func frame(priority: UInt8, source: UInt8, destination: UInt8) -> CANFrame {
        J1939Identifier(priority: priority, pgn: Self.management, source: source, destination: destination).frame(bytes)
    }
}
