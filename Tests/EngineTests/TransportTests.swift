import CAN
import Foundation
import Testing

@testable import Engine
@testable import ScenarioLanguage

/// Messages longer than a frame on the buses of a run.
@Suite("messages longer than a frame")
struct TransportTests {
    /// What a run left: its frames without time and bus, whether all expectations held, and codes of warnings.
    private struct Result {
        var frames: [String]
        var passed: Bool
        var warnings: [String]
        var text: String
    }

    /// Runs a scenario of two nodes on a bus; the rest of the file follows after `buses: {can0: …`.
    private func run(_ rest: String) throws -> Result {
        let text = """
            evsim: 1
            scenario: transport
            run: {for: 10s}
            nodes:
              csms:    {is: csms}
              charger: {is: charge-point, csms: csms, bus: can0}
              bms:     {is: charger-module, bus: can0}
            record: [frames]
            buses:
              can0:
            \(rest)
            """
        let run = try Recorded(text)
        let frames = try run.directory.text("frames.log").split(separator: "\n").map { String($0.split(separator: " ")[2]) }
        return Result(
            frames: frames.filter { !$0.hasPrefix("300#") }, passed: run.outcome.verdict == .pass, warnings: run.outcome.diagnostics.map(\.code),
            text: run.outcome.expectations.map { "\($0)" }.joined(separator: "\n"))
    }

    private static let brm = "brm: {pgn: 0x0200, priority: 7, from: bms, to: charger, transport: j1939, length: 9, data: {first: u32, last: {at: 64, bits: 8}}}"

    @Test("A message of nine bytes goes as RTS, CTS, two packets and the end of message, as the Linux kernel sends it")
    func connection() throws {
        let run = try run(
            """
                addresses: {bms: 0xF4, charger: 0x56}
                frames: {\(Self.brm)}
            steps: [{transmit: can0.brm, with: {first: 0x181D2227, last: 0x31}}]
            expect: [=can0.brm.first == 0x181D2227, =can0.brm.last == 0x31, =count(can0.brm) == 1, =can0.brm.failed == 0]
            """)
        #expect(
            run.frames == [
                "1CEC56F4#1009000202000200", "1CECF456#110201FFFF000200", "1CEB56F4#0127221D18000000", "1CEB56F4#020031FFFFFFFFFF", "1CECF456#13090002FF000200",
            ])
        #expect(run.passed && run.warnings.isEmpty)
    }

    @Test("Nobody at the address: one failure for each message, and the later one waits for its turn")
    func nobody() throws {
        let run = try run(
            """
                frames: {a: {pgn: 0x0200, source: 0xF4, destination: 0x99, from: bms, transport: j1939, length: 20}}
            steps: [{transmit: can0.a}, {transmit: can0.a}]
            expect: [=can0.a.failed == 2]
            """)
        #expect(run.frames == ["18EC99F4#1014000303000200", "18EC99F4#FF03FFFFFF000200", "18EC99F4#1014000303000200", "18EC99F4#FF03FFFFFF000200"])
        #expect(run.passed && run.warnings == ["W0751"])
    }

    @Test("A message to all takes 50 ms a packet, and whoever listens on the bus reads it, also one that a step sends frame by frame")
    func broadcast() throws {
        let run = try run(
            """
                addresses: {bms: 0xF4}
                frames: {cells: {pgn: 0xFECA, from: bms, transport: j1939, length: 20, data: {a: u8, b: {at: 152, bits: 8}}}}
            steps:
              - {transmit: can0.cells, with: {a: 1, b: 2}}
              - {until: =can0.cells.b == 2, timeout: 151ms}
              - {transmit: can0, id: 0x18ECFFF4, extended: true, data: 20 14 00 03 FF CA FE 00}
              - {transmit: can0, id: 0x18EBFFF4, extended: true, data: 01 11 22 33 44 55 66 77}
              - {transmit: can0, id: 0x18EBFFF4, extended: true, data: 02 11 22 33 44 55 66 77}
              - {transmit: can0, id: 0x18EBFFF4, extended: true, data: 03 11 22 33 44 55 66 FF}
              - wait: 1s
            expect: [=can0.cells.a == 0x11, =can0.cells.b == 0x66, =count(can0.cells) == 2]
            """)
        #expect(run.passed, "\(run.text)")
    }

    @Test("Somebody else can send under the address of a node; the node's owner still answers for it")
    func spoofing() throws {
        let run = try run(
            """
                addresses: {bms: 0xF4, charger: 0x56}
                frames: {\(Self.brm)}
            steps: [{transmit: can0.brm, with: {first: 7}, from: csms}]
            expect: [=can0.brm.first == 7, =can0.brm.failed == 0]
            """)
        #expect(run.frames.count == 5 && run.passed, "\(run.frames)")
    }

    @Test("ISO-TP: block size, separation and padding as declared, on one bus with its answers")
    func isotp() throws {
        let run = try run(
            """
                frames:
                  a: {id: 0x123, from: bms, to: charger, transport: isotp, answers: 0x321, block_size: 1, separation: 3ms, padding: 0xCC, data: {first: u64, last: u64}}
            steps: [{transmit: can0.a, with: {first: 1, last: 2}}]
            expect: [=can0.a.last == 2, =count(can0.a) == 1]
            """)
        #expect(
            run.frames == [
                "123#1010010000000000", "321#300103CCCCCCCCCC", "123#2100000200000000", "321#300103CCCCCCCCCC", "123#22000000CCCCCCCC",
            ])
        #expect(run.passed)
    }

    @Test("ISO-TP over CAN FD takes frames of 64 bytes, and one flow control of three")
    func isotpFD() throws {
        let run = try run(
            """
                data_bitrate: 2 Mbit/s
                frames: {a: {id: 0x123, fd: true, from: bms, to: charger, transport: isotp, answers: 0x321, length: 126, data: {last: {at: 1000, bits: 8}}}}
            steps: [{transmit: can0.a, with: {last: 0x46}}]
            expect: [=can0.a.last == 0x46]
            """)
        #expect(run.frames.map { $0.prefix(8) } == ["123##510", "321##530", "123##521", "123##522"] && run.passed)
        #expect(run.frames.first?.hasPrefix("123##5107E") == true && run.frames.last == "123##52246")
    }

    @Test("Messages of one ISO-TP connection wait for each other, and when too many wait one is refused")
    func waiting() throws {
        let run = try run(
            """
                frames:
                  a: {id: 0x123, from: bms, to: charger, transport: isotp, answers: 0x321, match: {kind: 1}, data: {kind: u8, number: u64}}
                  b: {id: 0x123, from: bms, to: charger, transport: isotp, answers: 0x321, match: {kind: 2}, data: {kind: u8, number: u64}}
                  c: {id: 0x125, from: bms, transport: isotp, answers: 0x325, length: 20}
            steps: [{transmit: can0.a, with: {number: 7}}, {transmit: can0.b, with: {number: 8}}, {repeat: 18, steps: [{transmit: can0.c}]}]
            expect: [=can0.a.number == 7, =can0.b.number == 8, =count(can0.a) == 1, =count(can0.b) == 1, =can0.b.failed == 0, =can0.c.failed >= 9]
            """)
        #expect(run.frames.filter { $0.hasPrefix("123#10") } == ["123#1009010700000000", "123#1009020800000000"])
        #expect(run.passed && run.warnings == ["W0751", "W0751"], "\(run.text) \(run.warnings)")
    }

    @Test("On a bus with bit times a message takes as long as its frames, and its frames wait for urgent ones")
    func wire() throws {
        let run = try run(
            """
                bitrate: 250 kbit/s
                fidelity: wire
                addresses: {bms: 0xF4, charger: 0x56}
                frames: {\(Self.brm)}
            steps:
              - {transmit: can0.brm, with: {first: 1, last: 2}}
              - wait: 2ms
              - {transmit: can0, id: 0x123, data: 00}
              - {until: =can0.brm.last == 2, timeout: 2ms}
            expect: [=can0.brm.last == 2, =can0.brm.failed == 0]
            """)
        // The short frame comes while the fourth frame is on the bus, and the end of message waits for it.
        #expect(run.frames.map { $0.prefix(10) } == ["1CEC56F4#1", "1CECF456#1", "1CEB56F4#0", "1CEB56F4#0", "123#00", "1CECF456#1"])
        #expect(run.passed, "\(run.frames) \(run.text)")
    }

    @Test("A periodic message goes on for the whole run, whatever became of the one before")
    func periodic() throws {
        let run = try run(
            """
                addresses: {bms: 0xF4, charger: 0x56}
                frames: {a: {pgn: 0x0600, from: bms, to: charger, every: 250ms, transport: j1939, window: 1, length: 13}}
            expect: [=count(can0.a) == 40]
            """)
        #expect(run.frames.count == 40 * 6 && run.passed)
    }
}
