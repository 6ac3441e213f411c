import Foundation
import JSONText
@testable import ScenarioLanguage
import Testing
import YAMLTree

@testable import Commands
@testable import Engine
@testable import Plotting

/// A scenario with every kind of connection.
private let site = """
    evsim: 1
    scenario: site
    about: Everything that can be wired.
    run: {for: 1min}
    nodes:
      csms:    {is: csms}
      backup:  {is: csms}
      cp1:     {is: charge-point, csms: csms, bus: can0, plugged: false}
      cp2:     {is: charge-point, csms: backup, plugged: false}
      fleet:   {is: charge-point, count: 12, csms: backup, plugged: false}
      charger: {is: charger-module, bus: can0}
      car1:    {is: vehicle, at: cp1}
      car2:    {is: vehicle, at: fleet.3}
      drivers: {is: ev-arrivals, to: [cp2, fleet.*], rate: 5 /h}
      meter:   {is: grid-meter, feeds: [cp1, fleet.*]}
    links:
      mobile: {between: [csms, cp1], latency: 100ms, jitter: 400ms}
      wan:    {between: [fleet.2, backup], latency: 20ms}
    detectors:
      swings:   {is: oscillation, watch: can0.current, swing: 20 A, at_least: 4, within: 30s, severity: critical}
      overload: {is: threshold, watch: meter.power, above: 100 kW, severity: high}
      heat:     {is: rule, when: '=avg(charger.current, 10 s) > cp1.limit + 5 A and sum(fleet.*.power) > 1 kW'}
      breach:   {is: all-of, parts: [overload, swings], within: 10s}
    expect: [=max(meter.power) >= 0 W]
    """

private func wiring(_ text: String, path: String = "x.yaml") throws -> Wiring {
    let file = SourceFile(path: path, bytes: Array(text.utf8))
    let result = PluginLibrary.reader(for: file.path).read(file)
    return Wiring(try #require(result.scenario, "\(result.diagnostics)"), BuiltIns.registry)
}

@Suite("The wiring of a scenario")
struct GraphTests {
    @Test("edges follow from the types of settings, with the link between their ends")
    func edges() throws {
        let wiring = try wiring(site)
        func edge(_ from: String, _ to: String) -> Wiring.Edge? { wiring.edges.first { wiring.nodes[$0.from].name == from && wiring.nodes[$0.to].name == to } }
        #expect(edge("cp1", "csms")?.relation == .ocpp && edge("cp1", "csms")?.link?.text == "100 ms + up to 400 ms")
        #expect(edge("fleet", "backup")?.link?.text == "20 ms for some")
        #expect(edge("cp2", "backup")?.link == nil)
        #expect(edge("car2", "fleet")?.relation == .plugged && edge("car2", "fleet")?.target == "fleet.3")
        #expect(edge("drivers", "fleet")?.relation == .arrivals && edge("drivers", "cp2")?.relation == .arrivals)
        #expect(edge("meter", "fleet")?.relation == .feeds && edge("meter", "fleet")?.target == "fleet.*")
        #expect(wiring.edges.count == 9)
    }

    @Test("frames know who sends and who reads them; detectors know where their signals are")
    func frames() throws {
        let wiring = try wiring(site)
        let bus = try #require(wiring.buses.first)
        let current = try #require(bus.frames.first { $0.declaration.name == "current" })
        #expect(current.from == "charger" && current.readers.map { wiring.nodes[$0].name } == ["cp1"] && current.declaration.period == "every 1 s")
        #expect(
            wiring.detectors.map { $0.watches.map(\.signal) } == [["can0.current"], ["meter.power"], ["cp1.limit", "fleet.*.power", "charger.current"], []])
        #expect(wiring.detectors[3].parts == [1, 0])
    }

    @Test("the text is as it was, and fits 80 columns")
    func text() throws {
        let result = evsim("graph", "x.yaml", files: ["x.yaml": site])
        #expect(result.code == .fine, "\(result.errors)")
        try expectGolden(result.output, "graph-site.txt")
        for line in result.output.split(separator: "\n") { #expect(DisplayText.width(String(line)) <= 80, "\(line)") }
    }

    @Test("names that are too long for a line go on in the next one")
    func longNames() throws {
        let long = String(repeating: "x", count: 40)
        let text = site.replacingOccurrences(of: "charger", with: "c\(long)").replacingOccurrences(of: "c\(long)-module", with: "charger-module")
            .replacingOccurrences(of: "overload", with: "o\(long)").replacingOccurrences(of: "swings", with: "s\(long)")
        let result = evsim("graph", "x.yaml", files: ["x.yaml": text])
        #expect(result.code == .fine, "\(result.errors)")
        for line in result.output.split(separator: "\n") { #expect(DisplayText.width(String(line)) <= 80, "\(line)") }
    }

    @Test("JSON holds nodes, edges, buses and detectors")
    func json() throws {
        let json = try JSONValue(parsing: evsim("graph", "x.yaml", "--json", files: ["x.yaml": site]).output)
        #expect(json["nodes"]?.array?.count == 10 && json["edges"]?.array?.count == 9)
        #expect(json["nodes"]?.array?[4]["count"]?.integer == 12)
        #expect(json["edges"]?.array?[0]["link"]?["jitter_s"]?.double == 0.4)
        #expect(json["buses"]?.array?[0]["frames"]?.array?[3]["readers"]?.array?.first?.string == "cp1")
        #expect(json["detectors"]?.array?[3]["joins"]?.array?.count == 2)
    }

    @Test("-o draws a PNG and writes its name; --json with -o still writes JSON; the size is as asked for")
    func picture() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("site.yaml", site)
        let picture = directory.path + "/site.png"
        let result = evsim("graph", file, "-o", picture, "--size", "640x400", "--theme", "dark", "--scale", "2")
        #expect(result.code == .fine && result.output == picture + "\n" && result.errors.contains("% as large as it should be"), "\(result.errors)")
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: picture)))
        #expect(Array(bytes[1..<4]) == Array("PNG".utf8) && Array(bytes[16..<24]) == [0, 0, 5, 0, 0, 0, 3, 0x20])
        #expect(try JSONValue(parsing: evsim("graph", file, "-o", picture, "--json").output)["scenario"]?.string == "site")
        #expect(evsim("graph", file, "-o", directory.path + "/none/site.png").code == .runtime)
        #expect(evsim("graph", file, "-o", "-").code == .usage)
        #expect(evsim("graph", file, "--theme", "dark").code == .usage)
        #expect(evsim("graph", file, "-o", picture, "--size", "10x10").code == .usage)
    }

    @Test("a file that is not valid is told and nothing is drawn")
    func invalid() {
        let result = evsim("graph", "x.yaml", files: ["x.yaml": Sample.invalid])
        #expect(result.code == .invalidFile && result.output.isEmpty && result.errors.contains("E0203"))
    }

    @Test("no two boxes or texts overlap in the picture of any scenario, whichever way it runs", arguments: [Diagram.Direction.down, .right])
    func pictures(direction: Diagram.Direction) throws {
        let scenarios = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../scenarios").standardizedFileURL.path
        let files = (ScenarioFinder.scenarios(below: scenarios) ?? []).map(\.path)
        #expect(files.count > 10)
        for (text, path) in try [(site, "x.yaml")] + files.map({ (try String(contentsOfFile: $0, encoding: .utf8), $0) }) {
            var diagram = WiringDiagram.make(try wiring(text, path: path))
            diagram.direction = direction
            let layout = DiagramLayout(diagram)
            let texts = layout.texts.map { $0.box.inset(by: 0.5) } + layout.labels.map(\.text.box)
            for list in [layout.boxes, texts] {
                for first in list.indices {
                    for second in list.indices.dropFirst(first + 1) where list[first].intersects(list[second]) {
                        Issue.record("\(diagram.title): \(first), \(second)")
                    }
                }
            }
        }
    }

    @Test("parts stand in the frame of their node, and what nothing is joined to is the frame itself")
    func groups() {
        let node = { (name: String, kind: String, group: String?, own: String) in
            Wiring.Node(name: name, kind: kind, roles: kind == "charge-point" ? [.chargePoint] : [], count: 1, isCounted: false, group: group, ownName: own)
        }
        let wiring = Wiring(
            scenario: "cabinet", about: "",
            nodes: [
                node("cab", "dual-gun-cabinet", nil, "cab"), node("cab.left", "charge-point", "cab", "left"), node("cab.right", "charge-point", "cab", "right"),
            ],
            edges: [], buses: [Wiring.Bus(name: "cab.can", bitrate: 500_000, group: "cab", members: [1, 2], frames: [])], detectors: [])
        let diagram = WiringDiagram.make(wiring)
        #expect(diagram.items.map(\.title) == ["left", "right", "can"] && diagram.items.allSatisfy { $0.group == 0 })
        #expect(diagram.groups == [Diagram.Group(title: "cab", detail: "dual-gun-cabinet")])
        #expect(WiringText.text(wiring, width: 80).contains("cab  (dual-gun-cabinet) consists of left, right, cab.can\n"))
    }

    @Test("of many nodes that are wired alike one stands for all; the one that a detector watches stays by itself")
    func collapsed() throws {
        var text = "evsim: 1\nscenario: many\nrun: {for: 1min}\nnodes:\n  csms: {is: csms}\n"
        for number in 1...40 {
            text += "  cp\(number): {is: charge-point, csms: csms, plugged: false}\n  car\(number): {is: vehicle, at: cp\(number)}\n"
        }
        text += "detectors:\n  one: {is: threshold, watch: cp7.power, above: 1 kW}\nexpect: [=max(cp1.power) >= 0 W]\n"
        let whole = try wiring(text)
        let small = whole.collapsed()
        #expect(small.nodes.map(\.title) == ["csms", "cp1 … cp40 × 39", "car1 … car40 × 39", "cp7", "car7"])
        #expect(small.edges.map(\.relation) == [.ocpp, .plugged, .ocpp, .plugged])
        #expect(whole.collapsed(over: 100).nodes.count == 81)
    }
}
