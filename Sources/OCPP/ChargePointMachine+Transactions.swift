import Quantities

extension ChargePointMachine {
    // MARK: Remote commands

    mutating func remoteStart(
        _ id: MessageID, _ request: RemoteStartTransaction, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let wanted = request.connectorID ?? (1...connectors.count).first { canStart($0) } ?? 1
        guard registration == .accepted, connectors.indices.contains(wanted &- 1), canStart(wanted), isUsable(request.chargingProfile) else {
            out.append(.send(.result(id, .remoteStartTransactionResult(.rejected))))
            return out.append(.violation(.invalidState, "RemoteStartTransaction: \(whyNot(wanted))"))
        }
        out.append(.send(.result(id, .remoteStartTransactionResult(.accepted))))
        connectors[wanted - 1].idTag = request.idTag
        connectors[wanted - 1].isRemote = true
        connectors[wanted - 1].pendingProfile = request.chargingProfile
        prepare(wanted, authorizing: settings.authorizesRemote, now, meter, &out)
    }

    /// True if a transaction could start on a connector.
    private func canStart(_ connector: Int) -> Bool {
        let state = connectors[connector - 1]
        return state.phase == .idle && [.available, .preparing, .finishing].contains(state.status)
    }

    private func isUsable(_ profile: ChargingProfile?) -> Bool {
        profile.map { $0.purpose == .txProfile && $0.transactionID == nil } ?? true
    }

    private func whyNot(_ connector: Int) -> String {
        if registration != .accepted { return "the charge point is not registered" }
        guard connectors.indices.contains(connector &- 1) else { return "there is no connector \(connector)" }
        let state = connectors[connector - 1]
        if state.phase != .idle { return "a transaction runs on connector \(connector)" }
        if !canStart(connector) { return "connector \(connector) is \(state.status.name)" }
        return "the charging profile is no TxProfile without a transaction"
    }

    mutating func remoteStop(
        _ id: MessageID, _ transactionID: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let found = connectors.firstIndex { $0.phase == .running && $0.transactionID == transactionID }
        guard let found, registration == .accepted else {
            out.append(.send(.result(id, .remoteStopTransactionResult(.rejected))))
            return out.append(.violation(.invalidState, "RemoteStopTransaction: no transaction \(transactionID) runs here"))
        }
        out.append(.send(.result(id, .remoteStopTransactionResult(.accepted))))
        stop(found + 1, .remote, nil, now, meter, &out)
    }

    // MARK: Local events

    /// A cable is plugged in; with an id tag the driver asks for a transaction as well.
    public mutating func plug(
        connector: Int, idTag: String? = nil, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]
    ) {
        guard connectors.indices.contains(connector &- 1) else { return }
        guard !connectors[connector - 1].isPlugged else {
            return out.append(.violation(.invalidState, "a cable is plugged into connector \(connector) already"))
        }
        connectors[connector - 1].isPlugged = true
        connectors[connector - 1].isSuspendedByVehicle = false
        if connectors[connector - 1].phase == .waitingForCable {
            out.append(.cancelTimer(.connection(connector)))
            begin(connector, now, meter, &out)
        } else if let idTag {
            localStart(connector: connector, idTag: idTag, at: now, meter: meter, into: &out)
        } else if connectors[connector - 1].status == .available || connectors[connector - 1].status == .finishing {
            setStatus(connector, .preparing, now, &out)
        }
    }

    /// The cable is pulled out; a transaction ends with EVDisconnected.
    public mutating func unplug(connector: Int, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector &- 1) else { return }
        connectors[connector - 1].isPlugged = false
        connectors[connector - 1].isSuspendedByVehicle = false
        if isEnergised(connector: connector) { stop(connector, .evDisconnected, nil, now, meter, &out) }
        if ![.reserved, .unavailable, .faulted].contains(connectors[connector - 1].status) { setStatus(connector, .available, now, &out) }
    }

    /// A driver shows an id tag to start.
    public mutating func localStart(
        connector: Int, idTag: String, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]
    ) {
        guard connectors.indices.contains(connector &- 1) else { return }
        guard registration == .accepted, canStart(connector) else {
            return out.append(.violation(.invalidState, "a local start: \(whyNot(connector))"))
        }
        connectors[connector - 1].idTag = idTag
        connectors[connector - 1].isRemote = false
        connectors[connector - 1].pendingProfile = nil
        prepare(connector, authorizing: settings.authorizesLocal, now, meter, &out)
    }

    /// A driver, or the charge point itself, stops the transaction of a connector.
    public mutating func localStop(
        connector: Int, reason: StopReason = .local, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]
    ) {
        guard isEnergised(connector: connector) else {
            return out.append(.violation(.invalidState, "a local stop: no transaction runs on connector \(connector)"))
        }
        stop(connector, reason, reason == .local ? connectors[connector - 1].idTag : nil, now, meter, &out)
    }

    /// The vehicle stops drawing current, or draws it again.
    public mutating func setSuspended(_ isSuspended: Bool, connector: Int, at now: Instant, into out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector &- 1) else { return }
        connectors[connector - 1].isSuspendedByVehicle = isSuspended
        if connectors[connector - 1].phase == .running { setStatus(connector, chargingStatus(connector), now, &out) }
    }

    // MARK: The course of a transaction

    private func hasVehicle(_ connector: Int) -> Bool { settings.assumesVehicle || connectors[connector - 1].isPlugged }

    /// From the wish for a transaction to its start: authorise, wait for a cable.
    private mutating func prepare(
        _ connector: Int, authorizing: Bool, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        guard authorizing else { return proceed(connector, now, meter, &out) }
        connectors[connector - 1].phase = .authorizing
        setStatus(connector, .preparing, now, &out)
        call(.authorize(idTag: connectors[connector - 1].idTag), .authorize(connector: connector), now, &out)
    }

    mutating func authorized(
        _ connector: Int, _ info: IdTagInfo, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        guard connectors[connector - 1].phase == .authorizing else { return }
        guard info.status == .accepted else { return abandon(connector, now, &out) }
        connectors[connector - 1].phase = .idle
        proceed(connector, now, meter, &out)
    }

    private mutating func proceed(_ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        guard !hasVehicle(connector) else { return begin(connector, now, meter, &out) }
        connectors[connector - 1].phase = .waitingForCable
        setStatus(connector, .preparing, now, &out)
        out.append(.setTimer(.connection(connector), now + settings.connectionTimeout))
    }

    /// No transaction comes of the wish for one.
    mutating func abandon(_ connector: Int, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard [.authorizing, .waitingForCable].contains(connectors[connector - 1].phase) else { return }
        connectors[connector - 1].phase = .idle
        connectors[connector - 1].pendingProfile = nil
        if !connectors[connector - 1].isPlugged { setStatus(connector, .available, now, &out) }
    }

    mutating func connectionTimedOut(_ connector: Int, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector &- 1), connectors[connector - 1].phase == .waitingForCable else { return }
        abandon(connector, now, &out)
    }

    /// Closes the contactor and asks for a transaction id.
    private mutating func begin(_ connector: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]) {
        let index = connector - 1
        connectors[index].phase = .starting
        connectors[index].transactionID = nil
        connectors[index].isSuspendedByVehicle = false
        out.append(.energise(connector: connector))
        setStatus(connector, .preparing, now, &out)
        connectors[index].meterStart = Self.register(meter.reading(connector: connector, at: now))
        smart.begin(connector: connector, transactionID: nil, at: time(now))
        if let profile = connectors[index].pendingProfile {
            connectors[index].pendingProfile = nil
            if !smart.install(profile, connector: connector) {
                out.append(.violation(.invalidState, "the charging profile of RemoteStartTransaction cannot be used"))
            }
        }
        let request = StartTransaction(
            connectorID: connector, idTag: connectors[index].idTag, meterStart: connectors[index].meterStart, timestamp: time(now))
        call(.startTransaction(request), .start(connector: connector, attempt: 1), now, &out)
        refreshLimits(now, &out)
    }

    /// The register of a meter as the whole Wh that messages carry.
    private static func register(_ reading: MeterReading) -> Int {
        let energy = reading.energyWh.rounded()
        return energy.isFinite ? Int(min(max(energy, 0), 2_147_483_647)) : 0
    }

    /// StartTransaction was answered.
    mutating func started(
        _ connector: Int, _ info: IdTagInfo, _ transactionID: Int, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let index = connector - 1
        switch connectors[index].phase {
        case .starting:
            connectors[index].phase = .running
            connectors[index].transactionID = transactionID
            smart.setTransactionID(transactionID, connector: connector)
            out.append(.transactionStarted(connector: connector, transactionID: transactionID))
            if info.status == .accepted {
                setStatus(connector, chargingStatus(connector), now, &out)
            } else {
                stop(connector, .deAuthorized, nil, now, meter, &out)
            }
        case .stopping:
            connectors[index].phase = .idle
            out.append(.transactionStarted(connector: connector, transactionID: transactionID))
            if var request = connectors[index].pendingStop {
                connectors[index].pendingStop = nil
                request.transactionID = transactionID
                out.append(.transactionEnded(connector: connector, transactionID: transactionID, request.reason ?? .local))
                call(.stopTransaction(request), .stop(connector: connector, attempt: 1), now, &out)
            }
        default: break
        }
    }

    /// StartTransaction failed as often as it may.
    mutating func startFailed(_ connector: Int, _ out: inout [ChargePointOutput]) {
        out.append(.violation(.invalidState, "StartTransaction of connector \(connector) was never confirmed"))
        switch connectors[connector - 1].phase {
        case .starting: connectors[connector - 1].phase = .unconfirmed
        case .stopping:
            connectors[connector - 1].phase = .idle
            out.append(.transactionEnded(connector: connector, transactionID: nil, connectors[connector - 1].pendingStop?.reason ?? .local))
            connectors[connector - 1].pendingStop = nil
        default: break
        }
    }

    /// Opens the contactor and ends the transaction.
    mutating func stop(
        _ connector: Int, _ reason: StopReason, _ idTag: String?, _ now: Instant, _ meter: any MeterSource, _ out: inout [ChargePointOutput]
    ) {
        let index = connector - 1
        out.append(.deenergise(connector: connector))
        let meterStop = max(Self.register(meter.reading(connector: connector, at: now)), connectors[index].meterStart)
        var request = StopTransaction(idTag: idTag, meterStop: meterStop, timestamp: time(now), transactionID: 0, reason: reason)
        smart.end(connector: connector)
        if let transactionID = connectors[index].transactionID {
            request.transactionID = transactionID
            connectors[index].phase = .idle
            connectors[index].transactionID = nil
            out.append(.transactionEnded(connector: connector, transactionID: transactionID, reason))
            call(.stopTransaction(request), .stop(connector: connector, attempt: 1), now, &out)
        } else if connectors[index].phase == .unconfirmed {
            connectors[index].phase = .idle
            out.append(.transactionEnded(connector: connector, transactionID: nil, reason))
        } else {
            connectors[index].phase = .stopping
            connectors[index].pendingStop = request
        }
        setStatus(connector, reason == .evDisconnected ? .available : .finishing, now, &out)
        refreshLimits(now, &out)
    }
}
