public import Quantities

/// How an atom compares its number with 0 or its left with its right side.
public enum TemporalComparison: String, Sendable, CaseIterable {
    /// Less.
    case less = "<"
    /// Less or equal.
    case atMost = "<="
    /// Greater.
    case greater = ">"
    /// Greater or equal.
    case atLeast = ">="
    /// Equal.
    case equal = "=="
    /// Not equal.
    case notEqual = "!="
}

/// A condition without time: the number of an input, compared with 0.
///
/// The caller computes the number: for `current <= 2 A` it is current - 2. Divided by `scale` it is the distance to the border in a measure that
/// volts and amperes share.
public struct TemporalAtom: Equatable, Sendable {
    /// Which number it looks at.
    public var input: Int
    /// How it is compared with 0.
    public var comparison: TemporalComparison
    /// The distance that counts as 1; positive and finite.
    public var scale: Double

    /// An atom out of its parts.
    public init(input: Int, _ comparison: TemporalComparison, scale: Double = 1) {
        self.input = input
        self.comparison = comparison
        self.scale = scale
    }
}

/// The closed interval of times, relative to now, that an operator looks at; without an end it reaches to the start of the trace.
public struct TemporalBounds: Hashable, Sendable {
    /// The nearer end.
    public var from: Duration
    /// The farther end; `nil` for no end, which only past operators may have.
    public var to: Duration?

    /// From now on, without an end.
    public static let all = TemporalBounds(from: .zero, to: nil)

    /// An interval out of its ends.
    public init(from: Duration, to: Duration?) {
        self.from = from
        self.to = to
    }
}

/// A formula of metric temporal logic over step signals, past and bounded future.
///
/// O. Maler and D. Nickovic, "Monitoring temporal properties of continuous signals", FORMATS 2004, doi:10.1007/978-3-540-30206-3_12. Every signal holds its
/// value until the next sample. `until` and `since` go by samples: the left side must hold on the samples strictly before, or strictly after, that of
/// the right side.
public indirect enum TemporalFormula: Equatable, Sendable {
    /// Always true or always false.
    case constant(Bool)
    /// A condition without time.
    case atom(TemporalAtom)
    /// The contrary.
    case not(TemporalFormula)
    /// Both.
    case and(TemporalFormula, TemporalFormula)
    /// At least one.
    case or(TemporalFormula, TemporalFormula)
    /// At every instant from now + from to now + to.
    case always(TemporalBounds, TemporalFormula)
    /// At some instant from now + from to now + to.
    case eventually(TemporalBounds, TemporalFormula)
    /// At every instant from now - to to now - from.
    case historically(TemporalBounds, TemporalFormula)
    /// At some instant from now - to to now - from.
    case once(TemporalBounds, TemporalFormula)
    /// The second holds at some instant of the interval to come, and the first on all samples before it.
    case until(TemporalBounds, TemporalFormula, TemporalFormula)
    /// The second held at some instant of the interval past, and the first on all samples since.
    case since(TemporalBounds, TemporalFormula, TemporalFormula)
    /// At the sample before; true at the first one when `initially`.
    case previous(TemporalFormula, initially: Bool)

    /// The first implies the second.
    public static func implies(_ a: TemporalFormula, _ b: TemporalFormula) -> TemporalFormula { .or(.not(a), b) }
    /// Both or none.
    public static func iff(_ a: TemporalFormula, _ b: TemporalFormula) -> TemporalFormula { .and(.implies(a, b), .implies(b, a)) }
    /// Exactly one of both.
    public static func xor(_ a: TemporalFormula, _ b: TemporalFormula) -> TemporalFormula { .not(.iff(a, b)) }
    /// It holds now and did not at the sample before; the first sample counts as a rise.
    public static func rise(_ a: TemporalFormula) -> TemporalFormula { .and(.not(.previous(a, initially: false)), a) }
    /// It held at the sample before and does not now.
    public static func fall(_ a: TemporalFormula) -> TemporalFormula { .and(.previous(a, initially: true), .not(a)) }
}

extension TemporalFormula {
    /// Longest reach into the past or the future: ten years.
    static let longestReach = Duration.seconds(315_360_000)
    /// Most operators and atoms.
    static let mostNodes = 10_000
    /// Deepest nesting.
    static let deepest = 200

    var children: [TemporalFormula] {
        switch self {
        case .constant, .atom: []
        case .not(let a), .always(_, let a), .eventually(_, let a), .historically(_, let a), .once(_, let a), .previous(let a, _): [a]
        case .and(let a, let b), .or(let a, let b), .until(_, let a, let b), .since(_, let a, let b): [a, b]
        }
    }

    private var bounds: (TemporalBounds, isFuture: Bool)? {
        switch self {
        case .always(let bounds, _), .eventually(let bounds, _), .until(let bounds, _, _): (bounds, true)
        case .historically(let bounds, _), .once(let bounds, _), .since(let bounds, _, _): (bounds, false)
        default: nil
        }
    }

    /// How far the formula looks into the future; an unbounded future counts as none.
    public var horizon: Duration {
        switch self {
        case .constant, .atom: .zero
        case .not(let a), .previous(let a, _), .historically(_, let a), .once(_, let a): a.horizon
        case .and(let a, let b), .or(let a, let b), .since(_, let a, let b): max(a.horizon, b.horizon)
        case .always(let bounds, let a), .eventually(let bounds, let a): (bounds.to ?? .zero) + a.horizon
        case .until(let bounds, let a, let b): (bounds.to ?? .zero) + max(a.horizon, b.horizon)
        }
    }

    /// The number of inputs that its atoms look at: the greatest input plus 1.
    public var inputCount: Int {
        if case .atom(let atom) = self { return atom.input + 1 }
        return children.map(\.inputCount).max() ?? 0
    }

    /// Throws when it is too large to be walked through.
    func checkSize() throws(DetectionError) {
        var left = Self.mostNodes
        var stack = [(self, 0)]
        while let (formula, depth) = stack.popLast() {
            left -= 1
            guard left >= 0, depth <= Self.deepest else {
                throw .outOfRange(setting: "formula", requirement: "a formula of at most \(Self.mostNodes) parts, nested at most \(Self.deepest) deep")
            }
            for child in formula.children { stack.append((child, depth + 1)) }
        }
    }

    /// Throws for bounds that are no interval, a future without an end below the top, a scale that is none, and a formula that is too large.
    func check() throws(DetectionError) {
        try checkParts()
        guard horizon <= Self.longestReach else { throw .outOfRange(setting: "formula", requirement: "a formula that looks at most ten years ahead") }
    }

    private func checkParts() throws(DetectionError) {
        if case .atom(let atom) = self {
            guard atom.input >= 0, atom.input < Self.mostNodes else { throw .outOfRange(setting: "formula", requirement: "made of known inputs") }
            guard atom.scale > 0, atom.scale.isFinite else { throw .outOfRange(setting: "scale", requirement: "a number above 0") }
        }
        if let (bounds, isFuture) = bounds {
            guard bounds.from >= .zero, bounds.to ?? bounds.from >= bounds.from, bounds.to ?? bounds.from <= Self.longestReach else {
                throw .outOfRange(
                    setting: "formula", requirement: "made of intervals such as [0s, 5s], from the nearer to the farther end, of ten years at most")
            }
            guard bounds.to != nil || !isFuture else {
                throw .outOfRange(
                    setting: "formula", requirement: "bounded in the future, for example eventually[0s, 5s]; only an outermost 'always' may have no end")
            }
        }
        for child in children { try child.checkParts() }
    }
}
