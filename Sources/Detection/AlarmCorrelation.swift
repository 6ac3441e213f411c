public import Quantities

/// What joins detectors: it takes the edges of their alarms and gives a score of its own.
public protocol AlarmJoining {
    /// An edge of a part, and what its alarm is about.
    mutating func note(_ edge: AlertEdge, ofPart index: Int, about blame: String)
    /// The score at an instant that is not before any edge.
    mutating func score(at instant: Instant) -> Double
    /// The next instant at which the score can change without a further edge; `nil` when it does not.
    func nextExpiry(after instant: Instant) -> Instant?
    /// What the last anomalous score is about; empty when there is nothing to name.
    var blame: String { get }
    /// When what the last anomalous score is about began.
    var onset: Instant? { get }
}

extension Composite: AlarmJoining {
    /// An edge of a part.
    public mutating func note(_ edge: AlertEdge, ofPart index: Int, about blame: String) { note(edge, ofPart: index) }
    /// Nothing: what the parts are about may differ.
    public var blame: String { "" }
    /// Nothing: the onset is the instant of the score.
    public var onset: Instant? { nil }
}

/// Counts, values and sequences of the alarms of other detectors within a time, for each group: `correlate-alarms`.
///
/// An alarm counts when it starts. A statistic holds until the oldest alarm that it rests on has left the window.
public final class AlarmCorrelation: AlarmJoining {
    /// What makes a group of its own.
    enum Grouping: String, CaseIterable {
        /// All alarms are one group.
        case none
        /// What alarms are about, such as an identifier or a charge point.
        case blame
    }

    /// What is told apart by value-count.
    enum Field: String, CaseIterable {
        /// What alarms are about.
        case blame
        /// Which detector raised them.
        case detector
    }

    private struct Active {
        var group: UInt64
        var score: Double
        var until: Int64
        var blame: String
    }

    private let correlation: EventCorrelation
    private let grouping: Grouping
    private let field: Field
    private let parts: Int
    private let maximumGroups: Int
    /// Groups that are anomalous, in the order in which they became it.
    private var active: [Active] = []
    public private(set) var blame = ""
    public private(set) var onset: Instant?

    init(
        _ order: EventCorrelation.Order, parts: Int, within: Duration, bounds: EventCorrelation.Bounds, grouping: Grouping, field: Field,
        percentile: Double = 0.95, maximumGroups: Int = 4096
    ) throws(DetectionError) {
        guard (1...1000).contains(parts) else { throw .outOfRange(setting: "parts", requirement: "a list of 1 to 1000 detectors") }
        guard parts >= 2 || !order.isSequence else { throw .outOfRange(setting: "parts", requirement: "a list of at least two detectors for a sequence") }
        guard within > .zero else { throw .outOfRange(setting: "within", requirement: "longer than 0 s") }
        if !order.isSequence, bounds.above == nil, bounds.atLeast == nil { throw .missing(setting: "at_least") }
        correlation = EventCorrelation(order, steps: parts, window: within, bounds: bounds, percentile: percentile, maximumGroups: maximumGroups)
        self.grouping = grouping
        self.field = field
        self.parts = parts
        self.maximumGroups = maximumGroups
    }

    public func note(_ edge: AlertEdge, ofPart index: Int, about blame: String) {
        guard edge.kind == .firing, (0..<parts).contains(index) else { return }
        // A preset says which rule it was after what it is about: "cp1: flood: ...".
        let object = String(blame.prefix { $0 != ":" && $0 != " " })
        let group = grouping == .none ? 0 : KeyHash.of(object)
        let now = edge.at.nanoseconds
        let key = field == .detector ? UInt64(index) : KeyHash.of(object)
        _ = correlation.score(of: .init(time: now, step: index, value: edge.peak, key: key), group: group)
        let (score, until) = correlation.score(ofGroup: group, at: now)
        active.removeAll { $0.group == group }
        guard score >= 1 else { return }
        onset = correlation.onset
        self.blame = grouping == .none ? "" : object
        if active.count >= maximumGroups { active.removeFirst() }
        active.append(Active(group: group, score: score, until: until ?? .max, blame: self.blame))
    }

    public func score(at instant: Instant) -> Double {
        let now = instant.nanoseconds
        for index in active.indices where active[index].until <= now {
            let (score, until) = correlation.score(ofGroup: active[index].group, at: now)
            active[index].score = score
            active[index].until = until ?? .max
        }
        active.removeAll { $0.score < 1 }
        return active.lazy.map(\.score).max() ?? 0
    }

    public func nextExpiry(after instant: Instant) -> Instant? {
        active.lazy.map(\.until).filter { $0 > instant.nanoseconds && $0 != .max }.min().map { Instant(nanoseconds: $0) }
    }
}

extension DetectorKind {
    static let correlateAlarms = DetectorKind(
        "correlate-alarms", about: "Alarms of other detectors mean something together: a number, or a sequence within a time, for each group.",
        settings: [
            DetectorSetting("parts", .detectors, required: true, about: "The detectors whose alarms count; for temporal-ordered in their order."),
            DetectorSetting(
                "order", .oneOf(EventCorrelation.Order.allCases.map(\.rawValue)), default: .word("event-count"),
                about:
                    "event-count; value-count (distinct values of 'field'); value-sum, value-avg and value-percentile of the scores; temporal: every part;"
                    + " temporal-ordered: in their order.",
                source: "type of Sigma correlations"),
            DetectorSetting(
                "field", .oneOf(AlarmCorrelation.Field.allCases.map(\.rawValue)), default: .word("blame"),
                about: "value-count: blame (what alarms are about, such as a charge point) or detector."),
            DetectorSetting(
                "group_by", .oneOf(AlarmCorrelation.Grouping.allCases.map(\.rawValue)), default: .word("none"),
                about: "none: all alarms together; blame: those about the same charge point or identifier.", source: "group-by of Sigma correlations"),
            DetectorSetting("within", .duration, default: .duration(.seconds(60)), about: "The window is (t - within, t].", source: "timespan of Sigma"),
            DetectorSetting("at_least", .plain(1e-9...1e15), about: "Anomalous from this value on; not for sequences."),
            DetectorSetting("above", .plain(0...1e15), about: "Anomalous above this value."),
            DetectorSetting("percentile", .plain(0...100), default: .number(95), about: "Which percentile value-percentile is; 50 for the median."),
            DetectorSetting(
                "max_groups", .count(1...1_000_000), default: .count(4096),
                about: "The greatest number of groups that are remembered; the one that was longest silent makes room."),
        ],
        example: "campaign: {is: correlate-alarms, parts: [timing, jump, level], order: temporal-ordered, group_by: blame, within: 10min}"
    ) { settings, parts throws(DetectionError) in
        try AlarmCorrelation(
            settings.word("order").flatMap { EventCorrelation.Order(rawValue: $0) } ?? .eventCount, parts: parts,
            within: settings.duration("within") ?? .seconds(60),
            bounds: EventCorrelation.Bounds(above: settings.number("above"), atLeast: settings.number("at_least")),
            grouping: settings.word("group_by").flatMap { AlarmCorrelation.Grouping(rawValue: $0) } ?? .none,
            field: settings.word("field").flatMap { AlarmCorrelation.Field(rawValue: $0) } ?? .blame,
            percentile: (settings.number("percentile") ?? 95) / 100, maximumGroups: settings.count("max_groups") ?? 4096)
    }
}
