import Quantities

extension DetectorKind {
    /// Every kind of detector, in the order of the reference.
    public static let all: [DetectorKind] = basicKinds + signalKinds + crossKinds + frameKinds + messageKinds

    private static let basicKinds: [DetectorKind] = [
        threshold, movingRange, moving("moving-variance", root: false), moving("moving-std", root: true), rateOfChange, oscillation, rule,
        composite(.allOf, "all-of", "Every part fires, or has fired within the window."),
        composite(.anyOf, "any-of", "At least one part fires, or has fired within the window."),
        composite(.inOrder, "in-order", "The parts have started to fire in their order within the window."),
    ]

    private static let watch = DetectorSetting("watch", .signal, required: true, about: "The signal to look at.")
    private static let compare = DetectorSetting(
        "compare", .oneOf(Comparison.allCases.map(\.rawValue)), default: .word("gt"), about: "gt: strictly above the threshold; ge: at least the threshold.")
    private static let direction = DetectorSetting(
        "direction", .oneOf(ChangeDirection.allCases.map(\.rawValue)), default: .word("both"), about: "Which changes count.")
    private static let windowSettings = [
        DetectorSetting(
            "window", .duration, default: .duration(.seconds(10)), about: "The window is (t - window, t]: a sample exactly that old is out."),
        DetectorSetting(
            "samples", .count(1...Window.maximumSamples), about: "The window as a number of samples, instead of a time."),
        DetectorSetting(
            "min_samples", .count(1...Window.maximumSamples), default: .count(2), about: "Samples in the window before there is a score."),
    ]

    private static func window(_ settings: DetectorSettings) -> Window {
        if let count = settings.count("samples") { return .samples(count) }
        return .duration(settings.duration("window") ?? .seconds(10))
    }

    private static func comparison(_ settings: DetectorSettings) -> Comparison { settings.word("compare").flatMap(Comparison.init) ?? .gt }

    private static func needed(_ name: String, _ settings: DetectorSettings) throws(DetectionError) -> Double {
        guard let value = settings.number(name) else { throw .missing(setting: name) }
        return value
    }

    /// `above`, or any number where the threshold follows from `target_far`; exactly one of both is given.
    private static func limit(_ settings: DetectorSettings) throws(DetectionError) -> Double {
        guard settings.has("target_far") else { return try needed("above", settings) }
        if settings.has("above") { throw .outOfRange(setting: "target_far", requirement: "absent, or 'above' is") }
        return 1
    }

    private static let threshold = DetectorKind(
        "threshold", about: "The signal is above or below a level.",
        settings: [
            watch, DetectorSetting("above", .level, about: "The greatest value that is normal; one of 'above' and 'below' is needed."),
            DetectorSetting("below", .level, about: "The least value that is normal."), compare,
        ],
        example: "overload: {is: threshold, watch: site.power, above: 2 MW, lasting: 30s}"
    ) { settings throws(DetectionError) in
        Detector(try Threshold(above: settings.number("above"), below: settings.number("below"), compare: comparison(settings)))
    }

    private static let movingRange = DetectorKind(
        "moving-range", about: "The greatest minus the least value of a moving window is above a threshold.",
        settings: [watch] + windowSettings + [
            DetectorSetting("above", .level, about: "The greatest range that is normal; this or 'target_far' is needed."), compare, FalseAlarmBudget.setting,
        ],
        example: "fluctuation: {is: moving-range, watch: charger.current, window: 10s, above: 20 A}"
    ) { settings throws(DetectionError) in
        try budgeted(
            Detector(
                try MovingRange(
                    window: window(settings), above: limit(settings), minimumSamples: settings.count("min_samples") ?? 2, compare: comparison(settings))),
            settings)
    }

    private static func moving(_ name: String, root: Bool) -> DetectorKind {
        DetectorKind(
            name, about: "The \(root ? "standard deviation" : "variance") of a moving window is above a threshold.",
            settings: [watch] + windowSettings + [
                DetectorSetting(
                    "above", .quantity(power: root ? 1 : 2, perSecond: false),
                    about: "The greatest \(root ? "standard deviation" : "variance") that is normal; this or 'target_far' is needed."),
                DetectorSetting("ddof", .count(0...1), default: .count(0), about: "0 for the population, 1 for a sample: the divisor is n - ddof."), compare,
                FalseAlarmBudget.setting,
            ],
            example: root
                ? "noise: {is: moving-std, watch: charger.current, window: 10s, above: 5 A}"
                : "noise: {is: moving-variance, watch: charger.current, window: 10s, above: 25 A^2}"
        ) { settings throws(DetectionError) in
            try budgeted(
                Detector(
                    try MovingVariance(
                        window: window(settings), above: limit(settings), ddof: settings.count("ddof") ?? 0,
                        minimumSamples: settings.count("min_samples") ?? 2, compare: comparison(settings), standardDeviation: root)), settings)
        }
    }

    private static let rateOfChange = DetectorKind(
        "rate-of-change", about: "The signal changes faster than a slope, or by more than an amount within a time.",
        settings: [
            watch,
            DetectorSetting(
                "above", .quantity(power: 1, perSecond: true),
                about: "The greatest slope that is normal; with 'within', the greatest change, in the unit of the signal. This or 'target_far' is needed."),
            DetectorSetting("within", .duration, about: "The change counts between samples at most this far apart (both ends included)."), direction,
            DetectorSetting(
                "min_dt", .duration, default: .duration(.milliseconds(50)),
                about: "Without 'within': samples closer than this are skipped, so that jitter makes no slope."),
            DetectorSetting("max_gap", .duration, default: .duration(.seconds(30)), about: "Without 'within': after a longer gap the slope starts anew."),
            compare, FalseAlarmBudget.setting,
        ],
        example: "jump: {is: rate-of-change, watch: can0.current, above: 40 A, within: 2s}"
    ) { settings throws(DetectionError) in
        let way = settings.word("direction").flatMap(ChangeDirection.init) ?? .both
        let above = try limit(settings)
        if let within = settings.duration("within") {
            return try budgeted(Detector(try ChangeWithin(above: above, within: within, direction: way, compare: comparison(settings))), settings)
        }
        return try budgeted(
            Detector(
                try RateOfChange(
                    above: above, direction: way, minimumGap: settings.duration("min_dt") ?? .milliseconds(50),
                    maximumGap: settings.duration("max_gap") ?? .seconds(30), compare: comparison(settings))), settings)
    }

    private static let oscillation = DetectorKind(
        "oscillation", about: "The signal swings to and fro again and again.",
        settings: [
            watch, DetectorSetting("swing", .level, required: true, about: "The band that a change must pass to be a swing."),
            DetectorSetting("at_least", .count(1...100_000), default: .count(4), about: "Swings in the window that make an anomaly."),
            DetectorSetting("within", .duration, default: .duration(.seconds(30)), about: "The window is (t - within, t]."),
            DetectorSetting(
                "count", .oneOf(SwingCount.allCases.map(\.rawValue)), default: .word("swings"),
                about: "swings: more than the band, the first counts; reversals: at least the band, the first only sets the direction."),
        ],
        example: "repeated: {is: oscillation, watch: charger.current, swing: 20 A, at_least: 4, within: 30s}"
    ) { settings throws(DetectionError) in
        Detector(
            try Oscillation(
                swing: needed("swing", settings), atLeast: settings.count("at_least") ?? 4, within: settings.duration("within") ?? .seconds(30),
                count: settings.word("count").flatMap(SwingCount.init) ?? .swings))
    }

    private static let rule = DetectorKind(
        "rule", about: "A formula is true.", input: .condition,
        settings: [DetectorSetting("when", .condition, required: true, about: "The formula.", source: "'expr' of Prometheus alerting rules")],
        example: "heat: {is: rule, when: '=avg(charger.current, 10 s) > cp1.limit + 5 A', lasting: 5s}", make: { _ throws(DetectionError) in Detector(Rule()) })

    private static func composite(_ rule: CompositeRule, _ name: String, _ about: String) -> DetectorKind {
        DetectorKind(
            name, about: about, input: .parts,
            settings: [
                DetectorSetting("parts", .detectors, required: true, about: "The detectors to join\(rule == .inOrder ? ", in their order" : "")."),
                DetectorSetting(
                    "within", .duration, default: .duration(.seconds(5)),
                    about: rule == .inOrder
                        ? "The parts must start to fire within this time." : "How long a part counts after its alarm; 0s: only while it fires."),
            ],
            example: "breach: {is: \(name), parts: [timing, jump], within: 10s, severity: critical}", rule: rule
        ) { _ throws(DetectionError) in throw .wrongType(setting: "is", expected: "a kind of detector that watches a signal or a condition") }
    }
}
