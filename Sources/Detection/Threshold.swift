import Quantities

/// A level that a signal must not pass, above, below or both: `threshold`.
///
/// The score of a side is 1 + (value - above) / span, or 1 + (below - value) / span: half the band when both levels are given, else the magnitude
/// of the level, or 1 for a level of 0. The larger score counts. The alert life-cycle holds the state of the trigger (see `clearScore(level:)`).
public struct Threshold: DetectorState, ~Copyable {
    private let above: Double?
    private let below: Double?
    private let span: Double
    private let compare: Comparison
    private var clock = SampleClock()

    /// A detector for one or two levels in the unit of the signal; throws without a level, or when `below` is not under `above`.
    public init(above: Double? = nil, below: Double? = nil, compare: Comparison = .gt) throws(DetectionError) {
        for (name, level) in [("above", above), ("below", below)] {
            if let level, !level.isFinite { throw .outOfRange(setting: name, requirement: "a finite number") }
        }
        switch (above, below) {
        case (nil, nil): throw .missing(setting: "above")
        case (let high?, let low?):
            guard low < high else { throw .outOfRange(setting: "below", requirement: "less than 'above'") }
            let half = high / 2 - low / 2
            span = half > 0 ? half : 1
        case (let level?, nil), (nil, let level?):
            span = level == 0 ? 1 : level.magnitude
        }
        self.above = above
        self.below = below
        self.compare = compare
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }

    /// The score at a level that lies on the good side: under `above`, or over `below` when that is the only level.
    public func clearScore(level: Double) -> Double? {
        let raw: Double
        if let above {
            guard level <= above else { return nil }
            raw = 1 + (level - above) / span
        } else if let below {
            guard level >= below else { return nil }
            raw = 1 + (below - level) / span
        } else {
            return nil
        }
        return raw > 0 ? min(raw, 1) : nil
    }

    /// Forgets the samples; the health counters stay.
    public mutating func restart() {}

    /// Writes the state.
    public func save(_ writer: inout StateWriter) { clock.save(&writer) }
    /// Takes over a state.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) { try clock.restore(&reader) }

    /// Takes one sample and gives its score; see `DetectorState`.
    public mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant) else { return nil }
        guard value.isFinite else {
            clock.health.invalid += 1
            return nil
        }
        var score = 0.0
        if let above { score = side(excess: value - above) }
        if let below { score = max(score, side(excess: below - value)) }
        return score
    }

    @inline(__always)
    private func side(excess: Double) -> Double {
        Score.settled(hit: compare == .gt ? excess > 0 : excess >= 0, raw: 1 + excess / span)
    }
}
