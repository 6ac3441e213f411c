import JSONText
import Quantities

extension ChargePointMachine {
    // MARK: Availability

    mutating func changeAvailability(_ id: MessageID, _ fields: JSONValue, _ now: Instant, _ out: inout [ChargePointOutput]) {
        let connector = fields.whole("connectorId") ?? -1
        guard 0...connectors.count ~= connector, let type = fields["type"]?.string else { return reply(id, .changeAvailability, "Rejected", &out) }
        let isOperative = type == "Operative"
        let affected = connector == 0 ? Array(1...connectors.count) : [connector]
        var isScheduled = false
        for each in affected {
            if isOperative {
                connectors[each - 1].isUnavailableLater = false
                store.isOperative[each] = true
            } else if connectors[each - 1].transaction != nil {
                connectors[each - 1].isUnavailableLater = true
                isScheduled = true
            } else {
                connectors[each - 1].isFinishing = false
                store.isOperative[each] = false
                _ = store.reservations.drop(connector: each)
            }
        }
        if connector == 0 { store.isOperative[0] = isOperative || isScheduled }
        reply(id, .changeAvailability, isScheduled ? "Scheduled" : "Accepted", &out)
        for each in affected where !isOperative { abandon(each, now, &out) }
        scheduleReservations(now, &out)
        isStationUnavailableLater = connector == 0 && isScheduled || isStationUnavailableLater && !(connector == 0 && isOperative)
        refreshStation(now, &out)
    }

    /// The charge point itself goes out of service once its last transaction is over.
    mutating func takeStationOutOfService(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard isStationUnavailableLater, connectors.allSatisfy({ $0.transaction == nil }) else { return }
        isStationUnavailableLater = false
        store.isOperative[0] = false
        refreshStation(now, &out)
    }

    // MARK: Unlock

    mutating func unlock(_ id: MessageID, _ fields: JSONValue, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        let connector = fields.whole("connectorId") ?? 0
        guard settings.hasLock, connectors.indices.contains(connector &- 1) else { return reply(id, .unlockConnector, "NotSupported", &out) }
        let isBroken = connectors[connector - 1].isLockBroken
        reply(id, .unlockConnector, isBroken ? "UnlockFailed" : "Unlocked", &out)
        stop(connector, .unlockCommand, nil, now, meter, &out)
        guard isBroken else { return out.append(.unlocked(connector: connector)) }
        setFault(
            connector: connector, .connectorLockFailure, isFatal: false, at: now, meter: meter, into: &out)
    }

    // MARK: Reset

    mutating func reset(_ id: MessageID, _ fields: JSONValue, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        let isHard = fields["type"]?.string == "Hard"
        reply(id, .reset, "Accepted", &out)
        noteSecurity("ResetOrReboot", isHard ? "Hard" : "Soft", now, &out)
        restart(isHard ? .hardReset : .softReset, now, meter, &out)
    }

    /// Ends all transactions and restarts: at once, or when their StopTransactions are confirmed.
    mutating func restart(_ reason: StopReason, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard isOn else { return }
        let isHard = reason == .hardReset
        pendingReset = PendingReset(isHard: isHard)
        for connector in 1...connectors.count {
            abandon(connector, now, &out)
            stop(connector, reason, nil, now, meter, &out)
        }
        if isHard || store.queue.isEmpty && session.pending == nil || !isConnected || registration != .accepted { return finishReset(now, &out) }
        out.append(.setTimer(.reset, now + settings.resetWait))
    }

    /// Restarts if a reset waits and everything that was to be said is said.
    mutating func finishResetIfDone(_ now: Instant, _ out: inout [ChargePointOutput]) {
        if pendingReset != nil, store.queue.isEmpty, session.pending == nil, calls.isEmpty { finishReset(now, &out) }
    }

    mutating func finishReset(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard isOn, pendingReset != nil else { return }
        store.lastAlive = time(now)
        for connector in 1...connectors.count { openContactor(connector, &out) }
        let isOpen = isConnected
        forgetVolatile()
        if isOpen { out.append(.disconnect) }
        out.append(.reboot(after: settings.rebootTime))
    }

    // MARK: Reservations

    mutating func reserve(_ id: MessageID, _ fields: JSONValue, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard settings.features.contains(.reservation) else { return reply(id, error: .notSupported, "ReserveNow", &out) }
        var statuses = statuses
        // With a cable in it a connector is not free, although it shows no transaction yet.
        for index in connectors.indices where connectors[index].phase != .idle || connectors[index].isPlugged && statuses[index + 1] == .available {
            statuses[index + 1] = .preparing
        }
        let status = store.reservations.reserve(
            id: fields.whole("reservationId") ?? 0, connector: fields.whole("connectorId") ?? -1, idTag: fields["idTag"]?.string ?? "",
            parentIdTag: fields["parentIdTag"]?.string, expiry: fields.time("expiryDate") ?? time(now), at: time(now), statuses: statuses,
            zeroIsSupported: store.configuration[bool: .reserveConnectorZeroSupported])
        reply(id, .reserveNow, status.wireName, &out)
        guard status == .accepted else { return }
        scheduleReservations(now, &out)
        refreshStation(now, &out)
    }

    mutating func cancelReservation(_ id: MessageID, _ fields: JSONValue, _ now: Instant, _ out: inout [ChargePointOutput]) {
        let ended = store.reservations.cancel(fields.whole("reservationId") ?? 0)
        reply(id, .cancelReservation, ended == nil ? "Rejected" : "Accepted", &out)
        guard ended != nil else { return }
        scheduleReservations(now, &out)
        refreshStation(now, &out)
    }

    /// Sets the timer of the reservation that expires next.
    mutating func scheduleReservations(_ now: Instant, _ out: inout [ChargePointOutput]) {
        let next = store.reservations.nextExpiry.flatMap { instant($0) }
        guard next != reservationTimer else { return }
        reservationTimer = next
        if let next { out.append(.setTimer(.reservation, max(next, now))) } else { out.append(.cancelTimer(.reservation)) }
    }

    mutating func expireReservations(_ now: Instant, _ out: inout [ChargePointOutput]) {
        _ = store.reservations.expire(at: time(now))
        scheduleReservations(now, &out)
        refreshStation(now, &out)
    }
}
