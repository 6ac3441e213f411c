import Quantities

/// What a kernel calls for each event; the engine of a simulation.
public protocol EventDispatcher: AnyObject {
    /// Handles one event at the kernel's present instant; it may schedule further events.
    func dispatch(_ event: Event)
    /// Called when no event of the instant is left; `false` stops the run.
    ///
    /// What it schedules at the same instant runs next, and then it is called again.
    func instantEnded(at instant: Instant) -> Bool
}

/// Bounds that keep any run finite in time and memory.
public struct KernelLimits: Sendable {
    /// The most events of a run; at most 2^35.
    public var events: UInt64
    /// The most events that wait at the same time.
    public var pending: Int
    /// The most calls of `instantEnded` at one instant before the run is stopped as a livelock.
    public var roundsPerInstant: Int
    /// The most events at one instant before the run is stopped as a livelock; looked at every 4096 events.
    public var eventsPerInstant: UInt64

    /// The limits that a scenario has unless it says otherwise.
    public init(events: UInt64 = 1_000_000_000, pending: Int = 1 << 24, roundsPerInstant: Int = 10_000, eventsPerInstant: UInt64 = 20_000_000) {
        self.events = min(events, 1 << 35)
        self.pending = max(1, min(pending, 1 << 32))
        self.roundsPerInstant = max(1, roundsPerInstant)
        self.eventsPerInstant = max(1, eventsPerInstant)
    }
}

/// Why a run of the kernel returned.
public enum StopReason: Equatable, Sendable {
    /// The run is complete: nothing is left before its end.
    case ended
    /// Nothing is left before the instant that the caller of `run` gave; the run can go on.
    case paused
    /// The limit on the number of events was reached.
    case maxEvents
    /// Events kept causing events at one instant.
    case livelock(at: Instant)
    /// The interrupt flag was raised.
    case interrupted
    /// The dispatcher asked to stop.
    case stopped
    /// More events waited than the limit allows; at least one was lost.
    case queueFull
}

/// The discrete-event core of a run: virtual clock, event queue and main loop, single-threaded and deterministic.
///
/// A run is the half-open interval [0, `end`): an event at `end` does not run. At one instant the order is: queued deliveries by node
/// and sequence; deliveries caused at this instant in the order caused; timers, samplers and detectors by node and sequence. A delivery
/// caused by a timer comes before the next timer. When nothing of the instant is left, the dispatcher's `instantEnded` is called.
///
/// To cancel a timer, keep a generation number at its owner: see `TimerTable`. A dispatcher that holds its kernel in a `let` pays no
/// reference counting for a call.
public final class Kernel {
    @usableFromInline let state: UnsafeMutablePointer<KernelState>
    /// The bounds of this run.
    public let limits: KernelLimits
    @usableFromInline let interrupt: InterruptFlag?

    /// A kernel at instant zero with nothing to do.
    public init(end: Instant, limits: KernelLimits = KernelLimits(), interrupt: InterruptFlag? = nil) {
        state = .allocate(capacity: 1)
        state.initialize(to: KernelState(end: end, maximumPending: limits.pending))
        self.limits = limits
        self.interrupt = interrupt
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    // MARK: Clock and counters

    /// The present instant.
    @inlinable
    public var now: Instant { state.pointee.now }
    /// The end of the run; events at it or after it do not run.
    @inlinable
    public var end: Instant {
        get { state.pointee.end }
        set { state.pointee.end = newValue }
    }
    /// Number of events dispatched; exact when `run` has returned, up to 4096 behind while it runs.
    @inlinable
    public var events: UInt64 { state.pointee.events }
    /// Number of events that wait.
    @inlinable
    public var pendingCount: Int { state.pointee.queue.count &+ state.pointee.immediate.count }
    /// The instant of the next event, or `nil` when none waits; for pacing, between two calls of `run`.
    public var nextInstant: Instant? {
        if state.pointee.immediate.count > 0 { return now }
        return state.pointee.queue.first?.time
    }

    /// Lets the clock go on to an instant between two calls of `run`, but never past an event that waits; for what comes in from outside.
    public func advance(to instant: Instant) {
        let limit = min(instant, nextInstant ?? .never)
        if limit > state.pointee.now { state.pointee.now = limit }
    }

    // MARK: Scheduling

    /// Schedules an event; an instant before the present one means the present one.
    ///
    /// A delivery at the present instant of a run goes behind the deliveries already caused at this instant. When the queue is full the
    /// event is lost and the run stops with `StopReason.queueFull`.
    @inlinable
    @inline(__always)
    public func schedule(at time: Instant, phase: EventPhase, node: UInt32, kind: UInt32, target: UInt32, payload: UInt64 = 0) {
        let state = state
        let now = state.pointee.now
        let sequence = state.pointee.sequence
        state.pointee.sequence = sequence &+ 1
        let event = Event(time: time > now ? time : now, phase: phase, node: node, sequence: sequence, kind: kind, target: target, payload: payload)
        let accepted: Bool
        if phase == .delivery, time <= now, state.pointee.isRunning {
            accepted = state.pointee.immediate.append(event)
        } else {
            accepted = state.pointee.queue.push(event)
        }
        if !accepted { state.pointee.halt = .queueFull }
    }

    /// Schedules an event some time from now; a time beyond the clock's range never comes, a negative one means now.
    @inlinable
    @inline(__always)
    public func after(_ delay: Duration, phase: EventPhase, node: UInt32, kind: UInt32, target: UInt32, payload: UInt64 = 0) {
        let (time, overflow) = state.pointee.now.nanoseconds.addingReportingOverflow(delay.nanoseconds)
        let instant = overflow ? (delay.nanoseconds > 0 ? Instant.never : .zero) : Instant(nanoseconds: time)
        schedule(at: instant, phase: phase, node: node, kind: kind, target: target, payload: payload)
    }

    /// Makes the run return `StopReason.stopped` after the event that is being dispatched.
    public func stop() {
        if state.pointee.halt == .none { state.pointee.halt = .stopped }
    }

    // MARK: Fingerprint

    /// Takes something that happened now into the fingerprint of the run.
    ///
    /// `identity` says what and where without counting (kind, node, signal); a sequence number or an address has no place in it.
    @inlinable
    @inline(__always)
    public func note(identity: UInt64, payload: UInt64) {
        state.pointee.fingerprint.mix(UInt64(bitPattern: state.pointee.now.nanoseconds), identity, payload)
    }

    /// The fingerprint of what was noted so far; more may be mixed in.
    @inlinable
    public var fingerprint: Fingerprint {
        get { state.pointee.fingerprint }
        set { state.pointee.fingerprint = newValue }
    }

    // MARK: Main loop

    /// Dispatches events in order until the run ends, something stops it, or nothing is left before `limit`.
    ///
    /// A run that was stopped goes on where it was when `run` is called again.
    @inlinable
    public func run<D: EventDispatcher>(dispatcher: D, until limit: Instant = .never) -> StopReason {
        let state = state
        if state.pointee.halt == .queueFull { return takeHalt() }
        state.pointee.isRunning = true
        defer { state.pointee.isRunning = false }
        var budget: UInt64 = 0
        var granted: UInt64 = 0
        defer { state.pointee.events &+= granted &- budget }

        while true {
            let isResumed = state.pointee.immediate.count > 0
            let isIdle = !isResumed && state.pointee.queue.isEmpty
            let instant = isResumed ? state.pointee.now : isIdle ? Instant.never : state.pointee.queue.slots[1].time
            let stop = min(limit, state.pointee.end)
            if instant >= stop {
                if limit < state.pointee.end, !isIdle || limit != .never {
                    if state.pointee.now < limit { state.pointee.now = limit }
                    return .paused
                }
                if stop != .never, state.pointee.now < stop { state.pointee.now = stop }
                return .ended
            }
            state.pointee.now = instant
            let eventsBefore = state.pointee.events &+ granted &- budget
            let afterDeliveries = UInt128(_low: 1 &<< 60, _high: Event.ordered(instant))
            let afterInstant = UInt128(_low: 0, _high: Event.ordered(instant) &+ 1)

            var rounds = 0
            repeat {
                while true {
                    let hasImmediate = state.pointee.immediate.count > 0
                    let bound = hasImmediate ? afterDeliveries : afterInstant
                    let isQueued = state.pointee.queue.used > 0 && state.pointee.queue.slots[1].key < bound
                    if !isQueued, !hasImmediate { break }
                    if budget == 0 {
                        state.pointee.events &+= granted
                        granted = 0
                        if let reason = checkpoint(since: eventsBefore) { return reason }
                        granted = min(4096, limits.events &- state.pointee.events)
                        budget = granted
                    }
                    budget &-= 1
                    if isQueued {
                        dispatcher.dispatch(state.pointee.queue.takeFirst())
                        state.pointee.queue.closeVacancy()
                    } else {
                        dispatcher.dispatch(state.pointee.immediate.removeFirst())
                    }
                    if state.pointee.halt != .none { return takeHalt() }
                }
                let goesOn = dispatcher.instantEnded(at: instant)
                if state.pointee.halt != .none { return takeHalt() }
                if !goesOn { return .stopped }
                rounds &+= 1
                if rounds >= limits.roundsPerInstant { return .livelock(at: instant) }
            } while state.pointee.immediate.count > 0 || (state.pointee.queue.used > 0 && state.pointee.queue.slots[1].key < afterInstant)
        }
    }

    /// The checks made every 4096 events: the limits on events and the interrupt flag.
    @usableFromInline
    @inline(never)
    func checkpoint(since eventsBefore: UInt64) -> StopReason? {
        let events = state.pointee.events
        if events >= limits.events { return .maxEvents }
        if events &- eventsBefore >= limits.eventsPerInstant { return .livelock(at: state.pointee.now) }
        if let interrupt, interrupt.isRaised { return .interrupted }
        return nil
    }

    @usableFromInline
    @inline(never)
    func takeHalt() -> StopReason {
        let halt = state.pointee.halt
        state.pointee.halt = .none
        return halt == .queueFull ? .queueFull : .stopped
    }
}

/// Why the loop is to leave after the present event.
@usableFromInline
@frozen
enum KernelHalt: UInt8 {
    case none, stopped, queueFull
}

/// The mutable state of a kernel, behind a pointer so that the hot loop needs no exclusivity checks.
@usableFromInline
struct KernelState: ~Copyable {
    @usableFromInline var now: Instant
    @usableFromInline var end: Instant
    @usableFromInline var sequence: UInt64
    @usableFromInline var events: UInt64
    @usableFromInline var halt: KernelHalt
    @usableFromInline var isRunning: Bool
    @usableFromInline var fingerprint: Fingerprint
    @usableFromInline var queue: EventQueue
    @usableFromInline var immediate: EventRing

    init(end: Instant, maximumPending: Int) {
        now = .zero
        self.end = end
        sequence = 0
        events = 0
        halt = .none
        isRunning = false
        fingerprint = Fingerprint()
        queue = EventQueue(maximumCount: maximumPending)
        immediate = EventRing(maximumCount: maximumPending)
    }
}
