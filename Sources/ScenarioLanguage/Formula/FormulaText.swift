/// Helpers around the text of formulas in YAML.
public enum FormulaText {
    /// Whether a formula must be quoted to survive as an unquoted YAML value; `inFlow` says that it stands inside `{ }` or `[ ]`.
    ///
    /// `text` is the formula without its `=`. Inside flow collections commas and brackets end an unquoted value; everywhere `: `
    /// and ` #` do, and line breaks and outer spaces are lost.
    public static func needsQuoting(_ text: String, inFlow: Bool) -> Bool {
        var before: UInt8 = 0x3D
        for byte in text.utf8 {
            switch byte {
            case 0x2C, 0x5B, 0x5D, 0x7B, 0x7D: if inFlow { return true }
            case 0x0A, 0x0D, 0x09: return true
            case 0x23: if before == 0x20 { return true }
            case 0x20: if before == 0x3A { return true }
            default: break
            }
            before = byte
        }
        return before == 0x20 || before == 0x3A
    }

    /// The formula with its `=` as a YAML value: in single quotes where it needs them.
    public static func yaml(_ text: String, inFlow: Bool) -> String {
        guard needsQuoting(text, inFlow: inFlow) else { return "=" + text }
        var quoted = "'="
        for scalar in text.unicodeScalars {
            if scalar == "'" { quoted += "'" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "'"
    }
}

extension Formula {
    /// The formula with canonical spaces; `nil` when the text is no formula.
    ///
    /// Only the spaces between tokens change, never a spelling, so that the meaning stays the same: one space around binary
    /// operators and after commas, none inside parentheses or after a sign.
    public static func canonical(_ text: String) -> String? {
        // Hyphenated words stay glued: whether they are one name or a difference is known only with the names of the file.
        guard (try? FormulaParser.parse(text, isKnownName: { _ in true })) != nil,
            let tokens = try? FormulaLexer.tokens(text, isKnownName: { _ in true })
        else { return nil }
        let bytes = Array(text.utf8)
        var result = ""
        var isUnary = false
        var previous: FormulaToken.Kind?
        for token in tokens where token.kind != .end {
            let joined: Bool
            switch (previous, token.kind) {
            case (nil, _), (.leftParenthesis, _), (_, .rightParenthesis), (_, .comma): joined = true
            case (.name, .leftParenthesis): joined = true
            default: joined = isUnary
            }
            if !joined { result += " " }
            let startsValue: Bool
            switch previous {
            case nil, .leftParenthesis, .comma, .symbol: startsValue = true
            default: startsValue = false
            }
            isUnary = token.kind == .symbol(.minus) && startsValue
            result += spaced(String(decoding: bytes[token.span.start..<token.span.end], as: UTF8.self), token.kind)
            previous = token.kind
        }
        return result
    }

    /// A number with one space before its unit, none before `%` and none in a compound time.
    private static func spaced(_ text: String, _ kind: FormulaToken.Kind) -> String {
        guard case .number(_, _, let isBare) = kind, !isBare else { return text }
        let compact = text.utf8.filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        var number = compact.count
        for (index, byte) in compact.enumerated() {
            let isExponent = byte | 0x20 == 0x65 && index + 1 < compact.count && (0x30...0x39).contains(compact[index + 1]) || byte == 0x2D || byte == 0x2B
            if (0x30...0x39).contains(byte) || byte == 0x2E || byte == 0x5F || isExponent { continue }
            if byte | 0x20 == 0x65, index + 2 < compact.count, compact[index + 1] == 0x2D || compact[index + 1] == 0x2B { continue }
            number = index
            break
        }
        let digits = String(decoding: compact[..<number], as: UTF8.self)
        let unit = String(decoding: compact[number...], as: UTF8.self)
        let isCompound = unit.utf8.contains { (0x30...0x39).contains($0) } && !unit.utf8.contains(0x5E)
        return unit == "%" || isCompound ? digits + unit : digits + " " + unit
    }
}
