import Testing

@testable import Engine

/// Charge points that are other programs, in runs where none comes; live runs are judged from outside.
@Suite("remote charge points")
struct RemoteChargePointTests {
    private func text(_ settings: String = "", nodes: String = "", steps: String = "") -> String {
        "evsim: 1\nscenario: remote\nrun: {for: 1min}\nnodes:\n  csms: {is: csms}\n  box: {is: remote-charge-point, csms: csms\(settings)}\n\(nodes)"
            + (steps.isEmpty ? "" : "steps:\n\(steps)") + "expect: [=csms.connected == 0]\n"
    }

    @Test("who waits for another program needs a live run")
    func awaited() throws {
        let outcome = try run(text())
        #expect(outcome.verdict == .incomplete)
        #expect(outcome.diagnostics.first?.message.contains("--realtime") == true)
        #expect(outcome.diagnostics.first?.span?.line == 6)
    }

    @Test("nobody waits for one that is not awaited, and what is sent to it is not sent")
    func notAwaited() throws {
        let outcome = try run(text(", awaited: false", steps: "  - {send: GetConfiguration, to: box}\n  - {send: Reset, to: box, with: {type: Hard}}\n"))
        #expect(outcome.verdict == .pass)
        let warnings = outcome.diagnostics.map(\.message)
        #expect(warnings.count == 2)
        #expect(warnings.allSatisfy { $0.contains("there is no connection") })
    }

    @Test("no step speaks in its name, and no vehicle is plugged in there")
    func elsewhere() throws {
        let speaking = try run(text(", awaited: false", steps: "  - {send: Heartbeat, from: box}\n"))
        #expect(speaking.verdict == .incomplete)
        #expect(speaking.diagnostics.first?.code == "E0707")
        let visiting = try run(text(", awaited: false", nodes: "  car: {is: vehicle, at: box, arrives: 1s}\n"))
        #expect(visiting.verdict == .incomplete)
        #expect(visiting.diagnostics.first?.message.contains("car: box is another program") == true)
    }
}
