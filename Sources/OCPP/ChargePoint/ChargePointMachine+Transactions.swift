import Quantities

extension ChargePointMachine {
    // MARK: The way to a transaction

    func hasVehicle(_ connector: Int) -> Bool { settings.assumesVehicle || connectors[connector - 1].isPlugged }

    /// True if the charge point may serve drivers: it is registered, or has started without a connection and cannot be.
    var mayCharge: Bool { registration == .accepted || registration == nil && !isConnected && isOn }

    /// True if a transaction could start on a connector, for a tag if it is reserved.
    func canStart(_ connector: Int, _ idTag: String, _ parent: String? = nil) -> Bool {
        let state = connectors[connector - 1]
        guard state.phase == .idle, state.transaction == nil, store.isOperative[0], store.isOperative[connector], pendingReset == nil else { return false }
        switch state.status {
        // The group of a tag comes with its authorisation: a reservation for a group is looked at again then.
        case .available, .preparing, .finishing: return true
        case .reserved: return isAdmitted(idTag, parent, connector: connector) || store.reservations.reservation(connector: connector)?.parentIdTag != nil
        default: return false
        }
    }

    /// Why a transaction cannot start.
    func whyNot(_ connector: Int) -> String {
        if !mayCharge { return "the charge point is not registered" }
        guard connectors.indices.contains(connector &- 1) else { return "there is no connector \(connector)" }
        let state = connectors[connector - 1]
        if state.phase != .idle { return "a transaction runs on connector \(connector)" }
        if pendingReset != nil { return "the charge point is about to restart" }
        if state.status != .available, state.status != .preparing, state.status != .finishing { return "connector \(connector) is \(state.status.name)" }
        return "the charging profile is no TxProfile without a transaction"
    }

    /// From the wish for a transaction to its start: authorise, wait for a cable.
    mutating func prepare(
        _ connector: Int, authorizing: Bool, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        guard authorizing else { return proceed(connector, now, meter, &out) }
        let idTag = connectors[connector - 1].idTag
        if isConnected, let info = judge(idTag, isOnline: true, now) {
            connectors[connector - 1].parentIdTag = info.parentIdTag
            return proceed(connector, now, meter, &out)
        }
        connectors[connector - 1].phase = .authorizing
        refreshStatus(connector, now, &out)
        guard isConnected, registration == .accepted else { return decideOffline(connector, now, meter, &out) }
        if !call(.authorize(idTag: idTag), .authorize(connector: connector), now, &out) { abandon(connector, now, &out) }
    }

    mutating func proceed(_ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard !hasVehicle(connector) else { return begin(connector, now, meter, &out) }
        connectors[connector - 1].phase = .waitingForCable
        refreshStatus(connector, now, &out)
        let wait = Int64(min(max(store.configuration[int: .connectionTimeOut], 0), 1_000_000))
        if wait > 0 { out.append(.setTimer(.connection(connector), now + .seconds(wait))) }
    }

    /// No transaction comes of the wish for one.
    mutating func abandon(_ connector: Int, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard [.authorizing, .waitingForCable].contains(connectors[connector - 1].phase) else { return }
        connectors[connector - 1].phase = .idle
        connectors[connector - 1].pendingProfile = nil
        takeOutOfService(connector)
        refreshStatus(connector, now, &out)
    }

    mutating func connectionTimedOut(_ connector: Int, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector &- 1), connectors[connector - 1].phase == .waitingForCable else { return }
        abandon(connector, now, &out)
    }

    // MARK: Start

    /// Closes the contactor and queues StartTransaction.
    mutating func begin(_ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        let index = connector - 1
        let time = time(now)
        let idTag = connectors[index].idTag
        let reservation =
            store.reservations.all.isEmpty ? nil : store.reservations.use(idTag: idTag, parentIdTag: connectors[index].parentIdTag, connector: connector)
        if reservation != nil { scheduleReservations(now, &out) }
        if settings.quirks.contains(.resetsRegister) { connectors[index].registerBase += point(connector, meter, now).energyImportWh }
        let meterStart = register(connector, meter, now)
        store.transactionCount += 1
        let number = store.transactionCount
        store.transactions.append(
            TransactionRecord(
                number: number, connector: connector, idTag: idTag, parentIdTag: connectors[index].parentIdTag, meterStart: meterStart, start: time,
                lastRegister: meterStart))
        connectors[index].phase = .charging
        connectors[index].transaction = number
        connectors[index].awaitsConfirmation = isConnected && registration == .accepted && !isRetryWaiting
        connectors[index].isFinishing = false
        connectors[index].isDeauthorized = false
        connectors[index].energyLimit = nil
        connectors[index].isSuspendedByVehicle = false
        closeContactor(connector, &out)
        refreshStatus(connector, now, &out)
        smart.begin(connector: connector, transactionID: nil, at: time)
        if let profile = connectors[index].pendingProfile {
            connectors[index].pendingProfile = nil
            if !smart.install(profile, connector: connector) {
                out.append(.violation(.invalidState, "the charging profile of RemoteStartTransaction cannot be used"))
            }
        }
        samplers.begin(connector: connector, point(connector, meter, now))
        keepSample(.transactionBegin, connector, now, meter)
        let request = StartTransaction(connectorID: connector, idTag: idTag, meterStart: meterStart, reservationID: reservation, timestamp: time)
        enqueue(.startTransaction(request), number, now, &out)
        refreshLimits(now, &out)
    }

    /// StartTransaction was answered.
    mutating func started(
        _ number: Int, _ connector: Int, _ transactionID: Int, _ info: IdTagInfo, _ now: Instant, _ meter: any MeterSource,
        _ out: inout [ChargePointOutput]
    ) {
        out.append(.transactionStarted(connector: connector, transactionID: transactionID))
        guard connectors.indices.contains(connector &- 1), connectors[connector - 1].transaction == number else {
            if let record = store.transactions.first(where: { $0.number == number }), record.isStopped {
                out.append(.transactionEnded(connector: connector, transactionID: transactionID, stopReason(number)))
            }
            return
        }
        smart.setTransactionID(transactionID, connector: connector)
        connectors[connector - 1].awaitsConfirmation = false
        if let parent = info.parentIdTag { connectors[connector - 1].parentIdTag = parent }
        guard info.status != .accepted else { return refreshStatus(connector, now, &out) }
        if store.configuration[bool: .stopTransactionOnInvalidId] { return stop(connector, .deAuthorized, nil, now, meter, &out) }
        deauthorize(connector, now, meter, &out)
    }

    /// The reason of a StopTransaction that waits.
    private func stopReason(_ number: Int) -> StopReason {
        for message in store.queue.messages where message.transaction == number {
            if case .stopTransaction(let request) = message.payload { return request.reason ?? .local }
        }
        return .other
    }

    /// The tag is invalid and the transaction goes on: no energy, or as much as MaxEnergyOnInvalidId allows.
    private mutating func deauthorize(_ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard let record = record(connector) else { return }
        connectors[connector - 1].isDeauthorized = true
        connectors[connector - 1].energyLimit = record.meterStart + max(store.configuration[int: .maxEnergyOnInvalidId], 0)
        checkEnergyLimit(connector, now, meter, &out)
        refreshStatus(connector, now, &out)
    }

    /// Opens the contactor once an invalid tag has had its energy; else looks again when that could be.
    mutating func checkEnergyLimit(_ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector - 1), connectors[connector - 1].transaction != nil, let limit = connectors[connector - 1].energyLimit
        else { return }
        let reading = meter.reading(connector: connector, at: now)
        guard reading.energyWh.isFinite, reading.energyWh < Double(limit) - 0.01 else {
            openContactor(connector, &out)
            return refreshStatus(connector, now, &out)
        }
        let wait = reading.powerW > 1 ? (Double(limit) - reading.energyWh) / reading.powerW * 3600 : 60
        out.append(.setTimer(.energy(connector), now + (Duration(seconds: min(max(wait, 0.001), 3600)) ?? .seconds(60))))
    }

    // MARK: Stop

    /// Opens the contactor and ends the transaction.
    mutating func stop(
        _ connector: Int, _ reason: StopReason, _ idTag: String?, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let index = connector - 1
        guard let number = connectors[index].transaction, let place = store.place(number) else { return }
        openContactor(connector, &out)
        keepSample(.transactionEnd, connector, now, meter)
        let record = store.transactions[place]
        let meterStop = max(register(connector, meter, now), record.lastRegister)
        smart.end(connector: connector)
        connectors[index].phase = .idle
        connectors[index].transaction = nil
        connectors[index].awaitsConfirmation = false
        connectors[index].isDeauthorized = false
        connectors[index].energyLimit = nil
        connectors[index].parentIdTag = nil
        connectors[index].isFinishing = reason != .evDisconnected && !connectors[index].isCablePulled && hasVehicle(connector)
        connectors[index].isCablePulled = false
        out.append(.cancelTimer(.energy(connector)))
        queueStop(place, meterStop: meterStop, reason, idTag, time(now), now, &out)
        takeOutOfService(connector)
        refreshStatus(connector, now, &out)
        takeStationOutOfService(now, &out)
        refreshLimits(now, &out)
        continueTransfers(now, &out)
    }

    /// Queues StopTransaction of a record.
    private mutating func queueStop(
        _ place: Int, meterStop: Int, _ reason: StopReason, _ idTag: String?, _ time: OCPPTimestamp, _ now: Instant, _ out: inout [ChargePointOutput]
    ) {
        let record = store.transactions[place]
        guard record.transactionID != nil || store.queue.holds(record.number) else {
            // StartTransaction failed for good: nobody knows of this transaction.
            store.transactions.remove(at: place)
            return out.append(.transactionEnded(connector: record.connector, transactionID: nil, reason))
        }
        store.transactions[place].isStopped = true
        store.transactions[place].lastRegister = meterStop
        store.transactions[place].data = []
        let request = StopTransaction(
            idTag: idTag, meterStop: max(meterStop, record.meterStart), timestamp: max(time, record.start), transactionID: record.transactionID ?? 0,
            reason: reason, transactionData: record.data.isEmpty ? nil : record.data)
        if let id = record.transactionID { out.append(.transactionEnded(connector: record.connector, transactionID: id, reason)) }
        enqueue(.stopTransaction(request), record.number, now, &out)
    }

    /// Ends the transactions that ran when the power failed.
    mutating func endInterrupted(_ now: Instant, _ meter: (any MeterSource)?, _ out: inout [ChargePointOutput]) {
        let reason = store.stopReason
        store.stopReason = .powerLoss
        for number in store.transactions.filter({ !$0.isStopped }).map(\.number) {
            guard let place = store.place(number) else { continue }
            let record = store.transactions[place]
            var meterStop = record.lastRegister
            if let meter, connectors.indices.contains(record.connector - 1) { meterStop = max(meterStop, register(record.connector, meter, now)) }
            queueStop(place, meterStop: meterStop, reason, nil, max(store.lastAlive, record.start), now, &out)
            if connectors.indices.contains(record.connector - 1), hasVehicle(record.connector) { connectors[record.connector - 1].isFinishing = true }
        }
    }

    // MARK: Contactor and register

    private mutating func closeContactor(_ connector: Int, _ out: inout [ChargePointOutput]) {
        guard !connectors[connector - 1].isContactorClosed else { return }
        connectors[connector - 1].isContactorClosed = true
        out.append(.energise(connector: connector))
    }

    mutating func openContactor(_ connector: Int, _ out: inout [ChargePointOutput]) {
        guard connectors[connector - 1].isContactorClosed else { return }
        connectors[connector - 1].isContactorClosed = false
        out.append(.deenergise(connector: connector))
    }

    /// Closes the contactor of a transaction whose cable is back.
    mutating func resume(_ connector: Int, _ out: inout [ChargePointOutput]) {
        guard connectors[connector - 1].transaction != nil, !connectors[connector - 1].isDeauthorized else { return }
        closeContactor(connector, &out)
    }

    /// A ChangeAvailability that waited for the end of the transaction acts.
    mutating func takeOutOfService(_ connector: Int) {
        guard connectors[connector - 1].isUnavailableLater else { return }
        connectors[connector - 1].isUnavailableLater = false
        connectors[connector - 1].isFinishing = false
        store.isOperative[connector] = false
    }
}
