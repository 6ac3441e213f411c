import Foundation
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// Foundation has a type of the same name.
typealias FileFormatter = ScenarioLanguage.Formatter

/// The formatted text of a text.
func formatted(_ text: String) throws -> String {
    String(decoding: try FileFormatter.format(SourceFile(path: "test.yaml", bytes: Array(text.utf8)), registry: BuiltIns.registry), as: UTF8.self)
}

/// Files that nobody wrote, in styles that nobody uses.
@Suite("formatting random files")
struct FormatterGeneratedTests {
    /// How many files each of the eight groups formats; `EVSIM_FMT_ROUNDS` asks for more. Tests/fmt-generated.sh does 1000 in release.
    static let rounds = ProcessInfo.processInfo.environment["EVSIM_FMT_ROUNDS"].flatMap { Int($0) } ?? 25

    @Test("valid files in random styles keep comments and meaning, and formatting twice changes nothing", arguments: 0..<8)
    func generated(_ group: Int) throws {
        for number in 0..<Self.rounds {
            let seed = UInt64(group * Self.rounds + number)
            var writer = ScenarioWriter(seed: seed)
            try check(writer.text(seed: seed), seed: seed, runs: number % 4 == 0)
        }
    }

    @Test(
        "1000 such files are written into EVSIM_FMT_WRITE for Tests/fmt-generated.sh",
        .enabled(if: ProcessInfo.processInfo.environment["EVSIM_FMT_WRITE"] != nil))
    func writes() throws {
        let folder = try #require(ProcessInfo.processInfo.environment["EVSIM_FMT_WRITE"])
        for seed in 0..<1000 as Range<UInt64> {
            var writer = ScenarioWriter(seed: seed)
            let root = try #require(YAMLTree.parse(SourceFile(path: "original.yaml", bytes: Array(writer.text(seed: seed).utf8))).root)
            var restyler = Restyler(seed: seed)
            try Data(restyler.text(root).utf8).write(to: URL(fileURLWithPath: "\(folder)/\(1000 + seed).yaml"))
        }
    }

    /// The scenarios of the repository: all with EVSIM_LONG_TESTS=1, else every fourth.
    static let files: [String] = {
        let step = ProcessInfo.processInfo.environment["EVSIM_LONG_TESTS"] == "1" ? 1 : 4
        let folder = testFolder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scenarios")
        return (FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".yaml") }.sorted().map {
            folder.appendingPathComponent($0).path
        }.enumerated().filter { $0.offset % step == 0 }.map(\.element)
    }()

    @Test("the shipped scenarios keep their meaning in random styles, and their own style is the formatter's", arguments: files)
    func shipped(_ path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(try formatted(text) == text, "'evsim fmt' changes \(path)")
        for seed in 0..<2 { try check(text, path: path, seed: UInt64(seed), runs: seed == 0) }
    }

    /// Writes a scenario in a random style, formats that, and compares.
    private func check(_ original: String, path: String = "test.yaml", seed: UInt64, runs: Bool) throws {
        let root = try #require(YAMLTree.parse(SourceFile(path: "original.yaml", bytes: Array(original.utf8))).root)
        var restyler = Restyler(seed: seed)
        let wild = restyler.text(root)
        let result: String
        do { result = try formatted(wild) } catch {
            Issue.record("seed \(seed): \(error)\n\(wild)")
            return
        }
        #expect(try formatted(result) == result, "seed \(seed): not the same the second time\n\(wild)\n-----\n\(result)")
        let found = result.split(separator: "\n").compactMap { line in line.range(of: "# c").map { String(line[$0.lowerBound...]) } }
        #expect(found.sorted() == restyler.comments.sorted(), "seed \(seed)\n\(wild)\n-----\n\(result)")
        guard runs else { return }
        var options = RunOptions()
        options.maximumEvents = 200
        let before = Runner.run(try scenario(wild, path: path), options: options)
        let after = Runner.run(try scenario(result, path: path), options: options)
        #expect(before.fingerprint == after.fingerprint && before.events == after.events, "seed \(seed)\n\(wild)\n-----\n\(result)")
    }
}
