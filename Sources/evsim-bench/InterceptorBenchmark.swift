import Engine
import ScenarioLanguage
import YAMLTree

/// What attacks cost frames: none, one that looks at another identifier of the bus, and one that changes a tenth of all frames.
enum InterceptorBenchmark {
    private static let seconds = 10
    private static let frames = 40

    static func run(repeats: Int = 25) -> [Measurement] {
        let texts = [
            "wait: 0s", "{attack: drop, against: can0.other, with: {chance: 100%}}", "{attack: modify, against: can0, with: {add: {a: 1}, chance: 10%}}",
        ]
        let scenarios = texts.compactMap(scenario)
        guard scenarios.count == texts.count else { return [Measurement(name: "can.tap.scenarios", value: 0, unit: "read", bar: 1)] }
        var sent = [Int](repeating: 0, count: scenarios.count)
        // Neighbours in time are compared, and the middle of all such pairs counts: other programs disturb both of a pair.
        var least = Double.infinity
        var ratios = [[Double]](repeating: [], count: scenarios.count)
        for _ in 0..<repeats {
            var alone = 0.0
            for (index, scenario) in scenarios.enumerated() {
                let begin = processorTime()
                sent[index] = count(Runner.run(scenario))
                let time = processorTime() - begin
                if index == 0 { alone = time }
                ratios[index].append(time / alone)
            }
            least = min(least, alone)
        }
        let middle = ratios.map { $0.sorted()[repeats / 2] }
        let isWhole = sent.allSatisfy { $0 == frames * seconds * 1000 }
        let millions = Double(frames * seconds * 1000) / 1e6
        return [
            Measurement(name: "can.tap.whole", value: isWhole ? 1 : 0, unit: "equal", bar: 1),
            Measurement(name: "can.tap.none", value: millions / least, unit: "M frames/s"),
            Measurement(name: "can.tap.idle", value: (middle[1] - 1) * 100, unit: "% slower", most: 2),
            Measurement(name: "can.tap.tenth", value: (middle[2] - 1) * 100, unit: "% slower", most: 5),
        ]
    }

    private static func scenario(_ step: String) -> Scenario? {
        let declared = (0..<frames).map { "      f\($0): {id: \(0x100 + $0), from: charger, every: 1ms, data: {a: u16, b: u16}}\n" }.joined()
        let text = """
            evsim: 1
            scenario: taps
            run: {for: \(seconds)s}
            nodes: {charger: {is: charger-module, bus: can0}}
            buses:
              can0:
                frames:
            \(declared)      other: {id: 0x7F0, from: charger, data: {a: u16}}
            record: [labels]
            steps:
              - \(step)
            """
        return ScenarioReader(registry: BuiltIns.registry).read(SourceFile(path: "taps.yaml", bytes: Array(text.utf8))).scenario
    }

    /// Frames of the bus but those that the module sends by itself.
    private static func count(_ outcome: RunOutcome) -> Int {
        let all = outcome.report["buses"]?.array?.first?["frames"]?.integer ?? 0
        return Int(all) - seconds
    }
}
