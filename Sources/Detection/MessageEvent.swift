public import OCPP
public import Quantities

/// Something that happened on a connection between a charge point and a central system.
public struct MessageEvent {
    /// What happened.
    public enum Content {
        /// A message went over it. `action` is that of the call, also for its answer; `nil` when it is none of the catalogue or not known.
        case message(OCPPMessage, action: OCPPAction?)
        /// It was opened.
        case opened
        /// It was closed in good order.
        case closed
        /// It broke.
        case broken
        /// Bytes came that are no message.
        case malformed
    }

    /// When.
    public var instant: Instant
    /// Number of the connection; a charge point that connects again has the same, a second one under the same name has its own.
    public var connection: Int
    /// The name under which the charge point connected.
    public var identity: String
    /// The address of the charge point as far as it is known, for example `10.0.0.7`; a node's name in virtual time.
    public var address: String
    /// Whether the charge point sent it or did it; `false` for the central system.
    public var isUp: Bool
    /// What happened.
    public var content: Content

    /// An event out of its parts.
    public init(instant: Instant, connection: Int, identity: String, address: String = "", isUp: Bool, content: Content) {
        self.instant = instant
        self.connection = connection
        self.identity = identity
        self.address = address
        self.isUp = isUp
        self.content = content
    }
}
