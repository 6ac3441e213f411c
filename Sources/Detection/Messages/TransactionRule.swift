import OCPP
import Quantities

/// Transactions that do not add up: registers, energy, current without a transaction, tags at two places, stops of others' transactions.
final class TransactionRule: MessageRule {
    /// What is looked for.
    enum Check: String, CaseIterable {
        /// Registers that go back.
        case register
        /// More energy than is possible, and energy that differs from the power.
        case energy
        /// Current where no transaction runs, or for a tag that was refused.
        case freeVend = "free-vend"
        /// One tag at two charge points.
        case tags
        /// StopTransaction of another charge point's transaction.
        case stops
    }

    /// The limits of the checks.
    struct Limits: Sendable {
        var greatestPower = 500_000.0
        var tolerance = 0.1
        var leastEnergy = 1000.0
        /// Where charge points stand, metres, and the greatest speed between them, m/s.
        var positions: [UInt64: (x: Double, y: Double)] = [:]
        var speed = 150 / 3.6
    }

    struct Running {
        var id: Int
        var connector: Int
        var tag: UInt64
        var meterStart: Double
        var begun: Int64
        var isRefused = false
        var refusedAt: Int64 = .min
        var refusedRegister = Double.nan
        var track = MeterTrack()
    }
    struct Connector {
        var id: Int
        var isCharging = false
        var isAvailable = false
        var statusSince: Int64 = .min
        /// The time stamp of the last status, milliseconds; `max` if it had none.
        var statusStamp: Int64 = .max
        var lastStart: Int64 = .min
        var lastStop = Double.nan
        var lastMeterStart = Double.nan
        var freeSince: Int64 = .min
        var isReported = false
        var idle = MeterTrack()
    }
    struct ChargePoint {
        var running: [Running] = []
        var connectors: [Connector] = []
        var opened: Int64 = .min
        var hasBooted = false
        /// The connector of the last transaction, to see whether another one used the same meter.
        var lastConnector = 0
    }
    struct Tag {
        var running = 0
        var mostRunning = 0
        var alone = 0
        var chargePoint: UInt64 = 0
        var time: Int64 = .min
    }

    let checks: [Check]
    let limits: Limits
    @exclusivity(unchecked) var chargePoints: GroupTable<ChargePoint>
    @exclusivity(unchecked) var tags: GroupTable<Tag>
    /// The charge point of each transaction.
    @exclusivity(unchecked) var owners: GroupTable<UInt64>
    var reason = ""

    init(checks: [Check], limits: Limits, maximumGroups: Int) {
        self.checks = checks
        self.limits = limits
        chargePoints = GroupTable(capacity: maximumGroups)
        tags = GroupTable(capacity: 2 * maximumGroups)
        owners = GroupTable(capacity: 4 * maximumGroups)
    }

    var evictions: Int { chargePoints.evictions }
    var interest: MessageInterest {
        MessageInterest(
            calls: MessageInterest.actions(.bootNotification, .statusNotification, .startTransaction, .stopTransaction, .meterValues, .heartbeat),
            results: MessageInterest.actions(.startTransaction), connections: true)
    }

    func judge(_ view: MessageView) -> Double? {
        guard view.isUp || view.kind != .call else { return nil }
        let place = chargePoints.place(of: view.identityKey) { ChargePoint() }
        switch (view.kind, view.payload) {
        case (.opened, _):
            chargePoints[place].opened = view.now
            // What happened while nobody was connected is not known: states count again when they are told again.
            for index in chargePoints[place].connectors.indices { chargePoints[place].connectors[index].isAvailable = false }
            return nil
        case (.call, .bootNotification?):
            chargePoints[place].hasBooted = true
            for connector in chargePoints[place].connectors.indices { chargePoints[place].connectors[connector].lastStop = .nan }
            return nil
        case (.call, .statusNotification(let status)?): return self.status(status, &chargePoints[place], view)
        case (.call, .startTransaction(let start)?): return self.start(start, &chargePoints[place])
        case (.result, .startTransactionResult(let info, let id)?):
            guard !view.isUp, case .startTransaction(let start)? = view.asked else { return nil }
            return started(start, info, id, &chargePoints[place], view)
        case (.call, .meterValues(let values)?):
            var score = late(&chargePoints[place], view)
            score = max(score, meter(values, values.value, &chargePoints[place], view))
            for value in values.further { score = max(score, meter(values, value, &chargePoints[place], view)) }
            return score
        case (.call, .stopTransaction(let stop)?): return self.stop(stop, &chargePoints[place], view)
        case (.call, .empty(.heartbeat)?): return late(&chargePoints[place], view)
        default: return nil
        }
    }

    func hit(_ why: String) -> Double { hit(1, why) }

    func hit(_ score: Double, _ why: String) -> Double {
        reason = why
        return Score.settled(hit: true, raw: score)
    }

    func connector(_ id: Int, _ point: inout ChargePoint) -> Int {
        if let place = point.connectors.firstIndex(where: { $0.id == id }) { return place }
        if point.connectors.count >= 256 { point.connectors.removeLast() }
        point.connectors.append(Connector(id: id))
        return point.connectors.count - 1
    }

    // MARK: Start

    private func start(_ start: StartTransaction, _ point: inout ChargePoint) -> Double {
        let place = connector(start.connectorID, &point)
        let last = point.connectors[place].lastStop
        let lastStart = point.connectors[place].lastMeterStart
        let begin = Double(start.meterStart)
        point.connectors[place].lastMeterStart = begin
        point.connectors[place].freeSince = .min
        guard !last.isNaN else { return 0 }
        // Meters that count each session from 0 are in use.
        let isPerSession = begin == 0 && lastStart == 0
        if checks.contains(.register), begin < last - 1, !isPerSession {
            return hit(2, "the register went back from \(whole(last)) to \(start.meterStart) Wh between transactions")
        }
        if checks.contains(.freeVend), begin - last > 500, point.lastConnector == start.connectorID, point.running.isEmpty, point.opened == .min {
            return hit(1, "\(whole(begin - last)) Wh were charged between transactions")
        }
        return 0
    }

    private func started(_ start: StartTransaction, _ info: IdTagInfo, _ id: Int, _ point: inout ChargePoint, _ view: MessageView) -> Double {
        let place = connector(start.connectorID, &point)
        point.connectors[place].lastStart = view.now
        point.lastConnector = start.connectorID
        let isAgain = point.running.contains { $0.id == id }
        var running = Running(
            id: id, connector: start.connectorID, tag: KeyHash.of(tag: start.idTag), meterStart: Double(start.meterStart),
            begun: start.timestamp.milliseconds)
        running.track.begin(running.meterStart, at: running.begun)
        if info.status != .accepted {
            running.isRefused = true
            running.refusedAt = view.now
        }
        if !isAgain {
            if point.running.count >= 256 { point.running.removeFirst() }
            point.running.append(running)
        }
        let owner = owners.place(of: UInt64(bitPattern: Int64(id))) { 0 }
        owners[owner] = view.identityKey
        return isAgain ? 0 : tag(running.tag, info.status, view)
    }

    private func tag(_ key: UInt64, _ status: AuthorizationStatus, _ view: MessageView) -> Double {
        let place = tags.place(of: key) { Tag() }
        let before = tags[place]
        var score = 0.0
        if checks.contains(.tags), before.chargePoint != 0, before.chargePoint != view.identityKey {
            if let from = limits.positions[before.chargePoint], let to = limits.positions[view.identityKey], before.time != .min {
                let (x, y) = (from.x - to.x, from.y - to.y)
                let distance = (x * x + y * y).squareRoot()
                let needed = distance / limits.speed
                let seconds = Double(age(of: before.time, at: view.now)) / 1e9
                if before.running > 0 ? distance > 0 : seconds < needed {
                    score = hit(min(needed / max(seconds, 1), 100), "a tag is here \(whole(seconds)) s after it was \(whole(distance)) m away")
                }
            }
            if before.running > 0, score < 1, status == .concurrentTx || before.mostRunning == 1 && before.alone >= 5 {
                score = hit("a tag charges here and at another charge point")
            }
        }
        if status == .accepted {
            tags[place].running = min(tags[place].running + 1, 1000)
            tags[place].mostRunning = max(tags[place].mostRunning, tags[place].running)
            tags[place].chargePoint = view.identityKey
            tags[place].time = view.now
        }
        return score
    }

    // MARK: Stop

    private func stop(_ stop: StopTransaction, _ point: inout ChargePoint, _ view: MessageView) -> Double {
        guard let at = point.running.firstIndex(where: { $0.id == stop.transactionID }) else {
            guard checks.contains(.stops), let owner = owners.find(UInt64(bitPattern: Int64(stop.transactionID))), owners[owner] != view.identityKey else {
                return 0
            }
            return hit(2, "it stops transaction \(stop.transactionID) of another charge point")
        }
        let running = point.running.remove(at: at)
        if let place = tags.find(running.tag), !running.isRefused {
            tags[place].running = max(0, tags[place].running - 1)
            if tags[place].running == 0, tags[place].mostRunning == 1 { tags[place].alone = min(tags[place].alone + 1, 1000) }
            tags[place].time = view.now
        }
        let end = Double(stop.meterStop)
        let place = connector(running.connector, &point)
        point.connectors[place].lastStop = end
        point.connectors[place].idle = MeterTrack()
        var score = 0.0
        let shown = running.track.lastRegister
        if checks.contains(.register), end < running.meterStart - 1 || end < shown - 1.5 {
            score = hit(2, "meterStop is \(stop.meterStop) Wh, less than the \(whole(max(running.meterStart, shown))) Wh of before")
        }
        let seconds = Double(age(of: running.begun, at: stop.timestamp.milliseconds)) / 1000
        let bound = limits.greatestPower * (seconds + 1) / 3600 * 1.02 + 2
        if checks.contains(.energy), end - running.meterStart > bound {
            score = max(score, hit(max(2, (end - running.meterStart) / bound), "\(whole(end - running.meterStart)) Wh in \(whole(seconds)) s"))
        }
        return score
    }
}
