/// A status code of a WebSocket's end (RFC 6455 section 7.4).
public struct CloseCode: RawRepresentable, Hashable, Sendable {
    /// The number as it goes over the wire.
    public let rawValue: UInt16

    /// A code of any number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The purpose is fulfilled.
    public static let normal = CloseCode(rawValue: 1000)
    /// A server goes down or a page is left.
    public static let goingAway = CloseCode(rawValue: 1001)
    /// The other side broke the protocol.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// A type of data that is not taken, such as binary.
    public static let unsupportedData = CloseCode(rawValue: 1003)
    /// No code was in the close frame; never on the wire.
    public static let none = CloseCode(rawValue: 1005)
    /// The connection ended without a close frame; never on the wire.
    public static let abnormal = CloseCode(rawValue: 1006)
    /// Data that is not of its type, such as text that is not UTF-8.
    public static let invalidData = CloseCode(rawValue: 1007)
    /// A message breaks a policy.
    public static let policyViolation = CloseCode(rawValue: 1008)
    /// A message is too big.
    public static let messageTooBig = CloseCode(rawValue: 1009)
    /// A client misses an extension.
    public static let missingExtension = CloseCode(rawValue: 1010)
    /// The server could not go on.
    public static let internalError = CloseCode(rawValue: 1011)
    /// The TLS handshake failed; never on the wire.
    public static let tlsFailure = CloseCode(rawValue: 1015)

    /// Whether the code may stand in a close frame: 1000–1003, 1007–1014 and 3000–4999.
    public var isLegalOnTheWire: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// How a peer broke RFC 6455 or a limit, and the code to close with.
public struct WebSocketViolation: Error, Equatable, Sendable {
    /// The code for the close frame.
    public let code: CloseCode
    /// What was wrong, in words.
    public let text: String

    /// A violation.
    public init(_ code: CloseCode, _ text: String) {
        self.code = code
        self.text = text
    }
}
