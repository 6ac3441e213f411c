import Quantities

/// A periodic part of unknown period: `autocorrelation`, the biased estimate over a block.
struct Autocorrelation: DetectorState, ~Copyable {
    private let lags: ClosedRange<Int>
    private let criterion: Criterion
    private let leastVariance: Double
    private let period: Double
    private var block: GridBlock
    private var clock = SampleClock()
    private let centred: NumberBuffer
    private let values: NumberBuffer

    /// The greatest correlation over the lags of the newest block.
    private(set) var statistic: Double?
    /// The lag of the first local maximum over the threshold, in grid points.
    private(set) var lag: Int?

    /// A detector that scores the greatest correlation / `above`.
    ///
    /// - Parameters:
    ///   - lags: in points of the grid, at most half the block.
    ///   - leastDeviation: the score of a block with a lesser standard deviation is 0.
    init(every period: Duration, length: Int, lags: ClosedRange<Int>, above: Double = 0.6, leastDeviation: Double = 0) throws(DetectionError) {
        try GridBlock.check(length: length, every: period)
        guard lags.lowerBound >= 1 else { throw .outOfRange(setting: "shortest", requirement: "at least 'every'") }
        guard lags.upperBound <= length / 2 else { throw .outOfRange(setting: "longest", requirement: "at most half of 'block'") }
        guard above > 0, above <= 1 else { throw .outOfRange(setting: "above", requirement: "greater than 0 and at most 1") }
        try requirePositive("min_std", leastDeviation, orZero: true)
        self.lags = lags
        criterion = Criterion(unchecked: above, compare: .ge)
        leastVariance = leastDeviation * leastDeviation
        self.period = Double(period.nanoseconds) / 1e9
        block = GridBlock(length: length, every: period, hop: max(length / 4, 1))
        centred = NumberBuffer(count: length)
        values = NumberBuffer(count: lags.upperBound + 2)
    }

    /// The period that the newest block shows, in seconds.
    var foundPeriod: Double? { lag.map { Double($0) * period } }
    /// The correlation at a lag of the newest block, from 0 to one beyond the greatest.
    func correlation(_ lag: Int) -> Double { values[lag] }
    /// Input that could not be used.
    var health: DetectorHealth { clock.health }
    /// The score at a correlation.
    func clearScore(level: Double) -> Double? { criterion.clearScore(level: level) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        block.removeAll()
        statistic = nil
        lag = nil
    }
    /// The block starts anew.
    mutating func resume() { restart() }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        statistic = nil
        guard block.add(clipped(value), at: instant.nanoseconds) else { return nil }
        lag = nil
        let count = block.length
        let (mean, squares) = block.moments
        guard squares > 0, squares >= leastVariance * Double(count) else {
            values.fill(0)
            statistic = 0
            return 0
        }
        for index in 0..<count { centred[index] = block[index] - mean }
        for lag in 0...(lags.upperBound + 1) {
            var sum = 0.0
            for index in lag..<count { sum += centred[index] * centred[index &- lag] }
            values[lag] = sum / squares
        }
        var greatest = 0.0
        for candidate in lags {
            let r = values[candidate]
            greatest = max(greatest, r)
            if lag == nil, r >= criterion.threshold, r >= values[candidate - 1], r >= values[candidate + 1] { lag = candidate }
        }
        statistic = greatest
        return criterion.score(greatest)
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        block.save(&writer)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try block.restore(&reader)
        statistic = nil
        lag = nil
    }
}
