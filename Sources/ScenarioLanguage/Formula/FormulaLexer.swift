import Quantities

/// One piece of the text of a formula.
struct FormulaToken: Equatable {
    enum Kind: Equatable {
        /// A number with or without unit, in base units; `isBare` when no unit was written.
        case number(Double, Dimension, isBare: Bool)
        case text(String)
        case name(String)
        /// An operator or keyword in its canonical spelling.
        case symbol(FormulaOperator)
        case leftParenthesis, rightParenthesis, comma, end
    }
    let kind: Kind
    let span: FormulaSpan
}

/// The operators of the language.
enum FormulaOperator: String, CaseIterable {
    case or, and, not
    case equal = "==", notEqual = "!=", less = "<", lessEqual = "<=", greater = ">", greaterEqual = ">="
    case plus = "+", minus = "-", times = "*", divide = "/", remainder = "%"

    var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessEqual, .greater, .greaterEqual: true
        default: false
        }
    }

    /// Binding strength as a binary operator; 0 when it is none.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and: 2
        case .not: 0
        case .equal, .notEqual, .less, .lessEqual, .greater, .greaterEqual: 4
        case .plus, .minus: 5
        case .times, .divide, .remainder: 6
        }
    }

    /// The same comparison with its sides exchanged.
    var mirrored: FormulaOperator {
        switch self {
        case .less: .greater
        case .lessEqual: .greaterEqual
        case .greater: .less
        case .greaterEqual: .lessEqual
        default: self
        }
    }
}

/// Splits the text of a formula into tokens.
struct FormulaLexer {
    let bytes: [UInt8]
    /// Whether a hyphenated word is a name as a whole, such as a label kind written as a slug.
    let isKnownName: (String) -> Bool
    var position = 0

    init(_ text: String, isKnownName: @escaping (String) -> Bool) {
        bytes = Array(text.utf8)
        self.isKnownName = isKnownName
    }

    /// All tokens, the last one being `.end`.
    static func tokens(_ text: String, isKnownName: @escaping (String) -> Bool) throws(FormulaError) -> [FormulaToken] {
        var lexer = FormulaLexer(text, isKnownName: isKnownName)
        var tokens: [FormulaToken] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    func byte(_ ahead: Int = 0) -> UInt8 { position + ahead < bytes.count ? bytes[position + ahead] : 0 }

    func string(_ start: Int, _ end: Int) -> String { String(decoding: bytes[start..<end], as: UTF8.self) }

    mutating func skipSpaces() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 || bytes[position] == 0x0A || bytes[position] == 0x0D { position += 1 }
    }

    mutating func next() throws(FormulaError) -> FormulaToken {
        skipSpaces()
        let start = position
        guard position < bytes.count else { return FormulaToken(kind: .end, span: FormulaSpan(start: start, end: start)) }
        let first = byte()
        if Self.isDigit(first) { return try number() }
        if Self.isNameStart(first) { return name() }
        if first == 0x27 || first == 0x22 { return try quoted(first) }
        try refuseForeign()
        func token(_ kind: FormulaToken.Kind, _ length: Int) -> FormulaToken {
            position = start + length
            return FormulaToken(kind: kind, span: FormulaSpan(start: start, end: position))
        }
        switch (first, byte(1)) {
        case (0x28, _): return token(.leftParenthesis, 1)
        case (0x29, _): return token(.rightParenthesis, 1)
        case (0x2C, _): return token(.comma, 1)
        case (0x3D, 0x3D): return token(.symbol(.equal), 2)
        case (0x21, 0x3D): return token(.symbol(.notEqual), 2)
        case (0x3C, 0x3D): return token(.symbol(.lessEqual), 2)
        case (0x3E, 0x3D): return token(.symbol(.greaterEqual), 2)
        case (0x3C, _): return token(.symbol(.less), 1)
        case (0x3E, _): return token(.symbol(.greater), 1)
        case (0x2B, _): return token(.symbol(.plus), 1)
        case (0x2D, _): return token(.symbol(.minus), 1)
        case (0x2A, _): return token(.symbol(.times), 1)
        case (0x2F, _): return token(.symbol(.divide), 1)
        case (0x25, _): return token(.symbol(.remainder), 1)
        default: throw strangeCharacter()
        }
    }

    // MARK: Names and texts

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    static func isNameStart(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F }
    static func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }

    private mutating func name() -> FormulaToken {
        let start = position
        while Self.isNamePart(byte()) { position += 1 }
        while byte() == 0x2E, Self.isNamePart(byte(1)) || byte(1) == 0x2A {
            position += 1
            if byte() == 0x2A {
                position += 1
            } else {
                while Self.isNamePart(byte()) { position += 1 }
            }
        }
        let word = string(start, position)
        if let hyphenated = hyphenatedName(from: start) { return hyphenated }
        let span = FormulaSpan(start: start, end: position)
        switch word {
        case "and": return FormulaToken(kind: .symbol(.and), span: span)
        case "or": return FormulaToken(kind: .symbol(.or), span: span)
        case "not": return FormulaToken(kind: .symbol(.not), span: span)
        default: return FormulaToken(kind: .name(word), span: span)
        }
    }

    /// A word with hyphens, if the scope knows it as a whole: `repeated-current-fluctuation`.
    private mutating func hyphenatedName(from start: Int) -> FormulaToken? {
        guard byte() == 0x2D, Self.isNamePart(byte(1)) else { return nil }
        var end = position
        while end + 1 < bytes.count, end - start < 256, Self.isNamePart(bytes[end]) || bytes[end] == 0x2D && Self.isNamePart(bytes[end + 1]) { end += 1 }
        if end < bytes.count, Self.isNamePart(bytes[end]) { end += 1 }
        let word = string(start, end)
        guard isKnownName(word) else { return nil }
        position = end
        return FormulaToken(kind: .name(word), span: FormulaSpan(start: start, end: end))
    }

    private mutating func quoted(_ quote: UInt8) throws(FormulaError) -> FormulaToken {
        let start = position
        position += 1
        while position < bytes.count, bytes[position] != quote, bytes[position] != 0x0A { position += 1 }
        guard byte() == quote, position < bytes.count else {
            throw FormulaError(
                .unclosedText, at: FormulaSpan(start: start, end: position), "the quoted text is not closed",
                help: "end it with \(quote == 0x27 ? "'" : "\"")")
        }
        position += 1
        return FormulaToken(kind: .text(string(start + 1, position - 1)), span: FormulaSpan(start: start, end: position))
    }
}
