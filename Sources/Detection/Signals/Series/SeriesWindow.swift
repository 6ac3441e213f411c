/// The newest samples of a series, and how odd they are by four statistics in constant time a sample.
struct SeriesWindow: ~Copyable {
    /// Samples of a stretch.
    let length: Int
    /// Samples that were taken since the window was empty.
    private(set) var taken = 0
    private var samples: ValueRing
    private var errors: ValueRing
    /// Sums over the stretch of the samples, their squares, and the squares of the errors.
    private var sum = 0.0
    private var squares = 0.0
    private var errorSquares = 0.0
    /// The slow level that stretches are held against.
    private var level = Double.nan
    /// What an offset may move the level by: an odd stretch is not to be the new level at once.
    var reach = Double.infinity
    private var steps = 0

    init(length: Int) {
        self.length = length
        samples = ValueRing(capacity: max(length, SeriesShape.mostLags))
        errors = ValueRing(capacity: length)
    }

    mutating func removeAll() {
        samples.removeAll()
        errors.removeAll()
        (sum, squares, errorSquares, taken) = (0, 0, 0, 0)
    }

    /// Takes a sample: the error of the forecast, the errors of the stretch, the level of the stretch, its flatness, and a place for a fifth one.
    mutating func take(_ sample: Double, _ shape: SeriesShape) -> InlineArray<5, Double>? {
        let scale = shape.deviation > 0 ? shape.deviation : max(shape.mean.magnitude * 1e-6, 1e-9)
        let x = max(-1e6, min(1e6, (sample - shape.mean) / scale))
        var error = 0.0
        if taken >= max(shape.weights.count, 1) {
            // About the mean of the stretch, so that a trend is none of the errors.
            let centre = taken >= length ? sum / Double(length) : 0
            error = x - centre
            for (index, weight) in shape.weights.enumerated() { error -= weight * (samples[samples.count - 1 - index] - centre) }
        } else {
            error = 0
        }
        error /= shape.noise > 0 ? shape.noise / scale : 1
        let isWhole = taken >= length
        if isWhole {
            let oldest = samples[samples.count - length]
            sum -= oldest
            squares -= oldest * oldest
            errorSquares -= errors.oldest * errors.oldest
        }
        samples.push(x)
        errors.push(error)
        sum += x
        squares += x * x
        errorSquares += error * error
        taken += 1
        steps += 1
        if steps & 1023 == 0 || errorSquares < 0 { rebuild() }
        guard taken > max(length, shape.weights.count) else { return nil }
        let n = Double(length)
        let mean = sum / n
        let variance = max(squares / n - mean * mean, 0)
        if level.isNaN { level = mean }
        let offset = (mean - level).magnitude
        // Eight stretches: a level that moves more slowly is a trend.
        level += max(-reach, min(reach, mean - level)) / (8 * n)
        var result = InlineArray<5, Double>(repeating: .nan)
        result[0] = error.magnitude
        result[1] = (errorSquares / n).squareRoot()
        result[2] = offset
        result[3] = 1 / (variance + 1e-9).squareRoot()
        return result
    }

    /// Sums anew, so that no rounding piles up.
    private mutating func rebuild() {
        (sum, squares, errorSquares) = (0, 0, 0)
        for index in 0..<min(length, samples.count) {
            let x = samples[samples.count - 1 - index]
            sum += x
            squares += x * x
        }
        for index in 0..<errors.count { errorSquares += errors[index] * errors[index] }
    }

    func save(_ writer: inout StateWriter) {
        writer.put(taken)
        writer.put(steps)
        for number in [sum, squares, errorSquares, level, reach] { writer.put(number) }
        samples.save(&writer)
        errors.save(&writer)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        taken = try reader.int()
        steps = try reader.int()
        sum = try reader.number()
        squares = try reader.number()
        errorSquares = try reader.number()
        level = try reader.number()
        reach = try reader.number()
        try samples.restore(&reader)
        try errors.restore(&reader)
    }
}
