import Plotting
import Quantities
import ScenarioLanguage

/// The wiring of a scenario as boxes, buses and nets.
enum WiringDiagram {
    /// How a relation is drawn and named, in the order of ``Wiring/Relation``; the last one is that of buses.
    static let styles = [
        Diagram.Style("OCPP", color: 0), Diagram.Style("plugged in", color: 2, end: .square), Diagram.Style("arrivals", color: 3, end: .arrow),
        Diagram.Style("feeds", color: 7, end: .arrow), Diagram.Style("refers to", color: 6, end: .arrow), Diagram.Style("CAN", color: 1),
    ]
    private static let busStyle = 5
    /// The most notes on one box.
    private static let mostTags = 6

    static func make(_ full: Wiring) -> Diagram {
        let wiring = full.collapsed()
        let groupNames = unique(wiring.nodes.compactMap(\.group) + wiring.buses.compactMap(\.group))
        let tags = tags(wiring)
        // The composite node itself is its frame, unless something is joined to it.
        let isDrawn = wiring.nodes.indices.map { index in
            !groupNames.contains(wiring.nodes[index].name) || tags.nodes[index] != nil || wiring.edges.contains { $0.from == index || $0.to == index }
                || wiring.buses.contains { $0.members.contains(index) }
        }
        var items: [Diagram.Item] = []
        var itemOf: [Int?] = []
        for (index, node) in wiring.nodes.enumerated() {
            guard isDrawn[index] else {
                itemOf.append(nil)
                continue
            }
            itemOf.append(items.count)
            let (layer, accent) = place(index, wiring)
            let group = node.group.flatMap { groupNames.firstIndex(of: $0) } ?? groupNames.firstIndex(of: node.name)
            var item = Diagram.Item(title: group == nil ? node.title : node.ownTitle, detail: node.kind, accent: accent, layer: layer, group: group)
            item.isStacked = node.isCounted && node.count > 1
            item.tags = tags.nodes[index] ?? []
            items.append(item)
        }
        var nets = nets(wiring, itemOf)
        for (index, bus) in wiring.buses.enumerated() {
            let group = bus.group.flatMap { groupNames.firstIndex(of: $0) }
            let name = group == nil ? bus.name : String(bus.name.split(separator: ".").last ?? "")
            var item = Diagram.Item(title: name, detail: "CAN, \(Quantity(bus.bitrate, .dataRate).text)", accent: 1, layer: 3, group: group)
            item.isBar = true
            item.rows = bus.frames.enumerated().map { number, frame in row(frame, wiring, tags.frames[[index, number]] ?? []) }
            if let watching = tags.frames[[index, -1]] { item.rows.append(Diagram.Row(["all frames", "", "", ""], tags: watching)) }
            nets += bus.members.compactMap { member in
                itemOf[member].map { Diagram.Net(style: busStyle, root: items.count, leaves: [Diagram.Net.Leaf($0)]) }
            }
            items.append(item)
        }
        var diagram = Diagram(title: wiring.scenario, items: items, nets: nets, styles: styles)
        diagram.subtitle = summary(full)
        diagram.groups = groupNames.map { name in
            Diagram.Group(title: name, detail: wiring.nodes.first { $0.name == name }.map { $0.isCounted ? "\($0.kind) × \($0.count)" : $0.kind } ?? "")
        }
        diagram.notes = notes(wiring)
        return diagram
    }

    /// `3 nodes, 1 bus, 2 detectors`.
    static func summary(_ wiring: Wiring) -> String {
        let instances = wiring.nodes.reduce(0) { $0 + $1.count }
        var parts = [TextLayout.count(instances, "node")]
        if !wiring.buses.isEmpty { parts.append(TextLayout.count(wiring.buses.count, "bus", plural: "buses")) }
        if !wiring.detectors.isEmpty { parts.append(TextLayout.count(wiring.detectors.count, "detector")) }
        return parts.joined(separator: ", ")
    }

    /// Layer and colour of a node: central systems and meters, charge points and modules, vehicles and arrivals.
    private static func place(_ index: Int, _ wiring: Wiring) -> (layer: Int, accent: Int) {
        let node = wiring.nodes[index]
        if node.roles.contains(.centralSystem) { return (0, 0) }
        let relations = wiring.edges.filter { $0.from == index }.map(\.relation)
        if relations.contains(.feeds) { return (0, 7) }
        if node.roles.contains(.chargePoint) { return (1, 2) }
        if relations.contains(.plugged) || relations.contains(.arrivals) { return (2, 3) }
        return (1, wiring.buses.contains { $0.members.contains(index) } ? 1 : 6)
    }

    // MARK: Nets

    private static func nets(_ wiring: Wiring, _ itemOf: [Int?]) -> [Diagram.Net] {
        var nets: [Diagram.Net] = []
        for (style, relation) in Wiring.Relation.allCases.enumerated() {
            var netOf: [Int: Int] = [:]
            for edge in wiring.edges where edge.relation == relation {
                // The net hangs on what many are joined to: the central system, the charge point, the meter.
                let isAtTarget = relation == .ocpp || relation == .plugged
                guard let root = itemOf[isAtTarget ? edge.to : edge.from], let end = itemOf[isAtTarget ? edge.from : edge.to] else { continue }
                let label = edge.link?.text ?? (relation == .wired ? edge.setting : part(edge, wiring))
                let leaf = Diagram.Net.Leaf(end, label: label)
                if let known = netOf[root], relation != .wired {
                    nets[known].leaves.append(leaf)
                } else {
                    netOf[root] = nets.count
                    nets.append(Diagram.Net(style: style, root: root, leaves: [leaf]))
                }
            }
        }
        return nets
    }

    // MARK: Texts

    /// Which instances of a counted node an edge means, when not all: `at fleet.3`.
    private static func part(_ edge: Wiring.Edge, _ wiring: Wiring) -> String {
        let target = wiring.nodes[edge.to]
        guard target.isCounted, edge.target != "\(target.name).*", edge.target != target.name, edge.target.utf8.count <= 24 else { return "" }
        return edge.relation == .plugged ? "at \(edge.target)" : edge.target
    }

    private static func row(_ frame: Wiring.Frame, _ wiring: Wiring, _ tags: [Diagram.Tag]) -> Diagram.Row {
        let readers = list(frame.readers.map { wiring.nodes[$0].name }, most: 3)
        let ends = "\(frame.from.isEmpty ? "nobody" : frame.from) → \(readers.isEmpty ? "nobody" : readers)"
        return Diagram.Row([frame.declaration.name, frame.declaration.identifier, frame.declaration.period, ends], tags: tags)
    }

    /// The first few of a list.
    static func list(_ names: [String], most: Int) -> String {
        names.count <= most ? names.joined(separator: ", ") : names.prefix(most - 1).joined(separator: ", ") + " and \(names.count - most + 1) more"
    }

    private static func tags(_ wiring: Wiring) -> (nodes: [Int: [Diagram.Tag]], frames: [[Int]: [Diagram.Tag]]) {
        var nodes: [Int: [Diagram.Tag]] = [:]
        var frames: [[Int]: [Diagram.Tag]] = [:]
        for detector in wiring.detectors {
            let severity = severity(detector.severity)
            for watch in detector.watches {
                switch watch.place {
                case .node(let node): nodes[node, default: []].append(Diagram.Tag("\(detector.name): \(watch.ownName)", severity))
                case .bus(let bus): frames[[bus, -1], default: []].append(Diagram.Tag(detector.name, severity))
                case .frame(let bus, let frame):
                    let name = wiring.buses[bus].frames[frame].declaration.name
                    let text = watch.ownName == name ? detector.name : "\(detector.name): \(watch.ownName)"
                    frames[[bus, frame], default: []].append(Diagram.Tag(text, severity))
                }
            }
        }
        return (nodes.mapValues(shortened), frames.mapValues(shortened))
    }

    private static func shortened(_ tags: [Diagram.Tag]) -> [Diagram.Tag] {
        guard tags.count > mostTags else { return tags }
        return Array(tags.prefix(mostTags - 1)) + [Diagram.Tag("and \(tags.count - mostTags + 1) more", .low)]
    }

    private static func severity(_ word: String) -> Band.Severity {
        switch word {
        case "low": .low
        case "high": .high
        case "critical": .critical
        default: .medium
        }
    }

    /// What detectors join, and those that watch no signal.
    private static func notes(_ wiring: Wiring) -> [String] {
        let parts = wiring.detectors.filter { !$0.parts.isEmpty }.map { detector in
            "\(detector.name) (\(detector.kind)): \(detector.parts.map { wiring.detectors[$0].name }.joined(separator: ", "))"
        }
        let others = wiring.detectors.filter { $0.parts.isEmpty && $0.watches.isEmpty }.map { "\($0.name) (\($0.kind)) watches no signal" }
        return parts + others
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen = Set<String>()
        return names.filter { seen.insert($0).inserted }
    }
}
