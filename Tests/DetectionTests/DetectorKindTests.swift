import Quantities
import Testing

@testable import Detection

struct DetectorKindTests {
    /// Settings that every kind with a signal or a condition accepts.
    static func values(_ name: String) -> [String: DetectorSettingValue] {
        switch name {
        case "oscillation": ["swing": .number(20)]
        case "rule": [:]
        default: ["above": .number(20)]
        }
    }

    /// The kinds whose statistic is compared with a level; those of other files have tests of their own.
    static let plain = ["threshold", "moving-range", "moving-variance", "moving-std", "rate-of-change", "oscillation", "rule"]

    @Test("every kind has a name of its own, a sentence, an example that names it, and settings with sentences")
    func catalogue() {
        #expect(Set(DetectorKind.all.map(\.name)).count == DetectorKind.all.count)
        for kind in DetectorKind.all {
            #expect(kind.about.hasSuffix("."))
            #expect(kind.example.contains("is: \(kind.name)"))
            for setting in kind.settings + DetectorKind.common { #expect(setting.about.hasSuffix(".") && !setting.name.isEmpty) }
        }
    }

    @Test("the made detector is the one of the direct initialiser")
    func reference() throws {
        let kind = try #require(DetectorKind.named("moving-range"))
        let detector = try kind.makeDetector(["above": .number(20), "window": .duration(.seconds(10))])
        var fired: Double?
        for row in try VectorFile.rows("current-exponential.csv") {
            let (t, x) = (try #require(Double(row[0])), try #require(Double(row[4])))
            if fired == nil, let score = detector.update(at: Instant(seconds: t), value: x), score >= 1 { fired = t }
        }
        #expect(fired == 4.5)
    }

    @Test("settings that are unknown, missing, of another type or out of range are named")
    func errors() throws {
        let kind = try #require(DetectorKind.named("moving-range"))
        #expect(throws: DetectionError.unknownSetting("abov")) { try kind.makeDetector(["abov": .number(1), "above": .number(1)]) }
        #expect(throws: DetectionError.missing(setting: "above")) { try kind.makeDetector([:]) }
        #expect(throws: DetectionError.wrongType(setting: "window", expected: "a time, for example 10s")) {
            try kind.makeDetector(["above": .number(1), "window": .number(10)])
        }
        #expect(throws: DetectionError.outOfRange(setting: "compare", requirement: "one of gt, ge")) {
            try kind.makeDetector(["above": .number(1), "compare": .word("lt")])
        }
        #expect(throws: DetectionError.outOfRange(setting: "window", requirement: "longer than 0 s")) {
            try kind.makeDetector(["above": .number(1), "window": .duration(.zero)])
        }
        #expect(throws: DetectionError.self) { try kind.makeDetector(["above": .number(-1)]) }
        #expect(throws: DetectionError.missing(setting: "above")) { try DetectorKind.named("threshold")?.makeDetector([:]) }
        #expect(throws: DetectionError.self) { try DetectorKind.named("all-of")?.makeDetector([:]) }
        #expect(throws: DetectionError.self) { try kind.makeComposite([:], parts: 2) }
        #expect(DetectorKind.named("nothing") == nil)
    }

    @Test("a clear level becomes the score of that level")
    func clear() throws {
        let kind = try #require(DetectorKind.named("threshold"))
        let detector = try kind.makeDetector(["above": .number(50)])
        #expect(try kind.makeAlertSettings(["clear": .number(40)], detector: detector).clear == 0.8)
        #expect(throws: DetectionError.self) { try kind.makeAlertSettings(["clear": .number(60)], detector: detector) }
        let composite = try #require(DetectorKind.named("in-order"))
        #expect(try composite.makeAlertSettings(["lasting": .duration(.seconds(1))], detector: nil).timing == .betweenScores)
        #expect(try DetectorKind.severity(["severity": .word("critical")]) == .critical)
    }

    @Test("no input makes a detector crash, and every score is finite and within 0...1e6", arguments: plain, 0..<6 as Range<UInt64>)
    func garbage(_ name: String, _ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var values = Self.values(name)
        if name.hasPrefix("moving"), seed % 2 == 1 { values["samples"] = .count(3) }
        if name == "rate-of-change", seed % 2 == 1 { values["within"] = .duration(.seconds(4)) }
        let detector = try #require(DetectorKind.named(name)).makeDetector(values)
        let monitor = try AlarmMonitor(name: name, detector: detector)
        let special: [Double] = [.nan, .infinity, -.infinity, 1e308, -1e308, 0, -0.0, .leastNonzeroMagnitude, 20, 40, 1e100]
        let times: [Int64] = [.min, .max, 0, -1, 1, 1_000_000_000, .max - 1]
        for step in 0..<2000 {
            let odd = seed >= 4 && Int.random(in: 0..<50, using: &random) == 0
            let time = odd ? times.randomElement(using: &random) ?? 0 : Int64(step) * 500_000_000
            let value = Bool.random(using: &random) ? special.randomElement(using: &random) ?? 0 : .random(in: -50...50, using: &random)
            if let score = detector.update(at: Instant(nanoseconds: time), value: value) {
                #expect(score >= 0 && score <= Score.cap && score.isFinite, "seed \(seed)")
            }
            monitor.observe(score: value, at: Instant(nanoseconds: time))
            if step % 300 == 299 { detector.restart() }
        }
    }

    @Test("two detectors that get the same samples give the same bits, with any readings in between", arguments: plain)
    func chunks(_ name: String) throws {
        let kind = try #require(DetectorKind.named(name))
        let (a, b) = (try kind.makeDetector(Self.values(name)), try kind.makeDetector(Self.values(name)))
        var random = SplitMix(state: 99)
        let samples = (0..<3000).map { (Instant(nanoseconds: Int64($0) * 137_000_000), Double.random(in: 0...60, using: &random)) }
        let first = samples.map { a.update(at: $0.0, value: $0.1)?.bitPattern }
        var second: [UInt64?] = []
        var start = 0
        while start < samples.count {
            let end = min(start + Int.random(in: 1...97, using: &random), samples.count)
            for sample in samples[start..<end] { second.append(b.update(at: sample.0, value: sample.1)?.bitPattern) }
            _ = b.health
            _ = b.clearScore(level: 10)
            _ = b.update(at: Instant(nanoseconds: -1), value: 1e9)
            start = end
        }
        #expect(first == second)
        #expect(b.health.late > 0)
    }

    @Test("a window over its memory bound drops the oldest sample and counts it")
    func overflow() throws {
        var ring = SampleRing(limit: 4)
        for index in 0..<4 { ring.append(WindowSample(position: Int64(index), value: 0)) }
        let isAtLimit = ring.isAtLimit
        #expect(isAtLimit)
        var detector = try MovingVariance(window: .duration(.seconds(1_000_000_000)), above: 1)
        for index in 0...Window.maximumSamples { _ = detector.update(at: Instant(nanoseconds: Int64(index)), value: 0) }
        let health = detector.health
        #expect(health.overflow == 1)
    }

    @Test("slopes skip equal instants, restart after gaps and know their direction")
    func slopes() throws {
        let slope = Detector(try RateOfChange(above: 20, direction: .rising))
        #expect(slope.update(at: .zero, value: 0) == nil)
        #expect(slope.update(at: .zero, value: 1000) == nil)
        #expect(slope.update(at: Instant(seconds: 1), value: 40) == 2)
        #expect(slope.update(at: Instant(seconds: 2), value: 0) == 0)
        #expect(slope.update(at: Instant(seconds: 60), value: 500) == nil)
        let change = Detector(try ChangeWithin(above: 40, within: .seconds(2), direction: .falling))
        #expect(change.update(at: .zero, value: 100) == nil)
        #expect(change.update(at: Instant(seconds: 1), value: 80) == 0.5)
        #expect(change.update(at: Instant(seconds: 2), value: 20) == 2)
        #expect(change.update(at: Instant(seconds: 4.1), value: 20) == 0)
    }

    @Test("a level scores 1 plus the excess over the span, and a tie is decided by the comparison")
    func levels() throws {
        let band = Detector(try Threshold(above: 250, below: 210))
        #expect(band.update(at: .zero, value: 260) == 1.5)
        #expect(band.update(at: .zero, value: 190) == 2)
        #expect(band.update(at: .zero, value: 230) == 0)
        #expect(band.update(at: .zero, value: 250) == 1.0.nextDown)
        let tie = Detector(try Threshold(below: 10, compare: .ge))
        #expect(tie.update(at: .zero, value: 10) == 1)
        #expect(tie.update(at: .zero, value: .nan) == nil)
        #expect(throws: DetectionError.self) { Detector(try Threshold(above: 1, below: 2)) }
    }
}
