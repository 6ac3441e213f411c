import Quantities
import YAMLTree

extension ScenarioBuilder {
    private static let wireKeys = ["restart_after", "queue", "queue_limit", "error_frames"]

    /// Reads how exactly a bus is simulated.
    func readWire(_ section: SectionReader, _ bus: Int) {
        var isWire = false
        if let node = section["fidelity"] {
            guard let word = reading.word(node, "'fidelity'", among: ["ideal", "wire"]) else { return }
            isWire = word == 1
        }
        guard isWire else {
            for key in Self.wireKeys {
                guard let node = section[key] else { continue }
                reading.error(
                    .needsWire, section.key(key)?.span ?? node.span, "'\(key)' means nothing on an ideal bus", label: "help: add 'fidelity: wire'")
            }
            return
        }
        var wire = WireDeclaration()
        if let node = section["restart_after"] { wire.restartAfter = reading.duration(node, "'restart_after'") }
        if let node = section["queue"] { wire.isFirstInFirstOut = reading.word(node, "'queue'", among: ["priority", "fifo"]) == 1 }
        if let node = section["queue_limit"], let limit = reading.whole(node, "'queue_limit'", in: 1...100_000) { wire.queueLimit = Int(limit) }
        if let node = section["error_frames"] { wire.recordsErrors = reading.flag(node, "'error_frames'") ?? false }
        scenario.buses[bus].wire = wire
    }

    /// What a bus with wires tells: `BUS.load`, `BUS.errors`, `BUS.FRAME.response`, `BUS.NODE.tec`, `.rec` and `.state`.
    func addWireSymbols() {
        for bus in scenario.buses.indices where scenario.buses[bus].wire != nil {
            let name = scenario.buses[bus].name
            let stations = stations(of: bus)
            scenario.buses[bus].wire?.load = addWireSignal("\(name).load", unit: "%", isHeld: false)
            scenario.buses[bus].wire?.errors = addWireSignal("\(name).errors")
            for frame in scenario.buses[bus].frames.indices {
                let full = "\(name).\(scenario.buses[bus].frames[frame].name).response"
                scenario.buses[bus].frames[frame].response = addWireSignal(full, .time, unit: "us", isHeld: false)
            }
            for node in stations {
                let full = "\(name).\(scope.table.nodes[node])"
                scenario.buses[bus].wire?.stations.append(
                    WireDeclaration.Station(
                        node: node, transmitErrors: addWireSignal("\(full).tec"), receiveErrors: addWireSignal("\(full).rec"),
                        state: addWireSignal("\(full).state", members: WireDeclaration.states)))
            }
            if stations.count == 1, let only = stations.first {
                reading.warning(
                    .aloneOnBus, scenario.buses[bus].span, "'\(scope.table.nodes[only])' is alone on '\(name)': nobody acknowledges its frames",
                    label: "each is sent again and again; give another node 'bus: \(name)'")
            }
        }
    }

    /// A signal of a bus; -1 when the name is taken by a field or an earlier one.
    private func addWireSignal(
        _ name: String, _ dimension: Dimension = .none, unit: String = "", members: [String]? = nil, isHeld: Bool = true
    ) -> Int {
        guard scope.table.signal(name) == nil else { return -1 }
        return scope.table.addSignal(
            SignalSymbol(name: name, dimension: dimension, unit: unit, members: members, isFlag: false, settable: false, isHeld: isHeld, node: nil))
    }

    /// The nodes with a controller on a bus: those whose settings name it, and senders of its frames.
    private func stations(of bus: Int) -> [Int] {
        var nodes: Set<Int> = []
        for pending in pendingNodes {
            let manifest = registry.kinds[pending.kind]
            guard !manifest.isProbe else { continue }
            let declaration = scenario.nodes[pending.index]
            for setting in manifest.settings where setting.type == .bus {
                guard let given = pending.body[setting.name], let name = busName(given, pending.enclosure), busIndex(name) == bus else { continue }
                nodes.formUnion(declaration.firstInstance..<(declaration.firstInstance + declaration.count))
            }
        }
        for frame in scenario.buses[bus].frames { if let from = frame.from { nodes.insert(from) } }
        return nodes.sorted()
    }
}
