public import Quantities

/// How a node answers some of the calls that it gets, as the file has it.
public struct ReplyDeclaration: Sendable {
    /// What is answered.
    public enum Answer: Sendable {
        /// One of ``ReplyDeclaration/words``.
        case word(String)
        /// The node's own answer with these fields.
        case with(FieldValue)
        /// A payload as it is, valid or not.
        case payload(String)
        /// A CALLERROR.
        case error(code: String, description: String, details: FieldValue?)
        /// An answer that is broken in one of the ways of ``ReplyDeclaration/malformations``.
        case malformed(String)
    }

    /// Official name of the call; `nil` for all that have no entry of their own.
    public var message: String?
    /// The answer.
    public var answer = Answer.word("default")
    /// How long it waits.
    public var delay = Duration.zero
    /// How many calls it answers.
    public var times: Int?
    /// The first call that it answers, counted from 1.
    public var fromCall: Int?
    /// Node instances whose calls it answers; `nil` for all.
    public var nodes: [Int]?
    /// How likely it answers a call.
    public var chance = 1.0

    /// Answers that are one word.
    public static let words = ["default", "accept", "reject", "ignore", "disconnect"]
    /// Ways in which an answer can be broken.
    public static let malformations = ["not-json", "wrong-id", "missing-payload", "extra-element", "wrong-type", "unknown-message-type"]
    /// Codes of a CALLERROR: those of OCPP 1.6, then other spellings that are met.
    public static let errorCodes = [
        "NotImplemented", "NotSupported", "InternalError", "ProtocolError", "SecurityError", "FormationViolation", "PropertyConstraintViolation",
        "OccurenceConstraintViolation", "TypeConstraintViolation", "GenericError", "FormatViolation", "OccurrenceConstraintViolation",
        "MessageTypeNotSupported", "RpcFrameworkError",
    ]
    /// The key for every message that has no entry of its own.
    public static let anyMessage = "any"
}
