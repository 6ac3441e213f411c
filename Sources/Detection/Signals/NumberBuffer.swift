/// Numbers at a fixed place in memory.
struct NumberBuffer: ~Copyable {
    let base: UnsafeMutablePointer<Double>
    let count: Int

    init(count: Int, repeating value: Double = 0) {
        self.count = count
        base = .allocate(capacity: max(count, 1))
        base.initialize(repeating: value, count: max(count, 1))
    }

    deinit { base.deallocate() }

    subscript(index: Int) -> Double {
        @inline(__always) get { base[index] }
        @inline(__always) nonmutating set { base[index] = newValue }
    }

    func fill(_ value: Double) { base.update(repeating: value, count: count) }

    func save(_ writer: inout StateWriter, count some: Int? = nil) {
        for index in 0..<(some ?? count) { writer.put(base[index]) }
    }

    func restore(_ reader: inout StateReader, count some: Int? = nil) throws(DetectionError) {
        for index in 0..<(some ?? count) { base[index] = try reader.number() }
    }
}

/// The newest values in a ring of fixed size.
struct ValueRing: ~Copyable {
    private let values: NumberBuffer
    let capacity: Int
    private(set) var count = 0
    private var next = 0

    init(capacity: Int) {
        self.capacity = capacity
        values = NumberBuffer(count: capacity)
    }

    var isFull: Bool { count == capacity }
    /// The oldest value; the ring must be full.
    var oldest: Double { values[next] }

    /// The value at an index from the oldest.
    subscript(index: Int) -> Double {
        let place = next - count + index
        return values[place < 0 ? place + capacity : place]
    }

    /// Adds the newest value; a full ring loses its oldest.
    @inline(__always)
    mutating func push(_ value: Double) {
        values[next] = value
        next = next &+ 1 == capacity ? 0 : next &+ 1
        if count < capacity { count &+= 1 }
    }

    mutating func removeAll() {
        count = 0
        next = 0
    }

    func save(_ writer: inout StateWriter) {
        writer.put(count)
        writer.put(next)
        values.save(&writer)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        count = try reader.int(in: 0...capacity)
        next = try reader.int(in: 0...max(capacity - 1, 0))
        try values.restore(&reader)
    }
}
