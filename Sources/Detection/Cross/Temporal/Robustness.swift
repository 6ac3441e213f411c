/// A robustness with its truth value as one whole number: greater is more satisfied, not negative is true, `~` is not.
///
/// The bits of a double in the order of their values, with -0 (violated by nothing) below +0 (satisfied by nothing): so the truth value that equality
/// decides is kept through minima, maxima and negations, which are one instruction each.
struct Robustness: Equatable {
    var key: Int64

    static let satisfied = Robustness(.infinity)
    static let violated = Robustness(-.infinity)
    /// Before the first and behind the last instant of a trace.
    static let absent = Robustness(key: .min)

    @inline(__always)
    init(key: Int64) { self.key = key }

    /// The key of a number that is not NaN.
    @inline(__always)
    init(_ value: Double) {
        let bits = Int64(bitPattern: value.bitPattern)
        key = bits ^ ((bits >> 63) & .max)
    }

    /// The number; its sign, also that of 0, is the truth value.
    @inline(__always)
    var value: Double { Double(bitPattern: UInt64(bitPattern: key ^ ((key >> 63) & .max))) }

    @inline(__always)
    var isPresent: Bool { key != .min }

    /// The robustness of a number compared with 0.
    @inline(__always)
    init(_ number: Double, _ comparison: TemporalComparison, reciprocalScale: Double) {
        let x = number * reciprocalScale
        switch comparison {
        case .atMost: self.init(0 - x)
        case .less: self.init(x == 0 ? -0.0 : -x)
        case .atLeast: self.init(x + 0)
        case .greater: self.init(x == 0 ? -0.0 : x)
        case .equal: self.init(x == 0 ? 0.0 : -x.magnitude)
        case .notEqual: self.init(x == 0 ? -0.0 : x.magnitude)
        }
    }
}

/// A piece of a step signal in a queue.
struct TemporalPiece {
    var key: Int64
    /// When it begins, or, in the queue of a window, when it ends.
    var time: Int64
}

/// A double-ended queue of pieces that doubles up to a bound; beyond it the oldest piece goes.
struct TemporalRing: ~Copyable {
    static let bound = 1 << 20
    private var base: UnsafeMutablePointer<TemporalPiece>
    private var mask: Int
    private var head = 0
    private var tail = 0
    /// Pieces lost to the bound.
    private(set) var lost = 0

    init() {
        base = .allocate(capacity: 8)
        mask = 7
    }

    deinit { base.deallocate() }

    var count: Int { tail &- head }
    var isEmpty: Bool { head == tail }
    var first: TemporalPiece { base[head & mask] }
    subscript(index: Int) -> TemporalPiece { base[(head &+ index) & mask] }

    /// The newest piece; the queue must not be empty.
    @inline(__always)
    var last: TemporalPiece {
        get { base[(tail &- 1) & mask] }
        set { base[(tail &- 1) & mask] = newValue }
    }

    @inline(__always)
    mutating func append(_ piece: TemporalPiece) {
        if count > mask { grow() }
        base[tail & mask] = piece
        tail &+= 1
    }

    @inline(__always)
    mutating func removeFirst() { head &+= 1 }
    @inline(__always)
    mutating func removeLast() { tail &-= 1 }

    mutating func removeAll() {
        head = 0
        tail = 0
    }

    @inline(never)
    private mutating func grow() {
        if mask + 1 >= Self.bound {
            head &+= 1
            lost += 1
            return
        }
        let larger = UnsafeMutablePointer<TemporalPiece>.allocate(capacity: (mask + 1) * 2)
        let kept = count
        for index in 0..<kept { (larger + index).initialize(to: self[index]) }
        base.deallocate()
        base = larger
        mask = mask * 2 + 1
        head = 0
        tail = kept
    }

    func save(_ writer: inout StateWriter) {
        writer.put(count)
        for index in 0..<count {
            writer.put(self[index].key)
            writer.put(self[index].time)
        }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        removeAll()
        for _ in 0..<(try reader.count(itemBytes: 16)) { append(TemporalPiece(key: try reader.integer(), time: try reader.integer())) }
    }
}
