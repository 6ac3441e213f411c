import Foundation
import Testing
import YAMLTree

@testable import Engine
@testable import ScenarioLanguage

/// The plugins of wrong files: `uses: [plugins/NAME.yaml]`.
struct WrongPlugins: PluginSource {
    func plugin(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> SourceFile {
        let place = file.path.hasPrefix("plugins/") ? "plugins/\(address)" : address
        guard let data = try? Data(contentsOf: WrongFileTests.folder.appendingPathComponent(place)) else {
            throw PluginRefusal("there is no plugin '\(address)'")
        }
        return SourceFile(path: place, bytes: Array(data))
    }
    func path(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> String {
        try PluginFolders(root: WrongFileTests.folder.path, library: nil).path(
            address, usedBy: SourceFile(path: WrongFileTests.folder.appendingPathComponent(file.path).path, bytes: []))
    }
    func file(_ address: String, usedBy file: SourceFile, limit: Int) throws(PluginRefusal) -> SourceFile {
        guard let data = try? Data(contentsOf: WrongFileTests.folder.appendingPathComponent(address)) else {
            throw PluginRefusal("there is no file '\(address)'")
        }
        return SourceFile(path: address, bytes: Array(data))
    }
    var shipped: [String] { [] }
}

/// Each file of the folder `Wrong` holds one mistake; beside it stands all that evsim says about it.
///
/// `EVSIM_UPDATE_GOLDEN=1` writes the texts anew. Comments at the beginning of a file give options: `# --set a=b`, `# --max-events N`, `# -o DIR`.
@Suite("wrong files")
struct WrongFileTests {
    static let folder = testFolder.appendingPathComponent("Wrong")
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".yaml") }.map {
        String($0.dropLast(5))
    }.sorted()

    /// Codes that no file can show, and why.
    static let without = [
        "E0708": "16 777 216 events must wait at one time, which takes gigabytes",
        "E0709": "only a live run has a real network", "W0727": "only a live run has a real network", "W0771": "only a live run has a real network",
    ]

    /// What reading a file says, and running it when nothing is wrong.
    static func diagnostics(of name: String) throws -> [Diagnostic] {
        let bytes = Array(try Data(contentsOf: folder.appendingPathComponent("\(name).yaml")))
        var overrides: [(name: String, text: String)] = []
        var options = RunOptions()
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(while: { $0.hasPrefix("# -") }) {
            let words = line.dropFirst(2).split(separator: " ", maxSplits: 1).map(String.init)
            switch words[0] {
            case "--set":
                let parts = words[1].split(separator: "=", maxSplits: 1).map(String.init)
                overrides.append((parts[0], parts[1]))
            case "--max-events": options.maximumEvents = try #require(UInt64(words[1]))
            default: options.directory = words[1]
            }
        }
        let (scenario, found) = ScenarioReader(registry: BuiltIns.registry, plugins: WrongPlugins()).read(
            SourceFile(path: "\(name).yaml", bytes: bytes), overrides: overrides)
        guard let scenario, name.dropFirst().hasPrefix("07") else { return found }
        return found + Runner.run(scenario, options: options).diagnostics
    }

    @Test("each wrong file has the text beside it", arguments: names)
    func golden(_ name: String) throws {
        let diagnostics = try Self.diagnostics(of: name)
        let text = DiagnosticRenderer(color: false, explainHint: true).render(diagnostics)
        let place = Self.folder.appendingPathComponent("\(name).txt")
        if ProcessInfo.processInfo.environment["EVSIM_UPDATE_GOLDEN"] == "1" { try Data(text.utf8).write(to: place) }
        let golden = try String(contentsOf: place, encoding: .utf8)
        #expect(text == golden)
        #expect(diagnostics.map(\.code) == [String(name.prefix(5))], "one mistake, one finding")
    }

    @Test("every code of the language, of formulas and of runs has a wrong file")
    func everyCode() {
        let shown = Set(Self.names.map { String($0.prefix(5)) })
        let codes = Code.allCases.map(\.rawValue) + FormulaErrorKind.allCases.map(\.rawValue) + RunCode.allCases.map(\.rawValue)
        let missing = codes.filter { !shown.contains($0) && Self.without[$0] == nil }
        #expect(missing.isEmpty)
        #expect(Self.names.count >= 60)
    }

    @Test("every code has a page, and every page a code")
    func everyPage() {
        #expect(LanguageCatalogue.entries.map(\.code) == Code.allCases.map(\.rawValue))
        #expect(Set(RunCode.catalogue.map(\.code)) == Set(RunCode.allCases.map(\.rawValue)))
        #expect(FormulaErrorCatalogue.all.map(\.code) == FormulaErrorKind.allCases.map(\.rawValue))
    }
}
