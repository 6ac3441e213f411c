import JSONText
import Quantities

/// How uploads and firmware updates of a simulated charge point go.
public struct FileTransferPlan: Sendable, Hashable {
    /// How an installation ends.
    public enum Installation: Sendable { case succeeds, fails, failsVerification }

    /// What the charge point finds when it checks the certificate that signed a firmware.
    public enum SigningCertificate: Sendable { case valid, invalid, revoked }

    /// The time that one upload takes.
    public var uploadTime = Duration.seconds(10)
    /// The time that one download takes.
    public var downloadTime = Duration.seconds(30)
    /// The time that checking a signature takes.
    public var verificationTime = Duration.seconds(1)
    public var installTime = Duration.seconds(30)
    /// The wait between attempts if a request names none.
    public var retryInterval = Duration.seconds(60)
    /// The number of attempts if a request names none.
    public var attempts = 1
    /// How many uploads fail before one succeeds; `Int.max`: all.
    public var failingUploads = 0
    /// How many downloads fail before one succeeds; `Int.max`: all.
    public var failingDownloads = 0
    /// The last word of an upload of a log that fails for good: UploadFailure, PermissionDenied, BadMessage or NotSupportedOperation.
    public var logFailure = LogStatus.uploadFailure
    /// True if there is something to upload.
    public var hasDiagnostics = true
    public var installation = Installation.succeeds
    /// True if the new firmware starts by a reboot.
    public var reboots = true
    public var signingCertificate = SigningCertificate.valid
    /// False: the signature of a downloaded firmware is wrong.
    public var signatureIsValid = true
    /// The version after a successful update; `nil` keeps the old one.
    public var newVersion: String?

    public init() {}
}

/// What an upload or an update wants done, in order.
public enum FileTransferEvent: Sendable, Hashable {
    /// Send this status with the request id of GetLog or SignedUpdateFirmware.
    case diagnosticsStatus(DiagnosticsStatus)
    case logStatus(LogStatus, requestID: Int?)
    case firmwareStatus(FirmwareStatus)
    case signedFirmwareStatus(SignedFirmwareStatus, requestID: Int?)
    /// Send a SecurityEventNotification.
    case securityEvent(type: String, info: String?)
    /// Restart; then call `rebooted(at:)`.
    case reboot
    /// The firmware is another one now.
    case newVersion(String)
}

/// The status of DiagnosticsStatusNotification.
public enum DiagnosticsStatus: UInt8, WireEnumeration {
    case idle, uploaded, uploadFailed, uploading
    public static let names: [StaticString] = ["Idle", "Uploaded", "UploadFailed", "Uploading"]
}

/// The status of LogStatusNotification.
public enum LogStatus: UInt8, WireEnumeration {
    case badMessage, idle, notSupportedOperation, permissionDenied, uploaded, uploadFailure, uploading
    public static let names: [StaticString] = [
        "BadMessage", "Idle", "NotSupportedOperation", "PermissionDenied", "Uploaded", "UploadFailure", "Uploading",
    ]
}

/// The status of FirmwareStatusNotification.
public enum FirmwareStatus: UInt8, WireEnumeration {
    case downloaded, downloadFailed, downloading, idle, installationFailed, installing, installed
    public static let names: [StaticString] = [
        "Downloaded", "DownloadFailed", "Downloading", "Idle", "InstallationFailed", "Installing", "Installed",
    ]
}

/// The status of SignedFirmwareStatusNotification.
public enum SignedFirmwareStatus: UInt8, WireEnumeration {
    case downloaded, downloadFailed, downloading, downloadScheduled, downloadPaused, idle, installationFailed, installing, installed
    case installRebooting, installScheduled, installVerificationFailed, invalidSignature, signatureVerified
    public static let names: [StaticString] = [
        "Downloaded", "DownloadFailed", "Downloading", "DownloadScheduled", "DownloadPaused", "Idle", "InstallationFailed", "Installing",
        "Installed", "InstallRebooting", "InstallScheduled", "InstallVerificationFailed", "InvalidSignature", "SignatureVerified",
    ]
}

extension FileTransferEvent {
    /// The message that tells the central system, `nil` for what is no message.
    public func message(at now: OCPPTimestamp) -> OCPPPayload? {
        switch self {
        case .diagnosticsStatus(let status): return Self.status(.diagnosticsStatusNotification, status.wireName, nil)
        case .logStatus(let status, let id): return Self.status(.logStatusNotification, status.wireName, id)
        case .firmwareStatus(let status): return Self.status(.firmwareStatusNotification, status.wireName, nil)
        case .signedFirmwareStatus(let status, let id): return Self.status(.signedFirmwareStatusNotification, status.wireName, id)
        case .securityEvent(let type, let info):
            var members: [JSONValue.Member] = [.init("type", .string(type)), .init("timestamp", .string(now.text))]
            if let info { members.append(.init("techInfo", .string(info))) }
            return .object(.securityEventNotification, text: JSONValue.object(members).text())
        case .reboot, .newVersion: return nil
        }
    }

    /// Whether it tells that the installation begins.
    var isInstalling: Bool {
        switch self {
        case .firmwareStatus(.installing), .signedFirmwareStatus(.installing, _): true
        default: false
        }
    }

    private static func status(_ action: OCPPAction, _ status: String, _ requestID: Int?) -> OCPPPayload {
        var members: [JSONValue.Member] = [.init("status", .string(status))]
        if let requestID { members.append(.init("requestId", .integer(Int64(requestID)))) }
        return .object(action, text: JSONValue.object(members).text())
    }
}

/// The attempts that a request allows: `retries` is how often a transfer is tried before the charge point gives up.
struct TransferAttempts: Sendable, Hashable {
    private(set) var left: Int
    let interval: Duration

    /// Reads `retries` and `retryInterval` of a request; a negative or missing number leaves the choice to the plan.
    init(_ request: JSONValue, _ plan: FileTransferPlan) {
        let named = request["retries"]?.integer.flatMap { $0 >= 0 ? Int(min($0, 1000)) : nil }
        left = max(named ?? plan.attempts, 1)
        let seconds = request["retryInterval"]?.integer.flatMap { $0 >= 0 ? min($0, 1_000_000_000) : nil }
        interval = seconds.map { .seconds($0) } ?? plan.retryInterval
    }

    /// Counts a failed attempt; true if another one is allowed.
    mutating func retry() -> Bool {
        left -= 1
        return left > 0
    }
}
