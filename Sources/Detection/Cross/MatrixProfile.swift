public import Quantities

/// A shape that was not there before: `matrix-profile`. The distance of the newest `length` samples to the most similar earlier stretch.
///
/// The left matrix profile (Y. Lu and others, "Matrix profile XXIV: scaling time series anomaly detection to trillions of datapoints", KDD 2022,
/// doi:10.1145/3534678.3539271): z-normalised Euclidean distances by running dot products, one pass over the lookback a sample. The distance of the best
/// match is computed anew from its samples, so that no rounding piles up.
public struct MatrixProfile: DetectorState, ~Copyable {
    private let length: Int
    private let lookback: Int
    private let exclusion: Int
    private let criterion: Criterion?
    private var tail: TailThreshold
    private var clock = SampleClock()
    /// The newest samples, less the anchor, twice as many as are looked at, so that they move seldom.
    private let samples: UnsafeMutablePointer<Double>
    /// The same as they came, so that equal samples stay equal under every anchor.
    private let raw: UnsafeMutablePointer<Double>
    private let capacity: Int
    private var count = 0
    /// Of the stretch that begins at each sample: its mean, the reciprocal of its standard deviation times the root of its length (0 when it is flat),
    /// and its dot product with the newest.
    private let means: UnsafeMutablePointer<Double>
    private let scales: UnsafeMutablePointer<Double>
    private let products: UnsafeMutablePointer<Double>
    private var anchor = 0.0
    private var sinceRebuild = 0
    /// Distances before the tail is learnt.
    private var seen = 0
    /// How many of the newest samples are equal.
    private var run = 0

    /// The distance of the newest stretch to the most similar one before it; `nil` while there is none.
    public private(set) var statistic: Double?

    /// - Parameters:
    ///   - length: samples of a stretch, at least 4.
    ///   - lookback: samples that are remembered, at least twice the length.
    ///   - exclusion: how near a stretch may begin; the default is a quarter of the length, rounded up.
    ///   - above: the distance that is anomalous; without it the tail of the distances decides.
    ///   - risk: the wanted probability of a false alarm a sample, for the tail.
    ///   - calibration: distances that the tail is learnt from first.
    public init(
        length: Int, lookback: Int, exclusion: Int? = nil, above: Double? = nil, risk: Double = 1e-4, calibration: Int = 500
    ) throws(DetectionError) {
        guard (4...10_000).contains(length) else { throw .outOfRange(setting: "samples", requirement: "between 4 and 10000") }
        guard lookback >= 2 * length, lookback <= 1 << 20 else {
            throw .outOfRange(setting: "lookback", requirement: "between twice 'samples' and \(1 << 20)")
        }
        guard exclusion ?? 1 >= 0, exclusion ?? 0 <= length else { throw .outOfRange(setting: "exclusion", requirement: "between 0 and 'samples'") }
        if let above { criterion = try Criterion(above) } else { criterion = nil }
        self.length = length
        self.lookback = lookback
        self.exclusion = exclusion ?? (length + 3) / 4
        tail = TailThreshold(risk: risk, needed: calibration)
        capacity = 2 * lookback
        samples = .allocate(capacity: capacity)
        raw = .allocate(capacity: capacity)
        means = .allocate(capacity: capacity)
        scales = .allocate(capacity: capacity)
        products = .allocate(capacity: capacity)
        for block in [samples, raw, means, scales, products] { block.initialize(repeating: 0, count: capacity) }
    }

    deinit {
        samples.deallocate()
        raw.deallocate()
        means.deallocate()
        scales.deallocate()
        products.deallocate()
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }

    /// Forgets the samples; what was learnt about distances stays.
    public mutating func restart() {
        count = 0
        run = 0
        seen = 0
        sinceRebuild = 0
        statistic = nil
    }

    /// The score at which an alert clears for a distance; `nil` when it is no such distance.
    public func clearScore(level: Double) -> Double? { criterion?.clearScore(level: level) }

    /// Takes one sample and gives its score; see `DetectorState`.
    public mutating func update(at instant: Instant, value: Double) -> Double? {
        guard clock.admits(instant, value) else { return nil }
        let sample = max(-1e50, min(1e50, value))
        if count == 0 { anchor = sample }
        if count == capacity { makeRoom() }
        let y = sample - anchor
        run = count > 0 && samples[count - 1] == y ? run + 1 : 1
        samples[count] = y
        raw[count] = sample
        count += 1
        guard count >= length else { return nil }
        guard let distance = advance() else { return nil }
        statistic = distance
        if let criterion { return criterion.score(distance) }
        // As long as little was seen everything is new, which says nothing about the usual distances.
        if seen < min(lookback, 10 * length) {
            seen += 1
            return nil
        }
        guard let threshold = tail.value else {
            tail.learn(distance)
            return nil
        }
        let score = Score.settled(hit: distance > threshold, raw: distance / max(threshold, 1e-12))
        if score < 1 { tail.learn(distance) }
        return score
    }

    /// The oldest half leaves; the rest gets an anchor of its own size.
    private mutating func makeRoom() {
        let kept = lookback
        let dropped = count - kept
        var sum = 0.0
        for index in 0..<kept { sum += samples[dropped + index] }
        anchor += sum / Double(kept)
        for index in 0..<kept {
            raw[index] = raw[dropped + index]
            samples[index] = raw[index] - anchor
        }
        count = kept
        for start in 0...(kept - length) { measure(start, isFlat: nil) }
        rebuild()
    }

    /// Mean and deviation of the stretch at a start.
    private mutating func measure(_ start: Int, isFlat known: Bool?) {
        let x = samples + start
        var sum = 0.0
        for index in 0..<length { sum += x[index] }
        let mean = sum / Double(length)
        var squares = 0.0
        for index in 0..<length { squares += (x[index] - mean) * (x[index] - mean) }
        var isFlat = known ?? true
        if known == nil { for index in 1..<length where x[index] != x[0] { isFlat = false } }
        means[start] = mean
        scales[start] = isFlat || squares <= 0 ? 0 : 1 / squares.squareRoot()
    }

    /// All dot products anew with the newest stretch.
    private mutating func rebuild() {
        sinceRebuild = 0
        let newest = samples + (count - length)
        for start in 0...(count - length) {
            let x = samples + start
            var product = 0.0
            for index in 0..<length { product += x[index] * newest[index] }
            products[start] = product
        }
    }

    /// Takes the newest stretch in; gives its distance to the most similar one.
    private mutating func advance() -> Double? {
        let newest = count - length
        measure(newest, isFlat: run >= length)
        let oldest = max(0, count - lookback)
        sinceRebuild += 1
        if newest == 0 || sinceRebuild >= 4096 {
            rebuild()
        } else {
            let (leaving, coming) = (samples[newest - 1], samples[count - 1])
            let (x, ahead) = (samples, samples + (length - 1))
            var start = newest
            while start > 0 {
                products[start] = products[start - 1] - x[start - 1] * leaving + ahead[start] * coming
                start -= 1
            }
            var product = 0.0
            for index in 0..<length { product += x[index] * x[newest + index] }
            products[0] = product
        }
        let end = newest - exclusion
        guard end > oldest else { return nil }
        return nearest(newest, oldest, end)
    }

    /// The distance of a stretch to the nearest of those that begin in a range.
    private func nearest(_ newest: Int, _ oldest: Int, _ end: Int) -> Double {
        let n = Double(length)
        guard scales[newest] > 0 else {
            for start in oldest..<end where scales[start] == 0 { return 0 }
            return n.squareRoot()
        }
        let mean = means[newest] * n
        // The flat ones have a scale of 0, which is a correlation of 0: a distance of √(2n) instead of √n, put right below.
        var best = -Double.infinity
        var bestStart = oldest
        var hasFlat = false
        for start in oldest..<end {
            let correlation = (products[start] - mean * means[start]) * scales[start]
            if scales[start] == 0 { hasFlat = true }
            if correlation > best {
                best = correlation
                bestStart = start
            }
        }
        var distance = self.distance(bestStart, newest)
        if hasFlat { distance = min(distance, n.squareRoot()) }
        return distance
    }

    private func distance(_ a: Int, _ b: Int) -> Double {
        guard scales[a] > 0 else { return Double(length).squareRoot() }
        let (x, y) = (samples + a, samples + b)
        var sum = 0.0
        for index in 0..<length {
            let difference = (x[index] - means[a]) * scales[a] - (y[index] - means[b]) * scales[b]
            sum += difference * difference
        }
        return (sum * Double(length)).squareRoot()
    }

    /// Writes the state.
    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        writer.put(anchor)
        writer.put(sinceRebuild)
        writer.put(run)
        writer.put(seen)
        writer.put(statistic ?? .nan)
        writer.put(count)
        for index in 0..<count {
            writer.put(raw[index])
            writer.put(samples[index])
            writer.put(means[index])
            writer.put(scales[index])
            writer.put(products[index])
        }
        tail.save(&writer)
    }

    /// Takes over a state.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        anchor = try reader.number()
        sinceRebuild = try reader.int()
        run = try reader.int()
        seen = try reader.int()
        let number = try reader.number()
        statistic = number.isNaN ? nil : number
        count = try reader.int(in: 0...capacity)
        for index in 0..<count {
            raw[index] = try reader.number()
            samples[index] = try reader.number()
            means[index] = try reader.number()
            scales[index] = try reader.number()
            products[index] = try reader.number()
        }
        try tail.restore(&reader)
    }
}
