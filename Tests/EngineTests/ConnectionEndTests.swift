import Testing

@testable import Engine

/// What becomes of messages on their way when their connection ends.
@Suite("ends of connections")
struct ConnectionEndTests {
    private func site(_ links: String, _ steps: String, _ expect: String) -> String {
        head("2min", record: "[signals, messages]") + "nodes:\n  csms: {is: csms}\n  cp1: {is: charge-point, csms: csms, plugged: false}\n"
            + "links:\n  road: {between: [csms, cp1], \(links)}\nsteps:\n  - wait: 5s\n\(steps)  - wait: 40s\nexpect:\n\(expect)"
    }

    @Test("an end that closes its connection is heard behind what it has sent, however slow the network")
    func orderly() throws {
        let run = try Recorded(
            site(
                "latency: 400ms", "  - {send: Reset, to: cp1, with: {type: Hard}}\n",
                "  - exchange:\n      - {call: Reset, to: cp1}\n      - {result: Reset, with: {status: Accepted}}\n      - {call: BootNotification, from: cp1}\n"
            ))
        #expect(run.outcome.verdict == .pass && run.outcome.diagnostics.isEmpty)
        // The charge point has gone when it has answered; the central system knows 400 ms later, with the answer.
        let left = try #require(try run.samples("cp1.online").first { $0.value == "0" && $0.time.hasPrefix("5") })
        let heard = try #require(try run.samples("csms.connected").first { $0.value == "0" && $0.time.hasPrefix("5") })
        let wait = (Double(heard.time) ?? 0) - (Double(left.time) ?? 0)
        #expect(abs(wait - 0.4) < 1e-6)
    }

    @Test("a network that fails takes with it what is on its way")
    func broken() throws {
        let run = try Recorded(
            site(
                "latency: 400ms",
                "  - parallel:\n      asks: [{send: GetLocalListVersion, to: cp1}]\n      cuts: [{wait: 600ms}, {do: power-off, to: cp1, with: {for: 5s}}]\n",
                "  - =count(cp1.ocpp.BootNotification) == 2\n"))
        #expect(run.outcome.verdict == .pass)
        #expect(run.outcome.diagnostics.map(\.message) == ["GetLocalListVersion to cp1: not sent (at 5.6 s)"])
    }
}
