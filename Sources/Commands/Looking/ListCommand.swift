import Engine
import JSONText
import Quantities
import ScenarioLanguage
import YAMLTree

/// What `evsim list` can list.
enum ListArea: String, CaseIterable {
    case scenarios, plugins, kinds, detectors, attacks, messages, sequences, frames, functions, units, sections, codes

    /// One line.
    var about: String {
        switch self {
        case .scenarios: "scenario files below a directory"
        case .kinds: "node kinds: what 'is:' takes in 'nodes'"
        case .detectors: "detector kinds: what 'is:' takes in 'detectors'"
        case .plugins: "plugins that come with evsim: what 'uses:' takes"
        case .attacks: "attacks: what 'attack:' takes"
        case .messages: "messages: what 'send:' takes"
        case .sequences: "sequences of plugins: what 'call:' takes"
        case .frames: "sets of CAN frames of plugins: what 'sets:' of a bus takes"
        case .functions: "functions of formulas"
        case .units: "units of numbers"
        case .sections: "sections of scenario and plugin files with their keys"
        case .codes: "codes of errors and warnings"
        }
    }
}

/// `evsim list`.
enum ListCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        let area = arguments[0].flatMap { ListArea(rawValue: $0) }
        if let directory = arguments[1], area != .scenarios {
            console.note(
                "error: only 'evsim list scenarios' takes a directory; \(ArgumentMatcher.quoted(directory)) is too much (argument \(arguments.positionals[1].position))"
            )
            return .usage
        }
        guard let area else {
            write("areas", ListArea.allCases.map { [("name", $0.rawValue), ("about", $0.about)] }, arguments, console)
            return .fine
        }
        if area == .scenarios { return listScenarios(arguments, console) }
        write(area.rawValue, rows(area), arguments, console)
        return .fine
    }

    /// One row a thing: its columns with their names in JSON, the explanation last.
    private static func rows(_ area: ListArea) -> [[(String, String)]] {
        switch area {
        case .scenarios: []
        case .plugins: PluginShelf.items.map { [("name", $0.address), ("about", $0.plugin.about)] }
        case .kinds: BuiltIns.registry.kinds.map { [("name", $0.name), ("about", $0.about)] } + PluginShelf.rows("kinds")
        case .detectors: BuiltIns.registry.detectors.map { [("name", $0.name), ("about", $0.about)] } + PluginShelf.rows("detectors")
        case .attacks:
            BuiltInAttacks.all.map {
                [("name", $0.name), ("kind", $0.kind), ("severity", $0.severity.word), ("links", $0.links.text), ("about", $0.about)]
            }
                + PluginShelf.entries("attacks").map {
                    [
                        ("name", $0.entry.name), ("kind", $0.entry.label ?? $0.entry.name), ("severity", $0.entry.severity ?? "medium"), ("links", "plugin"),
                        ("about", "\($0.entry.about) (uses: [\($0.address)])"),
                    ]
                }
        case .sequences: PluginShelf.rows("sequences")
        case .frames: PluginShelf.rows("frames")
        case .messages:
            BuiltIns.registry.messages.map { [("name", $0.name), ("protocol", $0.protocolName), ("sender", $0.sender.rawValue), ("about", $0.about)] }
                + PluginShelf.entries("messages").map {
                    [("name", $0.entry.name), ("protocol", "preset"), ("sender", $0.entry.base ?? ""), ("about", "\($0.entry.about) (uses: [\($0.address)])")]
                }
        case .functions: FormulaFunction.table.map { [("name", $0.name), ("signature", $0.signature), ("about", $0.about)] }
        case .units: Unit.all.map { [("name", $0.symbol), ("dimension", $0.dimension.name), ("about", Subject.factor($0))] }
        case .sections: (ScenarioSchema.all + PluginSchema.all).map { [("name", Subject.name($0)), ("about", $0.about)] }
        case .codes: CodeBook.entries.map { [("name", $0.code), ("about", $0.title)] }
        }
    }

    private static func write(_ name: String, _ rows: [[(String, String)]], _ arguments: Arguments, _ console: Console) {
        if arguments.has(.json) {
            let items = rows.map { row in JSONValue.object(row.map { JSONValue.Member($0.0, .string($0.1)) }) }
            console.print(JSONValue.object([JSONValue.Member(name, .array(items))]).text(.pretty))
            return
        }
        let width = max(60, min(console.output.columns, 120))
        if rows.allSatisfy({ $0.count == 2 }) {
            console.output.write(
                TextLayout.definitions(rows.map { (DisplayText.visible($0[0].1), DisplayText.visible($0[1].1)) }, indent: 0, most: 40, width: width))
        } else {
            console.output.write(TextLayout.table(rows.map { row in row.map { DisplayText.visible($0.1) } }, indent: 0))
        }
    }

    private static func listScenarios(_ arguments: Arguments, _ console: Console) -> ExitCode {
        let directory = arguments[1] ?? "scenarios"
        guard let found = ScenarioFinder.scenarios(below: directory) else {
            console.note("error: cannot read the directory \(ArgumentMatcher.quoted(directory)); name one: evsim list scenarios DIR")
            return .runtime
        }
        write("scenarios", found.map { [("file", $0.path), ("name", $0.name), ("about", $0.about)] }, arguments, console)
        if found.isEmpty, !arguments.has(.json) { console.note("no scenarios below \(DisplayText.visible(directory))") }
        return .fine
    }
}
