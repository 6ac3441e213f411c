import Quantities
import Testing

@testable import Detection

/// What holds for every kind of the table, whatever it looks at.
struct EveryKindTests {
    /// All own settings of a kind that must be given, each with a value of its type.
    private static func needed(_ kind: DetectorKind) -> [String: DetectorSettingValue] {
        var values: [String: DetectorSettingValue] = [:]
        for setting in kind.settings where setting.isRequired { values[setting.name] = sample(setting) }
        switch kind.name {
        case "physics-model", "mtl", "half-space-trees": break
        case "threshold", "band", "moving-range", "moving-variance", "moving-std", "rate-of-change": values["above"] = .number(1)
        case "correlate":
            values["at_least"] = .number(1)
            values["parts"] = .tree(.entries([("a", .entries([("action", .text("Heartbeat"))]))]))
        case "correlate-alarms": values["at_least"] = .number(1)
        case "k-of-n": values["at_least"] = .count(1)
        case "signature": values["selection"] = .tree(.entries([("action", .text("Heartbeat"))]))
        case "meter-fraud": values["watch"] = .word("ocpp")
        case "id-transition": values["max_unseen"] = .count(2)
        case "state-band": values["limits"] = .tree(.entries([("0", .entries([("above", .number(3, .current))]))]))
        default: break
        }
        if kind.name == "goertzel" { values["frequencies"] = .texts(["0.1"]) }
        if kind.name == "mtl" { values["formula"] = .word("atom 0 <= 1.0") }
        return values
    }

    private static func sample(_ setting: DetectorSetting) -> DetectorSettingValue {
        switch setting.type {
        case .duration: .duration(.seconds(10))
        case .quantity: .number(1)
        case .count(let range): .count(range.lowerBound)
        case .plain(let range), .measure(_, let range): .number(max(range.lowerBound, min(1, range.upperBound)))
        case .oneOf(let words): .word(words[0])
        case .texts, .signals: .texts(["a", "b", "c"])
        case .tree, .states: .tree(.entries([]))
        case .condition, .signal, .stream, .text, .temporal, .detectors: .word("a")
        }
    }

    private static func make(_ kind: DetectorKind, _ values: [String: DetectorSettingValue]) throws {
        if kind.input == .parts {
            _ = try kind.makeJoining(values, parts: 3)
        } else if kind.isObject {
            _ = try kind.makeObject(values)
        } else {
            _ = try kind.makeDetector(values)
        }
    }

    @Test("every kind has its properties tested: chunks, saved states, shifted times, garbage")
    func covered() {
        let signals = Set(SignalKindTests.names + ["matrix-profile"])
        let cross = Set(CrossSubject.all.map(\.kind))
        let parts = Set(DetectorKind.all.filter { $0.input == .parts }.map(\.name))
        let streams = Set(FrameKindsTests.names + DetectorKind.messageKinds.map(\.name))
        #expect(Set(DetectorKind.all.map(\.name)) == signals.union(cross).union(parts).union(streams))
    }

    @Test("a value of another type, one out of range and an unknown word are found in every setting of every kind", arguments: DetectorKind.all.map(\.name))
    func wrong(_ name: String) throws {
        let kind = try #require(DetectorKind.named(name))
        let right = Self.needed(kind)
        try Self.make(kind, right)
        func mustName(_ setting: String, _ value: DetectorSettingValue?) {
            var values = right
            values[setting] = value
            do {
                try Self.make(kind, values)
                Issue.record("\(setting): \(String(describing: value)) is taken")
            } catch {
                let text = "\(error)"
                #expect(text.contains(setting), "\(text)")
            }
        }
        mustName("no_such_setting", .number(1))
        for setting in kind.settings {
            switch setting.type {
            case .signal, .signals, .stream, .condition, .detectors: break
            default:
                if setting.isRequired { mustName(setting.name, nil) }
            }
            switch setting.type {
            case .duration, .tree, .states, .texts: mustName(setting.name, .number(3))
            case .quantity, .measure, .plain: mustName(setting.name, .duration(.seconds(1)))
            case .count(let range):
                mustName(setting.name, .number(3))
                if range.lowerBound > .min { mustName(setting.name, .count(range.lowerBound - 1)) }
                if range.upperBound < .max { mustName(setting.name, .count(range.upperBound + 1)) }
            case .oneOf: mustName(setting.name, .word("no such word"))
            case .text, .temporal: mustName(setting.name, .count(1))
            case .signal, .signals, .stream, .condition, .detectors: break
            }
            if case .plain(let range) = setting.type {
                if range.upperBound < 1e300 { mustName(setting.name, .number(range.upperBound.nextUp)) }
                mustName(setting.name, .number(.nan))
            }
            if case .measure(_, let range) = setting.type { mustName(setting.name, .number(range.upperBound * 2)) }
        }
    }

    @Test("the scores of a kind over several signals do not depend on when the run begins", arguments: CrossSubject.all)
    func shifted(_ subject: CrossSubject) throws {
        let (a, b) = (try subject.make(), try subject.make())
        var random = SplitMix(state: 9)
        let shift: Int64 = 1_700_000_000_123_456_789
        var different = 0
        for step in 0..<600 {
            let time = Int64(step) * 500_000_000
            let (input, value) = (Int.random(in: 0..<subject.inputs, using: &random), Double(Int.random(in: -3...9, using: &random)))
            while let due = a.nextTimer, due.nanoseconds < time {
                if a.timer(at: due)?.bitPattern != b.timer(at: Instant(nanoseconds: due.nanoseconds + shift))?.bitPattern { different += 1 }
                if a.nextTimer == due { break }
            }
            let one = a.update(at: Instant(nanoseconds: time), input: input, value: value)
            let other = b.update(at: Instant(nanoseconds: time + shift), input: input, value: value)
            if one?.bitPattern != other?.bitPattern { different += 1 }
        }
        #expect(different == 0)
    }

    // MARK: - False alarms

    /// Benign noise with a normal distribution.
    private struct Noise {
        var random = SplitMix(state: 77)
        mutating func next() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) } }
    }

    static let budgeted: [(String, [String: DetectorSettingValue])] = [
        ("moving-range", ["window": .duration(.seconds(4))]), ("moving-variance", ["samples": .count(8)]), ("moving-std", ["window": .duration(.seconds(6))]),
        ("rate-of-change", [:]), ("rate-of-change", ["within": .duration(.seconds(3))]), ("zscore", ["halflife": .duration(.seconds(120))]),
        ("consistency", ["watch": .word("a"), "with": .word("b"), "settle": .duration(.zero), "relative": .number(0)]),
        ("imbalance", ["watch": .texts(["a", "b", "c"])]),
        ("conservation", ["watch": .word("a"), "of": .texts(["b", "c"]), "tolerance": .number(1), "halflife": .duration(.seconds(1))]),
    ]

    @Test("the share of false alarms in noise is that of the wanted rate", arguments: budgeted.indices)
    func falseAlarmRate(_ index: Int) throws {
        let (name, given) = Self.budgeted[index]
        let kind = try #require(DetectorKind.named(name))
        var values = given
        // One in a hundred seconds, which is a sample in a hundred.
        values["target_far"] = .number(0.01)
        var noise = Noise()
        var scores: [Double] = []
        if kind.isObject {
            var detector = try #require(try kind.makeObject(values) as? any SignalsDetecting)
            let inputs = name == "consistency" ? 2 : 3
            for second in 0..<7_000 {
                for input in 0..<inputs {
                    let level = name == "conservation" && input == 0 ? 40.0 : 20
                    if let score = detector.update(at: Instant(seconds: Double(second)), input: input, value: level + noise.next()) { scores.append(score) }
                }
                guard second == 3000 else { continue }
                // A state that is saved in the middle goes on.
                var writer = StateWriter()
                detector.save(&writer)
                detector = try #require(try kind.makeObject(values) as? any SignalsDetecting)
                var reader = StateReader(writer.bytes)
                try detector.restore(&reader)
                #expect(reader.isAtEnd)
            }
        } else {
            let detector = try kind.makeDetector(values)
            for second in 0..<7_000 {
                if let score = detector.update(at: Instant(seconds: Double(second)), value: 20 + noise.next()) { scores.append(score) }
            }
        }
        // Alarms in the time that was judged, which begins with the value after the first 1500 of them.
        let judged = 7_000 * Double(scores.count) / Double(scores.count + (name == "zscore" ? 0 : 1500))
        let rate = Double(scores.count { $0 >= 1 }) / judged
        #expect(scores.count > 5_000)
        #expect(0.005...0.02 ~= rate, "\(rate) a second where 0.01 is wanted")
    }

    @Test("a wanted rate takes the place of the level, and both together are refused")
    func eitherOr() throws {
        for name in ["moving-range", "moving-std", "moving-variance", "rate-of-change"] {
            let kind = try #require(DetectorKind.named(name))
            #expect(throws: DetectionError.missing(setting: "above")) { try kind.makeDetector([:]) }
            #expect(throws: DetectionError.outOfRange(setting: "target_far", requirement: "absent, or 'above' is")) {
                try kind.makeDetector(["above": .number(1), "target_far": .number(0.001)])
            }
        }
    }
}
