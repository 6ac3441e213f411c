import Foundation
import JSONText
import ScenarioLanguage
import Testing

@testable import Engine

/// Attacks against a proxy, live on loopback, with both ends in the same run.
@Suite("attacks through a proxy", .serialized)
struct ProxyAttackTests {
    /// A port that nobody listens on now.
    private func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1 }
        }
        try #require(result == 0)
        return UInt16(bigEndian: address.sin_port)
    }

    /// Runs a charge point behind a proxy.
    private func run(_ length: String, _ steps: String, expect: String) throws -> (outcome: RunOutcome, lines: [[String: Any]], directory: ScratchDirectory) {
        let port = try freePort()
        let directory = try ScratchDirectory()
        var options = RunOptions(directory: directory.path)
        options.live = LiveSettings()
        options.drawsPlots = false
        let outcome = Runner.run(
            try scenario(
                """
                evsim: 1
                scenario: behind
                run: {for: \(length)}
                nodes:
                  csms: {is: csms}
                  proxy: {is: ocpp-proxy, listen: '127.0.0.1:\(port)', csms: csms}
                  cp1: {is: charge-point, csms: 'ws://127.0.0.1:\(port)/ocpp', plugged: false}
                steps:
                \(steps)
                expect:
                  - =count(proxy.ocpp.BootNotification) == 1
                  - \(expect)
                record: [messages]
                intended: [W0725, W0727, W0608]
                """), options: options)
        let lines = try directory.text("messages.jsonl").split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        return (outcome, lines, directory)
    }

    @Test("the label of an attack is on the messages that it changed, and its evidence between its beginning and its end")
    func truth() throws {
        let (outcome, lines, directory) = try run(
            "900ms",
            """
              - parallel:
                  attack: [{attack: modify, against: proxy.ocpp.StatusNotification, for: 300ms, with: {chance: 100%, set: {status: Faulted}}}]
                  station: [{wait: 100ms}, {send: StatusNotification, from: cp1, with: {status: Available}}]
            """, expect: "=count(proxy.ocpp.StatusNotification) >= 2")
        #expect(outcome.verdict == .pass, "\(outcome.expectations.map(\.sentence)) \(outcome.diagnostics.map(\.message))")
        let changed = lines.filter { ($0["meta"] as? [String: Any])?["label"] as? String == "MESSAGE_MODIFICATION" && $0["messageType"] as? String == "CALL" }
        #expect(!changed.isEmpty && changed.allSatisfy { ($0["raw"] as? String)?.contains("Faulted") ?? false }, "\(changed)")
        let label = try directory.text("labels.csv").split(separator: "\n")[1].split(separator: ",", omittingEmptySubsequences: false)
        let (start, end, evidence) = (Double(label[0]) ?? -1, Double(label[1]) ?? -1, Double(label[6]) ?? -1)
        #expect(start < evidence && evidence < end && end - start >= 0.3 && label[7] == "OCPP", "\(label)")
    }

    @Test("bytes that trickle take their time on the socket, and go out at once when the attack ends")
    func trickle() throws {
        let (outcome, _, _) = try run(
            "1200ms",
            """
              - parallel:
                  attack: [{attack: jitter, against: proxy, for: 800ms, with: {jitter: 0s, drip: 300, only: [Heartbeat], direction: up}}]
                  station: [{wait: 100ms}, {send: Heartbeat, from: cp1}]
            """, expect: "=max(latency(cp1.ocpp.Heartbeat)) >= 80 ms")
        #expect(outcome.verdict == .pass, "\(outcome.expectations.map(\.sentence)) \(outcome.diagnostics.map(\.message))")
        let (cut, _, _) = try run(
            "900ms",
            """
              - parallel:
                  attack: [{attack: jitter, against: proxy, for: 450ms, with: {jitter: 0s, drip: 1, only: [Heartbeat], direction: up}}]
                  station: [{wait: 100ms}, {send: Heartbeat, from: cp1}]
            """, expect: "=max(latency(cp1.ocpp.Heartbeat)) > 300 ms")
        #expect(cut.verdict == .pass, "\(cut.expectations.map(\.sentence)) \(cut.diagnostics.map(\.message))")
    }
}
