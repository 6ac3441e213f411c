import Quantities

/// The timers of a charge point; one of each runs at most, and setting it again replaces it.
public struct ChargePointTimer: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The outstanding call may be overdue.
    public static let call = ChargePointTimer(rawValue: 0)
    /// It is time for a BootNotification.
    public static let boot = ChargePointTimer(rawValue: 1)
    public static let heartbeat = ChargePointTimer(rawValue: 2)
    /// Sampled meter values.
    public static let meter = ChargePointTimer(rawValue: 3)
    /// A charging schedule changes.
    public static let limit = ChargePointTimer(rawValue: 4)
    /// Clock-aligned meter values.
    public static let aligned = ChargePointTimer(rawValue: 5)
    /// It is time to open the connection.
    public static let connect = ChargePointTimer(rawValue: 6)
    /// It is time to send the first message of the transaction queue again.
    public static let retry = ChargePointTimer(rawValue: 7)
    /// A reservation expires.
    public static let reservation = ChargePointTimer(rawValue: 8)
    /// Diagnostics, logs or firmware have got further.
    public static let transfer = ChargePointTimer(rawValue: 9)
    /// A reboot waits no longer.
    public static let reset = ChargePointTimer(rawValue: 10)
    /// A status that is reported late.
    public static let late = ChargePointTimer(rawValue: 11)
    /// Nobody has plugged in at this connector.
    public static func connection(_ connector: Int) -> ChargePointTimer { ChargePointTimer(rawValue: 16 + UInt32(clamping: connector) * 4) }
    /// The status of this connector has lasted long enough to be reported.
    public static func status(_ connector: Int) -> ChargePointTimer { ChargePointTimer(rawValue: 17 + UInt32(clamping: connector) * 4) }
    /// The energy that an invalid tag may still take at this connector is used up.
    public static func energy(_ connector: Int) -> ChargePointTimer { ChargePointTimer(rawValue: 18 + UInt32(clamping: connector) * 4) }

    /// One more than the greatest raw value of a charge point with so many connectors.
    public static func count(connectors: Int) -> Int { 16 + (connectors + 1) * 4 }
}

/// What kind of rule an event broke.
public enum OCPPViolationKind: UInt8, Hashable, Sendable {
    /// A command or message that makes no sense in the present state.
    case invalidState
    /// A message that the catalogue refuses.
    case badMessage
    /// A call that nobody answered in time.
    case timeout
    /// A call that was lost because too many wait.
    case queueFull
    /// More messages than the receiver lets through.
    case flood
}

/// What a charge point wants done, in order.
public enum ChargePointOutput: Sendable {
    /// Send this message to the central system.
    case send(OCPPMessage)
    case setTimer(ChargePointTimer, Instant)
    case cancelTimer(ChargePointTimer)
    /// Open the connection to the central system; answer with `connected` or `disconnected`. Counted from 1 since the last success.
    case connect(attempt: Int)
    /// Close the connection; no `disconnected` follows.
    case disconnect
    /// Close the contactor of a connector; on CAN: start charging.
    case energise(connector: Int)
    /// Open the contactor of a connector; on CAN: stop charging.
    case deenergise(connector: Int)
    /// The limit offered on a connector in amperes: after every accepted SetChargingProfile, and whenever it changes.
    case limit(connector: Int, amperes: Double)
    /// The state of a connector has changed; 0 is the charge point itself.
    case status(connector: Int, ChargePointStatus)
    /// The central system has confirmed a transaction.
    case transactionStarted(connector: Int, transactionID: Int)
    /// A transaction is over; `nil` if it never got an id.
    case transactionEnded(connector: Int, transactionID: Int?, StopReason)
    /// The registration was accepted.
    case booted
    /// The cable of a connector is released.
    case unlocked(connector: Int)
    /// Something that a security log records, whether it is reported or not.
    case securityEvent(type: String, techInfo: String?)
    /// The machine is off, its timers and its connection are gone: call `start` after this time.
    case reboot(after: Duration)
    case violation(OCPPViolationKind, String)
}
