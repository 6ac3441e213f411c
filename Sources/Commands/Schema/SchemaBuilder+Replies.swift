import JSONText
import ScenarioLanguage

extension SchemaBuilder {
    /// How calls of a role are answered: a reply or a list of them for each message.
    func replies(_ caller: SettingType.Role, _ names: Names) -> JSONValue {
        define("replies-to-\(caller == .chargePoint ? "charge-points" : "central-systems")" + suffix(names, byPlugins: false)) {
            let calls = registry.messages.filter { $0.sender == .either || $0.sender.rawValue == caller.rawValue }
            let members = calls.map { JSONValue.Member($0.name, replies(to: $0, names)) }
            return [
                "type": ["object", "null"], "properties": .object(members + [.init(ReplyDeclaration.anyMessage, replies(to: nil, names))]),
                "additionalProperties": false,
            ]
        }
    }

    private func replies(to message: MessageManifest?, _ names: Names) -> JSONValue {
        let one = reply(to: message, names)
        let name = message?.name ?? ReplyDeclaration.anyMessage
        return described(
            name, "Answers to \(message?.name ?? "every other message").", words: "reply or list of replies", required: false, default: nil, text: nil,
            ["anyOf": [one, ["type": "array", "items": one]]])
    }

    /// A reply: a word, or the section with the fields of this answer.
    private func reply(to message: MessageManifest?, _ names: Names) -> JSONValue {
        define("reply-\(message?.name ?? ReplyDeclaration.anyMessage)" + suffix(names, byPlugins: false)) {
            let section = ScenarioSchema.reply
            let hasStatus = message?.answer.contains { $0.name == "status" || $0.name == "idTagInfo" } ?? false
            let words = ReplyDeclaration.words.filter { hasStatus || ($0 != "accept" && $0 != "reject") }
            let answers = ["answer", "with", "payload", "error", "malformed"]
            let keys = section.keys.filter { message != nil || $0.name != "with" }
            let members = keys.map { key -> JSONValue.Member in
                switch key.name {
                case "answer": .init(key.name, describe(key, ["type": "string", "enum": .array(words.map { .string($0) })]))
                case "with": .init(key.name, describe(key, patch(message?.answer ?? [])))
                default: .init(key.name, describe(key, type(of: key, names)))
                }
            }
            let long: JSONValue = [
                "type": "object", "properties": .object(members), "additionalProperties": false,
                "not": ["anyOf": .array(pairs(answers.filter { name in keys.contains { $0.name == name } }))],
            ]
            return ["anyOf": [["type": "string", "enum": .array((words + ["malformed"]).map { .string($0) })], long]]
        }
    }

    /// Two answers to one call.
    private func pairs(_ names: [String]) -> [JSONValue] {
        names.indices.flatMap { first in names[(first + 1)...].map { ["required": [.string(names[first]), .string($0)]] } }
    }

    /// Fields that take the place of some of an answer: none is required.
    private func patch(_ fields: [MessageFieldManifest]) -> JSONValue {
        ["type": ["object", "null"], "properties": .object(fields.map { .init($0.name, patched($0)) }), "additionalProperties": false]
    }

    private func patched(_ field: MessageFieldManifest) -> JSONValue {
        guard case .object(let fields) = field.form else { return self.field(field) }
        let meaning = "Fields that take the place of some of the answer."
        return described(field.name, meaning, words: "object", required: false, default: nil, text: nil, patch(fields))
    }
}
