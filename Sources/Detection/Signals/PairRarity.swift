import Quantities

/// A pair of value and change that is rare among those before it: `rarity2d`.
struct PairRarity: DetectorState, ~Copyable {
    private let bins: Int
    private let changeBins: Int
    private let needed: Int
    private let weights: NumberBuffer
    private var range: SignalRange
    private var judge: RarityJudge
    private var table: DensityTable
    private var before: ValueRing
    private var clock = SampleClock()

    /// -log10 of the share of pairs at most as frequent as the newest; `nil` while warming up.
    private(set) var statistic: Double?

    private static let reach = 2

    /// A detector that scores the statistic / that of `rarity`.
    ///
    /// - Parameters:
    ///   - bins: cells of the value.
    ///   - changeBins: cells of the change since the sample `lag` before.
    init(
        bins: Int = 24, changeBins: Int = 25, lag: Int = 1, forget: Int = 4000, low: Double? = nil, high: Double? = nil, probe: Int = 500,
        minimumSamples: Int = 50, judge: RarityJudge
    ) throws(DetectionError) {
        try require("bins", bins, 2...256)
        try require("delta_bins", changeBins, 2...256)
        try require("lag", lag, 1...100_000)
        try require("forget", forget, 10...100_000_000)
        try require("min_samples", minimumSamples, 0...Window.maximumSamples)
        let range = try SignalRange(from: low, to: high, probe: probe)
        self.bins = bins
        self.range = range
        self.changeBins = changeBins
        needed = minimumSamples
        weights = HistogramRarity.kernel(reach: PairRarity.reach, width: 1)
        self.judge = judge
        table = DensityTable(cells: bins * changeBins, forget: forget)
        before = ValueRing(capacity: lag)
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health.with(judge.gate) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        table.removeAll()
        range.restart()
        before.removeAll()
        statistic = nil
    }
    /// Changes start anew.
    mutating func resume() { before.removeAll() }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let x = clipped(value)
        let judges = judge.judges(at: instant)
        statistic = nil
        guard range.isKnown else {
            _ = range.learn(x)
            return nil
        }
        let old = before.isFull ? before.oldest : nil
        before.push(x)
        guard let old else { return nil }
        let span = range.high - range.low + 1e-12
        let row = PairRarity.cell((x - range.low) / span, of: bins)
        let column = PairRarity.cell(((x - old) / span + 1) / 2, of: changeBins)
        var score: Double?
        if judges, table.learnt > needed {
            let rarity = judge.rarity(of: table.rarity(row * changeBins + column))
            statistic = rarity
            score = judge.raw(rarity)
        }
        if judge.learns(score, at: instant) { learn(row, column) }
        return score.map { judge.pass($0) }
    }

    private static func cell(_ share: Double, of bins: Int) -> Int { Int(min(max(share * Double(bins), 0), Double(bins - 1))) }

    /// Spreads a sample over 5 by 5 cells; what would lie beyond an edge goes to the others.
    @inline(__always)
    private mutating func learn(_ row: Int, _ column: Int) {
        let reach = PairRarity.reach
        let rows = max(row - reach, 0)...min(row + reach, bins - 1)
        let columns = max(column - reach, 0)...min(column + reach, changeBins - 1)
        var (down, across) = (0.0, 0.0)
        for r in rows { down += weights[r - row + reach] }
        for c in columns { across += weights[c - column + reach] }
        let amount = table.fade() / (down * across)
        for r in rows {
            let part = amount * weights[r - row + reach]
            for c in columns { table.add(part * weights[c - column + reach], to: r * changeBins + c) }
        }
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        range.save(&writer)
        judge.save(&writer)
        table.save(&writer)
        before.save(&writer)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try range.restore(&reader)
        try judge.restore(&reader)
        try table.restore(&reader)
        try before.restore(&reader)
        statistic = nil
    }
}
