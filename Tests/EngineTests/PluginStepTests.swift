import Foundation
import Testing

@testable import Engine
@testable import ScenarioLanguage

/// Attacks, sequences and messages of plugins, seen from what a run leaves.
@Suite("attacks, sequences and messages of plugins")
struct PluginStepTests {
    /// Raises the limit of a meter by a step every second.
    static let creep = """
        attacks:
          creep:
            settings: {step: {type: power, default: 1 kW}, gap: {type: time, default: 1s}}
            label: {kind: POWER_ANOMALY, severity: low}
            steps: [{repeat: forever, steps: [{set: {target.limit: =target.limit + step}}, {wait: =gap}]}]

        """

    /// Values of the knob in kW, without the one of the start and those that repeat the one before.
    private func limits(_ run: Recorded, _ signal: String = "knob.limit") throws -> [String] {
        var found: [String] = []
        for sample in try run.samples(signal) where found.last?.hasSuffix(" \(sample.value)") != true { found.append("\(sample.time) \(sample.value)") }
        return found.filter { $0 != "0 1" }
    }

    @Test("an attack ends when its time is over, and its label with it, to the instant")
    func forTime() throws {
        let run = try Recorded(
            using("20s") + knobs + "steps:\n  - wait: 2s\n  - {attack: creep, against: knob, for: 3500ms}\n  - {set: {other.limit: 9 kW}}\n", plugin: Self.creep
        )
        #expect(try limits(run) == ["2 2", "3 3", "4 4", "5 5"])
        #expect(try run.labels() == ["2-5.5 POWER_ANOMALY low knob"])
        #expect(try limits(run, "other.limit") == ["5.5 9"], "the next step comes when the attack is over")
    }

    @Test("an attack that is done before its time is over ends then")
    func doneBefore() throws {
        let run = try Recorded(
            using("20s") + knobs + "steps:\n  - {attack: twice, against: knob, for: 10s}\n  - {set: {other.limit: 9 kW}}\n",
            plugin: "attacks:\n  twice:\n    steps: [{set: {target.limit: 5 kW}}, {wait: 2s}, {set: {target.limit: 6 kW}}, {wait: 1s}]\n")
        #expect(try limits(run) == ["0 5", "2 6"])
        #expect(try run.labels() == ["0-3 twice medium knob"], "an attack without a label has its own name")
        #expect(try limits(run, "other.limit") == ["3 9"])
    }

    @Test("at the very instant at which the time is over, the steps of that instant are done or not, but once")
    func sameInstant() throws {
        let run = try Recorded(
            using("20s") + knobs + "steps:\n  - {attack: creep, against: knob, for: 2s}\n  - {attack: creep, against: knob, for: 2s}\n", plugin: Self.creep)
        #expect(try run.labels() == ["0-2 POWER_ANOMALY low knob", "2-4 POWER_ANOMALY low knob"])
        #expect(try limits(run) == ["0 2", "1 3", "2 4", "3 5"])
    }

    @Test("settings are given in with, as constants and as formulas of the instant")
    func settings() throws {
        let run = try Recorded(
            using("20s") + knobs + """
                steps:
                  - wait: 1s
                  - {attack: creep, against: knob, for: 1500ms, with: {step: =other.limit * 3, gap: 500ms}}

                """, plugin: Self.creep)
        #expect(try limits(run) == ["1 4", "1.5 7", "2 10"])
    }

    @Test("the label of the place of use wins, with its time past the end")
    func labelOfTheUse() throws {
        let run = try Recorded(
            using("20s") + knobs + "steps:\n  - {attack: creep, against: knob, for: 2s, label: {kind: THEFT, severity: critical, for: 5s}}\n",
            plugin: Self.creep)
        #expect(try run.labels() == ["0-7 THEFT critical knob"])
    }

    @Test("an attack in an attack, its tracks and repetitions end with the outer one, and so do their labels")
    func nested() throws {
        let run = try Recorded(
            using("30s") + knobs
                + "steps:\n  - wait: 1s\n  - {attack: outer, against: knob, by: other, for: 4500ms}\n  - wait: 1s\n  - {set: {knob.limit: 1 W}}\n",
            plugin: Self.creep + """
                  outer:
                    label: outside
                    steps:
                      - parallel:
                          one:
                            - {attack: creep, against: =target, with: {step: 2 kW}}
                          two:
                            - repeat: forever
                              label: inside
                              steps: [{wait: 2s}, {set: {attacker.limit: =attacker.limit + 1 kW}}]
                          three:
                            - {until: =target.limit > 900 kW}
                """)
        #expect(run.outcome.verdict != .incomplete, "\(run.outcome.diagnostics)")
        #expect(try limits(run) == ["1 3", "2 5", "3 7", "4 9", "5 11", "6.5 0.001"])
        #expect(try limits(run, "other.limit") == ["3 2", "5 3"])
        #expect(Set(try run.labels()) == ["1-5.5 outside medium knob", "1-5.5 POWER_ANOMALY low knob", "1-5.5 inside medium "])
    }

    @Test("a message that is on its way when its attack ends is answered, and the place of its strand is used again")
    func outstanding() throws {
        let run = try Recorded(
            using("60s") + """
                nodes:
                  csms: {is: csms}
                  cp: {is: charge-point, csms: csms, count: 3}
                links:
                  far: {between: [csms, cp.1], latency: 2s}
                steps:
                  - repeat: 5
                    steps:
                      - {attack: ring, against: cp.1, for: 500ms}
                      - parallel:
                          a: [{send: TriggerMessage, to: cp.2, with: {requestedMessage: Heartbeat}}]
                          b: [{wait: 3s}, {send: TriggerMessage, to: cp.3, with: {requestedMessage: Heartbeat}}]
                expect: [=count(cp.1.ocpp.TriggerMessage) == 5, =count(cp.2.ocpp.TriggerMessage) == 5, =count(cp.3.ocpp.TriggerMessage) == 5]

                """,
            plugin: """
                attacks:
                  ring:
                    steps:
                      - {send: TriggerMessage, to: =target, with: {requestedMessage: Heartbeat}}
                      - {send: TriggerMessage, to: =target, with: {requestedMessage: BootNotification}}
                """)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations) \(run.outcome.diagnostics)")
        let answers = try run.messages().filter {
            $0["messageType"] as? String != "CALL" && $0["action"] as? String == "TriggerMessage" && $0["chargePointId"] as? String == "cp.1"
        }
        #expect(answers.count == 5)
        #expect(try run.labels().count == 5)
    }

    @Test("two attacks at once on two nodes, and two on one")
    func atOnce() throws {
        let run = try Recorded(
            using("20s") + knobs + """
                steps:
                  - parallel:
                      a: [{attack: creep, against: knob, for: 2500ms, with: {step: 1 kW}}]
                      b: [{attack: creep, against: other, for: 1500ms, with: {step: 3 kW}}]
                      c: [{wait: 500ms}, {attack: creep, against: knob, for: 2500ms, with: {step: 10 kW}}]

                """, plugin: Self.creep)
        #expect(try limits(run) == ["0 2", "0.5 12", "1 13", "1.5 23", "2 24", "2.5 34"])
        #expect(try limits(run, "other.limit") == ["0 4", "1 7"])
        #expect(
            Set(try run.labels()) == ["0-2.5 POWER_ANOMALY low knob", "0-1.5 POWER_ANOMALY low other", "0.5-3 POWER_ANOMALY low knob"])
    }

    @Test("draws of an attack are new at each use and the same from run to run")
    func draws() throws {
        func times() throws -> [String] {
            try Recorded(
                using("60s") + knobs
                    + "steps:\n  - repeat: 4\n    steps:\n      - {attack: wait, against: knob}\n      - {set: {knob.limit: =knob.limit + 1 kW}}\n",
                plugin: "attacks:\n  wait: {steps: [{wait: '=uniform(1 s, 9 s)'}, {set: {target.limit: =target.limit + 1 W}}]}\n"
            ).track("knob.limit")
        }
        let first = try times()
        #expect(Set(first.map { $0.split(separator: " ")[0] }).count >= 5)
        #expect(try times() == first)
    }

    @Test("an attack without against does not need it when only longer names begin with target")
    func targetAsAWord() throws {
        let run = try Recorded(
            using("20s") + knobs + "steps:\n  - {attack: pause}\n  - {set: {knob.limit: 2 kW}}\n",
            plugin: "attacks:\n  pause:\n    about: no target\n    settings: {target_time: {type: time, default: 3s}}\n    steps: [{wait: =target_time}]\n")
        #expect(try limits(run) == ["3 2"])
    }

    @Test("an attack may call a sequence of its own name")
    func sameName() throws {
        let run = try Recorded(
            using("20s") + knobs + "steps:\n  - {attack: rise, against: knob}\n",
            plugin: """
                sequences:
                  rise: {settings: {who: {type: node}}, steps: [{wait: 2s}, {set: {who.limit: 7 kW}}]}
                attacks:
                  rise: {steps: [{call: rise, with: {who: =target}}]}
                """)
        #expect(try limits(run) == ["2 7"])
    }

    // MARK: Sequences

    @Test("a sequence takes typed settings: constants, defaults, formulas, nodes and signals")
    func sequences() throws {
        let run = try Recorded(
            using("20s") + knobs + """
                steps:
                  - wait: 1s
                  - {call: ramp, with: {where: knob, to: 5 kW}}
                  - {call: ramp, with: {where: other, to: =knob.limit + 1 kW, pause: 500ms}}
                  - {call: copy, with: {from: other.limit}}
                sequences:
                  copy: {settings: {from: {type: signal, of: power}}, steps: [{wait: 1s}, {set: {knob.limit: =from * 2}}]}

                """,
            plugin: """
                sequences:
                  ramp:
                    settings:
                      where: {type: node}
                      to: {type: power}
                      pause: {type: time, default: 2s}
                    steps:
                      - {set: {where.limit: =to / 2}}
                      - wait: =pause
                      - {set: {where.limit: =to}}
                """)
        #expect(try limits(run) == ["1 2.5", "3 5", "4.5 7"], "a formula reads the instant before")
        #expect(try limits(run, "other.limit") == ["3 1.75", "3.5 3.5"])
    }

    @Test("sets of nodes are handed on, drawn ones too")
    func nodeSets() throws {
        let run = try Recorded(
            using("30s") + """
                nodes:
                  csms: {is: csms}
                  cp: {is: charge-point, csms: csms, count: 4}
                steps:
                  - {call: start, with: {who: '=sample(cp.*, 2)'}}
                  - {call: start, with: {who: [cp.1, cp.2]}}
                expect: [=count(ocpp.RemoteStartTransaction) == 4]

                """,
            plugin: """
                sequences:
                  start: {settings: {who: {type: nodes, of: charge-point}}, steps: [{call: again, with: {who: =who}}]}
                  again: {needs: [who], steps: [{send: RemoteStartTransaction, to: =who}]}
                """)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations) \(run.outcome.diagnostics)")
    }

    // MARK: Messages

    @Test("a preset sends its message with constants and formulas, and arguments do not mix with those of the caller")
    func presets() throws {
        let run = try Recorded(
            using("30s") + alone() + """
                steps:
                  - {send: cap, to: cp1, with: {limit: 10 A}}
                  - {send: cap, to: cp1}
                  - {call: swap, with: {a: =cp1.limit - 12 A, b: =cp1.limit}}
                sequences:
                  swap: {settings: {a: {type: current}, b: {type: current}}, steps: [{send: pick, to: cp1, with: {a: =b, b: =a}}]}
                expect: [=count(ocpp.SetChargingProfile) == 3]

                """,
            plugin: """
                messages:
                  cap:
                    send: SetChargingProfile
                    settings: {limit: {type: current, default: 16 A}}
                    with: {limit: =limit + 1 A}
                  pick:
                    send: SetChargingProfile
                    settings: {a: {type: current}, b: {type: current}}
                    with: {limit: =a}
                """)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations) \(run.outcome.diagnostics)")
        let limits = try run.messages().filter { $0["action"] as? String == "SetChargingProfile" && $0["messageType"] as? String == "CALL" }.map { message in
            let payload = message["payload"] as? [String: Any]
            let profile = payload?["csChargingProfiles"] as? [String: Any]
            let schedule = profile?["chargingSchedule"] as? [String: Any]
            return ((schedule?["chargingSchedulePeriod"] as? [[String: Any]])?.first?["limit"] as? NSNumber)?.doubleValue
        }
        #expect(limits == [11, 17, 32])
    }
}
