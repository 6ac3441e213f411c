import Quantities

/// The control chart of an exponentially weighted mean: `ewma-chart` (Roberts, Technometrics 1 (1959) 239-250).
struct EWMAChart: DetectorState, ~Copyable {
    private let lambda: Double
    private let limit: Double
    private let hasFixedLimits: Bool
    private let rule: DeviationRule
    private var reference: Reference
    private var clock = SampleClock()
    /// (1 - lambda)^(2n), 0 once it no longer matters.
    private var fading: Double
    /// The standard deviation of the weighted mean for large n, and the limit in the unit of the signal.
    private var steady = 0.0
    private var threshold = 0.0

    /// The weighted mean after the newest sample.
    private(set) var mean = 0.0
    private(set) var statistic: Double?

    /// A detector that scores the distance of the weighted mean from the reference / its limit.
    ///
    /// - Parameters:
    ///   - limit: width of the limits in standard deviations of the weighted mean.
    ///   - hasFixedLimits: whether the limits are those of a long run from the start; else they widen from the first sample on.
    init(
        lambda: Double = 0.2, limit: Double = 3, mean: Double? = nil, sigma: Double? = nil, hasFixedLimits: Bool = false, minimumSamples: Int = 100,
        rule: DeviationRule, learning: Learning = Learning()
    ) throws(DetectionError) {
        guard lambda > 0, lambda <= 1 else { throw .outOfRange(setting: "lambda", requirement: "greater than 0 and at most 1") }
        try requirePositive("limit", limit)
        let reference = try Reference(mean: mean, sigma: sigma, needed: minimumSamples, learning: learning)
        self.lambda = lambda
        self.limit = limit
        self.hasFixedLimits = hasFixedLimits
        self.rule = rule
        fading = 1
        self.reference = reference
        if reference.isKnown { begin() }
    }

    private mutating func begin() {
        mean = reference.mean
        steady = reference.sigma * (lambda / (2 - lambda)).squareRoot()
        threshold = limit * steady
        fading = hasFixedLimits ? 0 : 1
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health }
    /// The score at a distance of the weighted mean from the reference.
    func clearScore(level: Double) -> Double? { reference.isKnown ? Criterion(unchecked: threshold, compare: .gt).clearScore(level: level) : nil }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        reference.restart()
        statistic = nil
        if reference.isKnown { begin() }
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    @inline(__always)
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let x = clipped(value)
        guard reference.isKnown else {
            if reference.learn(x, at: instant.nanoseconds) { begin() }
            return nil
        }
        mean += lambda * (x - mean)
        if fading > 0 { widen() }
        let part = rule.side.part(of: mean - reference.mean)
        let limitNow = threshold
        statistic = part
        return Score.settled(hit: part > limitNow && rule.counts(part), raw: part / limitNow)
    }

    @inline(never)
    private mutating func widen() {
        fading *= (1 - lambda) * (1 - lambda)
        // Below 2^-60 the factor 1 - fading rounds to 1.
        if fading < 0x1p-60 { fading = 0 }
        threshold = limit * steady * (1 - fading).squareRoot()
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        reference.save(&writer)
        for value in [fading, steady, threshold, mean] { writer.put(value) }
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try reference.restore(&reader)
        fading = try reader.number()
        steady = try reader.number()
        threshold = try reader.number()
        mean = try reader.number()
        statistic = nil
    }
}
