import JSONText
import Quantities

extension MessageOrder {
    /// A charge point must be heard within its heartbeat interval; twice the interval is certainly too long.
    mutating func listen(_ now: Instant, _ findings: inout [MessageOrderFinding]) {
        if heartbeatInterval > 0, phase == .accepted, let heard, now - heard > .seconds(Int64(2 * heartbeatInterval)) {
            report(.heartbeat, "nothing for \(words(now - heard)), and a heartbeat is due every \(heartbeatInterval) s", &findings)
        }
        heard = now
    }

    mutating func reboot(_ findings: inout [MessageOrderFinding]) {
        if softReset, let running = transactions.first(where: { $0.state == .running }) {
            report(.reset, "a soft reset, and transaction \(running.id) was not stopped", &findings)
        }
        connectionLost()
        isConnected = true
        phase = .off
        hasReportedPhase = false
        mayBootAgain = false
        triggered = 0
        restoredAt = nil
        reservations.removeAll { $0.expiry == nil }
    }

    /// What a charge point may send in the phase of its registration.
    mutating func checkPhase(_ action: OCPPAction, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        if action == .bootNotification { return boot(now, &findings) }
        if phase == .accepted { return }
        if case .pending = phase, triggered & 1 << UInt64(action.rawValue) != 0 { return }
        guard !hasReportedPhase else { return }
        hasReportedPhase = true
        switch phase {
        case .off: report(.registration, "\(action.name) before BootNotification", &findings)
        case .booting: report(.registration, "\(action.name) before the answer to BootNotification", &findings)
        case .pending: report(.registration, "\(action.name) while the registration is pending, and nobody has asked for it", &findings)
        case .rejected: report(.registration, "\(action.name) while the registration is rejected", &findings)
        case .accepted: break
        }
    }

    private mutating func boot(_ now: Instant, _ findings: inout [MessageOrderFinding]) {
        let bit: UInt64 = 1 << UInt64(OCPPAction.bootNotification.rawValue)
        let wasAsked = triggered & bit != 0
        triggered &= ~bit
        if !wasAsked {
            switch phase {
            case .accepted:
                // An accepted reset and a firmware that is being installed end in a reboot that nobody may have reported.
                if mayBootAgain { reboot(&findings) } else { report(.registration, "BootNotification without a reboot", &findings) }
            case .pending(let until?), .rejected(let until?):
                if now < until { report(.registration, "BootNotification \(words(until - now)) before the interval is over", &findings) }
            default: break
            }
        }
        phase = .booting
        hasReportedPhase = false
    }

    mutating func bootAnswered(_ result: BootNotificationResult, _ now: Instant) {
        let wait = min(max(result.interval, 0), 1 << 30)
        let until = wait > 0 ? now + .seconds(Int64(wait)) : nil
        hasReportedPhase = false
        mayBootAgain = false
        switch result.status {
        case .accepted:
            phase = .accepted
            heartbeatInterval = wait
            heard = now
            triggered = 0
        case .pending: phase = .pending(until: until)
        case .rejected: phase = .rejected(until: until)
        }
    }

    // MARK: Triggers

    mutating func noteTrigger(_ payload: OCPPPayload) {
        guard let fields = payload.fields, let name = fields["requestedMessage"]?.string else { return }
        guard let action = name == "SignChargePointCertificate" ? .signCertificate : OCPPAction(name: name) else { return }
        openTrigger = (action, fields["connectorId"]?.integer.map { Int($0) })
    }

    mutating func triggerAnswered(_ payload: OCPPPayload) {
        guard let trigger = openTrigger else { return }
        openTrigger = nil
        if payload.statusName == "Accepted" { triggered |= 1 << UInt64(trigger.action.rawValue) }
    }

    func checkTrigger(_ action: OCPPAction, _ payload: OCPPPayload, _ findings: inout [MessageOrderFinding]) {
        guard let trigger = openTrigger, trigger.action == action else { return }
        if let wanted = trigger.connector, let connector = payload.connector, wanted != connector { return }
        report(.trigger, "\(action.name) before the answer to the TriggerMessage that asked for it", &findings)
    }

    // MARK: Configuration

    mutating func noteConfiguration(_ asked: OCPPPayload?, _ answer: OCPPPayload) {
        if let members = answer.fields?["configurationKey"]?.array {
            for member in members { follow(member["key"]?.string, member["value"]?.string) }
        } else if ["Accepted", "RebootRequired"].contains(answer.statusName ?? ""), let fields = asked?.fields {
            follow(fields["key"]?.string, fields["value"]?.string)
        }
    }

    private mutating func follow(_ key: String?, _ value: String?) {
        guard let key, let value else { return }
        settings.set(key: key, to: value)
        if key.lowercased() == "heartbeatinterval", let seconds = Int(value), 0...(1 << 30) ~= seconds { heartbeatInterval = seconds }
    }
}

extension OCPPPayload {
    /// The connector of a request that names one.
    var connector: Int? {
        switch self {
        case .meterValues(let values): values.connectorID
        case .statusNotification(let status): status.connectorID
        case .startTransaction(let start): start.connectorID
        case .setChargingProfile(let set): set.connectorID
        case .remoteStartTransaction(let start): start.connectorID
        default: fields?["connectorId"]?.integer.map { Int($0) }
        }
    }
}
