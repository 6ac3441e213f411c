import Quantities

/// A table of what is usual at each time of a period: `seasonal-baseline`.
struct SeasonalBaseline: DetectorState, ~Copyable {
    /// What the phase is counted from.
    enum Phase: String, CaseIterable {
        /// The start of the run, with an offset.
        case clock
        /// The last time at which `only_when` became true: the age of a charging session.
        case session
    }

    /// sqrt(pi / 2): turns a mean absolute deviation of normal samples into their standard deviation.
    private static let toSigma = 0x1.40d931ff62706p0

    private let period: UInt64
    private let slots: Int
    private let alpha: Double
    private let criterion: Criterion
    private let needed: Int
    private let floor: Double
    private let rule: DeviationRule
    private let phase: Phase
    private let offset: Int64
    private var gate: LearningGate
    private var clock = SampleClock()
    private let means: NumberBuffer
    private let deviations: NumberBuffer
    /// Cycles in which a slot was learnt, and the newest of them.
    private let cycles: UnsafeMutablePointer<Int>
    private let newest: UnsafeMutablePointer<Int64>
    private var origin: Int64?
    private var sessions: Int64 = 0

    /// How far the newest sample is from the mean of its slot, in standard deviations; `nil` while too few cycles are learnt.
    private(set) var statistic: Double?

    /// A detector that scores the distance / `k`.
    ///
    /// - Parameters:
    ///   - alpha: the least weight of a new sample in its slot.
    ///   - cyclesNeeded: cycles of which a slot has been learnt before it judges.
    init(
        period: Duration = .seconds(86_400), slots: Int = 288, alpha: Double = 0.3, k: Double = 4, cyclesNeeded: Int = 3, floor: Double = 0,
        phase: Phase = .clock, offset: Duration = .zero, rule: DeviationRule, learning: Learning = Learning()
    ) throws(DetectionError) {
        guard period > .zero else { throw .outOfRange(setting: "period", requirement: "longer than 0 s") }
        try require("slots", slots, 1...100_000)
        guard alpha > 0, alpha <= 1 else { throw .outOfRange(setting: "alpha", requirement: "greater than 0 and at most 1") }
        try requirePositive("k", k)
        try require("min_cycles", cyclesNeeded, 1...1_000_000)
        try requirePositive("floor", floor, orZero: true)
        try learning.check()
        self.period = UInt64(period.nanoseconds)
        self.slots = slots
        self.alpha = alpha
        criterion = Criterion(unchecked: k, compare: .gt)
        needed = cyclesNeeded
        self.floor = floor
        self.rule = rule
        self.phase = phase
        self.offset = offset.nanoseconds
        gate = LearningGate(learning)
        means = NumberBuffer(count: slots)
        deviations = NumberBuffer(count: slots)
        cycles = .allocate(capacity: slots)
        cycles.initialize(repeating: 0, count: slots)
        newest = .allocate(capacity: slots)
        newest.initialize(repeating: 0, count: slots)
    }

    deinit {
        cycles.deallocate()
        newest.deallocate()
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health.with(gate) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        means.fill(0)
        deviations.fill(0)
        cycles.update(repeating: 0, count: slots)
        origin = nil
        statistic = nil
    }

    /// A session begins.
    mutating func resume() {
        guard phase == .session else { return }
        sessions &+= 1
        origin = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let x = clipped(value)
        let now = instant.nanoseconds
        let begin: Int64
        switch phase {
        case .clock: begin = 0 &- offset
        case .session:
            begin = origin ?? now
            origin = begin
        }
        let age = distance(from: begin, to: now)
        // Instants before the origin count from the end of a period.
        let (cycle, rest) = now >= begin ? (Int64(age / period), age % period) : (-1 - Int64(UInt64(bitPattern: begin &- now) / period), wrapped(begin, now))
        let slot = min(Int(Double(rest) / Double(period) * Double(slots)), slots - 1)
        let number = phase == .session ? sessions &+ cycle : cycle
        statistic = nil
        var score: Double?
        if gate.isOpen || gate.judges(at: instant), cycles[slot] >= needed {
            let part = rule.side.part(of: x - means[slot])
            let distance = ratio(part, to: max(SeasonalBaseline.toSigma * deviations[slot], floor))
            statistic = distance
            score = Score.settled(hit: distance > criterion.threshold && rule.counts(part), raw: distance / criterion.threshold)
        }
        if gate.isOpen || gate.learns(score: score, at: instant) { learn(x, slot: slot, cycle: number) }
        return score
    }

    private func wrapped(_ begin: Int64, _ now: Int64) -> UInt64 {
        let rest = UInt64(bitPattern: begin &- now) % period
        return rest == 0 ? 0 : period - rest
    }

    @inline(__always)
    private func learn(_ x: Double, slot: Int, cycle: Int64) {
        guard cycles[slot] > 0 else {
            means[slot] = x
            cycles[slot] = 1
            newest[slot] = cycle
            return
        }
        let a = max(alpha, 1 / Double(cycles[slot] + 1))
        let d = x - means[slot]
        deviations[slot] += a * (d.magnitude - deviations[slot])
        means[slot] += a * d
        if cycle != newest[slot] {
            newest[slot] = cycle
            cycles[slot] += 1
        }
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        gate.save(&writer)
        writer.put(origin)
        writer.put(sessions)
        means.save(&writer)
        deviations.save(&writer)
        for slot in 0..<slots {
            writer.put(cycles[slot])
            writer.put(newest[slot])
        }
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try gate.restore(&reader)
        origin = try reader.optionalInteger()
        sessions = try reader.integer()
        try means.restore(&reader)
        try deviations.restore(&reader)
        for slot in 0..<slots {
            cycles[slot] = try reader.int(in: 0...Int.max - 1)
            newest[slot] = try reader.integer()
        }
        statistic = nil
    }
}
