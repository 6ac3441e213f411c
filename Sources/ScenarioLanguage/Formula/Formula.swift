import Quantities

/// A compiled formula: checked once when the file is read, evaluated without allocation as often as needed.
public struct Formula: Sendable {
    /// The text without its `=`.
    public let source: String
    /// The type of the result.
    public let type: FormulaType
    /// Windows and totals that the caller keeps up to date, in the order of `FormulaInputs.aggregates`.
    public let aggregates: [FormulaAggregate]
    /// Scores that the caller computes, in the order of `FormulaInputs.scores`.
    public let scores: [FormulaScore]
    /// Indices of the signals that are read by value, rising and without repetition.
    public let signalsRead: [Int]
    /// How many places in the formula draw a random number.
    public let drawCount: Int
    /// Whether the result is known without any input.
    public let isConstant: Bool
    /// What the formula stands for when it is nothing but the name of a signal, signals, stream, detector or kind of label.
    public let symbol: FormulaSymbol?

    /// The same formula for the shortest evaluation; `nil` when it draws, looks up texts or goes over many signals.
    public let direct: DirectFormula?

    let program: FormulaProgram
    let texts: [String]
    let nodeSets: [FormulaNodeSet]
    let clauses: [FormulaClause]
    let rootClause: Int?
    let isFingerprint: Bool

    /// Reads, checks and compiles a formula.
    ///
    /// `text` is what follows the `=`; `expecting` is the type that the place in the file wants, `nil` when any value will do.
    /// Complexity: linear in the length of the text, which is bounded by 16 KiB, 4 096 operations and 64 levels.
    public static func compile(
        _ text: String, scope: some FormulaScope, context: FormulaContext, expecting: FormulaType? = nil
    ) throws(FormulaError) -> Formula {
        let nodes = try FormulaParser.parse(text) { scope.symbol(named: $0) != nil }
        var compiler = FormulaCompiler(scope: scope, context: context, source: text)
        var root = try compiler.compile(nodes)
        try compiler.finish(&root, expecting: expecting)
        return Formula(compiler, root, text)
    }

    private init<Scope: FormulaScope>(_ compiler: FormulaCompiler<Scope>, _ root: FormulaOperand, _ text: String) {
        source = text
        type = root.type
        aggregates = compiler.aggregates
        scores = compiler.scores
        signalsRead = compiler.signalsRead.sorted()
        drawCount = compiler.drawCount
        isConstant = root.constant != nil && compiler.drawCount == 0
        switch root.shape {
        case .signal, .signals, .stream, .detector, .labelKind: symbol = compiler.symbols[compiler.written(root.span)] ?? nil
        default: symbol = nil
        }
        if case .fingerprint = root.shape { isFingerprint = true } else { isFingerprint = false }
        var program = compiler.program
        program.result = root.place
        self.program = program
        direct = DirectFormula(program)
        texts = compiler.texts
        nodeSets = compiler.nodeSets
        clauses = compiler.clauses
        rootClause = root.clause
    }

    /// The value in base units; flags as 1 or 0; NaN when it is undefined, such as the first alarm of a detector that never fired.
    public func evaluate(_ inputs: FormulaInputs) -> Double {
        if let direct { return direct.evaluate(signals: inputs.signals, aggregates: inputs.aggregates, scores: inputs.scores) }
        return evaluateGenerally(inputs)
    }

    /// The value as the machine over registers gives it, which every formula can use.
    func evaluateGenerally(_ inputs: FormulaInputs) -> Double {
        let place = program.result.raw
        return program.run(inputs, upTo: program.code.count) { $0(place) }
    }

    /// Whether a formula of type `flag` holds; undefined is false.
    public func evaluateFlag(_ inputs: FormulaInputs) -> Bool { FormulaProgram.isTrue(evaluate(inputs)) }

    /// The text of a formula of type `text`; `nil` when it is undefined or of another type.
    public func evaluateText(_ inputs: FormulaInputs) -> String? {
        guard type == .text else { return nil }
        if isFingerprint {
            let digits = String(inputs.fingerprint, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        let index = evaluate(inputs)
        return index >= 0 && index < Double(texts.count) ? texts[Int(index)] : nil
    }

    /// The nodes of a formula of type `nodes`, in rising order where they were drawn; `nil` when it has another type.
    public func evaluateNodes(_ inputs: FormulaInputs) -> [Int]? {
        guard type == .nodes else { return nil }
        let place = program.result.raw
        // The sets are resolved while the registers are alive, because a drawn size lies in one.
        return program.run(inputs, upTo: program.code.count) { load in nodes(load(place), load, inputs) }
    }

    private func nodes(_ index: Double, _ load: (UInt32) -> Double, _ inputs: FormulaInputs) -> [Int] {
        guard index >= 0, index < Double(nodeSets.count) else { return [] }
        switch nodeSets[Int(index)] {
        case .fixed(let nodes): return nodes
        case .sample(let base, let amount, let isShare, let site):
            // A base always stands before its sample in the table, so that the recursion ends.
            let all = nodes(load(base.raw), load, inputs)
            let size = load(amount.raw)
            let wanted = (isShare || size < 1 ? size * Double(all.count) : size).rounded()
            let count = wanted > 0 ? Int(Swift.min(wanted, Double(all.count))) : 0
            guard let draws = inputs.draws else { return [] }
            return draws.sample(count: count, of: all.count, site: site).compactMap { all.indices.contains($0) ? all[$0] : nil }
        }
    }
}

/// A set of nodes that a formula names or draws.
enum FormulaNodeSet: Sendable {
    case fixed([Int])
    case sample(base: FormulaPlace, amount: FormulaPlace, isShare: Bool, site: Int)
}

extension FormulaCompiler {
    /// Checks the result against what the place wants and makes it a value.
    mutating func finish(_ root: inout FormulaOperand, expecting: FormulaType?) throws(FormulaError) {
        switch root.type {
        case .stream, .detector, .labelKind: if expecting == root.type { return }
        default: break
        }
        try use(&root)
        if let expecting, expecting != root.type {
            if case .number(let wanted) = expecting, case .number = root.type, root.isBare, wanted != .none { throw unitMissing(root, wanted) }
            var help: String?
            if expecting == .flag, case .number(let dimension) = root.type {
                help = "compare it: \(written(root.span)) > 0\(dimension == .none ? "" : " " + FormulaWords.unit(dimension))"
            }
            if expecting == .number(.none), root.type == .number(.time) { help = "divide by 1 s for a plain number" }
            throw FormulaError(.resultType, at: root.span, "\(expecting.phrase) is wanted here, but the formula gives \(root.type.phrase)", help: help)
        }
        asText(&root, register: nextRegister)
        if root.type == .flag { root.clause = clause(of: root) }
    }
}
