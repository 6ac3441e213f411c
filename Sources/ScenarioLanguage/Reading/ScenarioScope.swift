/// The names that formulas of one scenario can use, with the arguments of the sequence that is being read.
final class ScenarioScope: FormulaScope {
    var table: SymbolTable
    var parameters: [Parameter] = []
    var labelKinds: [String] = []
    /// Label kinds that only formulas mention.
    private(set) var labelKindsMade = 0
    /// The definition whose body is being read; `nil` in the scenario itself.
    var enclosure: Enclosure?
    /// Derived signals that are not compiled yet: compiles the one of a full name when it is first mentioned.
    var derive: ((String) -> Void)?
    let reading: Reading
    /// Declarations of the nodes that something mentions.
    private(set) var mentioned: Set<Int> = []

    /// Something uses these nodes.
    func mention(_ nodes: [Int]) {
        for node in nodes.prefix(1000) { mentioned.insert(table.declarationOfNode[node]) }
    }

    /// Something uses these signals.
    func mention(signals: [Int]) {
        mention(signals.prefix(1000).compactMap { table.signals[$0].node })
        // Of values on a bus the signal itself is kept: a frame whose fields nobody mentions is read by nobody.
        for signal in signals.prefix(1000) where table.signals[signal].node == nil { mentionedOnBus.insert(signal) }
    }

    /// Values on a bus that something mentions.
    private(set) var mentionedOnBus: Set<Int> = []

    init(table: SymbolTable, reading: Reading) {
        self.table = table
        self.reading = reading
    }

    /// What a setting or argument of the definition being read stands for.
    func binding(_ name: String) -> Binding? { enclosure?.binding(name) }

    /// The full name of what is written inside a definition; `nil` when nothing of that name can be seen there.
    func absolute(_ name: String) -> String? {
        guard let enclosure else { return name }
        let dot = name.utf8.firstIndex(of: 0x2E)
        let head = dot.map { String(name[..<$0]) } ?? name
        let rest = dot.map { String(name[$0...]) } ?? ""
        if let binding = enclosure.binding(head) {
            switch binding {
            case .nodes(let nodes): return nodes.count == 1 ? table.nodes[nodes[0]] + rest : nil
            case .bus(let bus): return busNames.indices.contains(bus) ? frameName(on: bus, rest, enclosure) : nil
            case .signals(let signals): return signals.count == 1 && rest.isEmpty ? table.signals[signals[0]].name : nil
            case .symbol, .localNodes, .later, .absent: return nil
            }
        }
        if enclosure.ownNames.contains(head) {
            if !enclosure.framePrefixes.isEmpty, let bus = busNames.firstIndex(of: enclosure.full(head)) { return frameName(on: bus, rest, enclosure) }
            return enclosure.full(name)
        }
        return enclosure.isOpen || head == "ocpp" ? name : nil
    }

    /// The full name of what is written `.FRAME` or `.FRAME.FIELD` behind a bus: frames that the definition has brought come first.
    private func frameName(on bus: Int, _ rest: String, _ enclosure: Enclosure) -> String {
        for prefix in enclosure.framePrefixes(of: bus) {
            let name = "\(busNames[bus]).\(prefix)\(rest.dropFirst())"
            let frame = name.utf8.lastIndex(of: 0x2E).map { String(name[..<$0]) } ?? name
            if table.frame(name) != nil || table.frame(frame) != nil { return name }
        }
        return busNames[bus] + rest
    }

    /// The signals of `cp.*.power`, in or outside a definition.
    func signalSet(_ written: String) -> [Int]? { absolute(written).flatMap { signalSet(absolute: $0) } }

    private func signalSet(absolute name: String) -> [Int]? {
        // Signals of parts may be derived ones that nothing has mentioned so far.
        if let derive {
            for name in table.expanded(name) ?? [] {
                if name.range(of: ".*.") != nil { _ = signalSet(absolute: name) } else if table.signal(name) == nil { _ = derive(name) }
            }
        }
        return table.signalSet(name)
    }

    /// Names of the buses in the order of the scenario.
    var busNames: [String] = []

    /// The index of a signal by the name that is written, in or outside a definition.
    func signal(_ written: String) -> Int? {
        guard let name = absolute(written) else { return nil }
        if let known = table.signal(name) { return known }
        derive?(name)
        return table.signal(name)
    }

    func labelKind(_ name: String) -> Int {
        if let index = labelKinds.firstIndex(of: name) { return index }
        labelKinds.append(name)
        return labelKinds.count - 1
    }

    func symbol(named written: String) -> FormulaSymbol? {
        if let binding = binding(written) {
            switch binding {
            case .symbol(let symbol): return symbol
            case .nodes(let nodes):
                mention(nodes)
                return .nodes(nodes)
            case .signals(let signals):
                mention(signals: signals)
                guard signals.count == 1 else { return signals.first.map { .signals(signals, table.signals[$0].dimension) } }
            case .localNodes, .bus, .later, .absent: return nil
            }
        }
        if enclosure?.isOpen ?? true, let parameter = parameters.first(where: { $0.name == written }) {
            reading.markUsed("param \(written)")
            return .number(parameter.value.value, parameter.value.dimension)
        }
        guard let name = absolute(written) else { return isLabelKindShape(written) ? .labelKind(labelKind(written)) : nil }
        if table.signal(name) == nil { derive?(name) }
        if let index = table.signal(name) {
            let signal = table.signals[index]
            mention(signals: [index])
            return .signal(index: index, signal.dimension, members: signal.members, isFlag: signal.isFlag)
        }
        if let set = table.nodeSet(name) {
            mention(set)
            return .nodes(set)
        }
        if let signals = signalSet(absolute: name), let first = signals.first {
            mention(signals: signals)
            return .signals(signals, table.signals[first].dimension)
        }
        if let stream = table.stream(name) {
            reading.markUsed("stream \(stream)")
            return .stream(stream)
        }
        if let detector = table.detector(name) {
            reading.markUsed("detector \(name)")
            return .detector(detector)
        }
        if labelKinds.contains(name) || isLabelKindShape(name) { return .labelKind(labelKind(name)) }
        return nil
    }

    /// Capitals, digits and underscores: a kind of label by its shape, even when no step makes it.
    private func isLabelKindShape(_ name: String) -> Bool {
        name.utf8.count > 2 && name.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
            && name.utf8.first.map { $0 >= 0x41 } == true
    }

    var knownNames: [String] { names + (enclosure?.isOpen ?? true ? parameters.map(\.name) + table.knownNames + labelKinds : []) }

    /// Names that only the definition being read has.
    private var names: [String] {
        guard let enclosure else { return [] }
        var names = enclosure.bindings.map(\.name) + enclosure.ownNames.sorted()
        for own in enclosure.ownNames.sorted() {
            let full = enclosure.full(own) + "."
            for signal in table.signals.prefix(4000) where signal.name.hasPrefix(full) { names.append(own + "." + signal.name.dropFirst(full.count)) }
        }
        return names
    }

    func stream(of written: String) -> Int? {
        guard let name = absolute(written) else { return nil }
        if let signal = table.signal(name) { mention(signals: [signal]) }
        return table.stream(name)
    }

    func hasAnswers(stream: Int) -> Bool { table.isMessageStream(stream) }

    func missingReason(for written: String) -> String? {
        switch binding(written) {
        case .localNodes?: return "a set of nodes can only be handed on as it is"
        case .bus?: return "a bus has no value"
        case .absent?: return "the setting was not given"
        default: break
        }
        if let enclosure, !enclosure.isOpen, absolute(written) == nil {
            let head = written.split(separator: ".").first.map(String.init) ?? written
            if enclosure.settings.contains(where: { $0.name == head }) { return "the setting '\(head)' is no \(written == head ? "value" : "single node")" }
            if case .nodes(let nodes)? = enclosure.binding(head), nodes.count != 1 { return "'\(head)' is \(nodes.count) nodes here" }
            let isOutside = table.signal(written) != nil || table.node(head) != nil || parameters.contains { $0.name == written }
            return isOutside ? "a plugin sees its own settings and parts only; hand it over as a setting" : nil
        }
        let name = absolute(written) ?? written
        if table.isGroup(name) { return "it is a counted node: write '\(name).*' for all or '\(name).1' for one" }
        if name.hasSuffix(".*"), table.node(String(name.dropLast(2))) != nil { return "it is one node: write '\(name.dropLast(2))'" }
        if let group = name.split(separator: ".").first.map(String.init), table.isGroup(group) {
            if let set = table.nodeSet("\(group).*"), Int(name.dropFirst(group.count + 1).prefix(while: \.isNumber)) != nil, !table.hasNode(before: name) {
                return "'\(group)' has \(set.count) instances: \(group).1 to \(group).\(set.count)"
            }
            return "'\(group)' is a counted node: write '\(group).1\(name.dropFirst(group.count))' or '\(group).*\(name.dropFirst(group.count))'"
        }
        return nil
    }
}
