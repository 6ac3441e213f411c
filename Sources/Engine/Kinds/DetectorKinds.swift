import Detection
import Quantities
import ScenarioLanguage

/// The detector kinds of the module Detection as the language sees them: one table, two views.
enum DetectorKinds {
    /// Kinds in the order of their pages; a scenario names them by index.
    static let all = DetectorKind.all

    /// Their manifests, in the same order.
    static let manifests: [DetectorManifest] = all.map { kind in
        DetectorManifest(
            name: kind.name, about: kind.about, settings: kind.settings.map { manifest($0, of: kind) },
            source: kind.settings.map(\.source).first { !$0.isEmpty } ?? "", example: kind.example, check: { problem(kind, $0, $1) })
    }

    /// What a kind says against settings that are known when the file is read.
    private static func problem(_ kind: DetectorKind, _ settings: [SettingValue], _ symbols: SymbolTable) -> DetectorManifest.Problem? {
        for (setting, value) in zip(kind.settings, settings) {
            if case .formula = value, setting.type != .condition { return nil }
            if case .absent = value, setting.isRequired { return nil }
        }
        let values = values(kind, settings, symbols, evaluate: { _, _ in .nan })
        do {
            if kind.input == .parts {
                var parts = 0
                for case .detectors(let list) in settings { parts = list.count }
                _ = try kind.makeJoining(values, parts: parts)
            } else if kind.isObject {
                _ = try kind.makeObject(values)
            } else {
                _ = try kind.makeDetector(values)
            }
            return nil
        } catch {
            switch error {
            case .badEntry(let path, _): return DetectorManifest.Problem(path: path, text: error.description)
            case .outOfRange(let name, _), .wrongType(let name, _), .missing(let name), .unknownSetting(let name):
                return DetectorManifest.Problem(path: [name], text: error.description)
            case .badState: return nil
            }
        }
    }

    private static func manifest(_ setting: DetectorSetting, of kind: DetectorKind) -> SettingManifest {
        var least: String?
        var greatest: String?
        if case .count(let range) = setting.type {
            least = String(range.lowerBound)
            greatest = String(range.upperBound)
        }
        if setting.type == .detectors { least = String(kind.leastParts) }
        if case .plain(let range) = setting.type {
            if range.lowerBound.isFinite { least = decimalText(range.lowerBound) }
            if range.upperBound.isFinite { greatest = decimalText(range.upperBound) }
        }
        return SettingManifest(
            setting.name, type(setting.type, of: kind), default: setting.defaultValue.map { text($0, setting.type) }, required: setting.isRequired, min: least,
            max: greatest,
            about: setting.about)
    }

    private static func type(_ type: DetectorSettingType, of kind: DetectorKind) -> SettingType {
        switch type {
        case .duration: .duration
        case .quantity(let power, let perSecond): .level(perSecond ? .slope : power == 2 ? .squared : .plain)
        case .count: .count
        case .oneOf(let words): .oneOf(words)
        case .condition: .condition
        case .signal: .signal
        case .signals(let least): .mixedSignals(least: least)
        case .plain: .number
        case .measure(let dimension, _): .quantity(dimension)
        case .text: .text
        case .stream: .stream(frames: kind.input != .messages, messages: kind.input != .frames)
        case .tree, .states: .tree
        case .temporal: .temporal
        case .texts: .texts(allowed: [])
        case .detectors: .detectors
        }
    }

    private static func text(_ value: DetectorSettingValue, _ type: DetectorSettingType) -> String {
        if case .measure(let dimension, _) = type, case .number(let number) = value { return Quantity(number, dimension).text }
        return switch value {
        case .duration(let time): "\(time.secondsText)s"
        case .number(let number): decimalText(number)
        case .count(let count): String(count)
        case .word(let word): word
        case .texts(let texts): texts.joined(separator: ", ")
        case .tree: ""
        }
    }

    /// The settings of a declaration by name, as a kind takes them; `evaluate` gives the value of a formula.
    static func values(
        _ kind: DetectorKind, _ settings: [SettingValue], _ symbols: SymbolTable, evaluate: (Formula, String) -> Double
    ) -> [String: DetectorSettingValue] {
        func signal(_ index: Int) -> String { symbols.signals[index].name }
        var result: [String: DetectorSettingValue] = [:]
        for (setting, value) in zip(kind.settings, settings) {
            switch (setting.type, value) {
            case (.signal, .signals(let signals)) where kind.isObject: result[setting.name] = signals.first.map { .word(signal($0)) }
            case (.signals, .signals(let signals)): result[setting.name] = .texts(signals.map(signal))
            case (.plain, .number(let number)), (.measure, .number(let number)): result[setting.name] = .number(number)
            case (.plain, .formula(let formula)), (.measure, .formula(let formula)): result[setting.name] = .number(evaluate(formula, setting.name))
            case (.stream, .stream(let sources)): result[setting.name] = .texts(sources.map { "\($0)" })
            case (.text, .text(let text)): result[setting.name] = .word(text)
            case (.texts, .texts(let texts)): result[setting.name] = .texts(texts)
            case (.tree, .tree(let tree)): result[setting.name] = .tree(DetectorTree(tree))
            case (.states(let of), .tree(let tree)):
                result[setting.name] = .tree(numbered(DetectorTree(tree), states(of, kind, settings, symbols)))
            case (.temporal, .temporal(let formula)):
                result[setting.name] = .word(formula.formula(scales: scales(kind, settings)).code)
            case (.duration, .duration(let time)): result[setting.name] = .duration(time)
            case (.quantity, .number(let number)): result[setting.name] = .number(number)
            case (.quantity, .formula(let formula)): result[setting.name] = .number(evaluate(formula, setting.name))
            case (.count, .number(let number)): result[setting.name] = .count(Int(number))
            case (.oneOf(let words), .number(let index)): result[setting.name] = words[safe: Int(index)].map { .word($0) }
            default: break
            }
        }
        return result
    }
}

extension DetectorKinds {
    /// The scales of a temporal formula that are given; wrong ones are found where the kind takes them.
    private static func scales(_ kind: DetectorKind, _ settings: [SettingValue]) -> [(dimension: Dimension, scale: Double)] {
        for (setting, value) in zip(kind.settings, settings) where setting.name == "scale" {
            if case .tree(let tree) = value { return (try? DetectorKind.temporalScales(DetectorTree(tree))) ?? [] }
        }
        return []
    }

    /// The names of the states of the signal in a setting.
    private static func states(_ name: String, _ kind: DetectorKind, _ settings: [SettingValue], _ symbols: SymbolTable) -> [String] {
        for (setting, value) in zip(kind.settings, settings) where setting.name == name {
            if case .signals(let signals) = value, let first = signals.first { return symbols.signals[first].members ?? [] }
        }
        return []
    }

    /// A mapping whose keys are states, with their numbers instead; other keys stay.
    private static func numbered(_ tree: DetectorTree, _ states: [String]) -> DetectorTree {
        guard case .entries(let entries) = tree else { return tree }
        return .entries(entries.map { entry in (states.firstIndex(of: entry.name).map(String.init) ?? entry.name, entry.value) })
    }
}

extension DetectorDeclaration {
    /// The signal that is watched.
    var watched: Int? {
        for case .signals(let signals) in settings { return signals.first }
        return nil
    }

    /// All signals that are watched, in the order of the settings.
    var inputs: [Int] {
        settings.flatMap { value -> [Int] in if case .signals(let signals) = value { signals } else { [] } }
    }

    /// The conditions of a temporal formula: the numbers of its inputs.
    var temporalConditions: [TemporalCondition] {
        for case .temporal(let formula) in settings { return formula.conditions }
        return []
    }

    /// The streams that are watched.
    var streams: [StreamSource] {
        settings.flatMap { value -> [StreamSource] in if case .stream(let sources) = value { sources } else { [] } }
    }

    /// The formula of a rule.
    var condition: Formula? {
        for case .formula(let formula) in settings where formula.type == .flag { return formula }
        return nil
    }

    /// The detectors that a composite joins.
    var parts: [Int] {
        for case .detectors(let parts) in settings { return parts }
        return []
    }
}

extension DetectorTree {
    /// A nested setting as detectors take it: words that are numbers become numbers, unless they are quoted.
    init(_ value: FieldValue) {
        switch value {
        case .text("true", quoted: false): self = .flag(true)
        case .text("false", quoted: false): self = .flag(false)
        case .text(let text, quoted: true): self = .text(text)
        case .text(let text, quoted: false):
            if let quantity = try? Quantity.parse(text) {
                self = DetectorTree(quantity)
            } else {
                self = .text(text)
            }
        case .quantity(let quantity): self = DetectorTree(quantity)
        case .formula: self = .text("")
        case .list(let items): self = .list(items.map { DetectorTree($0) })
        case .object(let entries): self = .entries(entries.map { ($0.name, DetectorTree($0.value)) })
        }
    }

    private init(_ quantity: Quantity) {
        if quantity.dimension == .time, let time = Duration(seconds: quantity.value) {
            self = .duration(time)
        } else {
            self = .number(quantity.value, quantity.dimension)
        }
    }
}
