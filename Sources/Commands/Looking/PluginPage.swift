import JSONText
import Quantities
import ScenarioLanguage

/// The page of a plugin, or of one thing that it defines: for a terminal, as Markdown, and for programs.
struct PluginPage {
    let address: String
    let plugin: PluginDescription
    /// Only the entry of this name; `nil` for all.
    var only: String?

    private var entries: [PluginDescription.Entry] { plugin.entries.filter { only == nil || $0.name == only } }

    // MARK: For a terminal

    func text(_ console: Console) -> String {
        let width = max(60, min(console.output.columns, 110))
        func strong(_ text: String) -> String { console.paint(text, .bold, on: console.output) }
        var text = ""
        if only == nil {
            text = "\(strong(plugin.name)) – plugin\n\n" + TextLayout.wrap(plugin.about, width: width).joined(separator: "\n") + "\n"
            text += "\nUse it with\n  uses: [\(address)]\n"
        }
        for entry in entries {
            text += (text.isEmpty ? "" : "\n") + "\(strong(entry.name)) – \(entry.sort)\(only == nil ? "" : " of the plugin \(plugin.name)")\n"
            if only != nil { text += "\nUse it with\n  uses: [\(address)]\n" }
            if !entry.about.isEmpty { text += "\n" + TextLayout.wrap(entry.about, width: width).joined(separator: "\n") + "\n" }
            for (title, rows) in tables(entry) {
                text += "\n" + strong(title) + "\n" + TextLayout.definitions(rows, width: width)
            }
            text += "\n" + strong("Written") + "\n" + PluginPage.example(entry).split(separator: "\n").map { "  \($0)\n" }.joined()
        }
        return text
    }

    // MARK: Markdown

    /// The page of the whole plugin for the documentation.
    var markdown: String {
        var text = "# \(plugin.name)\n\n\(plugin.about)\n\n```yaml\nuses: [\(address)]\n```\n"
        for entry in entries {
            text +=
                "\n## \(entry.name)\n\n\(entry.sort == "attack" ? "An" : "A") \(entry.sort)\(entry.base.map { " made of `\($0)`" } ?? "")\(entry.label.map { ", labels `\($0)`" } ?? "")."
            text += entry.about.isEmpty ? "\n" : " \(entry.about)\n"
            text += "\n```yaml\n\(PluginPage.example(entry))\n```\n"
            for (title, rows) in tables(entry) {
                text += "\n| \(title) | Meaning |\n|---|---|\n"
                for (name, about) in rows { text += "| `\(name)` | \(about.replacingBars.trimmedEnd) |\n" }
            }
        }
        return text + "\nThis page is generated: `evsim describe \(address) --markdown`.\n"
    }

    /// What an entry has, as tables of names and explanations.
    private func tables(_ entry: PluginDescription.Entry) -> [(String, [(String, String)])] {
        var tables: [(String, [(String, String)])] = []
        func add(_ title: String, _ rows: [(String, String)]) { if !rows.isEmpty { tables.append((title, rows)) } }
        add("Settings", entry.settings.map { Subject.row($0, follows: entry.section == "kinds") })
        add("Arguments", entry.needs.map { ($0, "A number, true or false, or nodes.") })
        add("Parts", entry.parts.map { ($0.name, $0.kind) })
        let settings = entry.settings.filter { entry.section == "kinds" && $0.type.isValue }.map { ($0.name, "The setting of that name; can be set.") }
        add("Signals", entry.signals.map(Subject.signalRow) + settings)
        add("States", entry.states.enumerated().map { ($0.element, $0.offset == 0 ? "the first" : "") })
        add("Frames", entry.frames.map { ($0.name, $0.id) })
        return tables
    }

    /// One use of an entry, with the settings that must be given.
    static func example(_ entry: PluginDescription.Entry) -> String {
        let settings = entry.settings.filter(\.required).map { "\($0.name): \(value($0))" } + entry.needs.map { "\($0): …" }
        let list = settings.map { ", \($0)" }.joined()
        let with = settings.isEmpty ? "" : ", with: {\(settings.joined(separator: ", "))}"
        switch entry.section {
        case "kinds": return "nodes:\n  mine: {is: \(entry.name)\(list)}"
        case "detectors": return "detectors:\n  mine: {is: \(entry.name)\(list)}"
        case "attacks": return "steps:\n  - {attack: \(entry.name), against: cp1, for: 10min\(with)}"
        case "sequences": return "steps:\n  - {call: \(entry.name)\(with)}"
        case "messages": return "steps:\n  - {send: \(entry.name), to: cp1\(with)}"
        default: return "buses:\n  can0:\n    sets: [\(settings.isEmpty ? entry.name : "{is: \(entry.name)\(list)}")]"
        }
    }

    private static func value(_ setting: SettingManifest) -> String {
        switch setting.type {
        case .node(let roles), .nodes(let roles): roles.first == .centralSystem || setting.name == "csms" ? "csms" : "cp1"
        case .signal: "cp1.current"
        case .bus: "can0"
        case .oneOf(let words): words.first ?? "…"
        default: setting.min ?? "…"
        }
    }

    // MARK: For programs

    var json: JSONValue {
        func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
        let items: [JSONValue] = entries.map { entry in
            [
                "what": .string(entry.sort), "name": .string(entry.name), "about": .string(entry.about),
                "settings": .array(entry.settings.map(Subject.setting)),
                "needs": .array(entry.needs.map { .string($0) }), "signals": .array(entry.signals.map(Subject.signal)),
                "parts": .array(entry.parts.map { ["name": .string($0.name), "kind": .string($0.kind)] }), "states": .array(entry.states.map { .string($0) }),
                "frames": .array(entry.frames.map { ["name": .string($0.name), "id": .string($0.id)] }), "made_of": text(entry.base),
                "label": text(entry.label),
            ]
        }
        return [
            "what": "plugin", "name": .string(plugin.name), "uses": .string(address), "about": .string(plugin.about),
            "needs": .array(plugin.uses.map { .string($0) }), "entries": .array(items),
        ]
    }
}

extension SettingType {
    /// Whether a setting of a kind is a signal of the node too.
    fileprivate var isValue: Bool {
        switch self {
        case .quantity, .number, .percent, .duration, .flag: true
        default: false
        }
    }
}

extension String {
    /// Without blanks at the end.
    fileprivate var trimmedEnd: String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// With bars that do not end a cell of a table.
    fileprivate var replacingBars: String { split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
}
