/// A bounded number of states by key: when it is full, the key that was longest unused makes room.
///
/// A flood of forged names so costs a fixed amount of memory. Complexity: O(1) for each use; nothing is allocated once the table is full.
struct GroupTable<State> {
    private struct Slot {
        var key: UInt64
        var newer: Int32
        var older: Int32
        var state: State
    }

    /// The greatest number of keys.
    let capacity: Int
    /// Keys that had to make room.
    private(set) var evictions = 0
    private var slots: [Slot] = []
    private var index: [UInt64: Int32] = [:]
    private var newest: Int32 = -1
    private var oldest: Int32 = -1

    init(capacity: Int) { self.capacity = max(1, min(capacity, 1 << 24)) }

    /// The number of keys.
    var count: Int { slots.count }

    /// The place of a key that is known, without making it the newest.
    func find(_ key: UInt64) -> Int? { index[key].map { Int($0) } }

    /// The place of a key, which becomes the newest; a key that is new gets the state that `make` gives.
    mutating func place(of key: UInt64, _ make: () -> State) -> Int {
        if newest >= 0, slots[Int(newest)].key == key { return Int(newest) }
        if let place = index[key] {
            unlink(place)
            link(place)
            return Int(place)
        }
        let place: Int32
        if slots.count < capacity {
            place = Int32(slots.count)
            slots.append(Slot(key: key, newer: -1, older: -1, state: make()))
        } else {
            place = oldest
            evictions += 1
            unlink(place)
            index[slots[Int(place)].key] = nil
            slots[Int(place)].key = key
            slots[Int(place)].state = make()
        }
        index[key] = place
        link(place)
        return Int(place)
    }

    /// The state at a place.
    subscript(place: Int) -> State {
        _read { yield slots[place].state }
        _modify { yield &slots[place].state }
    }

    /// The key at a place.
    func key(at place: Int) -> UInt64 { slots[place].key }

    private mutating func unlink(_ place: Int32) {
        let (newer, older) = (slots[Int(place)].newer, slots[Int(place)].older)
        if newer >= 0 { slots[Int(newer)].older = older } else { newest = older }
        if older >= 0 { slots[Int(older)].newer = newer } else { oldest = newer }
    }

    private mutating func link(_ place: Int32) {
        slots[Int(place)].newer = -1
        slots[Int(place)].older = newest
        if newest >= 0 { slots[Int(newest)].newer = place } else { oldest = place }
        newest = place
    }

    // MARK: State

    /// Writes keys and states, the oldest first.
    func save(_ writer: inout StateWriter, _ each: (State, inout StateWriter) -> Void) {
        writer.put(evictions)
        writer.put(count)
        var place = oldest
        while place >= 0 {
            writer.put(bits: slots[Int(place)].key)
            each(slots[Int(place)].state, &writer)
            place = slots[Int(place)].newer
        }
    }

    /// Reads what `save` wrote.
    mutating func restore(_ reader: inout StateReader, _ each: (inout StateReader) throws(DetectionError) -> State) throws(DetectionError) {
        var fresh = GroupTable(capacity: capacity)
        let evictions = try reader.integer()
        let count = try reader.count()
        guard count <= capacity else { throw .badState("it has more groups than 'max_groups' allows") }
        for _ in 0..<count {
            let key = try reader.bits()
            let state = try each(&reader)
            guard fresh.find(key) == nil else { throw .badState("a group stands in it twice") }
            _ = fresh.place(of: key) { state }
        }
        fresh.evictions = Int(evictions)
        self = fresh
    }
}

/// The age of a position in nanoseconds; 0 for one that lies ahead.
@inline(__always)
func age(of older: Int64, at now: Int64) -> UInt64 { now > older ? distance(from: older, to: now) : 0 }

/// Joins keys: a number that is the same for the same parts in the same order.
struct KeyHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Adds a number.
    @inline(__always)
    mutating func add(_ bits: UInt64) {
        value = (value ^ bits) &* 0x9E37_79B9_7F4A_7C15
        value ^= value >> 29
    }
    /// Adds bytes.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var place = 0
        while place + 8 <= bytes.count {
            add(bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            place += 8
        }
        var rest = UInt64(bytes.count) << 56
        while place < bytes.count {
            rest = rest << 8 ^ UInt64(bytes[place])
            place += 1
        }
        add(rest)
    }
    /// Adds a text.
    @inline(__always)
    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    /// The key of one text.
    @inline(__always)
    static func of(_ text: String) -> UInt64 {
        var hash = KeyHash()
        hash.add(text)
        return hash.value
    }

    /// The key of an id tag, which compares without regard to ASCII case.
    static func of(tag: String) -> UInt64 {
        var hash = KeyHash()
        for byte in tag.utf8 { hash.add(UInt64(0x41...0x5A ~= byte ? byte | 0x20 : byte)) }
        return hash.value
    }
}
