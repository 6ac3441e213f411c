import Quantities

/// The settings of a central system (CSMS).
public struct CentralSystemSettings: Sendable {
    /// The answer to BootNotification.
    public var bootStatus = RegistrationStatus.accepted
    /// The interval of BootNotification.conf in whole seconds: heartbeat period or wait before the retry.
    public var interval = 300
    /// What is known of id tags; `nil` accepts every one.
    public var idTags: [IdTagEntry]?
    /// True if tags that are not among `idTags` are accepted all the same.
    public var acceptsOtherTags = false
    /// True if a tag that has a transaction running gets ConcurrentTx for the next one.
    public var oneTransactionPerTag = false
    /// The identities that may connect; `nil` lets every one in.
    public var known: [String]?
    /// What becomes of a second connection with an identity that is connected already.
    public var secondConnection = SecondConnectionPolicy.replace
    /// How transactions get their ids.
    public var transactionIDs = TransactionIDPolicy.sequential
    /// Key of everything that is drawn: random transaction ids, chances of replies.
    public var seed: UInt64 = 0
    /// Vendors whose DataTransfer is accepted.
    public var vendors: [String] = []
    /// Passwords of HTTP Basic by identity; `*` stands for all others. Empty lets everyone in without.
    public var passwords: [PasswordEntry] = []
    /// The greatest number of messages that a charge point may send within one second; `nil` = no limit.
    public var floodLimit: Int?
    /// What becomes of a charge point that sends more.
    public var onFlood = FloodPolicy.disconnect
    /// How long a call waits for its answer.
    public var callTimeout = Duration.seconds(30)
    /// How many calls to one charge point may wait.
    public var queueLimit = 1000
    /// True if messages with unknown fields are refused.
    public var isStrict = true
    /// How far ahead of this central system's clock a time may lie before it is recorded as wrong.
    public var clockTolerance = Duration.seconds(300)
    /// How many charge points are remembered at most; others are refused.
    public var identityLimit = 200_000
    /// How many transactions of one charge point are kept, those that run included; the oldest are forgotten first.
    public var transactionLimit = 256

    public init() {}
}

/// What a central system knows of one id tag.
public struct IdTagEntry: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The tag; tags compare without case.
    public var idTag: String
    public var status: AuthorizationStatus
    /// The group that the tag belongs to.
    public var parentIdTag: String?
    /// From when the tag counts as expired.
    public var expiryDate: OCPPTimestamp?

    public init(_ idTag: String, _ status: AuthorizationStatus = .accepted, parentIdTag: String? = nil, expiryDate: OCPPTimestamp? = nil) {
        self.idTag = idTag
        self.status = status
        self.parentIdTag = parentIdTag
        self.expiryDate = expiryDate
    }

    public init(stringLiteral value: String) { self.init(value) }
}

/// What becomes of a second connection with an identity that is connected already.
public enum SecondConnectionPolicy: UInt8, Hashable, Sendable, CaseIterable {
    /// The second one is refused.
    case refuse
    /// The first one is closed: the newest wins.
    case replace
    /// Both stay; what the central system sends goes to the newest.
    case allow
}

/// How transactions get their ids.
public enum TransactionIDPolicy: UInt8, Hashable, Sendable, CaseIterable {
    /// 1, 2, 3, …: whoever knows one knows all.
    case sequential
    /// Numbers below 2^31 out of the seed, each used once.
    case random
}

/// What becomes of a charge point that sends too many messages.
public enum FloodPolicy: UInt8, Hashable, Sendable, CaseIterable {
    /// Its connection is closed.
    case disconnect
    /// What is too much is neither read nor answered.
    case ignore
}

/// Why a central system closes or refuses a connection.
public enum CloseReason: Hashable, Sendable {
    /// The identity is none that is known.
    case unknownIdentity
    /// A charge point of that identity is connected already.
    case alreadyConnected
    /// A newer connection of the same identity takes its place.
    case replaced
    /// Too many messages.
    case flood
    /// The script of replies says so.
    case scripted
}

/// What a central system says to a new connection.
public enum ConnectionDecision: Hashable, Sendable {
    /// It stands, under this number; the older ones are over and must be closed.
    case accepted(connection: Int, closing: [Int])
    /// It must be closed, in a handshake with 404 for an unknown identity.
    case refused(CloseReason)

    /// The number of the connection, if it stands.
    public var connection: Int? { if case .accepted(let connection, _) = self { connection } else { nil } }
}
