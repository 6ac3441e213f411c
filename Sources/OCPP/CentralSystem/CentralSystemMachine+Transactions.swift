import Quantities

extension CentralSystemMachine {
    /// Gives a transaction its id, which it has even if the tag is not accepted; a start that came before gets the id that it has.
    mutating func start(_ message: StartTransaction, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) -> OCPPPayload {
        let point = connections[connection].point
        if let known = memory.chargePoints[point].transactions.last(where: { $0.isStarted(by: message) }) {
            out.append(.repeated(connection: connection, transactionID: known.id))
            return .startTransactionResult(known.authorization, transactionID: known.id)
        }
        var info = information(of: message.idTag, at: time(now))
        if message.connectorID < 1 {
            out.append(.violation(connection: connection, .invalidState, "StartTransaction for connector \(message.connectorID)"))
            info = IdTagInfo(status: .invalid)
        }
        let tag = message.idTag.lowercased()
        if settings.oneTransactionPerTag, info.status == .accepted, running[tag, default: 0] > 0 { info.status = .concurrentTx }
        let id = nextTransactionID()
        if let place = place(message.connectorID, connection) {
            if let running = memory.chargePoints[point].connectors[place].transactionID {
                out.append(
                    .violation(connection: connection, .invalidState, "StartTransaction for connector \(place), where transaction \(running) runs"))
            }
            memory.chargePoints[point].connectors[place].transactionID = id
        }
        if message.timestamp.milliseconds > time(now).milliseconds + settings.clockTolerance.nanoseconds / 1_000_000 {
            out.append(.violation(connection: connection, .invalidState, "StartTransaction: its time \(message.timestamp.text) is yet to come"))
        }
        add(
            CentralTransaction(
                id: id, connectorID: message.connectorID, idTag: message.idTag, meterStart: message.meterStart, startedAt: message.timestamp,
                reservationID: message.reservationID, authorization: info), point)
        if let used = message.reservationID { memory.chargePoints[point].reservations.removeAll { $0.id == used } }
        out.append(
            .transactionStarted(
                connection: connection, connector: message.connectorID, transactionID: id, idTag: message.idTag, meterStart: message.meterStart))
        return .startTransactionResult(info, transactionID: id)
    }

    private mutating func add(_ transaction: CentralTransaction, _ point: Int) {
        memory.chargePoints[point].lastTransactionID = transaction.id
        memory.chargePoints[point].transactions.append(transaction)
        ownerOf[transaction.id] = point
        runningCount += 1
        if settings.oneTransactionPerTag { running[transaction.idTag.lowercased(), default: 0] += 1 }
        guard memory.chargePoints[point].transactions.count > max(1, settings.transactionLimit) else { return }
        // The oldest that is over goes; if all run, the oldest of them.
        let place = memory.chargePoints[point].transactions.firstIndex { $0.end != nil } ?? 0
        let gone = memory.chargePoints[point].transactions.remove(at: place)
        ownerOf[gone.id] = nil
        if gone.end == nil { release(gone.idTag) }
    }

    private mutating func release(_ idTag: String) {
        runningCount -= 1
        guard settings.oneTransactionPerTag else { return }
        let tag = idTag.lowercased()
        if let count = running[tag] { running[tag] = count > 1 ? count - 1 : nil }
    }

    /// An id that no kept transaction has.
    private mutating func nextTransactionID() -> Int {
        memory.transactionCount += 1
        var id = memory.transactionCount
        var attempt: UInt64 = 0
        while settings.transactionIDs == .random || ownerOf[id] != nil {
            id =
                settings.transactionIDs == .random
                ? Int(CounterHash.bits(settings.seed, UInt64(memory.transactionCount), attempt) >> 33) : memory.transactionCount &+ Int(attempt)
            attempt += 1
            if id > 0, ownerOf[id] == nil { break }
        }
        return id
    }

    /// Ends a transaction; a stop cannot be refused, but one that fits nothing is recorded and ends nothing.
    mutating func stop(_ message: StopTransaction, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) -> OCPPPayload {
        let point = connections[connection].point
        let info = message.idTag.map { information(of: $0, at: time(now)) }
        guard let place = memory.chargePoints[point].transactions.lastIndex(where: { $0.id == message.transactionID }) else {
            let other = ownerOf[message.transactionID].map { memory.chargePoints[$0].identity }
            let why = other.map { "transaction \(message.transactionID) is one of \($0)" } ?? "there is no transaction \(message.transactionID)"
            out.append(.violation(connection: connection, .invalidState, "StopTransaction: \(why)"))
            return .stopTransactionResult(info)
        }
        let transaction = memory.chargePoints[point].transactions[place]
        if let end = transaction.end {
            let isSame = end.meterStop == message.meterStop && end.at == message.timestamp
            if !isSame {
                out.append(.violation(connection: connection, .invalidState, "StopTransaction: transaction \(transaction.id) has ended before"))
            }
            out.append(.repeated(connection: connection, transactionID: transaction.id))
            return .stopTransactionResult(isSame ? end.authorization : info)
        }
        check(message, transaction, connection, &out)
        memory.chargePoints[point].transactions[place].end = CentralTransaction.End(
            meterStop: message.meterStop, at: message.timestamp, reason: message.reason ?? .local, authorization: info)
        release(transaction.idTag)
        let connectors = memory.chargePoints[point].connectors
        if let connector = connectors.firstIndex(where: { $0.transactionID == transaction.id }) {
            memory.chargePoints[point].connectors[connector].transactionID = nil
        }
        out.append(
            .transactionEnded(
                connection: connection, connector: transaction.connectorID, transactionID: transaction.id, message.reason ?? .local,
                meterStop: message.meterStop, energyWh: memory.chargePoints[point].transactions[place].energyWh))
        return .stopTransactionResult(info)
    }

    /// Records what is not plausible about the end of a transaction.
    private func check(_ message: StopTransaction, _ transaction: CentralTransaction, _ connection: Int, _ out: inout [CentralSystemOutput]) {
        func note(_ text: String) { out.append(.violation(connection: connection, .invalidState, "StopTransaction: \(text)")) }
        if message.meterStop < transaction.meterStart { note("the meter has gone back") }
        if message.timestamp < transaction.startedAt { note("it ends before it began") }
        guard settings.idTags != nil, let tag = message.idTag, tag.lowercased() != transaction.idTag.lowercased() else { return }
        // Another tag may stop a transaction only if it belongs to the same group.
        let (first, second) = (tags[transaction.idTag.lowercased()]?.parentIdTag, tags[tag.lowercased()]?.parentIdTag)
        if first == nil || first?.lowercased() != second?.lowercased() { note("the tag \(tag) is not of the group of \(transaction.idTag)") }
    }

    /// Keeps a transaction under the id that the script of replies has given out in place of its own.
    mutating func rename(_ standard: OCPPMessage, _ sent: OCPPMessage, _ connection: Int) {
        guard case .result(_, .startTransactionResult(_, let own)) = standard, case .result(_, .startTransactionResult(let info, let given)) = sent else {
            return
        }
        let point = connections[connection].point
        guard let place = memory.chargePoints[point].transactions.lastIndex(where: { $0.id == own }) else { return }
        memory.chargePoints[point].transactions[place].authorization = info
        guard own != given else { return }
        memory.chargePoints[point].transactions[place].id = given
        memory.chargePoints[point].lastTransactionID = given
        ownerOf[own] = nil
        ownerOf[given] = point
        let connectors = memory.chargePoints[point].connectors
        if let connector = connectors.firstIndex(where: { $0.transactionID == own }) {
            memory.chargePoints[point].connectors[connector].transactionID = given
        }
    }

    // MARK: Id tags

    /// What this central system says of an id tag; tags compare without case.
    public func information(of idTag: String, at now: OCPPTimestamp) -> IdTagInfo {
        guard settings.idTags != nil else { return IdTagInfo(status: .accepted) }
        guard let entry = tags[idTag.lowercased()] else { return IdTagInfo(status: settings.acceptsOtherTags ? .accepted : .invalid) }
        let isOver = entry.status == .accepted && entry.expiryDate.map { $0 <= now } ?? false
        return IdTagInfo(status: isOver ? .expired : entry.status, expiryDate: entry.expiryDate, parentIdTag: entry.parentIdTag)
    }
}

extension CentralTransaction {
    /// Whether it was begun by this message: the same tag, connector, register and time.
    func isStarted(by message: StartTransaction) -> Bool {
        startedAt == message.timestamp && meterStart == message.meterStart && connectorID == message.connectorID && idTag == message.idTag
    }
}
