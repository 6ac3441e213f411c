public import Quantities

/// The interval of time that an operator of temporal logic looks at; without an end it has no bound.
public struct TemporalInterval: Hashable, Sendable {
    /// The nearer end.
    public var from: Duration
    /// The farther end; `nil` for none.
    public var to: Duration?

    /// No bounds at all.
    public static let unbounded = TemporalInterval(from: .zero, to: nil)

    /// An interval out of its ends.
    public init(from: Duration, to: Duration?) {
        self.from = from
        self.to = to
    }
}

/// A condition of a temporal formula: a comparison of two numbers, or anything else that is true or false.
public struct TemporalCondition: Sendable {
    /// Its text as it was written.
    public let text: String
    /// The whole condition, true or false.
    public let condition: Formula
    /// For a comparison of numbers: the left and the right side in base units of one dimension.
    public let sides: (left: Formula, right: Formula)?
    /// The operator between them: `<=`.
    public let comparison: String
    /// The dimension of the sides; plain for a condition without sides.
    public let dimension: Dimension
}

/// A formula of temporal logic as the reader of scenarios gives it: operators over numbered conditions.
public indirect enum TemporalTree: Hashable, Sendable {
    /// The condition with this number.
    case condition(Int)
    /// The contrary.
    case not(TemporalTree)
    /// Both.
    case and(TemporalTree, TemporalTree)
    /// At least one.
    case or(TemporalTree, TemporalTree)
    /// The first implies the second.
    case implies(TemporalTree, TemporalTree)
    /// Both or none.
    case iff(TemporalTree, TemporalTree)
    /// Exactly one.
    case xor(TemporalTree, TemporalTree)
    /// At every instant of an interval to come.
    case always(TemporalInterval, TemporalTree)
    /// At some instant of an interval to come.
    case eventually(TemporalInterval, TemporalTree)
    /// At every instant of an interval past.
    case historically(TemporalInterval, TemporalTree)
    /// At some instant of an interval past.
    case once(TemporalInterval, TemporalTree)
    /// The second at some instant to come, the first until then.
    case until(TemporalInterval, TemporalTree, TemporalTree)
    /// The second at some instant past, the first since then.
    case since(TemporalInterval, TemporalTree, TemporalTree)
    /// At the sample before.
    case previous(TemporalTree)
    /// Now, and not at the sample before.
    case rise(TemporalTree)
    /// Not now, and at the sample before.
    case fall(TemporalTree)
}

/// A temporal formula that was read: what must hold, and the conditions that it is made of.
public struct TemporalReading: Sendable {
    /// The text as it was written.
    public let text: String
    /// The formula.
    public let tree: TemporalTree
    /// The conditions by their numbers; equal texts are one.
    public let conditions: [TemporalCondition]
    /// The signals that the conditions read by value, rising and without repetition.
    public var signalsRead: [Int] { Set(conditions.flatMap(\.condition.signalsRead)).sorted() }

    /// For each dimension in its conditions the greatest constant side, without its sign: the distance that counts as 1.
    ///
    /// A dimension without a constant, or with 0 alone, has 1 base unit.
    public var scales: [(dimension: Dimension, scale: Double)] {
        var result: [(dimension: Dimension, scale: Double)] = []
        for condition in conditions {
            guard let sides = condition.sides else { continue }
            var greatest = 0.0
            for side in [sides.left, sides.right] where side.isConstant { greatest = Swift.max(greatest, side.constantValue.magnitude) }
            if let place = result.firstIndex(where: { $0.dimension == condition.dimension }) {
                result[place].scale = Swift.max(result[place].scale, greatest)
            } else {
                result.append((condition.dimension, greatest))
            }
        }
        return result.map { ($0.dimension, $0.scale > 0 && $0.scale.isFinite ? $0.scale : 1) }
    }
}

/// Every distinct mistake in a temporal formula, by its stable code; mistakes inside a condition have the codes of formulas.
public enum TemporalErrorKind: String, Sendable, CaseIterable {
    /// An operand is missing.
    case missingOperand = "E0391"
    /// Something is left over behind the formula.
    case leftOver = "E0392"
    /// A parenthesis or bracket is not closed, or closes nothing.
    case unbalanced = "E0393"
    /// The bounds of an operator are no interval.
    case badBounds = "E0394"
    /// An operator over the future has no end.
    case unboundedFuture = "E0395"
    /// Operators side by side whose order is not clear.
    case unclearOrder = "E0396"
    /// An operator of another notation.
    case foreignOperator = "E0397"
    /// Too long, too deep or too far.
    case tooLarge = "E0398"
}

/// Why a text is no temporal formula, with its place and the fix.
public struct TemporalError: Error, Equatable, Sendable {
    /// The stable code: `E0395`, or that of a formula for a mistake inside a condition.
    public let code: String
    /// Place and length in UTF-8 bytes of the text.
    public let offset: Int
    public let length: Int
    /// One sentence without full stop.
    public let message: String
    /// The fix.
    public let help: String?
    /// Further places, in text order.
    public let notes: [FormulaError.Note]

    init(_ kind: TemporalErrorKind, at span: FormulaSpan, _ message: String, help: String? = nil, notes: [FormulaError.Note] = []) {
        code = kind.rawValue
        offset = span.start
        length = span.end - span.start
        self.message = message
        self.help = help
        self.notes = notes
    }

    /// A mistake inside a condition that begins at an offset of the whole text.
    init(_ error: FormulaError, movedBy shift: Int) {
        code = error.code
        offset = error.offset + shift
        length = error.length
        message = error.message
        help = error.help
        notes = error.notes.map { FormulaError.Note(offset: $0.offset + shift, length: $0.length, label: $0.label) }
    }
}
