import Foundation
import JSONText
import ScenarioLanguage
import Testing

@testable import Engine

/// Attacks together with what else carries frames and messages: gateways, logs that are played, wires, real buses, transport protocols, faulty networks.
@Suite("attacks with what else carries frames")
struct AttackReachTests {
    /// Lines of the log as `time bus frame`.
    static func lines(_ directory: ScratchDirectory, from: Double = 0) throws -> [String] {
        try directory.text("frames.log").split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ")
            guard let date = Double(parts[0].dropFirst().dropLast()) else { return nil }
            let time = date - 946_684_800
            return time >= from ? "\(String(format: "%.3f", time)) \(parts[1]) \(parts[2])" : nil
        }
    }

    /// Two buses with a gateway that takes 2 ms, a frame on the first each second, and an attack.
    private func bridged(_ attack: String) throws -> Recorded {
        try Recorded(
            """
            evsim: 1
            scenario: bridged
            run: {for: 3s, start: '2000-01-01T00:00:00Z'}
            nodes:
              charger: {is: charger-module, bus: spare}
              gate: {is: can-bridge, from: a, to: b, delay: 2ms}
            buses:
              spare: {}
              a: {frames: {x: {id: 0x100, from: charger, every: 1s, phase: 500ms, data: {limit: u16 0.1 A}}}}
              b: {frames: {z: {id: 0x100, data: {limit: u16 0.1 A}}}}
            steps:
              - set: {charger.limit: 10 A}
              - wait: 1s
              - {attack: \(attack)}
            record: [frames]
            intended: [W0608]
            """)
    }

    @Test("what an attack changed in front of a gateway comes out behind it with the label; behind it the first bus stays as it was")
    func gateway() throws {
        let near = try bridged("modify, against: a.x, for: 1s, with: {chance: 100%, set: {limit: 20 A}}")
        let all = try Self.lines(near.directory).filter { $0.contains("100#") }
        #expect(all == ["0.500 a 100#6400", "0.502 b 100#6400", "1.500 a 100#C800", "1.502 b 100#C800", "2.500 a 100#6400", "2.502 b 100#6400"], "\(all)")
        #expect(try near.rows("frame-labels.csv").map { "\($0[0]) \($0[1]) \($0[4])" } == ["1.5 a MESSAGE_MODIFICATION", "1.502 b MESSAGE_MODIFICATION"])
        #expect(try near.rows("labels.csv").map { $0[6] } == ["1.5"])
        let far = try bridged("modify, against: b.z, for: 1s, with: {chance: 100%, set: {limit: 20 A}}")
        let behind = try Self.lines(far.directory, from: 1).filter { $0.contains("100#") }
        #expect(behind == ["1.500 a 100#6400", "1.502 b 100#C800", "2.500 a 100#6400", "2.502 b 100#6400"], "\(behind)")
        #expect(try far.rows("frame-labels.csv").map { "\($0[0]) \($0[1])" } == ["1.502 b"])
    }

    @Test("a frame that an attack sends on one bus crosses the gateway once, and comes back never")
    func acrossGateway() throws {
        let run = try bridged("inject, against: b, with: {count: 1, id: 0x222, data: 'AA'}")
        let all = try Self.lines(run.directory).filter { $0.contains("222#") }
        #expect(all == ["1.000 b 222#AA", "1.002 a 222#AA"], "\(all)")
        #expect(try run.rows("frame-labels.csv").map { $0[1] } == ["b", "a"])
    }

    @Test("frames of a log that is played are delayed, changed and dropped, with their labels")
    func played() throws {
        func run(_ attack: String) throws -> Recorded {
            try Recorded(
                """
                evsim: 1
                scenario: played
                run: {for: 3s, start: '2000-01-01T00:00:00Z'}
                nodes:
                  tape: {is: can-replay, bus: can0, lines: ['(0.5) can0 100#E803', '(1.5) can0 100#D007', '(2.5) can0 100#B80B']}
                buses: {can0: {frames: {voltage: {id: 0x100, data: {reading: u16 0.1 V}}}}}
                steps:
                  - wait: 500ms
                  - {attack: \(attack)}
                record: [frames]
                """)
        }
        let delayed = try run("delay, against: can0.voltage, for: 2s, with: {delay: 250ms}")
        #expect(try Self.lines(delayed.directory) == ["0.000 can0 100#E803", "1.250 can0 100#D007", "2.250 can0 100#B80B"])
        #expect(try delayed.rows("frame-labels.csv").map { $0[0] } == ["1.25", "2.25"])
        // The first effect is that the frame is not there when it should be.
        #expect(try delayed.rows("labels.csv").map { $0[6] } == ["1"])
        let changed = try run("modify, against: can0.voltage, for: 1s, with: {chance: 100%, scale: {reading: 2}}")
        #expect(try Self.lines(changed.directory) == ["0.000 can0 100#E803", "1.000 can0 100#A00F", "2.000 can0 100#B80B"])
        let gone = try run("drop, against: can0, for: 1s, with: {only: [0x100], chance: 100%}")
        #expect(try Self.lines(gone.directory) == ["0.000 can0 100#E803", "2.000 can0 100#B80B"])
    }

    @Test("on a bus with a wire frames are changed before they are sent, and delayed ones arbitrate when they come")
    func wire() throws {
        let run = try Recorded(
            """
            evsim: 1
            scenario: wired
            run: {for: 2s, start: '2000-01-01T00:00:00Z'}
            nodes:
              charger: {is: charger-module, bus: can0}
              csms: {is: csms}
              other: {is: charge-point, csms: csms, bus: can0}
            buses:
              can0: {fidelity: wire, frames: {x: {id: 0x100, from: charger, every: 500ms, phase: 100ms, data: {limit: u16 0.1 A}}}}
            steps:
              - set: {charger.limit: 10 A}
              - {attack: modify, against: can0.x, for: 500ms, with: {chance: 100%, set: {limit: 20 A}}}
              - {attack: delay, against: can0.x, for: 500ms, with: {delay: 50ms}}
              - {attack: drop, against: can0.x, for: 500ms, with: {chance: 100%}}
            record: [frames]
            """)
        let lines = try Self.lines(run.directory).filter { $0.contains(" 100#") }.map { String($0.dropLast($0.count - 7)) + $0.suffix(8) }
        #expect(lines.count == 3 && lines[0].hasSuffix("100#C800") && lines[1].hasPrefix("0.65") && lines[2].hasPrefix("1.60"), "\(lines)")
    }

    @Test("single frames of a longer message are changed through the bus, and the whole message tells")
    func transport() throws {
        func run(_ attack: String) throws -> Recorded {
            try Recorded(
                """
                evsim: 1
                scenario: transport
                run: {for: 5s}
                nodes:
                  csms:    {is: csms}
                  charger: {is: charge-point, csms: csms, bus: can0}
                  bms:     {is: charger-module, bus: can0}
                buses:
                  can0:
                    addresses: {bms: 0xF4, charger: 0x56}
                    frames:
                      brm: {pgn: 0x0200, priority: 7, from: bms, to: charger, transport: j1939, length: 9, data: {first: u32, last: {at: 64, bits: 8}}}
                steps:
                  - wait: 1s
                  - parallel:
                      bad: [{attack: \(attack)}]
                      good: [{wait: 100ms}, {transmit: can0.brm, with: {first: 0x181D2227, last: 0x31}}, {wait: 2s}]
                record: [frames, signals]
                intended: [W0751]
                """)
        }
        let changed = try run("modify, against: can0, for: 1s, with: {chance: 100%, only: [0x1CEB56F4], flip: [8]}")
        let values = try changed.values("can0.brm.first")
        #expect(values.last == Double(0x181D2226), "\(values) \(try? changed.directory.text("frames.log"))")
        #expect(try changed.directory.text("frames.log").contains("1CEB56F4#0126221D18000000"))
        let lost = try run("drop, against: can0, for: 1s, with: {chance: 100%, only: [0x1CEB56F4]}")
        #expect(try lost.values("can0.brm.failed").last == 1)
        let none = try lost.values("can0.brm.first")
        #expect(!none.contains(Double(0x181D2227)))
    }

    @Test("a real bus carries what attacks made of frames, and frames from outside are attacked as they come in")
    func realBus() throws {
        let port = UInt16.random(in: 20_000...60_000)
        let directory = try ScratchDirectory()
        var options = RunOptions(directory: directory.path)
        options.live = LiveSettings()
        options.drawsPlots = false
        let outcome = Runner.run(
            try scenario(
                """
                evsim: 1
                scenario: over-udp
                run: {for: 900ms}
                nodes: {csms: {is: csms}}
                buses:
                  one: {attach: 'udp-multicast:239.74.163.2:\(port)@lo', frames: {num: {id: 0x100, data: {value: u32}}}}
                  two: {attach: 'udp-multicast:239.74.163.2:\(port)@lo', frames: {num: {id: 0x100, data: {value: u32}}, own: {id: 0x200, data: {value: u32}}}}
                steps:
                  - parallel:
                      leaving: [{attack: modify, against: one.num, for: 300ms, with: {chance: 100%, set: {value: 77}}}]
                      coming: [{attack: modify, against: two.own, for: 300ms, with: {chance: 100%, set: {value: 88}}}]
                      frames:
                        - wait: 100ms
                        - {transmit: one.num, with: {value: 1}}
                        - {transmit: one, id: 0x200, data: 01 00 00 00}
                  - wait: 100ms
                  - {transmit: one.num, with: {value: 5}}
                  - wait: 100ms
                expect:
                  - =max(two.num) == 77
                  - =two.num == 5
                  - =two.own == 88
                record: [frames, signals]
                """), options: options)
        #expect(outcome.verdict == .pass, "\(outcome.expectations.map(\.sentence)) \(outcome.diagnostics.map(\.message))")
        let log = try directory.text("frames.log")
        #expect(log.contains("one 200#01000000") && log.contains("two 200#58000000") && log.contains("one 100#4D000000"), "\(log)")
        let labels = try directory.text("labels.csv").split(separator: "\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        #expect(labels.count == 2 && labels.allSatisfy { Double($0[6]) ?? 0 >= 0.1 }, "\(labels)")
    }

    @Test("faults of the network come behind attacks: what an attack duplicates is lost by its own draw, what it delays is late by both")
    func faults() throws {
        let run = try Recorded(
            """
            evsim: 1
            scenario: faulty
            run: {for: 1min}
            nodes:
              csms: {is: csms, heartbeat_every: 10s}
              cp1: {is: charge-point, csms: csms}
            links:
              net: {between: [cp1, csms], latency: 100ms}
            steps:
              - {attack: delay, against: cp1.ocpp.Heartbeat, for: 35s, with: {delay: 2s}}
            expect:
              - =max(latency(cp1.ocpp.Heartbeat)) >= 2.2 s
              - =min(latency(cp1.ocpp.Heartbeat)) < 1 s
            record: [messages]
            """)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations.map(\.sentence)) \(run.outcome.diagnostics.map(\.message))")
        let beats = try run.messages().filter { $0["action"] as? String == "Heartbeat" && $0["messageType"] as? String == "CALL" }
        let labelled = beats.filter { ($0["meta"] as? [String: Any])?["label"] as? String == "MESSAGE_DELAY" }
        #expect(labelled.count == 3 && beats.count > 3, "\(beats.count)")
    }
}
