import Foundation
import Testing

@testable import YAMLTree

/// Golden files: `Golden/NAME.yaml` is parsed, `Golden/NAME.txt` is all that is said about it.
enum Golden {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
    static let updates = ProcessInfo.processInfo.environment["EVSIM_UPDATE_GOLDEN"] == "1"

    /// The names of all inputs, sorted.
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    static func input(_ name: String) throws -> SourceFile {
        let data = try Data(contentsOf: folder.appendingPathComponent("\(name).yaml"))
        return SourceFile(path: "\(name).yaml", bytes: Array(data))
    }

    /// Compares with `Golden/file`, or writes it when EVSIM_UPDATE_GOLDEN=1.
    static func expect(_ text: String, equals file: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let url = folder.appendingPathComponent(file)
        if updates { try Data(text.utf8).write(to: url) }
        let golden = String(decoding: try Data(contentsOf: url), as: UTF8.self)
        #expect(text == golden, "\(file): got\n\(text)", sourceLocation: sourceLocation)
    }
}

@Suite("What is said about a file, word for word")
struct GoldenTests {
    @Test("Each refused file gets exactly its golden message", arguments: Golden.names)
    func message(_ name: String) throws {
        let (_, diagnostics) = YAMLTree.parse(try Golden.input(name))
        let text = DiagnosticRenderer(color: false, explainHint: true).render(diagnostics)
        try Golden.expect(text, equals: "\(name).txt")
    }

    @Test("Each code that the parser can give is in a golden file")
    func coverage() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Golden.folder.path).filter { $0.hasSuffix(".txt") }.sorted()
        let text = try files.map { try String(contentsOf: Golden.folder.appendingPathComponent($0), encoding: .utf8) }.joined()
        for entry in DiagnosticCatalogue.entries where entry.code.hasPrefix("E01") {
            #expect(text.contains("[\(entry.code)]"), "\(entry.code) is in no golden file")
        }
    }

    @Test("Each code in the sources of this module is in the catalogue, and the other way round")
    func catalogue() throws {
        let sources = Golden.folder.appendingPathComponent("../../../Sources/YAMLTree").standardizedFileURL
        let files = try FileManager.default.contentsOfDirectory(atPath: sources.path).filter { $0.hasSuffix(".swift") }.sorted()
        var used: Set<String> = []
        for file in files where !file.hasPrefix("DiagnosticCatalogue") {
            let text = try String(contentsOf: sources.appendingPathComponent(file), encoding: .utf8)
            for match in text.matches(of: /"(E01[0-9]{2})"/) { used.insert(String(match.1)) }
        }
        let known = DiagnosticCatalogue.entries.map(\.code).filter { $0.hasPrefix("E01") }
        #expect(used.sorted() == known)
    }

    @Test("Colour marks severity, gutter and carets, and nothing else changes")
    func colour() throws {
        let (_, diagnostics) = YAMLTree.parse(try Golden.input("duplicate-key"))
        let text = DiagnosticRenderer(color: true, explainHint: true).render(diagnostics)
        try Golden.expect(text, equals: "duplicate-key.colour.txt")
        let plain = text.replacing(/\u{1B}\[[0-9;]*m/, with: "")
        #expect(plain == DiagnosticRenderer(color: false, explainHint: true).render(diagnostics))
    }

    @Test("JSON has zero-based ranges in UTF-16 units", arguments: ["duplicate-key", "wide-characters", "control-character"])
    func json(_ name: String) throws {
        let (_, diagnostics) = YAMLTree.parse(try Golden.input(name))
        let text = DiagnosticRenderer.json(diagnostics)
        try Golden.expect(text, equals: "\(name).json.txt")
        #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
    }

    @Test("A plain run of findings, some without a place, is shown up to the limit and then counted")
    func limit() throws {
        let file = SourceFile(path: "many.yaml", bytes: Array("a: 1\nb: 2\n".utf8))
        var list: [Diagnostic] = []
        for i in 0..<25 {
            let span = Span(file: file, line: 1 + i % 2, column: 1, length: 1)
            list.append(Diagnostic(i % 5 == 4 ? "W0601" : "E0203", "finding \(i)", at: span, severity: i % 5 == 4 ? .warning : .error))
        }
        try Golden.expect(DiagnosticRenderer(color: false, explainHint: true).render(list, limit: 4), equals: "limit.txt")
    }
}
