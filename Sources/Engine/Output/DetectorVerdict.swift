public import Detection
public import Quantities

/// What a detector was worth in a run: over all labels, and for each kind of label.
public struct DetectorVerdict: Sendable {
    /// Scores against labels of one kind.
    public struct KindScores: Sendable {
        /// Kind of the labels.
        public var kind: String
        /// By labels and episodes.
        public var events: DetectionScores
        /// By rows; `nil` when none were kept.
        public var rows: RowScores?
    }

    /// Name of the detector.
    public var detector: String
    /// By labels and episodes.
    public var events: DetectionScores
    /// By rows; `nil` when none were kept.
    public var rows: RowScores?
    /// Kinds of labels in the order of their first label.
    public var kinds: [KindScores]
    /// How often its alarms name the right culprit.
    public var attribution: Attribution

    /// Judges the alarms of a detector, and its scores where they were kept.
    ///
    /// - Parameters:
    ///   - labels: in the order of their start.
    ///   - from: what comes earlier was learnt and is not judged.
    ///   - names: other names of the target of a label; see `Attribution`.
    ///   - buffer: greatest buffer of the volumes in rows; `nil` for the usual one.
    public init(
        detector: String, alarms: [Alarm], rows kept: ScoreRows?, labels: [GroundTruthLabel], from: Instant = .zero, end: Instant,
        names: (String) -> [String] = { _ in [] },
        buffer: Int? = nil
    ) {
        self.detector = detector
        events = Scores.evaluate(alarms: alarms, labels: labels, from: from, end: end)
        rows = labels.isEmpty ? nil : kept?.evaluate(alarms: alarms, labels: labels, from: from, buffer: buffer)
        var known: [String] = []
        for label in labels where label.start < label.end && label.end > from && !known.contains(label.kind) { known.append(label.kind) }
        let (events, rows) = (events, rows)
        kinds = known.map { kind in
            known.count == 1
                ? KindScores(kind: kind, events: events, rows: rows)
                : KindScores(
                    kind: kind, events: Scores.evaluate(alarms: alarms, labels: labels, from: from, end: end, kinds: [kind]),
                    rows: kept?.evaluate(alarms: alarms, labels: labels, from: from, kinds: [kind], buffer: buffer))
        }
        attribution = Attribution(alarms: alarms.map { ($0, $0.blame) }, labels: labels, names: names)
    }
}
