import Quantities

/// Reads formulas of metric temporal logic: `always (cp1.limit <= 1 A implies eventually[0s, 5s] (charger.current <= 2 A))`.
///
/// Loosest first: `iff` and `xor`, `implies`, `or`, `and`, `until` and `since`, then the prefixes `not always eventually historically once prev rise fall`,
/// then conditions, which are formulas of the language without `and`, `or` and `not` of their own outside parentheses.
public struct TemporalFormulaReader {
    /// Longest reach: ten years.
    static let longest = Duration.seconds(315_360_000)
    static let operatorLimit = 1000

    private enum Word: String, CaseIterable {
        case not, and, or, implies, iff, xor, always, eventually, historically, once, until, since, prev, rise, fall

        var isPrefix: Bool {
            switch self {
            case .not, .always, .eventually, .historically, .once, .prev, .rise, .fall: true
            default: false
            }
        }

        var isFuture: Bool { self == .always || self == .eventually || self == .until }

        var takesBounds: Bool {
            switch self {
            case .always, .eventually, .historically, .once, .until, .since: true
            default: false
            }
        }

        /// How strongly it binds between two operands; 0 when it stands in front of one.
        var strength: Int {
            switch self {
            case .iff, .xor: 1
            case .implies: 2
            case .or: 3
            case .and: 4
            case .until, .since: 5
            default: 0
            }
        }
    }

    private struct Token {
        enum Kind: Equatable {
            case word(Word)
            case open, close, openBracket, closeBracket, other, end
        }
        let kind: Kind
        let span: FormulaSpan
    }

    private let bytes: [UInt8]
    private let compile: (String) throws(FormulaError) -> Formula
    private var tokens: [Token] = []
    /// For each opening token the index of the one that closes it.
    private var partners: [Int: Int] = [:]
    private var place = 0
    private var depth = 0
    private var operators = 0
    private var conditions: [TemporalCondition] = []
    private var numbers: [String: Int] = [:]

    /// Reads a formula over the names of a scope.
    ///
    /// - Parameters:
    ///   - text: the formula, without a leading `=`.
    ///   - context: when the conditions are evaluated; `live` for detectors.
    public static func read(_ text: String, scope: some FormulaScope, context: FormulaContext = .live) throws(TemporalError) -> TemporalReading {
        guard text.utf8.count <= FormulaParser.lengthLimit else {
            throw TemporalError(
                .tooLarge, at: FormulaSpan(start: FormulaParser.lengthLimit, end: text.utf8.count),
                "the formula has \(text.utf8.count) bytes, more than \(FormulaParser.lengthLimit)")
        }
        var reader = TemporalFormulaReader(text) { (part) throws(FormulaError) -> Formula in
            try Formula.compile(part, scope: scope, context: context)
        }
        try reader.tokenize()
        let tree = try reader.expression(1)
        let rest = reader.token
        if rest.kind == .close || rest.kind == .closeBracket { throw TemporalError(.unbalanced, at: rest.span, "'\(reader.text(rest.span))' closes nothing") }
        guard rest.kind == .end else {
            throw TemporalError(
                .leftOver, at: rest.span, "'\(reader.text(rest.span))' does not belong here", help: "join the parts with and, or, implies, until or since")
        }
        try reader.checkFuture(tree, isTop: true)
        guard reach(tree) <= longest else {
            throw TemporalError(.tooLarge, at: FormulaSpan(start: 0, end: text.utf8.count), "the formula looks more than ten years ahead")
        }
        return TemporalReading(text: text, tree: tree, conditions: reader.conditions)
    }

    private init(_ text: String, compile: @escaping (String) throws(FormulaError) -> Formula) {
        bytes = Array(text.utf8)
        self.compile = compile
    }

    // MARK: - Tokens

    private func text(_ span: FormulaSpan) -> String { String(decoding: bytes[span.start..<span.end], as: UTF8.self) }

    /// Splits the text; what is neither a word of temporal logic nor a parenthesis is left to the formulas.
    private mutating func tokenize() throws(TemporalError) {
        var opened: [Int] = []
        var position = 0
        func add(_ kind: Token.Kind, _ length: Int) {
            tokens.append(Token(kind: kind, span: FormulaSpan(start: position, end: position + length)))
            position += length
        }
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case 0x28, 0x5B:
                opened.append(tokens.count)
                add(byte == 0x28 ? .open : .openBracket, 1)
            case 0x29, 0x5D:
                guard let start = opened.popLast(), (tokens[start].kind == .open) == (byte == 0x29) else {
                    throw TemporalError(
                        .unbalanced, at: FormulaSpan(start: position, end: position + 1), "'\(Character(Unicode.Scalar(byte)))' closes nothing")
                }
                partners[start] = tokens.count
                add(byte == 0x29 ? .close : .closeBracket, 1)
            case 0x27, 0x22:
                var end = position + 1
                while end < bytes.count, bytes[end] != byte { end += 1 }
                add(.other, min(end + 1, bytes.count) - position)
            case _ where FormulaLexer.isNamePart(byte):
                var end = position
                while end < bytes.count, FormulaLexer.isNamePart(bytes[end]) || bytes[end] == 0x2E || bytes[end] == 0x2A && bytes[end - 1] == 0x2E { end += 1 }
                let word = Word(rawValue: String(decoding: bytes[position..<end], as: UTF8.self))
                // A hyphen joins words to one name.
                let isPart = position > 0 && bytes[position - 1] == 0x2D && position > 1 && FormulaLexer.isNamePart(bytes[position - 2])
                add(word.flatMap { isPart ? nil : .word($0) } ?? .other, end - position)
            default:
                if let (length, help) = foreign(position) {
                    throw TemporalError(
                        .foreignOperator, at: FormulaSpan(start: position, end: position + length),
                        "'\(String(decoding: bytes[position..<position + length], as: UTF8.self))' is not written so here", help: help)
                }
                add(.other, 1)
            }
        }
        if let start = opened.last {
            throw TemporalError(
                .unbalanced, at: tokens[start].span, "'\(text(tokens[start].span))' is not closed",
                help: "in { } and [ ] of YAML a comma ends an unquoted text: quote the whole formula")
        }
        add(.end, 0)
    }

    /// An operator of another notation at a place: its length and what to write.
    private func foreign(_ position: Int) -> (length: Int, help: String)? {
        let known: [(String, String)] = [
            ("<->", "write iff"), ("<=>", "write iff"), ("->", "write implies"), ("=>", "write implies"), ("&&", "write and"), ("||", "write or"),
            ("&", "write and"), ("|", "write or"), ("□", "write always"), ("◇", "write eventually"), ("¬", "write not"), ("∧", "write and"),
            ("∨", "write or"), ("→", "write implies"),
        ]
        for (sign, help) in known {
            let pattern = Array(sign.utf8)
            if position + pattern.count <= bytes.count, Array(bytes[position..<position + pattern.count]) == pattern { return (pattern.count, help) }
        }
        if bytes[position] == 0x21, position + 1 < bytes.count, bytes[position + 1] != 0x3D { return (1, "write not") }
        return nil
    }

    private var token: Token { tokens[place] }

    private mutating func enter(_ span: FormulaSpan) throws(TemporalError) {
        depth += 1
        guard depth <= FormulaParser.nestingLimit else {
            throw TemporalError(.tooLarge, at: span, "the formula is nested more than \(FormulaParser.nestingLimit) deep")
        }
    }

    private mutating func count(_ span: FormulaSpan) throws(TemporalError) {
        operators += 1
        guard operators <= Self.operatorLimit else { throw TemporalError(.tooLarge, at: span, "the formula has more than \(Self.operatorLimit) operators") }
    }

    // MARK: - Grammar

    private mutating func expression(_ minimum: Int) throws(TemporalError) -> TemporalTree {
        var left = try prefix()
        while case .word(let word) = token.kind, word.strength >= minimum, word.strength > 0 {
            let mark = token.span
            try count(mark)
            place += 1
            let interval = try bounds(word, mark)
            let right = try expression(word.strength + 1)
            if ![.and, .or].contains(word), case .word(let next) = token.kind, next.strength == word.strength {
                throw TemporalError(
                    .unclearOrder, at: token.span, "'\(word.rawValue)' and '\(next.rawValue)' side by side can be read in two ways",
                    help: "put one of them into parentheses", notes: [mark.note("the first")])
            }
            switch word {
            case .and: left = .and(left, right)
            case .or: left = .or(left, right)
            case .implies: left = .implies(left, right)
            case .iff: left = .iff(left, right)
            case .xor: left = .xor(left, right)
            case .until: left = .until(interval, left, right)
            default: left = .since(interval, left, right)
            }
        }
        return left
    }

    private mutating func prefix() throws(TemporalError) -> TemporalTree {
        let here = token
        if case .word(let word) = here.kind, word.isPrefix {
            try count(here.span)
            try enter(here.span)
            defer { depth -= 1 }
            place += 1
            let interval = try bounds(word, here.span)
            let operand = try prefix()
            switch word {
            case .not: return .not(operand)
            case .always: return .always(interval, operand)
            case .eventually: return .eventually(interval, operand)
            case .historically: return .historically(interval, operand)
            case .once: return .once(interval, operand)
            case .prev: return .previous(operand)
            case .rise: return .rise(operand)
            default: return .fall(operand)
            }
        }
        if here.kind == .open, isGroup { return try group() }
        return try condition()
    }

    /// Whether the parenthesis here holds temporal logic and not a part of a condition.
    private var isGroup: Bool {
        guard let close = partners[place] else { return false }
        // What goes on behind it, such as `(a + b) / 2 <= 1 A`, makes it a part of a condition.
        switch tokens[close + 1].kind {
        case .end, .close, .word: break
        default: return false
        }
        return true
    }

    private mutating func group() throws(TemporalError) -> TemporalTree {
        let open = token.span
        try enter(open)
        defer { depth -= 1 }
        place += 1
        let inner = try expression(1)
        guard token.kind == .close else {
            throw TemporalError(
                .leftOver, at: token.span, "'\(text(token.span))' does not belong here", help: "join the parts with and, or, implies, until or since")
        }
        place += 1
        return inner
    }

    /// A condition: all tokens up to a word of temporal logic, a closing parenthesis or the end.
    private mutating func condition() throws(TemporalError) -> TemporalTree {
        let first = place
        loop: while true {
            switch token.kind {
            case .end, .close, .closeBracket, .word: break loop
            case .open, .openBracket: place = (partners[place] ?? place) + 1
            case .other: place += 1
            }
        }
        guard place > first else {
            let what = token.kind == .end ? "the end" : "'\(text(token.span))'"
            throw TemporalError(
                .missingOperand, at: token.span,
                first == 0 ? "an operand is missing before \(what)" : "an operand is missing between '\(text(tokens[first - 1].span))' and \(what)",
                help: "write a condition, for example charger.current <= 2 A")
        }
        let span = FormulaSpan(start: tokens[first].span.start, end: tokens[place - 1].span.end)
        let source = text(span)
        if let number = numbers[source] { return .condition(number) }
        conditions.append(try read(source, at: span.start, tokens: first..<place))
        numbers[source] = conditions.count - 1
        return .condition(conditions.count - 1)
    }

    private func formula(_ text: String, at offset: Int) throws(TemporalError) -> Formula {
        do { return try compile(text) } catch { throw TemporalError(error, movedBy: offset) }
    }

    private func read(_ source: String, at offset: Int, tokens range: Range<Int>) throws(TemporalError) -> TemporalCondition {
        let whole = try formula(source, at: offset)
        guard whole.type == .flag else {
            throw TemporalError(
                .missingOperand, at: FormulaSpan(start: offset, end: offset + source.utf8.count),
                "a condition is wanted here, but '\(source)' is \(whole.type.phrase)",
                help: "compare it, for example \(source) > 0")
        }
        guard let (start, end) = comparison(range) else {
            return TemporalCondition(text: source, condition: whole, sides: nil, comparison: "", dimension: .none)
        }
        let left = String(decoding: bytes[offset..<start], as: UTF8.self)
        let right = String(decoding: bytes[end..<offset + source.utf8.count], as: UTF8.self)
        let sides = (left: try formula(left, at: offset), right: try formula(right, at: end))
        // Texts and flags have no distance.
        guard case .number(let dimension) = sides.left.type, case .number = sides.right.type else {
            return TemporalCondition(text: source, condition: whole, sides: nil, comparison: "", dimension: .none)
        }
        return TemporalCondition(
            text: source, condition: whole, sides: sides, comparison: String(decoding: bytes[start..<end], as: UTF8.self), dimension: dimension)
    }

    /// The place of the comparison of a condition that stands outside its parentheses.
    private func comparison(_ range: Range<Int>) -> (start: Int, end: Int)? {
        var index = range.lowerBound
        while index < range.upperBound {
            if let close = partners[index] {
                index = close + 1
                continue
            }
            let start = tokens[index].span.start
            if tokens[index].kind == .other, [0x3C, 0x3E, 0x3D, 0x21].contains(bytes[start]) {
                let isLong = start + 1 < bytes.count && bytes[start + 1] == 0x3D
                return (start, start + (isLong ? 2 : 1))
            }
            index += 1
        }
        return nil
    }

    // MARK: - Bounds

    /// The bounds behind an operator; without any it has none.
    private mutating func bounds(_ word: Word, _ mark: FormulaSpan) throws(TemporalError) -> TemporalInterval {
        guard token.kind == .openBracket else { return .unbounded }
        let open = place
        guard let close = partners[open] else { return .unbounded }
        let inside = FormulaSpan(start: tokens[open].span.end, end: tokens[close].span.start)
        let whole = FormulaSpan(start: tokens[open].span.start, end: tokens[close].span.end)
        place = close + 1
        guard word.takesBounds else { throw TemporalError(.badBounds, at: whole, "'\(word.rawValue)' has no bounds") }
        let example = "write \(word.rawValue)[0s, 5s]"
        let content = text(inside)
        guard let comma = content.utf8.firstIndex(where: { $0 == 0x2C || $0 == 0x3A }) else {
            throw TemporalError(.badBounds, at: whole, "bounds are two times", help: example)
        }
        let before = String(content[..<comma])
        let after = String(content[content.index(after: comma)...])
        let from = try time(before, at: inside.start, whole, example)
        let to = try time(after, at: inside.start + before.utf8.count + 1, whole, example)
        guard from <= to else {
            throw TemporalError(
                .badBounds, at: whole, "the interval ends before it begins",
                help: "write the nearer end first: \(word.rawValue)[\(after.trimmed), \(before.trimmed)]")
        }
        return TemporalInterval(from: from, to: to)
    }

    private func time(_ part: String, at offset: Int, _ whole: FormulaSpan, _ example: String) throws(TemporalError) -> Duration {
        guard !part.trimmed.isEmpty else { throw TemporalError(.badBounds, at: whole, "bounds are two times", help: example) }
        let formula = try formula(part, at: offset)
        let span = FormulaSpan(start: offset, end: offset + part.utf8.count)
        guard formula.isConstant, formula.type == .number(.time) || formula.type == .number(.none) && formula.constantValue == 0 else {
            throw TemporalError(.badBounds, at: span, "a bound is a time that is known before the run, but '\(part.trimmed)' is not", help: example)
        }
        guard let time = Duration(seconds: formula.constantValue), time >= .zero, time <= Self.longest else {
            throw TemporalError(.badBounds, at: span, "a bound lies between 0 s and ten years", help: example)
        }
        return time
    }

    // MARK: - The future must end

    private func checkFuture(_ tree: TemporalTree, isTop: Bool) throws(TemporalError) {
        func end(_ interval: TemporalInterval, _ word: String, help: String) throws(TemporalError) {
            guard interval.to == nil else { return }
            let mark = tokens.first { text($0.span) == word }?.span ?? FormulaSpan(start: 0, end: bytes.count)
            throw TemporalError(.unboundedFuture, at: mark, "'\(word)' without bounds can never be found violated", help: help)
        }
        switch tree {
        case .condition: return
        case .always(let interval, let a):
            if !isTop || interval.to != nil {
                try end(interval, "always", help: "say for how long: always[0s, 10s]; only an outermost 'always' may have no end")
            }
            try checkFuture(a, isTop: isTop && interval.to == nil)
        case .eventually(let interval, let a):
            try end(interval, "eventually", help: "say by when: eventually[0s, 5s]")
            try checkFuture(a, isTop: false)
        case .until(let interval, let a, let b):
            try end(interval, "until", help: "say by when: until[0s, 5s]")
            try checkFuture(a, isTop: false)
            try checkFuture(b, isTop: false)
        case .and(let a, let b):
            try checkFuture(a, isTop: isTop)
            try checkFuture(b, isTop: isTop)
        case .not(let a), .historically(_, let a), .once(_, let a), .previous(let a), .rise(let a), .fall(let a): try checkFuture(a, isTop: false)
        case .or(let a, let b), .implies(let a, let b), .iff(let a, let b), .xor(let a, let b), .since(_, let a, let b):
            try checkFuture(a, isTop: false)
            try checkFuture(b, isTop: false)
        }
    }

    /// How far a formula looks ahead and back together.
    private static func reach(_ tree: TemporalTree) -> Duration {
        switch tree {
        case .condition: .zero
        case .not(let a), .previous(let a), .rise(let a), .fall(let a): reach(a)
        case .and(let a, let b), .or(let a, let b), .implies(let a, let b), .iff(let a, let b), .xor(let a, let b): max(reach(a), reach(b))
        case .always(let interval, let a), .eventually(let interval, let a), .historically(let interval, let a), .once(let interval, let a):
            (interval.to ?? .zero) + reach(a)
        case .until(let interval, let a, let b), .since(let interval, let a, let b): (interval.to ?? .zero) + max(reach(a), reach(b))
        }
    }
}
