import Foundation
import Testing

@testable import Engine

/// Scripts of replies and what else a central system can be told, in whole runs.
@Suite("central systems in runs")
struct RepliesTests {
    private func file(_ settings: String, _ rest: String, length: String = "2min", chargePoint: String = "") -> String {
        head(length, record: "[messages, signals]") + "params:\n  wait: {default: 7}\nnodes:\n  csms:\n    is: csms\n" + settings
            + "  cp1: {is: charge-point, csms: csms, meter_every: 10s\(chargePoint)}\n" + rest
    }

    /// Type, action and time of messages in a direction.
    private func lines(_ run: Recorded, _ action: String, _ direction: String) throws -> [String] {
        try run.messages().filter { $0["action"] as? String == action && $0["direction"] as? String == direction }.map {
            "\($0["messageType"] as? String ?? "") \($0["t_s"] as? Double ?? -1)"
        }
    }

    @Test("delays, errors and lost answers come in the order of the script")
    func script() throws {
        let run = try Recorded(
            file(
                """
                    heartbeat_every: 10s
                    replies:
                      Heartbeat: [{delay: 1500ms}, {error: {code: InternalError, description: asleep, details: {retry: 5}}}, {answer: default, times: 2}, ignore]

                """, "", length: "1min1s"))
        #expect(
            try lines(run, "Heartbeat", "csms-to-cp") == ["CALLRESULT 11.5", "CALLERROR 20.0", "CALLRESULT 30.0", "CALLRESULT 40.0"])
        let error = try #require(try run.messages().first { $0["messageType"] as? String == "CALLERROR" }?["error"] as? [String: Any])
        #expect(error["description"] as? String == "asleep")
        #expect((error["details"] as? [String: Any])?["retry"] as? Int == 5)
    }

    @Test("fields of a reply are numbers of parameters too, and a registration that is deferred is asked for again")
    func boot() throws {
        let run = try Recorded(
            file("    replies:\n      BootNotification: {with: {status: Pending, interval: =wait}, times: 2}\n", "expect:\n  - =csms.registered == 1\n"))
        let boots = try run.messages().filter { $0["action"] as? String == "BootNotification" && $0["messageType"] as? String == "CALLRESULT" }
        #expect(boots.compactMap { ($0["payload"] as? [String: Any])?["status"] as? String } == ["Pending", "Pending", "Accepted"])
        #expect(boots.compactMap { ($0["payload"] as? [String: Any])?["interval"] as? Int } == [7, 7, 300])
        #expect(boots.compactMap { $0["t_s"] as? Double } == [-14, -7, 0])
        #expect(run.outcome.expectations.allSatisfy { $0.isFulfilled })
    }

    @Test("replies for one charge point leave the others alone")
    func peers() throws {
        let run = try Recorded(
            head("30s", record: "[messages]")
                + """
                nodes:
                  csms: {is: csms, heartbeat_every: 10s, replies: {Heartbeat: {error: NotSupported, for: [cp.2, cp.3]}}}
                  cp: {is: charge-point, count: 4, csms: csms}
                expect:
                  - =csms.rejected == 4

                """)
        let refused = try run.messages().filter { $0["messageType"] as? String == "CALLERROR" }.compactMap { $0["chargePointId"] as? String }
        #expect(Set(refused) == ["cp.2", "cp.3"])
        #expect(run.outcome.expectations.allSatisfy { $0.isFulfilled })
    }

    @Test("a central system that is killed knows its transactions when it comes back")
    func kill() throws {
        let run = try Recorded(
            file(
                "", length: "10min", chargePoint: ", max_current: 16 A",
                steps: """
                    steps:
                      - {send: RemoteStartTransaction, to: cp1}
                      - wait: 30s
                      - {do: kill, to: csms, with: {for: 20s}}
                      - wait: 5s
                      - {send: RemoteStopTransaction, to: cp1}
                      - wait: 4min
                      - {send: RemoteStopTransaction, to: cp1}
                      - wait: 1min
                    expect:
                      - =csms.transactions == 0
                      - =csms.energy > 100 Wh
                      - =csms.registered == 1
                      - =csms.connected == 1
                      - =count(ocpp.StopTransaction) >= 1

                    """))
        #expect(run.outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence) == [])
        #expect(run.outcome.diagnostics.contains { $0.message.contains("there is no connection") })
    }

    @Test("a central system that stops answering leaves calls to time out, and goes on when it answers again")
    func mute() throws {
        let run = try Recorded(
            file(
                "    call_timeout: 5s\n    heartbeat_every: 10s\n", length: "3min",
                steps: """
                    steps:
                      - wait: 5s
                      - do: stop-answering
                      - {send: Reset, to: cp1}
                      - wait: 60s
                      - do: answer-again

                    """))
        #expect(run.outcome.diagnostics.contains { $0.code == "W0723" && $0.message.contains("not answered in time") })
        let times = try lines(run, "Heartbeat", "csms-to-cp").compactMap { Double($0.split(separator: " ")[1]) }
        #expect(!times.contains { 5...65 ~= $0 })
        #expect(times.contains { $0 > 65 })
    }

    @Test("one connection or all of them can be closed")
    func disconnect() throws {
        let run = try Recorded(
            head("3min", record: "[messages, signals]")
                + """
                nodes:
                  csms: {is: csms}
                  cp: {is: charge-point, count: 3, csms: csms}
                steps:
                  - wait: 5s
                  - {do: disconnect, to: csms, with: {charge_point: cp.2}}
                expect:
                  - =count(ocpp.BootNotification) == 3

                """)
        #expect(run.outcome.expectations.allSatisfy { $0.isFulfilled })
    }

    @Test("tags, groups and ids follow the settings")
    func tags() throws {
        let run = try Recorded(
            file(
                """
                    blocked_tags: [EVE]
                    tag_expiry: [OLD=1s]
                    transaction_ids: random

                """, length: "1min", chargePoint: ", authorize_remote: true",
                steps: """
                    steps:
                      - {send: RemoteStartTransaction, to: cp1, with: {idTag: EVE}}
                      - wait: 5s
                      - {send: RemoteStartTransaction, to: cp1, with: {idTag: OLD}}
                      - wait: 5s
                      - {send: RemoteStartTransaction, to: cp1, with: {idTag: ANNA}}
                    expect:
                      - =count(ocpp.StartTransaction) == 1

                    """))
        let states = try run.messages().filter { $0["action"] as? String == "Authorize" && $0["messageType"] as? String == "CALLRESULT" }.compactMap {
            (($0["payload"] as? [String: Any])?["idTagInfo"] as? [String: Any])?["status"] as? String
        }
        #expect(states == ["Blocked", "Expired", "Accepted"])
        let ids = try run.messages().compactMap { ($0["payload"] as? [String: Any])?["transactionId"] as? Int }
        #expect((ids.first ?? 0) > 1000)
    }

    @Test("entries that are no pairs are errors of the node", arguments: ["passwords: [secret]", "tag_expiry: [A=soon]", "tag_groups: [=G]"])
    func pairs(setting: String) throws {
        let outcome = try run(head("10s") + "nodes:\n  csms: {is: csms, \(setting)}\n  cp1: {is: charge-point, csms: csms}\n")
        #expect(outcome.diagnostics.contains { $0.message.hasPrefix("csms: ") })
    }

    private func file(_ settings: String, length: String, chargePoint: String = "", steps: String) -> String {
        file(settings, steps, length: length, chargePoint: chargePoint)
    }
}
