/// Maximal runs of rows, inclusive at both ends: the windows of labels and the episodes of predictions.
public enum RowRuns {
    /// The maximal runs of `true`. O(n).
    public static func runs(_ rows: [Bool]) -> [ClosedRange<Int>] {
        var result: [ClosedRange<Int>] = []
        var start: Int?
        for index in rows.indices {
            switch (rows[index], start) {
            case (true, nil): start = index
            case (false, let begin?):
                result.append(begin...index - 1)
                start = nil
            default: break
            }
        }
        if let start { result.append(start...rows.count - 1) }
        return result
    }

    /// The rows that lie in one of the runs. O(n).
    public static func rows(_ runs: [ClosedRange<Int>], count: Int) -> [Bool] {
        var rows = Array(repeating: false, count: max(count, 0))
        for run in runs where run.upperBound >= 0 && run.lowerBound < count {
            for index in max(run.lowerBound, 0)...min(run.upperBound, count - 1) { rows[index] = true }
        }
        return rows
    }

    /// The rows whose score lies above a threshold.
    public static func predictions(_ scores: [Double], above threshold: Double) -> [Bool] { scores.map { $0 > threshold } }
}
