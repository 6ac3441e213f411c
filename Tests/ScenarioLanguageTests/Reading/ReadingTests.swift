import Quantities
import Testing
import YAMLTree

@testable import ScenarioLanguage

/// What a file means once it is read: values in base units, names as indices.
@Suite("reading scenarios")
struct ReadingTests {
    private func station(_ settings: String) throws -> [SettingValue] {
        try TestRegistry.read(TestRegistry.head + "  s: {is: station, center: c\(settings)}\n").nodes[1].settings
    }

    private func setting(_ name: String, _ settings: String = "") throws -> SettingValue {
        let index = try #require(TestRegistry.registry.kinds[1].settingIndex(name))
        return try station(settings)[index]
    }

    private func number(_ name: String, _ settings: String = "") throws -> Double {
        guard case .number(let value) = try setting(name, settings) else { return .nan }
        return value
    }

    @Test("settings that are not given have their defaults")
    func defaults() throws {
        #expect(try number("limit") == 32)
        #expect(try number("share") == 0.8)
        #expect(try number("plugs") == 1)
        #expect(try number("open") == 1)
        #expect(try number("mode") == 1)
        if case .absent = try setting("tag") {} else { Issue.record("a tag without default") }
        guard case .nodes(let nodes) = try setting("center") else {
            Issue.record("no node")
            return
        }
        #expect(nodes == [0])
    }

    @Test("values are held in base units, whatever unit the file uses")
    func units() throws {
        #expect(try number("limit", ", limit: 16 A") == 16)
        #expect(try number("limit", ", limit: 500mA") == 0.5)
        #expect(try number("limit", ", limit: '=2 A * 3 + 1 A'") == 7)
        #expect(try number("share", ", share: 12.5%") == 0.125)
        #expect(try number("plugs", ", plugs: 0x3") == 3)
        #expect(try number("open", ", open: false") == 0)
        #expect(try number("mode", ", mode: slow") == 0)
        guard case .text(let tag) = try setting("tag", ", tag: '007'") else {
            Issue.record("no text")
            return
        }
        #expect(tag == "007")
    }

    @Test("a ramp is a share, a slope, or immediate")
    func ramps() throws {
        for (text, share, slope) in [("20%", 0.2, nil), ("20 A/s", nil, 20), ("600 A/min", nil, 10), ("immediate", 1, nil)] as [(String, Double?, Double?)] {
            guard case .ramp(let foundShare, let foundSlope) = try setting("ramp", ", ramp: \(text)") else {
                Issue.record("no ramp")
                return
            }
            #expect(foundShare == share && foundSlope == slope, "\(text)")
        }
    }

    @Test("a setting that is drawn stays a formula")
    func formulas() throws {
        guard case .formula(let formula) = try setting("limit", ", limit: '=uniform(6 A, 9 A)'") else {
            Issue.record("no formula")
            return
        }
        #expect(formula.drawCount == 1)
    }

    @Test("run has a length, a seed, a start and a time to boot")
    func run() throws {
        let scenario = try TestRegistry.read(
            "evsim: 1\nscenario: test\nrun: {for: 1min30s, seed: 18446744073709551615, start: 2025-01-06T00:00:00Z, ready_within: 2h}\nnodes:\n  c: {is: center}\n"
        )
        #expect(scenario.run.length == .seconds(90))
        #expect(scenario.run.seed == UInt64.max)
        #expect(scenario.run.epoch == 1_736_121_600)
        #expect(scenario.run.readyWithin == .seconds(7200))
        let plain = try TestRegistry.read(TestRegistry.head, seed: 7)
        #expect(plain.run.seed == 7)
        #expect(plain.run.epoch == 946_684_800)
    }

    @Test(
        "instants are those of the calendar",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00Z", 951_825_600), ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("2199-12-31T23:59:59Z", 7_258_118_399),
        ] as [(String, Int64)])
    func instants(_ text: String, _ seconds: Int64) throws {
        #expect(try TestRegistry.read("evsim: 1\nscenario: t\nrun: {for: 1s, start: \(text)}\nnodes:\n  c: {is: center}\n").run.epoch == seconds)
    }

    @Test(
        "dates that do not exist are refused",
        arguments: ["2100-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01", "2025-01-01T00:00:00+01:00", "1969-12-31T23:59:59Z"])
    func badInstants(_ text: String) {
        #expect(TestRegistry.codes("evsim: 1\nscenario: t\nrun: {for: 1s, start: '\(text)'}\nnodes:\n  c: {is: center}\n") == ["E0310"])
    }

    @Test("counted nodes have instances, groups and signals of their own")
    func counted() throws {
        let scenario = try TestRegistry.read(TestRegistry.head + "  s: {is: station, center: c, count: 3}\n")
        #expect(scenario.symbols.nodes == ["c", "s.1", "s.2", "s.3"])
        #expect(scenario.symbols.nodeSet("s.*") == [1, 2, 3])
        #expect(scenario.symbols.nodeSet("s") == nil)
        #expect(scenario.symbols.isGroup("s"))
        #expect(scenario.symbols.signalSet("s.*.current")?.count == 3)
        #expect(scenario.symbols.signal("s.2.current").map { scenario.symbols.signals[$0].node } == 2)
        let one = try TestRegistry.read(TestRegistry.head + "  s: {is: station, center: c, count: 1}\n")
        #expect(one.symbols.nodes == ["c", "s.1"])
    }

    @Test("a bus that only a node names is there with the frames that the kind brings")
    func impliedBus() throws {
        let scenario = try TestRegistry.read(TestRegistry.head + "  s: {is: station, center: c, bus: can0}\n")
        #expect(scenario.buses.map(\.name) == ["can0"])
        #expect(scenario.buses[0].frames.map(\.name) == ["start", "reading"])
        #expect(scenario.buses[0].frames[0].from == 1)
        #expect(scenario.buses[0].frames[1].every == .seconds(1))
        #expect(scenario.symbols.signal("can0.reading") == scenario.symbols.signal("can0.reading.current"))
        #expect(scenario.symbols.stream("can0.reading") != nil)
    }

    @Test("frames of the file take the place of those that the kind brings")
    func ownFrames() throws {
        let scenario = try TestRegistry.read(
            TestRegistry.head + "  s: {is: station, center: c, bus: can0}\nbuses:\n  can0:\n    bitrate: 250 kbit/s\n    frames:\n"
                + "      reading: {id: 0x18FF50E5, extended: true, from: s, every: 20ms, data: {current: u16 be 0.1 A, volts: {at: 16, bits: 12, scale: 0.5, offset: 10, unit: V}}}\n"
        )
        #expect(scenario.buses[0].bitrate == 250_000)
        let reading = try #require(scenario.buses[0].frames.first { $0.name == "reading" })
        #expect(reading.id == 0x18FF_50E5 && reading.isExtended && reading.length == 4)
        #expect(reading.fields[0].order == .motorola && reading.fields[0].scale == 0.1 && reading.fields[0].startBit == 7)
        #expect(reading.fields[1].bits == 12 && reading.fields[1].scale == 0.5 && reading.fields[1].offset == 10 && reading.fields[1].unit == "V")
        #expect(scenario.symbols.signal("can0.reading") == nil, "two fields: none is the only one")
    }

    @Test("parameters keep the unit of their default, and --set takes their place")
    func parameters() throws {
        let text =
            "evsim: 1\nscenario: t\nparams: {a: {default: 10 A, min: 1 A, max: 20 A, about: amps}, t: 5s, times: 3, yes_no: true}\nrun: {for: 60s}\nnodes:\n  c: {is: center}\n  s: {is: station, center: c, limit: '=a + 1 A'}\n"
            + "steps:\n  - wait: =t * times\n  - when: =times > 2\n    steps: [{wait: 1s}]\nexpect:\n  - =yes_no == 1\n"
        let plain = try TestRegistry.read(text)
        #expect(plain.parameters.map(\.name) == ["a", "t", "times", "yes_no"])
        #expect(plain.parameters.map(\.unit) == ["A", "s", "", ""])
        #expect(plain.parameters[0].about == "amps")
        guard case .wait(.constant(let wait)) = plain.steps[0].action else {
            Issue.record("no wait")
            return
        }
        #expect(wait == .seconds(15))
        let other = try TestRegistry.read(text, overrides: [("a", "5 A"), ("a", "12 A"), ("times", "2")])
        guard case .number(let limit) = other.nodes[1].settings[2] else {
            Issue.record("no limit")
            return
        }
        #expect(limit == 13, "the last --set counts")
    }

    @Test("levels of a detector are in the unit of its signal, its square, or its slope")
    func levels() throws {
        let scenario = try TestRegistry.read(
            TestRegistry.head
                + "  s: {is: station, center: c}\ndetectors:\n  d: {is: high, watch: s.current, above: 2 A, square: 4 A^2, slope: 120 A/min, severity: critical, lasting: 2s, clear: 1 A, only_when: =s.open}\n"
        )
        let detector = scenario.detectors[0]
        let values = detector.settings.map { value -> Double in if case .number(let number) = value { number } else { .nan } }
        #expect(Array(values.dropFirst()) == [2, 4, 2])
        #expect(detector.lifecycle.severity == "critical" && detector.lifecycle.lasting == .seconds(2) && detector.lifecycle.clear == 1)
        #expect(detector.lifecycle.onlyWhen != nil)
    }

    @Test("a flat list of lines becomes one panel for each dimension")
    func panels() throws {
        let scenario = try TestRegistry.read(
            TestRegistry.head
                + "  s: {is: station, center: c, count: 2}\nplots:\n  - {title: T, lines: [s.*.current, s.1.open, s.1.limit, [s.2.limit]], marks: [labels], size: 400x300, scale: 2, theme: dark, window: 5s}\n"
        )
        let plot = scenario.plots[0]
        #expect(plot.panels.map(\.count) == [3, 1, 1])
        #expect(plot.showsLabels && plot.width == 400 && plot.height == 300 && plot.scale == 2 && plot.theme == .dark && plot.window == .seconds(5))
    }

    @Test("sequences are read anew at each call, with numbers and sets of nodes")
    func calls() throws {
        let scenario = try TestRegistry.read(
            TestRegistry.head
                + "  s: {is: station, center: c, count: 3}\nsequences:\n  go: {needs: [who, level], steps: [{send: Start, to: =who, with: {limit: =level}}]}\n"
                + "steps:\n  - {call: go, with: {who: s.*, level: 5 A}}\n  - {call: go, with: {who: '=sample(s.*, 2)', level: '=s.1.current + 1 A'}}\n")
        #expect(scenario.localNodeSets == 1)
        #expect(scenario.symbols.slots == 1)
        guard case .call(let name, let arguments, let steps) = scenario.steps[1].action else {
            Issue.record("no call")
            return
        }
        #expect(name == "go" && arguments.count == 2 && steps.count == 1)
        #expect(scenario.steps.map(\.number) != [0, 0])
    }

    @Test("all mistakes of a file are told at once, in the order of the file")
    func several() {
        let text =
            "evsim: 1\nscenario: t\nrun: {for: 60}\nnodes:\n  c: {is: center}\n  s: {is: station, center: c, limit: 5 kW}\nsteps:\n  - wait: 2\n  - {send: Strat, to: s}\n  - until: =s.curent > 5 A\n"
        #expect(TestRegistry.codes(text) == ["E0311", "E0306", "E0311", "E0407", "E0520"])
    }

    @Test("anchors and aliases stand for what they name")
    func aliases() throws {
        let scenario = try TestRegistry.read(TestRegistry.head + "steps:\n  - &pause {wait: 2s}\n  - *pause\n")
        #expect(scenario.steps.count == 2)
    }

    @Test("every section of the schema has unique keys and a sentence for each")
    func schema() {
        for section in ScenarioSchema.all {
            #expect(Set(section.keys.map(\.name)).count == section.keys.count, "\(section.path)")
            #expect(section.keys.allSatisfy { !$0.about.isEmpty && $0.about.hasSuffix(".") }, "\(section.path)")
        }
    }

    @Test("codes rise, and each page has a title, a text and examples")
    func pages() {
        let codes = LanguageCatalogue.entries.map(\.code)
        #expect(Set(codes).count == codes.count)
        #expect(LanguageCatalogue.entries.allSatisfy { !$0.title.isEmpty && $0.explanation.hasSuffix(".") && !$0.wrong.isEmpty && !$0.right.isEmpty })
    }

    @Test("durations over a hundred years and numbers without end are refused")
    func bounds() {
        for (text, code) in [("101 d", nil), ("36526 d", "E0304"), ("1e30 s", "E0304"), ("0.1 ns", "E0304"), ("-1 s", "E0304"), ("1e999 s", "E0304")]
            as [(String, String?)]
        {
            let found = TestRegistry.codes(TestRegistry.head + "steps:\n  - wait: \(text)\nexpect:\n  - =1 == 1\n").filter { $0.hasPrefix("E") }
            #expect(found == (code.map { [$0] } ?? []), "\(text)")
        }
    }
}
