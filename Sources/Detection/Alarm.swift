import Quantities

/// One alarm of a detector: the interval in which its alert fired.
public struct Alarm: Equatable, Sendable {
    /// When the alert fired.
    public var start: Instant
    /// When it resolved; `nil` while it fires, also at the end of a run.
    public var end: Instant?
    /// The name of the detector.
    public var detector: String
    /// How serious the alarm is.
    public var severity: Severity
    /// The greatest score of the alert.
    public var score: Double
    /// The onset: the first anomalous sample, at or before `start`.
    public var evidence: Instant
    /// What it is about, for example `0x300` or `cp1`; empty when the detector names nothing.
    public var blame: String
    /// What else is to be said of it: that it flaps, is stale, was confirmed, or was seen before.
    public var note = ""

    /// An alarm out of its parts.
    public init(start: Instant, end: Instant?, detector: String, severity: Severity, score: Double, evidence: Instant, blame: String = "") {
        self.blame = blame
        self.start = start
        self.end = end
        self.detector = detector
        self.severity = severity
        self.score = score
        self.evidence = evidence
    }
}

/// A detector in service: scores, life-cycle and the alarms that come of them.
public final class AlarmMonitor {
    /// The name that alarms carry.
    public let name: String
    /// How serious its alarms are at least, unless their peak decides.
    public var severity: Severity { ledger.policy.severity }
    /// The alarms so far, in order of their start; the last may still fire.
    public var alarms: [Alarm] { ledger.alarms }
    /// Alerts that were recorded and not raised: others suppressed them, or their pattern is harmless.
    public var suppressed: [Alarm] { ledger.suppressed }
    /// The changes that the last call made, in order of time; those of a suppressed alert are not among them.
    public private(set) var edges: [AlertEdge] = []
    /// The detector that scores; `nil` when the scores come from elsewhere.
    public let detector: Detector?
    /// What gives the scores when it is no detector of one signal; it says what alarms are about and when that began.
    public var source: (any Detecting)?
    /// What alarms are about and when that began, when neither a detector nor `source` says it.
    public var about: (() -> (blame: String, onset: Instant?))?
    /// Whether an alert that fires now is only recorded; `nil` for never.
    public var isSuppressed: (() -> Bool)?

    private var ledger: AlarmLedger
    /// How often an anomaly had become normal when the alert fired.
    private var relearned = 0
    /// Whether each sample is looked at for patterns or staleness.
    private let keepsValues: Bool
    private let watchesStaleness: Bool

    /// What changes with each sample; it stays in place, so a sample costs no exclusivity check.
    private struct State {
        var lifecycle: AlertLifecycle
        var changes: [AlertEdge] = []
        var gateIsOpen = true
        var rows: ScoreRows?
    }
    private let state: UnsafeMutablePointer<State>

    /// A detector with its life-cycle; throws when a setting is out of range.
    public convenience init(
        name: String, severity: Severity = .medium, detector: Detector?, settings: AlertSettings = AlertSettings()
    ) throws(DetectionError) {
        try self.init(name: name, policy: AlarmPolicy(severity: severity), detector: detector, settings: settings)
    }

    /// A detector with its life-cycle and what becomes of its alarms; throws when a setting is out of range.
    public init(name: String, policy: AlarmPolicy, detector: Detector?, settings: AlertSettings = AlertSettings()) throws(DetectionError) {
        let cycle = try AlertLifecycle(settings)
        ledger = try AlarmLedger(name: name, policy)
        keepsValues = policy.patterns != nil
        watchesStaleness = policy.staleness != .never
        self.name = name
        self.detector = detector
        state = .allocate(capacity: 1)
        state.initialize(to: State(lifecycle: cycle))
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Input that the detector could not use, and what it has relearned.
    public var health: DetectorHealth { detector?.health ?? source?.health ?? DetectorHealth() }
    /// Whether the alert fires, be it only recorded.
    public var isFiring: Bool { state.pointee.lifecycle.isFiring }
    /// Whether the alert fires and is raised.
    public var isRaised: Bool { isFiring && !ledger.isHeld }
    /// When the alert changes without a further sample; see `AlertLifecycle.nextDeadline`.
    public var nextDeadline: Instant? { state.pointee.lifecycle.nextDeadline }
    /// When the first alarm started; `nil` without one.
    public var firstAlarm: Instant? { alarms.first?.start }

    /// Takes a sample; `true` when the alert changed (see `edges`).
    ///
    /// - Parameter gate: whether `only_when` holds; when it opens again, slopes start anew.
    @discardableResult
    public func update(at instant: Instant, value: Double, gate: Bool = true) -> Bool {
        if gate != state.pointee.gateIsOpen {
            state.pointee.gateIsOpen = gate
            if gate { detector?.resume() }
        }
        let score = gate ? detector?.update(at: instant, value: value) : nil
        if keepsValues, gate { ledger.keep(value, at: instant, isIdle: !state.pointee.lifecycle.isFiring && !state.pointee.lifecycle.isPending) }
        if watchesStaleness { ledger.noteScore(score, at: instant, isFiring: isFiring) }
        state.pointee.lifecycle.observe(score, at: instant, gate: gate, edges: &state.pointee.changes)
        if state.pointee.rows != nil { keep(score, at: instant, isLabelled: nil) }
        return note()
    }

    /// Takes a score that was computed elsewhere, for example by a `Composite`; `true` when the alert changed.
    ///
    /// - Parameter isLabelled: the ground truth of the frame or message that is scored, as far as it is known by unit and not by time.
    @discardableResult
    public func observe(score: Double?, at instant: Instant, gate: Bool = true, isLabelled: Bool? = nil) -> Bool {
        if watchesStaleness { ledger.noteScore(gate ? score : nil, at: instant, isFiring: isFiring) }
        state.pointee.lifecycle.observe(score, at: instant, gate: gate, edges: &state.pointee.changes)
        if state.pointee.rows != nil { keep(score, at: instant, isLabelled: isLabelled) }
        return note()
    }

    /// Keeps the scores from now on, a row for each sample; one without a verdict counts as 0.
    public func keepRows(capacity: Int) { state.pointee.rows = capacity > 0 ? ScoreRows(capacity: capacity) : nil }

    /// The scores that were kept; `nil` when none are.
    public var rows: ScoreRows? { state.pointee.rows }

    /// Told of each score while rows are kept; `nil` is no verdict.
    public var onRow: ((_ score: Double?, _ instant: Instant, _ isLabelled: Bool?) -> Void)?

    @inline(never)
    private func keep(_ score: Double?, at instant: Instant, isLabelled: Bool?) {
        state.pointee.rows?.add(score ?? 0, at: instant, isLabelled: isLabelled)
        onRow?(score, instant, isLabelled)
    }

    /// Moves on to a deadline; `true` when the alert changed.
    @discardableResult
    public func advance(to instant: Instant) -> Bool {
        state.pointee.lifecycle.advance(to: instant, edges: &state.pointee.changes)
        return note()
    }

    @inline(__always)
    private func note() -> Bool {
        if state.pointee.changes.isEmpty { return false }
        record()
        return true
    }

    @inline(never)
    private func record() {
        edges.removeAll(keepingCapacity: true)
        for edge in state.pointee.changes {
            switch edge.kind {
            case .firing:
                relearned = health.relearned
                let (blame, onset) = about?() ?? (source?.blame ?? "", source?.onset)
                let alarm = Alarm(
                    start: edge.at, end: nil, detector: name, severity: severity, score: edge.peak, evidence: min(edge.onset, onset ?? edge.onset),
                    blame: blame)
                if isSuppressed?() == true {
                    ledger.hold(alarm)
                } else {
                    ledger.raise(alarm)
                    edges.append(edge)
                }
            case .resolved:
                if ledger.resolve(at: edge.at, peak: edge.peak, isNormalNow: health.relearned > relearned) { edges.append(edge) }
            case .pending, .dropped: edges.append(edge)
            }
        }
        state.pointee.changes.removeAll(keepingCapacity: true)
    }

    /// Raises an alert that was only recorded and still fires, because nothing suppresses it any more; `true` when there was one.
    public func release(at instant: Instant) -> Bool {
        guard isFiring, isSuppressed?() != true, let onset = ledger.release(at: instant, peak: state.pointee.lifecycle.peakScore) else { return false }
        edges = [AlertEdge(kind: .firing, at: instant, onset: onset, peak: state.pointee.lifecycle.peakScore)]
        return true
    }

    /// Others confirm the alarm that fires, or fired last: it is so many levels more serious.
    public func confirm(levels: Int) { ledger.confirm(levels) }

    /// The alarms at the end of a run: peak and severity of one that still fires are brought up to date, its end stays `nil`.
    public func finish(at end: Instant? = nil) -> [Alarm] {
        if isFiring { ledger.finish(peak: state.pointee.lifecycle.peakScore, at: end) }
        return alarms
    }

    /// The patterns of past alarms; empty when none are remembered.
    public var patterns: [PatternMemory.Entry] { ledger.patterns }
}
