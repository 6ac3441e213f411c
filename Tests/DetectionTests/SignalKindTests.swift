import Foundation
import Quantities
import Testing

@testable import Detection

/// What holds for every kind over one signal.
struct SignalKindTests {
    static let kinds: [DetectorKind] = {
        var names: Set<String> = []
        return (DetectorKind.all + DetectorKind.signalKinds).filter { [.signal, .condition].contains($0.input) && names.insert($0.name).inserted }
    }()
    static let names = kinds.map(\.name).filter { $0 != "matrix-profile" }

    /// Settings under which each kind judges samples between 0 and 60, several ways for each.
    static func settings(_ name: String) -> [[String: DetectorSettingValue]] {
        switch name {
        case "rule": [[:]]
        case "oscillation": [["swing": .number(20)]]
        case "threshold": [["above": .number(50)], ["above": .number(50), "below": .number(10)]]
        case "band": [["above": .number(50), "below": .number(5), "settle": .duration(.seconds(3))]]
        case "moving-range", "moving-variance", "moving-std":
            [["above": .number(20)], ["above": .number(20), "samples": .count(25)], ["target_far": .number(0.01)]]
        case "rate-of-change": [["above": .number(20)], ["above": .number(40), "within": .duration(.seconds(2))], ["target_far": .number(0.01)]]
        case "flatline": [["window": .duration(.seconds(4)), "epsilon": .number(30)]]
        case "zscore":
            [
                ["z": .number(1.5)], ["z": .number(1.5), "samples": .count(50), "score": .word("tail")],
                ["z": .number(1.5), "window": .duration(.seconds(20)), "learn": .word("normal-only"), "relearn_after": .duration(.seconds(9))],
                ["z": .number(1.5), "halflife": .duration(.seconds(5)), "learn_for": .duration(.seconds(60)), "learn": .word("frozen")],
                ["alpha": .number(0.1), "target_far": .number(0.01), "direction": .word("above")],
            ]
        case "ewma-residual": [[:], ["target_far": .number(0.01), "learn": .word("normal-only")]]
        case "hampel": [["samples": .count(50), "k": .number(1)], ["samples": .count(51), "k": .number(1), "target_far": .number(0.01)]]
        case "quantile": [[:], ["samples": .count(60), "min_dev": .number(1)]]
        case "iqr": [["c": .number(0.5)], ["samples": .count(60), "c": .number(0.5), "direction": .word("below")]]
        case "ewma-chart":
            [["mean": .number(30), "sigma": .number(15)], ["min_samples": .count(30)], ["limits": .word("fixed"), "target_far": .number(0.01)]]
        case "cusum":
            [
                ["mean": .number(30), "sigma": .number(15), "h": .number(2)], ["h": .number(2), "start": .word("head-start"), "after_alarm": .word("restart")],
                ["direction": .word("below"), "learn_for": .duration(.seconds(50))],
            ]
        case "page-hinkley": [["above": .number(60)], ["above": .number(60), "direction": .word("below"), "alpha": .number(0.99)]]
        case "adwin": [["delta": .number(0.3), "clock": .count(4)], ["delta": .number(0.3), "after_change": .word("keep-newer")]]
        case "spot", "dspot":
            [["init": .count(500), "risk": .number(0.005)], ["init": .count(500), "direction": .word("both"), "target_far": .number(0.01)]]
        case "goertzel":
            [["frequencies": .texts(["0.1", "0.5 Hz"]), "every": .duration(.milliseconds(250)), "block": .duration(.seconds(32)), "above": .number(1)]]
        case "autocorrelation": [["every": .duration(.milliseconds(250)), "block": .duration(.seconds(32)), "longest": .duration(.seconds(16))]]
        case "seasonal-baseline":
            [
                ["period": .duration(.seconds(40)), "slots": .count(8), "k": .number(1)],
                ["period": .duration(.seconds(40)), "slots": .count(8), "phase": .word("session"), "offset": .duration(.seconds(7))],
            ]
        case "histogram-rarity": [["probe": .count(100)], ["from": .number(0), "to": .number(60), "forget": .count(200), "rarity": .number(0.1)]]
        case "rarity2d": [["probe": .count(100), "rarity": .number(0.1)], ["from": .number(0), "to": .number(60), "forget": .count(100), "lag": .count(3)]]
        case "markov":
            [["from": .number(0), "to": .number(60), "states": .count(6), "rarity": .number(0.1)], ["states": .count(40), "count": .word("changes")]]
        case "series": [["train": .count(100), "lookback": .count(200)]]
        case "monotonic": [[:], ["resolution": .number(5), "modulus": .number(60)], ["direction": .word("falling")]]
        default: []
        }
    }

    static func make(_ name: String, _ values: [String: DetectorSettingValue]) throws -> Detector {
        try #require(kinds.first { $0.name == name }).makeDetector(values)
    }

    /// Irregular samples with a level shift, swings and some unusable ones.
    static func samples(_ count: Int, seed: UInt64, offset: Int64 = 0) -> [(Instant, Double)] {
        var random = SplitMix(state: seed)
        var now = offset
        return (0..<count).map { index in
            let swings = index % 700 < 200
            now += swings ? 250_000_000 : [250_000_000, 250_000_000, 240_000_000, 300_000_000, 0].randomElement(using: &random) ?? 0
            if !swings, Int.random(in: 0..<300, using: &random) == 0 { now += 90_000_000_000 }
            var value = Double.random(in: 0...60, using: &random)
            if index % 900 > 600 { value = 20 + value / 10 }
            if swings { value = index % 8 < 4 ? 5 : 55 }
            if Int.random(in: 0..<100, using: &random) == 0 { value = [.nan, .infinity, 1e6].randomElement(using: &random) ?? 0 }
            let late = Int.random(in: 0..<200, using: &random) == 0
            return (Instant(nanoseconds: late ? now - 5_000_000_000 : now), value)
        }
    }

    static let common = samples(1000, seed: 5)
    static let shifted = samples(1000, seed: 5, offset: shift)
    /// Whole periods of the season, and whole points of the grids.
    static let shift: Int64 = 40_000_000_000 * 25

    @Test("the table of kinds is complete: examples, defaults that fit their types, names in use only once")
    func catalogue() throws {
        #expect(DetectorKind.signalKinds.count == 21)
        for kind in DetectorKind.signalKinds {
            #expect(kind.about.hasSuffix("."))
            #expect(kind.example.contains("is: \(kind.name)") && kind.example.contains("watch: "), "\(kind.name)")
            #expect(Set(kind.settings.map(\.name)).count == kind.settings.count, "\(kind.name)")
            for setting in kind.settings {
                #expect(setting.about.hasSuffix("."), "\(kind.name).\(setting.name)")
                #expect(!DetectorKind.common.contains { $0.name == setting.name }, "\(kind.name).\(setting.name)")
                #expect(kind.name == "band" || !setting.isRequired || setting.defaultValue == nil)
            }
        }
        for name in Self.names { #expect(!Self.settings(name).isEmpty, "\(name)") }
    }

    @Test("each kind judges: anomalous and normal scores occur", arguments: names)
    func judges(_ name: String) throws {
        let samples = Self.common
        var anomalous = 0
        for values in Self.settings(name) {
            let scores = try Self.make(name, values).scores(samples).compactMap { $0.map { Double(bitPattern: $0) } }
            #expect(name == "rule" || scores.isEmpty || scores.contains { $0 < 1 }, "\(values)")
            anomalous += scores.count { $0 >= 1 }
        }
        #expect(anomalous > 0)
    }

    @Test("chunks, and a save and restore in the middle, give the same bits", arguments: names)
    func sameBits(_ name: String) throws {
        for values in Self.settings(name) {
            try expectSameBits(Self.common, "\(values)") { try Self.make(name, values) }
        }
    }

    @Test("the scores do not depend on when the run begins", arguments: names)
    func shift(_ name: String) throws {
        for values in Self.settings(name) {
            let here = try Self.make(name, values).scores(Self.common)
            let there = try Self.make(name, values).scores(Self.shifted)
            #expect(here == there, "\(values)")
        }
    }

    @Test("no input makes a detector crash, and every score is finite and within 0...1e6", arguments: names)
    func garbage(_ name: String) throws {
        let special: [Double] = [.nan, .infinity, -.infinity, 1e308, -1e308, 0, -0.0, .leastNonzeroMagnitude, 20, 40, 1e100, -1e155]
        let times: [Int64] = [.min, .max, 0, -1, 1, 1_000_000_000, .max - 1]
        for (place, values) in Self.settings(name).enumerated() {
            for seed in 1..<4 as Range<UInt64> {
                var random = SplitMix(state: seed)
                let detector = try Self.make(name, values)
                for step in 0..<500 {
                    let odd = seed >= 3 && Int.random(in: 0..<50, using: &random) == 0
                    let time = odd ? times.randomElement(using: &random) ?? 0 : Int64(step) * 250_000_000
                    let value =
                        seed == 1 || Bool.random(using: &random)
                        ? special.randomElement(using: &random) ?? 0 : seed == 2 ? 7 : .random(in: 0...60, using: &random)
                    if let score = detector.update(at: Instant(nanoseconds: time), value: value), !(score >= 0 && score <= Score.cap) {
                        Issue.record("\(name) \(place), seed \(seed): \(score)")
                    }
                    if step % 300 == 299 { Bool.random(using: &random) ? detector.restart() : detector.resume() }
                    _ = detector.onset
                }
            }
        }
    }

    @Test("a damaged state is refused or taken over, and never a crash", arguments: names)
    func damaged(_ name: String) throws {
        var random = SplitMix(state: 1)
        for values in Self.settings(name) {
            let detector = try Self.make(name, values)
            _ = detector.scores(Self.common.prefix(600))
            var writer = StateWriter()
            detector.save(&writer)
            for round in 0..<8 {
                var bytes = writer.bytes
                if round % 4 == 0 {
                    bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
                } else {
                    for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
                }
                let other = try Self.make(name, values)
                var reader = StateReader(bytes)
                do { try other.restore(&reader) } catch { #expect(!error.description.isEmpty) }
                for score in other.scores(Self.common.suffix(40)).compactMap({ $0.map { Double(bitPattern: $0) } }) {
                    #expect(score >= 0 && score <= Score.cap)
                }
            }
        }
    }

    @Test("a state saved with other settings is refused by the name of the setting")
    func otherSettings() throws {
        var writer = StateWriter()
        try Self.make("zscore", ["z": .number(4)]).save(&writer)
        var reader = StateReader(writer.bytes)
        let other = try Self.make("zscore", ["z": .number(5)])
        #expect(throws: DetectionError.badState("it was saved with other settings: z: number(4.0)")) { try other.restore(&reader) }
    }
}
