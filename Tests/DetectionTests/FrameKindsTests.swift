import OCPP
import Quantities
import Testing

@testable import Detection

/// The kinds over frames, through their table.
struct FrameKindsTests {
    static let names = DetectorKind.frameKinds.map(\.name)

    /// Settings with which a kind works on the short streams of these tests.
    static func values(_ name: String) -> [String: DetectorSettingValue] {
        var values: [String: DetectorSettingValue] = ["watch": .word("can0")]
        let kind = DetectorKind.frameKinds.first { $0.name == name }
        if kind?.settings.contains(where: { $0.name == "learn_for" }) == true { values["learn_for"] = .duration(.seconds(2)) }
        switch name {
        case "rate":
            values["count"] = .count(5)
            values["timespan"] = .duration(.milliseconds(100))
        case "bus-load": values["bitrate"] = .number(500_000)
        case "id-transition": values["max_unseen"] = .count(2)
        case "id-entropy": values["frames"] = .count(50)
        case "clock-skew":
            values["warmup_batches"] = .count(3)
            values["batch"] = .count(5)
        default: break
        }
        return values
    }

    static func make(_ name: String, _ extra: [String: DetectorSettingValue] = [:]) throws -> any FramesDetecting {
        let kind = try #require(DetectorKind.frameKinds.first { $0.name == name })
        let values = Self.values(name).merging(extra) { $1 }
        return try #require(try kind.makeObject(values) as? any FramesDetecting)
    }

    static func send(_ detector: any FramesDetecting, _ nanoseconds: Int64, _ identifier: UInt32, _ data: [UInt8] = []) -> Double? {
        data.withUnsafeBytes { detector.update(at: Instant(nanoseconds: nanoseconds), identifier: identifier, data: $0, bits: 47 + 8 * data.count) }
    }

    /// A small bus: ten periodic identifiers with counters and noise, now and then something odd.
    static func stream(_ seed: UInt64, _ count: Int) -> [(time: Int64, identifier: UInt32, data: [UInt8])] {
        var random = SplitMix(state: seed)
        return (0..<count).map { index in
            let odd = index > count / 2 && index % 37 == 0
            let identifier = UInt32(0x100 + (odd ? Int.random(in: 0..<40, using: &random) : index % 10))
            let noise = UInt8.random(in: 0...7, using: &random)
            let data = [UInt8(index / 10 % 16), noise, odd ? 0xFF : 0, odd ? 0x77 : 1]
            return (Int64(index) * 1_000_000 + Int64.random(in: 0..<300_000, using: &random), identifier, odd && index % 2 == 0 ? data + [1] : data)
        }
    }

    @Test("every kind has a sentence, an example that names it, an input of frames, and settings with sentences")
    func catalogue() {
        #expect(Set(Self.names).count == Self.names.count)
        for kind in DetectorKind.frameKinds {
            #expect(kind.about.hasSuffix(".") && kind.example.contains("is: \(kind.name)"))
            #expect(kind.input == .frames || kind.input == .stream)
            #expect(kind.settings.first?.name == "watch")
            for setting in kind.settings { #expect(setting.about.hasSuffix(".") && !setting.name.isEmpty) }
        }
    }

    @Test("a run counts the bits of frames for the kinds that look at them, and for no other", arguments: names)
    func bits(_ name: String) throws {
        #expect(try Self.make(name).needsBits == (name == "bus-load"))
    }

    @Test("wrong settings are named")
    func wrong() {
        #expect(throws: DetectionError.badEntry(path: ["allow"], problem: "must hold identifiers such as 0x300, not 'speed'")) {
            try Self.make("unknown-id", ["allow": .texts(["0x300", "speed"])])
        }
        #expect(throws: DetectionError.outOfRange(setting: "period", requirement: "longer than 0 s")) {
            try Self.make("missing", ["period": .duration(.zero)])
        }
        #expect(throws: DetectionError.outOfRange(setting: "learn_for", requirement: "longer than 0 s")) {
            try Self.make("can-ids", ["learn_for": .duration(.zero)])
        }
        #expect(throws: DetectionError.missing(setting: "bitrate")) {
            try DetectorKind.frameKinds.first { $0.name == "bus-load" }?.makeObject(["watch": .word("can0")])
        }
    }

    @Test("saving and restoring in the middle gives the bits of an uninterrupted run", arguments: names)
    func saved(_ name: String) throws {
        let stream = Self.stream(7, 4000)
        let whole = try Self.make(name)
        var part = try Self.make(name)
        var anomalies = 0
        var different: [Int] = []
        for (index, item) in stream.enumerated() {
            while let timer = whole.nextTimer, timer.nanoseconds <= item.time {
                #expect(part.nextTimer == timer)
                #expect(whole.timer(at: timer)?.bitPattern == part.timer(at: timer)?.bitPattern)
            }
            let score = Self.send(whole, item.time, item.identifier, item.data)
            if score?.bitPattern != Self.send(part, item.time, item.identifier, item.data)?.bitPattern || whole.blame != part.blame {
                different.append(index)
            }
            if let score, score >= 1 { anomalies += 1 }
            if index % 1900 == 1700 {
                var writer = StateWriter()
                part.save(&writer)
                part = try Self.make(name)
                var reader = StateReader(writer.bytes)
                try part.restore(&reader)
                #expect(reader.isAtEnd)
                var again = StateWriter()
                part.save(&again)
                #expect(again.bytes == writer.bytes)
                // A state that was cut short is refused and does no harm.
                var short = StateReader(Array(writer.bytes.dropLast(9)))
                let broken = try Self.make(name)
                #expect(throws: DetectionError.self) { try broken.restore(&short) }
                _ = Self.send(broken, item.time, item.identifier, item.data)
            }
        }
        #expect(different == [])
        if !["frame-duplicate", "frame-replay", "clock-skew", "missing", "id-entropy", "bus-load"].contains(name) { #expect(anomalies > 0) }
    }

    @Test("no frame and no order of times makes a detector crash, and every score is within 0...1e6", arguments: names, 0..<3 as Range<UInt64>)
    func garbage(_ name: String, _ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let detector = try Self.make(
            name, DetectorKind.frameKinds.first { $0.name == name }?.settings.contains { $0.name == "max_groups" } == true ? ["max_groups": .count(8)] : [:])
        let odd: [Int64] = [.min, .max, 0, -1, 1, .max - 1, .min + 1]
        for step in 0..<800 {
            let isOdd = Int.random(in: 0..<40, using: &random) == 0
            let time = isOdd ? odd.randomElement(using: &random) ?? 0 : Int64(step) * 2_000_000
            let identifier = seed == 0 ? UInt32.random(in: 0...UInt32.max, using: &random) : UInt32.random(in: 0..<12, using: &random)
            let length = seed == 2 ? [0, 1, 8, 12, 64].randomElement(using: &random) ?? 0 : 8
            let data = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            for score in [Self.send(detector, time, identifier, data), detector.nextTimer.flatMap { detector.timer(at: $0) }] {
                if let score, !(score >= 0 && score <= Score.cap && score.isFinite) { Issue.record("\(score), seed \(seed)") }
            }
            if step % 300 == 299 { detector.resume() }
        }
        #expect(detector.health.late > 0)
    }

    @Test("times that are shifted give the same scores", arguments: names)
    func shifted(_ name: String) throws {
        let (a, b) = (try Self.make(name), try Self.make(name))
        let shift: Int64 = 1_700_000_000_123_456_789
        var different = 0
        for item in Self.stream(3, 2500) {
            let (one, other) = (Self.send(a, item.time, item.identifier, item.data), Self.send(b, item.time + shift, item.identifier, item.data))
            if one?.bitPattern != other?.bitPattern { different += 1 }
        }
        #expect(different == 0)
    }

    @Test("a flood of forged identifiers takes no more than max_groups states", arguments: ["inter-arrival", "bit-flip", "missing", "can-ids", "unknown-id"])
    func bounded(_ name: String) throws {
        let detector = try Self.make(name, ["max_groups": .count(100)])
        for index in 0..<3_000 { _ = Self.send(detector, Int64(index) * 50_000, UInt32(index), [1, 2]) }
        #expect(detector.health.overflow == 2_900 || name == "can-ids" || name == "unknown-id")
        var writer = StateWriter()
        detector.save(&writer)
        #expect(writer.bytes.count < 400_000)
    }

    @Test("a clock that was set back is followed after 32 frames")
    func setBack() throws {
        let detector = try Self.make("unknown-id", ["learn_for": .duration(.seconds(1))])
        for index in 0..<20 { _ = Self.send(detector, 1_000_000_000_000 + Int64(index) * 100_000_000, 1) }
        for index in 0..<31 { #expect(Self.send(detector, Int64(index) * 1000, 1) == nil) }
        #expect(Self.send(detector, 40_000, 1) == 0)
        #expect(Self.send(detector, 41_000, 2) == 2)
        #expect(detector.health.late == 32)
    }
}
