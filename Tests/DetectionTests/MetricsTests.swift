import Foundation
import Quantities
import Testing

@testable import Detection

/// The vectors of the scores by rows, from scikit-learn, prts, TSB-AD and vus.
struct RowMetricsCase: Decodable, CustomTestStringConvertible {
    struct Ratio: Decodable {
        let precision: Double?
        let recall: Double?
        let f1: Double?
    }
    struct Affiliation: Decodable {
        let precision: Double?
        let recall: Double?
        let zone_precision: [Double?]
        let zone_recall: [Double]
    }
    struct Volume: Decodable {
        let pr: Double?
        let roc: Double?
    }
    struct Expected: Decodable {
        let event: MetricsCase.Event
        let point_adjusted_f1: Double?
        let range_based: [String: Ratio]
        let affiliation: Affiliation
        let vus: Volume
    }
    let name: String
    let n: Int
    let label_windows: [[Int]]
    let score: [Double]
    let threshold: Double
    let vus_window: Int
    let expected: Expected

    var testDescription: String { name }
    var windows: [ClosedRange<Int>] { label_windows.map { $0[0]...$0[1] } }
    var labels: [Bool] { RowRuns.rows(windows, count: n) }
    var predictions: [Bool] { RowRuns.predictions(score, above: threshold) }
    static let all: [RowMetricsCase] =
        ((try? VectorFile.cases("metrics.json", as: RowMetricsCase.self)) ?? []) + ((try? VectorFile.cases("metrics_5000.json", as: RowMetricsCase.self)) ?? [])
}

struct MetricsTests {
    /// Whether two ratios agree within the tolerance of the vectors; nothing and zero are one where a reference has no word for nothing.
    func agree(_ a: Double?, _ b: Double?) -> Bool { isClose(a ?? 0, b ?? 0, relative: 0, absolute: 1e-6) }

    @Test("all vectors are there")
    func count() { #expect(RowMetricsCase.all.count == 37) }

    @Test("scores by windows of rows agree with the vectors", arguments: RowMetricsCase.all)
    func events(_ item: RowMetricsCase) {
        let scores = RowEventScores(predictions: item.predictions, labels: item.labels)
        let expected = item.expected.event
        #expect(scores.windows == expected.windows && scores.windowsHit == expected.windows_hit)
        #expect(scores.episodes == expected.episodes && scores.episodesHit == expected.episodes_hit)
        #expect(scores.latencyRows == expected.latency_rows)
        #expect(agree(scores.precision, expected.precision) && agree(scores.recall, expected.recall) && agree(scores.f1, expected.f1))
        #expect(agree(RowEventScores.pointAdjustedF1(predictions: item.predictions, labels: item.labels), item.expected.point_adjusted_f1))
    }

    @Test("range-based scores agree with prts", arguments: RowMetricsCase.all)
    func ranges(_ item: RowMetricsCase) throws {
        let episodes = RowRuns.runs(item.predictions)
        #expect(!item.expected.range_based.isEmpty)
        for (name, expected) in item.expected.range_based {
            let parts = name.split(separator: "-").map(String.init)
            let cardinality = try #require(RangeScores.Cardinality(rawValue: parts[0]))
            let biases = parts[1...].prefix { $0 != "alpha" }.compactMap { RangeScores.Bias(rawValue: $0) }
            let alpha = try #require(Double(parts[parts.count - 1]))
            let scores = RangeScores(
                windows: item.windows, episodes: episodes, alpha: alpha, precisionAlpha: alpha, cardinality: cardinality,
                precisionBias: try #require(biases.first), recallBias: try #require(biases.last))
            #expect(agree(scores.precision, expected.precision) && agree(scores.recall, expected.recall) && agree(scores.f1, expected.f1), "\(name)")
        }
    }

    @Test("affiliation agrees with TSB-AD, zone by zone", arguments: RowMetricsCase.all)
    func affiliation(_ item: RowMetricsCase) {
        let scores = AffiliationScores(windows: item.windows, episodes: RowRuns.runs(item.predictions), count: item.n)
        let expected = item.expected.affiliation
        #expect(agree(scores.precision, expected.precision) && agree(scores.recall, expected.recall))
        #expect(scores.zonePrecision.count == expected.zone_precision.count && scores.zoneRecall.count == expected.zone_recall.count)
        #expect(zip(scores.zonePrecision, expected.zone_precision).allSatisfy { isClose($0, $1, relative: 0, absolute: 1e-6) })
        #expect(zip(scores.zoneRecall, expected.zone_recall).allSatisfy { isClose($0, $1, relative: 0, absolute: 1e-6) })
    }

    @Test("volumes agree with vus", arguments: RowMetricsCase.all)
    func volumes(_ item: RowMetricsCase) {
        let scores = VolumeScores(scores: item.score, labels: item.labels, buffer: item.vus_window)
        #expect(isClose(scores.precisionRecall, item.expected.vus.pr, relative: 0, absolute: 1e-6), "\(String(describing: scores.precisionRecall))")
        #expect(isClose(scores.roc, item.expected.vus.roc, relative: 0, absolute: 1e-6), "\(String(describing: scores.roc))")
    }

    @Test("volumes agree with a count row by row on random rows", arguments: 0..<16 as Range<UInt64>)
    func directVolumes(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let count = Int.random(in: 30...260, using: &random)
        let scores = (0..<count).map { _ in Double(Int.random(in: 0...20, using: &random)) / 10 }
        var labels = Array(repeating: false, count: count)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let start = Int.random(in: 0..<count, using: &random)
            for row in start..<min(start + Int.random(in: 1...8, using: &random), count) { labels[row] = true }
        }
        let buffer = Int.random(in: 0...24, using: &random)
        let fast = VolumeScores(scores: scores, labels: labels, buffer: buffer)
        let slow = slowVolumes(scores, labels, buffer)
        #expect(isClose(fast.precisionRecall, slow.pr, relative: 0, absolute: 1e-9), "seed \(seed)")
        #expect(isClose(fast.roc, slow.roc, relative: 0, absolute: 1e-9), "seed \(seed)")
    }

    /// The definition, row by row.
    func slowVolumes(_ scores: [Double], _ labels: [Bool], _ buffer: Int) -> (pr: Double, roc: Double) {
        let n = scores.count
        let windows = RowRuns.runs(labels)
        let sorted = scores.sorted(by: >)
        let total = Double(labels.count { $0 })
        // Windows whose buffers meet in a row are one segment; those that only touch are two.
        func segments(_ h: Int) -> [ClosedRange<Int>] {
            var parts: [ClosedRange<Int>] = []
            for window in windows {
                let part = max(window.lowerBound - h, 0)...min(window.upperBound + h, n - 1)
                if let last = parts.last, window.lowerBound - h <= last.upperBound {
                    parts[parts.count - 1] = last.lowerBound...part.upperBound
                } else {
                    parts.append(part)
                }
            }
            return parts
        }
        var (prSum, rocSum) = (0.0, 0.0)
        for w in 0...buffer {
            let h = w / 2
            let soft = (0..<n).map { row -> Double in
                var sum = labels[row] ? 1.0 : 0
                for window in windows {
                    if row > window.upperBound, row <= window.upperBound + h { sum += (1 - Double(row - window.upperBound) / Double(w)).squareRoot() }
                    if row < window.lowerBound, row >= window.lowerBound - h { sum += (1 - Double(window.lowerBound - row) / Double(w)).squareRoot() }
                }
                return min(sum, 1)
            }
            let parts = segments(h)
            var (pr, roc, last) = (0.0, 0.0, (0.0, 0.0))
            for k in 0..<250 {
                let tau = sorted[k == 249 ? n - 1 : Int(Double(k) * (Double(n - 1) / 249))]
                var (tp, nl, np) = (0.0, 0.0, 0.0)
                for row in 0..<n {
                    let p = scores[row] >= tau
                    let v = labels[row] ? 1 : soft[row] * (p ? 1 : 0)
                    if p { np += 1; tp += v }
                    nl += v
                }
                let positives = (total + nl) / 2
                let hit = parts.count { part in part.contains { scores[$0] >= tau } }
                let tpr = min(tp / positives, 1) * Double(hit) / Double(parts.count)
                let fpr = (np - tp) / (Double(n) - positives)
                roc += (fpr - last.1) * (tpr + last.0) / 2
                pr += (tpr - last.0) * tp / np
                last = (tpr, fpr)
            }
            roc += (1 - last.1) * (1 + last.0) / 2
            prSum += pr
            rocSum += roc
        }
        return (prSum / Double(buffer + 1), rocSum / Double(buffer + 1))
    }

    @Test("rows without a label, and rows that all are labelled, have no volumes and never crash")
    func edges() {
        #expect(VolumeScores(scores: [], labels: [], buffer: 3).roc == nil)
        #expect(VolumeScores(scores: [1, 2], labels: [false, false], buffer: 3).precisionRecall == nil)
        #expect(VolumeScores(scores: [1, .nan, .infinity], labels: [true, true, true], buffer: 3).roc == nil)
        #expect(VolumeScores(scores: [1, .nan, .infinity, -1], labels: [true, false, true, false], buffer: 9).roc != nil)
        #expect(RangeScores(windows: [], episodes: []).f1 == nil)
        #expect(AffiliationScores(windows: [0...0], episodes: [], count: 1) == AffiliationScores(windows: [0...0], episodes: [], count: 1))
        let all = RowScores(scores: [2, 2], labels: [true, true])
        #expect(all.point.f1 == 1 && all.event.f1 == 1 && all.range.precision == 1 && all.affiliation.precision == 1)
    }

    @Test("a row stands for more samples when they are many, and keeps the greatest score")
    func scoreRows() {
        var rows = ScoreRows(capacity: 8)
        for index in 0..<100 { rows.add(index == 37 ? 5 : Double(index % 3) / 10, at: Instant(seconds: Double(index))) }
        #expect(rows.samples == 100 && rows.stride == 16 && rows.scores.count == 7)
        #expect(rows.scores.max() == 5 && rows.instants[2] == Instant(seconds: 32) && rows.scores[2] == 5)
        #expect(
            rows.rows(in: [(Instant(seconds: 30), Instant(seconds: 33)), (Instant(seconds: 31), Instant(seconds: 50))]) == [
                false, false, true, true, false, false, false,
            ])
        var every = ScoreRows(capacity: 1000)
        for index in 0..<20 { every.add(index >= 10 && index < 15 ? 2 : 0.5, at: Instant(seconds: Double(index))) }
        let label = GroundTruthLabel(start: Instant(seconds: 10), end: Instant(seconds: 15), kind: "A")
        let other = GroundTruthLabel(start: Instant(seconds: 16), end: Instant(seconds: 18), kind: "B")
        let alarm = Alarm(start: Instant(seconds: 11), end: Instant(seconds: 15), detector: "d", severity: .low, score: 2, evidence: Instant(seconds: 10))
        let scores = every.evaluate(alarms: [alarm], labels: [label, other], kinds: ["A"])
        #expect(scores?.rows == 18 && scores?.point.recall == 0.8 && scores?.point.precision == 1 && scores?.point.areaUnderROC == 1)
        #expect(every.evaluate(alarms: [alarm], labels: [label, other])?.event.recall == 0.5)
    }
}

struct NABTests {
    struct Case: Decodable {
        struct Expected: Decodable { let row_score: [Double?] }
        let windows_rows_inclusive: [[Int]]
        let score: [Double]
        let probation_rows: Int
        let expected: Expected
        var file: NABScore.File { NABScore.File(scores: score, windows: windows_rows_inclusive.map { $0[0]...$0[1] }) }
    }
    struct Corpus: Decodable {
        let best_threshold: Double
        let raw: Double
        let tp_rows: Int
        let fp_rows: Int
        let null_raw: Double
        let perfect_raw: Double
        let normalised: Double
        let raw_at_threshold: [[Double]]
    }
    struct Document: Decodable {
        let corpus: [String: Corpus]
        let cases: [Case]
    }

    @Test("NAB's score agrees with its sweeper for three profiles, row by row and over four files")
    func vectors() throws {
        let document = try JSONDecoder().decode(Document.self, from: VectorFile.data("metrics_nab.json"))
        #expect(document.cases.count == 4 && document.corpus.count == 3)
        for item in document.cases {
            #expect(item.file.probation == item.probation_rows)
            let weights = item.file.weights(NABScore.Profile.all[0])
            for (row, expected) in item.expected.row_score.enumerated() where row >= item.probation_rows {
                #expect(isClose(weights[row], expected, relative: 0, absolute: 1e-8), "row \(row)")
            }
        }
        for profile in NABScore.Profile.all {
            let expected = try #require(document.corpus[profile.name])
            let files = document.cases.map(\.file)
            let result = NABScore.score(files, profile)
            #expect(result.threshold == expected.best_threshold && result.trueRows == expected.tp_rows && result.falseRows == expected.fp_rows)
            #expect(
                isClose(result.raw, expected.raw, relative: 0, absolute: 1e-8) && isClose(result.normalised, expected.normalised, relative: 0, absolute: 1e-8))
            #expect(result.null == expected.null_raw && result.perfect == expected.perfect_raw)
            for pair in expected.raw_at_threshold {
                #expect(isClose(NABScore.score(files, profile, threshold: pair[0]).raw, pair[1], relative: 0, absolute: 1e-8), "\(profile.name) at \(pair[0])")
            }
        }
    }

    @Test("a corpus without windows has no score, and odd input never crashes")
    func edges() {
        #expect(NABScore.score([NABScore.File(scores: [1, 2], windows: [])], NABScore.Profile.all[0]).normalised == nil)
        let odd = NABScore.File(scores: [.nan, .infinity, 0.5, 0.2, 9], windows: [-4 ... -2, 1...1, 3...70])
        #expect(odd.windows == [1...1, 3...4])
        #expect(NABScore.score([odd], NABScore.Profile.all[1]).raw.isFinite)
    }
}
