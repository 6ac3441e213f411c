public import Quantities

/// A signal of the scenario with all that files and plots need to show it.
public struct SignalSymbol: Sendable {
    /// Full name: `charger.current`, `cp.3.power`, `can0.current`.
    public let name: String
    /// What it measures.
    public let dimension: Dimension
    /// Symbol of the unit in which it is shown.
    public let unit: String
    /// Names of its values when it is one of a few states.
    public let members: [String]?
    /// Whether it is true or false.
    public let isFlag: Bool
    /// Whether steps may write it.
    public let settable: Bool
    /// Whether it keeps its value between publications, so that it is drawn as steps.
    public let isHeld: Bool
    /// Node instance that publishes it; `nil` for values on a bus.
    public let node: Int?
}

/// Every name of a scenario that formulas, steps, detectors and plots can use, with its index.
public struct SymbolTable: Sendable {
    /// Signals: those of the nodes in the order of the file, then the fields of frames.
    public private(set) var signals: [SignalSymbol] = []
    /// Names of the node instances.
    public private(set) var nodes: [String] = []
    /// Declaration of each node instance.
    public private(set) var declarationOfNode: [Int] = []
    /// Number of slots behind the signals that calls of sequences use.
    public internal(set) var slots = 0
    /// Actions that streams of messages are counted by.
    public let actions: [String]
    /// Streams of frames: bus and frame.
    public private(set) var frames: [(bus: Int, frame: Int, name: String)] = []
    /// Names of the detectors.
    public private(set) var detectors: [String] = []

    private var signalByName: [String: Int] = [:]
    private var nodeByName: [String: Int] = [:]
    private var detectorByName: [String: Int] = [:]
    private var groupByName: [String: Range<Int>] = [:]
    private var frameByName: [String: Int] = [:]
    private var onlyField: [String: Int] = [:]
    private var actionByName: [String: Int] = [:]

    init(actions: [String]) {
        self.actions = actions
        for (index, action) in actions.enumerated() { actionByName[action] = index }
    }

    // MARK: Building

    mutating func addNode(_ name: String, declaration: Int) {
        nodeByName[name] = nodes.count
        nodes.append(name)
        declarationOfNode.append(declaration)
    }

    mutating func addGroup(_ name: String, _ range: Range<Int>) { groupByName[name] = range }

    @discardableResult
    mutating func addSignal(_ signal: SignalSymbol) -> Int {
        signalByName[signal.name] = signals.count
        signals.append(signal)
        return signals.count - 1
    }

    /// A second name of a signal.
    mutating func addAlias(_ name: String, _ signal: Int) { signalByName[name] = signal }

    mutating func addDetector(_ name: String) {
        if detectorByName[name] == nil { detectorByName[name] = detectors.count }
        detectors.append(name)
    }

    mutating func addFrame(bus: Int, frame: Int, name: String, fields: [Int]) {
        frameByName[name] = frames.count
        frames.append((bus, frame, name))
        if fields.count == 1 { onlyField[name] = fields[0] }
    }

    // MARK: Looking up

    /// The signal of a name; the name of a frame stands for its only field.
    public func signal(_ name: String) -> Int? { signalByName[name] ?? onlyField[name] }

    /// The frame of a name, `BUS.FRAME`, by its number in `frames`.
    public func frame(_ name: String) -> Int? { frameByName[name] }

    /// The node instance of a name.
    public func node(_ name: String) -> Int? { nodeByName[name] }

    /// The detector of a name.
    public func detector(_ name: String) -> Int? { detectorByName[name] }

    /// The instances that `cp`, `cp.*` or `cp.3` stand for; a bare name of a counted node is no set.
    public func nodeSet(_ name: String) -> [Int]? {
        if let node = nodeByName[name] { return [node] }
        if name.hasSuffix(".*"), let range = groupByName[String(name.dropLast(2))] { return Array(range) }
        guard let names = expanded(name) else { return nil }
        var result: [Int] = []
        for name in names {
            guard let part = nodeSet(name) else { return nil }
            result += part
        }
        return result
    }

    /// `cp.*.left.power` of each instance; `nil` when it is no such name or the set would be larger than any scenario.
    func expanded(_ name: String) -> [String]? {
        guard let star = name.range(of: ".*."), let range = groupByName[String(name[..<star.lowerBound])] else { return nil }
        return range.map { "\(nodes[$0]).\(name[star.upperBound...])" }
    }

    /// Whether a name is that of a counted node without `.*` or a number.
    public func isGroup(_ name: String) -> Bool { groupByName[name] != nil && nodeByName[name] == nil }

    /// Whether the first two parts of a name are a node instance.
    func hasNode(before name: String) -> Bool { node(name.split(separator: ".").prefix(2).joined(separator: ".")) != nil }

    /// The signals of `cp.*.power`.
    public func signalSet(_ name: String) -> [Int]? {
        guard let names = expanded(name) else { return nil }
        var result: [Int] = []
        for name in names {
            if let signal = signalByName[name] { result.append(signal) } else if let signals = signalSet(name) { result += signals } else { return nil }
        }
        return result
    }

    /// The stream of messages or frames of a name: `ocpp.Heartbeat`, `cp1.ocpp.Heartbeat`, `can0.limit`.
    public func stream(_ name: String) -> Int? {
        if let frame = frameByName[name] { return (nodes.count + 1) * actions.count + frame }
        if name.hasPrefix("ocpp.") { return actionByName[String(name.dropFirst(5))] }
        guard let middle = name.range(of: ".ocpp."), let node = nodeByName[String(name[..<middle.lowerBound])],
            let action = actionByName[String(name[middle.upperBound...])]
        else { return nil }
        return messageStream(node: node, action: action)
    }

    /// The stream of one action at one node; node -1 stands for all nodes.
    public func messageStream(node: Int, action: Int) -> Int { (node + 1) * actions.count + action }

    /// Whether a stream is one of messages.
    public func isMessageStream(_ stream: Int) -> Bool { stream < (nodes.count + 1) * actions.count }

    /// The stream of a frame.
    public func frameStream(_ frame: Int) -> Int { (nodes.count + 1) * actions.count + frame }

    /// The name of a stream, for messages.
    public func streamName(_ stream: Int) -> String {
        let perNode = actions.count
        let node = stream / max(perNode, 1) - 1
        if node >= nodes.count { return frames[stream - (nodes.count + 1) * perNode].name }
        let action = "ocpp.\(actions[stream % perNode])"
        return node < 0 ? action : "\(nodes[node]).\(action)"
    }

    /// Names for suggestions, bounded: of counted nodes only the group's.
    public var knownNames: [String] {
        var names: [String] = []
        for signal in signals where names.count < 4000 { names.append(signal.name) }
        for name in nodes where names.count < 5000 { names.append(name) }
        names += frames.map(\.name)
        names += actions.map { "ocpp.\($0)" }
        names += detectors
        return names
    }
}

extension String {
    /// The first occurrence of a text.
    func range(of other: String) -> Range<String.Index>? {
        guard !other.isEmpty else { return nil }
        let needle = Array(other.utf8)
        let view = utf8
        var start = view.startIndex
        while start != view.endIndex {
            var place = start
            var index = 0
            while index < needle.count, place != view.endIndex, view[place] == needle[index] {
                place = view.index(after: place)
                index += 1
            }
            if index == needle.count { return start..<place }
            start = view.index(after: start)
        }
        return nil
    }
}
