import OCPP
import Quantities

extension DetectorKind {
    /// The kinds over messages of OCPP, in the order of the reference.
    public static let messageKinds: [DetectorKind] = [
        MessageKinds.duplicate, MessageKinds.replay, MessageKinds.stateMachine, MessageKinds.signature, MessageKinds.correlate, MessageKinds.flood,
        MessageKinds.clock, MessageKinds.identity, MessageKinds.transactions, MessageKinds.commands, MessageKinds.ocppIDs, MessageKinds.meterFraud,
    ]
}

/// The kinds over messages.
enum MessageKinds {
    // MARK: Settings that several have

    static let watch = DetectorSetting("watch", .stream, required: true, about: "The messages to look at, for example ocpp or cp1.ocpp.")
    static let maxGroups = DetectorSetting(
        "max_groups", .count(1...1_000_000), default: .count(4096),
        about: "The greatest number of charge points or groups that are remembered; the one that was longest silent makes room.")
    static let groupBy = DetectorSetting(
        "group_by", .texts, default: .texts(["charge_point"]),
        about: "What makes a group of its own: properties such as charge_point, or fields such as connectorId.", source: "group-by of Sigma correlations")
    static func groups(_ settings: DetectorSettings) -> Int { settings.count("max_groups") ?? 4096 }

    static func paths(_ settings: DetectorSettings, _ name: String, _ standard: [String]) throws(DetectionError) -> [FieldPath] {
        var paths: [FieldPath] = []
        for text in settings.texts(name) ?? standard {
            guard let path = FieldPath(text) else { throw .badEntry(path: [name, text], problem: "is no name of a field and no JSON pointer") }
            paths.append(path)
        }
        return paths
    }

    static func entries(_ settings: DetectorSettings, _ name: String) throws(DetectionError) -> [(name: String, value: DetectorTree)]? {
        guard let tree = settings.tree(name) else { return nil }
        guard case .entries(let entries) = tree, !entries.isEmpty else { throw .badEntry(path: [name], problem: "must be a mapping with at least one entry") }
        return entries
    }

    /// Words of a list that must be among some.
    static func words<Word: RawRepresentable & CaseIterable>(
        _ settings: DetectorSettings, _ name: String, _ type: Word.Type
    ) throws(DetectionError) -> [Word]? where Word.RawValue == String {
        guard let texts = settings.texts(name) else { return nil }
        var words: [Word] = []
        for text in texts {
            guard let word = Word(rawValue: text) else {
                throw .badEntry(path: [name, text], problem: "is none of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            words.append(word)
        }
        return words
    }

    // MARK: Kinds

    static let duplicate = DetectorKind(
        "duplicate", about: "A message comes twice: the same key within a window.", input: .messages,
        settings: [
            watch,
            DetectorSetting(
                "key", .texts, default: .texts(["connection", "direction", "type", "id"]),
                about: "What makes two messages the same: connection (since it was opened), charge_point, direction, type, action, id, payload, or fields."),
            DetectorSetting("window", .duration, default: .duration(.seconds(10)), about: "How long a message is remembered."),
            DetectorSetting("capacity", .count(1...4_000_000), default: .count(65536), about: "The greatest number of messages that are remembered."),
            maxGroups,
        ],
        example: "twice: {is: duplicate, watch: ocpp, window: 10s}"
    ) { settings throws(DetectionError) in
        var parts: [DuplicateRule.Part] = []
        for path in try paths(settings, "key", ["connection", "direction", "type", "id"]) {
            switch path.target {
            case .connection: parts.append(.connection)
            case .chargePoint: parts.append(.chargePoint)
            case .direction: parts.append(.direction)
            case .type: parts.append(.type)
            case .action: parts.append(.action)
            case .id: parts.append(.id)
            default: parts.append(path.text == "payload" ? .payload : .field(path))
            }
        }
        let rule = DuplicateRule(
            parts: parts, window: settings.duration("window") ?? .seconds(10), capacity: settings.count("capacity") ?? 65536, maximumGroups: groups(settings))
        return MessageRuleDetector(rule, maximumGroups: groups(settings))
    }

    static let replay = DetectorKind(
        "replay", about: "A message of a transaction comes again after it was answered.", input: .messages,
        settings: [
            watch,
            DetectorSetting("min_age", .duration, default: .duration(.seconds(1)), about: "A copy that is younger is none."),
            DetectorSetting(
                "retry", .duration, default: .duration(.seconds(120)),
                about: "The newest message may come once more within this time, and after a break of the connection: its answer may have been lost."),
            DetectorSetting("capacity", .count(1...4_000_000), default: .count(65536), about: "The greatest number of messages that are remembered."),
            maxGroups,
        ],
        example: "again: {is: replay, watch: ocpp, severity: high}"
    ) { settings throws(DetectionError) in
        let rule = ReplayRule(
            minimumAge: settings.duration("min_age") ?? .seconds(1), retry: settings.duration("retry") ?? .seconds(120),
            capacity: settings.count("capacity") ?? 65536, maximumGroups: groups(settings))
        return MessageRuleDetector(rule, maximumGroups: groups(settings))
    }

    static let stateMachine = DetectorKind(
        "state-machine", about: "A message comes in an order that is not legal: that of OCPP 1.6, or a table of your own.", input: .messages,
        settings: [
            watch,
            DetectorSetting("of", .oneOf(["ocpp16", "table"]), default: .word("ocpp16"), about: "Whose order it is."),
            DetectorSetting(
                "ignore", .texts, default: .texts([]),
                about: "Groups of rules of ocpp16 that do not count: \(MessageOrderFinding.Rule.allCases.map(\.rawValue).joined(separator: ", "))."),
            DetectorSetting(
                "history", .oneOf(["auto", "known", "unknown"]), default: .word("auto"),
                about: "Whether the first message is the first since power on; auto: where a charge point connects or boots first."),
            DetectorSetting(
                "events", .tree, about: "The events of the table: a name and a selection each; an action is an event under its own name without one."),
            DetectorSetting("table", .tree, about: "The states, each with its events and the state that follows: {idle: {StartTransaction: busy}}."),
            DetectorSetting("start", .text, about: "The first state; without it the first of the table."),
            DetectorSetting(
                "on_illegal", .oneOf(TableRule.OnIllegal.allCases.map(\.rawValue)), default: .word("stay"),
                about: "What an illegal event does to the state: stay; follow, where the event usually leads; reset, to the first."),
            groupBy, maxGroups,
        ],
        example: "order: {is: state-machine, watch: ocpp, ignore: [heartbeat]}"
    ) { settings throws(DetectionError) in
        if settings.word("of") == "table" { return MessageRuleDetector(try table(settings), maximumGroups: groups(settings)) }
        guard settings.tree("table") == nil else { throw .badEntry(path: ["table"], problem: "needs 'of: table'") }
        let history: Bool? =
            switch settings.word("history") {
            case "known": true
            case "unknown": false
            default: nil
            }
        let ignored = try words(settings, "ignore", MessageOrderFinding.Rule.self) ?? []
        return MessageRuleDetector(OrderRule(ignored: ignored, knowsHistory: history, maximumGroups: groups(settings)), maximumGroups: groups(settings))
    }

    static func table(_ settings: DetectorSettings) throws(DetectionError) -> TableRule {
        guard let rows = try entries(settings, "table") else { throw .missing(setting: "table") }
        var events: [(name: String, selection: Selection)] = []
        for (name, tree) in try entries(settings, "events") ?? [] { events.append((name, try Selection(tree, path: ["events", name]))) }
        let states = rows.map(\.name)
        var table: [[(event: Int, next: Int)]] = []
        for (state, tree) in rows {
            var row: [(event: Int, next: Int)] = []
            let steps: [(name: String, value: DetectorTree)]
            switch tree {
            case .entries(let entries): steps = entries
            default: throw .badEntry(path: ["table", state], problem: "must be a mapping of events to states")
            }
            for (event, next) in steps {
                let path = ["table", state, event]
                guard case .text(let name) = next, let to = states.firstIndex(of: name) else {
                    throw .badEntry(path: path, problem: "must be one of the states \(states.joined(separator: ", "))")
                }
                if !events.contains(where: { $0.name == event }) {
                    guard OCPPAction(name: event) != nil else { throw .badEntry(path: path, problem: "is neither one of 'events' nor an action") }
                    let selection = DetectorTree.entries([("type", .text("call")), ("action", .text(event))])
                    events.append((event, try Selection(selection, path: path)))
                }
                row.append((events.firstIndex { $0.name == event } ?? 0, to))
            }
            table.append(row)
        }
        var start = 0
        if let name = settings.word("start") {
            guard let place = states.firstIndex(of: name) else {
                throw .badEntry(path: ["start"], problem: "is none of the states \(states.joined(separator: ", "))")
            }
            start = place
        }
        return TableRule(
            states: states, events: events, table: table, start: start,
            onIllegal: settings.word("on_illegal").flatMap { TableRule.OnIllegal(rawValue: $0) } ?? .stay,
            groupBy: try paths(settings, "group_by", ["charge_point"]), maximumGroups: groups(settings))
    }

    static let signature = DetectorKind(
        "signature", about: "A message has fields that are known to be bad.", input: .messages,
        settings: [
            watch,
            DetectorSetting(
                "selection", .tree,
                about:
                    "Fields by their official names at any depth, by JSON pointers, or the properties \(FieldPath.properties.map(\.name).joined(separator: ", "))"
                    + "; call.NAME is a field of the call that an answer answers. Operators are ==, !=, <, <=, >, >=, in, not-in, contains, startswith,"
                    + " endswith, cidr, regex, exists.",
                source: "Sigma detection"),
            DetectorSetting("filter", .tree, about: "What is selected and also fits this is in order.", source: "Sigma detection"),
            DetectorSetting("selections", .tree, about: "Several selections by name, for 'condition'."),
            DetectorSetting(
                "condition", .text, about: "Which selections make an anomaly, for example 'a and not (b or 1 of c*)'.", source: "Sigma condition"),
            DetectorSetting("score", .plain(1...1_000_000), default: .number(1), about: "The score of a message that fits."),
        ],
        example: "firmware: {is: signature, watch: ocpp, selection: {action: UpdateFirmware}, filter: {location: {startswith: 'https://fw.example.com/'}}}"
    ) { settings throws(DetectionError) in
        let score = settings.number("score") ?? 1
        if let named = try entries(settings, "selections") {
            guard settings.tree("selection") == nil, settings.tree("filter") == nil else {
                throw .badEntry(path: ["selections"], problem: "cannot stand beside 'selection' and 'filter'")
            }
            var selections: [Selection] = []
            for (name, tree) in named { selections.append(try Selection(tree, path: ["selections", name])) }
            let condition = try SelectionCondition(settings.word("condition") ?? "1 of them", names: named.map(\.name), path: ["condition"])
            return MessageRuleDetector(SignatureRule(selections: selections, condition: condition, score: score))
        }
        guard settings.word("condition") == nil else { throw .badEntry(path: ["condition"], problem: "needs 'selections'") }
        guard let tree = settings.tree("selection") else { throw .missing(setting: "selection") }
        let selection = try Selection(tree, path: ["selection"])
        var filter: Selection?
        if let tree = settings.tree("filter") { filter = try Selection(tree, path: ["filter"]) }
        return MessageRuleDetector(SignatureRule(selection: selection, filter: filter, score: score))
    }

    static let correlate = DetectorKind(
        "correlate", about: "Several messages mean something together: a count, a sum, or a sequence within a time, for each group.", input: .messages,
        settings: [
            watch,
            DetectorSetting(
                "order", .oneOf(CorrelateRule.Order.allCases.map(\.rawValue)), default: .word("event-count"),
                about:
                    "event-count, value-count (distinct values), value-sum, value-avg and value-percentile of 'field'; temporal: every part; temporal-ordered: in their"
                    + " order.",
                source: "type of Sigma correlations"),
            DetectorSetting("parts", .tree, required: true, about: "What counts: a name and a selection each; for selections see signature."),
            DetectorSetting("field", .text, about: "The field whose values count."),
            groupBy,
            DetectorSetting("within", .duration, default: .duration(.seconds(60)), about: "The window is (t - within, t].", source: "timespan of Sigma"),
            DetectorSetting("at_least", .plain(-1e15...1e15), about: "Anomalous from this value on."),
            DetectorSetting("above", .plain(-1e15...1e15), about: "Anomalous above this value."),
            DetectorSetting("below", .plain(-1e15...1e15), about: "Anomalous below this value."),
            DetectorSetting("at_most", .plain(-1e15...1e15), about: "Anomalous up to this value."),
            DetectorSetting("percentile", .plain(0...100), default: .number(95), about: "Which percentile value-percentile is; 50 for the median."),
            DetectorSetting("share", .plain(0...1), about: "At least this share of all charge points that were seen, besides 'at_least'."),
            DetectorSetting("capacity", .count(1...65536), default: .count(1024), about: "The greatest number of events that a group remembers."), maxGroups,
        ],
        example: "guessing: {is: correlate, watch: ocpp, order: value-count, field: call.idTag, at_least: 10, within: 1min, "
            + "parts: {refused: {type: result, action: Authorize, status: {not-in: [Accepted]}}}}"
    ) { settings throws(DetectionError) in
        var parts: [(name: String, selection: Selection)] = []
        for (name, tree) in try entries(settings, "parts") ?? [] { parts.append((name, try Selection(tree, path: ["parts", name]))) }
        let order = settings.word("order").flatMap { CorrelateRule.Order(rawValue: $0) } ?? .eventCount
        let field = try settings.word("field").map { text throws(DetectionError) -> FieldPath in
            guard let path = FieldPath(text) else { throw .badEntry(path: ["field"], problem: "is no name of a field and no JSON pointer") }
            return path
        }
        let bounds = CorrelateRule.Bounds(
            above: settings.number("above"), atLeast: settings.number("at_least"), below: settings.number("below"), atMost: settings.number("at_most"),
            share: settings.number("share"))
        switch order {
        case .temporal, .temporalOrdered:
            guard parts.count >= 2 else { throw .badEntry(path: ["parts"], problem: "must be at least two for a sequence") }
        case .valueCount, .valueSum, .valueAverage, .valuePercentile: if field == nil { throw .missing(setting: "field") }
        case .eventCount: break
        }
        if order != .temporal, order != .temporalOrdered, bounds.above == nil, bounds.atLeast == nil, bounds.below == nil, bounds.atMost == nil {
            throw .missing(setting: "at_least")
        }
        let rule = CorrelateRule(
            order: order, parts: parts, field: field, groupBy: try paths(settings, "group_by", ["charge_point"]),
            window: settings.duration("within") ?? .seconds(60), bounds: bounds, percentile: (settings.number("percentile") ?? 95) / 100,
            capacity: settings.count("capacity") ?? 1024, maximumGroups: groups(settings))
        return CorrelateDetector(rule, maximumGroups: groups(settings))
    }
}
