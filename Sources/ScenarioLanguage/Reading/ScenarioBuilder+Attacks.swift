import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// A built-in attack: what it acts on, for how long, and its settings with what its severity makes of those that are not given.
    func readBuiltInAttack(_ attack: Int, _ value: YAMLNode, _ node: YAMLNode) -> (StepAction, LabelDeclaration?)? {
        let manifest = BuiltInAttacks.all[attack]
        guard let against = node["against"] else {
            let example = manifest.examples.first?.split(separator: ",").first { $0.contains("against:") }.map { String($0).trimmed } ?? "against: cp1"
            reading.error(.missingKey, value.span, "the attack '\(manifest.name)' needs the key 'against'", label: "for example '\(example)'")
            return nil
        }
        guard let (targets, link, names) = readTargets(against, manifest) else { return nil }
        var by: Int?
        if let node = node["by"] {
            guard let set = nodeSet(node) else { return nil }
            guard set.count == 1 else {
                reading.error(.outOfRange, node.span, "'by' takes one node, not \(set.count)")
                return nil
            }
            by = set[0]
        }
        var duration: TimeValue?
        if let limit = node["for"] {
            guard let time = time(limit, "'for'") else { return nil }
            duration = time
        }
        guard let severity = readAttackSeverity(node) ?? (node["severity"] == nil ? manifest.severity : nil) else { return nil }
        let with = node["with"] ?? YAMLNode(kind: .mapping([]), span: value.span)
        guard reading.mapping(with, "'with'", example: "{chance: 20%}") != nil, let values = readAttackSettings(with, manifest, link, severity, targets, value)
        else {
            return nil
        }
        let text = names.prefix(3).joined(separator: " ") + (names.count > 3 ? " …" : "")
        let step = InterceptStep(
            attack: attack, targets: targets, targetText: text, link: link, by: by, duration: duration, severity: severity, values: values, span: value.span)
        var label = LabelDeclaration(kind: scope.labelKind(manifest.kind), severity: severity.word, past: .zero, span: value.span)
        label.name = manifest.name
        label.target = text
        return (.intercept(step), label)
    }

    /// The word behind `severity` of an attack; `nil` when there is none, or when it was reported.
    func readAttackSeverity(_ node: YAMLNode) -> AttackSeverity? {
        guard let given = node["severity"] else { return nil }
        return reading.word(given, "'severity'", among: ScenarioSchema.severities).flatMap(AttackSeverity.init(rawValue:))
    }

    // MARK: Targets

    /// The targets of an attack, which are all of one link, and their names as written.
    private func readTargets(_ node: YAMLNode, _ manifest: AttackManifest) -> (targets: [AttackTarget], link: AttackLinks, names: [String])? {
        var targets: [AttackTarget] = []
        var names: [String] = []
        var link: AttackLinks?
        for item in node.items ?? [node] {
            guard let (found, itsLink) = readTarget(item) else { return nil }
            guard manifest.links.contains(itsLink) else {
                reading.error(
                    .attackOfOtherLink, item.span, "'\(manifest.name)' cannot act on \(Self.phrase(itsLink))",
                    label: "it acts on \(manifest.links.text)",
                    help: AttackLinks.words.filter { manifest.links.contains($0.links) }.map { "\($0.word): \($0.about)" }.joined(separator: "; "))
                return nil
            }
            if let link, link != itsLink {
                reading.error(
                    .mixedTargets, item.span, "an attack acts on targets of one sort, and this is \(Self.phrase(itsLink)) beside \(Self.phrase(link))",
                    label: "write two attacks, side by side in 'parallel'")
                return nil
            }
            link = itsLink
            targets += found
            let written = item.text ?? ""
            // Inside a definition a target is called as the scenario calls it.
            names += scope.enclosure == nil && !written.hasPrefix("=") ? [written] : found.map { name(of: $0) ?? written }
        }
        guard let link, !targets.isEmpty else {
            reading.error(.emptySection, node.span, "'against' needs at least one target")
            return nil
        }
        return (targets, link, names)
    }

    /// What the scenario calls a target; `nil` when that is known only when the step is reached.
    private func name(of target: AttackTarget) -> String? {
        switch target {
        case .bus(let bus): return scenario.buses[bus].name
        case .frame(let frame): return scope.table.frames[frame].name
        case .signal(let signal): return scope.table.signals[signal].name
        case .messages(.constant(let nodes), let actions):
            let names = nodes.prefix(3).map { scope.table.nodes[$0] }.joined(separator: " ") + (nodes.count > 3 ? " …" : "")
            return actions.isEmpty ? names : "\(names) \(actions.joined(separator: " "))"
        case .messages: return nil
        }
    }

    private static func phrase(_ link: AttackLinks) -> String {
        switch link {
        case .can: "frames"
        case .ocpp: "messages"
        default: "a signal"
        }
    }

    private func readTarget(_ node: YAMLNode) -> (targets: [AttackTarget], link: AttackLinks)? {
        guard let written = reading.text(node, "'against'") else { return nil }
        if written.hasPrefix("="), scope.enclosure == nil || written.utf8.contains(0x28) {
            return nodeTarget(node, role: .chargePoint).map { ([.messages(connections: $0, actions: [])], .ocpp) }
        }
        let name = written.hasPrefix("=") ? String(written.dropFirst()).trimmed : written
        if let bus = attackedBus(name) { return ([.bus(bus)], .can) }
        if let messages = readMessages(name, node) { return messages.map { ([$0], .ocpp) } }
        let full = scope.absolute(name)
        if let full, let frame = scope.table.frame(full) {
            scope.mention(
                signals: scenario.buses[scope.table.frames[frame].bus].frames[scope.table.frames[frame].frame].fields.map(\.signal).filter { $0 >= 0 })
            reading.markUsed("frame \(full)")
            return ([.frame(frame)], .can)
        }
        if scope.signal(name) != nil || scope.signalSet(name) != nil { return attackedSignals(name, node) }
        if scope.binding(name) != nil || full.flatMap(scope.table.nodeSet) != nil {
            return nodeTarget(node, role: .chargePoint).map { ([.messages(connections: $0, actions: [])], .ocpp) }
        }
        if reading.isBroken(full ?? name) { return nil }
        reportNoTarget(name, node)
        return nil
    }

    private func attackedBus(_ name: String) -> Int? {
        if case .bus(let bus)? = scope.enclosure?.binding(name) { return bus }
        return scope.absolute(name).flatMap(busIndex)
    }

    private func attackedSignals(_ name: String, _ node: YAMLNode) -> (targets: [AttackTarget], link: AttackLinks)? {
        let signals = scope.signalSet(name) ?? scope.signal(name).map { [$0] } ?? []
        scope.mention(signals: signals)
        guard let onWire = signals.first(where: { scope.table.signals[$0].node == nil }) else { return (signals.map { .signal($0) }, .signal) }
        let parts = scope.table.signals[onWire].name.split(separator: ".")
        let frame = parts.prefix(2).joined(separator: ".")
        reading.error(
            .noAttackTarget, node.span, "'\(name)' is a value on a bus",
            label: scope.table.frame(frame) == nil
                ? "attack what makes it" : "help: write 'against: \(frame)'\(parts.count == 3 ? ", and the field '\(parts[2])' in 'with'" : "")")
        return nil
    }

    /// `ocpp`, `ocpp.Heartbeat`, `cp1.ocpp`, `cp.*.ocpp.MeterValues`; the outer `nil` when the name is none of these.
    private func readMessages(_ name: String, _ node: YAMLNode) -> AttackTarget?? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let place = parts.firstIndex(of: "ocpp"), place + 2 >= parts.count else { return .none }
        var actions: [String] = []
        if place + 1 < parts.count {
            guard registry.message(parts[place + 1]) != nil else {
                reading.error(
                    .unknownMessage, node.span, "there is no message \(Diagnostic.quoted(parts[place + 1]))",
                    label: reading.suggestion(parts[place + 1], registry.messages.map(\.name)))
                return .some(nil)
            }
            actions = [parts[place + 1]]
        }
        guard place > 0 else {
            let all = scope.table.nodes.indices.filter { isRole($0, .chargePoint) }
            guard !all.isEmpty else {
                reading.error(
                    .noAttackTarget, node.span, "the scenario has no charge point", label: "messages go between charge points and their central system")
                return .some(nil)
            }
            scope.mention(all)
            return .some(.messages(connections: .constant(all), actions: actions))
        }
        let owner = parts[..<place].joined(separator: ".")
        let text = scope.binding(owner) != nil ? "=\(owner)" : owner
        guard let nodes = nodeTarget(YAMLNode(kind: .scalar(YAMLNode.Scalar(text: text)), span: node.span), role: .chargePoint) else { return .some(nil) }
        return .some(.messages(connections: nodes, actions: actions))
    }

    private func reportNoTarget(_ name: String, _ node: YAMLNode) {
        let names = scope.knownNames + scenario.buses.map(\.name)
        reading.error(
            .noAttackTarget, node.span, "there is nothing of the name \(Diagnostic.quoted(name)) to attack",
            label: scope.missingReason(for: name) ?? reading.suggestion(name, names),
            help:
                "attacks act on a bus (can0), a declared frame (can0.limit), a charge point (cp1), messages (cp1.ocpp.MeterValues) or a signal (charger.voltage)"
        )
    }
}
