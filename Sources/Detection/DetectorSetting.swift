public import Quantities

/// The type of a setting, for the language to check and document.
public enum DetectorSettingType: Equatable, Sendable {
    /// A length of time.
    case duration
    /// A number in the unit of the watched signal to a power, a second or not: (1, false) is A for a current, (2, false) A², (1, true) A/s.
    case quantity(power: Int, perSecond: Bool)
    /// A whole number in a closed range.
    case count(ClosedRange<Int>)
    /// One of some words.
    case oneOf([String])
    /// A formula that is true or false; the engine evaluates it.
    case condition
    /// The name of a signal.
    case signal
    /// A list of names of signals, this many at least.
    case signals(least: Int)
    /// A stream: a bus, a declared frame, or messages (`ocpp`, `cp1.ocpp`, `ocpp.Heartbeat`, `cp1.ocpp.Heartbeat`), or a list of those.
    case stream
    /// A plain number, without a unit, in a closed range.
    case plain(ClosedRange<Double>)
    /// A number in base units of a dimension of its own, for example Hz; the bounds are in base units.
    case measure(Dimension, ClosedRange<Double>)
    /// A text.
    case text
    /// A list of texts, or of numbers read as texts.
    case texts
    /// A nested structure that the kind itself checks; see `DetectorTree`.
    case tree
    /// A mapping whose keys are states of the signal in another setting; they come as the numbers of the states.
    case states(of: String)
    /// A formula of temporal logic; it comes as the code of a `TemporalFormula`, and its numbers as the inputs.
    case temporal
    /// A list of names of detectors.
    case detectors

    /// A level in the unit of the watched signal.
    static let level = DetectorSettingType.quantity(power: 1, perSecond: false)
}

/// The value of a setting as the language hands it over: times as durations, quantities in base units.
public enum DetectorSettingValue: Equatable, Sendable {
    /// A time.
    case duration(Duration)
    /// A quantity in base units.
    case number(Double)
    /// A whole number.
    case count(Int)
    /// A word: a name, a formula, or one of some words.
    case word(String)
    /// A list of texts, or names of signals.
    case texts([String])
    /// A nested structure.
    case tree(DetectorTree)
}

/// A nested setting as the file has it: numbers are in base units.
public indirect enum DetectorTree: Equatable, Sendable {
    /// A text.
    case text(String)
    /// A number with its dimension, in base units.
    case number(Double, Dimension)
    /// A time.
    case duration(Duration)
    /// True or false.
    case flag(Bool)
    /// A list.
    case list([DetectorTree])
    /// Named entries in the order of the file.
    case entries([(name: String, value: DetectorTree)])

    /// Whether both are the same, entries in the same order.
    public static func == (a: DetectorTree, b: DetectorTree) -> Bool {
        switch (a, b) {
        case (.text(let a), .text(let b)): a == b
        case (.number(let a, let one), .number(let b, let other)): a == b && one == other
        case (.duration(let a), .duration(let b)): a == b
        case (.flag(let a), .flag(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.entries(let a), .entries(let b)): a.elementsEqual(b) { $0.name == $1.name && $0.value == $1.value }
        default: false
        }
    }
}

/// One setting of a kind of detector.
public struct DetectorSetting: Equatable, Sendable {
    /// The key in the file.
    public let name: String
    /// What it takes.
    public let type: DetectorSettingType
    /// The value when the key is absent; `nil` for none.
    public let defaultValue: DetectorSettingValue?
    /// Whether the key must be there.
    public let isRequired: Bool
    /// What it means, one sentence.
    public let about: String
    /// Where the name or the definition comes from; empty when it is our own.
    public let source: String

    /// A setting out of its parts.
    public init(
        _ name: String, _ type: DetectorSettingType, default defaultValue: DetectorSettingValue? = nil, required: Bool = false, about: String,
        source: String = ""
    ) {
        self.name = name
        self.type = type
        self.defaultValue = defaultValue
        isRequired = required
        self.about = about
        self.source = source
    }
}

/// The settings of one detector, checked against the table of its kind.
struct DetectorSettings {
    private let values: [String: DetectorSettingValue]

    /// Throws for a setting that the table does not have, for one that is missing, and for a value of another type.
    init(_ given: [String: DetectorSettingValue], table: [DetectorSetting]) throws(DetectionError) {
        for name in given.keys.sorted() where !table.contains(where: { $0.name == name }) { throw .unknownSetting(name) }
        var values: [String: DetectorSettingValue] = [:]
        for setting in table {
            guard let value = given[setting.name] ?? setting.defaultValue else {
                if setting.isRequired { throw .missing(setting: setting.name) }
                continue
            }
            try DetectorSettings.check(value, setting)
            values[setting.name] = value
        }
        self.values = values
    }

    private static func check(_ value: DetectorSettingValue, _ setting: DetectorSetting) throws(DetectionError) {
        switch (setting.type, value) {
        case (.duration, .duration), (.quantity, .number), (.condition, .word), (.signal, .word), (.detectors, .word), (.text, .word), (.texts, .texts),
            (.stream, .word), (.stream, .texts), (.tree, .tree), (.states, .tree), (.temporal, .word):
            return
        case (.signals(let least), .texts(let names)):
            guard names.count >= least else { throw .outOfRange(setting: setting.name, requirement: "at least \(least) signals") }
        case (.plain(let range), .number(let number)), (.measure(_, let range), .number(let number)):
            guard range.contains(number) else {
                throw .outOfRange(setting: setting.name, requirement: "between \(range.lowerBound) and \(range.upperBound)")
            }
        case (.count(let range), .count(let number)):
            guard range.contains(number) else {
                throw .outOfRange(setting: setting.name, requirement: "between \(range.lowerBound) and \(range.upperBound)")
            }
        case (.oneOf(let words), .word(let word)):
            guard words.contains(word) else { throw .outOfRange(setting: setting.name, requirement: "one of \(words.joined(separator: ", "))") }
        default: throw .wrongType(setting: setting.name, expected: setting.type.expectation)
        }
    }

    /// Whether a setting has a value.
    func has(_ name: String) -> Bool { values[name] != nil }

    /// All values as texts, in the order of the names: what a saved state must agree with.
    var fingerprint: [String] { values.keys.sorted().map { "\($0): \(values[$0].map { "\($0)" } ?? "")" } }

    func duration(_ name: String) -> Duration? {
        if case .duration(let value)? = values[name] { return value }
        return nil
    }

    func number(_ name: String) -> Double? {
        if case .number(let value)? = values[name] { return value }
        return nil
    }

    func count(_ name: String) -> Int? {
        if case .count(let value)? = values[name] { return value }
        return nil
    }

    func word(_ name: String) -> String? {
        if case .word(let value)? = values[name] { return value }
        return nil
    }

    func texts(_ name: String) -> [String]? {
        switch values[name] {
        case .texts(let value)?: value
        case .word(let value)?: [value]
        default: nil
        }
    }

    func tree(_ name: String) -> DetectorTree? {
        if case .tree(let value)? = values[name] { return value }
        return nil
    }
}

extension DetectorSettingType {
    /// What a value of the type is, to complete the sentence "it must be ...".
    public var expectation: String {
        switch self {
        case .duration: "a time, for example 10s"
        case .quantity(1, false): "a number with the unit of the signal"
        case .quantity(_, true): "a number with the unit of the signal per second"
        case .quantity: "a number with the squared unit of the signal"
        case .count: "a whole number"
        case .oneOf(let words): "one of \(words.joined(separator: ", "))"
        case .condition: "a formula"
        case .signal: "the name of a signal"
        case .signals(let least): "a list of \(least) or more signals"
        case .stream: "a bus, a frame, messages such as 'cp1.ocpp', or a list of those"
        case .plain: "a number without a unit"
        case .measure: "a number with a unit"
        case .text: "a text"
        case .texts: "a list of texts"
        case .tree: "a mapping"
        case .states: "a mapping of states"
        case .temporal: "a formula of temporal logic"
        case .detectors: "a list of detectors"
        }
    }
}
