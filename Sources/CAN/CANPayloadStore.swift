/// The data of wide frames under way on a bus, by number; a place is used again when its frame is done with.
public struct CANPayloadStore: ~Copyable {
    private var slots: UnsafeMutablePointer<CANData>
    private var capacity = 16
    private var used = 0
    /// Places that are free again, the last one first.
    private var free: [UInt32] = []

    /// An empty store.
    public init() {
        slots = .allocate(capacity: 16)
    }

    deinit { slots.deallocate() }

    /// Number of frames whose data are kept.
    public var count: Int { used - free.count }

    /// Keeps data; the number is handed back by `release`.
    public mutating func store(_ data: CANData) -> UInt64 {
        if let place = free.popLast() {
            slots[Int(place)] = data
            return UInt64(place)
        }
        if used == capacity {
            let larger = UnsafeMutablePointer<CANData>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: slots, count: used)
            slots.deallocate()
            slots = larger
            capacity *= 2
        }
        (slots + used).initialize(to: data)
        used += 1
        return UInt64(used - 1)
    }

    /// The data of a number; numbers that were never given read as no data.
    public func data(_ number: UInt64) -> CANData { number < UInt64(used) ? slots[Int(number)] : CANData() }

    /// The data are not needed any more.
    public mutating func release(_ number: UInt64) {
        guard number < UInt64(used) else { return }
        free.append(UInt32(number))
    }
}
