import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// What is done to nodes: an action of their kind with its settings.
    func readDo(_ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let name = reading.text(value, "'do'"), let (target, kinds) = readActed(node["to"], value, name) else { return nil }
        let able = kinds.filter { kind in registry.kinds[kind].actions.contains { $0.name == name } }
        guard able.count == kinds.count, let kind = able.first, let place = registry.kinds[kind].actions.firstIndex(where: { $0.name == name }) else {
            reportNoAction(name, value, kinds.first { !able.contains($0) } ?? kinds.first)
            return nil
        }
        let manifest = registry.kinds[kind].actions[place]
        guard kinds.count == 1 else {
            reading.error(
                .wrongRole, (node["to"] ?? value).span, "'\(name)' is done to nodes of one kind at a time",
                label: "kinds: \(kinds.map { registry.kinds[$0].name }.joined(separator: ", "))")
            return nil
        }
        let with = node["with"] ?? YAMLNode(kind: .mapping([]), span: value.span)
        guard reading.mapping(with, "'with'", example: manifest.settings.first.map { "{\($0.name): \($0.defaultText ?? "…")}" } ?? "{}") != nil else {
            return nil
        }
        let values = readSettings(with, manifest.settings, "the action '\(name)'", known: Section.none, watchDimension: nil)
        return .act(ActStep(name: name, kind: kind, action: place, to: target, values: values))
    }

    /// The nodes that something is done to, and their kinds in order without repetition.
    private func readActed(_ to: YAMLNode?, _ verb: YAMLNode, _ name: String) -> (NodeTarget, [Int])? {
        let able = registry.kinds.indices.filter { kind in registry.kinds[kind].actions.contains { $0.name == name } }
        func kind(_ instance: Int) -> Int { scenario.nodes[scope.table.declarationOfNode[instance]].kind }
        guard let to else {
            let nodes = scope.table.nodes.indices.filter { able.contains(kind($0)) }
            guard nodes.count == 1 else {
                if able.isEmpty {
                    reportNoAction(name, verb, nil)
                } else {
                    reading.error(
                        .missingKey, verb.span, "'do' needs the key 'to'",
                        label: nodes.isEmpty ? "the scenario has no node that takes '\(name)'" : "for example 'to: \(scope.table.nodes[nodes[0]])'")
                }
                return nil
            }
            return (.constant(nodes), [kind(nodes[0])])
        }
        guard let target = nodeTarget(to, role: nil) else { return nil }
        guard case .constant(let nodes) = target else {
            // Which nodes they are is known only later: of the kinds that take the action the one that the scenario has.
            let here = able.filter { kind in scenario.nodes.contains { $0.kind == kind } }
            guard !here.isEmpty else {
                reportNoAction(name, verb, nil)
                return nil
            }
            return (target, here)
        }
        var kinds: [Int] = []
        for node in nodes where !kinds.contains(kind(node)) { kinds.append(kind(node)) }
        return kinds.isEmpty ? nil : (target, kinds)
    }

    private func reportNoAction(_ name: String, _ value: YAMLNode, _ kind: Int?) {
        guard let kind else {
            let all = registry.kinds.flatMap { $0.actions.map(\.name) }
            reading.error(
                .unknownAction, value.span, "there is no action \(Diagnostic.quoted(name))",
                label: reading.suggestion(name, all) ?? "evsim describe KIND shows what can be done to a node")
            return
        }
        let names = registry.kinds[kind].actions.map(\.name)
        reading.error(
            .unknownAction, value.span, "nobody can do \(Diagnostic.quoted(name)) to a \(registry.kinds[kind].name)",
            label: reading.suggestion(name, names) ?? (names.isEmpty ? "it has no actions" : "actions: \(names.joined(separator: ", "))"))
    }
}
