import Quantities

/// The newest values of several signals, and whether all have come since the last look.
///
/// A detector that needs its inputs together judges a row when the last of them has come: signals of one tick make one row, and of signals of
/// different periods the slowest sets the pace.
struct SignalRow {
    private(set) var values: [Double]
    private var hasCome: [Bool]
    private var missing: Int
    var clock = SampleClock()

    init(count: Int) {
        values = [Double](repeating: .nan, count: count)
        hasCome = [Bool](repeating: false, count: count)
        missing = count
    }

    /// Takes a value; true when it completes the row. A value that is no finite number counts as having come and is kept as NaN.
    mutating func take(at instant: Instant, input: Int, value: Double) -> Bool {
        guard values.indices.contains(input), clock.admits(instant) else { return false }
        if value.isFinite {
            values[input] = value
        } else {
            clock.health.invalid += 1
            values[input] = .nan
        }
        if !hasCome[input] {
            hasCome[input] = true
            missing -= 1
        }
        guard missing == 0 else { return false }
        missing = values.count
        for index in hasCome.indices { hasCome[index] = false }
        return true
    }

    /// Whether every value of the row is a number.
    var isWhole: Bool {
        for value in values where value.isNaN { return false }
        return true
    }

    mutating func restart() {
        missing = values.count
        for index in hasCome.indices { hasCome[index] = false }
    }

    func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        for value in values { writer.put(value) }
        for flag in hasCome { writer.put(flag) }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        for index in values.indices { values[index] = try reader.number() }
        for index in hasCome.indices { hasCome[index] = try reader.flag() }
        missing = hasCome.count { !$0 }
    }
}
