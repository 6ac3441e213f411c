import Foundation
import ScenarioLanguage
import Testing

@testable import Engine

/// Failing runs of `fuzz` on a bus, made small.
@Suite("failing cases on buses")
struct FailingFrameTests {
    /// A module that obeys any limit, a fuzz attack, and an expectation that it breaks.
    static func text(_ attack: String, expect: String = "=max(can0.limits.limit) < 6000 A", steps: String = "", flow: Bool = false) -> String {
        """
        evsim: 1
        scenario: weak
        # A comment that stays.
        run: {for: 4s}
        nodes:
          charger: {is: charger-module, bus: can0}
        buses:
          can0:
            frames:
              limits: {id: 0x100, from: charger, every: 100ms, phase: 50ms, data: {limit: u16 0.1 A, code: u8}}
        steps:
          - wait: 500ms
        \(steps)  - {attack: fuzz, against: can0.limits, for: 1s, with: {\(attack)}}
          - wait: 100ms
        expect:
          - \(expect)
          - =count(can0.limits) > 1
        record: [frames]
        """
    }

    @Test("of many frames the one that breaks an expectation is left, with plain bytes; its scenario fails alone, and passes without it")
    func smallest() throws {
        let run = try Recorded(Self.text("every: 10ms"))
        #expect(run.outcome.verdict == .fail && run.outcome.files.contains("failing-1.yaml"), "\(run.outcome.files)")
        let text = try run.directory.text("failing-1.yaml")
        let lines = text.split(separator: "\n").filter { $0.contains("transmit:") }
        #expect(lines.count == 1 && lines[0].contains("id: 0x100, data: '") && lines[0].hasSuffix("00'}"), "\(text)")
        #expect(text.contains("one of 100 frames is enough") && text.contains("# A comment that stays.") && !text.contains("attack:"))
        #expect(Runner.run(try scenario(text)).verdict == .fail)
        #expect(Runner.run(try scenario(text.replacingOccurrences(of: String(lines[0]), with: ""))).verdict == .pass, "\(text)")
        // The same run finds the same case.
        #expect(try Recorded(Self.text("every: 10ms")).directory.text("failing-1.yaml") == text)
    }

    @Test("several frames that are needed together stay, and what fails anyway makes no case")
    func together() throws {
        let run = try Recorded(Self.text("every: 10ms", expect: "=count(can0.limits) < 43"))
        let text = try run.directory.text("failing-1.yaml")
        // Forty real ones and three of the attack's.
        #expect(text.components(separatedBy: "transmit:").count - 1 == 3, "\(text)")
        #expect(Runner.run(try scenario(text)).verdict == .fail)
        let anyway = try Recorded(Self.text("every: 10ms", expect: "=count(can0.limits) < 20"))
        #expect(anyway.outcome.verdict == .fail && !anyway.directory.exists("failing-1.yaml"))
    }

    @Test("a real frame that was changed on its way is taken away and sent as it was changed")
    func inPlace() throws {
        let run = try Recorded(Self.text("in_place: true, chance: 100%, what: payload", expect: "=max(can0.limits.limit) < 3000 A"))
        let text = try run.directory.text("failing-1.yaml")
        #expect(text.contains("{attack: drop, against: can0, for: 2ns, with: {only: [0x100], chance: 100%}}"), "\(text)")
        #expect(text.components(separatedBy: "transmit:").count - 1 == 1, "\(text)")
        let again = Runner.run(try scenario(text))
        #expect(again.verdict == .fail && again.expectations.count { !$0.isFulfilled } == 1)
    }

    @Test("seed, parameters and steps in sequences are those of the run")
    func settings() throws {
        let text = """
            evsim: 1
            scenario: weak
            params: {gap: 20ms, most: {default: 7000 A}}
            run: {for: 3s}
            nodes: {charger: {is: charger-module, bus: can0}}
            buses: {can0: {frames: {limits: {id: 0x100, from: charger, every: 100ms, data: {limit: u16 0.1 A}}}}}
            sequences:
              storm:
                steps:
                  - attack: fuzz
                    against: can0.limits
                    with: {count: 20, every: =gap}
            steps: [{wait: 500ms}, {call: storm}, {repeat: 2, steps: [{call: storm}]}]
            expect: ["=max(can0.limits.limit) < most"]
            """
        let directory = try ScratchDirectory()
        let outcome = Runner.run(
            try scenario(text, overrides: [("most", "3000 A")], seed: 9), options: RunOptions(directory: directory.path))
        #expect(outcome.verdict == .fail)
        let found = try directory.text("failing-1.yaml")
        #expect(found.contains("seed: 9") && found.contains("default: 3000 A") && found.contains("{wait: ") && !found.contains("attack:"), "\(found)")
        #expect(Runner.run(try scenario(found)).verdict == .fail, "\(found)")
    }

    @Test("a step that waits in vain because of the attack is a case too")
    func vain() throws {
        let run = try Recorded(
            """
            evsim: 1
            scenario: vain
            run: {for: 10s}
            nodes:
              csms: {is: csms}
              cp1: {is: charge-point, csms: csms, bus: can0}
              charger: {is: charger-module, bus: can0}
            steps:
              - {send: SetChargingProfile, to: cp1, with: {limit: 16 A}}
              - wait: 1s
              - {attack: fuzz, against: can0.limit, for: 500ms, with: {every: 10ms}}
              - {until: =charger.limit == 16 A, timeout: 1s}
            """)
        #expect(run.outcome.verdict == .incomplete)
        let text = try run.directory.text("failing-1.yaml")
        #expect(text.components(separatedBy: "transmit:").count - 1 == 1, "\(text)")
        #expect(Runner.run(try scenario(text)).verdict == .incomplete)
    }
}
