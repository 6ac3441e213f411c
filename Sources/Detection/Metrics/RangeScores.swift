/// Range-based precision and recall: how much of each window and of each episode is right, by place and by pieces.
///
/// N. Tatbul et al., Precision and Recall for Time Series, NeurIPS 2018.
public struct RangeScores: Equatable, Sendable {
    /// Which part of a range weighs most.
    public enum Bias: String, CaseIterable, Sendable {
        /// All rows weigh the same.
        case flat
        /// The first rows: rewards early detection.
        case front
        /// The rows in the middle.
        case middle
        /// The last rows.
        case back

        /// The sum of the weights of rows 1...`place` of a range of `length` rows.
        func weight(upTo place: Int, length: Int) -> Double {
            let (x, n) = (Double(place), Double(length))
            switch self {
            case .flat: return x
            case .back: return x * (x + 1) / 2
            case .front: return x * (2 * n + 1 - x) / 2
            case .middle:
                let half = length / 2
                let rising = Double(min(place, half))
                let falling = Double(max(place - half, 0))
                // Rows past the middle weigh n - i + 1, from n - half down.
                return rising * (rising + 1) / 2 + falling * (2 * (n - Double(half)) + 1 - falling) / 2
            }
        }
    }

    /// How a range counts that several others overlap.
    public enum Cardinality: String, CaseIterable, Sendable {
        /// As one that a single range overlaps.
        case one
        /// Divided by the number of ranges that overlap it.
        case reciprocal
    }

    /// Precision; `nil` when nothing is predicted.
    public var precision: Double?
    /// Recall; `nil` when nothing is labelled.
    public var recall: Double?
    /// F1.
    public var f1: Double? { Scores.harmonicMean(precision, recall) }

    /// Scores of windows against episodes, both ascending and disjoint. O(n) in windows and episodes.
    ///
    /// - Parameters:
    ///   - alpha: the reward of recall for a window that is found at all, 0...1.
    ///   - precisionAlpha: the reward of precision for an episode that touches a window at all; 0 in the paper.
    ///   - cardinality: for both precision and recall.
    ///   - precisionBias: which part of an episode weighs most.
    ///   - recallBias: which part of a window weighs most.
    public init(
        windows: [ClosedRange<Int>], episodes: [ClosedRange<Int>], alpha: Double = 0, precisionAlpha: Double = 0, cardinality: Cardinality = .reciprocal,
        precisionBias: Bias = .flat, recallBias: Bias = .front
    ) {
        recall = RangeScores.score(windows, against: episodes, alpha: alpha, cardinality, recallBias)
        precision = RangeScores.score(episodes, against: windows, alpha: precisionAlpha, cardinality, precisionBias)
    }

    private static func score(
        _ ranges: [ClosedRange<Int>], against others: [ClosedRange<Int>], alpha: Double, _ cardinality: Cardinality, _ bias: Bias
    ) -> Double? {
        guard !ranges.isEmpty else { return nil }
        var sum = 0.0
        var first = 0
        for range in ranges {
            while first < others.count, others[first].upperBound < range.lowerBound { first += 1 }
            var covered = 0.0
            var pieces = 0
            var next = first
            while next < others.count, others[next].lowerBound <= range.upperBound {
                let from = max(range.lowerBound, others[next].lowerBound) - range.lowerBound
                let to = min(range.upperBound, others[next].upperBound) - range.lowerBound + 1
                covered += bias.weight(upTo: to, length: range.count) - bias.weight(upTo: from, length: range.count)
                pieces += 1
                next += 1
            }
            guard pieces > 0 else { continue }
            let share = covered / bias.weight(upTo: range.count, length: range.count)
            let factor = cardinality == .one || pieces == 1 ? 1 : 1 / Double(pieces)
            sum += alpha + (1 - alpha) * factor * share
        }
        return sum / Double(ranges.count)
    }
}
