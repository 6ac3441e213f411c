import JSONText
import ScenarioLanguage

extension SchemaBuilder {
    /// A list of steps.
    func steps(_ names: Names) -> JSONValue {
        define("steps" + suffix(names, byPlugins: true)) { ["type": ["array", "null"], "items": step(names)] }
    }

    /// A step: exactly one verb with the keys that go with it.
    private func step(_ names: Names) -> JSONValue {
        define("step" + suffix(names, byPlugins: true)) {
            let verbs = StepManifest.all
            let label = describe(StepManifest.label, .object([]))
            var schema: JSONValue = [
                "title": "step", "description": "A step: one verb with its keys, and 'label' where it makes an anomaly.", "type": "object",
                "properties": .object(verbs.map { .init($0.verb, describe($0, .object([]))) } + [.init("label", label)]),
            ]
            schema.add("anyOf", .array(verbs.map { ["required": [.string($0.verb)]] }))
            schema.add("allOf", .array(verbs.map { ["if": ["required": [.string($0.verb)]], "then": verb($0, names)] }))
            return schema
        }
    }

    /// The keys of a verb.
    private func verb(_ manifest: StepManifest, _ names: Names) -> JSONValue {
        define("step-\(manifest.verb)" + suffix(names, byPlugins: true)) {
            let keys = manifest.keys + [StepManifest.label]
            var schema: JSONValue = [
                "title": .string(manifest.verb), "description": .string(manifest.about), "type": "object",
                "properties": .object(
                    [.init(manifest.verb, describe(manifest, type(manifest.takes, names, scalars: names)))]
                        + keys.map { .init($0.name, describe($0, type(of: $0, names))) }),
                "required": .array(([manifest.verb] + manifest.keys.filter(\.required).map(\.name)).map { .string($0) }), "additionalProperties": false,
            ]
            if case .message = manifest.takes { schema.add("allOf", .array(registry.messages.map { fieldsOfStep($0) })) }
            if manifest.verb == StepManifest.attackVerb { schema.add("allOf", .array(BuiltInAttacks.all.map { settingsOfStep($0, names) })) }
            if case .action = manifest.takes { schema.add("allOf", .array(actions.map { settingsOfStep($0, names) })) }
            return schema
        }
    }

    /// Every action of a kind once, by its name.
    private var actions: [ActionManifest] {
        var found: [ActionManifest] = []
        for action in registry.kinds.flatMap(\.actions) where !found.contains(where: { $0.name == action.name }) { found.append(action) }
        return found
    }

    /// The name of an action.
    func action(_ names: Names) -> JSONValue { actions.isEmpty ? pattern(SchemaPattern.ownName) : kindName(actions.map { ($0.name, $0.about) }, names) }

    /// What `with` holds for an action: the settings of one of the kinds that have it.
    private func settingsOfStep(_ action: ActionManifest, _ names: Names) -> JSONValue {
        let alike = registry.kinds.flatMap(\.actions).filter { $0.name == action.name }
        var forms: [JSONValue] = []
        for form in alike {
            let schema: JSONValue = [
                "type": ["object", "null"], "properties": .object(form.settings.map { .init($0.name, setting($0, names)) }), "additionalProperties": false,
            ]
            if !forms.contains(schema) { forms.append(schema) }
        }
        let needed = action.settings.filter { setting in
            setting.required && alike.allSatisfy { $0.settings.contains { $0.name == setting.name && $0.required } }
        }.map { JSONValue.string($0.name) }
        var with = forms.count == 1 ? forms[0] : ["anyOf": .array(forms)]
        var then: JSONValue = ["properties": ["with": with]]
        if !needed.isEmpty {
            with.add("required", .array(needed))
            then = ["properties": ["with": with], "required": ["with"]]
        }
        return ["if": ["properties": ["do": ["const": .string(action.name)]], "required": ["do"]], "then": then]
    }

    /// What `with` holds for a built-in attack.
    private func settingsOfStep(_ attack: AttackManifest, _ names: Names) -> JSONValue {
        let settings = attack.settings.map { JSONValue.Member($0.name, setting($0, names)) }
        let with: JSONValue = ["type": ["object", "null"], "properties": .object(settings), "additionalProperties": false]
        return [
            "if": ["properties": ["attack": ["const": .string(attack.name)]], "required": ["attack"]],
            "then": ["properties": ["with": with], "required": ["against"]],
        ]
    }

    private func setting(_ attackSetting: AttackSetting, _ names: Names) -> JSONValue {
        if let manifest = attackSetting.manifest { return setting(manifest, names) }
        return described(
            attackSetting.name, attackSetting.about, words: attackSetting.type.words, required: false,
            default: nil, text: attackSetting.defaultWords.isEmpty ? nil : attackSetting.defaultWords, .object([]))
    }

    private func describe(_ manifest: StepManifest, _ type: JSONValue) -> JSONValue {
        var schema: JSONValue = [
            "title": .string(manifest.verb), "description": .string(manifest.about),
            "markdownDescription": .string("\(manifest.about)\n\n*\(manifest.takes.words)*\n\n```yaml\n- \(manifest.example)\n```"),
        ]
        for member in type.members ?? [] where schema[member.key] == nil { schema.add(member.key, member.value) }
        return schema
    }

    // MARK: Messages

    /// The name of a message.
    func message(_ names: Names) -> JSONValue { kindName(registry.messages.map { ($0.name, $0.about) }, names) }

    /// What `with` holds for a message, unless `payload` says what is sent.
    private func fieldsOfStep(_ message: MessageManifest) -> JSONValue {
        var then: JSONValue = ["properties": ["with": fields(message)]]
        if message.fields.contains(where: \.isNeeded) { then.add("required", ["with"]) }
        return [
            "if": ["properties": ["send": ["const": .string(message.name)]], "required": ["send"], "not": ["required": ["payload"]]], "then": then,
        ]
    }

    /// What `with` holds for a message of a plugin.
    func fieldsOfPreset(_ message: MessageManifest) -> JSONValue { choice("send", message.name, ["properties": ["with": fields(message)]]) }

    /// What `with` of an expected message can name: the fields of the call, or of its answer.
    func fieldsOfPattern() -> JSONValue {
        define("fields-of-an-expected-message") {
            let rules = registry.messages.flatMap { message -> [JSONValue] in
                [("call", message.fields), ("result", message.answer)].map { verb, fields in
                    let names: JSONValue = ["type": ["object", "null"], "propertyNames": ["enum": .array(fields.map { .string($0.name) })]]
                    return choice(verb, message.name, ["properties": ["with": fields.isEmpty ? ["type": ["object", "null"], "maxProperties": 0] : names]])
                }
            }
            return ["allOf": .array(rules)]
        }
    }

    /// The fields of a message: those of the standard, or a shorthand with what can stand beside it.
    private func fields(_ message: MessageManifest) -> JSONValue {
        define("message-\(message.name)") {
            let official = object(message.fields)
            let about: [JSONValue.Member] = [
                .init("title", .string(message.name)), .init("description", .string("\(message.about) (\(message.protocolName))")),
            ]
            guard !message.shorthands.isEmpty else { return .object(about + (official.members ?? [])) }
            let short: JSONValue = [
                "type": "object",
                "properties": .object(
                    message.shorthands.map { shorthand in
                        .init(
                            shorthand.name,
                            described(
                                shorthand.name, shorthand.about, words: shorthand.dimension.name, required: false, default: nil, text: nil,
                                quantity(shorthand.dimension, negative: true, formula: true)))
                    } + message.besideShorthands.map { .init($0.name, field($0)) }),
                "anyOf": .array(message.shorthands.map { ["required": [.string($0.name)]] }), "additionalProperties": false,
            ]
            return .object(about + [.init("anyOf", [short, official])])
        }
    }

    private func object(_ fields: [MessageFieldManifest]) -> JSONValue {
        let needed = fields.filter(\.isNeeded).map { JSONValue.string($0.name) }
        var schema: JSONValue = ["type": needed.isEmpty ? ["object", "null"] : "object", "properties": .object(fields.map { .init($0.name, field($0)) })]
        if !needed.isEmpty { schema.add("required", .array(needed)) }
        schema.add("additionalProperties", false)
        return schema
    }

    func field(_ field: MessageFieldManifest) -> JSONValue {
        described(
            field.name, "\(field.type)\(field.isNeeded ? ", required" : field.required ? ", filled in when it is not given" : "")", words: field.type,
            required: field.isNeeded, default: nil, text: nil, form(field.form))
    }

    /// The value of a field, or a formula for it.
    private func form(_ form: MessageFieldManifest.Form) -> JSONValue {
        switch form {
        case .text(let longest, let takesNumbers):
            guard let longest else { return takesNumbers ? text : ["type": "string"] }
            return ["type": takesNumbers ? text["type"] ?? "string" : "string", "pattern": .string("^(?:=\\s*\\S[\\s\\S]*|[\\s\\S]{0,\(longest)})$")]
        case .whole: return ["type": ["integer", "string"], "pattern": .string(SchemaPattern.formula), "patternErrorMessage": "a whole number, or a formula"]
        case .tenths: return ["type": ["number", "string"], "pattern": .string(SchemaPattern.formula), "patternErrorMessage": "a number, or a formula"]
        case .flag: return ["type": ["boolean", "string"], "pattern": .string(SchemaPattern.formula), "patternErrorMessage": "true or false, or a formula"]
        case .dateTime, .uri: return ["type": "string"]
        case .oneOf(let words): return ["anyOf": [["type": "string", "enum": .array(words.map { .string($0) })], formula]]
        case .object(let fields): return object(fields)
        case .list(let element, let least):
            var schema: JSONValue = ["type": "array", "items": self.form(element)]
            if least > 0 { schema.add("minItems", .integer(Int64(least))) }
            return schema
        }
    }
}
