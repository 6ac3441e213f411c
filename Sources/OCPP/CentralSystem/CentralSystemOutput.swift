import JSONText
import Quantities

/// How a call of the central system ended.
public enum CallOutcome: Hashable, Sendable {
    /// The charge point answered.
    case result(OCPPPayload)
    /// The charge point answered with a CALLERROR, or with something that the catalogue refuses.
    case error(CallError, [Violation])
    case timedOut
    /// The call was never sent: too many wait, or the connection is gone.
    case dropped
    /// The call was not sent because the charge point's registration was rejected.
    case notRegistered

    /// True if the charge point has done what was asked, or will: a result whose status, if it has one, is no refusal.
    public var isAccepted: Bool {
        guard case .result = self else { return false }
        return refusal == nil
    }

    /// The status of a result that refuses; `nil` if the result says yes, or has no status.
    public var refusal: String? {
        guard case .result(let payload) = self else { return nil }
        switch payload {
        case .remoteStartTransactionResult(let status), .remoteStopTransactionResult(let status):
            return status == .accepted ? nil : status.name.description
        case .setChargingProfileResult(let status): return status == .accepted ? nil : status.name.description
        case .clearChargingProfileResult(let status): return status == .accepted ? nil : status.name.description
        case .object(let action, let text):
            guard let status = (try? JSONValue(parsing: text))?["status"]?.string else { return nil }
            if action == .getInstalledCertificateIds { return nil }
            return ["Accepted", "AcceptedCanceled", "Scheduled", "RebootRequired", "Unlocked"].contains(status) ? nil : status
        default: return nil
        }
    }
}

/// What a central system wants done, in order; `connection` is the number that `connect` gave.
public enum CentralSystemOutput: Sendable {
    /// Send this message to the charge point.
    case send(connection: Int, OCPPMessage)
    /// Set the one timer of a connection; a later one replaces it.
    case setTimer(connection: Int, Instant)
    /// Tell `replyDue` at this instant that the delayed reply of this number is due.
    case setReplyTimer(number: UInt32, Instant)
    /// Close the connection; for the machine it is over already.
    case close(connection: Int, CloseReason)
    /// A call that was handed in has ended.
    case callEnded(connection: Int, token: UInt64, CallOutcome)
    /// A charge point's BootNotification was answered.
    case registered(connection: Int, RegistrationStatus)
    /// A connector has reported its state.
    case status(connection: Int, connector: Int, ChargePointStatus)
    case transactionStarted(connection: Int, connector: Int, transactionID: Int, idTag: String, meterStart: Int)
    /// A transaction has ended; its energy is `nil` when the meter has gone back.
    case transactionEnded(connection: Int, connector: Int, transactionID: Int, StopReason, meterStop: Int, energyWh: Int?)
    /// A StartTransaction or StopTransaction came once more and was answered as the first time.
    case repeated(connection: Int, transactionID: Int)
    /// MeterValues have arrived; `lastValue` has them.
    case meterValues(connection: Int, connector: Int)
    /// A notification or an answer has told something new about the charge point; ``ChargePointRecord`` has it.
    case learned(connection: Int, OCPPAction)
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
    /// Fields of a message; what only the moment of sending knows is filled in then.
    case template(OCPPAction, JSONValue)

    /// The action, if it is one of the catalogue.
    public var action: OCPPAction? {
        switch self {
        case .limit: .setChargingProfile
        case .remoteStop: .remoteStopTransaction
        case .payload(let payload): payload.action
        case .template(let action, _): action
        }
    }
}
