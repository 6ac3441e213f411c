import Foundation
import JSONText
import ScenarioLanguage
import Testing

@testable import Engine

/// Runs a text live on loopback; the report with what was told.
private func runLive(_ text: String, _ change: (inout LiveSettings) -> Void = { _ in }) throws -> (outcome: RunOutcome, told: [String]) {
    let scenario = try scenario(text)
    var options = RunOptions()
    var live = LiveSettings()
    var told: [String] = []
    live.told = { told.append($0) }
    change(&live)
    options.live = live
    options.drawsPlots = false
    let outcome = Runner.run(scenario, options: options)
    return (outcome, told)
}

@Suite("live runs")
struct LiveTests {
    @Test("A charge point and its central system talk over a real WebSocket; steps, answers and expectations are those of virtual time")
    func session() throws {
        let (outcome, told) = try runLive(
            """
            evsim: 1
            scenario: live
            run: {for: 900ms}
            nodes:
              csms: {is: csms}
              cp1: {is: charge-point, csms: csms}
              cp2: {is: charge-point, csms: csms, identity: other name}
            steps:
              - {send: SetChargingProfile, to: cp1, with: {limit: 10 A}}
              - {send: RemoteStartTransaction, to: 'cp1'}
              - wait: 100ms
              - {send: RemoteStopTransaction, to: cp1}
            expect:
              - =count(ocpp.BootNotification) == 2
              - =max(cp1.current) == 10 A
              - =count(cp1.ocpp.StopTransaction) == 1
              - =csms.connected == 2
              - exchange:
                  - {call: StartTransaction, from: cp1}
                  - {result: StartTransaction, to: cp1, with: {transactionId: 1}}
            """)
        #expect(outcome.verdict == .pass, "\(outcome.expectations.map(\.sentence)) \(outcome.diagnostics.map(\.message))")
        #expect(told.count == 1 && told[0].hasPrefix("csms listens on ws://127.0.0.1:"), "\(told)")
    }

    @Test("The ready file names the address of every central system, and is whole when it appears")
    func readyFile() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("ready-\(UUID().uuidString).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try runLive("evsim: 1\nscenario: ready\nrun: {for: 20ms}\nnodes: {csms: {is: csms}}\nexpect: [=csms.connected == 0]\n") { $0.readyFile = path }
        let ready = try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
        #expect(ready["listening"]?[0]?["node"]?.string == "csms")
        #expect((ready["listening"]?[0]?["port"]?.integer ?? 0) > 0)
    }

    @Test(
        "What cannot be reached is told with the node, before anything runs",
        arguments: [
            ("csms: {is: csms, listen: '0.0.0.0:0'}", "--allow-net"),
            ("csms: {is: csms, listen: '127.0.0.1:0', security_profile: 2}", "tls_certificate"),
            ("csms: {is: csms, listen: '127.0.0.1:0', security_profile: 3, tls_certificate: none.pem, tls_key: none.pem, tls_ca: none.pem}", "none.pem"),
            ("cp1: {is: charge-point, csms: 'ws://192.0.2.1:9000/ocpp'}", "--allow-net"),
            ("cp1: {is: charge-point, csms: 'ws://127.0.0.1:0/ocpp'}", "no port"),
            ("cp1: {is: charge-point, csms: 'wss://127.0.0.1:9000/ocpp'}", "security profile 0"),
            ("csms: {is: csms, listen: 'nowhere at all'}", "HOST:PORT"),
        ])
    func refused(node: String, word: String) throws {
        let (outcome, _) = try runLive("evsim: 1\nscenario: wrong\nrun: {for: 1s}\nnodes: {\(node)}\nintended: [W0608]\n")
        #expect(outcome.verdict == .incomplete)
        #expect(outcome.diagnostics.first?.message.contains(word) == true, "\(outcome.diagnostics.map(\.message))")
    }

    @Test("A wrong password is refused with 401, and the charge point says so")
    func wrongPassword() throws {
        let (outcome, _) = try runLive(
            """
            evsim: 1
            scenario: guess
            run: {for: 1s, ready_within: 300ms}
            nodes:
              csms: {is: csms, security_profile: 1, passwords: ['cp1=0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF']}
              cp1: {is: charge-point, csms: csms, configuration: [SecurityProfile=1, AuthorizationKey=1101020304050607FFFFFFFFFFFFFFFFFFFFFFFF]}
            """)
        #expect(outcome.verdict == .incomplete)
        #expect(outcome.diagnostics.contains { $0.code == "W0727" && $0.message.contains("401") }, "\(outcome.diagnostics.map(\.message))")
    }

    @Test("A network that fails closes real connections, and the charge point comes back")
    func failures() throws {
        let (outcome, _) = try runLive(
            """
            evsim: 1
            scenario: cut
            run: {for: 1500ms, seed: 4}
            nodes:
              csms: {is: csms}
              cp1: {is: charge-point, csms: csms, reconnect_after: 100ms, reconnect_jitter: 0%}
            links:
              wan: {between: [cp1, csms], latency: 5ms}
            steps:
              - wait: 200ms
              - {do: disconnect, to: cp1}
              - wait: 200ms
              - {do: reconnect, to: cp1}
              - until: =cp1.online
                timeout: 900ms
            expect:
              - =count(ocpp.BootNotification) == 1
              - =cp1.online
            """)
        #expect(outcome.verdict == .pass, "\(outcome.expectations.map(\.sentence)) \(outcome.diagnostics.map(\.message))")
    }
}
