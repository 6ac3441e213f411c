import Testing
import YAMLTree

@testable import Engine
@testable import ScenarioLanguage

/// Files beside the wrong ones that differ in the one point that makes them right: they must be silent.
@Suite("static checks")
struct StaticCheckTests {
    /// The codes that a file with these sections is warned with.
    static func codes(_ sections: String, run: String = "{for: 60s}", nodes: String? = nil) -> [String] {
        let nodes =
            nodes
                ?? """
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, bus: can0}
                  charger: {is: charger-module, bus: can0}
                """
        var text = "evsim: 1\nscenario: right\nrun: \(run)\nnodes:\n\(nodes)\n\(sections)\n"
        if !sections.contains("expect:") { text += "expect: [=max(cp1.current) >= 0 A]\n" }
        let (scenario, found) = ScenarioReader(registry: BuiltIns.registry).read(SourceFile(path: "right.yaml", bytes: Array(text.utf8)))
        #expect(scenario != nil, "\(DiagnosticRenderer(color: false, explainHint: true).render(found))")
        return found.map(\.code)
    }

    static let start = "{send: RemoteStartTransaction, to: cp1}"

    @Test(
        "what only looks like a mistake is not reported",
        arguments: [
            // A window and a picture as long as the run, and a condition that lasts almost to its end.
            "detectors:\n  jump: {is: moving-range, watch: charger.current, window: 60s, above: 5 A}",
            "detectors:\n  jump: {is: rule, when: '=max(charger.current, 60 s) > 5 A'}",
            "detectors:\n  high: {is: threshold, watch: charger.current, above: 5 A, lasting: 59s, warmup: 59s}",
            "plots:\n  - {title: All, lines: [charger.current], window: 60s}",
            // A window of two periods.
            "detectors:\n  jump: {is: moving-range, watch: charger.power, window: 2s, above: 5 kW}",
            // Held signals are published when they change, so that a short window is right.
            "detectors:\n  jump: {is: moving-range, watch: charger.limit, window: 100ms, above: 5 A}",
            // The time is just reached, in the past only after a drawn wait, or in one branch only.
            "steps:\n  - wait: 10s\n  - at: 10s\n  - \(start)",
            "steps:\n  - wait: '=uniform(1 s, 2 s)'\n  - at: 1s\n  - \(start)",
            "steps:\n  - when: =charger.current > 1 A\n    steps: [{wait: 20s}]\n  - at: 10s\n  - \(start)",
            "steps:\n  - repeat: 1\n    steps: [{at: 10s}, \(start), {wait: 5s}]",
            // The last step ends after the run, but begins in it.
            "steps:\n  - wait: 59s\n  - \(start)\n  - {until: =charger.current > 1 A, timeout: 1s}",
            "steps:\n  - \(start)\n  - wait: 10min",
            "steps:\n  - repeat: 100\n    steps: [\(start), {wait: 1s}, {send: RemoteStopTransaction, to: cp1}]",
            // Sequences may be called early and late.
            "sequences:\n  pause: {steps: [{wait: 40s}, \(start)]}\nsteps: [{call: pause}, {call: pause}]",
            // A switch that --set turns.
            "params: {limit: 16 A}\nexpect: [=limit > 10 A or max(charger.current) >= 0 A]\nsteps: [{when: =limit > 10 A, steps: [\(start)]}]",
            // A stop that may meet a transaction.
            "steps:\n  - {when: =charger.current > 1 A, steps: [\(start)]}\n  - {send: RemoteStopTransaction, to: cp1}",
            "steps:\n  - \(start)\n  - wait: 10s\n  - {send: RemoteStopTransaction, to: cp1}",
            // Deadlines inside the run, and times of detectors that are no deadlines.
            "detectors:\n  high: {is: threshold, watch: charger.current, above: 5 A}\nexpect: [=first(high) <= 60 s or count(high) == 0]",
            // Counts of what a node sends by itself, or a step sends to it.
            "expect: [=count(ocpp.Heartbeat) == 0 and count(cp1.ocpp.StatusNotification) >= 1]",
            "steps: [\(start)]\nexpect: [=count(cp1.ocpp.RemoteStartTransaction) == 1]",
            "links:\n  slow: {between: [cp1, csms], latency: 100ms}",
            "buses:\n  can0:\n    frames:\n      bms: {id: 0x400, from: charger, every: 1s, data: {level: u16 A}}\n"
                + "detectors:\n  high: {is: threshold, watch: can0.bms, above: 5 A}",
        ])
    func silent(_ sections: String) { #expect(Self.codes(sections).isEmpty) }

    @Test("a signal that needs a setting, a step or a partner is published with it")
    func published() {
        let site = "  csms: {is: csms}\n  cp1: {is: charge-point, csms: csms, plugged: false}\n  site: {is: grid-meter, feeds: cp1"
        let detector = "detectors:\n  overload: {is: threshold, watch: site.headroom, below: 0 W}"
        #expect(Self.codes(detector, nodes: site + ", limit: 10 kW}") == [])
        #expect(Self.codes(detector + "\nsteps: [{set: {site.limit: 5 kW}}]", nodes: site + "}") == [])
        #expect(Self.codes(detector, nodes: site + "}") == ["W0623"])
        let vehicle = "  csms: {is: csms}\n  cp1: {is: charge-point, csms: csms, plugged: false}\n  car: {is: vehicle, at: cp1}"
        #expect(Self.codes("expect: [=cp1.soc >= 0%]", nodes: vehicle) == [])
        // A vehicle starts by itself, so that a stop is right.
        #expect(Self.codes("steps: [{wait: 10s}, {send: RemoteStopTransaction, to: cp1, with: {transactionId: 1}}]", nodes: vehicle) == [])
    }

    @Test("steps inside others are looked at too, and a sequence is judged by its call")
    func inside() {
        let late = "sequences:\n  run: {steps: [\(Self.start)]}\nsteps: [{wait: 2min}, {call: run}]"
        #expect(Self.codes(late) == ["W0609"])
        #expect(Self.codes("steps:\n  - parallel:\n      a: [{wait: 2min}, \(Self.start)]\n      b: [{wait: 1s}]") == ["W0609"])
        #expect(Self.codes("steps:\n  - repeat: 3\n    steps: [{wait: 30s}]\n  - \(Self.start)") == ["W0609"])
        #expect(Self.codes("steps:\n  - repeat: 2\n    steps: [{until: =true, timeout: 1s}, {wait: 1s}]") == ["W0616"])
        #expect(Self.codes("steps:\n  - parallel:\n      a: [{wait: 20s}]\n      b: [{wait: 5s}]\n  - at: 10s\n  - \(Self.start)") == ["W0614"])
    }

    @Test("a time beyond all bounds does not overflow")
    func overflow() {
        #expect(Self.codes("steps:\n  - repeat: 1000000000\n    steps: [{wait: 100000000s}]\n  - \(Self.start)") == ["W0609"])
    }
}
