import OCPP
import Quantities
import Testing

@testable import Detection

struct BenignFleetTests {
    // Made once and only read.
    nonisolated(unsafe) static let events = BenignFleet(seed: 2026, count: 6, hours: 5).events()

    @Test("the presets are silent on fleets that are in order", arguments: ["ocpp-ids", "meter-fraud"])
    func silence(_ kind: String) throws {
        let found = alarms(try messageDetector(kind), Self.events)
        #expect(found.isEmpty, "\(found.prefix(5))")
        #expect(Self.events.count > 1500)
    }

    @Test("a state that is saved in the middle goes on with the same bits", arguments: DetectorKind.messageKinds.map(\.name))
    func saving(_ kind: String) throws {
        let settings: [String: [String: DetectorSettingValue]] = [
            "signature": ["selection": .tree(.map(["idTag": .map(["contains": .text("CAR")])]))],
            "correlate": [
                "parts": .tree(.map(["a": .map(["action": .text("MeterValues")])])), "at_least": .number(20), "within": .duration(.seconds(600)),
                "share": .number(0.1),
            ],
        ]
        // Without the good manners of the fleet there are anomalies, too.
        let events = Self.events.prefix(700).enumerated().filter { $0.offset % 17 != 0 }.map(\.element)
        let whole = try messageDetector(kind, settings[kind] ?? [:])
        var part = try messageDetector(kind, settings[kind] ?? [:])
        for (place, event) in events.enumerated() {
            let a = whole.update(event)
            let b = part.update(event)
            #expect(a?.bitPattern == b?.bitPattern, "\(place)")
            if place % 97 == 0 {
                var writer = StateWriter()
                part.save(&writer)
                part = try messageDetector(kind, settings[kind] ?? [:])
                var reader = StateReader(writer.bytes)
                try part.restore(&reader)
                #expect(reader.isAtEnd)
            }
        }
        #expect(whole.blame == part.blame)
        var one = StateWriter()
        var other = StateWriter()
        whole.save(&one)
        part.save(&other)
        #expect(one.bytes == other.bytes)
        for length in stride(from: 0, to: one.bytes.count - 1, by: max(1, one.bytes.count / 8)) {
            var reader = StateReader(Array(one.bytes.prefix(length)))
            #expect(throws: DetectionError.self) { try part.restore(&reader) }
        }
    }

    @Test("forged names cost a fixed amount of memory")
    func memory() throws {
        let detector = try messageDetector("ocpp-ids", ["max_groups": .count(50)])
        var sizes: [Int] = []
        var script = MessageScript()
        for number in 0..<300 {
            script.events.removeAll()
            script.connections["forged\(number)"] = number
            script.heartbeat("forged\(number)")
            script.start("forged\(number)", "T\(number)", 0, id: number)
            script.wait(1)
            for event in script.events { _ = detector.update(event) }
            if number % 100 == 99 {
                var writer = StateWriter()
                detector.save(&writer)
                sizes.append(writer.bytes.count)
            }
        }
        // Messages of transactions are remembered by a bound of their own, as numbers.
        #expect(sizes[2] - sizes[1] <= 88 * 100)
        #expect(detector.health.overflow > 200)
    }

    @Test("messages that are changed at random never crash, and time that runs backwards is counted")
    func fuzz() throws {
        var random = SplitMix(state: 99)
        let detectors = try ["ocpp-ids", "meter-fraud"].map { try messageDetector($0) }
        for event in Self.events.prefix(900) {
            guard case .message(.frame(var bytes), let action) = event.content else { continue }
            for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: Array("999999999999999999999".utf8), at: place)
                default: bytes = Array(bytes.prefix(place))
                }
            }
            var instant = event.instant
            if Int.random(in: 0...50, using: &random) == 0 { instant = [Instant(nanoseconds: .min), instant][Int.random(in: 0...1, using: &random)] }
            let changed = MessageEvent(
                instant: instant, connection: Int.random(in: 0...3, using: &random), identity: event.identity, address: "", isUp: Bool.random(using: &random),
                content: .message(.frame(bytes), action: action))
            for detector in detectors { _ = detector.update(changed) }
        }
        for detector in detectors {
            let last = MessageEvent(instant: Instant(nanoseconds: .max), connection: 1, identity: "cp1", isUp: true, content: .opened)
            _ = detector.update(last)
            var script = MessageScript()
            script.boot("cp1")
            for event in script.events { _ = detector.update(event) }
            #expect(detector.health.late >= 2)
            #expect(detector.health.invalid > 0)
        }
    }

    @Test("numbers at the end of their range do no harm")
    func extremes() throws {
        let detector = try messageDetector("ocpp-ids")
        var script = MessageScript()
        script.boot("cp1", interval: Int.max)
        for number in ["9223372036854775807", "-9223372036854775808", "0", "-1", "922337203685477580"] {
            script.call(
                "cp1", .startTransaction, #"{"connectorId":\#(number),"idTag":"A","meterStart":\#(number),"timestamp":"0000-01-01T00:00:00Z"}"#,
                answer: #"{"idTagInfo":{"status":"Accepted"},"transactionId":\#(number)}"#)
            script.call(
                "cp1", .meterValues,
                #"{"connectorId":\#(number),"transactionId":\#(number),"meterValue":[{"timestamp":"9999-12-31T23:59:59Z","sampledValue":[{"value":"1e308"},{"value":"-1e308","measurand":"Power.Active.Import"}]}]}"#
            )
            script.call("cp1", .stopTransaction, #"{"transactionId":\#(number),"meterStop":\#(number),"timestamp":"9999-12-31T23:59:59Z"}"#)
            script.profile("cp1", 9.2e17, connector: 5)
            script.call("cp1", .changeConfiguration, #"{"key":"HeartbeatInterval","value":"\#(number)"}"#, answer: #"{"status":"Accepted"}"#)
            script.call("cp1", .unlockConnector, #"{"connectorId":\#(number)}"#, answer: #"{"status":"Unlocked"}"#)
        }
        for instant in [Int64.min, 0, Int64.max] {
            for var event in script.events {
                event.instant = Instant(nanoseconds: instant)
                if let score = detector.update(event) { #expect(score.isFinite && score >= 0 && score <= Score.cap) }
            }
        }
    }
}
