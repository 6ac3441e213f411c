import OCPP
import Quantities
import Testing

@testable import Detection

/// What each kind over frames and messages finds, against closed forms.
struct StreamKindsTests {
    private func make(_ name: String, _ extra: [String: DetectorSettingValue] = [:]) throws -> any FramesDetecting { try FrameKindsTests.make(name, extra) }
    private func send(_ detector: any FramesDetecting, _ seconds: Double, _ identifier: UInt32 = 0x300, _ data: [UInt8] = []) -> Double? {
        FrameKindsTests.send(detector, Instant(seconds: seconds).nanoseconds, identifier, data)
    }

    @Test("missing fires at the limit and then every period, and names the identifier")
    func missing() throws {
        let kind = try #require(DetectorKind.frameKinds.first { $0.name == "missing" })
        let settings: [String: DetectorSettingValue] = ["watch": .word("can0"), "period": .duration(.seconds(1)), "jitter": .duration(.milliseconds(100))]
        let detector = try #require(try kind.makeObject(settings) as? any FramesDetecting)
        #expect(detector.nextTimer == nil)
        _ = send(detector, 0)
        #expect(send(detector, 1) == 1e9 / 2.6e9)
        #expect(detector.nextTimer == Instant(seconds: 3.6))
        #expect(detector.timer(at: Instant(seconds: 3.6)) == 1)
        #expect(detector.blame == "0x300")
        #expect(detector.timer(at: Instant(seconds: 4.6)) == 3.6e9 / 2.6e9)
        #expect(try #require(send(detector, 5)) < 1)
        #expect(detector.nextTimer == Instant(seconds: 7.6))
        detector.resume()
        #expect(detector.nextTimer == nil)
    }

    @Test("missing learns its period as the median gap, and knows a sender that never starts")
    func learntPeriod() throws {
        let kind = try #require(DetectorKind.frameKinds.first { $0.name == "missing" })
        let detector = try #require(
            try kind.makeObject(["watch": .word("can0"), "expect_first_within": .duration(.seconds(3))]) as? any FramesDetecting)
        #expect(detector.nextTimer == Instant(seconds: 3))
        #expect(detector.timer(at: Instant(seconds: 3)) == 1)
        for index in 0..<6 { _ = send(detector, 10 + Double(index) * 2) }
        #expect(detector.nextTimer == Instant(seconds: 25))
    }

    @Test("missing takes what comes at one instant as one arrival, and tells a long silence less and less often", .timeLimit(.minutes(1)))
    func arrivals() throws {
        let detector = try make("missing", ["learn_for": .duration(.seconds(7))])
        for second in 0..<8 { for _ in 0..<3 { _ = send(detector, Double(second)) } }
        #expect(detector.nextTimer == Instant(seconds: 9.5))
        let dense = try make("missing", ["learn_for": .duration(.seconds(7))])
        for index in 0..<8 { _ = send(dense, Double(index) * 1e-9) }
        var alarms = 0
        while let next = dense.nextTimer, next < Instant(seconds: 86_400) {
            _ = dense.timer(at: next)
            alarms += 1
        }
        #expect(alarms > 16 && alarms < 1000)
    }

    @Test("missing never expects again what is forged after the time to learn")
    func forged() throws {
        let detector = try make("missing", ["learn_for": .duration(.seconds(10))])
        for index in 0...20 { _ = send(detector, Double(index)) }
        #expect(detector.nextTimer == Instant(seconds: 22.5))
        for index in 1...30 { _ = send(detector, 20 + Double(index) * 0.01, 0x666) }
        #expect(detector.nextTimer == Instant(seconds: 22.5))
    }

    @Test("missing says nothing about what events drive")
    func eventDriven() throws {
        let detector = try make("missing", ["learn_for": .duration(.seconds(3))])
        for index in 0..<8 { _ = send(detector, Double(index) * 0.01) }
        #expect(detector.nextTimer != nil)
        let driven = try make("missing", ["learn_for": .duration(.seconds(60))])
        var time = 0.0
        for index in 0..<8 {
            time += index == 5 ? 20 : 1
            _ = send(driven, time)
        }
        #expect(driven.nextTimer == nil)
    }

    @Test("inter-arrival blames the injected frame of each pair, or the second one when it counts from the previous")
    func interArrival() throws {
        for (from, injected, legitimate) in [("accepted", true, false), ("previous", true, true)] {
            let detector = try make("inter-arrival", ["from": .word(from), "direction": .word("below"), "low_ratio": .number(0.9)])
            for index in 0..<1100 { _ = send(detector, Double(index) * 0.01) }
            #expect((try #require(send(detector, 10.992)) >= 1) == injected)
            #expect((try #require(send(detector, 11)) >= 1) == legitimate)
        }
    }

    @Test("inter-arrival says nothing about identifiers that events drive, and finds gaps that are too long")
    func gaps() throws {
        let detector = try make("inter-arrival")
        var time = 0.0
        for index in 0..<400 {
            time += index % 20 == 19 ? 2 : 0.01
            _ = send(detector, time)
        }
        #expect(send(detector, time + 0.0001) == nil)
        let late = try make("inter-arrival", ["period": .duration(.seconds(1))])
        _ = send(late, 0)
        #expect(send(late, 4) == 4 / 2.5)
        #expect(send(late, 5) == 0.5)
    }

    @Test("rate counts exactly in (t - T, t], in the modes of Suricata too")
    func rate() throws {
        let sliding = try make("rate")
        for index in 0..<5 { #expect(send(sliding, Double(index) * 0.025) == (index < 4 ? Double(index + 1) / 5 : 0.8)) }
        #expect(send(sliding, 0.101) == 1)
        #expect(send(sliding, 0.101, 0x301) == 0.2)
        for (mode, hits) in [("threshold", [5, 10, 15]), ("limit", [1, 2, 3, 4, 5]), ("both", [5])] {
            let detector = try make("rate", ["mode": .word(mode)])
            #expect((1...16).filter { send(detector, Double($0) * 0.001).map { $0 >= 1 } == true } == hits)
        }
        let backoff = try make("rate", ["mode": .word("backoff"), "timespan": .duration(.seconds(10))])
        #expect((1...600).filter { send(backoff, Double($0) * 0.001).map { $0 >= 1 } == true } == [5, 50, 500])
    }

    @Test("rate counts messages per charge point and action, all together, or per address")
    func messages() throws {
        func detector(_ track: String) throws -> any MessagesDetecting {
            try #require(try make("rate", ["track": .word(track)]) as? any MessagesDetecting)
        }
        func event(_ index: Int, _ identity: String) -> MessageEvent {
            MessageEvent(
                instant: Instant(nanoseconds: Int64(index) * 1_000_000), connection: index, identity: identity, address: "10.0.0.7", isUp: true,
                content: .message(.call(.number(index), .empty(.heartbeat)), action: .heartbeat))
        }
        let (each, all, address) = (try detector("each"), try detector("all"), try detector("address"))
        for index in 0..<5 {
            _ = each.update(event(index, index % 2 == 0 ? "cp1" : "cp2"))
            #expect(all.update(event(index, "cp\(index)")) == Double(index + 1) / 5)
            #expect(address.update(event(index, "cp\(index)")) == Double(index + 1) / 5)
        }
        #expect(each.update(event(5, "cp1")) == 0.8)
        #expect(each.update(event(6, "cp1")) == 1)
        #expect(each.blame == "cp1 Heartbeat" && all.blame == "ocpp" && address.blame == "10.0.0.7")
        var answer = event(7, "cp1")
        answer.content = .message(.result(.number(1), .empty(.heartbeat)), action: .heartbeat)
        #expect(each.update(answer) == nil)
    }

    @Test("clock-skew finds 100 ppm within 10 batches and never 1 ppm")
    func clockSkew() throws {
        func alarm(_ skew: Double, _ seed: UInt64) throws -> Int? {
            var random = CarRandom(state: seed)
            let plan = ClockSkewCell.Plan(period: 1e7, batch: 20, forgetting: 0.9995, k: 5, h: 5, warmup: 50)
            var cell = ClockSkewCell(plan, width: 0)
            var found: Int?
            for index in 0..<4000 {
                let ideal = Double(index) * 0.01 * (1 + 20e-6) + max(0, Double(index) - 2000) * 0.01 * skew
                let time = Int64((ideal + 20e-6 * random.normal()) * 1e9)
                let score = cell.take(time, UnsafeRawBufferPointer(start: nil, count: 0), plan, isLearning: false)
                if let score, score >= 1, found == nil { found = index }
            }
            return found
        }
        for seed in 1...3 as ClosedRange<UInt64> {
            let found = try #require(try alarm(100e-6, seed))
            #expect(found > 2000 && found < 2000 + 10 * 20 + 20, "seed \(seed): \(found)")
            #expect(try alarm(1e-6, seed) == nil)
        }
    }

    @Test("bus-load is the bits of the window over what the bit rate allows")
    func busLoad() throws {
        let detector = try make("bus-load", ["bitrate": .number(10_000), "above": .number(0.5)])
        // 111 bits a frame, 500 bits in 100 ms are normal.
        for index in 0..<4 { #expect(send(detector, Double(index) * 0.02, 1, Array(repeating: 0, count: 8)) == Double(111 * (index + 1)) / 500) }
        #expect(try #require(send(detector, 0.08, 1, Array(repeating: 0, count: 8))) == 1.11)
        #expect(send(detector, 0.18, 1) == 0.094)
    }

    @Test("the entropy is that of the vectors")
    func entropy() throws {
        struct Case: Decodable {
            struct Parameters: Decodable { let window_events: Int }
            struct Expected: Decodable { let entropy_bit: [Double] }
            let name: String
            let params: Parameters
            let ids: [UInt32]
            let expected: Expected
        }
        for item in try VectorFile.cases("entropy.json", as: Case.self) {
            let detector = try IDEntropy(window: item.params.window_events, k: 4, learnFor: .seconds(1))
            for (index, identifier) in item.ids.enumerated() {
                _ = FrameKindsTests.send(detector, Int64(index), identifier)
                #expect(abs(detector.entropy - item.expected.entropy_bit[index]) < 1e-9, "\(item.name) \(index)")
            }
        }
    }

    @Test("unknown-id knows its list, dlc-mismatch the lengths, and both name the identifier")
    func known() throws {
        let kind = try #require(DetectorKind.frameKinds.first { $0.name == "unknown-id" })
        let listed = try #require(
            try kind.makeObject(["watch": .word("can0"), "allow": .texts(["0x300", "0x18FF50E5", "17"])]) as? any FramesDetecting)
        #expect(send(listed, 0) == 0)
        #expect(send(listed, 1, 0x98FF_50E5) == 0)
        #expect(send(listed, 1, 17) == 0)
        #expect(send(listed, 2, 0x301) == 2)
        #expect(listed.blame == "0x301")
        let lengths = try make("dlc-mismatch")
        _ = send(lengths, 0, 0x300, [1, 2])
        #expect(send(lengths, 5, 0x300, [1, 2]) == 0)
        #expect(send(lengths, 5, 0x300, [1, 2, 3]) == 2)
        #expect(send(lengths, 5, 0x333, [1]) == nil)
        #expect(lengths.blame == "0x300")
    }

    @Test("id-transition counts unseen pairs in its window")
    func transitions() throws {
        let detector = try make("id-transition", ["max_unseen": .count(2)])
        for index in 0..<300 { _ = send(detector, Double(index) * 0.01, UInt32(index % 3)) }
        #expect(send(detector, 3.00, 0) == 0)
        #expect(send(detector, 3.01, 2) == 0.5)
        #expect(send(detector, 3.02, 1) == 1)
        #expect(detector.blame == "0x001")
        #expect(send(detector, 3.20, 2) == 0)
    }

    @Test("bit-flip, payload-range, payload-entropy and counter-regress find random payloads and pass counters")
    func payloads() throws {
        for name in ["bit-flip", "payload-range", "payload-entropy", "counter-regress"] {
            var random = SplitMix(state: 5)
            // Carries of counters are rare jumps of many bits.
            let detector = try make(name, ["learn_for": .duration(.seconds(6))].merging(name == "bit-flip" ? ["z": .number(12)] : [:]) { $1 })
            var alarms = 0
            for index in 0..<1500 {
                let data = [UInt8(index % 16), UInt8.random(in: 90...110, using: &random), 0, 7, 0, 0, UInt8(truncatingIfNeeded: index), 1]
                if let score = send(detector, Double(index) * 0.01, 0x300, data), score >= 1 { alarms += 1 }
            }
            #expect(alarms == 0, "\(name)")
            let fuzzed = (0..<40).filter { index in
                let data = (0..<8).map { _ in UInt8.random(in: 0...255, using: &random) }
                return send(detector, 15 + Double(index) * 0.01, 0x300, data).map { $0 >= 1 } == true
            }
            #expect(fuzzed.count >= 20, "\(name): \(fuzzed.count)")
            #expect(detector.blame == "0x300")
        }
    }

    @Test("frame-duplicate finds a copy within its window, frame-replay an old row of distinctive frames")
    func repeats() throws {
        let copies = try make("frame-duplicate")
        #expect(send(copies, 0, 1, [1]) == 0)
        #expect(send(copies, 0.001, 1, [1]) == 1)
        #expect(send(copies, 0.0015, 2, [1]) == 0)
        #expect(send(copies, 0.0035, 1, [1]) == 0)
        let replay = try make("frame-replay")
        func frame(_ index: Int) -> (UInt32, [UInt8]) {
            // Odd frames are the same all the time, even ones never.
            index % 2 == 1 ? (0x200, [0]) : (0x100, [UInt8(truncatingIfNeeded: index), UInt8(index >> 8), 0, 1, 2, 3, 4, 5, 9])
        }
        for index in 0..<400 { #expect(send(replay, Double(index) * 0.01, frame(index).0, frame(index).1) ?? 0 < 1) }
        let row = (100..<110).map { send(replay, 4.01 + Double($0 - 100) * 0.001, frame($0).0, frame($0).1) }
        #expect(row.map { ($0 ?? 0) >= 1 } == [false, false, false, false, true, false, true, false, true, false])
        #expect(replay.blame == "0x100")
    }
}
