/// Scores counted by samples: precision, recall and the areas under the ROC and precision-recall curves.
public struct PointScores: Equatable, Sendable {
    /// Anomalous samples that are labelled.
    public var truePositives = 0
    /// Anomalous samples that are not labelled.
    public var falsePositives = 0
    /// Labelled samples that are not anomalous.
    public var falseNegatives = 0
    /// Area under the ROC curve by mid-ranks; `nil` when all samples have one label.
    public var areaUnderROC: Double?
    /// Average precision without interpolation; `nil` when no sample is labelled.
    public var averagePrecision: Double?

    /// TP / (TP + FP); `nil` for 0/0.
    public var precision: Double? { ratio(truePositives, truePositives + falsePositives) }
    /// TP / (TP + FN); `nil` for 0/0.
    public var recall: Double? { ratio(truePositives, truePositives + falseNegatives) }
    /// The harmonic mean of precision and recall.
    public var f1: Double? { Scores.harmonicMean(precision, recall) }

    private func ratio(_ part: Int, _ whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }

    /// Scores predictions `score > threshold` against one label a sample; the shorter list decides the number of samples. O(n log n).
    ///
    /// A score that is not a number ranks below every other.
    public init(scores: [Double], labels: [Bool], threshold: Double) {
        self.init(scores: scores, predictions: scores.map { $0 > threshold }, labels: labels)
    }

    /// Scores predictions against one label a sample, and the scores behind them for the areas; the shortest list decides the number of samples.
    public init(scores: [Double], predictions: [Bool], labels: [Bool]) {
        let count = min(scores.count, predictions.count, labels.count)
        var positives = 0
        for index in 0..<count {
            if labels[index] { positives += 1 }
            switch (predictions[index], labels[index]) {
            case (true, true): truePositives += 1
            case (true, false): falsePositives += 1
            case (false, true): falseNegatives += 1
            case (false, false): break
            }
        }
        let ranked = (0..<count).map { (score: scores[$0].isNaN ? -.infinity : scores[$0], isLabelled: labels[$0]) }.sorted { $0.score > $1.score }
        var rankSum = 0.0
        var average = 0.0
        var hits = 0
        var start = 0
        while start < count {
            var end = start
            var found = 0
            while end < count, ranked[end].score == ranked[start].score {
                if ranked[end].isLabelled { found += 1 }
                end += 1
            }
            // Ascending mid-rank of the group: descending places start...end-1 are ascending ranks count-end+1...count-start.
            rankSum += Double(found) * Double(2 * count - start - end + 1) / 2
            hits += found
            if positives > 0 { average += Double(found) / Double(positives) * Double(hits) / Double(end) }
            start = end
        }
        if positives > 0 { averagePrecision = average }
        let negatives = count - positives
        if positives > 0, negatives > 0 {
            let m = Double(positives)
            areaUnderROC = (rankSum - m * (m + 1) / 2) / (m * Double(negatives))
        }
    }
}
