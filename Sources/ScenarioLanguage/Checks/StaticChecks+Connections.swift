import Quantities

extension StaticChecks {
    /// Links whose ends never exchange a message: no node of one end has a node of the other as its central system.
    func unusedLinks() {
        for link in scenario.links {
            let (first, second) = (Set(link.between.0), Set(link.between.1))
            let isUsed = scenario.nodes.contains { declaration in
                let kind = builder.registry.kinds[declaration.kind]
                let own = declaration.firstInstance..<declaration.firstInstance + declaration.count
                return zip(kind.settings, declaration.settings).contains { manifest, value in
                    guard case .node(let roles) = manifest.type, roles.contains(.centralSystem), case .nodes(let partners) = value else { return false }
                    return own.contains { first.contains($0) } && partners.contains { second.contains($0) }
                        || own.contains { second.contains($0) } && partners.contains { first.contains($0) }
                }
            }
            if !isUsed {
                reading.warning(
                    .unusedLink, link.span, "no message passes the link '\(link.name)'",
                    label: "its ends are not a charge point and its central system")
            }
        }
    }

    /// Remote stops that reach a charge point before anything can have started a transaction there.
    func earlyStops() {
        // Vehicles and drivers start transactions themselves.
        var mayCharge = Set<Int>()
        for declaration in scenario.nodes {
            for (manifest, value) in zip(builder.registry.kinds[declaration.kind].settings, declaration.settings) {
                switch manifest.type {
                case .node(let roles), .nodes(let roles):
                    if roles.contains(.chargePoint), case .nodes(let nodes) = value { mayCharge.formUnion(nodes) }
                default: break
                }
            }
        }
        var isKnown = true
        earlyStops(scenario.steps, &mayCharge, &isKnown)
    }

    private func earlyStops(_ steps: [Step], _ mayCharge: inout Set<Int>, _ isKnown: inout Bool) {
        for step in steps where isKnown {
            switch step.action {
            case .send(let send):
                guard case .constant(let nodes) = send.to else {
                    isKnown = isKnown && !Self.starts.contains(send.action)
                    continue
                }
                if Self.starts.contains(send.action) {
                    mayCharge.formUnion(nodes)
                    if let from = send.from { mayCharge.insert(from) }
                }
                guard send.action == "RemoteStopTransaction", send.payload == nil, !nodes.isEmpty, mayCharge.isDisjoint(with: nodes) else { continue }
                reading.warning(
                    .stopWithoutStart, step.span, "a transaction is stopped before any was started",
                    label: "'\(table.nodes[nodes[0]])' refuses it", help: "send RemoteStartTransaction first")
            case .repeatSteps(_, let body), .call(_, _, let body): earlyStops(body, &mayCharge, &isKnown)
            case .wait, .at, .until, .set: continue
            default: isKnown = false
            }
        }
    }

    private static let starts = ["RemoteStartTransaction", "StartTransaction"]

    /// The period at which a node publishes a signal, by its manifest.
    func manifestPeriod(of signal: Int) -> Duration? {
        guard let node = table.signals[signal].node else { return nil }
        let declaration = scenario.nodes[table.declarationOfNode[node]]
        let kind = builder.registry.kinds[declaration.kind]
        let name = String(table.signals[signal].name.dropFirst(table.nodes[node].count + 1))
        guard let manifest = kind.signals.first(where: { $0.name == name }) else { return nil }
        if let frame = manifest.periodFrame, let bus = bus(of: declaration, kind) {
            return scenario.buses[bus].frames.first { $0.name == frame }?.every
        }
        guard let setting = manifest.periodSetting, let index = kind.settingIndex(setting), declaration.settings.indices.contains(index),
            case .duration(let period) = declaration.settings[index]
        else { return nil }
        return period
    }
}
