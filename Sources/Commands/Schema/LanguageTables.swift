import Engine
import Quantities
import ScenarioLanguage

/// The tables of the reference page that restate the schema.
///
/// A table stands between the lines `<!-- table: NAME -->` and `<!-- end -->`; all else on the page is written by hand.
enum LanguageTables {
    /// Why a page cannot be filled.
    struct Problem: Error, Equatable {
        let line: Int
        let message: String
    }

    private static let start = "<!-- table: "
    private static let end = "<!-- end -->"

    /// The page with its tables written anew.
    static func filled(_ page: String) -> Result<String, Problem> {
        var lines: [String] = []
        var open: (line: Int, name: String)?
        for (index, line) in page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).enumerated() {
            if line.hasPrefix(start), line.hasSuffix(" -->") {
                if let open { return .failure(Problem(line: open.line, message: "the table '\(open.name)' has no '\(end)'")) }
                let name = String(line.dropFirst(start.count).dropLast(4))
                guard let table = table(name) else { return .failure(Problem(line: index + 1, message: "there is no table '\(name)'")) }
                open = (index + 1, name)
                lines.append(line)
                lines += table
            } else if line == end {
                guard open != nil else { return .failure(Problem(line: index + 1, message: "'\(end)' ends no table")) }
                open = nil
                lines.append(line)
            } else if open == nil {
                lines.append(line)
            }
        }
        if let open { return .failure(Problem(line: open.line, message: "the table '\(open.name)' has no '\(end)'")) }
        return .success(lines.joined(separator: "\n"))
    }

    /// Every table that there is, in no order of meaning.
    static var names: [String] {
        ["units", "steps", "kinds", "frames", "detectors", "messages", "functions", "kinds in detail", "detectors in detail"]
            + (ScenarioSchema.all + PluginSchema.all).map { "section \(Subject.name($0))" }
    }

    /// The lines of a table.
    static func table(_ name: String) -> [String]? {
        let registry = BuiltIns.registry
        switch name {
        case "units": return units()
        case "steps": return steps()
        case "kinds": return kinds(registry)
        case "frames": return frames(registry)
        case "detectors": return detectors(registry)
        case "messages": return messages(registry)
        case "functions": return functions()
        case "kinds in detail": return kindsInDetail(registry)
        case "detectors in detail": return detectorsInDetail(registry)
        default:
            guard name.hasPrefix("section ") else { return nil }
            return (ScenarioSchema.all + PluginSchema.all).first { Subject.name($0) == name.dropFirst(8) }.map(section)
        }
    }

    // MARK: Tables

    private static func section(_ section: Section) -> [String] {
        rows(["Key", "Takes", "Meaning"], section.keys.map { [head($0.name, required: $0.required, $0.defaultText), words($0.takes), prose($0.about)] })
    }

    private static func units() -> [String] {
        var groups: [(name: String, units: [String])] = []
        let dimensions = Unit.all.map(\.dimension)
        let inOrder = Unit.all.enumerated().sorted { a, b in
            // From small to great within a dimension; dimensions as the table of units has them.
            let (first, second) = (dimensions.firstIndex(of: a.element.dimension) ?? 0, dimensions.firstIndex(of: b.element.dimension) ?? 0)
            return (first, a.element.toBase(1), a.offset) < (second, b.element.toBase(1), b.offset)
        }
        for unit in inOrder.map(\.element) {
            let name = group(unit)
            if let index = groups.firstIndex(where: { $0.name == name }) {
                groups[index].units.append(unit.symbol)
            } else {
                groups.append((name, [unit.symbol]))
            }
        }
        return rows(["Dimension", "Units"], groups.map { [$0.name, "`\($0.units.joined(separator: " "))`"] })
    }

    private static func group(_ unit: Unit) -> String {
        let dimension = unit.dimension
        if dimension == .none { return "share" }
        if dimension == .frequency { return "frequency, rates of events" }
        if dimension.name != dimension.baseUnit { return dimension.name }
        if unit.symbol.contains("^") { return "squares, for variances" }
        if unit.symbol.contains("/") { return "slopes" }
        return dimension.bit != 0 ? "data" : "charge"
    }

    private static func steps() -> [String] {
        rows(
            ["Verb", "Takes", "Also", "Meaning", "Is over"],
            StepManifest.all.map { step in
                let keys = step.keys.map { head($0.name, required: $0.required, $0.defaultText == "{}" || $0.defaultText == "[]" ? nil : $0.defaultText) }
                return [code(step.verb), words(step.takes), keys.joined(separator: ", "), prose(step.about), step.end]
            })
    }

    private static func kinds(_ registry: Registry) -> [String] {
        rows(
            ["Kind", "What it is", "Signals"],
            registry.kinds.map { kind in
                [
                    "[`\(kind.name)`](#\(kind.name))", prose(kind.about),
                    kind.signals.map { code($0.name) + ($0.settable ? " (settable)" : "") }.joined(separator: ", "),
                ]
            })
    }

    private static func frames(_ registry: Registry) -> [String] {
        var frames: [(frame: FrameManifest, users: [String])] = []
        for kind in registry.kinds {
            for frame in kind.frames {
                let user = "`\(kind.name)` \(frame.use.rawValue) it" + (frame.use == .sends ? period(frame) : "")
                if let index = frames.firstIndex(where: { $0.frame.name == frame.name && $0.frame.id == frame.id }) {
                    frames[index].users.append(user)
                } else {
                    frames.append((frame, [user]))
                }
            }
        }
        return rows(
            ["Frame", "Identifier", "Brought by", "Data"],
            frames.map { frame, users in
                let data = frame.fields.map { "`\($0.name)`: \($0.layout)" }.joined(separator: ", ")
                return [code(frame.name), "0x\(String(frame.id, radix: 16, uppercase: true))", users.joined(separator: ", "), data.isEmpty ? "none" : data]
            })
    }

    private static func period(_ frame: FrameManifest) -> String {
        frame.every.map { " every \($0)\(frame.phase.map { " from \($0)" } ?? "")" } ?? ""
    }

    private static func detectors(_ registry: Registry) -> [String] {
        rows(
            ["Kind", "Fires when", "Settings"],
            registry.detectors.map { kind in
                [
                    "[`\(kind.name)`](#\(kind.name))", prose(kind.about),
                    kind.settings.map { head($0.name, required: $0.required, $0.defaultText) }.joined(separator: ", "),
                ]
            })
    }

    private static func messages(_ registry: Registry) -> [String] {
        rows(
            ["Message", "Sent by", "Fields of `with`", "Meaning"],
            registry.messages.map { message in
                let short = message.shorthands.map { "\(code($0.name)) (of evsim)" }
                let fields = short + message.fields.map { head($0.name, required: $0.isNeeded && short.isEmpty, nil) }
                return [code(message.name), message.sender.rawValue, fields.joined(separator: ", "), prose(message.about)]
            })
    }

    private static func functions() -> [String] {
        rows(
            ["Function", "Gives", "When"],
            FormulaFunction.table.map { function in
                let when = function.contexts.map { context in
                    switch context {
                    case .setting: "before"
                    case .live: "during"
                    case .score: "after"
                    }
                }
                return [code(function.signature), prose(function.about), when.count == 3 ? "always" : when.joined(separator: ", ")]
            })
    }

    private static func kindsInDetail(_ registry: Registry) -> [String] {
        registry.kinds.flatMap { kind -> [String] in
            var lines = ["", "### \(kind.name)", "", prose(kind.about), ""]
            if !kind.settings.isEmpty { lines += settings(kind.settings) }
            if !kind.signals.isEmpty {
                if !kind.settings.isEmpty { lines.append("") }
                lines += rows(
                    ["Signal", "Unit", "Meaning"], kind.signals.map { [code($0.name), unit($0), prose($0.about) + ($0.settable ? " Can be set." : "")] })
            }
            if !kind.actions.isEmpty {
                lines.append("")
                lines += rows(
                    ["Action", "`with`", "Meaning"],
                    kind.actions.map { action in
                        let with = action.settings.map { code($0.name) + ($0.required ? " \\*" : $0.defaultText.map { " = \($0)" } ?? "") }
                        return [code(action.name), with.joined(separator: ", "), prose(action.about)]
                    })
            }
            return lines
        } + [""]
    }

    private static func detectorsInDetail(_ registry: Registry) -> [String] {
        registry.detectors.flatMap { kind in
            ["", "### \(kind.name)", "", "\(prose(kind.about)) For example", "`\(kind.example)`.", ""] + settings(kind.settings)
        } + [""]
    }

    private static func settings(_ settings: [SettingManifest]) -> [String] {
        rows(
            ["Setting", "Takes", "Meaning"],
            settings.map { setting in
                var type = prose(setting.type.name.split(separator: " | ").joined(separator: ", "))
                if case .texts(let allowed) = setting.type {
                    type = allowed.isEmpty ? "list of texts" : allowed.count > 8 ? "list of words" : "list of \(allowed.map(code).joined(separator: ", "))"
                }
                switch (setting.min, setting.max) {
                case (let least?, let greatest?): type += ", \(least)…\(greatest)"
                case (let least?, nil): type += ", at least \(least)"
                case (nil, let greatest?): type += ", at most \(greatest)"
                case (nil, nil): break
                }
                return [head(setting.name, required: setting.required, setting.defaultText), type, prose(setting.about)]
            })
    }
}
