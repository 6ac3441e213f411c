import Foundation
import Testing

@testable import Engine
@testable import ScenarioLanguage

/// Replays of logs into a bus.
@Suite("can-replay")
struct ReplayTests {
    /// The frames of a run as `TIME ID#DATA`.
    private func frames(_ settings: String, length: String = "10s", bus: String = "can0: {bitrate: 500 kbit/s}") throws -> [String] {
        let text = head(length, record: "[frames, signals]") + "nodes:\n  tape: {is: can-replay, bus: can0, \(settings)}\nbuses: {\(bus)}\n"
        let run = try Recorded(text)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.diagnostics)")
        return try String(decoding: run.directory.bytes("frames.log"), as: UTF8.self).split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            return "\(words[0].dropFirst(9).dropLast()) \(words[2])"
        }
    }

    private let four =
        "lines: ['(100.0) can0 001#01', '(100.5) can1 002#02', '(101.25) can0 003##1112233445566778899', '(102.0) can0 20000004#0000000000000000']"

    @Test("frames come with the times of the log, counted from its first frame")
    func plain() throws {
        #expect(try frames(four) == ["0.000000 001#01", "0.500000 002#02", "1.250000 003##5112233445566778899000000"])
        #expect(try frames(four + ", offset: 2s, speed: 0.5") == ["2.000000 001#01", "3.000000 002#02", "4.500000 003##5112233445566778899000000"])
        #expect(try frames(four + ", errors: true").last == "2.000000 20000004#0000000000000000")
    }

    @Test("a part of the log, of its interfaces and identifiers")
    func parts() throws {
        #expect(try frames(four + ", from: 500ms, until: 1s") == ["0.000000 002#02"])
        #expect(try frames(four + ", channel: can1") == ["0.500000 002#02"])
        #expect(try frames(four + ", only: [0x001]") == ["0.000000 001#01"])
        #expect(try frames(four + ", except: [0x002, '0x000:0x7FE']") == ["1.250000 003##5112233445566778899000000"])
        #expect(try frames(four + ", gap: 100ms") == ["0.000000 001#01", "0.100000 002#02", "0.200000 003##5112233445566778899000000"])
    }

    @Test("a loop begins anew after a pause, and a log without a wanted frame ends")
    func loops() throws {
        let found = try frames(four + ", only: [0x001, 0x002], loop: true, pause: 1s", length: "4s")
        #expect(found == ["0.000000 001#01", "0.500000 002#02", "1.500000 001#01", "2.000000 002#02", "3.000000 001#01", "3.500000 002#02"])
        #expect(try frames(four + ", only: [0x7FF], loop: true") == [])
    }

    @Test("frames can come at their date and time")
    func dates() throws {
        let lines = "lines: ['(946684799.0) can0 001#', '(946684803.5) can0 002#'], times: date"
        #expect(try frames(lines) == ["3.500000 002#"])
    }

    @Test("declared frames publish their fields, and receivers get them")
    func fields() throws {
        let run = try Recorded(
            head("3s") + """
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, bus: can0}
                  charger: {is: charger-module, bus: can0, ramp: 100%}
                  tape: {is: can-replay, bus: can0, lines: ['(0.0) can0 200#', '(0.0) can0 210#0A00'], offset: 1s}
                expect: [=charger.current == 10 A, =tape.sent == 2, =tape.finished == 1]

                """)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations)")
    }

    @Test("a log that cannot be played ends the run with the line")
    func mistakes() throws {
        func message(_ settings: String) throws -> String {
            let outcome = try run(head("3s") + "nodes:\n  tape: {is: can-replay, bus: can0, \(settings)}\n")
            return outcome.diagnostics.map(\.message).joined(separator: "; ")
        }
        #expect(try message("lines: ['(0.0) can0 001#', '(1.0) can0 01#']") == "'tape': lines:2: an identifier has 3 or 8 hexadecimal digits")
        #expect(try message("lines: ['(0.0) can0 001#', '(1.0) can0 01#'], skip_bad: true").hasPrefix("'tape' left out 1 bad entries of its log"))
        #expect(try message("only: [0x001]") == "'tape' needs either 'file' or 'lines'")
        #expect(try message("lines: ['(0.0) can0 001#'], only: [hello]").hasPrefix("'only': 'hello' is no identifier"))
    }

    @Test("frames are recorded as ASC and pcapng too")
    func recordedForms() throws {
        let text = head("3s", record: "[frames-asc, frames-pcapng]") + "nodes:\n  tape: {is: can-replay, bus: can0, \(four)}\n"
        let run = try Recorded(text)
        let asc = String(decoding: try run.directory.bytes("frames.asc"), as: UTF8.self)
        #expect(asc.hasPrefix("date Sat Jan 01 00:00:00.000 2000\n") && asc.contains("\n   0.500000 1  2               Rx   d 1 02\n"))
        #expect(try run.directory.bytes("frames.pcapng").count > 200)
    }
}
