import Detection
import Foundation
import ScenarioLanguage
import Testing

@testable import Engine

/// What becomes of alarms, as files say it.
@Suite("the life-cycle of alarms in files")
struct LifecycleTests {
    /// A limit that is set by hand: a signal with any shape.
    private func run(_ values: [(time: Int, amperes: Int)], _ detectors: String) throws -> Recorded {
        try Recorded(
            head("60s") + onBus() + "detectors:\n" + detectors.split(separator: "\n").map { "  \($0)\n" }.joined() + "steps:\n"
                + values.map { "  - at: \($0.time)s\n  - set: {charger.limit: \($0.amperes) A}\n" }.joined())
    }

    private func list(_ run: Recorded, _ detector: String) throws -> [String] {
        try run.rows("alarms.csv").filter { $0[2] == detector }.map {
            "\($0[0])-\($0[1]) \($0[3]) \($0[7...].joined(separator: ","))".trimmingCharacters(in: .whitespaces)
        }
    }

    @Test("the table of the language and that of the detectors have the same keys")
    func keys() {
        #expect(Set(ScenarioSchema.detector.keys.map(\.name)).subtracting(["is"]) == Set(DetectorKind.common.map(\.name)))
    }

    @Test("severity follows peak, length and company")
    func severity() throws {
        let found = try run(
            [(5, 50), (8, 10), (20, 90), (25, 10), (30, 50), (50, 10)],
            """
            graded: {is: threshold, watch: charger.limit, above: 40 A, severity_map: {low: 1, high: 2}, escalate_after: 10s}
            high: {is: threshold, watch: charger.limit, above: 60 A}
            confirmed: {is: threshold, watch: charger.limit, above: 40 A, severity: low, corroborate: {by: [high], within: 2s}}
            """)
        #expect(try list(found, "graded") == ["5-8 low", "20-25 high", "30-50 medium"])
        #expect(try list(found, "confirmed") == ["5-8 low", "20-25 medium confirmed", "30-50 low"])
    }

    @Test("a suppressed alarm is recorded, counts nowhere, and is raised when nothing suppresses it any more")
    func suppression() throws {
        let found = try run(
            [(5, 70), (8, 10), (20, 70), (25, 50), (30, 10)],
            """
            high: {is: threshold, watch: charger.limit, above: 60 A}
            low: {is: threshold, watch: charger.limit, above: 40 A, suppress: [high]}
            both: {is: all-of, parts: [low, high], within: 0s}
            """)
        #expect(try list(found, "high") == ["5-8 medium", "20-25 medium"])
        #expect(try list(found, "low") == ["25-30 medium"])
        #expect(try list(found, "both").isEmpty)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(try found.directory.text("report.json").utf8)) as? [String: Any])
        let detectors = try #require(report["detectors"] as? [[String: Any]])
        #expect(detectors.map { $0["suppressed"] as? Int } == [nil, 1, nil])
    }

    @Test("flapping, breaking through, and shapes that were seen before")
    func notes() throws {
        let found = try run(
            (1...6).flatMap { [(time: $0 * 8, amperes: $0 == 5 ? 200 : 50), (time: $0 * 8 + 2, amperes: 10)] },
            """
            flapping: {is: threshold, watch: charger.limit, above: 40 A, flap: {count: 2, within: 1min}}
            broken: {is: threshold, watch: charger.limit, above: 40 A, rest: 50s, breakthrough: 3}
            shapes: {is: threshold, watch: charger.limit, above: 40 A, patterns: {before: 2s}}
            harmless: {is: threshold, watch: charger.limit, above: 40 A, patterns: {before: 2s, benign: [1]}}
            """)
        #expect(try list(found, "flapping") == ["8-10 medium", "16-18 medium", "24-50 medium flapping: 4 alarms"])
        #expect(try list(found, "broken") == ["8-10 medium", "40-42 medium"])
        #expect(try list(found, "shapes").prefix(2) == ["8-10 medium new pattern 1", "16-18 medium \"seen before: pattern 1, 2 times, last at 10 s\""])
        #expect(try list(found, "harmless").count < (try list(found, "shapes").count))
    }

    @Test("alarms are correlated by what they are about")
    func correlation() throws {
        let found = try run(
            [(5, 50), (8, 70), (10, 10), (30, 70), (31, 10)],
            """
            low: {is: threshold, watch: charger.limit, above: 40 A}
            high: {is: threshold, watch: charger.limit, above: 60 A}
            order: {is: correlate-alarms, parts: [low, high], order: temporal-ordered, within: 10s}
            turned: {is: correlate-alarms, parts: [high, low], order: temporal-ordered, within: 10s}
            many: {is: correlate-alarms, parts: [low, high], at_least: 4, within: 40s}
            """)
        #expect(try list(found, "order") == ["8-15 medium", "30-40 medium"])
        #expect(try list(found, "turned").isEmpty)
        #expect(try list(found, "many") == ["30-45 medium"])
    }

    @Test("wrong keys are found where they stand")
    func wrong() throws {
        let level = "{is: threshold, watch: charger.limit, above: 40 A, "
        let wrong: [(String, String)] = [
            ("\(level)suppress: [nobody]}", "nobody"), ("\(level)suppress: [d]}", "[d]"), ("\(level)flap: {count: 0}}", "0"),
            ("\(level)flap: {often: 3}}", "often"), ("\(level)flap: 3}", "3"), ("\(level)severity_map: {low: 2, high: 1}}", "1"),
            ("\(level)severity_map: {low: 0.5}}", "0.5"), ("\(level)severity: low, severity_map: {high: 1}}", "{high: 1}"),
            ("\(level)breakthrough: 2}", "2"), ("\(level)rest: 5s, breakthrough: 0.5}", "0.5"), ("\(level)stale_after: 0s}", "0s"),
            ("\(level)corroborate: {at_least: 1}}", "{at_least: 1}"), ("\(level)corroborate: {by: [e], at_least: 2}}", "2"),
            ("\(level)patterns: {segments: 1}}", "1"), ("\(level)patterns: {max_distance: -1}}", "-1"),
            ("{is: rule, when: =charger.limit > 1 A, patterns: {}}", "{}"), ("{is: k-of-n, parts: [e, e], at_least: 3}", "3"),
            ("{is: correlate-alarms, parts: [e]}", "d"), ("{is: correlate-alarms, parts: [e], order: temporal}", "[e]"),
            ("{is: mtl, formula: 'charger.limit < 1 A', scale: 0 A}", "0 A"), ("{is: moving-range, watch: charger.limit}", "d"),
            ("{is: moving-range, watch: charger.limit, above: 1 A, target_far: 1 /d}", "1 /d"), ("{is: meter-fraud, register: cp1.energy}", "cp1.energy"),
        ]
        for (text, place) in wrong {
            let file =
                head("60s") + onBus()
                + "detectors:\n  e: {is: threshold, watch: charger.limit, above: 50 A}\n  d: \(text)\nexpect: [=count(d) + count(e) == 0]\n"
            let found = findings(file).filter { $0.severity == .error }
            #expect(found.count == 1, "\(text): \(found.map(\.message))")
            guard let span = found.first?.span else { continue }
            let line = file.split(separator: "\n", omittingEmptySubsequences: false)[span.line - 1]
            #expect(String(line.dropFirst(span.column - 1)).hasPrefix(place), "\(text): \(line.dropFirst(span.column - 1))")
        }
    }
}
