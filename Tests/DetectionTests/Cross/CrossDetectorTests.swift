import Quantities
import Testing

@testable import Detection

/// A detector of each kind over several signals, with settings that make it speak soon.
struct CrossSubject: CustomTestStringConvertible, Sendable {
    let kind: String
    let inputs: Int
    let values: [String: DetectorSettingValue]
    var testDescription: String { kind + (values["form"].map { " \($0)" } ?? "") + (values["model"].map { " \($0)" } ?? "") }

    func make() throws -> any SignalsDetecting {
        let made = try #require(DetectorKind.crossKinds.first { $0.name == self.kind })
        return try #require(try made.makeObject(values) as? any SignalsDetecting)
    }

    private static let formula: TemporalFormula = .implies(
        .atom(TemporalAtom(input: 0, .atMost)),
        .and(
            .eventually(TemporalBounds(from: .zero, to: .seconds(5)), .atom(TemporalAtom(input: 1, .less))),
            .since(TemporalBounds(from: .seconds(1), to: .seconds(9)), .atom(TemporalAtom(input: 0, .greater)), .atom(TemporalAtom(input: 1, .notEqual)))))

    static let all: [CrossSubject] = [
        CrossSubject(kind: "consistency", inputs: 2, values: ["watch": .word("a"), "with": .word("b"), "settle": .duration(.seconds(2))]),
        CrossSubject(
            kind: "consistency", inputs: 2,
            values: ["watch": .word("a"), "with": .word("b"), "pace": .word("slower"), "relation": .word("at-most"), "max_age": .duration(.seconds(60))]),
        CrossSubject(kind: "imbalance", inputs: 3, values: ["watch": .texts(["a", "b", "c"])]),
        CrossSubject(
            kind: "energy-balance", inputs: 2,
            values: [
                "watch": .word("a"), "register": .word("b"), "min_energy": .number(10), "resolution": .number(1), "max_power": .number(1000),
                "block": .number(50),
            ]),
        CrossSubject(kind: "conservation", inputs: 3, values: ["watch": .word("a"), "of": .texts(["b", "c"]), "tolerance": .number(1)]),
        CrossSubject(
            kind: "state-band", inputs: 2,
            values: [
                "watch": .word("a"), "state": .word("b"), "settle": .duration(.seconds(1)),
                "limits": .tree(
                    .entries([
                        ("0", .entries([("above", .number(3, .current))])),
                        ("2", .entries([("below", .number(-1, .current)), ("above", .number(8, .current))])),
                    ])),
            ]),
        CrossSubject(kind: "physics-model", inputs: 1, values: ["watch": .word("a"), "learn_for": .duration(.seconds(20))]),
        CrossSubject(
            kind: "physics-model", inputs: 2,
            values: ["watch": .word("a"), "model": .word("charger"), "limit": .word("b"), "form": .word("window"), "samples": .count(7)]),
        CrossSubject(
            kind: "physics-model", inputs: 2, values: ["watch": .word("a"), "model": .word("battery-soc"), "power": .word("b"), "form": .word("bias")]),
        CrossSubject(kind: "physics-model", inputs: 2, values: ["watch": .word("a"), "model": .word("connector-temperature"), "current": .word("b")]),
        CrossSubject(
            kind: "physics-model", inputs: 4,
            values: ["watch": .word("a"), "model": .word("cc-cv"), "limit": .word("b"), "voltage": .word("c"), "soc": .word("d")]),
        CrossSubject(kind: "rows", inputs: 1, values: ["watch": .texts(["a"]), "train": .count(60), "risk": .number(0.01)]),
        CrossSubject(
            kind: "half-space-trees", inputs: 2,
            values: [
                "watch": .texts(["a", "b"]), "trees": .count(5), "height": .count(4), "samples": .count(20), "calibration": .count(50),
                "learn": .word("normal-only"),
            ]),
        CrossSubject(
            kind: "half-space-trees", inputs: 2,
            values: [
                "watch": .texts(["a", "b"]), "trees": .count(5), "height": .count(4), "samples": .count(20), "above": .number(0.9),
                "limits": .tree(.list([.list([.number(-5, .none), .number(5, .none)]), .list([.number(0, .none), .number(9, .none)])])),
            ]),
        CrossSubject(kind: "mtl", inputs: 2, values: ["formula": .word(formula.code), "max_age": .duration(.seconds(30))]),
    ]
}

struct CrossDetectorTests {
    private typealias Sample = (at: Instant, input: Int, value: Double)

    private func samples(_ inputs: Int, count: Int, seed: UInt64, isWild: Bool) -> [Sample] {
        var random = SplitMix(state: seed)
        var now: Int64 = 0
        return (0..<count).map { row in
            now += [0, 250_000_000, 1_000_000_000].randomElement(using: &random) ?? 0
            if isWild, Int.random(in: 0..<25, using: &random) == 0 { now += .random(in: -90_000_000_000...90_000_000_000, using: &random) }
            if isWild, Int.random(in: 0..<200, using: &random) == 0 { return (Instant(nanoseconds: [.min, .max, 0].randomElement(using: &random) ?? 0), 0, 1) }
            var value = Double(Int.random(in: -3...9, using: &random))
            if isWild, Int.random(in: 0..<6, using: &random) == 0 {
                value = [.nan, .infinity, -.infinity, 1e308, -1e308, .leastNonzeroMagnitude, 0, -0.0].randomElement(using: &random) ?? 0
            }
            return (Instant(nanoseconds: now), row % inputs, value)
        }
    }

    private func feed(_ detector: any SignalsDetecting, _ samples: some Sequence<Sample>) -> [UInt64] {
        var scores: [UInt64] = []
        func note(_ score: Double?) { scores.append(score.map(\.bitPattern) ?? .max) }
        for sample in samples {
            while let due = detector.nextTimer, due < sample.at {
                note(detector.timer(at: due))
                if detector.nextTimer == due { break }
            }
            note(detector.update(at: sample.at, input: sample.input, value: sample.value))
        }
        return scores
    }

    @Test("a state that is saved and restored in the middle gives the bits of an uninterrupted run", arguments: CrossSubject.all)
    func restoring(_ subject: CrossSubject) throws {
        for isWild in [false, true] {
            let all = samples(subject.inputs, count: 300, seed: 11, isWild: isWild)
            let whole = feed(try subject.make(), all)
            #expect(isWild || whole.contains { $0 != .max }, "no score at all")
            for cut in [1, 77, 200] {
                let first = try subject.make()
                let begin = feed(first, all[..<cut])
                var writer = StateWriter()
                first.save(&writer)
                let second = try subject.make()
                var reader = StateReader(writer.bytes)
                try second.restore(&reader)
                #expect(reader.isAtEnd)
                #expect(begin + feed(second, all[cut...]) == whole, "cut at \(cut), wild: \(isWild)")
                #expect(second.health == first.health || cut < all.count)
            }
        }
    }

    @Test("no input crashes a detector, and every score is finite and between 0 and the cap", arguments: CrossSubject.all)
    func wild(_ subject: CrossSubject) throws {
        for seed in 0..<2 as Range<UInt64> {
            let detector = try subject.make()
            for bits in feed(detector, samples(subject.inputs, count: 250, seed: seed, isWild: true)) where bits != .max {
                let score = Double(bitPattern: bits)
                #expect(score >= 0 && score <= Score.cap, "seed \(seed): \(score)")
            }
            #expect(detector.health.invalid + detector.health.late > 0)
            detector.resume()
            #expect(detector.update(at: Instant(seconds: 1e6), input: subject.inputs + 5, value: 1) == nil)
        }
    }

    @Test("a cut state is an error, not a crash", arguments: CrossSubject.all)
    func cutStates(_ subject: CrossSubject) throws {
        let detector = try subject.make()
        _ = feed(detector, samples(subject.inputs, count: 90, seed: 3, isWild: false))
        var writer = StateWriter()
        detector.save(&writer)
        for length in stride(from: 0, to: writer.bytes.count - 1, by: 61) {
            var reader = StateReader(Array(writer.bytes[..<length]))
            #expect(throws: DetectionError.self) { try subject.make().restore(&reader) }
        }
    }

    private func scores(_ detector: any SignalsDetecting, _ samples: [(Double, Int, Double)]) -> [Double?] {
        samples.map { detector.update(at: Instant(seconds: $0.0), input: $0.1, value: $0.2) }
    }

    @Test("a current that stays above its limit is inconsistent once the limit has settled")
    func limitIgnored() throws {
        var settings = Consistency.Settings()
        settings.relation = .atMost
        settings.tolerance = 2
        settings.relative = 0
        let detector = try Consistency(settings)
        let found = scores(detector, [(0, 1, 32), (1, 0, 31), (10, 0, 31), (20, 1, 0), (21, 0, 31), (25, 0, 6), (26, 0, 2), (27, 0, 2.5), (28, 0, -9)])
        #expect(found == [nil, 0, 0, nil, nil, 3, Score.justBelowAnomalous, 1.25, 0])
    }

    @Test("at the slower pace the mean of the faster signal counts")
    func slowerPace() throws {
        var settings = Consistency.Settings()
        settings.pace = .b
        settings.settle = .zero
        settings.relative = 0
        let detector = try Consistency(settings)
        _ = scores(detector, [(0, 0, 10), (0, 1, 10)])
        #expect(scores(detector, [(1, 0, 0), (2, 0, 20), (4, 1, 12.5)]) == [nil, nil, 0])
        #expect(scores(detector, [(6, 0, 10), (8, 1, 18)]) == [nil, 3])
    }

    @Test("currents of three phases that differ are an imbalance")
    func phases() throws {
        let detector = try Imbalance(inputs: 3, above: 0.2, floor: 1)
        #expect(scores(detector, [(0, 0, 16), (0, 1, 16), (0, 2, 16)]).last == 0)
        #expect(isClose(scores(detector, [(1, 0, 16), (1, 1, 16), (1, 2, 4)]).last ?? nil, (8.0 / 12) / 0.2, relative: 1e-12, absolute: 0))
        #expect(scores(detector, [(2, 0, 0.1), (2, 1, 0), (2, 2, 0)]).last == .some(nil))
    }

    @Test("energy-balance allows for steps between two samples, and finds a meter that counts too little all the same")
    func energySteps() throws {
        for (factor, isFound) in [(1.0, false), (0.92, true)] {
            let detector = try EnergyBalance(EnergyBalance.Settings())
            var counted = 0.0
            var greatest = 0.0
            for second in 0...1800 {
                // The session begins just after a sample and ends just before one.
                let power = second > 60 && second < 1799 ? 22_000.0 : 0
                counted += factor * power
                guard second % 60 == 0 else { continue }
                _ = detector.update(at: Instant(seconds: Double(second)), input: 0, value: power)
                if let score = detector.update(at: Instant(seconds: Double(second)), input: 1, value: counted) { greatest = max(greatest, score) }
            }
            #expect((greatest >= 1) == isFound, "\(factor): \(greatest)")
        }
    }

    @Test("a register that rises faster than the site can deliver is wrong at once")
    func impossibleEnergy() throws {
        var settings = EnergyBalance.Settings()
        settings.maximumPower = 11_000
        let detector = try EnergyBalance(settings)
        let found = scores(detector, [(0, 0, 11_000), (0, 1, 0), (180, 0, 11_000), (180, 1, 36.9 * 3.6e6)])
        #expect((found.last ?? nil) ?? 0 > 50)
    }

    @Test("power that leaves behind the meters is found, a passing difference is not")
    func theft() throws {
        let detector = try Conservation(parts: 2, lossPart: 0.02, tolerance: 500, halflife: .seconds(60))
        var greatest = [0.0, 0.0]
        for second in 0..<1200 {
            let stolen = second >= 600 ? 700.0 : second == 100 ? 5000 : 0
            let found = scores(detector, [(Double(second), 1, 7000), (Double(second), 2, 3000), (Double(second), 0, 10_200 + stolen)])
            greatest[second / 600] = max(greatest[second / 600], (found.last ?? nil) ?? 0)
        }
        #expect(greatest[0] < 1)
        #expect(greatest[1] > 1.3)
    }

    @Test("limits belong to the state, and count once it has settled")
    func states() throws {
        let detector = try StateBand([.init(state: 0, above: 0.5), .init(state: 3, below: 6, above: 32)], settle: .seconds(2))
        let found = scores(detector, [(0, 1, 0), (1, 0, 1), (2, 0, 1), (3, 1, 3), (4, 0, 40), (5, 0, 40), (6, 0, 20), (7, 1, 5), (9, 0, 99)])
        let expected: [Double?] = [nil, nil, 2, nil, nil, 1.6153846153846154, 0.07692307692307687, nil, nil]
        #expect(found == expected)
        // A value that waits is judged when the state has settled.
        let waiting = try StateBand([.init(state: 1, above: 10)], settle: .seconds(5))
        #expect(scores(waiting, [(0, 0, 20), (1, 1, 1)]) == [nil, nil])
        #expect(waiting.nextTimer == Instant(seconds: 6))
        #expect(waiting.timer(at: Instant(seconds: 6)) == 2)
        #expect(waiting.nextTimer == nil)
    }

    @Test("a current that follows its limit is physics, one that does not is not", arguments: PhysicsForm.allCases)
    func physics(_ form: PhysicsForm) throws {
        var settings = PhysicsModel.Settings()
        settings.motion = .firstOrder(tau: 4)
        settings.noise = 0.5
        settings.drift = 0.05
        settings.form = form
        let detector = try PhysicsModel(settings)
        var random = SplitMix(state: 4)
        var current = 0.0
        var alarms: [Int] = []
        for second in 0..<600 {
            let limit = (second / 100) % 2 == 0 ? 32.0 : 10
            if second % 100 == 0 { _ = detector.update(at: Instant(seconds: Double(second)), input: 1, value: limit) }
            let noise = (0..<12).reduce(-6.0) { sum, _ in sum + .random(in: 0...1, using: &random) } * 0.5
            let bias = second >= 500 ? (form == .each ? 12.0 : 2.5) : 0
            if let score = detector.update(at: Instant(seconds: Double(second)), input: 0, value: current + noise + bias), score >= 1 { alarms.append(second) }
            current += (limit - current) * (1 - 0.7788007830714049)
        }
        #expect(alarms.first.map { (500..<530).contains($0) } == true, "\(alarms.prefix(9))")
        if form == .bias { #expect((detector.onset?.seconds ?? 0) >= 495) }
    }

    @Test("the settings of a physics model name what is missing and what is too much")
    func physicsSettings() throws {
        let kind = try #require(DetectorKind.crossKinds.first { $0.name == "physics-model" })
        #expect(throws: DetectionError.outOfRange(setting: "limit", requirement: "given for the model 'charger'")) {
            try kind.makeObject(["watch": .word("a"), "model": .word("charger")])
        }
        #expect(throws: DetectionError.outOfRange(setting: "soc", requirement: "left out for the model 'random-walk'")) {
            try kind.makeObject(["watch": .word("a"), "soc": .word("b")])
        }
    }

    @Test("a strange shape scores higher than all before it")
    func strangeShape() throws {
        let kind = try #require(DetectorKind.crossKinds.first { $0.name == "matrix-profile" })
        let make = { try kind.makeDetector(["samples": .count(20), "lookback": .count(200), "calibration": .count(200)]) }
        func wave(_ row: Int) -> Double { row % 40 < 20 ? Double(row % 20) : 20 - Double(row % 20) }
        let x = (0..<1500).map { row in wave(row) + Double((row * 7919) % 13) * 0.05 + ((1200..<1210).contains(row) ? Double((row * 31) % 11) : 0) }
        let whole = try make()
        let scores = x.enumerated().map { whole.update(at: Instant(seconds: Double($0)), value: $1) }
        let alarms = scores.indices.filter { scores[$0] ?? 0 >= 1 }
        #expect(alarms.first.map { (1200..<1220).contains($0) } == true, "\(alarms) \(scores[1195..<1240].map { $0 ?? -1 })")
        let first = try make()
        for (row, value) in x.prefix(700).enumerated() { _ = first.update(at: Instant(seconds: Double(row)), value: value) }
        var writer = StateWriter()
        first.save(&writer)
        let second = try make()
        var reader = StateReader(writer.bytes)
        try second.restore(&reader)
        for row in 700..<1500 { #expect(second.update(at: Instant(seconds: Double(row)), value: x[row]) == scores[row]) }
    }

    @Test("every kind over several signals has a sentence for each setting and an example with its name")
    func kinds() throws {
        for kind in DetectorKind.crossKinds {
            #expect(kind.example.contains("is: \(kind.name),"), "\(kind.name)")
            #expect(kind.about.hasSuffix("."))
            #expect(Set(kind.settings.map(\.name)).count == kind.settings.count)
            for setting in kind.settings { #expect(setting.about.hasSuffix("."), "\(kind.name) \(setting.name)") }
        }
    }
}
