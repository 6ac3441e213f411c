import Quantities

/// A signal that does not move: `flatline`.
///
/// The reference is an anchor and not the previous sample, so a slow drift of less than `epsilon` a sample still ends the flat run.
struct Flatline: DetectorState, ~Copyable {
    private let window: Double
    private let criterion: Criterion
    private let epsilon: Double
    private let repeats: Int
    private var clock = SampleClock()
    private var anchor = 0.0
    private var since: Int64?
    private var count = 0

    /// How long the signal has been flat, in seconds; `nil` while it moves or has been seen too seldom.
    private(set) var statistic: Double?

    /// A detector that scores the length of a flat run / `window`.
    ///
    /// - Parameters:
    ///   - window: a run of at least this length is anomalous.
    ///   - epsilon: changes of at most this much are none, in the unit of the signal.
    ///   - repeats: samples that must repeat the first of the run.
    init(window: Duration, epsilon: Double = 0, repeats: Int = 3) throws(DetectionError) {
        guard window > .zero else { throw .outOfRange(setting: "window", requirement: "longer than 0 s") }
        try requirePositive("epsilon", epsilon, orZero: true)
        try require("min_repeats", repeats, 1...1_000_000)
        self.window = Double(window.nanoseconds) / 1e9
        criterion = Criterion(unchecked: self.window, compare: .ge)
        self.epsilon = epsilon
        self.repeats = repeats
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health }
    /// The score at which an alert clears: none, the level of a flat run has no unit of the signal.
    func clearScore(level: Double) -> Double? { nil }
    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        since = nil
        statistic = nil
    }
    /// The run starts anew.
    mutating func resume() { restart() }
    /// The first sample of the flat run.
    var onset: Instant? { statistic == nil ? nil : since.map { Instant(nanoseconds: $0) } }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        statistic = nil
        guard let since, (value - anchor).magnitude <= epsilon else {
            anchor = value
            self.since = instant.nanoseconds
            count = 0
            return 0
        }
        count &+= 1
        let length = Double(distance(from: since, to: instant.nanoseconds)) / 1e9
        guard count >= repeats else { return Score.settled(hit: false, raw: length / window) }
        statistic = length
        return criterion.score(length)
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        writer.put(anchor)
        writer.put(since)
        writer.put(count)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        anchor = try reader.number()
        since = try reader.optionalInteger()
        count = try reader.int()
        statistic = nil
    }
}
