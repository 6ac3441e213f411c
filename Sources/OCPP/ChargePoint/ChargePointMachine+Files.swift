import JSONText
import Quantities

/// Uploads of diagnostics and logs, and firmware updates.
extension ChargePointMachine {
    /// Answers GetDiagnostics, GetLog, UpdateFirmware and SignedUpdateFirmware.
    mutating func startTransfer(
        _ id: MessageID, _ action: OCPPAction, _ fields: JSONValue, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let needed: FeatureProfile = action == .getDiagnostics || action == .updateFirmware ? .firmwareManagement : .security
        guard settings.features.contains(needed) else { return reply(id, error: .notSupported, action.name.description, &out) }
        var events: [FileTransferEvent] = []
        let answer: JSONValue
        switch action {
        case .getDiagnostics: answer = store.upload.startDiagnostics(fields, identity: settings.identity, at: time(now))
        case .getLog: answer = store.upload.startLog(fields, identity: settings.identity, at: time(now))
        case .updateFirmware: answer = store.firmware.start(fields, at: time(now))
        default: (answer, events) = store.firmware.startSigned(fields, at: time(now))
        }
        reply(id, .object(action, text: answer.text()), &out)
        take(events, now, meter, &out)
        stepTransfers(now, meter, &out)
    }

    /// How the transfers go from now on, as when a test wants the next one to fail.
    public mutating func setTransferPlan(_ plan: FileTransferPlan) {
        store.upload.plan = plan
        store.firmware.plan = plan
    }

    /// Does what is due of the transfers.
    mutating func stepTransfers(_ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        take(store.upload.step(at: time(now)), now, meter, &out)
        guard isOn else { return }
        take(store.firmware.step(at: time(now), canReboot: connectors.allSatisfy { $0.transaction == nil }), now, meter, &out)
        scheduleTransfers(now, &out)
    }

    /// A transaction is over: an update that waited for it goes on.
    mutating func continueTransfers(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard store.firmware.waitsForTransactions, connectors.allSatisfy({ $0.transaction == nil }) else { return }
        transferTimer = now
        out.append(.setTimer(.transfer, now))
    }

    private mutating func scheduleTransfers(_ now: Instant, _ out: inout [ChargePointOutput]) {
        let next = [store.upload.next, store.firmware.next].compactMap { $0 }.min().flatMap { instant($0) }.map { max($0, now) }
        guard isOn, next != transferTimer else { return }
        transferTimer = next
        if let next { out.append(.setTimer(.transfer, next)) } else { out.append(.cancelTimer(.transfer)) }
    }

    /// The machine is on again: what was interrupted goes on or has failed.
    mutating func resumeTransfers(_ now: Instant, _ out: inout [ChargePointOutput]) {
        if let version = store.firmware.versionAfterReboot { store.firmwareVersion = String(version.prefix(50)) }
        store.firmware.rebooted(at: time(now))
        for event in store.upload.rebooted(at: time(now)) { if let payload = event.message(at: time(now)) { store.notices.append(payload) } }
        scheduleTransfers(now, &out)
    }

    private mutating func take(_ events: [FileTransferEvent], _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard !events.isEmpty else { return }
        var reboots = false
        for event in events {
            switch event {
            case .reboot: reboots = true
            case .newVersion(let version): store.firmwareVersion = String(version.prefix(50))
            case .securityEvent(let type, let info): noteSecurity(type, info, now, &out)
            default:
                // The connectors go out of service before the installation begins, and come back when it is over.
                if event.isInstalling {
                    for connector in 1...connectors.count { abandon(connector, now, &out) }
                    refreshStation(now, &out)
                }
                if let payload = event.message(at: time(now)) { notify(payload, now, &out) }
            }
        }
        refreshStation(now, &out)
        if reboots { restart(.reboot, now, meter, &out) }
    }

    /// Sends a status of a transfer, or keeps it until the central system can be told.
    private mutating func notify(_ payload: OCPPPayload, _ now: Instant, _ out: inout [ChargePointOutput]) {
        if isConnected, registration == .accepted, store.notices.isEmpty, call(payload, .notice, now, &out) { return }
        if store.notices.count >= 50 { store.notices.removeFirst() }
        store.notices.append(payload)
    }

    /// Sends the statuses of transfers that were kept.
    mutating func reportTransfers(_ now: Instant, _ out: inout [ChargePointOutput]) {
        let kept = store.notices
        store.notices = []
        for payload in kept { notify(payload, now, &out) }
    }

    /// What a trigger for the status of a transfer is answered with; `nil` for the name of another message.
    func transferStatus(_ message: String, _ now: Instant) -> OCPPPayload? {
        switch message {
        case "DiagnosticsStatusNotification": FileTransferEvent.diagnosticsStatus(store.upload.diagnosticsStatus).message(at: time(now))
        case "FirmwareStatusNotification": store.firmware.status.message(at: time(now))
        case "LogStatusNotification": store.upload.logStatus.message(at: time(now))
        default: nil
        }
    }
}
