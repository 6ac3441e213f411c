extension DetectorKind {
    /// The preset for rows of several columns of which nothing is known.
    static let rows = DetectorKind(
        "rows", about: "A preset for rows of several columns of which nothing is known, such as features of flows: values and combinations that never were.",
        input: .signals,
        settings: [
            DetectorSetting("watch", .signals(least: 1), required: true, about: "The signals; a row is judged when all have a new value at one instant."),
            DetectorSetting("train", .count(50...50_000), default: .count(300), about: "Rows that are learnt and not judged; with 'learn_for' the least."),
            DetectorSetting("learn_for", .duration, about: "Time from the first row that is learnt and not judged; with 50 000 rows it is over."),
            DetectorSetting("risk", .plain(1e-12...0.1), default: .number(1e-4), about: "The wanted probability of a false alarm a row."),
        ],
        example: "odd_flows: {is: rows, watch: [charger.voltage, charger.current, meter.pin_temperature], train: 1000}"
    ) { settings throws(DetectionError) in
        try RowsDetector(
            names: settings.texts("watch") ?? [], needed: settings.count("train") ?? 300, learnFor: settings.duration("learn_for"),
            risk: settings.number("risk") ?? 1e-4)
    }
}
