import Quantities

/// Limits that hold in a state: `band`. They are judged only `settle` after the state began, that is after `only_when` became true.
struct Band: DetectorState, ~Copyable {
    private var threshold: Threshold
    private let settle: Int64
    /// When the state began; `nil` until the first sample of the state.
    private var since: Int64?

    /// A detector for one or two limits in the unit of the signal.
    init(above: Double? = nil, below: Double? = nil, settle: Duration = .zero, compare: Comparison = .gt) throws(DetectionError) {
        guard settle >= .zero else { throw .outOfRange(setting: "settle", requirement: "0 s or longer") }
        threshold = try Threshold(above: above, below: below, compare: compare)
        self.settle = settle.nanoseconds
    }

    /// Input that could not be used.
    var health: DetectorHealth { threshold.health }
    /// The score at a level on the good side; see `Threshold`.
    func clearScore(level: Double) -> Double? { threshold.clearScore(level: level) }
    /// The state begins anew.
    mutating func restart() { since = nil }
    /// The state has begun.
    mutating func resume() { since = nil }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard let score = threshold.update(at: instant, value: value) else { return nil }
        guard let begin = since else {
            since = instant.nanoseconds
            return settle == 0 ? score : nil
        }
        return distance(from: begin, to: instant.nanoseconds) >= UInt64(settle) ? score : nil
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        threshold.save(&writer)
        writer.put(since)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try threshold.restore(&reader)
        since = try reader.optionalInteger()
    }
}
