import Quantities
import YAMLTree

extension FormulaCompiler {
    mutating func negate(_ node: FormulaNode) throws(FormulaError) {
        let (operands, register) = pop(1)
        guard var operand = operands.first else { return }
        try use(&operand)
        guard case .number = operand.type else { throw wrongOperand(operand, "'-'", "a number", node) }
        var result = result(.negate, [operand], type: operand.type, span: node.span, register: register)
        result.isBare = operand.isBare
        stack.append(result)
    }

    mutating func invert(_ node: FormulaNode) throws(FormulaError) {
        let (operands, register) = pop(1)
        guard var operand = operands.first else { return }
        try use(&operand)
        guard operand.type == .flag else { throw wrongOperand(operand, "'not'", "true or false", node) }
        let inner = clause(of: operand)
        var result = result(.not, [operand], type: .flag, span: node.span, register: register)
        result.clause = add(FormulaClause(kind: .not(inner), place: result.place, at: program.code.count, span: node.span))
        stack.append(result)
    }

    mutating func binary(_ op: FormulaOperator, _ node: FormulaNode) throws(FormulaError) {
        let (operands, register) = pop(2)
        guard operands.count == 2 else { return }
        var (left, right) = (operands[0], operands[1])
        try use(&left)
        try use(&right)
        switch op {
        case .and, .or:
            for operand in [left, right] where operand.type != .flag { throw wrongOperand(operand, "'\(op.rawValue)'", "true or false", node) }
            let parts = (clause(of: left), clause(of: right))
            var result = result(op == .and ? .and : .or, [left, right], type: .flag, span: node.span, register: register)
            let kind: FormulaClause.Kind = op == .and ? .and(parts.0, parts.1) : .or(parts.0, parts.1)
            result.clause = add(FormulaClause(kind: kind, place: result.place, at: program.code.count, span: node.span))
            stack.append(result)
        case .plus, .minus, .times, .divide, .remainder: stack.append(try arithmetic(op, left, right, node, register))
        default: stack.append(try compare(op, left, right, node, register))
        }
    }

    private mutating func arithmetic(
        _ op: FormulaOperator, _ left: FormulaOperand, _ right: FormulaOperand, _ node: FormulaNode, _ register: Int
    ) throws(FormulaError) -> FormulaOperand {
        for operand in [left, right] {
            guard case .number = operand.type else { throw wrongOperand(operand, "'\(op.rawValue)'", "a number", node) }
        }
        guard case .number(let a) = left.type, case .number(let b) = right.type else { return left }
        if op == .divide || op == .remainder, right.constant == 0 {
            throw FormulaError(.divisionByZero, at: right.span, "division by the constant zero")
        }
        let opcode: FormulaOpcode
        var dimension = a
        switch op {
        case .times, .divide:
            opcode = op == .times ? .multiply : .divide
            guard let combined = op == .times ? a * b : a / b else {
                throw FormulaError(.dimensionTooHigh, at: node.span, "the \(op == .times ? "product" : "quotient") reaches an exponent beyond 100")
            }
            dimension = combined
        default:
            opcode = op == .plus ? .add : op == .minus ? .subtract : .remainder
            if a != b {
                let verb = op == .plus ? "add" : op == .minus ? "subtract" : "divide with remainder"
                throw mismatch(.dimensionMismatch, "cannot \(verb) \(FormulaWords.bare(a)) and \(FormulaWords.bare(b))", left, right, node.span)
            }
        }
        var result = result(opcode, [left, right], type: .number(dimension), span: node.span, register: register)
        result.isBare = left.isBare && right.isBare
        return result
    }

    /// The error for two numbers whose dimensions should be equal; names the missing unit when one is a bare number.
    func mismatch(_ kind: FormulaErrorKind, _ message: String, _ left: FormulaOperand, _ right: FormulaOperand, _ span: FormulaSpan) -> FormulaError {
        for (bare, other) in [(right, left), (left, right)] where bare.isBare {
            if case .number(let dimension) = other.type, dimension != .none { return unitMissing(bare, dimension) }
        }
        return FormulaError(
            kind, at: span, message, notes: [left.span.note("this is \(left.type.phrase)"), right.span.note("this is \(right.type.phrase)")])
    }

    func unitMissing(_ operand: FormulaOperand, _ dimension: Dimension) -> FormulaError {
        let number = written(operand.span)
        return FormulaError(
            .unitMissing, at: operand.span, "the number '\(number)' needs a unit of \(FormulaWords.bare(dimension))",
            help: "write \(number) \(FormulaWords.unit(dimension))")
    }

    func wrongOperand(_ operand: FormulaOperand, _ what: String, _ wanted: String, _ node: FormulaNode) -> FormulaError {
        FormulaError(.operandType, at: operand.span, "\(what) needs \(wanted), but \(shown(operand.span)) is \(operand.type.phrase)")
    }

    // MARK: Comparisons

    private mutating func compare(
        _ op: FormulaOperator, _ left: FormulaOperand, _ right: FormulaOperand, _ node: FormulaNode, _ register: Int
    ) throws(FormulaError) -> FormulaOperand {
        let isEquality = op == .equal || op == .notEqual
        var (a, b) = (left, right)
        switch (left.type, right.type) {
        case (.number(let x), .number(let y)):
            if x != y { throw mismatch(.comparedDimensions, "cannot compare \(FormulaWords.bare(x)) with \(FormulaWords.bare(y))", left, right, node.span) }
        case (.flag, .flag):
            guard isEquality else {
                throw FormulaError(.operandType, at: node.mark, "'\(op.rawValue)' needs numbers, but both sides are true or false", help: "write == or !=")
            }
        case (.text, .text):
            guard isEquality else { throw FormulaError(.textOrder, at: node.mark, "texts have no order", help: "write == or !=") }
            if let result = try fingerprintComparison(op, left, right, node, register) { return result }
            try unify(&a, &b, register)
        default:
            throw FormulaError(
                .operandType, at: node.span, "cannot compare \(left.type.phrase) with \(right.type.phrase)",
                notes: [left.span.note("this is \(left.type.phrase)"), right.span.note("this is \(right.type.phrase)")])
        }
        let ready = program.code.count
        let (opcode, swapped): (FormulaOpcode, Bool) =
            switch op {
            case .less: (.less, false)
            case .lessEqual: (.lessEqual, false)
            case .greater: (.less, true)
            case .greaterEqual: (.lessEqual, true)
            case .notEqual: (.notEqual, false)
            default: (.equal, false)
            }
        var result = result(opcode, swapped ? [b, a] : [a, b], type: .flag, span: node.span, register: register)
        let comparison = FormulaClause.Comparison(
            op: op, left: FormulaClause.Side(a, original: left), right: FormulaClause.Side(b, original: right))
        result.clause = add(FormulaClause(kind: .compare(comparison), place: result.place, at: program.code.count, ready: ready, span: node.span))
        return result
    }

    /// Makes two texts comparable: an enumerated signal with a constant by the index of the member, otherwise both as texts.
    private mutating func unify(_ a: inout FormulaOperand, _ b: inout FormulaOperand, _ register: Int) throws(FormulaError) {
        if let members = a.members, let constant = b.constant {
            b = try member(b, constant, of: members, signal: a)
        } else if let members = b.members, let constant = a.constant {
            a = try member(a, constant, of: members, signal: b)
        } else if a.members == nil || b.members == nil || a.members != b.members {
            var free = Swift.max(register, nextRegister)
            if a.members != nil {
                asText(&a, register: free)
                free += 1
            }
            if b.members != nil { asText(&b, register: free) }
        }
    }

    private mutating func member(
        _ text: FormulaOperand, _ index: Double, of members: [String], signal: FormulaOperand
    ) throws(FormulaError) -> FormulaOperand {
        let word = texts[Int(index)]
        guard let place = members.firstIndex(of: word) else {
            let name = written(signal.span)
            let near = FormulaNames.suggestion(for: word, among: members)
            let list = members.prefix(20).map { "'\($0)'" }.joined(separator: ", ") + (members.count > 20 ? ", …" : "")
            throw FormulaError(
                .unknownMember, at: text.span, "'\(name)' never is '\(word)'",
                help: (near.map { "did you mean '\($0)'? " } ?? "") + "it is one of \(list)")
        }
        var operand = text
        operand.constant = Double(place)
        operand.place = constant(Double(place))
        return operand
    }

    /// Turns the value of an enumerated signal into the index of a text.
    mutating func asText(_ operand: inout FormulaOperand, register: Int) {
        guard let members = operand.members else { return }
        let start = program.constants.count
        program.constants += members.map { Double(intern($0)) }
        operand.place = emit(.lookup, to: register, operand.place.raw, UInt32(truncatingIfNeeded: start), UInt32(truncatingIfNeeded: members.count))
        operand.members = nil
        operand.shape = .value
    }

    private mutating func fingerprintComparison(
        _ op: FormulaOperator, _ left: FormulaOperand, _ right: FormulaOperand, _ node: FormulaNode, _ register: Int
    ) throws(FormulaError) -> FormulaOperand? {
        let other: FormulaOperand
        if case .fingerprint = left.shape { other = right } else if case .fingerprint = right.shape { other = left } else { return nil }
        guard let index = other.constant, case let text = texts[Int(index)], text.utf8.count == 16, let value = UInt64(text, radix: 16), text.first != "+"
        else {
            throw FormulaError(
                .badArgumentValue, at: other.span, "a fingerprint is a text of 16 hexadecimal digits", help: "write fingerprint() == '0123456789abcdef'")
        }
        let start = program.constants.count
        program.constants += [Double(value >> 32), Double(value & 0xFFFF_FFFF)]
        var place = emit(.fingerprintIs, to: register, UInt32(truncatingIfNeeded: start))
        if op == .notEqual { place = emit(.not, to: register, place.raw) }
        return FormulaOperand(type: .flag, place: place, span: node.span)
    }

    // MARK: Clauses

    mutating func add(_ clause: FormulaClause) -> Int {
        clauses.append(clause)
        return clauses.count - 1
    }

    /// The clause of a condition; one that is no comparison and no join becomes a plain one.
    mutating func clause(of operand: FormulaOperand) -> Int {
        operand.clause ?? add(FormulaClause(kind: .flag, place: operand.place, at: program.code.count, span: operand.span))
    }

    /// Checks that an operand is a single value and notes what it reads.
    mutating func use(_ operand: inout FormulaOperand) throws(FormulaError) {
        let name = written(operand.span)
        switch operand.shape {
        case .value, .nodes, .fingerprint: break
        case .signal(let index): signalsRead.insert(index)
        case .signals:
            throw FormulaError(.signalSet, at: operand.span, "'\(name)' stands for several signals", help: "write sum(\(name)), or avg, min, max")
        case .stream:
            throw FormulaError(.operandType, at: operand.span, "'\(name)' is a stream of messages, not a value", help: "write count(\(name))")
        case .detector:
            throw FormulaError(
                .operandType, at: operand.span, "'\(name)' is a detector, not a value", help: context == .score ? "write first(\(name)) or count(\(name))" : nil
            )
        case .labelKind: throw FormulaError(.operandType, at: operand.span, "'\(name)' is a kind of label, not a value")
        case .times: throw unreduced(operand)
        }
    }

    /// The error for a list of times that is used as one.
    func unreduced(_ operand: FormulaOperand) -> FormulaError {
        let name = written(operand.span)
        return FormulaError(.unreducedTimes, at: operand.span, "'\(name)' is a list of times", help: "write p95(\(name)), or p50, min, max, avg")
    }
}

/// Suggestions for names.
enum FormulaNames {
    /// The known name that was probably meant.
    static func suggestion(for name: String, among known: [String]) -> String? { Suggestion.nearest(name, among: known) }
}
