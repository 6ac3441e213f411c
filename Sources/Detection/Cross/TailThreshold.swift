import SimulationKernel

/// A threshold for a score whose scale is not known: the value that is exceeded with a wanted probability, out of the tail seen so far.
///
/// Peaks over threshold (A. Siffer and others, "Anomaly detection in streams with extreme value theory", KDD 2017, doi:10.1145/3097983.3098144); the
/// parameters of the generalised Pareto tail come from mean and variance of the excesses (J. R. M. Hosking and J. R. Wallis, Technometrics 29 (1987)
/// 339-349), so that a step costs constant time.
struct TailThreshold {
    private let risk: Double
    private let needed: Int
    private static let level = 0.98
    private var first: [Double] = []
    private var base = 0.0
    private var count = 0
    private var peaks = 0
    private var mean = 0.0
    private var squares = 0.0
    private var greatest = -Double.infinity
    /// The threshold; `nil` until it is known.
    private(set) var value: Double?

    /// - Parameters:
    ///   - risk: the probability with which a normal score exceeds the threshold.
    ///   - needed: scores to learn from before there is a threshold, at least 50.
    init(risk: Double, needed: Int) {
        self.risk = risk
        self.needed = max(needed, 50)
        first.reserveCapacity(self.needed)
    }

    /// Learns a normal score.
    mutating func learn(_ score: Double) {
        guard score.isFinite else { return }
        count += 1
        guard value != nil else {
            first.append(score)
            if first.count >= needed { calibrate() }
            return
        }
        guard score > base else { return }
        takePeak(score - base)
        fit()
    }

    private mutating func calibrate() {
        let sorted = first.sorted()
        base = sorted[min(sorted.count - 1, Int(Self.level * Double(sorted.count)))]
        greatest = sorted[sorted.count - 1]
        for score in sorted where score > base { takePeak(score - base) }
        first.removeAll()
        fit()
    }

    private mutating func takePeak(_ excess: Double) {
        peaks += 1
        greatest = max(greatest, base + excess)
        let difference = excess - mean
        mean += difference / Double(peaks)
        squares += difference * (excess - mean)
    }

    private mutating func fit() {
        guard peaks >= 2, mean > 0 else {
            // A tail without peaks: only what was never seen is above it.
            value = greatest
            return
        }
        let variance = max(squares / Double(peaks), mean * mean * 1e-6)
        let ratio = mean * mean / variance
        let shape = max(-0.5, min(0.4, 0.5 * (1 - ratio)))
        let scale = mean * (1 - shape)
        let tail = min(risk * Double(count) / Double(peaks), 1)
        let reach = shape.magnitude < 1e-6 ? -scale * Portable.log(tail) : scale / shape * (Portable.exp(-shape * Portable.log(tail)) - 1)
        value = base + reach
    }

    func save(_ writer: inout StateWriter) {
        writer.put(first.count)
        for score in first { writer.put(score) }
        for number in [base, mean, squares, greatest, value ?? .nan] { writer.put(number) }
        writer.put(count)
        writer.put(peaks)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        first.removeAll(keepingCapacity: true)
        for _ in 0..<(try reader.count()) { first.append(try reader.number()) }
        base = try reader.number()
        mean = try reader.number()
        squares = try reader.number()
        greatest = try reader.number()
        let threshold = try reader.number()
        value = threshold.isNaN ? nil : threshold
        count = try reader.int()
        peaks = try reader.int()
    }
}
