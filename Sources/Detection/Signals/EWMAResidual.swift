import Quantities

/// The error of a moving forecast against its own usual size: `ewma-residual`.
///
/// The forecast is an exponentially weighted mean; its absolute error is compared with the mean and deviation of the errors before it, over a
/// longer memory, as a tail probability of the normal law on a logarithmic scale.
struct EWMAResidual: DetectorState, ~Copyable {
    private let alpha: Double
    private let memory: Double
    private let needed: Int
    private let rule: DeviationRule
    private var threshold: Double
    private var budget: FalseAlarmBudget?
    private var gate: LearningGate
    private var clock = SampleClock()
    private var count = 0
    private var forecast = 0.0
    private var mean = 0.0
    private var variance = 0.0

    /// -log10 of the tail probability of the newest error; `nil` while warming up.
    private(set) var statistic: Double?

    /// A detector that scores the logarithm of the tail probability / that of `rarity`.
    init(
        alpha: Double = 0.05, memory: Int = 1000, rarity: Double = 1e-5, minimumSamples: Int = 50, rule: DeviationRule, falseAlarms: Double? = nil,
        learning: Learning = Learning()
    ) throws(DetectionError) {
        guard alpha > 0, alpha <= 1 else { throw .outOfRange(setting: "alpha", requirement: "greater than 0 and at most 1") }
        try require("memory", memory, 10...10_000_000)
        try require("rarity", rarity, 1e-300...0.4)
        try require("min_samples", minimumSamples, 2...Window.maximumSamples)
        try learning.check()
        let budget: FalseAlarmBudget? = if let falseAlarms { try FalseAlarmBudget(falseAlarms) } else { nil }
        self.alpha = alpha
        self.memory = 1 / Double(memory)
        self.rule = rule
        needed = minimumSamples
        threshold = -TailProbability.log10(rarity)
        self.budget = budget
        gate = LearningGate(learning)
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health.with(gate) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        count = 0
        mean = 0
        variance = 0
        statistic = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let x = clipped(value)
        statistic = nil
        if budget != nil {
            budget?.count(instant.nanoseconds)
            if count >= needed, count & (count &- 1) == 0 || count == needed, let risk = budget?.risk { threshold = -TailProbability.log10(risk) }
        }
        guard count > 0 else {
            if !gate.isOpen { _ = gate.judges(at: instant) }
            count = 1
            forecast = x
            return nil
        }
        let deviation = x - forecast
        let error = deviation.magnitude
        var score: Double?
        if gate.isOpen || gate.judges(at: instant), count >= needed {
            let spread = (variance > 0 ? variance : 0).squareRoot()
            let z = ratio(error - mean, to: spread)
            let part = rule.side.part(of: deviation)
            let rarity = z > 0 && part > 0 ? TailProbability.negativeLog(z) : 0
            statistic = rarity
            score = Score.settled(hit: rarity > threshold && rule.counts(part), raw: rarity / threshold)
        }
        if gate.isOpen || gate.learns(score: score, at: instant) {
            let a = max(memory, 1 / Double(count &+ 1))
            let d = error - mean
            mean += a * d
            variance = (1 - a) * (variance + a * d * d)
            forecast += alpha * deviation
            count &+= 1
        }
        return score
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        gate.save(&writer)
        budget?.save(&writer)
        writer.put(count)
        for value in [forecast, mean, variance, threshold] { writer.put(value) }
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try gate.restore(&reader)
        if var budget {
            try budget.restore(&reader)
            self.budget = budget
        }
        count = try reader.int(in: 0...Int.max)
        forecast = try reader.number()
        mean = try reader.number()
        variance = try reader.number()
        threshold = try reader.number()
        statistic = nil
    }
}
