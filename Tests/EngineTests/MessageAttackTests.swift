import Foundation
import JSONText
import Testing

@testable import Engine

@Suite("attacks on messages in scenarios")
struct MessageAttackTests {
    /// A run with a fuzz attack; the files of failing cases by name.
    private func fuzzed(csms: String = "", chargePoint: String = "", time: String = "8s", _ with: String) throws -> (run: Recorded, cases: [String: String]) {
        let run = try Recorded(
            """
            evsim: 1
            scenario: fuzzed
            run: {for: 20s}
            nodes:
              csms: {is: csms\(csms)}
              cp1: {is: charge-point, csms: csms, plugged: false\(chargePoint)}
            steps:
              - {attack: fuzz, against: cp1, for: \(time), with: {every: 100ms, \(with)}}
            expect: [=csms.registered == 1]
            record: [messages]
            """)
        var cases: [String: String] = [:]
        for name in run.directory.files where name.hasPrefix("failing-") { cases[name] = try run.directory.text(name) }
        return (run, cases)
    }

    @Test("Both ends stand a fuzz attack, and the run says how many messages it was", arguments: ["grammar", "raw"])
    func sound(_ style: String) throws {
        let (run, cases) = try fuzzed("what: \(style), direction: \(style == "raw" ? "both" : "up")")
        #expect(run.outcome.verdict == .pass && cases.isEmpty, "\(run.outcome.expectations.map(\.sentence)) \(cases)")
        #expect(run.outcome.expectations.contains { $0.that.contains("stands the messages") && $0.value.hasPrefix("80 messages") })
        #expect(try run.directory.text("messages.jsonl").contains("\"meta\":{\"label\":\"CAN_FUZZING\"}"))
    }

    @Test("What a lenient central system accepts is cut down to one message; its scenario fails until the central system is strict")
    func accepted() throws {
        let (run, cases) = try fuzzed(csms: ", strict: false", "direction: up, only: [StatusNotification]")
        #expect(run.outcome.verdict == .fail)
        let text = try #require(cases["failing-1.yaml"])
        let payload = try #require(text.split(separator: "\n").first { $0.contains("- '[2") })
        #expect(payload.utf8.count < 140 && payload.contains("StatusNotification"), "\(payload)")
        #expect(run.outcome.files.contains("failing-1.yaml"))
        #expect(Runner.run(try scenario(text)).verdict == .fail)
        #expect(Runner.run(try scenario(text.replacingOccurrences(of: "strict: false", with: "strict: true"))).verdict == .pass)
    }

    @Test("A charge point that leaves a call without an answer, and one that answers InternalError, are found")
    func silent() throws {
        let (run, cases) = try fuzzed(
            chargePoint: ", replies: {GetConfiguration: ignore, ClearCache: {error: InternalError}}", time: "12s",
            "direction: down, only: [GetConfiguration, ClearCache]")
        #expect(run.outcome.verdict == .fail)
        let texts = cases.values.joined()
        #expect(texts.contains("there was no answer in time") && texts.contains("the answer was InternalError"), "\(cases)")
        #expect(texts.contains("'[2,\"\",\"GetConfiguration\",{}]'") && texts.contains("'[2,\"\",\"ClearCache\",{}]'"), "\(cases)")
    }

    @Test("A central system that ends connections is found with the messages that it takes")
    func lost() throws {
        let (_, cases) = try fuzzed(csms: ", flood_limit: 5", "direction: up, only: [Heartbeat]")
        let text = try #require(cases.values.first { $0.contains("the connection was lost") })
        // With the three messages of the start they are more than five in one second.
        #expect(text.components(separatedBy: "\n        - ").count == 4, "\(text)")
    }

    @Test("The same seed gives the same changes; other messages are those of the run without the attack")
    func seeded() throws {
        func raws(_ attack: String, seed: UInt64) throws -> [String] {
            let run = try Recorded(
                head("5min", record: "[messages]") + alone(", meter_every: 10s")
                    + "steps:\n  - {send: RemoteStartTransaction, to: cp1}\n  - {attack: modify, against: cp1.ocpp.MeterValues, for: 2min, with: {\(attack)}}\n",
                seed: seed)
            return try run.messages().compactMap { $0["raw"] as? String }
        }
        let first = try raws("chance: 50%, scale: {value: 2}", seed: 5)
        #expect(try raws("chance: 50%, scale: {value: 2}", seed: 5) == first)
        #expect(try raws("chance: 50%, scale: {value: 2}", seed: 6) != first)
        let benign = try raws("chance: 0%, scale: {value: 2}", seed: 5)
        #expect(benign.count == first.count && zip(benign, first).filter { $0 != $1 }.count > 2)
    }

    @Test("Live, attacks act on the texts between the run's own nodes")
    func live() throws {
        let directory = try ScratchDirectory()
        var options = RunOptions(directory: directory.path)
        options.live = LiveSettings()
        options.drawsPlots = false
        let outcome = Runner.run(
            try scenario(
                """
                evsim: 1
                scenario: live
                run: {for: 1s}
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms}
                steps:
                  - parallel:
                      attack:
                        - {attack: modify, against: cp1.ocpp.StatusNotification, for: 300ms, with: {chance: 100%, set: {status: Faulted}}}
                        - {attack: spoof, against: cp1, for: 300ms, with: {message: {action: StatusNotification, with: {status: Unavailable}}}}
                      station:
                        - wait: 100ms
                        - {send: StatusNotification, from: cp1, with: {status: Available}}
                expect:
                  - exchange:
                      - {call: StatusNotification, from: cp1, with: {status: Faulted}}
                      - {result: StatusNotification}
                record: [messages]
                intended: [W0725, W0727]
                """), options: options)
        #expect(outcome.verdict == .pass, "\(outcome.expectations.map(\.sentence)) \(outcome.diagnostics.map(\.message))")
        let text = try directory.text("messages.jsonl")
        #expect(text.contains("\\\"status\\\":\\\"Unavailable\\\"") && text.contains("\"label\":\"SPOOFING\""))
    }
}
