/// Why a text is not a valid formula, with its place and the fix.
public struct FormulaError: Error, Equatable, Sendable {
    /// A second place that explains the error: an operand and what it is.
    public struct Note: Equatable, Sendable {
        /// Place in UTF-8 bytes of the formula text without its `=`.
        public let offset: Int
        /// Length in UTF-8 bytes.
        public let length: Int
        /// What stands there: `this is a current`.
        public let label: String
    }

    /// The stable code with its title and explanation.
    public let kind: FormulaErrorKind
    /// Place in UTF-8 bytes of the formula text without its `=`.
    public let offset: Int
    /// Length in UTF-8 bytes; 0 at the end of the text.
    public let length: Int
    /// One sentence without full stop.
    public let message: String
    /// The fix: `write 5 A`.
    public let help: String?
    /// Further places, at most two, in text order.
    public let notes: [Note]

    /// The stable code: `E0520`.
    public var code: String { kind.rawValue }

    init(_ kind: FormulaErrorKind, at span: FormulaSpan, _ message: String, help: String? = nil, notes: [Note] = []) {
        self.kind = kind
        offset = span.start
        length = span.end - span.start
        self.message = message
        self.help = help
        self.notes = notes
    }
}

/// A half-open range of UTF-8 bytes in the text of a formula.
struct FormulaSpan: Hashable, Sendable {
    var start: Int
    var end: Int

    /// The smallest span that holds both.
    func union(_ other: FormulaSpan) -> FormulaSpan { FormulaSpan(start: Swift.min(start, other.start), end: Swift.max(end, other.end)) }

    /// A note about this place.
    func note(_ label: String) -> FormulaError.Note { FormulaError.Note(offset: start, length: end - start, label: label) }
}

/// Every distinct mistake in a formula, by its stable code.
public enum FormulaErrorKind: String, Sendable, CaseIterable {
    /// Empty formula.
    case empty = "E0501"
    /// Character that no formula has.
    case strangeCharacter = "E0502"
    /// A value is missing.
    case missingValue = "E0503"
    /// An operator is missing between two values.
    case missingOperator = "E0504"
    /// Parenthesis not closed.
    case unclosedParenthesis = "E0505"
    /// Closing parenthesis without opening one.
    case strayParenthesis = "E0506"
    /// Quoted text not closed.
    case unclosedText = "E0507"
    /// Operator of another language.
    case foreignOperator = "E0508"
    /// Chained comparison.
    case chainedComparison = "E0509"
    /// Text templating.
    case templating = "E0510"
    /// Condition in the style of a program.
    case foreignCondition = "E0511"
    /// Range where one value is wanted.
    case range = "E0512"
    /// Malformed number.
    case badNumber = "E0513"
    /// Unknown unit.
    case unknownUnit = "E0514"
    /// Number out of range.
    case numberOutOfRange = "E0515"
    /// Unknown name.
    case unknownName = "E0520"
    /// Name that is not available.
    case unavailableName = "E0521"
    /// Unknown function.
    case unknownFunction = "E0522"
    /// Function and value confused.
    case functionWithoutCall = "E0523"
    /// Wrong number of arguments.
    case argumentCount = "E0524"
    /// Argument of the wrong kind.
    case argumentType = "E0525"
    /// Not available at this moment.
    case wrongContext = "E0526"
    /// Many signals where one is wanted.
    case signalSet = "E0527"
    /// Window that is no constant time.
    case badWindow = "E0528"
    /// Different dimensions added.
    case dimensionMismatch = "E0530"
    /// Different dimensions compared.
    case comparedDimensions = "E0531"
    /// Unit missing.
    case unitMissing = "E0532"
    /// Operator on the wrong type.
    case operandType = "E0533"
    /// Alternatives of different types.
    case branchTypes = "E0534"
    /// Result of the wrong type.
    case resultType = "E0535"
    /// Texts have no order.
    case textOrder = "E0536"
    /// State that the signal never takes.
    case unknownMember = "E0537"
    /// Argument out of its range.
    case badArgumentValue = "E0538"
    /// List of times where one is wanted.
    case unreducedTimes = "E0539"
    /// Formula too big.
    case tooManyOperations = "E0540"
    /// Formula nested too deeply.
    case tooDeep = "E0541"
    /// Formula too long.
    case tooLong = "E0542"
    /// Division by zero.
    case divisionByZero = "E0543"
    /// Product of too many dimensions.
    case dimensionTooHigh = "E0544"
}
