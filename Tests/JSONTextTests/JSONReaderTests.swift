import Testing

@testable import JSONText

/// Texts that are JSON.
private let legal: [String] = [
    "null", "true", "false", "0", "-0", "1", "-1", "10", "123456789", "0.0", "0.5", "-0.5", "1.25", "1e3", "1E3", "1e+3", "1e-3", "1.5e300",
    "1e400", "-1e-400", "99999999999999999999", "0.1234567890123456789012345", "1e0000000000000000000000000001", "0e10", "9223372036854775807",
    "-9223372036854775808", "\"\"", "\"a\"", "\"\\\"\"", "\"\\\\\"", "\"\\/\"", "\"\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\u00e9\"", "\"\\u00E9\"",
    "\"\\ud83d\\ude97\"", "\"é漢🚗\"", "\"\u{7f}\"", "\"\u{80}\"", "\"\u{ffff}\"", "\"\u{10ffff}\"", "\"\\u0000\"", "[]", "[ ]", "[1]", "[1,2]",
    "[ 1 , 2 ]", "[[]]", "[[],[]]", "[null,true,\"x\",1.5,{}]", "{}", "{ }", "{\"a\":1}", "{\"a\":1,\"b\":2}", "{ \"a\" : [ ] }", "{\"\":0}",
    "{\"a\":{\"b\":{\"c\":[1,{\"d\":null}]}}}", " 1", "1 ", "\t1\n", "\r\n[\r\n]\r\n", "\"a long text without anything special in it at all\"",
    "\"1234567\\n\"", "\"12345678\"", "\"\u{2028}\"", "{\"é\":1,\"e\u{301}\":2}", "[\"[\",\"]\",\"{\",\"}\",\",\",\":\"]", "-1.0E-2",
]

/// Texts that are not, with the code and offset of the fault.
private let illegal: [(String, JSONError.Code, Int)] = [
    ("", .unexpectedEnd, 0), (" ", .unexpectedEnd, 1), ("nul", .unexpectedEnd, 3), ("nuls", .unexpectedByte, 3), ("True", .unexpectedByte, 0),
    ("tru", .unexpectedEnd, 3), ("fals ", .unexpectedByte, 4), ("NaN", .unexpectedByte, 0), ("Infinity", .unexpectedByte, 0),
    ("-Infinity", .invalidNumber, 1), ("-", .unexpectedEnd, 1), ("+1", .unexpectedByte, 0), (".5", .unexpectedByte, 0), ("1.", .unexpectedEnd, 2),
    ("1.e3", .invalidNumber, 2), ("01", .invalidNumber, 1), ("-01", .invalidNumber, 2), ("00", .invalidNumber, 1), ("1e", .unexpectedEnd, 2),
    ("1e+", .unexpectedEnd, 3), ("1e+-1", .invalidNumber, 3), ("1ea", .invalidNumber, 2), ("0x10", .trailingContent, 1), ("1_000", .trailingContent, 1),
    ("1 2", .trailingContent, 2), ("1,", .trailingContent, 1), ("- 1", .invalidNumber, 1), ("--1", .invalidNumber, 1), ("1.2.3", .trailingContent, 3),
    ("\"", .unexpectedEnd, 1), ("\"a", .unexpectedEnd, 2), ("'a'", .unexpectedByte, 0), ("\"\\", .unexpectedEnd, 2), ("\"\\x\"", .invalidEscape, 1),
    ("\"\\u\"", .invalidEscape, 1), ("\"\\u12\"", .invalidEscape, 1), ("\"\\u123g\"", .invalidEscape, 1), ("\"\\u123", .unexpectedEnd, 6),
    ("\"\n\"", .controlCharacter, 1), ("\"\t\"", .controlCharacter, 1), ("\"\u{0}\"", .controlCharacter, 1), ("\"\u{1f}\"", .controlCharacter, 1),
    ("\"1234567\u{1}\"", .controlCharacter, 8), ("\"\\ud800\"", .loneSurrogate, 1), ("\"\\ud800\\u0041\"", .loneSurrogate, 1),
    ("\"\\udc00\"", .loneSurrogate, 1), ("\"\\ud800x\"", .loneSurrogate, 1), ("\"\\ud800\\n\"", .loneSurrogate, 1), ("{\"\\ud800\":1}", .loneSurrogate, 2),
    ("[", .unexpectedEnd, 1), ("]", .unexpectedByte, 0), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), ("[1,]", .unexpectedByte, 3),
    ("[,1]", .unexpectedByte, 1), ("[,]", .unexpectedByte, 1), ("[1,,2]", .unexpectedByte, 3), ("[1 2]", .unexpectedByte, 3), ("[1}", .unexpectedByte, 2),
    ("[1]]", .trailingContent, 3), ("[1:2]", .unexpectedByte, 2), ("[\"a\": 1]", .unexpectedByte, 4), ("{", .unexpectedEnd, 1), ("}", .unexpectedByte, 0),
    ("{1:2}", .unexpectedByte, 1), ("{a:1}", .unexpectedByte, 1), ("{\"a\"}", .unexpectedByte, 4), ("{\"a\":}", .unexpectedByte, 5),
    ("{\"a\":1,}", .unexpectedByte, 7), ("{\"a\":1 \"b\":2}", .unexpectedByte, 7), ("{,\"a\":1}", .unexpectedByte, 1), ("{\"a\":1]", .unexpectedByte, 6),
    ("{\"a\" 1}", .unexpectedByte, 5), ("{\"a\":1", .unexpectedEnd, 6), ("{\"a\":1}}", .trailingContent, 7), ("{\"a\":1,\"a\":2}", .duplicateKey, 8),
    ("{\"a\":1,\"\\u0061\":2}", .duplicateKey, 8), ("[1]// note", .trailingContent, 3), ("/* */1", .unexpectedByte, 0), ("\u{feff}1", .unexpectedByte, 0),
    ("[1]\u{0}", .trailingContent, 3), ("\u{b}1", .unexpectedByte, 0), ("\u{a0}1", .unexpectedByte, 0), ("[\u{c}]", .unexpectedByte, 1),
    ("undefined", .unexpectedByte, 0), ("{\"a\":1,\"b\"", .unexpectedEnd, 10), ("[\"a\",", .unexpectedEnd, 5),
]

/// Bytes of strings that are not well-formed UTF-8, between quotes.
private let illFormed: [[UInt8]] = [
    [0xFF], [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
    [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x9A], [0xE2, 0x28, 0xA1], [0xFE], [0x41, 0xC3, 0xA9, 0xBF],
]

@Suite("Reading JSON")
struct JSONReaderTests {
    @Test("Legal texts are read", arguments: legal)
    func reads(text: String) throws {
        #expect(throws: Never.self) { try JSONValue(parsing: text) }
    }

    @Test("Illegal texts are refused with code and offset", arguments: illegal.indices)
    func refuses(index: Int) {
        let (text, code, offset) = illegal[index]
        do {
            let value = try JSONValue(parsing: text)
            Issue.record("\(text) was read as \(value)")
        } catch {
            #expect(error.code == code && error.offset == offset, "\(text): \(error)")
        }
    }

    @Test("Ill-formed UTF-8 is refused", arguments: illFormed.indices)
    func refusesIllFormed(index: Int) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22] + illFormed[index] + [0x22]) }
    }

    @Test("There are at least 120 cases")
    func enough() { #expect(legal.count + illegal.count + illFormed.count >= 120) }

    @Test("Strings are decoded, escapes and surrogate pairs included")
    func strings() throws {
        #expect(try JSONValue(parsing: #""\"\\\/\b\f\n\r\t\u0041\ud83d\ude97é""#) == .string("\"\\/\u{8}\u{c}\n\r\tA🚗é"))
        #expect(try JSONValue(parsing: #""a\u0000b""#) == .string("a\u{0}b"))
    }

    @Test("Numbers are exact: integers of 64 bits, decimals as tenths, and never a trap")
    func numbers() throws {
        func number(_ text: String) throws -> JSONNumber {
            try Array(text.utf8).withUnsafeBytes { bytes in
                var reader = JSONReader(bytes)
                return try reader.number()
            }
        }
        #expect(try number("16.5").tenths == 165)
        #expect(try number("16.55").tenths == nil)
        #expect(try number("16.50").tenths == 165)
        #expect(try number("1e2").integer == 100)
        #expect(try number("1.0").integer == 1)
        #expect(try number("1.5").integer == nil)
        #expect(try number("-0").integer == 0)
        #expect(try number("1e400").integer == nil)
        #expect(try number("0e400").integer == 0)
        #expect(try number("99999999999999999999").integer == nil)
        #expect(try number("100000000000000000000000000000e-29").integer == 1)
        #expect(try number("0.000000000000000000000000001e27").integer == 1)
        #expect(try number("1000000000000000000").integer == 1_000_000_000_000_000_000)
        #expect(try number("1" + String(repeating: "0", count: 100_000)).integer == nil)
        #expect(try number("1e99999999999999999999").integer == nil)
        for tenth in 0...1000 {
            #expect(try number("\(tenth / 10).\(tenth % 10)").tenths == Int64(tenth))
        }
        #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
        #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
        #expect(try JSONValue(parsing: "9223372036854775808") == .number("9223372036854775808"))
        #expect(try JSONValue(parsing: "1e400") == .number("1e400"))
        #expect(try JSONValue(parsing: "1e400").double == nil)
        #expect(try JSONValue(parsing: "1.10").text() == "1.10")
        for text in ["0.1", "123456.789", "1e22", "1e23", "2.2250738585072014e-308", "5e-324", "1.7976931348623157e308", "9007199254740993"] {
            let value = try Array(text.utf8).withUnsafeBytes { bytes in
                var reader = JSONReader(bytes)
                return reader.double(try reader.number())
            }
            #expect(value == Double(text), "\(text)")
        }
    }

    @Test("Depth and size are limited")
    func limits() {
        let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        #expect(throws: JSONError(.depthLimit, at: 64, pointer: String(repeating: "/0", count: 64))) { try JSONValue(parsing: deep) }
        #expect(throws: Never.self) { try JSONValue(parsing: String(deep.dropFirst().dropLast())) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "[", count: 100_000)) }
        #expect(throws: JSONError(.sizeLimit, at: 3)) { try JSONValue(parsing: "1234", sizeLimit: 3) }
    }

    @Test("An error names the JSON pointer of its place")
    func pointers() {
        func pointer(_ text: String) -> String? {
            do { _ = try JSONValue(parsing: text) } catch { return error.pointer }
            return nil
        }
        #expect(pointer(#"{"a":{"b":[1,2,x]}}"#) == "/a/b/2")
        #expect(pointer(#"{"a/b":{"~":01}}"#) == "/a~1b/~0")
        #expect(pointer(#"{"a":[{"b":1},{"b":1,"b":2}]}"#) == "/a/1/b")
        #expect(pointer("[1,2") == "/1")
        #expect(pointer("nope") == "")
        let many = (0..<40).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(pointer("{\(many),\"k7\":1}") == "/k7")
    }

    @Test("Random bytes never crash the reader", arguments: [21, 22] as [UInt64])
    func noCrash(seed: UInt64) {
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let alphabet = Array("{}[]\",:\\u0019aeE.+-tfn \u{1}é".utf8)
        for _ in 0..<5000 {
            let bytes = (0..<random(40)).map { _ in random(8) == 0 ? UInt8(random(256)) : alphabet[random(alphabet.count)] }
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            let again = try? JSONValue(parsing: value.text())
            #expect(again == value, "seed \(seed): \(bytes)")
        }
    }
}

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test("Compact and pretty layout")
    func layout() {
        let value: JSONValue = ["a": [1, 2.5, .null, true], "b": [:], "c": [], "d": ["e": "x\"y"]]
        #expect(value.text() == #"{"a":[1,2.5,null,true],"b":{},"c":[],"d":{"e":"x\"y"}}"#)
        #expect(
            value.text(.pretty) == """
                {
                  "a": [
                    1,
                    2.5,
                    null,
                    true
                  ],
                  "b": {},
                  "c": [],
                  "d": {
                    "e": "x\\"y"
                  }
                }
                """)
    }

    @Test("Doubles are written shortest and read back the same")
    func doubles() throws {
        for (value, text) in [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1.5, "-1.5"), (0.1, "0.1"), (100, "100"), (1e15, "1000000000000000"), (1e300, "1e+300"), (1e-7, "1e-07"),
            (9_007_199_254_740_992, "9007199254740992.0"), (.infinity, "null"), (.nan, "null"),
        ] as [(Double, String)] {
            #expect(JSONValue.double(value).text() == text)
            if value.isFinite { #expect(try JSONValue(parsing: text).double == value) }
        }
    }

    @Test("Strings carry only the escapes that must be, and a JSON text can be quoted")
    func escapes() throws {
        #expect(JSONValue.string("a/é🚗\u{7f}").text() == "\"a/é🚗\u{7f}\"")
        #expect(JSONValue.string("\u{0}\u{1f}\n\"\\").text() == #""\u0000\u001f\n\"\\""#)
        var writer = ByteWriter(capacity: 1)
        let inner = #"[2,"1","A",{"x":"\n"}]"#
        Array(inner.utf8).withUnsafeBytes { writer.appendQuoted(bytes: $0) }
        #expect(try JSONValue(parsing: writer.bytes) == .string(inner))
    }

    @Test("Integers and scaled decimals are written exactly")
    func integers() {
        var writer = ByteWriter()
        for value in [0, 7, 10, 99, 100, 12345, -1, -10, Int.max, Int.min] {
            writer.removeAll()
            writer.append(integer: value)
            #expect(writer.text == String(value))
        }
        for (mantissa, scale, text) in [
            (0, 0, "0"), (5, 1, "0.5"), (-5, 1, "-0.5"), (1650, 2, "16.50"), (-123, 3, "-0.123"), (1, 20, "0.00000000000000000001"),
        ] {
            writer.removeAll()
            writer.append(mantissa: mantissa, scale: scale)
            #expect(writer.text == text)
        }
        writer.removeAll()
        writer.append(integer: 7, width: 3)
        #expect(writer.text == "007")
    }
}
