import Foundation
import Quantities
import Testing

@testable import Detection

/// Each kind beside its golden vectors.
struct SignalVectorTests {
    @Test("all vectors of the kinds over one signal are there")
    func count() {
        let counts = [
            "zscore": 5, "ewma_chart": 4, "cusum": 5, "page_hinkley": 4, "adwin": 4, "hampel": 3, "quantile": 3, "spot": 4, "goertzel": 4,
            "autocorrelation": 3, "histogram_rarity": 3,
        ]
        for (name, number) in counts { #expect(Vector.all(name).count == number, "\(name)") }
    }

    @Test("zscore: windowed, cumulative and weighted", arguments: Vector.all("zscore"))
    func zscore(_ item: Vector) throws {
        let baseline: ZScoreBaseline =
            if let alpha = item.parameter("alpha") {
                .alpha(alpha)
            } else if let halfLife = item.parameter("halflife_s") {
                .halfLife(try #require(Duration(seconds: halfLife)))
            } else if let window = item.parameter("window_samples") {
                .window(.samples(Int(window)))
            } else {
                .all
            }
        func make() throws -> ZScore {
            try ZScore(baseline, judge: ZJudge(z: 3, rule: DeviationRule()), minimumSamples: Int(item.parameter("warmup") ?? 0))
        }
        var state = try make()
        var z: [Double?] = []
        var means: [Double?] = []
        for (row, sample) in item.samples.enumerated() {
            let (mean, _) = state.weighted
            means.append(row == 0 ? nil : mean)
            let score = state.update(at: sample.0, value: sample.1)
            let found = state.z
            z.append(found)
            #expect((score.map { $0 >= 1 } ?? false) == (found.map { $0.magnitude > 3 } ?? false))
        }
        let relative = item.name.contains("1e6") ? 1e-6 : 1e-9
        #expect(differences(z, item.wanted("z"), relative: relative, absolute: relative) == [])
        if item.expected["mean"] != nil { #expect(differences(means, item.wanted("mean"), relative: 1e-12, absolute: 1e-12) == []) }
        let (mean, variance) = state.weighted
        if let last = item.expected["final_mean"] as? Double { #expect(isClose(mean, last, relative: 1e-9, absolute: 0)) }
        if let last = item.expected["final_variance"] as? Double { #expect(isClose(variance, last, relative: 1e-9, absolute: 0)) }
        try expectSameBits(item.samples, item.name) { Detector(try make()) }
    }

    @Test("ewma-chart: statistic and alarms", arguments: Vector.all("ewma_chart"))
    func ewmaChart(_ item: Vector) throws {
        let mu = try item.number("mu")
        let sigma = try item.number("sigma")
        let limit = try item.number("L")
        func make() throws -> EWMAChart {
            try EWMAChart(
                lambda: item.number("lambda"), limit: limit, mean: mu, sigma: sigma, hasFixedLimits: !item.flag("time_varying_limits"),
                rule: DeviationRule())
        }
        var state = try make()
        var (means, alarms, statistics): ([Double?], [Int], [Double?]) = ([], [], [])
        for (row, sample) in item.samples.enumerated() {
            let result = state.update(at: sample.0, value: sample.1)
            let score = try #require(result)
            let mean = state.mean
            means.append(mean)
            statistics.append(score < 1e6 && score > 0 && score != 1 && score != Score.justBelowAnomalous ? score * limit : nil)
            if score >= 1 { alarms.append(row) }
        }
        #expect(differences(means, item.wanted("z"), relative: 1e-10, absolute: 1e-12) == [])
        #expect(alarms == item.rows("alarm_rows"))
        for (found, wanted) in zip(statistics, item.wanted("statistic")) {
            if let found, let wanted { #expect(isClose(found, wanted.magnitude, relative: 1e-9, absolute: 1e-10)) }
        }
        try expectSameBits(item.samples, item.name) { Detector(try make()) }
    }

    @Test("cusum: both sums and alarms", arguments: Vector.all("cusum"))
    func cusum(_ item: Vector) throws {
        func make() throws -> CUSUM {
            try CUSUM(
                k: item.number("k"), h: item.number("h"), mean: item.number("mu"),
                sigma: item.number("sigma"), cap: .infinity, headStart: item.flag("fast_initial_response"),
                restarts: item.flag("reset_on_alarm"))
        }
        var state = try make()
        var (upper, lower, alarms): ([Double?], [Double?], [Int]) = ([], [], [])
        for (row, sample) in item.samples.enumerated() {
            let result = state.update(at: sample.0, value: sample.1)
            let score = try #require(result)
            let (up, down) = (state.upper, state.lower)
            upper.append(up)
            lower.append(down)
            if score >= 1 { alarms.append(row) }
        }
        #expect(differences(upper, item.wanted("upper"), relative: 1e-10, absolute: 1e-10) == [])
        #expect(differences(lower, item.wanted("lower"), relative: 1e-10, absolute: 1e-10) == [])
        #expect(alarms == item.rows("alarm_rows"))
        try expectSameBits(item.samples, item.name) { Detector(try make()) }
    }

    @Test("page-hinkley: both statistics and alarms", arguments: Vector.all("page_hinkley"))
    func pageHinkley(_ item: Vector) throws {
        let side: DeviationSide = ["up": .above, "down": .below][item.text("mode")] ?? .both
        func make() throws -> PageHinkley {
            try PageHinkley(
                above: item.number("threshold"), delta: item.number("delta"), alpha: item.number("alpha"),
                minimumSamples: Int(item.parameter("min_instances") ?? 0), side: side)
        }
        var state = try make()
        var (increase, decrease, alarms): ([Double?], [Double?], [Int]) = ([], [], [])
        for (row, sample) in item.samples.enumerated() {
            let score = state.update(at: sample.0, value: sample.1)
            let (up, down) = (state.increase, state.decrease)
            increase.append(up)
            decrease.append(down)
            if let score, score >= 1 { alarms.append(row) }
        }
        #expect(differences(increase, item.wanted("increase"), relative: 1e-9, absolute: 1e-9) == [])
        #expect(differences(decrease, item.wanted("decrease"), relative: 1e-9, absolute: 1e-9) == [])
        #expect(alarms == item.rows("alarm_rows"))
        try expectSameBits(item.samples, item.name) { Detector(try make()) }
    }

    @Test("adwin: width, mean, squared deviations and alarms", arguments: Vector.all("adwin"))
    func adwin(_ item: Vector) throws {
        func make() throws -> ADWIN {
            try ADWIN(
                delta: item.number("delta"), interval: Int(item.parameter("clock") ?? 0),
                maximumBuckets: Int(item.parameter("max_buckets") ?? 0), minimumWindow: Int(item.parameter("min_window_length") ?? 0),
                grace: Int(item.parameter("grace_period") ?? 0))
        }
        var state = try make()
        var (widths, means, squares, alarms): ([Double?], [Double?], [Double?], [Int]) = ([], [], [], [])
        for (row, sample) in item.samples.enumerated() {
            let score = state.update(at: sample.0, value: sample.1)
            let (width, mean, deviations) = (state.width, state.mean, state.deviations)
            widths.append(Double(width))
            if row % 16 == 15 {
                means.append(mean)
                squares.append(deviations)
            }
            if let score, score >= 1 { alarms.append(row) }
        }
        #expect(differences(widths, item.wanted("width"), relative: 0, absolute: 0) == [])
        #expect(differences(means, item.wanted("mean_every_16"), relative: 1e-9, absolute: 1e-9) == [])
        #expect(differences(squares, item.wanted("sum_of_squared_deviations_every_16"), relative: 1e-9, absolute: 1e-9) == [])
        #expect(alarms == item.rows("alarm_rows"))
        try expectSameBits(item.samples, item.name) { Detector(try make()) }
    }

    @Test("hampel: median, spread and alarms", arguments: Vector.all("hampel"))
    func hampel(_ item: Vector) throws {
        func make() throws -> Hampel {
            try Hampel(
                samples: Int(item.parameter("window_samples") ?? 0), k: item.number("k"), minimumSamples: Int(item.parameter("warmup") ?? 0),
                rule: DeviationRule())
        }
        var state = try make()
        var (medians, spreads, z, alarms): ([Double?], [Double?], [Double?], [Int]) = ([], [], [], [])
        for (row, sample) in item.samples.enumerated() {
            let score = state.update(at: sample.0, value: sample.1)
            let (centre, statistic) = (state.centre, state.statistic)
            medians.append(centre?.median)
            spreads.append(centre?.spread)
            z.append(statistic)
            if let score, score >= 1 { alarms.append(row) }
        }
        #expect(differences(medians, item.wanted("median"), relative: 1e-12, absolute: 0) == [])
        #expect(differences(spreads, item.wanted("mad"), relative: 1e-12, absolute: 1e-12) == [])
        #expect(differences(z, item.wanted("z").map { $0.map(\.magnitude) }, relative: 1e-9, absolute: 1e-12) == [])
        #expect(alarms == item.rows("alarm_rows"))
        try expectSameBits(item.samples, item.name) { Detector(try make()) }
    }

    @Test("quantile: P-square and the quartiles of a window", arguments: Vector.all("quantile"))
    func quantile(_ item: Vector) throws {
        let estimates = try #require(item.expected["p2"] as? [String: Any])
        for (text, wanted) in estimates {
            var estimator = PSquare(try #require(Double(text)))
            let found: [Double?] = item.x.map {
                estimator.add($0)
                return estimator.count > 5 ? estimator.estimate : nil
            }
            #expect(differences(found, Vector.numbers(wanted), relative: 1e-9, absolute: 1e-9) == [], "\(text)")
        }
        let windowed = try #require(item.expected["rolling_50_previous"] as? [String: Any])
        for (text, wanted) in windowed {
            var window = SortedWindow(capacity: 50)
            var found: [Double?] = []
            for x in item.x {
                let estimate = window.count == 50 ? window.quantile(try #require(Double(text))) : nil
                found.append(estimate)
                window.push(x)
            }
            #expect(differences(found, Vector.numbers(wanted), relative: 1e-9, absolute: 1e-9) == [], "\(text)")
        }
        for samples in [nil, 50] {
            try expectSameBits(item.samples, item.name) {
                Detector(try QuantileLimits(low: 0.25, high: 0.75, limits: .fences(1.5), samples: samples, minimumSamples: 20, rule: DeviationRule()))
            }
        }
    }

    @Test("spot and dspot: the fitted tail, the threshold and alarms", arguments: Vector.all("spot"))
    func spot(_ item: Vector) throws {
        let (initial, depth) = (Int(item.parameter("init_samples") ?? 0), Int(item.parameter("depth") ?? 0))
        func make() throws -> Spot {
            try Spot(risk: item.number("q"), initial: initial - depth, level: item.number("level"), depth: depth)
        }
        var state = try make()
        var alarms: [Int] = []
        var thresholds: [Int: Double] = [:]
        for (row, sample) in item.samples.enumerated() {
            if row == initial {
                let law = state.law
                #expect(isClose(law.start, item.expected["init_threshold"] as? Double, relative: 1e-12, absolute: 1e-12))
                #expect(law.peaks == item.expected["init_peaks"] as? Int)
                #expect(isClose(law.gamma, item.expected["gamma"] as? Double, relative: 1e-3, absolute: 1e-4))
                #expect(isClose(law.sigma, item.expected["sigma"] as? Double, relative: 1e-4, absolute: 0))
            }
            // The file has the threshold after the sample is learnt, with the moving mean before it.
            if depth > 0 { thresholds[row] = state.thresholds.high }
            if let score = state.update(at: sample.0, value: sample.1), score >= 1 { alarms.append(row) }
            if depth == 0 { thresholds[row] = state.thresholds.high }
        }
        #expect(alarms == item.rows("alarm_rows"))
        #expect(Set(item.rows("injected_rows")).isSubset(of: alarms))
        let law = state.law
        #expect(law.peaks == item.expected["peaks_at_end"] as? Int)
        for (row, wanted) in zip(item.rows("threshold_rows"), item.wanted("threshold")) {
            #expect(isClose(thresholds[row], wanted, relative: 1e-3, absolute: 1e-4), "row \(row)")
        }
        try expectSameBits(item.samples, item.name) { Detector(try make()) }
    }

    @Test("goertzel: amplitudes and shares", arguments: Vector.all("goertzel"))
    func goertzel(_ item: Vector) throws {
        let rate = try item.number("fs_hz")
        let frequencies = Vector.numbers((item.json["params"] as? [String: Any])?["frequencies_hz"]).compactMap { $0 }
        let period = try #require(Duration(seconds: 1 / rate))
        var state = try Goertzel(frequencies: frequencies, every: period, length: item.x.count, above: 1)
        for (row, x) in item.x.enumerated() {
            let score = state.update(at: Instant(nanoseconds: Int64(row) * period.nanoseconds), value: x)
            #expect((score != nil) == (row == item.x.count - 1))
        }
        let spectrum = state.spectrum
        #expect(differences(spectrum.map(\.amplitude), item.wanted("amplitude"), relative: 1e-9, absolute: 1e-9) == [])
        #expect(differences(spectrum.map(\.share), item.wanted("variance_share"), relative: 1e-9, absolute: 1e-9) == [])
        let twice = (0..<3 * item.x.count).map { (Instant(nanoseconds: Int64($0) * period.nanoseconds), item.x[$0 % item.x.count]) }
        try expectSameBits(twice, item.name) { Detector(try Goertzel(frequencies: frequencies, every: period, length: item.x.count, above: 1)) }
    }

    @Test("autocorrelation: all lags, and the lag of the greatest", arguments: Vector.all("autocorrelation"))
    func autocorrelation(_ item: Vector) throws {
        func make() throws -> Autocorrelation { try Autocorrelation(every: .seconds(1), length: item.x.count, lags: 2...30, above: 0.3) }
        var state = try make()
        for sample in item.samples { _ = state.update(at: sample.0, value: sample.1) }
        let found = (0...30).map { state.correlation($0) }
        #expect(differences(found, item.wanted("r"), relative: 1e-9, absolute: 1e-10) == [])
        let greatest = (2...30).max { found[$0] < found[$1] }
        #expect(greatest == item.expected["best_lag_from_2"] as? Int)
        let twice = (0..<3 * item.x.count).map { (Instant(seconds: Double($0)), item.x[$0 % item.x.count]) }
        try expectSameBits(twice, item.name) { Detector(try make()) }
    }

    @Test("histogram-rarity: the logarithm of the share, and the cooldown", arguments: Vector.all("histogram_rarity"))
    func histogramRarity(_ item: Vector) throws {
        let overflows = item.flag("overflow_bins")
        func make() throws -> HistogramRarity {
            try HistogramRarity(
                bins: Int(item.parameter("bins") ?? 0), forget: Int(item.parameter("forget") ?? 0), kernel: item.parameter("kernel_bins") ?? 0,
                low: overflows ? nil : item.parameter("lo"), high: overflows ? nil : item.parameter("hi"), probe: 2,
                minimumSamples: Int(item.parameter("warmup") ?? 0),
                judge: RarityJudge(rarity: 1e-12, falseAlarms: nil, cooldown: Int(item.parameter("cooldown_samples") ?? 0), learning: Learning()))
        }
        var state = try make()
        if overflows {
            // Two samples that widen to the range of the vector.
            let (low, high) = (try item.number("lo"), try item.number("hi"))
            let quarter = (high - low) / 4
            _ = state.update(at: .zero, value: low + quarter)
            _ = state.update(at: .zero, value: high - quarter)
        }
        var (scores, passed): ([Double?], [Double?]) = ([], [])
        for sample in item.samples {
            let score = state.update(at: sample.0, value: sample.1)
            let statistic = state.statistic
            scores.append(statistic)
            passed.append((score ?? 0) > 0 ? statistic : 0)
        }
        #expect(differences(scores, item.wanted("score"), relative: 0, absolute: 1e-6) == [])
        if !item.wanted("after_cooldown").isEmpty, !(item.expected["after_cooldown"] is NSNull) {
            #expect(differences(passed, item.wanted("after_cooldown"), relative: 0, absolute: 1e-6) == [])
        }
        let total = state.total
        #expect(isClose(total, 1, relative: 1e-9, absolute: 0))
        try expectSameBits(item.samples, item.name) { Detector(try make()) }
    }
}
