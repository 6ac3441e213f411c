public import Quantities
public import YAMLTree

/// What a run must say on its links: messages in this order, or none of a kind.
public struct MessageExpectation: Sendable {
    /// The messages in order, with those that must not come between them.
    public var elements: [ExchangeElement]
    /// Whether no other message of the actions that the exchange names may stand between its messages.
    public var isStrict: Bool
    /// Names under which elements keep values of their messages.
    public var kept: [String]
    /// Whether it stands under `never`: its only element must not come at all.
    public var isNever: Bool
    /// Why.
    public var because: String?
    /// Its place.
    public var span: Span
}

extension MessageExpectation {
    /// The expectation in one line.
    public var text: String {
        if isNever { return "never \(elements[0].pattern.words)" }
        return "exchange of " + elements.map { ($0.isNever ? "never " : "") + $0.pattern.words }.joined(separator: ", ")
    }
}

/// One message of an exchange, or one that must not come before the next.
public struct ExchangeElement: Sendable {
    /// A value of the message that later elements compare with.
    public struct Keep: Sendable {
        /// Index in `MessageExpectation.kept`.
        public var name: Int
        /// The way to the field.
        public var path: [String]
    }

    /// The message.
    public var pattern: MessagePattern
    /// Whether such a message must not come in this place.
    public var isNever: Bool
    /// How many of them in a row.
    public var times: Int
    /// Least time since the message before.
    public var after: Duration?
    /// Greatest time since the message before.
    public var within: Duration?
    /// What is kept.
    public var keeps: [Keep]
    /// Its place.
    public var span: Span
}

/// What a message must be like.
public struct MessagePattern: Sendable {
    /// What kind of message.
    public enum Verb: String, Sendable, CaseIterable {
        /// A CALL.
        case call
        /// The CALLRESULT of a call.
        case result
        /// The CALLERROR of a call.
        case error
    }

    /// What kind of message.
    public var verb: Verb
    /// Official name of the action.
    public var action: String
    /// Index of the action in the registry.
    public var number: Int
    /// Node instances that may send it; `nil` for any.
    public var from: Set<Int>?
    /// Node instances that may receive it; `nil` for any.
    public var to: Set<Int>?
    /// What its fields must be.
    public var with: FieldCondition?
    /// Code of a CALLERROR.
    public var code: String?
    /// The pattern in words, as failures name it: `StartTransaction from cp1`.
    public var words: String
    /// Its place.
    public var span: Span
}

/// What a value of a message must be.
public indirect enum FieldCondition: Sendable {
    /// This text.
    case text(String)
    /// This number.
    case number(Double)
    /// This flag.
    case flag(Bool)
    /// A number, or a text that is one, of at least this much.
    case atLeast(Double)
    /// A number, or a text that is one, of at most this much.
    case atMost(Double)
    /// Something else; a field that is not there is something else too.
    case not(FieldCondition)
    /// One of these.
    case oneOf([FieldCondition])
    /// A text with this in it.
    case contains(String)
    /// A list of so many elements.
    case count(FieldCondition)
    /// There, or not there.
    case present(Bool)
    /// The value that an earlier message had: index in `MessageExpectation.kept`.
    case same(Int)
    /// All of these.
    case all([FieldCondition])
    /// An object whose named fields meet these conditions.
    case object([(name: String, condition: FieldCondition)])
    /// A list in which, in this order, elements meet these conditions; others may stand between them.
    case list([FieldCondition])
}

extension FieldCondition {
    /// The words of the language for conditions, in the order of the reference page, with what each means.
    public static let words: [(name: String, about: String)] = [
        ("at_least", "a number, or a text that is one, of at least this much"), ("at_most", "the same, of at most this much"),
        ("one_of", "one of the values of a list"), ("not", "anything else"), ("contains", "a text with this in it"),
        ("count", "a list of so many elements"), ("present", "true: the field is there; false: it is not"),
        ("same", "the value that an earlier message of the exchange kept under this name"),
    ]
}
