import Quantities

/// A periodic part of known frequency: `goertzel` (Goertzel, American Mathematical Monthly 65 (1958) 34-35).
struct Goertzel: DetectorState, ~Copyable {
    private let coefficients: [Double]
    private let criterion: Criterion
    private let share: Double
    private let frequencies: [Double]
    private var block: GridBlock
    private var clock = SampleClock()

    /// The amplitude of the frequency that scores highest in the newest block, in the unit of the signal.
    private(set) var statistic: Double?
    /// The amplitudes and shares of the variance of the newest block, by frequency.
    private(set) var spectrum: [(amplitude: Double, share: Double)]
    /// The frequency that scored highest, in Hz.
    private(set) var frequency: Double?

    /// A detector that scores the lesser of amplitude / `above` and share of the variance / `share`, for the frequency where it is greatest.
    ///
    /// - Parameters:
    ///   - frequencies: in Hz; each has two periods at least in the block, and is below half the rate of the grid.
    ///   - length: points of the block; it is judged every quarter of it.
    init(frequencies: [Double], every period: Duration, length: Int, above: Double, share: Double = 0.5) throws(DetectionError) {
        try GridBlock.check(length: length, every: period)
        guard (1...64).contains(frequencies.count) else { throw .outOfRange(setting: "frequencies", requirement: "1 to 64 numbers") }
        let seconds = Double(period.nanoseconds) / 1e9
        for frequency in frequencies {
            guard frequency > 0, frequency < 0.5 / seconds, frequency * seconds * Double(length) >= 2 * (1 - 1e-9) else {
                throw .outOfRange(
                    setting: "frequencies", requirement: "frequencies in Hz with two periods or more in 'block', below half the rate of the samples")
            }
        }
        try requirePositive("above", above)
        guard share > 0, share <= 1 else { throw .outOfRange(setting: "min_share", requirement: "greater than 0 and at most 1") }
        self.frequencies = frequencies
        coefficients = frequencies.map { 2 * Goertzel.cosine(of: $0 * seconds) }
        criterion = Criterion(unchecked: above, compare: .ge)
        self.share = share
        block = GridBlock(length: length, every: period, hop: max(length / 4, 1))
        spectrum = Array(repeating: (0, 0), count: frequencies.count)
    }

    /// cos(2 pi x) for x in 0...0.5, by the series around the nearest quarter; the same bits on every machine.
    static func cosine(of turns: Double) -> Double {
        let quarter = (turns * 4).rounded()
        let angle = (turns - quarter / 4) * 0x1.921fb54442d18p2
        let square = angle * angle
        var (cosine, sine) = (0.0, 0.0)
        var index = 12.0
        while index > 0 {
            cosine = 1 - square / ((2 * index - 1) * (2 * index)) * (index == 12 ? 1 : cosine)
            sine = 1 - square / ((2 * index) * (2 * index + 1)) * (index == 12 ? 1 : sine)
            index -= 1
        }
        switch Int(quarter) {
        case 0: return cosine
        case 1: return -angle * sine
        default: return -cosine
        }
    }

    /// Input that could not be used.
    var health: DetectorHealth { clock.health }
    /// The score at an amplitude.
    func clearScore(level: Double) -> Double? { criterion.clearScore(level: level) }

    /// Forgets the samples; the health counters stay.
    mutating func restart() {
        block.removeAll()
        statistic = nil
        frequency = nil
    }
    /// The block starts anew.
    mutating func resume() { restart() }

    /// Takes one sample and gives its score; see `DetectorState`.
    mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        statistic = nil
        guard block.add(clipped(value), at: instant.nanoseconds) else { return nil }
        let count = block.length
        let (mean, squares) = block.moments
        let variance = squares / Double(count)
        var (best, amplitudeOfBest) = (-1.0, 0.0)
        for (index, c) in coefficients.enumerated() {
            var (s1, s2) = (0.0, 0.0)
            for place in 0..<count {
                let s0 = block[place] - mean + c * s1 - s2
                s2 = s1
                s1 = s0
            }
            let power = max(s1 * s1 + s2 * s2 - c * s1 * s2, 0)
            let amplitude = 2 * power.squareRoot() / Double(count)
            let part = variance > 0 ? amplitude * amplitude / 2 / variance : 0
            spectrum[index] = (amplitude, part)
            let raw = min(amplitude / criterion.threshold, part / share)
            if raw > best { (best, amplitudeOfBest, frequency) = (raw, amplitude, frequencies[index]) }
        }
        statistic = amplitudeOfBest
        return Score.settled(hit: best >= 1, raw: best)
    }

    /// Writes the state.
    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        block.save(&writer)
    }

    /// Takes over a state.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try block.restore(&reader)
        statistic = nil
    }
}
