import Quantities

/// Which turning points of a signal an `oscillation` counts.
public enum SwingCount: String, Sendable, CaseIterable {
    /// Changes of strictly more than the band; the first rise or fall counts.
    case swings
    /// Changes of at least the band; the first one only sets the direction.
    case reversals
}

/// Repeated swings of a signal: a zigzag with a hysteresis band, counted in a moving window: `oscillation`.
///
/// The extreme since the last confirmed swing is kept; a sample beyond the band from it confirms a swing at that sample and becomes the new extreme.
public struct Oscillation: DetectorState, ~Copyable {
    private let swing: Double
    private let atLeast: Int
    private let width: UInt64
    private let count: SwingCount
    private let inclusive: Bool
    private var clock = SampleClock()
    /// Confirmed swings of the window; the value is the extreme that each one left.
    private var swings: SampleRing
    private let greatestKept: Int
    private var low = 0.0
    private var high = 0.0
    private var extreme = 0.0
    private var newest: Int64?

    /// The way of the last confirmed swing: +1 up, -1 down, 0 before the first.
    public private(set) var direction = 0
    /// Swings or reversals counted since the start or the last restart.
    public private(set) var total = 0

    /// A detector that scores the number of swings in (t - `within`, t] / `atLeast`.
    ///
    /// - Parameters:
    ///   - swing: the band in the unit of the signal, not negative.
    ///   - atLeast: swings that make an anomaly, 1...100 000.
    ///   - within: length of the window, longer than 0 s.
    ///   - count: swings, or reversals.
    ///   - compare: whether a change of exactly the band counts; by default not for swings, and so for reversals.
    public init(
        swing: Double, atLeast: Int = 4, within: Duration = .seconds(30), count: SwingCount = .swings, compare: Comparison? = nil
    ) throws(DetectionError) {
        guard swing.isFinite, swing >= 0 else { throw .outOfRange(setting: "swing", requirement: "a finite number that is not negative") }
        guard (1...100_000).contains(atLeast) else { throw .outOfRange(setting: "at_least", requirement: "between 1 and 100000") }
        width = try Window.duration(within).width(setting: "within")
        self.swing = swing
        self.atLeast = atLeast
        self.count = count
        inclusive = (compare ?? (count == .swings ? .gt : .ge)) == .ge
        greatestKept = 4 * atLeast
        swings = SampleRing(limit: 4 * atLeast)
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }
    /// The score at which an alert clears for a level in the unit of the threshold; `nil` when the level is no such level.
    public func clearScore(level: Double) -> Double? { Criterion(unchecked: Double(atLeast), compare: .ge).clearScore(level: level) }

    /// Swings in the window of the newest sample, at most four times `atLeast`.
    public var countInWindow: Int { swings.count }

    /// The mean length of a full period (two swings) in the window, in seconds; `nil` with fewer than two swings.
    public var meanPeriod: Double? {
        guard swings.count >= 2 else { return nil }
        return 2 * Double(distance(from: swings.first.position, to: swings.last.position)) / 1e9 / Double(swings.count - 1)
    }

    /// The mean change between successive extremes of the window, in the unit of the signal; `nil` with fewer than two swings.
    public var meanAmplitude: Double? {
        guard swings.count >= 2 else { return nil }
        var sum = 0.0
        for index in 1..<swings.count { sum += (swings[index].value - swings[index - 1].value).magnitude }
        return sum / Double(swings.count - 1)
    }

    /// Swings in the window.
    public var statistic: Double? { Double(swings.count) }

    /// Writes the state.
    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        swings.save(&writer)
        for number in [low, high, extreme] { writer.put(number) }
        writer.put(newest)
        writer.put(direction)
        writer.put(total)
    }

    /// Takes over a state.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try swings.restore(&reader)
        low = try reader.number()
        high = try reader.number()
        extreme = try reader.number()
        newest = try reader.optionalInteger()
        direction = try reader.int(in: -1...1)
        total = try reader.int()
    }

    /// Forgets the samples; the health counters stay.
    public mutating func restart() {
        forget()
        total = 0
    }

    private mutating func forget() {
        swings.removeAll()
        newest = nil
        direction = 0
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    public mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant) else { return nil }
        let now = instant.nanoseconds
        if value.isFinite {
            if let newest, distance(from: newest, to: now) > width { forget() }
            if newest == nil {
                low = value
                high = value
                extreme = value
            }
            newest = now
            follow(value, at: now)
        } else {
            clock.health.invalid += 1
            if newest == nil { return nil }
        }
        while !swings.isEmpty, distance(from: swings.first.position, to: now) >= width { swings.removeFirst() }
        let counted = swings.count
        return Score.settled(hit: counted >= atLeast, raw: Double(counted) / Double(atLeast))
    }

    @inline(__always)
    private func isOver(_ change: Double) -> Bool { inclusive ? change >= swing : change > swing }

    @inline(__always)
    private mutating func follow(_ value: Double, at now: Int64) {
        if direction == 0 {
            if value < low { low = value }
            if value > high { high = value }
            if isOver(value - low), value > low {
                turn(to: 1, at: now, from: low, value: value, counts: count == .swings)
            } else if isOver(high - value), high > value {
                turn(to: -1, at: now, from: high, value: value, counts: count == .swings)
            }
            return
        }
        let back = direction > 0 ? extreme - value : value - extreme
        if back < 0 {
            extreme = value
        } else if isOver(back), back > 0 {
            turn(to: -direction, at: now, from: extreme, value: value, counts: true)
        }
    }

    private mutating func turn(to way: Int, at now: Int64, from turningPoint: Double, value: Double, counts: Bool) {
        direction = way
        extreme = value
        guard counts else { return }
        total &+= 1
        if swings.count >= greatestKept { swings.removeFirst() }
        swings.append(WindowSample(position: now, value: turningPoint))
    }
}
