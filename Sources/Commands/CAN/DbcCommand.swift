import CANDatabase
import JSONText
import ScenarioLanguage
import YAMLTree

/// `evsim dbc`.
enum DbcCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        let paths = arguments.positionals.dropFirst().map(\.text)
        guard let action = arguments[0], let first = paths.first else {
            console.note("error: 'evsim dbc' takes lint, import or export, and a file")
            return .usage
        }
        if action != "lint", paths.count > 1 {
            console.note("error: 'evsim dbc \(action)' takes one file")
            return .usage
        }
        switch action {
        case "lint": return lint(paths, arguments, console)
        case "import": return importFile(first, arguments, console)
        default: return exportScenario(first, arguments, console)
        }
    }

    // MARK: Lint

    private static func lint(_ paths: [String], _ arguments: Arguments, _ console: Console) -> ExitCode {
        guard !arguments.has(.databaseOutput) else {
            console.note("error: 'evsim dbc lint' writes no file (option '--output')")
            return .usage
        }
        var all: [Diagnostic] = []
        var lines: [[String]] = []
        var code = ExitCode.fine
        for path in paths {
            let shown = DisplayText.visible(path == "-" ? "<stdin>" : path)
            do {
                let file = try DatabaseFile.read(path)
                all += file.findings
                let errors = file.findings.count { $0.severity == .error }
                let warnings = file.findings.count - errors
                let signals = file.database.messages.reduce(0) { $0 + $1.signals.count }
                var about = "\(TextLayout.count(file.database.messages.count, "message")), \(TextLayout.count(signals, "signal"))"
                if errors > 0 { about += ", \(TextLayout.count(errors, "error"))" }
                if warnings > 0 { about += ", \(TextLayout.count(warnings, "warning"))" }
                lines.append([errors > 0 ? "WRONG" : warnings > 0 ? "doubtful" : "right", shown, about])
                if errors > 0, code != .runtime { code = .invalidFile }
            } catch {
                all.append(error.diagnostic)
                lines.append(["UNREAD", shown, ""])
                code = .runtime
            }
        }
        if arguments.has(.json) {
            console.show(all.filter { $0.span == nil })
            console.output.write(DiagnosticRenderer.json(all))
        } else {
            console.show(all)
            console.output.write(TextLayout.table(lines, indent: 0))
        }
        return code
    }

    // MARK: Import

    private static func importFile(_ path: String, _ arguments: Arguments, _ console: Console) -> ExitCode {
        let file: DatabaseFile
        do {
            file = try DatabaseFile.read(path)
        } catch {
            console.show([error.diagnostic])
            return .runtime
        }
        console.show(file.findings)
        guard !file.hasErrors else { return .invalidFile }
        let result = DatabaseImport(file.database, name: DatabaseImport.slug(path), source: baseName(path), bus: arguments.text(.busName))
        for note in result.notes { console.note("note: \(note)") }
        return deliver(Array(result.text.utf8), arguments, console) {
            [
                "file": .string($0), "frames": .integer(Int64(result.frames)), "fields": .integer(Int64(result.fields)),
                "notes": .array(result.notes.map { .string($0) }),
            ]
        }
    }

    /// Writes a result to the file of `--output`, or to standard output; with `--json` standard output gets a summary.
    private static func deliver(_ bytes: [UInt8], _ arguments: Arguments, _ console: Console, _ summary: (String) -> JSONValue) -> ExitCode {
        guard let path = arguments.text(.databaseOutput) else {
            guard !arguments.has(.json) else {
                console.note("error: with --json the result needs a file (option '--output')")
                return .usage
            }
            console.output.write(String(decoding: DatabaseReader.utf8(bytes), as: UTF8.self))
            return .fine
        }
        if let problem = FileWriting.replace(path, with: bytes) {
            console.note("error: cannot write \(DisplayText.visible(path)): \(problem)")
            return .runtime
        }
        if arguments.has(.json) { console.print(summary(path).text(.pretty)) } else { console.print(DisplayText.visible(path)) }
        return .fine
    }

    private static func baseName(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

    // MARK: Export

    private static func exportScenario(_ path: String, _ arguments: Arguments, _ console: Console) -> ExitCode {
        let (scenario, findings, failure) = ScenarioFile.read(path, arguments, console)
        console.show(findings.filter { $0.severity == .error })
        guard let scenario else { return failure }
        let names = scenario.buses.map(\.name)
        let bus: BusDeclaration
        if let wanted = arguments.text(.busName) {
            guard let found = scenario.buses.first(where: { $0.name == wanted }) else {
                let near = Suggestion.nearest(wanted, among: names).map { "; did you mean '\($0)'?" }
                console.note("error: the scenario has no bus \(ArgumentMatcher.quoted(wanted))\(near ?? "; its buses: \(names.joined(separator: ", "))")")
                return .usage
            }
            bus = found
        } else {
            guard let only = scenario.buses.first, names.count == 1 else {
                console.note(
                    names.isEmpty
                        ? "error: the scenario has no bus"
                        : "error: the scenario has \(names.count) buses: name one with --bus (\(names.joined(separator: ", ")))")
                return .usage
            }
            bus = only
        }
        let (database, notes) = DatabaseExport.database(of: bus, in: scenario)
        for note in notes { console.note("note: \(note)") }
        return deliver(DatabaseWriter.bytes(database), arguments, console) {
            [
                "file": .string($0), "bus": .string(bus.name), "messages": .integer(Int64(database.messages.count)),
                "signals": .integer(Int64(database.messages.reduce(0) { $0 + $1.signals.count })), "notes": .array(notes.map { .string($0) }),
            ]
        }
    }
}
