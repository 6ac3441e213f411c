import Engine
import ScenarioLanguage
import YAMLTree

/// Scenarios inside the program, so that it can try itself anywhere.
enum EmbeddedScenario {
    private static let cycle = """
        nodes:
          csms:    {is: csms}
          cp1:     {is: charge-point, csms: csms, bus: can0, meter_every: 1s}
          charger: {is: charger-module, bus: can0, ramp: 20%}
        buses:
          can0:
            bitrate: 500 kbit/s
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
          repeated:    {is: oscillation, watch: charger.current, swing: 20 A, at_least: 4, within: 30s}
        """

    /// The reference cycle for 64 s, with results that are exact.
    static let check = """
        evsim: 1
        scenario: self-run
        run: {for: 64s}
        \(cycle)
        expect:
          - =count(ocpp.RemoteStartTransaction) == 8
          - =max(can0.current) == 43 A
          - =first(fluctuation) == 4.5 s
          - =first(repeated) <= 16.5 s
        """

    /// The reference cycle for a simulated time that takes long enough to be measured.
    static func measured(minutes: Int) -> String {
        """
        evsim: 1
        scenario: bench
        run: {for: \(minutes)min}
        \(cycle)
        expect: [=max(charger.current) <= 100 A]
        """
    }

    /// A scenario of this text; `nil` when it is not valid, with the findings.
    static func read(_ text: String) -> (scenario: Scenario?, findings: [Diagnostic]) {
        let result = ScenarioReader(registry: BuiltIns.registry).read(SourceFile(path: "<built-in>", bytes: Array(text.utf8)))
        return (result.scenario, result.diagnostics)
    }
}
