import Quantities

/// A condition that the caller evaluates: `rule`. A value other than 0 is true and scores 1, a value of 0 scores 0.
public struct Rule: DetectorState, ~Copyable {
    private var clock = SampleClock()

    /// A rule that has seen nothing yet.
    public init() {}

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }
    /// The score at which an alert clears for a level in the unit of the threshold; `nil` when the level is no such level.
    public func clearScore(level: Double) -> Double? { nil }
    /// Writes the state.
    public func save(_ writer: inout StateWriter) { clock.save(&writer) }
    /// Takes over a state.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) { try clock.restore(&reader) }
    /// Forgets the samples; the health counters stay.
    public mutating func restart() {}

    /// Takes one sample and gives its score; see `DetectorState`.
    public mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant) else { return nil }
        guard !value.isNaN else {
            clock.health.invalid += 1
            return nil
        }
        return value != 0 ? 1 : 0
    }
}
