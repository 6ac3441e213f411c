import Foundation
import Quantities
import Testing

@testable import Detection

struct KalmanCase: Decodable {
    struct Parameters: Decodable {
        let q, r, x0, p0: Double
    }
    struct Expected: Decodable {
        let innovation, innovation_variance, nis: [Double]
    }
    let name: String
    let params: Parameters
    let y: [Double]
    let expected: Expected
}

struct EnergyCase: Decodable {
    struct Expected: Decodable {
        let integral_Wh: [Double]
        let ratio_at_end: Double
    }
    let name: String
    let t, voltage, current, register_Wh: [Double]
    let expected: Expected
}

struct ProfileCase: Decodable, CustomTestStringConvertible {
    struct Parameters: Decodable {
        let m, exclusion: Int
    }
    struct Expected: Decodable { let left_profile: [Double?] }
    let name: String
    let params: Parameters
    let x: [Double]
    let expected: Expected
    var testDescription: String { name }
    static let all: [ProfileCase] = (try? VectorFile.cases("matrix_profile.json", as: ProfileCase.self)) ?? []
}

struct ForestCase: Decodable, CustomTestStringConvertible {
    let name: String
    let features: [String]
    let limits: [String: [Double]]
    let X: [[Double]]
    let anomaly_rows: [Int]
    let river_roc_auc_rows_250_on_seeds_0_to_9: [Double]
    var testDescription: String { name }
    static let all: [ForestCase] = (try? VectorFile.cases("half_space_trees.json", as: ForestCase.self)) ?? []

    /// Every row mapped to 0...1.
    func points() -> [[Float]] {
        X.map { row in zip(row, features).map { Float(($0 - (limits[$1]?[0] ?? 0)) / ((limits[$1]?[1] ?? 1) - (limits[$1]?[0] ?? 0))) } }
    }
}

struct CrossVectorTests {
    @Test("the Kalman filter has the innovations of statsmodels")
    func kalman() throws {
        let cases = try VectorFile.cases("kalman.json", as: KalmanCase.self)
        #expect(cases.count == 2)
        for item in cases {
            // The prior belongs to the first sample.
            var filter = ScalarKalman(x: item.params.x0, p: item.params.p0)
            for (row, y) in item.y.enumerated() {
                if row > 0 { filter.predict(keep: 1, shift: 0, variance: item.params.q) }
                let innovation = filter.innovation(y, noise: item.params.r)
                #expect(isClose(innovation.difference, item.expected.innovation[row], relative: 1e-8, absolute: 1e-9))
                #expect(isClose(innovation.variance, item.expected.innovation_variance[row], relative: 1e-8, absolute: 1e-9))
                #expect(isClose(innovation.squared, item.expected.nis[row], relative: 1e-8, absolute: 1e-9))
                filter.correct(innovation)
            }
        }
    }

    @Test("the gates of the innovations are quantiles of chi-squared")
    func gates() {
        for (p, expected) in [(1e-2, 6.634896601021217), (1e-3, 10.827566170662733), (1e-4, 15.136705226623397), (1e-6, 23.928126976934827)] {
            #expect(isClose(ChiSquared.upperQuantile(p, degrees: 1), expected, relative: 1e-9, absolute: 0))
        }
        // scipy.stats.chi2.isf
        for (n, p, expected) in [(2, 1e-4, 18.420680743952364), (20, 1e-4, 52.38597327305218), (101, 1e-2, 136.97100384679405)] {
            #expect(isClose(ChiSquared.upperQuantile(p, degrees: n), expected, relative: 1e-9, absolute: 0), "\(n)")
        }
    }

    @Test("the energy is the trapezoid of the power, and a meter that counts otherwise is found")
    func energy() throws {
        let cases = try VectorFile.cases("energy.json", as: EnergyCase.self)
        #expect(cases.map(\.name) == ["honest", "under-10-percent", "over-20-percent"])
        for item in cases {
            var settings = EnergyBalance.Settings()
            settings.resolution = 360
            let detector = try EnergyBalance(settings)
            var greatest = 0.0
            for row in item.t.indices {
                let now = Instant(seconds: item.t[row])
                _ = detector.update(at: now, input: 0, value: item.voltage[row] * item.current[row])
                if let score = detector.update(at: now, input: 1, value: item.register_Wh[row] * 3600) { greatest = max(greatest, score) }
                #expect(isClose(detector.flown / 3600, item.expected.integral_Wh[row], relative: 1e-9, absolute: 1e-9), "\(item.name) \(row)")
            }
            #expect(isClose(detector.ratio, item.expected.ratio_at_end, relative: 1e-9, absolute: 0))
            #expect((greatest >= 1) == (item.name != "honest"), "\(item.name): \(greatest)")
        }
    }

    @Test("the left matrix profile is that of STUMPY", arguments: ProfileCase.all)
    func profile(_ item: ProfileCase) throws {
        // A lookback that holds everything, then one that makes the buffer move.
        var profile = try MatrixProfile(length: item.params.m, lookback: 4 * item.x.count, above: 1e9)
        for (row, x) in item.x.enumerated() {
            _ = profile.update(at: Instant(seconds: Double(row)), value: x)
            guard row >= item.params.m - 1 else { continue }
            let expected = item.expected.left_profile[row - item.params.m + 1]
            #expect(isClose(profile.statistic, expected, relative: 0, absolute: 1e-6), "row \(row)")
        }
    }

    @Test("all vectors of shapes and forests are there")
    func counts() {
        #expect(ProfileCase.all.count == 2)
        #expect(ForestCase.all.count == 3)
    }

    @Test("a profile with a short memory is that of a direct search", arguments: [0.0, 10_000_000.0])
    func shortMemory(_ offset: Double) throws {
        let item = try #require(ProfileCase.all.last)
        let (m, lookback) = (12, 40)
        var profile = try MatrixProfile(length: m, lookback: lookback, above: 1e9)
        let x = item.x.map { $0 + offset }
        for row in x.indices.prefix(300) {
            _ = profile.update(at: Instant(seconds: Double(row)), value: x[row])
            let newest = row - m + 1
            guard newest >= 0 else { continue }
            var best: Double?
            for start in max(0, row + 1 - lookback)..<max(0, row + 1 - lookback, newest - 3) {
                let distance = direct(Array(x[start..<start + m]), Array(x[newest..<newest + m]))
                best = min(best ?? .infinity, distance)
            }
            #expect(isClose(profile.statistic, best, relative: 0, absolute: 1e-6 + offset * 1e-11), "row \(row)")
        }
    }

    private func direct(_ a: [Double], _ b: [Double]) -> Double {
        func normal(_ x: [Double]) -> [Double]? {
            if x.allSatisfy({ $0 == x[0] }) { return nil }
            let anchor = x[0]
            let mean = x.reduce(0) { $0 + ($1 - anchor) } / Double(x.count)
            let deviation = (x.reduce(0) { $0 + ($1 - anchor - mean) * ($1 - anchor - mean) } / Double(x.count)).squareRoot()
            return x.map { ($0 - anchor - mean) / deviation }
        }
        switch (normal(a), normal(b)) {
        case (nil, nil): return 0
        case (let a?, let b?): return zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        default: return Double(a.count).squareRoot()
        }
    }

    // MARK: - Half-space trees, by their properties

    private func forest(_ item: ForestCase, seed: UInt64) throws -> HalfSpaceForest {
        var shape = HalfSpaceForestShape()
        shape.seed = seed
        return try HalfSpaceForest(shape, features: item.features.count)
    }

    @Test("a forest finds what River's finds", arguments: ForestCase.all)
    func areaUnderCurve(_ item: ForestCase) throws {
        let points = item.points()
        let isAnomalous = Set(item.anomaly_rows)
        var areas: [Double] = []
        var first: [Double] = []
        for seed in 0..<3 as Range<UInt64> {
            let forest = try forest(item, seed: seed)
            var scores: [Double] = []
            for (row, point) in points.enumerated() {
                let score = forest.update(point)
                #expect((score == nil) == (row < 250))
                if let score { scores.append(score) }
            }
            #expect(scores.allSatisfy { (0...1).contains($0) })
            if seed == 0 { first = scores } else { #expect(scores != first) }
            if seed == 1 {
                let again = try self.forest(item, seed: seed)
                #expect(points.compactMap { again.update($0) } == scores)
            }
            let bad = scores.indices.filter { isAnomalous.contains($0 + 250) }
            let good = scores.indices.filter { !isAnomalous.contains($0 + 250) }
            var wins = 0.0
            for a in bad { for b in good { wins += scores[a] > scores[b] ? 1 : scores[a] == scores[b] ? 0.5 : 0 } }
            areas.append(wins / Double(bad.count * good.count))
        }
        let median = areas.sorted()[1]
        if item.name != "1d-clustered" { #expect(median >= (item.river_roc_auc_rows_250_on_seeds_0_to_9.min() ?? 1) - 0.02, "\(areas)") }
    }

    @Test("the masses of every level of a tree add up to the samples of the window")
    func masses() throws {
        let item = try #require(ForestCase.all.first { $0.name == "4d-charging" })
        let forest = try forest(item, seed: 3)
        for (row, point) in item.points().prefix(600).enumerated() {
            _ = forest.update(point)
            guard row % 83 == 0 else { continue }
            for tree in [0, 24] { #expect(forest.masses(tree: tree).allSatisfy { $0 == (row + 1) % 250 }) }
        }
    }

    @Test("the order inside a window does not matter, equal points score alike, and points beyond the limits count as the nearest cell")
    func order() throws {
        let item = try #require(ForestCase.all.first { $0.name == "4d-charging" })
        let points = item.points()
        let (a, b) = (try forest(item, seed: 5), try forest(item, seed: 5))
        for point in points[0..<250] { _ = a.update(point) }
        for point in points[0..<250].reversed() { _ = b.update(point) }
        for point in points[250..<300] { #expect(a.score(point) == b.score(point)) }
        #expect(a.score([0.5, 0.5, 0.5, 0.5]) == a.score([0.5, 0.5, 0.5, 0.5]))
        #expect(a.score([9, 0.5, 0.5, 0.5]) == a.score([1, 0.5, 0.5, 0.5]))
        #expect(a.score([-.infinity, 0.5, 0.5, 0.5]) == a.score([0, 0.5, 0.5, 0.5]))
        #expect(a.score([.nan, .nan, .nan, .nan]) != nil)
    }

    @Test("scaling a signal and its limits changes no score")
    func scaling() throws {
        let item = try #require(ForestCase.all.first { $0.name == "4d-charging" })
        let limits = item.features.map { (low: item.limits[$0]?[0] ?? 0, high: item.limits[$0]?[1] ?? 1) }
        let plain = try HalfSpaceTreesDetector(features: 4, shape: HalfSpaceForestShape(), limits: limits, above: 0.95)
        let scaled = try HalfSpaceTreesDetector(
            features: 4, shape: HalfSpaceForestShape(), limits: [(limits[0].low * 1024, limits[0].high * 1024)] + limits.dropFirst(), above: 0.95)
        for (row, x) in item.X.enumerated() {
            var last: (Double?, Double?)
            for input in 0..<4 {
                last.0 = plain.update(at: Instant(seconds: Double(row)), input: input, value: x[input])
                last.1 = scaled.update(at: Instant(seconds: Double(row)), input: input, value: input == 0 ? x[0] * 1024 : x[input])
            }
            #expect(last.0 == last.1)
        }
    }
}
