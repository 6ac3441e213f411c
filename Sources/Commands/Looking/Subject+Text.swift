import Quantities
import ScenarioLanguage

extension Subject {
    /// The page of the subject for people.
    func text(_ console: Console) -> String {
        let width = max(60, min(console.output.columns, 110))
        let heading = { (text: String) in "\n" + console.paint(text, .bold, on: console.output) + "\n" }
        func title(_ name: String, _ what: String, _ about: String) -> String {
            "\(console.paint(name, .bold, on: console.output)) – \(what)\n\n" + TextLayout.wrap(about, width: width).joined(separator: "\n") + "\n"
        }
        switch self {
        case .kind(let kind):
            var text = title(kind.name, "node kind", kind.about)
            if !kind.roles.isEmpty { text += "\nTo other nodes it is a \(kind.roles.map(\.rawValue).joined(separator: ", a ")).\n" }
            text += heading("Settings") + Subject.settings(kind.settings, width)
            if !kind.signals.isEmpty { text += heading("Signals") + TextLayout.definitions(kind.signals.map(Subject.signalRow), width: width) }
            if !kind.frames.isEmpty { text += heading("Frames on its bus") + TextLayout.definitions(kind.frames.map(Subject.frameRow), width: width) }
            if !kind.actions.isEmpty {
                text += heading("Actions, for the verb 'do'")
                for action in kind.actions {
                    text += TextLayout.definitions([(action.name, action.about)], width: width)
                    text += TextLayout.definitions(action.settings.map { ("  " + $0.name, Subject.row($0, follows: false).1) }, width: width)
                }
            }
            return text + heading("Example") + Subject.indented(kind.example)
        case .detector(let detector):
            var text = title(detector.name, "detector kind", detector.about) + heading("Settings") + Subject.settings(detector.settings, width)
            let common = ScenarioSchema.detector.keys.filter { $0.name != "is" }
            text += heading("Settings of every detector") + TextLayout.definitions(common.map(Subject.keyRow), width: width)
            if !detector.source.isEmpty { text += heading("Source") + TextLayout.wrap(detector.source, width: width - 2).map { "  \($0)\n" }.joined() }
            return text + heading("Example") + Subject.indented(detector.example)
        case .attack(let attack):
            var text = title(attack.name, "attack on \(attack.links.text), labelled \(attack.kind)", attack.about)
            text += "\nIts severity is \(attack.severity.word) unless the step says another; four defaults are those of low, medium, high and critical.\n"
            text += heading("Settings, for the key 'with'") + TextLayout.definitions(attack.settings.map(Subject.attackRow), width: width)
            return text + heading(attack.examples.count == 1 ? "Example" : "Examples")
                + Subject.indented(attack.examples.map { "- \($0)" }.joined(separator: "\n"))
        case .message(let message):
            var text = title(
                message.name, "message of \(message.protocolName), sent by \(message.sender == .either ? "either side" : "the \(message.sender.rawValue)")",
                message.about)
            text += heading("Fields")
            text +=
                message.fields.isEmpty
                ? "  none\n" : TextLayout.definitions(message.fields.map { ($0.name, $0.type + ($0.required ? ", required" : "")) }, width: width)
            if !message.shorthands.isEmpty {
                text += heading("Shorthands of evsim")
                text += TextLayout.definitions(message.shorthands.map { ($0.name, "\($0.dimension.name). \($0.about)") }, width: width)
            }
            return text
        case .function(let function):
            let contexts = function.contexts.map { context in
                switch context {
                case .setting: "in settings"
                case .live: "during the run"
                case .score: "in expectations"
                }
            }
            return title(function.name, "function of formulas", function.about) + "\nUsed \(contexts.joined(separator: ", ")).\n" + heading("Written")
                + Subject.indented(function.signature) + heading("Example") + Subject.indented("=" + function.example)
        case .unit(let unit):
            return title(unit.symbol, "unit of \(unit.dimension.name)", Subject.factor(unit))
        case .section(let section):
            return title(
                Subject.name(section), PluginSchema.all.contains { $0.path == section.path } ? "section of a plugin file" : "section of a scenario file",
                section.about) + heading("Keys")
                + TextLayout.definitions(section.keys.map(Subject.keyRow), width: width)
        case .plugin(let page): return page.text(console)
        }
    }

    private static func settings(_ settings: [SettingManifest], _ width: Int) -> String {
        settings.isEmpty ? "  none\n" : TextLayout.definitions(settings.map { row($0, follows: true) }, width: width)
    }

    /// A setting of a node kind, which may follow signals while the run goes on.
    static func row(_ setting: SettingManifest, follows: Bool) -> (String, String) {
        let text = "\(setting.type.name)\(limits(setting))\(follows && setting.follows ? ", can follow signals" : "")."
        return (setting.name, setting.about.isEmpty ? text : "\(text) \(setting.about)")
    }

    /// A setting of an attack.
    private static func attackRow(_ setting: AttackSetting) -> (String, String) {
        let defaults = setting.defaultWords
        var text = "\(setting.type.words), \(setting.links.text)\(defaults.isEmpty ? "" : ", default \(defaults)")."
        if !setting.excludes.isEmpty { text += " Not with \(setting.excludes.joined(separator: ", "))." }
        return (setting.name, "\(text) \(setting.about)")
    }

    private static func limits(_ setting: SettingManifest) -> String {
        var text = ""
        switch (setting.min, setting.max) {
        case (let least?, let greatest?): text += ", \(least) to \(greatest)"
        case (let least?, nil): text += ", at least \(least)"
        case (nil, let greatest?): text += ", at most \(greatest)"
        case (nil, nil): break
        }
        if case .texts(let allowed) = setting.type, !allowed.isEmpty { text += " (\(allowed.joined(separator: ", ")))" }
        if setting.required { text += ", required" } else if let value = setting.defaultText { text += ", default \(value)" }
        if setting.drawnAtEachUse { text += ", a formula is drawn anew at each use" }
        return text
    }

    static func signalRow(_ signal: SignalManifest) -> (String, String) {
        var type = signal.isFlag ? "true or false" : signal.members.map { $0.joined(separator: " | ") } ?? signal.dimension.name
        if !signal.unit.isEmpty { type += ", \(signal.unit)" }
        if signal.settable { type += ", can be set" }
        return (signal.name, "\(type). \(signal.about)")
    }

    private static func frameRow(_ frame: FrameManifest) -> (String, String) {
        var facts = "0x\(String(frame.id, radix: 16, uppercase: true)), it \(frame.use.rawValue) it"
        if let every = frame.every { facts += ", every \(every)\(frame.phase.map { " from \($0) on" } ?? "")" }
        if !frame.fields.isEmpty { facts += ", data \(frame.fields.map { "\($0.name): \($0.layout)" }.joined(separator: ", "))" }
        return (frame.name, "\(facts). \(frame.about)")
    }

    private static func keyRow(_ key: KeyManifest) -> (String, String) {
        (key.name, "\(key.type)\(key.required ? ", required" : key.defaultText.map { ", default \($0)" } ?? ""). \(key.about)")
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "\n" : "  \($0)\n" }.joined()
    }
}
