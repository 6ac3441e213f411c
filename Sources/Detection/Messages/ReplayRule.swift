import OCPP
import Quantities

/// Messages of transactions that come again after they were answered.
///
/// Start, stop and meter values carry a time stamp and a register, so that the same content is the same message. A message that was never answered, or
/// whose answer may have been lost with the connection, is sent again by every good charge point: the newest one may come once more within `retry`.
final class ReplayRule: MessageRule {
    private struct ChargePoint {
        /// The content of the newest message of a transaction, and when it was first seen.
        var newest: UInt64 = 0
        var firstSeen: Int64 = .min
        /// A break of the connection since the newest message.
        var wasBroken = false
        var repeats = 0
    }
    private struct Sent {
        var time: Int64
        var isConfirmed: Bool
    }

    private let minimumAge: UInt64
    private let retry: UInt64
    @exclusivity(unchecked) private var sent: GroupTable<Sent>
    @exclusivity(unchecked) private var chargePoints: GroupTable<ChargePoint>
    private(set) var reason = ""

    init(minimumAge: Duration, retry: Duration, capacity: Int, maximumGroups: Int) {
        self.minimumAge = UInt64(max(0, minimumAge.nanoseconds))
        self.retry = UInt64(max(0, retry.nanoseconds))
        sent = GroupTable(capacity: capacity)
        chargePoints = GroupTable(capacity: maximumGroups)
    }

    var evictions: Int { chargePoints.evictions }
    var interest: MessageInterest {
        let actions = MessageInterest.actions(.startTransaction, .stopTransaction, .meterValues)
        return MessageInterest(calls: actions, results: actions, connections: true)
    }

    /// What a message of a transaction is known by when it comes again.
    static func key(_ payload: OCPPPayload, _ identity: UInt64) -> UInt64? {
        var hash = KeyHash()
        hash.add(identity)
        switch payload {
        case .startTransaction(let start):
            hash.add(1)
            hash.add(UInt64(bitPattern: Int64(start.connectorID)))
            hash.add(start.idTag)
            hash.add(UInt64(bitPattern: Int64(start.meterStart)))
            hash.add(UInt64(bitPattern: start.timestamp.milliseconds))
        case .stopTransaction(let stop):
            hash.add(2)
            hash.add(UInt64(bitPattern: Int64(stop.transactionID)))
            hash.add(UInt64(bitPattern: Int64(stop.meterStop)))
            hash.add(UInt64(bitPattern: stop.timestamp.milliseconds))
        case .meterValues(let values):
            guard let transaction = values.transactionID else { return nil }
            hash.add(3)
            hash.add(UInt64(bitPattern: Int64(values.connectorID)))
            hash.add(UInt64(bitPattern: Int64(transaction)))
            add(values.value, &hash)
            for value in values.further { add(value, &hash) }
        default: return nil
        }
        return hash.value
    }

    private static func add(_ value: MeterValue, _ hash: inout KeyHash) {
        hash.add(UInt64(bitPattern: value.timestamp.milliseconds))
        if let first = value.first { add(first, &hash) }
        for sample in value.others { add(sample, &hash) }
    }

    private static func add(_ sample: SampledValue, _ hash: inout KeyHash) {
        hash.add(UInt64(bitPattern: Int64(sample.mantissa)))
        hash.add(UInt64(sample.scale) << 16 | UInt64(sample.effectiveMeasurand.rawValue) << 8 | UInt64(sample.phase?.rawValue ?? 255))
        hash.add(UInt64(sample.context?.rawValue ?? 255))
    }

    func judge(_ view: MessageView) -> Double? {
        switch view.kind {
        case .opened, .closed, .broken:
            if let place = chargePoints.find(view.identityKey) { chargePoints[place].wasBroken = true }
            return nil
        case .result:
            if !view.isUp, let asked = view.asked, let key = ReplayRule.key(asked, view.identityKey), let place = sent.find(key) {
                sent[place].isConfirmed = true
            }
            return nil
        case .call: break
        case .error, .malformed: return nil
        }
        guard view.isUp, let payload = view.payload, let key = ReplayRule.key(payload, view.identityKey) else { return nil }
        // What was sent before keeps its time.
        let found = sent.find(key)
        let earlier = found.map { sent[$0] }
        _ = sent.place(of: key, found: found) { Sent(time: view.now, isConfirmed: false) }
        let place = chargePoints.place(of: view.identityKey) { ChargePoint() }
        guard let earlier else {
            chargePoints[place] = ChargePoint(newest: key, firstSeen: view.now)
            return 0
        }
        guard earlier.isConfirmed, age(of: earlier.time, at: view.now) >= minimumAge else { return 0 }
        if chargePoints[place].newest == key {
            chargePoints[place].repeats += 1
            let isSoon = age(of: earlier.time, at: view.now) < retry
            if chargePoints[place].repeats == 1, isSoon || chargePoints[place].wasBroken { return 0 }
        }
        reason =
            "\(view.action?.name.description ?? "a message") of \(Duration(nanoseconds: Int64(clamping: age(of: earlier.time, at: view.now))).secondsText) s ago came again"
        return 1
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        sent.save(&writer) { sent, writer in
            writer.put(sent.time)
            writer.put(sent.isConfirmed)
        }
        chargePoints.save(&writer) { chargePoint, writer in
            writer.put(bits: chargePoint.newest)
            writer.put(chargePoint.firstSeen)
            writer.put(chargePoint.wasBroken)
            writer.put(chargePoint.repeats)
        }
        writer.put(reason)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try sent.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Sent in
            Sent(time: try reader.integer(), isConfirmed: try reader.flag())
        }
        try chargePoints.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> ChargePoint in
            ChargePoint(
                newest: try reader.bits(), firstSeen: try reader.integer(), wasBroken: try reader.flag(),
                repeats: Int(truncatingIfNeeded: try reader.integer()))
        }
        reason = try reader.text()
    }
}
