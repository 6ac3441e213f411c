import JSONText
import Plotting
import Quantities
import ScenarioLanguage

/// Pictures of how long answers took: `latencies` of a plot.
enum LatencyPicture {
    /// The rows of a plot; of `ocpp.*` those that were answered.
    static func rows(_ plot: PlotDeclaration, _ simulation: Simulation) -> [DistributionChart.Row] {
        let symbols = simulation.scenario.symbols
        let isAll = plot.latencies.count >= symbols.actions.count
        return plot.latencies.compactMap { stream in
            let latency = simulation.links.latency(ofStream: stream)
            if isAll, latency.count == 0 { return nil }
            let name = symbols.streamName(stream)
            let values = latency.count == 0 ? [] : [0.5, 0.9, 0.99].compactMap { latency.quantile($0)?.seconds } + [latency.greatest.seconds]
            let bins = latency.bins.map { DistributionChart.Row.Bin(from: $0.from.seconds, to: $0.to.seconds, count: Double($0.count)) }
            return DistributionChart.Row(
                name: name.hasPrefix("ocpp.") ? String(name.dropFirst(5)) : name, note: note(simulation.links.calls(ofStream: stream), latency.count),
                bins: bins,
                values: values)
        }
    }

    /// `24 calls, 2 unanswered`.
    private static func note(_ calls: UInt64, _ answers: UInt64) -> String {
        let lost = calls > answers ? ", \(calls - answers) unanswered" : ""
        return "\(calls) call\(calls == 1 ? "" : "s")\(lost)"
    }

    static func draw(_ plot: PlotDeclaration, _ simulation: Simulation, subtitle: String) -> [UInt8] {
        var chart = DistributionChart(title: plot.title, rows: rows(plot, simulation))
        chart.subtitle = subtitle
        chart.width = Double(plot.width)
        chart.height = Double(plot.height)
        chart.scale = Double(plot.scale)
        chart.theme = plot.theme == .dark ? .dark : .light
        return render(chart)
    }

    /// The picture from the report of a run.
    static func redraw(_ plot: JSONValue, subtitle: String) -> [UInt8] {
        func number(_ key: String, _ fallback: Int64) -> Double { Double(plot[key]?.integer ?? fallback) }
        let rows = (plot["latencies"]?.array ?? []).map { row in
            DistributionChart.Row(
                name: row["name"]?.string ?? "", note: row["note"]?.string ?? "",
                bins: (row["bins_s"]?.array ?? []).compactMap { bin in
                    guard let parts = bin.array, parts.count == 3, let from = parts[0].double, let to = parts[1].double, let count = parts[2].double else {
                        return nil
                    }
                    return DistributionChart.Row.Bin(from: from, to: to, count: count)
                }, values: (row["values_s"]?.array ?? []).compactMap(\.double))
        }
        var chart = DistributionChart(title: plot["title"]?.string ?? "", rows: rows)
        chart.subtitle = subtitle
        chart.width = number("width", 1200)
        chart.height = number("height", 600)
        chart.scale = number("scale", 1)
        chart.theme = plot["theme"]?.string == "dark" ? .dark : .light
        return render(chart)
    }

    private static func render(_ chart: DistributionChart) -> [UInt8] {
        var chart = chart
        chart.axis = "Time from call to answer"
        chart.emptyText = "no call was answered"
        chart.zeroText = "every answer came at the instant of its call"
        return (try? chart.render()) ?? []
    }
}
