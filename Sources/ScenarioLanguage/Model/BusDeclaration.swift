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
