import Foundation
import Testing

@testable import Engine

/// The verbs of the language, seen from what a run leaves.
@Suite("steps")
struct StepTests {
    /// Runs steps on a charger module and gives the instants and values of its limit from t = 0 on.
    private func limits(_ steps: String, length: String = "60s", more: String = "", seed: UInt64 = 1) throws -> [String] {
        let run = try Recorded(head(length) + onBus() + more + "steps:\n" + steps.split(separator: "\n").map { "  \($0)\n" }.joined(), seed: seed)
        #expect(run.outcome.verdict != .incomplete)
        // The limit of the start is there unless the first step changes it at once.
        return try run.samples("charger.limit").map { "\($0.time) \($0.value)" }.filter { $0 != "0 32" }
    }

    @Test("wait waits from where the steps are, at from the start of the run")
    func waitAndAt() throws {
        let found = try limits(
            "- wait: 1min30s\n- set: {charger.limit: 5 A}\n- at: 2min\n- set: {charger.limit: 6 A}\n- at: 1min\n- set: {charger.limit: 7 A}", length: "3min")
        #expect(found == ["90 5", "120 7"], "an instant that is over waits for nothing")
        #expect(try limits("- wait: =2 s * 3\n- set: {charger.limit: =2 A + 3 A}") == ["6 5"])
    }

    @Test("until goes on at the instant at which its formula becomes true")
    func until() throws {
        let start = "- {send: SetChargingProfile, to: cp1, with: {limit: 100 A}}\n- {send: RemoteStartTransaction, to: cp1}\n"
        #expect(try limits(start + "- until: =charger.current > 30 A\n- set: {charger.limit: 7 A}").last == "1.5 7")
        #expect(try limits(start + "- until: =charger.current >= 0 A\n- set: {charger.limit: 7 A}").last == "0 7", "true already")
        #expect(try limits(start + "- {until: =charger.current > 90 A, timeout: 3s, else: go-on}\n- set: {charger.limit: 7 A}").last == "3 7")
    }

    @Test("an until that is not fulfilled in time ends the run")
    func untilFails() throws {
        let outcome = try run(head("60s") + onBus() + "steps:\n  - {until: =charger.current > 90 A, timeout: 3s}\n")
        #expect(outcome.verdict == .incomplete)
        #expect(outcome.diagnostics.first?.code == "E0701")
        #expect(outcome.diagnostics.first?.span?.line == 10)
        #expect(outcome.simulated.seconds == 3)
    }

    @Test("repeat counts rounds, lasts a time, follows a condition, or never ends")
    func repetition() throws {
        let body = "\n  steps:\n    - set: {charger.limit: =charger.limit + 1 A}\n    - wait: 2s"
        for (times, wanted) in [
            ("3", ["0 33", "2 34", "4 35", "6 0"]), ("0", ["0 0"]), ("5s", ["0 33", "2 34", "4 35", "6 0"]),
            ("=charger.limit < 34 A", ["0 33", "2 34", "4 0"]),
        ] {
            let found = try limits("- repeat: \(times)\(body)\n- set: {charger.limit: 0 A}")
            #expect(found == wanted, "repeat: \(times)")
        }
        let endless = try limits("- repeat: forever\(body)", length: "7s")
        #expect(endless == ["0 33", "2 34", "4 35", "6 36"])
        #expect(
            try limits("- repeat: 2\n  steps:\n    - repeat: 2\n      steps:\n        - set: {charger.limit: =charger.limit + 1 A}\n        - wait: 1s").count
                == 4)
    }

    @Test("parallel runs its tracks side by side and waits for the last")
    func parallel() throws {
        #expect(
            try limits(
                "- parallel:\n    left: [{wait: 1s}, {set: {charger.limit: 1 A}}, {wait: 3s}]\n    right: [{wait: 2s}, {set: {charger.limit: 2 A}}]\n- set: {charger.limit: 3 A}"
            )
                == ["1 1", "2 2", "4 3"])
    }

    @Test("when takes one of two ways")
    func when() throws {
        let step = "- when: =charger.limit > 32 A\n  steps: [{set: {charger.limit: 1 A}}]\n  else: [{set: {charger.limit: 2 A}}]\n"
        #expect(try limits(step) == ["0 2"])
        #expect(try limits("- set: {charger.limit: 40 A}\n- wait: 1s\n\(step)").last == "1 1")
        #expect(try limits("- when: =charger.limit > 50 A\n  steps: [{set: {charger.limit: 1 A}}]") == [])
    }

    @Test("a call hands numbers with units to its sequence, and sequences call each other")
    func call() throws {
        let sequences = """
            sequences:
              twice: {needs: [amps, gap], steps: [{call: once, with: {value: =amps, pause: =gap}}, {call: once, with: {value: =amps * 2, pause: =gap}}]}
              once: {needs: [value, pause], steps: [{set: {charger.limit: =value}}, {wait: =pause}]}

            """
        #expect(
            try limits("- {call: twice, with: {amps: 5 A, gap: 2s}}\n- {call: twice, with: {amps: =3 A + 1 A, gap: 1s}}", more: sequences) == [
                "0 5", "2 10", "4 4", "5 8",
            ])
    }

    @Test("a call hands sets of nodes to its sequence")
    func callWithNodes() throws {
        let fleet = "nodes:\n  csms: {is: csms}\n  cp: {is: charge-point, count: 4, csms: csms}\n"
        let sequences =
            "sequences:\n  go: {needs: [who], steps: [{send: RemoteStartTransaction, to: =who}]}\n  both: {needs: [all], steps: [{call: go, with: {who: =all}}]}\n"
        for (argument, count) in [("cp.*", 4), ("cp.2", 1), ("[cp.1, cp.3]", 2), ("'=sample(cp.*, 50%)'", 2)] {
            let outcome = try run(
                head("10s") + fleet + sequences + "steps:\n  - {call: both, with: {all: \(argument)}}\nexpect:\n  - =count(ocpp.StartTransaction) == \(count)\n"
            )
            #expect(outcome.verdict == .pass, "\(argument)")
        }
    }

    @Test("a label lasts as long as its step and the time past its end, cut at the end of the run")
    func labels() throws {
        let run = try Recorded(
            head("20s") + onBus()
                + """
                steps:
                  - {wait: 2s, label: FIRST}
                  - repeat: 2
                    label: {kind: SECOND, severity: critical, for: 1500ms}
                    steps: [{wait: 1s}]
                  - {send: RemoteStartTransaction, to: cp1, label: {kind: THIRD, severity: low}}
                  - {wait: 100s, label: FOURTH}

                """)
        #expect(
            try run.rows("labels.csv").map { $0.prefix(4).joined(separator: " ") } == [
                "0 2 FIRST medium", "2 5.5 SECOND critical", "4 4 THIRD low", "4 20 FOURTH medium",
            ])
        #expect(try run.rows("labels.csv")[2][5] == "cp1")
    }

    @Test("messages of a labelled step carry the label")
    func labelledMessages() throws {
        let run = try Recorded(
            head("20s", record: "[messages]") + onBus()
                + "steps:\n  - {send: SetChargingProfile, to: cp1, with: {limit: 9 A}}\n  - repeat: 1\n    label: ODD\n    steps: [{send: RemoteStartTransaction, to: cp1}]\n"
        )
        let labelled = try run.messages().filter { ($0["meta"] as? [String: Any])?["label"] as? String == "ODD" }
        #expect(labelled.compactMap { $0["action"] as? String } == ["RemoteStartTransaction", "RemoteStartTransaction"])
    }

    @Test("steps without a wait end the run instead of hanging it")
    func livelock() throws {
        let outcome = try run(head("60s") + onBus() + "steps:\n  - repeat: forever\n    steps: [{set: {charger.limit: 5 A}}]\n")
        #expect(outcome.diagnostics.first?.code == "E0704")
        let empty = try run(head("60s") + onBus() + "steps:\n  - repeat: forever\n    steps: []\n")
        #expect(empty.verdict != .pass || empty.simulated.seconds == 60)
        let conditional = try run(head("60s") + onBus() + "steps:\n  - repeat: =charger.limit > 0 A\n    steps: []\n  - {set: {charger.limit: 3 A}}\n")
        #expect(conditional.simulated.seconds == 60 || conditional.diagnostics.first?.code == "E0704")
    }

    @Test("a time without end waits to the end of the run, and a negative one ends it")
    func strangeTimes() throws {
        for verb in ["wait", "at", "until"] {
            let step =
                verb == "until"
                ? "- {until: =charger.current > 90 A, timeout: '=1 s / (charger.limit / 1 A - 32)', else: go-on}"
                : "- \(verb): =1 s / (charger.limit / 1 A - 32)"
            #expect(try limits("\(step)\n- set: {charger.limit: 1 A}") == [], "\(verb)")
        }
        let outcome = try run(head("60s") + onBus() + "steps:\n  - wait: 1s\n  - wait: =1 s - charger.limit / 1 A * 1 s\n")
        #expect(outcome.diagnostics.first?.message.hasPrefix("the time of this step is negative") == true)
    }

    @Test("the first steps read what nodes published when they were switched on")
    func startValues() throws {
        #expect(try limits("- set: {charger.limit: =charger.limit + 1 A}") == ["0 33"])
        #expect(try limits("- when: =charger.limit == 32 A and cp1.status == 'Available'\n  steps: [{set: {charger.limit: 1 A}}]") == ["0 1"])
    }

    @Test("a run of too many events is stopped")
    func tooManyEvents() throws {
        var options = RunOptions()
        options.maximumEvents = 10_000
        let text = head("1h") + onBus() + "buses:\n  can0:\n    frames:\n      beat: {id: 0x400, from: charger, every: 1ms}\n"
        let outcome = Runner.run(try scenario(text), options: options)
        #expect(outcome.verdict == .incomplete)
        #expect(outcome.diagnostics.first?.code == "E0703")
        #expect(outcome.events <= 10_000 + 4096)
    }

    @Test("steps start when the nodes that boot later have booted too")
    func stepsAfterBoot() throws {
        let run = try Recorded(
            head("60s")
                + "nodes:\n  csms: {is: csms}\n  cp1: {is: charge-point, csms: csms, boot_after: 12s}\n  cp2: {is: charge-point, csms: csms}\nsteps:\n  - {send: RemoteStartTransaction, to: cp1}\n"
        )
        #expect(try run.samples("cp1.charging").map { "\($0.time) \($0.value)" }.last == "12 1")
    }

    @Test("draws stay in their range and change with the seed only")
    func draws() throws {
        let steps = "- repeat: 20\n  steps:\n    - set: {charger.limit: '=uniform(5 A, 10 A)'}\n    - wait: 1s"
        let first = try limits(steps)
        #expect(first.count == 20)
        #expect(first.allSatisfy { Double($0.split(separator: " ")[1]).map { (5...10).contains($0) } == true })
        #expect(Set(first.map { $0.split(separator: " ")[1] }).count == 20)
        #expect(try limits(steps) == first)
        #expect(try limits(steps, seed: 2) != first)
    }
}
