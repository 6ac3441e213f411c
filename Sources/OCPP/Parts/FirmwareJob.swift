import JSONText
import Quantities

/// The firmware update that UpdateFirmware or SignedUpdateFirmware asks for; at most one runs.
///
/// `start…` gives the answer and asks for a timer at ``next``; `step(at:canReboot:)` is called then, and whenever a transaction has ended while
/// ``waitsForTransactions`` is true.
public struct FirmwareJob: Sendable, Equatable {
    /// How far an update has come.
    enum Phase: UInt8, Sendable, Equatable {
        case idle
        /// The time to fetch the file has not come.
        case scheduled
        case downloading
        /// An attempt failed, the next one waits.
        case waiting
        case verifying
        /// The time to install has not come, or transactions run.
        case ready
        case installing
        case rebooting
        /// The new firmware runs and has not told so yet.
        case restarted
    }

    public var plan: FileTransferPlan
    private var phase = Phase.idle
    private var isSigned = false
    private var requestID: Int?
    private var attempts = TransferAttempts(.object([]), FileTransferPlan())
    private var failures = 0
    private var retrieveAt = OCPPTimestamp(milliseconds: 0)
    private var installAt: OCPPTimestamp?
    private var hasAnnounced = false
    private var hasToldPlace = false
    /// When `step` wants to be called next.
    public private(set) var next: OCPPTimestamp?
    /// True if only running transactions keep the update from going on.
    public private(set) var waitsForTransactions = false

    public init(plan: FileTransferPlan = FileTransferPlan()) { self.plan = plan }

    /// True while an update goes on.
    public var isRunning: Bool { phase != .idle }

    /// True from when only transactions hold the installation up: connectors that become free should take no new ones.
    public var isAboutToInstall: Bool { waitsForTransactions || isInstalling }

    /// True while new firmware replaces the old one: nobody can charge.
    public var isInstalling: Bool { phase == .installing || phase == .rebooting }

    /// What a trigger for FirmwareStatusNotification shall tell: the status that was sent last, Idle if no update goes on.
    public var status: FileTransferEvent { isSigned && isRunning ? .signedFirmwareStatus(signedStatus, requestID: requestID) : .firmwareStatus(plainStatus) }

    /// Takes UpdateFirmware, whose answer is `{}`; an update that is being installed goes on instead.
    public mutating func start(_ request: JSONValue, at now: OCPPTimestamp) -> JSONValue {
        guard canBeReplaced, let date = Self.time(request["retrieveDate"]) else { return .object([]) }
        isSigned = false
        requestID = nil
        begin(request, now, date, nil)
        return .object([])
    }

    /// Answers SignedUpdateFirmware.
    ///
    /// - Parameter certificate: what the check of the signing certificate has found; `nil` = what the plan says.
    public mutating func startSigned(
        _ request: JSONValue, certificate: FileTransferPlan.SigningCertificate? = nil, at now: OCPPTimestamp
    ) -> (answer: JSONValue, events: [FileTransferEvent]) {
        func answer(_ status: SignedUpdateFirmwareStatus) -> JSONValue { ["status": .string(status.wireName)] }
        switch certificate ?? plan.signingCertificate {
        case .valid: break
        case .invalid: return (answer(.invalidCertificate), [.securityEvent(type: "InvalidFirmwareSigningCertificate", info: nil)])
        case .revoked: return (answer(.revokedCertificate), [.securityEvent(type: "InvalidFirmwareSigningCertificate", info: "revoked")])
        }
        guard canBeReplaced, let date = Self.time(request["firmware"]?["retrieveDateTime"]) else { return (answer(.rejected), []) }
        let status = isRunning ? SignedUpdateFirmwareStatus.acceptedCanceled : .accepted
        isSigned = true
        requestID = request["requestId"]?.integer.map { Int($0) }
        begin(request, now, date, Self.time(request["firmware"]?["installDateTime"]))
        return (answer(status), [])
    }

    private var canBeReplaced: Bool { ![.installing, .rebooting, .restarted].contains(phase) }

    private static func time(_ value: JSONValue?) -> OCPPTimestamp? { value?.string.flatMap { OCPPTimestamp(rfc3339: $0) } }

    private mutating func begin(_ request: JSONValue, _ now: OCPPTimestamp, _ retrieve: OCPPTimestamp, _ install: OCPPTimestamp?) {
        attempts = TransferAttempts(request, plan)
        failures = 0
        retrieveAt = retrieve
        installAt = install
        hasAnnounced = false
        hasToldPlace = false
        waitsForTransactions = false
        phase = .scheduled
        next = now
    }

    /// Does what is due: nothing before ``next``, except that the end of the last transaction lets a waiting update go on.
    ///
    /// - Parameter canReboot: false while transactions run.
    public mutating func step(at now: OCPPTimestamp, canReboot: Bool) -> [FileTransferEvent] {
        var events: [FileTransferEvent] = []
        // Several steps may be due at one instant; each moves the phase on or sets a later time.
        for _ in 0..<12 {
            if waitsForTransactions, canReboot {
                waitsForTransactions = false
                next = now
            }
            guard let due = next, due <= now else { break }
            advance(now, canReboot, &events)
        }
        return events
    }

    private mutating func advance(_ now: OCPPTimestamp, _ canReboot: Bool, _ events: inout [FileTransferEvent]) {
        switch phase {
        case .idle, .rebooting: next = nil
        case .scheduled:
            if retrieveAt > now {
                if isSigned, !hasAnnounced { tell(nil, .downloadScheduled, &events) }
                hasAnnounced = true
                next = retrieveAt
            } else {
                download(now, &events)
            }
        case .waiting: download(now, &events)
        case .downloading:
            if failures < plan.failingDownloads {
                failures += 1
                if attempts.retry() {
                    phase = .waiting
                    next = now.advanced(by: attempts.interval)
                } else {
                    end(.downloadFailed, .downloadFailed, &events)
                }
            } else {
                tell(.downloaded, .downloaded, &events)
                phase = isSigned ? .verifying : .ready
                if isSigned { next = now.advanced(by: plan.verificationTime) }
            }
        case .verifying:
            if plan.signatureIsValid {
                tell(nil, .signatureVerified, &events)
                phase = .ready
            } else {
                end(nil, .invalidSignature, &events)
                events.append(.securityEvent(type: "InvalidFirmwareSignature", info: nil))
            }
        case .ready: install(now, canReboot, &events)
        case .installing: installed(&events)
        case .restarted: finish(&events)
        }
    }

    private mutating func download(_ now: OCPPTimestamp, _ events: inout [FileTransferEvent]) {
        tell(.downloading, .downloading, &events)
        phase = .downloading
        next = now.advanced(by: plan.downloadTime)
    }

    private mutating func install(_ now: OCPPTimestamp, _ canReboot: Bool, _ events: inout [FileTransferEvent]) {
        let mustWait = installAt.map { $0 > now } ?? false
        if mustWait || !canReboot {
            if isSigned, !hasToldPlace { tell(nil, .installScheduled, &events) }
            hasToldPlace = true
            next = mustWait ? installAt : nil
            waitsForTransactions = !mustWait
            return
        }
        tell(.installing, .installing, &events)
        phase = .installing
        next = now.advanced(by: plan.installTime)
    }

    private mutating func installed(_ events: inout [FileTransferEvent]) {
        switch plan.installation {
        case .fails: end(.installationFailed, .installationFailed, &events)
        case .failsVerification: end(.installationFailed, .installVerificationFailed, &events)
        case .succeeds:
            guard plan.reboots else { return finish(&events) }
            tell(nil, .installRebooting, &events)
            events.append(.reboot)
            phase = .rebooting
            next = nil
        }
    }

    private mutating func finish(_ events: inout [FileTransferEvent]) {
        if let version = plan.newVersion { events.append(.newVersion(version)) }
        end(.installed, .installed, &events)
        if isSigned { events.append(.securityEvent(type: "FirmwareUpdated", info: plan.newVersion)) }
    }

    private mutating func tell(_ plain: FirmwareStatus?, _ signed: SignedFirmwareStatus, _ events: inout [FileTransferEvent]) {
        if isSigned {
            events.append(.signedFirmwareStatus(signed, requestID: requestID))
        } else if let plain {
            events.append(.firmwareStatus(plain))
        }
    }

    private mutating func end(_ plain: FirmwareStatus?, _ signed: SignedFirmwareStatus, _ events: inout [FileTransferEvent]) {
        tell(plain, signed, &events)
        phase = .idle
        next = nil
        waitsForTransactions = false
    }

    /// The version that runs after the restart that an update has asked for; for the BootNotification. `nil` = the old one.
    public var versionAfterReboot: String? { phase == .rebooting ? plan.newVersion : nil }

    /// The charge point has restarted: an update that waited for that is done at the next step, a download or an installation begins again.
    public mutating func rebooted(at now: OCPPTimestamp) {
        waitsForTransactions = false
        switch phase {
        case .idle: return
        case .rebooting, .restarted: phase = .restarted
        case .downloading, .waiting: phase = .waiting
        case .installing: phase = .ready
        case .scheduled, .verifying, .ready: break
        }
        next = now
    }

    private var plainStatus: FirmwareStatus {
        switch phase {
        case .idle, .scheduled: .idle
        case .downloading, .waiting: .downloading
        case .verifying, .ready: .downloaded
        case .installing, .rebooting: .installing
        case .restarted: .installed
        }
    }

    private var signedStatus: SignedFirmwareStatus {
        switch phase {
        case .idle: .idle
        case .scheduled: .downloadScheduled
        case .downloading, .waiting: .downloading
        case .verifying: .downloaded
        case .ready: hasToldPlace ? .installScheduled : .signatureVerified
        case .installing: .installing
        case .rebooting: .installRebooting
        case .restarted: .installed
        }
    }
}
