import Foundation
import Testing

@testable import Engine

/// What charge points and central systems say to each other in a run.
@Suite("protocol")
struct ProtocolTests {
    /// Calls of an action as dictionaries.
    private func calls(_ run: Recorded, _ action: String) throws -> [[String: Any]] {
        try run.messages().filter { $0["action"] as? String == action && $0["messageType"] as? String == "CALL" }
    }

    private func answers(_ run: Recorded, _ action: String) throws -> [[String: Any]] {
        try run.messages().filter { $0["action"] as? String == action && $0["messageType"] as? String == "CALLRESULT" }
    }

    @Test("a boot begins with BootNotification, then the status of each connector")
    func boot() throws {
        let run = try Recorded(head("10s", record: "[messages]") + alone(", connectors: 2"))
        let actions = try run.messages().filter { $0["messageType"] as? String == "CALL" }.compactMap { $0["action"] as? String }
        #expect(actions == ["BootNotification", "StatusNotification", "StatusNotification", "StatusNotification"])
        let connectors = try calls(run, "StatusNotification").compactMap { ($0["payload"] as? [String: Any])?["connectorId"] as? Int }
        #expect(connectors == [0, 1, 2])
    }

    @Test("heartbeats come with the period that the central system gave")
    func heartbeats() throws {
        let run = try Recorded(head("61s", record: "[messages]") + "nodes:\n  csms: {is: csms, heartbeat_every: 10s}\n  cp1: {is: charge-point, csms: csms}\n")
        let times = try calls(run, "Heartbeat").compactMap { $0["t_s"] as? Double }
        #expect(times == [10, 20, 30, 40, 50, 60])
    }

    @Test("every transaction has an id of its own")
    func transactionIds() throws {
        let run = try Recorded(
            head("2min", record: "[messages]") + "nodes:\n  csms: {is: csms}\n  cp: {is: charge-point, count: 5, csms: csms}\n"
                + "steps:\n  - repeat: 6\n    steps:\n      - {send: RemoteStartTransaction, to: cp.*}\n      - wait: 5s\n      - {send: RemoteStopTransaction, to: cp.*}\n      - wait: 5s\n"
        )
        let ids = try answers(run, "StartTransaction").compactMap { ($0["payload"] as? [String: Any])?["transactionId"] as? Int }
        #expect(ids.count == 30)
        #expect(Set(ids).count == 30)
        let stopped = try calls(run, "StopTransaction").compactMap { ($0["payload"] as? [String: Any])?["transactionId"] as? Int }
        #expect(Set(stopped) == Set(ids))
    }

    @Test("the shorthand 'limit' makes a TxDefaultProfile before a transaction and a TxProfile during one")
    func purposes() throws {
        let run = try Recorded(
            head("20s", record: "[messages, signals]") + alone()
                + "steps:\n  - {send: SetChargingProfile, to: cp1, with: {limit: 10 A}}\n  - wait: 1s\n  - {send: RemoteStartTransaction, to: cp1}\n  - wait: 2s\n"
                + "  - {send: SetChargingProfile, to: cp1, with: {limit: 20 A}}\n  - wait: 2s\n")
        let profiles = try calls(run, "SetChargingProfile").compactMap { ($0["payload"] as? [String: Any])?["csChargingProfiles"] as? [String: Any] }
        #expect(profiles.compactMap { $0["chargingProfilePurpose"] as? String } == ["TxDefaultProfile", "TxProfile"])
        #expect(try answers(run, "SetChargingProfile").compactMap { ($0["payload"] as? [String: Any])?["status"] as? String } == ["Accepted", "Accepted"])
        #expect(try run.values("cp1.limit").suffix(2) == [10, 20])
        let transaction = try answers(run, "StartTransaction").compactMap { ($0["payload"] as? [String: Any])?["transactionId"] as? Int }.first
        #expect(profiles.last?["transactionId"] as? Int == transaction)
    }

    @Test("a TxProfile without a transaction is rejected, and the run warns")
    func rejectedProfile() throws {
        let run = try Recorded(
            head("20s", record: "[messages]") + alone()
                + """
                steps:
                  - send: SetChargingProfile
                    to: cp1
                    with:
                      connectorId: 1
                      csChargingProfiles:
                        chargingProfileId: 1
                        stackLevel: 0
                        chargingProfilePurpose: TxProfile
                        chargingProfileKind: Absolute
                        chargingSchedule: {chargingRateUnit: A, chargingSchedulePeriod: [{startPeriod: 0, limit: 16}]}

                """)
        #expect(try answers(run, "SetChargingProfile").compactMap { ($0["payload"] as? [String: Any])?["status"] as? String } == ["Rejected"])
        #expect(run.outcome.diagnostics.contains { $0.code == "W0723" })
    }

    @Test("a text in 'payload' goes out as it is, valid or not")
    func rawPayload() throws {
        let run = try Recorded(head("20s", record: "[messages]") + alone() + "steps:\n  - {send: RemoteStartTransaction, to: cp1, payload: '{\"idTag\": 5}'}\n")
        let sent = try calls(run, "RemoteStartTransaction")
        #expect(sent.count == 1)
        #expect((sent.first?["raw"] as? String)?.contains("{\"idTag\": 5}") == true)
        #expect(try run.messages().contains { $0["messageType"] as? String == "CALLERROR" })
    }

    @Test("two hundred charge points boot, charge and are counted")
    func fleet() throws {
        let outcome = try run(
            head("2min", record: "[]")
                + "nodes:\n  csms: {is: csms}\n  cp: {is: charge-point, count: 200, csms: csms, max_current: 16 A, boot_after: '=uniform(0 s, 5 s)'}\n"
                + "  site: {is: grid-meter, feeds: cp.*}\nsteps:\n  - {send: RemoteStartTransaction, to: cp.*}\n"
                + "expect:\n  - =count(ocpp.BootNotification) == 200\n  - =count(ocpp.StartTransaction) == 200\n  - =csms.transactions == 200\n  - =csms.connected == 200\n"
                + "  - '=round(max(site.power), 1 kW) == 2208 kW'\n  - '=abs(sum(cp.*.power) - site.power) < 1 W'\n")
        #expect(outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence) == [])
        #expect(outcome.verdict == .pass)
    }

    @Test("a call over a slow link takes both ways, and later messages never overtake earlier ones")
    func latency() throws {
        let run = try Recorded(
            head("1min", record: "[messages]") + alone(", meter_every: 100ms") + "links:\n  net: {between: [csms, cp1], latency: 200ms, jitter: 900ms}\n"
                + "steps:\n  - repeat: 10\n    steps:\n      - {send: RemoteStartTransaction, to: cp1}\n      - {send: RemoteStopTransaction, to: cp1}\n")
        let messages = try run.messages()
        for direction in ["cp-to-csms", "csms-to-cp"] {
            let times = messages.filter { $0["direction"] as? String == direction }.compactMap { $0["t_s"] as? Double }
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
        }
        var asked: [String: Double] = [:]
        for message in messages where message["action"] as? String == "RemoteStartTransaction" {
            let id = try #require(message["messageId"] as? String)
            let time = try #require(message["t_s"] as? Double)
            if message["messageType"] as? String == "CALL" {
                asked[id] = time
            } else {
                // The record shows the answer when it leaves: one way has passed.
                #expect(time - (asked[id] ?? .nan) >= 0.2)
            }
        }
        #expect(asked.count == 10)
    }
}

/// Lines of messages.jsonl.
@Suite("lines of messages")
struct MessageRowTests {
    @Test("the connector of a call stands at the top, bytes that are no message have a word of their own, errors are objects")
    func fields() throws {
        let run = try Recorded(
            head("20s", record: "[messages]") + alone() + """
                steps:
                  - {send: RemoteStartTransaction, to: cp1, with: {connectorId: 1, idTag: '"connectorId":7'}}
                  - {send: RemoteStopTransaction, to: cp1, payload: '{"transactionId": {"connectorId": 9}}'}
                  - wait: 1s
                expect: [=count(ocpp.StatusNotification) > 0]

                """)
        let messages = try run.messages()
        for message in messages where message["messageType"] as? String == "CALL" {
            let payload = try #require(message["payload"] as? [String: Any])
            #expect(message["connectorId"] as? Int == payload["connectorId"] as? Int, "\(message)")
        }
        #expect(messages.contains { $0["connectorId"] as? Int == 1 } && messages.contains { $0["connectorId"] as? Int == 0 })
        let error = try #require(messages.first { $0["messageType"] as? String == "CALLERROR" }?["error"] as? [String: Any])
        #expect(error["code"] is String && error["description"] is String && error["details"] is [String: Any])
    }
}
