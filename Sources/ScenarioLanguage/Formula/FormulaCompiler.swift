import Quantities

/// A compiled part of a formula: its type, where its value lies and what it was written as.
struct FormulaOperand {
    /// What a function that needs more than a value can take.
    enum Shape {
        case value
        case signal(Int)
        case signals([Int])
        case stream(Int)
        case detector(Int)
        case labelKind(Int)
        case nodes
        case times(FormulaScore)
        case fingerprint
    }
    var type: FormulaType
    var place: FormulaPlace
    var span: FormulaSpan
    var shape = Shape.value
    /// The value when it is known before the run.
    var constant: Double?
    /// Whether it is a number without unit as it was written.
    var isBare = false
    /// Whether it was written as a number with a percent sign.
    var isPercent = false
    /// The texts of an enumerated signal.
    var members: [String]?
    /// Index into the clauses when it is a condition made of parts.
    var clause: Int?
    /// Whether it is a quoted text as it was written.
    var isQuoted = false
    /// Whether it is a sample whose size or base is computed, which only the end of a formula can be.
    var isFinal = false
}

/// Checks the types of a parsed formula and turns it into instructions in one pass over its nodes.
struct FormulaCompiler<Scope: FormulaScope> {
    let scope: Scope
    let context: FormulaContext
    let source: String
    var program = FormulaProgram()
    var stack: [FormulaOperand] = []
    var nextRegister = 0
    var constantIndex: [UInt64: Int] = [:]
    var aggregates: [FormulaAggregate] = []
    var aggregateIndex: [FormulaAggregate: Int] = [:]
    var scores: [FormulaScore] = []
    var scoreIndex: [FormulaScore: Int] = [:]
    var signalsRead: Set<Int> = []
    var texts: [String] = []
    var textIndex: [String: Int] = [:]
    var nodeSets: [FormulaNodeSet] = []
    var clauses: [FormulaClause] = []
    var drawCount = 0
    var symbols: [String: FormulaSymbol?] = [:]

    init(scope: Scope, context: FormulaContext, source: String) {
        self.scope = scope
        self.context = context
        self.source = source
        // Slot 0 always exists, so that the table of constants has an address.
        _ = constant(0)
    }

    mutating func compile(_ nodes: [FormulaNode]) throws(FormulaError) -> FormulaOperand {
        for node in nodes {
            switch node.kind {
            case .number(let value, let dimension, let isBare):
                stack.append(
                    FormulaOperand(
                        type: .number(dimension), place: constant(value), span: node.span, constant: value, isBare: isBare,
                        isPercent: !isBare && dimension == .none))
            case .flag(let value):
                stack.append(FormulaOperand(type: .flag, place: constant(value ? 1 : 0), span: node.span, constant: value ? 1 : 0))
            case .text(let text):
                var operand = self.text(text, node.span)
                operand.isQuoted = true
                stack.append(operand)
            case .name(let name): stack.append(try self.name(name, node.span))
            case .negate: try negate(node)
            case .not: try invert(node)
            case .binary(let op): try binary(op, node)
            case .call(let function, let count):
                let arguments = pop(count)
                stack.append(try call(function, arguments.operands, node, register: arguments.register))
            }
        }
        guard let result = stack.popLast() else {
            throw FormulaError(.empty, at: FormulaSpan(start: 0, end: source.utf8.count), "the formula is empty")
        }
        return result
    }

    // MARK: Values and registers

    mutating func constant(_ value: Double) -> FormulaPlace {
        if let index = constantIndex[value.bitPattern] { return FormulaPlace(.constant, index) }
        let index = program.constants.count
        program.constants.append(value)
        constantIndex[value.bitPattern] = index
        return FormulaPlace(.constant, index)
    }

    mutating func text(_ text: String, _ span: FormulaSpan) -> FormulaOperand {
        let index = intern(text)
        return FormulaOperand(type: .text, place: constant(Double(index)), span: span, constant: Double(index))
    }

    mutating func intern(_ text: String) -> Int {
        if let index = textIndex[text] { return index }
        texts.append(text)
        textIndex[text] = texts.count - 1
        return texts.count - 1
    }

    /// Takes operands from the stack; the register is the first one that they leave free.
    mutating func pop(_ count: Int) -> (operands: [FormulaOperand], register: Int) {
        let operands = Array(stack.suffix(count))
        stack.removeLast(operands.count)
        let register = operands.first { $0.place.isRegister }?.place.index ?? nextRegister
        return (operands, register)
    }

    /// Appends an instruction whose result goes to a register.
    mutating func emit(
        _ opcode: FormulaOpcode, to register: Int, _ a: UInt32 = 0, _ b: UInt32 = 0, _ c: UInt32 = 0, function: DrawFunction? = nil
    ) -> FormulaPlace {
        program.code.append(
            FormulaInstruction(
                opcode: opcode, function: function?.rawValue ?? 0, destination: UInt16(truncatingIfNeeded: register), a: a, b: b, c: c))
        nextRegister = register + 1
        program.registers = Swift.max(program.registers, nextRegister)
        return FormulaPlace(.register, register)
    }

    /// The result of an instruction over operands: folded when all are known, otherwise computed.
    mutating func result(
        _ opcode: FormulaOpcode, _ operands: [FormulaOperand], type: FormulaType, span: FormulaSpan, register: Int
    ) -> FormulaOperand {
        let raw = operands.map(\.place.raw) + [0, 0, 0]
        if operands.allSatisfy({ $0.constant != nil }) {
            nextRegister = register
            var fold = FormulaProgram()
            fold.constants = program.constants
            fold.code = [FormulaInstruction(opcode: opcode, function: 0, destination: 0, a: raw[0], b: raw[1], c: raw[2])]
            fold.registers = 1
            let value = fold.evaluateAlone()
            return FormulaOperand(type: type, place: constant(value), span: span, constant: value)
        }
        if let place = fuse(opcode, operands, register) { return FormulaOperand(type: type, place: place, span: span) }
        return FormulaOperand(type: type, place: emit(opcode, to: register, raw[0], raw[1], raw[2]), span: span)
    }

    /// Joins an instruction with the one before it when that one made an operand: products with sums, comparisons with `and`.
    ///
    /// The joined instruction takes the place of the earlier one, so that the counts that clauses keep stay true.
    private mutating func fuse(_ opcode: FormulaOpcode, _ operands: [FormulaOperand], _ register: Int) -> FormulaPlace? {
        guard operands.count == 2, let last = program.code.last else { return nil }
        func made(_ index: Int) -> Bool {
            operands[index].place == FormulaPlace(.register, Int(last.destination)) && operands[1 - index].place != operands[index].place
        }
        switch (opcode, last.opcode) {
        case (.add, .multiply):
            guard made(0) || made(1) else { return nil }
            program.code.removeLast()
            return emit(.multiplyAdd, to: register, last.a, last.b, operands[made(0) ? 1 : 0].place.raw)
        case (.and, .less), (.and, .lessEqual):
            guard made(1) else { return nil }
            program.code.removeLast()
            return emit(last.opcode == .less ? .lessAnd : .lessEqualAnd, to: register, last.a, last.b, operands[0].place.raw)
        default: return nil
        }
    }

    // MARK: Names

    mutating func lookUp(_ name: String) -> FormulaSymbol? {
        if let known = symbols[name] { return known }
        let symbol = scope.symbol(named: name)
        symbols[name] = .some(symbol)
        return symbol
    }

    mutating func name(_ name: String, _ span: FormulaSpan) throws(FormulaError) -> FormulaOperand {
        guard let symbol = lookUp(name) else { throw unknown(name, span) }
        let nothing = FormulaPlace(.constant, 0)
        switch symbol {
        case .number(let value, let dimension):
            return FormulaOperand(type: .number(dimension), place: constant(value), span: span, constant: value)
        case .flag(let value): return FormulaOperand(type: .flag, place: constant(value ? 1 : 0), span: span, constant: value ? 1 : 0)
        case .text(let value): return text(value, span)
        case .signal(let index, let dimension, let members, let isFlag):
            try require([.live, .score], "the signal '\(name)'", span)
            let type: FormulaType = members != nil ? .text : isFlag ? .flag : .number(dimension)
            return FormulaOperand(type: type, place: FormulaPlace(.signal, index), span: span, shape: .signal(index), members: members)
        case .signals(let indices, let dimension):
            return FormulaOperand(type: .number(dimension), place: nothing, span: span, shape: .signals(indices))
        case .stream(let index): return FormulaOperand(type: .stream, place: nothing, span: span, shape: .stream(index))
        case .nodes(let nodes):
            nodeSets.append(.fixed(nodes))
            let value = Double(nodeSets.count - 1)
            return FormulaOperand(type: .nodes, place: constant(value), span: span, shape: .nodes, constant: value)
        case .detector(let index): return FormulaOperand(type: .detector, place: nothing, span: span, shape: .detector(index))
        case .labelKind(let index): return FormulaOperand(type: .labelKind, place: nothing, span: span, shape: .labelKind(index))
        }
    }

    private func unknown(_ name: String, _ span: FormulaSpan) -> FormulaError {
        if let reason = scope.missingReason(for: name) { return FormulaError(.unavailableName, at: span, "'\(name)' is not available: \(reason)") }
        if let function = FormulaFunction(rawValue: name) {
            return FormulaError(.functionWithoutCall, at: span, "'\(name)' is a function", help: "write \(function.info.signature)")
        }
        var help = FormulaNames.suggestion(for: name, among: scope.knownNames).map { "did you mean '\($0)'?" }
        if help == nil, Unit.named(name) != nil { help = "a unit follows its number: 1 \(name)" }
        return FormulaError(.unknownName, at: span, "unknown name '\(name)'", help: help)
    }

    /// Throws unless the formula is evaluated in one of the contexts.
    func require(_ contexts: [FormulaContext], _ what: String, _ span: FormulaSpan, help: String? = nil) throws(FormulaError) {
        guard !contexts.contains(context) else { return }
        throw FormulaError(.wrongContext, at: span, "\(what) is not available in \(context.phrase)", help: help)
    }

    /// Marks a signal as read by value.
    mutating func reads(_ operand: FormulaOperand) {
        if case .signal(let index) = operand.shape { signalsRead.insert(index) }
    }

    /// The text of the formula at a span, in quotes unless it is a quoted text itself.
    func shown(_ span: FormulaSpan) -> String {
        let text = written(span)
        return text.first == "'" || text.first == "\"" ? text : "'\(text)'"
    }

    /// The text of the formula at a span.
    func written(_ span: FormulaSpan) -> String { String(decoding: Array(source.utf8)[span.start..<span.end], as: UTF8.self) }
}

extension FormulaProgram {
    /// The value of a single instruction over constants.
    func evaluateAlone() -> Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { nothing in
            nothing.initialize(repeating: .nan)
            let pointer = UnsafePointer(nothing.baseAddress.unsafelyUnwrapped)
            let inputs = FormulaInputs(signals: pointer, aggregates: pointer, scores: pointer)
            return run(inputs, upTo: code.count) { $0(0) }
        }
    }
}
