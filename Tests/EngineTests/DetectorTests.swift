import Foundation
import Testing

@testable import Engine

/// Detectors with their life-cycle, windows of formulas, and what expectations say.
@Suite("detectors and formulas")
struct DetectorTests {
    /// A limit that is set by hand: a signal with any shape.
    private func alarms(_ values: [(time: Int, amperes: Int)], _ detectors: String, length: String = "60s") throws -> Recorded {
        try Recorded(
            head(length) + onBus() + "detectors:\n" + detectors.split(separator: "\n").map { "  \($0)\n" }.joined() + "steps:\n"
                + values.map { "  - at: \($0.time)s\n  - set: {charger.limit: \($0.amperes) A}\n" }.joined())
    }

    private func list(_ run: Recorded, _ detector: String) throws -> [String] { try run.alarms(detector).map { "\($0.start)-\($0.end)" } }

    @Test("lasting waits, clear is a level of its own, keep goes on, rest silences")
    func lifecycle() throws {
        let values = [(1, 50), (3, 10), (10, 50), (20, 35), (25, 10), (27, 50), (29, 10)]
        let run = try alarms(
            values,
            """
            plain: {is: threshold, watch: charger.limit, above: 40 A}
            lasting: {is: threshold, watch: charger.limit, above: 40 A, lasting: 5s}
            clear: {is: threshold, watch: charger.limit, above: 40 A, clear: 30 A}
            keep: {is: threshold, watch: charger.limit, above: 40 A, keep: 4s}
            rest: {is: threshold, watch: charger.limit, above: 40 A, rest: 10s}
            late: {is: threshold, watch: charger.limit, above: 40 A, warmup: 15s}
            """)
        #expect(try list(run, "plain") == ["1-3", "10-20", "27-29"])
        #expect(try list(run, "lasting") == ["15-20"])
        #expect(try list(run, "clear") == ["1-3", "10-25", "27-29"])
        #expect(try list(run, "keep").first == "1-7")
        #expect(try list(run, "rest").count == 2)
        #expect(try list(run, "late").allSatisfy { (Double($0.split(separator: "-")[0]) ?? 0) >= 15 })
    }

    @Test("only_when lets a detector work only while its formula is true; else its state is kept")
    func gate() throws {
        let run = try alarms(
            [(1, 50), (3, 10), (10, 60), (20, 30), (25, 10), (26, 30)],
            "open: {is: threshold, watch: charger.limit, above: 40 A, only_when: =charger.limit > 20 A}\nlate: {is: threshold, watch: charger.limit, above: 40 A, only_when: =charger.limit > 55 A}"
        )
        let open = try list(run, "open")
        #expect(open == ["1-20"], "the fall at 3 s is not looked at")
        let late = try list(run, "late")
        #expect(late == ["10-"])
    }

    @Test("composites join alarms: all, any, and in order")
    func composites() throws {
        let run = try alarms(
            [(5, 50), (6, 70), (10, 10), (30, 50), (40, 10)],
            """
            low: {is: threshold, watch: charger.limit, above: 40 A}
            high: {is: threshold, watch: charger.limit, above: 60 A}
            both: {is: all-of, parts: [low, high], within: 1s}
            any: {is: any-of, parts: [low, high], within: 1s}
            order: {is: in-order, parts: [low, high], within: 3s}
            reverse: {is: in-order, parts: [high, low], within: 3s}
            """)
        #expect(try run.alarms("both").map(\.start) == ["6"])
        #expect(try run.alarms("any").map(\.start) == ["5", "30"])
        #expect(try run.alarms("order").map(\.start) == ["6"])
        #expect(try run.alarms("reverse").isEmpty)
    }

    @Test("a rule fires while its formula is true, after it has lasted")
    func rule() throws {
        let run = try alarms(
            [(5, 50), (12, 10)],
            "hot: {is: rule, when: =charger.limit > 40 A}\nslow: {is: rule, when: =charger.limit > 40 A, lasting: 3s}\nnever: {is: rule, when: =charger.limit > 40 A, lasting: 8s}"
        )
        #expect(try list(run, "hot") == ["5-12"])
        #expect(try list(run, "slow") == ["8-12"])
        #expect(try list(run, "never") == [])
    }

    @Test("windows of formulas hold the samples of (t - w, t]; of a held signal the mean is weighted by time, with the value at the edge")
    func windows() throws {
        // The limit is published each second with the values 1, 2, … 20 A; a step asks at 20.5 s.
        let steps =
            "steps:\n  - parallel:\n      ramp:\n        - repeat: 20\n          steps:\n            - wait: 1s\n            - set: {charger.limit: '=round((charger.limit - 32 A) + 1 A, 1 A) + 32 A'}\n      ask:\n"
        func asks(_ formulas: [String]) throws -> RunOutcome {
            try run(
                head("30s") + onBus() + steps + formulas.map { "        - {until: '=\($0)', timeout: 0s, else: go-on}\n" }.joined()
                    + "expect:\n  - =charger.limit == 52 A\n")
        }
        #expect(try asks(["charger.limit > 1 A"]).verdict == .pass)
        for (formula, instant) in [
            ("avg(charger.limit, 10 s) == 46.5 A", 20.0), ("max(charger.limit, 5 s) - min(charger.limit, 5 s) == 4 A", 4),
            ("sum(charger.limit, 2 s) == 103 A", 20), ("p50(charger.limit, 3 s) == 50.5 A", 20),
        ] {
            let text =
                head("30s") + onBus() + steps
                + "        - {until: '=\(formula)', timeout: 25s}\n        - {send: RemoteStartTransaction, to: cp1}\nexpect:\n  - =first(ocpp.RemoteStartTransaction) == \(instant) s\n"
            let outcome = try run(text)
            #expect(outcome.verdict == .pass, "\(formula): \(outcome.expectations.map(\.sentence)) \(outcome.diagnostics.map(\.message))")
        }
    }

    @Test("a broken expectation says what was found, what was wanted, and where")
    func failure() throws {
        let text =
            head("64s") + onBus()
                + """
                steps:
                  - repeat: forever
                    steps:
                      - {send: SetChargingProfile, to: cp1, with: {limit: 0 A}}
                      - wait: 2s
                      - {send: SetChargingProfile, to: cp1, with: {limit: 100 A}}
                      - wait: 1s
                      - {send: RemoteStartTransaction, to: cp1}
                      - wait: 2s
                      - {send: RemoteStopTransaction, to: cp1}
                      - wait: 3s
                detectors:
                  repeated: {is: oscillation, watch: charger.current, swing: 20 A, at_least: 4, within: 30s}
                expect:
                  - =first(repeated) <= 12 s
                  - {that: =max(can0.current) == 43 A, because: the ramp is slow}
                  - =count(ocpp.Authorize) == 0

                """
        let outcome = try run(text)
        #expect(outcome.verdict == .fail)
        #expect(outcome.expectations[0].sentence == "first(repeated) was 15.5 s, wanted <= 12 s, line 23")
        #expect(outcome.expectations.map(\.isFulfilled) == [false, true, true])
        #expect(outcome.expectations[1].because == "the ramp is slow")
        #expect(outcome.diagnostics.map(\.code).contains("W0722"), "nobody sent Authorize")
    }

    @Test("scores are those of the alarms against the labels")
    func scores() throws {
        let outcome = try run(
            head("100s") + onBus()
                + """
                steps:
                  - at: 10s
                  - {set: {charger.limit: 50 A}}
                  - {wait: 10s, label: ODD}
                  - {set: {charger.limit: 10 A}}
                  - at: 50s
                  - {wait: 10s, label: ODD}
                  - at: 80s
                  - {set: {charger.limit: 50 A}}
                detectors:
                  d: {is: threshold, watch: charger.limit, above: 40 A, lasting: 2s}
                expect:
                  - =recall(d) == 0.5
                  - =precision(d) == 0.5
                  - =f1(d) == 0.5
                  - =false_alarms(d) == 1
                  - =count(d) == 2
                  - =first(d) == 12 s
                  - =p50(latency(d)) == 2 s
                  - =recall(d, ODD) == 0.5

                """)
        #expect(outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence) == [])
    }
}
