import CAN

extension DatabaseReader {
    /// What a statement is about, with its index where it has one.
    private enum Target {
        case network
        case node(String)
        case message(Int)
        case signal(Int, Int)
        case environmentVariable(String)
        /// Nothing in this file.
        case nothing
    }

    private mutating func target() throws(DatabaseFinding) -> Target {
        guard token.kind == .word else { return .network }
        if lexer.isWord(token, "BU_") {
            advance()
            return .node(try word("a node"))
        }
        if lexer.isWord(token, "EV_") {
            advance()
            return .environmentVariable(try word("an environment variable"))
        }
        let isMessage = lexer.isWord(token, "BO_")
        guard isMessage || lexer.isWord(token, "SG_") else { throw fail("BU_, BO_, SG_, EV_ or a text") }
        advance()
        let place = token.place
        let number = try count("the identifier of a message", most: UInt64(UInt32.max))
        let namePlace = token.place
        let name = isMessage ? "" : try word("the name of a signal")
        guard let index = message(number) else {
            reportUnknown(number, place)
            return .nothing
        }
        if isMessage { return .message(index) }
        guard let signal = signal(name, of: index) else {
            reportUnknown(name, of: index, namePlace)
            return .nothing
        }
        return .signal(index, signal)
    }

    mutating func readComment() throws(DatabaseFinding) {
        let target = try target()
        let comment = try text("the text of a comment")
        skip(";")
        switch target {
        case .network: database.comment = comment
        case .node(let name): if let index = node(name) { database.nodes[index].comment = comment }
        case .message(let index): database.messages[index].comment = comment
        case .signal(let message, let signal): database.messages[message].signals[signal].comment = comment
        case .environmentVariable(let name): database.kept.append("CM_ EV_ \(name) \(DatabaseWriter.quoted(comment)) ;")
        case .nothing: break
        }
    }

    // MARK: Attributes

    mutating func readDefinition() throws(DatabaseFinding) {
        var owner = AttributeDefinition.Owner.network
        if token.kind == .word {
            guard let found = AttributeDefinition.Owner(rawValue: lexer.text(token)) else { throw fail("BU_, BO_, SG_, EV_ or the name of an attribute") }
            owner = found
            advance()
        }
        let name = try text("the name of an attribute")
        let typePlace = token.place
        let type: AttributeDefinition.ValueType
        switch try word("INT, HEX, FLOAT, STRING or ENUM") {
        case "INT": type = .integer(try limit(), try limit())
        case "HEX": type = .hexadecimal(try limit(), try limit())
        case "FLOAT": type = .real(try limit(), try limit())
        case "STRING": type = .text
        case "ENUM":
            var texts: [String] = []
            while token.kind == .text {
                texts.append(try text("a word"))
                if !skip(",") { break }
            }
            type = .choice(texts)
        default: throw DatabaseFinding(.syntax, typePlace, "INT, HEX, FLOAT, STRING or ENUM is wanted here")
        }
        skip(";")
        add(AttributeDefinition(name: name, owner: owner, type: type))
    }

    /// A limit of an attribute; files leave them out.
    private mutating func limit() throws(DatabaseFinding) -> DatabaseNumber { token.kind == .number ? try number("a limit") : .zero }

    mutating func readDefault() throws(DatabaseFinding) {
        let name = try text("the name of an attribute")
        let value = try attributeValue()
        skip(";")
        pendingDefaults.append((name, value))
    }

    private mutating func attributeValue() throws(DatabaseFinding) -> AttributeValue {
        if token.kind == .text { return .text(try text("a value")) }
        return .number(try number("a number or a text"))
    }

    mutating func readAttribute() throws(DatabaseFinding) {
        let place = token.place
        let name = try text("the name of an attribute")
        let target = try target()
        let value = try attributeValue()
        skip(";")
        if let index = definition(name), case .text = value, !Self.takesText(database.attributeDefinitions[index].type) {
            report(DatabaseFinding(.wrongValueType, place, "the attribute '\(name)' takes a number"))
            return
        }
        let object: DatabaseObject
        switch target {
        case .network: object = .network
        case .node(let name): object = .node(name)
        case .message(let index): object = .message(database.messages[index].number)
        case .signal(let message, let signal):
            object = .signal(database.messages[message].number, database.messages[message].signals[signal].name)
        case .environmentVariable(let name): object = .environmentVariable(name)
        case .nothing: return
        }
        database.attributes.append(Attribute(name: name, object: object, value: value))
    }

    private static func takesText(_ type: AttributeDefinition.ValueType) -> Bool {
        switch type {
        case .text, .choice: true
        default: false
        }
    }

    // MARK: Values

    private mutating func labels() throws(DatabaseFinding) -> [ValueLabel] {
        var labels: [ValueLabel] = []
        while token.kind == .number {
            let place = token.place
            guard let raw = try number("a raw value").whole else {
                throw DatabaseFinding(.badNumber, place, "a value with a text is a whole number")
            }
            labels.append(ValueLabel(raw, try text("the text of the value \(raw)")))
        }
        guard skip(";") || token.isFirst else { throw fail("a number with its text, or ';',") }
        return labels
    }

    mutating func readTable() throws(DatabaseFinding) {
        let name = try word("the name of a table")
        database.valueTables.append(ValueTable(name: name, labels: try labels()))
    }

    mutating func readLabels() throws(DatabaseFinding) {
        if token.kind == .word {
            let name = try word("an environment variable")
            let texts = try labels().map { "\($0.raw) \(DatabaseWriter.quoted($0.text))" }
            database.kept.append((["VAL_", name] + texts + [";"]).joined(separator: " "))
            return
        }
        let place = token.place
        let number = try count("the identifier of a message", most: UInt64(UInt32.max))
        let namePlace = token.place
        let name = try word("the name of a signal")
        let labels = try labels()
        guard let index = message(number) else { return reportUnknown(number, place) }
        guard let signal = signal(name, of: index) else { return reportUnknown(name, of: index, namePlace) }
        database.messages[index].signals[signal].labels = labels
    }

    mutating func readValueType() throws(DatabaseFinding) {
        let place = token.place
        let number = try count("the identifier of a message", most: UInt64(UInt32.max))
        let namePlace = token.place
        let name = try word("the name of a signal")
        skip(":")
        let typePlace = token.place
        let type = try count("the type, 0 to 3,", most: 3)
        skip(";")
        guard let index = message(number) else { return reportUnknown(number, place) }
        guard let signal = signal(name, of: index) else { return reportUnknown(name, of: index, namePlace) }
        guard type == 1 || type == 2 else { return }
        let bits = database.messages[index].signals[signal].bits
        if bits != (type == 1 ? 32 : 64) {
            report(
                DatabaseFinding(
                    .floatWidth, typePlace, "the signal '\(name)' has \(bits) bits; a float has 32 (type 1) and a double 64 (type 2)",
                    help: "it is read as an integer"))
            return
        }
        database.messages[index].signals[signal].form = .floating
    }

    mutating func readMultiplexing() throws(DatabaseFinding) {
        let place = token.place
        let number = try count("the identifier of a message", most: UInt64(UInt32.max))
        let namePlace = token.place
        let name = try word("the name of a signal")
        let multiplexer = try word("the name of the multiplexer")
        var ranges: [ClosedRange<UInt64>] = []
        while token.kind == .number, ranges.count < Self.maximumRanges {
            let low = try count("a value of the multiplexer", most: .max)
            let highPlace = token.place
            if token.kind == .number {
                // '3-7' is cut into 3 and -7.
                let high = try self.number("a value of the multiplexer")
                guard let whole = high.whole, whole <= 0, -whole <= Int128(UInt64.max), UInt64(-whole) >= low else {
                    throw DatabaseFinding(.badNumber, highPlace, "a range is written as 3-7, its end not below its start")
                }
                ranges.append(low...UInt64(-whole))
            } else {
                try expect("-")
                let high = try count("a value of the multiplexer", most: .max)
                guard high >= low else { throw DatabaseFinding(.badNumber, highPlace, "a range is written as 3-7, its end not below its start") }
                ranges.append(low...high)
            }
            if !skip(",") { break }
        }
        skip(";")
        guard let index = message(number) else { return reportUnknown(number, place) }
        guard let signal = signal(name, of: index) else { return reportUnknown(name, of: index, namePlace) }
        guard !ranges.isEmpty else { throw DatabaseFinding(.syntax, namePlace, "a range of values of the multiplexer is wanted, such as 3-7") }
        var multiplexing = Multiplexing(multiplexer: multiplexer, ranges: ranges)
        multiplexing.place = namePlace
        database.messages[index].signals[signal].multiplexing = multiplexing
    }
}
