import Quantities

/// The distance of values from their moving mean, and a tail on each side that counts: what `spot`, `dspot` and `target_far` share.
struct TailJudge: ~Copyable {
    private let risk: Double
    private var budget: FalseAlarmBudget?
    private let side: DeviationSide
    private var upper: ParetoTail
    private var lower: ParetoTail
    private var recent: ValueRing
    private let depth: Int
    private var sum = 0.0
    private var pushes = 0
    /// With a budget: values judged, and anomalous ones of them that were learnt.
    private var judged = 0
    private var accepted = 0

    /// - Parameters:
    ///   - risk: the probability that a normal value is anomalous.
    ///   - falseAlarms: a rate of false alarms instead of a risk.
    ///   - depth: values of the moving mean that is subtracted; 0 for none.
    init(risk: Double, falseAlarms: Double?, initial: Int, level: Double, depth: Int, side: DeviationSide) throws(DetectionError) {
        try require("risk", risk, 1e-12...0.1)
        try require("depth", depth, 0...100_000)
        guard risk < 1 - level else { throw .outOfRange(setting: "risk", requirement: "less than 1 - 'level'") }
        let budget: FalseAlarmBudget? = if let falseAlarms { try FalseAlarmBudget(falseAlarms) } else { nil }
        // A side that does not count gathers nothing.
        let unused = max(50, Int(10 / (1 - level)) + 1)
        let upper = try ParetoTail(initial: side == .below ? unused : initial, level: level)
        let lower = try ParetoTail(initial: side == .above ? unused : initial, level: level)
        self.risk = risk
        self.budget = budget
        self.side = side
        self.depth = depth
        self.upper = upper
        self.lower = lower
        recent = ValueRing(capacity: max(depth, 1))
    }

    /// The thresholds on the scale of the values; `nil` while warming up or for a side that does not count.
    var thresholds: (low: Double?, high: Double?) {
        let offset = centre
        return (side == .above || !lower.isReady ? nil : offset - lower.threshold, side == .below || !upper.isReady ? nil : offset + upper.threshold)
    }
    /// The tail above, for its parameters.
    var law: (start: Double, gamma: Double, sigma: Double, peaks: Int) { (upper.start, upper.gamma, upper.sigma, upper.peakCount) }

    private var centre: Double { depth == 0 ? 0 : sum / Double(depth) }

    mutating func removeAll() {
        upper.removeAll()
        lower.removeAll()
        recent.removeAll()
        sum = 0
        pushes = 0
        judged = 0
        accepted = 0
    }

    /// The probability that a normal value is anomalous on one side.
    @inline(__always)
    private var sideRisk: Double {
        guard let budget else { return risk }
        return side == .both ? budget.risk / 2 : budget.risk
    }

    /// Judges a value and learns it when it is not anomalous; `nil` while warming up.
    mutating func score(_ value: Double, at now: Int64) -> Double? {
        budget?.count(now)
        if depth > 0, !recent.isFull {
            follow(value)
            return nil
        }
        let v = value - centre
        guard side == .below ? lower.isReady : upper.isReady else {
            if side != .below { upper.gather(v, risk: sideRisk) }
            if side != .above { lower.gather(-v, risk: sideRisk) }
            if depth > 0 { follow(value) }
            return nil
        }
        var score = 0.0
        if side != .below { score = upper.score(v) }
        if side != .above { score = max(score, lower.score(-v)) }
        judged &+= 1
        guard score < 1 else {
            if budget != nil { accept(v) }
            return score
        }
        if side != .below { upper.learn(v, risk: sideRisk) }
        if side != .above { lower.learn(-v, risk: sideRisk) }
        if depth > 0 { follow(value) }
        return score
    }

    /// Twice as many anomalous values as the budget has false alarms are learnt at most, in size a little beyond the threshold at most. A tail that never saw
    /// its own end would grow shorter and shorter; with just the budget nothing would lift a threshold that is too low.
    private mutating func accept(_ v: Double) {
        let risk = sideRisk
        guard Double(accepted) < (side == .both ? 4 : 2) * risk * Double(judged) else { return }
        accepted += 1
        if side != .below, upper.score(v) >= 1 { upper.learn(min(v, upper.threshold + 3 * upper.sigma), risk: risk) }
        if side != .above, lower.score(-v) >= 1 { lower.learn(min(-v, lower.threshold + 3 * lower.sigma), risk: risk) }
    }

    /// The moving mean takes a value; its sum is computed anew with every turn of the ring, so that no error grows.
    private mutating func follow(_ value: Double) {
        if recent.isFull { sum -= recent.oldest }
        recent.push(value)
        sum += value
        pushes += 1
        guard pushes >= depth else { return }
        pushes = 0
        sum = 0
        for index in 0..<recent.count { sum += recent[index] }
    }

    func save(_ writer: inout StateWriter) {
        budget?.save(&writer)
        upper.save(&writer)
        lower.save(&writer)
        recent.save(&writer)
        writer.put(sum)
        for count in [pushes, judged, accepted] { writer.put(count) }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        if var budget {
            try budget.restore(&reader)
            self.budget = budget
        }
        try upper.restore(&reader)
        try lower.restore(&reader)
        try recent.restore(&reader)
        sum = try reader.number()
        pushes = try reader.int()
        judged = try reader.int()
        accepted = try reader.int()
    }
}

/// A threshold that follows from a risk, by the tail of the samples so far: `spot`, and `dspot` with a moving mean.
struct Spot: DetectorState, ~Copyable {
    private var judge: TailJudge
    private var clock = SampleClock()
    private(set) var statistic: Double?

    /// A detector that scores 1 + the excess over the threshold / the length of the tail up to it.
    init(
        risk: Double = 1e-4, initial: Int = 1500, level: Double = 0.98, depth: Int = 0, side: DeviationSide = .above, falseAlarms: Double? = nil
    ) throws(DetectionError) {
        judge = try TailJudge(risk: risk, falseAlarms: falseAlarms, initial: initial, level: level, depth: depth, side: side)
    }

    /// The thresholds that the next sample is compared with.
    var thresholds: (low: Double?, high: Double?) { judge.thresholds }
    /// The tail above.
    var law: (start: Double, gamma: Double, sigma: Double, peaks: Int) { judge.law }
    /// Input that could not be used.
    var health: DetectorHealth { clock.health }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        judge.removeAll()
        statistic = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        statistic = value
        return judge.score(clipped(value), at: instant.nanoseconds)
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        judge.save(&writer)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try judge.restore(&reader)
        statistic = nil
    }
}

/// A detector whose threshold follows from the false alarms that are accepted: `target_far` of kinds that have no tail model of their own.
///
/// The statistic of the detector, or its score when it has none, goes through a `dspot` with the risk of the budget.
struct BudgetedDetector: DetectorState, ~Copyable {
    private let inner: Detector
    private var judge: TailJudge

    /// Values of the statistic that the threshold is first learnt from.
    static let initial = 1500

    init(_ inner: Detector, falseAlarms: Double) throws(DetectionError) {
        self.inner = inner
        judge = try TailJudge(risk: 1e-6, falseAlarms: falseAlarms, initial: BudgetedDetector.initial, level: 0.98, depth: 0, side: .above)
    }

    /// Input that could not be used.
    var health: DetectorHealth { inner.health }
    /// When what the last anomalous score is about began.
    var onset: Instant? { inner.onset }
    var statistic: Double? { inner.statistic }
    mutating func resume() { inner.resume() }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        inner.restart()
        judge.removeAll()
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard let score = inner.update(at: instant, value: value) else { return nil }
        return judge.score(clipped(inner.statistic ?? score), at: instant.nanoseconds)
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        inner.save(&writer)
        judge.save(&writer)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try inner.restore(&reader)
        try judge.restore(&reader)
    }
}
