import Engine
import JSONText
import Quantities
import ScenarioLanguage
import YAMLTree

/// `evsim describe FILE`: what a scenario is made of and how it is wired.
struct ScenarioPage {
    private let scenario: Scenario
    private var kinds: [KindManifest] { scenario.kinds }
    private let detectorKinds = BuiltIns.registry.detectors

    private let wiring: Wiring

    init(_ scenario: Scenario) {
        self.scenario = scenario
        wiring = Wiring(scenario, BuiltIns.registry)
    }

    /// One row of a table: its cells with their names in JSON.
    private typealias Row = [(key: String, text: String)]

    // MARK: Facts

    private var nodes: [Row] {
        scenario.nodes.map { node in
            let wires = zip(kinds[node.kind].settings, node.settings).compactMap { setting, value in wire(setting, value) }
            return [
                ("name", node.isCounted ? "\(node.name).1 … \(node.name).\(node.count)" : node.name), ("kind", kinds[node.kind].name),
                ("wired_to", wires.joined(separator: ", ")),
            ]
        }
    }

    /// `csms: csms1` for a setting that names other nodes or a bus.
    private func wire(_ setting: SettingManifest, _ value: SettingValue) -> String? {
        switch value {
        case .nodes(let instances): "\(setting.name): \(names(instances))"
        case .bus(let bus): "\(setting.name): \(scenario.buses[bus].name)"
        case .signals(let signals): "\(setting.name): \(signals.map { scenario.symbols.signals[$0].name }.joined(separator: ", "))"
        default: nil
        }
    }

    private func names(_ instances: [Int]) -> String { Wiring.names(instances, scenario) }

    private func frames(_ bus: Wiring.Bus) -> [Row] {
        bus.frames.map { use in
            let frame = use.declaration
            let when = frame.every == nil ? frame.period : "\(frame.period) from \(Quantity(frame.phase.seconds, .time).text) on"
            let fields = frame.fields.map { "\($0.name) (\($0.bits) bit\($0.unit.isEmpty ? "" : ", \($0.unit)"))" }.joined(separator: ", ")
            return [
                ("name", frame.name), ("id", frame.identifier), ("from", use.from.isEmpty ? "nobody" : use.from), ("when", when),
                ("data", fields.isEmpty ? "no data" : fields),
            ]
        }
    }

    /// Signals that nodes publish; of a counted node those of its first instance stand for all.
    private var signals: [Row] {
        scenario.symbols.signals.compactMap { signal -> Row? in
            var name = signal.name
            if let instance = signal.node {
                let node = scenario.nodes[scenario.symbols.declarationOfNode[instance]]
                guard instance == node.firstInstance else { return nil }
                if node.isCounted { name = "\(node.name).*" + name.dropFirst(scenario.symbols.nodes[instance].count) }
            }
            let type = signal.isFlag ? "true or false" : signal.members?.joined(separator: " | ") ?? signal.dimension.name
            return [("name", name), ("unit", signal.unit), ("type", type)]
        }
    }

    private var detectors: [Row] {
        scenario.detectors.map { detector in
            let kind = detectorKinds[detector.kind]
            var wires: [String] = []
            for (setting, value) in zip(kind.settings, detector.settings) {
                if case .detectors(let parts) = value { wires.append("\(setting.name): \(parts.map { scenario.detectors[$0].name }.joined(separator: ", "))") }
                if case .formula(let formula) = value { wires.append("\(setting.name): =\(formula.source)") }
                if let wire = wire(setting, value) { wires.append(wire) }
            }
            return [("name", detector.name), ("kind", kind.name), ("severity", detector.lifecycle.severity), ("watches", wires.joined(separator: ", "))]
        }
    }

    private var parameters: [Row] {
        scenario.parameters.map { parameter in
            let value = Unit.named(parameter.unit).map { parameter.value.text(in: $0) } ?? parameter.value.text
            return [("name", parameter.name), ("value", value), ("about", parameter.about)]
        }
    }

    private var links: [Row] {
        scenario.links.map { link in
            let times = link.summary
            return [("name", link.name), ("between", "\(names(link.between.0)) and \(names(link.between.1))"), ("times", times)]
        }
    }

    private var expectations: [Row] {
        let formulas = scenario.expectations.map { (span: $0.span, row: [("that", "=" + $0.formula.source), ("because", $0.because ?? "")]) }
        let messages = scenario.exchanges.map { (span: $0.span, row: [("that", $0.text), ("because", $0.because ?? "")]) }
        return (formulas + messages).sorted { ($0.span.line, $0.span.column) < ($1.span.line, $1.span.column) }.map(\.row)
    }

    /// DBC files of buses, with a row for each thing that does not mean the same here.
    private var databases: [Row] {
        scenario.buses.flatMap { bus in
            bus.databases.flatMap { database -> [Row] in
                let head: Row = [("bus", bus.name), ("file", database.path), ("note", TextLayout.count(database.messages, "message"))]
                return [head] + database.notes.map { [("bus", bus.name), ("file", database.path), ("note", $0)] }
            }
        }
    }

    private var sections: [(key: String, title: String, rows: [Row])] {
        var sections = [("params", "parameters", parameters), ("nodes", "nodes", nodes), ("links", "links", links)]
        sections.append(("databases", "databases", databases))
        sections += wiring.buses.map { ("bus \($0.name)", "bus \($0.name), \(Quantity($0.bitrate, .dataRate).text)", frames($0)) }
        sections += [("signals", "signals", signals), ("detectors", "detectors", detectors), ("expect", "expected", expectations)]
        sections.append(("plots", "plots", scenario.plots.map { [("title", $0.title), ("size", "\($0.width)x\($0.height)")] }))
        return sections.map { (key: $0.0, title: $0.1, rows: $0.2) }
    }

    // MARK: Pages

    /// The page for people.
    func text(_ console: Console) -> String {
        var text = console.paint(scenario.name, .bold, on: console.output) + "\n"
        if !scenario.about.isEmpty {
            text += TextLayout.wrap(DisplayText.visible(scenario.about), width: max(60, min(console.output.columns, 110))).map { "\($0)\n" }.joined()
        }
        text +=
            "\nruns for \(Quantity(scenario.run.length.seconds, .time).text), seed \(scenario.run.seed), \(TextLayout.count(stepCount(scenario.steps), "step"))\n"
        for section in sections where !section.rows.isEmpty {
            text += "\n" + console.paint(section.title, .bold, on: console.output) + "\n"
            text += TextLayout.table(section.rows.map { row in row.map { DisplayText.visible($0.text) } })
        }
        return text
    }

    /// The page for programs.
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            JSONValue.Member("scenario", .string(scenario.name)), JSONValue.Member("about", .string(scenario.about)),
            JSONValue.Member("for_s", .number(scenario.run.length.secondsText)), JSONValue.Member("seed", .string(String(scenario.run.seed))),
            JSONValue.Member("steps", .integer(Int64(stepCount(scenario.steps)))),
        ]
        var buses: [JSONValue] = []
        for section in sections {
            let rows = JSONValue.array(section.rows.map { row in .object(row.map { JSONValue.Member($0.key, .string($0.text)) }) })
            if section.key.hasPrefix("bus ") {
                buses.append(["name": .string(String(section.key.dropFirst(4))), "frames": rows])
            } else {
                members.append(JSONValue.Member(section.key, rows))
            }
        }
        members.append(JSONValue.Member("buses", .array(buses)))
        return .object(members)
    }

    /// Steps with those inside of others.
    private func stepCount(_ steps: [Step]) -> Int {
        steps.reduce(0) { count, step in
            switch step.action {
            case .repeatSteps(_, let inner): count + 1 + stepCount(inner)
            case .call(_, _, let inner): count + 1 + stepCount(inner)
            case .parallel(let tracks): count + 1 + tracks.reduce(0) { $0 + stepCount($1.steps) }
            case .when(_, let then, let otherwise): count + 1 + stepCount(then) + stepCount(otherwise)
            default: count + 1
            }
        }
    }
}
