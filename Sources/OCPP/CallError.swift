/// The error codes of a CALLERROR in OCPP-J 1.6, with the standard's own spelling; a peer's code of another spelling is kept as it came.
public enum OCPPErrorCode: Hashable, Sendable {
    /// The action is unknown to the receiver.
    case notImplemented
    /// The action is known but not supported.
    case notSupported
    /// The receiver could not process the call, through no fault of the sender.
    case internalError
    /// The payload is incomplete.
    case protocolError
    /// A security issue kept the receiver from processing the call.
    case securityError
    /// The payload does not have the structure of the message.
    case formationViolation
    /// A field has an invalid value.
    case propertyConstraintViolation
    /// An array has too few or too many elements.
    case occurenceConstraintViolation
    /// A field has the wrong data type.
    case typeConstraintViolation
    /// Anything else.
    case genericError
    /// A code of a peer that OCPP-J 1.6 does not know.
    case other(String)

    static let table: [(OCPPErrorCode, StaticString)] = [
        (.notImplemented, "NotImplemented"), (.notSupported, "NotSupported"), (.internalError, "InternalError"), (.protocolError, "ProtocolError"),
        (.securityError, "SecurityError"), (.formationViolation, "FormationViolation"),
        (.propertyConstraintViolation, "PropertyConstraintViolation"), (.occurenceConstraintViolation, "OccurenceConstraintViolation"),
        (.typeConstraintViolation, "TypeConstraintViolation"), (.genericError, "GenericError"),
    ]

    /// The code with this name; any text is a code.
    public init(name: String) { self = Self.table.first { $0.1.description == name }?.0 ?? .other(name) }

    /// The name on the wire.
    public var name: String {
        if case .other(let name) = self { return name }
        return Self.table.first { $0.0 == self }?.1.description ?? "GenericError"
    }
}

/// The content of a CALLERROR.
public struct CallError: Error, Hashable, Sendable {
    public var code: OCPPErrorCode
    /// Words for a person; empty if there is nothing to say.
    public var description: String
    /// A JSON object as text; `{}` if there is nothing to say.
    public var details: String

    public init(_ code: OCPPErrorCode, _ description: String = "", details: String = "{}") {
        self.code = code
        self.description = description
        self.details = details
    }
}

/// One breach of the message catalogue: where, which rule, what stood there.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rules of the catalogue.
    public enum Rule: UInt8, CaseIterable, Hashable, Sendable {
        /// A required field is missing.
        case required
        /// The object does not have this field.
        case unknownField
        /// The field stands in the object twice.
        case duplicateField
        /// The payload is no JSON object.
        case payload
        /// The value has the wrong JSON type.
        case type
        /// The string has too many characters.
        case length
        /// The string is not one of the enumeration.
        case enumeration
        /// The array has too few elements.
        case itemCount
        /// The string is not an RFC 3339 date and time that exists.
        case dateTime
        /// The string is not a URI of RFC 3986.
        case uri
        /// The number has more than one decimal, or is too large to be exact.
        case decimals
        /// The string does not stand for a Unicode text.
        case text
    }

    public var rule: Rule
    /// JSON pointer of the value within the payload.
    public var pointer: String
    /// The JSON text that stood there, cut to 60 bytes; empty for a missing field.
    public var value: String
    /// What would have been right: a type, a length, the names of an enumeration.
    public var expected: String

    /// The error code of OCPP-J 1.6 that answers it.
    public var code: OCPPErrorCode {
        switch rule {
        case .required: .protocolError
        case .payload, .unknownField, .duplicateField, .text: .formationViolation
        case .type: .typeConstraintViolation
        case .itemCount: .occurenceConstraintViolation
        case .length, .enumeration, .dateTime, .uri, .decimals: .propertyConstraintViolation
        }
    }

    public var description: String {
        let found = value.isEmpty ? "" : ": \(value)"
        let place = pointer.isEmpty ? "the payload" : pointer
        switch rule {
        case .required: return "\(place) is missing"
        case .unknownField: return "\(place) is not a field of this message"
        case .duplicateField: return "\(place) stands twice"
        default: return "\(place) must be \(expected)\(found)"
        }
    }
}
