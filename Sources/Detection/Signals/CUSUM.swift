import Quantities

/// Cumulative sums of small deviations: `cusum` (Page, Biometrika 41 (1954) 100-115; head start: Lucas & Crosier, Technometrics 24 (1982) 199-205).
struct CUSUM: DetectorState, ~Copyable {
    /// What a sample must deviate to count on each side; infinite on a side that does not count.
    private let allowance: SIMD2<Double>
    private let h: Double
    private let cap: Double
    private let start: Double
    private let restarts: Bool
    private let side: DeviationSide
    private var reference: Reference
    private var inverse: Double
    private var clock = SampleClock()
    private let inverseLimit: Double
    private var sums: Sums
    private var hasBegun = false

    /// The sums of the deviations above and below the reference, in standard deviations.
    var upper: Double { sums.both[0] }
    var lower: Double { sums.both[1] }
    /// The greater of them; `nil` before the first judged sample.
    var statistic: Double? { hasBegun ? max(upper, lower) : nil }

    /// A detector that scores the greater sum / `h`.
    ///
    /// - Parameters:
    ///   - k: what a sample must deviate to count, in standard deviations: half the shift to find.
    ///   - h: the sum that is anomalous.
    ///   - cap: the greatest sum, so that an alarm ends in time after the shift; at least `h`.
    ///   - headStart: whether the sums begin at h / 2, to find a shift that is there from the start.
    ///   - restarts: whether the sums begin anew after an anomalous sample.
    init(
        k: Double = 0.5, h: Double = 5, mean: Double? = nil, sigma: Double? = nil, cap: Double? = nil, headStart: Bool = false, restarts: Bool = false,
        minimumSamples: Int = 100, side: DeviationSide = .both, learning: Learning = Learning()
    ) throws(DetectionError) {
        try requirePositive("k", k, orZero: true)
        try requirePositive("h", h)
        if let cap, !(cap >= h) { throw .outOfRange(setting: "cap", requirement: "at least 'h'") }
        let reference = try Reference(mean: mean, sigma: sigma, needed: minimumSamples, learning: learning)
        allowance = SIMD2(side == .below ? .infinity : k, side == .above ? .infinity : k)
        self.h = h
        self.cap = cap ?? 2 * h
        start = headStart ? h / 2 : 0
        self.restarts = restarts
        self.side = side
        self.reference = reference
        inverse = 1 / reference.sigma
        inverseLimit = 1 / h
        sums = Sums(both: SIMD2(side == .below ? 0 : start, side == .above ? 0 : start))
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health }

    /// The last instant at which the greater sum was 0: the estimate of when the shift began.
    var onset: Instant? { hasBegun ? Instant(nanoseconds: sums.zeros[upper >= lower ? 0 : 1]) : nil }

    private mutating func begin() {
        sums = Sums(both: SIMD2(side == .below ? 0 : start, side == .above ? 0 : start))
        hasBegun = false
    }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        reference.restart()
        begin()
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    @inline(__always)
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        guard reference.isKnown else {
            if reference.learn(clipped(value), at: instant.nanoseconds) { inverse = 1 / reference.sigma }
            return nil
        }
        if sums.fired, restarts { begin() }
        if !hasBegun {
            hasBegun = true
            sums.zeros = SIMD2(repeating: instant.nanoseconds)
        }
        var local = sums
        let score = step(value, at: instant.nanoseconds, &local)
        sums = local
        return score
    }

    /// The sums above and below, the instants at which they were last 0, and whether the newest sample was anomalous.
    ///
    /// Both are computed side by side, without a branch: which of them is 0 cannot be predicted.
    private struct Sums {
        var both: SIMD2<Double>
        var zeros = SIMD2<Int64>.zero
        var fired = false
    }

    @inline(__always)
    private func step(_ value: Double, at now: Int64, _ sums: inout Sums) -> Double {
        let z = (value - reference.mean) * inverse
        let raised = sums.both + (SIMD2(z, -z) - allowance)
        let isAbove = raised .> 0
        let floored = raised.replacing(with: 0, where: .!isAbove)
        sums.both = floored.replacing(with: cap, where: floored .> cap)
        sums.zeros = SIMD2(repeating: now).replacing(with: sums.zeros, where: isAbove)
        let greater = sums.both[0] > sums.both[1] ? sums.both[0] : sums.both[1]
        sums.fired = greater > h
        return Score.settled(hit: sums.fired, raw: greater * inverseLimit)
    }

    /// Takes samples in a row; while they are in order and finite, the sums stay in registers.
    mutating func update(times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>) {
        let count = min(times.count, values.count, scores.count)
        guard let time = times.baseAddress, let value = values.baseAddress, let score = scores.baseAddress else { return }
        var index = 0
        while index < count {
            score[index] = update(at: time[index], value: value[index]) ?? .nan
            index &+= 1
            guard reference.isKnown, !restarts, hasBegun else { continue }
            var (last, local) = (clock.last, sums)
            while index < count, time[index].nanoseconds >= last, value[index].isFinite {
                last = time[index].nanoseconds
                score[index] = step(value[index], at: last, &local)
                index &+= 1
            }
            sums = local
            clock.advance(to: last)
        }
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        reference.save(&writer)
        for value in [upper, lower] { writer.put(value) }
        writer.put(sums.fired)
        writer.put(sums.zeros[0])
        writer.put(sums.zeros[1])
        writer.put(hasBegun)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try reference.restore(&reader)
        inverse = 1 / reference.sigma
        sums.both = SIMD2(try reader.number(), try reader.number())
        sums.fired = try reader.flag()
        sums.zeros = SIMD2(try reader.integer(), try reader.integer())
        hasBegun = try reader.flag()
    }
}
