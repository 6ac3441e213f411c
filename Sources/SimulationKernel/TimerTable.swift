/// Generation counters that make timers cancellable without searching the event queue.
///
/// An owner has one slot a timer. `arm` gives the generation to send along in the event's payload; when the event comes, `expire` says
/// whether it is still meant. Arming again or cancelling makes every earlier event of the slot stale. A stale event stays in the queue
/// until its instant and costs one dispatch.
public struct TimerTable: ~Copyable {
    private let generations: UnsafeMutablePointer<UInt32>
    private let armed: UnsafeMutablePointer<Bool>
    /// Number of timers.
    public let count: Int

    /// A table of timers, all disarmed.
    public init(count: Int) {
        self.count = max(0, count)
        generations = .allocate(capacity: self.count)
        generations.initialize(repeating: 0, count: self.count)
        armed = .allocate(capacity: self.count)
        armed.initialize(repeating: false, count: self.count)
    }

    deinit {
        generations.deallocate()
        armed.deallocate()
    }

    /// Starts a timer, or starts it anew; returns the generation that its event must carry.
    public mutating func arm(_ timer: Int) -> UInt32 {
        precondition(timer >= 0 && timer < count, "no such timer")
        generations[timer] &+= 1
        armed[timer] = true
        return generations[timer]
    }

    /// Stops a timer; its event, when it comes, is stale.
    public mutating func cancel(_ timer: Int) {
        precondition(timer >= 0 && timer < count, "no such timer")
        armed[timer] = false
    }

    /// Whether a timer is running.
    public func isArmed(_ timer: Int) -> Bool {
        precondition(timer >= 0 && timer < count, "no such timer")
        return armed[timer]
    }

    /// Whether the event that carries this generation is meant; if so the timer is disarmed.
    public mutating func expire(_ timer: Int, generation: UInt32) -> Bool {
        precondition(timer >= 0 && timer < count, "no such timer")
        guard armed[timer], generations[timer] == generation else { return false }
        armed[timer] = false
        return true
    }
}
