import Quantities
import SimulationKernel

/// What a `zscore` compares a sample with.
enum ZScoreBaseline: Equatable, Sendable {
    /// All samples before it, each with the same weight.
    case all
    /// Those of a window before it.
    case window(Window)
    /// All samples before it, the weight halves with each half-life of age.
    case halfLife(Duration)
    /// All samples before it, the newest with the weight alpha.
    case alpha(Double)
}

/// The distance of a sample from the mean of those before it, in standard deviations: `zscore`.
///
/// The sample is judged before it is learnt. The window and cumulative forms use the sample standard deviation (divisor n - 1), the weighted
/// forms the biased one, as pandas `ewm(adjust=False)`.
struct ZScore: DetectorState, ~Copyable {
    private enum Form { case all, window, halfLife, alpha }
    private let form: Form
    private let width: UInt64
    private let countsSamples: Bool
    private let needed: Int
    private let halfLife: Double
    private var judge: ZJudge
    private var gate: LearningGate
    private var clock = SampleClock()
    private var count = 0
    private var mean = 0.0
    private var variance = 0.0
    private var anchor = 0.0
    private var sums = WindowSums()
    private var samples: SampleRing
    private var number: Int64 = 0
    private var newest: Int64 = 0
    /// The weight of a sample that comes `gap` after the one before it.
    private var gap: UInt64 = 0
    private var weight: Double

    /// A detector that scores |z| / `judge`'s threshold.
    init(_ baseline: ZScoreBaseline, judge: ZJudge, minimumSamples: Int = 30, learning: Learning = Learning()) throws(DetectionError) {
        try learning.check()
        try require("min_samples", minimumSamples, 2...Window.maximumSamples)
        var (form, width, countsSamples, halfLife, weight) = (Form.all, UInt64.max, false, 0.0, 0.0)
        switch baseline {
        case .all: break
        case .window(let window):
            form = .window
            width = try window.width()
            countsSamples = window.countsSamples
            if case .samples(let length) = window, length < minimumSamples {
                throw .outOfRange(setting: "samples", requirement: "at least 'min_samples'")
            }
        case .halfLife(let time):
            form = .halfLife
            guard time > .zero else { throw .outOfRange(setting: "halflife", requirement: "longer than 0 s") }
            halfLife = Double(time.nanoseconds)
        case .alpha(let alpha):
            form = .alpha
            guard alpha > 0, alpha <= 1 else { throw .outOfRange(setting: "alpha", requirement: "greater than 0 and at most 1") }
            weight = alpha
        }
        self.form = form
        self.width = width
        self.countsSamples = countsSamples
        self.halfLife = halfLife
        self.weight = weight
        self.judge = judge
        needed = minimumSamples
        gate = LearningGate(learning)
        samples = SampleRing()
    }

    /// The signed z of the newest sample; `nil` while warming up.
    var z: Double? { judge.z }
    /// The z of the newest sample on the side that counts.
    var statistic: Double? { judge.z.map { judge.rule.side.part(of: $0) } }
    /// The mean and variance that the next sample is compared with; only for the weighted forms.
    var weighted: (mean: Double, variance: Double) { (mean, variance) }
    /// Input that could not be used.
    var health: DetectorHealth { clock.health.with(gate) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        count = 0
        mean = 0
        variance = 0
        sums = WindowSums()
        samples.removeAll()
        number = 0
        judge.z = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let x = clipped(value)
        let now = instant.nanoseconds
        if form == .window { expire(before: countsSamples ? number &+ 1 : now) }
        let judges = gate.isOpen || gate.judges(at: instant)
        judge.note(now)
        var score: Double?
        if judges, count >= needed {
            switch form {
            case .all: score = judge.score(deviation: x - anchor - mean, deviationSquared: variance / Double(count &- 1))
            case .window: score = judge.score(deviation: x - sums.centre, deviationSquared: sums.variance(count: count, ddof: 1))
            case .halfLife, .alpha: score = judge.score(deviation: x - mean, deviationSquared: variance)
            }
        } else {
            judge.z = nil
        }
        if gate.isOpen || gate.learns(score: score, at: instant) { learn(x, at: now) }
        newest = now
        return score
    }

    /// Takes samples in a row; with a constant weight and nothing to decide about learning, the state stays in registers.
    mutating func update(times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>) {
        let total = min(times.count, values.count, scores.count)
        guard let time = times.baseAddress, let value = values.baseAddress, let score = scores.baseAddress else { return }
        var index = 0
        while index < total {
            score[index] = update(at: time[index], value: value[index]) ?? .nan
            index &+= 1
            guard form == .alpha, gate.isOpen, judge.isPlain, count >= needed else { continue }
            let start = index
            var (mean, variance, last) = (self.mean, self.variance, clock.last)
            let (weight, judge) = (self.weight, self.judge)
            while index < total, time[index].nanoseconds >= last, value[index].magnitude <= 1e100 {
                last = time[index].nanoseconds
                let d = value[index] - mean
                score[index] = judge.plainScore(deviation: d, deviationSquared: variance)
                mean += weight * d
                variance = (1 - weight) * (variance + weight * d * d)
                index &+= 1
            }
            guard index > start else { continue }
            (self.mean, self.variance) = (mean, variance)
            count &+= index &- start
            newest = last
            clock.advance(to: last)
            // The statistic of the last sample is not kept in rows.
            self.judge.z = nil
        }
    }

    @inline(__always)
    private mutating func expire(before position: Int64) {
        // A window by number keeps the newest `width` samples, for the sample under test is not one of them.
        while !samples.isEmpty {
            let age = distance(from: samples.first.position, to: position)
            guard countsSamples ? age > width : age >= width else { break }
            dropFirst()
        }
        if sums.isWorn { sums.rebuild(samples) }
    }

    @inline(__always)
    private mutating func dropFirst() {
        sums.remove(samples.first.value)
        samples.removeFirst()
        count &-= 1
    }

    @inline(__always)
    private mutating func learn(_ x: Double, at now: Int64) {
        switch form {
        case .all:
            if count == 0 { anchor = x }
            count &+= 1
            let y = x - anchor
            let difference = y - mean
            mean += difference / Double(count)
            variance += difference * (y - mean)
        case .window:
            if samples.isAtLimit {
                clock.health.overflow &+= 1
                dropFirst()
            }
            number &+= 1
            count &+= 1
            samples.append(WindowSample(position: countsSamples ? number : now, value: x))
            if !sums.add(x) { sums.rebuild(samples) }
        case .halfLife, .alpha:
            guard count > 0 else {
                count = 1
                mean = x
                variance = 0
                return
            }
            count &+= 1
            if form == .halfLife, gap != distance(from: newest, to: now) {
                gap = distance(from: newest, to: now)
                weight = 1 - Portable.exp(-Double(gap) / halfLife * 0x1.62e42fefa39efp-1)
            }
            let d = x - mean
            mean += weight * d
            variance = (1 - weight) * (variance + weight * d * d)
        }
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        gate.save(&writer)
        judge.save(&writer)
        writer.put(count)
        for value in [mean, variance, anchor, weight] { writer.put(value) }
        sums.save(&writer)
        samples.save(&writer)
        writer.put(number)
        writer.put(newest)
        writer.put(bits: gap)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try gate.restore(&reader)
        try judge.restore(&reader)
        count = try reader.int(in: 0...Int.max)
        mean = try reader.number()
        variance = try reader.number()
        anchor = try reader.number()
        weight = try reader.number()
        try sums.restore(&reader)
        try samples.restore(&reader)
        try sums.check(samples)
        number = try reader.integer()
        newest = try reader.integer()
        gap = try reader.bits()
    }
}

/// Turns a deviation and a variance into a score: the threshold on z, the side, the floors, and the form of the score.
struct ZJudge {
    private var criterion: Criterion
    private var inverse: Double
    let rule: DeviationRule
    private let floor: Double
    private let usesTail: Bool
    private var tailOfThreshold: Double
    private var budget: FalseAlarmBudget?
    private var counted = 0
    /// The signed z of the newest judged sample.
    var z: Double?

    /// A judge for a threshold on z, or for a rate of false alarms.
    ///
    /// - Parameters:
    ///   - floor: the least spread, in the unit of the signal; half the resolution of a quantised one.
    ///   - usesTail: whether the score is the ratio of the logarithms of tail probabilities and not the ratio of the z.
    init(
        z threshold: Double = 3, rule: DeviationRule, floor: Double = 0, usesTail: Bool = false, falseAlarms: Double? = nil
    ) throws(DetectionError) {
        try requirePositive("z", threshold)
        try requirePositive("floor", floor, orZero: true)
        criterion = Criterion(unchecked: threshold, compare: .gt)
        inverse = 1 / threshold
        self.rule = rule
        self.floor = floor
        self.usesTail = usesTail
        tailOfThreshold = TailProbability.negativeLog(threshold)
        if let falseAlarms { budget = try FalseAlarmBudget(falseAlarms) }
    }

    /// Counts a sample; the threshold of a budget follows when their number has doubled.
    @inline(__always)
    mutating func note(_ nanoseconds: Int64) {
        guard budget != nil else { return }
        budget?.count(nanoseconds)
        counted &+= 1
        if counted & (counted &- 1) == 0 { follow() }
    }

    private mutating func follow() {
        guard let budget else { return }
        let z = TailProbability.quantile(upper: rule.side == .both ? budget.risk / 2 : budget.risk)
        criterion = Criterion(unchecked: z, compare: .gt)
        inverse = 1 / z
        tailOfThreshold = TailProbability.negativeLog(z)
    }

    /// Whether the score is a plain ratio with a fixed threshold.
    var isPlain: Bool { !usesTail && budget == nil }

    @inline(__always)
    private func spread(_ deviationSquared: Double) -> Double {
        let deviation = (deviationSquared > 0 ? deviationSquared : 0).squareRoot()
        return deviation > floor ? deviation : floor
    }

    /// The score of a deviation as a ratio.
    @inline(__always)
    func plainScore(deviation: Double, deviationSquared: Double) -> Double {
        let part = rule.side.part(of: deviation)
        let distance = ratio(part, to: spread(deviationSquared))
        return Score.settled(hit: distance > criterion.threshold && rule.counts(part), raw: distance * inverse)
    }

    @inline(__always)
    mutating func score(deviation: Double, deviationSquared: Double) -> Double {
        let spread = spread(deviationSquared)
        z = spread > 0 ? deviation / spread : (deviation == 0 ? 0 : deviation > 0 ? .infinity : -.infinity)
        guard usesTail else { return plainScore(deviation: deviation, deviationSquared: deviationSquared) }
        let part = rule.side.part(of: deviation)
        let distance = ratio(part, to: spread)
        return Score.settled(hit: distance > criterion.threshold && rule.counts(part), raw: TailProbability.negativeLog(distance) / tailOfThreshold)
    }

    func save(_ writer: inout StateWriter) {
        writer.put(criterion.threshold)
        writer.put(tailOfThreshold)
        writer.put(counted)
        budget?.save(&writer)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        criterion = Criterion(unchecked: try reader.number(), compare: .gt)
        inverse = 1 / criterion.threshold
        tailOfThreshold = try reader.number()
        counted = try reader.int()
        if var budget {
            try budget.restore(&reader)
            self.budget = budget
        }
        z = nil
    }
}
