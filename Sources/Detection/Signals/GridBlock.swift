import Quantities

/// The newest values of a signal on a regular grid of times: what a spectrum or a correlation is computed from.
///
/// A point of the grid has the newest value at or before it. A gap longer than the block empties it.
struct GridBlock: ~Copyable {
    private let period: Int64
    private let hop: Int
    private var ring: ValueRing
    private var start: Int64?
    /// Points since `start`.
    private var points: Int64 = 0
    private var held = 0.0
    private var untilHop = 0

    /// A block of so many points; it is due every `hop` points.
    init(length: Int, every period: Duration, hop: Int) {
        self.period = period.nanoseconds
        self.hop = hop
        ring = ValueRing(capacity: length)
    }

    var length: Int { ring.capacity }
    /// The value at an index from the oldest.
    subscript(index: Int) -> Double { ring[index] }

    /// Takes a sample; `true` when the block is full and due.
    mutating func add(_ value: Double, at now: Int64) -> Bool {
        var isDue = false
        if let start {
            let age = distance(from: start, to: now) / UInt64(period)
            guard age < UInt64(Int64.max), Int64(age) - points < Int64(ring.capacity) else {
                removeAll()
                return add(value, at: now)
            }
            // Points strictly before the sample have the value before it.
            let isOn = distance(from: start, to: now) % UInt64(period) == 0
            while points < Int64(age) || points == Int64(age) && !isOn { isDue = push(held) || isDue }
            held = value
            if isOn, points == Int64(age) { isDue = push(value) || isDue }
            return isDue
        }
        start = now
        points = 0
        held = value
        return push(value)
    }

    private mutating func push(_ value: Double) -> Bool {
        ring.push(value)
        points += 1
        guard ring.isFull else { return false }
        untilHop -= 1
        guard untilHop <= 0 else { return false }
        untilHop = hop
        return true
    }

    mutating func removeAll() {
        ring.removeAll()
        start = nil
        points = 0
        untilHop = 0
    }

    /// The mean and the sum of squared deviations.
    var moments: (mean: Double, squares: Double) {
        var sum = 0.0
        for index in 0..<length { sum += ring[index] - ring[0] }
        let mean = ring[0] + sum / Double(length)
        var squares = 0.0
        for index in 0..<length {
            let y = ring[index] - mean
            squares += y * y
        }
        return (mean, squares)
    }

    func save(_ writer: inout StateWriter) {
        ring.save(&writer)
        writer.put(start)
        writer.put(points)
        writer.put(held)
        writer.put(untilHop)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try ring.restore(&reader)
        start = try reader.optionalInteger()
        points = try reader.integer()
        guard points >= 0 else { throw .badState("a number in it is out of range") }
        held = try reader.number()
        untilHop = try reader.int()
    }

    static func check(length: Int, every period: Duration) throws(DetectionError) {
        guard period > .zero else { throw .outOfRange(setting: "every", requirement: "longer than 0 s") }
        guard length >= 8, length <= 1 << 16 else { throw .outOfRange(setting: "block", requirement: "between 8 and 65536 times 'every'") }
    }
}
