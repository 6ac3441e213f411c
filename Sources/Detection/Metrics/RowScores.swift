/// All scores of a detector that are counted by rows: points, windows of rows, ranges, affiliation and volumes.
public struct RowScores: Equatable, Sendable {
    /// Rows.
    public var rows: Int
    /// By single rows.
    public var point: PointScores
    /// By windows and episodes.
    public var event: RowEventScores
    /// By ranges: recall with the front weighing most, precision flat, several pieces count less.
    public var range: RangeScores
    /// By nearness.
    public var affiliation: AffiliationScores
    /// By volumes.
    public var volume: VolumeScores
    /// The greatest buffer of the volumes, in rows.
    public var buffer: Int

    /// Scores of rows.
    ///
    /// - Parameters:
    ///   - scores: one for each row; 1 and more is anomalous.
    ///   - predictions: whether the row is predicted, for example because an alarm fires.
    ///   - labels: whether the row is labelled.
    ///   - buffer: for the volumes; `nil` takes `VolumeScores.buffer`.
    public init(scores: [Double], predictions: [Bool], labels: [Bool], buffer: Int? = nil) {
        rows = min(scores.count, predictions.count, labels.count)
        let windows = RowRuns.runs(labels)
        let episodes = RowRuns.runs(predictions)
        point = PointScores(scores: scores, predictions: predictions, labels: labels)
        event = RowEventScores(predictions: predictions, labels: labels)
        range = RangeScores(windows: windows, episodes: episodes)
        affiliation = AffiliationScores(windows: windows, episodes: episodes, count: rows)
        self.buffer = buffer ?? VolumeScores.buffer(windows: windows, count: rows)
        volume = VolumeScores(scores: scores, labels: labels, buffer: self.buffer)
    }

    /// Scores of rows of which a score of at least the threshold is predicted.
    public init(scores: [Double], threshold: Double = 1, labels: [Bool], buffer: Int? = nil) {
        self.init(scores: scores, predictions: scores.map { $0 >= threshold }, labels: labels, buffer: buffer)
    }
}
