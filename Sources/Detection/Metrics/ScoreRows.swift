public import Quantities

/// The scores that a detector gave, one row for each of its samples, in bounded memory.
///
/// When the rows are full, each two neighbours become one, at the time of the first and with the greater score, and from then on each row stands for twice
/// as many samples as before. So a row never leaves out an anomalous score.
public struct ScoreRows: Sendable {
    /// The most rows that are kept; even.
    public let capacity: Int
    /// The times of the rows, ascending as far as the samples were.
    public private(set) var instants: [Instant] = []
    /// The scores of the rows.
    public private(set) var scores: [Double] = []
    /// The labels of the rows as far as each frame or message has its own; empty when they are known by time only.
    public private(set) var unitLabels: [Bool] = []
    /// Samples in each full row; a power of two.
    public private(set) var stride = 1
    /// All samples.
    public private(set) var samples = 0
    private var inLast = 0
    private var hasUnitLabels = false

    /// No rows yet.
    public init(capacity: Int = 1 << 20) { self.capacity = max(capacity & ~1, 2) }

    /// Takes one score.
    ///
    /// - Parameter isLabelled: the ground truth of what is scored, when it is known by unit; the first one decides how all are taken.
    public mutating func add(_ score: Double, at instant: Instant, isLabelled: Bool? = nil) {
        samples += 1
        if samples == 1 { hasUnitLabels = isLabelled != nil }
        if hasUnitLabels, inLast > 0, inLast < stride, isLabelled == true { unitLabels[unitLabels.count - 1] = true }
        if inLast > 0, inLast < stride {
            inLast += 1
            let last = scores.count - 1
            if !(scores[last] >= score) { scores[last] = score }
            return
        }
        if scores.count == capacity { halve() }
        instants.append(instant)
        scores.append(score)
        if hasUnitLabels { unitLabels.append(isLabelled ?? false) }
        inLast = 1
    }

    /// Two rows become one.
    private mutating func halve() {
        for row in 0..<capacity / 2 {
            instants[row] = instants[2 * row]
            scores[row] = scores[2 * row] >= scores[2 * row + 1] ? scores[2 * row] : scores[2 * row + 1]
        }
        if hasUnitLabels {
            for row in 0..<capacity / 2 { unitLabels[row] = unitLabels[2 * row] || unitLabels[2 * row + 1] }
            unitLabels.removeLast(capacity / 2)
        }
        instants.removeLast(capacity / 2)
        scores.removeLast(capacity / 2)
        stride *= 2
    }

    /// For each row whether it lies in one of the intervals [start, end), which may overlap. O(n log n) in intervals, O(n) in rows.
    public func rows(in intervals: [(start: Instant, end: Instant)]) -> [Bool] {
        let union = Span.union(intervals.filter { $0.start < $0.end }.map { Span(start: $0.start.nanoseconds, end: $0.end.nanoseconds) })
        return instants.map { instant in Span.firstEnding(after: instant.nanoseconds, in: union).map { $0.start <= instant.nanoseconds } ?? false }
    }

    /// The scores of the rows against alarms and labels: a row is predicted while an alarm fires, and labelled within a label of the kinds asked for.
    ///
    /// Rows within labels of other kinds only are left out, as they speak neither for nor against the detector. `nil` without rows.
    public func evaluate(alarms: [Alarm], labels: [GroundTruthLabel], from: Instant = .zero, kinds: [String]? = nil, buffer: Int? = nil) -> RowScores? {
        guard !scores.isEmpty else { return nil }
        let predicted = rows(in: alarms.map { ($0.start, max($0.end ?? .never, $0.start + Duration(nanoseconds: 1))) })
        var wanted = rows(in: labels.filter { kinds?.contains($0.kind) ?? true }.map { ($0.start, $0.end) })
        // What each frame says of itself is finer than the time.
        if !unitLabels.isEmpty, unitLabels.contains(true) {
            wanted = kinds == nil ? unitLabels : zip(wanted, unitLabels).map { $0 && $1 }
        }
        guard kinds != nil || from > .zero else { return RowScores(scores: scores, predictions: predicted, labels: wanted, buffer: buffer) }
        let others = rows(in: labels.filter { !(kinds?.contains($0.kind) ?? true) }.map { ($0.start, $0.end) })
        let kept = scores.indices.filter { instants[$0] >= from && (wanted[$0] || !others[$0]) }
        return RowScores(
            scores: kept.map { scores[$0] }, predictions: kept.map { predicted[$0] }, labels: kept.map { wanted[$0] }, buffer: buffer)
    }
}
