import Quantities

/// How long things took, in buckets whose width grows with the value: any quantile is right within 0.4 %, count, least, greatest and sum are exact.
///
/// Up to 255 ns each nanosecond has a bucket, beyond that each power of two has 128 (the scheme of HdrHistogram). Adding costs O(1) and no
/// memory once the buckets are there; they take 41 kB and come with the first value.
final class LatencyHistogram {
    private static let bits: UInt64 = 7
    /// Values from here on share the last bucket: 39 hours.
    private static let limit: UInt64 = (1 << 47) - 1
    private static let size = bucket(limit) + 1

    private var buckets: UnsafeMutablePointer<UInt64>?
    /// Number of values.
    private(set) var count: UInt64 = 0
    private(set) var least = Duration.zero
    private(set) var greatest = Duration.zero
    private var total: UInt64 = 0

    init() {}

    deinit { buckets?.deallocate() }

    /// The bucket of a number of nanoseconds.
    @inline(__always)
    private static func bucket(_ value: UInt64) -> Int {
        if value < 1 << (bits + 1) { return Int(value) }
        let shift = 63 - UInt64(value.leadingZeroBitCount) - bits
        return Int(shift << bits + value >> shift)
    }

    /// The values of a bucket: the least one, and the first of the next bucket.
    private static func bounds(_ bucket: Int) -> (from: Int64, to: Int64) {
        guard bucket >= 1 << (bits + 1) else { return (Int64(bucket), Int64(bucket) + 1) }
        let shift = UInt64(bucket) >> bits - 1
        let from = Int64((UInt64(bucket) & (1 << bits - 1) + 1 << bits) << shift)
        return (from, from + 1 << Int64(shift))
    }

    /// Adds a time; negative ones count as zero.
    func add(_ time: Duration) {
        let buckets = buckets ?? make()
        let value = UInt64(max(time.nanoseconds, 0))
        buckets[Self.bucket(min(value, Self.limit))] += 1
        least = count == 0 ? time : min(least, time)
        greatest = max(greatest, time)
        count += 1
        total &+= value
    }

    /// Adds all values of another one.
    func add(_ other: LatencyHistogram) {
        guard let values = other.buckets, other.count > 0 else { return }
        let buckets = buckets ?? make()
        for index in 0..<Self.size { buckets[index] += values[index] }
        least = count == 0 ? other.least : min(least, other.least)
        greatest = max(greatest, other.greatest)
        count += other.count
        total &+= other.total
    }

    private func make() -> UnsafeMutablePointer<UInt64> {
        let made = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.size)
        made.initialize(repeating: 0, count: Self.size)
        buckets = made
        return made
    }

    /// The mean in seconds; `nil` without values.
    var mean: Double? { count == 0 ? nil : Double(total) / Double(count) / 1e9 }

    /// The value that a share of all values do not exceed (the nearest rank); `nil` without values.
    func quantile(_ share: Double) -> Duration? {
        guard let buckets, count > 0 else { return nil }
        let rank = min(max(UInt64((share * Double(count)).rounded(.up)), 1), count)
        if rank == count { return greatest }
        var seen: UInt64 = 0
        for index in 0..<Self.size where buckets[index] > 0 {
            seen += buckets[index]
            if seen >= rank {
                let (from, to) = Self.bounds(index)
                return min(max(Duration(nanoseconds: from + (to - from) / 2), least), greatest)
            }
        }
        return greatest
    }

    /// The values in bins for a picture: at most eight for each power of two, and one for zero.
    var bins: [(from: Duration, to: Duration, count: UInt64)] {
        guard let buckets else { return [] }
        var bins: [(from: Duration, to: Duration, count: UInt64)] = []
        var index = 0
        while index < Self.size {
            let width = index == 0 ? 1 : index < 16 ? 1 : index < 1 << (Self.bits + 1) ? Self.coarse(index) : 16
            let end = min(index + width, Self.size)
            let sum = (index..<end).reduce(UInt64(0)) { $0 + buckets[$1] }
            if sum > 0 {
                bins.append((Duration(nanoseconds: Self.bounds(index).from), Duration(nanoseconds: Self.bounds(end - 1).to), sum))
            }
            index = end
        }
        return bins
    }

    /// Nanoseconds in a bin that begins at a small number of them.
    private static func coarse(_ value: Int) -> Int { 1 << max(0, 60 - value.leadingZeroBitCount) }
}
