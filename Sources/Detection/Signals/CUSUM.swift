import Quantities

/// Cumulative sums of small deviations: `cusum` (Page, Biometrika 41 (1954) 100-115; head start: Lucas & Crosier, Technometrics 24 (1982) 199-205).
struct CUSUM: DetectorState, ~Copyable {
    private let k: Double
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
    var upper: Double { sums.up }
    var lower: Double { sums.down }
    /// The greater of them; `nil` before the first judged sample.
    var statistic: Double? { hasBegun ? max(sums.up, sums.down) : nil }

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
        self.k = k
        self.h = h
        self.cap = cap ?? 2 * h
        start = headStart ? h / 2 : 0
        self.restarts = restarts
        self.side = side
        self.reference = reference
        inverse = 1 / reference.sigma
        inverseLimit = 1 / h
        sums = Sums(up: side == .below ? 0 : start, down: side == .above ? 0 : start, upZero: 0, downZero: 0)
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health }

    /// The last instant at which the greater sum was 0: the estimate of when the shift began.
    var onset: Instant? { hasBegun ? Instant(nanoseconds: upper >= lower ? sums.upZero : sums.downZero) : nil }

    private mutating func begin() {
        sums = Sums(up: side == .below ? 0 : start, down: side == .above ? 0 : start, upZero: 0, downZero: 0)
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
            sums.upZero = instant.nanoseconds
            sums.downZero = instant.nanoseconds
        }
        var local = sums
        let score = step(value, at: instant.nanoseconds, &local)
        sums = local
        return score
    }

    /// The sums, the instants at which they were last 0, and whether the newest sample was anomalous.
    private struct Sums {
        var up: Double
        var down: Double
        var upZero: Int64
        var downZero: Int64
        var fired = false
    }

    @inline(__always)
    private func step(_ value: Double, at now: Int64, _ sums: inout Sums) -> Double {
        let z = (value - reference.mean) * inverse
        if side != .below {
            let sum = sums.up + (z - k)
            let floored = sum > 0 ? sum : 0
            sums.up = floored < cap ? floored : cap
            sums.upZero = sum > 0 ? sums.upZero : now
        }
        if side != .above {
            let sum = sums.down - (z + k)
            let floored = sum > 0 ? sum : 0
            sums.down = floored < cap ? floored : cap
            sums.downZero = sum > 0 ? sums.downZero : now
        }
        let greater = sums.up > sums.down ? sums.up : sums.down
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
        for value in [sums.up, sums.down] { writer.put(value) }
        writer.put(sums.fired)
        writer.put(sums.upZero)
        writer.put(sums.downZero)
        writer.put(hasBegun)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try reference.restore(&reader)
        inverse = 1 / reference.sigma
        sums.up = try reader.number()
        sums.down = try reader.number()
        sums.fired = try reader.flag()
        sums.upZero = try reader.integer()
        sums.downZero = try reader.integer()
        hasBegun = try reader.flag()
    }
}
