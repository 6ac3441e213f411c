import Foundation
import JSONText
import Testing

@testable import Commands

/// A database with all that import and export must keep.
private let database = """
    BU_: Charger Vehicle
    BO_ 784 Status: 8 Charger
     SG_ Voltage : 0|16@1+ (0.1,0) [0|1000] "V" Vehicle
     SG_ Current : 16|16@1- (0.1,0) [-400|400] "A" Vehicle
     SG_ State : 40|4@1+ (1,0) [0|15] "" Vehicle
     SG_ Energy : 55|16@0+ (0.01,0) [0|655.35] "kWh" Vehicle
    BO_ 2566857412 Pages: 8 Vehicle
     SG_ Page M : 0|4@1+ (1,0) [0|15] "" Charger
     SG_ A m0 : 8|16@1+ (1,0) [0|65535] "" Charger
     SG_ B m1 : 8|32@1- (1,0) [0|0] "" Charger
    VAL_ 784 State 0 "Idle" 1 "Pre, charge" 2 "Charging" ;
    SIG_VALTYPE_ 2566857412 B : 1;

    """
private let log = """
    (10.000000) can0 310#A50F85FF000204D2
    (10.500000) can0 18FF22C4#00341200
    (11.000000) can1 18FF22C4#01000048C1
    (11.000001) can1 123#01
    (11.000002) can1 310#R8

    """

@Suite("dbc and decode")
struct DatabaseCommandTests {
    @Test("lint tells what is wrong with line and column, and exits with 3 for errors only")
    func lint() throws {
        let directory = try TemporaryDirectory()
        let good = try directory.file("good.dbc", database)
        let bad = try directory.file("bad.dbc", database.replacingOccurrences(of: "16|16@1-", with: "15|16@1-"))
        let right = evsim("dbc", "lint", good)
        #expect(right.code == .fine && right.output == "right  \(good)  2 messages, 7 signals\n" && right.errors.isEmpty)
        let wrong = evsim("dbc", "lint", good, bad)
        #expect(wrong.code == .invalidFile && wrong.output.contains("WRONG  \(bad)   2 messages, 7 signals, 1 error\n"))
        #expect(wrong.errors.contains("error[E0925]: the signals 'Voltage' and 'Current' overlap in bit 15\n"))
        #expect(wrong.errors.contains("bad.dbc:4:6\n"))
        let json = evsim("dbc", "lint", bad, "--json")
        #expect(json.code == .invalidFile && json.errors.isEmpty)
        #expect(json.output.contains("E0925"))
        #expect(try JSONValue(parsing: json.output) != .null)
        #expect(evsim("dbc", "lint", directory.path + "/none.dbc").code == .runtime)
        #expect(evsim("dbc", "lint").code == .usage)
        #expect(evsim("dbc", "check", good).code == .usage)
        #expect(evsim("explain", "E0925").code == .fine)
    }

    @Test("what is imported is a plugin in form, and exported again it is the same to other tools")
    func roundTrip() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("My charger.dbc", database)
        let plugin = evsim("dbc", "import", file)
        #expect(plugin.code == .fine && plugin.output.hasPrefix("evsim: 1\nplugin: my-charger\n"))
        #expect(
            plugin.output.contains("          State:   {at: 40, bits: 4, range: error, values: {0: Idle, 1: \"Pre, charge\", 2: Charging}}\n"),
            "\(plugin.output)")
        #expect(plugin.output.contains("mux: {Page: 1}"))
        let path = try directory.file("my-charger.yaml", plugin.output)
        #expect(evsim("validate", path).code == .fine)
        #expect(evsim("fmt", "--check", path).code == .fine)
        let used = try directory.file(
            "used.yaml",
            """
            evsim: 1
            scenario: used
            uses: [my-charger.yaml]
            run: {for: 10s}
            nodes: {csms: {is: csms}, cp1: {is: charge-point, csms: csms, bus: other}}
            buses: {other: {}, can0: {sets: [my-charger]}}
            expect: [=cp1.current == 0 A]

            """)
        let named = try directory.file(
            "named.yaml",
            try directory.read("used.yaml").replacingOccurrences(of: "uses: [my-charger.yaml]\n", with: "")
                .replacingOccurrences(of: "{sets: [my-charger]}", with: "{dbc: 'My charger.dbc'}"))
        let first = evsim("dbc", "export", used, "--bus", "can0")
        #expect(first.code == .fine, "\(first.errors)")
        #expect(first.output.contains("BO_ 2566857412 Pages: 8 Vector__XXX\n SG_ Page M : 0|4@1+ (1,0) [0|15] \"\"  Vector__XXX\n SG_ A m0 : 8|16@1+"))
        #expect(first.output.contains(" SG_ Energy : 55|16@0+ (0.01,0) [0|655.35] \"kWh\"  Vector__XXX\n"))
        #expect(
            first.output.contains("VAL_ 784 State 0 \"Idle\" 1 \"Pre, charge\" 2 \"Charging\" ;\n") && first.output.contains("SIG_VALTYPE_ 2566857412 B : 1;\n")
        )
        let second = evsim("dbc", "export", named, "--bus", "can0", "-o", directory.path + "/out.dbc")
        #expect(second.code == .fine, "\(second.errors)")
        let limits: (String) -> String = {
            $0.replacingOccurrences(of: #"\[[^\]]*\]"#, with: "[]", options: .regularExpression).replacingOccurrences(of: "named", with: "used")
        }
        #expect(limits(try directory.read("out.dbc")) == limits(first.output))
        #expect(evsim("dbc", "lint", directory.path + "/out.dbc").code == .fine)
        #expect(evsim("dbc", "export", named).code == .usage && evsim("dbc", "export", named, "--bus", "can7").errors.contains("did you mean 'can0'?"))
    }

    @Test("decode shows frames of a log as lines, as a table and as one document")
    func decode() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("charger.dbc", database)
        let frames = try directory.file("frames.log", log)
        let lines = evsim("decode", frames, "--dbc", file)
        #expect(lines.code == .fine)
        #expect(
            lines.output == """
                (10.000000) can0 Status(310): Voltage=400.5 V, Current=-12.3 A, State=2 "Charging", Energy=12.34 kWh
                (10.500000) can0 Pages(18FF22C4): Page=0, A=4660
                (11.000000) can1 Pages(18FF22C4): Page=1, B=-12.5

                """)
        #expect(lines.errors == "note: 1 frame of 0x123 in no database\n")
        let table = evsim("decode", frames, "--dbc", file, "--only", "Status.State,Pages", "--csv")
        #expect(
            table.output == """
                time,bus,id,message,signal,value,unit,label
                10.000000,can0,310,Status,State,2,,Charging
                10.500000,can0,18FF22C4,Pages,Page,0,,
                10.500000,can0,18FF22C4,Pages,A,4660,,
                11.000000,can1,18FF22C4,Pages,Page,1,,
                11.000000,can1,18FF22C4,Pages,B,-12.5,,

                """)
        let document = try JSONValue(parsing: evsim("decode", frames, "--dbc", file, "--json").output)
        #expect(document["frames"]?.array?.count == 3 && document["frames"]?[0]?["signals"]?["State"]?["label"]?.string == "Charging")
        #expect(document["frames"]?[2]?["signals"]?["B"]?.double == -12.5 && document["unknown"]?[0]?["frames"]?.integer == 1)
        #expect(evsim("decode", frames, "--dbc", file, "--only", "Statsu").errors.contains("did you mean 'Status'?"))
        #expect(evsim("decode", frames).code == .usage && evsim("decode", frames, "--dbc", file, "--csv", "--json").code == .usage)
        let broken = try directory.file("broken.log", "(1.000000) can0 310#00\n(x) can0 310#\n(2.000000) can0 310#0000\n")
        let rest = evsim("decode", broken, "--dbc", file)
        #expect(rest.code == .invalidFile && rest.output.contains("(2.000000) can0 Status(310): Voltage=0 V\n") && rest.errors.contains("broken.log:2:"))
    }
}
