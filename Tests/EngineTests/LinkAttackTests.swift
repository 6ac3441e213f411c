import Foundation
import JSONText
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel
import Testing

@testable import Engine

/// Begins and ends an attack at two instants of a run.
private final class Switch: TimedLinkAttack {
    private let body: (Bool) -> Void
    init(_ body: @escaping (Bool) -> Void) { self.body = body }
    func due(_ token: UInt64) { body(token == 1) }
}

/// A message as `messages.jsonl` has it.
struct SeenLine {
    let time: Double
    let isUp: Bool
    let type: String
    let action: String
    let id: String
    let raw: String
    let label: String?
}

/// What a run with one attack left.
struct Attacked {
    let lines: [SeenLine]
    let outcome: RunOutcome
    let attack: LinkAttack

    /// Runs a text and lets one attack act between two times; its label is of the kind TEST.
    init(_ text: String, from: Double, until: Double, _ make: (inout LinkAim, Simulation) -> LinkAttack) throws {
        let directory = try ScratchDirectory()
        var scenario = try scenario(text)
        scenario.record.messages = true
        let recorder = try Recorder(scenario, directory: directory.path)
        let simulation = try Simulation(scenario, kinds: NodeKind.all, recorder: recorder, limits: KernelLimits(), interrupt: nil)
        let label = simulation.truth.begin(try #require(scenario.steps.lazy.compactMap(\.label).first), name: "test", target: "", at: .zero)
        var aim = LinkAim(links: [0])
        aim.label = label
        let made = make(&aim, simulation)
        attack = made
        let number = simulation.links.attackTimers.add(
            Switch { [unowned simulation] isOn in isOn ? made.begin(at: simulation.kernel.now) : made.end(at: simulation.kernel.now) })
        simulation.links.attackTimers.set(number, at: Instant(nanoseconds: Int64(from * 1e9)), 1)
        simulation.links.attackTimers.set(number, at: Instant(nanoseconds: Int64(until * 1e9)), 0)
        _ = simulation.run()
        try recorder.finish()
        outcome = Runner.run(scenario)
        lines = try directory.text("messages.jsonl").split(separator: "\n").map { line in
            let value = try JSONValue(parsing: String(line))
            return SeenLine(
                time: value["t_s"]?.double ?? -1, isUp: value["direction"]?.string == "cp-to-csms", type: value["messageType"]?.string ?? "",
                action: value["action"]?.string ?? "", id: value["messageId"]?.string ?? "", raw: value["raw"]?.string ?? "",
                label: value["meta"]?["label"]?.string)
        }
    }

    func calls(_ action: String) -> [SeenLine] { lines.filter { $0.type == "CALL" && $0.action == action } }
}

/// A charge point that charges with 16 A from 10 s on and reports each 10 s.
private let charging = """
    evsim: 1
    scenario: attacked
    run: {for: 2min}
    nodes:
      csms: {is: csms, heartbeat_every: 30s}
      cp1: {is: charge-point, csms: csms, meter_every: 10s}
    steps:
      - {send: SetChargingProfile, to: cp1, with: {limit: 16 A}}
      - wait: 10s
      - {send: RemoteStartTransaction, to: cp1}
      - wait: 40s
      - {send: SetChargingProfile, to: cp1, with: {limit: 10 A}}
      - wait: 1min
      - {send: RemoteStopTransaction, to: cp1}
      - wait: 1ms
        label: {kind: TEST, severity: high}
    intended: [W0723, W0725, W0608]
    """

@Suite("attacks on links")
struct LinkAttackTests {
    @Test("A drop takes the calls of its time away, and nothing else")
    func drop() throws {
        let run = try Attacked(charging, from: 25, until: 58) { aim, simulation in
            aim.actions = [Int(OCPPAction.meterValues.rawValue)]
            return DropAttack(aim, chance: 1, simulation)
        }
        let times = run.calls("MeterValues").map(\.time)
        #expect(times.filter { $0 < 58 } == [10, 20] && run.calls("Heartbeat").map(\.time) == [30, 60, 90], "\(times)")
        #expect(run.lines.allSatisfy { $0.label == nil })
    }

    @Test("A delay keeps messages back in their order and lets go of them at its end")
    func delay() throws {
        let run = try Attacked(charging, from: 15, until: 45) { aim, simulation in
            DelayAttack(aim, delay: .milliseconds(2500), jitter: .zero, chance: 1, simulation)
        }
        let late = run.calls("MeterValues").filter { $0.label == "TEST" }.map(\.time)
        // The reading of 30 s waits for the answer to the Heartbeat of 30 s first, whose way takes 5 s.
        #expect(late == [22.5, 37.5, 42.5], "\(run.calls("MeterValues").map(\.time))")
        let answers = run.lines.filter { $0.type == "CALLRESULT" && $0.action == "MeterValues" && $0.label == "TEST" }.map(\.time)
        #expect(answers == [25, 40, 45], "\(answers)")
    }

    @Test("A duplicate is the same text again, a little later, and both are answered")
    func duplicate() throws {
        let run = try Attacked(charging, from: 15, until: 25) { aim, simulation in
            aim.actions = [Int(OCPPAction.meterValues.rawValue)]
            return DuplicateAttack(aim, copies: 2, after: .milliseconds(10), chance: 1, simulation)
        }
        let copies = run.calls("MeterValues").filter { $0.time > 15 && $0.time < 21 }
        #expect(copies.map(\.time) == [20, 20.01, 20.02] && Set(copies.map(\.raw)).count == 1 && copies.map(\.label) == [nil, "TEST", "TEST"], "\(copies)")
        #expect(run.lines.filter { $0.type != "CALL" && $0.id == copies[0].id && $0.action == "MeterValues" }.count >= 1)
    }

    @Test("A change touches the named values only; all other bytes stay")
    func modify() throws {
        let plain = try Attacked(charging, from: 200, until: 201) { DropAttack($0, chance: 1, $1) }
        let run = try Attacked(charging, from: 15, until: 45) { aim, simulation in
            aim.actions = [Int(OCPPAction.meterValues.rawValue)]
            return ModifyAttack(
                aim,
                [
                    MessageEdit(place: .measurand("Current.Import"), change: .scale(0.5)),
                    MessageEdit(place: MessageEdit.place("/connectorId"), change: .set(.integer(7))),
                ], chance: 1, simulation)
        }
        let before = try #require(plain.calls("MeterValues").first { $0.time == 20 })
        let after = try #require(run.calls("MeterValues").first { $0.time == 20 })
        #expect(after.label == "TEST" && before.label == nil)
        let expected = before.raw.replacingOccurrences(of: "\"connectorId\":1", with: "\"connectorId\":7").replacingOccurrences(
            of: "\"value\":\"16\"", with: "\"value\":\"8\"")
        #expect(after.raw == expected && after.raw != before.raw, "\(before.raw)\n\(after.raw)")
    }

    @Test("An inserted call is answered by the other end; the end in whose name it came never sees the answer")
    func inject() throws {
        let run = try Attacked(charging, from: 15, until: 45) { aim, simulation in
            InjectAttack(aim, .call(action: "Heartbeat", fields: .object([])), up: true, every: .seconds(5), count: 3, simulation)
        }
        let inserted = run.calls("Heartbeat").filter { $0.label == "TEST" }
        #expect(inserted.map(\.time) == [15, 20, 25] && inserted.first?.raw == "[2,\"1000000001\",\"Heartbeat\",{}]", "\(inserted)")
        #expect(run.lines.filter { $0.type == "CALLRESULT" && $0.label == "TEST" }.map(\.id) == ["1000000001", "1000000002", "1000000003"])
    }

    @Test("A call in the name of the central system reaches the charge point")
    func injectDown() throws {
        let run = try Attacked(charging, from: 30, until: 45) { aim, simulation in
            InjectAttack(aim, .call(action: "SetChargingProfile", fields: ["limit": 32]), up: false, every: nil, count: 1, simulation)
        }
        let answer = run.lines.first { $0.type == "CALLRESULT" && $0.label == "TEST" }
        #expect(answer?.raw == "[3,\"1000000001\",{\"status\":\"Accepted\"}]" && answer?.isUp == true, "\(run.lines.filter { $0.label != nil })")
    }

    @Test("Recorded calls come again to the letter")
    func replay() throws {
        let run = try Attacked(charging, from: 8, until: 119) { aim, simulation in
            aim.down = false
            return ReplayAttack(aim, record: .seconds(15), age: .seconds(5), times: 1, speed: 1, simulation)
        }
        let again = run.lines.filter { $0.label == "TEST" && $0.type == "CALL" }
        #expect(again.map(\.action) == ["StatusNotification", "StartTransaction", "StatusNotification", "MeterValues"] || again.count >= 3, "\(again)")
        for one in again { #expect(run.lines.contains { $0.label == nil && $0.raw == one.raw }) }
    }

    @Test("A second connection under the same identity takes the place of the first and speaks")
    func spoof() throws {
        let run = try Attacked(charging, from: 30, until: 40) { aim, simulation in
            SpoofAttack(
                aim, after: .seconds(1), closesOld: false, message: ("StatusNotification", ["status": "Faulted", "errorCode": "GroundFailure"]), simulation)
        }
        let spoken = run.lines.filter { $0.label == "TEST" }
        #expect(spoken.count == 1 && spoken[0].time == 31 && spoken[0].raw.contains("GroundFailure"), "\(spoken)")
        #expect(run.lines.contains { $0.id == spoken.first?.id && !$0.isUp && $0.time == 31 && $0.type == "CALLRESULT" })
    }

    @Test("Bits that are inverted make bytes that are no message any more, and nothing breaks")
    func flip() throws {
        let run = try Attacked(charging, from: 15, until: 60) { aim, simulation in
            aim.down = false
            return ModifyAttack(aim, [], bits: 3, chance: 1, simulation)
        }
        #expect(run.lines.contains { $0.label == "TEST" })
    }

    @Test("Violations of the order fit the state", arguments: ConfuseAttack.Violation.allCases)
    func confuse(_ what: ConfuseAttack.Violation) throws {
        let run = try Attacked(charging, from: 30, until: 45) { aim, simulation in
            ConfuseAttack(aim, what: what, every: .seconds(5), count: 2, simulation)
        }
        #expect(run.lines.filter { $0.label == "TEST" && $0.isUp }.count >= 2)
        if what == .startTwice { #expect(run.calls("StartTransaction").filter { $0.label == "TEST" }.count == 2) }
        if what == .statusJump { #expect(run.calls("StatusNotification").first { $0.label == "TEST" }?.raw.contains("\"Available\"") == true) }
    }

    @Test("Later messages overtake one that is kept back")
    func reorder() throws {
        let run = try Attacked(charging, from: 15, until: 100) { aim, simulation in
            aim.down = false
            return ReorderAttack(aim, depth: 1, chance: 1, simulation)
        }
        #expect(run.lines.contains { $0.label == "TEST" })
    }

    @Test("Values are changed in the style that they have")
    func edits() {
        func edit(_ text: String, _ place: String, _ change: MessageEdit.Change) -> String? {
            var editor = MessageEditor([MessageEdit(place: MessageEdit.place(place), change: change)])
            return editor.edited(.frame(Array(text.utf8)), up: true, link: 0).map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        #expect(edit("[2, \"1\",\"X\", {\"a\": {\"b\": \"1.50\"}}]", "b", .scale(2)) == "[2, \"1\",\"X\", {\"a\": {\"b\": \"3.00\"}}]")
        #expect(edit("[2,\"1\",\"X\",{\"a\":[1,2]}]", "/a/1", .add(-5)) == "[2,\"1\",\"X\",{\"a\":[1,-3]}]")
        #expect(edit("[2,\"1\",\"X\",{\"a\":[1,2]}]", "/a/2", .add(-5)) == nil)
        #expect(edit("[2,\"1\",\"X\",{}]", "/a", .set(true)) == "[2,\"1\",\"X\",{\"a\":true}]")
        #expect(edit("[3,\"1\",{\"idTagInfo\":{\"status\":\"Invalid\"}}]", "status", .set("Accepted")) == "[3,\"1\",{\"idTagInfo\":{\"status\":\"Accepted\"}}]")
        #expect(edit("[2,\"1\",\"X\",{\"a\":\"x\"}]", "a", .scale(2)) == nil)
        #expect(edit("not json", "a", .scale(2)) == nil)
    }
}
