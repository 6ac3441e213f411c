import Quantities

/// Several messages that mean something together: counts, values and sequences within a time, for each group.
final class CorrelateRule: MessageRule {
    typealias Order = EventCorrelation.Order
    typealias Bounds = EventCorrelation.Bounds

    private let parts: [(name: String, selection: Selection)]
    private let field: FieldPath?
    private let groupBy: [FieldPath]
    private let isShare: Bool
    private let correlation: EventCorrelation
    /// The events that a part can select at all.
    private let selected: MessageInterest
    @exclusivity(unchecked) private var chargePoints: GroupTable<Bool>
    private(set) var reason = ""
    /// The group of the last event that was counted.
    private(set) var group: UInt64 = 0

    init(
        order: Order, parts: [(name: String, selection: Selection)], field: FieldPath?, groupBy: [FieldPath], window: Duration, bounds: Bounds,
        percentile: Double = 0.95, capacity: Int = 1024, maximumGroups: Int = 4096
    ) {
        self.parts = parts
        self.field = field
        self.groupBy = groupBy
        isShare = bounds.share != nil
        correlation = EventCorrelation(
            order, steps: parts.count, window: window, bounds: bounds, percentile: percentile, capacity: capacity, maximumGroups: maximumGroups)
        var selected = MessageInterest()
        for part in parts { selected.formUnion(part.selection.interest) }
        self.selected = selected
        chargePoints = GroupTable(capacity: maximumGroups)
    }

    var onset: Instant? { correlation.onset }
    /// The statistic after the last event: a count, a sum, a mean; for a sequence 1 where it is complete.
    var statistic: Double { correlation.statistic }
    var evictions: Int { correlation.evictions }
    var interest: MessageInterest {
        var interest = selected
        // A share needs to know who is there.
        if isShare { interest.calls |= MessageInterest.actions(.bootNotification, .heartbeat, .statusNotification) }
        return interest
    }

    func judge(_ view: MessageView) -> Double? {
        if isShare { _ = chargePoints.place(of: view.identityKey) { true } }
        guard selected.includes(view), let part = parts.firstIndex(where: { $0.selection.holds(view) }) else { return nil }
        var hash = KeyHash()
        for path in groupBy {
            path.visit(view) { value in
                value.add(to: &hash)
                return false
            }
            hash.add(7)
        }
        var key: UInt64 = 0
        var number = 0.0
        if let field {
            var isThere = false
            field.visit(view) { value in
                isThere = true
                var hash = KeyHash()
                value.add(to: &hash)
                key = hash.value
                number = value.number ?? 0
                return false
            }
            guard isThere else { return nil }
        }
        return count(group: hash.value, part: part, key: key, number: number, at: view.now, who: groupBy.isEmpty ? "" : view.identity)
    }

    /// Takes an event that matched a part; the score of its group.
    func count(group: UInt64, part: Int, key: UInt64, number: Double, at now: Int64, who: String) -> Double {
        self.group = group
        let score = correlation.score(of: .init(time: now, step: part, value: number, key: key), group: group, known: chargePoints.count)
        if score >= 1 { reason = who }
        return score
    }

    /// The score of a group at a later instant, and when it may fall.
    func standing(_ group: UInt64, at now: Int64) -> (score: Double, until: Int64?) {
        correlation.score(ofGroup: group, at: now, known: chargePoints.count)
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        correlation.save(&writer)
        chargePoints.save(&writer) { $1.put($0) }
        writer.put(reason)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try correlation.restore(&reader)
        try chargePoints.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Bool in try reader.flag() }
        reason = try reader.text()
    }
}

/// `correlate`: a rule whose alarm ends when what it rests on has left the window, also when nothing comes any more.
final class CorrelateDetector: MessagesDetecting {
    private let view: MessageView
    private let rule: CorrelateRule
    private let interest: MessageInterest
    private let maximumGroups: Int
    /// Groups that are anomalous, and until when that stands without a further event, in the order in which they became it.
    private var active: [(group: UInt64, until: Int64)] = []

    init(_ rule: CorrelateRule, maximumGroups: Int) {
        self.rule = rule
        self.maximumGroups = maximumGroups
        interest = rule.interest
        view = MessageView(maximumGroups: maximumGroups)
    }

    func update(_ event: MessageEvent) -> Double? {
        guard view.take(event), interest.includes(view), let score = rule.judge(view) else { return nil }
        active.removeAll { $0.group == rule.group }
        if score >= 1 {
            if active.count >= maximumGroups { active.removeFirst() }
            active.append((rule.group, rule.standing(rule.group, at: view.now).until ?? .max))
            return score
        }
        // What is in order in one group does not end the alarm of another.
        return active.isEmpty ? score : nil
    }

    var nextTimer: Instant? { active.lazy.map(\.until).min().flatMap { $0 == .max ? nil : Instant(nanoseconds: $0) } }

    func timer(at instant: Instant) -> Double? {
        let now = instant.nanoseconds
        var worst = 0.0
        for index in active.indices where active[index].until <= now {
            let (score, until) = rule.standing(active[index].group, at: now)
            active[index].until = score >= 1 ? until ?? .max : .min
            if score >= 1 { worst = max(worst, score) }
        }
        active.removeAll { $0.until <= now }
        return worst >= 1 || active.isEmpty ? worst : nil
    }

    var health: DetectorHealth {
        var health = view.health
        health.overflow = view.evictions + rule.evictions
        return health
    }
    var blame: String { rule.reason }
    var onset: Instant? { rule.onset }
    func resume() { rule.resume() }

    func save(_ writer: inout StateWriter) {
        view.save(&writer)
        rule.save(&writer)
        writer.put(active.count)
        for entry in active {
            writer.put(bits: entry.group)
            writer.put(entry.until)
        }
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try view.restore(&reader)
        try rule.restore(&reader)
        active.removeAll()
        for _ in 0..<(try reader.count(itemBytes: 16)) { active.append((try reader.bits(), try reader.integer())) }
    }
}
