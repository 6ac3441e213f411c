import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// Reads how calls are answered: `MESSAGE: reply` or `MESSAGE: [reply, …]`.
    func readReplies(_ node: YAMLNode, _ caller: SettingType.Role, _ what: String) -> SettingValue? {
        guard let entries = reading.mapping(node, what, example: "Heartbeat: ignore") else { return nil }
        var result: [ReplyDeclaration] = []
        for entry in entries {
            var manifest: MessageManifest?
            if entry.name != ReplyDeclaration.anyMessage {
                guard let found = callManifest(entry, caller) else { continue }
                manifest = found
            }
            for item in entry.value.items ?? [entry.value] {
                if let reply = readReply(item, manifest, entry.name, caller) { result.append(reply) }
            }
        }
        return .replies(result)
    }

    /// The message of an entry, which must be one that callers of the role send.
    private func callManifest(_ entry: YAMLNode.Entry, _ caller: SettingType.Role) -> MessageManifest? {
        func isCall(_ manifest: MessageManifest) -> Bool { manifest.sender == .either || manifest.sender.rawValue == caller.rawValue }
        let calls = registry.messages.filter(isCall).map(\.name)
        guard let manifest = registry.message(entry.name) else {
            reading.error(
                .unknownMessage, entry.key.span, "there is no message \(Diagnostic.quoted(entry.name))",
                label: reading.suggestion(entry.name, calls + [ReplyDeclaration.anyMessage]) ?? "evsim list messages shows what a \(caller.rawValue) sends")
            return nil
        }
        guard isCall(manifest) else {
            reading.error(
                .noSender, entry.key.span, "'\(manifest.name)' is sent by a \(manifest.sender.rawValue), so this node never answers it",
                label: "calls of a \(caller.rawValue): \(calls.joined(separator: ", "))")
            return nil
        }
        return manifest
    }

    private func readReply(_ node: YAMLNode, _ manifest: MessageManifest?, _ name: String, _ caller: SettingType.Role) -> ReplyDeclaration? {
        var reply = ReplyDeclaration(message: manifest?.name)
        guard node.entries != nil else {
            let words = ReplyDeclaration.words + ["malformed"]
            guard let place = reading.word(node, "the reply to '\(name)'", among: words) else { return nil }
            if words[place] == "malformed" {
                reply.answer = .malformed(ReplyDeclaration.malformations[0])
                return reply
            }
            guard isMeaningful(words[place], manifest, node.span) else { return nil }
            reply.answer = .word(words[place])
            return reply
        }
        guard let section = SectionReader(reading, node, ScenarioSchema.reply, "a reply", example: "{with: {…}, times: 1}") else { return nil }
        let answers = ["answer", "with", "payload", "error", "malformed"].filter { section[$0] != nil }
        guard answers.count < 2 else {
            reading.error(
                .keyOfOtherVerb, section.key(answers[1])?.span ?? node.span, "a reply cannot have '\(answers[0])' and '\(answers[1])'",
                label: "two answers to one call; a list gives the first and the next")
            return nil
        }
        guard readAnswer(section, manifest, &reply), readScope(section, caller, &reply) else { return nil }
        return reply
    }

    /// Whether a word makes sense for a message: only some answers have a status.
    private func isMeaningful(_ word: String, _ manifest: MessageManifest?, _ span: Span) -> Bool {
        guard word == "accept" || word == "reject" else { return true }
        if let manifest, manifest.answer.contains(where: { $0.name == "status" || $0.name == "idTagInfo" }) { return true }
        reading.error(
            .wrongMessageField, span, "the answer to \(manifest.map { "'\($0.name)'" } ?? "'any'") has no status to \(word) with",
            label: word == "reject" ? "help: write '{error: InternalError}'" : "help: write 'default'")
        return false
    }

    private func readAnswer(_ section: SectionReader, _ manifest: MessageManifest?, _ reply: inout ReplyDeclaration) -> Bool {
        if let node = section["answer"] {
            guard let place = reading.word(node, "'answer'", among: ReplyDeclaration.words) else { return false }
            guard isMeaningful(ReplyDeclaration.words[place], manifest, node.span) else { return false }
            reply.answer = .word(ReplyDeclaration.words[place])
        } else if let node = section["with"] {
            guard let manifest else {
                reading.error(
                    .wrongMessageField, section.key("with")?.span ?? node.span, "the answers to 'any' message have no fields in common",
                    label: "help: name the message")
                return false
            }
            guard reading.mapping(node, "'with'", example: manifest.answer.first.map { "{\($0.name): …}" }) != nil, let fields = constantField(node) else {
                return false
            }
            let complaints = registry.checkAnswer(manifest.name, fields)
            report(complaints, about: node, of: manifest.name, known: manifest.answer.map(\.name))
            guard complaints.isEmpty else { return false }
            reply.answer = .with(fields)
        } else if let node = section["payload"] {
            guard let text = reading.text(node, "'payload'") else { return false }
            reply.answer = .payload(text)
        } else if let node = section["malformed"] {
            guard let place = reading.word(node, "'malformed'", among: ReplyDeclaration.malformations) else { return false }
            reply.answer = .malformed(ReplyDeclaration.malformations[place])
        } else if let node = section["error"] {
            return readError(node, &reply)
        }
        return true
    }

    private func readError(_ node: YAMLNode, _ reply: inout ReplyDeclaration) -> Bool {
        guard node.entries != nil else {
            guard let place = reading.word(node, "'error'", among: ReplyDeclaration.errorCodes) else { return false }
            reply.answer = .error(code: ReplyDeclaration.errorCodes[place], description: "", details: nil)
            return true
        }
        guard let section = SectionReader(reading, node, ScenarioSchema.replyError, "'error'", example: "{code: InternalError}"), let code = section["code"],
            let place = reading.word(code, "'code'", among: ReplyDeclaration.errorCodes)
        else { return false }
        var description = ""
        if let node = section["description"] {
            guard let text = reading.text(node, "'description'") else { return false }
            description = text
        }
        var details: FieldValue?
        if let node = section["details"] {
            guard reading.mapping(node, "'details'") != nil, let value = constantField(node) else { return false }
            details = value
        }
        reply.answer = .error(code: ReplyDeclaration.errorCodes[place], description: description, details: details)
        return true
    }

    /// To which calls a reply applies.
    private func readScope(_ section: SectionReader, _ caller: SettingType.Role, _ reply: inout ReplyDeclaration) -> Bool {
        if let node = section["delay"] {
            guard let delay = reading.duration(node, "'delay'") else { return false }
            reply.delay = delay
        }
        for key in ["times", "from_call"] {
            guard let node = section[key] else { continue }
            guard let value = reading.whole(node, "'\(key)'", in: 1...1_000_000_000) else { return false }
            if key == "times" { reply.times = Int(value) } else { reply.fromCall = Int(value) }
        }
        if let node = section["chance"] {
            guard let quantity = reading.quantity(node, .none, "'chance'") else { return false }
            guard 0...1 ~= quantity.value else {
                reading.error(.outOfRange, node.span, "'chance' must be between 0% and 100%")
                return false
            }
            reply.chance = quantity.value
        }
        if let node = section["for"] {
            var nodes: [Int] = []
            for item in node.items ?? [node] {
                guard let set = nodeSet(item), let checked = checkedRole(set, caller, item) else { return false }
                nodes += checked
            }
            reply.nodes = nodes
        }
        return true
    }

    /// A field whose value is known when the file is read: formulas may use parameters.
    func constantField(_ node: YAMLNode) -> FieldValue? {
        switch node.kind {
        case .scalar(let scalar):
            guard !scalar.isQuoted, scalar.text.hasPrefix("=") else { return .text(scalar.text, quoted: scalar.isQuoted) }
            guard let formula = formula(node, .setting, expecting: nil, "a field") else { return nil }
            guard formula.isConstant else {
                reading.error(.formulaNotAllowed, node.span, "a value here must be known when the file is read", label: "parameters and numbers only")
                return nil
            }
            switch formula.type {
            case .number(let dimension): return .quantity(Quantity(formula.constantValue, dimension))
            case .flag: return .text(formula.constantValue == 1 ? "true" : "false", quoted: false)
            default:
                reading.error(.formulaNotAllowed, node.span, "a formula here gives a number or a flag", label: "write a text as it is")
                return nil
            }
        case .sequence(let items):
            var values: [FieldValue] = []
            for item in items {
                guard let value = constantField(item) else { return nil }
                values.append(value)
            }
            return .list(values)
        case .mapping(let entries):
            var values: [(name: String, value: FieldValue)] = []
            for entry in entries {
                guard let value = constantField(entry.value) else { return nil }
                values.append((entry.name, value))
            }
            return .object(values)
        }
    }
}
