/// Holds a receiver in an immutable property, so that calling it needs no reference counting.
@usableFromInline
final class CANPort {
    @usableFromInline let receiver: any CANReceiver

    init(_ receiver: any CANReceiver) { self.receiver = receiver }
}

/// The lists of receivers by identifier: a table for 11-bit data frames, a bounded hash table for all others.
@usableFromInline
struct CANRoutes: ~Copyable {
    /// One receiver in a list; `port` is kept alive by the bus.
    @usableFromInline
    struct Entry {
        @usableFromInline let number: Int
        @usableFromInline let port: Unmanaged<CANPort>

        init(number: Int, port: CANPort) {
            self.number = number
            self.port = Unmanaged.passUnretained(port)
        }
    }

    /// A part of `entries`; `first` is -1 when the list is not made yet.
    @usableFromInline
    @frozen
    struct List {
        @usableFromInline var first: Int
        @usableFromInline var count: Int
    }

    /// Slots of the hash table for identifiers outside the 11-bit data frames; a power of two.
    @usableFromInline static let slotCount = 8192

    @usableFromInline var frames: UInt64 = 0
    @usableFromInline var bytes: UInt64 = 0
    @usableFromInline var refused: UInt64 = 0
    /// Deliveries under way, one inside the other.
    @usableFromInline var depth = 0
    /// The lists are to be made anew when no delivery is under way.
    @usableFromInline var isStale = false
    @usableFromInline var entries: UnsafeMutablePointer<Entry>
    @usableFromInline let short: UnsafeMutablePointer<List>
    /// The hash table, made when the first such identifier comes: most buses never see one.
    @usableFromInline var long: UnsafeMutablePointer<List>?
    @usableFromInline var longKeys: UnsafeMutablePointer<UInt32>?
    private var entryCount = 0
    private var entryCapacity = 64
    private var longCount = 0
    private var known: [[Int]: List] = [:]

    init() {
        entries = .allocate(capacity: 64)
        short = .allocate(capacity: 2048)
        short.initialize(repeating: List(first: -1, count: 0), count: 2048)
    }

    /// The hash table, made when it is needed.
    private mutating func table() -> (lists: UnsafeMutablePointer<List>, keys: UnsafeMutablePointer<UInt32>) {
        if let long, let longKeys { return (long, longKeys) }
        let lists = UnsafeMutablePointer<List>.allocate(capacity: Self.slotCount)
        lists.initialize(repeating: List(first: -1, count: 0), count: Self.slotCount)
        let keys = UnsafeMutablePointer<UInt32>.allocate(capacity: Self.slotCount)
        keys.initialize(repeating: 0, count: Self.slotCount)
        long = lists
        longKeys = keys
        return (lists, keys)
    }

    @inlinable
    deinit {
        entries.deallocate()
        short.deallocate()
        long?.deallocate()
        longKeys?.deallocate()
    }

    /// The list of an identifier if it was made.
    @inlinable
    @inline(__always)
    func list(of rawIdentifier: UInt32) -> List? {
        if rawIdentifier < 2048 {
            let list = short[Int(rawIdentifier)]
            return list.first >= 0 ? list : nil
        }
        return longList(of: rawIdentifier)
    }

    @usableFromInline
    func longList(of rawIdentifier: UInt32) -> List? {
        guard let long, let longKeys else { return nil }
        var slot = Self.slot(rawIdentifier)
        while long[slot].first >= 0 {
            if longKeys[slot] == rawIdentifier { return long[slot] }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        return nil
    }

    private static func slot(_ rawIdentifier: UInt32) -> Int {
        Int((rawIdentifier &* 0x9E37_79B1) >> 19)
    }

    /// Keeps the list of an identifier; a list of the same receivers is shared.
    mutating func store(_ list: [Entry], for rawIdentifier: UInt32) -> List {
        let numbers = list.map(\.number)
        let stored = known[numbers] ?? append(list)
        // Filters that overlap in many ways could make lists without end.
        if entryCount > 1 << 20 { isStale = true }
        known[numbers] = stored
        if rawIdentifier < 2048 {
            short[Int(rawIdentifier)] = stored
            return stored
        }
        let (long, longKeys) = table()
        if longCount >= Self.slotCount / 2 {
            // A flood of random identifiers: start the table anew instead of growing.
            for slot in 0..<Self.slotCount { long[slot].first = -1 }
            longCount = 0
        }
        var slot = Self.slot(rawIdentifier)
        while long[slot].first >= 0 { slot = (slot + 1) & (Self.slotCount - 1) }
        long[slot] = stored
        longKeys[slot] = rawIdentifier
        longCount += 1
        return stored
    }

    private mutating func append(_ list: [Entry]) -> List {
        if entryCount + list.count > entryCapacity {
            let larger = max(entryCapacity * 2, entryCount + list.count)
            let moved = UnsafeMutablePointer<Entry>.allocate(capacity: larger)
            moved.moveInitialize(from: entries, count: entryCount)
            entries.deallocate()
            entries = moved
            entryCapacity = larger
        }
        for (index, entry) in list.enumerated() { entries.advanced(by: entryCount + index).initialize(to: entry) }
        let stored = List(first: entryCount, count: list.count)
        entryCount += list.count
        return stored
    }

    /// Forgets all lists.
    @usableFromInline
    @inline(never)
    mutating func clear() {
        for id in 0..<2048 { short[id].first = -1 }
        if let long { for slot in 0..<Self.slotCount { long[slot].first = -1 } }
        longCount = 0
        entryCount = 0
        known.removeAll()
        isStale = false
    }
}
