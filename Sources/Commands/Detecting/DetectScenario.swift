import Engine
import Glibc
import Quantities
import ScenarioLanguage
import YAMLTree

/// The scenario that plays data from outside before detectors.
struct DetectScenario {
    /// Why there is none.
    struct Problem: Error {
        var text: String
        var code: ExitCode
    }

    private static let buses = 4
    private let plan: OutsidePlan
    private let registry: Registry
    private var sections: [(name: String, lines: [String])] = []
    private var detectors: [String] = []
    /// Rows that the preset `series` learns when nothing says it; `nil` for its default.
    var trainRows: Int?
    /// Where plugins of detector files are looked for.
    private var place = "."

    init(_ plan: OutsidePlan) {
        self.plan = plan
        let known = BuiltIns.registry
        registry = Registry(
            kinds: known.kinds + plan.kinds.map(\.manifest), detectors: known.detectors, messages: known.messages, checkMessage: known.checkMessage,
            checkAnswer: known.checkAnswer)
    }

    // MARK: Detectors

    /// Adds the detectors of a file, or one for all of the data by the name of its kind.
    mutating func add(_ source: String, _ console: Console) throws(Problem) {
        guard access(source, F_OK) == 0 else {
            guard let kind = registry.detectors.first(where: { $0.name == source }) else {
                let near = Suggestion.nearest(source, among: registry.detectors.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
                throw Problem(text: "--with: there is neither a file nor a kind of detector '\(source)'\(near)", code: .usage)
            }
            return try add(kind)
        }
        let file: SourceFile
        do { file = try console.read(source) } catch { throw Problem(text: "\(source): \(error.diagnostic.message)", code: .runtime) }
        let tree = YAMLTree.parse(file)
        guard let root = tree.root, !tree.diagnostics.contains(where: { $0.severity == .error }), let entries = root.entries else {
            console.show(tree.diagnostics)
            throw Problem(text: "\(source) is no file with detectors", code: .invalidFile)
        }
        place = source
        let lines = String(decoding: file.bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard entries.contains(where: { $0.name == "detectors" }) else {
            // A file that is nothing but detectors.
            detectors += lines.map { "  \($0)" }
            return
        }
        for name in ["uses", "params"] {
            if let lines = Self.section(name, entries, lines) {
                if let known = sections.firstIndex(where: { $0.name == name }) {
                    sections[known].lines += lines.dropFirst()
                } else {
                    sections.append((name, lines))
                }
            }
        }
        guard let found = Self.section("detectors", entries, lines), let head = found.first else { return }
        let rest = head.split(separator: ":", maxSplits: 1).dropFirst().first.map { $0.drop { $0 == " " } } ?? ""
        guard rest.isEmpty || rest.hasPrefix("#") else {
            throw Problem(text: "\(source): write each detector below 'detectors:' on a line of its own", code: .invalidFile)
        }
        detectors += found.dropFirst()
    }

    /// The lines of a top section, its key included.
    private static func section(_ name: String, _ entries: [YAMLNode.Entry], _ lines: [String]) -> [String]? {
        guard let place = entries.firstIndex(where: { $0.name == name }) else { return nil }
        let start = entries[place].key.span.line - 1
        let end = place + 1 < entries.count ? entries[place + 1].key.span.line - 1 : lines.count
        return Array(lines[start..<min(max(end, start + 1), lines.count)])
    }

    /// A detector of a kind that watches all of the data.
    private mutating func add(_ kind: DetectorManifest) throws(Problem) {
        let name = kind.name.replacing("-", with: "_")
        var takesFrames = false
        var takesMessages = false
        var takesSignal = false
        var takesRow = false
        for setting in kind.settings where setting.name == "watch" {
            switch setting.type {
            case .stream(let frames, let messages): (takesFrames, takesMessages) = (frames, messages)
            case .signal: takesSignal = true
            case .signals, .mixedSignals: takesRow = true
            default: break
            }
        }
        if takesFrames, hasFrames { return detectors.append("  \(name): {is: \(kind.name), watch: can0}") }
        if takesMessages, hasMessages { return detectors.append("  \(name): {is: \(kind.name), watch: ocpp}") }
        let columns = plan.files.flatMap(\.columns).map(\.signal)
        let train = kind.name == "series" || kind.name == "rows" ? trainRows.map { ", train: \($0)" } ?? "" : ""
        if takesRow, !columns.isEmpty {
            var all: [String] = []
            for column in columns where !all.contains(column) { all.append(column) }
            return detectors.append("  \(name): {is: \(kind.name), watch: [\(all.joined(separator: ", "))]\(train)}")
        }
        guard takesSignal, !columns.isEmpty else {
            let wanted =
                takesFrames && takesMessages
                ? "frames or messages" : takesFrames ? "frames of a bus" : takesMessages ? "messages" : "settings of its own; write it into a file"
            throw Problem(text: "--with \(kind.name): the kind needs \(wanted)", code: .usage)
        }
        var seen: Set<String> = []
        for column in columns where seen.insert(column).inserted {
            let short = column.hasPrefix("data.") ? String(column.dropFirst(5)) : column.replacing(".", with: "_")
            detectors.append("  \(columns.count == 1 ? name : "\(name)_\(short)"): {is: \(kind.name), watch: \(column)\(train)}")
        }
    }

    private var hasFrames: Bool {
        plan.files.contains { if case .frames = $0.content { true } else if case .log = $0.content { true } else { false } }
    }

    private var hasMessages: Bool { plan.files.contains { if case .messages = $0.content { true } else { false } } }

    // MARK: Text

    /// The scenario, checked; `learning` is given to detectors that learn and do not say how long.
    func read(
        name: String, databases: [String], expectations: [String], learning: Duration?, arguments: Arguments
    ) -> (scenario: Scenario?, findings: [Diagnostic]) {
        var lines = ["evsim: 1", "scenario: \(name)", "about: Data from outside.", "run: {for: 36500d}"]
        for section in sections { lines += section.lines }
        lines.append("nodes:")
        for (node, manifest) in plan.kinds { lines.append("  \(node): {is: \(manifest.name)}") }
        if hasFrames {
            lines.append("buses:")
            for number in 0..<Self.buses {
                let uses = number == 0 && !databases.isEmpty ? ", dbc: [\(databases.map { Diagnostic.quoted($0) }.joined(separator: ", "))]" : ""
                lines.append("  can\(number): {bitrate: 500 kbit/s\(uses)}")
            }
        }
        lines.append("detectors:")
        lines += detectors
        if !expectations.isEmpty {
            lines.append("expect:")
            for expectation in expectations {
                lines.append("  - '\((expectation.hasPrefix("=") ? expectation : "=" + expectation).replacing("'", with: "''"))'")
            }
        }
        // The data are there already.
        lines.append("record: []")
        var text = lines.joined(separator: "\n") + "\n"
        if let learning { text = taught(text, learning) }
        let reader = ScenarioReader(registry: registry, plugins: PluginLibrary.source(for: place))
        let result = reader.read(SourceFile(path: "<detect>", bytes: Array(text.utf8)), overrides: arguments.assignments(.set))
        return (result.scenario, result.diagnostics)
    }

    /// The text with `learn_for` in front of the settings of detectors that have it and do not give it.
    private func taught(_ text: String, _ learning: Duration) -> String {
        let root = YAMLTree.parse(SourceFile(path: "<detect>", bytes: Array(text.utf8))).root
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        for entry in (root?["detectors"]?.entries ?? []).reversed() {
            guard let first = entry.value.entries?.first, let kind = registry.detectors.first(where: { $0.name == entry.value["is"]?.text }),
                kind.settings.contains(where: { $0.name == "learn_for" }), entry.value["learn_for"] == nil
            else { continue }
            let (line, column) = (first.key.span.line - 1, first.key.span.column - 1)
            guard lines.indices.contains(line), column <= lines[line].count else { continue }
            let isFlow = lines[line][..<column].contains("{")
            let setting = "learn_for: \(learning.secondsText)s"
            let added = isFlow ? "\(setting), " : "\(setting)\n\(String(repeating: " ", count: column))"
            lines[line].insert(contentsOf: Array(added.unicodeScalars), at: column)
        }
        var result = ""
        for (number, line) in lines.enumerated() {
            if number > 0 { result += "\n" }
            for scalar in line { result.unicodeScalars.append(scalar) }
        }
        return result
    }
}
