import Quantities

/// The state of a `TemporalMonitor`, which explains what its functions do: a value that owns its memory.
struct TemporalWatch: ~Copyable {
    /// An operator that sees the numbers of an input.
    private struct Use {
        var node: Int
        var comparison: TemporalComparison
        var reciprocal: Double
    }

    private var network: TemporalNetwork
    private let partHorizons: UnsafeMutableBufferPointer<Int64>
    /// Where the numbers go: those of input k to `uses[firstUse[k]..<firstUse[k + 1]]`.
    private let uses: UnsafeMutableBufferPointer<Use>
    private let firstUse: UnsafeMutableBufferPointer<Int>
    private let tickNode: Int?
    private let numbers: UnsafeMutableBufferPointer<Double>
    private var missing: Int
    private var hasChanged = false
    private var isRunning = false
    private var ticks: Int64 = 0
    /// The newest instant with a number, and whether it is judged.
    private var now = Int64.min
    private var isOpen = false
    private var lateOrInvalid = DetectorHealth()
    private var worst = Robustness.absent.key
    private var worstPart = 0

    let horizon: Duration
    /// Greatest distance of an instant from 0 that is told apart from others: 73 years.
    private static let farthest = Int64.max / 4

    /// A monitor that has seen nothing; throws for a formula that cannot be watched.
    init(_ formula: TemporalFormula, verdict: TemporalMonitor.Verdict) throws(DetectionError) {
        try formula.checkSize()
        let parts = verdict == .exact ? [formula] : formula.earliest
        for part in parts { try part.check() }
        network = TemporalNetwork(parts)
        let horizons = parts.map(\.horizon.nanoseconds)
        partHorizons = .allocate(capacity: horizons.count)
        _ = partHorizons.initialize(from: horizons)
        horizon = Duration(nanoseconds: horizons.max() ?? 0)
        let count = formula.inputCount
        var lists = [[Use]](repeating: [], count: count)
        var tickNode: Int?
        for (node, source) in network.sources {
            switch source {
            case .atom(let input, let comparison, let scale): lists[input].append(Use(node: node, comparison: comparison, reciprocal: 1 / scale))
            case .ticks: tickNode = node
            case .constant: break
            }
        }
        let all = lists.flatMap { $0 }
        uses = .allocate(capacity: all.count)
        _ = uses.initialize(from: all)
        firstUse = .allocate(capacity: count + 1)
        firstUse.initialize(repeating: 0)
        for index in 0..<count { firstUse[index + 1] = firstUse[index] + lists[index].count }
        self.tickNode = tickNode
        numbers = .allocate(capacity: count)
        numbers.initialize(repeating: .nan)
        missing = count
    }

    deinit {
        partHorizons.deallocate()
        uses.deallocate()
        firstUse.deallocate()
        numbers.deallocate()
    }

    /// Input that could not be used.
    var health: DetectorHealth {
        var health = lateOrInvalid
        health.overflow = network.lost
        return health
    }

    /// When the robustness can change although no number does; the newest instant while it is not judged.
    var next: Instant? {
        if isOpen { return Instant(nanoseconds: now) }
        return network.next == .max ? nil : Instant(nanoseconds: network.next)
    }

    /// The robustness of now; `nil` before the first instant that can be judged, and when some number has not come yet.
    var robustness: Double? {
        var least = Robustness.absent
        for root in network.roots {
            let value = Robustness(key: network.nodes[root].value)
            if value.isPresent, !least.isPresent || value.key < least.key { least = value }
        }
        return least.isPresent ? least.value : nil
    }

    /// The worst robustness since the last call, and how long before it became known its instant lies; `nil` when nothing was judged.
    mutating func takeWorst() -> (robustness: Double, delay: Duration)? {
        guard worst != .min else { return nil }
        defer { worst = .min }
        return (Robustness(key: worst).value, Duration(nanoseconds: partHorizons[worstPart]))
    }

    /// A number of an input; a value that is no number leaves the one before. An instant before the newest is dropped.
    mutating func update(at instant: Instant, input: Int, number: Double) {
        let time = max(-Self.farthest, min(Self.farthest, instant.nanoseconds))
        guard input >= 0, input < numbers.count else { return }
        if time > now {
            if isOpen { judge() }
            run(before: time)
            now = time
        } else if time < now {
            lateOrInvalid.late += 1
            return
        }
        isOpen = true
        guard !number.isNaN else {
            lateOrInvalid.invalid += 1
            return
        }
        if numbers[input].isNaN { missing -= 1 }
        numbers[input] = number
        for index in firstUse[input]..<firstUse[input + 1] {
            let use = uses[index]
            let key = Robustness(number, use.comparison, reciprocalScale: use.reciprocal).key
            if network.nodes[use.node].value != key {
                network.nodes[use.node].value = key
                hasChanged = true
            }
        }
    }

    /// All numbers of the instant are there, and nothing more comes until then.
    mutating func advance(to instant: Instant) {
        let time = max(-Self.farthest, min(Self.farthest, instant.nanoseconds))
        guard time >= now else { return }
        if isOpen { judge() }
        run(before: time)
        if network.next == time { step(time) }
        now = time
    }

    /// The trace ends before an instant: what is left is judged by what there is.
    mutating func finish(at instant: Instant) {
        let time = max(-Self.farthest, min(Self.farthest, instant.nanoseconds))
        guard isRunning, time >= now else { return }
        if isOpen { judge() }
        run(before: time)
        network.end(at: time)
        step(time)
        now = time
    }

    /// Begins anew; counters of input stay.
    mutating func restart() {
        network.reset()
        numbers.update(repeating: .nan)
        missing = numbers.count
        hasChanged = false
        isRunning = false
        isOpen = false
        ticks = 0
        worst = .min
    }

    private mutating func judge() {
        isOpen = false
        guard missing == 0 else { return }
        if !isRunning {
            isRunning = true
            network.begin(at: now)
            hasChanged = true
        }
        if let tickNode {
            ticks += 1
            network.nodes[tickNode].value = ticks
        } else if !hasChanged, network.next > now {
            note()
            return
        }
        hasChanged = false
        step(now)
    }

    private mutating func run(before time: Int64) {
        while network.next < time { step(network.next) }
    }

    private mutating func step(_ time: Int64) {
        network.step(at: time)
        note()
    }

    @inline(__always)
    private mutating func note() {
        for part in 0..<network.roots.count {
            let value = network.nodes[network.roots[part]].value
            if value != .min, worst == .min || value < worst {
                worst = value
                worstPart = part
            }
        }
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        for number in numbers { writer.put(number) }
        for flag in [hasChanged, isRunning, isOpen] { writer.put(flag) }
        for value in [ticks, now, worst] { writer.put(value) }
        writer.put(worstPart)
        network.save(&writer)
    }

    /// Takes over a state of a monitor of the same formula.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        for index in numbers.indices { numbers[index] = try reader.number() }
        missing = numbers.count { $0.isNaN }
        hasChanged = try reader.flag()
        isRunning = try reader.flag()
        isOpen = try reader.flag()
        ticks = try reader.integer()
        now = try reader.integer()
        worst = try reader.integer()
        worstPart = try reader.int(in: 0...max(0, network.roots.count - 1))
        try network.restore(&reader)
    }
}
