import Quantities

/// The preset `series`: one series of which nothing is known, and what is odd in it.
///
/// It learns the first samples: level, spread, season, and the weights with which samples follow from those before them. Then five statistics are held
/// against their own tails: a sample that cannot be foretold, a stretch that cannot, a stretch whose level is off, one that is flat, and a shape that was
/// not there before. The greatest ratio to its threshold is the score. Learning goes on with what is normal.
struct Series: DetectorState, ~Copyable {
    private static let statistics = 5
    private let needed: Int
    private let risk: Double
    private let lookback: Int
    private let learnFor: Duration?
    private var clock = SampleClock()
    private var first: Instant?
    private var learnt: [Double] = []
    private var shape = SeriesShape()
    private var isReady = false
    private var model = SeriesWindow(length: 8)
    private var tails: [TailThreshold] = []
    /// The greatest value of each statistic while learning.
    private var greatest = [Double](repeating: 0, count: Series.statistics)
    /// By how much it must be exceeded: statistics of stretches say nearly the same again and again, so that few samples of them are known.
    private static let margins = [1.0, 1.2, 1.2, 1.2, 1.1]
    private var profile: MatrixProfile?
    /// The greatest ratio of a statistic to its threshold.
    private(set) var statistic: Double?

    /// - Parameters:
    ///   - needed: samples that are learnt before there is a score; with `learnFor` the least.
    ///   - risk: the wanted probability of a false alarm a sample.
    ///   - lookback: samples among which a shape is looked for.
    init(needed: Int, learnFor: Duration?, risk: Double, lookback: Int) throws(DetectionError) {
        try require("train", needed, 50...1_000_000)
        guard risk > 0, risk < 0.5 else { throw .outOfRange(setting: "risk", requirement: "between 0 and 0.5") }
        try require("lookback", lookback, 64...100_000)
        self.needed = needed
        self.learnFor = learnFor
        self.risk = risk
        self.lookback = lookback
    }

    var health: DetectorHealth { clock.health }

    mutating func restart() {
        first = nil
        learnt = []
        isReady = false
        tails = []
        greatest = [Double](repeating: 0, count: Series.statistics)
        profile = nil
        statistic = nil
        model = SeriesWindow(length: 8)
    }

    /// After a time without samples nothing is foretold from those before it.
    mutating func resume() { model.removeAll() }

    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let sample = max(-1e100, min(1e100, value))
        if !isReady {
            let start = first ?? instant
            first = start
            let isOver = learnt.count >= needed && (learnFor.map { instant - start >= $0 } ?? true)
            if !isOver, learnt.count < 100_000 {
                learnt.append(sample)
                return nil
            }
            begin()
        }
        guard let score = judge(at: instant, sample, learns: false) else { return nil }
        statistic = score
        return Score.settled(hit: score > 1, raw: score)
    }

    /// Ends the time to learn: the shape, and the tails of the statistics over the same samples.
    private mutating func begin() {
        isReady = true
        shape = SeriesShape(learnt)
        let length = max(8, min(shape.season > 0 ? shape.season : 32, 128, learnt.count / 8))
        model = SeriesWindow(length: length)
        // As many statistics share the risk.
        let share = risk / Double(Series.statistics)
        tails = (0..<Series.statistics).map { _ in TailThreshold(risk: share, needed: max(50, learnt.count / 3)) }
        profile = try? MatrixProfile(length: length, lookback: max(lookback, 4 * length), above: 1e9)
        var instant = Instant(nanoseconds: 0)
        for sample in learnt {
            _ = judge(at: instant, sample, learns: true)
            instant = instant + Duration(nanoseconds: 1)
        }
        model.reach = 2 * greatest[2]
        learnt = []
    }

    /// The greatest ratio of a statistic to its threshold; what is normal is learnt.
    private mutating func judge(at instant: Instant, _ sample: Double, learns: Bool) -> Double? {
        let all = model.take(sample, shape)
        // The profile has a clock of its own, which only has to go on.
        profileTime += 1
        _ = profile?.update(at: Instant(nanoseconds: profileTime), value: sample)
        guard let all else { return nil }
        var numbers = all
        // As long as little was seen every shape is new.
        numbers[4] = model.taken > 4 * model.length ? profile?.statistic ?? .nan : .nan
        var worst: Double?
        for index in 0..<Series.statistics where !numbers[index].isNaN {
            let threshold = tails[index].value.map { max($0, Series.margins[index] * greatest[index]) }
            if learns { greatest[index] = max(greatest[index], numbers[index]) }
            let ratio = threshold.map { numbers[index] / max($0, 1e-12) }
            if let ratio { worst = max(worst ?? 0, ratio) }
            if learns || (ratio ?? 0) <= 1 { tails[index].learn(numbers[index]) }
        }
        return worst
    }

    private var profileTime: Int64 = 0

    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        writer.put(first?.nanoseconds)
        writer.put(isReady)
        writer.put(learnt.count)
        for sample in learnt { writer.put(sample) }
        writer.put(statistic ?? .nan)
        guard isReady else { return }
        shape.save(&writer)
        writer.put(model.length)
        model.save(&writer)
        for tail in tails { tail.save(&writer) }
        for number in greatest { writer.put(number) }
        writer.put(profileTime)
        profile?.save(&writer)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        first = try reader.optionalInteger().map { Instant(nanoseconds: $0) }
        let wasReady = try reader.flag()
        learnt = []
        for _ in 0..<(try reader.count()) { learnt.append(try reader.number()) }
        let number = try reader.number()
        statistic = number.isNaN ? nil : number
        isReady = false
        guard wasReady else { return }
        try shape.restore(&reader)
        let length = try reader.int(in: 8...128)
        model = SeriesWindow(length: length)
        try model.restore(&reader)
        tails = []
        for _ in 0..<Series.statistics {
            var tail = TailThreshold(risk: risk / Double(Series.statistics), needed: 50)
            try tail.restore(&reader)
            tails.append(tail)
        }
        for index in greatest.indices { greatest[index] = try reader.number() }
        profileTime = try reader.integer()
        var made = try MatrixProfile(length: length, lookback: max(lookback, 4 * length), above: 1e9)
        try made.restore(&reader)
        profile = consume made
        isReady = true
    }
}
