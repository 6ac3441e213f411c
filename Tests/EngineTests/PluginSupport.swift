import Foundation
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// Plugins in memory, by the address that `uses` has.
struct PluginTexts: PluginSource {
    let texts: [String: String]
    func plugin(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> SourceFile {
        guard let text = texts[address] else { throw PluginRefusal("there is no plugin '\(address)'") }
        return SourceFile(path: address, bytes: Array(text.utf8))
    }
    var shipped: [String] { texts.keys.sorted() }
}

/// The scenario of a text that uses plugins, with what reading it says.
func read(_ text: String, plugins: [String: String]) -> (scenario: Scenario?, diagnostics: [Diagnostic]) {
    ScenarioReader(registry: BuiltIns.registry, plugins: PluginTexts(texts: plugins)).read(SourceFile(path: "test.yaml", bytes: Array(text.utf8)))
}

/// The same, where findings that are errors end the test.
func scenario(_ text: String, plugins: [String: String]) throws -> Scenario {
    let (scenario, diagnostics) = read(text, plugins: plugins)
    guard let scenario else { throw NotAScenario(description: DiagnosticRenderer(color: false, explainHint: false).render(diagnostics)) }
    return scenario
}

extension Recorded {
    /// Runs a scenario with the plugin `p.yaml` into a directory of its own.
    init(_ text: String, plugin: String, more: [String: String] = [:]) throws {
        directory = try ScratchDirectory()
        var options = RunOptions(directory: directory.path)
        options.drawsPlots = false
        outcome = Runner.run(try scenario(text, plugins: more.merging(["p.yaml": "evsim: 1\nplugin: p\n" + plugin]) { $1 }), options: options)
    }

    /// Samples as `TIME VALUE`.
    func track(_ signal: String) throws -> [String] { try samples(signal).map { "\($0.time) \($0.value)" } }

    /// Labels as `START-END KIND SEVERITY TARGET`.
    func labels() throws -> [String] { try rows("labels.csv").map { "\($0[0])-\($0[1]) \($0[2]) \($0[3]) \($0[5])" } }

    /// Alarms of a detector as `START-END`.
    func spans(_ detector: String) throws -> [String] { try alarms(detector).map { "\($0.start)-\($0.end)" } }
}

/// The head of a scenario that uses the plugin.
func using(_ length: String, uses: String = "p.yaml", record: String = "[signals, labels, messages, frames]") -> String {
    "evsim: 1\nscenario: test\nuses: [\(uses)]\nrun: {for: \(length)}\nrecord: \(record)\n"
}

/// A grid meter whose limit steps can write: a signal of any shape, named `knob.limit`, in watts.
let knobs = "nodes:\n  csms: {is: csms}\n  knob: {is: grid-meter, feeds: [], limit: 1 kW}\n  other: {is: grid-meter, feeds: [], limit: 1 kW}\n"

/// Steps that write the knob at some times.
func turning(_ values: [(time: String, value: String)], _ signal: String = "knob.limit") -> String {
    "steps:\n" + values.map { "  - at: \($0.time)\n  - set: {\(signal): \($0.value)}\n" }.joined()
}
