/// All that a central system must not forget: what survives when its process is killed and started again.
///
/// It is one value. ``CentralSystemMachine/memory`` gives it at any moment, consistent after each input; a machine that is made with it goes on where
/// the first one was.
public struct CentralSystemMemory: Hashable, Sendable {
    /// The charge points in the order of their first connection.
    public internal(set) var chargePoints: [ChargePointRecord] = []
    /// How many transactions were given an id.
    public internal(set) var transactionCount = 0
    var lastProfileID = 0
    var lastRequestID = 0
    var lastReservationID = 0

    public init() {}
}

/// What a central system knows of one charge point.
public struct ChargePointRecord: Hashable, Sendable {
    public let identity: String
    /// The last answer to BootNotification.
    public internal(set) var registration: RegistrationStatus?
    /// The last BootNotification.
    public internal(set) var bootNotification: BootNotification?
    /// The connectors that have been heard of; place 0 is the charge point as a whole.
    public internal(set) var connectors: [ConnectorRecord] = []
    /// Transactions that run, and the last ones that ended, in the order of their start.
    public internal(set) var transactions: [CentralTransaction] = []
    /// The id that was given last.
    public internal(set) var lastTransactionID = 0
    /// The version of the local list, as the charge point or an accepted SendLocalList has said.
    public internal(set) var localListVersion: Int?
    /// Reservations that were accepted and not cancelled: id and connector.
    public internal(set) var reservations: [ReservationNote] = []
    /// What GetConfiguration has told, in the order of the answer.
    public internal(set) var configuration: [ConfigurationNote] = []
    /// Last states of uploads and updates, by the notification that told them.
    public internal(set) var progress: [ProgressNote] = []
    /// The last certificate signing request (PEM).
    public internal(set) var signingRequest: String?
    /// The number of SecurityEventNotifications, and the type of the last one.
    public internal(set) var securityEvents = 0
    public internal(set) var lastSecurityEvent: String?

    init(_ identity: String) { self.identity = identity }

    /// A transaction by its id.
    public func transaction(_ id: Int) -> CentralTransaction? { transactions.last { $0.id == id } }
}

/// What is known of one connector.
public struct ConnectorRecord: Hashable, Sendable {
    public internal(set) var status: ChargePointStatus?
    public internal(set) var errorCode = ChargePointErrorCode.noError
    public internal(set) var transactionID: Int?
    public internal(set) var lastValue: MeterValue?
    /// The greatest imported energy that its meter has shown, in Wh.
    var registerWh = -Double.infinity
}

/// A transaction as a central system keeps it.
public struct CentralTransaction: Hashable, Sendable {
    public internal(set) var id: Int
    public let connectorID: Int
    public let idTag: String
    public let meterStart: Int
    public let startedAt: OCPPTimestamp
    public let reservationID: Int?
    /// What was said of the tag at the start.
    public internal(set) var authorization: IdTagInfo
    /// How it ended; `nil` while it runs.
    public internal(set) var end: End?

    /// The end of a transaction.
    public struct End: Hashable, Sendable {
        public let meterStop: Int
        public let at: OCPPTimestamp
        public let reason: StopReason
        /// What was said of the tag that stopped it.
        public let authorization: IdTagInfo?
    }

    /// The energy between start and end in Wh; `nil` while it runs, and if the meter has gone back.
    public var energyWh: Int? {
        guard let end else { return nil }
        let (energy, overflow) = end.meterStop.subtractingReportingOverflow(meterStart)
        return overflow || energy < 0 ? nil : energy
    }
}

/// A reservation that a charge point has accepted.
public struct ReservationNote: Hashable, Sendable {
    public let id: Int
    public let connectorID: Int
}

/// A configuration key of a charge point.
public struct ConfigurationNote: Hashable, Sendable {
    public let key: String
    public internal(set) var value: String?
    public let isReadOnly: Bool
}

/// How an upload or an update goes.
public struct ProgressNote: Hashable, Sendable {
    /// The notification: DiagnosticsStatusNotification, FirmwareStatusNotification and the like.
    public let action: OCPPAction
    public internal(set) var status: String
    public internal(set) var requestID: Int?
}
