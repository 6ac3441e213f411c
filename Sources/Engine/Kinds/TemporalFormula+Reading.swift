import Detection
import ScenarioLanguage

extension TemporalFormula {
    /// The formula of a file as the monitor takes it: input k is condition k, the left minus the right side, or 1 and -1 for true and false.
    init(_ reading: TemporalReading) {
        let scales = reading.scales
        let atoms = reading.conditions.enumerated().map { number, condition -> TemporalFormula in
            guard condition.sides != nil, let comparison = TemporalComparison(rawValue: condition.comparison) else {
                return .atom(TemporalAtom(input: number, .greater))
            }
            return .atom(TemporalAtom(input: number, comparison, scale: scales.first { $0.dimension == condition.dimension }?.scale ?? 1))
        }
        self = TemporalFormula(reading.tree, atoms)
    }

    private init(_ tree: TemporalTree, _ atoms: [TemporalFormula]) {
        func part(_ tree: TemporalTree) -> TemporalFormula { TemporalFormula(tree, atoms) }
        func bounds(_ interval: TemporalInterval) -> TemporalBounds { TemporalBounds(from: interval.from, to: interval.to) }
        switch tree {
        case .condition(let number): self = atoms[number]
        case .not(let a): self = .not(part(a))
        case .and(let a, let b): self = .and(part(a), part(b))
        case .or(let a, let b): self = .or(part(a), part(b))
        case .implies(let a, let b): self = .or(.not(part(a)), part(b))
        case .iff(let a, let b): self = .or(.and(part(a), part(b)), .and(.not(part(a)), .not(part(b))))
        case .xor(let a, let b): self = .or(.and(part(a), .not(part(b))), .and(.not(part(a)), part(b)))
        case .always(let interval, let a): self = interval == .unbounded ? part(a) : .always(bounds(interval), part(a))
        case .eventually(let interval, let a): self = .eventually(bounds(interval), part(a))
        case .historically(let interval, let a): self = .historically(bounds(interval), part(a))
        case .once(let interval, let a): self = .once(bounds(interval), part(a))
        case .until(let interval, let a, let b): self = .until(bounds(interval), part(a), part(b))
        case .since(let interval, let a, let b): self = .since(bounds(interval), part(a), part(b))
        case .previous(let a): self = .previous(part(a), initially: true)
        case .rise(let a): self = .and(part(a), .not(.previous(part(a), initially: false)))
        case .fall(let a): self = .and(.not(part(a)), .previous(part(a), initially: true))
        }
    }
}
