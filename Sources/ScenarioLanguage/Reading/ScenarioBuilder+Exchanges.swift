import YAMLTree

extension ScenarioBuilder {
    // MARK: exchange and never

    /// Messages that must come in this order.
    func readExchange(_ node: YAMLNode, strictly: YAMLNode?, because: String?, span: Span) {
        var result = MessageExpectation(elements: [], isStrict: false, kept: [], isNever: false, because: because, span: span)
        if let strictly { result.isStrict = reading.flag(strictly, "'strictly'") ?? false }
        guard let items = reading.list(node, "'exchange'") else { return }
        let errors = reading.errorCount
        for item in items {
            guard let section = SectionReader(reading, item, ScenarioSchema.exchangeElement, "a message of an exchange") else { continue }
            if let element = readElement(section, &result) { result.elements.append(element) }
        }
        guard reading.errorCount == errors else { return }
        guard result.elements.contains(where: { !$0.isNever }) else {
            reading.error(
                .emptySection, node.span, "an exchange needs a message that must come",
                label: items.isEmpty ? "for example '- {call: BootNotification}'" : "help: write '- never: …' without 'exchange'")
            return
        }
        scenario.exchanges.append(result)
    }

    /// A message that must not come in the whole run.
    func readNever(_ node: YAMLNode, because: String?, span: Span) {
        var result = MessageExpectation(elements: [], isStrict: false, kept: [], isNever: true, because: because, span: span)
        guard let section = SectionReader(reading, node, ScenarioSchema.pattern, "'never'", example: "{call: StopTransaction}"),
            let pattern = readPattern(section, "'never'", &result)
        else { return }
        result.elements = [ExchangeElement(pattern: pattern, isNever: true, times: 1, after: nil, within: nil, keeps: [], span: pattern.span)]
        scenario.exchanges.append(result)
    }

    private func readElement(_ section: SectionReader, _ exchange: inout MessageExpectation) -> ExchangeElement? {
        if let never = section["never"] {
            for key in ScenarioSchema.exchangeElement.keys.map(\.name) where key != "never" {
                guard let other = section.key(key) else { continue }
                reading.error(.keyOfOtherVerb, other.span, "'\(key)' does not go with 'never'", label: "the message stands inside: 'never: {call: …}'")
                return nil
            }
            guard let inner = SectionReader(reading, never, ScenarioSchema.pattern, "'never'", example: "{call: StopTransaction}"),
                let pattern = readPattern(inner, "'never'", &exchange)
            else { return nil }
            return ExchangeElement(pattern: pattern, isNever: true, times: 1, after: nil, within: nil, keeps: [], span: pattern.span)
        }
        guard let pattern = readPattern(section, "a message of an exchange", &exchange) else { return nil }
        var element = ExchangeElement(pattern: pattern, isNever: false, times: 1, after: nil, within: nil, keeps: [], span: pattern.span)
        if let node = section["times"], let times = reading.whole(node, "'times'", in: 1...1_000_000) { element.times = Int(times) }
        element.after = section["after"].flatMap { reading.duration($0, "'after'") }
        element.within = section["within"].flatMap { reading.duration($0, "'within'") }
        if let after = element.after, let within = element.within, within < after, let node = section["within"] {
            reading.error(.outOfRange, node.span, "'within' is shorter than 'after'", label: "no message can come in time")
        }
        if let keep = section["keep"] { readKeeps(keep, pattern, &element, &exchange) }
        return element
    }

    /// `keep: {tx: transactionId}`.
    private func readKeeps(_ node: YAMLNode, _ pattern: MessagePattern, _ element: inout ExchangeElement, _ exchange: inout MessageExpectation) {
        for entry in reading.mapping(node, "'keep'", example: "{tx: transactionId}") ?? [] {
            guard let name = reading.checkName(entry.key, "kept value"), let text = reading.text(entry.value, "'\(entry.name)'") else { continue }
            let path = text.split(separator: ".").map(String.init)
            var fields = self.fields(of: pattern)
            for (index, part) in path.enumerated() {
                guard let field = fields.first(where: { $0.name == part }) else {
                    report(part, entry.value.span, pattern, fields)
                    return
                }
                if index < path.count - 1 { fields = self.fields(of: field.form) ?? [] }
            }
            let place = exchange.kept.firstIndex(of: name) ?? exchange.kept.count
            if place == exchange.kept.count { exchange.kept.append(name) }
            element.keeps.append(ExchangeElement.Keep(name: place, path: path))
        }
    }

    // MARK: Patterns

    private func readPattern(_ section: SectionReader, _ what: String, _ exchange: inout MessageExpectation) -> MessagePattern? {
        let verbs = MessagePattern.Verb.allCases.filter { section[$0.rawValue] != nil }
        guard let verb = verbs.first, let node = section[verb.rawValue] else {
            reading.error(.noVerb, section.node.span, "\(what) needs one of 'call', 'result' and 'error'", label: "for example '{call: BootNotification}'")
            return nil
        }
        guard verbs.count == 1 else {
            let second = section.key(verbs[1].rawValue)?.span ?? node.span
            reading.error(.twoVerbs, second, "'\(verb.rawValue)' and '\(verbs[1].rawValue)' do not go together", label: "help: make two messages of it")
            return nil
        }
        guard let action = reading.text(node, "'\(verb.rawValue)'") else { return nil }
        guard let number = registry.messages.firstIndex(where: { $0.name == action }) else {
            reading.error(
                .unknownMessage, node.span, "there is no message \(Diagnostic.quoted(action))",
                label: reading.suggestion(action, registry.messages.map(\.name)) ?? "'evsim list messages' shows all")
            return nil
        }
        let manifest = registry.messages[number]
        var pattern = MessagePattern(verb: verb, action: action, number: number, words: action, span: node.span)
        guard readSides(section, manifest, &pattern) else { return nil }
        if let code = section["code"] {
            guard verb == .error else {
                reading.error(.keyOfOtherVerb, section.key("code")?.span ?? code.span, "'code' goes with 'error' only", label: "a \(verb.rawValue) has none")
                return nil
            }
            pattern.code = reading.text(code, "'code'")
        }
        if let with = section["with"] {
            guard verb != .error else {
                reading.error(
                    .keyOfOtherVerb, section.key("with")?.span ?? with.span, "'with' does not go with 'error'", label: "help: write 'code: NotSupported'")
                return nil
            }
            guard let condition = objectCondition(with, fields(of: pattern), pattern, exchange) else { return nil }
            pattern.with = condition
        }
        pattern.words = words(pattern, from: section["from"]?.text, to: section["to"]?.text)
        return pattern
    }

    /// Who sends and receives; a role that cannot is an error.
    private func readSides(_ section: SectionReader, _ manifest: MessageManifest, _ pattern: inout MessagePattern) -> Bool {
        var callers: [SettingType.Role] = []
        if manifest.sender != .centralSystem { callers.append(.chargePoint) }
        if manifest.sender != .chargePoint { callers.append(.centralSystem) }
        let called: [SettingType.Role] = callers.count == 2 ? callers : callers == [.chargePoint] ? [.centralSystem] : [.chargePoint]
        for (key, roles) in [("from", pattern.verb == .call ? callers : called), ("to", pattern.verb == .call ? called : callers)] {
            guard let node = section[key] else { continue }
            guard case .constant(let set)? = nodeTarget(node, role: nil) else { return false }
            if let wrong = set.first(where: { instance in !roles.contains { isRole(instance, $0) } }) {
                let does = pattern.verb == .call ? (key == "from" ? "sent by" : "sent to") : (key == "from" ? "answered by" : "answered to")
                let names = roles.map { "a \($0.rawValue)" }.joined(separator: " or ")
                let other = key == "from" ? "to" : "from"
                reading.error(
                    .noSender, node.span, "'\(manifest.name)' is \(does) \(names), and '\(scope.table.nodes[wrong])' is none",
                    label: section[other] == nil ? "help: write '\(other): \(node.text ?? "…")'" : nil)
                return false
            }
            if key == "from" { pattern.from = Set(set) } else { pattern.to = Set(set) }
        }
        return true
    }

    private func words(_ pattern: MessagePattern, from: String?, to: String?) -> String {
        let what =
            switch pattern.verb {
            case .call: pattern.action
            case .result: "the answer to \(pattern.action)"
            case .error: "the error for \(pattern.action)\(pattern.code.map { " with the code \($0)" } ?? "")"
            }
        return what + (from.map { " from \($0)" } ?? "") + (to.map { " to \($0)" } ?? "")
    }

    // MARK: Fields

    private func fields(of pattern: MessagePattern) -> [MessageFieldManifest] {
        switch pattern.verb {
        case .call: registry.messages[pattern.number].fields
        case .result: registry.messages[pattern.number].answer
        case .error: []
        }
    }

    /// The fields of an object, or of the objects of a list.
    private func fields(of form: MessageFieldManifest.Form) -> [MessageFieldManifest]? {
        switch form {
        case .object(let fields): fields
        case .list(let element, _): fields(of: element)
        default: nil
        }
    }

    private func report(_ name: String, _ span: Span, _ pattern: MessagePattern, _ known: [MessageFieldManifest]) {
        let what = pattern.verb == .call ? "'\(pattern.action)'" : "the answer to '\(pattern.action)'"
        reading.error(
            .wrongMessageField, span, "\(what) has no field \(Diagnostic.quoted(name)) here",
            label: reading.suggestion(name, known.map(\.name))
                ?? (known.isEmpty ? "nothing is in it" : "fields: \(known.map(\.name).joined(separator: ", "))"))
    }

    private func objectCondition(
        _ node: YAMLNode, _ fields: [MessageFieldManifest], _ pattern: MessagePattern, _ exchange: MessageExpectation
    ) -> FieldCondition? {
        guard let entries = reading.mapping(node, "'with'", example: "{status: Accepted}") else { return nil }
        var conditions: [(name: String, condition: FieldCondition)] = []
        for entry in entries {
            guard let field = fields.first(where: { $0.name == entry.name }) else {
                report(entry.name, entry.key.span, pattern, fields)
                return nil
            }
            guard let condition = condition(entry.value, field, field.form, pattern, exchange) else { return nil }
            conditions.append((entry.name, condition))
        }
        return .object(conditions)
    }

    /// What a field must be: a value, or a mapping of the words for conditions.
    private func condition(
        _ node: YAMLNode, _ field: MessageFieldManifest, _ form: MessageFieldManifest.Form, _ pattern: MessagePattern, _ exchange: MessageExpectation
    ) -> FieldCondition? {
        let words = FieldCondition.words.map(\.name)
        if let entries = node.entries, !entries.isEmpty, fields(of: form) == nil || entries.contains(where: { words.contains($0.name) }) {
            var all: [FieldCondition] = []
            for entry in entries {
                guard words.contains(entry.name) else {
                    reading.error(
                        .unknownKey, entry.key.span, "unknown condition \(Diagnostic.quoted(entry.name))",
                        label: reading.suggestion(entry.name, words) ?? "known here: \(words.joined(separator: ", "))")
                    return nil
                }
                guard let one = worded(entry, field, form, pattern, exchange) else { return nil }
                all.append(one)
            }
            return all.count == 1 ? all[0] : .all(all)
        }
        switch form {
        case .object(let fields): return objectCondition(node, fields, pattern, exchange)
        case .list(let element, _):
            var conditions: [FieldCondition] = []
            for item in node.items ?? [node] {
                guard let one = condition(item, field, element, pattern, exchange) else { return nil }
                conditions.append(one)
            }
            return .list(conditions)
        case .text(_, _), .dateTime, .uri: return reading.text(node, "'\(field.name)'").map { .text($0) }
        case .oneOf(let words):
            guard let text = reading.text(node, "'\(field.name)'") else { return nil }
            guard words.contains(text) else {
                reading.error(
                    .wrongMessageField, node.span, "'\(field.name)' of '\(pattern.action)' cannot be \(Diagnostic.quoted(text))",
                    label: reading.suggestion(text, words) ?? "one of: \(words.joined(separator: ", "))")
                return nil
            }
            return .text(text)
        case .flag: return reading.flag(node, "'\(field.name)'").map { .flag($0) }
        case .whole, .tenths: return number(node, "'\(field.name)'").map { .number($0) }
        }
    }

    /// A plain number, or a formula of parameters.
    private func number(_ node: YAMLNode, _ what: String) -> Double? {
        if node.text?.hasPrefix("=") == true {
            guard let formula = formula(node, .setting, expecting: nil, what) else { return nil }
            if formula.isConstant { return formula.constantValue }
            reading.error(.formulaNotAllowed, node.span, "\(what) must be known when the file is read", label: "parameters and numbers only")
            return nil
        }
        return reading.quantity(node, .none, what)?.value
    }

    /// One word for a condition with its value.
    private func worded(
        _ entry: YAMLNode.Entry, _ field: MessageFieldManifest, _ form: MessageFieldManifest.Form, _ pattern: MessagePattern,
        _ exchange: MessageExpectation
    ) -> FieldCondition? {
        switch entry.name {
        case "at_least": return number(entry.value, "'at_least'").map { .atLeast($0) }
        case "at_most": return number(entry.value, "'at_most'").map { .atMost($0) }
        case "not": return condition(entry.value, field, form, pattern, exchange).map { .not($0) }
        case "contains": return reading.text(entry.value, "'contains'").map { .contains($0) }
        case "present": return reading.flag(entry.value, "'present'").map { .present($0) }
        case "one_of":
            guard let items = reading.list(entry.value, "'one_of'") else { return nil }
            let conditions = items.compactMap { condition($0, field, form, pattern, exchange) }
            return conditions.count == items.count ? .oneOf(conditions) : nil
        case "count":
            guard case .list = form else {
                reading.error(.wrongMessageField, entry.key.span, "'\(field.name)' of '\(pattern.action)' is no list", label: "it is \(field.type)")
                return nil
            }
            let whole = MessageFieldManifest("count", .whole)
            return condition(entry.value, whole, .whole, pattern, exchange).map { .count($0) }
        default:
            guard let name = reading.text(entry.value, "'same'") else { return nil }
            guard let place = exchange.kept.firstIndex(of: name) else {
                reading.error(
                    .missingArgument, entry.value.span, "no earlier message of the exchange keeps \(Diagnostic.quoted(name))",
                    label: reading.suggestion(name, exchange.kept) ?? "help: add 'keep: {\(name): FIELD}' to one")
                return nil
            }
            return .same(place)
        }
    }
}
