/// The volumes under the precision-recall and ROC surfaces: areas with labels that fade out over a buffer, averaged over its length.
///
/// J. Paparrizos et al., Volume Under the Surface, VLDB 2022. The curves have 250 thresholds, taken from the sorted scores as its reference code takes
/// them; the value depends on them, so another number would be another measure.
public struct VolumeScores: Equatable, Sendable {
    /// Volume under the precision-recall surface; `nil` when no row or every row is labelled.
    public var precisionRecall: Double?
    /// Volume under the ROC surface; `nil` when no row or every row is labelled.
    public var roc: Double?

    /// Number of thresholds.
    static let thresholds = 250

    /// Scores of one score for each row; the shorter list decides the number of rows. A score that is not a number ranks below every other.
    ///
    /// O(n log n) for the thresholds, and then for each length of the buffer O(windows + rows in buffers), so that a million rows take a second.
    ///
    /// - Parameter buffer: the greatest length of the buffer around windows, in rows.
    public init(scores: [Double], labels: [Bool], buffer: Int) {
        let count = min(scores.count, labels.count)
        let windows = RowRuns.runs(Array(labels.prefix(count)))
        let labelled = windows.reduce(0) { $0 + $1.count }
        guard count > 0, !windows.isEmpty else { return }
        var surface = Surface(scores, count: count, windows: windows, labelled: labelled)
        var precisionRecall = 0.0
        var roc = 0.0
        let greatest = max(buffer, 0)
        for width in 0...greatest {
            guard let areas = surface.areas(width) else { return }
            precisionRecall += areas.precisionRecall
            roc += areas.roc
        }
        self.precisionRecall = precisionRecall / Double(greatest + 1)
        self.roc = roc / Double(greatest + 1)
    }

    /// A good length of the buffer: the median length of the windows, at most a hundredth of the rows and at most 1000.
    public static func buffer(windows: [ClosedRange<Int>], count: Int) -> Int {
        let lengths = windows.map(\.count).sorted()
        guard !lengths.isEmpty else { return 0 }
        return min(lengths[lengths.count / 2], max(count / 100, 1), 1000)
    }

    /// What all buffers share.
    private struct Surface {
        let count: Int
        let windows: [ClosedRange<Int>]
        let labelled: Int
        /// For each row the first threshold, from the highest, that its score reaches.
        var level: [UInt8]
        /// Rows that reach a threshold, by threshold.
        var predicted: [Double]
        /// Labelled rows that reach a threshold, by threshold.
        var found: [Double]
        /// The first threshold that a window with its buffer reaches, by window; grows with the buffer.
        var reach: [UInt8]
        /// The buffer that `reach` stands for.
        var half = 0
        /// Soft labels of the rows in buffers, zero elsewhere.
        var soft: [Double]
        /// What a row in a buffer weighs, by its distance.
        var weights: [Double] = []

        init(_ scores: [Double], count: Int, windows: [ClosedRange<Int>], labelled: Int) {
            self.count = count
            self.windows = windows
            self.labelled = labelled
            let clean = scores.prefix(count).map { $0.isNaN ? -.infinity : $0 }
            let sorted = clean.sorted(by: >)
            let step = Double(count - 1) / Double(VolumeScores.thresholds - 1)
            let levels = (0..<VolumeScores.thresholds).map { number in
                sorted[number == VolumeScores.thresholds - 1 ? count - 1 : min(Int(Double(number) * step), count - 1)]
            }
            level = clean.map { score in
                var (low, high) = (0, VolumeScores.thresholds - 1)
                while low < high {
                    let middle = (low + high) / 2
                    if levels[middle] <= score { high = middle } else { low = middle + 1 }
                }
                return UInt8(low)
            }
            predicted = Array(repeating: 0, count: VolumeScores.thresholds)
            found = predicted
            for row in level { predicted[Int(row)] += 1 }
            reach = []
            for window in windows {
                var first = UInt8.max
                for row in window {
                    found[Int(level[row])] += 1
                    first = min(first, level[row])
                }
                reach.append(first)
            }
            for number in 1..<VolumeScores.thresholds {
                predicted[number] += predicted[number - 1]
                found[number] += found[number - 1]
            }
            soft = Array(repeating: 0, count: count)
        }

        /// The areas for one length of the buffer; `nil` when every row is labelled, softly or not, so that nothing can be falsely found.
        mutating func areas(_ width: Int) -> (precisionRecall: Double, roc: Double)? {
            let half = width / 2
            widen(to: half)
            // Soft rows that reach a threshold, with their weight.
            var near = [Double](repeating: 0, count: VolumeScores.thresholds)
            soften(width, half)
            gather(half, into: &near)
            var existing = [Int](repeating: 0, count: VolumeScores.thresholds)
            var segments = 0
            var number = 0
            while number < windows.count {
                var first = reach[number]
                while number + 1 < windows.count, windows[number].upperBound + half >= windows[number + 1].lowerBound - half {
                    number += 1
                    first = min(first, reach[number])
                }
                existing[Int(first)] += 1
                segments += 1
                number += 1
            }
            var (lastTPR, lastFPR) = (0.0, 0.0)
            var (precisionRecall, roc) = (0.0, 0.0)
            var (softSum, hits) = (0.0, 0)
            for level in 0..<VolumeScores.thresholds {
                softSum += near[level]
                hits += existing[level]
                let truePositives = found[level] + softSum
                let positives = (Double(labelled) + Double(labelled) + softSum) / 2
                let tpr = min(truePositives / positives, 1) * Double(hits) / Double(segments)
                let negatives = Double(count) - positives
                guard negatives > 0 else { return nil }
                let fpr = (predicted[level] - truePositives) / negatives
                roc += (fpr - lastFPR) * (tpr + lastTPR) / 2
                precisionRecall += (tpr - lastTPR) * truePositives / predicted[level]
                (lastTPR, lastFPR) = (tpr, fpr)
            }
            roc += (1 - lastFPR) * (1 + lastTPR) / 2
            return (precisionRecall, roc)
        }

        /// Takes the rows into `reach` that a longer buffer adds.
        private mutating func widen(to half: Int) {
            while self.half < half {
                self.half += 1
                for (number, window) in windows.enumerated() {
                    if window.lowerBound >= self.half { reach[number] = min(reach[number], level[window.lowerBound - self.half]) }
                    if window.upperBound + self.half < count { reach[number] = min(reach[number], level[window.upperBound + self.half]) }
                }
            }
        }

        /// Adds up what the windows say of the rows around them.
        private mutating func soften(_ width: Int, _ half: Int) {
            guard half > 0 else { return }
            weights.removeAll(keepingCapacity: true)
            for distance in 1...half { weights.append((1 - Double(distance) / Double(width)).squareRoot()) }
            for window in windows {
                let before = min(half, window.lowerBound)
                for distance in 0..<before { soft[window.lowerBound - 1 - distance] += weights[distance] }
                let after = min(half, count - 1 - window.upperBound)
                for distance in 0..<after { soft[window.upperBound + 1 + distance] += weights[distance] }
            }
        }

        /// Sorts the soft labels by threshold and clears them.
        private mutating func gather(_ half: Int, into near: inout [Double]) {
            guard half > 0 else { return }
            for (number, window) in windows.enumerated() {
                for row in max(window.lowerBound - half, number == 0 ? 0 : windows[number - 1].upperBound + 1)..<window.lowerBound { take(row, &near) }
                let end = min(window.upperBound + half, number + 1 == windows.count ? count - 1 : windows[number + 1].lowerBound - 1)
                if end > window.upperBound { for row in window.upperBound + 1...end { take(row, &near) } }
            }
            // What fell on labelled rows counts no more than they do.
            for window in windows {
                for row in window.prefix(half) { soft[row] = 0 }
                for row in window.suffix(half) { soft[row] = 0 }
            }
        }

        /// Takes one row, once.
        private mutating func take(_ row: Int, _ near: inout [Double]) {
            near[Int(level[row])] += min(soft[row], 1)
            soft[row] = 0
        }
    }
}
