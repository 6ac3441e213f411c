/// A field of a message as reference pages and schemas show it.
public struct MessageField: Sendable, Hashable {
    /// Official name.
    public let name: String
    /// What its value must be.
    public let form: MessageForm
    /// Whether it must be there.
    public let isRequired: Bool
}

/// What the value of a field must be.
public indirect enum MessageForm: Sendable, Hashable {
    /// A text, with the greatest number of characters where there is one.
    case text(longest: Int?)
    /// A whole number.
    case whole
    /// A multiple of 0.1.
    case tenths
    /// `true` or `false`.
    case flag
    /// An instant of RFC 3339.
    case dateTime
    /// A URI.
    case uri
    /// One of these words.
    case oneOf([String])
    /// An object with these fields and no others.
    case object([MessageField])
    /// A list with at least this many elements.
    case list(MessageForm, least: Int)
}

extension OCPPPayload {
    /// The fields of a request in the order of the standard.
    public static func requestFields(_ action: OCPPAction) -> [MessageField] {
        let catalogue = MessageCatalogue.ocpp16
        return catalogue.fields(of: catalogue.rule(action, isRequest: true))
    }

    /// The fields of a confirmation in the order of the standard.
    public static func confirmationFields(_ action: OCPPAction) -> [MessageField] {
        let catalogue = MessageCatalogue.ocpp16
        return catalogue.fields(of: catalogue.rule(action, isRequest: false))
    }
}

extension MessageCatalogue {
    /// The fields of an object; types never contain themselves.
    func fields(of object: Int) -> [MessageField] {
        objects[object].fields.map { index in
            let rule = fields[Int(index)]
            return MessageField(name: name(rule.name), form: rule.isArray ? .list(form(rule), least: rule.leastCount) : form(rule), isRequired: rule.isRequired)
        }
    }

    private func form(_ rule: FieldRule) -> MessageForm {
        switch rule.form {
        case .string: .text(longest: rule.greatestLength == .max ? nil : Int(rule.greatestLength))
        case .integer: .whole
        case .tenths: .tenths
        case .boolean: .flag
        case .dateTime: .dateTime
        case .uri: .uri
        case .enumeration: .oneOf(enumerations[Int(rule.reference)].map(name))
        case .object: .object(fields(of: Int(rule.reference)))
        }
    }
}
