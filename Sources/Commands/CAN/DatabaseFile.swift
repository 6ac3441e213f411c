import CANDatabase
import YAMLTree

/// A DBC file that was read, with what the reader and lint found in it.
struct DatabaseFile {
    let database: Database
    /// Findings of the reader, then those of lint, each in the order of the file.
    let findings: [Diagnostic]

    /// Reads a file; throws only when it cannot be read at all.
    static func read(_ path: String, lints: Bool = true) throws(DiagnosticError) -> DatabaseFile {
        let file = try SourceFile.read(path: path, limit: DatabaseReader.maximumSize)
        let (database, problems) = DatabaseReader.read(file.bytes)
        let all = problems + (lints ? DatabaseLint.findings(in: database) : [])
        let shown = all.isEmpty ? file : SourceFile(path: file.path, bytes: DatabaseReader.utf8(file.bytes))
        return DatabaseFile(database: database, findings: all.map { diagnostic($0, shown) })
    }

    /// Whether the reader or lint calls the file wrong.
    var hasErrors: Bool { findings.contains { $0.severity == .error } }

    static func diagnostic(_ finding: DatabaseFinding, _ file: SourceFile) -> Diagnostic {
        func span(_ place: DatabasePlace) -> Span { Span(file: file, line: place.line, column: place.column, length: place.length) }
        return Diagnostic(
            finding.code.rawValue, finding.message, at: span(finding.place), severity: finding.code.isError ? .error : .warning,
            help: finding.help.isEmpty ? nil : finding.help, related: finding.related.map { [(span($0), "the other one")] } ?? [])
    }
}
