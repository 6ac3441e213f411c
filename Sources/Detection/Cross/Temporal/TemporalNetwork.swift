import Quantities

/// The operators of a formula in an order in which operands come first, all looking back.
///
/// An operator over the future is delayed by its horizon and looks back from there; operands with a smaller horizon are delayed to meet the others.
/// At every instant at which something changes all operators are evaluated once; between those instants all outputs keep their values.
struct TemporalNetwork: ~Copyable {
    enum Operation: UInt8 { case input, not, and, or, delay, least, greatest, leastEver, greatestEver, chain, previous }

    struct Node {
        var operation: Operation
        var a = 0
        var b = 0
        /// The node that counts samples, for operators that go by them; -1 for none.
        var tick = -1
        /// The output, as the key of a `Robustness`.
        var value = Robustness.absent.key
        /// What it gives when it has seen nothing.
        var neutral: Int64 = 0
        /// Length of the window or the delay; for a chain the farther end, the greatest integer for none.
        var width: Int64 = 0
        /// The nearer end of a chain.
        var near: Int64 = 0
        var horizon: Int64 = 0
        /// When it changes although no operand does.
        var next = Int64.max
        /// From when to when it has an output.
        var from = Int64.max
        var until = Int64.max
        /// The operands as they were last seen.
        var lastA = Robustness.absent.key
        var lastB = Robustness.absent.key
        var lastTick = Robustness.absent.key
        /// Its queue, or its first chain.
        var store = 0
        var isSince = false
    }

    /// What an input node stands for.
    enum Source: Hashable {
        case atom(input: Int, TemporalComparison, scale: Double)
        case constant(Bool)
        case ticks
    }

    let nodes: UnsafeMutablePointer<Node>
    let count: Int
    let rings: UnsafeMutablePointer<TemporalRing>
    private let ringCount: Int
    let chains: UnsafeMutablePointer<TemporalChain>
    private let chainCount: Int
    /// The outputs that are judged.
    let roots: UnsafeMutableBufferPointer<Int>
    /// The input nodes and what they stand for.
    let sources: [(node: Int, source: Source)]
    /// When an operator changes although no operand does; the greatest integer for never.
    private(set) var next = Int64.max

    init(_ parts: [TemporalFormula]) {
        var builder = TemporalBuilder()
        let judged = parts.map { builder.add($0).node }
        roots = .allocate(capacity: judged.count)
        _ = roots.initialize(from: judged)
        sources = builder.sources
        count = builder.nodes.count
        nodes = .allocate(capacity: max(count, 1))
        for (index, node) in builder.nodes.enumerated() { (nodes + index).initialize(to: node) }
        ringCount = builder.rings
        rings = .allocate(capacity: max(ringCount, 1))
        for index in 0..<ringCount { (rings + index).initialize(to: TemporalRing()) }
        chainCount = builder.chains.count
        chains = .allocate(capacity: max(chainCount, 1))
        for (index, isSince) in builder.chains.enumerated() { (chains + index).initialize(to: TemporalChain(isSince: isSince)) }
    }

    deinit {
        roots.deallocate()
        nodes.deallocate()
        rings.deinitialize(count: ringCount)
        rings.deallocate()
        chains.deinitialize(count: chainCount)
        chains.deallocate()
    }

    /// The trace begins.
    mutating func begin(at start: Int64) {
        for index in 0..<count { nodes[index].from = start + nodes[index].horizon }
        for (node, source) in sources {
            if case .constant(let value) = source { nodes[node].value = (value ? Robustness.satisfied : .violated).key }
        }
    }

    /// The trace ends: inputs have no value from here on, and what is left is judged without them.
    mutating func end(at end: Int64) {
        for index in 0..<count { nodes[index].until = end + nodes[index].horizon }
        for (node, _) in sources { nodes[node].value = Robustness.absent.key }
    }

    /// Everything is forgotten.
    mutating func reset() {
        for index in 0..<count {
            nodes[index].value = Robustness.absent.key
            nodes[index].lastA = Robustness.absent.key
            nodes[index].lastB = Robustness.absent.key
            nodes[index].lastTick = Robustness.absent.key
            nodes[index].next = .max
            nodes[index].from = .max
            nodes[index].until = .max
        }
        for index in 0..<ringCount { rings[index].removeAll() }
        for index in 0..<chainCount { chains[index].removeAll() }
        next = .max
    }

    /// Pieces lost to the bound of memory.
    var lost: Int {
        var sum = 0
        for index in 0..<ringCount { sum += rings[index].lost }
        for index in 0..<chainCount { sum += chains[index].lost }
        return sum
    }

    // MARK: - One instant

    /// Evaluates every operator at an instant.
    mutating func step(at now: Int64) {
        var soonest = Int64.max
        for index in 0..<count {
            let node = nodes + index
            switch node.pointee.operation {
            case .input: continue
            case .not:
                let a = nodes[node.pointee.a].value
                node.pointee.value = a == .min ? a : ~a
                continue
            case .and:
                node.pointee.value = min(nodes[node.pointee.a].value, nodes[node.pointee.b].value)
                continue
            case .or:
                let a = nodes[node.pointee.a].value
                node.pointee.value = a == .min ? a : max(a, nodes[node.pointee.b].value)
                continue
            case .delay: delay(node, now)
            case .least: window(node, now, isLeast: true)
            case .greatest: window(node, now, isLeast: false)
            case .leastEver, .greatestEver: ever(node, now)
            case .chain: chain(node, now)
            case .previous: previous(node)
            }
            soonest = min(soonest, node.pointee.next)
        }
        next = soonest
    }

    @inline(__always)
    private func delay(_ node: UnsafeMutablePointer<Node>, _ now: Int64) {
        let a = nodes[node.pointee.a].value
        let ring = rings + node.pointee.store
        if a != node.pointee.lastA {
            node.pointee.lastA = a
            ring.pointee.append(TemporalPiece(key: a, time: now))
        }
        let due = now - node.pointee.width
        while !ring.pointee.isEmpty, ring.pointee.first.time <= due {
            node.pointee.value = ring.pointee.first.key
            ring.pointee.removeFirst()
        }
        node.pointee.next = ring.pointee.isEmpty ? .max : ring.pointee.first.time + node.pointee.width
    }

    /// Whether the node has an output now; until it has one, `next` says when it will.
    @inline(__always)
    private func isPresent(_ node: UnsafeMutablePointer<Node>, _ now: Int64) -> Bool {
        if now < node.pointee.from {
            node.pointee.next = min(node.pointee.next, node.pointee.from)
            return false
        }
        if node.pointee.until == .max { return true }
        if now >= node.pointee.until { return false }
        node.pointee.next = min(node.pointee.next, node.pointee.until)
        return true
    }

    /// The least or greatest value of the last `width`, both ends included (D. Lemire, Nordic Journal of Computing 13 (2006) 328-339).
    @inline(__always)
    private func window(_ node: UnsafeMutablePointer<Node>, _ now: Int64, isLeast: Bool) {
        let a = nodes[node.pointee.a].value
        let ring = rings + node.pointee.store
        if a != node.pointee.lastA {
            if node.pointee.lastA != .min { ring.pointee.last.time = now }
            node.pointee.lastA = a
            if a != .min {
                while !ring.pointee.isEmpty, isLeast ? ring.pointee.last.key >= a : ring.pointee.last.key <= a { ring.pointee.removeLast() }
                ring.pointee.append(TemporalPiece(key: a, time: .max))
            }
        }
        let due = now - node.pointee.width
        while !ring.pointee.isEmpty, ring.pointee.first.time <= due { ring.pointee.removeFirst() }
        var value = node.pointee.neutral
        node.pointee.next = .max
        if !ring.pointee.isEmpty {
            value = ring.pointee.first.key
            if ring.pointee.first.time != .max { node.pointee.next = ring.pointee.first.time + node.pointee.width }
        }
        node.pointee.value = isPresent(node, now) ? value : .min
    }

    private func ever(_ node: UnsafeMutablePointer<Node>, _ now: Int64) {
        let a = nodes[node.pointee.a].value
        node.pointee.next = .max
        // `lastA` has the value so far.
        if node.pointee.lastA == .min { node.pointee.lastA = node.pointee.neutral }
        if a != .min { node.pointee.lastA = node.pointee.operation == .leastEver ? min(node.pointee.lastA, a) : max(node.pointee.lastA, a) }
        node.pointee.value = isPresent(node, now) ? node.pointee.lastA : .min
    }

    /// `since` and `until`: a chain of pieces on the near side of the interval, and one on the far side.
    private func chain(_ node: UnsafeMutablePointer<Node>, _ now: Int64) {
        let (a, b) = (nodes[node.pointee.a].value, nodes[node.pointee.b].value)
        let tick = node.pointee.tick >= 0 ? nodes[node.pointee.tick].value : 0
        let older = chains + node.pointee.store
        let newer = chains + node.pointee.store + 1
        if a != node.pointee.lastA || b != node.pointee.lastB || tick != node.pointee.lastTick {
            if node.pointee.lastA != .min {
                if newer.pointee.isEmpty { older.pointee.closeLast(at: now) } else { newer.pointee.closeLast(at: now) }
            }
            node.pointee.lastA = a
            node.pointee.lastB = b
            node.pointee.lastTick = tick
            if a != .min, b != .min { newer.pointee.append(.init(value: b, hold: a, start: now, end: .max, suffix: .nothing)) }
        }
        let (near, far) = (node.pointee.near, node.pointee.width)
        let (isSince, isEndless) = (node.pointee.isSince, node.pointee.width == .max)
        while !newer.pointee.isEmpty {
            let piece = newer.pointee.first
            guard isSince ? piece.start <= now - near : piece.end <= now - (far - near) else { break }
            newer.pointee.removeFirst()
            if isEndless { older.pointee.absorb(.init(best: piece.value, hold: piece.hold)) } else { older.pointee.append(piece) }
        }
        if !isEndless { while !older.pointee.isEmpty, older.pointee.first.end <= now - far { older.pointee.removeFirst() } }
        var soonest = Int64.max
        if !newer.pointee.isEmpty {
            let piece = newer.pointee.first
            if isSince { soonest = piece.start + near } else if piece.end != .max { soonest = piece.end + (far - near) }
        }
        if !older.pointee.isEmpty, older.pointee.first.end != .max { soonest = min(soonest, older.pointee.first.end + far) }
        node.pointee.next = soonest
        let value =
            isSince
            ? min(older.pointee.worth.best, newer.pointee.worth.hold) : min(older.pointee.worth.hold, newer.pointee.worth.best)
        node.pointee.value = isPresent(node, now) ? value : .min
    }

    private func previous(_ node: UnsafeMutablePointer<Node>) {
        let a = nodes[node.pointee.a].value
        let tick = nodes[node.pointee.tick].value
        guard a != node.pointee.lastA || tick != node.pointee.lastTick else { return }
        node.pointee.value = a == .min ? .min : node.pointee.lastA == .min ? node.pointee.neutral : node.pointee.lastA
        node.pointee.lastA = a
        node.pointee.lastTick = tick
    }

    // MARK: - State

    func save(_ writer: inout StateWriter) {
        writer.put(next)
        for index in 0..<count {
            let node = nodes[index]
            for value in [node.value, node.next, node.from, node.until, node.lastA, node.lastB, node.lastTick] { writer.put(value) }
        }
        for index in 0..<ringCount { rings[index].save(&writer) }
        for index in 0..<chainCount { chains[index].save(&writer) }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        next = try reader.integer()
        for index in 0..<count {
            nodes[index].value = try reader.integer()
            nodes[index].next = try reader.integer()
            nodes[index].from = try reader.integer()
            nodes[index].until = try reader.integer()
            nodes[index].lastA = try reader.integer()
            nodes[index].lastB = try reader.integer()
            nodes[index].lastTick = try reader.integer()
        }
        for index in 0..<ringCount { try rings[index].restore(&reader) }
        for index in 0..<chainCount { try chains[index].restore(&reader) }
    }
}

/// Turns formulas into nodes.
struct TemporalBuilder {
    var nodes: [TemporalNetwork.Node] = []
    var sources: [(node: Int, source: TemporalNetwork.Source)] = []
    var rings = 0
    /// Whether each chain is one of `since`.
    var chains: [Bool] = []
    private var known: [TemporalNetwork.Source: Int] = [:]
    private var delays: [[Int64]: Int] = [:]

    /// Adds a formula; gives its node and its horizon.
    mutating func add(_ formula: TemporalFormula) -> (node: Int, horizon: Int64) {
        switch formula {
        case .constant(let value): return (input(.constant(value)), 0)
        case .atom(let atom): return (input(.atom(input: atom.input, atom.comparison, scale: atom.scale)), 0)
        case .not(let a):
            let (node, horizon) = add(a)
            return append(.init(operation: .not, a: node, horizon: horizon))
        case .and(let a, let b): return join(.and, a, b)
        case .or(let a, let b): return join(.or, a, b)
        case .always(let bounds, let a): return future(.least, bounds, a)
        case .eventually(let bounds, let a): return future(.greatest, bounds, a)
        case .historically(let bounds, let a): return past(isLeast: true, bounds, a)
        case .once(let bounds, let a): return past(isLeast: false, bounds, a)
        case .until(let bounds, let a, let b): return chain(isSince: false, bounds, a, b)
        case .since(let bounds, let a, let b): return chain(isSince: true, bounds, a, b)
        case .previous(let a, let initially):
            let (node, horizon) = add(a)
            let tick = delayed(input(.ticks), by: horizon, horizon: 0)
            return append(
                .init(
                    operation: .previous, a: node, tick: tick, neutral: (initially ? Robustness.satisfied : .violated).key, horizon: horizon))
        }
    }

    private mutating func append(_ node: TemporalNetwork.Node) -> (node: Int, horizon: Int64) {
        nodes.append(node)
        return (nodes.count - 1, node.horizon)
    }

    private mutating func input(_ source: TemporalNetwork.Source) -> Int {
        if let node = known[source] { return node }
        let (node, _) = append(.init(operation: .input))
        known[source] = node
        sources.append((node, source))
        return node
    }

    private mutating func delayed(_ node: Int, by time: Int64, horizon: Int64) -> Int {
        if time == 0 { return node }
        if let made = delays[[Int64(node), time]] { return made }
        rings += 1
        let (made, _) = append(.init(operation: .delay, a: node, width: time, horizon: horizon + time, store: rings - 1))
        delays[[Int64(node), time]] = made
        return made
    }

    private mutating func aligned(_ a: TemporalFormula, _ b: TemporalFormula) -> (a: Int, b: Int, horizon: Int64) {
        let (first, second) = (add(a), add(b))
        let horizon = max(first.horizon, second.horizon)
        return (
            delayed(first.node, by: horizon - first.horizon, horizon: first.horizon),
            delayed(second.node, by: horizon - second.horizon, horizon: second.horizon), horizon
        )
    }

    private mutating func join(_ operation: TemporalNetwork.Operation, _ a: TemporalFormula, _ b: TemporalFormula) -> (node: Int, horizon: Int64) {
        let operands = aligned(a, b)
        return append(.init(operation: operation, a: operands.a, b: operands.b, horizon: operands.horizon))
    }

    private func neutral(isLeast: Bool) -> Int64 { (isLeast ? Robustness.satisfied : .violated).key }

    private mutating func future(_ operation: TemporalNetwork.Operation, _ bounds: TemporalBounds, _ a: TemporalFormula) -> (node: Int, horizon: Int64) {
        let (node, horizon) = add(a)
        let far = (bounds.to ?? bounds.from).nanoseconds
        rings += 1
        return append(
            .init(
                operation: operation, a: node, neutral: neutral(isLeast: operation == .least), width: far - bounds.from.nanoseconds, horizon: horizon + far,
                store: rings - 1))
    }

    private mutating func past(isLeast: Bool, _ bounds: TemporalBounds, _ a: TemporalFormula) -> (node: Int, horizon: Int64) {
        let (node, horizon) = add(a)
        let operand = delayed(node, by: bounds.from.nanoseconds, horizon: horizon)
        guard let to = bounds.to else {
            return append(
                .init(operation: isLeast ? .leastEver : .greatestEver, a: operand, neutral: neutral(isLeast: isLeast), horizon: horizon))
        }
        rings += 1
        return append(
            .init(
                operation: isLeast ? .least : .greatest, a: operand, neutral: neutral(isLeast: isLeast), width: to.nanoseconds - bounds.from.nanoseconds,
                horizon: horizon, store: rings - 1))
    }

    private mutating func chain(
        isSince: Bool, _ bounds: TemporalBounds, _ a: TemporalFormula, _ b: TemporalFormula
    ) -> (node: Int, horizon: Int64) {
        let operands = aligned(a, b)
        let far = bounds.to?.nanoseconds ?? .max
        // With a gap to now it matters which sample a piece belongs to, so that pieces of equal values must not melt together.
        let tick = bounds.from > .zero ? delayed(input(.ticks), by: operands.horizon, horizon: 0) : -1
        chains += [isSince, isSince]
        return append(
            .init(
                operation: .chain, a: operands.a, b: operands.b, tick: tick, width: far, near: bounds.from.nanoseconds,
                horizon: operands.horizon + (isSince ? 0 : far), store: chains.count - 2, isSince: isSince))
    }
}
