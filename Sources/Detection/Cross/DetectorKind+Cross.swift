import Quantities

extension DetectorKind {
    /// Kinds over several signals, of physics, time and shape, in the order of the reference.
    static let crossKinds: [DetectorKind] = [
        consistency, imbalance, energyBalance, conservation, stateBand, physicsModel, halfSpaceTrees, rows, matrixProfile, mtl, kOfN, weighted, noneOf,
        correlateAlarms,
    ]

    static let maximumAge = DetectorSetting("max_age", .duration, about: "A value older than this gives no verdict; by default never.")

    private static let consistency = DetectorKind(
        "consistency", about: "Two signals that should say the same do not: a limit and the current, a meter and a bus.", input: .signals,
        settings: [
            DetectorSetting("watch", .signal, required: true, about: "The signal that is judged."),
            DetectorSetting("with", .signal, required: true, about: "The signal that it should agree with."),
            DetectorSetting(
                "relation", .oneOf(ConsistencyRelation.allCases.map(\.rawValue)), default: .word("about"),
                about: "about: equal within the tolerance; at-most: not greater than the other."),
            DetectorSetting("tolerance", .level, default: .number(1), about: "The difference that is normal."),
            DetectorSetting(
                "relative", .plain(0...100), default: .number(0.05), about: "The difference that is normal as a part of 'with', beside 'tolerance'."),
            DetectorSetting("settle", .duration, default: .duration(.seconds(5)), about: "After a change of 'with' nothing is judged for so long."),
            maximumAge, DetectorSetting("gain", .plain(-1e12...1e12), default: .number(1), about: "'with' is multiplied by it first."),
            DetectorSetting("offset", .level, default: .number(0), about: "This is added to it then."),
            DetectorSetting(
                "pace", .oneOf(ConsistencyPace.allCases.map(\.rawValue)), default: .word("each"),
                about: "each: at every value of either; a, b, slower: at the values of 'watch', of 'with', of the rarer one, with the mean of the other since."),
            FalseAlarmBudget.setting,
        ],
        example: "ignored: {is: consistency, watch: charger.current, with: cp1.limit, relation: at-most, tolerance: 2 A}"
    ) { settings throws(DetectionError) in
        var given = Consistency.Settings()
        given.relation = settings.word("relation").flatMap(ConsistencyRelation.init) ?? .about
        given.tolerance = settings.number("tolerance") ?? 1
        given.relative = settings.number("relative") ?? 0.05
        given.settle = settings.duration("settle") ?? .seconds(5)
        given.maximumAge = settings.duration("max_age")
        given.gain = settings.number("gain") ?? 1
        given.offset = settings.number("offset") ?? 0
        given.pace = settings.word("pace").flatMap(ConsistencyPace.init) ?? .each
        return try BudgetedSignals.budgeted(Consistency(given), settings)
    }

    private static let imbalance = DetectorKind(
        "imbalance", about: "Signals that should be alike are not, such as the currents of three phases.", input: .signals,
        settings: [
            DetectorSetting("watch", .signals(least: 2), required: true, about: "The signals to compare with their mean."),
            DetectorSetting("above", .plain(1e-9...1e9), default: .number(0.1), about: "The greatest normal deviation, as a part of the mean."),
            DetectorSetting("floor", .level, default: .number(1), about: "With a smaller mean nothing is judged."), FalseAlarmBudget.setting,
        ],
        example: "phases: {is: imbalance, watch: [meter.current_l1, meter.current_l2, meter.current_l3], above: 20%, floor: 6 A}"
    ) { settings throws(DetectionError) in
        try BudgetedSignals.budgeted(
            Imbalance(inputs: settings.texts("watch")?.count ?? 0, above: settings.number("above") ?? 0.1, floor: settings.number("floor") ?? 1), settings)
    }

    private static let energyBalance = DetectorKind(
        "energy-balance", about: "A meter counts another energy than the power gives.", input: .signals,
        settings: [
            DetectorSetting("watch", .signal, required: true, about: "The power."),
            DetectorSetting("register", .signal, required: true, about: "The energy register of the meter."),
            DetectorSetting("tolerance", .plain(1e-9...10), default: .number(0.03), about: "The difference that is normal, as a part of the energy."),
            DetectorSetting("min_energy", .measure(.energy, 1e-3...1e15), default: .number(720_000), about: "Energy before there is a verdict: 0.2 kWh."),
            DetectorSetting("resolution", .measure(.energy, 0...1e15), default: .number(3600), about: "The step of the register: 1 Wh."),
            DetectorSetting("max_power", .measure(.power, 1e-3...1e15), about: "More than this power for the time since the last value is wrong at once."),
            DetectorSetting("max_gap", .duration, default: .duration(.seconds(300)), about: "After a longer gap of the power the sums start anew."),
            DetectorSetting("block", .measure(.energy, 1e-3...1e15), about: "The sums start anew after so much energy; by default never."),
        ],
        example: "fraud: {is: energy-balance, watch: charger.power, register: cp1.energy, tolerance: 3%, resolution: 1 Wh}"
    ) { settings throws(DetectionError) in
        var given = EnergyBalance.Settings()
        given.tolerance = settings.number("tolerance") ?? 0.03
        given.minimumEnergy = settings.number("min_energy") ?? 720_000
        given.resolution = settings.number("resolution") ?? 3600
        given.maximumPower = settings.number("max_power")
        given.maximumGap = settings.duration("max_gap") ?? .seconds(300)
        given.block = settings.number("block")
        return try EnergyBalance(given)
    }

    private static let conservation = DetectorKind(
        "conservation", about: "A whole is not the sum of its parts: power that leaves behind the meters.", input: .signals,
        settings: [
            DetectorSetting("watch", .signal, required: true, about: "The whole, for example the power of the site."),
            DetectorSetting("of", .signals(least: 1), required: true, about: "Its parts, for example the power of each connector."),
            DetectorSetting("loss", .level, default: .number(0), about: "What is lost always."),
            DetectorSetting("loss_part", .plain(-10...10), default: .number(0), about: "What is lost as a part of the sum."),
            DetectorSetting("tolerance", .level, required: true, about: "The greatest mean difference that is normal."),
            DetectorSetting("halflife", .duration, default: .duration(.seconds(60)), about: "How fast the mean difference forgets."), maximumAge,
            FalseAlarmBudget.setting,
        ],
        example: "theft: {is: conservation, watch: site.power, of: [cp1.power, cp2.power], tolerance: 500 W, loss_part: 2%}"
    ) { settings throws(DetectionError) in
        try BudgetedSignals.budgeted(
            Conservation(
                parts: settings.texts("of")?.count ?? 0, loss: settings.number("loss") ?? 0, lossPart: settings.number("loss_part") ?? 0,
                tolerance: settings.number("tolerance") ?? 0, halflife: settings.duration("halflife") ?? .seconds(60),
                maximumAge: settings.duration("max_age")), settings)
    }

    private static let stateBand = DetectorKind(
        "state-band", about: "A signal leaves the limits that belong to a state, such as current while nothing is plugged in.", input: .signals,
        settings: [
            DetectorSetting("watch", .signal, required: true, about: "The signal that has limits."),
            DetectorSetting("state", .signal, required: true, about: "The state that they belong to: a number or one of some words."),
            DetectorSetting(
                "limits", .states(of: "state"), required: true, about: "For each state 'below' and 'above', the least and the greatest normal value."),
            DetectorSetting("settle", .duration, default: .duration(.zero), about: "After a change of state nothing is judged for so long."),
        ],
        example: "idle: {is: state-band, watch: charger.current, state: cp1.status, limits: {Available: {above: 0.5 A}}, settle: 2s}"
    ) { settings throws(DetectionError) in
        try StateBand(limits(settings.tree("limits")), settle: settings.duration("settle") ?? .zero)
    }

    private static func limits(_ tree: DetectorTree?) throws(DetectionError) -> [StateBand.Limits] {
        guard case .entries(let entries)? = tree, !entries.isEmpty else {
            throw .badEntry(path: ["limits"], problem: "needs a mapping of states, for example {Available: {above: 0.5 A}}")
        }
        var result: [StateBand.Limits] = []
        for entry in entries {
            guard let state = Double(entry.name) else { throw .badEntry(path: ["limits", entry.name], problem: "is no state of the signal") }
            guard case .entries(let sides) = entry.value else {
                throw .badEntry(path: ["limits", entry.name], problem: "needs a mapping with 'below' or 'above'")
            }
            var limits = StateBand.Limits(state: state)
            for side in sides {
                guard case .number(let value, _) = side.value, value.isFinite else {
                    throw .badEntry(path: ["limits", entry.name, side.name], problem: "must be a number with the unit of the signal")
                }
                switch side.name {
                case "below": limits.below = value
                case "above": limits.above = value
                default: throw .badEntry(path: ["limits", entry.name, side.name], problem: "is neither 'below' nor 'above'")
                }
            }
            result.append(limits)
        }
        return result
    }

    private static let kOfN = DetectorKind(
        "k-of-n", about: "At least so many parts fire, or have fired within the window.", input: .parts,
        settings: [
            DetectorSetting("parts", .detectors, required: true, about: "The detectors to join."),
            DetectorSetting("at_least", .count(1...1000), required: true, about: "How many of them it takes."),
            DetectorSetting("within", .duration, default: .duration(.seconds(5)), about: "How long a part counts after its alarm; 0s: only while it fires."),
        ],
        example: "attack: {is: k-of-n, parts: [timing, jump, level], at_least: 2, within: 10s, severity: high}", rule: .kOfN
    ) { _ throws(DetectionError) in throw .wrongType(setting: "is", expected: "a kind of detector that watches a signal or a condition") }

    private static let weighted = DetectorKind(
        "weighted", about: "The weighted mean of the scores of the parts reaches a level.", input: .parts,
        settings: [
            DetectorSetting("parts", .detectors, required: true, about: "The detectors to join."),
            DetectorSetting("weights", .texts, about: "A weight for each part; by default all count alike."),
            DetectorSetting(
                "above", .plain(1e-9...4), default: .number(1), about: "The mean score that is anomalous; a part counts 4 at most, and 0 when it does not fire."
            ),
            DetectorSetting("within", .duration, default: .duration(.seconds(5)), about: "How long a part counts after its alarm; 0s: only while it fires."),
        ],
        example: "sum: {is: weighted, parts: [timing, jump], weights: [1, 3], above: 0.8}", rule: .weighted
    ) { _ throws(DetectionError) in throw .wrongType(setting: "is", expected: "a kind of detector that watches a signal or a condition") }

    private static let noneOf = DetectorKind(
        "none-of", about: "No part fires, and none has fired within the window; for use as a part of others.", input: .parts,
        settings: [
            DetectorSetting("parts", .detectors, required: true, about: "The detectors that must be silent."),
            DetectorSetting("within", .duration, default: .duration(.seconds(5)), about: "How long a part counts after its alarm; 0s: only while it fires."),
        ],
        example: "unexplained: {is: none-of, parts: [timing], within: 10s}", rule: .noneOf
    ) { _ throws(DetectionError) in throw .wrongType(setting: "is", expected: "a kind of detector that watches a signal or a condition") }
}
