public import Quantities

/// Counters of input that a detector could not use.
public struct DetectorHealth: Equatable, Sendable {
    /// Values that were not a finite number; time moves on, nothing is inserted.
    public var invalid = 0
    /// Samples older than the newest one; they are dropped.
    public var late = 0
    /// Samples pushed out of a window that reached its memory bound.
    public var overflow = 0
    /// How often an anomaly that went on has become the new normal; see `Learning.relearnAfter`.
    public var relearned = 0

    /// Counters at 0.
    public init() {}

    /// The counters with what a gate has let become normal.
    func with(_ gate: borrowing LearningGate) -> DetectorHealth {
        var health = self
        health.relearned = gate.relearned
        return health
    }
}

/// The state of one kind of detector over one signal: a value that owns its buffers.
///
/// An update takes amortised constant time and allocates nothing once the window has reached its usual size.
/// Samples with equal instants are successive samples.
public protocol DetectorState: ~Copyable {
    /// Takes one sample; the score is `nil` while there is too little to judge by, and for a sample older than the newest.
    mutating func update(at instant: Instant, value: Double) -> Double?
    /// Takes samples in a row; a score is `nan` where there is none. The three buffers are of one length.
    mutating func update(times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>)
    /// Forgets the samples, as after a gap; the health counters stay.
    mutating func restart()
    /// Goes on after a time without samples, as when a closed gate opens; by default nothing changes.
    mutating func resume()
    /// The score at which an alert clears for a level in the unit of the detector's threshold; `nil` when the level is no such level.
    func clearScore(level: Double) -> Double?
    /// What the newest score compares with the threshold, in the unit of the threshold; `nil` without one. See `BudgetedDetector`.
    var statistic: Double? { get }
    /// Input that could not be used.
    var health: DetectorHealth { get }
    /// When what the last anomalous score is about began, if that is before the sample that showed it.
    var onset: Instant? { get }
    /// Writes the state.
    func save(_ writer: inout StateWriter)
    /// Takes over a state of a detector with the same settings.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError)
}

extension DetectorState where Self: ~Copyable {
    @inline(__always)
    public mutating func update(times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>) {
        let count = min(times.count, values.count, scores.count)
        guard let time = times.baseAddress, let value = values.baseAddress, let score = scores.baseAddress else { return }
        for index in 0..<count { score[index] = update(at: time[index], value: value[index]) ?? .nan }
    }
    public mutating func resume() {}
    public func clearScore(level: Double) -> Double? { nil }
    public var statistic: Double? { nil }
    public var onset: Instant? { nil }
}

/// A streaming detector over one signal: each sample gives a score, and a score of at least 1 is anomalous.
///
/// Any kind of state can be in it. The state stays at one place in memory, so an update costs no exclusivity check.
public final class Detector: Detecting {
    private let place: DetectorPlace
    /// The kind and its settings, as a saved state names them; empty when the detector was not made by a kind.
    var identity: [String] = []

    /// A detector with a state of its own.
    public init<State: DetectorState & ~Copyable>(_ state: consuming State) { place = StatePlace(state) }

    /// Takes one sample; the score is `nil` while there is too little to judge by, and for a sample older than the newest.
    public func update(at instant: Instant, value: Double) -> Double? { place.update(at: instant, value: value) }

    /// Takes samples in a row, faster than one by one and with the same bits; a score is `nan` where there is none.
    ///
    /// The three buffers must be of one length; what one of them has more is left alone.
    public func update(times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>) {
        place.update(times: times, values: values, scores: scores)
    }

    /// Goes on after a time without samples, as when a closed gate opens: slopes and timers start anew, windows keep what they hold.
    public func resume() { place.resume() }
    /// Forgets the samples, as after a gap; the health counters stay.
    public func restart() { place.restart() }
    /// The score at which an alert clears for a level in the unit of the detector's threshold; `nil` when the level is no such level.
    public func clearScore(level: Double) -> Double? { place.clearScore(level: level) }
    /// What the newest score compares with the threshold, in the unit of the threshold; `nil` when the kind has none.
    public var statistic: Double? { place.statistic }
    /// Input that could not be used.
    public var health: DetectorHealth { place.health }
    /// When what the last anomalous score is about began, if that is before the sample that showed it.
    public var onset: Instant? { place.onset }

    /// Writes the state, with the kind and its settings before it.
    public func save(_ writer: inout StateWriter) {
        writer.put(identity.count)
        for entry in identity { writer.put(entry) }
        place.save(&writer)
    }

    /// Takes over a state; throws when it was saved with other settings, and names the first that differs. After an error the detector starts anew.
    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        var found: [String] = []
        for _ in 0..<(try reader.count()) { found.append(try reader.text()) }
        if found != identity {
            let other = found.first { !identity.contains($0) } ?? identity.first { !found.contains($0) } ?? ""
            throw .badState("it was saved with other settings: \(other)")
        }
        do {
            try place.restore(&reader)
        } catch {
            // Half a state is none.
            place.restart()
            throw error
        }
    }
}

/// Where the state of a detector is: the class that hides its type.
class DetectorPlace {
    func update(at instant: Instant, value: Double) -> Double? { nil }
    func update(times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>) {}
    func resume() {}
    func restart() {}
    func clearScore(level: Double) -> Double? { nil }
    var statistic: Double? { nil }
    var health: DetectorHealth { DetectorHealth() }
    var onset: Instant? { nil }
    func save(_ writer: inout StateWriter) {}
    func restore(_ reader: inout StateReader) throws(DetectionError) {}
}

private final class StatePlace<State: DetectorState & ~Copyable>: DetectorPlace {
    private let state: UnsafeMutablePointer<State>

    init(_ state: consuming State) {
        self.state = .allocate(capacity: 1)
        self.state.initialize(to: state)
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    override func update(at instant: Instant, value: Double) -> Double? { state.pointee.update(at: instant, value: value) }
    override func update(
        times: UnsafeBufferPointer<Instant>, values: UnsafeBufferPointer<Double>, scores: UnsafeMutableBufferPointer<Double>
    ) {
        state.pointee.update(times: times, values: values, scores: scores)
    }
    override func resume() { state.pointee.resume() }
    override func restart() { state.pointee.restart() }
    override func clearScore(level: Double) -> Double? { state.pointee.clearScore(level: level) }
    override var statistic: Double? { state.pointee.statistic }
    override var health: DetectorHealth { state.pointee.health }
    override var onset: Instant? { state.pointee.onset }
    override func save(_ writer: inout StateWriter) { state.pointee.save(&writer) }
    override func restore(_ reader: inout StateReader) throws(DetectionError) { try state.pointee.restore(&reader) }
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

    /// Moves on to an instant and looks at the value; `false` for a late sample and for one that is no finite number.
    @inline(__always)
    mutating func admits(_ instant: Instant, _ value: Double) -> Bool {
        guard admits(instant) else { return false }
        guard value.isFinite else {
            health.invalid += 1
            return false
        }
        return true
    }

    /// Takes over the instant of samples that were looked at elsewhere.
    mutating func advance(to nanoseconds: Int64) { last = nanoseconds }

    func save(_ writer: inout StateWriter) {
        writer.put(last)
        writer.put(health.invalid)
        writer.put(health.late)
        writer.put(health.overflow)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        last = try reader.integer()
        health.invalid = try reader.int()
        health.late = try reader.int()
        health.overflow = try reader.int()
    }
}

/// The unsigned distance from an older to a newer position; right for every pair of Int64 values.
@inline(__always)
func distance(from older: Int64, to newer: Int64) -> UInt64 { UInt64(bitPattern: newer &- older) }
