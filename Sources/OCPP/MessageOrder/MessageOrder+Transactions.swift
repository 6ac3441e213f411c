import Quantities

extension MessageOrder {
    /// A transaction that the central system has confirmed.
    struct Transaction: Sendable {
        enum State: Sendable { case running, stopSent }

        var id: Int
        var connector: Int
        var tag: UInt64
        var meterStart: Int
        var begun: OCPPTimestamp
        var state = State.running
        /// When the central system refused its tag, `nil` if it did not.
        var refused: OCPPTimestamp?
        var lastTime: OCPPTimestamp
        /// Wh.
        var lastRegister: Double
    }

    func isRunning(_ id: Int) -> Bool { transactions.contains { $0.id == id && $0.state == .running } }

    /// True if a transaction may be running on a connector: confirmed, reported, or begun without a connection.
    func isBusy(_ connector: Int) -> Bool {
        offlineStarts > 0 || transactions.contains { $0.connector == connector && $0.state == .running }
            || open[0].contains { if case .startTransaction(let start)? = $0.payload { start.connectorID == connector } else { false } }
    }

    // MARK: Start

    mutating func start(_ start: StartTransaction, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        checkRetry(.startTransaction(start), now, &findings)
        if let restoredAt, start.timestamp < restoredAt { offlineStarts = max(0, offlineStarts - 1) }
        guard start.connectorID != 0 else { return report(.transaction, "StartTransaction on connector 0, the charge point itself", &findings) }
        let tag = start.idTag.mark(foldingCase: true)
        if let running = transactions.first(where: { $0.connector == start.connectorID && $0.state == .running }) {
            if running.tag == tag, running.meterStart == start.meterStart {
                report(.offline, "StartTransaction again, though transaction \(running.id) is its confirmation", &findings)
            } else {
                report(.transaction, "StartTransaction on connector \(start.connectorID), where transaction \(running.id) runs", &findings)
            }
        }
        checkReservation(start, tag, &findings)
        checkAuthorization(start, tag, &findings)
    }

    private mutating func checkAuthorization(_ start: StartTransaction, _ tag: UInt64, _ findings: inout [MessageOrderFinding]) {
        if refusedTags.contains(tag) { report(.authorization, "StartTransaction for the id tag \(start.idTag), which Authorize refused", &findings) }
        for call in open[1] {
            guard case .remoteStartTransaction(let remote)? = call.payload, remote.idTag.mark(foldingCase: true) == tag else { continue }
            guard (remote.connectorID ?? start.connectorID) == start.connectorID else { continue }
            report(.remote, "StartTransaction before the answer to the RemoteStartTransaction that asked for it", &findings)
        }
        if let place = remoteTags.firstIndex(of: tag) {
            remoteTags.remove(at: place)
            if settings.authorizeRemoteTxRequests == true, !knownTags.contains(tag) {
                report(.remote, "a remote start of the id tag \(start.idTag) without Authorize, and AuthorizeRemoteTxRequests is true", &findings)
            }
        }
    }

    mutating func authorized(_ tag: String, _ info: IdTagInfo) {
        let mark = tag.mark(foldingCase: true)
        refusedTags.removeAll { $0 == mark }
        if info.status == .accepted { know(mark, info) } else { refusedTags.append(mark, atMost: 16) }
    }

    private mutating func know(_ mark: UInt64, _ info: IdTagInfo) {
        if !knownTags.contains(mark) { knownTags.append(mark, atMost: 64) }
        if let parent = info.parentIdTag {
            parents.removeAll { $0.tag == mark }
            parents.append((mark, parent.mark(foldingCase: true)), atMost: 64)
        }
    }

    mutating func started(_ start: StartTransaction, _ info: IdTagInfo, _ id: Int, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        let tag = start.idTag.mark(foldingCase: true)
        if info.status == .accepted { know(tag, info) }
        // The answer to a start that was sent again names the same transaction.
        if let place = transactions.firstIndex(where: { $0.id == id }) {
            let other = transactions[place]
            if other.connector != start.connectorID || other.state != .running {
                report(.transaction, "the transaction id \(id) was given to another transaction", &findings)
            }
            transactions.remove(at: place)
        } else if stopped.contains(id) {
            report(.transaction, "the transaction id \(id) was given to an earlier transaction", &findings)
            stopped.removeAll { $0 == id }
        }
        let refused = info.status == .accepted ? nil : OCPPTimestamp(epoch: settings.epoch, now)
        transactions.append(
            Transaction(
                id: id, connector: start.connectorID, tag: tag, meterStart: start.meterStart, begun: start.timestamp, refused: refused,
                lastTime: start.timestamp, lastRegister: Double(start.meterStart)),
            atMost: 256)
    }

    // MARK: Meter values

    mutating func meterValues(_ values: MeterValues, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        guard let id = values.transactionID else { return }
        if failed != nil { checkRetry(.meterValues(values), now, &findings) }
        guard let place = transactions.firstIndex(where: { $0.id == id }) else {
            guard settings.knowsHistory || stopped.contains(id) else { return }
            return report(.transaction, "MeterValues of transaction \(id), which \(stopped.contains(id) ? "is over" : "there is not")", &findings)
        }
        meterValue(values.value, place, &findings)
        for value in values.further { meterValue(value, place, &findings) }
    }

    private mutating func meterValue(_ value: MeterValue, _ place: Int, _ findings: inout [MessageOrderFinding]) {
        if value.timestamp < transactions[place].lastTime {
            report(.transaction, "a timestamp of transaction \(transactions[place].id) goes back", &findings)
        }
        transactions[place].lastTime = max(transactions[place].lastTime, value.timestamp)
        if let register = value.importRegister {
            // A meter with decimals may have given its start in whole Wh, rounded up.
            if register < transactions[place].lastRegister - 1 {
                report(.transaction, "the energy register of transaction \(transactions[place].id) goes back to \(Int(register)) Wh", &findings)
            }
            transactions[place].lastRegister = register
        }
    }

    // MARK: Stop

    mutating func stop(_ stop: StopTransaction, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        checkRetry(.stopTransaction(stop), now, &findings)
        let id = stop.transactionID
        guard let place = transactions.firstIndex(where: { $0.id == id }) else {
            if stopped.contains(id) { return report(.transaction, "StopTransaction of transaction \(id), which was stopped already", &findings) }
            guard settings.knowsHistory else { return }
            guard offlineStarts == 0 else {
                return report(.offline, "StopTransaction of transaction \(id) before the StartTransaction that gives it its id", &findings)
            }
            return report(.transaction, "StopTransaction of transaction \(id), which this charge point does not have", &findings)
        }
        let transaction = transactions[place]
        if Double(stop.meterStop) < max(Double(transaction.meterStart), transaction.lastRegister - 1) {
            report(.transaction, "meterStop of transaction \(id) is \(stop.meterStop) Wh, less than the meter has shown", &findings)
        }
        if stop.timestamp < transaction.begun { report(.transaction, "transaction \(id) ends before it has begun", &findings) }
        transactions[place].state = .stopSent
    }

    mutating func stopConfirmed(_ stop: StopTransaction) {
        guard let place = transactions.firstIndex(where: { $0.id == stop.transactionID }) else { return }
        transactions.remove(at: place)
        stopped.append(stop.transactionID, atMost: 32)
    }
}

extension MeterValue {
    /// The register of imported energy over all phases, in Wh.
    var importRegister: Double? {
        if let first, let register = first.importRegister { return register }
        if others.isEmpty { return nil }
        for sample in others { if let register = sample.importRegister { return register } }
        return nil
    }
}

extension SampledValue {
    fileprivate var importRegister: Double? {
        guard effectiveMeasurand == .energyActiveImportRegister, phase == nil, location == nil || location == .outlet, format != .signedData,
            let value = double
        else { return nil }
        return unit == .kilowattHours ? value * 1000 : value
    }
}
