import JSONText
import Quantities

extension MessageOrder {
    /// All that was learnt so far, as a JSON list; `restore(stateText:)` of a checker with the same settings goes on from it.
    public var stateText: String {
        var list = StateList()
        list.put(settings.authorizeRemoteTxRequests.map { $0 ? 1 : 0 })
        for value in [settings.maxEnergyOnInvalidId, settings.transactionMessageAttempts, settings.transactionMessageRetryInterval] { list.put(value) }
        list.put(count)
        for side in 0...1 {
            list.put(open[side].count)
            for call in open[side] {
                list.put(call.id.description)
                list.put(call.action.map { Int($0.rawValue) })
                list.put(Int(call.sent.nanoseconds))
                list.put(call.payload.map { String(decoding: OCPPMessage.call(call.id, $0).bytes, as: UTF8.self) } ?? "")
            }
            list.put(used[side].state)
            list.put(expired[side].state)
        }
        switch phase {
        case .off: list.put([0])
        case .booting: list.put([1])
        case .pending(let until): list.put([2, until?.nanoseconds ?? .min])
        case .rejected(let until): list.put([3, until?.nanoseconds ?? .min])
        case .accepted: list.put([4])
        }
        list.put([hasReportedPhase, mayBootAgain, isConnected, softReset].map { $0 ? 1 : 0 })
        list.put([Int64(bitPattern: triggered), heard?.nanoseconds ?? .min, Int64(heartbeatInterval), restoredAt?.milliseconds ?? .min])
        list.put(openTrigger.map { [Int64($0.action.rawValue), $0.connector.map { Int64($0) } ?? .min] } ?? [])
        list.put(transactions.count)
        for transaction in transactions {
            list.put([
                Int64(transaction.id), Int64(transaction.connector), Int64(bitPattern: transaction.tag), Int64(transaction.meterStart),
                transaction.begun.milliseconds, transaction.state == .running ? 0 : 1, transaction.refused?.milliseconds ?? .min,
                transaction.lastTime.milliseconds, Int64(bitPattern: transaction.lastRegister.bitPattern),
            ])
        }
        list.put(stopped.map { Int64($0) })
        list.put(offlineStarts)
        list.put(
            failed.map {
                [
                    Int64($0.key.kind), Int64($0.key.number), Int64($0.key.other), $0.key.time, Int64($0.failures), $0.at.nanoseconds,
                ]
            } ?? [])
        for tags in [refusedTags, knownTags, remoteTags] { list.put(tags.map { Int64(bitPattern: $0) }) }
        list.put(parents.flatMap { [Int64(bitPattern: $0.tag), Int64(bitPattern: $0.parent)] })
        list.put(connectors.flatMap { [Int64($0.id), $0.status.map { Int64($0.rawValue) } ?? -1, $0.hasOldReport ? 1 : 0] })
        list.put(
            reservations.flatMap {
                [
                    Int64($0.id), Int64($0.connector), Int64(bitPattern: $0.tag), $0.parent == nil ? 0 : 1, Int64(bitPattern: $0.parent ?? 0),
                    $0.expiry?.milliseconds ?? .min,
                ]
            })
        for progress in [firmware, signedFirmware, diagnostics, logs] {
            list.put(progress.state ?? "-")
            list.put(progress.hasGap ? 1 : 0)
        }
        return JSONValue.array(list.items).text()
    }

    /// Takes over what `stateText` gave; false, and no change, if the text is none of it.
    public mutating func restore(stateText: String) -> Bool {
        guard let items = try? JSONValue(parsing: stateText).array else { return false }
        var fresh = self
        var list = StateList(items: items)
        do throws(StateList.Broken) {
            try fresh.read(&list)
        } catch {
            return false
        }
        guard list.isAtEnd else { return false }
        self = fresh
        return true
    }

    private mutating func read(_ list: inout StateList) throws(StateList.Broken) {
        settings.authorizeRemoteTxRequests = try list.optional().map { $0 != 0 }
        settings.maxEnergyOnInvalidId = try list.optional()
        settings.transactionMessageAttempts = try list.optional()
        settings.transactionMessageRetryInterval = try list.optional()
        count = try list.integer()
        var decoders = [MessageDecoder(role: .centralSystem, isStrict: false), MessageDecoder(role: .chargePoint, isStrict: false)]
        for side in 0...1 {
            open[side] = []
            for _ in 0..<(try list.count(8)) {
                let id = MessageID(try list.text())
                let action = try list.optional().flatMap { UInt8(exactly: $0) }.flatMap { OCPPAction(rawValue: $0) }
                let sent = Instant(nanoseconds: Int64(try list.integer()))
                var payload: OCPPPayload?
                if case .message(.call(_, let value)) = decoders[side].decode(Array(try list.text().utf8), pending: { _ in nil }) { payload = value }
                open[side].append(OpenCall(id: id, action: action, sent: sent, payload: payload))
            }
            used[side] = RecentIDs(state: try list.integers())
            expired[side] = RecentIDs(state: try list.integers())
        }
        let phase = try list.integers()
        let until = phase.count > 1 && phase[1] != .min ? Instant(nanoseconds: phase[1]) : nil
        switch phase.first {
        case 0: self.phase = .off
        case 1: self.phase = .booting
        case 2: self.phase = .pending(until: until)
        case 3: self.phase = .rejected(until: until)
        case 4: self.phase = .accepted
        default: throw .broken
        }
        let flags = try list.integers(4)
        (hasReportedPhase, mayBootAgain, isConnected, softReset) = (flags[0] != 0, flags[1] != 0, flags[2] != 0, flags[3] != 0)
        let numbers = try list.integers(4)
        triggered = UInt64(bitPattern: numbers[0])
        heard = numbers[1] == .min ? nil : Instant(nanoseconds: numbers[1])
        heartbeatInterval = Int(numbers[2])
        restoredAt = numbers[3] == .min ? nil : OCPPTimestamp(milliseconds: numbers[3])
        let trigger = try list.integers()
        openTrigger = nil
        if trigger.count == 2, let raw = UInt8(exactly: trigger[0]), let action = OCPPAction(rawValue: raw) {
            openTrigger = (action, trigger[1] == .min ? nil : Int(trigger[1]))
        }
        try readTransactions(&list)
        connectors = try list.rows(3, atMost: 1024).map { row in
            Connector(id: Int(row[0]), status: UInt8(exactly: row[1]).flatMap { ChargePointStatus(rawValue: $0) }, hasOldReport: row[2] != 0)
        }
        reservations = try list.rows(6, atMost: 64).map { row in
            Reservation(
                id: Int(row[0]), connector: Int(row[1]), tag: UInt64(bitPattern: row[2]), parent: row[3] == 0 ? nil : UInt64(bitPattern: row[4]),
                expiry: row[5] == .min ? nil : OCPPTimestamp(milliseconds: row[5]))
        }
        for progress in [\MessageOrder.firmware, \.signedFirmware, \.diagnostics, \.logs] {
            let state = try list.text()
            self[keyPath: progress] = FileProgress(state: state == "-" ? nil : state, hasGap: try list.integer() != 0)
        }
    }

    private mutating func readTransactions(_ list: inout StateList) throws(StateList.Broken) {
        transactions = []
        for _ in 0..<(try list.count(256)) {
            let row = try list.integers(9)
            transactions.append(
                Transaction(
                    id: Int(row[0]), connector: Int(row[1]), tag: UInt64(bitPattern: row[2]), meterStart: Int(row[3]),
                    begun: OCPPTimestamp(milliseconds: row[4]), state: row[5] == 0 ? .running : .stopSent,
                    refused: row[6] == .min ? nil : OCPPTimestamp(milliseconds: row[6]), lastTime: OCPPTimestamp(milliseconds: row[7]),
                    lastRegister: Double(bitPattern: UInt64(bitPattern: row[8]))))
        }
        stopped = try list.integers().map { Int($0) }
        offlineStarts = try list.integer()
        failed = nil
        if let row = try list.rows(6, atMost: 1).first {
            guard let kind = UInt8(exactly: row[0]) else { throw .broken }
            failed = FailedMessage(
                key: QueueKey(kind: kind, number: Int(row[1]), other: Int(row[2]), time: row[3]), failures: Int(row[4]), at: Instant(nanoseconds: row[5]))
        }
        refusedTags = try list.integers().map { UInt64(bitPattern: $0) }
        knownTags = try list.integers().map { UInt64(bitPattern: $0) }
        remoteTags = try list.integers().map { UInt64(bitPattern: $0) }
        parents = try list.rows(2, atMost: 64).map { (UInt64(bitPattern: $0[0]), UInt64(bitPattern: $0[1])) }
    }
}

/// Numbers and texts one after the other.
private struct StateList {
    enum Broken: Error { case broken }

    var items: [JSONValue] = []
    var place = 0

    var isAtEnd: Bool { place == items.count }

    mutating func put(_ value: Int) { items.append(.integer(Int64(value))) }
    mutating func put(_ value: Int?) { items.append(value.map { .integer(Int64($0)) } ?? .null) }
    mutating func put(_ text: String) { items.append(.string(text)) }
    mutating func put(_ values: [Int64]) { items.append(.array(values.map { .integer($0) })) }

    private mutating func next() throws(Broken) -> JSONValue {
        guard place < items.count else { throw .broken }
        place += 1
        return items[place - 1]
    }
    mutating func optional() throws(Broken) -> Int? {
        let item = try next()
        if item == .null { return nil }
        guard let value = item.integer else { throw .broken }
        return Int(value)
    }
    mutating func integer() throws(Broken) -> Int {
        guard let value = try optional() else { throw .broken }
        return value
    }
    mutating func count(_ most: Int) throws(Broken) -> Int {
        let value = try integer()
        guard 0...most ~= value else { throw .broken }
        return value
    }
    mutating func text() throws(Broken) -> String {
        guard let text = try next().string else { throw .broken }
        return text
    }
    mutating func integers(_ wanted: Int? = nil) throws(Broken) -> [Int64] {
        guard let items = try next().array, items.count <= 4096 else { throw .broken }
        let values = items.compactMap { $0.integer }
        guard values.count == items.count, wanted.map({ $0 == values.count }) ?? true else { throw .broken }
        return values
    }
    mutating func rows(_ width: Int, atMost most: Int) throws(Broken) -> [[Int64]] {
        guard let items = try next().array, items.count % width == 0, items.count / width <= most else { throw .broken }
        let values = items.compactMap { $0.integer }
        guard values.count == items.count else { throw .broken }
        return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
    }
}
