import Quantities

/// A register that must not go back: `monotonic`.
struct Monotonic: DetectorState, ~Copyable {
    private let resolution: Double
    private let modulus: Double?
    private let sign: Double
    private var clock = SampleClock()
    private var greatest: Double?

    /// How far the newest sample has gone back, in the unit of the signal; 0 when it has not.
    private(set) var statistic: Double?

    /// A detector that scores 1 + (what it went back - `resolution`) / `resolution`, or / 1 for a resolution of 0.
    ///
    /// - Parameters:
    ///   - resolution: steps back of at most this much are rounding.
    ///   - modulus: the value at which the register begins again at 0.
    ///   - falls: whether the register must fall and not rise.
    init(resolution: Double = 0, modulus: Double? = nil, falls: Bool = false) throws(DetectionError) {
        try requirePositive("resolution", resolution, orZero: true)
        if let modulus {
            try requirePositive("modulus", modulus)
            guard modulus > 2 * resolution else { throw .outOfRange(setting: "modulus", requirement: "more than twice 'resolution'") }
        }
        self.resolution = resolution
        self.modulus = modulus
        sign = falls ? -1 : 1
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        greatest = nil
        statistic = nil
    }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let x = sign * clipped(value)
        guard let reference = greatest else {
            greatest = x
            statistic = nil
            return nil
        }
        let back = reference - x
        // More than half of the modulus back is the step over its end.
        if back <= 0 || modulus.map({ back > $0 / 2 && back <= $0 }) == true {
            greatest = x
            statistic = 0
            return 0
        }
        statistic = back
        let isBack = back > resolution
        // The lower reading is the new reference, so that one step back is one anomaly; rounding does not lower it.
        if isBack { greatest = x }
        return Score.settled(hit: isBack, raw: isBack ? 1 + (back - resolution) / (resolution > 0 ? resolution : 1) : back / resolution)
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        writer.put(greatest != nil)
        writer.put(greatest ?? 0)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        let isThere = try reader.flag()
        let value = try reader.number()
        greatest = isThere ? value : nil
        statistic = nil
    }
}
