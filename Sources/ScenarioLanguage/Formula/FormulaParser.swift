import Quantities

/// One node of a parsed formula; nodes stand in postorder, so that operands come before what uses them.
struct FormulaNode {
    enum Kind {
        case number(Double, Dimension, isBare: Bool)
        case flag(Bool)
        case text(String)
        case name(String)
        case negate
        case not
        case binary(FormulaOperator)
        case call(FormulaFunction, count: Int)
    }
    let kind: Kind
    /// The whole expression with its parentheses.
    var span: FormulaSpan
    /// The operator or the function's name.
    let mark: FormulaSpan
}

/// Precedence climbing over the tokens; the recursion is bounded by the nesting limit.
struct FormulaParser {
    /// Most operations (operators and calls) of a formula.
    static let operationLimit = 4096
    /// Deepest nesting of parentheses, calls and prefix operators.
    static let nestingLimit = 64
    /// Longest text in bytes.
    static let lengthLimit = 16 * 1024

    private let tokens: [FormulaToken]
    private let text: [UInt8]
    private var position = 0
    private var depth = 0
    private var operations = 0
    private(set) var nodes: [FormulaNode] = []

    private let isKnownName: (String) -> Bool

    private init(tokens: [FormulaToken], text: [UInt8], isKnownName: @escaping (String) -> Bool) {
        self.isKnownName = isKnownName
        self.tokens = tokens
        self.text = text
    }

    /// The nodes of a formula in postorder.
    static func parse(_ text: String, isKnownName: @escaping (String) -> Bool) throws(FormulaError) -> [FormulaNode] {
        let length = text.utf8.count
        guard length <= lengthLimit else {
            throw FormulaError(
                .tooLong, at: FormulaSpan(start: lengthLimit, end: length), "the formula has \(length) bytes, more than \(lengthLimit)",
                help: "split it over parameters or signals")
        }
        var parser = FormulaParser(tokens: try FormulaLexer.tokens(text, isKnownName: isKnownName), text: Array(text.utf8), isKnownName: isKnownName)
        if parser.token.kind == .end {
            throw FormulaError(.empty, at: FormulaSpan(start: 0, end: length), "the formula is empty", help: "write an expression behind the '='")
        }
        _ = try parser.expression(1)
        try parser.expectEnd()
        return parser.nodes
    }

    private var token: FormulaToken { tokens[position] }
    private var previous: FormulaToken { tokens[Swift.max(0, position - 1)] }

    private func source(_ span: FormulaSpan) -> String { String(decoding: text[span.start..<span.end], as: UTF8.self) }

    private mutating func advance() { if position < tokens.count - 1 { position += 1 } }

    private mutating func add(_ kind: FormulaNode.Kind, _ span: FormulaSpan, mark: FormulaSpan) throws(FormulaError) {
        switch kind {
        case .negate, .not, .binary, .call:
            operations += 1
            guard operations <= Self.operationLimit else {
                throw FormulaError(.tooManyOperations, at: mark, "the formula has more than \(Self.operationLimit) operations")
            }
        default: break
        }
        nodes.append(FormulaNode(kind: kind, span: span, mark: mark))
    }

    private mutating func enter(_ span: FormulaSpan) throws(FormulaError) {
        depth += 1
        guard depth <= Self.nestingLimit else {
            throw FormulaError(.tooDeep, at: span, "the formula is nested more than \(Self.nestingLimit) deep")
        }
    }

    // MARK: Grammar

    /// An expression whose operators bind at least as strongly as `minimum`; returns its span.
    private mutating func expression(_ minimum: Int) throws(FormulaError) -> FormulaSpan {
        var left = try prefix(minimum)
        var compared: (left: FormulaSpan, right: FormulaSpan, mark: FormulaSpan)?
        while case .symbol(let op) = token.kind, op.precedence >= minimum, op != .not {
            let mark = token.span
            if op.isComparison, let compared { throw chained(compared, mark) }
            advance()
            let right = try expression(op.precedence + 1)
            if op.isComparison, case .symbol(let next) = token.kind, next.isComparison { throw chained((left, right, mark), token.span) }
            compared = op.isComparison ? (left, right, mark) : nil
            left = left.union(right)
            try add(.binary(op), left, mark: mark)
        }
        return left
    }

    private func chained(_ first: (left: FormulaSpan, right: FormulaSpan, mark: FormulaSpan), _ second: FormulaSpan) -> FormulaError {
        let middle = source(first.right)
        return FormulaError(
            .chainedComparison, at: second, "comparisons cannot be chained",
            help: "write \(source(first.left)) \(source(first.mark)) \(middle) and \(middle) \(source(second)) …")
    }

    private mutating func prefix(_ minimum: Int) throws(FormulaError) -> FormulaSpan {
        let mark = token.span
        switch token.kind {
        case .symbol(.not):
            guard minimum <= 3 else {
                throw FormulaError(.missingValue, at: mark, "'not' cannot stand behind \(behind)", help: "put it into parentheses: (not …)")
            }
            try enter(mark)
            defer { depth -= 1 }
            advance()
            let span = mark.union(try expression(3))
            try add(.not, span, mark: mark)
            return span
        case .symbol(.minus):
            try enter(mark)
            defer { depth -= 1 }
            advance()
            let span = mark.union(try prefix(7))
            try add(.negate, span, mark: mark)
            return span
        default: return try primary()
        }
    }

    private var behind: String { position == 0 ? "nothing" : "'\(source(previous.span))'" }

    private mutating func primary() throws(FormulaError) -> FormulaSpan {
        let here = token
        switch here.kind {
        case .number(let value, let dimension, let isBare):
            advance()
            try add(.number(value, dimension, isBare: isBare), here.span, mark: here.span)
        case .text(let text):
            advance()
            try add(.text(text), here.span, mark: here.span)
        case .name(let name):
            advance()
            return try nameOrCall(name, here.span)
        case .leftParenthesis:
            try enter(here.span)
            defer { depth -= 1 }
            advance()
            _ = try expression(1)
            let close = try closeParenthesis(openedAt: here.span)
            let whole = here.span.union(close)
            nodes[nodes.count - 1].span = whole
            return whole
        case .symbol(let op):
            throw FormulaError(
                .missingValue, at: here.span,
                position == 0 ? "a value is missing before '\(op.rawValue)'" : "a value is missing between \(behind) and '\(op.rawValue)'")
        case .rightParenthesis:
            if position > 0 { throw FormulaError(.missingValue, at: here.span, "a value is missing between \(behind) and ')'") }
            throw FormulaError(.strayParenthesis, at: here.span, "')' closes nothing")
        case .comma:
            throw FormulaError(.missingValue, at: here.span, position == 0 ? "a value is missing before ','" : "a value is missing between \(behind) and ','")
        case .end: throw FormulaError(.missingValue, at: here.span, "a value is missing behind \(behind)")
        }
        return here.span
    }

    private mutating func nameOrCall(_ name: String, _ span: FormulaSpan) throws(FormulaError) -> FormulaSpan {
        let isCall = token.kind == .leftParenthesis
        switch name {
        case "true", "false":
            if isCall { break }
            try add(.flag(name == "true"), span, mark: span)
            return span
        case "AND", "OR", "NOT", "True", "False", "TRUE", "FALSE":
            throw FormulaError(.foreignOperator, at: span, "'\(name)' is written in small letters", help: "write \(name.lowercased())")
        case "if", "then", "else":
            if name == "if", isCall { break }
            throw FormulaError(.foreignCondition, at: span, "a choice between two values is a function", help: "write if(condition, value, otherwise)")
        default: break
        }
        guard isCall else {
            try add(.name(name), span, mark: span)
            return span
        }
        guard let function = FormulaFunction(rawValue: name) else { throw unknownFunction(name, span) }
        let open = token.span
        try enter(open)
        defer { depth -= 1 }
        advance()
        var count = 0
        if token.kind != .rightParenthesis {
            while true {
                _ = try expression(1)
                count += 1
                guard token.kind == .comma else { break }
                advance()
            }
        }
        let whole = span.union(try closeParenthesis(openedAt: open))
        try add(.call(function, count: count), whole, mark: span)
        return whole
    }

    private func unknownFunction(_ name: String, _ span: FormulaSpan) -> FormulaError {
        if isKnownName(name) {
            return FormulaError(.functionWithoutCall, at: span, "'\(name)' is a value, not a function", help: "write \(name) without parentheses")
        }
        let near = FormulaFunction.nearest(to: name)
        return FormulaError(
            .unknownFunction, at: span, "unknown function '\(name)'", help: near.map { "did you mean \($0.info.signature)?" })
    }

    private mutating func closeParenthesis(openedAt open: FormulaSpan) throws(FormulaError) -> FormulaSpan {
        let here = token
        if here.kind == .rightParenthesis {
            advance()
            return here.span
        }
        if here.kind == .end {
            throw FormulaError(
                .unclosedParenthesis, at: open, "'(' is not closed",
                help: "add ')'; in { } and [ ] a comma ends an unquoted formula, so quote it: '=…'")
        }
        if here.kind == .comma {
            throw FormulaError(.missingOperator, at: here.span, "a comma stands outside a call", help: "write a comma only between the arguments of a function")
        }
        throw missingOperator()
    }

    private mutating func expectEnd() throws(FormulaError) {
        switch token.kind {
        case .end: return
        case .rightParenthesis: throw FormulaError(.strayParenthesis, at: token.span, "')' closes nothing")
        case .comma:
            throw FormulaError(
                .missingOperator, at: token.span, "a comma stands outside a call", help: "write a comma only between the arguments of a function")
        default: throw missingOperator()
        }
    }

    /// The error for two values side by side, with the habits of other languages recognised.
    private func missingOperator() -> FormulaError {
        let here = token
        let found = source(here.span)
        if case .name(let word) = here.kind {
            switch word {
            case "to", "until":
                return FormulaError(
                    .range, at: here.span, "a range is no value of a formula", help: "compare with both ends, or use clamp(x, low, high) or uniform(low, high)")
            case "then", "else", "if":
                return FormulaError(
                    .foreignCondition, at: here.span, "a choice between two values is a function", help: "write if(condition, value, otherwise)")
            case "is", "equals", "eq": return FormulaError(.foreignOperator, at: here.span, "'\(word)' is not an operator of formulas", help: "write ==")
            case "mod": return FormulaError(.foreignOperator, at: here.span, "'mod' is not an operator of formulas", help: "write a % b")
            case "x": return FormulaError(.foreignOperator, at: here.span, "'x' is not an operator of formulas", help: "write *")
            case "AND", "OR", "NOT":
                return FormulaError(.foreignOperator, at: here.span, "'\(word)' is written in small letters", help: "write \(word.lowercased())")
            default: break
            }
        }
        if case .symbol(.not) = here.kind { return FormulaError(.missingOperator, at: here.span, "'and' or 'or' is missing before 'not'") }
        if case .leftParenthesis = here.kind, case .name = previous.kind {
            return FormulaError(.functionWithoutCall, at: here.span, "what stands before '(' is no function")
        }
        var help: String?
        if case .number = previous.kind { help = "for a product write \(source(previous.span)) * \(found == "(" ? "(…)" : found)" }
        return FormulaError(.missingOperator, at: here.span, "an operator is missing between '\(source(previous.span))' and '\(found)'", help: help)
    }
}
