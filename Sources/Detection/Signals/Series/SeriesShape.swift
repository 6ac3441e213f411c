/// What a series is like, out of its first samples: level, spread, season, and how each sample follows from those before it.
struct SeriesShape {
    /// The longest season that is looked for, in samples.
    static let longestSeason = 300
    /// The most samples before it that a sample is foretold from.
    static let mostLags = 32

    private(set) var mean = 0.0
    private(set) var deviation = 0.0
    /// Samples of a season; 0 for none.
    private(set) var season = 0
    /// Weights of the sample before, the one before that, …
    private(set) var weights: [Double] = []
    /// Standard deviation of what cannot be foretold.
    private(set) var noise = 0.0

    init() {}

    /// Looks at samples; O(n · 300).
    init(_ samples: [Double]) {
        let n = samples.count
        guard n > 1 else { return }
        mean = samples.reduce(0, +) / Double(n)
        let centred = samples.map { $0 - mean }
        deviation = (centred.reduce(0) { $0 + $1 * $1 } / Double(n)).squareRoot()
        guard deviation > 0 else { return }
        let most = min(SeriesShape.longestSeason, n / 3)
        let lags = (0...max(most, 1)).map { SeriesShape.correlation(centred, lag: $0) }
        season = SeriesShape.season(lags)
        follow(lags, samples: n, scale: deviation * deviation * Double(n))
    }

    /// The sum of products with the samples `lag` before.
    private static func correlation(_ x: [Double], lag: Int) -> Double {
        var sum = 0.0
        for index in lag..<max(x.count, lag) { sum += x[index] * x[index - lag] }
        return sum
    }

    /// The first lag of at least 3 that is a peak nearly as high as the highest one.
    private static func season(_ lags: [Double]) -> Int {
        guard lags.count > 5, lags[0] > 0 else { return 0 }
        let peaks = (3..<lags.count - 1).filter { lags[$0] >= lags[$0 - 1] && lags[$0] > lags[$0 + 1] && lags[$0] > 0.2 * lags[0] }
        guard let greatest = peaks.map({ lags[$0] }).max() else { return 0 }
        return peaks.first { lags[$0] >= 0.85 * greatest } ?? 0
    }

    /// Levinson's recursion: the weights that foretell a sample best (N. Levinson, J. Math. Phys. 25 (1946) 261-278).
    private mutating func follow(_ lags: [Double], samples: Int, scale: Double) {
        let order = min(SeriesShape.mostLags, samples / 10, lags.count - 1)
        // A little white noise keeps smooth series from weights that would amplify rounding.
        var error = lags[0] * (1 + 1e-6)
        var found: [Double] = []
        for step in 0..<max(order, 0) {
            var sum = lags[step + 1]
            for (index, weight) in found.enumerated() { sum -= weight * lags[step - index] }
            let reflection = sum / error
            guard reflection.isFinite, reflection.magnitude < 1 else { break }
            found = found.indices.map { found[$0] - reflection * found[step - 1 - $0] } + [reflection]
            error *= 1 - reflection * reflection
        }
        weights = found
        noise = (max(error, lags[0] * 1e-9) / Double(max(samples - 2 * order, 1))).squareRoot()
    }

    func save(_ writer: inout StateWriter) {
        for number in [mean, deviation, noise] { writer.put(number) }
        writer.put(season)
        writer.put(weights.count)
        for weight in weights { writer.put(weight) }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        mean = try reader.number()
        deviation = try reader.number()
        noise = try reader.number()
        season = try reader.int(in: 0...SeriesShape.longestSeason)
        weights = []
        for _ in 0..<(try reader.int(in: 0...SeriesShape.mostLags)) { weights.append(try reader.number()) }
    }
}
