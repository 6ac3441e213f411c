public import CAN
public import Quantities
public import YAMLTree

/// One entry of `buses`.
public struct BusDeclaration: Sendable {
    /// Name.
    public var name: String
    /// Bits per second.
    public var bitrate: Double
    /// Bits per second of the data phase of CAN FD; `nil` when frames are sent at one rate.
    public var dataBitrate: Double?
    /// How the wires behave; `nil` when frames arrive at once.
    public var wire: WireDeclaration?
    /// The real bus that it is a part of in a live run; `nil` when there is none.
    public var attachment: BusAttachment?
    /// Frames: those of the file and those that kinds bring.
    public var frames: [FrameDeclaration]
    /// J1939 addresses of node instances, in the order of the file.
    public var addresses: [(node: Int, address: UInt8)] = []
    /// The name's place.
    public var span: Span
    /// Databases whose messages are frames of the bus, with what was changed in them.
    public var databases: [BusDatabase] = []
}

/// A DBC file that a bus has as `dbc`.
public struct BusDatabase: Sendable {
    /// Path as the file writes it.
    public var path: String
    /// Number of its messages.
    public var messages: Int
    /// What does not mean the same here: names that were changed, units that are not known.
    public var notes: [String]
}

/// The wires of a bus with `fidelity: wire`.
public struct WireDeclaration: Sendable {
    /// A node with a controller on the bus, and the signals that tell about it.
    public struct Station: Sendable {
        /// Node instance.
        public var node: Int
        /// Signal with the transmit error counter; -1 when another name was in its place, and so below.
        public var transmitErrors = -1
        /// Signal with the receive error counter.
        public var receiveErrors = -1
        /// Signal with the error state.
        public var state = -1
    }

    /// Pause before a bus-off node begins to recover; `nil` when it stays off.
    public var restartAfter: Duration?
    /// Whether the oldest frame of a node is sent first, and not that with the lowest identifier.
    public var isFirstInFirstOut = false
    /// Frames that may wait at a node.
    public var queueLimit = 64
    /// Whether errors are recorded as frames.
    public var recordsErrors = false
    /// Nodes on the bus, in the order of the file.
    public var stations: [Station] = []
    /// Signal with the load of the last second, as a share.
    public var load = -1
    /// Signal with the number of errors so far.
    public var errors = -1
    /// Names of the error states, in the order of their numbers.
    public static let states = ["active", "warning", "passive", "bus_off"]
}

/// The real bus that a simulated one is a part of in a live run.
public struct BusAttachment: Sendable {
    /// Where it is.
    public var address: BusAddress
    /// What is taken from it; everything when there is no filter.
    public var filters: [CANBus.Filter]
    /// The address's place.
    public var span: Span
}

/// One frame of a bus.
public struct FrameDeclaration: Sendable {
    /// Name.
    public var name: String
    /// Identifier.
    public var id: UInt32
    /// Whether the identifier has 29 bits.
    public var isExtended: Bool
    /// Node instance that sends it.
    public var from: Int?
    /// Period; `nil` for frames sent on an event.
    public var every: Duration?
    /// Offset of the first one.
    public var phase: Duration
    /// Fields in the order of the file.
    public var fields: [FieldDeclaration]
    /// Bytes of data.
    public var length: Int
    /// Whether a node made of parts sends it by a rule of its own.
    public var isSpoken = false
    /// The name's place; `nil` when a kind brought the frame.
    public var span: Span?
    /// Whether the frame has the format of CAN FD.
    public var isFD = false
    /// Whether the data phase of the FD frame is sent at the second bit rate.
    public var switchesBitRate = false
    /// Whether the frame asks for data and carries none.
    public var isRemote = false
    /// What stands in bits of no field, byte by byte.
    public var fill: UInt8 = 0
    /// Signal with the time from the queue to the end of the frame; -1 when the bus has no wires.
    public var response = -1
    /// Parameter group and addresses of a J1939 message.
    public var group: GroupDeclaration?
    /// How a message that may be longer than a frame is carried; `nil` for a frame.
    public var transport: TransportDeclaration?
    /// Node instance that the message goes to, and that answers the transport protocol.
    public var to: Int?
    /// Signal that counts the transfers of the message that came to nothing; -1 for a frame.
    public var failureSignal = -1
}

/// One field of a frame.
public struct FieldDeclaration: Sendable {
    /// Byte order and numbering of the bits.
    public enum Order: Sendable, Hashable {
        /// Little-endian, bits counted from the least significant one (DBC `@1`).
        case intel
        /// Big-endian, bits counted as DBC `@0` does.
        case motorola
    }
    /// How the raw value is written.
    public enum Coding: Sendable, Hashable {
        /// Unsigned integer.
        case unsigned
        /// Two's complement integer.
        case signed
        /// IEEE 754 single (32 bits) or double (64 bits).
        case float
    }
    /// What happens to a value that the field cannot hold.
    public enum Range: String, Sendable, Hashable, CaseIterable {
        /// The nearest value that it can hold is sent.
        case saturate
        /// The bits that do not fit are dropped.
        case wrap
        /// The nearest value is sent, and the run warns.
        case error
    }
    /// When the field is in the frame: when another field of it has one of some raw values.
    public struct Multiplexing: Sendable, Hashable {
        /// Index of the field that decides.
        public var field: Int
        /// Its raw values.
        public var ranges: [ClosedRange<UInt64>]
    }

    /// Name.
    public var name: String
    /// Start bit in the numbering of the order.
    public var startBit: Int
    /// Number of bits.
    public var bits: Int
    /// Byte order.
    public var order: Order
    /// Coding.
    public var coding: Coding
    /// Value of one step in base units.
    public var scale: Double
    /// Value of raw 0 in base units.
    public var offset: Double
    /// What it measures.
    public var dimension: Dimension
    /// Symbol of its unit.
    public var unit: String
    /// The one value by which the frame is told from others of its identifier; `nil` for any.
    public var fixed: Double?
    /// Index of the signal that holds the value on the wire.
    public var signal: Int
    /// What happens to a value that does not fit.
    public var range = Range.saturate
    /// Least and greatest value in base units where the file gives limits; else only the bits count.
    public var limits: ClosedRange<Double>?
    /// When the field is in the frame; `nil`: always.
    public var multiplexing: Multiplexing?
    /// Words for raw values, in the order of the file.
    public var words: [(raw: Int64, text: String)] = []
    /// Whether halves between two steps go to the even one, as in tools that read DBC files; else away from zero.
    public var roundsHalfToEven = false

    /// The words by value where the signal of the field is one of words: at most 8 bits, unsigned, no scale. Values without a word are their number.
    public var members: [String]? {
        guard !words.isEmpty, bits <= 8, coding == .unsigned, scale == 1, offset == 0, dimension == .none else { return nil }
        var members = (0..<(1 << bits)).map { "\($0)" }
        for (raw, text) in words where members.indices.contains(Int(clamping: raw)) { members[Int(raw)] = text }
        return members
    }
}
