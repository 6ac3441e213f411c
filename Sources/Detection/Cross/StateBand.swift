public import Quantities

/// A signal leaves the limits that belong to a state: `state-band`. Input 0 is the signal, input 1 the state as a number.
public final class StateBand: SignalsDetecting {
    /// The limits of a state; `nil` for none on that side.
    public struct Limits: Equatable, Sendable {
        /// The number of the state.
        public var state: Double
        /// The least and the greatest normal value.
        public var below: Double?
        public var above: Double?

        /// Limits out of their parts.
        public init(state: Double, below: Double? = nil, above: Double? = nil) {
            self.state = state
            self.below = below
            self.above = above
        }
    }

    private let limits: [Limits]
    private let settle: Int64
    private var clock = SampleClock()
    private var value = Double.nan
    private var state = Double.nan
    private var place: Int?
    private var hold = Int64.min

    /// - Parameters:
    ///   - limits: those of each state; a state without limits is not judged.
    ///   - settle: how long after a change of state nothing is judged.
    public init(_ limits: [Limits], settle: Duration = .zero) throws(DetectionError) {
        guard !limits.isEmpty else { throw .badEntry(path: ["limits"], problem: "has no state") }
        for limit in limits {
            guard limit.below != nil || limit.above != nil else { throw .badEntry(path: ["limits", "\(limit.state)"], problem: "needs 'below' or 'above'") }
            guard limit.below ?? -.infinity <= limit.above ?? .infinity else {
                throw .badEntry(path: ["limits", "\(limit.state)"], problem: "has 'below' greater than 'above'")
            }
        }
        guard settle >= .zero else { throw .outOfRange(setting: "settle", requirement: "0 s or longer") }
        self.limits = limits
        self.settle = settle.nanoseconds
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }

    public func resume() { hold = .min }

    /// When the time to settle is over and a value waits to be judged.
    public var nextTimer: Instant? {
        hold != .min && hold != .max && place != nil && !value.isNaN ? Instant(nanoseconds: hold) : nil
    }

    public func timer(at instant: Instant) -> Double? {
        guard instant.nanoseconds >= hold, clock.admits(instant) else { return nil }
        hold = .min
        return judge(at: instant.nanoseconds)
    }

    /// Takes a value or a state; there is a score when a value and a state with limits are known and the state has settled.
    public func update(at instant: Instant, input: Int, value: Double) -> Double? {
        guard input == 0 || input == 1, clock.admits(instant, value) else { return nil }
        let now = instant.nanoseconds
        if input == 0 {
            self.value = value
        } else if value != state {
            if !state.isNaN || settle > 0 {
                let (end, overflow) = now.addingReportingOverflow(settle)
                hold = settle == 0 ? .min : overflow ? .max : end
            }
            state = value
            place = limits.firstIndex { $0.state == value }
        }
        return judge(at: now)
    }

    private func judge(at now: Int64) -> Double? {
        guard let place, !value.isNaN, now >= hold else { return nil }
        hold = .min
        let limit = limits[place]
        let span: Double
        switch (limit.below, limit.above) {
        case (let low?, let high?) where high > low: span = (high - low) / 2
        case (let level?, _), (nil, let level?): span = level == 0 ? 1 : level.magnitude
        case (nil, nil): span = 1
        }
        var excess = -Double.infinity
        if let low = limit.below { excess = max(excess, low - value) }
        if let high = limit.above { excess = max(excess, value - high) }
        return Score.settled(hit: excess > 0, raw: 1 + excess / span)
    }

    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        writer.put(value)
        writer.put(state)
        writer.put(hold)
    }

    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        value = try reader.number()
        state = try reader.number()
        hold = try reader.integer()
        let state = state
        place = limits.firstIndex { $0.state == state }
    }
}
