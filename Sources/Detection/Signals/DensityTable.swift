/// Shares of samples in cells, with the older samples fading: the table behind `histogram-rarity` and `rarity2d`.
///
/// After the first `forget` samples the fading is lazy: a new sample adds more and more instead of all cells becoming less. Cells come in
/// groups of eight and the spare ones of the last group are infinite, so that the sum over rare cells runs without a remainder.
struct DensityTable: ~Copyable {
    private let cells: UnsafeMutablePointer<SIMD8<Double>>
    private let groups: Int
    private let count: Int
    private let forget: Double
    private let steadyWeight: Double
    private let steadyGrowth: Double
    /// How much a sample weighs now, and the sum of all cells on the same scale.
    private var scale = 1.0
    private(set) var learnt = 0

    /// Equal shares in so many cells.
    init(cells count: Int, forget: Int) {
        self.count = count
        groups = (count + 7) / 8
        cells = .allocate(capacity: groups)
        cells.initialize(repeating: SIMD8(repeating: .infinity), count: groups)
        self.forget = Double(forget)
        steadyWeight = 1 / Double(forget)
        steadyGrowth = 1 / (1 - 1 / Double(forget))
        fill()
    }

    deinit { cells.deallocate() }

    private var numbers: UnsafeMutablePointer<Double> { UnsafeMutableRawPointer(cells).assumingMemoryBound(to: Double.self) }

    private mutating func fill() {
        scale = 1
        learnt = 0
        for index in 0..<count { numbers[index] = 1 / Double(count) }
    }

    mutating func removeAll() { fill() }

    /// The share of all cells that are at most as full as this one.
    @inline(__always)
    func rarity(_ cell: Int) -> Double {
        let level = SIMD8(repeating: numbers[cell])
        var (even, odd) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
        var index = 0
        while index &+ 1 < groups {
            even += cells[index].replacing(with: 0, where: cells[index] .> level)
            odd += cells[index &+ 1].replacing(with: 0, where: cells[index &+ 1] .> level)
            index &+= 2
        }
        if index < groups { even += cells[index].replacing(with: 0, where: cells[index] .> level) }
        return (even + odd).sum() / scale
    }

    /// All shares fade by one sample; the result is what a new sample adds to a cell as a whole.
    @inline(__always)
    mutating func fade() -> Double {
        learnt &+= 1
        if Double(learnt &+ 1) < forget {
            // While every sample weighs the same, the shares themselves fade.
            let weight = 1 / Double(learnt &+ 1)
            let rest = SIMD8(repeating: 1 - weight)
            for index in 0..<groups { cells[index] *= rest }
            return weight
        }
        scale *= steadyGrowth
        if scale > 1e100 { rescale() }
        return steadyWeight * scale
    }

    /// Adds to a cell.
    @inline(__always)
    func add(_ amount: Double, to cell: Int) { numbers[cell] += amount }

    /// Adds a multiple of eight weights to the cells from one on; `false` when they do not lie within the groups.
    @inline(__always)
    mutating func add(_ amount: Double, _ weights: SIMD8<Double>, from cell: Int) -> Bool {
        guard cell >= 0, cell &+ 8 <= groups &* 8 else { return false }
        let place = UnsafeMutableRawPointer(numbers + cell)
        place.storeBytes(of: place.loadUnaligned(as: SIMD8<Double>.self) + weights * amount, as: SIMD8<Double>.self)
        return true
    }

    /// Brings the sum of all cells back to 1.
    @inline(never)
    private mutating func rescale() {
        var sum = 0.0
        for index in 0..<count { sum += numbers[index] }
        // The share that the next sample will take is still missing in the sum.
        let factor = (1 - steadyWeight) / sum
        for index in 0..<count { numbers[index] *= factor }
        scale = 1
    }

    /// The sum of all shares, which is 1 but for rounding.
    var total: Double {
        var sum = 0.0
        for index in 0..<count { sum += numbers[index] }
        return sum / scale
    }

    func save(_ writer: inout StateWriter) {
        writer.put(scale)
        writer.put(learnt)
        for index in 0..<count { writer.put(numbers[index]) }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        scale = try reader.number()
        learnt = try reader.int(in: 0...Int.max / 2)
        for index in 0..<count { numbers[index] = try reader.number() }
    }
}

/// The range of a signal, given or learnt from its first samples.
struct SignalRange {
    private let probe: Int
    private let isGiven: Bool
    private(set) var low: Double
    private(set) var high: Double
    private var count = 0

    /// - Parameters:
    ///   - probe: samples that a range is learnt from; it is then widened by half of itself on both sides.
    init(from low: Double?, to high: Double?, probe: Int) throws(DetectionError) {
        for (name, value) in [("from", low), ("to", high)] {
            if let value, !value.isFinite || value.magnitude > 1e100 { throw .outOfRange(setting: name, requirement: "a finite number") }
        }
        try require("probe", probe, 2...Window.maximumSamples)
        if let low, let high {
            guard low <= high else { throw .outOfRange(setting: "from", requirement: "at most 'to'") }
        } else if low != nil || high != nil {
            throw .missing(setting: low == nil ? "from" : "to")
        }
        isGiven = low != nil
        self.low = low ?? .infinity
        self.high = high ?? -.infinity
        self.probe = probe
    }

    /// Whether samples outside have cells of their own: the range was learnt.
    var overflows: Bool { !isGiven }
    var isKnown: Bool { isGiven || count >= probe }

    /// Takes one of the first samples; `true` when the range has become known by it.
    mutating func learn(_ x: Double) -> Bool {
        low = min(low, x)
        high = max(high, x)
        count += 1
        guard count >= probe else { return false }
        let half = 0.5 * (high - low)
        low -= half
        high += half
        return true
    }

    mutating func restart() {
        guard !isGiven else { return }
        count = 0
        low = .infinity
        high = -.infinity
    }

    func save(_ writer: inout StateWriter) {
        writer.put(low)
        writer.put(high)
        writer.put(count)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        let (least, greatest) = (try reader.number(), try reader.number())
        let learnt = try reader.int(in: 0...probe)
        guard !isGiven else { return }
        guard learnt == 0 || least.magnitude < 1e101 && greatest.magnitude < 1e101 && least <= greatest else {
            throw .badState("a range in it is none")
        }
        (low, high, count) = learnt == 0 ? (.infinity, -.infinity, 0) : (least, greatest, learnt)
    }
}

/// Lets a score pass only when it is greater than all within so many samples before it.
struct SampleCooldown {
    private let length: Int
    private var number = 0
    private var last = 0
    private var best = 0.0

    init(_ length: Int) { self.length = length }

    @inline(__always)
    mutating func pass(_ score: Double) -> Double {
        guard length > 0 else { return score }
        number &+= 1
        if number &- last > length { best = 0 }
        guard score > best else { return 0 }
        best = score
        last = number
        return score
    }

    func save(_ writer: inout StateWriter) {
        writer.put(number)
        writer.put(last)
        writer.put(best)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        number = try reader.int(in: 0...Int.max / 2)
        last = try reader.int(in: 0...Int.max / 2)
        best = try reader.number()
    }
}
