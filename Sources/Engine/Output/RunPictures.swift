import Detection
import JSONText
import Plotting
import Quantities
import ScenarioLanguage

/// How the samples of a signal are drawn.
enum PictureStyle: String {
    case area, line, step

    /// Steps for signals that keep their value, lines for measured ones.
    static func of(_ symbol: SignalSymbol) -> PictureStyle { symbol.isHeld ? .step : .line }
}

extension SignalSymbol {
    /// Names of the values 0, 1, 2, … of a state or a flag; empty for numbers.
    var valueNames: [String] { members ?? (isFlag ? ["false", "true"] : []) }
}

/// A picture as data, whether it comes from a run in memory or from the files of one.
struct PictureSpec {
    /// One line.
    struct Line {
        var name: String
        var unit: String
        var style: PictureStyle
        /// Names of the values 0, 1, 2, … of states and flags.
        var names: [String] = []
        var samples: [Sample] = []
    }

    var title: String
    var subtitle: String
    var panels: [[Line]]
    var bands: [Band] = []
    var window: Double?
    var end: Double
    var width: Int
    var height: Int
    var scale: Int
    var isDark: Bool

    /// The PNG; a picture that cannot be drawn becomes an empty chart that says why.
    func render() -> [UInt8] {
        do {
            return try chart().render()
        } catch {
            var fallback = Chart(title: title, panels: [Panel(label: "", series: [])])
            fallback.subtitle = error.description
            return (try? fallback.render()) ?? []
        }
    }

    private func chart() -> Chart {
        var chart = Chart(title: title, panels: panels.enumerated().map { panel($1, isFirst: $0 == 0) })
        chart.subtitle = subtitle
        chart.width = Double(width)
        chart.height = Double(height)
        chart.scale = Double(scale)
        chart.theme = isDark ? .dark : .light
        chart.timeRange = window.map { $0 < end ? .last($0, end: end) : .from(0, to: end) } ?? .from(0, to: end)
        chart.bands = bands
        return chart
    }

    private func panel(_ lines: [Line], isFirst: Bool) -> Panel {
        var hasArea = false
        let shared = lines.first.flatMap { Unit.named($0.unit) }
        let series = lines.map { line -> Plotting.Series in
            var samples = line.samples
            // One panel has one axis: W are drawn as kW when the first line is in kW.
            var unit = line.unit
            if let shared, let own = Unit.named(line.unit), own.symbol != shared.symbol, own.dimension == shared.dimension {
                unit = shared.symbol
                samples = samples.map { Sample(time: $0.time, value: shared.fromBase(own.toBase($0.value))) }
            }
            // A value that is kept is drawn to the end of the run.
            if line.style == .step, let last = samples.last, last.time < end { samples.append(Sample(time: end, value: last.value)) }
            var style: Plotting.Series.Style = line.style == .step ? .step : .line
            if line.style == .line, !hasArea, lines.count <= 4 {
                style = .area
                hasArea = true
            }
            return Plotting.Series(name: line.name, unit: unit, style: style, samples: samples)
        }
        let unit = lines.first?.unit ?? ""
        var panel = Panel(label: label(unit, lines), unit: unit, series: series)
        // States of different kinds have no axis in common.
        if let first = lines.first, lines.allSatisfy({ $0.names == first.names }) { panel.names = first.names }
        return panel
    }

    private func label(_ unit: String, _ lines: [Line]) -> String {
        if let dimension = Unit.named(unit)?.dimension, dimension != .none {
            let name = dimension.name
            return name.prefix(1).uppercased() + name.dropFirst()
        }
        if lines.count == 1, let last = lines[0].name.split(separator: ".").last { return last.replacingUnderscores }
        return "Value"
    }
}

extension Substring {
    /// `turned_away` as `Turned away`.
    fileprivate var replacingUnderscores: String {
        let text = String(map { $0 == "_" ? " " : $0 })
        // Short names are abbreviations: SOC.
        if text.utf8.count <= 3 { return text.uppercased() }
        return text.prefix(1).uppercased() + text.dropFirst()
    }
}

/// Draws the pictures of a run.
enum RunPictures {
    /// A picture from a run in memory.
    static func draw(_ plot: PlotDeclaration, _ simulation: Simulation, _ judge: RunJudge) -> [UInt8] {
        if !plot.latencies.isEmpty { return LatencyPicture.draw(plot, simulation, subtitle: subtitle(of: simulation.scenario)) }
        if let scores = plot.scores { return ScorePicture(plot, scores, simulation, judge, subtitle: subtitle(of: simulation.scenario)).render() }
        let symbols = simulation.scenario.symbols.signals
        var spec = PictureSpec(
            title: plot.title, subtitle: subtitle(of: simulation.scenario), panels: [], window: plot.window?.seconds,
            end: simulation.simulated.seconds, width: plot.width, height: plot.height, scale: plot.scale, isDark: plot.theme == .dark)
        spec.panels = plot.panels.map { panel in
            panel.map { signal in
                let symbol = symbols[signal]
                let unit = Unit.named(symbol.unit)
                var line = PictureSpec.Line(name: symbol.name, unit: symbol.unit, style: .of(symbol), names: symbol.valueNames)
                if let trace = simulation.trace(signal) {
                    trace.flush()
                    line.samples.reserveCapacity(trace.count + 1)
                    for index in 0..<trace.count {
                        line.samples.append(Sample(time: trace.times[index], value: unit?.fromBase(trace.values[index]) ?? trace.values[index]))
                    }
                }
                return line
            }
        }
        if plot.showsLabels { spec.bands += judge.labels.map { labelBand($0.kind, $0.start.seconds, $0.end.seconds) } }
        for (detector, alarm) in judge.alarms where plot.detectors.contains(detector) {
            spec.bands.append(alarmBand(alarm.detector, alarm.start.seconds, alarm.end?.seconds, alarm.severity.name))
        }
        return spec.render()
    }

    private static func subtitle(of scenario: Scenario) -> String { subtitle(scenario.name, seed: String(scenario.run.seed)) }

    private static func subtitle(_ scenario: String, seed: String) -> String { "\(scenario) · seed \(seed)" }

    private static func labelBand(_ kind: String, _ start: Double, _ end: Double) -> Band { Band(name: kind, start: start, end: end, kind: .label) }

    private static func alarmBand(_ detector: String, _ start: Double, _ end: Double?, _ severity: String) -> Band {
        let level: Band.Severity
        switch severity {
        case "low": level = .low
        case "high": level = .high
        case "critical": level = .critical
        default: level = .medium
        }
        return Band(name: detector, start: start, end: end, kind: .alarm(level))
    }

    // MARK: From files

    static func redraw(_ directory: String, only: Int?, output: String?) throws(RunFailure) -> [String] {
        let report = try readReport(directory)
        let plots = report["plots"]?.array ?? []
        guard !plots.isEmpty else { throw failure("\(directory)/report.json: the run has no plots") }
        if let only, !(1...plots.count).contains(only) { throw failure("the run has \(plots.count) plots, there is no number \(only)") }
        if output != nil, only == nil, plots.count > 1 { throw failure("the run has \(plots.count) plots; name one to write it to a file of its own") }
        let tables = try RunTables(directory, signals: signals(of: plots))
        var written: [String] = []
        for (number, plot) in plots.enumerated() where only == nil || only == number + 1 {
            let subtitle = subtitle(report["scenario"]?.string ?? "", seed: report["seed"]?.string ?? "")
            let picture =
                plot["scores"] != nil
                ? ScorePicture(plot, report, tables, subtitle: subtitle).render()
                : plot["latencies"] == nil ? spec(plot, report, tables).render() : LatencyPicture.redraw(plot, subtitle: subtitle)
            let name = output ?? "\(directory)/plots/\(RunDirectory.pictureName(number, plot["title"]?.string ?? ""))"
            do {
                if output == nil { try RunDirectory.makeDirectories("\(directory)/plots") }
                try RunDirectory.write(picture, to: name)
            } catch {
                throw failure("\(error.path): \(error.reason)")
            }
            written.append(name)
        }
        return written
    }

    private static func failure(_ message: String) -> RunFailure { RunFailure(code: .cannotWrite, message: message, span: nil, time: nil) }

    private static func readReport(_ directory: String) throws(RunFailure) -> JSONValue {
        let path = "\(directory)/report.json"
        guard let bytes = RunTables.read(path) else { throw failure("\(path) cannot be read: is '\(directory)' the directory of a run?") }
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw failure("\(path) is no report: \(error.description)")
        }
    }

    private static func signals(of plots: [JSONValue]) -> [String] {
        plots.flatMap { plot in (plot["panels"]?.array ?? []).flatMap { panel in (panel.array ?? []).compactMap { $0["signal"]?.string } } }
    }

    private static func spec(_ plot: JSONValue, _ report: JSONValue, _ tables: RunTables) -> PictureSpec {
        func number(_ key: String, _ fallback: Int) -> Int { plot[key]?.integer.map { Int($0) } ?? fallback }
        var spec = PictureSpec(
            title: plot["title"]?.string ?? "", subtitle: subtitle(report["scenario"]?.string ?? "", seed: report["seed"]?.string ?? ""), panels: [],
            window: plot["window_s"]?.double, end: report["simulated_s"]?.double ?? 0, width: number("width", 1200), height: number("height", 600),
            scale: number("scale", 1),
            isDark: plot["theme"]?.string == "dark")
        spec.panels = (plot["panels"]?.array ?? []).map { panel in
            (panel.array ?? []).map { line in
                let name = line["signal"]?.string ?? ""
                return PictureSpec.Line(
                    name: name, unit: line["unit"]?.string ?? "", style: PictureStyle(rawValue: line["style"]?.string ?? "") ?? .line,
                    names: (line["names"]?.array ?? []).compactMap(\.string), samples: tables.samples[name] ?? [])
            }
        }
        if plot["labels"]?.bool == true {
            for label in report["labels"]?.array ?? [] {
                spec.bands.append(labelBand(label["kind"]?.string ?? "", label["start_s"]?.double ?? 0, label["end_s"]?.double ?? 0))
            }
        }
        let wanted = (plot["detectors"]?.array ?? []).compactMap(\.string)
        for alarm in tables.alarms where wanted.contains(alarm.detector) {
            spec.bands.append(alarmBand(alarm.detector, alarm.start, alarm.end, alarm.severity))
        }
        return spec
    }
}
