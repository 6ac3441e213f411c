import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// Reads the states of nodes made of parts, what they keep and what they send.
    func readStates() {
        for pending in pendingNodes {
            guard let definition = pending.definition, definition.isActive else { continue }
            let names = definition.states.map { $0.key.text ?? "" }
            for (instance, enclosure) in pending.inner.enumerated() {
                let node = scenario.nodes[pending.index].firstInstance + instance
                var composite = CompositeDeclaration(
                    node: node, states: [], startsIn: definition.startsIn ?? 0,
                    stateSignal: definition.states.isEmpty ? nil : scope.table.signal(enclosure.full("state")))
                inside(enclosure, trail(pending)) {
                    let common = definition.always.compactMap { readRule($0, names, enclosure, definition, isCommon: true) }
                    composite.states = definition.states.map { state in
                        common + (state.rules.items ?? []).compactMap { readRule($0, names, enclosure, definition, isCommon: false) }
                    }
                    if composite.states.isEmpty { composite.states = [common] }
                    composite.keeps = definition.keeps.compactMap { readKept($0.key, $0.start, enclosure) }
                    composite.sends = readSends(node, enclosure, definition)
                }
                scenario.composites.append(composite)
            }
        }
    }

    private func readRule(_ item: YAMLNode, _ states: [String], _ enclosure: Enclosure, _ definition: KindDefinition, isCommon: Bool)
        -> CompositeDeclaration.Rule?
    {
        var rule = CompositeDeclaration.Rule(span: (item["when"] ?? item["on"] ?? item["after"] ?? item).span)
        rule.isCommon = isCommon
        if let node = item["go"] {
            guard let go = node.text.flatMap(states.firstIndex(of:)) else { return nil }
            rule.next = go
        }
        if let node = item["on"] {
            guard let frame = frameNumber(node, enclosure, definition) else { return nil }
            rule.arrival = frame
        }
        if let node = item["when"] {
            guard let condition = formula(node, .live, expecting: .flag, "'when'") else { return nil }
            followed.formUnion(condition.signalsRead)
            rule.condition = condition
        }
        if let node = item["lasting"] {
            guard let time = time(node, "'lasting'") else { return nil }
            rule.lasting = time
        }
        if let node = item["after"] {
            guard let time = time(node, "'after'") else { return nil }
            rule.after = time
        }
        if let node = item["set"] {
            for entry in reading.mapping(node, "'set'", example: "{wanted: 16 A}") ?? [] {
                guard let assignment = readAssignment(entry, enclosure, definition) else { return nil }
                rule.assignments.append(assignment)
            }
        }
        return rule
    }

    /// `NAME: value` of a rule: a value that the node keeps, or a setting that is a number.
    private func readAssignment(_ entry: YAMLNode.Entry, _ enclosure: Enclosure, _ definition: KindDefinition) -> (signal: Int, value: Formula)? {
        let names = definition.keeps.map { $0.key.text ?? "" } + definition.signalSettings.map(\.name)
        guard names.contains(entry.name), let signal = scope.table.signal(enclosure.full(entry.name)) else {
            reading.error(
                .notSettable, entry.key.span, "a rule cannot set \(Diagnostic.quoted(entry.name))",
                label: reading.suggestion(entry.name, names)
                    ?? (names.isEmpty ? "help: add 'keeps: {\(entry.name): …}' to the kind" : "it can set: \(names.joined(separator: ", "))"))
            return nil
        }
        return valueFormula(entry.value, signal).map { (signal, $0) }
    }

    private func readKept(_ key: YAMLNode, _ start: YAMLNode, _ enclosure: Enclosure) -> (signal: Int, start: Formula)? {
        guard let signal = scope.table.signal(enclosure.full(key.text ?? "")), let value = valueFormula(start, signal) else { return nil }
        if let other = value.signalsRead.first(where: { !settingSignals.contains($0) }) {
            reading.error(
                .settingIsFixed, start.span, "the value at the start is decided before the run and cannot follow '\(scope.table.signals[other].name)'",
                label: "a formula here can use settings, numbers and draws")
            return nil
        }
        return (signal, value)
    }

    /// A value or formula for a signal.
    private func valueFormula(_ node: YAMLNode, _ signal: Int) -> Formula? {
        let symbol = scope.table.signals[signal]
        let type: FormulaType = symbol.isFlag ? .flag : .number(symbol.dimension)
        let what = "'\(symbol.name)'"
        guard let text = node.text, text.hasPrefix("=") else {
            guard symbol.isFlag ? reading.flag(node, what) != nil : reading.quantity(node, symbol.dimension, what) != nil else { return nil }
            return try? Formula.compile(node.text ?? "", scope: scope, context: .live, expecting: type)
        }
        guard let formula = formula(node, .live, expecting: type, what) else { return nil }
        followed.formUnion(formula.signalsRead)
        return formula
    }
}

extension KindDefinition {
    /// Whether nodes of the kind do something by themselves.
    var isActive: Bool { !(states.isEmpty && always.isEmpty && keeps.isEmpty && sends.isEmpty) }
}
