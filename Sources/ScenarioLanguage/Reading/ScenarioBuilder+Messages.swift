import Quantities
import YAMLTree

extension ScenarioBuilder {
    // MARK: send

    func readSend(_ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let action = reading.text(value, "'send'") else { return nil }
        guard let manifest = registry.message(action) else {
            guard
                let preset = definition(
                    action, .messages, value, scope.enclosure, code: .unknownMessage, known: registry.messages.map(\.name))
            else { return nil }
            return readPreset(preset, value, node)
        }
        let payload = node["payload"].flatMap { reading.text($0, "'payload'") }
        guard let ends = readEnds(value, node, manifest) else { return nil }
        var fields = FieldValue.object([])
        if let with = node["with"] {
            guard reading.mapping(with, "'with'", example: "{limit: 16 A}") != nil, let value = fieldValue(with, manifest, top: true) else { return nil }
            fields = value
            if payload == nil { checkFields(with, manifest, fields) }
        } else if payload == nil, !registry.checkMessage(manifest.name, fields).isEmpty {
            let wanted = manifest.shorthands.first.map { "help: add 'with: {\($0.name): \(reading.example($0.dimension))}'" }
            let required = manifest.fields.filter(\.isNeeded).map(\.name)
            reading.error(
                .wrongMessageField, value.span, "'\(manifest.name)' needs the key 'with'", label: wanted ?? "required: \(required.joined(separator: ", "))")
        }
        return .send(SendStep(action: action, to: ends.to, from: ends.from, fields: fields, payload: payload))
    }

    /// Sender and receivers of a message.
    private func readEnds(_ value: YAMLNode, _ node: YAMLNode, _ manifest: MessageManifest) -> (to: NodeTarget, from: Int?)? {
        var from: Int?
        if let node = node["from"] {
            guard let set = nodeSet(node) else { return nil }
            guard set.count == 1 else {
                reading.error(.outOfRange, node.span, "'from' takes one node, not \(set.count)")
                return nil
            }
            from = set[0]
        }
        return sendTarget(node["to"], value, manifest, from: &from).map { ($0, from) }
    }

    /// A message preset is a sequence of one message; who sends and receives is said at the place of use.
    private func readPreset(_ preset: Definition, _ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let sendNode = preset.body["send"], let action = reading.text(sendNode, "'send'") else { return nil }
        guard let manifest = registry.message(action) else {
            reading.error(
                .unknownMessage, sendNode.span, "there is no message \(Diagnostic.quoted(action))",
                label: reading.suggestion(action, registry.messages.map(\.name)) ?? "a preset is made of an official message")
            return nil
        }
        if let payload = node["payload"] {
            reading.error(.keyOfOtherVerb, payload.span, "a preset has its own fields", label: "help: write 'send: \(action)' with 'payload'")
            return nil
        }
        guard let ends = readEnds(value, node, manifest), let (enclosure, arguments) = readArguments(preset, node["with"], value) else { return nil }
        let step: Step? = inside(enclosure, reading.instances + [(value.span, "the message preset '\(preset.name)' is used here")]) {
            var fields = FieldValue.object([])
            if let with = preset.body["with"] {
                guard reading.mapping(with, "'with'", example: "{limit: 16 A}") != nil, let found = fieldValue(with, manifest, top: true) else { return nil }
                fields = found
                checkFields(with, manifest, fields)
            } else if !registry.checkMessage(manifest.name, fields).isEmpty {
                let required = manifest.fields.filter(\.isNeeded).map(\.name).joined(separator: ", ")
                reading.error(.wrongMessageField, sendNode.span, "'\(manifest.name)' needs the key 'with'", label: "required: \(required)")
            }
            let send = SendStep(action: action, to: ends.to, from: ends.from, fields: fields, payload: nil)
            stepCount += 1
            return Step(action: .send(send), label: nil, span: value.span, limitSpan: preset.body["with"]?["limit"]?.span, number: stepCount)
        }
        return step.map { .call(name: preset.name, arguments: arguments, steps: [$0]) }
    }

    func isRole(_ instance: Int, _ role: SettingType.Role) -> Bool {
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
            switch scope.binding(String(text.dropFirst()).trimmed) {
            case .localNodes(let local)?: return .local(local)
            case .nodes(let nodes)?: return checkedRole(nodes, role, node).map { .constant($0) }
            default: break
            }
            return formula(node, .live, expecting: .nodes, "'to'").map { .formula($0) }
        }
        var result: [Int] = []
        for item in node.items ?? [node] {
            guard let set = nodeSet(item), let checked = checkedRole(set, role, item) else { return nil }
            result += checked
        }
        return .constant(result)
    }

    /// The nodes when all of them play a role.
    func checkedRole(_ set: [Int], _ role: SettingType.Role?, _ node: YAMLNode) -> [Int]? {
        guard let role, let wrong = set.first(where: { !isRole($0, role) }) else { return set }
        let playing = nodes(of: role).prefix(8).map { scope.table.nodes[$0] }
        reading.error(
            .wrongRole, node.span, "'\(scope.table.nodes[wrong])' is not a \(role.rawValue)",
            label: playing.isEmpty ? "the scenario has none" : "\(role.rawValue)s: \(playing.joined(separator: ", "))")
        return nil
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
        report(
            registry.checkMessage(manifest.name, fields), about: with, of: manifest.name, known: manifest.shorthands.map(\.name) + manifest.fields.map(\.name))
    }

    /// Reports complaints of the catalogue at the fields that they are about.
    func report(_ complaints: [(path: [String], message: String)], about with: YAMLNode, of message: String, known: [String]) {
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
            let name = complaint.path.last ?? ""
            let near = complaint.path.count == 1 && !known.contains(name) ? reading.suggestion(name, known) : nil
            if complaint.path.count == 1, !known.contains(name), let entry = with.entry(name) {
                reading.error(
                    .wrongMessageField, entry.key.span, "'\(message)' has no field \(Diagnostic.quoted(name))",
                    label: near ?? (known.isEmpty ? "it has no fields" : "fields: \(known.joined(separator: ", "))"))
                continue
            }
            let pointer = "/\(complaint.path.joined(separator: "/"))"
            if text.hasPrefix(pointer) { text = "'\(complaint.path.joined(separator: "."))'\(text.dropFirst(pointer.count))" }
            reading.error(.wrongMessageField, span, "\(message): \(text)")
        }
    }
}
