import Quantities

/// What the kinds that judge by rarity share: the threshold on -log10 of a share, the cooldown, and what is learnt.
struct RarityJudge {
    private var threshold: Double
    private var budget: FalseAlarmBudget?
    private var cooldown: SampleCooldown
    private(set) var gate: LearningGate
    private var counted = 0
    private let floor: Double

    /// - Parameters:
    ///   - rarity: the share of samples that is anomalous.
    ///   - floor: the least share that counts.
    init(rarity: Double, falseAlarms: Double?, cooldown: Int, floor: Double = 1e-12, learning: Learning) throws(DetectionError) {
        try require("rarity", rarity, 1e-12...0.5)
        try require("cooldown_samples", cooldown, 0...1_000_000)
        try learning.check()
        threshold = -TailProbability.log10(rarity)
        if let falseAlarms { budget = try FalseAlarmBudget(falseAlarms) }
        self.cooldown = SampleCooldown(cooldown)
        self.floor = floor
        gate = LearningGate(learning)
    }

    /// Whether every sample is judged and learnt, by a threshold that stays.
    var isSteady: Bool { budget == nil && gate.isOpen }

    /// Turns shares into scores before the cooldown where they stand; the result is the last rarity.
    @inline(__always)
    func raw(ofShares shares: UnsafeMutableBufferPointer<Double>) -> Double? {
        guard let last = shares.last else { return nil }
        for index in shares.indices { shares[index] = raw(rarity(of: shares[index])) }
        return rarity(of: last)
    }

    /// Whether a sample is judged.
    @inline(__always)
    mutating func judges(at instant: Instant) -> Bool {
        if budget != nil { follow(instant.nanoseconds) }
        return gate.isOpen || gate.judges(at: instant)
    }

    private mutating func follow(_ now: Int64) {
        budget?.count(now)
        counted &+= 1
        if counted & (counted &- 1) == 0, let risk = budget?.risk { threshold = -TailProbability.log10(risk) }
    }

    /// -log10 of a share.
    @inline(__always)
    func rarity(of share: Double) -> Double { -TailProbability.log10(share > floor ? share : floor) }

    /// The score of a rarity before the cooldown.
    @inline(__always)
    func raw(_ rarity: Double) -> Double { Score.settled(hit: rarity > threshold, raw: rarity / threshold) }

    @inline(__always)
    mutating func learns(_ score: Double?, at instant: Instant) -> Bool { gate.isOpen || gate.learns(score: score, at: instant) }
    @inline(__always)
    mutating func pass(_ score: Double) -> Double { cooldown.pass(score) }

    func save(_ writer: inout StateWriter) {
        writer.put(threshold)
        budget?.save(&writer)
        cooldown.save(&writer)
        gate.save(&writer)
        writer.put(counted)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        threshold = try reader.number()
        if var budget {
            try budget.restore(&reader)
            self.budget = budget
        }
        try cooldown.restore(&reader)
        try gate.restore(&reader)
        counted = try reader.int()
    }
}

/// A value that is rare among those before it: `histogram-rarity`.
///
/// The statistic is -log10 of the share of samples in cells at most as full as that of the sample.
struct HistogramRarity: DetectorState, ~Copyable {
    private let bins: Int
    private let reach: Int
    private let weights: NumberBuffer
    /// The weights of a reach of 3 and a 0 behind them, and in front of them.
    private let eight: SIMD8<Double>
    private let eightBehind: SIMD8<Double>
    private let needed: Int
    private var range: SignalRange
    private var judge: RarityJudge
    private var table: DensityTable
    private var clock = SampleClock()

    /// -log10 of the share of values at most as frequent as the newest; `nil` while warming up.
    private(set) var statistic: Double?

    /// A detector that scores the statistic / that of `rarity`.
    ///
    /// - Parameters:
    ///   - bins: cells between `low` and `high`; two more for what lies outside when the range is learnt.
    ///   - forget: samples after which one weighs a third.
    ///   - kernel: standard deviation in cells with which a sample is spread; 0 for none.
    init(
        bins: Int = 100, forget: Int = 2000, kernel: Double = 1, low: Double? = nil, high: Double? = nil, probe: Int = 500, minimumSamples: Int = 50,
        judge: RarityJudge
    ) throws(DetectionError) {
        try require("bins", bins, 2...4096)
        try require("forget", forget, 10...100_000_000)
        try require("kernel", kernel, 0...10)
        try require("min_samples", minimumSamples, 0...Window.maximumSamples)
        let range = try SignalRange(from: low, to: high, probe: probe)
        self.bins = bins
        self.range = range
        needed = minimumSamples
        reach = Int((3 * kernel).rounded(.down))
        weights = HistogramRarity.kernel(reach: reach, width: kernel)
        var eight = SIMD8<Double>.zero
        var eightBehind = SIMD8<Double>.zero
        if reach == 3 {
            for index in 0..<7 {
                eight[index] = weights[index]
                eightBehind[index + 1] = weights[index]
            }
        }
        self.eight = eight
        self.eightBehind = eightBehind
        self.judge = judge
        table = DensityTable(cells: range.overflows ? bins + 2 : bins, forget: forget)
    }

    /// The weights of a Gaussian kernel at -reach...reach, with a sum of 1.
    static func kernel(reach: Int, width: Double) -> NumberBuffer {
        let weights = NumberBuffer(count: 2 * reach + 1)
        var sum = 0.0
        for j in -reach...reach {
            let z = width > 0 ? Double(j) / width : 0
            weights[j + reach] = TailProbability.exp(-0.5 * z * z)
            sum += weights[j + reach]
        }
        for index in 0..<weights.count { weights[index] /= sum }
        return weights
    }

    /// The sum of all shares.
    var total: Double { table.total }
    /// Input that could not be used.
    var health: DetectorHealth { clock.health.with(judge.gate) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        table.removeAll()
        range.restart()
        statistic = nil
    }

    @inline(__always)
    private func cell(_ x: Double) -> Int {
        let place = (x - range.low) / (range.high - range.low + 1e-12) * Double(bins)
        if range.overflows { return Int(min(max(place.rounded(.down), -1), Double(bins))) &+ 1 }
        return Int(min(max(place, 0), Double(bins &- 1)))
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    @inline(__always)
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let x = clipped(value)
        let judges = judge.judges(at: instant)
        statistic = nil
        guard range.isKnown else {
            _ = range.learn(x)
            return nil
        }
        let place = cell(x)
        var score: Double?
        if judges, table.learnt > needed {
            let rarity = judge.rarity(of: table.rarity(place))
            statistic = rarity
            score = judge.raw(rarity)
        }
        if judge.learns(score, at: instant) { learn(place) }
        return score.map { judge.pass($0) }
    }

    /// Takes samples in a row; the logarithms of a block are taken together, so that no sample waits for that of the one before.
    mutating func update(times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>) {
        let total = min(times.count, values.count, scores.count)
        guard let time = times.baseAddress, let value = values.baseAddress, let score = scores.baseAddress else { return }
        var index = 0
        while index < total {
            score[index] = update(at: time[index], value: value[index]) ?? .nan
            index &+= 1
            guard judge.isSteady, range.isKnown, table.learnt > needed else { continue }
            let start = index
            let stop = min(total, start &+ 256)
            while index < stop, value[index].isFinite, time[index].nanoseconds >= clock.last {
                clock.advance(to: time[index].nanoseconds)
                let place = cell(clipped(value[index]))
                score[index] = table.rarity(place)
                learn(place)
                index &+= 1
            }
            let block = UnsafeMutableBufferPointer(start: score + start, count: index &- start)
            if let last = judge.raw(ofShares: block) { statistic = last }
            for place in block.indices { block[place] = judge.pass(block[place]) }
        }
    }

    @inline(__always)
    private mutating func learn(_ place: Int) {
        let amount = table.fade()
        let last = (range.overflows ? bins &+ 2 : bins) &- 1
        if place >= reach, place &+ reach <= last {
            // Pairs of cells are written as the sum over them reads them, so that it need not wait for the memory.
            let first = place &- 3
            if reach == 3, table.add(amount, first & 1 == 0 ? eight : eightBehind, from: first & ~1) { return }
            var index = 0
            var cell = place &- reach
            while index < weights.count {
                table.add(amount * weights[index], to: cell)
                index &+= 1
                cell &+= 1
            }
        } else {
            for index in 0..<weights.count { table.add(amount * weights[index], to: min(max(place + index - reach, 0), last)) }
        }
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        range.save(&writer)
        judge.save(&writer)
        table.save(&writer)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try range.restore(&reader)
        try judge.restore(&reader)
        try table.restore(&reader)
        statistic = nil
    }
}
