/// The names that formulas of one scenario can use, with the arguments of the sequence that is being read.
final class ScenarioScope: FormulaScope {
    var table: SymbolTable
    var parameters: [Parameter] = []
    var labelKinds: [String] = []
    /// Label kinds that only formulas mention.
    private(set) var labelKindsMade = 0
    /// Arguments of the sequence being read, innermost call last.
    var locals: [[(name: String, symbol: Local)]] = []
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

    /// An argument of a sequence.
    enum Local {
        case slot(FormulaSymbol)
        case nodes(Int)
    }

    init(table: SymbolTable, reading: Reading) {
        self.table = table
        self.reading = reading
    }

    func local(_ name: String) -> Local? { locals.last?.first { $0.name == name }?.symbol }

    func labelKind(_ name: String) -> Int {
        if let index = labelKinds.firstIndex(of: name) { return index }
        labelKinds.append(name)
        return labelKinds.count - 1
    }

    func symbol(named name: String) -> FormulaSymbol? {
        if case .slot(let symbol)? = local(name) { return symbol }
        if let parameter = parameters.first(where: { $0.name == name }) {
            reading.markUsed("param \(name)")
            return .number(parameter.value.value, parameter.value.dimension)
        }
        if let index = table.signal(name) {
            let signal = table.signals[index]
            mention(signals: [index])
            return .signal(index: index, signal.dimension, members: signal.members, isFlag: signal.isFlag)
        }
        if let set = table.nodeSet(name) {
            mention(set)
            return .nodes(set)
        }
        if let signals = table.signalSet(name), let first = signals.first {
            mention(signals: signals)
            return .signals(signals, table.signals[first].dimension)
        }
        if let stream = table.stream(name) {
            reading.markUsed("stream \(stream)")
            return .stream(stream)
        }
        if let detector = table.detectors.firstIndex(of: name) {
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

    var knownNames: [String] { parameters.map(\.name) + (locals.last ?? []).map(\.name) + table.knownNames + labelKinds }

    func stream(of name: String) -> Int? {
        if let signal = table.signal(name) { mention(signals: [signal]) }
        return table.stream(name)
    }

    func missingReason(for name: String) -> String? {
        if case .nodes? = local(name) { return "a set of nodes can only be handed on as it is" }
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
