/// One word, number, text or sign of a database file.
struct DatabaseToken {
    enum Kind: Hashable {
        case word, number, text
        case sign(UInt8)
        case end
    }

    var kind: Kind
    /// Bytes of the file; of a text those between the quotes.
    var range: Range<Int>
    var place: DatabasePlace
    /// Whether it is the first one of its line.
    var isFirst: Bool
    /// Line that it ends on: texts go over several.
    var endLine: Int
}

/// Cuts the bytes of a database file into tokens.
struct DatabaseLexer {
    let bytes: [UInt8]
    /// Whether texts are UTF-8; else they are Windows-1252.
    let isUTF8: Bool
    private var offset: Int
    private var line = 1
    private var column = 1
    /// Whether nothing but blanks stands before `offset` on its line.
    private var isLineStart = true
    /// Places of texts without a closing quote.
    var unterminated: DatabasePlace?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        isUTF8 = String(validating: bytes, as: UTF8.self) != nil
        offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// The next token; `end` again and again at the end.
    mutating func next() -> DatabaseToken {
        skipBlanks()
        let first = isLineStart
        isLineStart = false
        let start = offset
        let startLine = line
        let startColumn = column
        guard offset < bytes.count else {
            return DatabaseToken(kind: .end, range: start..<start, place: DatabasePlace(line: line, column: column), isFirst: true, endLine: line)
        }
        let kind: DatabaseToken.Kind
        var range: Range<Int>
        let byte = bytes[offset]
        if Self.isLetter(byte) {
            while offset < bytes.count, Self.isLetter(bytes[offset]) || Self.isDigit(bytes[offset]) { advance() }
            kind = .word
            range = start..<offset
        } else if startsNumber(at: offset) {
            scanNumber()
            kind = .number
            range = start..<offset
        } else if byte == UInt8(ascii: "\"") {
            range = scanText(DatabasePlace(line: startLine, column: startColumn))
            kind = .text
        } else {
            advance()
            kind = .sign(byte)
            range = start..<offset
        }
        let length = line == startLine ? max(1, column - startColumn) : 1
        return DatabaseToken(
            kind: kind, range: range, place: DatabasePlace(line: startLine, column: startColumn, length: length), isFirst: first, endLine: line)
    }

    /// The text of a token, `\"` in a text as the quote that it stands for.
    func text(_ token: DatabaseToken) -> String {
        let slice = bytes[token.range]
        guard token.kind == .text, slice.contains(UInt8(ascii: "\\")) else { return decode(slice) }
        var plain: [UInt8] = []
        plain.reserveCapacity(slice.count)
        var isEscaped = false
        for byte in slice {
            if isEscaped, byte != UInt8(ascii: "\"") { plain.append(UInt8(ascii: "\\")) }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            if !isEscaped { plain.append(byte) }
        }
        return decode(plain[...])
    }

    private func decode(_ slice: ArraySlice<UInt8>) -> String {
        isUTF8 ? String(decoding: slice, as: UTF8.self) : Windows1252.text(slice)
    }

    /// Whether the token is this word.
    func isWord(_ token: DatabaseToken, _ word: StaticString) -> Bool {
        guard token.kind == .word, token.range.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<token.range.count where bytes[token.range.lowerBound + index] != word.utf8Start[index] { return false }
        return true
    }

    // MARK: Parts

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte >= 0x41 && byte <= 0x5A || byte >= 0x61 && byte <= 0x7A || byte == 0x5F || byte >= 0x80
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// Goes to the next byte; columns count code points.
    private mutating func advance() {
        let byte = bytes[offset]
        offset += 1
        if byte == 0x0A || byte == 0x0D && !(offset < bytes.count && bytes[offset] == 0x0A) {
            line += 1
            column = 1
        } else if !isUTF8 || byte & 0xC0 != 0x80 {
            column += 1
        }
    }

    private mutating func skipBlanks() {
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == 0x0A || byte == 0x0D {
                isLineStart = true
            } else if byte == UInt8(ascii: "/"), offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "/") {
                while offset < bytes.count, bytes[offset] != 0x0A, bytes[offset] != 0x0D { advance() }
                continue
            } else if byte > 0x20, byte != 0x7F {
                return
            }
            advance()
        }
    }

    private func startsNumber(at place: Int) -> Bool {
        var place = place
        if bytes[place] == UInt8(ascii: "-") || bytes[place] == UInt8(ascii: "+") { place += 1 }
        if place < bytes.count, bytes[place] == UInt8(ascii: ".") { place += 1 }
        return place < bytes.count && Self.isDigit(bytes[place])
    }

    private mutating func scanNumber() {
        if !Self.isDigit(bytes[offset]), bytes[offset] != UInt8(ascii: ".") { advance() }
        while offset < bytes.count {
            let byte = bytes[offset]
            if Self.isDigit(byte) || byte == UInt8(ascii: ".") {
                advance()
            } else if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E"), offset + 1 < bytes.count, startsNumber(at: offset + 1) {
                advance()
                advance()
            } else {
                return
            }
        }
    }

    private mutating func scanText(_ place: DatabasePlace) -> Range<Int> {
        advance()
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                let end = offset
                advance()
                return start..<end
            }
            if byte == UInt8(ascii: "\\"), offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "\"") { advance() }
            advance()
        }
        unterminated = place
        return start..<offset
    }
}

/// The code page of most database files.
enum Windows1252 {
    /// Code points of the bytes 0x80 to 0x9F; those without one stand for themselves.
    private static let table: [UInt16] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C,
        0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ]

    /// Bytes as text.
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        var scalars = String.UnicodeScalarView()
        for byte in bytes {
            let code = byte >= 0x80 && byte < 0xA0 ? table[Int(byte) - 0x80] : UInt16(byte)
            scalars.append(Unicode.Scalar(code) ?? "\u{FFFD}")
        }
        return String(scalars)
    }

    /// Text as bytes; `nil` when a character is not in the code page.
    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if scalar.value < 0x80 || scalar.value >= 0xA0 && scalar.value <= 0xFF {
                bytes.append(UInt8(scalar.value))
            } else if let index = table.firstIndex(where: { UInt32($0) == scalar.value }), table[index] != UInt16(0x80 + index) {
                bytes.append(UInt8(0x80 + index))
            } else {
                return nil
            }
        }
        return bytes
    }
}
