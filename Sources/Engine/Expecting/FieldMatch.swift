import JSONText
import Quantities
import ScenarioLanguage

/// Compares a JSON value with what a scenario wants of it.
struct FieldMatch {
    /// Values that earlier messages of the exchange kept; `nil` until then.
    let kept: [JSONValue?]

    /// How a value differs from a condition.
    struct Difference {
        /// Official names on the way to the field, joined by points.
        var path: String
        /// What is wanted there.
        var wanted: String
        /// What stands there.
        var found: String

        /// The difference in words.
        var text: String { "\(path.isEmpty ? "the payload" : "'\(path)'") was \(found), wanted \(wanted)" }
    }

    /// All differences, none when the value meets the condition.
    func differences(_ value: JSONValue?, _ condition: FieldCondition, at path: String = "") -> [Difference] {
        switch condition {
        case .object(let fields):
            guard let value, value.members != nil else { return [difference(value, condition, path)] }
            return fields.flatMap { differences(value[$0.name], $0.condition, at: path.isEmpty ? $0.name : "\(path).\($0.name)") }
        case .list(let conditions): return listDifferences(value, conditions, condition, path)
        case .all(let conditions): return conditions.flatMap { differences(value, $0, at: path) }
        default: return meets(value, condition) ? [] : [difference(value, condition, path)]
        }
    }

    /// Whether a value meets a condition.
    func meets(_ value: JSONValue?, _ condition: FieldCondition) -> Bool {
        switch condition {
        case .text(let text): value?.string == text
        case .number(let number): value?.double == number
        case .flag(let flag): value?.bool == flag
        case .atLeast(let least): number(value).map { $0 >= least } ?? false
        case .atMost(let greatest): number(value).map { $0 <= greatest } ?? false
        case .not(let condition): !meets(value, condition)
        case .oneOf(let conditions): conditions.contains { meets(value, $0) }
        case .contains(let part): value?.string.map { holds($0, part) } ?? false
        case .count(let condition): value?.array.map { meets(.integer(Int64($0.count)), condition) } ?? false
        case .present(let isWanted): (value != nil) == isWanted
        case .same(let name): kept[name].map { isSame(value, $0) } ?? false
        case .all(let conditions): conditions.allSatisfy { meets(value, $0) }
        case .object, .list: differences(value, condition).isEmpty
        }
    }

    /// The elements that are wanted must stand in the list in their order.
    private func listDifferences(_ value: JSONValue?, _ conditions: [FieldCondition], _ condition: FieldCondition, _ path: String) -> [Difference] {
        guard let elements = value?.array else { return [difference(value, condition, path)] }
        var place = 0
        for (index, wanted) in conditions.enumerated() {
            let from = place
            while place < elements.count, !meets(elements[place], wanted) { place += 1 }
            guard place == elements.count else {
                place += 1
                continue
            }
            // Of the elements that could have been meant the nearest tells most.
            let nearest = elements[from...].map { differences($0, wanted, at: "\(path)[\(index)]") }.min { $0.count < $1.count }
            return nearest ?? [Difference(path: "\(path)[\(index)]", wanted: words(wanted), found: "missing")]
        }
        return []
    }

    private func number(_ value: JSONValue?) -> Double? { value?.double ?? value?.string.flatMap { Double($0) } }

    private func isSame(_ value: JSONValue?, _ other: JSONValue) -> Bool {
        if let value, let first = value.double, let second = other.double { return first == second }
        return value == other
    }

    /// Whether a text stands inside another, byte by byte.
    private func holds(_ text: String, _ part: String) -> Bool {
        let (bytes, wanted) = (Array(text.utf8), Array(part.utf8))
        guard wanted.count <= bytes.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }

    // MARK: Words

    private func difference(_ value: JSONValue?, _ condition: FieldCondition, _ path: String) -> Difference {
        Difference(path: path, wanted: words(condition), found: value.map { FieldMatch.short($0.text()) } ?? "missing")
    }

    /// A condition in the words of the language.
    func words(_ condition: FieldCondition) -> String {
        switch condition {
        case .text(let text): FieldMatch.short(JSONValue.string(text).text())
        case .number(let number): decimalText(number)
        case .flag(let flag): flag ? "true" : "false"
        case .atLeast(let least): "at least \(decimalText(least))"
        case .atMost(let greatest): "at most \(decimalText(greatest))"
        case .not(.present(let isWanted)): words(.present(!isWanted))
        case .not(let condition): "not \(words(condition))"
        case .oneOf(let conditions): "one of \(conditions.map(words).joined(separator: ", "))"
        case .contains(let part): "a text with \(FieldMatch.short(JSONValue.string(part).text()))"
        case .count(let condition): "\(words(condition)) elements"
        case .present(let isWanted): isWanted ? "any value" : "none"
        case .same(let name): kept[name].map { "\(FieldMatch.short($0.text())) as before" } ?? "a value that no earlier message had"
        case .all(let conditions): conditions.map(words).joined(separator: " and ")
        case .object(let fields): "{\(fields.map { "\($0.name): \(words($0.condition))" }.joined(separator: ", "))}"
        case .list(let conditions): "[\(conditions.map(words).joined(separator: ", "))]"
        }
    }

    /// So many messages.
    static func messages(_ count: Int) -> String { count == 1 ? "1 message" : "\(count) messages" }

    /// A text cut to a length that fits into a sentence.
    static func short(_ text: String) -> String { text.utf8.count <= 60 ? text : "\(text.prefix(57))…" }
}
