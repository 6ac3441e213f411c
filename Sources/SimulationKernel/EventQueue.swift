/// A priority queue of events: a binary heap in raw memory, ordered by `Event.key`.
///
/// Removal moves the vacancy down to a leaf along the smaller children and then lets the last event rise from there (the bottom-up
/// heapsort of R. W. Floyd, analysed by I. Wegener, doi:10.1016/0304-3975(93)90364-Y), because the replacement nearly always belongs
/// near the leaves. Which child is smaller is computed without a branch: that branch would be mispredicted half the time. The root has
/// index 1, so that two children share a cache line.
///
/// All operations cost O(log n) but `first`, `count` and `isEmpty`, which are O(1).
public struct EventQueue: ~Copyable {
    @usableFromInline var slots: UnsafeMutablePointer<Event>
    /// Events in the heap, a vacancy at the root included.
    @usableFromInline var used: Int
    @usableFromInline var allocated: Int
    /// The root was taken and not yet filled.
    @usableFromInline var isVacant: Bool
    /// The most events that the queue accepts.
    public let maximumCount: Int

    /// An empty queue that grows by doubling up to a limit.
    public init(maximumCount: Int = 1 << 24) {
        self.maximumCount = max(1, min(maximumCount, 1 << 32))
        allocated = min(64, self.maximumCount)
        slots = EventQueue.allocate(allocated)
        used = 0
        isVacant = false
    }

    @inlinable
    deinit { UnsafeMutableRawPointer(slots).deallocate() }

    /// Number of events that wait.
    @inlinable
    public var count: Int { isVacant ? used &- 1 : used }
    /// Whether no event waits.
    @inlinable
    public var isEmpty: Bool { count == 0 }

    /// The event that comes first, or `nil`; not to be asked between `takeFirst` and `closeVacancy`.
    @inlinable
    public var first: Event? {
        precondition(!isVacant, "the first event is being replaced")
        return used > 0 ? slots[1] : nil
    }

    /// Adds an event; `false`, and no change, when the queue is full.
    @inlinable
    @inline(__always)
    public mutating func push(_ event: Event) -> Bool {
        if isVacant {
            isVacant = false
            settle(event)
            return true
        }
        if used == allocated, !grow() { return false }
        used &+= 1
        rise(event, from: used)
        return true
    }

    /// Removes and returns the first event.
    @inlinable
    @inline(__always)
    public mutating func pop() -> Event? {
        guard count > 0 else { return nil }
        let event = takeFirst()
        closeVacancy()
        return event
    }

    /// Removes the first event and adds another in one pass; returns the removed one, or `nil` (and adds nothing) on an empty queue.
    @inlinable
    @inline(__always)
    public mutating func replaceFirst(with event: Event) -> Event? {
        guard count > 0 else { return nil }
        let first = takeFirst()
        isVacant = false
        settle(event)
        return first
    }

    /// Takes the first event and leaves its place open: the next `push` fills it in one pass, which is what a periodic sender wants.
    ///
    /// The queue must not be empty. Before the next look at the queue the caller must call `closeVacancy()`.
    @inlinable
    @inline(__always)
    public mutating func takeFirst() -> Event {
        if isVacant { closeVacancy() }
        precondition(used > 0, "the queue is empty")
        isVacant = true
        return slots[1]
    }

    /// Ends what `takeFirst` began: if no `push` filled the open place, the last event does.
    @inlinable
    @inline(__always)
    public mutating func closeVacancy() {
        guard isVacant else { return }
        isVacant = false
        let last = slots[used]
        used &-= 1
        if used > 0 { settle(last) }
    }

    /// Removes all events and keeps the memory.
    public mutating func removeAll() {
        used = 0
        isVacant = false
    }

    // MARK: Heap steps

    /// Fills the open root: the vacancy sinks to a leaf, then the event rises from there.
    @inlinable
    @inline(__always)
    mutating func settle(_ event: Event) {
        let slots = slots
        var hole = 1
        var child = 2
        while child < used {
            child &+= slots[child &+ 1].key < slots[child].key ? 1 : 0
            slots[hole] = slots[child]
            hole = child
            child = hole &<< 1
        }
        if child == used {
            slots[hole] = slots[child]
            hole = child
        }
        rise(event, from: hole)
    }

    /// Moves parents down from a hole until the event fits.
    @inlinable
    @inline(__always)
    mutating func rise(_ event: Event, from start: Int) {
        let slots = slots
        var hole = start
        while hole > 1 {
            let parent = hole &>> 1
            if slots[parent].key <= event.key { break }
            slots[hole] = slots[parent]
            hole = parent
        }
        slots[hole] = event
    }

    // MARK: Memory

    /// Doubles the memory; `false` at the limit.
    @usableFromInline
    @inline(never)
    mutating func grow() -> Bool {
        guard allocated < maximumCount else { return false }
        let larger = min(maximumCount, allocated * 2)
        let moved = EventQueue.allocate(larger)
        moved.advanced(by: 1).moveInitialize(from: slots.advanced(by: 1), count: used)
        UnsafeMutableRawPointer(slots).deallocate()
        slots = moved
        allocated = larger
        return true
    }

    /// Memory for the slots 0 to `count`, the first unused, on a cache line.
    private static func allocate(_ count: Int) -> UnsafeMutablePointer<Event> {
        UnsafeMutableRawPointer.allocate(byteCount: (count + 1) * MemoryLayout<Event>.stride, alignment: 64).bindMemory(to: Event.self, capacity: count + 1)
    }

    // MARK: Invariants

    /// Whether every event comes after its parent; for tests, O(n).
    package func holdsHeapOrder() -> Bool {
        guard !isVacant, used <= allocated else { return false }
        var index = 2
        while index <= used {
            if slots[index].key < slots[index / 2].key { return false }
            index += 1
        }
        return true
    }
}
