/// Scores of predicted rows counted by events: windows that were found, and episodes that were right.
///
/// A window is a maximal run of labelled rows, an episode one of predicted rows.
public struct RowEventScores: Equatable, Sendable {
    /// Windows of the labels.
    public var windows: Int
    /// Windows with a predicted row.
    public var windowsHit: Int
    /// Episodes of the prediction.
    public var episodes: Int
    /// Episodes with a labelled row.
    public var episodesHit: Int
    /// For each window, its first predicted row counted from its first row; `nil` when it was missed.
    public var latencyRows: [Int?]
    /// Rows outside windows.
    public var rowsOutside: Int
    /// Predicted rows outside windows.
    public var predictedRowsOutside: Int

    /// Scores of one prediction for each row; the shorter list decides the number of rows. O(n).
    public init(predictions: [Bool], labels: [Bool]) {
        let count = min(predictions.count, labels.count)
        let windowRuns = RowRuns.runs(Array(labels.prefix(count)))
        let episodeRuns = RowRuns.runs(Array(predictions.prefix(count)))
        windows = windowRuns.count
        episodes = episodeRuns.count
        latencyRows = windowRuns.map { window in window.first { predictions[$0] }.map { $0 - window.lowerBound } }
        windowsHit = latencyRows.count { $0 != nil }
        episodesHit = episodeRuns.count { episode in episode.contains { labels[$0] } }
        rowsOutside = (0..<count).count { !labels[$0] }
        predictedRowsOutside = (0..<count).count { !labels[$0] && predictions[$0] }
    }

    /// Share of the episodes that are right.
    public var precision: Double? { episodes == 0 ? nil : Double(episodesHit) / Double(episodes) }
    /// Share of the windows that were found.
    public var recall: Double? { windows == 0 ? nil : Double(windowsHit) / Double(windows) }
    /// The harmonic mean of precision and recall.
    public var f1: Double? { Scores.harmonicMean(precision, recall) }
    /// Share of the rows outside windows that are predicted.
    public var alarmFraction: Double? { rowsOutside == 0 ? nil : Double(predictedRowsOutside) / Double(rowsOutside) }

    /// Mean rows from one false episode to the next, outside windows: the run length without an anomaly, ARL0. `nil` without a false episode.
    public var runLengthWithout: Double? { episodes == episodesHit ? nil : Double(rowsOutside) / Double(episodes - episodesHit) }
    /// Mean rows to the first predicted row of the windows that were found, that row included: the run length with an anomaly, ARL1.
    public var runLengthWith: Double? {
        windowsHit == 0 ? nil : Double(latencyRows.reduce(0) { $0 + ($1.map { $0 + 1 } ?? 0) }) / Double(windowsHit)
    }

    /// The F1 of predictions in which every window with a predicted row counts as predicted as a whole.
    ///
    /// A detector that guesses at random scores high in it (thuml/Anomaly-Transformer#34), so no report shows it; it is here to compare with papers.
    public static func pointAdjustedF1(predictions: [Bool], labels: [Bool]) -> Double? {
        var adjusted = predictions
        for window in RowRuns.runs(labels) where window.contains(where: { $0 < predictions.count && predictions[$0] }) {
            for row in window where row < adjusted.count { adjusted[row] = true }
        }
        return PointScores(scores: adjusted.map { $0 ? 1 : 0 }, labels: labels, threshold: 0.5).f1
    }
}
