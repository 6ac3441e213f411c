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
    private var fired = false
    /// The last instants at which the sums were 0.
    private var upZero: Int64?
    private var downZero: Int64?

    /// The sums of the deviations above and below the reference, in standard deviations.
    private(set) var upper: Double
    private(set) var lower: Double
    private(set) var statistic: Double?

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
        upper = side == .below ? 0 : start
        lower = side == .above ? 0 : start
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health }

    /// The last instant at which the greater sum was 0: the estimate of when the shift began.
    var onset: Instant? { (upper >= lower ? upZero : downZero).map { Instant(nanoseconds: $0) } }

    private mutating func begin() {
        upper = side == .below ? 0 : start
        lower = side == .above ? 0 : start
        upZero = nil
        downZero = nil
        fired = false
    }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        reference.restart()
        statistic = nil
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
        if fired, restarts { begin() }
        if upZero == nil {
            upZero = instant.nanoseconds
            downZero = instant.nanoseconds
        }
        let z = (value - reference.mean) * inverse
        if side != .below {
            let sum = upper + z - k
            upper = sum > 0 ? (sum < cap ? sum : cap) : 0
            upZero = sum > 0 ? upZero : instant.nanoseconds
        }
        if side != .above {
            let sum = lower - z - k
            lower = sum > 0 ? (sum < cap ? sum : cap) : 0
            downZero = sum > 0 ? downZero : instant.nanoseconds
        }
        let greater = upper > lower ? upper : lower
        fired = greater > h
        statistic = greater
        return Score.settled(hit: fired, raw: greater / h)
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        reference.save(&writer)
        for value in [upper, lower] { writer.put(value) }
        writer.put(fired)
        writer.put(upZero)
        writer.put(downZero)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try reference.restore(&reader)
        inverse = 1 / reference.sigma
        upper = try reader.number()
        lower = try reader.number()
        fired = try reader.flag()
        upZero = try reader.optionalInteger()
        downZero = try reader.optionalInteger()
        statistic = nil
    }
}
