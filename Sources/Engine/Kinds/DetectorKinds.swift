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
            name: kind.name, about: kind.about, settings: kind.settings.map(manifest), source: kind.settings.map(\.source).first { !$0.isEmpty } ?? "",
            example: kind.example)
    }

    private static func manifest(_ setting: DetectorSetting) -> SettingManifest {
        var least: String?
        var greatest: String?
        if case .count(let range) = setting.type {
            least = String(range.lowerBound)
            greatest = String(range.upperBound)
        }
        return SettingManifest(
            setting.name, type(setting.type), default: setting.defaultValue.map(text), required: setting.isRequired, min: least, max: greatest,
            about: setting.about)
    }

    private static func type(_ type: DetectorSettingType) -> SettingType {
        switch type {
        case .duration: .duration
        case .quantity(let power, let perSecond): .level(perSecond ? .slope : power == 2 ? .squared : .plain)
        case .count: .count
        case .oneOf(let words): .oneOf(words)
        case .condition: .condition
        case .signal: .signal
        case .signals: .signals
        case .plain: .number
        case .measure(let dimension, _): .quantity(dimension)
        case .text, .stream, .tree: .text
        case .texts: .texts(allowed: [])
        case .detectors: .detectors
        }
    }

    private static func text(_ value: DetectorSettingValue) -> String {
        switch value {
        case .duration(let time): "\(time.secondsText)s"
        case .number(let number): decimalText(number)
        case .count(let count): String(count)
        case .word(let word): word
        case .texts(let texts): texts.joined(separator: ", ")
        case .tree: ""
        }
    }

    /// The settings of a declaration by name, as a kind takes them; `evaluate` gives the value of a formula.
    static func values(_ declaration: DetectorDeclaration, evaluate: (Formula, String) -> Double) -> [String: DetectorSettingValue] {
        var result: [String: DetectorSettingValue] = [:]
        for (setting, value) in zip(all[declaration.kind].settings, declaration.settings) {
            switch (setting.type, value) {
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

extension DetectorDeclaration {
    /// The signal that is watched.
    var watched: Int? {
        for case .signals(let signals) in settings { return signals.first }
        return nil
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
