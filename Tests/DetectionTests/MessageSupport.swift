import OCPP
import Quantities

@testable import Detection

/// 2026-01-01T00:00:00Z, the start of the runs of these tests.
let testEpoch: Int64 = 1_767_225_600

/// The RFC 3339 text of a time of the run, in UTC or with an offset in hours.
func stamp(_ seconds: Double, offset: Int = 0) -> String {
    let milliseconds = Int64((seconds * 1000).rounded()) + (testEpoch + Int64(offset) * 3600) * 1000
    let days = Int(milliseconds / 86_400_000)
    let rest = Int(milliseconds % 86_400_000)
    let date = OCPPTimestamp.date(days: days)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let zone = offset == 0 ? "Z" : "+\(two(offset)):00"
    let fraction = rest % 1000
    let digits = fraction < 10 ? "00\(fraction)" : (fraction < 100 ? "0\(fraction)" : "\(fraction)")
    return "\(date.year)-\(two(date.month))-\(two(date.day))T\(two(rest / 3_600_000)):\(two(rest / 60_000 % 60)):\(two(rest / 1000 % 60)).\(digits)\(zone)"
}

/// Messages of charge points and their central system, written down in order.
struct MessageScript {
    var events: [MessageEvent] = []
    var now = 0.0
    private var ids: [String: Int] = [:]
    /// The numbers of second connections, by name.
    var connections: [String: Int] = [:]

    mutating func wait(_ seconds: Double) { now += seconds }

    private func connection(_ name: String) -> Int { connections[name] ?? Int(truncatingIfNeeded: KeyHash.of(name) >> 8) }

    mutating func add(_ name: String, up: Bool, _ content: MessageEvent.Content, address: String? = nil) {
        events.append(
            MessageEvent(
                instant: Instant(seconds: now), connection: connection(name), identity: name, address: address ?? name, isUp: up, content: content))
    }

    mutating func raw(_ name: String, up: Bool, _ text: String, action: OCPPAction? = nil) {
        add(name, up: up, .message(.frame(Array(text.utf8)), action: action))
    }

    /// A call with its answer; no answer for `nil`.
    @discardableResult
    mutating func call(_ name: String, _ action: OCPPAction, _ payload: String = "{}", answer: String? = "{}", id given: Int? = nil, after: Double = 0.1) -> Int
    {
        let isUp = action.isSentByChargePoint
        let key = isUp ? name : name + "/down"
        let id = given ?? (ids[key] ?? 0) + 1
        if given == nil { ids[key] = id }
        raw(name, up: isUp, #"[2,"\#(id)","\#(action.name)",\#(payload)]"#, action: action)
        guard let answer else { return id }
        let before = now
        now += after
        raw(name, up: !isUp, #"[3,"\#(id)",\#(answer)]"#, action: action)
        now = before + after
        return id
    }

    mutating func error(_ name: String, _ action: OCPPAction, _ payload: String, code: String) {
        let id = call(name, action, payload, answer: nil)
        now += 0.1
        raw(name, up: !action.isSentByChargePoint, #"[4,"\#(id)","\#(code)","",{}]"#, action: action)
    }

    mutating func forgetIDs(_ name: String) {
        ids[name] = nil
        ids[name + "/down"] = nil
    }

    // MARK: Messages

    mutating func boot(_ name: String, version: String = "1.0", status: String = "Accepted", interval: Int = 300) {
        call(
            name, .bootNotification, #"{"chargePointVendor":"v","chargePointModel":"m","firmwareVersion":"\#(version)"}"#,
            answer: #"{"status":"\#(status)","currentTime":"\#(stamp(now + 0.05))","interval":\#(interval)}"#)
    }
    mutating func heartbeat(_ name: String) { call(name, .heartbeat, answer: #"{"currentTime":"\#(stamp(now + 0.05))"}"#) }
    mutating func status(_ name: String, _ status: String, connector: Int = 1, at time: Double? = nil) {
        call(
            name, .statusNotification,
            #"{"connectorId":\#(connector),"errorCode":"NoError","status":"\#(status)","timestamp":"\#(stamp(time ?? now))"}"#)
    }
    mutating func authorize(_ name: String, _ tag: String, _ status: String = "Accepted") {
        call(name, .authorize, #"{"idTag":"\#(tag)"}"#, answer: #"{"idTagInfo":{"status":"\#(status)"}}"#)
    }
    mutating func start(_ name: String, _ tag: String, _ meter: Int, id: Int, connector: Int = 1, at time: Double? = nil, status: String = "Accepted") {
        call(
            name, .startTransaction, #"{"connectorId":\#(connector),"idTag":"\#(tag)","meterStart":\#(meter),"timestamp":"\#(stamp(time ?? now))"}"#,
            answer: #"{"idTagInfo":{"status":"\#(status)"},"transactionId":\#(id)}"#)
    }
    mutating func stop(_ name: String, _ meter: Int, id: Int, at time: Double? = nil) {
        call(name, .stopTransaction, #"{"transactionId":\#(id),"meterStop":\#(meter),"timestamp":"\#(stamp(time ?? now))"}"#)
    }
    mutating func meter(_ name: String, _ register: Double, power: Double?, id: Int?, connector: Int = 1, at time: Double? = nil, offset: Int = 0) {
        let powerText = power.map { #",{"value":"\#($0)","measurand":"Power.Active.Import","unit":"W"}"# } ?? ""
        let transaction = id.map { #","transactionId":\#($0)"# } ?? ""
        call(
            name, .meterValues,
            #"{"connectorId":\#(connector)\#(transaction),"meterValue":[{"timestamp":"\#(stamp(time ?? now, offset: offset))","sampledValue":[{"value":"\#(Int(register))"}\#(powerText)]}]}"#
        )
    }
    mutating func profile(_ name: String, _ limit: Double, unit: String = "A", connector: Int = 1) {
        call(
            name, .setChargingProfile,
            #"{"connectorId":\#(connector),"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"\#(unit)","chargingSchedulePeriod":[{"startPeriod":0,"limit":\#(limit)}]}}}"#,
            answer: #"{"status":"Accepted"}"#)
    }

    /// The events in the order of time.
    var sorted: [MessageEvent] {
        events.enumerated().sorted { $0.element.instant == $1.element.instant ? $0.offset < $1.offset : $0.element.instant < $1.element.instant }
            .map(\.element)
    }
}

/// A detector over messages by its kind.
func messageDetector(_ name: String, _ settings: [String: DetectorSettingValue] = [:]) throws -> any MessagesDetecting {
    guard let kind = DetectorKind.messageKinds.first(where: { $0.name == name }) else { throw DetectionError.missing(setting: name) }
    var values = settings
    values["watch"] = .word("ocpp")
    guard let detector = try kind.makeObject(values) as? any MessagesDetecting else { throw DetectionError.wrongType(setting: name, expected: "messages") }
    return detector
}

/// What a detector says of a script: the times of anomalous scores with their blame.
func alarms(_ detector: any MessagesDetecting, _ events: [MessageEvent]) -> [(time: Double, blame: String)] {
    var alarms: [(time: Double, blame: String)] = []
    for event in events { if let score = detector.update(event), score >= 1 { alarms.append((event.instant.seconds, detector.blame)) } }
    return alarms
}

extension DetectorTree {
    static func map(_ entries: KeyValuePairs<String, DetectorTree>) -> DetectorTree { .entries(entries.map { (name: $0.key, value: $0.value) }) }
}
