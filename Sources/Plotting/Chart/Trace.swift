/// The visible samples of a series: what of them is worth drawing, and what they amount to.
struct Trace {
    /// Runs of samples without a gap, thinned to four a column of pixels where there are more.
    var runs: [[Sample]] = []
    /// The least and greatest visible value; infinite the wrong way around when there is none.
    var minimum = Double.infinity
    var maximum = -Double.infinity
    /// The sum and number of the visible values.
    var sum = 0.0
    var count = 0
    /// The last visible value.
    var last: Double?

    /// The integral over the visible time, and the length of it, of values that are kept from sample to sample.
    var integral = 0.0
    var length = 0.0

    /// The mean of the visible values; over time when they are kept.
    var mean: Double { count == 0 ? .nan : length > 0 ? integral / length : sum / Double(count) }

    /// Samples between two times; the first of them belongs to the range only when `includesStart` says so.
    ///
    /// One sample on either side is drawn too, so that lines run to the border; it does not count. A column keeps its first, least,
    /// greatest and last sample, in order. O(samples in the range).
    init(_ samples: [Sample], from start: Double, to end: Double, includesStart: Bool, columns: Int, carries: Bool, isKept: Bool = false) {
        samples.withUnsafeBufferPointer { samples in
            let first = Self.lowerBound(samples) { includesStart ? $0 < start : $0 <= start }
            let stop = Self.lowerBound(samples) { $0 <= end }
            gather(samples, first, stop)
            if isKept { integrate(samples, max(0, first - 1), stop, start, end) }
            let drawFirst = carries ? max(0, first - 1) : first, drawStop = carries ? min(samples.count, stop + 1) : stop
            guard drawFirst < drawStop else { return }
            if drawStop - drawFirst <= 3 * columns {
                keepAll(samples, drawFirst, drawStop)
            } else {
                thin(samples, drawFirst, drawStop, start, Double(columns) / (end - start))
            }
        }
    }

    /// The number of samples at the front whose time satisfies a condition that later ones do not.
    private static func lowerBound(_ samples: UnsafeBufferPointer<Sample>, _ below: (Double) -> Bool) -> Int {
        var low = 0, high = samples.count
        while low < high {
            let middle = low + (high - low) / 2
            if below(samples[middle].time) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func gather(_ samples: UnsafeBufferPointer<Sample>, _ first: Int, _ stop: Int) {
        var low = Double.infinity, high = -Double.infinity, total = 0.0, number = 0
        var index = first
        while index < stop {
            let value = samples[index].value
            if value.isFinite {
                if value < low { low = value }
                if value > high { high = value }
                total += value
                number += 1
            }
            index += 1
        }
        (minimum, maximum, sum, count) = (low, high, total, number)
        index = stop - 1
        while index >= first, !samples[index].value.isFinite { index -= 1 }
        if index >= first { last = samples[index].value }
    }

    /// Each value counts as long as it was kept within the visible time.
    private mutating func integrate(_ samples: UnsafeBufferPointer<Sample>, _ first: Int, _ stop: Int, _ start: Double, _ end: Double) {
        var index = first
        while index < stop {
            let from = max(samples[index].time, start), until = index + 1 < samples.count ? min(samples[index + 1].time, end) : end
            if samples[index].value.isFinite, until > from {
                integral += samples[index].value * (until - from)
                length += until - from
            }
            index += 1
        }
    }

    private mutating func keepAll(_ samples: UnsafeBufferPointer<Sample>, _ first: Int, _ stop: Int) {
        var run: [Sample] = []
        for index in first..<stop {
            if samples[index].value.isFinite {
                run.append(samples[index])
            } else if !run.isEmpty {
                runs.append(run)
                run = []
            }
        }
        if !run.isEmpty { runs.append(run) }
    }

    private mutating func thin(_ samples: UnsafeBufferPointer<Sample>, _ first: Int, _ stop: Int, _ start: Double, _ density: Double) {
        var run: [Sample] = []
        var opened = -1, least = 0, greatest = 0, latest = 0, column = 0.0
        func flush() {
            guard opened >= 0 else { return }
            run.append(samples[opened])
            let (early, late) = least < greatest ? (least, greatest) : (greatest, least)
            if early != opened { run.append(samples[early]) }
            if late != early && late != opened { run.append(samples[late]) }
            if latest != late && latest != opened { run.append(samples[latest]) }
            opened = -1
        }
        var index = first
        while index < stop {
            let value = samples[index].value
            if value.isFinite {
                let place = ((samples[index].time - start) * density).rounded(.down)
                if opened < 0 || place != column {
                    flush()
                    (opened, least, greatest, column) = (index, index, index, place)
                } else if value < samples[least].value {
                    least = index
                } else if value > samples[greatest].value {
                    greatest = index
                }
                latest = index
            } else if opened >= 0 {
                flush()
                // Gaps within a column are too narrow to see; a new run for each would cost more than it shows.
                if runs.count < 20_000 {
                    runs.append(run)
                    run = []
                }
            }
            index += 1
        }
        flush()
        if !run.isEmpty { runs.append(run) }
    }
}
