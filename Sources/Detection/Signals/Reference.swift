/// The mean and standard deviation of normal samples: given, or learnt from the first of them.
struct Reference {
    private let needed: Int
    private let learnFor: Int64
    private let given: (mean: Double?, sigma: Double?)
    private(set) var mean: Double
    private(set) var sigma: Double
    /// Whether both are known.
    private(set) var isKnown: Bool
    private var first: Int64?
    private var count = 0
    private var anchor = 0.0
    private var sum = 0.0
    private var squares = 0.0

    /// - Parameters:
    ///   - needed: samples to learn from, when one of the two is not given.
    ///   - learnFor: learns at least so long.
    init(mean: Double?, sigma: Double?, needed: Int, learning: Learning) throws(DetectionError) {
        if let mean, !mean.isFinite || mean.magnitude > 1e100 { throw .outOfRange(setting: "mean", requirement: "a finite number") }
        if let sigma { try requirePositive("sigma", sigma) }
        try require("min_samples", needed, 2...Window.maximumSamples)
        try learning.check()
        given = (mean, sigma)
        self.mean = mean ?? 0
        self.sigma = sigma ?? 1
        self.needed = needed
        learnFor = learning.learnFor?.nanoseconds ?? 0
        isKnown = mean != nil && sigma != nil
    }

    /// Learns from a sample; `true` when the reference has become known by it.
    mutating func learn(_ x: Double, at now: Int64) -> Bool {
        let start = first ?? now
        first = start
        if count == 0 { anchor = x }
        count &+= 1
        let y = x - anchor
        let difference = y - sum
        sum += difference / Double(count)
        squares += difference * (y - sum)
        guard count >= needed, distance(from: start, to: now) >= UInt64(learnFor) else { return false }
        mean = given.mean ?? anchor + sum
        if given.sigma == nil {
            let found = (max(squares, 0) / Double(count - 1)).squareRoot()
            // A constant signal has no spread of its own: the smallest that its size can tell apart.
            sigma = max(found, max(mean.magnitude, 1) * 1e-12)
        }
        isKnown = true
        return true
    }

    mutating func restart() {
        guard given.mean == nil || given.sigma == nil else { return }
        isKnown = false
        first = nil
        count = 0
        sum = 0
        squares = 0
    }

    func save(_ writer: inout StateWriter) {
        for value in [mean, sigma, anchor, sum, squares] { writer.put(value) }
        writer.put(isKnown)
        writer.put(first)
        writer.put(count)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        mean = try reader.number()
        sigma = try reader.number()
        anchor = try reader.number()
        sum = try reader.number()
        squares = try reader.number()
        isKnown = try reader.flag()
        first = try reader.optionalInteger()
        count = try reader.int(in: 0...Int.max)
    }

    static let settings = [
        DetectorSetting(
            "mean", .quantity(power: 1, perSecond: false), about: "The mean of normal samples; without it the mean of the first 'min_samples'."),
        DetectorSetting(
            "sigma", .quantity(power: 1, perSecond: false), about: "Their standard deviation; without it that of the first 'min_samples'."),
        DetectorSetting("min_samples", .count(2...Window.maximumSamples), default: .count(100), about: "Samples to learn from what is not given."),
        DetectorSetting("learn_for", .duration, about: "Learns at least so long what is not given."),
    ]
}
