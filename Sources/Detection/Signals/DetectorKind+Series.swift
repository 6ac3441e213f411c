extension DetectorKind {
    /// The preset for one series of which nothing is known.
    static let series = DetectorKind(
        "series", about: "A preset for one series of which nothing is known: jumps, odd stretches, shifts, flat lines and shapes that were not there before.",
        settings: [
            DetectorSetting("watch", .signal, required: true, about: "The signal to look at; its samples should come regularly."),
            DetectorSetting(
                "train", .count(50...1_000_000), default: .count(500), about: "Samples that are learnt and not judged; with 'learn_for' the least."),
            DetectorSetting("learn_for", .duration, about: "Time from the first sample that is learnt and not judged; with 100 000 samples it is over."),
            DetectorSetting("risk", .plain(1e-12...0.1), default: .number(1e-4), about: "The wanted probability of a false alarm a sample."),
            DetectorSetting("lookback", .count(64...100_000), default: .count(4000), about: "Samples among which a shape is looked for."),
        ],
        example: "odd: {is: series, watch: meter.power, train: 1000}"
    ) { settings throws(DetectionError) in
        Detector(
            try Series(
                needed: settings.count("train") ?? 500, learnFor: settings.duration("learn_for"), risk: settings.number("risk") ?? 1e-4,
                lookback: settings.count("lookback") ?? 4000))
    }
}
