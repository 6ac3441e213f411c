import Quantities

/// A step from one state to another that is improbable after those before it: `markov`.
struct Markov: DetectorState, ~Copyable {
    private let states: Int
    private let low: Double?
    private let width: Double
    private let alpha: Double
    private let needed: Int
    private let greatestRow: Double
    private let onlyChanges: Bool
    private var judge: RarityJudge
    private let counts: NumberBuffer
    private let rows: NumberBuffer
    private var previous: Int64?
    private var learnt = 0
    private var clock = SampleClock()

    /// -log10 of the probability of the newest step; `nil` while warming up.
    private(set) var statistic: Double?

    /// A detector that scores the statistic / that of `rarity`.
    ///
    /// - Parameters:
    ///   - states: number of states: values 0, 1, ... of an enumerated signal, or as many cells between `low` and `high`.
    ///   - alpha: what each step counts before it was seen.
    ///   - forget: the counts of a state are halved when they exceed four times this.
    ///   - onlyChanges: whether samples in the same state are no steps.
    init(
        states: Int = 16, low: Double? = nil, high: Double? = nil, alpha: Double = 0.5, forget: Int = 2000, minimumSamples: Int = 100,
        onlyChanges: Bool = false, judge: RarityJudge
    ) throws(DetectionError) {
        try require("states", states, 2...256)
        try requirePositive("alpha", alpha)
        try require("forget", forget, 10...100_000_000)
        try require("min_samples", minimumSamples, 1...Window.maximumSamples)
        let width: Double
        switch (low, high) {
        case (let low?, let high?):
            guard low.isFinite, high.isFinite, low < high, high - low < 1e100 else { throw .outOfRange(setting: "from", requirement: "less than 'to'") }
            width = high - low
        case (nil, nil): width = 1
        default: throw .missing(setting: low == nil ? "from" : "to")
        }
        self.states = states
        self.low = low
        self.width = width
        self.alpha = alpha
        needed = minimumSamples
        greatestRow = 4 * Double(forget)
        self.onlyChanges = onlyChanges
        self.judge = judge
        counts = NumberBuffer(count: states * states)
        rows = NumberBuffer(count: states)
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health.with(judge.gate) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        counts.fill(0)
        rows.fill(0)
        learnt = 0
        previous = nil
        statistic = nil
    }
    /// The next sample is no step from the last.
    mutating func resume() { previous = nil }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let judges = judge.judges(at: instant)
        let place = low.map { (clipped(value) - $0) / width * Double(states) } ?? clipped(value).rounded()
        let state = Int(min(max(place, 0), Double(states - 1)))
        statistic = nil
        guard let from = previous.map({ Int($0) }) else {
            previous = Int64(state)
            return nil
        }
        if onlyChanges, from == state { return learnt >= needed && judges ? 0 : nil }
        previous = Int64(state)
        let cell = from * states + state
        var score: Double?
        if judges, learnt >= needed {
            let rarity = judge.rarity(of: (counts[cell] + alpha) / (rows[from] + alpha * Double(states)))
            statistic = rarity
            score = judge.raw(rarity)
        }
        if judge.learns(score, at: instant) {
            learnt += 1
            counts[cell] += 1
            rows[from] += 1
            if rows[from] > greatestRow { halve(from) }
        }
        return score.map { judge.pass($0) }
    }

    private func halve(_ row: Int) {
        var sum = 0.0
        for index in row * states..<(row + 1) * states {
            counts[index] /= 2
            sum += counts[index]
        }
        rows[row] = sum
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        judge.save(&writer)
        counts.save(&writer)
        rows.save(&writer)
        writer.put(previous)
        writer.put(learnt)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try judge.restore(&reader)
        try counts.restore(&reader)
        try rows.restore(&reader)
        let state = try reader.optionalInteger()
        if let state, !(0..<Int64(states)).contains(state) { throw .badState("a number in it is out of range") }
        previous = state
        learnt = try reader.int(in: 0...Int.max / 2)
        statistic = nil
    }
}
