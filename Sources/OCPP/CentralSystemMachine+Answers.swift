import Quantities

extension CentralSystemMachine {
    /// Answers a call of a charge point.
    mutating func answer(_ id: MessageID, _ payload: OCPPPayload, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) {
        if connections[connection].registration != .accepted, payload.action != .bootNotification {
            out.append(.violation(connection: connection, .invalidState, "\(payload.actionName) before the registration was accepted"))
        }
        let result: OCPPPayload
        switch payload {
        case .meterValues(let message):
            take(message, connection, &out)
            result = .empty(.meterValues)
        case .empty(.heartbeat): result = .heartbeatResult(currentTime: time(now))
        case .statusNotification(let message):
            if let place = place(message.connectorID, connection) {
                connections[connection].connectors[place].status = message.status
                out.append(.status(connection: connection, connector: place, message.status))
            }
            result = .empty(.statusNotification)
        case .bootNotification:
            connections[connection].registration = settings.bootStatus
            result = .bootNotificationResult(
                BootNotificationResult(status: settings.bootStatus, currentTime: time(now), interval: max(0, settings.interval)))
            out.append(.send(connection: connection, .result(id, result)))
            return out.append(.registered(connection: connection, settings.bootStatus))
        case .authorize(let idTag): result = .authorizeResult(IdTagInfo(status: authorization(of: idTag)))
        case .startTransaction(let message): result = start(message, connection, &out)
        case .stopTransaction(let message): result = stop(message, connection, &out)
        case .object(.dataTransfer, _): result = .object(.dataTransfer, text: "{\"status\":\"UnknownVendorId\"}")
        default:
            let code: OCPPErrorCode = payload.action == nil ? .notImplemented : .notSupported
            return out.append(.send(connection: connection, .error(id, CallError(code, payload.actionName))))
        }
        out.append(.send(connection: connection, .result(id, result)))
    }

    /// The place of a connector among those that are kept; `nil` for a number that no charge point has.
    private mutating func place(_ connector: Int, _ connection: Int) -> Int? {
        guard 0...64 ~= connector else { return nil }
        while connections[connection].connectors.count <= connector { connections[connection].connectors.append(ConnectorView()) }
        return connector
    }

    private mutating func take(_ message: MeterValues, _ connection: Int, _ out: inout [CentralSystemOutput]) {
        if let place = place(message.connectorID, connection) {
            connections[connection].connectors[place].lastValue = message.further.last ?? message.value
        }
        out.append(.meterValues(connection: connection, connector: message.connectorID))
    }

    /// Gives a transaction its id; the id is given even if the tag is not accepted.
    private mutating func start(_ message: StartTransaction, _ connection: Int, _ out: inout [CentralSystemOutput]) -> OCPPPayload {
        lastTransactionID += 1
        var status = authorization(of: message.idTag)
        if message.connectorID < 1 {
            out.append(.violation(connection: connection, .invalidState, "StartTransaction for connector \(message.connectorID)"))
            status = .invalid
        }
        connections[connection].lastTransactionID = lastTransactionID
        if let place = place(message.connectorID, connection) {
            if let running = connections[connection].connectors[place].transactionID {
                out.append(
                    .violation(connection: connection, .invalidState, "StartTransaction for connector \(place), where transaction \(running) runs"))
            }
            connections[connection].connectors[place].transactionID = lastTransactionID
            connections[connection].connectors[place].meterStart = message.meterStart
        }
        out.append(
            .transactionStarted(
                connection: connection, connector: message.connectorID, transactionID: lastTransactionID, idTag: message.idTag,
                meterStart: message.meterStart))
        return .startTransactionResult(IdTagInfo(status: status), transactionID: lastTransactionID)
    }

    /// Ends a transaction; a stop cannot be refused, but one that fits nothing is recorded.
    private mutating func stop(_ message: StopTransaction, _ connection: Int, _ out: inout [CentralSystemOutput]) -> OCPPPayload {
        let found = connections[connection].connectors.firstIndex { $0.transactionID == message.transactionID }
        if let found {
            if message.meterStop < connections[connection].connectors[found].meterStart {
                out.append(.violation(connection: connection, .invalidState, "StopTransaction: the meter has gone back"))
            }
            connections[connection].connectors[found].transactionID = nil
        } else {
            out.append(.violation(connection: connection, .invalidState, "StopTransaction: there is no transaction \(message.transactionID)"))
        }
        out.append(
            .transactionEnded(
                connection: connection, connector: found ?? 0, transactionID: message.transactionID, message.reason ?? .local,
                meterStop: message.meterStop))
        return .stopTransactionResult(message.idTag.map { IdTagInfo(status: authorization(of: $0)) })
    }
}
