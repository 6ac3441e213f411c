import JSONText
import Quantities
import Testing

@testable import OCPP

@Suite("Uploads and firmware updates")
struct FileTransferTests {
    /// Steps an upload to its end: `seconds action` of each event.
    private func course(_ job: inout UploadJob, from start: OCPPTimestamp = clock()) throws -> [String] {
        var lines: [String] = []
        for _ in 0..<50 {
            guard let next = job.next else { return lines }
            for event in job.step(at: next) { lines.append(try line(event, next, start)) }
        }
        Issue.record("the upload does not end")
        return lines
    }

    private func line(_ event: FileTransferEvent, _ at: OCPPTimestamp, _ start: OCPPTimestamp = clock()) throws -> String {
        if let message = event.message(at: at), case .object(let action, let text) = message {
            #expect(throws: Never.self) { try OCPPPayload.checked(action, text).get() }
        }
        let seconds = (at.milliseconds - start.milliseconds) / 1000
        switch event {
        case .diagnosticsStatus(let status): return "\(seconds) \(status.name)"
        case .logStatus(let status, let id): return "\(seconds) \(status.name) \(id ?? -1)"
        case .firmwareStatus(let status): return "\(seconds) \(status.name)"
        case .signedFirmwareStatus(let status, let id): return "\(seconds) \(status.name) \(id ?? -1)"
        case .securityEvent(let type, _): return "\(seconds) event \(type)"
        case .reboot: return "\(seconds) reboot"
        case .newVersion(let version): return "\(seconds) version \(version)"
        }
    }

    /// Steps an update to its end; a reboot takes 5 s; transactions run until `freeAt`.
    private func course(_ job: inout FirmwareJob, freeAt: Int64 = 0) throws -> [String] {
        var lines: [String] = []
        var now = clock()
        for _ in 0..<50 {
            if let next = job.next {
                now = max(now, next)
            } else if job.waitsForTransactions {
                now = max(now, clock(freeAt))
            } else {
                return lines
            }
            for event in job.step(at: now, canReboot: now >= clock(freeAt)) {
                lines.append(try line(event, now))
                if event == .reboot {
                    now = now.advanced(by: .seconds(5))
                    job.rebooted(at: now)
                }
            }
        }
        Issue.record("the update does not end")
        return lines
    }

    @Test("Diagnostics are uploaded, tried again as often as asked, and given up")
    func diagnostics() throws {
        var job = UploadJob()
        let request: JSONValue = ["location": "ftp://example.org/a", "retries": 3, "retryInterval": 20]
        let answer = job.startDiagnostics(request, identity: "CP1", at: clock())
        #expect(answer.text() == #"{"fileName":"CP1-diagnostics-20260101-1.log"}"#)
        #expect(try course(&job) == ["0 Uploading", "10 Uploaded"])
        job.plan.failingUploads = 2
        _ = job.startDiagnostics(request, identity: "CP1", at: clock())
        #expect(try course(&job) == ["0 Uploading", "30 Uploading", "60 Uploading", "70 Uploaded"])
        job.plan.failingUploads = .max
        _ = job.startDiagnostics(request, identity: "CP1", at: clock())
        #expect(try course(&job) == ["0 Uploading", "30 Uploading", "60 Uploading", "70 UploadFailed"])
        #expect(!job.isRunning && job.diagnosticsStatus == .idle)
        job.plan.hasDiagnostics = false
        #expect(job.startDiagnostics(request, identity: "CP1", at: clock()).text() == "{}" && job.next == nil)
        job.plan.hasDiagnostics = true
        let wrong: JSONValue = ["location": "x", "startTime": "2026-01-02T00:00:00Z", "stopTime": "2026-01-01T00:00:00Z"]
        #expect(job.startDiagnostics(wrong, identity: "CP1", at: clock()).text() == "{}" && job.next == nil)
    }

    @Test("A second GetLog takes the place of the first")
    func log() throws {
        var job = UploadJob()
        func request(_ id: Int64) -> JSONValue { ["log": ["remoteLocation": "x"], "logType": "SecurityLog", "requestId": .integer(id)] }
        #expect(job.startLog(request(4), identity: "C", at: clock())["status"] == "Accepted")
        let first = try job.step(at: clock()).map { try line($0, clock()) }
        #expect(first == ["0 Uploading 4"])
        #expect(job.logStatus == .logStatus(.uploading, requestID: 4))
        let second = job.startLog(request(5), identity: "C", at: clock(3))
        #expect(second["status"] == "AcceptedCanceled" && second["filename"] == "C-security-20260101-2.log")
        #expect(throws: Never.self) { try OCPPPayload.checked(.getLog, second.text(), isRequest: false).get() }
        #expect(try course(&job) == ["3 Uploading 5", "13 Uploaded 5"])
        job.plan.failingUploads = 1
        job.plan.logFailure = .permissionDenied
        _ = job.startLog(request(6), identity: "C", at: clock())
        #expect(try course(&job) == ["0 Uploading 6", "10 PermissionDenied 6"])
        _ = job.startLog(request(7), identity: "C", at: clock())
        _ = job.step(at: clock())
        let lost = job.rebooted(at: clock(1))
        #expect(lost == [.logStatus(.uploadFailure, requestID: 7)] && !job.isRunning)
    }

    private func update(_ seconds: Int64, retries: Int64 = 1) -> JSONValue {
        ["location": "x", "retrieveDate": .string(clock(seconds).text), "retries": .integer(retries), "retryInterval": 7]
    }

    @Test("Firmware is fetched at its time, installed, and told after the reboot")
    func firmware() throws {
        var job = FirmwareJob()
        job.plan.newVersion = "2.0"
        #expect(job.start(update(100), at: clock()).text() == "{}")
        #expect(job.status == .firmwareStatus(.idle))
        #expect(
            try course(&job) == ["100 Downloading", "130 Downloaded", "130 Installing", "160 reboot", "165 version 2.0", "165 Installed"])
        job.plan.reboots = false
        _ = job.start(update(-5), at: clock())
        #expect(try course(&job, freeAt: 200) == ["0 Downloading", "30 Downloaded", "200 Installing", "230 version 2.0", "230 Installed"])
    }

    @Test("A download that fails is tried again, an installation that fails is told")
    func failures() throws {
        var job = FirmwareJob()
        job.plan.failingDownloads = .max
        _ = job.start(update(0, retries: 2), at: clock())
        #expect(try course(&job) == ["0 Downloading", "37 Downloading", "67 DownloadFailed"])
        job.plan.failingDownloads = 1
        job.plan.installation = .fails
        _ = job.start(update(0, retries: 2), at: clock())
        #expect(
            try course(&job) == ["0 Downloading", "37 Downloading", "67 Downloaded", "67 Installing", "97 InstallationFailed"])
    }

    private func signed(_ id: Int64, retrieve: Int64 = 0, install: Int64? = nil) -> JSONValue {
        var firmware: [JSONValue.Member] = [
            .init("location", "x"), .init("retrieveDateTime", .string(clock(retrieve).text)), .init("signingCertificate", "c"), .init("signature", "s"),
        ]
        if let install { firmware.append(.init("installDateTime", .string(clock(install).text))) }
        return ["requestId": .integer(id), "firmware": .object(firmware)]
    }

    @Test("A signed update tells each stage with its request id")
    func signedUpdate() throws {
        var job = FirmwareJob()
        #expect(job.startSigned(signed(9, retrieve: 10, install: 100), at: clock()).answer["status"] == "Accepted")
        #expect(
            try course(&job) == [
                "0 DownloadScheduled 9", "10 Downloading 9", "40 Downloaded 9", "41 SignatureVerified 9", "41 InstallScheduled 9",
                "100 Installing 9", "130 InstallRebooting 9", "130 reboot", "135 Installed 9", "135 event FirmwareUpdated",
            ])
        _ = job.startSigned(signed(10, install: 100), at: clock())
        #expect(
            try course(&job, freeAt: 150).dropFirst(3) == [
                "31 InstallScheduled 10", "150 Installing 10", "180 InstallRebooting 10", "180 reboot", "185 Installed 10",
                "185 event FirmwareUpdated",
            ])
    }

    @Test("A wrong signature or certificate ends a signed update with a security event")
    func wrongSignature() throws {
        var job = FirmwareJob()
        job.plan.signatureIsValid = false
        _ = job.startSigned(signed(1), at: clock())
        #expect(
            try course(&job) == ["0 Downloading 1", "30 Downloaded 1", "31 InvalidSignature 1", "31 event InvalidFirmwareSignature"])
        let revoked = job.startSigned(signed(2), certificate: .revoked, at: clock())
        #expect(revoked.answer["status"] == "RevokedCertificate" && revoked.events.count == 1 && !job.isRunning)
        job.plan.signingCertificate = .invalid
        let invalid = job.startSigned(signed(3), at: clock())
        #expect(invalid.answer["status"] == "InvalidCertificate")
        let events = try invalid.events.map { try line($0, clock()) }
        #expect(events == ["0 event InvalidFirmwareSigningCertificate"])
        job.plan = FileTransferPlan()
        job.plan.installation = .failsVerification
        _ = job.startSigned(signed(4), at: clock())
        #expect(try course(&job).last == "61 InstallVerificationFailed 4")
    }

    @Test("Another update takes the place of one that is not being installed yet")
    func replaced() throws {
        var job = FirmwareJob()
        _ = job.startSigned(signed(1), at: clock())
        _ = job.step(at: clock(), canReboot: true)
        #expect(job.status == .signedFirmwareStatus(.downloading, requestID: 1))
        #expect(job.startSigned(signed(2), at: clock(1)).answer["status"] == "AcceptedCanceled")
        while job.status != .signedFirmwareStatus(.installing, requestID: 2), let next = job.next { _ = job.step(at: next, canReboot: true) }
        #expect(job.startSigned(signed(3), at: clock(80)).answer["status"] == "Rejected")
    }

    @Test("A power cut begins the download or the installation again")
    func powerCut() throws {
        var job = FirmwareJob()
        _ = job.start(update(0), at: clock())
        _ = job.step(at: clock(), canReboot: true)
        job.rebooted(at: clock(10))
        #expect(try course(&job).prefix(2) == ["10 Downloading", "40 Downloaded"])
    }
}
