import OCPP
import Quantities

/// Messages a second: read and validated from text, written, and checked for their order as values.
enum OCPPBenchmark {
    static func run(repeats: Int = 5) -> [Measurement] {
        let count = 200_000
        let heartbeat = Array(#"[2,"123456","Heartbeat",{}]"#.utf8)
        let meter = meterText()
        let profile = profileText()
        let result = Array(#"[3,"123456",{"currentTime":"2025-01-06T08:30:00.000Z"}]"#.utf8)
        var read = [Int](repeating: 0, count: 4)
        var found = 0
        let times = leastTimes(
            repeats: repeats,
            [
                { read[0] = decode(heartbeat, .centralSystem, count) },
                { read[1] = decode(meter, .centralSystem, count) },
                { read[2] = decode(profile, .chargePoint, count) },
                { read[3] = decode(result, .chargePoint, count) },
                { found = order(count) },
            ])
        let millions = Double(count) / 1e6
        return [
            Measurement(name: "ocpp.every-message-read", value: read.allSatisfy { $0 == count } && found == 0 ? 1 : 0, unit: "equal", bar: 1),
            Measurement(name: "ocpp.read-heartbeat", value: millions / times[0], unit: "M messages/s", bar: 2),
            Measurement(name: "ocpp.read-heartbeat-result", value: millions / times[3], unit: "M messages/s", bar: 1.5),
            Measurement(name: "ocpp.read-meter-values", value: millions / times[1], unit: "M messages/s", bar: 0.35),
            Measurement(name: "ocpp.read-charging-profile", value: millions / times[2], unit: "M messages/s", bar: 0.25),
            Measurement(name: "ocpp.order", value: millions / times[4], unit: "M messages/s", bar: 2),
        ]
    }

    /// The number of messages in order.
    private static func decode(_ text: [UInt8], _ role: OCPPRole, _ count: Int) -> Int {
        var decoder = MessageDecoder(role: role)
        var good = 0
        text.withUnsafeBytes { bytes in
            for _ in 0..<count {
                if case .message = decoder.decode(bytes, pending: { _ in .known(.heartbeat) }) { good += 1 }
            }
        }
        return good
    }

    /// The number of findings in a long session of meter values, heartbeats and their answers.
    private static func order(_ count: Int) -> Int {
        var checker = MessageOrder()
        var findings: [MessageOrderFinding] = []
        func time(_ step: Int) -> (Instant, OCPPTimestamp) {
            (Instant(nanoseconds: Int64(step) * 1_000_000_000), OCPPTimestamp(milliseconds: Int64(step) * 1000))
        }
        func exchange(_ id: Int, _ request: OCPPPayload, _ answer: OCPPPayload, _ now: Instant) {
            checker.observe(.call(.number(id), request), from: .chargePoint, at: now, into: &findings)
            checker.observe(.result(.number(id), answer), from: .centralSystem, at: now, into: &findings)
        }
        let (zero, begun) = time(0)
        let boot = BootNotificationResult(status: .accepted, currentTime: begun, interval: 300)
        exchange(1, .bootNotification(BootNotification(vendor: "v", model: "m")), .bootNotificationResult(boot), zero)
        let start = StartTransaction(connectorID: 1, idTag: "T", meterStart: 0, timestamp: begun)
        exchange(2, .startTransaction(start), .startTransactionResult(IdTagInfo(status: .accepted), transactionID: 1), zero)
        for step in 3..<count / 2 {
            let (now, stamp) = time(step)
            if step % 4 == 0 {
                exchange(step, .empty(.heartbeat), .heartbeatResult(currentTime: stamp), now)
            } else {
                let value = MeterValue(timestamp: stamp, first: SampledValue(mantissa: step, measurand: .energyActiveImportRegister, unit: .wattHours))
                exchange(step, .meterValues(MeterValues(connectorID: 1, transactionID: 1, value: value)), .empty(.meterValues), now)
            }
        }
        return findings.count
    }

    private static func meterText() -> [UInt8] {
        let samples = [("1234567", "Energy.Active.Import.Register", "Wh"), ("11040.5", "Power.Active.Import", "W"), ("16.00", "Current.Import", "A")]
        let list = samples.map { #"{"value":"\#($0.0)","context":"Sample.Periodic","measurand":"\#($0.1)","unit":"\#($0.2)"}"# }.joined(separator: ",")
        let value = #"{"timestamp":"2025-01-06T08:30:00.000Z","sampledValue":[\#(list)]}"#
        return Array(#"[2,"123456","MeterValues",{"connectorId":1,"transactionId":17,"meterValue":[\#(value)]}]"#.utf8)
    }

    private static func profileText() -> [UInt8] {
        let periods = (0..<6).map { #"{"startPeriod":\#($0 * 900),"limit":\#(6 + $0 * 2).1,"numberPhases":3}"# }.joined(separator: ",")
        let schedule = #"{"duration":5400,"startSchedule":"2025-01-06T08:30:00Z","chargingRateUnit":"A","chargingSchedulePeriod":[\#(periods)]}"#
        let profile =
            #"{"chargingProfileId":7,"stackLevel":1,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute","chargingSchedule":\#(schedule)}"#
        return Array(#"[2,"123456","SetChargingProfile",{"connectorId":1,"csChargingProfiles":\#(profile)}]"#.utf8)
    }
}
