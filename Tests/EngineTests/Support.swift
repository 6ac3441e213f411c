import Foundation
import Quantities
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// The folder of these tests, for data beside them.
let testFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

/// The plugins that come with evsim.
let repositoryPlugins = PluginFolders(
    root: testFolder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scenarios").path,
    library: testFolder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("plugins").path)

/// Why a scenario of a test is none.
struct NotAScenario: Error, CustomStringConvertible {
    let description: String
}

/// The scenario of a text; findings that are errors end the test.
func scenario(_ text: String, path: String = "test.yaml", overrides: [(name: String, text: String)] = [], seed: UInt64? = nil) throws -> Scenario {
    let file = SourceFile(path: path, bytes: Array(text.utf8))
    let (scenario, diagnostics) = ScenarioReader(registry: BuiltIns.registry, plugins: repositoryPlugins).read(file, overrides: overrides, seed: seed)
    guard let scenario else { throw NotAScenario(description: DiagnosticRenderer(color: false, explainHint: false).render(diagnostics)) }
    return scenario
}

/// Codes of what reading a text finds.
func findings(_ text: String) -> [Diagnostic] {
    ScenarioReader(registry: BuiltIns.registry, plugins: repositoryPlugins).read(SourceFile(path: "test.yaml", bytes: Array(text.utf8))).diagnostics
}

/// Runs a scenario in memory.
@discardableResult
func run(_ text: String, seed: UInt64? = nil) throws -> RunOutcome { Runner.run(try scenario(text, seed: seed)) }

/// The head of a test scenario: format, name and length.
func head(_ length: String, record: String = "[signals]") -> String { "evsim: 1\nscenario: test\nrun: {for: \(length)}\nrecord: \(record)\n" }

/// A directory that is there as long as a test needs it.
final class ScratchDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("evsim-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func text(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")) }
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    /// Every file below, sorted.
    var files: [String] {
        (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).filter {
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(path)/\($0)", isDirectory: &isDirectory) && !isDirectory.boolValue
        }.sorted()
    }
}

/// What a run with files left: its outcome and its directory.
struct Recorded {
    let outcome: RunOutcome
    let directory: ScratchDirectory

    /// Runs a scenario into a directory of its own.
    init(_ text: String, seed: UInt64? = nil, drawsPlots: Bool = false) throws {
        directory = try ScratchDirectory()
        var options = RunOptions(directory: directory.path)
        options.drawsPlots = drawsPlots
        outcome = Runner.run(try scenario(text, seed: seed), options: options)
    }

    /// Rows of a table without its head.
    func rows(_ name: String) throws -> [[String]] {
        try directory.text(name).split(separator: "\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    /// The samples of a signal as the file has them.
    func samples(_ signal: String) throws -> [(time: String, value: String)] {
        try rows("signals.csv").filter { $0[1] == signal }.map { ($0[0], $0[2]) }
    }

    /// The values of a signal.
    func values(_ signal: String) throws -> [Double] { try samples(signal).compactMap { Double($0.value) } }

    /// Messages as dictionaries.
    func messages() throws -> [[String: Any]] {
        try directory.text("messages.jsonl").split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    /// Alarms of a detector as start and end.
    func alarms(_ detector: String) throws -> [(start: String, end: String)] {
        try rows("alarms.csv").filter { $0[2] == detector }.map { ($0[0], $0[1]) }
    }
}

/// A csms, a charge point on a bus and its charger module, as most tests need them.
func onBus(ramp: String = "20%", chargePoint: String = "", charger: String = "") -> String {
    """
    nodes:
      csms: {is: csms}
      cp1: {is: charge-point, csms: csms, bus: can0, meter_every: 1s\(chargePoint)}
      charger: {is: charger-module, bus: can0, ramp: \(ramp)\(charger)}

    """
}

/// A csms and a charge point with a supply of its own.
func alone(_ settings: String = "") -> String { "nodes:\n  csms: {is: csms}\n  cp1: {is: charge-point, csms: csms\(settings)}\n" }
