import Quantities

/// Counters of input that a detector could not use.
public struct DetectorHealth: Equatable, Sendable {
    /// Values that were not a finite number; time moves on, nothing is inserted.
    public var invalid = 0
    /// Samples older than the newest one; they are dropped.
    public var late = 0
    /// Samples pushed out of a window that reached its memory bound.
    public var overflow = 0

    /// Counters at 0.
    public init() {}
}

/// The state of one kind of detector: a value that owns its buffers.
///
/// An update takes amortised constant time and allocates nothing once the window has reached its usual size.
/// Samples with equal instants are successive samples.
public protocol DetectorState: ~Copyable {
    /// Takes one sample; the score is `nil` while there is too little to judge by, and for a sample older than the newest.
    mutating func update(at instant: Instant, value: Double) -> Double?
    /// Forgets the samples, as after a gap; the health counters stay.
    mutating func restart()
    /// The score at which an alert clears for a level in the unit of the detector's threshold; `nil` when the level is no such level.
    func clearScore(level: Double) -> Double?
    /// Input that could not be used.
    var health: DetectorHealth { get }
}

/// A streaming detector over one signal: each sample gives a score, and a score of at least 1 is anomalous.
///
/// The state stays at one place in memory, so an update costs neither an exclusivity check nor a generic call.
public final class Detector {
    private enum Kind {
        case threshold(UnsafeMutablePointer<Threshold>)
        case movingRange(UnsafeMutablePointer<MovingRange>)
        case movingVariance(UnsafeMutablePointer<MovingVariance>)
        case rateOfChange(UnsafeMutablePointer<RateOfChange>)
        case changeWithin(UnsafeMutablePointer<ChangeWithin>)
        case oscillation(UnsafeMutablePointer<Oscillation>)
        case rule(UnsafeMutablePointer<Rule>)
    }

    private let kind: Kind

    /// A detector for a level.
    public init(_ state: consuming Threshold) { kind = .threshold(Detector.place(state)) }
    /// A detector for the range of a window.
    public init(_ state: consuming MovingRange) { kind = .movingRange(Detector.place(state)) }
    /// A detector for the variance or standard deviation of a window.
    public init(_ state: consuming MovingVariance) { kind = .movingVariance(Detector.place(state)) }
    /// A detector for the slope between samples.
    public init(_ state: consuming RateOfChange) { kind = .rateOfChange(Detector.place(state)) }
    /// A detector for the change within a time.
    public init(_ state: consuming ChangeWithin) { kind = .changeWithin(Detector.place(state)) }
    /// A detector for repeated swings.
    public init(_ state: consuming Oscillation) { kind = .oscillation(Detector.place(state)) }
    /// A detector for a condition that the caller evaluates.
    public init(_ state: consuming Rule) { kind = .rule(Detector.place(state)) }

    deinit {
        switch kind {
        case .threshold(let state): Detector.free(state)
        case .movingRange(let state): Detector.free(state)
        case .movingVariance(let state): Detector.free(state)
        case .rateOfChange(let state): Detector.free(state)
        case .changeWithin(let state): Detector.free(state)
        case .oscillation(let state): Detector.free(state)
        case .rule(let state): Detector.free(state)
        }
    }

    private static func place<State: ~Copyable>(_ state: consuming State) -> UnsafeMutablePointer<State> {
        let place = UnsafeMutablePointer<State>.allocate(capacity: 1)
        place.initialize(to: state)
        return place
    }

    private static func free<State: ~Copyable>(_ state: UnsafeMutablePointer<State>) {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Takes one sample; the score is `nil` while there is too little to judge by, and for a sample older than the newest.
    public func update(at instant: Instant, value: Double) -> Double? {
        switch kind {
        case .threshold(let state): state.pointee.update(at: instant, value: value)
        case .movingRange(let state): state.pointee.update(at: instant, value: value)
        case .movingVariance(let state): state.pointee.update(at: instant, value: value)
        case .rateOfChange(let state): state.pointee.update(at: instant, value: value)
        case .changeWithin(let state): state.pointee.update(at: instant, value: value)
        case .oscillation(let state): state.pointee.update(at: instant, value: value)
        case .rule(let state): state.pointee.update(at: instant, value: value)
        }
    }

    /// Goes on after a time without samples, as when a closed gate opens: slopes start anew, windows keep what they hold.
    public func resume() {
        switch kind {
        case .rateOfChange(let state): state.pointee.restart()
        case .changeWithin(let state): state.pointee.restart()
        case .threshold, .movingRange, .movingVariance, .oscillation, .rule: break
        }
    }

    /// Forgets the samples, as after a gap; the health counters stay.
    public func restart() {
        switch kind {
        case .threshold(let state): state.pointee.restart()
        case .movingRange(let state): state.pointee.restart()
        case .movingVariance(let state): state.pointee.restart()
        case .rateOfChange(let state): state.pointee.restart()
        case .changeWithin(let state): state.pointee.restart()
        case .oscillation(let state): state.pointee.restart()
        case .rule(let state): state.pointee.restart()
        }
    }

    /// The score at which an alert clears for a level in the unit of the detector's threshold; `nil` when the level is no such level.
    public func clearScore(level: Double) -> Double? {
        switch kind {
        case .threshold(let state): state.pointee.clearScore(level: level)
        case .movingRange(let state): state.pointee.clearScore(level: level)
        case .movingVariance(let state): state.pointee.clearScore(level: level)
        case .rateOfChange(let state): state.pointee.clearScore(level: level)
        case .changeWithin(let state): state.pointee.clearScore(level: level)
        case .oscillation(let state): state.pointee.clearScore(level: level)
        case .rule(let state): state.pointee.clearScore(level: level)
        }
    }

    /// Input that could not be used.
    public var health: DetectorHealth {
        switch kind {
        case .threshold(let state): state.pointee.health
        case .movingRange(let state): state.pointee.health
        case .movingVariance(let state): state.pointee.health
        case .rateOfChange(let state): state.pointee.health
        case .changeWithin(let state): state.pointee.health
        case .oscillation(let state): state.pointee.health
        case .rule(let state): state.pointee.health
        }
    }
}

/// The order of time stamps of one detector: drops late samples and counts unusable ones.
struct SampleClock {
    var health = DetectorHealth()
    private(set) var last = Int64.min

    /// Moves on to an instant; `false` when it lies before the newest one.
    @inline(__always)
    mutating func admits(_ instant: Instant) -> Bool {
        guard instant.nanoseconds >= last else {
            health.late += 1
            return false
        }
        last = instant.nanoseconds
        return true
    }
}

/// The unsigned distance from an older to a newer position; right for every pair of Int64 values.
@inline(__always)
func distance(from older: Int64, to newer: Int64) -> UInt64 { UInt64(bitPattern: newer &- older) }
