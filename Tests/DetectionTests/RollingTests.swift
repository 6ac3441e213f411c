import Quantities
import Testing

@testable import Detection

struct RollingCase: Decodable, CustomTestStringConvertible {
    let name: String
    let windowSeconds: Double?
    let windowSamples: Int?
    let minSamples: Int
    let t: [Double]?
    let x: [Double?]
    let expected: [String: [Double?]]

    enum CodingKeys: String, CodingKey {
        case name, t, x, expected
        case windowSeconds = "window_s"
        case windowSamples = "window_samples"
        case minSamples = "min_samples"
    }

    var testDescription: String { name }
    var window: Window {
        if let windowSamples { return .samples(windowSamples) }
        return .duration(Duration(seconds: windowSeconds ?? 0) ?? .zero)
    }
    var samples: [(Instant, Double)] { x.enumerated().map { (Instant(seconds: t?[$0] ?? Double($0)), $1 ?? .nan) } }

    static let all: [RollingCase] = (try? VectorFile.cases("rolling.json", as: RollingCase.self)) ?? []
}

struct RollingTests {
    @Test("all rolling vectors are there")
    func count() { #expect(RollingCase.all.count == 6) }

    @Test("a moving range gives the exact range of each window", arguments: RollingCase.all)
    func range(_ item: RollingCase) throws {
        var detector = try MovingRange(window: item.window, above: 1, minimumSamples: item.minSamples)
        let expected = try #require(item.expected["range"])
        for (row, sample) in item.samples.enumerated() {
            let score = detector.update(at: sample.0, value: sample.1)
            let found = detector.range
            #expect(found == expected[row], "row \(row)")
            #expect((score == nil) == (expected[row] == nil), "row \(row)")
            if let score, let range = expected[row] { #expect((score >= 1) == (range > 1)) }
        }
    }

    @Test("variance and standard deviation agree with exact arithmetic", arguments: RollingCase.all, ["var0", "var1", "std0", "std1"])
    func variance(_ item: RollingCase, _ key: String) throws {
        var detector = try MovingVariance(
            window: item.window, above: 1, ddof: key.hasSuffix("1") ? 1 : 0, minimumSamples: item.minSamples, standardDeviation: key.hasPrefix("std"))
        let expected = try #require(item.expected[key])
        for (row, sample) in item.samples.enumerated() {
            _ = detector.update(at: sample.0, value: sample.1)
            let found = detector.statistic
            #expect(isClose(found, expected[row], relative: 1e-9, absolute: 1e-12), "row \(row): \(found ?? .nan)")
        }
    }

    @Test("a window of equal values has a variance of exactly 0, after any history", arguments: 0..<20 as Range<UInt64>)
    func constant(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var detector = try MovingVariance(window: .samples(50), above: 1)
        for index in 0..<200 {
            _ = detector.update(at: Instant(seconds: Double(index)), value: .random(in: -1e6...1e6, using: &random))
        }
        let level = Double.random(in: -1e3...1e3, using: &random)
        for index in 200..<300 {
            _ = detector.update(at: Instant(seconds: Double(index)), value: level)
            let found = detector.statistic
            if index >= 250 { #expect(found == 0, "seed \(seed)") }
        }
    }

    @Test("an outlier of 1e308 leaves no trace in the variance once it has left the window")
    func outlier() throws {
        var detector = try MovingVariance(window: .samples(4), above: 1)
        for value in [1.1, 2.2, 1e308, 1.1, 2.3, 3.7, 4.9] { _ = detector.update(at: .zero, value: value) }
        let mean = (1.1 + 2.3 + 3.7 + 4.9) / 4
        let variance = [1.1, 2.3, 3.7, 4.9].map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 4
        let found = detector.statistic
        #expect(isClose(found, variance, relative: 1e-12, absolute: 0))
    }

    @Test("a standard deviation of exactly the threshold is not above it")
    func tie() throws {
        var detector = try MovingVariance(window: .samples(4), above: 20, standardDeviation: true)
        var score: Double?
        for value in [60.0, 20, 20, 60, 20, 60, 20, 60, 60, 20] { score = detector.update(at: .zero, value: value) }
        let found = detector.statistic
        #expect(found == 20)
        #expect(score == 1.0.nextDown)
    }

    @Test("the variance of whole numbers is the correctly rounded quotient of two integers", arguments: 0..<10 as Range<UInt64>)
    func wholeNumbers(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let length = Int.random(in: 2...60, using: &random)
        var detector = try MovingVariance(window: .samples(length), above: 1)
        var kept: [Int] = []
        for _ in 0..<400 {
            let value = Int.random(in: 0...100, using: &random)
            kept.append(value)
            if kept.count > length { kept.removeFirst() }
            _ = detector.update(at: .zero, value: Double(value))
            guard kept.count >= 2 else { continue }
            let sum = kept.reduce(0, +)
            let squares = kept.reduce(0) { $0 + $1 * $1 }
            let found = detector.statistic
            #expect(found == Double(kept.count * squares - sum * sum) / Double(kept.count * kept.count), "seed \(seed)")
        }
    }

    @Test("windows agree with a direct computation on random input", arguments: 0..<12 as Range<UInt64>)
    func direct(_ seed: UInt64) throws {
        var random = SplitMix(state: seed &+ 1000)
        let whole = seed % 2 == 0
        var range = try MovingRange(window: .duration(.seconds(7)), above: 3)
        var variance = try MovingVariance(window: .duration(.seconds(7)), above: 3, ddof: 1)
        var kept: [(Int64, Double)] = []
        var now: Int64 = 0
        for _ in 0..<1500 {
            now += Int64.random(in: 0...2_000_000_000, using: &random)
            var value = Double.random(in: -50...50, using: &random)
            if whole { value.round() }
            if Int.random(in: 0..<40, using: &random) == 0 { value = .nan }
            if !value.isNaN { kept.append((now, value)) }
            kept.removeAll { now - $0.0 >= 7_000_000_000 }
            let instant = Instant(nanoseconds: now)
            _ = range.update(at: instant, value: value)
            _ = variance.update(at: instant, value: value)
            let values = kept.map(\.1)
            let expected = values.count < 2 ? nil : values.max().flatMap { high in values.min().map { high - $0 } }
            let (foundRange, foundVariance) = (range.range, variance.statistic)
            #expect(foundRange == expected, "seed \(seed)")
            let mean = values.reduce(0, +) / Double(values.count)
            let square = values.count < 2 ? nil : values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count - 1)
            #expect(isClose(foundVariance, square, relative: 1e-9, absolute: 1e-11), "seed \(seed)")
        }
    }
}
