import Quantities

/// When a formula is evaluated, which decides what it may use.
public enum FormulaContext: String, Sendable, CaseIterable {
    /// Once, when the run is built: parameters, settings, draws, node sets.
    case setting
    /// During the run: signals, windows, running counts, draws.
    case live
    /// After the run: scores, whole-run aggregates, last values of signals.
    case score

    /// The words that an error message uses for the context.
    var phrase: String {
        switch self {
        case .setting: "a setting, which is decided before the run starts"
        case .live: "a formula that is evaluated during the run"
        case .score: "an expectation, which is judged after the run"
        }
    }
}

/// The type of a formula or of a part of it.
public enum FormulaType: Hashable, Sendable {
    /// A number with its dimension.
    case number(Dimension)
    /// True or false.
    case flag
    /// A text.
    case text
    /// A set of nodes.
    case nodes
    /// A stream of frames or messages.
    case stream
    /// A detector.
    case detector
    /// A kind of label, such as `CAN_INJECTION`.
    case labelKind
    /// A list of times, as `latency` gives it.
    case times

    /// The words that error messages use for the type: `a current`, `true or false`, `a text`.
    public var phrase: String {
        switch self {
        case .number(let dimension): FormulaWords.phrase(dimension)
        case .flag: "true or false"
        case .text: "a text"
        case .nodes: "a set of nodes"
        case .stream: "a stream of messages"
        case .detector: "a detector"
        case .labelKind: "a kind of label"
        case .times: "a list of times"
        }
    }
}

/// What a name in a formula stands for.
public enum FormulaSymbol: Hashable, Sendable {
    /// A parameter or setting with a known value in base units.
    case number(Double, Dimension)
    /// A parameter or setting that is true or false.
    case flag(Bool)
    /// A parameter or setting that is a text.
    case text(String)
    /// A signal; `members` are the texts of an enumerated signal, whose value is the index of one of them.
    case signal(index: Int, Dimension, members: [String]? = nil, isFlag: Bool = false)
    /// The same signal of several nodes, such as `cp.*.power`; only inside `sum avg min max count`.
    case signals([Int], Dimension)
    /// A stream of frames or messages.
    case stream(Int)
    /// A set of nodes.
    case nodes([Int])
    /// A detector.
    case detector(Int)
    /// A kind of label.
    case labelKind(Int)
}

/// The names that a formula can use.
public protocol FormulaScope {
    /// What a dotted name stands for; `nil` when there is no such name.
    func symbol(named name: String) -> FormulaSymbol?
    /// Every name, for suggestions.
    var knownNames: [String] { get }
    /// The stream that a name stands for where a stream is wanted, although it also names a signal; `nil` when there is none.
    func stream(of name: String) -> Int?
    /// Whether a stream is one of messages, whose calls are answered, and not of frames.
    func hasAnswers(stream: Int) -> Bool
    /// Why a name that could exist does not, as the text behind a colon; `nil` when it is simply unknown.
    func missingReason(for name: String) -> String?
}

extension FormulaScope {
    public func stream(of name: String) -> Int? { nil }
    public func hasAnswers(stream: Int) -> Bool { true }
    public func missingReason(for name: String) -> String? { nil }
}

/// The wording of dimensions in messages.
enum FormulaWords {
    /// A dimension with its article: `a current`, `an energy`, `a plain number`, `a value in A/s`.
    static func phrase(_ dimension: Dimension) -> String {
        let name = dimension.name
        if dimension == .none { return "a plain number" }
        if name == dimension.baseUnit { return "a value in \(name)" }
        return "aeiou".contains(name.first ?? "x") ? "an \(name)" : "a \(name)"
    }

    /// A dimension without article: `current`, `plain number`, `A/s`.
    static func bare(_ dimension: Dimension) -> String { dimension == .none ? "plain number" : dimension.name }

    /// The unit that a help text proposes for a dimension: `A`, `s`, `kW`.
    static func unit(_ dimension: Dimension) -> String {
        switch dimension {
        case .power: "kW"
        case .energy: "kWh"
        case .frequency: "/h"
        case .dataRate: "kbit/s"
        default: Unit.preferred(for: dimension)?.symbol ?? dimension.baseUnit
        }
    }
}
