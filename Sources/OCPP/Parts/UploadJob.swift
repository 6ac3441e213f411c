import JSONText
import Quantities

/// The upload that GetDiagnostics or GetLog asks for; at most one runs.
///
/// `start…` gives the answer and asks for a timer at ``next``; `step(at:)` is called then and says what to send.
public struct UploadJob: Sendable, Equatable {
    /// What is being done.
    enum Phase: Sendable, Equatable { case idle, starting, uploading, waiting }

    public var plan: FileTransferPlan
    private var phase = Phase.idle
    private var isLog = false
    private var requestID: Int?
    private var attempts = TransferAttempts(.object([]), FileTransferPlan())
    private var failures = 0
    /// When `step` wants to be called next.
    public private(set) var next: OCPPTimestamp?
    /// The number of files made so far; part of their names.
    public private(set) var files = 0

    public init(plan: FileTransferPlan = FileTransferPlan()) { self.plan = plan }

    /// True while an upload goes on.
    public var isRunning: Bool { phase != .idle }

    /// What TriggerMessage for DiagnosticsStatusNotification shall tell.
    public var diagnosticsStatus: DiagnosticsStatus { isRunning && !isLog ? .uploading : .idle }

    /// What ExtendedTriggerMessage for LogStatusNotification shall tell.
    public var logStatus: FileTransferEvent {
        isRunning && isLog ? .logStatus(.uploading, requestID: requestID) : .logStatus(.idle, requestID: nil)
    }

    /// Answers GetDiagnostics: `{"fileName": …}`, or `{}` if there is nothing to upload. A running upload is given up for the new one.
    public mutating func startDiagnostics(_ request: JSONValue, identity: String, at now: OCPPTimestamp) -> JSONValue {
        guard plan.hasDiagnostics, Self.isOrdered(request["startTime"], request["stopTime"]) else { return .object([]) }
        isLog = false
        requestID = nil
        begin(request, now)
        return ["fileName": .string(fileName(identity, "diagnostics", now))]
    }

    /// Answers GetLog: Accepted, AcceptedCanceled if an upload of a log was given up for this one, Rejected if there is nothing to upload.
    public mutating func startLog(_ request: JSONValue, identity: String, at now: OCPPTimestamp) -> JSONValue {
        guard plan.hasDiagnostics, Self.isOrdered(request["log"]?["oldestTimestamp"], request["log"]?["latestTimestamp"]) else {
            return ["status": .string(GetLogStatus.rejected.wireName)]
        }
        let status = isRunning && isLog ? GetLogStatus.acceptedCanceled : .accepted
        isLog = true
        requestID = request["requestId"]?.integer.map { Int($0) }
        begin(request, now)
        let kind = request["logType"]?.string == "SecurityLog" ? "security" : "diagnostics"
        return ["status": .string(status.wireName), "filename": .string(fileName(identity, kind, now))]
    }

    /// False if a time span ends before it begins.
    private static func isOrdered(_ first: JSONValue?, _ last: JSONValue?) -> Bool {
        guard let first = first?.string.flatMap({ OCPPTimestamp(rfc3339: $0) }), let last = last?.string.flatMap({ OCPPTimestamp(rfc3339: $0) }) else {
            return true
        }
        return first <= last
    }

    private mutating func begin(_ request: JSONValue, _ now: OCPPTimestamp) {
        attempts = TransferAttempts(request, plan)
        failures = 0
        phase = .starting
        next = now
    }

    private mutating func fileName(_ identity: String, _ kind: String, _ now: OCPPTimestamp) -> String {
        files += 1
        let day = now.text.prefix(10).filter { $0 != "-" }
        return "\(identity.prefix(100))-\(kind)-\(day)-\(files).log"
    }

    /// Does what is due; nothing before ``next``.
    public mutating func step(at now: OCPPTimestamp) -> [FileTransferEvent] {
        guard let due = next, due <= now else { return [] }
        switch phase {
        case .idle:
            next = nil
            return []
        case .starting, .waiting:
            phase = .uploading
            next = now.advanced(by: plan.uploadTime)
            return [isLog ? .logStatus(.uploading, requestID: requestID) : .diagnosticsStatus(.uploading)]
        case .uploading:
            if failures < plan.failingUploads {
                failures += 1
                if attempts.retry() {
                    phase = .waiting
                    next = now.advanced(by: attempts.interval)
                    return []
                }
                return end(isLog ? .logStatus(plan.logFailure, requestID: requestID) : .diagnosticsStatus(.uploadFailed))
            }
            return end(isLog ? .logStatus(.uploaded, requestID: requestID) : .diagnosticsStatus(.uploaded))
        }
    }

    private mutating func end(_ event: FileTransferEvent) -> [FileTransferEvent] {
        phase = .idle
        next = nil
        return [event]
    }

    /// The charge point has restarted: an upload that was going on has failed.
    public mutating func rebooted(at now: OCPPTimestamp) -> [FileTransferEvent] {
        guard isRunning else { return [] }
        return end(isLog ? .logStatus(.uploadFailure, requestID: requestID) : .diagnosticsStatus(.uploadFailed))
    }
}
