import Quantities
import YAMLTree

/// The verbs with the keys that go with each.
enum StepVerb: String, CaseIterable {
    case wait, at, until, send, transmit, `do`, set, `repeat`, parallel, when, call, attack

    /// Keys besides the verb and `label`.
    var keys: [String] {
        switch self {
        case .wait, .at, .set, .parallel: []
        case .until: ["timeout", "else"]
        case .send: ["to", "from", "with", "payload"]
        case .transmit: ["from", "with", "id", "data", "extended", "remote", "fd", "dlc"]
        case .do: ["to", "with"]
        case .repeat: ["steps"]
        case .when: ["steps", "else"]
        case .call: ["with"]
        case .attack: ["by", "against", "for", "severity", "with"]
        }
    }
}

extension ScenarioBuilder {
    /// Greatest number of steps with all calls written out.
    private static let mostSteps = 200_000

    func readSteps(_ node: YAMLNode) -> [Step] {
        var steps: [Step] = []
        if reading.isHopeless { return [] }
        for item in reading.list(node, "'steps'") ?? [] {
            stepCount += 1
            guard stepCount <= Self.mostSteps else {
                if stepCount == Self.mostSteps + 1 { reading.error(.tooMany, item.span, "more than \(Self.mostSteps) steps with all calls written out") }
                return steps
            }
            if let step = readStep(item) { steps.append(step) }
        }
        return steps
    }

    private func readStep(_ node: YAMLNode) -> Step? {
        let number = stepCount
        guard let entries = node.entries else {
            let word = node.text.flatMap(StepVerb.init(rawValue:))
            reading.error(
                .notAMapping, node.span, "a step is a verb with what it takes, not \(node.kindName)",
                label: word.map { "help: write '- \($0.rawValue): …'" } ?? "for example '- wait: 2s'")
            return nil
        }
        let verbs = entries.filter { StepVerb(rawValue: $0.name) != nil }
        guard let first = verbs.first, let verb = StepVerb(rawValue: first.name) else {
            let names = StepVerb.allCases.map(\.rawValue)
            let others = Set(StepVerb.allCases.flatMap(\.keys))
            let guess = entries.lazy.filter { !others.contains($0.name) }.compactMap { entry in Suggestion.nearest(entry.name, among: names).map { (entry, $0) }
            }.first
            reading.error(
                .noVerb, guess?.0.key.span ?? entries.first?.key.span ?? node.span, "a step needs a verb",
                label: guess.map { "did you mean '\($0.1)'?" } ?? "one of: \(names.joined(separator: ", "))")
            return nil
        }
        if verbs.count > 1 {
            reading.error(
                .twoVerbs, verbs[1].key.span, "a step has one verb, and this one has '\(first.name)' and '\(verbs[1].name)'", label: "write two steps",
                related: [(first.key.span, "the first verb")])
            return nil
        }
        let cut = entries.contains { SectionReader.isCut($0.value) }
        for entry in entries where entry.name != verb.rawValue && entry.name != "label" && !verb.keys.contains(entry.name) && !cut {
            if StepVerb.allCases.contains(where: { $0.keys.contains(entry.name) }) {
                reading.error(
                    .keyOfOtherVerb, entry.key.span, "'\(verb.rawValue)' does not take '\(entry.name)'",
                    label: verb.keys.isEmpty ? "it takes no further keys" : "it takes: \(verb.keys.joined(separator: ", "))")
            } else {
                reading.error(
                    .unknownKey, entry.key.span, "unknown key \(Diagnostic.quoted(entry.name))",
                    label: reading.suggestion(entry.name, verb.keys + ["label"])
                        ?? "'\(verb.rawValue)' takes: \((verb.keys + ["label"]).joined(separator: ", "))")
            }
        }
        var label = node["label"].flatMap(readLabel)
        let action: StepAction
        if verb == .attack {
            guard let (attack, own) = readAttack(first.value, node) else { return nil }
            action = attack
            label?.name = own?.name
            label?.target = own?.target
            label = label ?? own
        } else {
            guard let other = readAction(verb, first.value, node) else { return nil }
            action = other
        }
        return Step(action: action, label: label, span: first.key.span, limitSpan: node["with"]?["limit"]?.span, number: number)
    }

    private func readAction(_ verb: StepVerb, _ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        switch verb {
        case .wait: return time(value, "'wait'").map { .wait($0) }
        case .at: return time(value, "'at'").map { .at($0) }
        case .until: return readUntil(value, node)
        case .send: return readSend(value, node)
        case .transmit: return readTransmit(value, node)
        case .do: return readDo(value, node)
        case .set: return readSet(value)
        case .repeat: return readRepeat(value, node)
        case .parallel: return readParallel(value)
        case .when: return readWhen(value, node)
        case .call: return readCall(value, node)
        case .attack: return nil
        }
    }

    private func readUntil(_ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let condition = formula(value, .live, expecting: .flag, "'until'") else { return nil }
        var timeout: TimeValue?
        if let limit = node["timeout"] {
            guard let time = time(limit, "'timeout'") else { return nil }
            timeout = time
        }
        let goesOn = node["else"].map { reading.word($0, "'else' of 'until'", among: ["go-on"]) != nil } ?? false
        return .until(condition, timeout: timeout, goesOn: goesOn)
    }

    private func readSet(_ value: YAMLNode) -> StepAction? {
        var result: [(signal: Int, value: Formula)] = []
        let entries = reading.mapping(value, "'set'", example: "{charger.limit: 16 A}") ?? []
        let hasCut = entries.contains { SectionReader.isCut($0.value) }
        for entry in entries {
            if hasCut, entry.value.isNull { continue }
            guard let index = signal(entry.key, "'set'") else { continue }
            let symbol = scope.table.signals[index]
            guard symbol.settable else {
                let others = scope.table.signals.filter { $0.node == symbol.node && $0.settable && symbol.node != nil }.map(\.name)
                reading.error(
                    .notSettable, entry.key.span, "'\(symbol.name)' is a result and cannot be set",
                    label: others.isEmpty ? "nothing of this node can be set" : "can be set: \(others.joined(separator: ", "))")
                continue
            }
            if let reader = readOnce[index], !followed.contains(index) {
                reading.error(
                    .notSettable, entry.key.span, "'\(symbol.name)' is read once, when the run is built, and cannot be set",
                    label: "it becomes the setting '\(reader)' of a part")
                continue
            }
            let expecting: FormulaType = symbol.isFlag ? .flag : .number(symbol.dimension)
            let text = entry.value.text ?? ""
            if text.hasPrefix("=") {
                if let formula = formula(entry.value, .live, expecting: expecting, "'\(symbol.name)'") { result.append((index, formula)) }
            } else if symbol.isFlag
                ? reading.flag(entry.value, "'\(symbol.name)'") != nil : reading.quantity(entry.value, symbol.dimension, "'\(symbol.name)'") != nil
            {
                if let formula = try? Formula.compile(text, scope: scope, context: .live, expecting: expecting) { result.append((index, formula)) }
            }
        }
        return result.isEmpty ? nil : .set(result)
    }

    private func readRepeat(_ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let body = node["steps"] else {
            reading.error(.missingKey, value.span, "'repeat' needs the key 'steps'", label: "what is repeated")
            return nil
        }
        let steps = readSteps(body)
        guard let text = reading.text(value, "'repeat'") else { return nil }
        if text == "forever" { return .repeatSteps(.forever, steps) }
        if text.hasPrefix("=") {
            guard let formula = formula(value, .live, expecting: nil, "'repeat'") else { return nil }
            switch formula.type {
            case .flag: return .repeatSteps(.whileTrue(formula), steps)
            case .number(.none), .number(.time): return .repeatSteps(.computed(formula), steps)
            default:
                reading.error(
                    .wrongDimension, value.span, "'repeat' takes a number of rounds, a time or a condition, not \(formula.type.phrase)")
                return nil
            }
        }
        if Int64(text) != nil { return reading.whole(value, "'repeat'", in: 0...1_000_000_000).map { .repeatSteps(.times(Int($0)), steps) } }
        if let quantity = try? Quantity.parse(text), quantity.dimension == .time {
            return reading.duration(value, "'repeat'").map { .repeatSteps(.during($0), steps) }
        }
        reading.error(
            .notOneOf, value.span, "'repeat' cannot be \(Diagnostic.quoted(text))",
            label: reading.suggestion(text, ["forever"]) ?? "a number, 'forever', a time or a formula")
        return nil
    }

    private func readParallel(_ value: YAMLNode) -> StepAction? {
        let tracks = (reading.mapping(value, "'parallel'") ?? []).map { (name: $0.name, steps: readSteps($0.value)) }
        if tracks.isEmpty {
            reading.error(.emptySection, value.span, "'parallel' needs at least one track")
            return nil
        }
        return .parallel(tracks)
    }

    private func readWhen(_ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let condition = formula(value, .live, expecting: .flag, "'when'") else { return nil }
        guard let body = node["steps"] else {
            reading.error(.missingKey, value.span, "'when' needs the key 'steps'", label: "what is done when the formula is true")
            return nil
        }
        return .when(condition, then: readSteps(body), otherwise: node["else"].map { readSteps($0) } ?? [])
    }

    // MARK: Labels

    func readLabel(_ node: YAMLNode) -> LabelDeclaration? {
        guard node.entries != nil else {
            guard let name = checkLabelKind(node) else { return nil }
            return LabelDeclaration(kind: scope.labelKind(name), severity: "medium", past: .zero, span: node.span)
        }
        guard let section = SectionReader(reading, node, ScenarioSchema.label, "a label"), let kindNode = section["kind"], let name = checkLabelKind(kindNode)
        else { return nil }
        var severity = "medium"
        if let node = section["severity"] {
            guard let index = reading.word(node, "'severity'", among: Self.severities) else { return nil }
            severity = Self.severities[index]
        }
        var past = Duration.zero
        if let node = section["for"] { past = readTime(node, "'for'") ?? .zero }
        return LabelDeclaration(kind: scope.labelKind(name), severity: severity, past: past, span: kindNode.span)
    }

    private func checkLabelKind(_ node: YAMLNode) -> String? { reading.checkName(node, "label", dashes: true) }

    static let severities = ["low", "medium", "high", "critical"]
}
