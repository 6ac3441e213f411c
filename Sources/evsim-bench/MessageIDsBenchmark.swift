import Detection
import OCPP
import Quantities

/// Messages a second that the detectors over messages judge.
enum MessageIDsBenchmark {
    /// A fleet at work: heartbeats, meter values, and each with its answer; typed, as they travel in virtual time.
    static func fleet(chargePoints: Int, rounds: Int) -> [MessageEvent] {
        var events: [MessageEvent] = []
        events.reserveCapacity(chargePoints * (8 + rounds * 4))
        let names = (0..<chargePoints).map { "cp.\($0)" }
        let epoch: Int64 = 1_767_225_600
        var ids = [Int](repeating: 0, count: chargePoints)
        func call(_ number: Int, _ milliseconds: Int64, _ payload: OCPPPayload, _ answer: OCPPPayload) {
            ids[number] += 1
            for (isUp, message, delay) in [
                (true, OCPPMessage.call(.number(ids[number]), payload), Int64(0)), (false, .result(.number(ids[number]), answer), 20),
            ] {
                events.append(
                    MessageEvent(
                        instant: Instant(nanoseconds: (milliseconds + delay) * 1_000_000), connection: number, identity: names[number], isUp: isUp,
                        content: .message(message, action: payload.action)))
            }
        }
        func time(_ milliseconds: Int64) -> OCPPTimestamp { OCPPTimestamp(milliseconds: epoch * 1000 + milliseconds) }
        for number in 0..<chargePoints {
            let start = Int64(number) * 40
            call(
                number, start, .bootNotification(BootNotification(vendor: "v", model: "m")),
                .bootNotificationResult(BootNotificationResult(status: .accepted, currentTime: time(start), interval: 300)))
        }
        for number in 0..<chargePoints {
            let start = Int64(chargePoints + number) * 40
            call(
                number, start, .startTransaction(StartTransaction(connectorID: 1, idTag: "TAG\(number)", meterStart: 0, timestamp: time(start))),
                .startTransactionResult(IdTagInfo(status: .accepted), transactionID: number + 1))
        }
        for round in 0..<rounds {
            for number in 0..<chargePoints {
                let now = Int64(2 * chargePoints + round * chargePoints + number) * 40
                if round % 5 == 4 {
                    call(number, now, .empty(.heartbeat), .heartbeatResult(currentTime: time(now)))
                } else {
                    let seconds = now / 1000 - Int64(chargePoints + number) * 40 / 1000
                    var value = MeterValue(
                        timestamp: time(now), first: SampledValue(mantissa: Int(seconds) * 11_000 / 3600, measurand: .energyActiveImportRegister))
                    value.others = [SampledValue(mantissa: 11_000, measurand: .powerActiveImport, unit: .watts)]
                    call(number, now, .meterValues(MeterValues(connectorID: 1, transactionID: number + 1, value: value)), .empty(.meterValues))
                }
            }
        }
        return events
    }

    static func run(repeats: Int = 5) -> [Measurement] {
        let events = fleet(chargePoints: 1000, rounds: 100)
        let refusals = DetectorTree.entries([("type", .text("call")), ("action", .text("MeterValues")), ("unit", .text("kWh"))])
        let kinds: [(name: String, settings: [String: DetectorSettingValue], bar: Double?)] = [
            ("ocpp-ids", [:], 150_000), ("meter-fraud", [:], nil), ("state-machine", [:], nil), ("message-flood", [:], nil), ("clock", [:], nil),
            ("duplicate", [:], nil), ("replay", [:], nil), ("identity", [:], nil), ("transactions", [:], nil),
            ("signature", ["selection": .tree(refusals)], nil),
        ]
        var alarms = [Int](repeating: 0, count: kinds.count)
        let bodies = kinds.enumerated().map { place, kind in
            {
                var settings = kind.settings
                settings["watch"] = .word("ocpp")
                guard let kind = DetectorKind.messageKinds.first(where: { $0.name == kind.name }),
                    let detector = try? kind.makeObject(settings) as? any MessagesDetecting
                else { return }
                var count = 0
                for event in events { if let score = detector.update(event), score >= 1 { count += 1 } }
                alarms[place] = count
            }
        }
        let times = leastTimes(repeats: repeats, bodies)
        var results = zip(kinds, times).map { kind, time in
            Measurement(name: "messages through \(kind.name)", value: Double(events.count) / time, unit: "messages/s", bar: kind.bar)
        }
        results.append(Measurement(name: "false alarms of ocpp-ids", value: Double(alarms[0]), unit: "alarms", most: 0))
        return results
    }
}
