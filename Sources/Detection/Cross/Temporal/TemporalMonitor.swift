public import Quantities

/// Watches a formula over numbers that come one by one: the robustness of the newest instant that can be judged.
///
/// An instant is judged when all its numbers are there. A formula with a horizon of 5 s is known 5 s later, or sooner with `Verdict.earliest`.
public final class TemporalMonitor {
    /// Which instant the robustness belongs to.
    public enum Verdict: Sendable {
        /// To the instant one horizon ago, exactly.
        case exact
        /// To the worst instant whose violation is known since now; see `TemporalFormula`. The formula must hold at every instant.
        case earliest
    }

    /// The state stays at one place in memory, so an update costs no exclusivity check.
    private let watch: UnsafeMutablePointer<TemporalWatch>

    /// How far the formula looks ahead.
    public let horizon: Duration

    /// A monitor that has seen nothing; throws for a formula that cannot be watched.
    public init(_ formula: TemporalFormula, verdict: Verdict = .earliest) throws(DetectionError) {
        let made = try TemporalWatch(formula, verdict: verdict)
        horizon = made.horizon
        watch = .allocate(capacity: 1)
        watch.initialize(to: made)
    }

    deinit {
        watch.deinitialize(count: 1)
        watch.deallocate()
    }

    /// Input that could not be used.
    public var health: DetectorHealth { watch.pointee.health }

    /// When the robustness can change although no number does; the newest instant while it is not judged.
    public var next: Instant? { watch.pointee.next }

    /// The robustness of now; `nil` before the first instant that can be judged, and when some number has not come yet.
    public var robustness: Double? { watch.pointee.robustness }

    /// The worst robustness since the last call, and how long before it became known its instant lies; `nil` when nothing was judged.
    public func takeWorst() -> (robustness: Double, delay: Duration)? { watch.pointee.takeWorst() }

    /// A number of an input; a value that is no number leaves the one before. An instant before the newest is dropped.
    public func update(at instant: Instant, input: Int, number: Double) { watch.pointee.update(at: instant, input: input, number: number) }

    /// All numbers of the instant are there, and nothing more comes until then.
    public func advance(to instant: Instant) { watch.pointee.advance(to: instant) }

    /// The trace ends before an instant: what is left is judged by what there is.
    public func finish(at instant: Instant) { watch.pointee.finish(at: instant) }

    /// Begins anew; counters of input stay.
    public func restart() { watch.pointee.restart() }

    /// Writes the state.
    public func save(_ writer: inout StateWriter) { watch.pointee.save(&writer) }

    /// Takes over a state of a monitor of the same formula.
    public func restore(_ reader: inout StateReader) throws(DetectionError) { try watch.pointee.restore(&reader) }
}
