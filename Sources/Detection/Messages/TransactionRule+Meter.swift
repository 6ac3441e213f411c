import OCPP
import Quantities

extension TransactionRule {
    // MARK: Status

    func status(_ status: StatusNotification, _ point: inout ChargePoint, _ view: MessageView) -> Double {
        let score = late(&point, view)
        guard status.connectorID > 0 else { return score }
        let place = connector(status.connectorID, &point)
        let isCharging = status.status == .charging
        if isCharging != point.connectors[place].isCharging {
            point.connectors[place].statusSince = view.now
            point.connectors[place].isReported = false
        }
        point.connectors[place].isCharging = isCharging
        point.connectors[place].isAvailable = status.status == .available
        point.connectors[place].statusStamp = status.timestamp?.milliseconds ?? .max
        return score
    }

    /// A connector that is charging for a minute, and no transaction was reported.
    func late(_ point: inout ChargePoint, _ view: MessageView) -> Double {
        guard checks.contains(.freeVend), point.hasBooted else { return 0 }
        for place in point.connectors.indices where point.connectors[place].isCharging && !point.connectors[place].isReported {
            let connector = point.connectors[place]
            guard age(of: connector.statusSince, at: view.now) > 60_000_000_000 else { continue }
            let isStarted =
                connector.lastStart != .min && connector.lastStart >= connector.statusSince.subtractingReportingOverflow(60_000_000_000).partialValue
            if isStarted || point.running.contains(where: { $0.connector == connector.id }) { continue }
            if point.opened != .min, age(of: point.opened, at: view.now) < 600_000_000_000, point.opened > connector.statusSince { continue }
            point.connectors[place].isReported = true
            return hit("connector \(connector.id) charges, and there is no transaction")
        }
        return 0
    }

    // MARK: Meter values

    func meter(_ values: MeterValues, _ value: MeterValue, _ point: inout ChargePoint, _ view: MessageView) -> Double {
        let reading = MeterReading(value)
        guard let id = values.transactionID else { return idle(values, reading, &point, view) }
        guard let at = point.running.firstIndex(where: { $0.id == id }) else { return 0 }
        var score = judge(
            point.running[at].track.take(reading, at: view.now, greatest: limits.greatestPower, tolerance: limits.tolerance, least: limits.leastEnergy))
        let running = point.running[at]
        if checks.contains(.freeVend) {
            let flows = reading.power > 300 || reading.current > 1
            if running.isRefused {
                if running.refusedRegister.isNaN { point.running[at].refusedRegister = reading.register }
                let rise = reading.register - (running.refusedRegister.isNaN ? running.meterStart : running.refusedRegister)
                if age(of: running.refusedAt, at: view.now) > 60_000_000_000, rise > 100 {
                    score = max(score, hit("transaction \(id) charges, and its tag was refused"))
                }
            } else if flows, let connector = point.connectors.first(where: { $0.id == values.connectorID }), connector.isAvailable,
                // Meter values that a queue has kept may be older than the status.
                connector.statusStamp < .max - 10_000, reading.time > connector.statusStamp + 10_000
            {
                score = max(score, hit("connector \(connector.id) is Available, and its meter shows a current"))
            }
        }
        return score
    }

    /// A reading outside of transactions.
    private func idle(_ values: MeterValues, _ reading: MeterReading, _ point: inout ChargePoint, _ view: MessageView) -> Double {
        guard values.connectorID > 0 else { return 0 }
        let place = connector(values.connectorID, &point)
        var score = 0.0
        if !point.running.contains(where: { $0.connector == values.connectorID }) {
            score = judge(point.connectors[place].idle.take(reading, at: view.now, greatest: limits.greatestPower, tolerance: .infinity, least: .infinity))
        }
        guard checks.contains(.freeVend) else { return score }
        let flows = reading.power > 300 || reading.current > 1
        let isBusy = point.running.contains { $0.connector == values.connectorID }
        // After a reconnection the start may still be in the queue.
        let isRecent = point.opened != .min && age(of: point.opened, at: view.now) < 600_000_000_000
        guard flows, !isBusy, !isRecent else {
            point.connectors[place].freeSince = .min
            return score
        }
        if point.connectors[place].freeSince == .min { point.connectors[place].freeSince = view.now }
        guard age(of: point.connectors[place].freeSince, at: view.now) >= 10_000_000_000 else { return score }
        return max(score, hit("connector \(values.connectorID) has a current, and there is no transaction"))
    }

    private func judge(_ verdict: MeterTrack.Verdict) -> Double {
        switch verdict {
        case .none: return 0
        case .fine(let ratio): return Score.settled(hit: false, raw: ratio)
        case .back(let by): return checks.contains(.register) ? hit(2, "the register goes back by \(whole(by.rounded())) Wh") : 0
        case .tooMuch(let ratio): return checks.contains(.energy) ? hit(max(2, ratio), "the register rises faster than any power allows") : 0
        case .differs(let ratio, let measured, let register):
            return checks.contains(.energy) ? hit(ratio, "the register rises by \(whole(register)) Wh, and the power makes \(whole(measured)) Wh") : 0
        }
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        chargePoints.save(&writer) { point, writer in
            writer.put(point.running.count)
            for running in point.running {
                writer.put(running.id)
                writer.put(running.connector)
                writer.put(bits: running.tag)
                writer.put(running.meterStart)
                writer.put(running.begun)
                writer.put(running.isRefused)
                writer.put(running.refusedAt)
                writer.put(running.refusedRegister)
                running.track.save(&writer)
            }
            writer.put(point.connectors.count)
            for connector in point.connectors {
                writer.put(connector.id)
                writer.put(connector.isCharging)
                writer.put(connector.isAvailable)
                writer.put(connector.statusSince)
                writer.put(connector.statusStamp)
                writer.put(connector.lastStart)
                writer.put(connector.lastStop)
                writer.put(connector.lastMeterStart)
                writer.put(connector.freeSince)
                writer.put(connector.isReported)
                connector.idle.save(&writer)
            }
            writer.put(point.opened)
            writer.put(point.hasBooted)
            writer.put(point.lastConnector)
        }
        tags.save(&writer) { tag, writer in
            writer.put(tag.running)
            writer.put(tag.mostRunning)
            writer.put(tag.alone)
            writer.put(bits: tag.chargePoint)
            writer.put(tag.time)
        }
        owners.save(&writer) { $1.put(bits: $0) }
        writer.put(reason)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try chargePoints.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> ChargePoint in
            var point = ChargePoint()
            for _ in 0..<(try reader.count(itemBytes: 64)) {
                var running = Running(
                    id: Int(try reader.integer()), connector: Int(try reader.integer()), tag: try reader.bits(), meterStart: try reader.number(),
                    begun: try reader.integer())
                running.isRefused = try reader.flag()
                running.refusedAt = try reader.integer()
                running.refusedRegister = try reader.number()
                running.track = try MeterTrack(&reader)
                point.running.append(running)
            }
            for _ in 0..<(try reader.count(itemBytes: 64)) {
                var connector = Connector(id: Int(try reader.integer()))
                connector.isCharging = try reader.flag()
                connector.isAvailable = try reader.flag()
                connector.statusSince = try reader.integer()
                connector.statusStamp = try reader.integer()
                connector.lastStart = try reader.integer()
                connector.lastStop = try reader.number()
                connector.lastMeterStart = try reader.number()
                connector.freeSince = try reader.integer()
                connector.isReported = try reader.flag()
                connector.idle = try MeterTrack(&reader)
                point.connectors.append(connector)
            }
            point.opened = try reader.integer()
            point.hasBooted = try reader.flag()
            point.lastConnector = Int(try reader.integer())
            return point
        }
        try tags.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Tag in
            Tag(
                running: Int(try reader.integer()), mostRunning: Int(try reader.integer()), alone: Int(try reader.integer()),
                chargePoint: try reader.bits(), time: try reader.integer())
        }
        try owners.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> UInt64 in try reader.bits() }
        reason = try reader.text()
    }
}
