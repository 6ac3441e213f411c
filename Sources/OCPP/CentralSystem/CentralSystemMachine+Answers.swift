import JSONText
import Quantities

extension CentralSystemMachine {
    /// Answers a call of a charge point.
    mutating func answer(_ id: MessageID, _ payload: OCPPPayload, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) {
        if connections[connection].registration != .accepted { checkRegistration(payload, connection, &out) }
        guard replies.isEmpty else { return answerByScript(id, payload, connection, now, &out) }
        out.append(.send(connection: connection, result(id, payload, connection, now, &out)))
        if case .bootNotification = payload { out.append(.registered(connection: connection, settings.bootStatus)) }
    }

    /// The answer to a call by default, and what follows from the call.
    private mutating func result(
        _ id: MessageID, _ payload: OCPPPayload, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]
    ) -> OCPPMessage {
        switch payload {
        case .meterValues(let message):
            take(message, connection, now, &out)
            return .result(id, .empty(.meterValues))
        case .empty(.heartbeat): return .result(id, .heartbeatResult(currentTime: time(now)))
        case .statusNotification(let message):
            take(message, connection, now, &out)
            return .result(id, .empty(.statusNotification))
        case .bootNotification(let message):
            memory.chargePoints[connections[connection].point].bootNotification = message
            register(settings.bootStatus, connection)
            return .result(
                id,
                .bootNotificationResult(BootNotificationResult(status: settings.bootStatus, currentTime: time(now), interval: max(0, settings.interval))))
        case .authorize(let idTag): return .result(id, .authorizeResult(information(of: idTag, at: time(now))))
        case .startTransaction(let message): return .result(id, start(message, connection, now, &out))
        case .stopTransaction(let message): return .result(id, stop(message, connection, now, &out))
        case .object(let action, let text):
            if let result = notified(action, text, connection, &out) { return .result(id, result) }
        default: break
        }
        return .error(id, CallError(payload.action == nil ? .notImplemented : .notSupported, payload.actionName))
    }

    /// Answers a call as the script of replies wants it.
    private mutating func answerByScript(
        _ id: MessageID, _ payload: OCPPPayload, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]
    ) {
        let point = connections[connection].point
        guard let action = payload.action, let rule = replies.next(action, peer: memory.chargePoints[point].identity, number: point) else {
            out.append(.send(connection: connection, result(id, payload, connection, now, &out)))
            if case .bootNotification = payload { out.append(.registered(connection: connection, settings.bootStatus)) }
            return
        }
        // A call that ends in an error was not processed: the charge point may send it again.
        if case .error(let error) = rule.form { return send(.error(id, error), after: rule.delay, connection, now, &out) }
        let before = memory.chargePoints[point].registration
        let standard = result(id, payload, connection, now, &out)
        let outcome = rule.outcome(action, standard, at: time(now))
        if case .bootNotification = payload { register(before, connection) }
        switch outcome {
        case .drop: break
        case .disconnect: close(connection, .scripted, &out)
        case .send(let message, let delay):
            rename(standard, message, connection)
            send(message, after: delay, connection, now, &out)
            if case .result(_, .bootNotificationResult(let boot)) = message {
                register(boot.status, connection)
                out.append(.registered(connection: connection, boot.status))
            }
        }
    }

    /// Sends an answer now or later.
    private mutating func send(_ message: OCPPMessage, after delay: Duration, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) {
        guard delay > .zero else { return out.append(.send(connection: connection, message)) }
        lastDelayed &+= 1
        delayed.append(DelayedReply(number: lastDelayed, connection: connection, generation: connections[connection].generation, message: message))
        out.append(.setReplyTimer(number: lastDelayed, now + delay))
    }

    /// The time of a delayed answer has come; one whose connection is over is gone.
    public mutating func replyDue(_ number: UInt32, into out: inout [CentralSystemOutput]) {
        guard let place = delayed.firstIndex(where: { $0.number == number }) else { return }
        let reply = delayed.remove(at: place)
        guard isConnected(reply.connection), connections[reply.connection].generation == reply.generation else { return }
        out.append(.send(connection: reply.connection, reply.message))
    }

    // MARK: Registration

    private mutating func register(_ status: RegistrationStatus?, _ connection: Int) {
        let point = connections[connection].point
        if memory.chargePoints[point].registration == .accepted { registeredCount -= 1 }
        if status == .accepted { registeredCount += 1 }
        memory.chargePoints[point].registration = status
        for live in points[connections[connection].point].live { connections[live].registration = status }
    }

    /// Records a call that must not come before the registration is accepted.
    private mutating func checkRegistration(_ payload: OCPPPayload, _ connection: Int, _ out: inout [CentralSystemOutput]) {
        guard payload.action != .bootNotification else { return }
        if let action = payload.action, connections[connection].registration == .pending {
            let bit = UInt64(1) << UInt64(action.rawValue)
            guard connections[connection].triggered & bit == 0 else { return }
        }
        out.append(.violation(connection: connection, .invalidState, "\(payload.actionName) before the registration was accepted"))
    }

    // MARK: What is reported

    /// The place of a connector among those that are kept; `nil` for a number that no charge point has.
    mutating func place(_ connector: Int, _ connection: Int) -> Int? {
        guard 0...64 ~= connector else { return nil }
        let point = connections[connection].point
        while memory.chargePoints[point].connectors.count <= connector { memory.chargePoints[point].connectors.append(ConnectorRecord()) }
        return connector
    }

    private mutating func take(_ message: StatusNotification, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) {
        guard let place = place(message.connectorID, connection) else { return }
        let point = connections[connection].point
        memory.chargePoints[point].connectors[place].status = message.status
        memory.chargePoints[point].connectors[place].errorCode = message.errorCode
        if place == 0, ![.available, .unavailable, .faulted].contains(message.status) {
            out.append(.violation(connection: connection, .invalidState, "connector 0 cannot be \(message.status.name)"))
        }
        out.append(.status(connection: connection, connector: place, message.status))
    }

    private mutating func take(_ message: MeterValues, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) {
        if let place = place(message.connectorID, connection) {
            let last = message.further.isEmpty ? message.value : message.further[message.further.count - 1]
            // One access to the record: this is the most frequent message of all.
            let found = memory.chargePoints[connections[connection].point].connectors[place].take(last, transaction: message.transactionID)
            if let transaction = found.otherTransaction { checkTransaction(transaction, place, connection, &out) }
            if found.hasGoneBack {
                out.append(.violation(connection: connection, .invalidState, "MeterValues: the register of connector \(place) has gone back"))
            }
        }
        out.append(.meterValues(connection: connection, connector: message.connectorID))
    }

    /// Records readings of a transaction that is none of the charge point's.
    private func checkTransaction(_ id: Int, _ connector: Int, _ connection: Int, _ out: inout [CentralSystemOutput]) {
        let transaction = memory.chargePoints[connections[connection].point].transaction(id)
        guard transaction?.connectorID != connector else { return }
        out.append(.violation(connection: connection, .invalidState, "MeterValues: there is no transaction \(id) at connector \(connector)"))
    }

    /// What the rarely sent notifications tell, and the answer to them; `nil` if the message is none for a central system.
    private mutating func notified(_ action: OCPPAction, _ text: String, _ connection: Int, _ out: inout [CentralSystemOutput]) -> OCPPPayload? {
        let point = connections[connection].point
        let fields = (try? JSONValue(parsing: text)) ?? .null
        switch action {
        case .dataTransfer:
            let vendor = fields["vendorId"]?.string ?? ""
            return .object(.dataTransfer, text: settings.vendors.contains(vendor) ? #"{"status":"Accepted"}"# : #"{"status":"UnknownVendorId"}"#)
        case .signCertificate:
            memory.chargePoints[point].signingRequest = fields["csr"]?.string
            out.append(.learned(connection: connection, action))
            return .object(.signCertificate, text: #"{"status":"Accepted"}"#)
        case .securityEventNotification:
            memory.chargePoints[point].securityEvents += 1
            memory.chargePoints[point].lastSecurityEvent = fields["type"]?.string
        case .diagnosticsStatusNotification, .firmwareStatusNotification, .logStatusNotification, .signedFirmwareStatusNotification:
            let note = ProgressNote(action: action, status: fields["status"]?.string ?? "", requestID: fields["requestId"]?.integer.map { Int($0) })
            if let place = memory.chargePoints[point].progress.firstIndex(where: { $0.action == action }) {
                memory.chargePoints[point].progress[place] = note
            } else {
                memory.chargePoints[point].progress.append(note)
            }
        default: return nil
        }
        out.append(.learned(connection: connection, action))
        return .empty(action)
    }
}

extension ConnectorRecord {
    /// Takes the last reading; says whether the register has gone back, and which transaction it names if it is not the one that runs here.
    @inline(__always)
    fileprivate mutating func take(_ value: MeterValue, transaction: Int?) -> (hasGoneBack: Bool, otherTransaction: Int?) {
        lastValue = value
        let other = transaction == nil || transaction == transactionID ? nil : transaction
        guard let register = value.importedWh else { return (false, other) }
        let hasGoneBack = register < registerWh
        registerWh = register
        return (hasGoneBack, other)
    }
}

extension MeterValue {
    /// The imported energy of the whole connector in Wh, if the samples have it.
    var importedWh: Double? {
        if let first, first.isImportRegister { return first.wattHours }
        guard !others.isEmpty else { return nil }
        // By index: an element that is only looked at need not be copied.
        for place in others.indices where others[place].isImportRegister { return others[place].wattHours }
        return nil
    }
}

extension SampledValue {
    @inline(__always)
    fileprivate var isImportRegister: Bool {
        (measurand == nil || measurand == .energyActiveImportRegister) && phase == nil && (location == nil || location == .outlet)
            && (unit == nil || unit == .wattHours || unit == .kilowattHours)
    }

    fileprivate var wattHours: Double? {
        guard scale > 0 || text != nil || unit == .kilowattHours else { return Double(mantissa) }
        return unit == .kilowattHours ? double.map { $0 * 1000 } : double
    }
}
