import Quantities

/// The settings of a central system (CSMS).
public struct CentralSystemSettings: Sendable {
    /// The answer to BootNotification.
    public var bootStatus = RegistrationStatus.accepted
    /// The interval of BootNotification.conf in whole seconds: heartbeat period or wait before the retry.
    public var interval = 300
    /// The id tags that are accepted, whatever their case; `nil` accepts every one.
    public var idTags: [String]?
    public var callTimeout = Duration.seconds(30)
    /// How many calls to one charge point may wait.
    public var queueLimit = 1000
    /// True if messages with unknown fields are refused.
    public var isStrict = true

    public init() {}
}

/// How a call of the central system ended.
public enum CallOutcome: Hashable, Sendable {
    /// The charge point answered.
    case result(OCPPPayload)
    /// The charge point answered with a CALLERROR, or with something that the catalogue refuses.
    case error(CallError, [Violation])
    case timedOut
    /// The call was never sent: too many wait, or the connection is gone.
    case dropped

    /// True if the charge point has done what was asked: a result whose status, if it has one, is Accepted.
    public var isAccepted: Bool {
        guard case .result(let payload) = self else { return false }
        switch payload {
        case .remoteStartTransactionResult(let status), .remoteStopTransactionResult(let status): return status == .accepted
        case .setChargingProfileResult(let status): return status == .accepted
        case .clearChargingProfileResult(let status): return status == .accepted
        default: return true
        }
    }
}

/// What a central system wants done, in order; `connection` is the number that `connect` gave.
public enum CentralSystemOutput: Sendable {
    /// Send this message to the charge point.
    case send(connection: Int, OCPPMessage)
    /// Set the one timer of a connection; a later one replaces it.
    case setTimer(connection: Int, Instant)
    /// A call that was handed in has ended.
    case callEnded(connection: Int, token: UInt64, CallOutcome)
    /// A charge point's BootNotification was answered.
    case registered(connection: Int, RegistrationStatus)
    /// A connector has reported its state.
    case status(connection: Int, connector: Int, ChargePointStatus)
    case transactionStarted(connection: Int, connector: Int, transactionID: Int, idTag: String, meterStart: Int)
    case transactionEnded(connection: Int, connector: Int, transactionID: Int, StopReason, meterStop: Int)
    /// MeterValues have arrived; `lastValue` has them.
    case meterValues(connection: Int, connector: Int)
    case violation(connection: Int, OCPPViolationKind, String)
}

/// What a scenario asks a central system to send.
public enum CentralSystemRequest: Hashable, Sendable {
    /// A current limit in amperes: TxProfile while a transaction runs on the connector, else TxDefaultProfile.
    case limit(amperes: Double, connector: Int, stackLevel: Int)
    /// Stop the transaction with this id; `nil` = the one that runs, or the last one, or 0.
    case remoteStop(transactionID: Int?)
    /// Any payload as it is.
    case payload(OCPPPayload)
}
