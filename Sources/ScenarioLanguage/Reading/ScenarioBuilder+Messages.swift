import Quantities
import YAMLTree

extension ScenarioBuilder {
    // MARK: send

    func readSend(_ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let action = reading.text(value, "'send'") else { return nil }
        let payload = node["payload"].flatMap { reading.text($0, "'payload'") }
        guard let manifest = registry.message(action) else {
            reading.error(
                .unknownMessage, value.span, "there is no message \(Diagnostic.quoted(action))",
                label: reading.suggestion(action, registry.messages.map(\.name)) ?? "evsim list messages shows all")
            return nil
        }
        var from: Int?
        if let node = node["from"] {
            guard let set = nodeSet(node) else { return nil }
            guard set.count == 1 else {
                reading.error(.outOfRange, node.span, "'from' takes one node, not \(set.count)")
                return nil
            }
            from = set[0]
        }
        var fields = FieldValue.object([])
        if let with = node["with"] {
            guard reading.mapping(with, "'with'", example: "{limit: 16 A}") != nil, let value = fieldValue(with, manifest, top: true) else { return nil }
            fields = value
            if payload == nil { checkFields(with, manifest, fields) }
        } else if payload == nil, !registry.checkMessage(manifest.name, fields).isEmpty {
            let wanted = manifest.shorthands.first.map { "help: add 'with: {\($0.name): \(reading.example($0.dimension))}'" }
            let required = manifest.fields.filter(\.required).map(\.name)
            reading.error(
                .wrongMessageField, value.span, "'\(manifest.name)' needs the key 'with'", label: wanted ?? "required: \(required.joined(separator: ", "))")
        }
        guard let target = sendTarget(node["to"], value, manifest, from: &from) else { return nil }
        return .send(SendStep(action: action, to: target, from: from, fields: fields, payload: payload))
    }

    private func isRole(_ instance: Int, _ role: SettingType.Role) -> Bool {
        registry.kinds[scenario.nodes[scope.table.declarationOfNode[instance]].kind].roles.contains(role)
    }

    private func nodes(of role: SettingType.Role) -> [Int] { scope.table.nodes.indices.filter { isRole($0, role) } }

    /// Who receives, and who sends where only one node can be it.
    private func sendTarget(_ to: YAMLNode?, _ verb: YAMLNode, _ manifest: MessageManifest, from: inout Int?) -> NodeTarget? {
        var fromChargePoint = manifest.sender == .chargePoint
        if let from { fromChargePoint = isRole(from, .chargePoint) }
        if fromChargePoint {
            if from == nil {
                let senders = nodes(of: .chargePoint)
                guard senders.count == 1 else {
                    reading.error(
                        .noSender, verb.span, "'\(manifest.name)' comes from a charge point",
                        label: senders.isEmpty ? "the scenario has none" : "help: add 'from: \(scope.table.nodes[senders[0]])'")
                    return nil
                }
                from = senders[0]
            }
            guard let from, manifest.sender != .centralSystem else {
                reading.error(
                    .noSender, verb.span, "'\(manifest.name)' is sent by a \(manifest.sender.rawValue)",
                    label: from.map { "help: write 'to: \(scope.table.nodes[$0])' instead of 'from'" })
                return nil
            }
            return .constant([from])
        }
        if let from, !isRole(from, .centralSystem) || manifest.sender == .chargePoint {
            reading.error(.noSender, verb.span, "'\(manifest.name)' is sent by a \(manifest.sender.rawValue), and '\(scope.table.nodes[from])' is none")
            return nil
        }
        guard let to else {
            let receivers = nodes(of: .chargePoint)
            guard receivers.count == 1 else {
                reading.error(
                    .missingKey, verb.span, "'send' needs the key 'to'",
                    label: receivers.isEmpty ? "the scenario has no charge point" : "for example 'to: \(scope.table.nodes[receivers[0]])'")
                return nil
            }
            return .constant(receivers)
        }
        return nodeTarget(to, role: .chargePoint)
    }

    /// A set of nodes: names, `cp.*`, a list, a formula, or an argument of the sequence.
    func nodeTarget(_ node: YAMLNode, role: SettingType.Role?) -> NodeTarget? {
        if let text = node.text, text.hasPrefix("=") {
            let name = String(text.dropFirst()).trimmed
            if case .nodes(let local)? = scope.local(name) { return .local(local) }
            return formula(node, .live, expecting: .nodes, "'to'").map { .formula($0) }
        }
        var result: [Int] = []
        for item in node.items ?? [node] {
            guard let set = nodeSet(item) else { return nil }
            if let role, let wrong = set.first(where: { !isRole($0, role) }) {
                let playing = nodes(of: role).prefix(8).map { scope.table.nodes[$0] }
                reading.error(
                    .wrongRole, item.span, "'\(scope.table.nodes[wrong])' is not a \(role.rawValue)",
                    label: playing.isEmpty ? "the scenario has none" : "\(role.rawValue)s: \(playing.joined(separator: ", "))")
                return nil
            }
            result += set
        }
        return .constant(result)
    }

    private func fieldValue(_ node: YAMLNode, _ manifest: MessageManifest, top: Bool) -> FieldValue? {
        switch node.kind {
        case .scalar(let scalar):
            if !scalar.isQuoted, scalar.text.hasPrefix("=") { return formula(node, .live, expecting: nil, "a field").map { .formula($0) } }
            return .text(scalar.text, quoted: scalar.isQuoted)
        case .sequence(let items):
            var values: [FieldValue] = []
            for item in items {
                guard let value = fieldValue(item, manifest, top: false) else { return nil }
                values.append(value)
            }
            return .list(values)
        case .mapping(let entries):
            var values: [(name: String, value: FieldValue)] = []
            for entry in entries {
                if top, let shorthand = manifest.shorthands.first(where: { $0.name == entry.name }) {
                    if entry.value.text?.hasPrefix("=") == true {
                        guard let formula = formula(entry.value, .live, expecting: .number(shorthand.dimension), "'\(entry.name)'") else { return nil }
                        values.append((entry.name, formula.isConstant ? .quantity(Quantity(formula.constantValue, shorthand.dimension)) : .formula(formula)))
                    } else {
                        guard let quantity = reading.quantity(entry.value, shorthand.dimension, "'\(entry.name)'") else { return nil }
                        values.append((entry.name, .quantity(quantity)))
                    }
                    continue
                }
                guard let value = fieldValue(entry.value, manifest, top: false) else { return nil }
                values.append((entry.name, value))
            }
            return .object(values)
        }
    }

    /// Asks the catalogue whether the fields are those of the message; complaints point at the field.
    private func checkFields(_ with: YAMLNode, _ manifest: MessageManifest, _ fields: FieldValue) {
        let complaints = registry.checkMessage(manifest.name, fields)
        var lacking: [(parent: [String], names: [String])] = []
        for complaint in complaints where complaint.message.hasSuffix(" is missing") {
            let parent = Array(complaint.path.dropLast())
            let name = "'\(complaint.path.last ?? "")'"
            if let index = lacking.firstIndex(where: { $0.parent == parent }) { lacking[index].names.append(name) } else { lacking.append((parent, [name])) }
        }
        for complaint in complaints {
            let parent = Array(complaint.path.dropLast())
            var text = complaint.message
            if text.hasSuffix(" is missing") {
                // What one object lacks is one finding.
                guard let index = lacking.firstIndex(where: { $0.parent == parent }) else { continue }
                let names = lacking.remove(at: index).names.joined(separator: ", ")
                text = parent.isEmpty ? "\(names) \(names.utf8.contains(0x2C) ? "are" : "is") missing" : "'\(parent.joined(separator: "."))' lacks \(names)"
            }
            var place = with
            var span = with.span
            for part in complaint.path {
                if let entry = place.entry(part) {
                    span = entry.value.scalar != nil ? entry.value.span : entry.key.span
                    place = entry.value
                } else if let index = Int(part), let items = place.items, items.indices.contains(index) {
                    place = items[index]
                    span = place.span
                } else {
                    break
                }
            }
            let known = manifest.shorthands.map(\.name) + manifest.fields.map(\.name)
            let name = complaint.path.last ?? ""
            let near = complaint.path.count == 1 && !known.contains(name) ? reading.suggestion(name, known) : nil
            if complaint.path.count == 1, !known.contains(name), let entry = with.entry(name) {
                reading.error(
                    .wrongMessageField, entry.key.span, "'\(manifest.name)' has no field \(Diagnostic.quoted(name))",
                    label: near ?? (known.isEmpty ? "it has no fields" : "fields: \(known.joined(separator: ", "))"))
                continue
            }
            let pointer = "/\(complaint.path.joined(separator: "/"))"
            if text.hasPrefix(pointer) { text = "'\(complaint.path.joined(separator: "."))'\(text.dropFirst(pointer.count))" }
            reading.error(.wrongMessageField, span, "\(manifest.name): \(text)")
        }
    }

    // MARK: sequences and calls

    func readSequences(_ node: YAMLNode) {
        for entry in reading.mapping(node, "'sequences'") ?? [] {
            guard let name = reading.checkName(entry.key, "sequence", dashes: true),
                let section = SectionReader(reading, entry.value, ScenarioSchema.sequence, "a sequence"),
                let body = section["steps"]
            else { continue }
            let needs = section["needs"].flatMap { reading.list($0, "'needs'") }?.compactMap { reading.checkName($0, "argument") } ?? []
            sequences.append((name, entry.key, needs, body))
        }
    }

    func readCall(_ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let name = reading.text(value, "'call'") else { return nil }
        guard let sequence = sequences.first(where: { $0.name == name }) else {
            reading.error(
                .unknownSequence, value.span, "there is no sequence \(Diagnostic.quoted(name))",
                label: reading.suggestion(name, sequences.map(\.name))
                    ?? (sequences.isEmpty ? "the file has no 'sequences'" : "sequences: \(sequences.map(\.name).joined(separator: ", "))"))
            return nil
        }
        reading.markUsed("sequence \(name)")
        if callChain.contains(name) {
            reading.error(
                .recursion, value.span, "the sequence '\(name)' calls itself", label: (callChain + [name]).joined(separator: " → "),
                related: [(sequence.key.span, "the sequence")])
            return nil
        }
        let given = node["with"].flatMap { reading.mapping($0, "'with'") } ?? []
        for entry in given where !sequence.needs.contains(entry.name) {
            reading.error(
                .missingArgument, entry.key.span, "the sequence '\(name)' does not need '\(entry.name)'",
                label: reading.suggestion(entry.name, sequence.needs)
                    ?? (sequence.needs.isEmpty ? "it needs nothing" : "it needs: \(sequence.needs.joined(separator: ", "))"))
        }
        var arguments: [SequenceArgument] = []
        var locals: [(name: String, symbol: ScenarioScope.Local)] = []
        for need in sequence.needs {
            guard let entry = given.first(where: { $0.name == need }) else {
                reading.error(
                    .missingArgument, value.span, "the sequence '\(name)' needs '\(need)'", label: "help: with: {\(need): …}",
                    related: [(sequence.key.span, "the sequence")])
                return nil
            }
            guard let (argument, local) = readArgument(entry.value, need) else { return nil }
            arguments.append(argument)
            locals.append((need, local))
        }
        callChain.append(name)
        scope.locals.append(locals)
        let steps = readSteps(sequence.body)
        scope.locals.removeLast()
        callChain.removeLast()
        return .call(name: name, arguments: arguments, steps: steps)
    }

    /// A number with its unit, a flag, or a set of nodes.
    private func readArgument(_ node: YAMLNode, _ name: String) -> (SequenceArgument, ScenarioScope.Local)? {
        let text = node.text ?? ""
        let isNodes = node.items != nil || scope.table.nodeSet(text) != nil
        if !isNodes, !text.hasPrefix("="), let quantity = try? Quantity.parse(text) {
            guard let formula = try? Formula.compile(text, scope: scope, context: .live, expecting: nil) else { return nil }
            return numberArgument(formula, .number(quantity.dimension))
        }
        if text.hasPrefix("="), scope.local(String(text.dropFirst()).trimmed).map({ if case .nodes = $0 { true } else { false } }) != true {
            guard let formula = formula(node, .live, expecting: nil, "'\(name)'") else { return nil }
            if formula.type == .nodes { return nodesArgument(.formula(formula)) }
            return numberArgument(formula, formula.type)
        }
        guard let target = nodeTarget(node, role: nil) else { return nil }
        return nodesArgument(target)
    }

    private func nodesArgument(_ target: NodeTarget) -> (SequenceArgument, ScenarioScope.Local) {
        let local = scenario.localNodeSets
        scenario.localNodeSets += 1
        return (.nodes(local: local, target), .nodes(local))
    }

    private func numberArgument(_ formula: Formula, _ type: FormulaType) -> (SequenceArgument, ScenarioScope.Local)? {
        let slot = scope.table.signals.count + scope.table.slots
        scope.table.slots += 1
        switch type {
        case .number(let dimension): return (.number(slot: slot, formula), .slot(.signal(index: slot, dimension)))
        case .flag: return (.number(slot: slot, formula), .slot(.signal(index: slot, .none, isFlag: true)))
        default: return nil
        }
    }
}
