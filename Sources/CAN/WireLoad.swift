import Quantities

/// The time that a bus is taken, counted in windows: SOF to the end of intermission of frames, and errors with their delimiters.
struct WireLoad {
    private var busy: Int64 = 0
    private var from: Int64 = 0
    private var to: Int64 = 0
    /// Up to here the taken time was counted.
    private var counted: Int64 = 0
    private(set) var total: Int64 = 0

    /// A transmission begins, or the bus gets stuck; its end is not known yet.
    @inline(__always)
    mutating func begin(_ start: BitInstant) {
        if to != .max { flush(until: to) }
        from = start.nanoseconds
        to = .max
    }

    /// The end of what began is known.
    @inline(__always)
    mutating func end(_ end: BitInstant) { to = end.nanoseconds }

    @inline(__always)
    private mutating func flush(until end: Int64) {
        let start = max(from, counted)
        guard end > start else { return }
        busy &+= end &- start
        counted = end
    }

    /// The taken time since the last call, in nanoseconds.
    mutating func take(until now: Int64) -> Int64 {
        flush(until: min(to, now))
        counted = max(counted, now)
        total += busy
        defer { busy = 0 }
        return busy
    }
}

extension WireBus {
    /// How long the bus was taken since the last call, in nanoseconds: frames and errors with their intermission.
    ///
    /// Divided by the time between two calls it is the bus load. What is under way counts up to `now`.
    public mutating func takeBusyTime(until now: Instant) -> Int64 {
        settle(before: now)
        return load.take(until: now.nanoseconds)
    }

    /// How long the bus was taken until the last call of ``takeBusyTime(until:)``, in nanoseconds.
    public var busyNanoseconds: Int64 { load.total }
}
