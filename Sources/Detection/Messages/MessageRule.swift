import OCPP
import Quantities

/// One rule over messages, as detectors over messages are made of.
protocol MessageRule: AnyObject {
    /// The score of an event: `nil` if it says nothing about it.
    func judge(_ view: MessageView) -> Double?
    /// What the last anomalous score is about.
    var reason: String { get }
    /// When what the last anomalous score is about began.
    var onset: Instant? { get }
    /// Which events it is asked about.
    var interest: MessageInterest { get }
    /// Groups that had to make room.
    var evictions: Int { get }
    func resume()
    func save(_ writer: inout StateWriter)
    func restore(_ reader: inout StateReader) throws(DetectionError)
}

extension MessageRule {
    var onset: Instant? { nil }
    var interest: MessageInterest { .all }
    var evictions: Int { 0 }
    func resume() {}
}

/// A number for people, without decimals.
func whole(_ value: Double) -> String { value.magnitude < 1e15 ? String(Int(value.rounded())) : String(value) }

/// Which events a rule is asked about.
struct MessageInterest {
    /// Calls and results of these actions, by bit; calls without a known action have bit 63.
    var calls: UInt64
    var results: UInt64
    /// Errors, malformed messages, changes of connections.
    var errors: Bool
    var malformed: Bool
    var connections: Bool

    static let all = MessageInterest(calls: .max, results: .max, errors: true, malformed: true, connections: true)

    init(calls: UInt64 = 0, results: UInt64 = 0, errors: Bool = false, malformed: Bool = false, connections: Bool = false) {
        self.calls = calls
        self.results = results
        self.errors = errors
        self.malformed = malformed
        self.connections = connections
    }

    /// The bits of some actions.
    static func actions(_ actions: OCPPAction...) -> UInt64 { actions.reduce(0) { $0 | 1 << UInt64($1.rawValue) } }

    func includes(_ view: MessageView) -> Bool {
        switch view.kind {
        case .call: calls & 1 << UInt64(view.action?.rawValue ?? 63) != 0
        case .result: results & 1 << UInt64(view.action?.rawValue ?? 63) != 0
        case .error: errors
        case .malformed: malformed
        case .opened, .closed, .broken: connections
        }
    }
}

/// A detector of one rule.
final class MessageRuleDetector: MessagesDetecting {
    private let view: MessageView
    private let rule: any MessageRule
    private let interest: MessageInterest

    init(_ rule: any MessageRule, maximumGroups: Int = 4096) {
        self.rule = rule
        interest = rule.interest
        view = MessageView(maximumGroups: maximumGroups)
    }

    func update(_ event: MessageEvent) -> Double? {
        guard view.take(event), interest.includes(view) else { return nil }
        return rule.judge(view)
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
    }
    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try view.restore(&reader)
        try rule.restore(&reader)
    }
}

/// A detector of many rules: a preset. Its score is the greatest of theirs; after an alarm it stays anomalous until nothing was wrong for a time.
final class MessageRuleSet: MessagesDetecting {
    private let view: MessageView
    private let rules: [(name: String, rule: any MessageRule)]
    /// The rules by kind and action of an event, so that few are asked about each.
    private let plan: [[Int]]
    private let hold: Int64
    private var until: Int64?
    private(set) var blame = ""
    private(set) var onset: Instant?

    init(_ rules: [(name: String, rule: any MessageRule)], hold: Duration, maximumGroups: Int = 4096) {
        self.rules = rules
        self.hold = hold.nanoseconds
        view = MessageView(maximumGroups: maximumGroups)
        var plan: [[Int]] = []
        for bit in 0..<64 { plan.append(rules.indices.filter { rules[$0].rule.interest.calls & 1 << UInt64(bit) != 0 }) }
        for bit in 0..<64 { plan.append(rules.indices.filter { rules[$0].rule.interest.results & 1 << UInt64(bit) != 0 }) }
        plan.append(rules.indices.filter { rules[$0].rule.interest.errors })
        plan.append(rules.indices.filter { rules[$0].rule.interest.malformed })
        plan.append(rules.indices.filter { rules[$0].rule.interest.connections })
        self.plan = plan
    }

    private var slot: Int {
        switch view.kind {
        case .call: Int(view.action?.rawValue ?? 63)
        case .result: 64 + Int(view.action?.rawValue ?? 63)
        case .error: 128
        case .malformed: 129
        case .opened, .closed, .broken: 130
        }
    }

    func update(_ event: MessageEvent) -> Double? {
        guard view.take(event) else { return nil }
        var best = 0.0
        var worst = -1
        for place in plan[slot] {
            if let score = rules[place].rule.judge(view), score > best {
                best = score
                worst = place
            }
        }
        if best >= 1 {
            var reason = Substring(rules[worst].rule.reason)
            if reason.hasPrefix(view.identity) { reason = reason.dropFirst(view.identity.count) }
            if reason.hasPrefix(": ") { reason = reason.dropFirst(2) }
            blame = reason.isEmpty ? "\(view.identity): \(rules[worst].name)" : "\(view.identity): \(rules[worst].name): \(reason)"
            onset = rules[worst].rule.onset
            until = hold > 0 ? view.now.addingReportingOverflow(hold).partialValue : nil
            if let until, until < view.now { self.until = .max }
            return best
        }
        // While an alarm is held, what is in order does not end it.
        if let until, view.now < until { return nil }
        until = nil
        return best
    }

    var nextTimer: Instant? { until.map { Instant(nanoseconds: $0) } }

    func timer(at instant: Instant) -> Double? {
        guard let until, instant.nanoseconds >= until else { return nil }
        self.until = nil
        return 0
    }

    var health: DetectorHealth {
        var health = view.health
        health.overflow = rules.reduce(view.evictions) { $0 + $1.rule.evictions }
        return health
    }

    func resume() { for rule in rules { rule.rule.resume() } }

    func save(_ writer: inout StateWriter) {
        view.save(&writer)
        writer.put(until ?? .min)
        writer.put(blame)
        writer.put(onset?.nanoseconds ?? .min)
        for rule in rules { rule.rule.save(&writer) }
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try view.restore(&reader)
        let until = try reader.integer()
        let blame = try reader.text()
        let onset = try reader.integer()
        for rule in rules { try rule.rule.restore(&reader) }
        self.until = until == .min ? nil : until
        self.blame = blame
        self.onset = onset == .min ? nil : Instant(nanoseconds: onset)
    }
}
