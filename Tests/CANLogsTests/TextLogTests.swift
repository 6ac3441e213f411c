import CAN
import CANLogs
import Foundation
import Quantities
import Testing

/// A short text of a record: `1.5 can0 300 D204 R`.
private func describe(_ record: CANLogRecord, _ names: [String]) -> String {
    let frame = record.frame.frame
    let id = String(frame.id, radix: 16, uppercase: true) + (frame.isExtended ? "x" : "") + (frame.isError ? "!" : "")
    let data = frame.isRemote ? "R\(frame.lengthCode)" : record.frame.data.map { String(format: "%02X", $0) }.joined()
    let flags = frame.isFD ? "/fd\(frame.flags.contains(.bitRateSwitch) ? "+brs" : "")\(frame.flags.contains(.errorStateIndicator) ? "+esi" : "")" : ""
    let code = !frame.isFD && !frame.isRemote && frame.lengthCode > 8 ? "_\(frame.lengthCode)" : ""
    let direction = record.direction == .received ? " R" : record.direction == .transmitted ? " T" : ""
    return "\(Duration(nanoseconds: record.instant.nanoseconds).secondsText) \(names[Int(record.channel)]) \(id) \(data)\(code)\(flags)\(direction)"
}

/// What a text is read as, and what is wrong with it.
private func lines(_ text: String, _ format: CANLogFormat? = nil, skipsBad: Bool = false) throws -> [String] {
    let reader = try CANLogReader(bytes: Array(text.utf8), name: "x", format: format, skipsBad: skipsBad)
    var record = CANLogRecord.empty
    var found: [String] = []
    while true {
        do {
            guard try reader.next(&record) else { break }
            found.append(describe(record, reader.interfaces))
        } catch {
            found.append(error.text("x"))
        }
    }
    return found + reader.problems.map { "left out: " + $0.text("x") }
        + CANLogOmission.allCases.filter { reader.omitted($0) > 0 }.map { "\(reader.omitted($0)) × \($0.text)" }
}

@Suite("logs in the form of candump")
struct CandumpReaderTests {
    @Test(
        "a line is read as candump means it",
        arguments: [
            ("(1436509053.650713) can0 300#D204", "1436509053.650713 can0 300 D204"),
            ("(1.000000001) can0 300#D204 R", "1.000000001 can0 300 D204 R"),
            ("(0000000001.500000) vcan0 18FF50E5#00.11.22 T", "1.5 vcan0 18FF50E5x 001122 T"),
            ("(1.0) can0 7ff#", "1 can0 7FF "), ("(1) can0 7FF#ab\r", "1 can0 7FF AB"),
            ("(1.0) can0 300#R", "1 can0 300 R0"), ("(1.0) can0 300#R8", "1 can0 300 R8"), ("(1.0) can0 00000300#R8_E R", "1 can0 300x R14 R"),
            ("(1.0) can0 300#1122334455667788_9", "1 can0 300 1122334455667788_9"),
            ("(1.0) can0 20000004#0008000000006000", "1 can0 4! 0008000000006000"),
            ("(1.0) can0 300##0", "1 can0 300 /fd"), ("(1.0) can0 300##5D2", "1 can0 300 D2/fd+brs"),
            ("(1.0) can0 300##F112233445566778899", "1 can0 300 112233445566778899000000/fd+brs+esi"),
            ("(2026-11-21 03:00:00.250000) can0 300#01", "1795230000.25 can0 300 01"),
            ("  can0  123   [2]  D2 04", "0 can0 123 D204"),
            (" (5.000001)  can0  00000123   [0] ", "5.000001 can0 123x "),
            (" (5.5)  can0  123   [8]  11 22 33 44 55 66 77 88   '.\"3DUfw.'", "5.5 can0 123 1122334455667788"),
            (" (5.5)  can0  123   [4]  remote request", "5.5 can0 123 R4"),
            (" (5.5)  vcan0  RX B E  123  [12]  01 02 03 04 05 06 07 08 09 0A 0B 0C", "5.5 vcan0 123 0102030405060708090A0B0C/fd+brs+esi R"),
            (" (5.5)  vcan0  TX - -  20000004   [8]  00 08 00 00 00 00 60 00   ERRORFRAME", "5.5 vcan0 4! 0008000000006000 T"),
            (" (5.5)  vcan0  123   {E}  01 02 03 04 05 06 07 08", "5.5 vcan0 123 0102030405060708_14"),
        ])
    func grammar(_ line: String, _ expected: String) throws {
        #expect(try lines(line + "\n", .candump) == [expected])
        // The last line of a file needs no line end.
        #expect(try lines("\n" + line, .candump) == [expected])
    }

    @Test(
        "what is wrong with a line is told with its number",
        arguments: [
            ("nonsense", "a frame is expected behind the interface: 300#1400"),
            ("(1.0) can0", "a frame is expected behind the interface: 300#1400"),
            ("(1.0)", "an interface is expected behind the time: (1436509053.650713) can0 300#1400"),
            ("(x) can0 300#", "the time is no number of seconds like 1436509053.650713"),
            ("(1.0 can0 300#", "')' is expected behind the time"),
            ("(9999999999.0) can0 300#", "the time is beyond the year 2262"),
            ("(99999999999999999999999.0) can0 300#", "the time is no number of seconds like 1436509053.650713"),
            ("(2026-13-21 03:00:00) can0 300#", "the time is no date like 2026-11-21 03:00:00.123456"),
            ("(1.0) can0 300", "'#' is expected behind an identifier of 3 or 8 hexadecimal digits"),
            ("(1.0) can0 30#00", "an identifier has 3 or 8 hexadecimal digits"),
            ("(1.0) can0 800#00", "an identifier of 3 digits is at most 7FF"),
            ("(1.0) can0 80000000#00", "an identifier of 8 digits is at most 1FFFFFFF, or 3FFFFFFF for an error frame"),
            ("(1.0) can0 300#1", "the data has a byte of one digit"),
            ("(1.0) can0 300#112233445566778899", "the frame has more than 8 bytes"),
            ("(1.0) can0 300#11_9", "'_' and a length code of 9 to F stand behind eight bytes only"),
            ("(1.0) can0 300#1122334455667788_8", "'_' and a length code of 9 to F stand behind eight bytes only"),
            ("(1.0) can0 300##", "'##' is followed by a hexadecimal digit of flags"),
            ("(1.0) can0 300##1" + String(repeating: "00", count: 65), "the frame has more than 64 bytes"),
            ("(1.0) can0 20000004##100", "an error frame is not of the FD format"),
            ("(1.0) can0 300#11 X", "behind the frame stands something that is neither R nor T"),
            (" can0  123   [3]  D2 04", "the frame has fewer bytes than its length says"),
            (" can0  123   [1]  D2 04", "the frame has more bytes than its length says"),
            (" can0  123   [9]  D2", "a classic frame has at most 8 bytes"),
            (" can0  123   2  D2", "the length is expected behind the identifier: [2]"),
        ])
    func mistakes(_ line: String, _ reason: String) throws {
        let text = "(1.0) can0 001#\n\(line)\n(2.0) can0 002#\n"
        #expect(try lines(text) == ["1 can0 1 ", "x:2: \(reason)", "2 can0 2 "])
        #expect(try lines(text, skipsBad: true) == ["1 can0 1 ", "2 can0 2 ", "left out: x:2: \(reason)"])
    }

    @Test("CAN XL frames are counted and left out, blank lines and remarks are nothing")
    func others() throws {
        let text = "(1.0) can0 00123#81:00:00000000#11223344\n\n   \n; a remark\n# another\n(2.0) can0 002#\n"
        #expect(try lines(text) == ["2 can0 2 ", "1 × CAN XL frames"])
    }

    @Test("a line that does not end is an error, and what follows it is read")
    func longLine() throws {
        let text = "(1.0) can0 001#\n(1.5) can0 " + String(repeating: "0", count: 600_000) + "\n(2.0) can0 002#\n"
        #expect(try lines(text) == ["1 can0 1 ", "x:2: the line is longer than 262144 bytes", "2 can0 2 "])
    }

    @Test("more interfaces than can be told apart are an error")
    func interfaces() throws {
        let text = (0...1024).map { "(1.0) can\($0) 001#\n" }.joined()
        let found = try lines(text)
        #expect(found.count == 1025)
        #expect(found.last == "x:1025: there are more than 1024 interfaces")
        #expect(found[1023] == "1 can1023 1 ")
    }
}

@Suite("logs in the form of ASC")
struct ASCReaderTests {
    private func body(_ lines: String..., head: String = "base hex  timestamps absolute") throws -> [String] {
        try TextLogTestsSupport.read("\(head)\n" + lines.joined(separator: "\n") + "\n")
    }

    @Test(
        "a line is read as Vector's tools mean it",
        arguments: [
            ("   0.001000 1  300             Rx   d 2 D2 04", "0.001 can0 300 D204 R"),
            ("   0.001000 2  18FF50E5x       Tx   d 2 D2 04  Length = 270000 BitCount = 140 ID = 419385573x", "0.001 can1 18FF50E5x D204 T"),
            ("   0.001000 1  300             Rx   r", "0.001 can0 300 R0 R"), ("   0.001000 1  300  Rx   r 8 ", "0.001 can0 300 R8 R"),
            ("   0.001000 1  300             Rx   r Length = 60000 BitCount = 32 ID = 768", "0.001 can0 300 R0 R"),
            ("   0.001000 1  300             Rx   d F 01 02 03 04 05 06 07 08", "0.001 can0 300 0102030405060708_15 R"),
            ("   0.001 1  EngineData  Rx   d 2 D2 04 Length = 1 BitCount = 2 ID = 768", "0.001 can0 300 D204 R"),
            ("   0.001 1  EngineData  Rx   d 2 D2 04 Length = 1 BitCount = 2 ID = 419385573x", "0.001 can0 18FF50E5x D204 R"),
            ("   0.001 1  300  EngineData  Rx   d 2 D2 04", "0.001 can0 300 D204 R"),
            ("   0.600000 1  ErrorFrame", "0.6 can0 80! 0000000000000000"),
            ("   0.600000 1  ErrorFrame\tECC: 10100010", "0.6 can0 80! 0000000000000000"),
            ("   0.6 CANFD   1 Rx ErrorFrame  Not Acknowledge error, dominant error flag  fffe c7 31ca", "0.6 can0 80! 0000000000000000 R"),
            (
                "  30.005021 CANFD   1 Rx        300                                   1 0 8  8 00 00 00 00 00 00 00 01   102203  133   303000 e0006659 46500250 4b140250 20011736 2001040d",
                "30.005021 can0 300 0000000000000001/fd+brs R"
            ),
            ("  30.1 CANFD 3 Tx 50005x Name 0 1 9 12 00 01 02 03 04 05 06 07 08 09 0a 0b 0 0 5000", "30.1 can2 50005x 000102030405060708090A0B/fd+esi T"),
            ("  30.1 CANFD 3 Tx 50005x 0 0 5 0 140000 73 200050 7a60 46500250", "30.1 can2 50005x R5 T"),
            ("  30.1 CANFD 3 Tx 301 0 0 2 2 D2 04 140000 73 200040 7a60", "30.1 can2 301 D204 T"),
            ("  30.1 CANFD 3 Tx 301 0 0 2 2 D2 04", "30.1 can2 301 D204/fd T"),
        ])
    func grammar(_ line: String, _ expected: String) throws { #expect(try body(line) == [expected]) }

    @Test(
        "what is no CAN frame is counted and left out",
        arguments: [
            ("   1.000000 1  Statistic: D 0 R 0 XD 0 XR 0 E 0 O 0 B 0.00%", "1 × entries that are no frames, such as statistics"),
            ("   1.000000 CAN 1 Status:chip status error active", "1 × entries that are no frames, such as statistics"),
            ("   1.000000 1  123  TxRq   d 2 D2 04", "1 × entries that are no frames, such as statistics"),
            ("   1.000000 1  J1939TP FEE3p 6 0 0 - Rx d 23 A0 0F", "1 × entries that are no frames, such as statistics"),
            ("   1.000000 L1  20   Rx 8 00 00 00 00 00 00 00 00 checksum = df", "1 × events of LIN, FlexRay and other buses"),
            ("   1.000000 Fr RMSG 0 0 1 1 2 0", "1 × events of LIN, FlexRay and other buses"),
        ])
    func omissions(_ line: String, _ expected: String) throws { #expect(try body(line) == [expected]) }

    @Test("the start of the measurement is nothing, also the one that some loggers write for FD")
    func starts() throws {
        #expect(try body("   0.000000 Start of measurement", "   0.000000 CANFD Start of measurement", "   0.5 1  1  Rx d 0") == ["0.5 can0 1  R"])
    }

    @Test(
        "what is wrong with a line is told with its number",
        arguments: [
            ("0.1 1 300 Rx d 2 D2", "the frame has fewer bytes than its length says"),
            ("0.1 1 300 Rx d 2 D2 04 05", "the frame has more bytes than its length says"),
            ("0.1 1 300 Rx d 2 D2 0G", "the frame has fewer bytes than its length says"),
            ("0.1 1 300 Rx d X", "behind 'd' stands no length of 0 to 8"),
            ("0.1 1 800 Rx d 0", "an identifier above 7FF needs an x behind it"),
            ("0.1 1 Name Rx d 0", "a frame that has a name needs 'ID = …' at the end of its line"),
            ("0.1 1 300 Rq d 0", "behind the identifier stands neither Rx nor Tx"),
            ("0.1 9999 300 Rx d 0", "the channel is above 1023"),
            ("0.1 CANFD 1 Rx 300 Name 2 0 0 0", "BRS and ESI of a CANFD line are 0 or 1"),
            ("0.1 CANFD 1 Rx 300 0 0 9 8 00 01 02 03 04 05 06 07", "the length code 9 does not mean 8 bytes"),
            ("0.1 CANFD 1 Rx 300 0 0 9 99", "the data length of a CANFD line is 0 to 64"),
            ("0.1x 1 300 Rx d 0", "the line begins with no number of seconds like 0.001000"),
            ("99999999999 1 300 Rx d 0", "the line begins with no number of seconds like 0.001000"),
            ("what is this", "the line begins with neither a time nor a word that heads a line of an ASC file"),
            ("date Foo", "the date is not like 'date Sat Nov 21 03:00:00.123 2026'; times count from 0"),
            ("base oct", "the base is 'hex' or 'dec'"),
        ])
    func mistakes(_ line: String, _ reason: String) throws {
        #expect(try body("0.0 1 1 Rx d 0", line, "0.2 1 2 Rx d 0") == ["0 can0 1  R", "x:3: \(reason)", "0.2 can0 2  R"])
    }

    @Test(
        "dates are read as the locales of loggers write them",
        arguments: [
            ("Sat Nov 21 03:00:00.123 2026", 1_795_230_000_123), ("Sat Nov 21 03:00:00 2026", 1_795_230_000_000),
            ("Sat Nov 21 03:00:00.123 pm 2026", 1_795_273_200_123), ("Sat Nov 21 12:00:00.000 am 2026", 1_795_219_200_000),
            ("Sam Nov 21 12:00:00.5 PM 2026", 1_795_262_400_500), ("Mi M\u{e4}r 4 00:00:00.000 2026", 1_772_582_400_000),
            ("Die Dez 31 23:59:59.999 2024", 1_735_689_599_999), ("Nov 21 03:00:00.000 2026", 1_795_230_000_000),
        ])
    func dates(_ date: String, _ milliseconds: Int64) throws {
        let (records, _) = try read(Array("date \(date)\nbase hex timestamps absolute\n0.000001 1 1 Rx d 0\n".utf8))
        #expect(records.map(\.instant.nanoseconds) == [milliseconds * 1_000_000 + 1000])
    }

    @Test("relative times count from the line before, also from one that is left out; decimal files are decimal")
    func bases() throws {
        let relative = try body("0.5 Start of measurement", "0.5 1 1 Rx d 0", "0.25 1 Statistic: D 0", "0.25 1 2 Rx d 0", head: "base dec timestamps relative")
        #expect(relative == ["1 can0 1  R", "1.5 can0 2  R", "1 × entries that are no frames, such as statistics"])
        let decimal = try body("0.5 1 768 Rx d 2 210 4", "0.6 1 419385573x Rx d 8 1 2 3 4 5 6 7 255", head: "base dec timestamps absolute")
        #expect(decimal == ["0.5 can0 300 D204 R", "0.6 can0 18FF50E5x 01020304050607FF R"])
    }
}

/// What the tests of ASC share with those of candump.
private enum TextLogTestsSupport {
    static func read(_ text: String) throws -> [String] { try lines(text, .asc) }
}

@Suite("formats and selections")
struct FormatTests {
    @Test("the content tells the format, and where it does not, the name")
    func detection() throws {
        func format(_ text: String, _ name: String = "") throws -> CANLogFormat { try CANLogReader(bytes: Array(text.utf8), name: name).format }
        #expect(try format("\n(1.0) can0 1") == .candump)
        #expect(try format("  can0  123   [2]  D2 04") == .candump)
        #expect(try format("date Sat") == .asc)
        #expect(try format("; x\n// version 8.0.0") == .asc)
        #expect(try format("0.1 1 300 Rx d 2") == .asc)
        #expect(try format("strange", "a.b/x.asc") == .asc)
        for (bytes, message) in [("", "x.txt: it is empty"), ("strange", "x.txt: its format is none of candump, ASC, pcap, pcapng and BLF")] {
            #expect(throws: CANLogError.self) { try format(bytes, "x.txt") }
            do { _ = try format(bytes, "x.txt") } catch let error as CANLogError { #expect(error.text("x.txt") == message) }
        }
        #expect(CANLogFormat(path: "a.LOG") == .candump && CANLogFormat(path: "log") == nil && CANLogFormat(path: "x.cap") == .pcap)
    }

    @Test("identifiers, masks and errors select frames")
    func selection() throws {
        func admits(_ only: String, _ frame: CANFrame) throws -> Bool {
            var selection = CANLogSelection()
            selection.only = try CANLogSelection.filters(only).get()
            return selection.admits(frame)
        }
        let short = CANFrame(id: 0x300, lengthCode: 0, payload: 0)
        let long = CANFrame(id: 0x300, isExtended: true, lengthCode: 0, payload: 0)
        #expect(try admits("300", short) && !admits("300", long) && admits("00000300", long) && !admits("00000300", short))
        #expect(try admits("0x301, 0x300", CANFrame(id: 0x300, isRemote: true, lengthCode: 0, payload: 0)))
        #expect(try admits("30F:7F0", short) && !admits("310:7F0", short) && !admits("300:7F0", long))
        let error = CANFrame(id: 0x300, isError: true, lengthCode: 8, payload: 0)
        #expect(try !admits("300", error) && !admits("300:0", error) && admits("error", error) && !admits("error", short))
        var except = CANLogSelection()
        except.except = try CANLogSelection.filters("300").get()
        #expect(!except.admits(short) && except.admits(long) && CANLogSelection().admits(error))
        for text in ["", "800", "123456789", "20000000", "30g", "300:", "300:7F0:1", "300,", "+1"] {
            #expect(throws: CANLogSelectionError.self, "\(text)") { try CANLogSelection.filters(text).get() }
        }
    }
}
