/// The newest values, in the order of arrival and sorted: medians and quantiles of a moving window.
///
/// A sample replaces the oldest by moving only what lies between their two places.
struct SortedWindow: ~Copyable {
    private var ring: ValueRing
    private let sorted: NumberBuffer

    /// An empty window for so many values.
    init(capacity: Int) {
        ring = ValueRing(capacity: capacity)
        sorted = NumberBuffer(count: capacity)
    }

    var count: Int { ring.count }
    /// The value of a rank, from 0.
    subscript(rank: Int) -> Double { sorted[rank] }

    /// How many values are less than a value.
    @inline(__always)
    private func rank(of value: Double, in count: Int) -> Int {
        var base = 0
        var length = count
        while length > 1 {
            let half = length >> 1
            base = sorted.base[base &+ half &- 1] < value ? base &+ half : base
            length &-= half
        }
        return length == 1 && sorted.base[base] < value ? base &+ 1 : base
    }

    /// Adds the newest value; a full window loses its oldest.
    mutating func push(_ value: Double) {
        let base = sorted.base
        let kept = ring.count
        if ring.isFull {
            // Within the window also when a damaged state has brought the two orders apart.
            let from = min(rank(of: ring.oldest, in: kept), kept &- 1)
            var to = rank(of: value, in: kept)
            if to > from {
                to &-= 1
                (base + from).update(from: base + from + 1, count: to &- from)
            } else {
                (base + to + 1).update(from: base + to, count: from &- to)
            }
            base[to] = value
        } else {
            let to = rank(of: value, in: kept)
            (base + to + 1).update(from: base + to, count: kept &- to)
            base[to] = value
        }
        ring.push(value)
    }

    mutating func removeAll() { ring.removeAll() }

    /// The median; the mean of the two middle values when their number is even. There must be one value.
    var median: Double { middle { self[$0] } }

    private func middle(_ at: (Int) -> Double) -> Double {
        let half = count >> 1
        return count & 1 == 1 ? at(half) : (at(half &- 1) + at(half)) / 2
    }

    /// The quantile by linear interpolation at rank q (n - 1).
    func quantile(_ q: Double) -> Double {
        let rank = q * Double(count - 1)
        let low = min(Int(rank), count - 1)
        let high = min(low + 1, count - 1)
        return sorted[low] + (rank - Double(low)) * (sorted[high] - sorted[low])
    }

    /// The median of the distances from a value.
    ///
    /// The distances of the values below it and of those above it are two sorted lists, so the value of a rank is found by bisection.
    func medianDistance(from centre: Double) -> Double {
        let split = rank(of: centre, in: count)
        let half = count >> 1
        if count & 1 == 1 { return distance(rank: half, from: centre, split: split) }
        return (distance(rank: half &- 1, from: centre, split: split) + distance(rank: half, from: centre, split: split)) / 2
    }

    /// The distance of a rank (from 0) among the distances; `split` values lie below the centre.
    private func distance(rank: Int, from centre: Double, split: Int) -> Double {
        let base = sorted.base
        let (below, above) = (split, count &- split)
        // Of the rank + 1 least distances, `taken` come from below: the least number for which the next above is not smaller than it should be.
        var (low, high) = (max(0, rank &+ 1 &- above), min(below, rank &+ 1))
        while low < high {
            let taken = (low &+ high) >> 1
            // Distance of the next from below against the last taken from above.
            let nextBelow = centre - base[split &- 1 &- taken]
            let lastAbove = base[split &+ (rank &- taken)] - centre
            if nextBelow < lastAbove { low = taken &+ 1 } else { high = taken }
        }
        let fromBelow = low > 0 ? centre - base[split &- low] : -1
        let fromAbove = rank &+ 1 &- low > 0 ? base[split &+ (rank &- low)] - centre : -1
        return max(fromBelow, fromAbove)
    }

    func save(_ writer: inout StateWriter) {
        ring.save(&writer)
        sorted.save(&writer, count: count)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        try ring.restore(&reader)
        try sorted.restore(&reader, count: count)
    }
}
