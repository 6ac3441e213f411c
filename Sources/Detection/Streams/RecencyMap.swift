/// A hash map with a bound on its keys: at the bound a new key takes the place of the one that was used longest ago.
///
/// Keys are 64-bit numbers or hashes. A value stays in its slot until its key goes, so a slot number is a handle between insertions. Finding and
/// inserting take constant time; memory grows by doubling up to the bound and never after it. The order of use, not the slot, is what a saved state
/// keeps.
struct RecencyMap<Value>: ~Copyable {
    private struct Link {
        var key: UInt64
        var older: Int32
        var newer: Int32
    }

    /// The greatest number of keys.
    let capacity: Int
    /// Keys that are held.
    private(set) var count = 0
    /// Keys that had to go for others.
    private(set) var evictions = 0

    private var room: Int
    private var values: UnsafeMutablePointer<Value>
    private var links: UnsafeMutablePointer<Link>
    private var table: UnsafeMutablePointer<Int32>
    private var mask: Int
    private var oldest: Int32 = -1
    private var newest: Int32 = -1

    /// An empty map for at most this many keys, at least one.
    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        room = min(self.capacity, 16)
        values = .allocate(capacity: room)
        links = .allocate(capacity: room)
        let size = RecencyMap.tableSize(room)
        table = .allocate(capacity: size)
        table.initialize(repeating: -1, count: size)
        mask = size - 1
    }

    deinit {
        values.deinitialize(count: count)
        values.deallocate()
        links.deallocate()
        table.deallocate()
    }

    private static func tableSize(_ room: Int) -> Int {
        var size = 16
        while size < room * 2 { size *= 2 }
        return size
    }

    @inline(__always)
    private func home(_ key: UInt64) -> Int {
        let mixed = (key ^ (key &>> 32)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: (mixed ^ (mixed &>> 29)) &* 0xBF58_476D_1CE4_E5B9 &>> 20) & mask
    }

    /// The slot of a key, its place in the order of use unchanged; `nil` when it is not held.
    @inline(__always)
    func find(_ key: UInt64) -> Int? {
        var place = home(key)
        while true {
            let slot = table[place]
            if slot < 0 { return nil }
            if links[Int(slot)].key == key { return Int(slot) }
            place = (place &+ 1) & mask
        }
    }

    /// Makes the key of a slot the most recently used.
    @inline(__always)
    mutating func touch(_ slot: Int) {
        let slot = Int32(truncatingIfNeeded: slot)
        guard newest != slot else { return }
        unlink(slot)
        append(slot)
    }

    /// Holds a key that is not held yet and makes it the most recently used; at the bound the least recently used one goes.
    ///
    /// - Parameter takesOldest: the least recently used key goes also below the bound, because nobody needs it; that is no eviction.
    /// - Returns: its slot, and the value of the key that had to go.
    @discardableResult
    mutating func insert(_ key: UInt64, _ value: consuming Value, takesOldest: Bool = false) -> (slot: Int, evicted: Value?) {
        var evicted: Value?
        let slot: Int32
        if count == capacity || takesOldest && count > 0 {
            slot = oldest
            unlink(slot)
            removeFromTable(slot)
            evicted = values[Int(slot)]
            values[Int(slot)] = value
            if !takesOldest { evictions &+= 1 }
        } else {
            if count == room { grow() }
            slot = Int32(truncatingIfNeeded: count)
            (values + count).initialize(to: value)
            count += 1
        }
        links[Int(slot)].key = key
        append(slot)
        enter(slot)
        return (Int(slot), evicted)
    }

    /// The value of a slot.
    subscript(slot: Int) -> Value {
        @inline(__always)
        unsafeAddress { UnsafePointer(values + slot) }
        @inline(__always)
        unsafeMutableAddress { values + slot }
    }

    /// Where the value of a slot lies until the next insertion.
    @inline(__always)
    func pointer(to slot: Int) -> UnsafeMutablePointer<Value> { values + slot }

    /// The key of a slot.
    @inline(__always)
    func key(of slot: Int) -> UInt64 { links[slot].key }

    /// The slot of the key that was used longest ago; `nil` when the map is empty.
    var oldestSlot: Int? { oldest < 0 ? nil : Int(oldest) }

    /// The slot whose key was used next after that of a slot; `nil` at the newest.
    func slot(after slot: Int) -> Int? {
        let next = links[slot].newer
        return next < 0 ? nil : Int(next)
    }

    /// Forgets all keys; the memory stays.
    mutating func removeAll() {
        values.deinitialize(count: count)
        count = 0
        oldest = -1
        newest = -1
        table.update(repeating: -1, count: mask + 1)
    }

    // MARK: State

    /// Writes keys and values in the order of use.
    func save(_ writer: inout StateWriter, value write: (inout StateWriter, borrowing Value) -> Void) {
        writer.put(count)
        writer.put(evictions)
        var next = oldestSlot
        while let slot = next {
            writer.put(bits: links[slot].key)
            write(&writer, values[slot])
            next = self.slot(after: slot)
        }
    }

    /// Takes over what `save` wrote.
    mutating func restore(_ reader: inout StateReader, value read: (inout StateReader) throws(DetectionError) -> Value) throws(DetectionError) {
        removeAll()
        let entries = try reader.count()
        guard entries <= capacity else { throw .badState("it holds more keys than 'max_groups' allows") }
        let before = try reader.integer()
        guard before >= 0 else { throw .badState("a counter in it is negative") }
        for _ in 0..<entries {
            let key = try reader.bits()
            guard find(key) == nil else { throw .badState("a key is in it twice") }
            insert(key, try read(&reader))
        }
        evictions = Int(before)
    }

    // MARK: Order and table

    @inline(__always)
    private mutating func unlink(_ slot: Int32) {
        let link = links[Int(slot)]
        if link.older >= 0 { links[Int(link.older)].newer = link.newer } else { oldest = link.newer }
        if link.newer >= 0 { links[Int(link.newer)].older = link.older } else { newest = link.older }
    }

    @inline(__always)
    private mutating func append(_ slot: Int32) {
        links[Int(slot)].older = newest
        links[Int(slot)].newer = -1
        if newest >= 0 { links[Int(newest)].newer = slot } else { oldest = slot }
        newest = slot
    }

    private mutating func enter(_ slot: Int32) {
        var place = home(links[Int(slot)].key)
        while table[place] >= 0 { place = (place &+ 1) & mask }
        table[place] = slot
    }

    /// Takes a slot out of the table and closes the gap, so that no search stops too early.
    private mutating func removeFromTable(_ slot: Int32) {
        var hole = home(links[Int(slot)].key)
        while table[hole] != slot { hole = (hole &+ 1) & mask }
        var place = hole
        while true {
            place = (place &+ 1) & mask
            let other = table[place]
            if other < 0 { break }
            let wanted = home(links[Int(other)].key)
            if (place &- wanted) & mask >= (place &- hole) & mask {
                table[hole] = other
                hole = place
            }
        }
        table[hole] = -1
    }

    private mutating func grow() {
        let wider = min(room * 2, capacity)
        let newValues = UnsafeMutablePointer<Value>.allocate(capacity: wider)
        newValues.moveInitialize(from: values, count: count)
        values.deallocate()
        values = newValues
        let newLinks = UnsafeMutablePointer<Link>.allocate(capacity: wider)
        newLinks.initialize(from: links, count: count)
        links.deallocate()
        links = newLinks
        room = wider
        let size = RecencyMap.tableSize(wider)
        guard size != mask + 1 else { return }
        table.deallocate()
        table = .allocate(capacity: size)
        table.initialize(repeating: -1, count: size)
        mask = size - 1
        for slot in 0..<count { enter(Int32(truncatingIfNeeded: slot)) }
    }
}
