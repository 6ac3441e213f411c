import Quantities

@testable import Detection

/// A reader for the formulas of the vectors, in the spelling of RTAMT: atoms over samples, numbers computed here.
struct STLText {
    /// The difference of the sides of an atom.
    typealias Number = ([String: Double]) -> Double

    private(set) var atoms: [Number] = []
    private var rest: Substring

    /// The formula and the numbers that its inputs stand for.
    static func read(_ text: String) -> (formula: TemporalFormula, atoms: [Number]) {
        var reader = STLText(rest: Substring(text))
        let formula = reader.formula()
        precondition(reader.rest.allSatisfy(\.isWhitespace), "left over: \(reader.rest)")
        return (formula, reader.atoms)
    }

    private init(rest: Substring) { self.rest = rest }

    private mutating func skip() { rest = rest.drop(while: \.isWhitespace) }

    private mutating func take(_ word: String) -> Bool {
        skip()
        guard rest.hasPrefix(word) else { return false }
        if word.first?.isLetter == true, let next = rest.dropFirst(word.count).first, next.isLetter || next.isNumber { return false }
        rest = rest.dropFirst(word.count)
        return true
    }

    private mutating func formula() -> TemporalFormula {
        let left = unary()
        if take("implies") { return .implies(left, formula()) }
        if take("iff") { return .iff(left, formula()) }
        if take("xor") { return .xor(left, formula()) }
        if take("and") { return .and(left, formula()) }
        if take("or") { return .or(left, formula()) }
        if take("since") { return .since(bounds(), left, formula()) }
        if take("until") { return .until(bounds(), left, formula()) }
        return left
    }

    private mutating func bounds() -> TemporalBounds {
        guard take("[") else { return .all }
        let from = decimal()
        precondition(take(":"))
        let to = decimal()
        precondition(take("]"))
        return TemporalBounds(from: Duration(seconds: from) ?? .zero, to: Duration(seconds: to))
    }

    private mutating func decimal() -> Double {
        skip()
        let digits = rest.prefix { $0.isNumber || $0 == "." || $0 == "-" }
        rest = rest.dropFirst(digits.count)
        return Double(digits) ?? .nan
    }

    private mutating func unary() -> TemporalFormula {
        if take("always") { return .always(bounds(), unary()) }
        if take("eventually") { return .eventually(bounds(), unary()) }
        if take("historically") { return .historically(bounds(), unary()) }
        if take("once") { return .once(bounds(), unary()) }
        if take("not") { return .not(unary()) }
        if take("rise") { return .rise(unary()) }
        if take("fall") { return .fall(unary()) }
        if take("prev") { return .previous(unary(), initially: true) }
        let before = rest
        if take("(") {
            let inner = formula0()
            if let inner, take(")") {
                // What looks like a formula may be the left side of a comparison.
                skip()
                if !["<", ">", "=", "!", "*", "/", "+", "-"].contains(where: { rest.hasPrefix($0) }) { return inner }
            }
            rest = before
        }
        return atom()
    }

    /// A formula, or nothing when what stands here is arithmetic.
    private mutating func formula0() -> TemporalFormula? {
        let (saved, count) = (rest, atoms.count)
        let inside = rest.prefix { $0 != "(" && $0 != ")" }
        let hasOperator = ["<", ">", "=", "always", "eventually", "historically", "once", "since", "until", "prev", "not"].contains { inside.contains($0) }
        let opensFormula = inside.allSatisfy(\.isWhitespace) || inside.contains("implies") || inside.contains("abs")
        guard hasOperator || opensFormula else {
            rest = saved
            atoms.removeLast(atoms.count - count)
            return nil
        }
        return formula()
    }

    private mutating func atom() -> TemporalFormula {
        let left = sum()
        let signs: [(String, TemporalComparison)] = [
            ("<=", .atMost), (">=", .atLeast), ("!==", .notEqual), ("==", .equal), ("<", .less), (">", .greater),
        ]
        for (sign, comparison) in signs where take(sign) {
            let right = sum()
            atoms.append { left($0) - right($0) }
            return .atom(TemporalAtom(input: atoms.count - 1, comparison))
        }
        preconditionFailure("no comparison before: \(rest)")
    }

    private mutating func sum() -> Number {
        var left = product()
        while true {
            let before = left
            if take("+") {
                let right = product()
                left = { before($0) + right($0) }
            } else if take("-") {
                let right = product()
                left = { before($0) - right($0) }
            } else {
                return left
            }
        }
    }

    private mutating func product() -> Number {
        var left = factor()
        while true {
            let before = left
            if take("*") {
                let right = factor()
                left = { before($0) * right($0) }
            } else if take("/") {
                let right = factor()
                left = { before($0) / right($0) }
            } else {
                return left
            }
        }
    }

    private mutating func factor() -> Number {
        if take("abs") {
            precondition(take("("))
            let inner = sum()
            precondition(take(")"))
            return { inner($0).magnitude }
        }
        if take("(") {
            let inner = sum()
            precondition(take(")"))
            return inner
        }
        skip()
        if let first = rest.first, first.isLetter {
            let name = String(rest.prefix { $0.isLetter || $0 == "_" })
            rest = rest.dropFirst(name.count)
            return { $0[name] ?? .nan }
        }
        let value = decimal()
        return { _ in value }
    }
}

extension TemporalMonitor {
    /// Feeds the numbers of a sample.
    func feed(_ atoms: [STLText.Number], _ sample: [String: Double], at instant: Instant) {
        for (input, atom) in atoms.enumerated() { update(at: instant, input: input, number: atom(sample)) }
    }
}
