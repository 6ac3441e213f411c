import Quantities

/// How well the alarms of a detector match the ground truth, counted by events.
///
/// An event is a label; an episode is a run of alarms with gaps under one second. Precision = episodes that touch a label / episodes; recall = labels
/// that an alarm touches / labels; F1 is their harmonic mean. A ratio 0/0 is undefined (`nil`) and counts as 0 within F1, which is itself undefined
/// only when both are. With a filter of kinds, labels of other kinds count neither for recall nor against precision: an episode that touches only those
/// is left out.
public struct DetectionScores: Equatable, Sendable {
    /// Labels of the kinds asked for.
    public var labels = 0
    /// Labels that at least one alarm touches.
    public var detected = 0
    /// Episodes, without those that touch only labels of other kinds.
    public var episodes = 0
    /// Episodes that touch a label of the kinds asked for.
    public var trueEpisodes = 0
    /// Episodes that touch no label of any kind.
    public var falseAlarms = 0
    /// Alarms as they were given, within the run.
    public var alarms = 0
    /// The time of the run outside every label, in hours.
    public var hoursOutside = 0.0
    /// The time outside every label in which an alarm fires, in hours.
    public var hoursOfFalseAlarm = 0.0
    /// For each label of the kinds asked for, in order of start: the time to its first alarm, `nil` when missed.
    public var latencies: [Duration?] = []

    /// Scores of nothing.
    public init() {}

    /// Labels that no alarm touches.
    public var missed: Int { labels - detected }
    /// Share of the episodes that are right.
    public var precision: Double? { episodes == 0 ? nil : Double(trueEpisodes) / Double(episodes) }
    /// Share of the labels that were found.
    public var recall: Double? { labels == 0 ? nil : Double(detected) / Double(labels) }
    /// The harmonic mean of precision and recall.
    public var f1: Double? { Scores.harmonicMean(precision, recall) }
    /// False alarms an hour of the time outside labels; `nil` when there is no such time.
    public var falseAlarmsPerHour: Double? { hoursOutside > 0 ? Double(falseAlarms) / hoursOutside : nil }
    /// Share of the time outside labels in which an alarm fires; `nil` when there is no such time.
    public var alarmTimeFraction: Double? { hoursOutside > 0 ? hoursOfFalseAlarm / hoursOutside : nil }

    /// Adds the counts of another run, so that ratios and latencies are those of both.
    public mutating func add(_ other: DetectionScores) {
        labels += other.labels
        detected += other.detected
        episodes += other.episodes
        trueEpisodes += other.trueEpisodes
        falseAlarms += other.falseAlarms
        alarms += other.alarms
        hoursOutside += other.hoursOutside
        hoursOfFalseAlarm += other.hoursOfFalseAlarm
        latencies += other.latencies
    }

    /// The latencies of the detected labels in seconds, ascending.
    public var detectedLatencies: [Double] { latencies.compactMap { $0?.seconds }.sorted() }

    /// A quantile of the latency in seconds, 0...1, linear between order statistics; `nil` when nothing was detected.
    public func latency(quantile: Double) -> Double? { Scores.quantile(quantile, ofSorted: detectedLatencies) }
    /// The median latency in seconds.
    public var medianLatency: Double? { latency(quantile: 0.5) }
    /// The 95 % quantile of the latency in seconds.
    public var p95Latency: Double? { latency(quantile: 0.95) }
    /// The greatest latency in seconds.
    public var maximumLatency: Double? { detectedLatencies.last }
}

/// Computes scores of alarms and predictions against ground truth.
public enum Scores {
    /// Episodes with a gap under this are one.
    public static let episodeGap: Duration = .seconds(1)

    /// The event-based scores of the alarms of one detector in the run [0, `end`).
    ///
    /// The latency of a label runs from its evidence, or its start when nothing told, to the first instant within it at which an alarm fires, so it is 0
    /// when one already did.
    /// O(n log n) in labels and alarms.
    ///
    /// - Parameters:
    ///   - alarms: in any order; one without an end fires until the end of the run.
    ///   - labels: in any order; they may overlap; empty ones and what lies outside the run are cut off.
    ///   - from: what comes earlier does not count.
    ///   - end: the end of the run.
    ///   - kinds: the kinds of label that the detector is meant to find; `nil` for all.
    public static func evaluate(alarms: [Alarm], labels: [GroundTruthLabel], from: Instant = .zero, end: Instant, kinds: [String]? = nil) -> DetectionScores {
        var scores = DetectionScores()
        let begin = max(from.nanoseconds, 0)
        let limit = max(end.nanoseconds, begin)
        let firings: [Span] = alarms.compactMap { alarm in
            guard alarm.start.nanoseconds >= 0, alarm.start.nanoseconds < limit, alarm.end?.nanoseconds ?? limit > begin || begin == 0 else { return nil }
            let start = max(alarm.start.nanoseconds, begin)
            let stop = min(alarm.end?.nanoseconds ?? limit, limit)
            return Span(start: start, end: max(stop, start + 1))
        }
        scores.alarms = firings.count
        let running = Span.union(firings)
        let episodes = Span.union(firings, joiningGapsUnder: episodeGap.nanoseconds)

        var wanted: [(span: Span, evidence: Int64)] = []
        var others: [Span] = []
        for label in labels {
            let span = Span(start: max(label.start.nanoseconds, begin), end: min(label.end.nanoseconds, limit))
            guard span.start < span.end else { continue }
            guard kinds?.contains(label.kind) ?? true else {
                others.append(span)
                continue
            }
            wanted.append((span, min(max(label.evidence?.nanoseconds ?? span.start, span.start), span.end)))
        }
        wanted.sort { ($0.span.start, $0.span.end, $0.evidence) < ($1.span.start, $1.span.end, $1.evidence) }
        scores.labels = wanted.count
        for (label, evidence) in wanted {
            guard let first = Span.firstEnding(after: label.start, in: running), first.start < label.end else {
                scores.latencies.append(nil)
                continue
            }
            scores.detected += 1
            scores.latencies.append(Duration(nanoseconds: max(first.start - evidence, 0)))
        }
        let wantedUnion = Span.union(wanted.map(\.span))
        let otherUnion = Span.union(others)
        for episode in episodes {
            if episode.overlaps(wantedUnion) {
                scores.trueEpisodes += 1
                scores.episodes += 1
            } else if !episode.overlaps(otherUnion) {
                scores.falseAlarms += 1
                scores.episodes += 1
            }
        }
        let union = Span.union(wantedUnion + others)
        let labelled = Span.length(union)
        scores.hoursOutside = Double(limit - begin - labelled) / 3.6e12
        // What fires or is labelled, less what is labelled, fires outside.
        scores.hoursOfFalseAlarm = Double(Span.length(Span.union(running + union)) - labelled) / 3.6e12
        return scores
    }

    /// The harmonic mean of two ratios; an undefined one counts as 0, and two undefined ones have none.
    static func harmonicMean(_ a: Double?, _ b: Double?) -> Double? {
        if a == nil, b == nil { return nil }
        guard let a, let b, a + b > 0 else { return 0 }
        return 2 * a * b / (a + b)
    }

    /// A quantile of ascending values, linear between order statistics; `nil` without values or outside 0...1.
    public static func quantile(_ share: Double, ofSorted values: [Double]) -> Double? {
        guard let last = values.last, share >= 0, share <= 1 else { return nil }
        let place = share * Double(values.count - 1)
        let index = Int(place)
        guard index + 1 < values.count else { return last }
        return values[index] + (values[index + 1] - values[index]) * (place - Double(index))
    }
}
