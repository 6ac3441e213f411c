import Foundation
import JSONText
import ScenarioLanguage
import Testing

@testable import Engine

/// Runs a text live.
private func runLive(_ text: String, _ change: (inout LiveSettings) -> Void = { _ in }) throws -> (outcome: RunOutcome, told: [String]) {
    var options = RunOptions()
    var live = LiveSettings()
    var told: [String] = []
    live.told = { told.append($0) }
    change(&live)
    options.live = live
    options.drawsPlots = false
    let outcome = Runner.run(try scenario(text), options: options)
    return (outcome, told)
}

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

private func words(_ outcome: RunOutcome) -> String { "\(outcome.expectations.map(\.sentence)) \(outcome.diagnostics.map(\.message))" }

@Suite("buses of live runs", .serialized)
struct LiveBusTests {
    @Test("A charge point and its charger command each other over a socketcand server and its client")
    func socketcand() throws {
        let port = try freePort()
        let (outcome, told) = try runLive(
            """
            evsim: 1
            scenario: over-tcp
            run: {for: 700ms}
            nodes:
              csms: {is: csms}
              cp1: {is: charge-point, csms: csms, bus: near}
              charger: {is: charger-module, bus: far, ramp: 100%}
            buses:
              near: {attach: 'socketcand-server://127.0.0.1:\(port)/can0'}
              far: {attach: 'socketcand://127.0.0.1:\(port)/can0'}
            steps:
              - {send: RemoteStartTransaction, to: cp1}
              - wait: 100ms
              - {send: SetChargingProfile, to: cp1, with: {limit: 10 A}}
            expect:
              - =charger.current == 10 A
              - =near.current == 10 A
            """)
        #expect(outcome.verdict == .pass, "\(words(outcome))")
        #expect(told.contains("near is attached to socketcand-server://127.0.0.1:\(port)/can0"), "\(told)")
        let live = outcome.report["buses"]?[0]?["live"]
        #expect(live?["connections"]?.integer == 1)
        #expect(live?["malformed"]?.integer == 0)
        #expect((live?["received"]?.integer ?? 0) > 0)
    }

    @Test("Frames of every kind cross python-can's multicast; each has an instant of its own")
    func multicast() throws {
        let port = UInt16.random(in: 20_000...60_000)
        let scratch = try ScratchDirectory()
        let (outcome, _) = try runLive(
            """
            evsim: 1
            scenario: over-udp
            run: {for: 500ms}
            nodes: {csms: {is: csms}}
            buses:
              one: {attach: 'udp-multicast:239.74.163.2:\(port)@lo', frames: {num: {id: 0x100, data: {value: u32}}}}
              two:
                attach: 'udp-multicast:239.74.163.2:\(port)@lo'
                frames: {num: {id: 0x100, data: {value: u32}}, big: {id: 0x101, fd: true, length: 64, data: {last: {at: 504, bits: 8}}}}
            steps:
              - {transmit: one.num, with: {value: 1}}
              - {transmit: one.num, with: {value: 2}}
              - {transmit: one.num, with: {value: 3}}
              - {transmit: one, id: 0x101, fd: true, data: '\(String(repeating: "00", count: 63))A5'}
              - {transmit: one, id: 0x1FFFFFFF, data: 01 02}
              - wait: 200ms
            expect:
              - =count(two.num) == 3
              - =min(two.num) == 1
              - =two.num == 3
              - =two.big == 165
            record: [frames, signals]
            """
        ) { $0.readyFile = "\(scratch.path)/ready.json" }
        #expect(outcome.verdict == .pass, "\(words(outcome))")
        let ready = try JSONValue(parsing: scratch.text("ready.json"))
        #expect(ready["buses"]?[1]?["bus"]?.string == "two")
        #expect(ready["buses"]?[1]?["address"]?.string == "udp-multicast:239.74.163.2:\(port)@lo")
        #expect(outcome.report["buses"]?[0]?["live"]?["sent"]?.integer == 5)
        #expect(outcome.report["buses"]?[1]?["live"]?["received"]?.integer == 5)
    }

    @Test("'accepts' keeps other frames away")
    func filters() throws {
        let port = UInt16.random(in: 20_000...60_000)
        let (outcome, _) = try runLive(
            """
            evsim: 1
            scenario: filtered
            run: {for: 300ms}
            nodes: {csms: {is: csms}}
            buses:
              one: {attach: 'udp-multicast:239.74.163.2:\(port)@lo'}
              two: {attach: 'udp-multicast:239.74.163.2:\(port)@lo', accepts: [0x100, '0x18FF0000:0x1FFF0000']}
            steps:
              - {transmit: one, id: 0x100}
              - {transmit: one, id: 0x101}
              - {transmit: one, id: 0x18FF0001, extended: true}
              - {transmit: one, id: 0x18FE0001, extended: true}
              - wait: 100ms
            intended: [W0608]
            """)
        #expect(outcome.report["buses"]?[1]?["live"]?["received"]?.integer == 2, "\(outcome.report.text(.pretty))")
    }

    @Test(
        "What cannot be reached is told with the bus, before anything runs",
        arguments: [
            ("socketcand-server://0.0.0.0:0/can0", "'socketcand-server://0.0.0.0:0/can0' reaches more than this machine; give --allow-net if it shall"),
            ("socketcand://192.0.2.1/can0", "--allow-net"), ("udp-multicast:239.74.163.2", "--allow-net"), ("socketcand://127.0.0.1:1/can0", "refused"),
            ("udp-multicast:239.74.163.2@eth0", "--allow-net"), ("socketcan:nocan9", "modprobe"),
        ])
    func refused(address: String, word: String) throws {
        let (outcome, _) = try runLive(
            "evsim: 1\nscenario: wrong\nrun: {for: 1s, ready_within: 150ms}\nnodes: {csms: {is: csms}}\nbuses: {b: {attach: '\(address)'}}\nintended: [W0608]\n"
        )
        #expect(outcome.verdict == .incomplete)
        let message = outcome.diagnostics.first?.message ?? ""
        #expect(message.hasPrefix("b: ") && message.contains(word), "\(message)")
    }

    @Test("In virtual time an attached bus is a bus like any other")
    func virtualTime() throws {
        let text = """
            evsim: 1
            scenario: closed
            run: {for: 60s}
            nodes: {csms: {is: csms}, cp1: {is: charge-point, csms: csms, bus: can0}, charger: {is: charger-module, bus: can0}}
            buses: {can0: {attach: 'socketcan:vcan0'}}
            steps: [{send: RemoteStartTransaction, to: cp1}]
            expect: [=max(charger.current) > 0 A]
            """
        let outcome = try run(text)
        #expect(outcome.verdict == .pass)
        #expect(outcome.fingerprint == (try run(text.replacing("attach: 'socketcan:vcan0'", with: "bitrate: 500 kbit/s"))).fingerprint)
    }
}
