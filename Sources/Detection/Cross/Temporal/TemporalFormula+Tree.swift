import Quantities

extension TemporalFormula {
    /// A formula as a nested setting, the form in which the language hands it over.
    ///
    /// A list with the operator first: `[atom, input, comparison, scale]`, `[true]`, `[not, a]`, `[and, a, b]`, `[always, from, to, a]` with durations,
    /// where the text `end` stands for no end; `[until, from, to, a, b]`, `[prev, a]`.
    public var tree: DetectorTree {
        func list(_ name: String, _ rest: DetectorTree...) -> DetectorTree { .list([.text(name)] + rest) }
        func to(_ bounds: TemporalBounds) -> DetectorTree { bounds.to.map { .duration($0) } ?? .text("end") }
        switch self {
        case .constant(let value): return list(value ? "true" : "false")
        case .atom(let atom): return list("atom", .number(Double(atom.input), .none), .text(atom.comparison.rawValue), .number(atom.scale, .none))
        case .not(let a): return list("not", a.tree)
        case .and(let a, let b): return list("and", a.tree, b.tree)
        case .or(let a, let b): return list("or", a.tree, b.tree)
        case .always(let bounds, let a): return list("always", .duration(bounds.from), to(bounds), a.tree)
        case .eventually(let bounds, let a): return list("eventually", .duration(bounds.from), to(bounds), a.tree)
        case .historically(let bounds, let a): return list("historically", .duration(bounds.from), to(bounds), a.tree)
        case .once(let bounds, let a): return list("once", .duration(bounds.from), to(bounds), a.tree)
        case .until(let bounds, let a, let b): return list("until", .duration(bounds.from), to(bounds), a.tree, b.tree)
        case .since(let bounds, let a, let b): return list("since", .duration(bounds.from), to(bounds), a.tree, b.tree)
        case .previous(let a, let initially): return list(initially ? "prev" : "prev-not", a.tree)
        }
    }

    /// The formula of a nested setting; throws for anything else.
    public init(_ tree: DetectorTree) throws(DetectionError) { self = try TemporalFormula.read(tree, depth: 0) }

    private static let wrong = DetectionError.wrongType(setting: "formula", expected: "a formula of temporal logic")

    private static func read(_ tree: DetectorTree, depth: Int) throws(DetectionError) -> TemporalFormula {
        guard depth <= deepest, case .list(let items) = tree, case .text(let name)? = items.first else { throw wrong }
        func operand(_ index: Int) throws(DetectionError) -> TemporalFormula {
            guard index < items.count else { throw wrong }
            return try read(items[index], depth: depth + 1)
        }
        func bounds() throws(DetectionError) -> TemporalBounds {
            guard items.count > 3, case .duration(let from) = items[1] else { throw wrong }
            switch items[2] {
            case .duration(let to): return TemporalBounds(from: from, to: to)
            case .text("end"): return TemporalBounds(from: from, to: nil)
            default: throw wrong
            }
        }
        switch name {
        case "true": return .constant(true)
        case "false": return .constant(false)
        case "atom":
            guard items.count == 4, case .number(let input, _) = items[1], let place = Int(exactly: input), case .text(let word) = items[2],
                let comparison = TemporalComparison(rawValue: word), case .number(let scale, _) = items[3]
            else { throw wrong }
            return .atom(TemporalAtom(input: place, comparison, scale: scale))
        case "not": return .not(try operand(1))
        case "and": return .and(try operand(1), try operand(2))
        case "or": return .or(try operand(1), try operand(2))
        case "prev": return .previous(try operand(1), initially: true)
        case "prev-not": return .previous(try operand(1), initially: false)
        case "always": return .always(try bounds(), try operand(3))
        case "eventually": return .eventually(try bounds(), try operand(3))
        case "historically": return .historically(try bounds(), try operand(3))
        case "once": return .once(try bounds(), try operand(3))
        case "until": return .until(try bounds(), try operand(3), try operand(4))
        case "since": return .since(try bounds(), try operand(3), try operand(4))
        default: throw wrong
        }
    }
}
