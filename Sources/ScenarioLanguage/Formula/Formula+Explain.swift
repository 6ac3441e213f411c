import Quantities

/// A condition of a formula and the parts that it is made of, kept for explaining why it failed.
struct FormulaClause: Sendable {
    /// One side of a comparison.
    struct Side: Sendable {
        let place: FormulaPlace
        let span: FormulaSpan
        let type: FormulaType
        let members: [String]?
        let isConstant: Bool

        /// The operand as it is compared; `original` is what was written.
        init(_ compared: FormulaOperand, original: FormulaOperand) {
            place = compared.place
            span = original.span
            type = original.type
            members = compared.members
            isConstant = original.constant != nil
        }
    }
    /// A comparison as it was written.
    struct Comparison: Sendable {
        let op: FormulaOperator
        let left: Side
        let right: Side
    }
    enum Kind: Sendable {
        case compare(Comparison)
        case and(Int, Int)
        case or(Int, Int)
        case not(Int)
        case flag
    }
    let kind: Kind
    /// Where the result lies after `at` instructions.
    let place: FormulaPlace
    let at: Int
    /// How many instructions make the operands of a comparison ready.
    let ready: Int
    let span: FormulaSpan

    init(kind: Kind, place: FormulaPlace, at: Int, ready: Int = 0, span: FormulaSpan) {
        self.kind = kind
        self.place = place
        self.at = at
        self.ready = ready
        self.span = span
    }
}

extension Formula {
    /// Why a condition does not hold: what was found and what was wanted, in the words of the formula.
    ///
    /// For `first(repeated) <= 12 s` it is `first(repeated) was 16.5 s` and `<= 12 s`. Of conditions joined by `and` the first
    /// failed one is named, of those joined by `or` all, up to three. `nil` when the condition holds, when it is no condition,
    /// or when it draws, because a second draw would give another value.
    public func explain(_ inputs: FormulaInputs) -> (found: String, wanted: String)? {
        guard let rootClause, drawCount == 0, !evaluateFlag(inputs) else { return nil }
        var failed: [(found: String, wanted: String)] = []
        var waiting = [rootClause]
        while let index = waiting.popLast(), failed.count < 3 {
            let clause = clauses[index]
            switch clause.kind {
            case .and(let left, let right): waiting.append(holds(clauses[left], inputs) ? right : left)
            case .or(let left, let right): waiting += [right, left]
            case .not(let inner): failed.append((text(clauses[inner].span) + " was true", "false"))
            case .flag: failed.append((text(clause.span) + " was false", "true"))
            case .compare(let comparison): failed.append(explain(comparison, clause.ready, inputs))
            }
        }
        if failed.count == 1 { return failed[0] }
        return (failed.map(\.found).joined(separator: "; "), failed.map(\.wanted).joined(separator: " or "))
    }

    private func holds(_ clause: FormulaClause, _ inputs: FormulaInputs) -> Bool {
        FormulaProgram.isTrue(program.run(inputs, upTo: clause.at) { $0(clause.place.raw) })
    }

    func explain(_ comparison: FormulaClause.Comparison, _ ready: Int, _ inputs: FormulaInputs) -> (found: String, wanted: String) {
        var (op, left, right) = (comparison.op, comparison.left, comparison.right)
        if left.isConstant && !right.isConstant { (op, left, right) = (op.mirrored, right, left) }
        let (found, wanted) = program.run(inputs, upTo: ready) { ($0(left.place.raw), $0(right.place.raw)) }
        let name = text(left.span)
        var first = "\(name) was \(value(found, left))"
        if found.isNaN { first = name.hasPrefix("first(") ? "\(name) never happened" : "\(name) has no value" }
        var second = "\(op.rawValue) \(text(right.span))"
        if !right.isConstant { second += wanted.isNaN ? " (which has no value)" : " (\(value(wanted, right)))" }
        return (first, second)
    }

    private func value(_ value: Double, _ side: FormulaClause.Side) -> String {
        switch side.type {
        case .number(let dimension): return Quantity(value, dimension).text
        case .flag: return FormulaProgram.isTrue(value) ? "true" : "false"
        default:
            let words = side.members ?? texts
            return value >= 0 && value < Double(words.count) ? "'\(words[Int(value)])'" : "undefined"
        }
    }

    func text(_ span: FormulaSpan) -> String { String(decoding: Array(source.utf8)[span.start..<span.end], as: UTF8.self) }
}
