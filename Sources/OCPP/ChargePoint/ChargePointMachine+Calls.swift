import JSONText
import Quantities

/// Why a charge point made a call: what its answer means.
enum Purpose: Equatable {
    case boot, heartbeat, meter
    /// The first message of the transaction queue.
    case transaction
    /// A message whose answer changes nothing.
    case notice
    /// What a TriggerMessage has asked for; it may go while the registration is Pending.
    case triggered
    /// The first security event of the list.
    case securityEvent
    case signCertificate
    case status(connector: Int)
    case authorize(connector: Int)
    /// Another tag than that of the transaction wants to stop it.
    case authorizeStop(connector: Int)

    /// The purpose as the token of a call: kind and connector.
    var token: UInt64 {
        switch self {
        case .boot: 0
        case .heartbeat: 1
        case .meter: 2
        case .transaction: 3
        case .notice: 4
        case .triggered: 5
        case .securityEvent: 6
        case .signCertificate: 7
        case .status(let connector): 8 | UInt64(connector) << 8
        case .authorize(let connector): 9 | UInt64(connector) << 8
        case .authorizeStop(let connector): 10 | UInt64(connector) << 8
        }
    }

    init(token: UInt64) {
        let connector = Int(token >> 8 & 0xFFFF)
        switch token & 0xFF {
        case 0: self = .boot
        case 1: self = .heartbeat
        case 2: self = .meter
        case 3: self = .transaction
        case 5: self = .triggered
        case 6: self = .securityEvent
        case 7: self = .signCertificate
        case 8: self = .status(connector: connector)
        case 9: self = .authorize(connector: connector)
        case 10: self = .authorizeStop(connector: connector)
        default: self = .notice
        }
    }
}

extension ChargePointMachine {
    // MARK: Sending

    /// True if a call with this purpose is outstanding or waits.
    func holds(_ purpose: Purpose) -> Bool { session.pending?.token == purpose.token || calls.holds(token: purpose.token) }

    /// Makes a call: now, or behind those that wait; false if it may not be made now or is lost.
    @discardableResult
    mutating func call(
        _ payload: OCPPPayload, _ purpose: Purpose, _ now: Instant, _ out: inout [ChargePointOutput], first: Bool = false
    ) -> Bool {
        guard isConnected, registration == .accepted || purpose == .boot || purpose == .triggered else { return false }
        return submit(payload, purpose, now, &out, first: first)
    }

    @discardableResult
    private mutating func submit(
        _ payload: OCPPPayload, _ purpose: Purpose, _ now: Instant, _ out: inout [ChargePointOutput], first: Bool
    ) -> Bool {
        if session.pending == nil, calls.isEmpty {
            transmit(payload, purpose.token, now, &out)
            return true
        }
        guard calls.count < settings.queueLimit || first else {
            out.append(.violation(.queueFull, "\(payload.actionName) is lost: \(settings.queueLimit) calls wait"))
            return false
        }
        calls.append(payload, purpose.token, first: first)
        return true
    }

    /// Sends a call that a scenario asks for, behind those that wait; its answer changes nothing here.
    public mutating func send(_ payload: OCPPPayload, at now: Instant, into out: inout [ChargePointOutput]) {
        guard isConnected else { return out.append(.violation(.invalidState, "\(payload.actionName) is not sent: there is no connection")) }
        submit(payload, .notice, now, &out, first: false)
    }

    private mutating func transmit(_ payload: OCPPPayload, _ token: UInt64, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard case .send(let message) = session.submit(payload, token: token, at: now) else { return }
        lastSent = now
        out.append(.send(dressed(message)))
        if let deadline = session.timerToSet() { out.append(.setTimer(.call, deadline)) }
    }

    /// Sends the next call that waits, and keeps the time-out timer going.
    mutating func pump(_ now: Instant, _ out: inout [ChargePointOutput]) {
        while session.pending == nil, let next = calls.popFirst() {
            switch next {
            case .call(let payload, let token): transmit(payload, token, now, &out)
            case .transaction: deliver(now, &out)
            }
        }
        if let deadline = session.timerToSet() { out.append(.setTimer(.call, deadline)) }
    }

    // MARK: The transaction queue

    /// Puts a message about a transaction into the persisted queue, and sends it when its turn comes.
    mutating func enqueue(_ payload: OCPPPayload, _ transaction: Int, _ now: Instant, _ out: inout [ChargePointOutput]) {
        if store.queue.append(QueuedTransactionMessage(transaction: transaction, payload: payload)) {
            out.append(.violation(.queueFull, "MeterValues are lost: \(store.queue.limit) messages about transactions wait"))
        }
        requestTurn(now, &out)
    }

    /// Asks for a turn of the transaction queue.
    mutating func requestTurn(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard isConnected, registration == .accepted, !isRetryWaiting, !store.queue.isEmpty else { return }
        if session.pending == nil, calls.isEmpty {
            deliver(now, &out)
        } else if calls.turns == 0 || calls.turns < store.queue.count - (isDelivering ? 1 : 0) && calls.count < settings.queueLimit {
            calls.appendTurn()
        }
    }

    /// Sends the first message of the transaction queue.
    private mutating func deliver(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard !isDelivering, !isRetryWaiting, registration == .accepted else { return }
        while let entry = store.queue.first {
            guard let payload = patched(entry) else {
                // Its transaction never got an id.
                store.queue.removeFirst()
                continue
            }
            isDelivering = true
            return transmit(payload, Purpose.transaction.token, now, &out)
        }
    }

    /// The payload with the id of its transaction; `nil` if there will never be one.
    private func patched(_ entry: QueuedTransactionMessage) -> OCPPPayload? {
        switch entry.payload {
        case .meterValues(var message):
            guard let id = store.transactions.first(where: { $0.number == entry.transaction })?.transactionID else { return nil }
            message.transactionID = id
            return .meterValues(message)
        case .stopTransaction(var message):
            guard let id = store.transactions.first(where: { $0.number == entry.transaction })?.transactionID else { return nil }
            message.transactionID = id
            return .stopTransaction(message)
        default: return entry.payload
        }
    }

    /// The first message of the queue was answered.
    private mutating func delivered(_ payload: OCPPPayload, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        isDelivering = false
        guard let entry = store.queue.first else { return }
        switch (entry.payload, payload) {
        case (.startTransaction(let request), .startTransactionResult(let info, let id)):
            store.queue.removeFirst()
            if let place = store.place(entry.transaction) {
                store.transactions[place].transactionID = id
                if let parent = info.parentIdTag { store.transactions[place].parentIdTag = parent }
            }
            learn(request.idTag, info, now)
            started(entry.transaction, request.connectorID, id, info, now, meter, &out)
        case (.stopTransaction(let request), .stopTransactionResult(let info)):
            store.queue.removeFirst()
            if let place = store.place(entry.transaction) { store.transactions.remove(at: place) }
            if let info, let idTag = request.idTag { learn(idTag, info, now) }
        case (.meterValues, _): store.queue.removeFirst()
        default: return failedToProcess(now, &out)
        }
        requestTurn(now, &out)
    }

    /// The central system has failed to process the first message of the queue: it is sent again later, or given up.
    private mutating func failedToProcess(_ now: Instant, _ out: inout [ChargePointOutput]) {
        isDelivering = false
        guard var entry = store.queue.first else { return }
        entry.attempts += 1
        guard entry.attempts >= store.configuration[int: .transactionMessageAttempts] else {
            store.queue.first = entry
            return retryLater(entry, now, &out)
        }
        store.queue.removeFirst()
        if case .startTransaction(let request) = entry.payload {
            out.append(.violation(.invalidState, "StartTransaction of connector \(request.connectorID) was never confirmed"))
            giveUp(entry.transaction, request.connectorID, now, &out)
        } else if case .stopTransaction = entry.payload, let place = store.place(entry.transaction) {
            out.append(.violation(.invalidState, "StopTransaction of transaction \(store.transactions[place].transactionID ?? 0) was never confirmed"))
            store.transactions.remove(at: place)
        }
        requestTurn(now, &out)
    }

    private mutating func retryLater(_ entry: QueuedTransactionMessage, _ now: Instant, _ out: inout [ChargePointOutput]) {
        let interval = Int64(max(store.configuration[int: .transactionMessageRetryInterval], 0))
        let wait = min(interval * Int64(min(entry.attempts + entry.timeouts, 1000)), 86_400)
        guard wait > 0 else { return requestTurn(now, &out) }
        isRetryWaiting = true
        out.append(.setTimer(.retry, now + .seconds(wait)))
    }

    /// The transaction will never have an id: its messages are dropped.
    private mutating func giveUp(_ transaction: Int, _ connector: Int, _ now: Instant, _ out: inout [ChargePointOutput]) {
        store.queue.removeAll(of: transaction)
        guard let place = store.place(transaction) else { return }
        if store.transactions[place].isStopped {
            store.transactions.remove(at: place)
        } else if connectors.indices.contains(connector &- 1), connectors[connector - 1].transaction == transaction {
            connectors[connector - 1].awaitsConfirmation = false
            refreshStatus(connector, now, &out)
        }
    }

    // MARK: Messages

    /// A message has arrived from the central system.
    public mutating func receive(_ message: OCPPMessage, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard isOn else { return }
        guard !message.isText else { return receive(bytes: message.bytes, at: now, meter: meter, into: &out) }
        store.lastAlive = time(now)
        handle(message, now, meter, &out)
    }

    /// A text has arrived from the central system.
    public mutating func receive(bytes: [UInt8], at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard isOn else { return }
        store.lastAlive = time(now)
        let session = session
        switch decoder.decode(bytes, pending: { session.action(of: $0) }) {
        case .message(let message): handle(message, now, meter, &out)
        case .refused(let answer, let violations):
            guard registration != .rejected else { return }
            let why = violations.first?.description ?? (answer.errorText ?? "")
            out.append(.violation(.badMessage, why))
            out.append(.send(dressed(answer)))
        case .failed(let id, let error, _):
            out.append(.violation(.badMessage, error.description))
            if let call = self.session.end(id) { fail(call, isSilence: false, now, meter, &out) }
            pump(now, &out)
        case .ignored(let reason): out.append(.violation(.badMessage, "ignored: \(reason)"))
        }
    }

    private mutating func handle(_ message: OCPPMessage, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        switch message {
        case .call(let id, let payload):
            if !session.noteIncoming(id) { out.append(.violation(.badMessage, "the id \(id) was used before on this connection")) }
            answer(id, payload, now, meter, &out)
        case .result(let id, let payload):
            guard let call = session.end(id) else { return out.append(.violation(.invalidState, "an answer to no pending call: \(id)")) }
            timeoutsInARow = 0
            if payload.action == call.action {
                succeed(call, payload, now, meter, &out)
            } else {
                out.append(.violation(.badMessage, "the answer to \(call.actionName) has another shape"))
                fail(call, isSilence: false, now, meter, &out)
            }
            pump(now, &out)
            finishResetIfDone(now, &out)
        case .error(let id, let error):
            guard let call = session.end(id) else { return out.append(.violation(.invalidState, "an error for no pending call: \(id)")) }
            timeoutsInARow = 0
            out.append(.violation(.badMessage, "\(call.actionName) was answered with \(error.code.name)"))
            fail(call, isSilence: false, now, meter, &out)
            pump(now, &out)
            finishResetIfDone(now, &out)
        case .frame: break
        }
    }

    /// The outstanding call may be overdue.
    mutating func callOverdue(_ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        if let overdue = session.timerFired(at: now) {
            out.append(.violation(.timeout, "\(overdue.actionName) was not answered within \(settings.callTimeout.secondsText) s"))
            timeoutsInARow += 1
            if settings.timeoutsBeforeReconnect > 0, timeoutsInARow >= settings.timeoutsBeforeReconnect {
                fail(overdue, isSilence: true, now, meter, &out)
                dropConnection(now, meter, &out)
                out.append(.disconnect)
                attempt = 1
                return out.append(.connect(attempt: attempt))
            }
            fail(overdue, isSilence: true, now, meter, &out)
        }
        pump(now, &out)
    }

    // MARK: Answers

    /// A call was answered with a result.
    private mutating func succeed(
        _ call: PendingCall, _ payload: OCPPPayload, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        switch (Purpose(token: call.token), payload) {
        case (.transaction, _): delivered(payload, now, meter, &out)
        case (.boot, .bootNotificationResult(let result)): registered(result, now, meter, &out)
        case (.triggered, .bootNotificationResult(let result)): registered(result, now, meter, &out)
        case (_, .heartbeatResult(let time)): setClock(time, now, &out)
        case (.authorize(let connector), .authorizeResult(let info)): authorized(connector, info, now, meter, &out)
        case (.authorizeStop(let connector), .authorizeResult(let info)): authorizedStop(connector, info, now, meter, &out)
        case (.securityEvent, _):
            if !store.securityEvents.isEmpty { store.securityEvents.removeFirst() }
            reportSecurity(now, &out)
        default: break
        }
    }

    /// A call ended without a result: CALLERROR, an answer that was of no use, or silence.
    mutating func fail(_ call: PendingCall, isSilence: Bool, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        switch Purpose(token: call.token) {
        case .transaction:
            guard isSilence else { return failedToProcess(now, &out) }
            // Silence is no failure to process: the message may not be given up for it.
            isDelivering = false
            guard var entry = store.queue.first else { return }
            entry.timeouts += 1
            store.queue.first = entry
            retryLater(entry, now, &out)
        case .boot: bootLater(settings.bootRetry, now, &out)
        case .authorize(let connector):
            if isSilence { decideOffline(connector, now, meter, &out) } else { abandon(connector, now, &out) }
        case .securityEvent: if !isSilence, !store.securityEvents.isEmpty { store.securityEvents.removeFirst() }
        default: break
        }
    }

    /// A call is lost with its connection.
    mutating func lose(_ purpose: Purpose, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        switch purpose {
        case .status(let connector):
            if connector == 0 { stationReported = nil } else if connectors.indices.contains(connector - 1) { connectors[connector - 1].reported = nil }
        case .authorize(let connector): decideOffline(connector, now, meter, &out)
        default: break
        }
    }
}

extension OCPPMessage {
    /// Code and description of a CALLERROR.
    var errorText: String? { if case .error(_, let error) = self { "\(error.code.name): \(error.description)" } else { nil } }
}
