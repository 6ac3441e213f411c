import Detection
import JSONText
import Plotting
import Quantities
import ScenarioLanguage

/// Pictures of what detectors made of a run: `scores` of a plot.
struct ScorePicture {
    /// What is known of one detector.
    private struct Detected {
        var name: String
        var severity: Band.Severity
        var note: String
        var alarms: [(start: Double, end: Double?)]
        /// Ascending, in seconds.
        var latencies: [Double]
        var missed: Int
    }

    private let kind: PlotDeclaration.Scores
    private let title: String
    private let subtitle: String
    private var labels: [(kind: String, start: Double, end: Double)] = []
    private var detectors: [Detected] = []
    private var end: Double
    private var window: Double?
    private var size = (width: 1200.0, height: 600.0, scale: 1.0)
    private var isDark: Bool

    /// A picture from a run in memory.
    init(_ plot: PlotDeclaration, _ kind: PlotDeclaration.Scores, _ simulation: Simulation, _ judge: RunJudge, subtitle: String) {
        self.kind = kind
        title = plot.title
        self.subtitle = subtitle
        labels = judge.labels.map { ($0.kind, $0.start.seconds, $0.end.seconds) }
        let shown = plot.detectors.isEmpty ? Array(simulation.scenario.detectors.indices) : plot.detectors
        for index in shown {
            let events = judge.detectors[index].events
            let alarms = judge.alarms.filter { $0.detector == index }.map { (start: $0.alarm.start.seconds, end: $0.alarm.end?.seconds) }
            detectors.append(
                Detected(
                    name: simulation.scenario.detectors[index].name, severity: Self.severity(simulation.scenario.detectors[index].lifecycle.severity),
                    note: Self.note(labels: events.labels, missed: events.missed, falseAlarms: events.falseAlarms), alarms: alarms,
                    latencies: events.detectedLatencies, missed: events.missed))
        }
        end = simulation.simulated.seconds
        window = plot.window?.seconds
        size = (Double(plot.width), Double(plot.height), Double(plot.scale))
        isDark = plot.theme == .dark
    }

    /// A picture from the files of a run.
    init(_ plot: JSONValue, _ report: JSONValue, _ tables: RunTables, subtitle: String) {
        kind = PlotDeclaration.Scores(rawValue: plot["scores"]?.string ?? "") ?? .timeline
        title = plot["title"]?.string ?? ""
        self.subtitle = subtitle
        labels = (report["labels"]?.array ?? []).map { ($0["kind"]?.string ?? "", $0["start_s"]?.double ?? 0, $0["end_s"]?.double ?? 0) }
        let latencies = plot["latencies_s"]?.array ?? []
        for (place, name) in (plot["detectors"]?.array ?? []).compactMap(\.string).enumerated() {
            guard let own = report["detectors"]?.array?.first(where: { $0["name"]?.string == name }) else { continue }
            let missed = Int(own["missed"]?.integer ?? 0)
            detectors.append(
                Detected(
                    name: name, severity: Self.severity(own["severity"]?.string ?? ""),
                    note: Self.note(labels: labels.count, missed: missed, falseAlarms: Int(own["false_alarms"]?.integer ?? 0)),
                    alarms: tables.alarms.filter { $0.detector == name }.map { ($0.start, $0.end) },
                    latencies: latencies.indices.contains(place) ? (latencies[place].array ?? []).compactMap(\.double) : [], missed: missed))
        }
        end = report["simulated_s"]?.double ?? 0
        window = plot["window_s"]?.double
        func number(_ key: String, _ fallback: Double) -> Double { plot[key]?.integer.map { Double($0) } ?? fallback }
        size = (number("width", 1200), number("height", 600), number("scale", 1))
        isDark = plot["theme"]?.string == "dark"
    }

    private static func severity(_ name: String) -> Band.Severity {
        switch name {
        case "low": .low
        case "high": .high
        case "critical": .critical
        default: .medium
        }
    }

    /// `3 of 4, 1 false`.
    private static func note(labels: Int, missed: Int, falseAlarms: Int) -> String {
        let wrong = falseAlarms > 0 ? "\(falseAlarms) false" : ""
        guard labels > 0 else { return falseAlarms == 0 ? "silent" : wrong }
        return "\(labels - missed) of \(labels)" + (wrong.isEmpty ? "" : ", " + wrong)
    }

    func render() -> [UInt8] { kind == .timeline ? timeline : latency }

    private var timeline: [UInt8] {
        var lanes: [TimelineChart.Lane] = []
        for label in labels {
            if let place = lanes.firstIndex(where: { $0.name == label.kind }) {
                lanes[place].intervals.append((label.start, label.end))
            } else {
                lanes.append(TimelineChart.Lane(name: label.kind, kind: .label, intervals: [(label.start, label.end)]))
            }
        }
        lanes += detectors.map { TimelineChart.Lane(name: $0.name, note: $0.note, kind: .alarm($0.severity), intervals: $0.alarms) }
        let from = window.map { max(0, end - $0) } ?? 0
        var chart = TimelineChart(title: title, lanes: lanes, range: (from, max(end, from + 1e-9)))
        chart.subtitle = subtitle
        (chart.width, chart.height, chart.scale) = size
        chart.theme = isDark ? .dark : .light
        return (try? chart.render()) ?? []
    }

    /// How long each detector took, from the first evidence to its alarm.
    private var latency: [UInt8] {
        let rows = detectors.map { detector -> DistributionChart.Row in
            var bins: [DistributionChart.Row.Bin] = []
            for value in detector.latencies {
                // An eighth of an octave around each value, as wide as a histogram can be read.
                let (from, to) = value > 0 ? Self.bin(value) : (0, 0)
                if bins.last?.from == from, bins.last?.to == to { bins[bins.count - 1].count += 1 } else { bins.append(.init(from: from, to: to, count: 1)) }
            }
            let quantiles = [0.5, 0.9, 0.99].compactMap { Scores.quantile($0, ofSorted: detector.latencies) } + [detector.latencies.last].compactMap { $0 }
            let found = "\(detector.latencies.count) found" + (detector.missed > 0 ? ", \(detector.missed) missed" : "")
            return DistributionChart.Row(name: detector.name, note: found, bins: bins, values: quantiles)
        }
        var chart = DistributionChart(title: title, rows: rows)
        chart.subtitle = subtitle
        (chart.width, chart.height, chart.scale) = size
        chart.theme = isDark ? .dark : .light
        chart.axis = "Time from the first evidence to the alarm"
        chart.emptyText = "there are no detectors"
        chart.zeroText = "every alarm came with the first evidence, or none came"
        return (try? chart.render()) ?? []
    }

    /// The octave's eighth that a time lies in, from exact powers of two and steps between them.
    private static func bin(_ value: Double) -> (Double, Double) {
        var low = 1.0
        while low > value, low > 1e-12 { low /= 2 }
        while low * 2 <= value, low < 1e12 { low *= 2 }
        let part = ((value / low - 1) * 8).rounded(.down)
        return (low * (1 + part / 8), low * (1 + (part + 1) / 8))
    }
}
