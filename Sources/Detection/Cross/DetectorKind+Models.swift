import Quantities

extension DetectorKind {

    static let physicsModel = DetectorKind(
        "physics-model", about: "A measurement does not fit what physics says about it.", input: .signals,
        settings: [
            DetectorSetting("watch", .signal, required: true, about: "The measured signal."),
            DetectorSetting(
                "model", .oneOf(["random-walk", "charger", "battery-soc", "connector-temperature", "cc-cv"]), default: .word("random-walk"),
                about: "How it should move; each model says which of the signals below it needs."),
            DetectorSetting("limit", .signal, about: "charger, cc-cv: the current that was asked for."),
            DetectorSetting("power", .signal, about: "battery-soc: the power into the battery."),
            DetectorSetting("current", .signal, about: "connector-temperature: the current."),
            DetectorSetting("voltage", .signal, about: "cc-cv: the voltage."),
            DetectorSetting("soc", .signal, about: "cc-cv: the state of charge."),
            DetectorSetting("tau", .duration, default: .duration(.seconds(5)), about: "charger, connector-temperature, cc-cv: the time constant; 0s: at once."),
            DetectorSetting("capacity", .measure(.energy, 1...1e15), default: .number(216e6), about: "battery-soc: the energy of a full battery."),
            DetectorSetting("efficiency", .plain(0.01...1), default: .number(0.95), about: "battery-soc: the part of the power that is stored."),
            DetectorSetting(
                "heating", .plain(0...1e6), default: .number(0.001), about: "connector-temperature: degrees above ambient for each squared ampere."),
            DetectorSetting(
                "ambient", .measure(.temperature, -273...1000), default: .number(20), about: "connector-temperature: the temperature without current."),
            DetectorSetting("max_power", .measure(.power, 1e-3...1e15), default: .number(1e15), about: "cc-cv: the greatest power."),
            DetectorSetting("knee", .plain(0...1), default: .number(0.8), about: "cc-cv: the state of charge from which the current falls."),
            DetectorSetting("knee_current", .measure(.current, 1e-6...1e9), default: .number(1e9), about: "cc-cv: the current at the knee."),
            DetectorSetting("fall", .plain(1e-6...10), default: .number(0.1), about: "cc-cv: the state of charge on which the current falls to 37 %."),
            DetectorSetting("noise", .level, default: .number(1), about: "Standard deviation of a measurement.", source: "the root of R of a Kalman filter"),
            DetectorSetting(
                "drift", .level, default: .number(0.1), about: "Standard deviation that the model gains in a second.",
                source: "the root of Q of a Kalman filter"),
            DetectorSetting("p", .plain(1e-12...0.4), default: .number(1e-4), about: "The probability with which a right measurement is called wrong."),
            DetectorSetting(
                "form", .oneOf(PhysicsForm.allCases.map(\.rawValue)), default: .word("each"),
                about: "each: every measurement; window: the last 'samples' together; bias: a lasting difference in one direction."),
            DetectorSetting("samples", .count(1...100_000), default: .count(20), about: "window: how many measurements."),
            DetectorSetting("k", .plain(0...1000), default: .number(0.5), about: "bias: the allowance in standard deviations."),
            DetectorSetting("h", .plain(1e-3...1e6), default: .number(5), about: "bias: the limit of the sum in standard deviations."),
            DetectorSetting("max_gap", .duration, default: .duration(.seconds(300)), about: "After a longer gap the model starts anew."),
            DetectorSetting("learn_for", .duration, default: .duration(.zero), about: "The size of usual differences is learnt so long first; 0s: as given."),
        ],
        example: "spoofed: {is: physics-model, watch: charger.current, model: charger, limit: cp1.limit, tau: 2s, noise: 0.5 A, drift: 0.2 A}"
    ) { settings throws(DetectionError) in
        var given = PhysicsModel.Settings()
        given.motion = try motion(settings)
        given.noise = settings.number("noise") ?? 1
        given.drift = settings.number("drift") ?? 0.1
        given.p = settings.number("p") ?? 1e-4
        given.form = settings.word("form").flatMap(PhysicsForm.init) ?? .each
        given.samples = settings.count("samples") ?? 20
        given.k = settings.number("k") ?? 0.5
        given.h = settings.number("h") ?? 5
        given.maximumGap = settings.duration("max_gap") ?? .seconds(300)
        given.learnFor = settings.duration("learn_for") ?? .zero
        return try PhysicsModel(given)
    }

    /// The motion, after a check that its signals and no others are given.
    private static func motion(_ settings: DetectorSettings) throws(DetectionError) -> PhysicsMotion {
        let model = settings.word("model") ?? "random-walk"
        let needed: [String] =
            switch model {
            case "charger": ["limit"]
            case "battery-soc": ["power"]
            case "connector-temperature": ["current"]
            case "cc-cv": ["limit", "voltage", "soc"]
            default: []
            }
        for name in ["limit", "power", "current", "voltage", "soc"] where needed.contains(name) != (settings.word(name) != nil) {
            throw .outOfRange(setting: name, requirement: needed.contains(name) ? "given for the model '\(model)'" : "left out for the model '\(model)'")
        }
        let tau = settings.duration("tau")?.seconds ?? 5
        switch model {
        case "charger": return .firstOrder(tau: tau)
        case "battery-soc": return .stateOfCharge(capacity: settings.number("capacity") ?? 216e6, efficiency: settings.number("efficiency") ?? 0.95)
        case "connector-temperature":
            return .connectorTemperature(resistance: settings.number("heating") ?? 0.001, ambient: settings.number("ambient") ?? 20, tau: tau)
        case "cc-cv":
            return .chargingCurrent(
                maximumPower: settings.number("max_power") ?? 1e15, knee: settings.number("knee") ?? 0.8,
                kneeCurrent: settings.number("knee_current") ?? 1e9, fall: settings.number("fall") ?? 0.1, tau: tau)
        default: return .randomWalk
        }
    }

    private static let risk = DetectorSetting(
        "risk", .plain(1e-12...0.1), default: .number(1e-4), about: "Without 'above': the wanted probability of a false alarm a sample.")

    static let halfSpaceTrees = DetectorKind(
        "half-space-trees", about: "Several signals together lie where they seldom lie.", input: .signals,
        settings: [
            DetectorSetting("watch", .signals(least: 1), required: true, about: "The signals; a verdict comes when all have a new value."),
            DetectorSetting("trees", .count(1...1000), default: .count(25), about: "How many trees."),
            DetectorSetting("height", .count(1...18), default: .count(8), about: "Levels of each; 25 trees of 15 levels need 26 MB."),
            DetectorSetting("samples", .count(2...60_000), default: .count(250), about: "The window that a value is compared with."),
            DetectorSetting("size_limit", .plain(0...1), default: .number(0.1), about: "A walk ends where fewer than this part of the window lay."),
            DetectorSetting(
                "limits", .tree, about: "The usual range of each signal, a pair each in the order of 'watch'; by default learnt from the first window."),
            DetectorSetting("above", .plain(1e-9...0.999999999), about: "The score of the forest that is anomalous, 0 to 1; by default the tail decides."),
            risk,
            DetectorSetting("calibration", .count(50...1_000_000), default: .count(1000), about: "Without 'above': scores that the tail is learnt from first."),
            DetectorSetting("seed", .count(0...Int.max), default: .count(1), about: "Chooses the cuts."),
        ] + Learning.settings(),
        example: "unusual: {is: half-space-trees, watch: [charger.voltage, charger.current, meter.pin_temperature], risk: 0.00001}"
    ) { settings throws(DetectionError) in
        var shape = HalfSpaceForestShape()
        shape.trees = settings.count("trees") ?? 25
        shape.height = settings.count("height") ?? 8
        shape.window = settings.count("samples") ?? 250
        shape.sizeLimit = settings.number("size_limit") ?? 0.1
        shape.seed = UInt64(settings.count("seed") ?? 1)
        return try HalfSpaceTreesDetector(
            features: settings.texts("watch")?.count ?? 0, shape: shape, limits: ranges(settings), above: settings.number("above"),
            risk: settings.number("risk") ?? 1e-4, calibration: settings.count("calibration") ?? 1000, learning: Learning(settings))
    }

    private static func ranges(_ settings: DetectorSettings) throws(DetectionError) -> [(low: Double, high: Double)]? {
        guard let tree = settings.tree("limits") else { return nil }
        let problem = "must be a list with a pair for each signal, for example [[300 V, 500 V], [0 A, 200 A]]"
        guard case .list(let items) = tree else { throw .badEntry(path: ["limits"], problem: problem) }
        var result: [(low: Double, high: Double)] = []
        for (index, item) in items.enumerated() {
            guard case .list(let pair) = item, pair.count == 2, case .number(let low, _) = pair[0], case .number(let high, _) = pair[1] else {
                throw .badEntry(path: ["limits", "\(index + 1)"], problem: problem)
            }
            result.append((low, high))
        }
        return result
    }

    static let matrixProfile = DetectorKind(
        "matrix-profile", about: "A shape that was not there before.",
        settings: [
            DetectorSetting("watch", .signal, required: true, about: "The signal to look at; its samples should come regularly."),
            DetectorSetting("samples", .count(4...10_000), required: true, about: "Length of the shapes: about one cycle or one ramp."),
            DetectorSetting("lookback", .count(8...1 << 20), default: .count(2000), about: "Samples that are remembered."),
            DetectorSetting("exclusion", .count(0...10_000), about: "How near a similar shape may begin; by default a quarter of 'samples'."),
            DetectorSetting(
                "above", .plain(1e-9...1e6), about: "The distance that is anomalous, 0 to 2 √samples; by default the tail of the distances decides."), risk,
            DetectorSetting(
                "calibration", .count(50...1_000_000), default: .count(500), about: "Without 'above': distances that the tail is learnt from first."),
        ],
        example: "odd_curve: {is: matrix-profile, watch: charger.current, samples: 60, lookback: 3600}"
    ) { settings throws(DetectionError) in
        Detector(
            try MatrixProfile(
                length: settings.count("samples") ?? 0, lookback: settings.count("lookback") ?? 2000, exclusion: settings.count("exclusion"),
                above: settings.number("above"), risk: settings.number("risk") ?? 1e-4, calibration: settings.count("calibration") ?? 500))
    }

    static let mtl = DetectorKind(
        "mtl", about: "A formula over time is violated: a limit of 0 that the current does not follow within 5 s.", input: .signals,
        settings: [
            DetectorSetting("formula", .temporal, required: true, about: "What must hold at every instant, in metric temporal logic."),
            maximumAge,
            DetectorSetting(
                "scale", .tree,
                about: "The distance that counts as 1, a number with its unit or a list of them; by default the greatest number of each unit in the formula."),
        ],
        example: "ignored: {is: mtl, formula: 'always (cp1.limit <= 1 A implies eventually[0s, 5s] (charger.current <= 2 A))'}"
    ) { settings throws(DetectionError) in
        guard let code = settings.word("formula") else { throw .missing(setting: "formula") }
        _ = try temporalScales(settings.tree("scale"))
        return try TemporalDetector(TemporalFormula(code: code), maximumAge: settings.duration("max_age"))
    }

    /// The scales of a temporal formula by dimension; time counts in seconds.
    public static func temporalScales(_ tree: DetectorTree?) throws(DetectionError) -> [(dimension: Dimension, scale: Double)] {
        guard let tree else { return [] }
        let items = if case .list(let items) = tree { items } else { [tree] }
        var result: [(dimension: Dimension, scale: Double)] = []
        for item in items {
            let one: (dimension: Dimension, scale: Double)
            switch item {
            case .number(let number, let dimension): one = (dimension, number)
            case .duration(let time): one = (.time, time.seconds)
            default: throw .badEntry(path: ["scale"], problem: "must be a number with its unit, or a list of them, for example [32 A, 230 V]")
            }
            guard one.scale > 0, one.scale.isFinite else { throw .badEntry(path: ["scale"], problem: "must be above 0") }
            guard !result.contains(where: { $0.dimension == one.dimension }) else {
                throw .badEntry(path: ["scale"], problem: "must have each unit once")
            }
            result.append(one)
        }
        return result
    }
}
