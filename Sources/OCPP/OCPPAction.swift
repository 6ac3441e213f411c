/// The messages of OCPP 1.6, by the name that a CALL carries.
public enum OCPPAction: UInt8, CaseIterable, Hashable, Sendable, WireEnumeration {
    case authorize
    case bootNotification
    case changeAvailability
    case changeConfiguration
    case clearCache
    case dataTransfer
    case getConfiguration
    case heartbeat
    case meterValues
    case remoteStartTransaction
    case remoteStopTransaction
    case reset
    case startTransaction
    case statusNotification
    case stopTransaction
    case unlockConnector
    case diagnosticsStatusNotification
    case firmwareStatusNotification
    case getDiagnostics
    case updateFirmware
    case getLocalListVersion
    case sendLocalList
    case cancelReservation
    case reserveNow
    case clearChargingProfile
    case getCompositeSchedule
    case setChargingProfile
    case triggerMessage
    case certificateSigned
    case deleteCertificate
    case extendedTriggerMessage
    case getInstalledCertificateIds
    case getLog
    case installCertificate
    case logStatusNotification
    case securityEventNotification
    case signCertificate
    case signedFirmwareStatusNotification
    case signedUpdateFirmware

    public static let names: [StaticString] = [
        "Authorize", "BootNotification", "ChangeAvailability", "ChangeConfiguration", "ClearCache",
        "DataTransfer", "GetConfiguration", "Heartbeat", "MeterValues", "RemoteStartTransaction",
        "RemoteStopTransaction", "Reset", "StartTransaction", "StatusNotification", "StopTransaction",
        "UnlockConnector", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "GetDiagnostics", "UpdateFirmware",
        "GetLocalListVersion", "SendLocalList", "CancelReservation", "ReserveNow", "ClearChargingProfile",
        "GetCompositeSchedule", "SetChargingProfile", "TriggerMessage", "CertificateSigned", "DeleteCertificate",
        "ExtendedTriggerMessage", "GetInstalledCertificateIds", "GetLog", "InstallCertificate", "LogStatusNotification",
        "SecurityEventNotification", "SignCertificate", "SignedFirmwareStatusNotification", "SignedUpdateFirmware",
    ]

    /// True if a charge point sends this CALL.
    public var isSentByChargePoint: Bool {
        switch self {
        case .authorize, .bootNotification, .dataTransfer, .heartbeat,
            .meterValues, .startTransaction, .statusNotification, .stopTransaction,
            .diagnosticsStatusNotification, .firmwareStatusNotification, .logStatusNotification, .securityEventNotification,
            .signCertificate, .signedFirmwareStatusNotification:
            true
        default: false
        }
    }

    /// True if a central system sends this CALL.
    public var isSentByCentralSystem: Bool { self == .dataTransfer || !isSentByChargePoint }
}
