import Quantities

/// Something that happened on a bus with exact bit times.
public struct WireOutcome: Equatable, Sendable {
    public enum Kind: UInt8, Sendable {
        /// A frame is complete: its last bit of end of frame is over.
        case completed
        /// A frame, or the idle bus, was disturbed: an error was noticed.
        case failed
        /// A station's error state changed.
        case stateChanged
        /// A station takes part again after bus-off.
        case restarted
        /// A frame left its queue without being delivered: disturbed in one-shot mode, lost with a muted station, or the very frame that another
        /// station sent at the same time.
        case dropped
    }

    /// What happened.
    public var kind: Kind
    /// Which rule was broken; means something of ``Kind/failed`` only.
    public var error: WireErrorKind = .bit
    /// Where in the frame the error showed.
    public var location: BitLocation = .unspecified
    /// The level that the sender sent there.
    public var level: UInt8 = 1
    /// The station's error state now.
    public var state: CANErrorState = .active
    /// Whether receivers took the frame for another one than was sent, as neither CRC nor stuffing showed the flipped bits.
    public var isChanged = false
    /// The bit of the frame at which the error showed, SOF = 0; -1 when no frame was being sent.
    public var position: Int32 = -1
    /// What was handed in with the frame.
    public var tag: Int32 = -1
    /// The station that sent, or whose state changed; -1 when nobody was sending.
    public var station: Int32
    /// The frame, as receivers take it.
    public var frame: CANFrame
    /// When it happened.
    public var instant: Instant
    /// When its SOF began.
    public var start: Instant = .zero
    /// From the frame's arrival in its queue to `instant`.
    public var response: Duration = .zero
    /// The station's counters now.
    public var counters = ErrorCounters()
}

/// What a bus counted for one identifier.
public struct WireStream: Equatable, Sendable {
    /// Identifier and flags as in SocketCAN.
    public let rawIdentifier: UInt32
    /// Complete frames.
    public var frames: UInt64 = 0
    /// Times that a frame was disturbed.
    public var errors: UInt64 = 0
    /// Longest time from arrival in a queue to the end of the frame, in nanoseconds.
    public var worst: Int64 = 0
    /// Sum of these times, for the mean.
    public var sum: Double = 0

    /// Mean time from arrival in a queue to the end of the frame, in seconds; 0 without frames.
    public var mean: Double { frames == 0 ? 0 : sum / Double(frames) / 1e9 }
}

/// Totals of a bus.
public struct WireTotals: Equatable, Sendable {
    /// Complete frames.
    public var frames: UInt64 = 0
    /// Data bytes in them.
    public var bytes: UInt64 = 0
    /// Bits of complete frames, with intermission.
    public var bits: UInt64 = 0
    /// Errors by kind, in the order of ``WireErrorKind``.
    public var errors = SIMD8<UInt64>()
    /// Bits that were inverted on the way to the receivers.
    public var flips: UInt64 = 0
    /// Frames that receivers took for other ones.
    public var undetected: UInt64 = 0
    /// Frames refused because a queue was full.
    public var overflows: UInt64 = 0
    /// Frames of muted stations.
    public var muted: UInt64 = 0
    /// Frames given up in one-shot mode.
    public var dropped: UInt64 = 0
    /// Times that a station went bus-off.
    public var busOffs: UInt64 = 0
    /// Frames that an attack destroyed.
    public var hits: UInt64 = 0

    /// All errors.
    public var errorCount: UInt64 { errors.wrappedSum() }
    /// Errors of a kind.
    public func errors(of kind: WireErrorKind) -> UInt64 { errors[Int(kind.rawValue)] }
}

/// Finds the counters of an identifier: a table for base frames, a hash table for others.
struct WireStreams: ~Copyable {
    /// Slots of the hash table, a power of two, and the most identifiers that are counted apart.
    private static let slotCount = 16_384
    private static let limit = 8_192

    private(set) var items: UnsafeMutablePointer<WireStream>
    private(set) var count = 0
    private var capacity = 64
    private let short: UnsafeMutablePointer<Int32>
    private var long: UnsafeMutablePointer<Int32>?
    /// Whether identifiers were counted under the first one met after the table was full.
    private(set) var isFull = false

    init() {
        items = .allocate(capacity: 64)
        short = .allocate(capacity: 2048)
        short.initialize(repeating: -1, count: 2048)
    }

    deinit {
        items.deallocate()
        short.deallocate()
        long?.deallocate()
    }

    /// The number of an identifier's counters; -1 when too many identifiers were seen.
    @inline(__always)
    mutating func index(of rawIdentifier: UInt32) -> Int32 {
        if rawIdentifier < 2048 {
            let known = short[Int(rawIdentifier)]
            if known >= 0 { return known }
            let index = add(rawIdentifier)
            short[Int(rawIdentifier)] = index
            return index
        }
        return longIndex(of: rawIdentifier)
    }

    private mutating func longIndex(of rawIdentifier: UInt32) -> Int32 {
        let table: UnsafeMutablePointer<Int32>
        if let long {
            table = long
        } else {
            table = .allocate(capacity: Self.slotCount)
            table.initialize(repeating: -1, count: Self.slotCount)
            long = table
        }
        var slot = Int((rawIdentifier &* 0x9E37_79B1) >> 18)
        while table[slot] >= 0 {
            if items[Int(table[slot])].rawIdentifier == rawIdentifier { return table[slot] }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        let index = add(rawIdentifier)
        if index >= 0 { table[slot] = index }
        return index
    }

    private mutating func add(_ rawIdentifier: UInt32) -> Int32 {
        guard count < Self.limit else {
            isFull = true
            return -1
        }
        if count == capacity {
            let larger = UnsafeMutablePointer<WireStream>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: items, count: count)
            items.deallocate()
            items = larger
            capacity *= 2
        }
        (items + count).initialize(to: WireStream(rawIdentifier: rawIdentifier))
        count += 1
        return Int32(count - 1)
    }

    @inline(__always)
    func note(_ index: Int32, response: Int64) {
        guard index >= 0 else { return }
        let item = items + Int(index)
        item.pointee.frames &+= 1
        item.pointee.sum += Double(response)
        if response > item.pointee.worst { item.pointee.worst = response }
    }

    func noteError(_ index: Int32) {
        if index >= 0 { items[Int(index)].errors &+= 1 }
    }
}
