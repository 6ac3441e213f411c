import CAN
import CANDatabase
import Testing

/// Findings of the reader and of lint as `line:column CODE`, in the order of the file.
private func codes(_ text: String) -> [String] {
    let (database, findings) = DatabaseReader.read(Array(text.utf8))
    let all = findings + DatabaseLint.findings(in: database)
    return all.map { "\($0.place.line):\($0.place.column) \($0.code.rawValue)" }
}

/// Signals in a message of eight bytes.
private func message(_ signals: String, length: Int = 8, tail: String = "") -> String {
    "BU_: A\nBO_ 256 M: \(length) A\n" + signals.split(separator: "\n").map { " SG_ \($0)\n" }.joined() + tail
}

@Test(
    "Lint finds each mistake once, at its place",
    arguments: [
        ("BU_: A\nBO_ 1 M: 8 A\nBO_ 1 N: 8 A\n", ["3:5 E0921"]),
        ("BU_: A\nBO_ 1 M: 8 A\nBO_ 2147483649 N: 8 A\n", []),
        ("BU_: A\nBO_ 1 M: 8 A\nBO_ 2 M: 8 A\n", ["3:7 E0922"]),
        (message("S : 0|8@1+ (1,0) [0|0] \"\" A\nS : 8|8@1+ (1,0) [0|0] \"\" A"), ["4:6 E0923"]),
        (message("S : 60|8@1+ (1,0) [0|0] \"\" A"), ["3:6 E0924"]),
        (message("S : 7|9@0+ (1,0) [0|0] \"\" A", length: 1), ["3:6 E0924"]),
        (message("S : 500|64@1+ (1,0) [0|0] \"\" A"), ["3:6 E0924"]),
        (message("S : 0|8@1+ (1,0) [0|0] \"\" A\nT : 7|2@1+ (1,0) [0|0] \"\" A"), ["4:6 E0925"]),
        (message("S : 0|65@1+ (1,0) [0|0] \"\" A"), ["3:12 E0926"]),
        (message("S : 0|8@1+ (0,5) [0|0] \"\" A"), ["3:6 E0927"]),
        ("BU_: A\nBO_ 1073741824 M: 8 A\n", ["2:5 E0928"]),
        ("BU_: A\nBO_ 1 M: 65 A\nBA_DEF_ BO_ \"VFrameFormat\" ENUM \"StandardCAN\",\"StandardCAN_FD\";\nBA_ \"VFrameFormat\" BO_ 1 1;\n", ["2:10 E0929"]),
        (message("S m0 : 0|8@1+ (1,0) [0|0] \"\" A"), ["3:6 E0930"]),
        (message("S m0 : 0|8@1+ (1,0) [0|0] \"\" A", tail: "SG_MUL_VAL_ 256 S X 0-0;\n"), ["3:6 E0930"]),
        (message("S : 0|16@1- (1,0) [0|0] \"\" A", tail: "SIG_VALTYPE_ 256 S : 1;\n"), ["4:22 E0932"]),
        ("BU_: A A\nBO_ 1 M: 8 A\n", ["1:8 E0933"]),
        (message("S : 0|8@1+ (1,0) [0|0] \"\" Bob"), ["3:6 W0941"]),
        ("BU_: A\nBO_ 1 M: 8 Bob\nBO_ 2 N: 8 A\n", ["2:7 W0941"]),
        (message("S : 0|8@1+ (1,0) [5|1] \"\" A"), ["3:6 W0942"]),
        (message("S : 0|8@1+ (1,0) [0|256] \"\" A"), ["3:6 W0943"]),
        (message("S : 0|8@1- (0.5,0) [-64|63.5] \"\" A"), []),
        (message("S : 0|8@1- (1,0) [0|255] \"\" A"), ["3:6 W0943"]),
        (message("S : 0|4@1+ (1,0) [0|0] \"\" A", tail: "VAL_ 256 S 16 \"a\" ;\n"), ["3:6 W0944"]),
        (message("S : 0|4@1+ (1,0) [0|0] \"\" A", tail: "VAL_ 256 S 1 \"a\" 1 \"b\" ;\n"), ["3:6 W0945"]),
        ("BU_: A B\nBO_ 1 M: 8 A\n", ["1:8 W0946"]),
        (message("ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567 : 0|4@1+ (1,0) [0|0] \"\" A"), ["3:6 W0947"]),
        ("BU_: A\nBO_ 1 M: 12 A\n", ["2:7 W0948"]),
        (message("S M : 0|8@1+ (1,0) [0|0] \"\" A"), ["3:6 W0949"]),
        (message("S M : 0|2@1+ (1,0) [0|0] \"\" A\nT m4 : 8|8@1+ (1,0) [0|0] \"\" A"), ["4:6 W0950"]),
        ("BU_: A\nBO_ 2048 M: 8 A\n", ["2:5 W0953"]),
    ])
func lintFindsEachMistake(text: String, expected: [String]) {
    #expect(codes(text) == expected, "\(text)")
}

@Test("Signals of different multiplexer values may share bits; those of one value, or of independent multiplexers, may not")
func overlapsAndMultiplexing() {
    let pages = """
        P M : 0|8@1+ (1,0) [0|0] "" A
        S m0 : 8|8@1+ (1,0) [0|0] "" A
        T m1 : 8|8@1+ (1,0) [0|0] "" A
        U m1 : 15|2@1+ (1,0) [0|0] "" A
        """
    #expect(codes(message(pages)) == ["6:6 E0925"])
    let nested = """
        P M : 0|4@1+ (1,0) [0|0] "" A
        Q m0M : 4|4@1+ (1,0) [0|0] "" A
        S m1 : 8|8@1+ (1,0) [0|0] "" A
        T m3 : 8|16@1+ (1,0) [0|0] "" A
        U m0 : 20|8@1+ (1,0) [0|0] "" A
        """
    let ranges = "SG_MUL_VAL_ 256 Q P 0-0;\nSG_MUL_VAL_ 256 S P 1-3;\nSG_MUL_VAL_ 256 T Q 3-4;\nSG_MUL_VAL_ 256 U P 0-0;\n"
    // T is there only when P is 0, where S is not; U is there with T.
    #expect(codes(message(nested, tail: ranges)) == ["7:6 E0925"])
}

@Test("Every code of a finding is used by one test or more, and the codes are all different")
func codesAreUnique() {
    #expect(Set(DatabaseCode.allCases.map(\.rawValue)).count == DatabaseCode.allCases.count)
}
