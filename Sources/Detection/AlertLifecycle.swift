import Quantities

/// When an alert changes its state: only on scores, or also at the deadlines between them.
public enum AlertTiming: String, Sendable, CaseIterable {
    /// A score tells about its own instant only; an alert fires, drops and resolves on scores. For sampled signals.
    case onScores
    /// A score holds until the next one; an alert also fires, opens and resolves at `AlertLifecycle.nextDeadline`. For conditions that are
    /// evaluated when something changes.
    case betweenScores
}

/// The times and levels that turn the scores of a detector into alerts.
public struct AlertSettings: Equatable, Sendable {
    /// How long a score must stay anomalous before the alert fires; 0 s fires on the first.
    public var lasting: Duration = .zero
    /// The score under which an anomaly is over, in (0, 1]; below 1 it is a hysteresis.
    public var clear = 1.0
    /// How long the alert goes on after the last score of at least `clear`.
    public var keep: Duration = .zero
    /// The least time from the end of an alert to the opening of the next.
    public var rest: Duration = .zero
    /// A score of more than so many times the peak of the last alert opens the next one although `rest` is not over; `nil` for none.
    public var breakthrough: Double?
    /// Scores count only from this time after the first sample on.
    public var warmup: Duration = .zero
    /// After a gap scores count only from this time on; `nil` for at once. A gap is ten times the mean time between scores, and 10 s at least.
    public var warmupAfterGap: Duration?
    /// Whether deadlines between scores count.
    public var timing = AlertTiming.onScores

    /// Settings that fire on the first anomalous score and resolve on the first other.
    public init() {}

    /// Throws when a time is negative or `clear` lies outside (0, 1].
    public func check() throws(DetectionError) {
        for (name, time) in [("lasting", lasting), ("keep", keep), ("rest", rest), ("warmup", warmup)] where time < .zero {
            throw .outOfRange(setting: name, requirement: "0 s or longer")
        }
        if let warmupAfterGap, warmupAfterGap < .zero { throw .outOfRange(setting: "warmup_after_gap", requirement: "0 s or longer") }
        if let breakthrough, !(breakthrough >= 1 && breakthrough.isFinite) { throw .outOfRange(setting: "breakthrough", requirement: "at least 1") }
        guard clear > 0, clear <= 1 else { throw .outOfRange(setting: "clear", requirement: "a level on the good side of the threshold") }
    }
}

/// One change of an alert.
public struct AlertEdge: Equatable, Sendable {
    /// What changed.
    public enum Kind: String, Sendable {
        /// The first anomalous score.
        case pending
        /// The anomaly ended before it had lasted long enough.
        case dropped
        /// The anomaly has lasted long enough.
        case firing
        /// The alert is over.
        case resolved
    }

    /// What changed.
    public let kind: Kind
    /// When it changed.
    public let at: Instant
    /// The instant of the first anomalous score: the onset, and the evidence of the alarm.
    public let onset: Instant
    /// The greatest score so far.
    public let peak: Double
}

/// The life-cycle of the alerts of one detector: idle, pending, firing, idle.
///
/// A score of at least 1 opens an alert; it fires once the anomaly has lasted `lasting`, and resolves once the score has stayed below `clear` for `keep`.
/// No score (`nil`) confirms nothing and clears nothing. Instants must not decrease; an older one is ignored.
/// At one instant, observe the score first and advance to the instant then: a condition that ends exactly at its deadline has not lasted.
public struct AlertLifecycle: Sendable {
    private enum Phase { case idle, pending, firing }

    private let settings: AlertSettings
    private var phase = Phase.idle
    private var since = Instant.zero
    private var active = Instant.zero
    private var ended: Instant?
    private var peak = 0.0
    /// The peak of the last alert that fired.
    private var lastPeak = 0.0
    private var held: Double?
    private var first: Instant?
    private var needsWarmup: Bool
    /// When the warm-up ends, while a score is held over it.
    private var warmupEnd: Instant?
    private var now = Instant(nanoseconds: .min)
    /// The first and the last score and their number, for the length of a gap, and when the warm-up after the last gap ends.
    private var scores = (first: Int64(0), last: Int64(0), count: 0)
    private var gapEnd: Int64?

    /// A life-cycle without an alert; throws when a setting is out of range.
    public init(_ settings: AlertSettings = AlertSettings()) throws(DetectionError) {
        try settings.check()
        self.settings = settings
        needsWarmup = settings.warmup > .zero
    }

    /// Whether the alert fires.
    public var isFiring: Bool { phase == .firing }
    /// Whether an anomaly has been seen that has not lasted long enough yet.
    public var isPending: Bool { phase == .pending }
    /// The greatest score of the alert that is open, or of the last one.
    public var peakScore: Double { peak }

    /// When the alert changes if no further score comes; `nil` when it stays, and always with `AlertTiming.onScores`.
    ///
    /// A caller sets a timer for it and then calls `advance(to:edges:)`.
    public var nextDeadline: Instant? {
        guard settings.timing == .betweenScores, let held else { return nil }
        switch phase {
        case .pending: return later(since, settings.lasting)
        case .firing: return held < settings.clear ? later(active, settings.keep) : nil
        case .idle:
            guard held >= 1 else { return nil }
            return warmupEnd ?? ended.flatMap { later($0, settings.rest) }
        }
    }

    private func later(_ instant: Instant, _ time: Duration) -> Instant? {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(time.nanoseconds)
        return overflow ? nil : Instant(nanoseconds: sum)
    }

    /// Takes a score; the changes are appended to `edges`, which the caller empties.
    ///
    /// - Parameters:
    ///   - score: the score of the detector, `nil` for none.
    ///   - instant: the instant of the sample.
    ///   - gate: whether `only_when` holds; with `false` the score counts as none and the state is kept.
    public mutating func observe(_ score: Double?, at instant: Instant, gate: Bool = true, edges: inout [AlertEdge]) {
        if instant < now { return }
        now = instant
        let score = settings.warmupAfterGap == nil ? score : afterGap(gate ? score : nil, at: instant)
        if needsWarmup, !warmUp(at: instant) {
            if settings.timing == .betweenScores { held = gate ? score : nil }
            return
        }
        if settings.timing == .betweenScores { return hold(gate ? score : nil, at: instant, edges: &edges) }
        guard let score, gate else { return }
        if phase == .idle, score < 1 { return }
        step(score, at: instant, edges: &edges)
    }

    /// Moves on to an instant without a score, and makes the changes that fall due until then (`AlertTiming.betweenScores` only).
    public mutating func advance(to instant: Instant, edges: inout [AlertEdge]) {
        if instant < now { return }
        now = instant
        while let deadline = nextDeadline, deadline <= instant, let held {
            let before = phase
            endWarmup()
            step(held, at: deadline, edges: &edges)
            if phase == before { return }
        }
    }

    // MARK: - Steps

    /// Takes a score that holds from here on, after the deadlines that lie strictly before; with `nil` no score holds.
    private mutating func hold(_ score: Double?, at instant: Instant, edges: inout [AlertEdge]) {
        while let deadline = nextDeadline, deadline < instant, let held {
            let before = phase
            endWarmup()
            step(held, at: deadline, edges: &edges)
            if phase == before { break }
        }
        endWarmup()
        // What was anomalous until now counts as seen until now.
        if phase == .firing, let held, held >= settings.clear { active = instant }
        held = score
        if let score { step(score, at: instant, edges: &edges) }
    }

    /// Whether scores count yet.
    private mutating func warmUp(at instant: Instant) -> Bool {
        let start = first ?? instant
        first = start
        needsWarmup = !hasPassed(settings.warmup, since: start, at: instant)
        if needsWarmup { warmupEnd = later(start, settings.warmup) }
        return !needsWarmup
    }

    /// The score, or none while it does not count after a gap.
    private mutating func afterGap(_ score: Double?, at instant: Instant) -> Double? {
        guard let score, let warmup = settings.warmupAfterGap else { return nil }
        let time = instant.nanoseconds
        if scores.count == 0 { scores = (time, time, 0) }
        if scores.count > 1 {
            let (tenfold, overflow) = distance(from: scores.first, to: scores.last).multipliedReportingOverflow(by: 10)
            let limit = overflow ? .max : max(10_000_000_000, tenfold / UInt64(scores.count - 1))
            if distance(from: scores.last, to: time) > limit { gapEnd = later(instant, warmup)?.nanoseconds }
        }
        scores = (scores.first, time, scores.count &+ 1)
        if let gapEnd, time < gapEnd { return nil }
        gapEnd = nil
        return score
    }

    private mutating func endWarmup() {
        needsWarmup = false
        warmupEnd = nil
    }

    private func hasPassed(_ time: Duration, since start: Instant, at instant: Instant) -> Bool {
        distance(from: start.nanoseconds, to: instant.nanoseconds) >= UInt64(time.nanoseconds)
    }

    private mutating func step(_ score: Double, at instant: Instant, edges: inout [AlertEdge]) {
        switch phase {
        case .idle:
            guard score >= 1 else { return }
            if let ended, !hasPassed(settings.rest, since: ended, at: instant) {
                guard let breakthrough = settings.breakthrough, score > breakthrough * lastPeak else { return }
            }
            since = instant
            peak = score
            phase = .pending
            edges.append(edge(.pending, at: instant))
            fireIfDue(at: instant, edges: &edges)
        case .pending:
            if score < settings.clear {
                phase = .idle
                edges.append(edge(.dropped, at: instant))
            } else {
                if score > peak { peak = score }
                fireIfDue(at: instant, edges: &edges)
            }
        case .firing:
            if score > peak { peak = score }
            if score >= settings.clear {
                active = instant
            } else if hasPassed(settings.keep, since: active, at: instant) {
                ended = instant
                lastPeak = peak
                phase = .idle
                edges.append(edge(.resolved, at: instant))
            }
        }
    }

    private mutating func fireIfDue(at instant: Instant, edges: inout [AlertEdge]) {
        guard hasPassed(settings.lasting, since: since, at: instant) else { return }
        active = instant
        phase = .firing
        edges.append(edge(.firing, at: instant))
    }

    private func edge(_ kind: AlertEdge.Kind, at instant: Instant) -> AlertEdge {
        AlertEdge(kind: kind, at: instant, onset: since, peak: peak)
    }

    // MARK: - State

    /// Writes the state.
    public func save(_ writer: inout StateWriter) {
        writer.put(phase == .idle ? 0 : phase == .pending ? 1 : 2)
        for instant in [since, active, now] { writer.put(instant.nanoseconds) }
        for instant in [ended, first, warmupEnd] { writer.put(instant?.nanoseconds) }
        writer.put(held != nil)
        for number in [held ?? 0, peak, lastPeak] { writer.put(number) }
        writer.put(needsWarmup)
        for number in [scores.first, scores.last, Int64(scores.count)] { writer.put(number) }
        writer.put(gapEnd)
    }

    /// Takes over a state that a life-cycle with the same settings has saved.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        phase = [.idle, .pending, .firing][try reader.int(in: 0...2)]
        since = Instant(nanoseconds: try reader.integer())
        active = Instant(nanoseconds: try reader.integer())
        now = Instant(nanoseconds: try reader.integer())
        ended = try reader.optionalInteger().map { Instant(nanoseconds: $0) }
        first = try reader.optionalInteger().map { Instant(nanoseconds: $0) }
        warmupEnd = try reader.optionalInteger().map { Instant(nanoseconds: $0) }
        let holds = try reader.flag()
        let score = try reader.number()
        held = holds ? score : nil
        peak = try reader.number()
        lastPeak = try reader.number()
        needsWarmup = try reader.flag()
        scores = (try reader.integer(), try reader.integer(), try reader.int(in: 0...Int.max))
        gapEnd = try reader.optionalInteger()
    }
}
