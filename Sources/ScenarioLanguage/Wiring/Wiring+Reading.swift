import Quantities

extension Wiring {
    /// The wiring of a scenario; `registry` is the one that it was read with.
    public init(_ scenario: Scenario, _ registry: Registry) {
        self.scenario = scenario.name
        about = scenario.about
        nodes = scenario.nodes.map { node in
            let kind = scenario.kinds[node.kind]
            return Node(
                name: node.name, kind: kind.name, roles: kind.roles, count: node.count, isCounted: node.isCounted,
                group: Wiring.group(of: node.name), ownName: node.name.split(separator: ".").last.map(String.init) ?? node.name)
        }
        edges = Wiring.edges(scenario, registry)
        buses = Wiring.buses(scenario, registry)
        detectors = Wiring.detectors(scenario, registry)
    }

    /// What stands before the last dot.
    private static func group(of name: String) -> String? { name.lastIndex(of: ".").map { String(name[..<$0]) } }

    // MARK: Edges

    private static func edges(_ scenario: Scenario, _ registry: Registry) -> [Edge] {
        var edges: [Edge] = []
        for (index, node) in scenario.nodes.enumerated() {
            for (setting, value) in zip(scenario.kinds[node.kind].settings, node.settings) {
                guard case .nodes(let instances) = value else { continue }
                for (declaration, named) in byDeclaration(instances, scenario) {
                    let relation = relation(setting.type, of: scenario.kinds[node.kind])
                    edges.append(
                        Edge(
                            relation: relation, from: index, to: declaration, setting: setting.name, target: Wiring.names(named, scenario),
                            link: relation == .ocpp ? link(between: node, and: named, scenario) : nil))
                }
            }
        }
        return edges
    }

    private static func relation(_ type: SettingType, of kind: KindManifest) -> Relation {
        switch type {
        case .node(let roles) where roles.contains(.centralSystem) && kind.roles.contains(.chargePoint): .ocpp
        case .node(let roles) where roles.contains(.chargePoint): .plugged
        case .nodes(let roles) where roles.contains(.chargePoint): .arrivals
        case .nodes(let roles) where roles.contains(.load): .feeds
        default: .wired
        }
    }

    /// Instances by their declaration, in the order of their first mention.
    private static func byDeclaration(_ instances: [Int], _ scenario: Scenario) -> [(declaration: Int, instances: [Int])] {
        var result: [(declaration: Int, instances: [Int])] = []
        var place: [Int: Int] = [:]
        for instance in instances {
            let declaration = scenario.symbols.declarationOfNode[instance]
            if let known = place[declaration] {
                result[known].instances.append(instance)
            } else {
                place[declaration] = result.count
                result.append((declaration, [instance]))
            }
        }
        return result
    }

    /// The last link that the file declares between a node's instances and others; later links win, as in a run.
    private static func link(between node: NodeDeclaration, and others: [Int], _ scenario: Scenario) -> Link? {
        let own = node.firstInstance..<(node.firstInstance + node.count)
        for declaration in scenario.links.reversed() {
            for (mine, theirs) in [(declaration.between.0, declaration.between.1), (declaration.between.1, declaration.between.0)] {
                let covered = Set(mine.filter { own.contains($0) }).count
                guard covered > 0, others.contains(where: { theirs.contains($0) }) else { continue }
                return Link(name: declaration.name, latency: declaration.fixedLatency ?? .zero, jitter: declaration.jitter, isPartial: covered < node.count)
            }
        }
        return nil
    }

    /// Names of node instances; all instances of a counted node are `cp.*`.
    public static func names(_ instances: [Int], _ scenario: Scenario) -> String {
        var parts: [String] = []
        var rest = instances[...]
        while let first = rest.first {
            let node = scenario.nodes[scenario.symbols.declarationOfNode[first]]
            if node.isCounted, first == node.firstInstance, rest.count >= node.count, rest.prefix(node.count).elementsEqual(first..<(first + node.count)) {
                parts.append("\(node.name).*")
                rest = rest.dropFirst(node.count)
            } else {
                parts.append(scenario.symbols.nodes[first])
                rest = rest.dropFirst()
            }
        }
        return parts.count > 12 ? parts.prefix(12).joined(separator: ", ") + ", …" : parts.joined(separator: ", ")
    }

    // MARK: Buses

    private static func buses(_ scenario: Scenario, _ registry: Registry) -> [Bus] {
        scenario.buses.enumerated().map { index, bus in
            let members = scenario.nodes.indices.filter { node in
                scenario.nodes[node].settings.contains { if case .bus(index) = $0 { true } else { false } }
            }
            let frames = bus.frames.map { frame in
                let using = { (use: FrameManifest.Use) in
                    members.filter { node in scenario.kinds[scenario.nodes[node].kind].frames.contains { $0.name == frame.name && $0.use == use } }
                }
                let senders = frame.from.map { [scenario.symbols.declarationOfNode[$0]] } ?? using(.sends)
                let from = frame.from.map { scenario.symbols.nodes[$0] } ?? (senders.isEmpty ? "" : "several")
                return Frame(declaration: frame, senders: senders, readers: using(.reads).filter { !senders.contains($0) }, from: from)
            }
            return Bus(name: bus.name, bitrate: bus.bitrate, group: group(of: bus.name), members: members, frames: frames)
        }
    }

    // MARK: Detectors

    private static func detectors(_ scenario: Scenario, _ registry: Registry) -> [Detector] {
        var places: [Int: (bus: Int, frame: Int)] = [:]
        for (bus, declaration) in scenario.buses.enumerated() {
            for (index, frame) in declaration.frames.enumerated() {
                for field in frame.fields { places[field.signal] = (bus, index) }
            }
        }
        return scenario.detectors.map { detector in
            let kind = registry.detectors[detector.kind]
            var signals: [Int] = []
            var parts: [Int] = []
            var streams: [Watch] = []
            for value in detector.settings {
                switch value {
                case .signals(let watched): signals += watched
                case .stream(let sources): streams += sources.flatMap { self.streams($0, scenario) }
                case .detectors(let joined): parts += joined
                case .formula(let formula): signals += formula.signalsUsed
                case .temporal(let formula): signals += formula.conditions.flatMap(\.condition.signalsUsed)
                default: break
                }
            }
            let watches = watches(signals, places, scenario) + streams
            return Detector(name: detector.name, kind: kind.name, severity: detector.lifecycle.severity, watches: watches, parts: parts)
        }
    }

    /// A stream as what it is shown with; messages of all connections belong to the central systems, and to no node in particular here.
    private static func streams(_ source: StreamSource, _ scenario: Scenario) -> [Watch] {
        switch source {
        case .bus(let bus): return [Watch(signal: scenario.buses[bus].name, ownName: "all frames", place: .bus(bus))]
        case .frame(let number):
            let frame = scenario.symbols.frames[number]
            return [Watch(signal: frame.name, ownName: scenario.buses[frame.bus].frames[frame.frame].name, place: .frame(bus: frame.bus, frame: frame.frame))]
        case .messages(let nodes, let action):
            let own = "ocpp" + (action.map { ".\(scenario.symbols.actions[$0])" } ?? "")
            var watches: [Watch] = []
            for node in nodes {
                let declaration = scenario.symbols.declarationOfNode[node]
                guard !watches.contains(where: { $0.place == .node(declaration) }) else { continue }
                let name = scenario.nodes[declaration].isCounted ? "\(scenario.nodes[declaration].name).*" : scenario.symbols.nodes[node]
                watches.append(Watch(signal: "\(name).\(own)", ownName: own, place: .node(declaration)))
            }
            if nodes.isEmpty {
                for (declaration, node) in scenario.nodes.enumerated() where scenario.kinds[node.kind].roles.contains(.centralSystem) {
                    watches.append(Watch(signal: own, ownName: own, place: .node(declaration)))
                }
            }
            return watches
        }
    }

    /// Signals by where they are; a signal of several instances of a counted node is one watch, `cp.*.power`.
    private static func watches(_ signals: [Int], _ places: [Int: (bus: Int, frame: Int)], _ scenario: Scenario) -> [Watch] {
        var watches: [Watch] = []
        var known: [String: Int] = [:]
        for signal in signals {
            let symbol = scenario.symbols.signals[signal]
            let watch: Watch
            var key = symbol.name
            if let instance = symbol.node {
                let declaration = scenario.symbols.declarationOfNode[instance]
                let node = scenario.nodes[declaration]
                let own = String(symbol.name.dropFirst(scenario.symbols.nodes[instance].count + 1))
                key = "\(node.name).*.\(own)"
                if let first = known[key] {
                    if node.isCounted, watches[first].signal != symbol.name {
                        watches[first] = Watch(signal: key, ownName: own, place: .node(declaration))
                    }
                    continue
                }
                let number = instance - node.firstInstance + 1
                watch = Watch(signal: symbol.name, ownName: node.isCounted && node.count > 1 ? "\(number).\(own)" : own, place: .node(declaration))
            } else if let place = places[signal], known[key] == nil {
                let bus = scenario.buses[place.bus].name
                watch = Watch(signal: key, ownName: String(key.dropFirst(bus.count + 1)), place: .frame(bus: place.bus, frame: place.frame))
            } else {
                continue
            }
            known[key] = watches.count
            watches.append(watch)
        }
        return watches
    }
}

extension Formula {
    /// Every signal that the value depends on: those read by value, then those of windows and totals.
    var signalsUsed: [Int] {
        signalsRead
            + aggregates.compactMap { aggregate in
                if case .signal(let signal) = aggregate.source { return signal }
                return nil
            }
    }
}
