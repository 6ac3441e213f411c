import Quantities

/// The range (greatest minus least value) of a moving window, compared with a threshold: `moving-range`.
///
/// The detector does not wait for a full window, because a range can only grow while a window fills.
public struct MovingRange: DetectorState, ~Copyable {
    private let criterion: Criterion
    private let width: UInt64
    private let countsSamples: Bool
    private let minimumSamples: Int
    private var clock = SampleClock()
    private var extremes: WindowExtremes
    private var number: Int64 = 0

    /// The range of the newest window in the unit of the signal; `nil` while it holds too few samples.
    public private(set) var range: Double?

    /// A detector that scores range / `above`.
    ///
    /// - Parameters:
    ///   - window: how far back the range looks.
    ///   - above: threshold in the unit of the signal, not negative.
    ///   - minimumSamples: valid samples in the window before there is a score, at least 1.
    ///   - compare: strictly above, or at least.
    public init(window: Window, above: Double, minimumSamples: Int = 2, compare: Comparison = .gt) throws(DetectionError) {
        let criterion = try Criterion(above, compare: compare)
        let width = try window.width()
        let needed = try checkedMinimum(minimumSamples)
        self.criterion = criterion
        self.width = width
        countsSamples = window.countsSamples
        self.minimumSamples = needed
        extremes = WindowExtremes()
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }
    /// The score at which an alert clears for a level in the unit of the threshold; `nil` when the level is no such level.
    public func clearScore(level: Double) -> Double? { criterion.clearScore(level: level) }

    /// The range of the newest window.
    public var statistic: Double? { range }

    /// Takes samples in a row; the window stays in registers as long as it goes by time.
    public mutating func update(times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>) {
        let count = min(times.count, values.count, scores.count)
        guard let time = times.baseAddress, let value = values.baseAddress, let score = scores.baseAddress else { return }
        var index = 0
        while index < count {
            score[index] = update(at: time[index], value: value[index]) ?? .nan
            index &+= 1
            guard !countsSamples else { continue }
            var last = clock.last
            let start = index
            index = extremes.takeRows(
                time, value, score, from: index, to: count, width: width, needed: minimumSamples, criterion: criterion, last: &last)
            clock.advance(to: last)
            guard index > start else { continue }
            number &+= Int64(index &- start)
            range = extremes.count >= minimumSamples ? extremes.maximum - extremes.minimum : nil
        }
    }

    /// Writes the state.
    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        extremes.save(&writer)
        writer.put(number)
    }

    /// Takes over a state.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try extremes.restore(&reader)
        number = try reader.integer()
        range = nil
    }

    /// Forgets the samples; the health counters stay.
    public mutating func restart() {
        extremes.removeAll()
        number = 0
        range = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    public mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant) else { return nil }
        let position: Int64
        if value.isFinite {
            number &+= 1
            position = countsSamples ? number : instant.nanoseconds
            clock.health.overflow &+= extremes.add(WindowSample(position: position, value: value))
        } else {
            clock.health.invalid += 1
            position = countsSamples ? number : instant.nanoseconds
        }
        extremes.expire(at: position, width: width)
        guard extremes.count >= minimumSamples else {
            range = nil
            return nil
        }
        let statistic = extremes.maximum - extremes.minimum
        range = statistic
        return criterion.score(statistic)
    }
}

/// The least number of samples of a window, checked against what a window can hold.
func checkedMinimum(_ count: Int) throws(DetectionError) -> Int {
    guard count >= 1, count <= Window.maximumSamples else {
        throw .outOfRange(setting: "min_samples", requirement: "between 1 and \(Window.maximumSamples)")
    }
    return count
}
