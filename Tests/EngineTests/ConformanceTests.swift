import Foundation
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// The scenarios with the OCA's test cases for OCPP 1.6, and the page that lists them.
@Suite("conformance")
struct ConformanceTests {
    static let root = testFolder.deletingLastPathComponent().deletingLastPathComponent()
    static let folder = root.appendingPathComponent("scenarios/conformance")
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".yaml") }.sorted()

    /// One scenario as its first line describes it: `# TC_003_CS, TC_003_CSMS: charging session, cable first`.
    struct Case {
        let file: String
        let ids: [String]
        let title: String
        var roles: String {
            let isPoint = ids.contains { $0.hasSuffix("_CS") }
            let isCentral = ids.contains { $0.hasSuffix("_CSMS") }
            return isPoint && isCentral ? "both" : isPoint ? "charge point" : "central system"
        }
        var row: String { "| \(ids.joined(separator: ", ")) | \(title) | \(roles) | [\(file)](../scenarios/conformance/\(file)) |" }

        init(_ file: String) throws {
            let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first)
            let parts = line.dropFirst(2).split(separator: ":", maxSplits: 1)
            self.file = file
            ids = parts[0].components(separatedBy: ", ")
            title = String(try #require(parts.last)).trimmingCharacters(in: .whitespaces)
        }
    }

    @Test("each scenario passes without a word", arguments: names)
    func passes(_ name: String) throws {
        let bytes = Array(try Data(contentsOf: Self.folder.appendingPathComponent(name)))
        let (scenario, found) = ScenarioReader(registry: BuiltIns.registry, plugins: repositoryPlugins).read(SourceFile(path: name, bytes: bytes))
        #expect(found.map(\.message) == [])
        let outcome = Runner.run(try #require(scenario))
        #expect(outcome.diagnostics.map(\.message) == [])
        #expect(outcome.verdict == .pass, "\(outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence))")
        #expect(outcome.expectations.contains { $0.that.hasPrefix("exchange") }, "messages in their order are asserted")
    }

    @Test("each file is named after its case, and no case is told twice")
    func headers() throws {
        let cases = try Self.names.map(Case.init)
        #expect(cases.count >= 48)
        for one in cases {
            for id in one.ids { #expect(id.range(of: "^TC_[0-9]{3}(_[0-9])?_(CS|CSMS)$", options: .regularExpression) != nil, "\(one.file): \(id)") }
            #expect(one.ids.contains { one.file.dropFirst(3).hasPrefix($0.dropFirst(3).prefix(3)) }, "\(one.file)")
        }
        let central = Set(cases.flatMap(\.ids).filter { $0.hasSuffix("_CSMS") })
        #expect(central.count >= 48, "cases of the central system")
    }

    /// `EVSIM_UPDATE_GOLDEN=1` writes the table anew.
    @Test("the page lists every scenario")
    func page() throws {
        let place = Self.root.appendingPathComponent("docs/conformance.md")
        let text = try String(contentsOf: place, encoding: .utf8)
        let begin = try #require(text.range(of: "<!-- cases -->\n"))
        let end = try #require(text.range(of: "<!-- end of cases -->"))
        let table = "| Test case | Title | Role | Scenario |\n|---|---|---|---|\n" + (try Self.names.map { try Case($0).row }.joined(separator: "\n")) + "\n"
        let filled = text.replacingCharacters(in: begin.upperBound..<end.lowerBound, with: table)
        if ProcessInfo.processInfo.environment["EVSIM_UPDATE_GOLDEN"] == "1" { try Data(filled.utf8).write(to: place) }
        #expect(try String(contentsOf: place, encoding: .utf8) == filled, "EVSIM_UPDATE_GOLDEN=1 writes the table anew")
    }
}
