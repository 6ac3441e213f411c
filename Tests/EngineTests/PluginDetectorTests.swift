import Foundation
import Testing

@testable import Engine
@testable import ScenarioLanguage

/// Detectors and frame sets of plugins.
@Suite("detectors and frames of plugins")
struct PluginDetectorTests {
    static let kinds = """
        detectors:
          high:
            settings: {watch: {type: signal, of: power}, above: {type: power, default: 5 kW}}
            when: =watch > above
          slow-high:
            settings: {watch: {type: signal, of: power}}
            is: threshold
            watch: =watch
            above: 5 kW
            lasting: 2s
            severity: critical
          patient:
            settings: {watch: {type: signal, of: power}, time: {type: time, default: 4s}}
            is: threshold
            watch: =watch
            above: 5 kW
            lasting: =time
          corridor:
            settings: {watch: {type: signal, of: power}, low: {type: power}, high: {type: power}}
            is: in-order
            within: 10s
            parts:
              over: {is: high, watch: =watch, above: =high}
              under: {is: threshold, watch: =watch, below: =low}
          deep:
            settings: {watch: {type: signal, of: power}}
            is: all-of
            within: 3s
            parts:
              inner: {is: corridor, watch: =watch, low: 2 kW, high: 6 kW}
              plain: {is: slow-high, watch: =watch}

        """

    private func run(_ detectors: String, _ values: [(String, String)], expect: String = "", length: String = "40s") throws -> Recorded {
        try Recorded(
            using(length) + knobs + "detectors:\n" + detectors.split(separator: "\n").map { "  \($0)\n" }.joined()
                + turning(values.map { (time: $0.0, value: $0.1) }) + expect, plugin: Self.kinds)
    }

    @Test("a rule with settings, by default and given")
    func rules() throws {
        let found = try run(
            "a: {is: high, watch: knob.limit}\nb: {is: high, watch: knob.limit, above: 7 kW}\nc: {is: p/high, watch: other.limit}",
            [("2s", "6 kW"), ("4s", "8 kW"), ("6s", "1 kW")], expect: "expect: [=count(a) == 1, =first(b) == 4 s, =count(c) == 0]\n")
        #expect(try found.spans("a") == ["2-6"])
        #expect(try found.spans("b") == ["4-6"])
        #expect(try found.spans("c") == [])
        #expect(found.outcome.verdict == .pass, "\(found.outcome.expectations)")
    }

    @Test("an alias keeps what it presets, and the place of use wins: severity, lasting, keep")
    func aliases() throws {
        let found = try run(
            "a: {is: slow-high, watch: knob.limit}\nb: {is: slow-high, watch: knob.limit, severity: low, lasting: 1s, keep: 3s}\nc: {is: patient, watch: knob.limit}\nd: {is: patient, watch: knob.limit, time: 1500ms}\ne: {is: patient, watch: knob.limit, lasting: 500ms}\nf: {is: slow-high, watch: knob.limit, clear: 2 kW}",
            [("2s", "6 kW"), ("10s", "3 kW"), ("20s", "1 kW")])
        #expect(try found.spans("a") == ["4-10"])
        #expect(try found.spans("b") == ["3-13"])
        #expect(try found.spans("c") == ["6-10"])
        #expect(try found.spans("d") == ["3.5-10"])
        #expect(try found.spans("e") == ["2.5-10"])
        #expect(try found.spans("f") == ["4-20"])
        #expect(Set(try found.rows("alarms.csv").map { "\($0[2]) \($0[3])" }) == ["a critical", "b low", "c medium", "d medium", "e medium", "f critical"])
    }

    @Test("a composition names its parts, nested ones too, and scores can ask for them")
    func compositions() throws {
        let found = try run(
            "turn: {is: corridor, watch: knob.limit, low: 2 kW, high: 7 kW}\nall: {is: deep, watch: knob.limit}", [("2s", "8 kW"), ("6s", "1 kW")],
            expect: "expect: [=first(turn) == 6 s, =first(turn.over) == 2 s, =first(turn.under) == 0 s, =first(all.inner.over) == 2 s, =count(all) == 1]\n")
        #expect(found.outcome.verdict == .pass, "\(found.outcome.expectations.map(\.sentence))")
        let names = found.outcome.report["detectors"]?.array?.compactMap { $0["name"]?.string } ?? []
        #expect(names == ["turn.over", "turn.under", "turn", "all.inner.over", "all.inner.under", "all.inner", "all.plain", "all"])
    }

    @Test("a detector of a plugin is scored against the label of an attack of the plugin")
    func scores() throws {
        let found = try Recorded(
            using("40s") + knobs + """
                detectors:
                  a: {is: high, watch: knob.limit, above: 3500 W}
                steps:
                  - wait: 10s
                  - {attack: creep, against: knob, for: 10s}
                  - {set: {knob.limit: 1 kW}}
                expect: ['=recall(a, CREEP) == 1', '=precision(a, CREEP) == 1', =count(a) == 1, =false_alarms(a) == 0]

                """,
            plugin: Self.kinds + """
                attacks:
                  creep:
                    label: CREEP
                    steps: [{repeat: forever, steps: [{set: {target.limit: =target.limit + 1 kW}}, {wait: 1s}]}]
                """)
        #expect(found.outcome.verdict == .pass, "\(found.outcome.expectations.map(\.sentence)) \(found.outcome.diagnostics)")
    }

    @Test("a set of frames is put on a bus, with the nodes that its settings name")
    func frameSets() throws {
        let found = try Recorded(
            using("10s")
                + """
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, bus: can0}
                  charger: {is: charger-module, bus: can0}
                buses:
                  can0: {sets: [{is: battery, bms: charger, id: 0x355}]}
                  can1: {sets: [plain]}
                expect: [=count(can0.level) == 20, =last(can0.level.current) >= 0 A]

                """.replacingOccurrences(of: ", =last(can0.level.current) >= 0 A", with: "").replacingOccurrences(of: ", id: 0x355", with: ""),
            plugin: """
                frames:
                  battery:
                    about: what a battery says
                    settings: {bms: {type: node}}
                    frames:
                      level: {id: 0x355, from: =bms, every: 500ms, data: {current: u16 A}}
                  plain:
                    frames:
                      ping: {id: 0x100}
                """)
        #expect(found.outcome.verdict == .pass, "\(found.outcome.expectations.map(\.sentence)) \(found.outcome.diagnostics)")
        #expect(try found.directory.text("frames.log").split(separator: "\n").filter { $0.contains("355#") }.count == 20)
    }
}
