/// The samples of the signals that are drawn: (seconds, value) in raw memory that grows by doubling.
///
/// Above `limit` samples every second pair is merged into its least and greatest value, so memory stays bounded on long runs while
/// a picture, which never has that many columns, keeps its envelope.
final class SampleTrace {
    static let limit = 1 << 21
    private(set) var count = 0
    private(set) var times: UnsafeMutablePointer<Double>
    private(set) var values: UnsafeMutablePointer<Double>
    private var capacity = 256
    /// Samples that are merged into one stored pair; 1 while everything is kept.
    private var stride = 1
    private var pendingCount = 0
    private var low = (time: 0.0, value: 0.0)
    private var high = (time: 0.0, value: 0.0)

    init() {
        times = .allocate(capacity: capacity)
        values = .allocate(capacity: capacity)
    }

    deinit {
        times.deallocate()
        values.deallocate()
    }

    func append(_ time: Double, _ value: Double) {
        if stride == 1 { return store(time, value) }
        if pendingCount == 0 || value < low.value { low = (time, value) }
        if pendingCount == 0 || value > high.value { high = (time, value) }
        pendingCount += 1
        if pendingCount >= stride { flush() }
    }

    /// Stores the pair that is being gathered.
    func flush() {
        guard pendingCount > 0 else { return }
        pendingCount = 0
        if low.time == high.time { return store(low.time, low.value) }
        let (first, second) = low.time < high.time ? (low, high) : (high, low)
        store(first.time, first.value)
        store(second.time, second.value)
    }

    private func store(_ time: Double, _ value: Double) {
        if count == capacity { capacity < Self.limit ? grow() : thin() }
        times[count] = time
        values[count] = value
        count += 1
    }

    private func grow() {
        let newTimes = UnsafeMutablePointer<Double>.allocate(capacity: capacity * 2)
        let newValues = UnsafeMutablePointer<Double>.allocate(capacity: capacity * 2)
        newTimes.update(from: times, count: count)
        newValues.update(from: values, count: count)
        times.deallocate()
        values.deallocate()
        times = newTimes
        values = newValues
        capacity *= 2
    }

    /// Halves what is stored: of four neighbours the least and the greatest stay, in the order of time.
    private func thin() {
        var kept = 0
        var index = 0
        while index + 4 <= count {
            var least = index
            var greatest = index
            for other in index + 1..<index + 4 {
                if values[other] < values[least] { least = other }
                if values[other] > values[greatest] { greatest = other }
            }
            for place in least <= greatest ? [least, greatest] : [greatest, least] {
                times[kept] = times[place]
                values[kept] = values[place]
                kept += 1
            }
            index += 4
        }
        while index < count {
            times[kept] = times[index]
            values[kept] = values[index]
            kept += 1
            index += 1
        }
        count = kept
        stride *= 2
    }
}
