/// The id that ties an answer to its call: text of at most 36 characters, unique per sender and connection.
public enum MessageID: Hashable, Sendable, CustomStringConvertible {
    /// A decimal number without leading zeros, as this program's own ids are.
    case number(Int)
    /// Any other text.
    case text(String)

    /// The id that has this text.
    public init(_ text: String) {
        if let number = Int(text), number >= 0, text.utf8.count < 19, String(number) == text { self = .number(number) } else { self = .text(text) }
    }

    public var description: String {
        switch self {
        case .number(let number): String(number)
        case .text(let text): text
        }
    }
}

/// The payload of a CALL or a CALLRESULT.
public enum OCPPPayload: Hashable, Sendable {
    case authorize(idTag: String)
    case authorizeResult(IdTagInfo)
    indirect case bootNotification(BootNotification)
    case bootNotificationResult(BootNotificationResult)
    case clearChargingProfile(ClearChargingProfile)
    case clearChargingProfileResult(ClearChargingProfileStatus)
    case heartbeatResult(currentTime: OCPPTimestamp)
    case meterValues(MeterValues)
    case remoteStartTransaction(RemoteStartTransaction)
    case remoteStartTransactionResult(RemoteStatus)
    case remoteStopTransaction(transactionID: Int)
    case remoteStopTransactionResult(RemoteStatus)
    case setChargingProfile(SetChargingProfile)
    case setChargingProfileResult(ChargingProfileStatus)
    case startTransaction(StartTransaction)
    indirect case startTransactionResult(IdTagInfo, transactionID: Int)
    case statusNotification(StatusNotification)
    indirect case stopTransaction(StopTransaction)
    case stopTransactionResult(IdTagInfo?)
    /// A payload without fields: Heartbeat.req, StatusNotification.conf, MeterValues.conf and the like.
    case empty(OCPPAction)
    /// A message of the catalogue that has no typed form here; the text is a JSON object that the catalogue has accepted.
    case object(OCPPAction, text: String)
    /// A payload that is sent exactly as written, right or wrong, under any action name.
    case raw(action: String, text: String)

    /// The action, `nil` if it is none of the catalogue.
    public var action: OCPPAction? {
        switch self {
        case .authorize, .authorizeResult: .authorize
        case .bootNotification, .bootNotificationResult: .bootNotification
        case .clearChargingProfile, .clearChargingProfileResult: .clearChargingProfile
        case .heartbeatResult: .heartbeat
        case .meterValues: .meterValues
        case .remoteStartTransaction, .remoteStartTransactionResult: .remoteStartTransaction
        case .remoteStopTransaction, .remoteStopTransactionResult: .remoteStopTransaction
        case .setChargingProfile, .setChargingProfileResult: .setChargingProfile
        case .startTransaction, .startTransactionResult: .startTransaction
        case .statusNotification: .statusNotification
        case .stopTransaction, .stopTransactionResult: .stopTransaction
        case .empty(let action): action
        case .object(let action, _): action
        case .raw(let action, _): OCPPAction(name: action)
        }
    }

    /// The name of the action on the wire.
    public var actionName: String {
        if case .raw(let action, _) = self { return action }
        return action?.name.description ?? ""
    }
}

/// An OCPP-J message: a value on a link in virtual time, a JSON text on a socket.
///
/// ``encode(into:)`` gives the text, ``MessageDecoder`` reads it; a value that is handed over without text means the same as its text.
public enum OCPPMessage: Hashable, Sendable {
    /// `[2,"id","Action",{…}]`
    case call(MessageID, OCPPPayload)
    /// `[3,"id",{…}]`; the action that the payload knows is not on the wire.
    case result(MessageID, OCPPPayload)
    /// `[4,"id","Code","description",{…}]`
    indirect case error(MessageID, CallError)
    /// Bytes that may be anything: what an attack or a broken peer has made of a message.
    case frame([UInt8])

    /// True if the message must be read as text before it means anything.
    public var isText: Bool {
        switch self {
        case .frame: true
        case .call(_, .raw), .result(_, .raw): true
        default: false
        }
    }

    /// The id; `nil` for bytes.
    public var id: MessageID? {
        switch self {
        case .call(let id, _), .result(let id, _), .error(let id, _): id
        case .frame: nil
        }
    }

    /// The action of a call, or of a result if the payload knows it.
    public var action: OCPPAction? {
        switch self {
        case .call(_, let payload), .result(_, let payload): payload.action
        default: nil
        }
    }

    /// The name of the action as recorded: that of the wire for a call, that of the payload for a result, empty otherwise.
    public var actionName: String {
        switch self {
        case .call(_, let payload), .result(_, let payload): payload.actionName
        default: ""
        }
    }

    /// The payload of a call or result.
    public var payload: OCPPPayload? {
        switch self {
        case .call(_, let payload), .result(_, let payload): payload
        default: nil
        }
    }
}
