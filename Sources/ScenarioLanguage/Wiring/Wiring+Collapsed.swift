extension Wiring {
    /// The wiring with what is wired alike drawn together, when it has more than `limit` nodes and buses; unchanged when it has fewer.
    ///
    /// Nodes are alike when they have the same kind and own name pattern, and their neighbours, buses, detectors and groups are alike.
    /// When that leaves too many, all nodes of one kind count as alike. Complexity: O(rounds · edges).
    public func collapsed(over limit: Int = 60) -> Wiring {
        guard nodes.count + buses.count > limit else { return self }
        let exact = merged(classes(rounds: 6))
        return exact.nodes.count + exact.buses.count <= limit ? exact : merged(classes(rounds: 0))
    }

    private struct Classes {
        var nodes: [Int]
        var buses: [Int]
    }

    /// The class of each node and bus; without rounds the kind alone decides.
    private func classes(rounds: Int) -> Classes {
        let parents = Set(nodes.compactMap(\.group))
        var classes = Classes(
            nodes: numbered(
                nodes.map { node in
                    let own = node.group == nil ? "" : rounds > 0 ? node.ownName : "part"
                    return "\(node.kind) \(own) \(parents.contains(node.name))"
                }), buses: numbered(buses.map { rounds > 0 ? "\($0.bitrate) \($0.group == nil)" : "bus" }))
        for _ in 0..<rounds {
            var nodeTraits = classes.nodes.map { [String($0)] }
            var busTraits = classes.buses.map { [String($0)] }
            for edge in edges {
                nodeTraits[edge.from].append("to \(edge.relation) \(classes.nodes[edge.to]) \(edge.link?.text ?? "")")
                nodeTraits[edge.to].append("from \(edge.relation) \(classes.nodes[edge.from])")
            }
            for (index, bus) in buses.enumerated() {
                for member in bus.members {
                    nodeTraits[member].append("on \(classes.buses[index])")
                    busTraits[index].append("has \(classes.nodes[member])")
                }
                busTraits[index] += bus.frames.map { "\($0.declaration.name) \($0.declaration.id)" }
            }
            for (index, detector) in detectors.enumerated() {
                for watch in detector.watches {
                    switch watch.place {
                    case .node(let node): nodeTraits[node].append("watched \(index)")
                    case .frame(let bus, _), .bus(let bus): busTraits[bus].append("watched \(index)")
                    }
                }
            }
            var members: [String: [Int]] = [:]
            for (index, node) in nodes.enumerated() { if let group = node.group { members[group, default: []].append(classes.nodes[index]) } }
            for (index, node) in nodes.enumerated() {
                if let group = node.group { nodeTraits[index].append("in \((members[group] ?? []).sorted())") }
            }
            classes = Classes(nodes: numbered(nodeTraits.map(signature)), buses: numbered(busTraits.map(signature)))
        }
        return classes
    }

    private func signature(_ traits: [String]) -> String { (traits.prefix(1) + traits.dropFirst().sorted()).joined(separator: "|") }

    /// A number for each different text, in the order of their first mention.
    private func numbered(_ texts: [String]) -> [Int] {
        var numbers: [String: Int] = [:]
        return texts.map { text in
            if let known = numbers[text] { return known }
            numbers[text] = numbers.count
            return numbers.count - 1
        }
    }

    // MARK: Merging

    private func merged(_ classes: Classes) -> Wiring {
        func members(_ numbers: [Int]) -> [[Int]] {
            var lists: [[Int]] = []
            for (index, number) in numbers.enumerated() {
                if number == lists.count { lists.append([]) }
                lists[number].append(index)
            }
            return lists
        }
        let newNodes = members(classes.nodes).map { list -> Node in
            let first = nodes[list[0]]
            guard list.count > 1 else { return first }
            let groups = list.compactMap { nodes[$0].group }
            let owns = list.map { nodes[$0].ownName }
            return Node(
                name: range(list.map { nodes[$0].name }), kind: first.kind, roles: first.roles, count: list.reduce(0) { $0 + nodes[$1].count },
                isCounted: true, group: groups.isEmpty ? nil : range(groups), ownName: range(owns))
        }
        let newBuses = members(classes.buses).map { list -> Bus in
            let first = buses[list[0]]
            let nodesOn = list.flatMap { buses[$0].members.map { classes.nodes[$0] } }
            let groups = list.compactMap { buses[$0].group }
            let frames = first.frames.map { frame in
                Frame(
                    declaration: frame.declaration, senders: Array(Set(frame.senders.map { classes.nodes[$0] })).sorted(),
                    readers: Array(Set(frame.readers.map { classes.nodes[$0] })).sorted(),
                    from: list.count > 1 ? range(unique(frame.senders.map { classes.nodes[$0] }).map { newNodes[$0].name }) : frame.from)
            }
            let name = range(list.map { buses[$0].name })
            return Bus(
                name: list.count > 1 ? "\(name) × \(list.count)" : name, bitrate: first.bitrate, group: groups.isEmpty ? nil : range(groups),
                members: unique(nodesOn).sorted(), frames: frames)
        }
        var newEdges: [Edge] = []
        var known = Set<[Int]>()
        for edge in edges {
            let (from, to) = (classes.nodes[edge.from], classes.nodes[edge.to])
            guard known.insert([from, to, Relation.allCases.firstIndex(of: edge.relation) ?? 0]).inserted else { continue }
            newEdges.append(Edge(relation: edge.relation, from: from, to: to, setting: edge.setting, target: newNodes[to].name, link: edge.link))
        }
        let newDetectors = detectors.map { detector in
            Detector(
                name: detector.name, kind: detector.kind, severity: detector.severity,
                watches: detector.watches.map { watch in
                    switch watch.place {
                    case .node(let node): Watch(signal: watch.signal, ownName: watch.ownName, place: .node(classes.nodes[node]))
                    case .frame(let bus, let frame): Watch(signal: watch.signal, ownName: watch.ownName, place: .frame(bus: classes.buses[bus], frame: frame))
                    case .bus(let bus): Watch(signal: watch.signal, ownName: watch.ownName, place: .bus(classes.buses[bus]))
                    }
                }, parts: detector.parts)
        }
        return Wiring(scenario: scenario, about: about, nodes: newNodes, edges: newEdges, buses: newBuses, detectors: newDetectors)
    }

    /// `cp1 … cp20`, or the name when there is one only.
    private func range(_ names: [String]) -> String {
        let names = unique(names)
        guard let first = names.first, let last = names.last, names.count > 1 else { return names.first ?? "" }
        return "\(first) … \(last)"
    }

    private func unique<T: Hashable>(_ list: [T]) -> [T] {
        var seen = Set<T>()
        return list.filter { seen.insert($0).inserted }
    }
}
