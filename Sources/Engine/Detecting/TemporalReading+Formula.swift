package import Detection
package import Quantities
package import ScenarioLanguage

extension TemporalReading {
    /// The formula for a monitor: input k is the number of condition k, as `TemporalCondition.number` gives it.
    ///
    /// - Parameter scales: for some dimensions the distance that counts as 1 instead of that of `scales`.
    package func formula(scales given: [(dimension: Dimension, scale: Double)] = []) -> TemporalFormula {
        let own = scales
        let atoms = conditions.enumerated().map { number, condition in
            guard condition.sides != nil, let comparison = TemporalComparison(rawValue: condition.comparison) else {
                return TemporalAtom(input: number, .greater)
            }
            let scale = (given + own).first { $0.dimension == condition.dimension }?.scale ?? 1
            return TemporalAtom(input: number, comparison, scale: scale)
        }
        return TemporalReading.formula(tree, atoms)
    }

    private static func formula(_ tree: TemporalTree, _ atoms: [TemporalAtom]) -> TemporalFormula {
        func inner(_ tree: TemporalTree) -> TemporalFormula { formula(tree, atoms) }
        func bounds(_ interval: TemporalInterval) -> TemporalBounds { TemporalBounds(from: interval.from, to: interval.to) }
        switch tree {
        case .condition(let number): return .atom(atoms[number])
        case .not(let a): return .not(inner(a))
        case .and(let a, let b): return .and(inner(a), inner(b))
        case .or(let a, let b): return .or(inner(a), inner(b))
        case .implies(let a, let b): return .implies(inner(a), inner(b))
        case .iff(let a, let b): return .iff(inner(a), inner(b))
        case .xor(let a, let b): return .xor(inner(a), inner(b))
        case .always(let interval, let a): return .always(bounds(interval), inner(a))
        case .eventually(let interval, let a): return .eventually(bounds(interval), inner(a))
        case .historically(let interval, let a): return .historically(bounds(interval), inner(a))
        case .once(let interval, let a): return .once(bounds(interval), inner(a))
        case .until(let interval, let a, let b): return .until(bounds(interval), inner(a), inner(b))
        case .since(let interval, let a, let b): return .since(bounds(interval), inner(a), inner(b))
        case .previous(let a): return .previous(inner(a), initially: true)
        case .rise(let a): return .rise(inner(a))
        case .fall(let a): return .fall(inner(a))
        }
    }
}

extension TemporalCondition {
    /// The number that a monitor takes for this condition: left minus right side, or 1 and -1 for true and false.
    ///
    /// - Parameter evaluate: the value of a formula now.
    package func number(_ evaluate: (Formula) -> Double) -> Double {
        guard let sides else {
            let value = evaluate(condition)
            return value.isNaN ? .nan : value != 0 ? 1 : -1
        }
        return evaluate(sides.left) - evaluate(sides.right)
    }
}
