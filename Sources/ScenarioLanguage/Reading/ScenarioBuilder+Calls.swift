import Quantities
import YAMLTree

extension ScenarioBuilder {
    // MARK: sequences

    /// Names the sequences of the scenario; their steps are read anew at each call.
    func readSequences(_ node: YAMLNode) {
        for entry in reading.mapping(node, "'sequences'") ?? [] {
            guard let name = reading.checkName(entry.key, "sequence", dashes: true),
                let section = SectionReader(reading, entry.value, ScenarioSchema.sequence, "a sequence"), section["steps"] != nil
            else { continue }
            let definition = Definition(.sequences, name, entry.key, entry.value, home: root)
            if let node = section["settings"] { loader.readSettings(node, definition) }
            loader.readNeeds(section, definition)
            root.definitions.append(definition)
        }
    }

    func readCall(_ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let name = reading.text(value, "'call'"),
            let sequence = definition(name, .sequences, value, scope.enclosure, code: .unknownSequence, known: [])
        else { return nil }
        reading.markUsed("sequence \(sequence.qualifiedName)")
        guard isNoCircle(sequence, value), let (enclosure, arguments) = readArguments(sequence, node["with"], value),
            let body = sequence.body["steps"]
        else { return nil }
        callChain.append(sequence)
        defer { callChain.removeLast() }
        let trail = sequence.home.isScenario ? reading.instances : reading.instances + [(value.span, "the sequence '\(sequence.name)' is called here")]
        let steps = inside(enclosure, trail) { readSteps(body) }
        return .call(name: name, arguments: arguments, steps: steps)
    }

    /// Whether a sequence or attack is not being read already.
    private func isNoCircle(_ definition: Definition, _ value: YAMLNode) -> Bool {
        let isCircle = callChain.contains { $0 === definition }
        guard isCircle || callChain.count >= 64 else { return true }
        reading.error(
            isCircle ? .recursion : .tooMany, value.span,
            isCircle ? "the \(definition.sort.word) '\(definition.name)' calls itself" : "sequences call sequences more than 64 deep",
            label: isCircle ? (callChain + [definition]).map(\.qualifiedName).joined(separator: " → ") : nil,
            related: [(definition.key.span, "the \(definition.sort.word)")])
        return false
    }

    // MARK: attacks

    /// An attack made of steps: `target` and `attacker` are the nodes that the step names.
    func readAttack(_ value: YAMLNode, _ node: YAMLNode) -> (StepAction, LabelDeclaration?)? {
        guard let name = reading.text(value, "'attack'") else { return nil }
        if let builtIn = BuiltInAttacks.index(name) { return readBuiltInAttack(builtIn, value, node) }
        guard let attack = definition(name, .attacks, value, scope.enclosure, code: .unknownAttack, known: BuiltInAttacks.names),
            isNoCircle(attack, value), let (enclosure, arguments) = readArguments(attack, node["with"], value), let body = attack.body["steps"]
        else { return nil }
        var all = arguments
        var named: [Int] = []
        for (key, inside) in [("against", "target"), ("by", "attacker")] {
            guard let given = node[key] else {
                if mentions(body, inside) {
                    reading.error(
                        .missingKey, value.span, "the attack '\(name)' needs the key '\(key)'", label: "the node that it calls '\(inside)'",
                        related: [(attack.key.span, "the attack")])
                    return nil
                }
                enclosure.bindings.append((inside, .absent))
                continue
            }
            guard let target = nodeTarget(given, role: nil) else { return nil }
            if key == "against", case .constant(let nodes) = target { named = nodes }
            let (argument, binding) = nodesBinding(target)
            if let argument { all.append(argument) }
            enclosure.bindings.append((inside, binding))
        }
        var duration: TimeValue?
        if let limit = node["for"] {
            guard let time = time(limit, "'for'") else { return nil }
            duration = time
        }
        callChain.append(attack)
        defer { callChain.removeLast() }
        let trail = reading.instances + [(value.span, "the attack '\(attack.name)' is used here")]
        var (steps, label) = inside(enclosure, trail) {
            (readSteps(body), attack.body["label"].map { readLabel($0) } ?? defaultLabel(attack, value))
        }
        if node["severity"] != nil {
            guard let severity = readAttackSeverity(node) else { return nil }
            label?.severity = severity.word
        }
        label?.name = attack.name
        return (.attack(AttackStep(name: attack.name, targets: named, duration: duration, arguments: all, steps: steps)), label)
    }

    /// An attack that says nothing else labels itself with its name.
    private func defaultLabel(_ attack: Definition, _ value: YAMLNode) -> LabelDeclaration? {
        LabelDeclaration(kind: scope.labelKind(attack.name), severity: "medium", past: .zero, span: value.span)
    }

    /// Whether a formula or a key inside mentions a name.
    private func mentions(_ node: YAMLNode, _ name: String) -> Bool {
        switch node.kind {
        case .scalar(let scalar): scalar.text.hasPrefix("=") && isWord(name, in: scalar.text)
        case .sequence(let items): items.contains { mentions($0, name) }
        case .mapping(let entries): entries.contains { $0.name == name || $0.name.hasPrefix("\(name).") || mentions($0.value, name) }
        }
    }

    /// Whether a name stands in a formula as a word or in front of the points of one.
    private func isWord(_ name: String, in text: String) -> Bool {
        func belongs(_ byte: UInt8) -> Bool {
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2E
        }
        let words = text.utf8.split { !belongs($0) }
        return words.contains { $0.split(separator: 0x2E, omittingEmptySubsequences: false).first.map { $0.elementsEqual(name.utf8) } == true }
    }

    // MARK: Arguments

    /// The inside of a sequence, attack or preset, and what a call hands to it at run time.
    func readArguments(_ definition: Definition, _ with: YAMLNode?, _ use: YAMLNode) -> (Enclosure, [SequenceArgument])? {
        let isOpen = definition.home.isScenario
        let body = with ?? YAMLNode(kind: .mapping([]), span: use.span)
        guard let given = reading.mapping(body, "'with'") else { return nil }
        let enclosure = Enclosure(prefix: "", home: definition.home, isOpen: isOpen, body: body, outer: scope.enclosure, settings: definition.settings)
        let known = definition.needs + definition.settings.map(\.name)
        for entry in given where !known.contains(entry.name) {
            reading.error(
                .missingArgument, entry.key.span, "the \(definition.sort.word) '\(definition.name)' does not need '\(entry.name)'",
                label: reading.suggestion(entry.name, known) ?? (known.isEmpty ? "it needs nothing" : "it needs: \(known.joined(separator: ", "))"))
        }
        var arguments: [SequenceArgument] = []
        for need in definition.needs {
            guard let entry = given.first(where: { $0.name == need }) else {
                reportMissing(need, definition, use)
                return nil
            }
            guard let (argument, binding) = readArgument(entry.value, need) else { return nil }
            if let argument { arguments.append(argument) }
            enclosure.bindings.append((need, binding))
        }
        for setting in definition.settings {
            guard body[setting.name] != nil || setting.defaultText != nil else {
                reportMissing(setting.name, definition, use)
                return nil
            }
            let (argument, binding) = typedArgument(setting, body, definition)
            if let argument { arguments.append(argument) }
            enclosure.bindings.append((setting.name, binding))
        }
        return (enclosure, arguments)
    }

    private func reportMissing(_ name: String, _ definition: Definition, _ use: YAMLNode) {
        reading.error(
            .missingArgument, use.span, "the \(definition.sort.word) '\(definition.name)' needs '\(name)'", label: "help: with: {\(name): …}",
            related: [(definition.key.span, "the \(definition.sort.word)")])
    }

    /// An argument of a setting: a constant, or a formula that is evaluated when the step is reached.
    private func typedArgument(_ setting: SettingManifest, _ body: YAMLNode, _ definition: Definition) -> (SequenceArgument?, Binding) {
        let node = body[setting.name] ?? YAMLNode(kind: .scalar(YAMLNode.Scalar(text: setting.defaultText ?? "")), span: body.span)
        switch setting.type {
        case .node, .nodes:
            guard let target = nodeTarget(node, role: setting.type.firstRole) else { return (nil, .absent) }
            return nodesBinding(target)
        case _ where setting.type.isSignal && node.text?.hasPrefix("=") == true:
            let wanted: FormulaType = setting.type == .flag ? .flag : .number(setting.type.dimension)
            guard let formula = formula(node, .live, expecting: wanted, "'\(setting.name)'") else { return (nil, .absent) }
            if formula.isConstant {
                let value = formula.constantValue
                return (nil, .symbol(setting.type == .flag ? .flag(value == 1) : .number(value, setting.type.dimension)))
            }
            let slot = newSlot()
            return (.number(slot: slot, formula), .symbol(.signal(index: slot, setting.type.dimension, isFlag: setting.type == .flag)))
        default:
            let single = YAMLNode(
                kind: .mapping([YAMLNode.Entry(key: YAMLNode(kind: .scalar(YAMLNode.Scalar(text: setting.name)), span: node.span), value: node)]),
                span: body.span)
            let holder = Definition(definition.sort, definition.name, definition.key, definition.body, home: definition.home)
            holder.settings = [setting]
            holder.signalDimensions = definition.signalDimensions
            return (nil, enter(holder, single, known: [], prefix: definition.name).bindings.first?.binding ?? .absent)
        }
    }

    /// A number with its unit, a flag, a signal or a set of nodes, by its look.
    private func readArgument(_ node: YAMLNode, _ name: String) -> (SequenceArgument?, Binding)? {
        let text = node.text ?? ""
        if text.hasPrefix("="), let binding = scope.binding(String(text.dropFirst()).trimmed) {
            switch binding {
            case .symbol: break
            case .absent: return nil
            default: return (nil, binding)
            }
        }
        let isNodes = node.items != nil || scope.absolute(text).flatMap(scope.table.nodeSet) != nil
        if !isNodes, !text.hasPrefix("="), let quantity = try? Quantity.parse(text) { return (nil, .symbol(.number(quantity.value, quantity.dimension))) }
        if text.hasPrefix("=") {
            guard let formula = formula(node, .live, expecting: nil, "'\(name)'") else { return nil }
            switch formula.type {
            case .nodes: return nodesBinding(.formula(formula))
            case .number(let dimension):
                if formula.isConstant { return (nil, .symbol(.number(formula.constantValue, dimension))) }
                let slot = newSlot()
                return (.number(slot: slot, formula), .symbol(.signal(index: slot, dimension)))
            case .flag:
                let slot = newSlot()
                return (.number(slot: slot, formula), .symbol(.signal(index: slot, .none, isFlag: true)))
            default:
                reading.error(.notOneOf, node.span, "\(formula.type.phrase) cannot be handed to a sequence", label: "a number, true or false, or nodes")
                return nil
            }
        }
        return nodeTarget(node, role: nil).map { nodesBinding($0) }
    }

    private func nodesBinding(_ target: NodeTarget) -> (SequenceArgument?, Binding) {
        switch target {
        case .constant(let nodes): return (nil, .nodes(nodes))
        case .local(let local): return (nil, .localNodes(local))
        case .formula:
            let local = scenario.localNodeSets
            scenario.localNodeSets += 1
            return (.nodes(local: local, target), .localNodes(local))
        }
    }
}

extension SettingType {
    /// The role that nodes of the setting must play.
    var firstRole: Role? {
        switch self {
        case .node(let roles), .nodes(let roles): roles.first
        default: nil
        }
    }
}
