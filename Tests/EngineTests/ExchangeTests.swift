import Testing

@testable import Engine

/// Messages that a scenario expects.
@Suite("exchanges")
struct ExchangeTests {
    /// What becomes of expectations about a session of 12 s from t = 0 with a heartbeat each 10 s.
    private func judge(_ expectations: String, before: String = "") throws -> [JudgedExpectation] {
        let outcome = try run(
            head("30s") + "nodes:\n  csms: {is: csms, heartbeat_every: 10s}\n  cp1: {is: charge-point, csms: csms}\n"
                + "steps:\n\(before)  - {send: RemoteStartTransaction, to: cp1}\n  - wait: 12s\n  - {send: RemoteStopTransaction, to: cp1}\nexpect:\n"
                + expectations)
        return outcome.expectations
    }

    private func exchange(_ elements: String..., strictly: Bool = false, before: String = "") throws -> JudgedExpectation {
        let lines = elements.map { "      - \($0)\n" }.joined()
        return try #require(try judge("  - exchange:\n" + lines + (strictly ? "    strictly: true\n" : ""), before: before).first)
    }

    @Test("messages in their order, from before t = 0 to the end, with fields, answers and a kept transaction id")
    func session() throws {
        let judged = try exchange(
            "{call: BootNotification, from: cp1, with: {chargePointVendor: evsim}}",
            "{result: BootNotification, from: csms, to: cp1, with: {status: Accepted, interval: {at_least: 10, at_most: 10}}}",
            "{call: StatusNotification, with: {connectorId: 1, status: {one_of: [Available, Preparing]}, errorCode: {not: OtherError}}}",
            "{call: RemoteStartTransaction, to: cp1}", "never: {call: StopTransaction}",
            "{call: StartTransaction, with: {meterStart: 0, reservationId: {present: false}}, within: 1s}",
            "{result: StartTransaction, with: {idTagInfo: {status: Accepted}}, keep: {tx: transactionId}}",
            "{call: StopTransaction, with: {transactionId: {same: tx}, reason: Remote}, after: 12s, within: 12s}", "never: {call: StartTransaction}")
        #expect(judged.isFulfilled, "\(judged.sentence)")
        #expect(judged.value == "7 messages")
        #expect(judged.sentence == "the exchange came as expected: 7 messages, the last at 12 s")
    }

    @Test("a message that does not come is named with what came nearest to it")
    func missing() throws {
        var judged = try exchange("{call: StartTransaction, with: {connectorId: 2, meterStart: {at_least: 1}}}")
        #expect(!judged.isFulfilled)
        #expect(
            judged.sentence
                == "StartTransaction did not come after the start; nearest at 0 s: 'connectorId' was 1, wanted 2, 'meterStart' was 0, wanted at least 1, line 14"
        )
        judged = try exchange("{call: StopTransaction}", "{call: StartTransaction, from: cp1}")
        #expect(judged.value == "1 of 2 messages")
        #expect(judged.sentence == "StartTransaction from cp1 did not come after the message at 12 s; it came at 0 s, too early, line 15")
        judged = try exchange("{call: Authorize}")
        #expect(judged.sentence == "Authorize did not come after the start; nothing like it came, line 14")
        judged = try exchange("{error: StopTransaction, code: InternalError}")
        #expect(judged.sentence.contains("nearest at 12 s: the answer {"))
    }

    @Test("times between messages hold, and the first message that fits decides")
    func times() throws {
        #expect(try exchange("{call: Heartbeat, times: 2, after: 9s, within: 11s}").isFulfilled)
        let early = try exchange("{call: BootNotification}", "{call: Heartbeat}", "{call: Heartbeat, after: 11s}")
        #expect(early.sentence == "Heartbeat came at 20 s, 10 s after the message before, wanted at least 11 s, line 16")
        let late = try exchange("{call: Heartbeat}", "{call: Heartbeat, within: 2s}")
        #expect(late.sentence == "Heartbeat came at 20 s, 10 s after the message before, wanted at most 2 s, line 15")
        let few = try exchange("{call: Heartbeat, times: 3}")
        #expect(few.sentence == "Heartbeat (2 of 3 came) did not come after the message at 20 s; nothing like it came, line 14")
        #expect(few.value == "2 of 3 messages")
    }

    @Test("'never' in an exchange is about its own place")
    func never() throws {
        #expect(try exchange("never: {call: StopTransaction}", "{call: StartTransaction}", "{call: Heartbeat}").isFulfilled)
        let broken = try exchange("{call: StartTransaction}", "never: {call: Heartbeat}", "{call: StopTransaction}")
        #expect(broken.sentence == "Heartbeat came at 10 s: Heartbeat {}, wanted none after the message at 0 s, line 15")
        let trailing = try exchange("{call: StartTransaction}", "never: {result: StopTransaction}")
        #expect(!trailing.isFulfilled)
        #expect(trailing.sentence.contains("wanted none after the message at 0 s"))
    }

    @Test("'never' for the whole run, and a strict exchange")
    func wholeRun() throws {
        let judged = try judge(
            "  - never: {call: StopTransaction, with: {reason: Local}}\n  - never: {call: StopTransaction}\n"
                + "  - {exchange: [{call: Heartbeat}, {call: Heartbeat}], strictly: true}\n"
                + "  - {exchange: [{call: BootNotification}, {call: StatusNotification, with: {connectorId: 1}}], strictly: true}\n")
        #expect(judged.map(\.isFulfilled) == [true, false, true, false])
        #expect(judged[0].sentence == "no such StopTransaction came")
        #expect(judged[1].sentence.hasPrefix("StopTransaction came at 12 s: StopTransaction {"))
        #expect(judged[3].sentence.contains("wanted strictly StatusNotification"))
    }

    @Test("lists want their elements in this order, one needs no brackets, and 'count' and 'contains' look at the whole")
    func lists() throws {
        let before =
            "  - {send: GetConfiguration, to: cp1, with: {key: [HeartbeatInterval, NoSuchKey]}}\n  - {send: SetChargingProfile, to: cp1, with: {limit: 10 A}}\n"
        #expect(try exchange("{call: GetConfiguration, with: {key: [HeartbeatInterval, NoSuchKey]}}", before: before).isFulfilled)
        #expect(try exchange("{call: GetConfiguration, with: {key: {contains: Such}}}", "{call: GetConfiguration}", before: before).value == "0 of 2 messages")
        #expect(try exchange("{call: GetConfiguration, with: {key: [{contains: Such}]}}", before: before).isFulfilled)
        #expect(try exchange("{call: GetConfiguration, with: {key: {count: 2}}}", before: before).isFulfilled)
        #expect(try !exchange("{call: GetConfiguration, with: {key: {count: {at_least: 3}}}}", before: before).isFulfilled)
        #expect(
            try exchange(
                "{call: SetChargingProfile, with: {csChargingProfiles: {chargingSchedule: {chargingSchedulePeriod: {startPeriod: 0, limit: 10}}}}}",
                before: before
            ).isFulfilled)
        let swapped = try exchange("{call: GetConfiguration, with: {key: [NoSuchKey, HeartbeatInterval]}}", before: before)
        #expect(swapped.sentence.contains("'key[1]' was missing, wanted \"HeartbeatInterval\""), "\(swapped.sentence)")
    }

    @Test("a value that is kept is compared, and a wrong one is told")
    func kept() throws {
        let judged = try exchange("{call: StartTransaction, keep: {number: connectorId}}", "{call: StopTransaction, with: {meterStop: {same: number}}}")
        #expect(!judged.isFulfilled)
        #expect(judged.sentence.contains("wanted 1 as before"))
    }

    @Test("of several charge points the ends tell which is meant")
    func ends() throws {
        let outcome = try run(
            head("10s") + "nodes:\n  csms: {is: csms}\n  cp: {is: charge-point, count: 3, csms: csms}\nsteps:\n  - {send: RemoteStartTransaction, to: cp.2}\n"
                + "expect:\n  - {exchange: [{call: StartTransaction, from: cp.2}, {result: StartTransaction, to: cp.*}]}\n"
                + "  - {never: {call: StartTransaction, from: [cp.1, cp.3]}}\n")
        #expect(outcome.verdict == .pass)
    }

    @Test("what an exchange says depends on nothing but its own messages")
    func orthogonal() throws {
        let alone = try exchange("{call: StartTransaction}", "{call: StopTransaction}")
        let both = try judge("  - exchange: [{call: StartTransaction}, {call: StopTransaction}]\n  - never: {call: Heartbeat}\n")
        #expect(both[0].isFulfilled == alone.isFulfilled)
        #expect(!both[1].isFulfilled)
    }
}
