import Quantities

/// What a charge point keeps when its power fails or its program is killed.
public struct ChargePointMemory: Sendable {
    public internal(set) var configuration: ConfigurationStore
    public internal(set) var localList: LocalList
    public internal(set) var cache: AuthorizationCache
    public internal(set) var reservations: ReservationBook
    public internal(set) var certificates: CertificateStore
    /// Messages about transactions that were not yet answered.
    public internal(set) var queue: TransactionQueue
    /// Transactions that run, or whose StopTransaction was not yet answered; in the order of their start.
    public internal(set) var transactions: [TransactionRecord] = []
    /// How many transactions have ever begun.
    public internal(set) var transactionCount = 0
    /// The id of the last message that was sent.
    public internal(set) var lastMessageID = 0
    /// The charging profiles that are not bound to a transaction.
    var profiles: [SmartCharging.Installed] = []
    /// Whether the charge point (place 0) and each connector are in service.
    public internal(set) var isOperative: [Bool]
    /// Security events that were not yet reported: type, instant, techInfo.
    var securityEvents: [SecurityEvent] = []
    /// The version of the firmware that was installed last; `nil` = the one of the settings.
    public internal(set) var firmwareVersion: String?
    /// The upload and the firmware update that go on.
    var upload: UploadJob
    var firmware: FirmwareJob
    /// Statuses of uploads and updates that could not be sent yet.
    var notices: [OCPPPayload] = []
    /// Milliseconds by which the clock that the central system has set differs from the simulated one.
    public internal(set) var clockOffset: Int64 = 0
    /// When the machine was last alive, by its own clock.
    var lastAlive = OCPPTimestamp(milliseconds: 0)
    /// Why the transactions that run are over if the machine starts again.
    var stopReason = StopReason.powerLoss

    /// A security event that waits for its report.
    struct SecurityEvent: Hashable, Sendable {
        var type: String
        var timestamp: OCPPTimestamp
        var techInfo: String?
    }

    /// The place of a transaction among those that are kept.
    func place(_ number: Int) -> Int? { transactions.firstIndex { $0.number == number } }
}
