import Engine
import ScenarioLanguage
import YAMLTree

/// What a node made of parts costs beside its parts written out.
enum PluginBenchmark {
    static func run(repeats: Int = 7) -> [Measurement] {
        guard let joined = scenario(nodes: "  box: {is: box, csms: csms}\n", targets: (1...10).map { "box.p\($0)" }),
            let apart = scenario(nodes: parts("csms", indent: "  "), targets: (1...10).map { "p\($0)" })
        else { return [Measurement(name: "plugin.ten-parts.all-pass", value: 0, unit: "share", bar: 1)] }
        var verdicts = 0
        let times = leastTimes(
            repeats: repeats,
            [{ verdicts += Runner.run(apart).verdict == .pass ? 1 : 0 }, { verdicts += Runner.run(joined).verdict == .pass ? 1 : 0 }])
        return [
            Measurement(name: "plugin.ten-parts.all-pass", value: Double(verdicts) / Double(2 * repeats), unit: "share", bar: 1),
            Measurement(name: "plugin.ten-parts", value: times[1], unit: "s", bar: nil),
            // Time of ten charge points written out for the time of one node made of them.
            Measurement(name: "plugin.ten-parts.of-written-out", value: times[0] / times[1], unit: "of 1", bar: 0.95),
        ]
    }

    private static func parts(_ csms: String, indent: String) -> String {
        (1...10).map { "\(indent)p\($0): {is: charge-point, csms: \(csms), max_current: \(5 + $0) A, meter_every: 1s}\n" }.joined()
    }

    private static func scenario(nodes: String, targets: [String]) -> Scenario? {
        let names = "[\(targets.joined(separator: ", "))]"
        let text = """
            evsim: 1
            scenario: ten-parts
            uses: [box]
            run: {for: 4h}
            nodes:
              csms: {is: csms}
            \(nodes)
            steps:
              - repeat: forever
                steps:
                  - {send: RemoteStartTransaction, to: \(names)}
                  - wait: 5min
                  - {send: RemoteStopTransaction, to: \(names)}
                  - wait: 1min
            expect: [=max(\(targets[9]).current) == 15 A]
            record: [signals]
            """
        return ScenarioReader(registry: BuiltIns.registry, plugins: Box()).read(SourceFile(path: "bench.yaml", bytes: Array(text.utf8))).scenario
    }

    /// The one plugin of the benchmark.
    private struct Box: PluginSource {
        func plugin(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> SourceFile {
            let text = "evsim: 1\nplugin: box\nkinds:\n  box:\n    settings: {csms: {type: node}}\n    parts:\n" + parts("=csms", indent: "      ")
            return SourceFile(path: address, bytes: Array(text.utf8))
        }
        var shipped: [String] { [] }
    }
}
