import Quantities

extension TemporalFormula {
    /// Formulas that are violated, each as soon as its own horizon allows, exactly when this one is violated at some instant.
    ///
    /// A formula that must hold at every instant may be judged at the instant that spoils it instead of the one it belongs to: a violation of
    /// `always[0s, 10s] p` is known when p fails, of `q implies always[0s, 5s] p` when p fails within 5 s of q, of `p and q` when either fails. The
    /// robustness of the worst instant stays the same, as the order in which minima are taken does not matter.
    var earliest: [TemporalFormula] {
        var result: [TemporalFormula] = []
        normal(isNegated: false).split(into: &result)
        return result
    }

    /// The same with every `not` in front of an atom, or of an operator that has no dual here.
    private func normal(isNegated: Bool) -> TemporalFormula {
        switch self {
        case .constant(let value): return .constant(value != isNegated)
        case .atom: return isNegated ? .not(self) : self
        case .not(let a): return a.normal(isNegated: !isNegated)
        case .and(let a, let b):
            let (x, y) = (a.normal(isNegated: isNegated), b.normal(isNegated: isNegated))
            return isNegated ? .or(x, y) : .and(x, y)
        case .or(let a, let b):
            let (x, y) = (a.normal(isNegated: isNegated), b.normal(isNegated: isNegated))
            return isNegated ? .and(x, y) : .or(x, y)
        case .always(let bounds, let a):
            let x = a.normal(isNegated: isNegated)
            return isNegated ? .eventually(bounds, x) : .always(bounds, x)
        case .eventually(let bounds, let a):
            let x = a.normal(isNegated: isNegated)
            return isNegated ? .always(bounds, x) : .eventually(bounds, x)
        case .historically(let bounds, let a):
            let x = a.normal(isNegated: isNegated)
            return isNegated ? .once(bounds, x) : .historically(bounds, x)
        case .once(let bounds, let a):
            let x = a.normal(isNegated: isNegated)
            return isNegated ? .historically(bounds, x) : .once(bounds, x)
        case .previous(let a, let initially): return .previous(a.normal(isNegated: isNegated), initially: initially != isNegated)
        case .until(let bounds, let a, let b):
            let whole = TemporalFormula.until(bounds, a.normal(isNegated: false), b.normal(isNegated: false))
            return isNegated ? .not(whole) : whole
        case .since(let bounds, let a, let b):
            let whole = TemporalFormula.since(bounds, a.normal(isNegated: false), b.normal(isNegated: false))
            return isNegated ? .not(whole) : whole
        }
    }

    private static let mostParts = 32

    private func split(into parts: inout [TemporalFormula]) {
        switch self {
        case .and(let a, let b) where parts.count < Self.mostParts:
            a.split(into: &parts)
            b.split(into: &parts)
        case .always(let bounds, let a):
            TemporalFormula.judged(unless: nil, bounds, a).split(into: &parts)
        case .or where parts.count < Self.mostParts:
            guard let (rest, part) = latestBranch else {
                parts.append(self)
                return
            }
            switch part {
            case .always(let bounds, let a): TemporalFormula.judged(unless: rest, bounds, a).split(into: &parts)
            case .and(let a, let b):
                TemporalFormula.or(rest, a).split(into: &parts)
                TemporalFormula.or(rest, b).split(into: &parts)
            default: parts.append(self)
            }
        default: parts.append(self)
        }
    }

    /// `rest or always bounds a`, as a condition on the instant at which `a` is judged.
    private static func judged(unless rest: TemporalFormula?, _ bounds: TemporalBounds, _ a: TemporalFormula) -> TemporalFormula {
        if rest == nil, bounds.from == .zero { return a }
        return .or(.historically(bounds, rest ?? .constant(false)), a)
    }

    /// Of the alternatives of an `or`, the one that can be judged earlier than it looks and that looks farthest, and all others.
    private var latestBranch: (rest: TemporalFormula, part: TemporalFormula)? {
        var branches: [TemporalFormula] = []
        func collect(_ formula: TemporalFormula) {
            if case .or(let a, let b) = formula {
                collect(a)
                collect(b)
            } else {
                branches.append(formula)
            }
        }
        collect(self)
        var best: Int?
        for (index, branch) in branches.enumerated() where branch.canBeEarlier && branch.horizon > best.map({ branches[$0].horizon }) ?? .zero {
            best = index
        }
        guard let best, branches.count > 1 else { return nil }
        let part = branches.remove(at: best)
        return (branches.dropFirst().reduce(branches[0]) { .or($0, $1) }, part)
    }

    private var canBeEarlier: Bool {
        switch self {
        case .always: true
        case .and(let a, let b): a.canBeEarlier || b.canBeEarlier || a.horizon != b.horizon
        default: false
        }
    }
}
