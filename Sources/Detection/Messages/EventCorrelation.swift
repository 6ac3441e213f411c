import Quantities

/// Events of groups that mean something together: counts, values and sequences within a time. Messages and alarms are correlated by it.
final class EventCorrelation {
    /// What is counted or awaited.
    enum Order: String, CaseIterable {
        case eventCount = "event-count"
        case valueCount = "value-count"
        case valueSum = "value-sum"
        case valueAverage = "value-avg"
        case valuePercentile = "value-percentile"
        case temporal
        case temporalOrdered = "temporal-ordered"

        /// Whether it awaits every step instead of counting.
        var isSequence: Bool { self == .temporal || self == .temporalOrdered }
        /// Whether it looks at a value of the events.
        var needsValue: Bool { !isSequence && self != .eventCount }
    }

    /// When the statistic of a group is anomalous; any of the bounds that are given must be passed.
    struct Bounds {
        var above: Double?
        var atLeast: Double?
        var below: Double?
        var atMost: Double?
        /// A least share of all who were seen, for counts.
        var share: Double?
    }

    /// One event.
    struct Event {
        var time: Int64
        /// Which step of a sequence it is.
        var step = 0
        /// What is summed, and what is told apart.
        var value = 0.0
        var key: UInt64 = 0
    }

    private struct Group {
        /// A ring of the events in the window, oldest first.
        var events: [Event] = []
        var head = 0
        var size = 0
        /// By step: the last event, or the latest possible start of the chain that has come so far.
        var starts: [Int64] = []

        subscript(offset: Int) -> Event {
            get { events[(head + offset) % events.count] }
            set { events[(head + offset) % events.count] = newValue }
        }
        var oldest: Int64? { size > 0 ? self[0].time : nil }
    }

    let order: Order
    private let steps: Int
    private let window: UInt64
    private let bounds: Bounds
    /// Between 0 and 1.
    private let percentile: Double
    private let capacity: Int
    @exclusivity(unchecked) private var groups: GroupTable<Group>
    /// When what the last anomalous score is about began.
    private(set) var onset: Instant?
    /// The statistic after the last event: a count, a sum, a mean; for a sequence 1 where it is complete.
    private(set) var statistic = 0.0

    init(
        _ order: Order, steps: Int, window: Duration, bounds: Bounds, percentile: Double = 0.95, capacity: Int = 1024, maximumGroups: Int = 4096
    ) {
        self.order = order
        self.steps = steps
        self.window = UInt64(max(0, window.nanoseconds))
        self.bounds = bounds
        self.percentile = percentile
        self.capacity = max(1, capacity)
        groups = GroupTable(capacity: maximumGroups)
    }

    var evictions: Int { groups.evictions }

    /// Takes an event; the score of its group. `known` is how many were seen, for a share of them.
    func score(of event: Event, group: UInt64, known: Int = 0) -> Double {
        let count = steps
        let isSequence = order.isSequence
        let place = groups.place(of: group) { Group(starts: isSequence ? Array(repeating: .min, count: count) : []) }
        if isSequence {
            statistic = advance(&groups[place], event.step, event.time) ? 1 : 0
            return statistic
        }
        add(event, to: &groups[place])
        statistic = value(of: groups[place])
        let score = score(statistic, known: known)
        if score >= 1 { onset = Instant(nanoseconds: groups[place].oldest ?? event.time) }
        return score
    }

    /// The score of a group at a later instant, and when it may fall; for a group that nothing happens in.
    func score(ofGroup group: UInt64, at now: Int64, known: Int = 0) -> (score: Double, until: Int64?) {
        let count = steps
        let isSequence = order.isSequence
        let place = groups.place(of: group) { Group(starts: isSequence ? Array(repeating: .min, count: count) : []) }
        if isSequence {
            let start = order == .temporal ? groups[place].starts.min() : groups[place].starts.last
            guard let start, isFresh(start, now), order == .temporalOrdered || groups[place].starts.allSatisfy({ isFresh($0, now) }) else { return (0, nil) }
            return (1, end(of: start))
        }
        expire(&groups[place], now)
        guard let oldest = groups[place].oldest else { return (0, nil) }
        return (score(value(of: groups[place]), known: known), end(of: oldest))
    }

    private func end(of start: Int64) -> Int64? {
        let (sum, overflow) = start.addingReportingOverflow(Int64(clamping: window))
        return overflow ? nil : sum
    }

    private func isFresh(_ time: Int64, _ now: Int64) -> Bool { time != .min && age(of: time, at: now) < window }

    private func advance(_ group: inout Group, _ step: Int, _ now: Int64) -> Bool {
        if order == .temporal {
            group.starts[step] = now
            guard group.starts.allSatisfy({ isFresh($0, now) }) else { return false }
            onset = Instant(nanoseconds: group.starts.min() ?? now)
            return true
        }
        if step == 0 {
            group.starts[0] = now
        } else if isFresh(group.starts[step - 1], now) {
            group.starts[step] = group.starts[step - 1]
        }
        guard step == steps - 1, isFresh(group.starts[step], now) else { return false }
        onset = Instant(nanoseconds: group.starts[step])
        return true
    }

    /// Forgets what has left the window.
    private func expire(_ group: inout Group, _ now: Int64) {
        while group.size > 0, age(of: group[0].time, at: now) >= window {
            group.head = (group.head + 1) % group.events.count
            group.size -= 1
        }
    }

    private func add(_ event: Event, to group: inout Group) {
        expire(&group, event.time)
        if order == .valueCount {
            // A value that is there already moves to the end.
            for offset in 0..<group.size where group[offset].key == event.key {
                for later in offset..<group.size - 1 { group[later] = group[later + 1] }
                group.size -= 1
                break
            }
        }
        if group.size == group.events.count {
            if group.size < capacity {
                // The ring is put straight and grows.
                var events: [Event] = []
                events.reserveCapacity(min(capacity, max(4, 2 * group.size)))
                for offset in 0..<group.size { events.append(group[offset]) }
                while events.count < min(capacity, max(4, 2 * group.size)) { events.append(event) }
                group.events = events
                group.head = 0
            } else {
                group.head = (group.head + 1) % group.events.count
                group.size -= 1
            }
        }
        group[group.size] = event
        group.size += 1
    }

    private func value(of group: Group) -> Double {
        switch order {
        case .valueSum, .valueAverage:
            var sum = 0.0
            for offset in 0..<group.size { sum += group[offset].value }
            return order == .valueSum ? sum : group.size > 0 ? sum / Double(group.size) : 0
        case .valuePercentile:
            guard group.size > 0 else { return 0 }
            let sorted = (0..<group.size).map { group[$0].value }.sorted()
            let rank = percentile * Double(sorted.count - 1)
            let low = min(Int(rank), max(0, sorted.count - 2))
            return sorted.count == 1 ? sorted[0] : sorted[low] + (rank - Double(low)) * (sorted[low + 1] - sorted[low])
        default: return Double(group.size)
        }
    }

    private func score(_ value: Double, known: Int) -> Double {
        var score = 0.0
        if let limit = bounds.above { score = max(score, Score.settled(hit: value > limit, raw: limit > 0 ? value / limit : 0)) }
        if var limit = bounds.atLeast {
            if let share = bounds.share { limit = max(limit, share * Double(known)) }
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
                writer.put(group[offset].time)
                writer.put(group[offset].value)
                writer.put(bits: group[offset].key)
            }
            for start in group.starts { writer.put(start) }
        }
        writer.put(onset?.nanoseconds ?? .min)
        writer.put(statistic)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        let starts = order.isSequence ? steps : 0
        let capacity = capacity
        try groups.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Group in
            var group = Group()
            group.size = try reader.count(itemBytes: 24)
            guard group.size <= capacity else { throw .badState("a group has too many events") }
            for _ in 0..<group.size { group.events.append(Event(time: try reader.integer(), value: try reader.number(), key: try reader.bits())) }
            for _ in 0..<starts { group.starts.append(try reader.integer()) }
            return group
        }
        let onset = try reader.integer()
        self.onset = onset == .min ? nil : Instant(nanoseconds: onset)
        statistic = try reader.number()
    }
}
