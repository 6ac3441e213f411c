import CAN

/// A 29-bit identifier as SAE J1939-21 §5.2 divides it: priority, parameter group, addresses.
public struct J1939Identifier: Hashable, Sendable {
    /// The address of messages to all.
    public static let global: UInt8 = 0xFF
    /// The source address of whoever has none.
    public static let null: UInt8 = 0xFE

    /// 0, the highest, to 7.
    public let priority: UInt8
    /// The parameter group number, 18 bits; the low byte is 0 when the group has a destination (PDU1).
    public let pgn: UInt32
    /// The sender's address.
    public let source: UInt8
    /// The receiver's address, 255 for all. That of a PDU2 group is not in the identifier: it counts for the transport protocol only.
    public let destination: UInt8

    /// An identifier; the low byte of a PDU1 group's number is dropped.
    public init(priority: UInt8 = 6, pgn: UInt32, source: UInt8, destination: UInt8 = global) {
        self.priority = priority & 7
        self.source = source
        self.pgn = pgn & (Self.isDirected(pgn) ? 0x3FF00 : 0x3FFFF)
        self.destination = destination
    }

    /// Takes a 29-bit identifier apart; higher bits are ignored.
    public init(_ identifier: UInt32) {
        let group = identifier >> 8 & 0x3FFFF
        let isDirected = Self.isDirected(group)
        self.init(
            priority: UInt8(identifier >> 26 & 7), pgn: group, source: UInt8(identifier & 0xFF),
            destination: isDirected ? UInt8(group & 0xFF) : Self.global)
    }

    /// Takes the identifier of an extended data frame apart; `nil` for any other frame.
    public init?(_ frame: CANFrame) {
        guard frame.isExtended, !frame.isRemote, !frame.isError else { return nil }
        self.init(frame.id)
    }

    /// Whether a group is of PDU1 form, so that its messages have a destination: PDU format below 240.
    public static func isDirected(_ pgn: UInt32) -> Bool { pgn >> 8 & 0xFF < 240 }

    /// The 29 bits.
    public var rawValue: UInt32 {
        UInt32(priority) << 26 | (pgn | (Self.isDirected(pgn) ? UInt32(destination) : 0)) << 8 | UInt32(source)
    }
    /// The extended data page (EDP), bit 25.
    public var isExtendedDataPage: Bool { pgn & 0x20000 != 0 }
    /// The data page (DP), bit 24.
    public var isDataPage1: Bool { pgn & 0x10000 != 0 }
    /// The PDU format (PF).
    public var pduFormat: UInt8 { UInt8(pgn >> 8 & 0xFF) }
    /// The PDU specific byte (PS): the destination or the group extension.
    public var pduSpecific: UInt8 { Self.isDirected(pgn) ? destination : UInt8(pgn & 0xFF) }

    /// An extended data frame with this identifier and at most eight bytes.
    public func frame(_ data: some Sequence<UInt8>) -> CANFrame { CANFrame(id: rawValue, isExtended: true, data: data) }
}

/// A message of a parameter group, of as many bytes as it has: one frame up to 8, the transport protocol up to 1785.
public struct J1939Message: Hashable, Sendable {
    /// Group, priority and addresses.
    public var identifier: J1939Identifier
    /// 0 to 1785 bytes.
    public var data: [UInt8]

    /// The most bytes that the transport protocol carries: 255 packets of 7.
    public static let longest = 1785

    /// A message.
    public init(_ identifier: J1939Identifier, data: [UInt8]) {
        self.identifier = identifier
        self.data = data
    }

    /// A request for a parameter group (PGN 0xEA00): three bytes, the number with the lowest byte first.
    public static func request(_ pgn: UInt32, source: UInt8, destination: UInt8 = J1939Identifier.global) -> J1939Message {
        J1939Message(J1939Identifier(pgn: 0xEA00, source: source, destination: destination), data: J1939Packet.bytes(of: pgn))
    }

    /// What an acknowledgement says (PGN 0xE800, its first byte).
    public enum Acknowledgement: UInt8, Hashable, Sendable {
        case positive = 0, negative = 1, accessDenied = 2, cannotRespond = 3
    }

    /// The answer to a request that cannot be met: always to all, with the asking address in it.
    public static func acknowledgement(_ kind: Acknowledgement, of pgn: UInt32, source: UInt8, to asking: UInt8) -> J1939Message {
        J1939Message(
            J1939Identifier(pgn: 0xE800, source: source, destination: J1939Identifier.global),
            data: [kind.rawValue, 0xFF, 0xFF, 0xFF, asking] + J1939Packet.bytes(of: pgn))
    }

    /// The group that a request (PGN 0xEA00) asks for; `nil` for any other message.
    public var requestedGroup: UInt32? {
        guard identifier.pgn == 0xEA00, data.count >= 3 else { return nil }
        return (UInt32(data[0]) | UInt32(data[1]) << 8 | UInt32(data[2]) << 16) & 0x3FFFF
    }
}

/// Why a connection is aborted: the second byte of TP.Conn_Abort (SAE J1939-21 §5.10.3.5).
public enum J1939Abort {
    /// A connection with this node is open already.
    public static let busy: UInt8 = 1
    /// No resources are left.
    public static let resources: UInt8 = 2
    /// A time ran out.
    public static let timeout: UInt8 = 3
    /// A CTS came while packets were under way.
    public static let clearToSendWhileSending: UInt8 = 4
    /// Packets were asked for again too often.
    public static let retransmitLimit: UInt8 = 5
    /// A data packet nobody waits for.
    public static let unexpectedPacket: UInt8 = 6
    /// A sequence number that cannot be.
    public static let badSequence: UInt8 = 7
    /// A sequence number came twice.
    public static let duplicateSequence: UInt8 = 8
    /// The message is longer than 1785 bytes.
    public static let tooLong: UInt8 = 9
    /// Anything else.
    public static let other: UInt8 = 250

    /// The reason in words.
    public static func text(_ reason: UInt8) -> String {
        switch reason {
        case busy: "a connection is open already (1)"
        case resources: "no resources (2)"
        case timeout: "timeout (3)"
        case clearToSendWhileSending: "CTS while packets were under way (4)"
        case retransmitLimit: "packets asked for again too often (5)"
        case unexpectedPacket: "unexpected packet (6)"
        case badSequence: "impossible sequence number (7)"
        case duplicateSequence: "sequence number twice (8)"
        case tooLong: "longer than 1785 bytes (9)"
        case let reason: "reason \(reason)"
        }
    }
}
