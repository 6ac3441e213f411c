import Quantities

/// The distance of a sample from the median of those before it, in scaled median absolute deviations: `hampel`.
struct Hampel: DetectorState, ~Copyable {
    private let criterion: Criterion
    private let needed: Int
    private let floor: Double
    private let rule: DeviationRule
    private var window: SortedWindow
    private var gate: LearningGate
    private var clock = SampleClock()

    /// The factor that makes a median absolute deviation an estimate of the standard deviation of normal samples.
    static let scale = 1.4826

    /// The median and the median absolute deviation that the newest sample was compared with; `nil` while warming up.
    private(set) var centre: (median: Double, spread: Double)?
    /// The distance of the newest sample in spreads, on the side that counts; `nil` while warming up.
    private(set) var statistic: Double?

    /// A detector that scores the distance / `k`.
    ///
    /// - Parameters:
    ///   - samples: length of the window, at most 10 000.
    ///   - floor: the least spread in the unit of the signal, for signals that repeat a value.
    init(samples: Int = 200, k: Double = 3, minimumSamples: Int = 20, floor: Double = 0, rule: DeviationRule, learning: Learning = Learning())
        throws(DetectionError)
    {
        try require("samples", samples, 3...10_000)
        try require("min_samples", minimumSamples, 1...samples)
        try requirePositive("k", k)
        try requirePositive("floor", floor, orZero: true)
        try learning.check()
        criterion = Criterion(unchecked: k, compare: .gt)
        needed = minimumSamples
        self.floor = floor
        self.rule = rule
        window = SortedWindow(capacity: samples)
        gate = LearningGate(learning)
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health.with(gate) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        window.removeAll()
        statistic = nil
        centre = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let x = clipped(value)
        var score: Double?
        statistic = nil
        centre = nil
        if gate.isOpen || gate.judges(at: instant), window.count >= needed {
            let median = window.median
            let spread = window.medianDistance(from: median)
            centre = (median, spread)
            let part = rule.side.part(of: x - median)
            let distance = ratio(part, to: max(Hampel.scale * spread, floor))
            statistic = distance
            score = Score.settled(hit: distance > criterion.threshold && rule.counts(part), raw: distance / criterion.threshold)
        }
        if gate.isOpen || gate.learns(score: score, at: instant) { window.push(x) }
        return score
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        gate.save(&writer)
        window.save(&writer)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try gate.restore(&reader)
        try window.restore(&reader)
        statistic = nil
        centre = nil
    }
}
