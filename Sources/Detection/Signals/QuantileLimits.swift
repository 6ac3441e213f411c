import Quantities

/// Two quantiles of the samples so far, or of a window of them.
struct QuantilePair: ~Copyable {
    private let low: Double
    private let high: Double
    private var estimates: (PSquare, PSquare)
    private var window: SortedWindow
    private let isWindowed: Bool

    /// Quantiles of the newest `samples`, or of all with `nil`.
    init(_ low: Double, _ high: Double, samples: Int?) {
        self.low = low
        self.high = high
        estimates = (PSquare(low), PSquare(high))
        isWindowed = samples != nil
        window = SortedWindow(capacity: samples ?? 1)
    }

    var count: Int { isWindowed ? window.count : estimates.0.count }
    /// The two quantiles; there must be five samples.
    var values: (low: Double, high: Double) {
        isWindowed ? (window.quantile(low), window.quantile(high)) : (estimates.0.estimate, estimates.1.estimate)
    }

    mutating func add(_ x: Double) {
        if isWindowed { return window.push(x) }
        estimates.0.add(x)
        estimates.1.add(x)
    }

    mutating func removeAll() {
        window.removeAll()
        estimates = (PSquare(low), PSquare(high))
    }

    func save(_ writer: inout StateWriter) {
        window.save(&writer)
        estimates.0.save(&writer)
        estimates.1.save(&writer)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try window.restore(&reader)
        try estimates.0.restore(&reader)
        try estimates.1.restore(&reader)
    }
}

/// Limits learnt as quantiles: `quantile` (two quantiles are the limits) and `iqr` (Tukey's fences around the quartiles).
struct QuantileLimits: DetectorState, ~Copyable {
    /// How limits follow from the two quantiles.
    enum Limits: Equatable {
        /// They are the limits; the distance from them counts in half the distance between them.
        case quantiles
        /// So many interquartile ranges beyond the quartiles.
        case fences(Double)
    }

    private let limits: Limits
    private let needed: Int
    private let floor: Double
    private let rule: DeviationRule
    private var pair: QuantilePair
    private var gate: LearningGate
    private var clock = SampleClock()

    /// How far the newest sample lies outside the quantiles: in the unit of the signal, or in interquartile ranges; `nil` while warming up.
    private(set) var statistic: Double?

    /// A detector for two quantiles of the samples before the one under test.
    init(
        low: Double, high: Double, limits: Limits, samples: Int? = nil, minimumSamples: Int, floor: Double = 0, rule: DeviationRule,
        learning: Learning = Learning()
    ) throws(DetectionError) {
        try require("low", low, 0...1)
        try require("high", high, 0...1)
        guard low < high else { throw .outOfRange(setting: "low", requirement: "less than 'high'") }
        if let samples { try require("samples", samples, 5...10_000) }
        try require("min_samples", minimumSamples, 5...(samples ?? Window.maximumSamples))
        if case .fences(let c) = limits { try requirePositive("c", c) }
        try requirePositive("floor", floor, orZero: true)
        try learning.check()
        self.limits = limits
        needed = minimumSamples
        self.floor = floor
        self.rule = rule
        pair = QuantilePair(low, high, samples: samples)
        gate = LearningGate(learning)
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health.with(gate) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        pair.removeAll()
        statistic = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let x = clipped(value)
        var score: Double?
        statistic = nil
        if gate.isOpen || gate.judges(at: instant), pair.count >= needed {
            let (low, high) = pair.values
            let outside =
                switch rule.side {
                case .both: max(x - high, low - x)
                case .above: x - high
                case .below: low - x
                }
            let isFar = rule.counts(outside)
            switch limits {
            case .quantiles:
                let half = max((high - low) / 2, floor)
                statistic = outside
                score = Score.settled(hit: outside > 0 && isFar, raw: 1 + ratio(outside, to: half))
            case .fences(let c):
                let spread = max(high - low, floor)
                let distance = outside > 0 ? ratio(outside, to: spread) : 0
                statistic = distance
                score = Score.settled(hit: distance > c && isFar, raw: distance / c)
            }
        }
        if gate.isOpen || gate.learns(score: score, at: instant) { pair.add(x) }
        return score
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        gate.save(&writer)
        pair.save(&writer)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try gate.restore(&reader)
        try pair.restore(&reader)
        statistic = nil
    }
}
