/// What a codec found in the bytes; pointers are good until the next call of the codec and as long as the input is.
public enum WebSocketEvent {
    /// A whole text message, valid UTF-8.
    case text(UnsafeRawBufferPointer)
    /// A whole binary message.
    case binary(UnsafeRawBufferPointer)
    /// A ping; its bytes go back in a pong.
    case ping(UnsafeRawBufferPointer)
    /// A pong.
    case pong(UnsafeRawBufferPointer)
    /// The peer's close frame; `.none` when it has no code. Nothing comes after it.
    case close(CloseCode, reason: UnsafeRawBufferPointer)
    /// The peer broke the protocol or a limit; nothing comes after it.
    case failed(WebSocketViolation)
}

/// Frames of RFC 6455 for one end of one connection, without input and output: bytes in, messages out, and the other way round.
///
/// Input comes in any chunking. A message that lies in one piece in the input is unmasked and handed out where it lies; other messages are put
/// together in a buffer that exists only meanwhile. Text is checked as it arrives, so that a wrong byte fails at once.
public struct WebSocketCodec: ~Copyable {
    /// Which end this is: clients mask what they send, servers must not.
    public enum Role: Sendable { case client, server }

    /// What is taken from the peer.
    public struct Limits: Sendable {
        /// The longest message in bytes, after decompression.
        public var messageBytes: Int
        /// Whether binary messages are taken; otherwise they end the connection with 1003.
        public var acceptsBinary: Bool

        /// Limits; by default 1 MiB and no binary messages, as OCPP-J is text.
        public init(messageBytes: Int = 1 << 20, acceptsBinary: Bool = false) {
            self.messageBytes = messageBytes
            self.acceptsBinary = acceptsBinary
        }
    }

    enum Opcode {
        static let continuation: UInt8 = 0
        static let text: UInt8 = 1
        static let binary: UInt8 = 2
        static let close: UInt8 = 8
        static let ping: UInt8 = 9
        static let pong: UInt8 = 10
    }

    enum Phase { case head, payload, over }

    /// Which end this is.
    public let role: Role
    /// What is taken from the peer.
    public let limits: Limits
    var keys: MaskKeys
    var deflate: PermessageDeflate?

    // What the decoder is in the middle of.
    var phase = Phase.head
    /// The bytes of a head that came in pieces.
    var head: (UInt64, UInt64) = (0, 0)
    var headCount = 0
    var opcode: UInt8 = 0
    var isFinal = false
    var mask: UInt32 = 0
    var isMasked = false
    var length = 0
    var done = 0
    /// The opcode of the message whose fragments are coming; 0 between messages.
    var messageOpcode: UInt8 = 0
    var messageIsCompressed = false
    /// Bytes of the present message as they came, before decompression.
    var received = 0
    /// Whether the owner looks at `message` or `control`, which are given back with the next call.
    var handedOut = false
    var controlHandedOut = false
    var validator = UTF8Validator()
    var message = ByteQueue()
    var control = ByteQueue()

    /// Whether a close frame was sent; nothing but raw bytes can be sent after it.
    public internal(set) var hasSentClose = false

    /// A codec at the start of a connection.
    public init(role: Role, limits: Limits = Limits(), keys: MaskKeys = MaskKeys(), deflate: DeflateAgreement? = nil) {
        self.role = role
        self.limits = limits
        self.keys = keys
        self.deflate = deflate.map { PermessageDeflate($0, role: role) }
    }

    /// Whether the peer's last bytes are handed out and nothing is half done, so that the connection may end here.
    public var isBetweenMessages: Bool { phase == .head && headCount == 0 && messageOpcode == 0 }

    /// Gives back the memory of a message that was handed out.
    public mutating func releaseMessage() {
        if handedOut {
            handedOut = false
            message.release()
        }
        if controlHandedOut {
            controlHandedOut = false
            control.release()
        }
    }
}
