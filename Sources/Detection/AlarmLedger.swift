import Quantities

/// The alarms of one detector: what was raised, what was only recorded, how serious each is and what is to be said of it.
struct AlarmLedger {
    let name: String
    let policy: AlarmPolicy
    /// Raised alarms in the order of their start; the last may still fire.
    private(set) var alarms: [Alarm] = []
    /// Alerts that are over and were not raised.
    private var recorded: [Alarm] = []
    /// An alert that fires and is only recorded.
    private var held: Alarm?
    private var recorder: PatternRecorder?
    /// Starts of the last alerts, oldest first, while flapping is looked for.
    private var starts: [Instant] = []
    /// About the last raised alarm: alerts that it stands for, levels by which others confirm it, since when it is stale, what it looked like.
    private var firings = 1
    private var isFlapping = false
    private var confirmed = 0
    private var staleSince: Instant?
    private var pattern: String?
    private var isNormalNow = false
    /// Scores so far, for the time between them.
    private var firstScore: Instant?
    private var lastScore: Instant?
    private var scores = 0

    init(name: String, _ policy: AlarmPolicy) throws(DetectionError) {
        try policy.check()
        self.name = name
        self.policy = policy
        if let patterns = policy.patterns { recorder = try PatternRecorder(patterns) }
    }

    var isHeld: Bool { held != nil }
    /// Alerts that were recorded and not raised; the last may still fire.
    var suppressed: [Alarm] { recorded + (held.map { [$0] } ?? []) }
    var patterns: [PatternMemory.Entry] { recorder?.memory.entries ?? [] }

    // MARK: Alerts

    /// An alert fires and is raised. When too many have, it is one with the last.
    mutating func raise(_ alarm: Alarm) {
        confirmed = 0
        staleSince = nil
        pattern = nil
        isNormalNow = false
        if let flap = policy.flap {
            starts.removeAll { distance(from: $0.nanoseconds, to: alarm.start.nanoseconds) >= UInt64(flap.within.nanoseconds) }
            starts.append(alarm.start)
            if starts.count > flap.count {
                if starts.count > flap.count + 1 { starts.removeFirst() }
                if isFlapping, let last = alarms.indices.last {
                    firings += 1
                    alarms[last].end = nil
                    alarms[last].score = max(alarms[last].score, alarm.score)
                    return
                }
                isFlapping = true
                firings = 1
                alarms.append(alarm)
                return
            }
        }
        isFlapping = false
        firings = 1
        alarms.append(alarm)
    }

    /// An alert fires and is only recorded.
    mutating func hold(_ alarm: Alarm) { held = alarm }

    /// What was only recorded is raised from now on; gives the onset, `nil` without such an alert.
    mutating func release(at instant: Instant, peak: Double) -> Instant? {
        guard var alarm = held else { return nil }
        held = nil
        alarm.start = instant
        alarm.score = peak
        raise(alarm)
        return alarm.evidence
    }

    /// The alert is over; false when it was only recorded.
    ///
    /// - Parameter isNormalNow: whether it is over because the detector has taken the anomaly for normal.
    mutating func resolve(at instant: Instant, peak: Double, isNormalNow: Bool = false) -> Bool {
        if var alarm = held {
            held = nil
            alarm.end = instant
            alarm.score = peak
            recorded.append(alarm)
            _ = recorder?.resolved(onset: alarm.evidence, at: instant)
            return false
        }
        guard let last = alarms.indices.last else { return true }
        alarms[last].end = instant
        alarms[last].score = max(alarms[last].score, peak)
        let match = recorder?.resolved(onset: isFlapping ? instant : alarms[last].evidence, at: instant)
        pattern = match?.text
        self.isNormalNow = isNormalNow
        update(last, end: instant)
        if match?.isBenign == true { recorded.append(alarms.removeLast()) }
        return true
    }

    /// Others confirm the last alarm.
    mutating func confirm(_ levels: Int) {
        guard levels > confirmed, let last = alarms.indices.last else { return }
        confirmed = levels
        update(last, end: alarms[last].end ?? alarms[last].start)
    }

    /// The run is over while the alert fires.
    mutating func finish(peak: Double, at end: Instant?) {
        if held != nil {
            held?.score = peak
            return
        }
        guard let last = alarms.indices.last else { return }
        alarms[last].score = max(alarms[last].score, peak)
        if let end { noteStaleness(at: end) }
        update(last, end: end ?? alarms[last].start)
    }

    private mutating func update(_ index: Int, end: Instant) {
        let alarm = alarms[index]
        let length = Duration(nanoseconds: Int64(clamping: distance(from: alarm.start.nanoseconds, to: end.nanoseconds)))
        alarms[index].severity = policy.severity(peak: alarm.score, length: length, confirmed: confirmed)
        var notes: [String] = []
        if isFlapping { notes.append("flapping: \(firings) alarm\(firings == 1 ? "" : "s")") }
        if let staleSince { notes.append("stale since \(Duration(nanoseconds: staleSince.nanoseconds).secondsText) s") }
        if confirmed > 0 { notes.append("confirmed") }
        if isNormalNow { notes.append("relearned") }
        if let pattern { notes.append(pattern) }
        alarms[index].note = notes.joined(separator: "; ")
    }

    // MARK: Samples

    /// A value of the watched signal, for the pattern.
    mutating func keep(_ value: Double, at instant: Instant, isIdle: Bool) { recorder?.add(value, at: instant, isIdle: isIdle) }

    /// A score, or none: an alert that waited too long for one was stale.
    mutating func noteScore(_ score: Double?, at instant: Instant, isFiring: Bool) {
        guard score != nil else { return }
        if isFiring { noteStaleness(at: instant) }
        if firstScore == nil { firstScore = instant }
        lastScore = max(instant, lastScore ?? instant)
        scores += 1
    }

    private mutating func noteStaleness(at instant: Instant) {
        guard staleSince == nil, let last = lastScore, let first = firstScore else { return }
        let limit: UInt64
        switch policy.staleness {
        case .never: return
        case .after(let time): limit = UInt64(time.nanoseconds)
        case .automatic:
            let (triple, overflow) = distance(from: first.nanoseconds, to: last.nanoseconds).multipliedReportingOverflow(by: 3)
            limit = max(10_000_000_000, overflow ? .max : scores > 1 ? triple / UInt64(scores - 1) : 0)
        }
        guard instant > last, distance(from: last.nanoseconds, to: instant.nanoseconds) > limit, limit < UInt64(Int64.max) else { return }
        let (time, overflow) = last.nanoseconds.addingReportingOverflow(Int64(limit))
        staleSince = overflow ? last : Instant(nanoseconds: time)
        if let index = alarms.indices.last, held == nil { update(index, end: instant) }
    }
}
