public import Quantities
import SimulationKernel

/// Several signals together lie where they seldom lie: `half-space-trees`.
public final class HalfSpaceTreesDetector: SignalsDetecting {
    private var row: SignalRow
    private let forest: HalfSpaceForest
    private let point: UnsafeMutablePointer<Float>
    private let features: Int
    private let hasLimits: Bool
    private let learnsLimits: Int
    private var lows: [Double]
    private var highs: [Double]
    private var seen = 0
    private let above: Double?
    private var tail: TailThreshold
    private var gate: LearningGate

    /// A detector that has seen nothing.
    ///
    /// - Parameters:
    ///   - limits: the least and the greatest usual value of each signal; without them those of the first window, widened by half on each side.
    ///   - above: the score of the forest, between 0 and 1, that is anomalous; without it the tail of the scores decides.
    ///   - risk: the wanted probability of a false alarm a sample, for the tail.
    ///   - calibration: scores that the tail is learnt from first.
    public init(
        features: Int, shape: HalfSpaceForestShape, limits: [(low: Double, high: Double)]? = nil, above: Double? = nil, risk: Double = 1e-4,
        calibration: Int = 1000, learning: Learning = Learning()
    ) throws(DetectionError) {
        if let limits {
            guard limits.count == features else { throw .badEntry(path: ["limits"], problem: "needs a pair of limits for each of the \(features) signals") }
            for pair in limits where !(pair.low.isFinite && pair.high.isFinite && pair.low < pair.high) {
                throw .badEntry(path: ["limits"], problem: "needs pairs of a lower and a greater limit")
            }
        }
        guard above.map({ $0 > 0 && $0 < 1 }) ?? true else { throw .outOfRange(setting: "above", requirement: "between 0 and 1") }
        forest = try HalfSpaceForest(shape, features: features)
        self.features = features
        row = SignalRow(count: features)
        point = .allocate(capacity: features)
        point.initialize(repeating: 0, count: features)
        hasLimits = limits != nil
        learnsLimits = shape.window
        lows = limits?.map(\.low) ?? [Double](repeating: .infinity, count: features)
        highs = limits?.map(\.high) ?? [Double](repeating: -.infinity, count: features)
        self.above = above
        tail = TailThreshold(risk: risk, needed: calibration)
        gate = LearningGate(learning)
    }

    deinit { point.deallocate() }

    /// Input that could not be used.
    public var health: DetectorHealth { row.clock.health.with(gate) }

    /// Takes a value; there is a score when it completes a row and the forest and the threshold are learnt.
    public func update(at instant: Instant, input: Int, value: Double) -> Double? {
        guard row.take(at: instant, input: input, value: value) else { return nil }
        if !hasLimits, seen < learnsLimits {
            learnLimits()
            return nil
        }
        for index in 0..<features { point[index] = Float((row.values[index] - lows[index]) / (highs[index] - lows[index])) }
        let judges = gate.judges(at: instant)
        if gate.isOpen { return judge(forest.update(point), learns: true) }
        let raw = forest.score(point)
        let score = judge(raw, learns: !judges)
        let learns = gate.learns(score: judges ? score : nil, at: instant)
        if learns { _ = forest.update(point) }
        return judges ? score : nil
    }

    private func learnLimits() {
        for index in 0..<features where !row.values[index].isNaN {
            lows[index] = min(lows[index], row.values[index])
            highs[index] = max(highs[index], row.values[index])
        }
        seen += 1
        guard seen == learnsLimits else { return }
        for index in 0..<features {
            if lows[index] > highs[index] { (lows[index], highs[index]) = (0, 0) }
            let range = max(highs[index] - lows[index], max(lows[index].magnitude, 1) * 1e-6)
            lows[index] -= range / 2
            highs[index] += range / 2
        }
    }

    /// How surprising a score of the forest is: the negative logarithm of its distance to 1.
    private static func surprise(_ raw: Double) -> Double { -Portable.log(max(1 - raw, 1e-12)) }

    private func judge(_ raw: Double?, learns: Bool) -> Double? {
        guard let raw else { return nil }
        let surprise = HalfSpaceTreesDetector.surprise(raw)
        if let above { return Score.settled(hit: raw > above, raw: surprise / HalfSpaceTreesDetector.surprise(above)) }
        guard let threshold = tail.value else {
            tail.learn(surprise)
            return nil
        }
        let score = Score.settled(hit: surprise > threshold, raw: surprise / max(threshold, 1e-12))
        if score < 1 || learns { tail.learn(surprise) }
        return score
    }

    public func save(_ writer: inout StateWriter) {
        row.save(&writer)
        forest.save(&writer)
        for index in 0..<features {
            writer.put(lows[index])
            writer.put(highs[index])
        }
        writer.put(seen)
        tail.save(&writer)
        gate.save(&writer)
    }

    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        try row.restore(&reader)
        try forest.restore(&reader)
        for index in 0..<features {
            lows[index] = try reader.number()
            highs[index] = try reader.number()
        }
        seen = try reader.int()
        try tail.restore(&reader)
        try gate.restore(&reader)
    }
}
