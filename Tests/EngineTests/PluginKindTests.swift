import Foundation
import Testing

@testable import Engine
@testable import ScenarioLanguage

/// Kinds made of parts: names, settings, signals, states, buses.
@Suite("kinds of plugins")
struct PluginKindTests {
    /// Two plugs with one budget.
    static let cabinet = """
        kinds:
          cabinet:
            settings:
              csms: {type: node}
              budget: {type: current, default: 40 A, min: 6 A, max: 500 A}
            parts:
              left: {is: charge-point, csms: =csms, max_current: =budget / 2}
              right: {is: charge-point, csms: =csms, max_current: =budget / 2}
            signals:
              current: =left.current + right.current
              share: {value: =current / budget, about: what is used of the budget}
              power: =left.power + right.power

        """
    /// Both plugs charge at once.
    static let charging = """
        steps:
          - {send: RemoteStartTransaction, to: [cab.left, cab.right]}

        """

    @Test("parts, signals and numeric settings have the name of the node in front")
    func names() throws {
        let scenario = try scenario(
            using("10s") + "nodes:\n  csms: {is: csms}\n  cab: {is: cabinet, csms: csms}\nexpect: [=max(cab.share) >= 0]\n",
            plugins: ["p.yaml": "evsim: 1\nplugin: p\n" + Self.cabinet])
        #expect(scenario.symbols.nodes == ["csms", "cab", "cab.left", "cab.right"])
        for (name, unit) in [("cab.budget", "A"), ("cab.current", "A"), ("cab.share", ""), ("cab.power", "W"), ("cab.left.current", "A")] {
            let signal = try #require(scenario.symbols.signal(name), "\(name)")
            #expect(scenario.symbols.signals[signal].unit == unit)
        }
        let budget = try #require(scenario.symbols.signal("cab.budget"))
        let share = try #require(scenario.symbols.signal("cab.share"))
        #expect(scenario.symbols.signals[budget].settable && !scenario.symbols.signals[share].settable)
        #expect(scenario.kinds.last?.roles == [.load], "what has a power is a load")
    }

    @Test("a derived signal has its value at the instant of what it reads, once an instant, also across nodes in each other")
    func derived() throws {
        let run = try Recorded(
            using("20s") + "nodes:\n  csms: {is: csms}\n  site: {is: site, csms: csms}\n" + """
                steps:
                  - at: 2s
                  - {send: RemoteStartTransaction, to: [site.a.left, site.a.right, site.b.left]}
                """,
            plugin: Self.cabinet + """
                  site:
                    settings: {csms: {type: node}}
                    parts:
                      a: {is: cabinet, csms: =csms}
                      b: {is: cabinet, csms: =csms, budget: 20 A}
                    signals:
                      current: =a.current + b.current
                      double: =current * 2
                """)
        #expect(run.outcome.verdict != .incomplete)
        let currents = try run.samples("site.current")
        #expect(currents.last?.value == "50")
        #expect(try run.values("site.double").last == 100)
        #expect(Set(currents.map(\.time)).count == currents.count, "one value an instant")
        let left = try #require(try run.samples("site.a.left.current").first { $0.value == "20" })
        #expect(currents.contains { $0.time == left.time && $0.value != "0" }, "the sum is there at the instant of its part")
    }

    @Test("counted nodes of parts, counted parts, and sums over them")
    func counted() throws {
        let run = try Recorded(
            using("20s") + "nodes:\n  csms: {is: csms}\n  cab: {is: cabinet, csms: csms, count: 3}\n" + """
                  row: {is: row, csms: csms}
                  site: {is: grid-meter, feeds: [cab.*, row], every: 1s}
                steps:
                  - {send: RemoteStartTransaction, to: [cab.*.left, row.plug.*]}
                expect:
                  - =sum(cab.*.left.current) == 60 A
                  - =sum(cab.*.current) == 60 A
                  - =sum(cab.*.right.current) == 0 A
                  - =max(row.total) == 22 A
                """,
            plugin: Self.cabinet + """
                  row:
                    settings: {csms: {type: node}}
                    parts:
                      plug: {is: charge-point, csms: =csms, count: 2, max_current: 11 A}
                    signals:
                      total: =sum(plug.*.current)
                """)
        #expect(run.outcome.expectations.map(\.isFulfilled) == [true, true, true, true], "\(run.outcome.expectations)")
        let power = try #require(try run.values("site.power").last)
        let parts = try ["cab.1.left", "cab.2.left", "cab.3.left", "row.plug.1", "row.plug.2"].reduce(0.0) { try $0 + (run.values("\($1).power").last ?? 0) }
        #expect(abs(power * 1000 - parts) < 1e-6 && parts > 0, "a meter feeds what the parts draw")
    }

    @Test("a counted node of counted parts, summed over both, inside a kind too")
    func countedTwice() throws {
        let run = try Recorded(
            using("20s") + "nodes:\n  csms: {is: csms}\n  hall: {is: hall, csms: csms}\n" + """
                steps:
                  - {send: RemoteStartTransaction, to: hall.row.*.plug.*}
                expect: [=max(hall.total) == 66 A, =max(hall.plain) == 66 A]
                """,
            plugin: """
                kinds:
                  hall:
                    settings: {csms: {type: node}}
                    parts:
                      row: {is: row, csms: =csms, count: 3}
                    signals:
                      total: =sum(row.*.total)
                      plain: =sum(row.*.plug.*.current)
                  row:
                    settings: {csms: {type: node}}
                    parts:
                      plug: {is: charge-point, csms: =csms, count: 2, max_current: 11 A}
                    signals:
                      total: =sum(plug.*.current)
                """)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations) \(run.outcome.diagnostics)")
    }

    @Test("a setting that is drawn is drawn for each instance, and the same from run to run")
    func draws() throws {
        func budgets() throws -> [Double] {
            let run = try Recorded(
                using("5s") + "nodes:\n  csms: {is: csms}\n  cab: {is: cabinet, csms: csms, count: 3, budget: '=uniform(20 A, 60 A)'}\n", plugin: Self.cabinet)
            return try (1...3).compactMap { try run.values("cab.\($0).budget").first }
        }
        let first = try budgets()
        #expect(Set(first).count == 3 && first.allSatisfy { (20...60).contains($0) })
        #expect(try budgets() == first)
    }

    @Test("a draw inside a kind is one of each instance")
    func drawsInside() throws {
        let plugin = """
            kinds:
              box:
                settings: {csms: {type: node}}
                parts:
                  cp: {is: charge-point, csms: =csms, max_current: '=uniform(10 A, 60 A)'}
            """
        let run = try Recorded(
            using("20s") + "nodes:\n  csms: {is: csms}\n  box: {is: box, csms: csms, count: 3}\nsteps:\n  - {send: RemoteStartTransaction, to: box.*.cp}\n",
            plugin: plugin)
        let found = try (1...3).compactMap { try run.values("box.\($0).cp.current").last }
        #expect(Set(found).count == 3 && found.allSatisfy { $0 >= 10 })
    }

    @Test("a setting that reads signals follows them reacts_in later, to the nanosecond, and a step can write settings")
    func following() throws {
        for (reaction, wanted) in [("", "5.1"), ("    reacts_in: 250ms\n", "5.25")] {
            let run = try Recorded(
                using("10s") + "nodes:\n  csms: {is: csms}\n  box: {is: box, csms: csms}\nsteps:\n  - at: 5s\n  - set: {box.most: 16 kW}\n",
                plugin: """
                    kinds:
                      box:
                        settings:
                          csms: {type: node}
                          most: {type: power, default: 8 kW}
                    \(reaction)    parts:
                          meter: {is: grid-meter, feeds: [], limit: =most / 2}
                    """)
            #expect(try run.track("box.most") == ["0 8", "5 16"])
            #expect(try run.track("box.meter.limit") == ["0 4", "\(wanted) 8"])
        }
    }

    @Test("a setting that follows stays within its bounds, and keeps its value while the formula has none")
    func bounds() throws {
        let run = try Recorded(
            using("20s") + knobs + "  box: {is: box, from: knob.limit}\n"
                + turning([("2s", "6 kW"), ("4s", "9 kW"), ("6s", "2 kW"), ("8s", "0 W"), ("10s", "3 kW")].map { (time: $0.0, value: $0.1) }),
            plugin: """
                kinds:
                  box:
                    settings: {from: {type: signal, of: power}}
                    parts:
                      free: {is: grid-meter, feeds: [], limit: =8 kW - from}
                      share: {is: grid-meter, feeds: [], limit: =1 kW * 1 kW / from}
                      lamp: {is: lamp, level: =from}
                  lamp:
                    settings: {level: {type: power, default: 2 kW, min: 2 kW, max: 4 kW}}
                    signals: {double: =level * 2}
                """)
        #expect(try run.track("box.free.limit") == ["0 8", "0.1 7", "2.1 2", "4.1 0", "6.1 6", "8.1 8", "10.1 5"])
        #expect(try run.values("box.share.limit").allSatisfy { $0.isFinite })
        #expect(try run.track("box.share.limit").last?.hasPrefix("10.101 ") == true, "settings of one node react one after another")
        #expect(try run.track("box.lamp.level").suffix(3) == ["2.102 4", "6.102 2", "10.102 3"])
    }

    @Test("two parts that contradict each other go on for ever without stopping time")
    func contradiction() throws {
        let run = try Recorded(
            using("10s") + "nodes:\n  box: {is: box}\n",
            plugin: """
                kinds:
                  box:
                    parts:
                      a: {is: grid-meter, feeds: [], limit: =b.limit + 1 W}
                      b: {is: grid-meter, feeds: [], limit: =3 W - a.limit}
                """)
        #expect(run.outcome.verdict != .incomplete, "\(run.outcome.diagnostics)")
        #expect(run.outcome.simulated.seconds == 10)
        #expect(run.outcome.events < 2000)
    }

    @Test("the plugs of the shipped cabinet share its budget")
    func shared() throws {
        let text = try String(
            contentsOf: testFolder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("plugins/dual-gun-cabinet.yaml"),
            encoding: .utf8)
        let scenario = try scenario(
            using("60s") + """
                nodes:
                  csms: {is: csms}
                  cab: {is: dual-gun-cabinet, csms: csms, budget: 80 A}
                steps:
                  - {send: RemoteStartTransaction, to: cab.left}
                  - at: 20s
                  - {send: RemoteStartTransaction, to: cab.right}
                expect: [=max(cab.current) <= 80 A, =max(cab.left.current) == 63 A, =max(cab.right.current) == 17 A]
                """, plugins: ["p.yaml": text])
        let outcome = Runner.run(scenario)
        #expect(outcome.verdict == .pass, "\(outcome.expectations)")
    }

    @Test("settings of every type go through two kinds to the parts inside")
    func everyType() throws {
        let run = try Recorded(
            using("30s")
                + """
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, bus: can0}
                  knob: {is: grid-meter, feeds: [cp1], limit: 3 kW}
                  hall: {is: hall, csms: csms, mode: fast, maker: wallace, plugs: 3, share: 25%, wire: can0, from: knob.limit, gap: 3s, who: [cp1]}
                steps:
                  - {send: RemoteStartTransaction, to: hall.row.cp.*}
                  - {send: SetChargingProfile, to: cp1, with: {limit: 30 A}}
                  - {send: RemoteStartTransaction, to: cp1}
                expect:
                  - =max(hall.row.cp.3.current) == 10 A
                  - =hall.row.meter.limit == 6 kW
                  - =max(hall.row.meter.power) > 1 kW
                  - =max(hall.row.module.current) > 10 A
                  - =hall.seen == 6001 W
                  - =hall.row.mine == 1

                """,
            plugin: """
                kinds:
                  hall:
                    settings:
                      csms: {type: node, of: central-system}
                      mode: {type: text, default: slow, one_of: [slow, fast]}
                      maker: {type: text, default: acme}
                      plugs: {type: count, default: 2, min: 1, max: 5}
                      share: {type: percent, default: 50%}
                      ready: {type: flag, default: true}
                      wire: {type: bus}
                      from: {type: signal, of: power}
                      gap: {type: time, default: 2s}
                      who: {type: nodes, of: load}
                    parts:
                      row: {is: row, csms: =csms, mode: =mode, maker: =maker, plugs: =plugs, share: =share, ready: =ready, wire: =wire, from: =from, gap: =gap, who: =who}
                    signals:
                      seen: =row.seen + 1 W
                  row:
                    settings:
                      csms: {type: node, of: central-system}
                      mode: {type: text, one_of: [slow, fast]}
                      maker: {type: text}
                      plugs: {type: count}
                      share: {type: percent}
                      ready: {type: flag}
                      wire: {type: bus}
                      from: {type: signal, of: power}
                      gap: {type: time}
                      who: {type: nodes}
                    parts:
                      cp: {is: charge-point, csms: =csms, count: =plugs, max_current: =40 A * share, vendor: =maker, plugged: =ready, meter_every: =gap}
                      module: {is: charger-module, bus: =wire}
                      meter: {is: grid-meter, feeds: =who, limit: "=if(mode == 'fast', 2 kW, 1 kW) * plugs", every: =gap}
                    signals:
                      seen: =from * 2
                      mine: "=if(ready, 1, 0)"
                """)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations.map(\.sentence)) \(run.outcome.diagnostics)")
        let boots = try run.messages().filter { $0["action"] as? String == "BootNotification" && $0["messageType"] as? String == "CALL" }
        #expect(boots.filter { ($0["payload"] as? [String: Any])?["chargePointVendor"] as? String == "wallace" }.count == 3)
    }

    // MARK: States

    /// A node with the states of its kind, driven by a power.
    private func states(_ states: String, _ values: [(String, String)], length: String = "30s", signals: String = "") throws -> Recorded {
        try Recorded(
            using(length) + knobs + "  box: {is: box, from: knob.limit}\n" + turning(values.map { (time: $0.0, value: $0.1) }),
            plugin: """
                kinds:
                  box:
                    settings: {from: {type: signal, of: power}}
                    signals:
                      double: =from * 2
                \(signals)
                    starts_in: idle
                    states:
                \(states)
                """)
    }

    @Test("a state changes at the instant at which its rule holds; a formula can compare it with its names")
    func stateChanges() throws {
        let run = try states(
            "      idle: [{when: =double > 10 kW, go: busy}]\n      busy: [{when: =from < 2 kW, go: idle}]", [("3s", "6 kW"), ("7s", "3 kW"), ("9s", "1 kW")],
            signals: "      works: =state == 'busy'\n")
        #expect(try run.track("box.state") == ["0 0", "3 1", "9 0"])
        #expect(try run.track("box.works") == ["0 0", "3 1", "9 0"])
    }

    @Test("a rule with lasting waits that long, and begins anew when the condition breaks")
    func lasting() throws {
        let run = try states(
            "      idle: [{when: =from > 5 kW, lasting: 4s, go: busy}]\n      busy: [{when: =from < 5 kW, lasting: 1500ms, go: idle}]",
            [("1s", "6 kW"), ("4s", "1 kW"), ("6s", "6 kW"), ("15s", "1 kW"), ("16s", "6 kW"), ("20s", "1 kW")])
        #expect(try run.track("box.state") == ["0 0", "10 1", "21.5 0"])
    }

    @Test("the first rule that is fulfilled counts, and states can be passed through at one instant")
    func passing() throws {
        let run = try states(
            "      idle: [{when: =from > 5 kW, go: middle}, {when: =from > 1 W, lasting: 20s, go: end}]\n      middle: [{when: =from > 4 kW, go: end}]\n      end: []",
            [("3s", "6 kW")])
        #expect(try run.track("box.state") == ["0 0", "3 2"])
        let slow = try states("      idle: [{when: =from > 1 W, lasting: 20s, go: end}]\n      end: []", [])
        #expect(try slow.track("box.state") == ["0 0", "20 1"])
    }

    @Test("states that go round at one instant end the run with a reason, alone or with another node")
    func circles() throws {
        let alone = try states("      idle: [{when: =from > 5 kW, go: busy}]\n      busy: [{when: =from > 4 kW, go: idle}]", [("3s", "6 kW")])
        #expect(alone.outcome.verdict == .incomplete)
        #expect(alone.outcome.diagnostics.map(\.code) == ["E0704"])
        #expect(alone.outcome.diagnostics.first?.span?.file.path == "p.yaml")
        let derived = try states(
            "      idle: [{when: =from > 5 kW and not works, go: busy}]\n      busy: [{when: =works, go: idle}]", [("3s", "6 kW")],
            signals: "      works: =state == 'busy'\n")
        #expect(derived.outcome.diagnostics.map(\.code) == ["E0704"], "through a derived signal")
        let pair = try Recorded(
            using("10s") + "nodes:\n  pair: {is: pair}\n",
            plugin: """
                kinds:
                  pair:
                    parts:
                      a: {is: follower, from: b.value}
                      b: {is: contrary, from: a.value}
                  follower:
                    settings: {from: {type: signal, of: number}}
                    signals: {value: \"=if(state == 'high', 1, 0)\"}
                    starts_in: low
                    states:
                      low: [{when: =from > 0, go: high}]
                      high: [{when: =from <= 0, go: low}]
                  contrary:
                    settings: {from: {type: signal, of: number}}
                    signals: {value: \"=if(state == 'high', 0, 1)\"}
                    starts_in: low
                    states:
                      low: [{when: =from > 0, go: high}]
                      high: [{when: =from <= 0, go: low}]
                """)
        #expect(pair.outcome.diagnostics.map(\.code) == ["E0704"], "two nodes that drive each other on")
    }

    // MARK: Buses, roles, names

    @Test("a bus inside a kind belongs to each instance alone")
    func privateBuses() throws {
        let run = try Recorded(
            using("20s") + """
                nodes:
                  csms: {is: csms}
                  box: {is: box, csms: csms, count: 2}
                steps:
                  - {send: SetChargingProfile, to: box.1.cp, with: {limit: 30 A}}
                  - {send: RemoteStartTransaction, to: box.1.cp}
                expect: [=max(box.1.module.current) > 20 A, =max(box.2.module.current) == 0 A, =count(box.1.can.current) == 20, =max(box.1.can.current) > 20 A]
                """,
            plugin: """
                kinds:
                  box:
                    settings: {csms: {type: node}}
                    buses:
                      can: {bitrate: 250 kbit/s}
                    parts:
                      cp: {is: charge-point, csms: =csms, bus: can}
                      module: {is: charger-module, bus: can}
                """)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations) \(run.outcome.diagnostics)")
    }

    @Test("a bus that is handed over joins parts with nodes outside")
    func busAsASetting() throws {
        let run = try Recorded(
            using("20s") + """
                nodes:
                  csms: {is: csms}
                  cp: {is: charge-point, csms: csms, bus: can0}
                  box: {is: box, wire: can0}
                steps:
                  - {send: SetChargingProfile, to: cp, with: {limit: 30 A}}
                  - {send: RemoteStartTransaction, to: cp}
                expect: [=max(box.module.current) > 20 A]
                """,
            plugin: """
                kinds:
                  box:
                    settings: {wire: {type: bus}}
                    parts:
                      module: {is: charger-module, bus: =wire}
                """)
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations) \(run.outcome.diagnostics)")
    }

    @Test("two plugins may define one name; the name of the plugin in front says which is meant")
    func qualified() throws {
        func kind(_ amperes: Int) -> String {
            "kinds:\n  box:\n    settings: {csms: {type: node}}\n    parts:\n      cp: {is: charge-point, csms: =csms, max_current: \(amperes) A}\n"
        }
        let run = try Recorded(
            using("20s", uses: "p.yaml, q.yaml") + """
                nodes:
                  csms: {is: csms}
                  a: {is: p/box, csms: csms}
                  b: {is: q/box, csms: csms}
                steps:
                  - {send: RemoteStartTransaction, to: [a.cp, b.cp]}
                expect: [=max(a.cp.current) == 10 A, =max(b.cp.current) == 20 A]
                """, plugin: kind(10), more: ["q.yaml": "evsim: 1\nplugin: q\n" + kind(20)])
        #expect(run.outcome.verdict == .pass)
        let sources = run.outcome.report["sources"]?.array?.compactMap { $0["file"]?.string }
        #expect(sources == ["test.yaml", "p.yaml", "q.yaml"])
        #expect(run.outcome.report["sources"]?.array?.allSatisfy { $0["sha256"]?.string?.utf8.count == 64 } == true)
        #expect(Set(run.outcome.report["sources"]?.array?.compactMap { $0["sha256"]?.string } ?? []).count == 3)
    }

    @Test("a node of ten parts does what the ten parts do when they are written out")
    func equalsItsParts() throws {
        let steps = "steps:\n  - wait: 1s\n  - {send: RemoteStartTransaction, to: %}\n  - wait: 20s\n  - {send: RemoteStopTransaction, to: %}\n"
        let parts = (1...10).map { "{is: charge-point, csms: %, max_current: \(5 + $0) A, meter_every: 1s}" }
        let joined = try Recorded(
            using("40s") + "nodes:\n  csms: {is: csms}\n  box: {is: box, csms: csms}\n"
                + steps.replacingOccurrences(of: "%", with: "[" + (1...10).map { "box.p\($0)" }.joined(separator: ", ") + "]"),
            plugin: "kinds:\n  box:\n    settings: {csms: {type: node}}\n    parts:\n"
                + parts.enumerated().map { "      p\($0.offset + 1): \($0.element.replacingOccurrences(of: "%", with: "=csms"))\n" }.joined())
        let apart = try Recorded(
            using("40s", uses: "") + "nodes:\n  csms: {is: csms}\n"
                + parts.enumerated().map { "  p\($0.offset + 1): \($0.element.replacingOccurrences(of: "%", with: "csms"))\n" }.joined()
                + steps.replacingOccurrences(of: "%", with: "[" + (1...10).map { "p\($0)" }.joined(separator: ", ") + "]"))
        for part in 1...10 {
            for signal in ["current", "power", "energy", "status"] {
                let inside = try joined.track("box.p\(part).\(signal)")
                #expect(inside == (try apart.track("p\(part).\(signal)")), "p\(part).\(signal)")
                #expect(!inside.isEmpty)
            }
        }
        #expect(joined.outcome.events == apart.outcome.events)
    }
}
