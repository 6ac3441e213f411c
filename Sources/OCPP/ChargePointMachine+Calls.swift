import JSONText
import Quantities

/// Why a charge point made a call: what its answer means.
enum Purpose: Equatable {
    case boot, heartbeat, status, meter
    case authorize(connector: Int)
    case start(connector: Int, attempt: Int)
    case stop(connector: Int, attempt: Int)

    /// The purpose as the token of a call: kind, connector, attempt.
    var token: UInt64 {
        switch self {
        case .boot: 0
        case .heartbeat: 1
        case .status: 2
        case .meter: 3
        case .authorize(let connector): 4 | UInt64(connector) << 8
        case .start(let connector, let attempt): 5 | UInt64(connector) << 8 | UInt64(attempt) << 32
        case .stop(let connector, let attempt): 6 | UInt64(connector) << 8 | UInt64(attempt) << 32
        }
    }

    init(token: UInt64) {
        let connector = Int(token >> 8 & 0xFFFF)
        let attempt = Int(token >> 32)
        switch token & 0xFF {
        case 0: self = .boot
        case 1: self = .heartbeat
        case 2: self = .status
        case 4: self = .authorize(connector: connector)
        case 5: self = .start(connector: connector, attempt: attempt)
        case 6: self = .stop(connector: connector, attempt: attempt)
        default: self = .meter
        }
    }
}

extension ChargePointMachine {
    /// Makes a call: now, or behind those that wait.
    mutating func call(
        _ payload: OCPPPayload, _ purpose: Purpose, _ now: Instant, _ out: inout [ChargePointOutput], first: Bool = false
    ) {
        switch session.submit(payload, token: purpose.token, at: now, first: first) {
        case .send(let message):
            out.append(.send(message))
            if let deadline = session.timerToSet() { out.append(.setTimer(.call, deadline)) }
        case .queued: break
        case .refused: out.append(.violation(.queueFull, "\(payload.actionName) is lost: \(settings.queueLimit) calls wait"))
        }
    }

    /// Sends the next call that waits, and keeps the time-out timer going.
    mutating func pump(_ now: Instant, _ out: inout [ChargePointOutput]) {
        if let message = session.next(at: now) { out.append(.send(message)) }
        if let deadline = session.timerToSet() { out.append(.setTimer(.call, deadline)) }
    }

    // MARK: Messages

    /// A message has arrived from the central system.
    public mutating func receive(_ message: OCPPMessage, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard !message.isText else { return receive(bytes: message.bytes, at: now, meter: meter, into: &out) }
        handle(message, now, meter, &out)
    }

    /// A text has arrived from the central system.
    public mutating func receive(bytes: [UInt8], at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        let session = session
        switch decoder.decode(bytes, pending: { session.action(of: $0) }) {
        case .message(let message): handle(message, now, meter, &out)
        case .refused(let answer, let violations):
            guard registration != .rejected else { return }
            let why = violations.first?.description ?? (answer.errorText ?? "")
            out.append(.violation(.badMessage, why))
            out.append(.send(answer))
        case .failed(let id, let error, _):
            out.append(.violation(.badMessage, error.description))
            if let call = self.session.end(id) { fail(call, now, &out) }
            pump(now, &out)
        case .ignored(let reason): out.append(.violation(.badMessage, "ignored: \(reason)"))
        }
    }

    private mutating func handle(_ message: OCPPMessage, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        switch message {
        case .call(let id, let payload): answer(id, payload, now, meter, &out)
        case .result(let id, let payload):
            guard let call = session.end(id) else { return out.append(.violation(.invalidState, "an answer to no pending call: \(id)")) }
            if payload.action == call.action {
                succeed(call, payload, now, meter, &out)
            } else {
                out.append(.violation(.badMessage, "the answer to \(call.actionName) has another shape"))
                fail(call, now, &out)
            }
            pump(now, &out)
        case .error(let id, let error):
            guard let call = session.end(id) else { return out.append(.violation(.invalidState, "an error for no pending call: \(id)")) }
            out.append(.violation(.badMessage, "\(call.actionName) was answered with \(error.code.name)"))
            fail(call, now, &out)
            pump(now, &out)
        case .frame: break
        }
    }

    /// Answers a call of the central system.
    private mutating func answer(
        _ id: MessageID, _ payload: OCPPPayload, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        // While Rejected the charge point is silent.
        guard registration != .rejected else { return }
        switch payload {
        case .setChargingProfile(let request): setProfile(id, request, now, &out)
        case .clearChargingProfile(let filter):
            let status: ClearChargingProfileStatus = smart.clear(filter) ? .accepted : .unknown
            out.append(.send(.result(id, .clearChargingProfileResult(status))))
            refreshLimits(now, &out)
        case .remoteStartTransaction(let request): remoteStart(id, request, now, meter, &out)
        case .remoteStopTransaction(let transactionID): remoteStop(id, transactionID, now, meter, &out)
        default:
            let code: OCPPErrorCode = payload.action == nil ? .notImplemented : .notSupported
            out.append(.send(.error(id, CallError(code, payload.actionName))))
        }
    }

    private mutating func setProfile(_ id: MessageID, _ request: SetChargingProfile, _ now: Instant, _ out: inout [ChargePointOutput]) {
        let isAccepted = smart.install(request.profile, connector: request.connectorID)
        out.append(.send(.result(id, .setChargingProfileResult(isAccepted ? .accepted : .rejected))))
        if isAccepted {
            refreshLimits(now, &out, announcing: request.connectorID)
        } else if request.profile.purpose == .txProfile, !hasTransaction(request.connectorID) {
            out.append(.violation(.invalidState, "SetChargingProfile: a TxProfile for connector \(request.connectorID), where no transaction runs"))
        }
    }

    private func hasTransaction(_ connector: Int) -> Bool { isEnergised(connector: connector) }

    // MARK: Answers

    /// A call was answered with a result.
    private mutating func succeed(
        _ call: PendingCall, _ payload: OCPPPayload, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        switch (Purpose(token: call.token), payload) {
        case (.boot, .bootNotificationResult(let result)): registered(result, now, &out)
        case (.authorize(let connector), .authorizeResult(let info)): authorized(connector, info, now, meter, &out)
        case (.start(let connector, _), .startTransactionResult(let info, let transactionID)):
            started(connector, info, transactionID, now, meter, &out)
        default: break
        }
    }

    /// The answer to BootNotification.
    private mutating func registered(_ result: BootNotificationResult, _ now: Instant, _ out: inout [ChargePointOutput]) {
        registration = result.status
        let interval = Duration.seconds(Int64(min(max(result.interval, 0), 10_000_000)))
        guard result.status == .accepted else {
            out.append(.setTimer(.boot, now + (interval > .zero ? interval : settings.bootRetry)))
            return
        }
        out.append(.booted)
        heartbeatInterval = interval > .zero ? interval : settings.heartbeatInterval
        if heartbeatInterval > .zero { out.append(.setTimer(.heartbeat, now + heartbeatInterval)) }
        if let interval = settings.meterInterval, interval > .zero, !settings.metersOnReading { out.append(.setTimer(.meter, now + interval)) }
        report(0, .available, now, &out)
        for index in connectors.indices { report(index + 1, connectors[index].status, now, &out) }
    }

    /// A call ended without a result: time-out, CALLERROR or an answer that was of no use.
    mutating func fail(_ call: PendingCall, _ now: Instant, _ out: inout [ChargePointOutput]) {
        switch Purpose(token: call.token) {
        case .boot: out.append(.setTimer(.boot, now + settings.bootRetry))
        case .authorize(let connector): abandon(connector, now, &out)
        case .start(let connector, let attempt):
            if attempt < settings.transactionAttempts {
                guard let payload = call.payload else { return }
                self.call(payload, .start(connector: connector, attempt: attempt + 1), now, &out, first: true)
            } else {
                startFailed(connector, &out)
            }
        case .stop(let connector, let attempt):
            if attempt < settings.transactionAttempts, let payload = call.payload {
                self.call(payload, .stop(connector: connector, attempt: attempt + 1), now, &out, first: true)
            }
        case .heartbeat, .status, .meter: break
        }
    }

    // MARK: Status and limits

    /// Sends StatusNotification.
    func notification(_ connector: Int, _ status: ChargePointStatus, _ now: Instant) -> OCPPPayload {
        .statusNotification(StatusNotification(connectorID: connector, status: status, timestamp: time(now)))
    }

    mutating func report(_ connector: Int, _ status: ChargePointStatus, _ now: Instant, _ out: inout [ChargePointOutput]) {
        call(notification(connector, status, now), .status, now, &out)
    }

    /// Changes the state of a connector and reports it.
    mutating func setStatus(_ connector: Int, _ status: ChargePointStatus, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard connectors[connector - 1].status != status else { return }
        connectors[connector - 1].status = status
        out.append(.status(connector: connector, status))
        if registration == .accepted { report(connector, status, now, &out) }
    }

    /// The state of a connector on which a confirmed transaction runs.
    func chargingStatus(_ connector: Int) -> ChargePointStatus {
        let state = connectors[connector - 1]
        if state.isSuspendedByVehicle { return .suspendedEV }
        return state.limit < settings.minCurrent || state.limit <= 0 ? .suspendedEVSE : .charging
    }

    /// Computes the limits anew; tells those that changed, and in any case those of `announcing` (0 = all), and sets the timer of the next change.
    mutating func refreshLimits(_ now: Instant, _ out: inout [ChargePointOutput], announcing: Int? = nil) {
        let time = time(now)
        for connector in 1...connectors.count {
            let limit = smart.limit(connector: connector, at: time)
            let isChanged = limit != connectors[connector - 1].limit
            guard isChanged || announcing == 0 || announcing == connector else { continue }
            connectors[connector - 1].limit = limit
            out.append(.limit(connector: connector, amperes: offered(limit)))
            if connectors[connector - 1].phase == .running { setStatus(connector, chargingStatus(connector), now, &out) }
        }
        let next = smart.nextChange(after: time)?.instant(epoch: epoch)
        guard next != limitTimer else { return }
        limitTimer = next
        if let next { out.append(.setTimer(.limit, next)) } else { out.append(.cancelTimer(.limit)) }
    }
}

extension OCPPMessage {
    /// Code and description of a CALLERROR.
    var errorText: String? { if case .error(_, let error) = self { "\(error.code.name): \(error.description)" } else { nil } }
}
