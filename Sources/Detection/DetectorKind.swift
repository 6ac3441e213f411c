import Quantities

/// A kind of detector as data: its name, its settings, an example, and how to make one.
public struct DetectorKind: Sendable {
    /// What a kind looks at.
    public enum Input: String, Sendable {
        /// One signal: `watch`.
        case signal
        /// Several signals: a list in `watch`, or settings of their own.
        case signals
        /// The frames of a bus or a declared frame: `watch`.
        case frames
        /// Messages: `watch`.
        case messages
        /// Frames or messages: `watch`.
        case stream
        /// A formula that the engine evaluates: `when`.
        case condition
        /// Other detectors: `parts`.
        case parts
    }

    /// The name in the file.
    public let name: String
    /// What it finds, one sentence.
    public let about: String
    /// What it looks at.
    public let input: Input
    /// Its own settings, in the order of the reference; see `common` for those that every kind has.
    public let settings: [DetectorSetting]
    /// A line of a scenario that uses it.
    public let example: String
    /// Whether the score holds between evaluations, so that deadlines of the alert count; see `AlertTiming`.
    public var timing: AlertTiming { input == .condition || input == .parts ? .betweenScores : .onScores }

    private let make: @Sendable (DetectorSettings) throws(DetectionError) -> Detector
    private let rule: CompositeRule?
    private let makeObject: (@Sendable (DetectorSettings) throws(DetectionError) -> any Detecting)?
    private let join: (@Sendable (DetectorSettings, Int) throws(DetectionError) -> any AlarmJoining)?

    /// A kind over several signals, frames or messages. Signals are numbered through the settings of the types `signal` and `signals` in the order of
    /// the table, so the first of them is input 0.
    init(
        _ name: String, about: String, input: Input, settings: [DetectorSetting], example: String,
        object: @escaping @Sendable (DetectorSettings) throws(DetectionError) -> any Detecting
    ) {
        self.name = name
        self.about = about
        self.input = input
        self.settings = settings
        self.example = example
        rule = nil
        makeObject = object
        join = nil
        make = { _ throws(DetectionError) in throw .wrongType(setting: "is", expected: "a kind of detector that watches one signal or a condition") }
    }

    init(
        _ name: String, about: String, input: Input = .signal, settings: [DetectorSetting], example: String, rule: CompositeRule? = nil,
        make: @escaping @Sendable (DetectorSettings) throws(DetectionError) -> Detector
    ) {
        self.name = name
        self.about = about
        self.input = input
        self.settings = settings
        self.example = example
        self.rule = rule
        self.make = make
        makeObject = nil
        join = nil
    }

    /// A kind over the alarms of other detectors that is no composite.
    init(
        _ name: String, about: String, settings: [DetectorSetting], example: String,
        join: @escaping @Sendable (DetectorSettings, Int) throws(DetectionError) -> any AlarmJoining
    ) {
        self.name = name
        self.about = about
        input = .parts
        self.settings = settings
        self.example = example
        rule = nil
        makeObject = nil
        self.join = join
        make = { _ throws(DetectionError) in throw .wrongType(setting: "is", expected: "a kind of detector that watches a signal or a condition") }
    }

    /// The fewest parts that a composite of the kind has.
    public var leastParts: Int { rule == .noneOf || join != nil ? 1 : 2 }

    /// Whether `makeObject` makes it, and not `makeDetector`.
    public var isObject: Bool { makeObject != nil }

    /// The kind with a name; `nil` for any other name.
    public static func named(_ name: String) -> DetectorKind? { all.first { $0.name == name } }

    /// Makes a detector for a signal or a condition; for a kind with parts see `makeComposite(_:parts:)`.
    ///
    /// - Parameter values: the kind's own settings that the file gives, without those of `common`; `watch`, `when` and `parts` may be left out.
    public func makeDetector(_ values: [String: DetectorSettingValue]) throws(DetectionError) -> Detector {
        guard input != .parts else { throw .wrongType(setting: "is", expected: "a kind of detector that watches a signal or a condition") }
        let checked = try DetectorSettings(values, table: settings.filter { !isInput($0) || values[$0.name] != nil })
        let detector = try make(checked)
        detector.identity = [name] + checked.fingerprint
        return detector
    }

    /// Makes a detector over several signals, frames or messages; it is `SignalsDetecting`, `FramesDetecting` or `MessagesDetecting` as `input` says, or
    /// both of the last two for a stream.
    ///
    /// - Parameter values: all of its own settings that the file gives; names of signals as texts, in the order of the file.
    public func makeObject(_ values: [String: DetectorSettingValue]) throws(DetectionError) -> any Detecting {
        guard let makeObject else { throw .wrongType(setting: "is", expected: "a kind of detector that watches several signals, frames or messages") }
        return try makeObject(DetectorSettings(values, table: settings))
    }

    /// Makes what joins a number of parts.
    public func makeJoining(_ values: [String: DetectorSettingValue], parts: Int) throws(DetectionError) -> any AlarmJoining {
        guard let join else { return try makeComposite(values, parts: parts) }
        return try join(DetectorSettings(values, table: settings.filter { !isInput($0) || values[$0.name] != nil }), parts)
    }

    /// Makes a composite of a number of parts.
    public func makeComposite(_ values: [String: DetectorSettingValue], parts: Int) throws(DetectionError) -> Composite {
        guard let rule else { throw .wrongType(setting: "is", expected: "a kind of detector that has parts") }
        let settings = try DetectorSettings(values, table: settings.filter { !isInput($0) || values[$0.name] != nil })
        var weights: [Double] = []
        for text in settings.texts("weights") ?? [] {
            guard let weight = Double(text) else { throw .outOfRange(setting: "weights", requirement: "a list of numbers, one for each part") }
            weights.append(weight)
        }
        return try Composite(
            rule, parts: parts, within: settings.duration("within") ?? .seconds(5), least: settings.count("at_least") ?? 1, weights: weights,
            level: settings.number("above") ?? 1)
    }

    private func isInput(_ setting: DetectorSetting) -> Bool {
        switch setting.type {
        case .signal, .signals, .stream, .condition, .detectors: true
        default: false
        }
    }

    /// Makes the life-cycle of a detector out of the common settings.
    ///
    /// - Parameters:
    ///   - values: `lasting`, `clear`, `keep`, `rest`, `warmup` as far as the file gives them; `clear` is a level in the unit of the threshold.
    ///   - detector: the detector that knows which score the level is; `nil` for a composite, which has no level.
    public func makeAlertSettings(_ values: [String: DetectorSettingValue], detector: Detector?) throws(DetectionError) -> AlertSettings {
        let given = try DetectorSettings(values, table: DetectorKind.common)
        var settings = AlertSettings()
        settings.lasting = given.duration("lasting") ?? .zero
        settings.keep = given.duration("keep") ?? .zero
        settings.rest = given.duration("rest") ?? .zero
        settings.warmup = given.duration("warmup") ?? .zero
        settings.warmupAfterGap = given.duration("warmup_after_gap")
        settings.breakthrough = given.number("breakthrough")
        settings.timing = timing
        if let level = given.number("clear") {
            guard let score = detector?.clearScore(level: level) else {
                throw .outOfRange(setting: "clear", requirement: "a level on the good side of the threshold")
            }
            settings.clear = score
        }
        try settings.check()
        return settings
    }

    /// The severity that the common settings give; `medium` without one.
    public static func severity(_ values: [String: DetectorSettingValue]) throws(DetectionError) -> Severity {
        let given = try DetectorSettings(values, table: common)
        return given.word("severity").flatMap { Severity(name: $0) } ?? .medium
    }

    /// The settings that every kind has beside its own.
    public static let common: [DetectorSetting] = [
        DetectorSetting(
            "severity", .oneOf(Severity.allCases.map(\.name)), default: .word("medium"), about: "How serious an alarm of this detector is."),
        DetectorSetting(
            "lasting", .duration, default: .duration(.zero), about: "How long the anomaly must last before the alarm starts.",
            source: "'for' of Prometheus alerting rules"),
        DetectorSetting(
            "clear", .quantity(power: 1, perSecond: false), about: "The level, in the unit of the threshold, at which the alarm ends; a hysteresis.",
            source: "recovery threshold of Grafana alerting"),
        DetectorSetting(
            "keep", .duration, default: .duration(.zero), about: "How long the alarm goes on after the anomaly.",
            source: "'keep_firing_for' of Prometheus alerting rules"),
        DetectorSetting("rest", .duration, default: .duration(.zero), about: "The least time from the end of an alarm to the onset of the next."),
        DetectorSetting("warmup", .duration, default: .duration(.zero), about: "Scores count only from this time after the first sample on."),
        DetectorSetting(
            "warmup_after_gap", .duration,
            about: "After a gap, ten times the mean time between values and 10 s at least, scores count only from this time on."),
        DetectorSetting("only_when", .condition, about: "A formula; while it is false the detector takes no samples."),
        DetectorSetting(
            "breakthrough", .plain(1...1e12), about: "A score above so many times the peak of the last alarm does not wait for 'rest'."),
        DetectorSetting("suppress", .detectors, about: "While an alarm of one of these detectors is on, those of this one are recorded only."),
        DetectorSetting("severity_map", .tree, about: "The least peak score of each severity."),
        DetectorSetting("escalate_after", .duration, about: "An alarm that lasts longer is one level more serious."),
        DetectorSetting("corroborate", .tree, about: "Which other detectors make an alarm more serious."),
        DetectorSetting(
            "flap", .tree, about: "More alarms than that within a time are one alarm that flaps.", source: "flap detection of Nagios"),
        DetectorSetting("stale_after", .duration, about: "An alarm whose signal brings no value for so long is noted as stale."),
        DetectorSetting("patterns", .tree, about: "The shapes of alarms are remembered and compared."),
    ]
}
