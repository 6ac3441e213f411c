import Foundation
import ScenarioLanguage
import Testing

@testable import Engine

/// Values that attacks keep, break, or slow down.
@Suite("values under attack")
struct AttackValueTests {
    @Test("a frozen field of a frame keeps the value that the first frame has which the attack meets")
    func frozenFrame() throws {
        let run = try Recorded(
            """
            evsim: 1
            scenario: frozen
            run: {for: 1s}
            nodes: {charger: {is: charger-module, bus: can0}}
            buses: {can0: {frames: {x: {id: 0x100, from: charger, every: 100ms, phase: 50ms, data: {limit: u16 0.1 A}}}}}
            record: [frames]
            steps:
              - set: {charger.limit: 10 A}
              - wait: 200ms
              - parallel:
                  attack: [{attack: modify, against: can0.x, for: 500ms, with: {chance: 100%, freeze: limit}}]
                  limits: [{wait: 200ms}, {set: {charger.limit: 20 A}}]
            """)
        let values = try run.directory.text("frames.log").split(separator: "\n").filter { $0.contains(" 100#") }.map { String($0.suffix(4)) }
        #expect(values == ["6400", "6400", "6400", "6400", "6400", "6400", "6400", "C800", "C800", "C800"], "\(values)")
    }

    private func session(_ attack: String) throws -> (outcome: RunOutcome, calls: [[String: Any]], all: [[String: Any]]) {
        let run = try Recorded(
            """
            evsim: 1
            scenario: session
            run: {for: 2min}
            nodes:
              csms: {is: csms}
              cp1: {is: charge-point, csms: csms, meter_every: 10s}
            record: [messages]
            intended: [W0723, W0725]
            steps:
              - {send: RemoteStartTransaction, to: cp1}
              - {attack: \(attack)}
            """)
        let all = try run.messages()
        return (run.outcome, all.filter { $0["messageType"] as? String == "CALL" && ($0["meta"] as? [String: Any]) != nil }, all)
    }

    @Test("a frozen field of messages keeps the value of the first one")
    func frozenMessage() throws {
        let (_, calls, _) = try session("modify, against: cp1.ocpp.MeterValues, for: 90s, with: {chance: 100%, freeze: [/meterValue/0/timestamp]}")
        let stamps = Set(
            calls.compactMap { call -> String? in
                guard let raw = call["raw"] as? String, let mark = raw.range(of: "\"timestamp\":\"") else { return nil }
                return String(raw[mark.upperBound...].prefix(20))
            })
        #expect(calls.count > 3 && stamps.count == 1, "\(stamps)")
    }

    @Test("in virtual time a message that trickles has come when its last byte has")
    func trickle() throws {
        let (_, calls, all) = try session("jitter, against: cp1.ocpp.MeterValues, for: 90s, with: {jitter: 0s, drip: 100}")
        let first = try #require(calls.first)
        let size = Double((first["raw"] as? String ?? "").utf8.count)
        let plain = try session("jitter, against: cp1.ocpp.MeterValues, for: 90s, with: {jitter: 0s}").all
        let same = try #require(plain.first { $0["messageId"] as? String == first["messageId"] as? String && $0["messageType"] as? String == "CALL" })
        let late = (first["t_s"] as? Double ?? 0) - (same["t_s"] as? Double ?? 0)
        #expect(abs(late - size / 100) < 1e-6, "\(late) \(size)")
        #expect(all.count > 10)
    }

    @Test("a change to another legal value is taken, and one that the standard does not have is refused")
    func legality() throws {
        let legal = try session("modify, against: cp1.ocpp.MeterValues, for: 90s, with: {chance: 100%, set: {/meterValue/0/sampledValue/0/value: '5'}}")
        #expect(!legal.calls.isEmpty && !legal.all.contains { $0["messageType"] as? String == "CALLERROR" })
        let broken = try session("modify, against: cp1.ocpp.MeterValues, for: 90s, with: {chance: 100%, set: {connectorId: one}}")
        #expect(broken.all.contains { $0["messageType"] as? String == "CALLERROR" }, "\(broken.calls)")
    }
}
