import JSONText
import Quantities

/// Times that are counted from the moment of sending, in fields that hold a date and time: `in 10min`, `5s ago`, `now`.
public enum RelativeTime {
    /// The distance from now in milliseconds; `nil` if the text is no such time.
    public static func offset(_ text: String) -> Int64? {
        if text == "now" { return 0 }
        if text.hasPrefix("in ") { return milliseconds(text.dropFirst(3)) }
        if text.hasSuffix(" ago") { return milliseconds(text.dropLast(4)).map { -$0 } }
        return nil
    }

    private static func milliseconds(_ text: Substring) -> Int64? {
        guard let quantity = try? Quantity.parse(text), quantity.dimension == .time, let nanoseconds = quantity.exactNanoseconds, nanoseconds >= 0 else {
            return nil
        }
        return nanoseconds / 1_000_000
    }

    /// The value with such times in date-time fields replaced by what they mean at an instant.
    public static func resolved(_ value: JSONValue, _ fields: [MessageField], at now: OCPPTimestamp) -> JSONValue {
        guard case .object(let members) = value else { return value }
        return .object(
            members.map { member in
                guard let field = fields.first(where: { $0.name == member.key }) else { return member }
                return JSONValue.Member(member.key, resolved(member.value, field.form, now))
            })
    }

    private static func resolved(_ value: JSONValue, _ form: MessageForm, _ now: OCPPTimestamp) -> JSONValue {
        switch (form, value) {
        case (.dateTime, .string(let text)):
            guard let offset = offset(text) else { return value }
            return .string(OCPPTimestamp(milliseconds: now.milliseconds.addingReportingOverflow(offset).partialValue).text)
        case (.object(let fields), .object): return resolved(value, fields, at: now)
        case (.list(let element, _), .array(let items)): return .array(items.map { resolved($0, element, now) })
        default: return value
        }
    }

    /// Whether a value holds such a time.
    public static func occurs(in value: JSONValue) -> Bool {
        switch value {
        case .string(let text): offset(text) != nil
        case .array(let items): items.contains(where: occurs)
        case .object(let members): members.contains { occurs(in: $0.value) }
        default: false
        }
    }
}
