import Foundation
import JSONText
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// The attacks on OCPP as scenarios, and the page that lists them.
@Suite("attack scenarios")
struct AttackScenarioTests {
    static let root = testFolder.deletingLastPathComponent().deletingLastPathComponent()
    static let folder = root.appendingPathComponent("scenarios/attacks")
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasPrefix("ocpp-") && $0.hasSuffix(".yaml") }.sorted()

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appendingPathComponent(name))) }

    /// The row of a scenario: its file, the source in its first line, and what it is about.
    static func row(_ name: String) throws -> String {
        let bytes = try bytes(name)
        let line = try #require(String(decoding: bytes, as: UTF8.self).split(separator: "\n").first)
        #expect(line.hasPrefix("# Source: "), "\(name)")
        let (scenario, _) = ScenarioReader(registry: BuiltIns.registry, plugins: repositoryPlugins).read(SourceFile(path: name, bytes: bytes))
        let about = try #require(scenario).about
        return "| [\(name)](../scenarios/attacks/\(name)) | \(line.dropFirst(10)) | \(about) |"
    }

    @Test("each attack passes without a word, and is ground truth", arguments: names)
    func passes(_ name: String) throws {
        let (scenario, found) = ScenarioReader(registry: BuiltIns.registry, plugins: repositoryPlugins).read(
            SourceFile(path: name, bytes: try Self.bytes(name)))
        #expect(found.map(\.message) == [])
        let outcome = Runner.run(try #require(scenario))
        #expect(outcome.diagnostics.map(\.message) == [])
        #expect(outcome.verdict == .pass, "\(outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence))")
        #expect(outcome.report["labels"]?.array?.isEmpty == false, "an attack without a label")
    }

    /// `EVSIM_UPDATE_GOLDEN=1` writes the table anew.
    @Test("the page lists every attack")
    func page() throws {
        #expect(Self.names.count >= 16)
        let place = Self.root.appendingPathComponent("docs/attacks-ocpp.md")
        let text = try String(contentsOf: place, encoding: .utf8)
        let begin = try #require(text.range(of: "<!-- attacks -->\n"))
        let end = try #require(text.range(of: "<!-- end of attacks -->"))
        let table = "| Scenario | Source | What happens |\n|---|---|---|\n" + (try Self.names.map(Self.row).joined(separator: "\n")) + "\n"
        let filled = text.replacingCharacters(in: begin.upperBound..<end.lowerBound, with: table)
        if ProcessInfo.processInfo.environment["EVSIM_UPDATE_GOLDEN"] == "1" { try Data(filled.utf8).write(to: place) }
        #expect(try String(contentsOf: place, encoding: .utf8) == filled, "EVSIM_UPDATE_GOLDEN=1 writes the table anew")
    }
}
