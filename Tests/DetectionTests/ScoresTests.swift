import Quantities
import Testing

@testable import Detection

struct MetricsCase: Decodable, CustomTestStringConvertible {
    struct Point: Decodable {
        let tp: Int
        let fp: Int
        let fn: Int
        let precision: Double?
        let recall: Double?
        let f1: Double?
        let auc_roc: Double?
        let auc_pr: Double?
    }
    struct Event: Decodable {
        let windows: Int
        let windows_hit: Int
        let episodes: Int
        let episodes_hit: Int
        let recall: Double?
        let precision: Double?
        let f1: Double?
        let latency_rows: [Int?]
    }
    struct Expected: Decodable {
        let point: Point
        let event: Event
    }
    let name: String
    let n: Int
    let label_windows: [[Int]]
    let score: [Double]
    let threshold: Double
    let expected: Expected

    var testDescription: String { name }
    static let all: [MetricsCase] = (try? VectorFile.cases("metrics.json", as: MetricsCase.self)) ?? []
}

struct ScoresTests {
    func at(_ seconds: Double) -> Instant { Instant(seconds: seconds) }

    func alarm(_ start: Double, _ end: Double?) -> Alarm {
        Alarm(start: at(start), end: end.map { at($0) }, detector: "d", severity: .medium, score: 1, evidence: at(start))
    }

    func label(_ start: Double, _ end: Double, _ kind: String = "K") -> GroundTruthLabel { GroundTruthLabel(start: at(start), end: at(end), kind: kind) }

    @Test("event scores agree with the vectors, a row being two seconds", arguments: MetricsCase.all)
    func events(_ item: MetricsCase) {
        var alarms: [Alarm] = []
        for row in 0..<item.n where item.score[row] > item.threshold {
            alarms.append(alarm(Double(2 * row), Double(2 * row + 2)))
        }
        let labels = item.label_windows.map { label(Double(2 * $0[0]), Double(2 * $0[1] + 2)) }
        let scores = Scores.evaluate(alarms: alarms, labels: labels, end: at(Double(2 * item.n)))
        let expected = item.expected.event
        #expect(scores.labels == expected.windows)
        #expect(scores.detected == expected.windows_hit)
        #expect(scores.episodes == expected.episodes)
        #expect(scores.trueEpisodes == expected.episodes_hit)
        #expect(isClose(scores.precision, expected.precision, relative: 0, absolute: 1e-9))
        #expect(isClose(scores.recall, expected.recall, relative: 0, absolute: 1e-9))
        #expect(isClose(scores.f1 ?? 0, expected.f1 ?? 0, relative: 0, absolute: 1e-9))
        #expect(scores.latencies.map { $0.map { Int($0.seconds) / 2 } } == expected.latency_rows)
    }

    @Test("point scores agree with the vectors", arguments: MetricsCase.all)
    func points(_ item: MetricsCase) {
        var labels = Array(repeating: false, count: item.n)
        for window in item.label_windows { for row in window[0]...window[1] { labels[row] = true } }
        let scores = PointScores(scores: item.score, labels: labels, threshold: item.threshold)
        let expected = item.expected.point
        #expect(scores.truePositives == expected.tp && scores.falsePositives == expected.fp && scores.falseNegatives == expected.fn)
        #expect(isClose(scores.f1 ?? 0, expected.f1 ?? 0, relative: 0, absolute: 1e-9))
        #expect(isClose(scores.precision ?? 0, expected.precision ?? 0, relative: 0, absolute: 1e-9))
        #expect(isClose(scores.recall ?? 0, expected.recall ?? 0, relative: 0, absolute: 1e-9))
        if let area = expected.auc_roc { #expect(isClose(scores.areaUnderROC, area, relative: 0, absolute: 1e-6)) }
        if let area = expected.auc_pr { #expect(isClose(scores.averagePrecision, area, relative: 0, absolute: 1e-6)) }
    }

    @Test("all metric vectors are there")
    func count() { #expect(MetricsCase.all.count == 36) }

    @Test("a label is a half-open interval")
    func halfOpen() {
        let scores = Scores.evaluate(alarms: [alarm(20, 25), alarm(5, 10)], labels: [label(10, 20)], end: at(100))
        #expect(scores.detected == 0)
        #expect(scores.falseAlarms == 2)
        #expect(scores.precision == 0)
        #expect(scores.f1 == 0)
    }

    @Test("false alarms under one second apart are one episode, and count by hours outside labels")
    func falseAlarms() {
        let alarms = [alarm(10, 11), alarm(11.9, 12), alarm(13, 14), alarm(3000, nil)]
        let scores = Scores.evaluate(alarms: alarms, labels: [label(1800, 5400)], end: at(9000))
        #expect(scores.falseAlarms == 2)
        #expect(scores.episodes == 3)
        #expect(scores.hoursOutside == 1.5)
        #expect(scores.falseAlarmsPerHour == 2 / 1.5)
        #expect(scores.latencies == [.seconds(1200)])
    }

    @Test("latency counts from the start of the label and is 0 for an alarm that already fires")
    func latency() {
        let labels = [label(10, 20), label(30, 40), label(50, 60), label(70, 80)]
        let scores = Scores.evaluate(alarms: [alarm(14, 15), alarm(28, 33), alarm(51, 70)], labels: labels, end: at(100))
        #expect(scores.latencies == [.seconds(4), .zero, .seconds(1), nil])
        #expect(scores.missed == 1)
        #expect(scores.recall == 0.75)
        #expect(scores.medianLatency == 1)
        #expect(isClose(scores.p95Latency, 3.7, relative: 1e-12, absolute: 0))
        #expect(scores.maximumLatency == 4)
    }

    @Test("with a filter, labels of other kinds count neither for recall nor against precision")
    func kinds() {
        let labels = [label(10, 20, "A"), label(30, 40, "B")]
        let scores = Scores.evaluate(alarms: [alarm(12, 13), alarm(31, 32), alarm(90, 91)], labels: labels, end: at(100), kinds: ["A"])
        #expect(scores.labels == 1)
        #expect(scores.recall == 1)
        #expect(scores.precision == 0.5)
        #expect(scores.falseAlarms == 1)
    }

    @Test("ratios without a denominator are undefined")
    func undefined() {
        let scores = Scores.evaluate(alarms: [], labels: [], end: .zero)
        #expect(scores.precision == nil && scores.recall == nil && scores.f1 == nil && scores.falseAlarmsPerHour == nil && scores.medianLatency == nil)
    }

    @Test("scores agree with a count second by second on random intervals", arguments: 0..<60 as Range<UInt64>)
    func direct(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        func spans(_ count: Int) -> [(Int, Int)] {
            (0..<count).map { _ in
                let start = Int.random(in: 0..<190, using: &random)
                return (start, min(start + Int.random(in: 1...12, using: &random), 200))
            }
        }
        let (alarms, labels) = (spans(6), spans(5))
        let scores = Scores.evaluate(
            alarms: alarms.map { alarm(Double($0.0), Double($0.1)) }, labels: labels.map { label(Double($0.0), Double($0.1)) }, end: at(200))
        let firing = (0..<200).map { second in alarms.contains { $0.0 <= second && second < $0.1 } }
        let labelled = (0..<200).map { second in labels.contains { $0.0 <= second && second < $0.1 } }
        #expect(scores.detected == labels.count { $0.0 < $0.1 && firing[$0.0..<$0.1].contains(true) }, "seed \(seed)")
        var (episodes, hits, second) = (0, 0, 0)
        while second < 200 {
            guard firing[second] else {
                second += 1
                continue
            }
            var touches = false
            while second < 200, firing[second] {
                touches = touches || labelled[second]
                second += 1
            }
            episodes += 1
            if touches { hits += 1 }
        }
        #expect(scores.episodes == episodes && scores.trueEpisodes == hits, "seed \(seed)")
        #expect(isClose(scores.hoursOutside, Double(labelled.count { !$0 }) / 3600, relative: 1e-12, absolute: 0))
    }
}
