import OCPP
import Quantities

/// Too many messages of one kind: for each charge point and action a bucket that leaks.
///
/// A bucket takes one for each message and leaks its greatest content in its time, so that a burst of that many is in order and no more than that
/// in the long run. Heartbeats are measured by the interval that the central system gave. After a reconnection the messages that a charge point
/// has kept may come ten times as fast for ten minutes.
final class FloodRule: MessageRule {
    /// The content of a bucket and the time in which it leaks away.
    struct Limit: Equatable, Sendable {
        var count: Double
        /// Seconds.
        var within: Double
    }

    private struct Bucket {
        var level = 0.0
        var time: Int64 = .min
    }
    private struct ChargePoint {
        /// Seconds between heartbeats; 0 while it is not known.
        var interval = 0.0
        var opened: Int64 = .min
    }

    /// The limits that the protocol suggests.
    static let defaults: [(action: OCPPAction, limit: Limit)] = [
        (.heartbeat, Limit(count: 12, within: 60)), (.bootNotification, Limit(count: 4, within: 600)), (.authorize, Limit(count: 12, within: 60)),
        (.statusNotification, Limit(count: 60, within: 60)), (.meterValues, Limit(count: 300, within: 60)),
        (.startTransaction, Limit(count: 20, within: 60)), (.stopTransaction, Limit(count: 20, within: 60)),
        (.dataTransfer, Limit(count: 120, within: 60)), (.setChargingProfile, Limit(count: 6, within: 60)),
        (.clearChargingProfile, Limit(count: 12, within: 60)), (.remoteStartTransaction, Limit(count: 4, within: 60)),
        (.remoteStopTransaction, Limit(count: 4, within: 60)), (.reset, Limit(count: 2, within: 600)), (.unlockConnector, Limit(count: 3, within: 600)),
        (.changeAvailability, Limit(count: 20, within: 60)), (.changeConfiguration, Limit(count: 120, within: 60)),
        (.triggerMessage, Limit(count: 40, within: 60)), (.reserveNow, Limit(count: 6, within: 60)), (.updateFirmware, Limit(count: 3, within: 600)),
        (.getDiagnostics, Limit(count: 3, within: 600)), (.clearCache, Limit(count: 3, within: 600)), (.sendLocalList, Limit(count: 20, within: 60)),
    ]

    @exclusivity(unchecked) private var limits: [Limit]
    private let isHeartbeatGiven: Bool
    @exclusivity(unchecked) private var buckets: GroupTable<Bucket>
    @exclusivity(unchecked) private var chargePoints: GroupTable<ChargePoint>
    private(set) var reason = ""

    /// - Parameters:
    ///   - given: limits that replace those of `defaults`.
    ///   - others: the limit of every action that has none.
    init(given: [(action: OCPPAction, limit: Limit)], others: Limit, maximumGroups: Int) {
        limits = Array(repeating: others, count: 64)
        for (action, limit) in FloodRule.defaults + given { limits[Int(action.rawValue)] = limit }
        isHeartbeatGiven = given.contains { $0.action == .heartbeat }
        buckets = GroupTable(capacity: maximumGroups * 8)
        chargePoints = GroupTable(capacity: maximumGroups)
    }

    var evictions: Int { chargePoints.evictions }
    var interest: MessageInterest {
        MessageInterest(calls: .max, results: MessageInterest.actions(.bootNotification, .changeConfiguration), connections: true)
    }

    func judge(_ view: MessageView) -> Double? {
        switch view.kind {
        case .opened:
            let place = chargePoints.place(of: view.identityKey) { ChargePoint() }
            chargePoints[place].opened = view.now
            return nil
        case .result:
            learn(view)
            return nil
        case .call: break
        default: return nil
        }
        let action = Int(view.action?.rawValue ?? 63)
        var limit = limits[action]
        var hash = view.identityKey &+ UInt64(action) &* 0x9E37_79B9_7F4A_7C15
        switch view.payload {
        case .setChargingProfile(let set)?: hash = hash &+ UInt64(truncatingIfNeeded: set.connectorID) &* 0xD1B5_4A32_D192_ED03
        case .remoteStartTransaction(let start)?: hash = hash &+ UInt64(truncatingIfNeeded: start.connectorID ?? 0) &* 0xD1B5_4A32_D192_ED03
        default: break
        }
        if view.isUp, let place = chargePoints.find(view.identityKey) {
            let point = chargePoints[place]
            if view.action == .heartbeat, !isHeartbeatGiven, point.interval > 0 { limit = Limit(count: max(4, 3 + 120 / point.interval), within: 60) }
            if isKept(view.action), point.opened != .min, age(of: point.opened, at: view.now) < 600_000_000_000 { limit.count *= 10 }
        }
        let place = buckets.place(of: hash) { Bucket() }
        if buckets[place].time != .min {
            buckets[place].level = max(0, buckets[place].level - limit.count * Double(age(of: buckets[place].time, at: view.now)) / (limit.within * 1e9))
        }
        buckets[place].time = view.now
        buckets[place].level = min(buckets[place].level + 1, 4 * limit.count)
        let level = buckets[place].level
        // Two messages that come in step with the leak must not add up over the years.
        let isHit = level > limit.count + 1e-6
        if isHit { reason = "\(view.message?.actionName ?? "") too often" }
        return Score.settled(hit: isHit, raw: level / limit.count)
    }

    private func isKept(_ action: OCPPAction?) -> Bool {
        switch action {
        case .meterValues?, .startTransaction?, .stopTransaction?, .statusNotification?: true
        default: false
        }
    }

    private func learn(_ view: MessageView) {
        if case .bootNotificationResult(let result)? = view.payload, !view.isUp {
            let place = chargePoints.place(of: view.identityKey) { ChargePoint() }
            if result.status == .accepted {
                chargePoints[place].interval = Double(max(0, result.interval))
            } else if let bucket = buckets.find(view.identityKey &+ UInt64(OCPPAction.bootNotification.rawValue) &* 0x9E37_79B9_7F4A_7C15) {
                // A charge point that waits for its registration has to ask again.
                buckets[bucket].level = max(0, buckets[bucket].level - 1)
            }
        } else if view.action == .changeConfiguration, view.isUp, case .object(.changeConfiguration, _)? = view.asked {
            var key = ""
            var value = ""
            FieldPath("call.key")?.visit(view) { found in
                key = found.text
                return false
            }
            guard key.lowercased() == "heartbeatinterval" else { return }
            FieldPath("call.value")?.visit(view) { found in
                value = found.text
                return false
            }
            guard view.text("status") == "Accepted", let seconds = Double(value), seconds.isFinite, seconds >= 0 else { return }
            let place = chargePoints.place(of: view.identityKey) { ChargePoint() }
            chargePoints[place].interval = seconds
        }
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        buckets.save(&writer) { bucket, writer in
            writer.put(bucket.level)
            writer.put(bucket.time)
        }
        chargePoints.save(&writer) { point, writer in
            writer.put(point.interval)
            writer.put(point.opened)
        }
        writer.put(reason)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try buckets.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Bucket in
            Bucket(level: try reader.number(), time: try reader.integer())
        }
        try chargePoints.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> ChargePoint in
            ChargePoint(interval: try reader.number(), opened: try reader.integer())
        }
        reason = try reader.text()
    }
}
