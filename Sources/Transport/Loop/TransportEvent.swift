/// A connection of an event loop; one that is over is harmless, and numbers are not given twice.
public struct ConnectionID: Hashable, Comparable, Sendable {
    let slot: UInt32
    /// Counts the connections of a loop from 1.
    public let serial: UInt32

    /// By age.
    public static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.serial < right.serial }
}

/// A listening socket of an event loop.
public struct ListenerID: Hashable, Sendable {
    let index: Int
}

/// What an event loop tells its owner. Bytes are good until the loop's next call of `next(until:)`.
public enum TransportEvent {
    /// A client asks a listener for a WebSocket; answer with `accept` or `refuse`.
    case upgrade(ConnectionID, ListenerID, UpgradeRequest)
    /// The handshake is over, messages may flow.
    case opened(ConnectionID, Opening)
    /// A text message.
    case text(ConnectionID, UnsafeRawBufferPointer)
    /// A binary message.
    case binary(ConnectionID, UnsafeRawBufferPointer)
    /// The answer to a ping.
    case pong(ConnectionID)
    /// More waits for the peer than `outputLimit`; it reads too slowly.
    case congested(ConnectionID, queued: Int)
    /// What waited is less than half of `outputLimit` again.
    case relieved(ConnectionID)
    /// The connection is over: exactly once for each, also for one that never opened and after `abort`.
    case closed(ConnectionID, Closing)
    /// A descriptor that the owner has the loop watch is ready.
    case ready(WatchID, Readiness)
    /// A signal came, or somebody called the waker.
    case interrupted
}

/// What is known of a connection when it opens.
public struct Opening: Sendable {
    /// The request that opened it: path, identity, credentials.
    public var request: UpgradeRequest
    /// The subprotocol, when one was agreed.
    public var subprotocol: String?
    /// Whether this end is the server.
    public var isServer: Bool
    /// The address and port of the peer.
    public var peer: String
    /// TLS version and suite, such as `TLSv1.3 TLS_AES_256_GCM_SHA384`.
    public var tls: String?
    /// The common name of the certificate that the peer showed.
    public var certificateName: String?
    /// Whether messages are compressed.
    public var isCompressed: Bool
}

/// How a connection ended.
public struct Closing: Equatable, Sendable {
    /// The close code: the peer's, or ours when we failed the connection; 1005 when there was none, 1006 without a close frame, 1015 when TLS failed.
    public var code: CloseCode
    /// The reason of the close frame.
    public var reason: String
    /// Whether the peer began.
    public var byPeer: Bool
    /// Whether the connection was ever open.
    public var wasOpen: Bool
    /// The status of HTTP when the handshake was refused.
    public var httpStatus: Int?
    /// Words for people.
    public var detail: String
}

/// Why a socket could not be made.
public struct TransportError: Error, Equatable, Sendable {
    /// The words, with what to do where one can say.
    public let text: String

    package init(_ text: String) { self.text = text }
}

/// How a loop treats connections.
public struct ConnectionSettings: Sendable {
    /// What becomes of a peer that reads too slowly.
    public enum Overflow: Sendable {
        /// The connection ends with 1008.
        case close
        /// Nothing more is read from the peer until it has caught up; at four times the limit the connection ends.
        case pause
    }

    /// What is taken from the peer.
    public var limits = WebSocketCodec.Limits()
    /// Whether permessage-deflate is offered or accepted.
    public var compresses = false
    /// Whether compression forgets its window after each message, which saves memory.
    public var resetsCompression = true
    /// The time for TCP, TLS and HTTP together, nanoseconds.
    public var handshakeTimeout: UInt64 = 10_000_000_000
    /// The time for the peer's close frame, nanoseconds.
    public var closeTimeout: UInt64 = 2_000_000_000
    /// How many bytes may wait for the peer.
    public var outputLimit = 1 << 20
    /// What becomes of a peer that reads too slowly.
    public var overflow = Overflow.close

    /// The usual settings.
    public init() {}
}
