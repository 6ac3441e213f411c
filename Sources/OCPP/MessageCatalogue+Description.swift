/// A field of a message as reference pages show it.
public struct MessageField: Sendable {
    /// Official name.
    public let name: String
    /// Type in words: `text up to 20`, `whole number`, `date and time`, `Accepted | Rejected`, or the name of an object.
    public let type: String
    /// Whether it must be there.
    public let isRequired: Bool
}

extension OCPPPayload {
    /// The fields of a request in the order of the standard.
    public static func requestFields(_ action: OCPPAction) -> [MessageField] {
        let catalogue = MessageCatalogue.ocpp16
        let object = catalogue.objects[catalogue.rule(action, isRequest: true)]
        return object.fields.map { index in
            let rule = catalogue.fields[Int(index)]
            return MessageField(name: catalogue.name(rule.name), type: catalogue.typeName(rule), isRequired: rule.isRequired)
        }
    }
}

extension MessageCatalogue {
    /// The type of a field in words.
    func typeName(_ rule: FieldRule) -> String {
        let one: String
        switch rule.form {
        case .string: one = rule.greatestLength == .max ? "text" : "text up to \(rule.greatestLength)"
        case .integer: one = "whole number"
        case .tenths: one = "number with one decimal"
        case .boolean: one = "true or false"
        case .dateTime: one = "date and time"
        case .uri: one = "URI"
        case .enumeration: one = enumerations[Int(rule.reference)].map(name).joined(separator: " | ")
        case .object:
            let object = objects[Int(rule.reference)]
            one = "{\(object.fields.map { name(fields[Int($0)].name) }.joined(separator: ", "))}"
        }
        return rule.isArray ? "list of \(one)" : one
    }
}
