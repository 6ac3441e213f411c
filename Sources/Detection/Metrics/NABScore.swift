import Glibc

/// The score of the Numenta Anomaly Benchmark: early detections in a window earn most, false ones cost more the farther they lie behind a window.
///
/// A. Lavin, S. Ahmad: Evaluating Real-Time Anomaly Detection Algorithms, ICMLA 2015; numenta/NAB, nab/sweeper.py. Every false row counts, of a window only
/// its best row; the rows of the probation count for nothing; one threshold serves all files.
public enum NABScore {
    /// What a detection, a false one and a missed window weigh.
    public struct Profile: Equatable, Sendable {
        /// Name in NAB's results.
        public var name: String
        /// Weight of a window that was found.
        public var truePositive: Double
        /// Weight of a false row.
        public var falsePositive: Double
        /// Weight of a missed window.
        public var falseNegative: Double

        /// A profile out of its weights.
        public init(_ name: String, truePositive: Double, falsePositive: Double, falseNegative: Double) {
            self.name = name
            self.truePositive = truePositive
            self.falsePositive = falsePositive
            self.falseNegative = falseNegative
        }

        /// The three profiles of NAB's config/profiles.json.
        public static let all = [
            Profile("standard", truePositive: 1, falsePositive: 0.11, falseNegative: 1),
            Profile("reward_low_FP_rate", truePositive: 1, falsePositive: 0.22, falseNegative: 1),
            Profile("reward_low_FN_rate", truePositive: 1, falsePositive: 0.11, falseNegative: 2),
        ]
    }

    /// One file of the corpus.
    public struct File: Sendable {
        /// The score of each row; rows are equidistant.
        public var scores: [Double]
        /// The windows, inclusive, ascending and disjoint.
        public var windows: [ClosedRange<Int>]

        /// A file out of its parts; windows are cut to its rows.
        public init(scores: [Double], windows: [ClosedRange<Int>]) {
            self.scores = scores
            self.windows = windows.compactMap { window in
                let (low, high) = (max(window.lowerBound, 0), min(window.upperBound, scores.count - 1))
                return low <= high ? low...high : nil
            }
        }

        /// Rows at the start that count for nothing: 15 %, at most 750.
        public var probation: Int { min(Int(0.15 * Double(scores.count)), 750) }

        /// What a detection at each row counts under a profile, the probation included.
        public func weights(_ profile: Profile) -> [Double] {
            var weights: [Double] = []
            weights.reserveCapacity(scores.count)
            var next = 0
            for row in scores.indices {
                while next < windows.count, windows[next].upperBound < row { next += 1 }
                if next < windows.count, windows[next].contains(row) {
                    let window = windows[next]
                    let place = -Double(window.upperBound - row + 1) / Double(window.count)
                    weights.append(profile.truePositive * sigmoid(place) / sigmoid(-1))
                } else if next > 0 {
                    let behind = Double(row - windows[next - 1].upperBound)
                    let width = Double(windows[next - 1].count - 1)
                    weights.append(profile.falsePositive * (width > 0 ? sigmoid(behind / width) : -1))
                } else {
                    weights.append(-profile.falsePositive)
                }
            }
            return weights
        }
    }

    /// The score of a corpus.
    public struct Result: Equatable, Sendable {
        /// The profile.
        public var profile: Profile
        /// The least score that counts as a detection.
        public var threshold: Double
        /// The sum of the weights.
        public var raw: Double
        /// 100 for a detector that finds every window at once, 0 for one that finds nothing; `nil` for a corpus without windows.
        public var normalised: Double?
        /// Rows in windows that are detections.
        public var trueRows: Int
        /// Rows outside windows that are detections.
        public var falseRows: Int
        /// The sum of the weights of a detector that finds nothing.
        public var null: Double
        /// The sum of the weights of a detector that finds every window at once.
        public var perfect: Double
    }

    /// 1 far before the end of a window, 0 at it, -1 from three lengths behind it on.
    static func sigmoid(_ place: Double) -> Double { place > 3 ? -1 : 2 / (1 + exp(5 * place)) - 1 }

    /// The score of a corpus, with a given threshold or with the one that scores best among 1.1 and all scores that occur; of equals the greatest.
    ///
    /// O(n log n) in the rows of all files. A score that is not a number is never a detection.
    public static func score(_ files: [File], _ profile: Profile, threshold: Double? = nil) -> Result {
        var rows: [(score: Double, weight: Double, window: Int)] = []
        var windows = 0
        var counted = 0
        for file in files {
            let weights = file.weights(profile)
            let probation = file.probation
            var next = 0
            counted += file.windows.count { $0.upperBound >= probation }
            for row in file.scores.indices.dropFirst(probation) where !file.scores[row].isNaN {
                while next < file.windows.count, file.windows[next].upperBound < row { next += 1 }
                let isInside = next < file.windows.count && file.windows[next].contains(row)
                rows.append((file.scores[row], weights[row], isInside ? windows + next : -1))
            }
            windows += file.windows.count
        }
        rows.sort { ($0.score, $0.window) > ($1.score, $1.window) }
        let null = -profile.falseNegative * Double(counted)
        let perfect = profile.truePositive * Double(windows)
        var best = [Double?](repeating: nil, count: windows)
        var (missed, inside, outside, trueRows, falseRows) = (counted, 0.0, 0.0, 0, 0)
        func result(_ threshold: Double) -> Result {
            let raw = inside + outside - profile.falseNegative * Double(missed)
            return Result(
                profile: profile, threshold: threshold, raw: raw, normalised: windows == 0 ? nil : 100 * (raw - null) / (perfect - null), trueRows: trueRows,
                falseRows: falseRows, null: null, perfect: perfect)
        }
        var found = result(threshold ?? 1.1)
        var next = 0
        while next < rows.count {
            let level = rows[next].score
            if let threshold, level < threshold { break }
            while next < rows.count, rows[next].score == level {
                let row = rows[next]
                if row.window >= 0 {
                    trueRows += 1
                    if let known = best[row.window] {
                        inside += max(row.weight - known, 0)
                        best[row.window] = max(known, row.weight)
                    } else {
                        missed -= 1
                        inside += row.weight
                        best[row.window] = row.weight
                    }
                } else {
                    falseRows += 1
                    outside += row.weight
                }
                next += 1
            }
            let candidate = result(threshold ?? level)
            // 1.1 itself is tried before the scores below it, so a score above cannot stand for fewer detections.
            if threshold != nil || candidate.raw > found.raw { found = candidate }
        }
        return found
    }
}
