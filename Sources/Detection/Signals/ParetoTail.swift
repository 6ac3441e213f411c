import SimulationKernel

/// A generalised Pareto tail fitted to the peaks over a level: peaks over threshold, as in SPOT (Siffer et al., KDD 2017, 1067-1075).
///
/// The fit maximises the profile likelihood of Grimshaw (Technometrics 35 (1993) 185-191) over tau = gamma / sigma.
struct ParetoTail: ~Copyable {
    /// Peaks that are kept; beyond it the oldest go.
    private static let greatestKept = 512
    /// Up to this number of peaks each of them brings a new fit, afterwards every eighth.
    private static let eachFits = 128

    private let level: Double
    private let initial: NumberBuffer
    private var peaks: ValueRing
    private(set) var gathered = 0
    private(set) var peakCount = 0
    private(set) var count = 0
    private(set) var start = 0.0
    private(set) var gamma = 0.0
    private(set) var sigma = 0.0
    /// The value that is exceeded with the risk, on the scale of the statistic.
    private(set) var threshold = Double.infinity

    /// A tail that learns from so many values first, and starts at the quantile `level` of them.
    init(initial samples: Int, level: Double) throws(DetectionError) {
        guard level > 0, level < 1 else { throw .outOfRange(setting: "level", requirement: "between 0 and 1") }
        try require("init", samples, 50...100_000)
        guard Double(samples) * (1 - level) >= 10 else { throw .outOfRange(setting: "init", requirement: "large enough for ten peaks over 'level'") }
        self.level = level
        initial = NumberBuffer(count: samples)
        peaks = ValueRing(capacity: ParetoTail.greatestKept)
    }

    /// Whether the first values have been gathered.
    var isReady: Bool { gathered == initial.count }

    mutating func removeAll() {
        gathered = 0
        peakCount = 0
        count = 0
        peaks.removeAll()
        threshold = .infinity
    }

    /// Takes one of the first values; with the last of them the tail is fitted.
    mutating func gather(_ v: Double, risk: Double) {
        guard !isReady else { return }
        initial[gathered] = v
        gathered += 1
        guard isReady else { return }
        let values = UnsafeMutableBufferPointer(start: initial.base, count: initial.count)
        // The order of arrival no longer matters for what follows but for the peaks, which keep it.
        let sorted = values.sorted()
        start = sorted[min(Int(level * Double(initial.count)), initial.count - 1)]
        count = initial.count
        for value in values where value > start { addPeak(value - start) }
        fit(risk: risk)
    }

    /// Learns a value that is not anomalous.
    @inline(__always)
    mutating func learn(_ v: Double, risk: Double) {
        count &+= 1
        if v > start { learnPeak(v, risk: risk) }
    }

    private mutating func learnPeak(_ v: Double, risk: Double) {
        addPeak(v - start)
        if peakCount <= ParetoTail.eachFits || peakCount % 8 == 0 { fit(risk: risk) }
    }

    private mutating func addPeak(_ y: Double) {
        peaks.push(y)
        peakCount &+= 1
    }

    /// Fits the law to the peaks and computes the threshold.
    private mutating func fit(risk: Double) {
        let number = peaks.count
        guard number > 0 else {
            // Nothing exceeds the level: a constant, or one repeated greatest value.
            (gamma, sigma, threshold) = (0, 0, start)
            return
        }
        var (sum, least, greatest) = (0.0, Double.infinity, 0.0)
        for index in 0..<number {
            let y = peaks[index]
            sum += y
            least = min(least, y)
            greatest = max(greatest, y)
        }
        let mean = sum / Double(number)
        var (bestTau, best) = (0.0, likelihood(0, mean: mean))
        func consider(_ tau: Double) {
            let value = likelihood(tau, mean: mean)
            if value > best { (bestTau, best) = (tau, value) }
        }
        // A grid on both sides of 0: even steps towards -1 / max, even ratios upwards.
        let bound = 1 / greatest
        let steps = 32
        let upper = min(max(2 * (mean - least) / max(least * least, 1e-300), 1 / mean), 1e3 / mean)
        let growth = Portable.exp(Portable.log(upper / (0.01 / mean)) / Double(steps - 1))
        let first = min(0.01 / mean, upper)
        for step in 1..<steps { consider(-bound * Double(step) / Double(steps)) }
        var tau = first
        for _ in 0..<steps {
            consider(tau)
            tau *= growth
        }
        var low: Double
        var high: Double
        if bestTau < 0 {
            (low, high) = (max(bestTau - bound / Double(steps), -bound * 0x1.ffffffffp-1), bestTau + bound / Double(steps))
        } else if bestTau == 0 {
            (low, high) = (-bound / Double(steps), first)
        } else {
            (low, high) = (bestTau == first ? 0 : bestTau / growth, bestTau * growth)
        }
        tau = maximum(low, high, mean: mean)
        if likelihood(tau, mean: mean) > best { bestTau = tau }
        gamma = bestTau == 0 ? 0 : meanLog(bestTau)
        sigma = bestTau == 0 ? mean : gamma / bestTau
        update(risk: risk)
    }

    /// The place of the greatest likelihood in an interval, by golden section.
    private func maximum(_ from: Double, _ to: Double, mean: Double) -> Double {
        let share = 0x1.3c6ef372fe95p-1
        var (low, high) = (from, to)
        var (a, b) = (high - share * (high - low), low + share * (high - low))
        var (atA, atB) = (likelihood(a, mean: mean), likelihood(b, mean: mean))
        for _ in 0..<36 {
            if atA > atB {
                (high, b, atB) = (b, a, atA)
                a = high - share * (high - low)
                atA = likelihood(a, mean: mean)
            } else {
                (low, a, atA) = (a, b, atB)
                b = low + share * (high - low)
                atB = likelihood(b, mean: mean)
            }
        }
        return (low + high) / 2
    }

    /// The mean of log(1 + tau y) over the peaks.
    private func meanLog(_ tau: Double) -> Double {
        // Logarithms of products: four factors share one, they are bounded well within the range of doubles.
        var sum = 0.0
        let number = peaks.count
        var index = 0
        while index < number {
            var product = 1 + tau * peaks[index]
            var taken = 1
            while taken < 4, index + taken < number {
                product *= 1 + tau * peaks[index + taken]
                taken += 1
            }
            // A factor below the smallest normal number can only come with a shape that is refused.
            sum += TailProbability.log(max(product, 1e-300))
            index += taken
        }
        return sum / Double(number)
    }

    /// The profile likelihood a peak; minus infinity where gamma would be below -0.5.
    private func likelihood(_ tau: Double, mean: Double) -> Double {
        if tau.magnitude * mean < 1e-9 { return -Portable.log(mean) - 1 }
        let g = meanLog(tau)
        guard g >= -0.5, g / tau > 0 else { return -.infinity }
        return -Portable.log(g / tau) - 1 - g
    }

    /// The threshold for a risk.
    private mutating func update(risk: Double) {
        let r = Portable.log(risk * Double(count) / Double(max(peakCount, 1)))
        let excess = gamma.magnitude < 1e-9 ? -sigma * r : sigma / gamma * (Portable.exp(-gamma * r) - 1)
        threshold = start + max(excess, 0)
        if !threshold.isFinite { threshold = .greatestFiniteMagnitude }
    }

    /// The score of a value: 1 + its excess over the threshold / the distance of the threshold from the start of the tail.
    @inline(__always)
    func score(_ v: Double) -> Double { Score.settled(hit: v > threshold, raw: 1 + ratio(v - threshold, to: threshold - start)) }

    func save(_ writer: inout StateWriter) {
        writer.put(gathered)
        if !isReady { initial.save(&writer, count: gathered) }
        writer.put(peakCount)
        writer.put(count)
        for value in [start, gamma, sigma, threshold] { writer.put(value) }
        peaks.save(&writer)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        gathered = try reader.int(in: 0...initial.count)
        if !isReady { try initial.restore(&reader, count: gathered) }
        peakCount = try reader.int(in: 0...Int.max)
        count = try reader.int(in: 0...Int.max)
        start = try reader.number()
        gamma = try reader.number()
        sigma = try reader.number()
        threshold = try reader.number()
        try peaks.restore(&reader)
    }
}
