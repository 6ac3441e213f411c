import Quantities

/// The extent of a moving window: a length of time or a number of samples.
public enum Window: Equatable, Sendable {
    /// Samples of the half-open interval (t - length, t]: a sample exactly `length` old is out.
    case duration(Duration)
    /// The newest samples, by number; values that are not finite do not count.
    case samples(Int)

    /// The greatest number of samples that any window keeps (16 MiB); beyond it the oldest go and `DetectorHealth.overflow` counts them.
    public static let maximumSamples = 1 << 20

    /// The width on the axis of positions (nanoseconds or sample numbers); throws when it is empty or too large.
    func width(setting: String = "window") throws(DetectionError) -> UInt64 {
        switch self {
        case .duration(let length):
            guard length > .zero else { throw .outOfRange(setting: setting, requirement: "longer than 0 s") }
            return UInt64(length.nanoseconds)
        case .samples(let count):
            guard count > 0, count <= Window.maximumSamples else {
                throw .outOfRange(setting: setting, requirement: "between 1 and \(Window.maximumSamples) samples")
            }
            return UInt64(count)
        }
    }

    /// Whether positions are sample numbers.
    var countsSamples: Bool {
        if case .samples = self { return true }
        return false
    }
}

/// One sample of a window; the position is its instant in nanoseconds or its number.
struct WindowSample {
    var position: Int64
    var value: Double
}

/// A double-ended queue of samples in a ring that grows by doubling up to a bound.
struct SampleRing: ~Copyable {
    private var base: UnsafeMutablePointer<WindowSample>
    private var mask: Int
    private var head = 0
    private var tail = 0
    private let limit: Int

    /// An empty ring; the bound is rounded up to a power of two.
    init(limit: Int = Window.maximumSamples) {
        var bound = 2
        while bound < limit { bound *= 2 }
        self.limit = bound
        let capacity = min(64, bound)
        base = .allocate(capacity: capacity)
        mask = capacity - 1
    }

    deinit { base.deallocate() }

    var count: Int { tail &- head }
    var isEmpty: Bool { head == tail }
    /// The oldest sample; the ring must not be empty.
    var first: WindowSample { base[head & mask] }
    /// The newest sample; the ring must not be empty.
    var last: WindowSample { base[(tail &- 1) & mask] }
    /// The sample at an index from the oldest; it must lie within `0..<count`.
    subscript(index: Int) -> WindowSample { base[(head &+ index) & mask] }

    /// Whether the next append needs the oldest sample to go first.
    var isAtLimit: Bool { count == limit }

    /// Appends a sample; the ring must not be at its limit.
    @inline(__always)
    mutating func append(_ sample: WindowSample) {
        if count > mask { grow() }
        base[tail & mask] = sample
        tail &+= 1
    }

    @inline(__always)
    mutating func removeFirst() { head &+= 1 }
    @inline(__always)
    mutating func removeLast() { tail &-= 1 }

    /// Where the samples lie: the index of the oldest and of the place behind the newest, both to be masked.
    var cursor: (base: UnsafeMutablePointer<WindowSample>, mask: Int, head: Int, tail: Int) { (base, mask, head, tail) }

    /// So many samples have been written behind the newest, and as many of the oldest are gone.
    @inline(__always)
    mutating func turned(by count: Int) {
        head &+= count
        tail &+= count
    }

    mutating func removeAll() {
        head = 0
        tail = 0
    }

    func save(_ writer: inout StateWriter) {
        writer.put(count)
        for index in 0..<count {
            writer.put(self[index].position)
            writer.put(self[index].value)
        }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        removeAll()
        let kept = try reader.count(itemBytes: 16)
        guard kept <= limit else { throw .badState("a window in it is too long") }
        for _ in 0..<kept { append(WindowSample(position: try reader.integer(), value: try reader.number())) }
    }

    @inline(never)
    private mutating func grow() {
        let capacity = (mask + 1) * 2
        let larger = UnsafeMutablePointer<WindowSample>.allocate(capacity: capacity)
        let kept = count
        for index in 0..<kept { (larger + index).initialize(to: self[index]) }
        base.deallocate()
        base = larger
        mask = capacity - 1
        head = 0
        tail = kept
    }
}
