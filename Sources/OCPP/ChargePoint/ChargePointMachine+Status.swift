import Quantities

extension ChargePointMachine {
    // MARK: The state of a connector

    /// The state that everything known of a connector leads to.
    func wantedStatus(_ connector: Int) -> ChargePointStatus {
        let state = connectors[connector - 1]
        if state.fault?.isFatal == true || stationFault?.isFatal == true { return .faulted }
        if state.phase == .charging {
            if state.awaitsConfirmation { return .preparing }
            return chargingStatus(connector)
        }
        if !store.isOperative[connector] || !store.isOperative[0] || store.firmware.isInstalling { return .unavailable }
        if state.phase != .idle { return .preparing }
        if store.reservations.isReserved(connector) { return .reserved }
        if state.isFinishing { return .finishing }
        return state.isPlugged ? .preparing : .available
    }

    /// The state of a connector on which a transaction runs.
    func chargingStatus(_ connector: Int) -> ChargePointStatus {
        let state = connectors[connector - 1]
        if state.isSuspendedByVehicle || state.isCablePulled { return .suspendedEV }
        if !state.isContactorClosed { return .suspendedEVSE }
        return state.limit < settings.minCurrent || state.limit <= 0 ? .suspendedEVSE : .charging
    }

    /// Brings the state of a connector up to date and reports what has changed.
    mutating func refreshStatus(_ connector: Int, _ now: Instant, _ out: inout [ChargePointOutput]) {
        let wanted = wantedStatus(connector)
        let present = connectors[connector - 1].status
        guard wanted != present else {
            if connectors[connector - 1].fault != connectors[connector - 1].reportedFault { changed(connector, now, &out) }
            return
        }
        if isOn, !present.canBecome(wanted) {
            // The standard has no direct way; the shortest one leads over a state between.
            let steps: [ChargePointStatus] = [.preparing, .available, .charging]
            if let step = steps.first(where: { present.canBecome($0) && $0.canBecome(wanted) }) { setStatus(connector, step, now, &out) }
        }
        setStatus(connector, wanted, now, &out)
    }

    private mutating func setStatus(_ connector: Int, _ status: ChargePointStatus, _ now: Instant, _ out: inout [ChargePointOutput]) {
        connectors[connector - 1].status = status
        out.append(.status(connector: connector, status))
        changed(connector, now, &out)
    }

    /// Brings the state of the charge point itself up to date.
    mutating func refreshStation(_ now: Instant, _ out: inout [ChargePointOutput]) {
        let wanted: ChargePointStatus = stationFault?.isFatal == true ? .faulted : store.isOperative[0] ? .available : .unavailable
        if wanted != stationStatus {
            stationStatus = wanted
            out.append(.status(connector: 0, wanted))
            if mayReport { report(0, now, &out) }
        }
        for connector in 1...connectors.count { refreshStatus(connector, now, &out) }
    }

    // MARK: Reports

    private var mayReport: Bool { isConnected && registration == .accepted }

    /// A state has changed: it is reported, at once or after MinimumStatusDuration.
    private mutating func changed(_ connector: Int, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard mayReport else { return }
        let least = store.configuration[int: .minimumStatusDuration]
        guard least > 0, connectors[connector - 1].status != .faulted else { return report(connector, now, &out) }
        out.append(.setTimer(.status(connector), now + .seconds(Int64(min(least, 86_400)))))
    }

    /// A state has lasted as long as it must.
    mutating func reportHeld(_ connector: Int, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard connectors.indices.contains(connector - 1), mayReport, isNews(connector) else { return }
        report(connector, now, &out)
    }

    private func isNews(_ connector: Int) -> Bool {
        let state = connectors[connector - 1]
        return state.reported != state.status || state.reportedFault != state.fault
    }

    /// StatusNotification of the charge point and of every connector, as after a boot.
    mutating func reportAll(_ now: Instant, _ out: inout [ChargePointOutput]) {
        for connector in 0...connectors.count { report(connector, now, &out) }
    }

    /// StatusNotification of what the central system does not know yet, as after a reconnect.
    mutating func reportChanges(_ now: Instant, _ out: inout [ChargePointOutput]) {
        if stationReported != stationStatus { report(0, now, &out) }
        for connector in 1...connectors.count where isNews(connector) { report(connector, now, &out) }
    }

    /// Sends StatusNotification.
    mutating func report(_ connector: Int, _ now: Instant, _ out: inout [ChargePointOutput], triggered: Bool = false) {
        let payload = notification(connector, now)
        if connector == 0 {
            stationReported = stationStatus
        } else {
            connectors[connector - 1].reported = connectors[connector - 1].status
            connectors[connector - 1].reportedFault = connectors[connector - 1].fault
        }
        guard settings.quirks.contains(.lateStatus), !triggered else {
            call(payload, triggered ? .triggered : .status(connector: connector), now, &out)
            return
        }
        lateCalls.append((now + .seconds(10), payload, connector))
        if lateCalls.count == 1 { out.append(.setTimer(.late, now + .seconds(10))) }
    }

    private func notification(_ connector: Int, _ now: Instant) -> OCPPPayload {
        let status = connector == 0 ? stationStatus : connectors[connector - 1].status
        var message = StatusNotification(connectorID: connector, status: status, timestamp: time(now))
        let own = connector == 0 ? stationFault : connectors[connector - 1].fault
        if let fault = own ?? (status == .faulted ? stationFault : nil) {
            message.errorCode = fault.code
            if fault.info != nil || fault.vendorID != nil || fault.vendorErrorCode != nil {
                message.details = .init(info: fault.info, vendorID: fault.vendorID, vendorErrorCode: fault.vendorErrorCode)
            }
        }
        return .statusNotification(message)
    }

    /// Sends what was held back by the quirk of late statuses.
    mutating func reportLate(_ now: Instant, _ out: inout [ChargePointOutput]) {
        while let first = lateCalls.first, first.due <= now {
            lateCalls.removeFirst()
            call(first.payload, .status(connector: first.connector), now, &out)
        }
        if let first = lateCalls.first { out.append(.setTimer(.late, first.due)) }
    }

    // MARK: Limits

    /// Computes the limits anew; tells those that changed, and in any case those of `announcing` (0 = all), and sets the timer of the next change.
    mutating func refreshLimits(_ now: Instant, _ out: inout [ChargePointOutput], announcing: Int? = nil) {
        let time = time(now)
        for connector in 1...connectors.count {
            let limit = smart.limit(connector: connector, at: time)
            let isChanged = limit != connectors[connector - 1].limit
            guard isChanged || announcing == 0 || announcing == connector else { continue }
            connectors[connector - 1].limit = limit
            out.append(.limit(connector: connector, amperes: offered(connector)))
            if connectors[connector - 1].phase == .charging { refreshStatus(connector, now, &out) }
        }
        let next = smart.nextChange(after: time).flatMap { instant($0) }
        guard next != limitTimer else { return }
        limitTimer = next
        if let next { out.append(.setTimer(.limit, max(next, now))) } else { out.append(.cancelTimer(.limit)) }
    }
}
