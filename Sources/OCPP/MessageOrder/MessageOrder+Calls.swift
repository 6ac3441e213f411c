import JSONText
import Quantities

extension MessageOrder {
    /// A call of the charge point.
    mutating func callOfChargePoint(_ action: OCPPAction, _ payload: OCPPPayload, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        if phase != .accepted || action == .bootNotification { checkPhase(action, now, &findings) }
        if openTrigger != nil { checkTrigger(action, payload, &findings) }
        switch payload {
        case .meterValues(let values): meterValues(values, now, &findings)
        case .startTransaction(let start): self.start(start, now, &findings)
        case .stopTransaction(let stop): self.stop(stop, now, &findings)
        case .statusNotification(let status): self.status(status, now, &findings)
        case .object(.firmwareStatusNotification, _): firmwareStatus(payload, &findings)
        case .object(.signedFirmwareStatusNotification, _): signedFirmwareStatus(payload, &findings)
        case .object(.diagnosticsStatusNotification, _): uploadStatus(payload, \.diagnostics, asked: "GetDiagnostics", &findings)
        case .object(.logStatusNotification, _): uploadStatus(payload, \.logs, asked: "GetLog", &findings)
        default: break
        }
    }

    /// A call of the central system.
    mutating func callOfCentralSystem(_ payload: OCPPPayload, _ findings: inout [MessageOrderFinding]) {
        guard let action = payload.action else { return }
        switch action {
        case .remoteStartTransaction, .remoteStopTransaction:
            if case .pending = phase { report(.registration, "\(action.name) while the registration is pending", &findings) }
        case .triggerMessage, .extendedTriggerMessage: noteTrigger(payload)
        default: break
        }
    }

    /// A confirmation that the charge point gets.
    mutating func resultForChargePoint(_ call: OpenCall, _ result: OCPPPayload, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        if failed != nil, let key = call.payload?.queueKey, failed?.key == key { failed = nil }
        switch result {
        case .bootNotificationResult(let result): bootAnswered(result, now)
        case .authorizeResult(let info): if case .authorize(let tag)? = call.payload { authorized(tag, info) }
        case .startTransactionResult(let info, let id):
            if case .startTransaction(let start)? = call.payload { started(start, info, id, now, &findings) }
        case .stopTransactionResult: if case .stopTransaction(let stop)? = call.payload { stopConfirmed(stop) }
        default: break
        }
    }

    /// A confirmation that the central system gets.
    mutating func resultForCentralSystem(_ call: OpenCall, _ result: OCPPPayload, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        guard let action = call.action, let asked = call.payload else { return }
        switch action {
        case .triggerMessage, .extendedTriggerMessage: return triggerAnswered(result)
        case .getConfiguration: return noteConfiguration(nil, result)
        case .changeConfiguration: return noteConfiguration(asked, result)
        case .changeAvailability: return availabilityAnswered(asked, result, &findings)
        case .updateFirmware:
            mayBootAgain = true
            return firmware.begin()
        default: break
        }
        let status = result.statusName
        guard status == "Accepted" || status == "AcceptedCanceled" || action == .getDiagnostics || action == .sendLocalList else { return }
        switch action {
        case .remoteStartTransaction:
            if case .remoteStartTransaction(let start) = asked { remoteTags.append(start.idTag.mark(foldingCase: true), atMost: 8) }
        case .remoteStopTransaction:
            guard case .remoteStopTransaction(let id) = asked, settings.knowsHistory else { return }
            if !isRunning(id) { report(.remote, "RemoteStopTransaction of transaction \(id), which does not run, was accepted", &findings) }
        case .setChargingProfile: if case .setChargingProfile(let set) = asked { profileAccepted(set, &findings) }
        case .reset:
            mayBootAgain = true
            softReset = asked.fields?["type"]?.string == "Soft"
        case .reserveNow: reserved(asked)
        case .cancelReservation: cancelled(asked, &findings)
        case .signedUpdateFirmware:
            mayBootAgain = true
            signedFirmware.begin()
        case .getDiagnostics: diagnostics.begin()
        case .getLog: logs.begin()
        case .sendLocalList:
            for entry in asked.fields?["localAuthorizationList"]?.array ?? [] {
                if let tag = entry["idTag"]?.string { knownTags.append(tag.mark(foldingCase: true), atMost: 64) }
            }
        default: break
        }
    }

    /// A CALLERROR that the charge point gets.
    mutating func errorForChargePoint(_ call: OpenCall, _ now: Instant) {
        if call.action == .bootNotification, phase == .booting { phase = .off }
        guard let key = call.payload?.queueKey else { return }
        failed = FailedMessage(key: key, failures: failed?.key == key ? (failed?.failures ?? 0) + 1 : 1, at: now)
    }

    /// A message of the queue that was refused comes again after a wait that grows with each attempt.
    mutating func checkRetry(_ payload: OCPPPayload, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        guard let failed, failed.key == payload.queueKey else { return }
        if let attempts = settings.transactionMessageAttempts, attempts > 0, failed.failures >= attempts {
            report(.offline, "attempt \(failed.failures + 1) of a message, and TransactionMessageAttempts is \(attempts)", &findings)
        } else if let interval = settings.transactionMessageRetryInterval, 0...(1 << 24) ~= interval,
            now - failed.at < .seconds(Int64(interval * min(failed.failures, 64)))
        {
            report(.offline, "a message comes again after \(words(now - failed.at)), not \(interval * failed.failures) s", &findings)
        }
    }
}

/// A message of a transaction that the central system has answered with an error.
struct FailedMessage: Sendable {
    var key: QueueKey
    var failures: Int
    var at: Instant
}

/// What a message of the transaction queue is known by when it comes again.
struct QueueKey: Hashable, Sendable {
    var kind: UInt8
    var number: Int
    var other: Int
    var time: Int64
}

extension OCPPPayload {
    /// What tells a message of the transaction queue from others.
    var queueKey: QueueKey? {
        switch self {
        case .startTransaction(let start):
            QueueKey(kind: 0, number: start.connectorID, other: start.meterStart, time: start.timestamp.milliseconds)
        case .stopTransaction(let stop): QueueKey(kind: 1, number: stop.transactionID, other: stop.meterStop, time: 0)
        case .meterValues(let values):
            values.transactionID.map { QueueKey(kind: 2, number: $0, other: values.connectorID, time: values.value.timestamp.milliseconds) }
        default: nil
        }
    }
}
