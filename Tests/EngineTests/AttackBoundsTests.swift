import CAN
import Foundation
import Quantities
import ScenarioLanguage
import Testing

@testable import Engine

/// Wrong, huge and unlucky attacks: they are refused with their place, or stay within bounds.
@Suite("bounds of attacks")
struct AttackBoundsTests {
    private static func text(_ steps: String, _ length: String = "2s", more: String = "", record: String = "[frames]") -> String {
        """
        evsim: 1
        scenario: bounds
        run: {for: \(length)}
        nodes:
          csms: {is: csms}
          cp1: {is: charge-point, csms: csms}
          charger: {is: charger-module, bus: can0}
        buses:
          empty: {}
          can0: {frames: {x: {id: 0x123, from: charger, every: 100ms, phase: 50ms, data: {limit: u16 0.1 A}}}}
        record: \(record)
        intended: [W0608, W0725, W0727]
        steps:
        \(steps)
        \(more)
        """
    }

    @Test(
        "what is wrong is told with its code, line and column",
        arguments: [
            ("flood, against: can0, for: 1s, with: {rate: 1000000000 Hz}", "E0304"),
            ("flood, against: can0, for: 1s, with: {rate: 1e9 Hz}", "E0304"),
            ("flood, against: can0, for: 1s, with: {every: 1ns}", "E0304"),
            ("flood, against: can0, for: 1s, with: {every: 0s}", "E0304"),
            ("flood, against: can0, for: 1s, with: {every: -1s}", "E"),
            ("flood, against: can0, for: 1s, with: {every: 1ms, rate: 5 Hz}", "E0486"),
            ("flood, against: can0, for: 1s, with: {every: 5}", "E0311"),
            ("flood, against: can0, for: 1s, with: {every: 5 A}", "E"),
            ("flood, against: cp1, for: 1s, with: {connections: 1000000000}", "E0304"),
            ("flood, against: cp1, for: 1s, with: {id: 0x1}", "E0485"),
            ("duplicate, against: can0, for: 1s, with: {copies: 1000000}", "E0304"),
            ("replay, against: can0, with: {times: 100000000}", "E0304"),
            ("replay, against: can0, with: {speed: 0}", "E0304"),
            ("reorder, against: can0, for: 1s, with: {depth: 0}", "E0304"),
            ("modify, against: can0.x, for: 1s, with: {set: {limit: 5 V}}", "E"),
            ("modify, against: can0.x, for: 1s, with: {set: {volts: 5 V}}", "E0488"),
            ("modify, against: can0.x, for: 1s, with: {flip: [512]}", "E0304"),
            ("modify, against: can0.x, for: 1s, with: {data: GG}", "E0304"),
            ("modify, against: can0.x, for: 1s", "E0487"),
            ("modify, against: can0.x, for: 1s, with: {chance: 101%, bits: 1}", "E0304"),
            ("drop, against: can0.y, for: 1s", "E0482"),
            ("drop, against: nobody, for: 1s", "E0482"),
            ("drop, against: [can0, cp1], for: 1s", "E0484"),
            ("drop, against: [], for: 1s", "E"),
            ("drop, against: can0, for: 1s, by: nobody", "E"),
            ("drop, against: can0, for: 1s, severity: fatal", "E0307"),
            ("drop, against: can0, for: -1s", "E"),
            ("drop, against: can0, for: 1s, with: {only: [0x123456789]}", "E0304"),
            ("spoof, against: charger.limit, for: 1s", "E0483"),
            ("jitter, against: cp1, for: 1s, with: {drip: 0}", "E0304"),
        ])
    func refused(_ step: String, _ code: String) {
        let found = findings(Self.text("  - {attack: \(step)}")).filter { $0.severity == .error }
        #expect(
            found.contains { $0.code.hasPrefix(code) && $0.span.map { $0.line >= 14 && $0.column > 4 } ?? false },
            "\(found.map { "\($0.code) \($0.span?.line ?? 0):\($0.span?.column ?? 0) \($0.message)" })")
    }

    @Test("the fastest flood ends with its time, or with the events that a run may have")
    func flood() throws {
        let run = Runner.run(try scenario(Self.text("  - {attack: flood, against: can0, for: 20ms, with: {rate: 1000000 Hz}}", "100ms", record: "[]")))
        #expect(run.events >= 20_000 && run.events < 100_000)
        var options = RunOptions()
        options.maximumEvents = 10_000
        let cut = Runner.run(try scenario(Self.text("  - {attack: flood, against: can0, for: 20ms, with: {rate: 1000000 Hz}}", "100ms")), options: options)
        #expect(cut.verdict == .incomplete && cut.diagnostics.contains { $0.code == "E0703" })
    }

    @Test(
        "an attack where nothing passes does nothing, and has a label without evidence",
        arguments: ["drop", "delay", "duplicate", "reorder", "jitter", "modify", "fuzz"])
    func empty(_ name: String) throws {
        let with = ["modify": "bits: 1", "fuzz": "in_place: true"][name] ?? "chance: 100%"
        let run = try Recorded(Self.text("  - {attack: \(name), against: empty, for: 500ms, with: {\(with)}}"))
        #expect(run.outcome.verdict == .pass && run.outcome.diagnostics.isEmpty, "\(run.outcome.diagnostics.map(\.message))")
        #expect(try run.rows("labels.csv").map { $0[6] } == [""])
    }

    @Test("a replay of nothing says so and ends")
    func nothing() throws {
        let run = try Recorded(Self.text("  - {attack: replay, against: empty, with: {record: 200ms}}\n  - {transmit: can0, id: 0x7}"))
        #expect(run.outcome.diagnostics.contains { $0.message.contains("recorded nothing") } || run.outcome.diagnostics.isEmpty)
        #expect(try run.directory.text("frames.log").contains("007#"))
    }

    @Test("what an attack holds when its sequence is cut off is let go, and later attacks act")
    func cut() throws {
        let run = try Recorded(
            """
            evsim: 1
            scenario: bounds
            run: {for: 2s}
            nodes: {charger: {is: charger-module, bus: can0}}
            buses: {can0: {frames: {x: {id: 0x123, from: charger, every: 100ms, phase: 50ms, data: {limit: u16 0.1 A}}}}}
            record: [frames]
            steps:
              - repeat: 500ms
                steps:
                  - {attack: delay, against: can0.x, for: 300ms, with: {delay: 1s}}
              - {attack: drop, against: can0.x, for: 200ms, with: {chance: 100%}}
            """)
        let count = try run.directory.text("frames.log").split(separator: "\n").count { $0.contains(" 123#") }
        // Two rounds of the delay last to 0.6 s; two frames are dropped after that.
        #expect(count == 18, "\(count)")
    }

    @Test("attacks on one link act one behind the other, within and across each other's times")
    func nested() throws {
        func values(_ order: [String]) throws -> [String] {
            let run = try Recorded(
                Self.text(
                    "  - parallel:\n      first: [{wait: 200ms}, {attack: \(order[0])}]\n      second: [{wait: 400ms}, {attack: \(order[1])}]", "1500ms",
                    more: "detectors: {}"))
            return try run.directory.text("frames.log").split(separator: "\n").filter { $0.contains(" 123#") }.map { String($0.suffix(4)) }
        }
        let add = "modify, against: can0.x, for: 800ms, with: {chance: 100%, add: {limit: 1 A}}"
        let scale = "modify, against: can0.x, for: 200ms, with: {chance: 100%, scale: {limit: 3}}"
        let expected = [
            "4001", "4001", "4A01", "4A01", "DE03", "DE03", "4A01", "4A01", "4A01", "4A01", "4001", "4001", "4001", "4001", "4001",
        ]
        #expect(try values([add, scale]) == expected)
        let late = "modify, against: can0.x, for: 800ms, with: {chance: 100%, scale: {limit: 3}}"
        let across = try values(["modify, against: can0.x, for: 400ms, with: {chance: 100%, add: {limit: 1 A}}", late])
        #expect(
            across == ["4001", "4001", "4A01", "4A01", "DE03", "DE03"] + Array(repeating: "C003", count: 6) + Array(repeating: "4001", count: 3), "\(across)")
    }

    @Test("a recording and what is kept of a fuzz attack have bounds")
    func memory() {
        let log = FuzzedFrames()
        for number in 0..<(FuzzedFrames.most + 5) {
            log.note(
                FuzzedFrame(
                    bus: 0, instant: Instant(nanoseconds: Int64(number)), node: -1, frame: CANWideFrame(CANFrame(id: 1, lengthCode: 0, payload: 0)),
                    replaced: nil))
        }
        #expect(log.frames.count == FuzzedFrames.most && log.lost == 5)
        #expect(log.inOrder.first?.instant == Instant(nanoseconds: 5) && log.inOrder.last?.instant == Instant(nanoseconds: Int64(FuzzedFrames.most + 4)))
    }

    @Test(
        "each severity is harder than the one below it",
        arguments: [
            ("inject", "can0.x", "every"), ("inject", "cp1", "every"), ("fuzz", "can0", "every"), ("fuzz", "cp1", "every"), ("delay", "can0", "delay"),
            ("delay", "cp1", "delay"), ("delay", "charger.limit", "delay"), ("duplicate", "can0", "chance"), ("duplicate", "cp1", "copies"),
            ("modify", "can0", "chance"), ("modify", "cp1", "chance"), ("modify", "charger.limit", "chance"), ("spoof", "can0.x", "skew"),
            ("replay", "can0", "times"), ("replay", "cp1", "times"), ("replay", "charger.limit", "times"), ("flood", "can0", "every"),
            ("flood", "cp1", "every"),
            ("jitter", "can0", "jitter"), ("jitter", "cp1", "jitter"), ("jitter", "charger.limit", "jitter"), ("confuse", "can0.x", "every"),
            ("confuse", "cp1", "every"), ("overdraw", "can0.x", "scale"), ("overdraw", "cp1", "scale"), ("overdraw", "charger.limit", "scale"),
            ("drop", "can0", "chance"), ("drop", "cp1", "chance"), ("drop", "charger.limit", "chance"), ("reorder", "can0", "depth"),
            ("reorder", "cp1", "depth"),
        ])
    func severities(_ name: String, _ target: String, _ setting: String) throws {
        var last: Double?
        for severity in AttackSeverity.allCases {
            var with = name == "modify" ? ", with: {\(target == "charger.limit" ? "set: 1 A" : "bits: 1")}" : ""
            if name == "inject", target == "cp1" { with = ", with: {message: {action: Heartbeat}}" }
            let read = try scenario(Self.text("  - {attack: \(name), against: \(target), for: 1s, severity: \(severity.word)\(with)}"))
            guard case .intercept(let step)? = read.steps.first?.action else {
                Issue.record("no attack")
                return
            }
            let value: Double
            switch step.value(setting) {
            case .plain(.number(let number)): value = number
            case .plain(.duration(let duration)): value = duration.seconds
            case .changes(let changes):
                guard case .quantity(let quantity)? = changes.first?.value else {
                    Issue.record("no number")
                    return
                }
                value = quantity.value
            default:
                Issue.record("\(setting) is \(step.value(setting))")
                return
            }
            let harder = setting == "every" ? -value : value
            if let last { #expect(harder >= last, "\(severity) \(value)") }
            if severity == .critical, let last { #expect(harder > last || ["modify"].contains(name)) }
            last = harder
        }
    }

    @Test("'by' decides who sends on a bus with wires, and lists of targets are all met")
    func listed() throws {
        let run = try Recorded(
            """
            evsim: 1
            scenario: listed
            run: {for: 1s}
            nodes:
              charger: {is: charger-module, bus: one}
              intruder: {is: charger-module, bus: two}
              csms: {is: csms}
              other: {is: charge-point, csms: csms, bus: two}
            buses:
              one: {frames: {x: {id: 0x123, from: charger, every: 100ms, data: {limit: u16 0.1 A}}}}
              two: {fidelity: wire, frames: {z: {id: 0x124, data: {limit: u16 0.1 A}}}}
            record: [frames]
            intended: [W0608]
            steps:
              - {attack: inject, against: [one.x, two.z], by: intruder, with: {count: 3, rate: 100 Hz, set: {limit: 20 A}}}
            """)
        let log = try run.directory.text("frames.log")
        #expect(log.components(separatedBy: "one 123#C800").count == 4 && log.components(separatedBy: "two 124#C800").count == 4, "\(log)")
    }
}
