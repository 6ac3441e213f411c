public import Quantities
import SimulationKernel

/// The shape of a signal during an alarm: means of equal pieces of time, normalised, with level, spread and length.
public struct AlarmPattern: Equatable, Sendable {
    /// The means of the pieces, less their mean, over their standard deviation.
    public var shape: [Double]
    /// Mean and standard deviation of the pieces, in the unit of the signal.
    public var mean: Double
    public var scale: Double
    /// Length in seconds.
    public var duration: Double

    /// The pattern of a signal whose values hold from their instants, between two instants; `nil` when it has no value there or no length.
    ///
    /// Piecewise aggregate approximation: E. Keogh and others, Knowledge and Information Systems 3 (2001) 263-286.
    public init?(times: [Instant], values: [Double], from: Instant, to: Instant, segments: Int = 16) {
        guard to > from, segments >= 1, !times.isEmpty, times.count == values.count else { return nil }
        let start = from.nanoseconds
        let length = Double(to.nanoseconds) - Double(start)
        var sums = [Double](repeating: 0, count: segments)
        var weights = [Double](repeating: 0, count: segments)
        for index in times.indices where values[index].isFinite {
            let begin = max(0, (Double(times[index].nanoseconds) - Double(start)) / length)
            let end = index + 1 < times.count ? min(1, (Double(times[index + 1].nanoseconds) - Double(start)) / length) : 1
            guard end > begin else { continue }
            let count = Double(segments)
            var piece = min(segments - 1, Int(begin * count))
            while piece < segments, Double(piece) / count < end {
                let width = min(end, Double(piece + 1) / count) - max(begin, Double(piece) / count)
                if width > 0 {
                    sums[piece] += max(-1e100, min(1e100, values[index])) * width
                    weights[piece] += width
                }
                piece += 1
            }
        }
        guard let first = weights.firstIndex(where: { $0 > 0 }) else { return nil }
        var means = [Double](repeating: 0, count: segments)
        var last = sums[first] / weights[first]
        for piece in 0..<segments {
            if weights[piece] > 0 { last = sums[piece] / weights[piece] }
            means[piece] = last
        }
        mean = means.reduce(0, +) / Double(segments)
        let mean = mean
        let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(segments)
        scale = variance.squareRoot()
        let scale = scale
        shape = means.map { scale > 0 ? ($0 - mean) / scale : 0 }
        duration = length * 1e-9
    }

    /// How unlike two patterns are: the root mean square difference of the shapes, and a quarter of the logarithms of the ratios of spread and length.
    public func distance(to other: AlarmPattern) -> Double {
        guard shape.count == other.shape.count, !shape.isEmpty else { return .infinity }
        var sum = 0.0
        for (a, b) in zip(shape, other.shape) { sum += (a - b) * (a - b) }
        return (sum / Double(shape.count)).squareRoot() + 0.25 * AlarmPattern.logRatio(scale, other.scale)
            + 0.25 * AlarmPattern.logRatio(duration, other.duration)
    }

    private static func logRatio(_ a: Double, _ b: Double) -> Double {
        let (x, y) = (max(a, 1e-9), max(b, 1e-9))
        return Portable.log(x / y).magnitude
    }
}

/// The patterns of past alarms: says whether one was seen before.
///
/// Fixed in size: when it is full the pattern that was seen longest ago goes.
public struct PatternMemory: Sendable {
    /// A remembered pattern.
    public struct Entry: Equatable, Sendable {
        /// Its number, from 1; numbers are never used again.
        public var number: Int
        /// The mean of all patterns that were counted here.
        public var pattern: AlarmPattern
        /// How often it was seen.
        public var count: Int
        /// When it was seen last.
        public var last: Instant
        /// Whether a person has said that it is harmless.
        public var isBenign: Bool
        var order: Int
    }

    /// What was found about a new pattern.
    public struct Match: Equatable, Sendable {
        /// The number of the pattern.
        public var number: Int
        /// How often it was seen, this time included; 1 for a new one.
        public var count: Int
        /// When it was seen before; `nil` for a new one.
        public var before: Instant?
        /// The distance to what was remembered; 0 for a new one.
        public var distance: Double
        /// Whether it is known to be harmless.
        public var isBenign: Bool

        /// One sentence for a person.
        public var text: String {
            guard let before else { return "new pattern \(number)" }
            return "seen before: pattern \(number), \(count) times, last at \(before.nanoseconds / 1_000_000_000) s\(isBenign ? ", harmless" : "")"
        }
    }

    private let maximumDistance: Double
    private let capacity: Int
    private var nextNumber = 1
    private var order = 0
    /// The patterns in the order in which they were first seen.
    public private(set) var entries: [Entry] = []

    /// An empty memory.
    public init(maximumDistance: Double = 0.35, capacity: Int = 1024) throws(DetectionError) {
        guard maximumDistance >= 0, maximumDistance.isFinite else { throw .outOfRange(setting: "max_distance", requirement: "not negative") }
        guard (1...1_000_000).contains(capacity) else { throw .outOfRange(setting: "capacity", requirement: "between 1 and 1000000") }
        self.maximumDistance = maximumDistance
        self.capacity = capacity
    }

    /// Takes in a pattern: counts it with the most similar one, or remembers it as a new one. O(patterns).
    public mutating func note(_ pattern: AlarmPattern, at instant: Instant) -> Match {
        order += 1
        var best: (index: Int, distance: Double)?
        for (index, entry) in entries.enumerated() {
            let distance = entry.pattern.distance(to: pattern)
            if distance <= maximumDistance, distance < best?.distance ?? .infinity { best = (index, distance) }
        }
        if let best {
            var entry = entries[best.index]
            let before = entry.last
            entry.count += 1
            let weight = 1 / Double(entry.count)
            for index in entry.pattern.shape.indices { entry.pattern.shape[index] += (pattern.shape[index] - entry.pattern.shape[index]) * weight }
            entry.pattern.mean += (pattern.mean - entry.pattern.mean) * weight
            entry.pattern.scale += (pattern.scale - entry.pattern.scale) * weight
            entry.pattern.duration += (pattern.duration - entry.pattern.duration) * weight
            entry.last = instant
            entry.order = order
            entries[best.index] = entry
            return Match(number: entry.number, count: entry.count, before: before, distance: best.distance, isBenign: entry.isBenign)
        }
        if entries.count >= capacity, let oldest = entries.indices.min(by: { entries[$0].order < entries[$1].order }) { entries.remove(at: oldest) }
        entries.append(Entry(number: nextNumber, pattern: pattern, count: 1, last: instant, isBenign: false, order: order))
        nextNumber += 1
        return Match(number: nextNumber - 1, count: 1, before: nil, distance: 0, isBenign: false)
    }

    /// Marks a pattern as harmless or not; false when there is none with the number.
    public mutating func mark(_ number: Int, benign: Bool) -> Bool {
        guard let index = entries.firstIndex(where: { $0.number == number }) else { return false }
        entries[index].isBenign = benign
        return true
    }

    /// Writes all patterns.
    public func save(_ writer: inout StateWriter) {
        writer.put(nextNumber)
        writer.put(order)
        writer.put(entries.count)
        for entry in entries {
            for number in [entry.number, entry.count, entry.order] { writer.put(number) }
            writer.put(entry.last.nanoseconds)
            writer.put(entry.isBenign)
            for number in [entry.pattern.mean, entry.pattern.scale, entry.pattern.duration] { writer.put(number) }
            writer.put(entry.pattern.shape.count)
            for number in entry.pattern.shape { writer.put(number) }
        }
    }

    /// Takes over patterns; those beyond the capacity are an error.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        nextNumber = try reader.int()
        order = try reader.int()
        let count = try reader.count(itemBytes: 72)
        guard count <= capacity else { throw .badState("it has more than \(capacity) patterns") }
        entries.removeAll()
        for _ in 0..<count {
            let (number, seen, order) = (try reader.int(), try reader.int(), try reader.int())
            let last = Instant(nanoseconds: try reader.integer())
            let isBenign = try reader.flag()
            var pattern = AlarmPattern()
            pattern.mean = try reader.number()
            pattern.scale = try reader.number()
            pattern.duration = try reader.number()
            for _ in 0..<(try reader.count()) { pattern.shape.append(try reader.number()) }
            entries.append(Entry(number: number, pattern: pattern, count: seen, last: last, isBenign: isBenign, order: order))
        }
    }
}

extension AlarmPattern {
    fileprivate init() {
        shape = []
        mean = 0
        scale = 0
        duration = 0
    }
}
