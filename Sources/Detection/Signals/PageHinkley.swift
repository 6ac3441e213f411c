import Quantities

/// A shift of the mean against the mean so far: `page-hinkley` (Page 1954; Hinkley, Biometrika 58 (1971) 509-523).
///
/// After an anomalous sample everything, the mean included, begins anew.
struct PageHinkley: DetectorState, ~Copyable {
    private let delta: Double
    private let alpha: Double
    private let criterion: Criterion
    private let needed: Int
    private let side: DeviationSide
    private var clock = SampleClock()
    private var count = 0
    private var mean = 0.0
    private var up = 0.0
    private var down = 0.0
    private var least = Double.infinity
    private var greatest = -Double.infinity
    private var fired = false
    /// When the extremes of the two sums were reached: the estimates of when a shift began.
    private var upSince: Int64?
    private var downSince: Int64?

    /// How far the two sums are from their extremes.
    private(set) var increase = 0.0
    private(set) var decrease = 0.0
    private(set) var statistic: Double?

    /// A detector that scores the greater statistic / `above`.
    ///
    /// - Parameters:
    ///   - delta: change of the mean that is allowed, in the unit of the signal.
    ///   - alpha: how much of the sums a sample keeps.
    init(above: Double = 50, delta: Double = 0.005, alpha: Double = 0.9999, minimumSamples: Int = 30, side: DeviationSide = .both) throws(DetectionError) {
        try requirePositive("above", above)
        try requirePositive("delta", delta, orZero: true)
        guard alpha > 0, alpha <= 1 else { throw .outOfRange(setting: "alpha", requirement: "greater than 0 and at most 1") }
        try require("min_samples", minimumSamples, 1...Window.maximumSamples)
        criterion = Criterion(unchecked: above, compare: .gt)
        self.delta = delta
        self.alpha = alpha
        needed = minimumSamples
        self.side = side
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health }
    /// The score at which an alert clears for a value of the statistic.
    func clearScore(level: Double) -> Double? { criterion.clearScore(level: level) }
    /// When the sum that has risen most was at its extreme.
    var onset: Instant? { (increase >= decrease ? upSince : downSince).map { Instant(nanoseconds: $0) } }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        count = 0
        mean = 0
        up = 0
        down = 0
        least = .infinity
        greatest = -.infinity
        fired = false
        statistic = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        if fired { restart() }
        let x = clipped(value)
        count &+= 1
        mean += (x - mean) / Double(count)
        let deviation = x - mean
        up = alpha * up + deviation - delta
        down = alpha * down + deviation + delta
        if up < least {
            least = up
            upSince = instant.nanoseconds
        }
        if down > greatest {
            greatest = down
            downSince = instant.nanoseconds
        }
        increase = up - least
        decrease = greatest - down
        let found =
            switch side {
            case .both: max(increase, decrease)
            case .above: increase
            case .below: decrease
            }
        guard count >= needed else {
            statistic = nil
            return nil
        }
        statistic = found
        fired = found > criterion.threshold
        return criterion.score(found)
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        writer.put(count)
        for value in [mean, up, down, least, greatest, increase, decrease] { writer.put(value) }
        writer.put(fired)
        writer.put(upSince)
        writer.put(downSince)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        count = try reader.int(in: 0...Int.max)
        mean = try reader.number()
        up = try reader.number()
        down = try reader.number()
        least = try reader.number()
        greatest = try reader.number()
        increase = try reader.number()
        decrease = try reader.number()
        fired = try reader.flag()
        upSince = try reader.optionalInteger()
        downSince = try reader.optionalInteger()
        statistic = nil
    }
}
