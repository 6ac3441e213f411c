/// The score conventions that every detector shares: a score of at least 1 is anomalous.
public enum Score {
    /// The greatest score that a detector gives; larger ratios are cut to it.
    public static let cap = 1e6
    /// The greatest score that is not anomalous: the double just below 1.
    public static let justBelowAnomalous = 0x1.fffffffffffffp-1

    /// Brings a raw ratio in line with a decision that is already taken: at least 1 for a hit, below 1 otherwise, within 0...`cap`.
    ///
    /// The decision comes first because equality with a threshold is common (whole amperes) and a division must not settle it.
    @inline(__always)
    static func settled(hit: Bool, raw: Double) -> Double {
        // Without a branch: whether a sample is anomalous is what cannot be predicted.
        let low = hit ? 1.0 : 0
        let high = hit ? cap : justBelowAnomalous
        let raised = raw > low ? raw : low
        return raised < high ? raised : high
    }
}

/// How a statistic is compared with its threshold.
public enum Comparison: String, Sendable, CaseIterable {
    /// Anomalous when strictly greater.
    case gt
    /// Anomalous when greater or equal.
    case ge
}

/// A threshold with its comparison: turns a statistic into a score.
public struct Criterion: Sendable {
    /// The threshold in the unit of the statistic, finite and not negative.
    public let threshold: Double
    /// Strictly above, or at least.
    public let compare: Comparison

    /// A criterion; throws when the threshold is negative or not finite.
    public init(_ threshold: Double, compare: Comparison = .gt) throws(DetectionError) {
        guard threshold.isFinite, threshold >= 0 else { throw .outOfRange(setting: "above", requirement: "a finite number that is not negative") }
        self.threshold = threshold
        self.compare = compare
    }

    init(unchecked threshold: Double, compare: Comparison) {
        self.threshold = threshold
        self.compare = compare
    }

    /// The score of a statistic: its ratio to the threshold, put on the side of 1 that the comparison decides.
    @inline(__always)
    public func score(_ statistic: Double) -> Double {
        let hit = compare == .gt ? statistic > threshold : statistic >= threshold
        return Score.settled(hit: hit, raw: statistic / threshold)
    }

    /// Turns statistics into scores where they stand, or their square roots with `ofRoots`; the same bits as one by one.
    func score(_ statistics: UnsafeMutableBufferPointer<Double>, ofRoots: Bool) {
        // Loops without a branch, which the compiler turns into vectors.
        if ofRoots { for index in statistics.indices { statistics[index] = statistics[index].squareRoot() } }
        if compare == .gt {
            for index in statistics.indices { statistics[index] = Score.settled(hit: statistics[index] > threshold, raw: statistics[index] / threshold) }
        } else {
            for index in statistics.indices { statistics[index] = Score.settled(hit: statistics[index] >= threshold, raw: statistics[index] / threshold) }
        }
    }

    /// The score that corresponds to a level at which an alert clears, in the unit of the statistic, within (0, 1].
    public func clearScore(level: Double) -> Double? {
        guard level > 0, level <= threshold else { return nil }
        return level / threshold
    }
}
