import Quantities

/// How a station chooses among the frames that it has to send.
public enum WireQueueOrder: Hashable, Sendable {
    /// Mailboxes: the frame that would win the arbitration, and of equal ones the oldest.
    case priority
    /// The oldest frame, whatever its identifier: a software queue before one transmit buffer.
    case firstInFirstOut
}

/// What a station does after bus-off.
public enum WireRestart: Hashable, Sendable {
    /// It stays off.
    case never
    /// After this time it waits for 128 times 11 recessive bits and takes part again.
    case after(Duration)
}

/// The settings of a station.
public struct WireStationSettings: Hashable, Sendable {
    /// Which frame is sent first.
    public var order: WireQueueOrder
    /// The most frames that wait; more are refused.
    public var limit: Int
    /// What comes after bus-off.
    public var restart: WireRestart

    /// Mailboxes of 64 frames and no restart, unless told.
    public init(order: WireQueueOrder = .priority, limit: Int = 64, restart: WireRestart = .never) {
        self.order = order
        self.limit = max(limit, 1)
        self.restart = restart
    }
}

/// A frame that waits or is being sent.
struct WireSlot {
    var frame: CANFrame
    /// When it came, in nanoseconds.
    var enqueued: Int64
    var order: UInt64
    var key: UInt32
    var nominal: UInt16
    var data: UInt16
    var stream: Int32
    var isOneShot: Bool
    /// What the owner wants back with the outcome.
    var tag: Int32
    /// It is the frame that a babbling station sends again and again.
    var isBabble: Bool
}

/// One entry of a station's queue.
struct WireEntry {
    /// The arbitration key, or 0 in a queue in order of arrival.
    var rank: UInt32
    var slot: Int32
    var order: UInt64

    @inline(__always)
    static func isBefore(_ a: WireEntry, _ b: WireEntry) -> Bool { a.rank < b.rank || (a.rank == b.rank && a.order < b.order) }
}

/// A node's controller on the bus. Plain memory: the bus owns the queue's storage.
///
/// What each frame touches stands together in the first 64 bytes, a line of the cache.
struct WireStation {
    var entries: UnsafeMutablePointer<WireEntry>
    var count: Int32 = 0
    /// Place in the heap of stations that want to send; -1 when it is not there.
    var position: Int32 = -1
    var longest: Int32 = 0
    var capacity: Int32 = 4
    /// The most frames that wait.
    let limit: Int32
    /// Whether the arbitration key decides about the order in the queue.
    let isByPriority: Bool
    var state = CANErrorState.active
    var isMuted = false
    /// It waits eight bits longer than others, as it is error-passive and was the last to send.
    var isSuspended = false
    var sent: UInt64 = 0
    var counters = ErrorCounters()
    /// When its queue last became non-empty.
    var waitingSince: Int64 = 0
    let restart: WireRestart
    var restartAt: Int64 = .max
    /// Sequences of 11 recessive bits seen since the restart began; -1 when it is not recovering.
    var recovery: Int32 = -1
    /// The frame that it babbles, while it does.
    var babbles = false
    var recoveringFrom = BitInstant(nanoseconds: 0)
    var errors: UInt64 = 0
    var overflows: UInt64 = 0

    init(_ settings: WireStationSettings) {
        limit = Int32(clamping: settings.limit)
        isByPriority = settings.order == .priority
        restart = settings.restart
        entries = .allocate(capacity: 4)
    }

    /// Whether it acknowledges and may send.
    @inline(__always)
    var isOnline: Bool { state != .busOff && !isMuted }

    /// Adds a frame to the queue; O(log n).
    @inline(__always)
    mutating func push(_ entry: WireEntry) {
        if count == capacity { grow() }
        var hole = Int(count)
        count &+= 1
        if count > longest { longest = count }
        while hole > 0 {
            let parent = (hole &- 1) &>> 1
            guard WireEntry.isBefore(entry, entries[parent]) else { break }
            entries[hole] = entries[parent]
            hole = parent
        }
        entries[hole] = entry
    }

    /// Takes the first frame out; the queue is not empty. O(log n).
    @inline(__always)
    mutating func pop() -> WireEntry {
        let first = entries[0]
        count &-= 1
        let last = entries[Int(count)]
        var hole = 0
        while true {
            var child = hole &* 2 &+ 1
            guard child < count else { break }
            if child &+ 1 < count, WireEntry.isBefore(entries[child &+ 1], entries[child]) { child &+= 1 }
            guard WireEntry.isBefore(entries[child], last) else { break }
            entries[hole] = entries[child]
            hole = child
        }
        entries[hole] = last
        return first
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<WireEntry>.allocate(capacity: Int(capacity) * 2)
        larger.moveInitialize(from: entries, count: Int(count))
        entries.deallocate()
        entries = larger
        capacity *= 2
    }
}

/// What a station did and how it is.
public struct WireStationReport: Equatable, Sendable {
    /// TEC and REC.
    public var counters: ErrorCounters
    /// The error state that they mean, or bus-off until the station restarts.
    public var state: CANErrorState
    /// Frames that wait.
    public var waiting: Int
    /// The most frames that waited at once.
    public var longestQueue: Int
    /// Frames sent.
    public var sent: UInt64
    /// Frames of it that were disturbed.
    public var errors: UInt64
    /// Frames refused because the queue was full.
    public var overflows: UInt64
}
