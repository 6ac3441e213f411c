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
    /// How serious its alarms are.
    public let severity: Severity
    /// The alarms so far, in order of their start; the last may still fire.
    public private(set) var alarms: [Alarm] = []
    /// The changes that the last call made, in order of time.
    public private(set) var edges: [AlertEdge] = []
    /// The detector that scores; `nil` when the scores come from elsewhere.
    public let detector: Detector?
    /// What gives the scores when it is no detector of one signal; it says what alarms are about and when that began.
    public var source: (any Detecting)?

    /// What changes with each sample; it stays in place, so a sample costs no exclusivity check.
    private struct State {
        var lifecycle: AlertLifecycle
        var changes: [AlertEdge] = []
        var gateIsOpen = true
        var rows: ScoreRows?
    }
    private let state: UnsafeMutablePointer<State>

    /// A detector with its life-cycle; throws when a setting is out of range.
    public init(name: String, severity: Severity = .medium, detector: Detector?, settings: AlertSettings = AlertSettings()) throws(DetectionError) {
        let cycle = try AlertLifecycle(settings)
        self.name = name
        self.severity = severity
        self.detector = detector
        state = .allocate(capacity: 1)
        state.initialize(to: State(lifecycle: cycle))
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Whether the alert fires.
    public var isFiring: Bool { state.pointee.lifecycle.isFiring }
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
        state.pointee.lifecycle.observe(score, at: instant, gate: gate, edges: &state.pointee.changes)
        if state.pointee.rows != nil { keep(score, at: instant, isLabelled: nil) }
        return note()
    }

    /// Takes a score that was computed elsewhere, for example by a `Composite`; `true` when the alert changed.
    ///
    /// - Parameter isLabelled: the ground truth of the frame or message that is scored, as far as it is known by unit and not by time.
    @discardableResult
    public func observe(score: Double?, at instant: Instant, gate: Bool = true, isLabelled: Bool? = nil) -> Bool {
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
        edges = state.pointee.changes
        state.pointee.changes.removeAll(keepingCapacity: true)
        for edge in edges {
            switch edge.kind {
            case .firing:
                alarms.append(
                    Alarm(
                        start: edge.at, end: nil, detector: name, severity: severity, score: edge.peak,
                        evidence: min(edge.onset, source?.onset ?? edge.onset), blame: source?.blame ?? ""))
            case .resolved:
                guard let last = alarms.indices.last else { continue }
                alarms[last].end = edge.at
                alarms[last].score = edge.peak
            case .pending, .dropped: continue
            }
        }
    }

    /// The alarms at the end of a run: the peak score of one that still fires is brought up to date, its end stays `nil`.
    public func finish() -> [Alarm] {
        if isFiring, let last = alarms.indices.last { alarms[last].score = state.pointee.lifecycle.peakScore }
        return alarms
    }
}
