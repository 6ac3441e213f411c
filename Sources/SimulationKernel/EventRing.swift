/// A first-in first-out queue of events in raw memory, for the deliveries caused at the present instant.
@usableFromInline
struct EventRing: ~Copyable {
    @usableFromInline var slots: UnsafeMutablePointer<Event>
    @usableFromInline var mask: Int
    @usableFromInline var head: Int
    @usableFromInline var count: Int
    @usableFromInline let maximumCount: Int

    init(maximumCount: Int) {
        self.maximumCount = maximumCount
        slots = .allocate(capacity: 64)
        mask = 63
        head = 0
        count = 0
    }

    @inlinable
    deinit { slots.deallocate() }

    @inlinable
    @inline(__always)
    mutating func append(_ event: Event) -> Bool {
        if count > mask, !grow() { return false }
        slots[(head &+ count) & mask] = event
        count &+= 1
        return true
    }

    /// Removes the oldest event; the ring must not be empty.
    @inlinable
    @inline(__always)
    mutating func removeFirst() -> Event {
        precondition(count > 0, "the ring is empty")
        let event = slots[head]
        head = (head &+ 1) & mask
        count &-= 1
        return event
    }

    @usableFromInline
    @inline(never)
    mutating func grow() -> Bool {
        guard count < maximumCount else { return false }
        let larger = UnsafeMutablePointer<Event>.allocate(capacity: (mask + 1) * 2)
        for index in 0..<count { larger.advanced(by: index).initialize(to: slots[(head + index) & mask]) }
        slots.deallocate()
        slots = larger
        mask = mask * 2 + 1
        head = 0
        return true
    }
}
