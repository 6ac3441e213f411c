/// A bounded number of states by key: when it is full, the key that was longest unused makes room.
///
/// A flood of forged names so costs a fixed amount of memory. Complexity: O(1) for each use; nothing is allocated once the table is full.
struct GroupTable<State>: ~Copyable {
    private var map: RecencyMap<State>

    init(capacity: Int) { map = RecencyMap(capacity: max(1, min(capacity, 1 << 24))) }

    /// The greatest number of keys.
    var capacity: Int { map.capacity }
    /// The number of keys.
    var count: Int { map.count }
    /// Keys that had to make room.
    var evictions: Int { map.evictions }

    /// The place of a key that is known, without making it the newest.
    @inline(__always)
    func find(_ key: UInt64) -> Int? { map.find(key) }

    /// The place of a key, which becomes the newest; a key that is new gets the state that `make` gives.
    @inline(__always)
    mutating func place(of key: UInt64, _ make: () -> State) -> Int { place(of: key, found: map.find(key), make) }

    /// The same where `find` has been asked already.
    @inline(__always)
    mutating func place(of key: UInt64, found: Int?, _ make: () -> State) -> Int {
        if let place = found {
            map.touch(place)
            return place
        }
        return map.insert(key, make()).slot
    }

    /// The state of a key, which becomes the newest and gets a new state; the result is the state it had, `nil` for a key that is new.
    ///
    /// - Parameter isSpent: whether the longest unused state is needed no more, so that its memory can be used again.
    @inline(__always)
    mutating func exchange(_ key: UInt64, _ state: State, isSpent: (State) -> Bool) -> State? {
        if let place = map.find(key) {
            let before = map[place]
            map[place] = state
            map.touch(place)
            return before
        }
        map.insert(key, state, takesOldest: map.oldestSlot.map { isSpent(map[$0]) } ?? false)
        return nil
    }

    /// The state at a place.
    subscript(place: Int) -> State {
        @inline(__always)
        unsafeAddress { UnsafePointer(map.pointer(to: place)) }
        @inline(__always)
        unsafeMutableAddress { map.pointer(to: place) }
    }

    /// Writes keys and states, the oldest first.
    func save(_ writer: inout StateWriter, _ each: (State, inout StateWriter) -> Void) {
        map.save(&writer) { writer, state in each(copy state, &writer) }
    }

    /// Reads what `save` wrote.
    mutating func restore(_ reader: inout StateReader, _ each: (inout StateReader) throws(DetectionError) -> State) throws(DetectionError) {
        try map.restore(&reader, value: each)
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
