import CReference
import Engine
import Glibc
import ScenarioLanguage
import YAMLTree

/// Whole scenarios: the reference cycle for a day, and a depot, with everything on the way from YAML to files.
enum ScenarioBenchmark {
    static func run(repeats: Int = 3) -> [Measurement] {
        guard let directory = temporaryDirectory() else { return [Measurement(name: "scenario.directory", value: 0, unit: "created", bar: 1)] }
        defer { removeRun(directory) }
        let recorded = reference(record: "[frames, messages, signals, labels]")
        let silent = reference(record: "[]")
        let day = 86_400.0
        var verdicts = 0
        let times = leastTimes(
            repeats: repeats,
            [
                { _ = creference_can(1_000, 2_000, -1) },
                { verdicts += pass(recorded, directory) },
                { verdicts += pass(silent, nil) },
                { verdicts += pass(depot, nil) },
            ])
        let frames = 2_000_000 / times[0]
        return [
            Measurement(name: "scenario.all-pass", value: Double(verdicts) / Double(3 * repeats), unit: "share", bar: 1),
            Measurement(name: "scenario.reference-day.recorded", value: day / times[1], unit: "simulated s/s", bar: nil),
            // Simulated seconds for every million frames that the C program delivers in the same time: independent of the machine.
            Measurement(name: "scenario.reference-day.recorded.of-c", value: day / times[1] / frames * 1e6, unit: "s per M C frames", bar: 5_000),
            Measurement(name: "scenario.reference-day.silent", value: day / times[2], unit: "simulated s/s", bar: nil),
            Measurement(name: "scenario.reference-day.silent.of-c", value: day / times[2] / frames * 1e6, unit: "s per M C frames", bar: 10_000),
            Measurement(name: "scenario.depot-200-day", value: times[3], unit: "s", bar: nil),
            Measurement(name: "scenario.depot-200-day.of-c", value: frames * times[3] / 1e6, unit: "M C frames", bar: nil),
        ]
    }

    private static func pass(_ text: String, _ directory: String?) -> Int {
        let file = SourceFile(path: "bench.yaml", bytes: Array(text.utf8))
        guard let scenario = ScenarioReader(registry: BuiltIns.registry).read(file).scenario else { return 0 }
        return Runner.run(scenario, options: RunOptions(directory: directory)).verdict == .pass ? 1 : 0
    }

    private static func temporaryDirectory() -> String? {
        var template = Array("/tmp/evsim-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func removeRun(_ directory: String) {
        for name in ["report.json", "report.md", "signals.csv", "frames.log", "messages.jsonl", "labels.csv", "alarms.csv", "INCOMPLETE"] {
            unlink("\(directory)/\(name)")
        }
        rmdir("\(directory)/plots")
        rmdir(directory)
    }

    private static func reference(record: String) -> String {
        """
        evsim: 1
        scenario: reference-day
        run: {for: 24h}
        nodes:
          csms: {is: csms}
          cp1: {is: charge-point, csms: csms, bus: can0, meter_every: 1s}
          charger: {is: charger-module, bus: can0, ramp: 20%}
        steps:
          - repeat: forever
            label: repeated-current-fluctuation
            steps:
              - {send: SetChargingProfile, to: cp1, with: {limit: 0 A}}
              - wait: 2s
              - {send: SetChargingProfile, to: cp1, with: {limit: 100 A}}
              - wait: 1s
              - {send: RemoteStartTransaction, to: cp1}
              - wait: 2s
              - {send: RemoteStopTransaction, to: cp1}
              - wait: 3s
        detectors:
          fluctuation: {is: moving-range, watch: charger.current, window: 10s, above: 20 A}
          repeated: {is: oscillation, watch: charger.current, swing: 20 A, at_least: 4, within: 30s}
        expect: [=first(fluctuation) == 4.5 s]
        record: \(record)
        """
    }

    private static let depot = """
        evsim: 1
        scenario: depot-day
        run: {for: 24h, seed: 7}
        nodes:
          csms: {is: csms, heartbeat_every: 5min}
          cp: {is: charge-point, count: 200, csms: csms, meter_every: 1min, plugged: false}
          drivers: {is: ev-arrivals, to: cp.*, rate: 60 /h, energy: '=uniform(8 kWh, 40 kWh)', stay: '=lognormal(3 h, 0.6)'}
          site: {is: grid-meter, feeds: cp.*, every: 10s}
        expect: [=max(site.power) > 100 kW]
        record: [signals, labels]
        """
}
