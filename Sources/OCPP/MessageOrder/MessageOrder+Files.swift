import JSONText

/// How far an update or an upload is.
struct FileProgress: Sendable {
    /// The word of the last notification; empty right after the request, `nil` if nothing is going on.
    var state: String?
    /// True if notifications may have been lost with the connection since the last one.
    var hasGap = false

    mutating func begin() {
        state = ""
        hasGap = false
    }
}

extension MessageOrder {
    /// The states that may come before each state of a firmware update; the empty word is the request.
    private static let firmwareOrder: [(state: String, after: [String])] = [
        ("Downloading", ["", "DownloadFailed"]), ("Downloaded", ["Downloading"]), ("DownloadFailed", ["", "Downloading"]),
        ("Installing", ["Downloaded"]), ("Installed", ["Installing"]), ("InstallationFailed", ["Downloaded", "Installing"]),
    ]

    /// The same for a signed firmware of the security whitepaper.
    private static let signedFirmwareOrder: [(state: String, after: [String])] = [
        ("DownloadScheduled", [""]), ("Downloading", ["", "DownloadScheduled", "DownloadPaused", "DownloadFailed"]), ("DownloadPaused", ["Downloading"]),
        ("Downloaded", ["Downloading"]), ("DownloadFailed", ["", "Downloading", "DownloadScheduled", "DownloadPaused"]),
        ("SignatureVerified", ["Downloaded"]), ("InvalidSignature", ["Downloaded"]), ("InstallScheduled", ["SignatureVerified"]),
        ("Installing", ["SignatureVerified", "InstallScheduled", "InstallRebooting"]),
        ("InstallRebooting", ["SignatureVerified", "InstallScheduled", "Installing"]),
        ("Installed", ["Installing", "InstallRebooting"]), ("InstallVerificationFailed", ["Installing", "InstallRebooting"]),
        ("InstallationFailed", ["SignatureVerified", "InstallScheduled", "Installing", "InstallRebooting"]),
    ]

    mutating func firmwareStatus(_ payload: OCPPPayload, _ findings: inout [MessageOrderFinding]) {
        advance(payload, \.firmware, Self.firmwareOrder, "UpdateFirmware", .firmware, &findings)
    }

    mutating func signedFirmwareStatus(_ payload: OCPPPayload, _ findings: inout [MessageOrderFinding]) {
        advance(payload, \.signedFirmware, Self.signedFirmwareOrder, "SignedUpdateFirmware", .firmware, &findings)
    }

    private mutating func advance(
        _ payload: OCPPPayload, _ progress: WritableKeyPath<MessageOrder, FileProgress>, _ order: [(state: String, after: [String])], _ request: String,
        _ rule: MessageOrderFinding.Rule, _ findings: inout [MessageOrderFinding]
    ) {
        // Idle, and the last state once more, answer a trigger.
        guard let next = payload.statusName, next != "Idle", next != self[keyPath: progress].state else { return }
        defer {
            self[keyPath: progress].state = next
            self[keyPath: progress].hasGap = false
        }
        guard let last = self[keyPath: progress].state else {
            if settings.knowsHistory { report(rule, "\(next), and there was no \(request)", &findings) }
            return
        }
        guard !self[keyPath: progress].hasGap, let allowed = order.first(where: { $0.state == next })?.after, !allowed.contains(last) else { return }
        report(rule, last.isEmpty ? "\(next) is the first state after \(request)" : "\(next) after \(last)", &findings)
    }

    /// Uploads: `Uploading`, then how it ended.
    mutating func uploadStatus(
        _ payload: OCPPPayload, _ progress: WritableKeyPath<MessageOrder, FileProgress>, asked: String, _ findings: inout [MessageOrderFinding]
    ) {
        let order: [(state: String, after: [String])] = [
            ("Uploading", ["", "UploadFailed", "UploadFailure"]), ("Uploaded", ["Uploading"]), ("UploadFailed", ["", "Uploading"]),
            ("UploadFailure", ["", "Uploading"]), ("BadMessage", ["", "Uploading"]), ("NotSupportedOperation", ["", "Uploading"]),
            ("PermissionDenied", ["", "Uploading"]),
        ]
        advance(payload, progress, order, asked, .diagnostics, &findings)
    }
}
