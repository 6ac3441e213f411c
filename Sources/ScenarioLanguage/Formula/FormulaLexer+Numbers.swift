import Quantities
import YAMLTree

extension FormulaLexer {
    /// Words that never are a unit, so that `5 and` is read as two tokens.
    private static let words: Set<String> = ["and", "or", "not", "to", "then", "else", "is", "in", "mod", "AND", "OR", "NOT", "if", "x"]

    mutating func number() throws(FormulaError) -> FormulaToken {
        let start = position
        if byte() == 0x30, byte(1) | 0x20 == 0x78 { return try hexadecimal() }
        var (end, bare) = try scanNumber()
        var hasUnit = false
        while let (unitEnd, unit) = try scanUnit() {
            hasUnit = true
            end = unitEnd
            position = end
            bare = false
            guard unit.dimension == .time, unit.symbol.first != "/" else { break }
            skipSpaces()
            guard Self.isDigit(byte()) else {
                position = end
                break
            }
            (end, _) = try scanNumber()
            // The unit of this part is checked by the next turn; a part without one is refused by the parser of quantities.
        }
        position = end
        let span = FormulaSpan(start: start, end: end)
        if !hasUnit { try refuseUnknownUnit(after: span) }
        do {
            let quantity = try Quantity.parse(string(start, end))
            guard quantity.value.isFinite else {
                throw FormulaError(.numberOutOfRange, at: span, "the number '\(string(start, end))' is too great")
            }
            return FormulaToken(kind: .number(quantity.value, quantity.dimension, isBare: bare), span: span)
        } catch let error as QuantityError {
            throw translated(error, span)
        } catch let error as FormulaError {
            throw error
        } catch {
            throw FormulaError(.badNumber, at: span, "malformed number")
        }
    }

    private func translated(_ error: QuantityError, _ span: FormulaSpan) -> FormulaError {
        let text = string(span.start, span.end)
        switch error {
        case .outOfRange:
            return FormulaError(
                .numberOutOfRange, at: span, "the number '\(text)' is out of range",
                help: "at most 18 digits; times are whole nanoseconds up to 292 years")
        case .unknownUnit(let unit, _): return FormulaError(.unknownUnit, at: span, "unknown unit '\(unit)'")
        case .badCompound: return FormulaError(.badNumber, at: span, "'\(text)' is no compound time", help: "write the parts with falling units: 1min30s")
        case .notANumber: return FormulaError(.badNumber, at: span, "'\(text)' is no number")
        }
    }

    private mutating func hexadecimal() throws(FormulaError) -> FormulaToken {
        let start = position
        position += 2
        while Self.isNamePart(byte()) { position += 1 }
        let span = FormulaSpan(start: start, end: position)
        do {
            let quantity = try Quantity.parse(string(start, position))
            return FormulaToken(kind: .number(quantity.value, .none, isBare: true), span: span)
        } catch {
            throw translated(error, span)
        }
    }

    /// Steps over digits, point and exponent; returns where the number ends.
    private mutating func scanNumber() throws(FormulaError) -> (end: Int, bare: Bool) {
        let start = position
        func isSeparator() -> Bool { byte() == 0x5F && Self.isDigit(byte(1)) }
        while Self.isDigit(byte()) || isSeparator() { position += 1 }
        if byte() == 0x2E {
            if byte(1) == 0x2E { try refuseRange(from: start) }
            guard Self.isDigit(byte(1)) else {
                throw FormulaError(
                    .badNumber, at: FormulaSpan(start: start, end: position + 1), "digits are missing behind the point",
                    help: "write \(string(start, position)) or \(string(start, position)).0")
            }
            position += 1
            while Self.isDigit(byte()) || isSeparator() { position += 1 }
            if byte() == 0x2E, Self.isDigit(byte(1)) {
                let second = position
                position += 1
                while Self.isDigit(byte()) || byte() == 0x2E { position += 1 }
                throw FormulaError(
                    .badNumber, at: FormulaSpan(start: start, end: position), "a number has one point, '\(string(start, position))' has more",
                    help: "write \(string(start, second))")
            }
        }
        if byte() | 0x20 == 0x65 {
            let signed = byte(1) == 0x2B || byte(1) == 0x2D
            if Self.isDigit(byte(signed ? 2 : 1)) {
                position += signed ? 2 : 1
                while Self.isDigit(byte()) { position += 1 }
            }
        }
        return (position, true)
    }

    /// The unit behind a number and its end, without moving on; `nil` when no unit follows.
    private mutating func scanUnit() throws(FormulaError) -> (end: Int, unit: Unit)? {
        let numberEnd = position
        skipSpaces()
        defer { position = numberEnd }
        let start = position
        let spaced = start > numberEnd
        if byte() == 0x25 {
            guard percentSign(spaced: spaced), let unit = Unit.named("%") else { return nil }
            return (start + 1, unit)
        }
        var end = start
        if byte() == 0x2F { end += 1 }
        let slash = end > start
        let wordStart = end
        while end < bytes.count, Self.isUnitLetter(bytes[end]) { end += 1 }
        guard end > wordStart else { return nil }
        // The longest unit wins: kbit/s before kbit, A^2 before A.
        if !slash, end + 1 < bytes.count, bytes[end] == 0x2F {
            var long = end + 1
            while long < bytes.count, Self.isUnitLetter(bytes[long]) { long += 1 }
            if long > end + 1, endsUnit(long), let unit = Unit.named(string(start, long)) { return (long, unit) }
        }
        if !slash, end + 1 < bytes.count, bytes[end] == 0x5E, endsUnit(end + 2), let unit = Unit.named(string(start, end + 2)) { return (end + 2, unit) }
        guard let unit = Unit.named(string(start, end)) else { return nil }
        let compound = unit.dimension == .time && !slash && end < bytes.count && Self.isDigit(bytes[end])
        return compound || endsUnit(end) ? (end, unit) : nil
    }

    private static func isUnitLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte >= 0x80 }

    /// Whether no name goes on at a place.
    private func endsUnit(_ place: Int) -> Bool {
        guard place < bytes.count else { return true }
        return !(Self.isNamePart(bytes[place]) || bytes[place] == 0x2E || bytes[place] == 0x28)
    }

    /// Whether the `%` at the present place belongs to the number before it and is no remainder operator.
    private func percentSign(spaced: Bool) -> Bool {
        var next = position + 1
        while next < bytes.count, bytes[next] == 0x20 || bytes[next] == 0x09 { next += 1 }
        let glued = next == position + 1
        guard next < bytes.count else { return true }
        let follows = bytes[next]
        let startsValue: Bool
        if Self.isDigit(follows) || follows == 0x28 || follows == 0x27 || follows == 0x22 {
            startsValue = true
        } else if Self.isNameStart(follows) {
            var end = next
            while end < bytes.count, Self.isNamePart(bytes[end]) { end += 1 }
            let word = string(next, end)
            startsValue = word != "and" && word != "or"
        } else {
            // `5 % -3` is a remainder, `5% - 3%` a difference.
            startsValue = spaced && follows == 0x2D && next + 1 < bytes.count && bytes[next + 1] != 0x20
        }
        guard startsValue else { return true }
        return !spaced && !glued
    }

    /// Refuses a word behind a number that looks like a unit but is none.
    private mutating func refuseUnknownUnit(after number: FormulaSpan) throws(FormulaError) {
        position = number.end
        skipSpaces()
        let start = position
        defer { position = number.end }
        var end = start
        while end < bytes.count, Self.isUnitLetter(bytes[end]) || Self.isDigit(bytes[end]) || bytes[end] == 0x5F { end += 1 }
        guard end > start, !Self.isDigit(bytes[start]) else { return }
        let word = string(start, end)
        if Self.words.contains(word) && word != "x" { return }
        if start > number.end, end < bytes.count, bytes[end] == 0x2E || bytes[end] == 0x28 { return }
        if start > number.end, isKnownName(word) { return }
        let value = string(number.start, number.end)
        let lowered = word.lowercased()
        let near =
            Unit.all.first { $0.symbol.lowercased() == lowered }?.symbol ?? Self.otherSpellings[lowered]
            ?? (word.utf8.count > 2 ? Suggestion.nearest(word, among: Unit.all.map(\.symbol)) : nil)
        throw FormulaError(
            .unknownUnit, at: FormulaSpan(start: start, end: end), "unknown unit '\(word)'",
            help: near.map { "write \(value)\($0 == "%" ? "" : " ")\($0)" } ?? "for a product write \(value) * \(word)")
    }

    /// Units as people also spell them.
    private static let otherSpellings: [String: String] = [
        "sec": "s", "secs": "s", "second": "s", "seconds": "s", "mins": "min", "minute": "min", "minutes": "min", "m": "min", "hour": "h", "hours": "h",
        "hr": "h", "hrs": "h", "day": "d", "days": "d", "amp": "A", "amps": "A", "ampere": "A", "volt": "V", "volts": "V", "watt": "W", "watts": "W",
        "percent": "%", "ohms": "Ohm", "msec": "ms", "millis": "ms", "celsius": "°C", "c": "°C", "bps": "bit/s", "kbps": "kbit/s", "mbps": "Mbit/s",
    ]
}
