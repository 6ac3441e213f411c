import CAN
import CANDatabase
import Foundation
import Testing

private func read(_ text: String) -> (database: Database, findings: [DatabaseFinding]) { DatabaseReader.read(Array(text.utf8)) }

private let whole = """
    VERSION "1.2"
    NS_ :
    \tCM_
    \tBA_DEF_
    \tVAL_
    BS_: 500000 : 1,2
    BU_: Charger Vehicle
    VAL_TABLE_ Flag 0 "No" 1 "Yes" ;

    BO_ 256 Status: 8 Charger
     SG_ Voltage : 0|16@1+ (0.1,0) [0|1000] "V" Vehicle
     SG_ Mode M : 16|4@1+ (1,0) [0|15] "" Vehicle
     SG_ Current m1 : 31|16@0- (0.1,-40.5) [-100|100] "A" Vehicle,Charger
     SG_ Ratio m2 : 24|32@1- (1,0) [0|0] "%" Vector__XXX
    BO_ 2566844645 Limits: 64 Vector__XXX
     SG_ Energy : 64|64@1- (1,0) [-9223372036854775808|9223372036854775807] "Wh" Vector__XXX

    BO_TX_BU_ 256 : Charger,Vehicle;
    CM_ "The network";
    CM_ BU_ Charger "Says \\"hello\\"
    on two lines";
    CM_ BO_ 256 "A message";
    CM_ SG_ 256 Voltage "At the outlet";
    BA_DEF_ BO_ "GenMsgCycleTime" INT 0 65535;
    BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","StandardCAN_FD","ExtendedCAN_FD";
    BA_DEF_ "BusType" STRING ;
    BA_DEF_DEF_ "GenMsgCycleTime" 0;
    BA_DEF_DEF_ "VFrameFormat" "StandardCAN";
    BA_ "BusType" "CAN FD";
    BA_ "GenMsgCycleTime" BO_ 256 100;
    BA_ "VFrameFormat" BO_ 2566844645 3;
    VAL_ 256 Mode 1 "Charge" 2 "Idle" ;
    SIG_GROUP_ 256 Both 1 : Voltage Current;
    SIG_VALTYPE_ 256 Ratio : 1;
    """

@Test("Every statement of a database is read")
func readsEveryStatement() throws {
    let (database, findings) = read(whole)
    #expect(findings == [])
    #expect(DatabaseLint.findings(in: database) == [])
    #expect(database.version == "1.2")
    #expect(database.nodes.map(\.name) == ["Charger", "Vehicle"])
    #expect(database.nodes[0].comment == "Says \"hello\"\non two lines")
    #expect(database.comment == "The network")
    let status = try #require(database.message("Status"))
    #expect(status.transmitters == ["Charger", "Vehicle"] && status.comment == "A message" && status.sender == "Charger")
    #expect(status.signal("Voltage")?.comment == "At the outlet")
    #expect(status.signal("Mode")?.labels.map(\.text) == ["Charge", "Idle"])
    #expect(status.signal("Current")?.order == .bigEndian && status.signal("Current")?.receivers == ["Vehicle", "Charger"])
    #expect(status.signal("Ratio")?.form == .floating)
    let limits = try #require(database.message("Limits"))
    #expect(limits.number == 2_566_844_645 && limits.isExtended)
    #expect(limits.signals[0].minimum.whole == -9_223_372_036_854_775_808)
    let traits = MessageTraits(database)
    #expect(traits.cycleTime(of: status) == 100 && traits.cycleTime(of: limits) == 0)
    #expect(!traits.isFD(status) && traits.isFD(limits))
    #expect(database.attribute("BusType", of: .network) == .text("CAN FD"))
    #expect(database.kept == ["SIG_GROUP_ 256 Both 1 : Voltage Current ;"])
}

@Test("What is written reads back the same, and is written the same again")
func writingIsStable() throws {
    let first = DatabaseWriter.bytes(read(whole).database)
    let (again, findings) = DatabaseReader.read(first)
    #expect(findings == [])
    #expect(DatabaseWriter.bytes(again) == first)
    #expect(String(decoding: first, as: UTF8.self).contains(" SG_ Current m1 : 31|16@0- (0.1,-40.5) [-100|100] \"A\"  Vehicle,Charger\n"))
    #expect(DatabaseLint.findings(in: again) == [])
}

@Test("A wrong statement is reported at its line and column, and the ones behind it are read")
func recoversFromErrors() {
    let (database, findings) = read(
        """
        BU_: A
        BO_ 1 First: 8 A
         SG_ Good : 0|8@1+ (1,0) [0|0] "" A
         SG_ Bad : 8|8@2+ (1,0) [0|0] "" A
         SG_ Worse 8|8@1+ (1,0) [0|0] "" A
         SG_ Fine : 16|8@1+ (1,0) [0|0] "" A
        FOO_ 1 2 3;
        BO_ x Second: 8 A
         SG_ Lost : 0|8@1+ (1,0) [0|0] "" A
        BO_ 3 Third: 8 A
        CM_ SG_ 1 Nobody "text";
        VAL_ 3 Thing 1 "a";
        SIG_VALTYPE_ 1 Good : 1;
        CM_ "never closed
        """)
    #expect(database.messages.map(\.name) == ["First", "Third"])
    #expect(database.messages[0].signals.map(\.name) == ["Good", "Fine"])
    #expect(
        findings.map { "\($0.place.line):\($0.place.column) \($0.code.rawValue) \($0.message)" } == [
            "4:16 E0903 the byte order is 0 (Motorola) or 1 (Intel)",
            "5:12 E0901 ':' is wanted here, not '8'",
            "7:1 E0902 'FOO_' begins no statement of a database",
            "8:5 E0901 the identifier of a message is wanted here, not 'x'",
            "11:11 W0940 the message 'First' has no signal 'Nobody'; the statement is left out",
            "12:8 W0940 the message 'Third' has no signal 'Thing'; the statement is left out",
            "13:23 E0932 the signal 'Good' has 8 bits; a float has 32 (type 1) and a double 64 (type 2)",
            "14:5 E0904 the text that begins here has no closing quote",
        ])
}

@Test("Texts in UTF-8 and in Windows-1252 are read, and written as other tools expect them")
func readsBothCodePages() {
    let text = "BU_:\nBO_ 1 M: 8 Vector__XXX\n SG_ T : 0|8@1+ (1,0) [0|0] \"°C\" Vector__XXX\nCM_ \"5 \u{20AC}\";\n"
    let utf8 = DatabaseReader.read(Array(text.utf8)).database
    #expect(utf8.messages[0].signals[0].unit == "°C" && utf8.comment == "5 €")
    let bytes = DatabaseWriter.bytes(utf8)
    #expect(bytes.contains(0xB0) && bytes.contains(0x80) && !bytes.contains(0xC2))
    #expect(DatabaseReader.read(bytes).database.comment == "5 €")
    var greek = utf8
    greek.comment = "Ω"
    #expect(DatabaseReader.read(DatabaseWriter.bytes(greek)).database.comment == "Ω")
}

@Test("Extended multiplexing: ranges, and multiplexers inside multiplexed signals")
func extendedMultiplexing() throws {
    let (database, findings) = DatabaseReader.read(Array(try Data(contentsOf: Vectors.url("evsim-vectors.dbc"))))
    #expect(findings == [])
    let message = try #require(database.message("ExtMux"))
    #expect(message.signal("S2")?.multiplexing?.ranges == [1...1, 5...7])
    #expect(message.signal("S3")?.multiplexing?.multiplexer == "S1")
    let codec = MessageCodec(message)
    let data = try codec.encode([("S0", .number(.whole(0))), ("S1", .number(.whole(4))), ("S3", .number(.whole(0xBEEF)))])
    #expect(data.firstEight == 0xBEEF_0040)
    #expect(throws: CodecError.inactive("S2")) { try codec.encode([("S0", .number(.whole(0))), ("S2", .number(.whole(1)))]) }
    #expect(throws: CodecError.unknownSignal("X")) { try codec.encode([("X", .number(.whole(0)))]) }
    let text = DatabaseWriter.text(database)
    #expect(text.contains("SG_MUL_VAL_ 2566857412 S2 S0 1-1, 5-7;\n"))
}

@Test("Files made to be large are refused in bounded time and memory")
func boundsWork() {
    let many = "BO_ 1 M: 8 X\n" + String(repeating: " SG_ A : 0|1@1+ (1,0) [0|0] \"\" X\n", count: DatabaseReader.maximumSignals + 1)
    let (database, findings) = read(many)
    #expect(database.messages[0].signals.count == DatabaseReader.maximumSignals)
    #expect(findings.map(\.code) == [.tooLarge])
    #expect(read(String(repeating: "X\n", count: 5000)).findings.count <= DatabaseReader.maximumFindings)
    // A chain of multiplexers that leads to itself.
    let loop = """
        BO_ 1 M: 8 X
         SG_ A m0M : 0|1@1+ (1,0) [0|0] "" X
         SG_ B m0M : 1|1@1+ (1,0) [0|0] "" X
        SG_MUL_VAL_ 1 A B 0-0;
        SG_MUL_VAL_ 1 B A 0-0;
        """
    let looped = read(loop).database
    #expect(DatabaseLint.findings(in: looped).filter { $0.code == .multiplexerLoop }.count == 2)
    #expect(MessageCodec(looped.messages[0]).readings(CANWideFrame(CANFrame(id: 1, lengthCode: 8, payload: 0))).isEmpty)
}
