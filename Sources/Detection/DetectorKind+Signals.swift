import Quantities

extension DetectorKind {
    /// The kinds that look at one signal and were added to the first seven, in the order of the reference.
    public static let signalKinds: [DetectorKind] =
        [band, flatline, zscore, ewmaResidual, hampel, quantile, iqr] + [ewmaChart, cusum, pageHinkley, adwin, spot, dspot]
        + [goertzel, autocorrelation, seasonalBaseline] + [histogramRarity, rarity2d, markov, monotonic, series]

    // MARK: Settings that several kinds share

    private static let positive = DetectorSettingType.plain(1e-300...1e300)
    private static let watch = DetectorSetting("watch", .signal, required: true, about: "The signal to look at.")
    private static let leastDeviation = DetectorSetting(
        "min_dev", .level, default: .number(0), about: "Deviations of less than this are normal, in the unit of the signal.")
    private static let floor = DetectorSetting(
        "floor", .level, default: .number(0), about: "The least spread; half the resolution of a signal that often repeats a value.")
    private static let range = [
        DetectorSetting("from", .level, about: "The lower end of the range; without 'from' and 'to' the range is learnt."),
        DetectorSetting("to", .level, about: "The upper end of the range."),
    ]
    private static let probe = DetectorSetting(
        "probe", .count(2...Window.maximumSamples), default: .count(500),
        about: "Samples from which the range is learnt when it is not given; it is widened by half on both sides.")

    private static func plain(_ name: String, _ value: Double, _ about: String, source: String = "") -> DetectorSetting {
        DetectorSetting(name, positive, default: .number(value), about: about, source: source)
    }

    private static func count(_ name: String, _ value: Int, _ range: ClosedRange<Int>, _ about: String) -> DetectorSetting {
        DetectorSetting(name, .count(range), default: .count(value), about: about)
    }

    private static func leastSamples(_ value: Int, from least: Int = 2) -> DetectorSetting {
        count("min_samples", value, least...Window.maximumSamples, "Samples that are learnt before there is a score.")
    }

    private static func rarity(_ value: Double) -> DetectorSetting {
        DetectorSetting("rarity", .plain(1e-12...0.4), default: .number(value), about: "The probability at which a sample is anomalous.")
    }

    private static func cooldown(_ value: Int) -> DetectorSetting {
        count("cooldown_samples", value, 0...1_000_000, "A score passes only if it is greater than all within so many samples before it; 0 for none.")
    }

    private static func number(_ name: String, _ settings: DetectorSettings) throws(DetectionError) -> Double {
        guard let value = settings.number(name) else { throw .missing(setting: name) }
        return value
    }

    private static func whole(_ name: String, _ settings: DetectorSettings) throws(DetectionError) -> Int {
        guard let value = settings.count(name) else { throw .missing(setting: name) }
        return value
    }

    private static func time(_ name: String, _ settings: DetectorSettings) throws(DetectionError) -> Duration {
        guard let value = settings.duration(name) else { throw .missing(setting: name) }
        return value
    }

    /// Puts a detector behind a threshold that follows from `target_far`, when that is given.
    static func budgeted(_ detector: Detector, _ settings: DetectorSettings) throws(DetectionError) -> Detector {
        guard let rate = settings.number("target_far") else { return detector }
        return Detector(try BudgetedDetector(detector, falseAlarms: rate))
    }

    private static func rarityJudge(_ settings: DetectorSettings, floor: Double = 1e-12) throws(DetectionError) -> RarityJudge {
        try RarityJudge(
            rarity: number("rarity", settings), falseAlarms: settings.number("target_far"), cooldown: whole("cooldown_samples", settings), floor: floor,
            learning: Learning(settings))
    }

    // MARK: Limits

    private static let band = DetectorKind(
        "band", about: "The signal is outside the limits of a state; 'only_when' says when the state holds.",
        settings: [
            watch, DetectorSetting("above", .level, about: "The greatest value that is normal in the state; one of 'above' and 'below' is needed."),
            DetectorSetting("below", .level, about: "The least value that is normal in the state."),
            DetectorSetting("settle", .duration, default: .duration(.zero), about: "Judges only this time after the first sample of the state."),
            DetectorSetting(
                "compare", .oneOf(Comparison.allCases.map(\.rawValue)), default: .word("gt"),
                about: "gt: strictly beyond the limit; ge: the limit itself is anomalous too."),
        ],
        example: "leak: {is: band, watch: charger.current, above: 0.5 A, settle: 2s, only_when: =cp1.limit == 0 A}",
        make: { settings throws(DetectionError) in
            Detector(
                try Band(
                    above: settings.number("above"), below: settings.number("below"), settle: time("settle", settings),
                    compare: settings.word("compare").flatMap(Comparison.init) ?? .gt))
        })

    private static let flatline = DetectorKind(
        "flatline", about: "The signal has not moved for a time although samples came.",
        settings: [
            watch, DetectorSetting("window", .duration, default: .duration(.seconds(60)), about: "A flat run of at least this length is anomalous."),
            DetectorSetting("epsilon", .level, default: .number(0), about: "Changes of at most this much from the start of the run are none."),
            count("min_repeats", 3, 1...1_000_000, "Samples that must repeat the first of the run."),
        ],
        example: "frozen: {is: flatline, watch: meter.power, window: 60s, only_when: =charger.current > 1 A}",
        make: { settings throws(DetectionError) in
            Detector(
                try Flatline(window: time("window", settings), epsilon: number("epsilon", settings), repeats: whole("min_repeats", settings)))
        })

    private static let monotonic = DetectorKind(
        "monotonic", about: "A register that may only rise (or only fall) has gone back.",
        settings: [
            watch, DetectorSetting("resolution", .level, default: .number(0), about: "Steps back of at most this much are rounding."),
            DetectorSetting("modulus", .level, about: "The value at which the register begins again at 0."),
            DetectorSetting("direction", .oneOf(["rising", "falling"]), default: .word("rising"), about: "The way in which it may go."),
        ],
        example: "rolled_back: {is: monotonic, watch: cp1.energy, resolution: 10 Wh, severity: high}",
        make: { settings throws(DetectionError) in
            Detector(
                try Monotonic(
                    resolution: number("resolution", settings), modulus: settings.number("modulus"), falls: settings.word("direction") == "falling"))
        })

    // MARK: Centre and spread

    private static let zscore = DetectorKind(
        "zscore", about: "A sample is too many standard deviations from the mean of those before it.",
        settings: [
            watch, plain("z", 3, "The greatest distance that is normal, in standard deviations."),
            DetectorSetting("window", .duration, about: "Compares with the samples of this time; by default with all before."),
            DetectorSetting("samples", .count(2...Window.maximumSamples), about: "Compares with so many samples."),
            DetectorSetting("halflife", .duration, about: "Compares with all, the weight halves with each such time."),
            DetectorSetting("alpha", .plain(1e-9...1), about: "Compares with all, the newest has this weight."), leastSamples(30), floor,
            DeviationSide.setting, leastDeviation,
            DetectorSetting(
                "score", .oneOf(["ratio", "tail"]), default: .word("ratio"),
                about: "ratio: the distance / 'z'; tail: the logarithm of the tail probability / that of 'z', to compare signals by."),
            FalseAlarmBudget.setting,
        ] + Learning.settings(),
        example: "spike: {is: zscore, watch: charger.current, halflife: 60s, z: 4, floor: 0.05 A, learn: normal-only, relearn_after: 5min}",
        make: { settings throws(DetectionError) in
            let given = ["window", "samples", "halflife", "alpha"].filter { settings.has($0) }
            if given.count > 1 { throw .outOfRange(setting: given[1], requirement: "absent, or '\(given[0])' is") }
            var baseline = ZScoreBaseline.all
            if let window = settings.duration("window") { baseline = .window(.duration(window)) }
            if let samples = settings.count("samples") { baseline = .window(.samples(samples)) }
            if let time = settings.duration("halflife") { baseline = .halfLife(time) }
            if let alpha = settings.number("alpha") { baseline = .alpha(alpha) }
            let judge = try ZJudge(
                z: number("z", settings), rule: DeviationRule(settings), floor: number("floor", settings), usesTail: settings.word("score") == "tail",
                falseAlarms: settings.number("target_far"))
            return Detector(
                try ZScore(
                    baseline, judge: judge, minimumSamples: min(whole("min_samples", settings), settings.count("samples") ?? .max), learning: Learning(settings)
                ))
        })

    private static let ewmaResidual = DetectorKind(
        "ewma-residual", about: "A sample is farther from a moving forecast than the forecast usually misses.",
        settings: [
            watch, DetectorSetting("alpha", .plain(1e-9...1), default: .number(0.05), about: "The weight of a new sample in the forecast."),
            count("memory", 1000, 10...10_000_000, "Samples over which the usual error is taken."), rarity(1e-5), leastSamples(50), DeviationSide.setting,
            leastDeviation, FalseAlarmBudget.setting,
        ] + Learning.settings(),
        example: "surprise: {is: ewma-residual, watch: site.power, alpha: 0.05, rarity: 1e-5}",
        make: { settings throws(DetectionError) in
            Detector(
                try EWMAResidual(
                    alpha: number("alpha", settings), memory: whole("memory", settings), rarity: number("rarity", settings),
                    minimumSamples: whole("min_samples", settings), rule: DeviationRule(settings), falseAlarms: settings.number("target_far"),
                    learning: Learning(settings)))
        })

    private static let hampel = DetectorKind(
        "hampel", about: "A sample is too many scaled median absolute deviations from the median of those before it.",
        settings: [
            watch, count("samples", 200, 3...10_000, "Length of the window."), plain("k", 3, "The greatest distance that is normal."),
            leastSamples(20, from: 1), floor, DeviationSide.setting, leastDeviation, FalseAlarmBudget.setting,
        ] + Learning.settings(),
        example: "outlier: {is: hampel, watch: meter.voltage, samples: 200, k: 5, floor: 0.1 V}",
        make: { settings throws(DetectionError) in
            try budgeted(
                Detector(
                    try Hampel(
                        samples: whole("samples", settings), k: number("k", settings),
                        minimumSamples: min(whole("min_samples", settings), whole("samples", settings)),
                        floor: number("floor", settings), rule: DeviationRule(settings), learning: Learning(settings))), settings)
        })

    private static let quantile = DetectorKind(
        "quantile", about: "A sample is outside two quantiles of those before it.",
        settings: [
            watch, DetectorSetting("low", .plain(0...1), default: .number(0.01), about: "The lower quantile."),
            DetectorSetting("high", .plain(0...1), default: .number(0.99), about: "The upper quantile."),
            DetectorSetting("samples", .count(5...10_000), about: "Quantiles of so many samples; by default of all, estimated with five markers."),
            leastSamples(100, from: 5), floor, DeviationSide.setting, leastDeviation,
        ] + Learning.settings(),
        example: "unusual: {is: quantile, watch: site.power, low: 0.001, high: 0.999, min_samples: 5000, min_dev: 1 kW}",
        make: { settings throws(DetectionError) in
            let samples = settings.count("samples")
            return Detector(
                try QuantileLimits(
                    low: number("low", settings), high: number("high", settings), limits: .quantiles, samples: samples,
                    minimumSamples: min(whole("min_samples", settings), samples ?? .max), floor: number("floor", settings), rule: DeviationRule(settings),
                    learning: Learning(settings)))
        })

    private static let iqr = DetectorKind(
        "iqr", about: "A sample is too many interquartile ranges beyond the quartiles of those before it.",
        settings: [
            watch, plain("c", 1.5, "The greatest distance that is normal, in interquartile ranges.", source: "Tukey's fences"),
            DetectorSetting("samples", .count(5...10_000), about: "Quartiles of so many samples; by default of all, estimated with five markers."),
            leastSamples(20, from: 5), floor, DeviationSide.setting, leastDeviation, FalseAlarmBudget.setting,
        ] + Learning.settings(),
        example: "outlier: {is: iqr, watch: meter.pin_temperature, c: 3, samples: 500}",
        make: { settings throws(DetectionError) in
            let samples = settings.count("samples")
            return try budgeted(
                Detector(
                    try QuantileLimits(
                        low: 0.25, high: 0.75, limits: .fences(number("c", settings)), samples: samples,
                        minimumSamples: min(whole("min_samples", settings), samples ?? .max), floor: number("floor", settings),
                        rule: DeviationRule(settings), learning: Learning(settings))), settings)
        })

    // MARK: Control charts and change points

    private static let ewmaChart = DetectorKind(
        "ewma-chart", about: "The exponentially weighted mean has left its control limits: a slow drift.",
        settings: [
            watch, DetectorSetting("lambda", .plain(1e-9...1), default: .number(0.2), about: "The weight of a new sample."),
            plain("limit", 3, "Width of the limits in standard deviations of the weighted mean."),
            DetectorSetting(
                "limits", .oneOf(["widening", "fixed"]), default: .word("widening"),
                about: "widening: exact from the first sample on; fixed: those of a long run from the start."),
            DeviationSide.setting, leastDeviation, FalseAlarmBudget.setting,
        ] + Reference.settings,
        example: "drift: {is: ewma-chart, watch: meter.voltage, mean: 230 V, sigma: 1.5 V, lambda: 0.1, limit: 2.814}",
        make: { settings throws(DetectionError) in
            try budgeted(
                Detector(
                    try EWMAChart(
                        lambda: number("lambda", settings), limit: number("limit", settings), mean: settings.number("mean"),
                        sigma: settings.number("sigma"), hasFixedLimits: settings.word("limits") == "fixed",
                        minimumSamples: whole("min_samples", settings), rule: DeviationRule(settings), learning: Learning(settings))), settings)
        })

    private static let cusum = DetectorKind(
        "cusum", about: "Small deviations to one side add up: a small shift that stays.",
        settings: [
            watch,
            DetectorSetting(
                "k", .plain(0...1e6), default: .number(0.5), about: "What a sample must deviate to count, in standard deviations: half the shift to find."),
            plain("h", 5, "The sum that is anomalous, in standard deviations."),
            DetectorSetting("cap", positive, about: "The greatest sum, so that the alarm ends in time after the shift; by default twice 'h'."),
            DetectorSetting(
                "start", .oneOf(["zero", "head-start"]), default: .word("zero"),
                about: "head-start: the sums begin at half of 'h', to find a shift that is there from the start.", source: "fast initial response"),
            DetectorSetting(
                "after_alarm", .oneOf(["continue", "restart"]), default: .word("continue"),
                about: "restart: the sums begin anew after an anomalous sample."), DeviationSide.setting, FalseAlarmBudget.setting,
        ] + Reference.settings,
        example: "theft: {is: cusum, watch: meter.power, k: 0.5, h: 5, learn_for: 10min, direction: below}",
        make: { settings throws(DetectionError) in
            try budgeted(
                Detector(
                    try CUSUM(
                        k: number("k", settings), h: number("h", settings), mean: settings.number("mean"), sigma: settings.number("sigma"),
                        cap: settings.number("cap"), headStart: settings.word("start") == "head-start",
                        restarts: settings.word("after_alarm") == "restart", minimumSamples: whole("min_samples", settings),
                        side: DeviationSide(settings), learning: Learning(settings))), settings)
        })

    private static let pageHinkley = DetectorKind(
        "page-hinkley", about: "The mean has shifted against the mean so far.",
        settings: [
            watch, DetectorSetting("above", .level, default: .number(50), about: "The greatest sum of deviations that is normal."),
            DetectorSetting("delta", .level, default: .number(0.005), about: "The change of the mean that is allowed."),
            DetectorSetting("alpha", .plain(1e-9...1), default: .number(0.9999), about: "How much of the sum each sample keeps."),
            leastSamples(30, from: 1), DeviationSide.setting, FalseAlarmBudget.setting,
        ],
        example: "shift: {is: page-hinkley, watch: charger.current, above: 50 A, delta: 0.1 A}",
        make: { settings throws(DetectionError) in
            try budgeted(
                Detector(
                    try PageHinkley(
                        above: number("above", settings), delta: number("delta", settings), alpha: number("alpha", settings),
                        minimumSamples: whole("min_samples", settings), side: DeviationSide(settings))), settings)
        })

    private static let adwin = DetectorKind(
        "adwin", about: "The mean of the newer samples differs from that of the older ones: a change of regime.",
        settings: [
            watch, DetectorSetting("delta", .plain(1e-12...0.999), default: .number(0.002), about: "The confidence: how probable a false change may be."),
            count("clock", 32, 1...1_000_000, "Samples between checks."), count("max_buckets", 5, 2...64, "Buckets in each row of the window."),
            count("min_window", 5, 1...1_000_000, "The least length of either part."), count("grace", 10, 0...1_000_000, "Samples before the first check."),
            DetectorSetting(
                "after_change", .oneOf(ADWINChange.allCases.map(\.rawValue)), default: .word("restart"),
                about: "restart: begins anew; keep-newer: keeps the newer part of the window."),
        ],
        example: "regime: {is: adwin, watch: site.power, delta: 0.002, keep: 30s}",
        make: { settings throws(DetectionError) in
            Detector(
                try ADWIN(
                    delta: number("delta", settings), interval: whole("clock", settings), maximumBuckets: whole("max_buckets", settings),
                    minimumWindow: whole("min_window", settings), grace: whole("grace", settings),
                    change: settings.word("after_change").flatMap(ADWINChange.init) ?? .restart))
        })

    private static let tail = [
        DetectorSetting("risk", .plain(1e-12...0.1), default: .number(1e-4), about: "The probability that a normal sample is anomalous."),
        count("init", 1500, 50...100_000, "Samples from which the tail is first learnt."),
        DetectorSetting("level", .plain(0.5...0.9999), default: .number(0.98), about: "The quantile at which the tail begins."),
        DetectorSetting(
            "direction", .oneOf(DeviationSide.allCases.map(\.rawValue)), default: .word("above"), about: "Which tails count."), FalseAlarmBudget.setting,
    ]

    private static func tailDetector(_ settings: DetectorSettings, depth: Int) throws(DetectionError) -> Detector {
        Detector(
            try Spot(
                risk: number("risk", settings), initial: whole("init", settings), level: number("level", settings), depth: depth,
                side: settings.word("direction").flatMap(DeviationSide.init) ?? .above, falseAlarms: settings.number("target_far")))
    }

    private static let spot = DetectorKind(
        "spot", about: "A sample is so extreme that its probability is below a risk, by the tail of the samples so far.", settings: [watch] + tail,
        example: "peak: {is: spot, watch: site.power, risk: 1e-5, direction: above}",
        make: { settings throws(DetectionError) in try tailDetector(settings, depth: 0) })

    private static let dspot = DetectorKind(
        "dspot", about: "As spot, of the distance from a moving mean: for signals that drift.",
        settings: [watch, count("depth", 20, 1...100_000, "Samples of the moving mean.")] + tail,
        example: "peak: {is: dspot, watch: site.power, depth: 30, target_far: 1 /d, direction: both}",
        make: { settings throws(DetectionError) in try tailDetector(settings, depth: whole("depth", settings)) })

    // MARK: Periods

    private static let grid = DetectorSetting(
        "every", .duration, default: .duration(.seconds(1)), about: "The time between points; where no sample is new, the last one counts.")
    private static let block = DetectorSetting(
        "block", .duration, default: .duration(.seconds(128)), about: "The time that is looked at; it is judged every quarter of it.")

    private static func length(_ settings: DetectorSettings) throws(DetectionError) -> (Duration, Int) {
        let every = try time("every", settings)
        guard every > .zero else { throw .outOfRange(setting: "every", requirement: "longer than 0 s") }
        return (every, Int(min(try time("block", settings).nanoseconds / every.nanoseconds, 1 << 20)))
    }

    private static let goertzel = DetectorKind(
        "goertzel", about: "A large part of the signal is periodic with one of some frequencies.",
        settings: [
            watch, DetectorSetting("frequencies", .texts, required: true, about: "Frequencies in Hz, each with two periods or more in 'block'."), grid,
            block, DetectorSetting("above", .level, required: true, about: "The least amplitude that is anomalous."),
            DetectorSetting("min_share", .plain(1e-6...1), default: .number(0.5), about: "The least share of the variance that is anomalous."),
            FalseAlarmBudget.setting,
        ],
        example: "hunting: {is: goertzel, watch: charger.current, frequencies: [0.1, 0.125], every: 1s, block: 64s, above: 10 A}",
        make: { settings throws(DetectionError) in
            let (every, length) = try length(settings)
            var frequencies: [Double] = []
            for text in settings.texts("frequencies") ?? [] {
                guard let frequency = try? Quantity.parse(text), [.none, .frequency].contains(frequency.dimension), frequency.value.isFinite else {
                    throw .wrongType(setting: "frequencies", expected: "a list of numbers in Hz, for example [0.1, 0.125]")
                }
                frequencies.append(frequency.value)
            }
            return try budgeted(
                Detector(
                    try Goertzel(
                        frequencies: frequencies, every: every, length: length, above: number("above", settings), share: number("min_share", settings))),
                settings)
        })

    private static let autocorrelation = DetectorKind(
        "autocorrelation", about: "The signal repeats itself with some period.",
        settings: [
            watch, grid, block, DetectorSetting("shortest", .duration, default: .duration(.seconds(2)), about: "The shortest period to look for."),
            DetectorSetting("longest", .duration, default: .duration(.seconds(60)), about: "The longest, at most half of 'block'."),
            DetectorSetting("above", .plain(1e-6...1), default: .number(0.6), about: "The least correlation that is anomalous."),
            DetectorSetting("min_std", .level, default: .number(0), about: "The score of a block with a smaller standard deviation is 0."),
            FalseAlarmBudget.setting,
        ],
        example: "cycle: {is: autocorrelation, watch: charger.current, every: 1s, block: 128s, longest: 60s, above: 0.6, min_std: 2 A}",
        make: { settings throws(DetectionError) in
            let (every, length) = try length(settings)
            let (shortest, longest) = (
                try time("shortest", settings).nanoseconds / every.nanoseconds, try time("longest", settings).nanoseconds / every.nanoseconds
            )
            guard shortest <= longest else { throw .outOfRange(setting: "shortest", requirement: "at most 'longest'") }
            guard longest <= 1 << 20 else { throw .outOfRange(setting: "longest", requirement: "at most half of 'block'") }
            return try budgeted(
                Detector(
                    try Autocorrelation(
                        every: every, length: length, lags: Int(shortest)...Int(longest), above: number("above", settings),
                        leastDeviation: number("min_std", settings))), settings)
        })

    private static let seasonalBaseline = DetectorKind(
        "seasonal-baseline", about: "A sample is unusual for its time of the day, of the week or of the charging session.",
        settings: [
            watch, DetectorSetting("period", .duration, default: .duration(.seconds(86_400)), about: "The length of the season."),
            count("slots", 288, 1...100_000, "Parts of the period that are learnt one by one."),
            DetectorSetting("alpha", .plain(1e-9...1), default: .number(0.3), about: "The least weight of a new sample in its slot."),
            plain("k", 4, "The greatest distance that is normal, in standard deviations of the slot."),
            count("min_cycles", 3, 1...1_000_000, "Periods that a slot has learnt before it judges."), floor,
            DetectorSetting(
                "phase", .oneOf(SeasonalBaseline.Phase.allCases.map(\.rawValue)), default: .word("clock"),
                about: "clock: the time since the start of the run; session: the time since 'only_when' became true."),
            DetectorSetting("offset", .duration, default: .duration(.zero), about: "With clock: the time of the period at which the run starts."),
            DeviationSide.setting, leastDeviation, FalseAlarmBudget.setting,
        ] + Learning.settings(.normalOnly),
        example: "night: {is: seasonal-baseline, watch: site.power, period: 1d, slots: 288, k: 4, floor: 1 kW, offset: 18h}",
        make: { settings throws(DetectionError) in
            try budgeted(
                Detector(
                    try SeasonalBaseline(
                        period: time("period", settings), slots: whole("slots", settings), alpha: number("alpha", settings), k: number("k", settings),
                        cyclesNeeded: whole("min_cycles", settings), floor: number("floor", settings),
                        phase: settings.word("phase").flatMap(SeasonalBaseline.Phase.init) ?? .clock, offset: time("offset", settings),
                        rule: DeviationRule(settings), learning: Learning(settings, default: .normalOnly))), settings)
        })

    // MARK: Rarity

    private static let histogramRarity = DetectorKind(
        "histogram-rarity", about: "A value is rare among those before it.",
        settings: [
            watch, count("bins", 100, 2...4096, "Cells of the range."),
            count("forget", 2000, 10...100_000_000, "Samples after which one weighs about a third."),
            DetectorSetting("kernel", .plain(0...10), default: .number(1), about: "Cells over which a sample is spread, as a standard deviation; 0 for none."),
        ] + range + [probe, rarity(2e-3), leastSamples(50, from: 0), cooldown(300), FalseAlarmBudget.setting] + Learning.settings(),
        example: "rare: {is: histogram-rarity, watch: charger.current, from: 0 A, to: 40 A, bins: 80}",
        make: { settings throws(DetectionError) in
            Detector(
                try HistogramRarity(
                    bins: whole("bins", settings), forget: whole("forget", settings), kernel: number("kernel", settings), low: settings.number("from"),
                    high: settings.number("to"), probe: whole("probe", settings), minimumSamples: whole("min_samples", settings),
                    judge: rarityJudge(settings)))
        })

    private static let rarity2d = DetectorKind(
        "rarity2d", about: "A pair of value and change is rare among those before it.",
        settings: [
            watch, count("bins", 24, 2...256, "Cells of the value."), count("delta_bins", 25, 2...256, "Cells of the change."),
            count("lag", 1, 1...100_000, "Samples over which the change is taken."),
            count("forget", 4000, 10...100_000_000, "Samples after which one weighs about a third."),
        ] + range + [probe, rarity(2e-3), leastSamples(50, from: 0), cooldown(300), FalseAlarmBudget.setting] + Learning.settings(),
        example: "rare: {is: rarity2d, watch: charger.current, from: 0 A, to: 40 A}",
        make: { settings throws(DetectionError) in
            Detector(
                try PairRarity(
                    bins: whole("bins", settings), changeBins: whole("delta_bins", settings), lag: whole("lag", settings), forget: whole("forget", settings),
                    low: settings.number("from"), high: settings.number("to"), probe: whole("probe", settings),
                    minimumSamples: whole("min_samples", settings), judge: rarityJudge(settings)))
        })

    private static let markov = DetectorKind(
        "markov", about: "A step from one state to another is improbable after those before it.",
        settings: [
            watch, count("states", 16, 2...256, "States: the values 0, 1, ... of the signal, or as many cells between 'from' and 'to'."),
        ]
            + range.map {
                DetectorSetting($0.name, $0.type, about: $0.name == "from" ? "The lower end of the cells, for a signal without states." : "Their upper end.")
            }
            + [
                plain("alpha", 0.5, "What each step counts before it was seen."),
                count("forget", 2000, 10...100_000_000, "The counts of a state are halved when they exceed four times this."),
                DetectorSetting(
                    "count", .oneOf(["samples", "changes"]), default: .word("samples"),
                    about: "samples: each sample is a step; changes: only one in another state."),
                rarity(1e-3), leastSamples(100, from: 1), cooldown(0), FalseAlarmBudget.setting,
            ] + Learning.settings(),
        example: "odd_step: {is: markov, watch: cp1.status, states: 9, count: changes, rarity: 1e-3}",
        make: { settings throws(DetectionError) in
            Detector(
                try Markov(
                    states: whole("states", settings), low: settings.number("from"), high: settings.number("to"), alpha: number("alpha", settings),
                    forget: whole("forget", settings), minimumSamples: whole("min_samples", settings), onlyChanges: settings.word("count") == "changes",
                    judge: rarityJudge(settings)))
        })
}
