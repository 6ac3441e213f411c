import CAN

/// Reads DBC files: whatever their bytes are, there is a database and a list of findings.
///
/// A statement that cannot be read is reported and left out, and reading goes on at the next line that begins with a keyword.
/// Complexity: O(n) in the bytes.
public struct DatabaseReader {
    /// The most bytes of a file.
    public static let maximumSize = 64 << 20
    /// The most messages of a file.
    public static let maximumMessages = 100_000
    /// The most signals of a message.
    public static let maximumSignals = 4096
    /// The most ranges of multiplexer values of a signal.
    public static let maximumRanges = 1024
    /// The most findings; those behind it are dropped.
    public static let maximumFindings = 1000

    /// What was read.
    var database = Database()
    var findings: [DatabaseFinding] = []
    var lexer: DatabaseLexer
    /// The token that comes next.
    var token: DatabaseToken
    private var messageIndex: [UInt32: Int] = [:]
    private var signalIndex: [SignalKey: Int] = [:]
    /// Message whose signals follow; -1 for one that is left out.
    private var currentMessage: Int?
    private var definitionIndex: [String: Int] = [:]
    private var nodeIndex: [String: Int] = [:]
    var pendingDefaults: [(name: String, value: AttributeValue)] = []

    private struct SignalKey: Hashable {
        var message: Int
        var name: String
    }

    private init(_ bytes: [UInt8]) {
        lexer = DatabaseLexer(bytes)
        token = lexer.next()
    }

    /// Reads a file; findings are in the order of the file, errors and warnings.
    public static func read(_ bytes: [UInt8]) -> (database: Database, findings: [DatabaseFinding]) {
        guard bytes.count <= maximumSize else {
            let finding = DatabaseFinding(
                .tooLarge, DatabasePlace(line: 1, column: 1), "the file has more than \(maximumSize >> 20) MiB", help: "split it by buses")
            return (Database(), [finding])
        }
        var reader = DatabaseReader(bytes)
        reader.readAll()
        return (reader.database, reader.findings)
    }

    // MARK: Tokens

    mutating func advance() { token = lexer.next() }

    mutating func report(_ finding: DatabaseFinding) {
        if findings.count < Self.maximumFindings { findings.append(finding) }
    }

    func fail(_ wanted: String) -> DatabaseFinding {
        if token.kind == .end { return DatabaseFinding(.syntax, token.place, "the file ends where \(wanted) is wanted") }
        let found = String(lexer.text(token).unicodeScalars.prefix(30))
        return DatabaseFinding(.syntax, token.place, "\(wanted) is wanted here, not '\(found)'")
    }

    mutating func word(_ wanted: String) throws(DatabaseFinding) -> String {
        guard token.kind == .word else { throw fail(wanted) }
        defer { advance() }
        return lexer.text(token)
    }

    mutating func text(_ wanted: String) throws(DatabaseFinding) -> String {
        guard token.kind == .text else { throw fail(wanted) }
        let value = lexer.text(token)
        if let place = lexer.unterminated {
            lexer.unterminated = nil
            advance()
            throw DatabaseFinding(.unterminatedText, place, "the text that begins here has no closing quote", help: "a quote inside a text is written \\\"")
        }
        advance()
        return value
    }

    mutating func number(_ wanted: String) throws(DatabaseFinding) -> DatabaseNumber {
        guard token.kind == .number else { throw fail(wanted) }
        guard let number = DatabaseNumber(lexer.text(token)) else {
            throw DatabaseFinding(.badNumber, token.place, "'\(lexer.text(token).prefix(30))' is no number that can be held")
        }
        advance()
        return number
    }

    /// A whole number from 0 to a limit.
    mutating func count(_ wanted: String, most: UInt64) throws(DatabaseFinding) -> UInt64 {
        let place = token.place
        let number = try number(wanted)
        guard let whole = number.whole, whole >= 0, whole <= Int128(most) else {
            throw DatabaseFinding(.badNumber, place, "\(wanted) must be a whole number from 0 to \(most)")
        }
        return UInt64(whole)
    }

    func isSign(_ sign: Character) -> Bool { token.kind == .sign(sign.asciiValue ?? 0) }

    @discardableResult
    mutating func skip(_ sign: Character) -> Bool {
        guard isSign(sign) else { return false }
        advance()
        return true
    }

    mutating func expect(_ sign: Character) throws(DatabaseFinding) {
        guard skip(sign) else { throw fail("'\(sign)'") }
    }

    // MARK: Names

    func message(_ number: UInt64) -> Int? { UInt32(exactly: number).flatMap { messageIndex[$0] } }

    func signal(_ name: String, of message: Int) -> Int? { signalIndex[SignalKey(message: message, name: name)] }

    func node(_ name: String) -> Int? { nodeIndex[name] }

    func definition(_ name: String) -> Int? { definitionIndex[name] }

    mutating func add(_ definition: AttributeDefinition) {
        if definitionIndex[definition.name] == nil { definitionIndex[definition.name] = database.attributeDefinitions.count }
        database.attributeDefinitions.append(definition)
    }

    mutating func add(_ node: DatabaseNode) {
        if nodeIndex[node.name] == nil { nodeIndex[node.name] = database.nodes.count }
        database.nodes.append(node)
    }

    // MARK: Statements

    private mutating func readAll() {
        while token.kind != .end {
            do {
                try readStatement()
            } catch {
                report(error)
                resume()
            }
        }
        for (name, value) in pendingDefaults {
            if let index = definitionIndex[name] { database.attributeDefinitions[index].defaultValue = value }
        }
        // The only multiplexer of a message need not be named.
        for index in database.messages.indices where database.messages[index].signals.count(where: \.isMultiplexer) == 1 {
            let only = database.messages[index].signals.first { $0.isMultiplexer }
            for signal in database.messages[index].signals.indices
            where database.messages[index].signals[signal].multiplexing?.multiplexer == only?.name {
                database.messages[index].signals[signal].multiplexing?.multiplexer = nil
            }
        }
    }

    /// Goes on at the next line that begins with a keyword.
    private mutating func resume() {
        while token.kind != .end, !(token.isFirst && token.kind == .word && isKeyword) {
            advance()
            lexer.unterminated = nil
        }
    }

    /// Whether the token is a word that begins a statement.
    var isKeyword: Bool {
        guard token.kind == .word, lexer.bytes[token.range.upperBound - 1] == UInt8(ascii: "_") || token.range.count == 7 else { return false }
        return Self.keywords.contains(lexer.text(token))
    }

    static let keywords: Set<String> = [
        "VERSION", "NS_", "BS_", "BU_", "BO_", "SG_", "BO_TX_BU_", "CM_", "BA_DEF_", "BA_DEF_DEF_", "BA_", "VAL_", "VAL_TABLE_", "SIG_VALTYPE_",
        "SG_MUL_VAL_", "EV_", "ENVVAR_DATA_", "SGTYPE_", "SGTYPE_VAL_", "BA_DEF_SGTYPE_", "BA_SGTYPE_", "SIG_TYPE_REF_", "SIG_GROUP_", "SIGTYPE_VALTYPE_",
        "BA_DEF_REL_", "BA_REL_", "BA_DEF_DEF_REL_", "BU_SG_REL_", "BU_EV_REL_", "BU_BO_REL_", "CAT_DEF_", "CAT_", "FILTER", "EV_DATA_", "NS_DESC_",
    ]

    private mutating func readStatement() throws(DatabaseFinding) {
        guard token.kind == .word else {
            if skip(";") { return }
            throw fail("a keyword such as BO_")
        }
        let keyword = lexer.text(token)
        let start = token
        if keyword != "SG_", keyword != "BO_" { currentMessage = nil }
        advance()
        switch keyword {
        case "VERSION": database.version = try text("the text of the version")
        case "NS_": try readNewSymbols()
        case "BS_": try readBitTiming()
        case "BU_": try readNodes()
        case "BO_": try readMessage()
        case "SG_": try readSignal(start.place)
        case "BO_TX_BU_": try readTransmitters()
        case "CM_": try readComment()
        case "BA_DEF_": try readDefinition()
        case "BA_DEF_DEF_": try readDefault()
        case "BA_": try readAttribute()
        case "VAL_": try readLabels()
        case "VAL_TABLE_": try readTable()
        case "SIG_VALTYPE_": try readValueType()
        case "SG_MUL_VAL_": try readMultiplexing()
        default:
            guard Self.keywords.contains(keyword) else {
                throw DatabaseFinding(.unknownStatement, start.place, "'\(keyword.prefix(30))' begins no statement of a database")
            }
            keep(keyword)
        }
    }

    /// Keeps the words of a statement up to its semicolon.
    mutating func keep(_ keyword: String) {
        var line = keyword
        while token.kind != .end, !(token.isFirst && isKeyword) {
            if token.kind == .text {
                line += " \(DatabaseWriter.quoted(lexer.text(token)))"
                lexer.unterminated = nil
            } else {
                line += " \(lexer.text(token))"
            }
            let isLast = isSign(";")
            advance()
            if isLast { break }
        }
        database.kept.append(line)
    }

    private mutating func readNewSymbols() throws(DatabaseFinding) {
        try expect(":")
        while token.kind == .word {
            // An entry of the list stands alone on its line; a statement has more behind its keyword.
            var ahead = lexer
            let next = ahead.next()
            if token.isFirst, isKeyword, !next.isFirst { return }
            advance()
        }
    }

    private mutating func readBitTiming() throws(DatabaseFinding) {
        try expect(":")
        while token.kind == .number || isSign(":") || isSign(",") { advance() }
    }

    private mutating func readNodes() throws(DatabaseFinding) {
        try expect(":")
        while token.kind == .word, !(token.isFirst && isKeyword) {
            var node = DatabaseNode(lexer.text(token))
            node.place = token.place
            add(node)
            advance()
        }
    }

    private mutating func readTransmitters() throws(DatabaseFinding) {
        let place = token.place
        let number = try count("the identifier of a message", most: UInt64(UInt32.max))
        skip(":")
        var names: [String] = []
        while token.kind == .word, !(token.isFirst && isKeyword) {
            names.append(try word("a node"))
            skip(",")
        }
        skip(";")
        guard let index = message(number) else { return reportUnknown(number, place) }
        database.messages[index].transmitters = names
    }

    mutating func reportUnknown(_ number: UInt64, _ place: DatabasePlace) {
        guard number != Self.independentSignals else { return }
        report(DatabaseFinding(.unknownObject, place, "there is no message \(number) above this line; the statement is left out"))
    }

    mutating func reportUnknown(_ signal: String, of message: Int, _ place: DatabasePlace) {
        report(
            DatabaseFinding(
                .unknownObject, place, "the message '\(database.messages[message].name)' has no signal '\(signal)'; the statement is left out"))
    }

    /// Number of the message that holds signals of no message.
    static let independentSignals: UInt64 = 0xC000_0000

    // MARK: Messages

    private mutating func readMessage() throws(DatabaseFinding) {
        currentMessage = -1
        let idPlace = token.place
        let number = try count("the identifier of a message", most: UInt64(Int64.max))
        let place = token.place
        let name = try word("the name of a message")
        try expect(":")
        let lengthPlace = token.place
        let length = try count("the number of data bytes", most: UInt64(Int64.max))
        let sender = token.kind == .word && !token.isFirst ? try word("the sender") : Message.nobody
        if number == Self.independentSignals { return }
        guard database.messages.count < Self.maximumMessages else {
            throw DatabaseFinding(.tooLarge, place, "the file has more than \(Self.maximumMessages) messages", help: "split it by buses")
        }
        var message = Message(
            id: UInt32(truncatingIfNeeded: number) & 0x1FFF_FFFF, isExtended: number & 1 << 31 != 0, name: name, length: Int(min(length, 1 << 32)),
            sender: sender)
        message.place = place
        message.idPlace = idPlace
        if length > 64 {
            report(DatabaseFinding(.badLength, lengthPlace, "the message '\(name)' has \(length) data bytes; CAN FD has at most 64"))
            message.length = 64
        }
        if number > UInt64(UInt32.max) || number & 0x6000_0000 != 0 {
            report(DatabaseFinding(.badIdentifier, idPlace, "\(number) is no identifier of CAN: bits above 29 mean something else"))
            message.wrongNumber = number
        } else if !message.isExtended, number > 0x7FF {
            report(
                DatabaseFinding(
                    .missingExtendedFlag, idPlace,
                    "the identifier 0x\(String(number, radix: 16, uppercase: true)) has more than 11 bits, and bit 31 is not set",
                    help: "write \(number | 1 << 31); it is taken for an extended one"))
            message.isExtended = true
        }
        if let key = UInt32(exactly: number), messageIndex[key] == nil { messageIndex[key] = database.messages.count }
        if messageIndex[message.number] == nil { messageIndex[message.number] = database.messages.count }
        currentMessage = database.messages.count
        database.messages.append(message)
    }

    private mutating func readSignal(_ start: DatabasePlace) throws(DatabaseFinding) {
        guard let index = currentMessage else { throw DatabaseFinding(.syntax, start, "a signal stands behind a message") }
        var signal = Signal(name: "", start: 0, bits: 1)
        signal.place = token.place
        signal.name = try word("the name of a signal")
        if token.kind == .word { try readMultiplexMark(&signal) }
        try expect(":")
        signal.start = Int(try count("the start bit", most: 1_000_000))
        try expect("|")
        let bitsPlace = token.place
        signal.bits = Int(try count("the number of bits", most: 1_000_000))
        try expect("@")
        let orderPlace = token.place
        let order = try number("the byte order, 0 or 1,")
        guard order.whole == 0 || order.whole == 1 else {
            throw DatabaseFinding(.badNumber, orderPlace, "the byte order is 0 (Motorola) or 1 (Intel)")
        }
        signal.order = order.whole == 1 ? .littleEndian : .bigEndian
        if skip("-") { signal.form = .signed } else { try expect("+") }
        try expect("(")
        signal.factor = try number("the factor")
        try expect(",")
        signal.offset = try number("the offset")
        try expect(")")
        try expect("[")
        signal.minimum = try number("the minimum")
        try expect("|")
        signal.maximum = try number("the maximum")
        try expect("]")
        signal.unit = try text("the unit")
        while token.kind == .word, !token.isFirst {
            signal.receivers.append(try word("a receiver"))
            skip(",")
        }
        guard index >= 0 else { return }
        guard database.messages[index].signals.count < Self.maximumSignals else {
            throw DatabaseFinding(.tooLarge, signal.place, "the message '\(database.messages[index].name)' has more than \(Self.maximumSignals) signals")
        }
        guard signal.bits >= 1, signal.bits <= 64 else {
            throw DatabaseFinding(.badWidth, bitsPlace, "the signal '\(signal.name)' has \(signal.bits) bits; 1 to 64 are possible")
        }
        let key = SignalKey(message: index, name: signal.name)
        if signalIndex[key] == nil { signalIndex[key] = database.messages[index].signals.count }
        database.messages[index].signals.append(signal)
    }

    /// `M`, `m3` or `m3M`.
    private mutating func readMultiplexMark(_ signal: inout Signal) throws(DatabaseFinding) {
        let text = lexer.text(token)
        var rest = Substring(text)
        if rest.hasSuffix("M") {
            signal.isMultiplexer = true
            rest.removeLast()
        }
        if !rest.isEmpty {
            guard rest.removeFirst() == "m", !rest.isEmpty, rest.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let value = UInt64(rest) else {
                throw DatabaseFinding(.syntax, token.place, "'\(text.prefix(30))' is no multiplexing: M, m3 or m3M")
            }
            signal.multiplexing = Multiplexing(ranges: [value...value])
        }
        advance()
    }
}

extension DatabaseReader {
    /// The bytes of a file as UTF-8, whichever of the two code pages they are in; lines and columns stay the same.
    public static func utf8(_ bytes: [UInt8]) -> [UInt8] {
        String(validating: bytes, as: UTF8.self) != nil ? bytes : Array(Windows1252.text(bytes[...]).utf8)
    }
}
