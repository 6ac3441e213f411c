import Quantities

/// Parameter group and addresses of a J1939 message, from which its identifier is composed.
public struct GroupDeclaration: Sendable, Hashable {
    /// 0, the highest, to 7.
    public var priority: UInt8
    /// Parameter group number; the low byte is 0 when the group has a destination.
    public var pgn: UInt32
    /// Address of the sender.
    public var source: UInt8
    /// Address of the receiver, 255 for all.
    public var destination: UInt8

    /// Whether the destination is part of the identifier: PDU format below 240.
    public var isDirected: Bool { pgn >> 8 & 0xFF < 240 }
    /// The 29 bits.
    public var identifier: UInt32 { UInt32(priority) << 26 | (pgn | (isDirected ? UInt32(destination) : 0)) << 8 | UInt32(source) }

    /// A group with its addresses; the low byte of the number of a group with a destination is dropped.
    public init(priority: UInt8, pgn: UInt32, source: UInt8, destination: UInt8) {
        self.priority = priority
        self.pgn = pgn >> 8 & 0xFF < 240 ? pgn & 0x3FF00 : pgn & 0x3FFFF
        self.source = source
        self.destination = destination
    }

    /// Takes a 29-bit identifier apart.
    public init(identifier: UInt32) {
        let pgn = identifier >> 8 & 0x3FFFF
        self.init(
            priority: UInt8(identifier >> 26 & 7), pgn: pgn, source: UInt8(identifier & 0xFF),
            destination: pgn >> 8 & 0xFF < 240 ? UInt8(pgn & 0xFF) : 255)
    }
}

/// How a message that may be longer than a frame is carried.
public struct TransportDeclaration: Sendable {
    /// Which protocol.
    public enum Kind: Sendable, Hashable {
        /// ISO 15765-2.
        case isotp
        /// SAE J1939-21.
        case j1939
    }

    /// Which protocol.
    public var kind: Kind
    /// Identifier of the flow controls of ISO-TP; it has as many bits as that of the message.
    public var answers: UInt32?
    /// Address byte of the data frames (extended addressing).
    public var address: UInt8?
    /// Address byte of the flow controls.
    public var answerAddress: UInt8?
    /// Value of the bytes that fill frames up; `nil` for frames as short as they can be.
    public var padding: UInt8?
    /// Consecutive frames between two flow controls, 0 for all.
    public var blockSize: UInt8 = 0
    /// Least time between consecutive frames.
    public var separation = Duration.zero
    /// Longest data frame of the sender (TX_DL).
    public var frameLength = 8
    /// Most packets that the receiver lets come at a time.
    public var window: UInt8 = 255
    /// Time between packets; `nil` for none to one receiver and 50 ms to all.
    public var spacing: Duration?
    /// Priority of the transport frames; `nil` for that of the message.
    public var priority: UInt8?

    /// A protocol with what it does when nothing is said.
    public init(_ kind: Kind) { self.kind = kind }

    /// The longest message that the language lets it carry.
    public var limit: Int { kind == .isotp ? 4095 : 1785 }
}
