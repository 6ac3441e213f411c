import Quantities

/// Several messages that mean something together: counts, values and sequences within a time, for each group.
final class CorrelateRule: MessageRule {
    /// What is counted or awaited.
    enum Order: String, CaseIterable {
        case eventCount = "event-count"
        case valueCount = "value-count"
        case valueSum = "value-sum"
        case valueAverage = "value-avg"
        case temporal
        case temporalOrdered = "temporal-ordered"
    }

    /// When the statistic of a group is anomalous; any of the bounds that are given must be passed.
    struct Bounds {
        var above: Double?
        var atLeast: Double?
        var below: Double?
        var atMost: Double?
        /// A least share of all charge points that were seen, for counts of charge points.
        var share: Double?
    }

    private struct Entry {
        var time: Int64
        var value: Double
        var key: UInt64
    }

    private struct Group {
        /// A ring of the events in the window, oldest first.
        var entries: [Entry] = []
        var head = 0
        var size = 0
        /// By rule: the last event, or the latest possible start of the chain that has come so far.
        var starts: [Int64] = []
    }

    private let order: Order
    private let parts: [(name: String, selection: Selection)]
    private let field: FieldPath?
    private let groupBy: [FieldPath]
    private let window: UInt64
    private let bounds: Bounds
    private let capacity: Int
    /// The events that a part can select at all.
    private let selected: MessageInterest
    @exclusivity(unchecked) private var groups: GroupTable<Group>
    @exclusivity(unchecked) private var chargePoints: GroupTable<Bool>
    private(set) var reason = ""
    private(set) var onset: Instant?
    /// The statistic after the last event: a count, a sum, a mean; for a sequence 1 where it is complete.
    private(set) var statistic = 0.0

    init(
        order: Order, parts: [(name: String, selection: Selection)], field: FieldPath?, groupBy: [FieldPath], window: Duration, bounds: Bounds,
        capacity: Int = 1024, maximumGroups: Int = 4096
    ) {
        self.order = order
        self.parts = parts
        self.field = field
        self.groupBy = groupBy
        self.window = UInt64(max(0, window.nanoseconds))
        self.bounds = bounds
        self.capacity = max(1, capacity)
        var selected = MessageInterest()
        for part in parts { selected.formUnion(part.selection.interest) }
        self.selected = selected
        groups = GroupTable(capacity: maximumGroups)
        chargePoints = GroupTable(capacity: maximumGroups)
    }

    var evictions: Int { groups.evictions }
    var interest: MessageInterest {
        var interest = selected
        // A share needs to know who is there.
        if bounds.share != nil { interest.calls |= MessageInterest.actions(.bootNotification, .heartbeat, .statusNotification) }
        return interest
    }

    func judge(_ view: MessageView) -> Double? {
        if bounds.share != nil { _ = chargePoints.place(of: view.identityKey) { true } }
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
        let steps = parts.count
        let place = groups.place(of: group) { Group(starts: order == .temporal || order == .temporalOrdered ? Array(repeating: .min, count: steps) : []) }
        switch order {
        case .temporal, .temporalOrdered:
            statistic = advance(&groups[place], part, now) ? 1 : 0
            guard statistic > 0 else { return 0 }
            reason = who
            return 1
        case .eventCount, .valueCount, .valueSum, .valueAverage:
            statistic = add(Entry(time: now, value: number, key: key), to: &groups[place])
            let score = score(statistic)
            if score >= 1 {
                reason = who
                onset = Instant(nanoseconds: groups[place].size > 0 ? groups[place].entries[groups[place].head].time : now)
            }
            return score
        }
    }

    private func advance(_ group: inout Group, _ part: Int, _ now: Int64) -> Bool {
        func isFresh(_ time: Int64) -> Bool { time != .min && age(of: time, at: now) < window }
        if order == .temporal {
            group.starts[part] = now
            guard group.starts.allSatisfy(isFresh) else { return false }
            onset = Instant(nanoseconds: group.starts.min() ?? now)
            return true
        }
        if part == 0 {
            group.starts[0] = now
        } else if isFresh(group.starts[part - 1]) {
            group.starts[part] = group.starts[part - 1]
        }
        guard part == parts.count - 1, isFresh(group.starts[part]) else { return false }
        onset = Instant(nanoseconds: group.starts[part])
        return true
    }

    private func add(_ entry: Entry, to group: inout Group) -> Double {
        // What has left the window.
        while group.size > 0, age(of: group.entries[group.head].time, at: entry.time) >= window {
            group.head = (group.head + 1) % group.entries.count
            group.size -= 1
        }
        if order == .valueCount {
            // A value that is there already moves to the end.
            for offset in 0..<group.size where group.entries[(group.head + offset) % group.entries.count].key == entry.key {
                for later in offset..<group.size - 1 {
                    group.entries[(group.head + later) % group.entries.count] = group.entries[(group.head + later + 1) % group.entries.count]
                }
                group.size -= 1
                break
            }
        }
        if group.size == group.entries.count {
            if group.size < capacity {
                // The ring is put straight and grows.
                var entries: [Entry] = []
                entries.reserveCapacity(min(capacity, max(4, 2 * group.size)))
                for offset in 0..<group.size { entries.append(group.entries[(group.head + offset) % group.entries.count]) }
                while entries.count < min(capacity, max(4, 2 * group.size)) { entries.append(entry) }
                group.entries = entries
                group.head = 0
            } else {
                group.head = (group.head + 1) % group.entries.count
                group.size -= 1
            }
        }
        group.entries[(group.head + group.size) % group.entries.count] = entry
        group.size += 1
        switch order {
        case .valueSum, .valueAverage:
            var sum = 0.0
            for offset in 0..<group.size { sum += group.entries[(group.head + offset) % group.entries.count].value }
            return order == .valueSum ? sum : sum / Double(group.size)
        default: return Double(group.size)
        }
    }

    private func score(_ value: Double) -> Double {
        var score = 0.0
        if let limit = bounds.above { score = max(score, Score.settled(hit: value > limit, raw: limit > 0 ? value / limit : 0)) }
        if var limit = bounds.atLeast {
            if let share = bounds.share { limit = max(limit, share * Double(chargePoints.count)) }
            score = max(score, Score.settled(hit: value >= limit, raw: limit > 0 ? value / limit : 0))
        }
        if let limit = bounds.below { score = max(score, Score.settled(hit: value < limit, raw: value > 0 ? limit / value : 0)) }
        if let limit = bounds.atMost { score = max(score, Score.settled(hit: value <= limit, raw: value > 0 ? limit / value : 0)) }
        return score
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        groups.save(&writer) { group, writer in
            writer.put(group.size)
            for offset in 0..<group.size {
                let entry = group.entries[(group.head + offset) % group.entries.count]
                writer.put(entry.time)
                writer.put(entry.value)
                writer.put(bits: entry.key)
            }
            for start in group.starts { writer.put(start) }
        }
        chargePoints.save(&writer) { $1.put($0) }
        writer.put(reason)
        writer.put(onset?.nanoseconds ?? .min)
        writer.put(statistic)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        let starts = order == .temporal || order == .temporalOrdered ? parts.count : 0
        let capacity = capacity
        try groups.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Group in
            var group = Group()
            group.size = try reader.count(itemBytes: 24)
            guard group.size <= capacity else { throw .badState("a group has too many events") }
            for _ in 0..<group.size { group.entries.append(Entry(time: try reader.integer(), value: try reader.number(), key: try reader.bits())) }
            for _ in 0..<starts { group.starts.append(try reader.integer()) }
            return group
        }
        try chargePoints.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Bool in try reader.flag() }
        reason = try reader.text()
        let onset = try reader.integer()
        self.onset = onset == .min ? nil : Instant(nanoseconds: onset)
        statistic = try reader.number()
    }
}
