extension FormulaLexer {
    /// Spellings of other languages with what to write instead; longer ones first.
    private static let foreign: [(spelling: String, kind: FormulaErrorKind, help: String)] = [
        ("{{", .templating, "write the name alone: the whole value is the formula"),
        ("}}", .templating, "write the name alone: the whole value is the formula"),
        ("${", .templating, "write the name alone: the whole value is the formula"), ("===", .foreignOperator, "write =="),
        ("!==", .foreignOperator, "write !="), ("&&", .foreignOperator, "write and"), ("||", .foreignOperator, "write or"),
        ("**", .foreignOperator, "write x * x for a power"), ("^", .foreignOperator, "write x * x for a power"),
        ("<>", .foreignOperator, "write !="), ("=<", .foreignOperator, "write <="), ("=>", .foreignOperator, "write >="),
        ("=~", .foreignOperator, "texts are compared with == as a whole"), ("//", .foreignOperator, "write a / b; comments do not exist inside a formula"),
        ("≤", .foreignOperator, "write <="), ("≥", .foreignOperator, "write >="), ("≠", .foreignOperator, "write !="),
        ("×", .foreignOperator, "write *"), ("·", .foreignOperator, "write *"), ("÷", .foreignOperator, "write /"), ("−", .foreignOperator, "write -"),
        ("–", .foreignOperator, "write -"), ("?", .foreignOperator, "write if(condition, value, otherwise)"),
        (":", .foreignOperator, "write if(condition, value, otherwise)"), ("&", .foreignOperator, "write and"), ("|", .foreignOperator, "write or"),
    ]

    /// Throws when the text at the present place belongs to another language.
    func refuseForeign() throws(FormulaError) {
        let rest = bytes[position...]
        // An equality is looked at alone because '=' starts '==' too.
        for (spelling, kind, help) in Self.foreign where rest.starts(with: spelling.utf8) {
            let span = FormulaSpan(start: position, end: position + spelling.utf8.count)
            if kind == .templating { throw FormulaError(kind, at: span, "'\(spelling)' is templating, which does not exist here", help: help) }
            throw FormulaError(kind, at: span, "'\(spelling)' is not an operator of formulas", help: help)
        }
        let one = FormulaSpan(start: position, end: position + 1)
        if byte() == 0x3D, byte(1) != 0x3D { throw FormulaError(.foreignOperator, at: one, "'=' is not an operator of formulas", help: "write ==") }
        if byte() == 0x21, byte(1) != 0x3D { throw FormulaError(.foreignOperator, at: one, "'!' is not an operator of formulas", help: "write not") }
        if byte() == 0x2E {
            if byte(1) == 0x2E { try refuseRange(from: position) }
            var end = position + 1
            while end < bytes.count, Self.isDigit(bytes[end]) { end += 1 }
            if end > position + 1 {
                throw FormulaError(
                    .badNumber, at: FormulaSpan(start: position, end: end), "digits are missing before the point", help: "write 0\(string(position, end))")
            }
        }
    }

    /// Throws the error for `..` and `...`.
    func refuseRange(from start: Int) throws(FormulaError) {
        var end = position
        while end < bytes.count, bytes[end] == 0x2E { end += 1 }
        throw FormulaError(
            .range, at: FormulaSpan(start: position, end: end), "a range is no value of a formula",
            help: "compare with both ends, or use clamp(x, low, high) or uniform(low, high)")
    }

    /// The error for a character that no formula has.
    func strangeCharacter() -> FormulaError {
        // The whole character, so that the span and the message hold no half of it.
        let character = String(decoding: bytes[position...].prefix(32), as: UTF8.self).first ?? "?"
        let length = Swift.min(character.utf8.count, bytes.count - position)
        let help: String? =
            switch character {
            case "[", "]": "write cp.3 for the third of a counted node"
            case "{", "}": "a formula has no braces; quote it where it stands inside { }"
            case "“", "”", "‘", "’", "`": "write straight quotes: 'text'"
            case "#": "a comment stands outside the formula, after a space"
            case ";": "write a comma between arguments"
            case "$", "@": "write the name alone"
            default: nil
            }
        let shown = character.unicodeScalars.first.map { $0.value < 0x20 || $0.value == 0x7F } == true ? "a control character" : "'\(character)'"
        return FormulaError(.strangeCharacter, at: FormulaSpan(start: position, end: position + length), "\(shown) has no meaning in a formula", help: help)
    }
}
