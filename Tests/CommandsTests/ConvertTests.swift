import Foundation
import JSONText
import Testing

@testable import Commands

@Suite("evsim convert")
struct ConvertTests {
    private static let log = """
        (1795230000.000000) can0 100#01
        (1795230000.500000) can1 18FF50E5##5112233445566778899AABBCC R
        (1795230001.000000) can0 20000004#0008000000006000
        (1795230001.500000) can0 101#R4 T
        (1795230002.000000) can0 100#02

        """

    /// Converts a text and gives what is written, with what is said.
    private func convert(_ text: String = log, to name: String = "out.log", _ options: String...) throws -> (text: String, outcome: Outcome) {
        let directory = try TemporaryDirectory()
        let source = try directory.file("in.log", text)
        let outcome = evsim(["convert", source, directory.path + "/" + name] + options)
        return (
            directory.has(name) ? try directory.read(name) : "",
            Outcome(code: outcome.code, output: outcome.output, errors: outcome.errors.replacingOccurrences(of: directory.path + "/", with: ""))
        )
    }

    @Test("candump comes out as it went in, and through ASC and pcapng and back")
    func roundTrip() throws {
        let same = try convert()
        #expect(same.text == Self.log && same.outcome.code == .fine && same.outcome.errors == "" && same.outcome.output == "")
        let directory = try TemporaryDirectory()
        let source = try directory.file("in.log", Self.log)
        #expect(evsim("convert", source, directory.path + "/a.pcapng").errors == "")
        #expect(evsim("convert", directory.path + "/a.pcapng", directory.path + "/b.log").code == .fine)
        #expect(try directory.read("b.log") == Self.log)
        let asc = evsim("convert", source, directory.path + "/a.asc")
        #expect(
            asc.errors == """
                warning: 1 of 5 frames: the class and the data of an error frame have no place in this format; pcapng has it
                warning: 2 of 5 frames: a frame of unknown direction is written as received

                """)
        #expect(try directory.read("a.asc").hasPrefix("date Sat Nov 21 03:00:00.000 2026\nbase hex  timestamps absolute\n"))
        #expect(evsim("convert", directory.path + "/a.asc", directory.path + "/c.log").code == .fine)
        #expect(try directory.read("c.log").contains("(1795230000.500000) can1 18FF50E5##5112233445566778899AABBCC R\n"))
    }

    @Test("frames are chosen by identifier, interface and time")
    func choices() throws {
        #expect(
            try convert(to: "o.log", "--only", "100,18FF50E5", "--until", "1s").text == Self.log.split(separator: "\n").prefix(2).joined(separator: "\n") + "\n"
        )
        #expect(try convert(to: "o.log", "--except", "100,error", "--from-time", "600ms").text == "(1795230001.500000) can0 101#R4 T\n")
        #expect(try convert(to: "o.log", "--channel", "can1=vcan7").text == "(1795230000.500000) vcan7 18FF50E5##5112233445566778899AABBCC R\n")
        #expect(try convert(to: "o.log", "--only", "error").text == "(1795230001.000000) can0 20000004#0008000000006000\n")
    }

    @Test("times are shifted and scaled from the first frame on")
    func times() throws {
        let lines = try convert(to: "o.log", "--only", "100:7FE", "--shift=-1795229999s", "--scale", "0.5").text
        #expect(lines == "(1.000000) can0 100#01\n(1.750000) can0 101#R4 T\n(2.000000) can0 100#02\n")
        let fine = try convert("(1.000000001) can0 1#\n".replacingOccurrences(of: "1#", with: "001#"), to: "o.log", "--decimals", "9")
        #expect(fine.text == "(1.000000001) can0 001#\n" && fine.outcome.errors == "")
        let rounded = try convert("(1.000000999) can0 001#\n", to: "o.log")
        #expect(rounded.text == "(1.000001) can0 001#\n")
        #expect(rounded.outcome.errors == "warning: 1 of 1 frame: its time has more decimals than are written; --decimals 9 keeps them\n")
    }

    @Test("a bad line ends the conversion with its place, unless it may be left out")
    func badLines() throws {
        let text = "(1.0) can0 001#\n(2.0) can0 0012#\n(3.0) can0 003#1122334455667788_E\n"
        let stopped = try convert(text)
        #expect(stopped.outcome.code == .invalidFile && stopped.text == "(1.000000) can0 001#\n")
        #expect(
            stopped.outcome.errors == """
                error: in.log:2: an identifier has 3 or 8 hexadecimal digits
                help: --skip-bad leaves such entries out and counts them

                """)
        let skipped = try convert(text, to: "o.log", "--skip-bad", "--raw-dlc")
        #expect(skipped.outcome.code == .fine && skipped.text == "(1.000000) can0 001#\n(3.000000) can0 003#1122334455667788_E\n")
        #expect(skipped.outcome.errors == "warning: in.log:2: an identifier has 3 or 8 hexadecimal digits; left out\n")
        #expect(try convert(text, to: "o.log", "--skip-bad", "-q").outcome.errors == "")
    }

    @Test("the summary says what was read, written and lost")
    func summary() throws {
        let outcome = try convert(to: "out.asc", "--json", "-q").outcome
        let document = try JSONValue(parsing: outcome.output)
        #expect(document["frames_read"]?.integer == 5 && document["frames_written"]?.integer == 5)
        #expect(document["interfaces"]?.array?.map(\.string) == ["can0", "can1"])
        #expect(document["first_s"] == .number("1795230000") || document["first_s"]?.integer == 1_795_230_000)
        #expect(document["lost"]?.array?.count == 2 && document["error"] == .null)
    }

    @Test("what cannot be done is told before anything is written")
    func refusals() throws {
        #expect(try convert(to: "x.blf").outcome.errors == "error: BLF is read, but not written; write candump, asc, pcap, pcapng\n")
        #expect(try convert(to: "x.txt").outcome.errors.hasPrefix("error: the ending of "))
        #expect(try convert(to: "in.log").outcome.errors == "error: in.log is the file that is read; name another one\n")
        #expect(try convert(to: "x.log", "--only", "zz").outcome.code == .usage)
        #expect(try convert(to: "x.log", "--shift", "2A").outcome.code == .usage)
        #expect(try convert(to: "x.log", "--scale", "0").outcome.code == .usage)
        let unknown = try convert("what\nis this\n")
        #expect(unknown.outcome.code == .invalidFile && unknown.text == "")
        #expect(evsim("convert", "/nonexistent/x.log", "-").errors == "error: cannot read /nonexistent/x.log: there is no such file\n")
        let folder = try TemporaryDirectory()
        let directory = evsim("convert", folder.path, "-")
        #expect(directory.code == .runtime && directory.errors.hasSuffix(": it cannot be read: it is a directory\n"))
        #expect(evsim("convert", "/nonexistent/x.log", "-", "--json").code == .usage)
        #expect(try convert(to: "no/such/folder.log").outcome.code == .runtime)
        if FileManager.default.fileExists(atPath: "/dev/full") {
            let directory = try TemporaryDirectory()
            let full = evsim("convert", try directory.file("in.log", Self.log), "/dev/full", "--to", "candump")
            #expect(full.code == .runtime && full.errors == "error: cannot write /dev/full: no space left on the device\n")
        }
    }

    @Test("a pipe is converted as it comes, and Ctrl-C ends a silent one", .enabled(if: builtProgram != nil))
    func pipes() throws {
        let directory = try TemporaryDirectory()
        let fifo = directory.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let holder = open(fifo, O_RDWR)
        defer { close(holder) }
        let text = "(1.000000) can0 001#\n"
        #expect(write(holder, text, text.utf8.count) == text.utf8.count)
        let result = try child(try #require(builtProgram), ["convert", fifo, directory.path + "/o.log"]) { process in
            try waitUntil { directory.has("o.log") }
            usleep(100_000)
            kill(process.processIdentifier, SIGINT)
        }
        #expect(result.status == 130)
        #expect(try directory.read("o.log") == text)
    }
}
