import Quantities

/// What people and the world do to a charge point.
extension ChargePointMachine {
    // MARK: Cable

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
        connectors[connector - 1].isFinishing = false
        guard isOn else { return }
        store.lastAlive = time(now)
        if connectors[connector - 1].isCablePulled {
            connectors[connector - 1].isCablePulled = false
            resume(connector, &out)
            refreshStatus(connector, now, &out)
        } else if connectors[connector - 1].phase == .waitingForCable {
            out.append(.cancelTimer(.connection(connector)))
            begin(connector, now, meter, &out)
        } else if let idTag {
            localStart(connector: connector, idTag: idTag, at: now, meter: meter, into: &out)
            refreshStatus(connector, now, &out)
        } else {
            refreshStatus(connector, now, &out)
        }
    }

    /// The cable is pulled out; a transaction ends with EVDisconnected, or waits for the cable if StopTransactionOnEVSideDisconnect is false.
    public mutating func unplug(connector: Int, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector &- 1) else { return }
        connectors[connector - 1].isPlugged = false
        connectors[connector - 1].isSuspendedByVehicle = false
        connectors[connector - 1].isFinishing = false
        guard isOn else { return }
        store.lastAlive = time(now)
        if connectors[connector - 1].transaction != nil {
            if store.configuration[bool: .stopTransactionOnEVSideDisconnect] {
                stop(connector, .evDisconnected, nil, now, meter, &out)
            } else {
                connectors[connector - 1].isCablePulled = true
                openContactor(connector, &out)
            }
            if store.configuration[bool: .unlockConnectorOnEVSideDisconnect], settings.hasLock, !connectors[connector - 1].isLockBroken {
                out.append(.unlocked(connector: connector))
            }
        }
        refreshStatus(connector, now, &out)
    }

    // MARK: Stop

    /// The driver stops at the charge point; with a tag it is named in StopTransaction.
    public mutating func localStop(
        connector: Int, reason: StopReason = .local, idTag: String? = nil, at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]
    ) {
        guard isOn, connectors.indices.contains(connector &- 1), let record = record(connector) else {
            return out.append(.violation(.invalidState, "a local stop: no transaction runs on connector \(connector)"))
        }
        store.lastAlive = time(now)
        stop(connector, reason, idTag ?? (reason == .local ? record.idTag : nil), now, meter, &out)
    }

    /// The emergency button is pressed: every transaction stops.
    public mutating func emergencyStop(at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]) {
        guard isOn else { return }
        store.lastAlive = time(now)
        for connector in 1...connectors.count {
            abandon(connector, now, &out)
            stop(connector, .emergencyStop, nil, now, meter, &out)
        }
    }

    /// The vehicle pauses or goes on.
    public mutating func setSuspended(_ isSuspended: Bool, connector: Int, at now: Instant, into out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector &- 1) else { return }
        connectors[connector - 1].isSuspendedByVehicle = isSuspended
        if isOn, connectors[connector - 1].phase == .charging { refreshStatus(connector, now, &out) }
    }

    // MARK: Faults

    /// Something fails at a connector, or at the charge point for 0. A fatal fault stops transactions and keeps new ones from starting.
    public mutating func setFault(
        connector: Int, _ code: ChargePointErrorCode, info: String? = nil, vendorID: String? = nil, vendorErrorCode: String? = nil, isFatal: Bool = true,
        at now: Instant, meter: any MeterSource, into out: inout [ChargePointOutput]
    ) {
        guard 0...connectors.count ~= connector else { return }
        let fault = Fault(
            code: code, info: info.map { String($0.prefix(50)) }, vendorID: vendorID.map { String($0.prefix(255)) },
            vendorErrorCode: vendorErrorCode.map { String($0.prefix(50)) }, isFatal: isFatal)
        if connector == 0 { stationFault = fault } else { connectors[connector - 1].fault = fault }
        guard isOn else { return }
        store.lastAlive = time(now)
        if isFatal {
            for each in 1...connectors.count where connector == 0 || connector == each {
                abandon(each, now, &out)
                stop(each, code == .powerSwitchFailure ? .powerLoss : .other, nil, now, meter, &out)
                _ = store.reservations.drop(connector: each)
            }
            scheduleReservations(now, &out)
        }
        refreshStation(now, &out)
    }

    /// The fault is gone.
    public mutating func clearFault(connector: Int, at now: Instant, into out: inout [ChargePointOutput]) {
        guard 0...connectors.count ~= connector else { return }
        if connector == 0 { stationFault = nil } else { connectors[connector - 1].fault = nil }
        guard isOn else { return }
        store.lastAlive = time(now)
        refreshStation(now, &out)
    }

    /// The lock of a connector jams, or moves again.
    public mutating func setLockFailure(_ isBroken: Bool, connector: Int, at now: Instant, into out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector &- 1) else { return }
        connectors[connector - 1].isLockBroken = isBroken
        if !isBroken, connectors[connector - 1].fault?.code == .connectorLockFailure { clearFault(connector: connector, at: now, into: &out) }
    }

    /// Something that matters for security has happened.
    public mutating func securityEvent(_ type: String, techInfo: String? = nil, at now: Instant, into out: inout [ChargePointOutput]) {
        guard isOn else { return }
        noteSecurity(type, techInfo, now, &out)
    }
}
