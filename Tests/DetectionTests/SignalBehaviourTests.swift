import Foundation
import Quantities
import Testing

@testable import Detection

/// What each kind is for, in numbers that follow from its definition.
struct SignalBehaviourTests {
    private static func kind(_ name: String, _ values: [String: DetectorSettingValue]) throws -> Detector { try SignalKindTests.make(name, values) }

    /// Independent normal numbers.
    private struct Normal {
        var random: SplitMix
        mutating func next() -> Double {
            let (u, v) = (Double.random(in: 1e-300..<1, using: &random), Double.random(in: 0..<1, using: &random))
            return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
        }
    }

    /// The mean number of samples until the first anomalous one.
    private static func runLength(_ runs: Int, shift: Double, _ make: () throws -> Detector) throws -> Double {
        var normal = Normal(random: SplitMix(state: 42))
        var samples = 0
        for _ in 0..<runs {
            let detector = try make()
            for index in 0..<100_000 {
                samples += 1
                if let score = detector.update(at: Instant(nanoseconds: Int64(index)), value: normal.next() + shift), score >= 1 { break }
            }
        }
        return Double(samples) / Double(runs)
    }

    @Test("run lengths of control charts are those of the literature, with and without a shift")
    func runLengths() throws {
        let given: [String: DetectorSettingValue] = ["mean": .number(0), "sigma": .number(1)]
        let chart = given.merging(["limits": .word("fixed")]) { $1 }
        let table: [(String, [String: DetectorSettingValue], shift: Double, runs: Int, wanted: Double, within: Double)] = [
            ("cusum", given, 1, 1500, 10.4, 0.05), ("cusum", given, 0, 120, 465, 0.25),
            ("cusum", given.merging(["h": .number(4)]) { $1 }, 1, 1500, 8.38, 0.05),
            ("cusum", given.merging(["h": .number(4)]) { $1 }, 0, 200, 168, 0.2),
            ("ewma-chart", chart.merging(["lambda": .number(0.1), "limit": .number(2.814)]) { $1 }, 1, 1500, 10.3, 0.05),
            ("ewma-chart", chart, 1, 1500, 10.8, 0.06), ("ewma-chart", chart, 0, 120, 560, 0.25),
        ]
        for row in table {
            let found = try Self.runLength(row.runs, shift: row.shift) { try Self.kind(row.0, row.1) }
            #expect(abs(found / row.wanted - 1) < row.within, "\(row.0) \(row.1): \(found), not \(row.wanted)")
        }
    }

    @Test("the tail of the normal law, its quantile and the logarithm agree with the C library")
    func tails() {
        for step in 0..<800 {
            let z = Double(step) / 20
            let wanted = z < 37 ? -log10(0.5 * erfc(z / 2.0.squareRoot())) : nil
            let found = TailProbability.negativeLog(z)
            if let wanted { #expect(abs(found - wanted) < 1e-12 * max(1, wanted), "\(z)") }
            #expect(found.isFinite)
        }
        var random = SplitMix(state: 3)
        for _ in 0..<500 {
            let x = pow(10, Double.random(in: -300...300, using: &random))
            #expect(abs(TailProbability.log(x) - log(x)) <= 4e-16 * max(abs(log(x)), 1))
        }
        #expect(abs(TailProbability.quantile(upper: 0.00135) - 2.99998) < 1e-4)
        for share in [0.0, 0.1, 0.125, 0.2, 0.25, 0.3, 0.4, 0.5] { #expect(abs(Goertzel.cosine(of: share) - cos(2 * .pi * share)) < 3e-16) }
    }

    @Test("target_far: the false alarms come out as asked for", arguments: ["zscore", "hampel", "spot"])
    func budget(_ name: String) throws {
        // One in 1000 samples at one a second.
        var values: [String: DetectorSettingValue] = ["target_far": .number(0.001), "direction": .word("above")]
        if name == "zscore" { values["alpha"] = .number(0.002) }
        if name == "spot" { values["init"] = .count(2000) }
        let detector = try Self.kind(name, values)
        var normal = Normal(random: SplitMix(state: 8))
        var (alarms, judged) = (0, 0)
        for index in 0..<12_000 {
            guard let score = detector.update(at: Instant(seconds: Double(index)), value: normal.next()), index >= 4000 else { continue }
            judged += 1
            if score >= 1 { alarms += 1 }
        }
        #expect(judged == 8000)
        #expect((2...22).contains(alarms), "\(alarms)")
    }

    @Test("learning: always follows a new level, normal-only does not until it is told to, frozen never")
    func learning() throws {
        func alarms(_ values: [String: DetectorSettingValue]) throws -> Int {
            let detector = try Self.kind("zscore", values.merging(["alpha": .number(0.05), "z": .number(5)]) { a, _ in a })
            var normal = Normal(random: SplitMix(state: 1))
            return (0..<600).count { index in
                (detector.update(at: Instant(seconds: Double(index)), value: normal.next() + (index < 300 ? 0 : 50)) ?? 0) >= 1
            }
        }
        #expect(try alarms([:]) < 20)
        #expect(try alarms(["learn": .word("normal-only")]) == 300)
        let told = try alarms(["learn": .word("normal-only"), "relearn_after": .duration(.seconds(60))])
        #expect((60..<100).contains(told))
        #expect(try alarms(["learn": .word("frozen"), "learn_for": .duration(.seconds(100))]) >= 300)
        #expect(throws: DetectionError.self) { try alarms(["relearn_after": .duration(.seconds(60))]) }
        #expect(throws: DetectionError.self) { try alarms(["learn_for": .duration(.zero)]) }
    }

    @Test("band: judges after the time to settle, anew in each state")
    func band() throws {
        let detector = try Self.kind("band", ["above": .number(0.5), "settle": .duration(.seconds(2))])
        func scores(_ values: [Double], from second: Double) -> [Bool?] {
            values.enumerated().map { detector.update(at: Instant(seconds: second + Double($0)), value: $1).map { $0 >= 1 } }
        }
        #expect(scores([16, 4, 0.4, 0.6], from: 0) == [nil, nil, false, true])
        detector.resume()
        #expect(scores([16, 4, 1], from: 100) == [nil, nil, true])
        #expect(throws: DetectionError.missing(setting: "above")) { try Self.kind("band", [:]) }
    }

    @Test("flatline: a run of repeats, with its onset; slow drifts end it")
    func flatline() throws {
        let detector = try Self.kind("flatline", ["window": .duration(.seconds(5)), "epsilon": .number(0.1)])
        var fired: [Int] = []
        for (second, value) in [1.0, 2, 3, 3, 3, 3, 3.05, 3, 3.2, 3.25, 3.31].enumerated() {
            if let score = detector.update(at: Instant(seconds: Double(second)), value: value), score >= 1 {
                fired.append(second)
                #expect(detector.onset == Instant(seconds: 2))
            }
        }
        #expect(fired == [7])
    }

    @Test("monotonic: one alarm a step back, rounding and the end of the register are none")
    func monotonic() throws {
        func alarms(_ values: [Double], _ settings: [String: DetectorSettingValue]) throws -> [Int] {
            let detector = try Self.kind("monotonic", settings)
            return values.indices.filter { (detector.update(at: Instant(seconds: Double($0)), value: values[$0]) ?? 0) >= 1 }
        }
        #expect(try alarms([10, 11, 10.95, 12, 7, 8, 9], ["resolution": .number(0.1)]) == [4])
        #expect(try alarms([997, 999, 1, 3], ["modulus": .number(1000)]) == [])
        #expect(try alarms([997, 999, 900, 3], ["modulus": .number(1000)]) == [2])
        #expect(try alarms([5, 4, 6], ["direction": .word("falling")]) == [2])
    }

    @Test("cusum: the onset is near the shift, and a cap ends the alarm soon after it")
    func onset() throws {
        let detector = try Self.kind("cusum", ["mean": .number(0), "sigma": .number(1)])
        var normal = Normal(random: SplitMix(state: 4))
        var (first, last): (Int?, Int?) = (nil, nil)
        for index in 0..<700 {
            guard let score = detector.update(at: Instant(seconds: Double(index)), value: normal.next() + ((300..<500).contains(index) ? 2 : 0)) else {
                continue
            }
            if score >= 1, index >= 300 {
                if first == nil {
                    first = index
                    #expect((290...302).contains(detector.onset?.seconds ?? 0))
                }
                last = index
            }
        }
        #expect((301...310).contains(first ?? 0))
        #expect((500...520).contains(last ?? 0))
    }

    @Test("periods: the cycle of 8 s of the reference scenario is found, a single start is not", arguments: ["goertzel", "autocorrelation"])
    func periods(_ name: String) throws {
        let values: [String: DetectorSettingValue] =
            name == "goertzel"
            ? ["frequencies": .texts(["0.125"]), "block": .duration(.seconds(64)), "above": .number(10)]
            : ["block": .duration(.seconds(64)), "longest": .duration(.seconds(30)), "shortest": .duration(.seconds(5)), "min_std": .number(2)]
        for cycles in [true, false] {
            let detector = try Self.kind(name, values)
            var fired: Int?
            for second in 0..<200 {
                let value = cycles ? (second % 8 < 3 ? 0.0 : 32) : (second < 60 ? 0 : 32)
                if let score = detector.update(at: Instant(seconds: Double(second)), value: value), score >= 1, fired == nil { fired = second }
            }
            #expect(cycles ? fired == 63 : name == "goertzel" ? fired == nil : true)
        }
    }

    @Test("seasonal-baseline: unusual at its time of the day only")
    func seasonal() throws {
        let detector = try Self.kind("seasonal-baseline", ["slots": .count(24), "floor": .number(1), "offset": .duration(.seconds(6 * 3600))])
        var normal = Normal(random: SplitMix(state: 4))
        var alarms: [Int] = []
        for hour in 0..<24 * 10 {
            let day = (6..<18).contains((hour + 6) % 24)
            let odd = hour == 9 * 24 + 19
            let score = detector.update(at: Instant(seconds: Double(hour) * 3600), value: (day || odd ? 100 : 0) + normal.next())
            #expect((score == nil) == (hour < 72))
            if let score, score >= 1.6 { alarms.append(hour) }
        }
        #expect(alarms == [9 * 24 + 19])
    }

    @Test("markov and rarity2d: usual values in an unusual order", arguments: ["markov", "rarity2d"])
    func order(_ name: String) throws {
        var values: [String: DetectorSettingValue] = ["rarity": .number(0.005), "cooldown_samples": .count(0)]
        if name == "markov" { values["states"] = .count(4) } else { values.merge(["from": .number(0), "to": .number(3)]) { $1 } }
        let detector = try Self.kind(name, values)
        var alarms: [Int] = []
        for index in 0..<3000 {
            let value = index == 2500 ? (index + 2) % 4 : index % 4
            if let score = detector.update(at: Instant(seconds: Double(index)), value: Double(value)), score >= 1 { alarms.append(index) }
        }
        #expect(alarms == [2500, 2501])
    }

    @Test("the median and the median distance of a sorted window agree with sorting", arguments: 0..<6 as Range<UInt64>)
    func sortedWindow(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let capacity = Int.random(in: 1...30, using: &random)
        var window = SortedWindow(capacity: capacity)
        var kept: [Double] = []
        func median(_ values: [Double]) -> Double {
            let sorted = values.sorted()
            return sorted.count % 2 == 1 ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
        }
        for _ in 0..<200 {
            let value = Double.random(in: -10...10, using: &random).rounded()
            window.push(value)
            kept.append(value)
            if kept.count > capacity { kept.removeFirst() }
            let (found, centre) = (window.median, median(kept))
            let spread = window.medianDistance(from: centre)
            #expect(found == centre)
            #expect(spread == median(kept.map { abs($0 - centre) }))
        }
    }

    @Test("settings that cannot be are refused by name")
    func refused() {
        let wrong: [(String, [String: DetectorSettingValue], String)] = [
            ("zscore", ["samples": .count(50), "halflife": .duration(.seconds(1))], "halflife"), ("zscore", ["target_far": .number(1e4)], "target_far"),
            ("goertzel", ["frequencies": .texts(["0.6"]), "above": .number(1)], "frequencies"),
            ("goertzel", ["frequencies": .texts(["fast"]), "above": .number(1)], "frequencies"),
            ("goertzel", ["frequencies": .texts(["0.1"]), "above": .number(1), "every": .duration(.zero)], "every"),
            ("autocorrelation", ["longest": .duration(.seconds(90))], "longest"), ("histogram-rarity", ["from": .number(1)], "to"),
            ("quantile", ["low": .number(0.5), "high": .number(0.2)], "low"), ("spot", ["init": .count(100)], "init"),
            ("cusum", ["h": .number(5), "cap": .number(3)], "cap"), ("monotonic", ["resolution": .number(5), "modulus": .number(6)], "modulus"),
            ("seasonal-baseline", ["period": .duration(.zero)], "period"), ("adwin", ["delta": .number(2)], "delta"),
        ]
        for (name, values, setting) in wrong {
            do {
                _ = try Self.kind(name, values)
                Issue.record("\(name) took \(values)")
            } catch {
                #expect("\(error)".contains("'\(setting)'"), "\(error)")
            }
        }
    }
}
