import Quantities

/// The sign of the changes that a `rate-of-change` looks at.
public enum ChangeDirection: String, Sendable, CaseIterable {
    /// Rises and falls.
    case both
    /// Rises only.
    case rising
    /// Falls only.
    case falling

    /// The part of a change that counts, not negative when it lies in this direction.
    @inline(__always)
    func part(of change: Double) -> Double {
        switch self {
        case .both: change.magnitude
        case .rising: change
        case .falling: -change
        }
    }
}

/// The slope between successive samples, compared with a threshold in units per second: `rate-of-change` without `within`.
public struct RateOfChange: DetectorState, ~Copyable {
    private let criterion: Criterion
    private let direction: ChangeDirection
    private let minimumGap: UInt64
    private let maximumGap: UInt64
    private var clock = SampleClock()
    private var previous: WindowSample?

    /// The slope at the newest sample, in units per second; `nil` when there was none.
    public private(set) var slope: Double?

    /// A detector that scores slope / `above`.
    ///
    /// - Parameters:
    ///   - above: threshold in units per second, not negative.
    ///   - direction: which sign counts.
    ///   - minimumGap: samples closer than this are skipped and the older one stays the reference, so that jitter makes no slope.
    ///   - maximumGap: after a longer gap the slope starts anew.
    public init(
        above: Double, direction: ChangeDirection = .both, minimumGap: Duration = .milliseconds(50), maximumGap: Duration = .seconds(30),
        compare: Comparison = .gt
    ) throws(DetectionError) {
        let criterion = try Criterion(above, compare: compare)
        guard minimumGap >= .zero else { throw .outOfRange(setting: "min_dt", requirement: "0 s or longer") }
        guard maximumGap > minimumGap else { throw .outOfRange(setting: "max_gap", requirement: "longer than 'min_dt'") }
        self.criterion = criterion
        self.direction = direction
        self.minimumGap = UInt64(max(minimumGap.nanoseconds, 1))
        self.maximumGap = UInt64(maximumGap.nanoseconds)
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }
    /// The score at which an alert clears for a level in the unit of the threshold; `nil` when the level is no such level.
    public func clearScore(level: Double) -> Double? { criterion.clearScore(level: level) }

    /// Forgets the samples; the health counters stay.
    public mutating func restart() {
        previous = nil
        slope = nil
    }

    /// Slopes start anew.
    public mutating func resume() { restart() }
    /// The part of the newest slope that counts.
    public var statistic: Double? { slope.map { direction.part(of: $0) } }
    /// Writes the state.
    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        writer.put(previous?.position)
        writer.put(previous?.value ?? 0)
    }
    /// Takes over a state.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        let position = try reader.optionalInteger()
        let value = try reader.number()
        previous = position.map { WindowSample(position: $0, value: value) }
        slope = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    public mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant) else { return nil }
        guard value.isFinite else {
            clock.health.invalid += 1
            return nil
        }
        slope = nil
        let sample = WindowSample(position: instant.nanoseconds, value: value)
        guard let older = previous else {
            previous = sample
            return nil
        }
        let gap = distance(from: older.position, to: sample.position)
        if gap > maximumGap {
            previous = sample
            return nil
        }
        if gap < minimumGap { return nil }
        previous = sample
        let rate = (value - older.value) / (Double(gap) / 1e9)
        slope = rate
        return criterion.score(direction.part(of: rate))
    }
}

/// The greatest change to the newest sample within a time, compared with a threshold: `rate-of-change` with `within`.
///
/// The interval is closed, unlike a moving window: two samples exactly `within` apart are a change within that time.
public struct ChangeWithin: DetectorState, ~Copyable {
    private let criterion: Criterion
    private let direction: ChangeDirection
    private let width: UInt64
    private var clock = SampleClock()
    private var extremes: WindowExtremes
    /// The greatest change in the window of the newest sample; `nil` when there was none.
    public private(set) var statistic: Double?

    /// A detector that scores the greatest change / `above`.
    public init(above: Double, within: Duration, direction: ChangeDirection = .both, compare: Comparison = .gt) throws(DetectionError) {
        let criterion = try Criterion(above, compare: compare)
        let width = try Window.duration(within).width(setting: "within")
        self.criterion = criterion
        self.width = width + 1
        extremes = WindowExtremes()
        self.direction = direction
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }
    /// The score at which an alert clears for a level in the unit of the threshold; `nil` when the level is no such level.
    public func clearScore(level: Double) -> Double? { criterion.clearScore(level: level) }
    /// Forgets the samples; the health counters stay.
    public mutating func restart() {
        extremes.removeAll()
        statistic = nil
    }
    /// Changes start anew.
    public mutating func resume() { restart() }
    /// Writes the state.
    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        extremes.save(&writer)
    }
    /// Takes over a state.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try extremes.restore(&reader)
        statistic = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    public mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant) else { return nil }
        guard value.isFinite else {
            clock.health.invalid += 1
            return nil
        }
        let position = instant.nanoseconds
        let isFirst = extremes.isEmpty
        clock.health.overflow &+= extremes.add(WindowSample(position: position, value: value))
        extremes.expire(at: position, width: width)
        statistic = nil
        guard !isFirst else { return nil }
        let rise = value - extremes.minimum
        let fall = extremes.maximum - value
        let change =
            switch direction {
            case .both: max(rise, fall)
            case .rising: rise
            case .falling: fall
            }
        statistic = change
        return criterion.score(change)
    }
}
