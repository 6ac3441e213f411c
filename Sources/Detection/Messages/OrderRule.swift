import OCPP
import Quantities

/// The legal order of the messages of OCPP 1.6, for each charge point: see `MessageOrder`.
final class OrderRule: MessageRule {
    private struct ChargePoint {
        var order: MessageOrder
        /// True until the first call after the connection was opened.
        var isFresh = true
        var hasConnections = false
        var lastUp: Int64 = .min
        /// The newest message of a transaction, when it came first, and how often it came again.
        var newest: UInt64 = 0
        var newestTime: Int64 = .min
        var repeats = 0
        var wasBroken = false
        /// When its first message came, if the log began behind the opening of its connection.
        var began: Int64 = .min
    }

    /// Nanoseconds in which answers may belong to calls from before a log began.
    private static let startOfLog: UInt64 = 120_000_000_000

    private let ignored: [MessageOrderFinding.Rule]
    /// Whether the first message is the first since power on; `nil` where the first message decides: it is for a charge point that boots.
    private let knowsHistory: Bool?
    @exclusivity(unchecked) private var chargePoints: GroupTable<ChargePoint>
    @exclusivity(unchecked) private var findings: [MessageOrderFinding] = []
    private(set) var reason = ""

    init(ignored: [MessageOrderFinding.Rule], knowsHistory: Bool?, maximumGroups: Int) {
        self.ignored = ignored
        self.knowsHistory = knowsHistory
        chargePoints = GroupTable(capacity: maximumGroups)
        findings.reserveCapacity(16)
    }

    var evictions: Int { chargePoints.evictions }

    func judge(_ view: MessageView) -> Double? {
        let knowsHistory = knowsHistory ?? (view.kind == .opened || view.kind == .call && view.action == .bootNotification && view.isUp)
        let place = chargePoints.place(of: view.identityKey) { ChargePoint(order: MessageOrder(MessageOrderSettings(knowsHistory: knowsHistory))) }
        findings.removeAll(keepingCapacity: true)
        // The checker counts on instants whose differences fit.
        let now = Instant(nanoseconds: min(max(view.now, -(1 << 62) + 1), (1 << 62) - 1))
        var isRetry = false
        var isLeftOver = false
        switch view.kind {
        case .opened:
            if chargePoints[place].hasConnections { chargePoints[place].order.observe(.restored, at: now, into: &findings) }
            chargePoints[place].hasConnections = true
            chargePoints[place].isFresh = true
            chargePoints[place].wasBroken = true
        case .closed, .broken:
            chargePoints[place].order.observe(.lost, at: now, into: &findings)
            chargePoints[place].hasConnections = true
            chargePoints[place].isFresh = true
        case .malformed:
            // A call that is refused waits for its answer like another.
            guard let original = view.original else { return nil }
            chargePoints[place].order.observe(original, from: view.isUp ? .chargePoint : .centralSystem, at: now, into: &findings)
        case .call, .result, .error:
            guard let message = view.message else { return nil }
            if view.kind == .call, view.isUp {
                // A boot that comes first on a connection tells of a reboot; where nobody reports connections, every boot after a silence may be one.
                if view.action == .bootNotification {
                    let isSilent = age(of: chargePoints[place].lastUp, at: view.now) > 5_000_000_000
                    if chargePoints[place].isFresh || !chargePoints[place].hasConnections && isSilent {
                        chargePoints[place].order.observe(.reboot, at: now, into: &findings)
                        chargePoints[place].wasBroken = true
                    }
                }
                chargePoints[place].isFresh = false
                isRetry = comesAgain(&chargePoints[place], view)
            }
            if view.isUp { chargePoints[place].lastUp = view.now }
            if !chargePoints[place].order.settings.knowsHistory, !chargePoints[place].hasConnections {
                if chargePoints[place].began == .min { chargePoints[place].began = view.now }
                isLeftOver = view.kind != .call && age(of: chargePoints[place].began, at: view.now) < OrderRule.startOfLog
            }
            chargePoints[place].order.observe(message, from: view.isUp ? .chargePoint : .centralSystem, at: now, into: &findings)
        }
        let finding = findings.first { finding in
            !ignored.contains(finding.rule) && !(isRetry && (finding.rule == .transaction || finding.rule == .offline))
                && !(isLeftOver && finding.rule == .framing)
        }
        guard let finding else { return 0 }
        reason = "\(finding.rule.rawValue): \(finding.reason)"
        return 1
    }

    /// True for the newest message of a transaction that comes once more soon, or after a break: whoever sends it has not got the answer.
    private func comesAgain(_ point: inout ChargePoint, _ view: MessageView) -> Bool {
        guard let payload = view.payload, let key = ReplayRule.key(payload, view.identityKey) else { return false }
        guard key == point.newest else {
            (point.newest, point.newestTime, point.repeats, point.wasBroken) = (key, view.now, 0, false)
            return false
        }
        point.repeats += 1
        return point.repeats == 1 && (point.wasBroken || age(of: point.newestTime, at: view.now) < 120_000_000_000)
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        chargePoints.save(&writer) { chargePoint, writer in
            writer.put(chargePoint.order.settings.knowsHistory)
            writer.put(chargePoint.order.stateText)
            writer.put(chargePoint.isFresh)
            writer.put(chargePoint.hasConnections)
            writer.put(chargePoint.lastUp)
            writer.put(bits: chargePoint.newest)
            writer.put(chargePoint.newestTime)
            writer.put(chargePoint.repeats)
            writer.put(chargePoint.wasBroken)
            writer.put(chargePoint.began)
        }
        writer.put(reason)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try chargePoints.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> ChargePoint in
            var order = MessageOrder(MessageOrderSettings(knowsHistory: try reader.flag()))
            guard order.restore(stateText: try reader.text()) else { throw .badState("the order of messages of a charge point is broken") }
            return ChargePoint(
                order: order, isFresh: try reader.flag(), hasConnections: try reader.flag(), lastUp: try reader.integer(),
                newest: try reader.bits(), newestTime: try reader.integer(), repeats: Int(truncatingIfNeeded: try reader.integer()),
                wasBroken: try reader.flag(), began: try reader.integer())
        }
        reason = try reader.text()
    }
}

/// The legal order of messages by a table of one's own: states with the events that lead on.
final class TableRule: MessageRule {
    /// What an illegal event does to the state.
    enum OnIllegal: String, CaseIterable {
        /// The state stays.
        case stay
        /// The state becomes the one where the event usually leads.
        case follow
        /// The state becomes the first.
        case reset
    }

    private let states: [String]
    private let events: [(name: String, selection: Selection)]
    /// By state and event: the next state, or -1.
    private let table: [Int]
    private let usual: [Int]
    private let start: Int
    private let onIllegal: OnIllegal
    private let groupBy: [FieldPath]
    private var groups: GroupTable<Int>
    private(set) var reason = ""

    /// - Parameters:
    ///   - table: by state its events with the state that follows.
    init(
        states: [String], events: [(name: String, selection: Selection)], table: [[(event: Int, next: Int)]], start: Int, onIllegal: OnIllegal,
        groupBy: [FieldPath], maximumGroups: Int
    ) {
        self.states = states
        self.events = events
        self.start = start
        self.onIllegal = onIllegal
        self.groupBy = groupBy
        groups = GroupTable(capacity: maximumGroups)
        var flat = Array(repeating: -1, count: states.count * events.count)
        var votes = Array(repeating: Array(repeating: 0, count: states.count), count: events.count)
        for (state, row) in table.enumerated() {
            for (event, next) in row {
                flat[state * events.count + event] = next
                votes[event][next] += 1
            }
        }
        self.table = flat
        // The usual target of an event is the one that most states have; the first of equals.
        usual = votes.map { row in row.max().map { most in most > 0 ? row.firstIndex(of: most) ?? -1 : -1 } ?? -1 }
    }

    var evictions: Int { groups.evictions }

    func judge(_ view: MessageView) -> Double? {
        guard let event = events.firstIndex(where: { $0.selection.holds(view) }) else { return nil }
        var hash = KeyHash()
        for path in groupBy {
            path.visit(view) { value in
                value.add(to: &hash)
                return false
            }
            hash.add(7)
        }
        let start = start
        let place = groups.place(of: hash.value) { start }
        let state = groups[place]
        let next = table[state * events.count + event]
        if next >= 0 {
            groups[place] = next
            return 0
        }
        switch onIllegal {
        case .stay: break
        case .follow: if usual[event] >= 0 { groups[place] = usual[event] }
        case .reset: groups[place] = start
        }
        let expected = events.indices.filter { table[state * events.count + $0] >= 0 }.map { events[$0].name }
        reason =
            "\(view.identity): \(events[event].name) in the state \(states[state]), where \(expected.isEmpty ? "nothing" : expected.joined(separator: " or ")) may come"
        return 1
    }

    func save(_ writer: inout StateWriter) {
        groups.save(&writer) { $1.put($0) }
        writer.put(reason)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        let count = states.count
        try groups.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Int in
            let state = try reader.integer()
            guard state >= 0, state < Int64(count) else { throw .badState("a state of its table is not there") }
            return Int(state)
        }
        reason = try reader.text()
    }
}
