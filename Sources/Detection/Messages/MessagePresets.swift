import OCPP
import Quantities

/// The rules that the presets over messages are made of.
enum MessagePresets {
    /// What can be set in `ocpp-ids`.
    struct Settings {
        var hosts: [String] = []
        var limits: [(action: OCPPAction, limit: FloodRule.Limit)] = []
        var greatestCurrent = 1000.0
        var greatestPower = 500_000.0
        var clockTolerance = Duration.seconds(120)
        var alive = Duration.seconds(60)
        var refusedTags = 4
        var fleetShare = 0.6
        var off: [String] = []
        var knowsHistory: Bool?
        var maximumGroups = 4096
    }

    /// The names of the rules of `ocpp-ids`.
    static let ruleNames = [
        "malformed", "order", "duplicate", "replay", "flood", "identity", "clock", "transactions", "commands", "tag-guessing", "refusals", "errors",
        "fleet-reset", "fleet-stop", "fleet-unlock", "fleet-unavailable", "reservations",
    ]

    /// The rules of `ocpp-ids`, in the order of their names.
    static func intrusion(_ settings: Settings) throws(DetectionError) -> [(name: String, rule: any MessageRule)] {
        let groups = settings.maximumGroups
        var limits = TransactionRule.Limits()
        limits.greatestPower = settings.greatestPower
        var rules: [(name: String, rule: any MessageRule)] = [
            ("malformed", SignatureRule(selection: try selection(["type": .text("malformed")]), filter: nil)),
            ("order", OrderRule(ignored: [.heartbeat], knowsHistory: settings.knowsHistory, maximumGroups: groups)),
            ("duplicate", DuplicateRule(parts: [.connection, .direction, .type, .id], window: .seconds(10), capacity: 65536, maximumGroups: groups)),
            ("replay", ReplayRule(minimumAge: .seconds(1), retry: .seconds(120), capacity: 65536, maximumGroups: groups)),
            ("flood", FloodRule(given: settings.limits, others: FloodRule.Limit(count: 60, within: 60), maximumGroups: groups)),
            ("identity", IdentityRule(alive: settings.alive, opens: 20, within: .seconds(600), maximumGroups: groups)),
            ("clock", ClockRule(tolerance: settings.clockTolerance, queueTolerance: .seconds(600), relearn: .seconds(1800), maximumGroups: groups)),
            ("transactions", TransactionRule(checks: TransactionRule.Check.allCases, limits: limits, maximumGroups: groups)),
            (
                "commands",
                CommandRule(
                    checks: CommandRule.Check.allCases, hosts: settings.hosts, greatestCurrent: settings.greatestCurrent,
                    greatestPower: 3 * settings.greatestPower, maximumGroups: groups)
            ),
        ]
        let refused = try selection([
            "type": .text("result"), "direction": .text("down"), "action": .list([.text("Authorize"), .text("StartTransaction")]),
            "status": .list([.text("Invalid"), .text("Blocked"), .text("Expired")]),
        ])
        let chargePoint = [FieldPath("charge_point")].compactMap { $0 }
        func count(_ name: String, _ selection: Selection, _ order: CorrelateRule.Order, _ field: FieldPath?, _ least: Double, _ seconds: Int64) {
            rules.append(
                (
                    name,
                    CorrelateRule(
                        order: order, parts: [(name, selection)], field: field, groupBy: chargePoint, window: .seconds(seconds),
                        bounds: CorrelateRule.Bounds(atLeast: least), capacity: 4 * Int(least), maximumGroups: groups)
                ))
        }
        count("tag-guessing", refused, .valueCount, FieldPath("call.idTag"), Double(settings.refusedTags), 300)
        count("refusals", refused, .eventCount, nil, 8, 300)
        count("errors", try selection(["type": .text("error")]), .eventCount, nil, 10, 300)
        for (name, fields) in fleet {
            var bounds = CorrelateRule.Bounds(atLeast: 4)
            bounds.share = settings.fleetShare
            rules.append(
                (
                    name,
                    CorrelateRule(
                        order: .valueCount, parts: [(name, try selection(fields))], field: chargePoint.first, groupBy: [], window: .seconds(60),
                        bounds: bounds, capacity: groups, maximumGroups: groups)
                ))
        }
        let tag = [FieldPath("idTag")].compactMap { $0 }
        rules.append(
            (
                "reservations",
                CorrelateRule(
                    order: .valueCount, parts: [("reserved", try selection(["type": .text("call"), "action": .text("ReserveNow")]))],
                    field: chargePoint.first, groupBy: tag, window: .seconds(600), bounds: CorrelateRule.Bounds(atLeast: 3), capacity: 16,
                    maximumGroups: groups)
            ))
        return rules.filter { !settings.off.contains($0.name) }
    }

    /// What is an attack when more than a share of the charge points get it within a minute.
    private static let fleet: [(name: String, fields: KeyValuePairs<String, DetectorTree>)] = [
        ("fleet-reset", ["type": .text("call"), "action": .text("Reset")]),
        ("fleet-stop", ["type": .text("call"), "action": .text("RemoteStopTransaction")]),
        ("fleet-unlock", ["type": .text("call"), "action": .text("UnlockConnector")]),
        ("fleet-unavailable", ["type": .text("call"), "action": .text("ChangeAvailability"), "/type": .text("Inoperative")]),
    ]

    private static func selection(_ fields: KeyValuePairs<String, DetectorTree>) throws(DetectionError) -> Selection {
        try Selection(.entries(fields.map { (name: $0.key, value: $0.value) }), path: [])
    }

    /// The rules of `meter-fraud`.
    static func meterFraud(limits: TransactionRule.Limits, maximumGroups: Int) -> [(name: String, rule: any MessageRule)] {
        [
            ("register", TransactionRule(checks: [.register], limits: limits, maximumGroups: maximumGroups)),
            ("energy", TransactionRule(checks: [.energy], limits: limits, maximumGroups: maximumGroups)),
            ("free-vend", TransactionRule(checks: [.freeVend], limits: limits, maximumGroups: maximumGroups)),
        ]
    }
}
