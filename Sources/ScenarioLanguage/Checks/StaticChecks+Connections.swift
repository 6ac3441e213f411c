import Quantities
import YAMLTree

extension StaticChecks {
    /// Links whose ends never exchange a message: no node of one end has a node of the other as its central system.
    func unusedLinks() {
        for link in scenario.links {
            let isUsed = talks(link.between.0, Set(link.between.1)) || talks(link.between.1, Set(link.between.0))
            if !isUsed {
                reading.warning(
                    .unusedLink, link.span, "no message passes the link '\(link.name)'",
                    label: "its ends are not a charge point and its central system")
            }
        }
    }

    /// Whether one of the nodes has one of the others as its central system.
    private func talks(_ nodes: [Int], _ others: Set<Int>) -> Bool {
        Set(nodes.map { table.declarationOfNode[$0] }).contains { index in
            let declaration = scenario.nodes[index]
            return zip(builder.registry.kinds[declaration.kind].settings, declaration.settings).contains { manifest, value in
                guard case .node(let roles) = manifest.type, roles.contains(.centralSystem), case .nodes(let partners) = value else { return false }
                return partners.contains(where: others.contains)
            }
        }
    }

    /// Remote stops that reach a charge point before anything can have started a transaction there.
    func earlyStops() {
        // Vehicles and drivers start transactions themselves.
        var mayCharge = partners(.chargePoint)
        var isKnown = true
        earlyStops(scenario.steps, &mayCharge, &isKnown)
    }

    /// The nodes that others name in settings for nodes of a role.
    private func partners(_ role: SettingType.Role) -> Set<Int> {
        var result = Set<Int>()
        for declaration in scenario.nodes {
            for (manifest, value) in zip(builder.registry.kinds[declaration.kind].settings, declaration.settings) {
                switch manifest.type {
                case .node(let roles), .nodes(let roles):
                    if roles.contains(role), case .nodes(let nodes) = value { result.formUnion(nodes) }
                default: break
                }
            }
        }
        return result
    }

    /// Signals that a detector, an expectation or a plot looks at, and that nothing in this scenario makes.
    func unpublishedSignals() {
        let (charged, written) = (partners(.chargePoint), setSignals())
        func check(_ signals: [Int], _ span: Span) {
            // Of the signals of a counted node the first speaks for all.
            guard let signal = signals.first, let node = table.signals[signal].node, case let declaration = scenario.nodes[table.declarationOfNode[node]],
                let need = manifest(of: signal)?.needs
            else { return }
            let name = table.signals[signal].name
            switch need {
            case .setting(let setting):
                guard let index = builder.registry.kinds[declaration.kind].settingIndex(setting), case .absent = declaration.settings[index],
                    !(table.signal("\(table.nodes[node]).\(setting)").map(written.contains) ?? false)
                else { return }
                reading.warning(
                    .neverPublished, span, "'\(name)' is never published", label: "it needs the setting '\(setting)' of '\(declaration.name)'")
            case .partner(let role):
                let nodes = role == .chargePoint ? charged : partners(role)
                guard !signals.contains(where: { table.signals[$0].node.map(nodes.contains) ?? true }) else { return }
                reading.warning(
                    .neverPublished, span, "'\(name)' is never published", label: "it needs a vehicle: another node that names '\(table.nodes[node])'")
            }
        }
        for detector in scenario.detectors {
            for value in detector.settings {
                if case .signals(let signals) = value { check(signals, detector.span) }
                if case .formula(let formula) = value { for signal in formula.signalsWatched { check([signal], detector.span) } }
                guard case .temporal(let formula) = value else { continue }
                for condition in formula.conditions { for signal in condition.condition.signalsWatched { check([signal], detector.span) } }
            }
        }
        for expectation in scenario.expectations { for signal in expectation.formula.signalsWatched { check([signal], expectation.span) } }
        for plot in scenario.plots { for panel in plot.panels { for signal in panel { check([signal], plot.span) } } }
    }

    /// The signals that steps write.
    private func setSignals() -> Set<Int> {
        var result = Set<Int>()
        everyStep(scenario.steps) { step in
            if case .set(let values) = step.action { result.formUnion(values.map(\.signal)) }
        }
        return result
    }

    /// The manifest of a signal of a node.
    private func manifest(of signal: Int) -> SignalManifest? {
        guard let node = table.signals[signal].node else { return nil }
        let name = table.signals[signal].name.dropFirst(table.nodes[node].count + 1)
        return builder.registry.kinds[scenario.nodes[table.declarationOfNode[node]].kind].signals.first { $0.name == name }
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
        guard let manifest = manifest(of: signal) else { return nil }
        if let frame = manifest.periodFrame, let bus = bus(of: declaration, kind) {
            return scenario.buses[bus].frames.first { $0.name == frame }?.every
        }
        guard let setting = manifest.periodSetting, let index = kind.settingIndex(setting), declaration.settings.indices.contains(index),
            case .duration(let period) = declaration.settings[index]
        else { return nil }
        return period
    }
}

extension Formula {
    /// Signals whose values or samples decide the result; of `cp.*.soc` one for all is not told apart.
    fileprivate var signalsWatched: [Int] {
        signalsRead + aggregates.compactMap { if case .signal(let signal) = $0.source { signal } else { nil } }
    }
}
