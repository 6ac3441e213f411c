public import Quantities

/// A formula of temporal logic is violated: `mtl`. Input k is the number of the formula's input k; all of an instant are judged together by `timer(at:)`.
///
/// `nextTimer` is the newest instant itself until it is judged: call `timer(at:)` when all numbers of the instant have been handed over. A caller that does
/// not gets the verdict with the next number.
public final class TemporalDetector: SignalsDetecting {
    private let monitor: TemporalMonitor
    private let maximumAge: Int64?
    private var times: [Int64]
    /// When what the last anomalous score is about began.
    public private(set) var onset: Instant?

    /// A detector that has seen nothing; throws for a formula that cannot be watched.
    ///
    /// - Parameter maximumAge: while an input is older than this there is no verdict; `nil` for never.
    public init(_ formula: TemporalFormula, maximumAge: Duration? = nil) throws(DetectionError) {
        guard maximumAge ?? .seconds(1) > .zero else { throw .outOfRange(setting: "max_age", requirement: "longer than 0 s") }
        monitor = try TemporalMonitor(formula)
        self.maximumAge = maximumAge?.nanoseconds
        times = [Int64](repeating: .min, count: formula.inputCount)
    }

    /// How long after an instant its verdict can come.
    public var horizon: Duration { monitor.horizon }

    /// Input that could not be used.
    public var health: DetectorHealth { monitor.health }

    public func resume() {
        monitor.restart()
        for index in times.indices { times[index] = .min }
    }

    public var nextTimer: Instant? { monitor.next }

    public func timer(at instant: Instant) -> Double? {
        monitor.advance(to: instant)
        return verdict(at: instant)
    }

    /// Takes a number; there is a score when something before its instant was not judged yet.
    public func update(at instant: Instant, input: Int, value: Double) -> Double? {
        monitor.update(at: instant, input: input, number: value)
        if maximumAge != nil, times.indices.contains(input), !value.isNaN { times[input] = max(times[input], instant.nanoseconds) }
        return verdict(at: instant)
    }

    private func verdict(at instant: Instant) -> Double? {
        guard let (robustness, delay) = monitor.takeWorst() else { return nil }
        if let maximumAge {
            for time in times where time == .min || distance(from: time, to: instant.nanoseconds) > UInt64(maximumAge) { return nil }
        }
        let isViolated = robustness.sign == .minus
        if isViolated { onset = delay > .zero ? Instant(nanoseconds: instant.nanoseconds &- delay.nanoseconds) : nil }
        return Score.settled(hit: isViolated, raw: 1 - robustness)
    }

    public func save(_ writer: inout StateWriter) {
        monitor.save(&writer)
        for time in times { writer.put(time) }
        writer.put(onset?.nanoseconds)
    }

    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        try monitor.restore(&reader)
        for index in times.indices { times[index] = try reader.integer() }
        onset = try reader.optionalInteger().map { Instant(nanoseconds: $0) }
    }
}
