import Detection
import Engine
import JSONText
import Plotting

/// The scores of many runs, by kind of detector and kind of label.
struct DetectorMatrix {
    /// One pair of a detector and a kind of label.
    struct Entry {
        var detector: String
        var kind: String
        var runs = 0
        var events = DetectionScores()
        /// Sum and number of the VUS-PR of the runs that have one.
        var volume = (sum: 0.0, count: 0)

        var meanVolume: Double? { volume.count > 0 ? volume.sum / Double(volume.count) : nil }
        var row: ScoreTable.Row { ScoreTable.Row(detector: detector, kind: kind, events: events, rows: nil, volume: meanVolume) }

        var document: JSONValue {
            .object(
                ([("detector", .string(detector)), ("kind", kind == DetectorMatrix.none ? .null : .string(kind)), ("runs", .integer(Int64(runs)))]
                    + ScoreDocument.events(events) + [("vus_pr", ScoreDocument.number(meanVolume))]).map { JSONValue.Member($0.0, $0.1) })
        }
    }

    /// Stands for runs without labels.
    static let none = "no label"

    /// By detector, then by kind, in the order of their names; runs without labels last.
    let entries: [Entry]

    init(_ outcomes: [DetectorBench.Outcome]) {
        var table: [String: Entry] = [:]
        for outcome in outcomes {
            for (detector, verdict) in zip(outcome.kinds, outcome.detectors) {
                let parts = verdict.kinds.isEmpty ? [(Self.none, verdict.events, nil as RowScores?)] : verdict.kinds.map { ($0.kind, $0.events, $0.rows) }
                for (kind, events, rows) in parts {
                    var entry = table["\(detector)\n\(kind)"] ?? Entry(detector: detector, kind: kind)
                    entry.runs += 1
                    entry.events.add(events)
                    if let volume = rows?.volume.precisionRecall {
                        entry.volume.sum += volume
                        entry.volume.count += 1
                    }
                    table["\(detector)\n\(kind)"] = entry
                }
            }
        }
        entries = table.values.sorted { a, b in
            if a.detector != b.detector { return a.detector < b.detector }
            if (a.kind == Self.none) != (b.kind == Self.none) { return b.kind == Self.none }
            return a.kind < b.kind
        }
    }

    /// The matrix as a picture: recall as colour, precision below it, false alarms of all runs beside it.
    func chart(subtitle: String, isDark: Bool, scale: Double) -> MatrixChart {
        var detectors: [String] = []
        for entry in entries where !detectors.contains(entry.detector) { detectors.append(entry.detector) }
        let kinds = Set(entries.map(\.kind)).subtracting([Self.none]).sorted()
        var margins: [String] = []
        let cells = detectors.map { detector -> [MatrixChart.Cell] in
            let own = entries.filter { $0.detector == detector }
            var all = DetectionScores()
            for entry in own { all.add(entry.events) }
            margins.append(ScoreTable.number(all.falseAlarmsPerHour))
            return kinds.map { kind in
                guard let entry = own.first(where: { $0.kind == kind }), let recall = entry.events.recall else { return MatrixChart.Cell(share: nil, text: "") }
                return MatrixChart.Cell(share: recall, text: Self.percent(recall), note: entry.events.precision.map { "P \(Self.percent($0))" } ?? "no alarm")
            }
        }
        var chart = MatrixChart(title: "Recall of detectors by kind of label", rows: detectors, columns: kinds, cells: cells)
        chart.subtitle = subtitle
        chart.margin = "false alarms/h"
        chart.marginTexts = margins
        chart.legend = "recall from 0 % to 100 %; P: precision"
        chart.theme = isDark ? .dark : .light
        chart.scale = scale
        return chart
    }

    private static func percent(_ value: Double) -> String { "\(Int((value * 100).rounded())) %" }
}
