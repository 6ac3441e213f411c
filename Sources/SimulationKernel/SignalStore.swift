/// The values of all signals of a run: the latest published one and the one of the last committed instant.
///
/// A publication becomes readable as `committed` when the instant ends. Which signals were published is kept in a bitmap of three levels,
/// so that marking costs O(1) and the commit visits the signals in index order without sorting and without allocating.
public final class SignalStore {
    /// Number of signals.
    public let count: Int
    @usableFromInline let pending: UnsafeMutablePointer<Double>
    @usableFromInline let settled: UnsafeMutablePointer<Double>
    @usableFromInline let marks: UnsafeMutablePointer<SignalMarks>
    /// Whether some publications go through `tap` first.
    @usableFromInline let tapped: UnsafeMutablePointer<Bool>
    /// Sees each publication and says what is published in its place, `nil` for nothing.
    private var tap: ((_ signal: Int, _ value: Double) -> Double?)?

    /// Signals that all have the same value at first; nothing counts as published.
    public init(count: Int, initial: Double = 0) {
        self.count = max(0, count)
        pending = .allocate(capacity: self.count)
        pending.initialize(repeating: initial, count: self.count)
        settled = .allocate(capacity: self.count)
        settled.initialize(repeating: initial, count: self.count)
        tapped = .allocate(capacity: 1)
        tapped.initialize(to: false)
        marks = .allocate(capacity: 2)
        marks.initialize(to: SignalMarks(count: self.count))
        marks.advanced(by: 1).initialize(to: SignalMarks(count: self.count))
    }

    deinit {
        marks.deinitialize(count: 2)
        marks.deallocate()
        tapped.deallocate()
        pending.deallocate()
        settled.deallocate()
    }

    /// Publishes a value; a publication of the same value is still one.
    @inlinable
    @inline(__always)
    public func publish(_ signal: Int, _ value: Double) {
        precondition(signal >= 0 && signal < count, "no such signal")
        if tapped[0] { return publishTapped(signal, value) }
        pending[signal] = value
        marks[0].insert(signal)
    }

    /// Sends publications through a closure from now on; `nil` ends that.
    public func setTap(_ tap: ((_ signal: Int, _ value: Double) -> Double?)?) {
        self.tap = tap
        tapped[0] = tap != nil
    }

    @usableFromInline
    @inline(never)
    func publishTapped(_ signal: Int, _ value: Double) {
        guard let tap else { return publishPast(signal, value) }
        if let value = tap(signal, value) { publishPast(signal, value) }
    }

    /// Publishes a value past the tap.
    public func publishPast(_ signal: Int, _ value: Double) {
        precondition(signal >= 0 && signal < count, "no such signal")
        pending[signal] = value
        marks[0].insert(signal)
    }

    /// Sets both values of a signal without a publication: a start value.
    @inlinable
    public func preset(_ signal: Int, _ value: Double) {
        precondition(signal >= 0 && signal < count, "no such signal")
        pending[signal] = value
        settled[signal] = value
    }

    /// The value published last, committed or not.
    @inlinable
    @inline(__always)
    public func latest(_ signal: Int) -> Double {
        precondition(signal >= 0 && signal < count, "no such signal")
        return pending[signal]
    }

    /// The value at the end of the last committed instant.
    @inlinable
    @inline(__always)
    public func committed(_ signal: Int) -> Double {
        precondition(signal >= 0 && signal < count, "no such signal")
        return settled[signal]
    }

    /// The committed values of all signals by index, for readers such as formulas; valid as long as the store lives.
    public var committedValues: UnsafePointer<Double> { UnsafePointer(settled) }

    /// Whether something was published since the last commit.
    @inlinable
    public var hasPublications: Bool { marks[0].isMarked }

    /// Makes every published value the committed one, then visits the published signals in index order.
    ///
    /// All values are committed before the first visit. What a visitor publishes belongs to the next commit.
    @inlinable
    @inline(__always)
    public func commit(_ visit: (_ signal: Int, _ value: Double) -> Void) {
        guard marks[0].isMarked else { return }
        swap(&marks[0], &marks[1])
        let pending = pending
        let settled = settled
        marks[1].forEach { settled[$0] = pending[$0] }
        marks[1].drain { visit($0, settled[$0]) }
    }
}

/// A set of small integers as a bitmap of three levels; a bit of a higher level says that a word of the lower is not zero.
@usableFromInline
struct SignalMarks: ~Copyable {
    @usableFromInline let low: UnsafeMutablePointer<UInt64>
    @usableFromInline let middle: UnsafeMutablePointer<UInt64>
    @usableFromInline let high: UnsafeMutablePointer<UInt64>
    @usableFromInline let highCount: Int
    @usableFromInline var isMarked: Bool

    init(count: Int) {
        let lowCount = (count + 63) / 64
        let middleCount = (lowCount + 63) / 64
        highCount = (middleCount + 63) / 64
        low = .allocate(capacity: lowCount)
        low.initialize(repeating: 0, count: lowCount)
        middle = .allocate(capacity: middleCount)
        middle.initialize(repeating: 0, count: middleCount)
        high = .allocate(capacity: highCount)
        high.initialize(repeating: 0, count: highCount)
        isMarked = false
    }

    @inlinable
    deinit {
        low.deallocate()
        middle.deallocate()
        high.deallocate()
    }

    @inlinable
    @inline(__always)
    mutating func insert(_ member: Int) {
        let word = member &>> 6
        let old = low[word]
        low[word] = old | 1 &<< UInt64(member & 63)
        if old == 0 {
            middle[word &>> 6] |= 1 &<< UInt64(word & 63)
            high[word &>> 12] |= 1 &<< UInt64(word &>> 6 & 63)
            isMarked = true
        }
    }

    /// Visits the members in ascending order.
    @inlinable
    @inline(__always)
    func forEach(_ visit: (Int) -> Void) {
        for top in 0..<highCount {
            var highBits = high[top]
            while highBits != 0 {
                let middleIndex = top &<< 6 &+ highBits.trailingZeroBitCount
                highBits &= highBits &- 1
                var middleBits = middle[middleIndex]
                while middleBits != 0 {
                    let lowIndex = middleIndex &<< 6 &+ middleBits.trailingZeroBitCount
                    middleBits &= middleBits &- 1
                    var lowBits = low[lowIndex]
                    while lowBits != 0 {
                        visit(lowIndex &<< 6 &+ lowBits.trailingZeroBitCount)
                        lowBits &= lowBits &- 1
                    }
                }
            }
        }
    }

    /// Visits the members in ascending order and leaves the set empty.
    @inlinable
    @inline(__always)
    mutating func drain(_ visit: (Int) -> Void) {
        for top in 0..<highCount {
            var highBits = high[top]
            high[top] = 0
            while highBits != 0 {
                let middleIndex = top &<< 6 &+ highBits.trailingZeroBitCount
                highBits &= highBits &- 1
                var middleBits = middle[middleIndex]
                middle[middleIndex] = 0
                while middleBits != 0 {
                    let lowIndex = middleIndex &<< 6 &+ middleBits.trailingZeroBitCount
                    middleBits &= middleBits &- 1
                    var lowBits = low[lowIndex]
                    low[lowIndex] = 0
                    while lowBits != 0 {
                        visit(lowIndex &<< 6 &+ lowBits.trailingZeroBitCount)
                        lowBits &= lowBits &- 1
                    }
                }
            }
        }
        isMarked = false
    }
}
