import CANDatabase
import YAMLTree

/// The pages behind `evsim explain` for what is found in DBC files.
enum DatabaseCatalogue {
    /// Entries in the order of their codes.
    static let entries: [DiagnosticCatalogue.Entry] = DatabaseCode.allCases.map { code in
        let (title, text, wrong, right) = page(code)
        return DiagnosticCatalogue.Entry(code.rawValue, title, text, wrong: wrong, right: right)
    }

    private typealias Page = (title: String, text: String, wrong: String, right: String)

    private static func page(_ code: DatabaseCode) -> Page { reading(code) ?? content(code) ?? doubtful(code) }

    private static func reading(_ code: DatabaseCode) -> Page? {
        switch code {
        case .syntax:
            (
                "a statement of a DBC file that cannot be read",
                "The message names what is wanted at this place. The statement is left out, and reading goes on at the next line that begins with a keyword.",
                "SG_ Voltage 0|16@1+ (0.1,0) [0|1000] \"V\" Vehicle", "SG_ Voltage : 0|16@1+ (0.1,0) [0|1000] \"V\" Vehicle"
            )
        case .unknownStatement:
            (
                "a line of a DBC file that begins with no keyword", "Statements begin with words such as BO_, SG_, VAL_ or BA_; case matters.",
                "Bo_ 256 Status: 8 Charger", "BO_ 256 Status: 8 Charger"
            )
        case .badNumber:
            (
                "a number that cannot be", "The number has the wrong form, or is outside of what its place takes.", "SG_ S : 0|8@2+ (1,0) [0|0] \"\" A",
                "SG_ S : 0|8@1+ (1,0) [0|0] \"\" A"
            )
        case .unterminatedText:
            (
                "a text without a closing quote", "A text may go over several lines, and ends at the next quote without a backslash in front.",
                "CM_ BO_ 256 \"the status;", "CM_ BO_ 256 \"the status\";"
            )
        case .tooLarge:
            ("a DBC file beyond the limits", "Files have at most 64 MiB, 100 000 messages, and 4096 signals in a message.", "", "")
        case .wrongValueType:
            (
                "an attribute with a value of another type", "BA_DEF_ says what an attribute takes; a number cannot be a text.",
                "BA_DEF_ BO_ \"GenMsgCycleTime\" INT 0 1000;\nBA_ \"GenMsgCycleTime\" BO_ 256 \"fast\";",
                "BA_DEF_ BO_ \"GenMsgCycleTime\" INT 0 1000;\nBA_ \"GenMsgCycleTime\" BO_ 256 100;"
            )
        default: nil
        }
    }

    private static func content(_ code: DatabaseCode) -> Page? {
        switch code {
        case .idTwice:
            (
                "two messages with one identifier", "A frame with this identifier could be either; tools take the first or the last one.",
                "BO_ 256 Status: 8 A\nBO_ 256 Limits: 8 A", "BO_ 256 Status: 8 A\nBO_ 257 Limits: 8 A"
            )
        case .messageNameTwice:
            (
                "two messages with one name", "Names of messages tell them apart in every tool.", "BO_ 1 Status: 8 A\nBO_ 2 Status: 8 A",
                "BO_ 1 Status: 8 A\nBO_ 2 Status2: 8 A"
            )
        case .signalNameTwice:
            (
                "two signals of a message with one name", "Statements about a signal name it; which one they mean cannot be told.",
                "SG_ S : 0|8@1+ …\nSG_ S : 8|8@1+ …", "SG_ S : 0|8@1+ …\nSG_ T : 8|8@1+ …"
            )
        case .outsideFrame:
            (
                "a signal that leaves its message",
                "Some of its bits lie behind the last byte. A Motorola signal (@0) is placed by its most significant bit and goes down from there.",
                "BO_ 256 M: 2 A\n SG_ S : 8|16@1+ (1,0) [0|0] \"\" A", "BO_ 256 M: 3 A\n SG_ S : 8|16@1+ (1,0) [0|0] \"\" A"
            )
        case .overlap:
            (
                "signals that overlap",
                "Two signals share a bit, and no multiplexer keeps them apart: they are in the same frame for some value of every multiplexer.",
                "SG_ A : 0|8@1+ …\nSG_ B : 7|8@1+ …", "SG_ A : 0|8@1+ …\nSG_ B : 8|8@1+ …"
            )
        case .badWidth: ("a signal of an impossible width", "Signals have 1 to 64 bits.", "SG_ S : 0|0@1+ …", "SG_ S : 0|1@1+ …")
        case .zeroFactor:
            (
                "a factor of zero", "The value is raw x factor + offset; with 0 every raw value means the same, and none can be packed.", "(0,0)", "(1,0)"
            )
        case .badIdentifier:
            (
                "a number that is no identifier of CAN", "Bit 31 says that an identifier has 29 bits, which are bits 0 to 28; bits 29 and 30 mean nothing.",
                "BO_ 1073741824 M: 8 A", "BO_ 2147483648 M: 8 A"
            )
        case .badLength:
            (
                "a length that no frame has", "Classic frames have 0 to 8 bytes; CAN FD has 12, 16, 20, 24, 32, 48 and 64 besides.", "BO_ 256 M: 10 A",
                "BO_ 256 M: 12 A"
            )
        case .noMultiplexer:
            (
                "a multiplexed signal without multiplexer",
                "m3 says that the signal is there when the multiplexer is 3; the message has no signal marked M, or not the one that SG_MUL_VAL_ names.",
                "SG_ A m3 : 8|8@1+ …", "SG_ Page M : 0|8@1+ …\nSG_ A m3 : 8|8@1+ …"
            )
        case .multiplexerLoop:
            (
                "multiplexing that depends on itself", "Whether the signal is there depends on signals that, in the end, depend on it.",
                "SG_MUL_VAL_ 256 A B 0-0;\nSG_MUL_VAL_ 256 B A 0-0;", "SG_MUL_VAL_ 256 A B 0-0;"
            )
        case .floatWidth:
            (
                "a float of a wrong width", "SIG_VALTYPE_ 1 is an IEEE 754 number of 32 bits, 2 one of 64.", "SG_ S : 0|16@1- …\nSIG_VALTYPE_ 256 S : 1;",
                "SG_ S : 0|32@1- …\nSIG_VALTYPE_ 256 S : 1;"
            )
        case .nodeTwice: ("a node that is there twice", "BU_ lists each node once.", "BU_: Charger Charger", "BU_: Charger Vehicle")
        default: nil
        }
    }

    private static func doubtful(_ code: DatabaseCode) -> Page {
        switch code {
        case .unknownObject:
            (
                "a statement about something that is not there", "The message or signal that it names does not stand above it in the file; it is left out.",
                "VAL_ 256 Stat 0 \"Idle\" ;", "VAL_ 256 State 0 \"Idle\" ;"
            )
        case .unknownNode:
            (
                "a node that BU_ does not list", "Senders and readers are nodes of BU_, or Vector__XXX for none.", "BU_: A\nBO_ 256 M: 8 B",
                "BU_: A B\nBO_ 256 M: 8 B"
            )
        case .minimumAboveMaximum: ("limits the wrong way round", "No value is between them.", "[100|0]", "[0|100]")
        case .rangeBeyondBits:
            (
                "limits beyond what the bits can hold", "Values up to the limit cannot be packed; often the width or the sign is wrong.",
                "SG_ S : 0|8@1- (1,0) [0|255] \"\" A", "SG_ S : 0|8@1+ (1,0) [0|255] \"\" A"
            )
        case .labelBeyondBits:
            (
                "a text for a value that cannot be", "The raw value does not fit into the bits of the signal.", "SG_ S : 0|2@1+ …\nVAL_ 256 S 4 \"Fault\" ;",
                "SG_ S : 0|3@1+ …\nVAL_ 256 S 4 \"Fault\" ;"
            )
        case .labelTwice: ("two texts for one value", "The first one is used.", "VAL_ 256 S 1 \"On\" 1 \"Off\" ;", "VAL_ 256 S 1 \"On\" 0 \"Off\" ;")
        case .unusedNode: ("a node that takes no part", "It sends no message and reads no signal.", "BU_: A B\nBO_ 256 M: 8 A", "BU_: A\nBO_ 256 M: 8 A")
        case .longName: ("a long name", "Many tools take at most 32 characters.", "", "")
        case .notFD:
            (
                "a long message that is not marked as CAN FD",
                "More than 8 bytes need CAN FD; the attribute VFrameFormat says which messages are. Without it other tools may refuse the message.",
                "BO_ 256 M: 12 A", "BO_ 256 M: 12 A\nBA_ \"VFrameFormat\" BO_ 256 14;"
            )
        case .unusedMultiplexer:
            ("a multiplexer that decides nothing", "No signal of the message is there depending on it.", "SG_ Page M : 0|8@1+ …", "SG_ Page : 0|8@1+ …")
        case .multiplexBeyondBits:
            (
                "a multiplexer value that cannot be", "The signal would be there for a value that does not fit into the bits of its multiplexer.",
                "SG_ Page M : 0|2@1+ …\nSG_ A m4 : 8|8@1+ …", "SG_ Page M : 0|3@1+ …\nSG_ A m4 : 8|8@1+ …"
            )
        case .uncheckedOverlaps:
            ("overlaps that were not looked for", "The file has so many signals in one message that comparing them would take too long.", "", "")
        case .missingExtendedFlag:
            (
                "an identifier of 29 bits without bit 31", "Bit 31 of the number tells that the identifier has 29 bits; without it only 11 are possible.",
                "BO_ 419373764 M: 8 A", "BO_ 2566857412 M: 8 A"
            )
        default: ("", "", "", "")
        }
    }
}
