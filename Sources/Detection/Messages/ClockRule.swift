import OCPP
import Quantities

/// Time stamps of messages against their arrival: clocks that jump, of a charge point or of the central system.
///
/// The time of the central system, as its answers to BootNotification and Heartbeat tell it, is the reference; without one it is the first time stamp. A
/// charge point whose clock is always wrong has a distance of its own; a jump that brings it to the right time is a clock that was set. After an
/// outage the messages of transactions may be as old as the outage.
final class ClockRule: MessageRule {
    private struct ChargePoint {
        /// The distance of its clock from the reference, milliseconds.
        var distance: Int64 = 0
        var isKnown = false
        /// A distance that is wrong, and since when.
        var odd: Int64 = 0
        var oddSince: Int64 = .min
        var lastUp: Int64 = .min
        /// When the last outage began and ended.
        var outageBegin: Int64 = .min
        var outageEnd: Int64 = .min
    }

    private let tolerance: Int64
    private let queueTolerance: Int64
    private let relearn: UInt64
    private var reference: Int64 = 0
    private var hasReference = false
    private var provisional = 0
    private var odd: Int64 = 0
    private var oddSince: Int64 = .min
    @exclusivity(unchecked) private var chargePoints: GroupTable<ChargePoint>
    private(set) var reason = ""

    init(tolerance: Duration, queueTolerance: Duration, relearn: Duration, maximumGroups: Int) {
        self.tolerance = max(1, tolerance.nanoseconds / 1_000_000)
        self.queueTolerance = max(1, queueTolerance.nanoseconds / 1_000_000)
        self.relearn = UInt64(max(0, relearn.nanoseconds))
        chargePoints = GroupTable(capacity: maximumGroups)
    }

    var evictions: Int { chargePoints.evictions }
    var interest: MessageInterest {
        MessageInterest(calls: .max, results: MessageInterest.actions(.bootNotification, .heartbeat), connections: true)
    }

    func judge(_ view: MessageView) -> Double? {
        if view.kind == .result {
            guard !view.isUp else { return nil }
            switch view.payload {
            case .bootNotificationResult(let result)?: return central(result.currentTime, view)
            case .heartbeatResult(let time)?: return central(time, view)
            default: return nil
            }
        }
        guard view.isUp || view.kind != .call else { return nil }
        let place = chargePoints.place(of: view.identityKey) { ChargePoint() }
        let last = chargePoints[place].lastUp
        if view.kind == .opened || last != .min && age(of: last, at: view.now) >= 120_000_000_000 {
            chargePoints[place].outageBegin = last
            chargePoints[place].outageEnd = view.now
        }
        guard view.kind == .call else { return nil }
        chargePoints[place].lastUp = view.now
        switch view.payload {
        case .statusNotification(let status)?:
            guard let time = status.timestamp else { return nil }
            return judge(time, isQueued: false, &chargePoints[place], view)
        case .startTransaction(let start)?: return judge(start.timestamp, isQueued: true, &chargePoints[place], view)
        case .stopTransaction(let stop)?: return judge(stop.timestamp, isQueued: true, &chargePoints[place], view)
        case .meterValues(let values)?:
            var score = judge(values.value.timestamp, isQueued: values.transactionID != nil, &chargePoints[place], view)
            for value in values.further { score = max(score, judge(value.timestamp, isQueued: true, &chargePoints[place], view)) }
            return score
        default: return nil
        }
    }

    /// Milliseconds from the arrival to a time stamp.
    private func offset(_ time: OCPPTimestamp, _ now: Int64) -> Int64 { time.milliseconds &- now / 1_000_000 }

    /// The size of a difference, without overflow.
    private func size(_ value: Int64) -> Int64 { value == .min ? .max : abs(value) }

    private func central(_ time: OCPPTimestamp, _ view: MessageView) -> Double {
        let offset = offset(time, view.now)
        guard hasReference, provisional == 0 else {
            reference = offset
            hasReference = true
            provisional = 0
            return 0
        }
        let error = offset &- reference
        guard size(error) > tolerance else {
            oddSince = .min
            return Score.settled(hit: false, raw: Double(size(error)) / Double(tolerance))
        }
        if oddSince == .min || size(offset &- odd) > tolerance { oddSince = view.now }
        odd = offset
        if age(of: oddSince, at: view.now) >= relearn {
            reference = offset
            oddSince = .min
            return 0
        }
        reason = "the central system's time is \(words(error)) off"
        return Score.settled(hit: true, raw: Double(size(error)) / Double(tolerance))
    }

    private func judge(_ time: OCPPTimestamp, isQueued: Bool, _ point: inout ChargePoint, _ view: MessageView) -> Double {
        let offset = offset(time, view.now)
        if !hasReference {
            hasReference = true
            provisional = 1
            reference = offset
        } else if provisional > 0 {
            // A message of a queue may have come first; a time stamp is not of the future.
            if provisional < 4, offset > reference { reference = offset }
            provisional += 1
        }
        let distance = offset &- reference
        if !point.isKnown {
            if isQueued, distance < 0 { return 0 }
            point.isKnown = true
            point.distance = distance
            return 0
        }
        let change = distance &- point.distance
        if size(distance) <= tolerance || size(change) <= tolerance {
            point.oddSince = .min
            if !isQueued || change >= 0 || size(distance) <= tolerance { point.distance = distance }
            return Score.settled(hit: false, raw: Double(min(size(distance), size(change))) / Double(tolerance))
        }
        if isQueued, change < 0 {
            if size(change) <= queueTolerance { return 0 }
            // Milliseconds of the run at which its clock showed this.
            let shown = view.now / 1_000_000 &+ change
            if point.outageEnd != .min, age(of: point.outageEnd, at: view.now) < 3_600_000_000_000,
                point.outageBegin == .min || shown >= point.outageBegin / 1_000_000 &- tolerance
            {
                return 0
            }
        }
        if point.oddSince == .min || size(distance &- point.odd) > tolerance { point.oddSince = view.now }
        point.odd = distance
        if age(of: point.oddSince, at: view.now) >= relearn {
            point.distance = distance
            point.oddSince = .min
            return 0
        }
        reason = "a time stamp of \(view.action?.name.description ?? "a message") is \(words(distance)) off"
        return Score.settled(hit: true, raw: Double(size(change)) / Double(tolerance))
    }

    private func words(_ milliseconds: Int64) -> String { "\(milliseconds / 1000) s" }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        writer.put(reference)
        writer.put(hasReference)
        writer.put(provisional)
        writer.put(odd)
        writer.put(oddSince)
        chargePoints.save(&writer) { point, writer in
            writer.put(point.distance)
            writer.put(point.isKnown)
            for value in [point.odd, point.oddSince, point.lastUp, point.outageBegin, point.outageEnd] { writer.put(value) }
        }
        writer.put(reason)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        reference = try reader.integer()
        hasReference = try reader.flag()
        provisional = Int(truncatingIfNeeded: try reader.integer())
        odd = try reader.integer()
        oddSince = try reader.integer()
        try chargePoints.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> ChargePoint in
            ChargePoint(
                distance: try reader.integer(), isKnown: try reader.flag(), odd: try reader.integer(), oddSince: try reader.integer(),
                lastUp: try reader.integer(), outageBegin: try reader.integer(), outageEnd: try reader.integer())
        }
        reason = try reader.text()
    }
}
