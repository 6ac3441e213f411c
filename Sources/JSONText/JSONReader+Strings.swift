/// Where a string stands in the text, without its quotes.
@frozen
public struct JSONStringToken: Hashable, Sendable {
    /// The first byte of the content.
    public var start: Int
    /// The byte after the content: the closing quote.
    public var end: Int
    /// True if the content holds a backslash.
    public var hasEscapes: Bool
    /// True if a `\u` escape names half of a surrogate pair, so that no Unicode text corresponds to the content.
    public var hasLoneSurrogate: Bool

    public init(start: Int, end: Int, hasEscapes: Bool, hasLoneSurrogate: Bool) {
        self.start = start
        self.end = end
        self.hasEscapes = hasEscapes
        self.hasLoneSurrogate = hasLoneSurrogate
    }

    /// The length of the content in bytes, escapes counted as written.
    public var length: Int { end - start }
}

extension JSONReader {
    /// Takes a string; escapes and UTF-8 are checked here, decoded by ``text(_:)``.
    public mutating func string() throws(JSONError) -> JSONStringToken {
        guard next() == 0x22 else { throw failure() }
        self.place += 1
        var token = JSONStringToken(start: offset, end: offset, hasEscapes: false, hasLoneSurrogate: false)
        var place = offset
        while true {
            while place &+ 8 <= count {
                let plain = Self.plainBytes(UnsafeRawPointer(base).loadUnaligned(fromByteOffset: place, as: UInt64.self))
                place &+= plain
                if plain < 8 { break }
            }
            guard place < count else { throw JSONError(.unexpectedEnd, at: count) }
            let byte = base[place]
            if byte == 0x22 { break }
            if byte == 0x5C {
                token.hasEscapes = true
                place = try escape(at: place, &token)
            } else if byte < 0x20 {
                throw JSONError(.controlCharacter, at: place)
            } else if byte < 0x80 {
                place += 1
            } else {
                place = try sequence(at: place)
            }
        }
        token.end = place
        self.place = place + 1
        needsComma = true
        return token
    }

    /// How many of eight bytes, from the first, are neither a quote nor a backslash nor a control character nor beyond ASCII.
    ///
    /// The borrows of the subtractions spoil only what lies behind the first byte that is found.
    @inline(__always)
    private static func plainBytes(_ word: UInt64) -> Int {
        let word = UInt64(littleEndian: word)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let found = ((word &- (ones &* 0x20)) | (quote &- ones) | (backslash &- ones) | word) & 0x8080_8080_8080_8080
        return found.trailingZeroBitCount >> 3
    }

    /// Checks the escape at `place` and returns the byte after it.
    private func escape(at place: Int, _ token: inout JSONStringToken) throws(JSONError) -> Int {
        guard place + 1 < count else { throw JSONError(.unexpectedEnd, at: count) }
        switch base[place + 1] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return place + 2
        case 0x75: break
        default: throw JSONError(.invalidEscape, at: place)
        }
        let unit = try hexadecimal(at: place + 2, escape: place)
        guard 0xD800...0xDFFF ~= unit else { return place + 6 }
        if unit < 0xDC00, place + 7 < count, base[place + 6] == 0x5C, base[place + 7] == 0x75 {
            let low = try hexadecimal(at: place + 8, escape: place + 6)
            if 0xDC00...0xDFFF ~= low { return place + 12 }
        }
        token.hasLoneSurrogate = true
        return place + 6
    }

    private func hexadecimal(at place: Int, escape: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for index in place..<place + 4 {
            guard index < count else { throw JSONError(.unexpectedEnd, at: count) }
            guard let digit = Self.hexadecimalDigit(base[index]) else { throw JSONError(.invalidEscape, at: escape) }
            unit = unit << 4 | digit
        }
        return unit
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte) - 0x30
        case 0x41...0x46: UInt32(byte) - 0x37
        case 0x61...0x66: UInt32(byte) - 0x57
        default: nil
        }
    }

    /// Checks a UTF-8 sequence of two to four bytes (Unicode 15, table 3-7) and returns the byte after it.
    private func sequence(at place: Int) throws(JSONError) -> Int {
        let lead = base[place]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw JSONError(.invalidUTF8, at: place)
        }
        guard place + length <= count else { throw JSONError(.invalidUTF8, at: place) }
        guard second ~= base[place + 1] else { throw JSONError(.invalidUTF8, at: place) }
        for index in 2..<max(length, 2) where base[place + index] & 0xC0 != 0x80 { throw JSONError(.invalidUTF8, at: place) }
        return place + length
    }

    /// The decoded text of a string; half a surrogate pair becomes U+FFFD.
    public func text(_ token: JSONStringToken) -> String { Self.text(token, in: source) }

    /// The decoded text of a string token of these bytes; half a surrogate pair becomes U+FFFD.
    public static func text(_ token: JSONStringToken, in bytes: UnsafeRawBufferPointer) -> String {
        let content = UnsafeRawBufferPointer(rebasing: bytes[token.start..<token.end])
        guard token.hasEscapes else { return String(decoding: content, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: content.count) { decode(content, into: $0) }
    }

    /// True if the decoded text is the given constant, which holds ASCII only.
    public func equals(_ token: JSONStringToken, _ constant: StaticString) -> Bool {
        if token.hasEscapes { return text(token) == constant.description }
        guard token.length == constant.utf8CodeUnitCount else { return false }
        for index in 0..<token.length where base[token.start + index] != constant.utf8Start[index] { return false }
        return true
    }

    /// The number of Unicode scalars of the decoded text.
    public static func scalarCount(_ token: JSONStringToken, in bytes: UnsafeRawBufferPointer) -> Int {
        if token.hasEscapes { return text(token, in: bytes).unicodeScalars.count }
        var count = 0
        for index in token.start..<token.end where bytes[index] & 0xC0 != 0x80 { count += 1 }
        return count
    }

    /// Writes the decoded bytes of checked content; they are never more than the content.
    private static func decode(_ content: UnsafeRawBufferPointer, into out: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var place = 0
        var written = 0
        func put(_ byte: UInt8) {
            out[written] = byte
            written += 1
        }
        func unit(_ start: Int) -> UInt32 {
            (start..<start + 4).reduce(0) { $0 << 4 | (hexadecimalDigit(content[$1]) ?? 0) }
        }
        while place < content.count {
            let byte = content[place]
            guard byte == 0x5C else {
                put(byte)
                place += 1
                continue
            }
            place += 2
            switch content[place - 1] {
            case 0x62: put(0x08)
            case 0x66: put(0x0C)
            case 0x6E: put(0x0A)
            case 0x72: put(0x0D)
            case 0x74: put(0x09)
            case 0x75:
                var value = unit(place)
                place += 4
                if 0xD800..<0xDC00 ~= value, place + 6 <= content.count, content[place] == 0x5C, content[place + 1] == 0x75 {
                    let low = unit(place + 2)
                    if 0xDC00...0xDFFF ~= low {
                        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                        place += 6
                    }
                }
                let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
                for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { put(unit) }
            case let plain: put(plain)
            }
        }
        return written
    }
}
