import JSONText
import Quantities
import ScenarioLanguage

extension Subject {
    /// The page of the subject for programs; `what` says which of its shapes it has.
    var json: JSONValue {
        switch self {
        case .kind(let kind):
            return [
                "what": "kind", "name": .string(kind.name), "about": .string(kind.about), "roles": .array(kind.roles.map { .string($0.rawValue) }),
                "settings": .array(kind.settings.map(Subject.setting)), "signals": .array(kind.signals.map(Subject.signal)),
                "frames": .array(kind.frames.map(Subject.frame)),
                "actions": .array(
                    kind.actions.map {
                        ["name": .string($0.name), "about": .string($0.about), "settings": .array($0.settings.map(Subject.setting))]
                    }),
                "example": .string(kind.example),
            ]
        case .detector(let detector):
            return [
                "what": "detector", "name": .string(detector.name), "about": .string(detector.about),
                "settings": .array(detector.settings.map(Subject.setting)),
                "source": .string(detector.source), "example": .string(detector.example),
            ]
        case .attack(let attack):
            return [
                "what": "attack", "name": .string(attack.name), "about": .string(attack.about), "kind": .string(attack.kind),
                "severity": .string(attack.severity.word), "links": .string(attack.links.text),
                "settings": .array(
                    attack.settings.map { setting in
                        [
                            "name": .string(setting.name), "type": .string(setting.type.words), "links": .string(setting.links.text),
                            "default": .string(setting.defaultWords), "about": .string(setting.about),
                        ]
                    }), "examples": .array(attack.examples.map { .string($0) }),
            ]
        case .message(let message):
            return [
                "what": "message", "name": .string(message.name), "about": .string(message.about), "protocol": .string(message.protocolName),
                "sender": .string(message.sender.rawValue),
                "fields": .array(message.fields.map { ["name": .string($0.name), "type": .string($0.type), "required": .bool($0.required)] }),
                "shorthands": .array(
                    message.shorthands.map { ["name": .string($0.name), "dimension": .string($0.dimension.name), "about": .string($0.about)] }),
            ]
        case .function(let function):
            return [
                "what": "function", "name": .string(function.name), "about": .string(function.about), "signature": .string(function.signature),
                "contexts": .array(function.contexts.map { .string($0.rawValue) }), "example": .string(function.example),
            ]
        case .unit(let unit):
            return [
                "what": "unit", "name": .string(unit.symbol), "dimension": .string(unit.dimension.name), "base_unit": .string(unit.dimension.baseUnit),
                "numerator": .integer(unit.numerator), "denominator": .integer(unit.denominator),
            ]
        case .section(let section):
            return ["what": "section", "name": .string(Subject.name(section)), "about": .string(section.about), "keys": .array(section.keys.map(Subject.key))]
        case .plugin(let page): return page.json
        }
    }

    private static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    static func setting(_ setting: SettingManifest) -> JSONValue {
        [
            "name": .string(setting.name), "type": .string(setting.type.name), "required": .bool(setting.required), "default": text(setting.defaultText),
            "min": text(setting.min),
            "max": text(setting.max), "follows": .bool(setting.follows), "about": .string(setting.about),
        ]
    }

    static func signal(_ signal: SignalManifest) -> JSONValue {
        [
            "name": .string(signal.name), "dimension": .string(signal.isFlag ? "flag" : signal.dimension.name), "unit": .string(signal.unit),
            "members": signal.members.map { .array($0.map { .string($0) }) } ?? .null, "settable": .bool(signal.settable), "about": .string(signal.about),
        ]
    }

    private static func frame(_ frame: FrameManifest) -> JSONValue {
        [
            "name": .string(frame.name), "id": .integer(Int64(frame.id)), "use": .string(frame.use.rawValue), "every": text(frame.every),
            "phase": text(frame.phase),
            "data": .object(frame.fields.map { JSONValue.Member($0.name, .string($0.layout)) }), "about": .string(frame.about),
        ]
    }

    private static func key(_ key: KeyManifest) -> JSONValue {
        ["name": .string(key.name), "type": .string(key.type), "required": .bool(key.required), "default": text(key.defaultText), "about": .string(key.about)]
    }
}
