import OCPP
import Quantities

extension MessageKinds {
    static let power = Dimension(ampere: 1, volt: 1)
    static let energy = Dimension(ampere: 1, volt: 1, second: 1)
    static let hold = DetectorSetting(
        "hold", .duration, default: .duration(.seconds(30)), about: "How long the alarm goes on after the last message that broke a rule.")
    static let greatestPower = DetectorSetting(
        "p_max", .measure(power, 1...1e9), default: .number(500_000), about: "A power that no connector reaches.")
    static let limits = DetectorSetting(
        "limits", .tree,
        about: "Messages that are in order within a minute for each charge point, by action, in place of the limits of the protocol: {Heartbeat: 20}.")
    static let hosts = DetectorSetting(
        "hosts", .texts, default: .texts([]),
        about: "The hosts that firmware comes from and logs go to, with their subdomains; without the list the first one seen.")

    static func floodLimits(_ settings: DetectorSettings) throws(DetectionError) -> [(action: OCPPAction, limit: FloodRule.Limit)] {
        var limits: [(action: OCPPAction, limit: FloodRule.Limit)] = []
        for (name, value) in try entries(settings, "limits") ?? [] {
            guard let action = OCPPAction(name: name) else { throw .badEntry(path: ["limits", name], problem: "is no action of OCPP 1.6") }
            guard case .number(let count, .none) = value, count > 0, count <= 1e9 else {
                throw .badEntry(path: ["limits", name], problem: "must be a number above 0")
            }
            limits.append((action, FloodRule.Limit(count: count, within: 60)))
        }
        return limits
    }

    static let flood = DetectorKind(
        "message-flood", about: "Messages of one action come too often from or to a charge point.", input: .messages,
        settings: [
            watch, limits,
            DetectorSetting("others", .plain(1...1e9), default: .number(60), about: "Messages within a minute of every action that has no limit of its own."),
            maxGroups,
        ],
        example: "flood: {is: message-flood, watch: ocpp, limits: {Heartbeat: 20, Authorize: 30}}"
    ) { settings throws(DetectionError) in
        let rule = FloodRule(
            given: try floodLimits(settings), others: FloodRule.Limit(count: settings.number("others") ?? 60, within: 60), maximumGroups: groups(settings))
        return MessageRuleDetector(rule, maximumGroups: groups(settings))
    }

    static let clock = DetectorKind(
        "clock", about: "Time stamps of messages jump against their arrival: the clock of a charge point or of the central system was changed.",
        input: .messages,
        settings: [
            watch, DetectorSetting("tolerance", .duration, default: .duration(.seconds(120)), about: "The greatest jump that is normal."),
            DetectorSetting(
                "queue", .duration, default: .duration(.seconds(600)),
                about: "How old messages of transactions may be without an outage: the waits between attempts to send them."),
            DetectorSetting(
                "relearn_after", .duration, default: .duration(.seconds(1800)), about: "A clock that stays wrong this long is taken as it is."),
            maxGroups,
        ],
        example: "clocks: {is: clock, watch: ocpp, tolerance: 2min}"
    ) { settings throws(DetectionError) in
        let rule = ClockRule(
            tolerance: settings.duration("tolerance") ?? .seconds(120), queueTolerance: settings.duration("queue") ?? .seconds(600),
            relearn: settings.duration("relearn_after") ?? .seconds(1800), maximumGroups: groups(settings))
        return MessageRuleDetector(rule, maximumGroups: groups(settings))
    }

    static let identity = DetectorKind(
        "identity", about: "A second connection under a name that is in use, two ends that take turns, or one that connects again and again.",
        input: .messages,
        settings: [
            watch,
            DetectorSetting(
                "alive", .duration, default: .duration(.seconds(60)),
                about: "A connection from another address is a second one if the first was heard within this time."),
            DetectorSetting("opens", .count(1...100_000), default: .count(20), about: "Connections within 'within' that are normal."),
            DetectorSetting("within", .duration, default: .duration(.seconds(600)), about: "The time for 'opens'."), maxGroups,
        ],
        example: "hijack: {is: identity, watch: ocpp, severity: high}"
    ) { settings throws(DetectionError) in
        let rule = IdentityRule(
            alive: settings.duration("alive") ?? .seconds(60), opens: settings.count("opens") ?? 20, within: settings.duration("within") ?? .seconds(600),
            maximumGroups: groups(settings))
        return MessageRuleDetector(rule, maximumGroups: groups(settings))
    }

    static let transactions = DetectorKind(
        "transactions", about: "Transactions that do not add up: registers, energy, current without a transaction, tags at two places.", input: .messages,
        settings: [
            watch,
            DetectorSetting(
                "checks", .texts, default: .texts(TransactionRule.Check.allCases.map(\.rawValue)),
                about: "register: it goes back; energy: more than p_max, or unlike the power; free-vend: current without a transaction or for a refused tag;"
                    + " tags: one tag at two charge points; stops: of another charge point's transaction."),
            greatestPower,
            DetectorSetting("tolerance", .plain(0.001...10), default: .number(0.1), about: "The difference of register and power that is normal, as a share."),
            DetectorSetting(
                "min_energy", .measure(energy, 3600...1e12), default: .number(3_600_000), about: "The energy after which register and power are compared."),
            DetectorSetting(
                "positions", .tree,
                about: "Where charge points stand on a map of your own, for tags that travel too fast: {cp1: {x: 0 km, y: 3 km}}, or in metres."),
            DetectorSetting("speed", .plain(1...10_000), default: .number(150), about: "The greatest speed of a tag between charge points, in km/h."),
            maxGroups,
        ],
        example: "billing: {is: transactions, watch: ocpp, checks: [register, energy], p_max: 22 kW}"
    ) { settings throws(DetectionError) in
        var limits = TransactionRule.Limits()
        limits.greatestPower = settings.number("p_max") ?? 500_000
        limits.tolerance = settings.number("tolerance") ?? 0.1
        limits.leastEnergy = (settings.number("min_energy") ?? 3_600_000) / 3600
        limits.speed = (settings.number("speed") ?? 150) / 3.6
        limits.positions = try positions(settings)
        let checks = try words(settings, "checks", TransactionRule.Check.self) ?? TransactionRule.Check.allCases
        return MessageRuleDetector(TransactionRule(checks: checks, limits: limits, maximumGroups: groups(settings)), maximumGroups: groups(settings))
    }

    private static func positions(_ settings: DetectorSettings) throws(DetectionError) -> [UInt64: (x: Double, y: Double)] {
        var positions: [UInt64: (x: Double, y: Double)] = [:]
        for (name, tree) in try entries(settings, "positions") ?? [] {
            guard case .entries(let entries) = tree else { throw .badEntry(path: ["positions", name], problem: "must be like {x: 0 km, y: 3 km}") }
            var place = (x: 0.0, y: 0.0)
            for (key, value) in entries {
                let metres: Double
                switch value {
                case .number(let number, _): metres = number
                case .text(let text):
                    let parts = text.split(separator: " ")
                    let unit: Double? = parts.count < 2 || parts[1] == "m" ? 1 : (parts[1] == "km" ? 1000 : nil)
                    guard let unit, parts.count <= 2, let number = parts.first.flatMap({ Double($0) }), number.isFinite else {
                        throw .badEntry(path: ["positions", name, key], problem: "must be a length such as 3 km")
                    }
                    metres = number * unit
                default: throw .badEntry(path: ["positions", name, key], problem: "must be a length such as 3 km")
                }
                switch key {
                case "x": place.x = metres
                case "y": place.y = metres
                default: throw .badEntry(path: ["positions", name, key], problem: "is neither x nor y")
                }
            }
            positions[KeyHash.of(name)] = place
        }
        return positions
    }

    static let commands = DetectorKind(
        "commands", about: "Commands of the central system that are not in order after what was before.", input: .messages,
        settings: [
            watch,
            DetectorSetting(
                "checks", .texts, default: .texts(CommandRule.Check.allCases.map(\.rawValue)),
                about: "hosts: of firmware and logs; firmware: a version that changes without an update; configuration: settings that switch off supervision or"
                    + " security; unlock: while a transaction runs; cycles: remote starts and stops in turn; limits: of profiles, outside of an envelope or"
                    + " swinging; registration: lost again."),
            hosts, DetectorSetting("i_max", .measure(Dimension.current, 0.1...1e6), default: .number(1000), about: "The greatest limit of a profile in A."),
            DetectorSetting("p_max", .measure(power, 1...1e9), default: .number(1_500_000), about: "The greatest limit of a profile in W."), maxGroups,
        ],
        example: "commands: {is: commands, watch: ocpp, hosts: [operator.example], i_max: 32 A}"
    ) { settings throws(DetectionError) in
        let rule = CommandRule(
            checks: try words(settings, "checks", CommandRule.Check.self) ?? CommandRule.Check.allCases, hosts: settings.texts("hosts") ?? [],
            greatestCurrent: settings.number("i_max") ?? 1000, greatestPower: settings.number("p_max") ?? 1_500_000, maximumGroups: groups(settings))
        return MessageRuleDetector(rule, maximumGroups: groups(settings))
    }

    // MARK: Presets

    static let ocppIDs = DetectorKind(
        "ocpp-ids", about: "A preset against intrusions: all rules over messages of OCPP, with limits that benign traffic does not reach.", input: .messages,
        settings: [
            watch, DetectorSetting("off", .texts, default: .texts([]), about: "Rules that do not count: \(MessagePresets.ruleNames.joined(separator: ", "))."),
            hosts, limits,
            DetectorSetting("i_max", .measure(Dimension.current, 0.1...1e6), default: .number(1000), about: "The greatest limit of a profile in A."),
            greatestPower, DetectorSetting("tolerance", .duration, default: .duration(.seconds(120)), about: "The greatest jump of a clock that is normal."),
            DetectorSetting(
                "alive", .duration, default: .duration(.seconds(60)),
                about: "A connection from another address is a second one if the first was heard within this time."),
            DetectorSetting("refused_tags", .count(1...10_000), default: .count(4), about: "Different tags refused within five minutes that are too many."),
            DetectorSetting(
                "share", .plain(0...1), default: .number(0.6), about: "The share of a fleet that gets a command within a minute only in an attack."),
            DetectorSetting(
                "history", .oneOf(["auto", "known", "unknown"]), default: .word("auto"),
                about: "Whether the first message is the first since power on; auto: where a charge point connects or boots first."),
            hold, maxGroups,
        ],
        example: "ids: {is: ocpp-ids, watch: ocpp, hosts: [operator.example]}"
    ) { settings throws(DetectionError) in
        var given = MessagePresets.Settings()
        given.hosts = settings.texts("hosts") ?? []
        given.limits = try floodLimits(settings)
        given.greatestCurrent = settings.number("i_max") ?? 1000
        given.greatestPower = settings.number("p_max") ?? 500_000
        given.clockTolerance = settings.duration("tolerance") ?? .seconds(120)
        given.alive = settings.duration("alive") ?? .seconds(60)
        given.refusedTags = settings.count("refused_tags") ?? 4
        given.fleetShare = settings.number("share") ?? 0.6
        given.off = settings.texts("off") ?? []
        switch settings.word("history") {
        case "known": given.knowsHistory = true
        case "unknown": given.knowsHistory = false
        default: break
        }
        given.maximumGroups = groups(settings)
        for name in given.off where !MessagePresets.ruleNames.contains(name) {
            throw .badEntry(path: ["off", name], problem: "is none of the rules \(MessagePresets.ruleNames.joined(separator: ", "))")
        }
        return MessageRuleSet(try MessagePresets.intrusion(given), hold: settings.duration("hold") ?? .seconds(30), maximumGroups: groups(settings))
    }

    static let meterFraud = DetectorKind(
        "meter-fraud", about: "A preset against wrong billing: registers that go back, energy unlike the power, current without a transaction.",
        input: .messages,
        settings: [
            DetectorSetting(
                "watch", .stream, about: "The messages to look at, for example ocpp or cp1.ocpp; this, 'register' or both are needed."),
            DetectorSetting("register", .signal, about: "The energy register of a meter, judged by 'power', or by 'voltage' and 'current'."),
            DetectorSetting("power", .signal, about: "The power that another instrument measures."),
            DetectorSetting("voltage", .signal, about: "The voltage, where no power is measured."),
            DetectorSetting("current", .signal, about: "The current, where no power is measured."),
            DetectorSetting("phases", .count(1...3), default: .count(1), about: "How many phases carry 'current' at 'voltage'."), greatestPower,
            DetectorSetting("tolerance", .plain(0.001...10), default: .number(0.05), about: "The difference of register and power that is normal, as a share."),
            DetectorSetting(
                "min_energy", .measure(energy, 3600...1e12), default: .number(3_600_000), about: "The energy after which register and power are compared."),
            DetectorSetting("resolution", .measure(energy, 0...1e12), default: .number(3600), about: "The step of 'register': 1 Wh."),
            hold, maxGroups,
        ],
        example: "fraud: {is: meter-fraud, watch: ocpp, p_max: 22 kW}"
    ) { settings throws(DetectionError) in
        var limits = TransactionRule.Limits()
        limits.greatestPower = settings.number("p_max") ?? 500_000
        limits.tolerance = settings.number("tolerance") ?? 0.05
        limits.leastEnergy = (settings.number("min_energy") ?? 3_600_000) / 3600
        var balance = EnergyBalance.Settings()
        balance.tolerance = limits.tolerance
        balance.minimumEnergy = settings.number("min_energy") ?? 3_600_000
        balance.resolution = settings.number("resolution") ?? 3600
        balance.maximumPower = limits.greatestPower
        balance.block = balance.minimumEnergy
        let hold = settings.duration("hold") ?? .seconds(30)
        let rules = MessageRuleSet(
            MessagePresets.meterFraud(limits: limits, maximumGroups: groups(settings)), hold: hold, maximumGroups: groups(settings))
        return try MeterFraud(
            messages: settings.has("watch") ? rules : nil, roles: MeterFraud.Role.allCases.filter { settings.has($0.rawValue) },
            meter: settings.word("register") ?? "", phases: settings.count("phases") ?? 1, balance: balance, hold: hold)
    }
}
