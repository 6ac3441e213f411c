import Detection
import Quantities

/// The scores of a run by detector and kind of label, as tables of `report.md`.
enum RunScoreTables {
    /// The tables, with their heads; empty without labels.
    static func markdown(_ detectors: [DetectorVerdict]) -> String {
        guard detectors.contains(where: { !$0.kinds.isEmpty }) else { return "" }
        var text = "\n## Scores by kind of label\n\n"
        text += "| detector | kind | labels | found | precision | recall | F1 | median latency | 95 % | false alarms an hour | VUS-PR |\n"
        text += "|---|---|---|---|---|---|---|---|---|---|---|\n"
        for verdict in detectors {
            for kind in verdict.kinds {
                let events = kind.events
                text += "| \(verdict.detector) | \(kind.kind) | \(events.labels) | \(events.detected) | \(percent(events.precision)) "
                text += "| \(percent(events.recall)) | \(percent(events.f1)) | \(time(events.medianLatency)) | \(time(events.p95Latency)) "
                text += "| \(number(events.falseAlarmsPerHour)) | \(number(kind.rows?.volume.precisionRecall)) |\n"
            }
        }
        let rows = detectors.filter { $0.rows != nil }
        guard !rows.isEmpty else { return text }
        text += "\n## Scores by rows\n\nA row is a sample of the detector; it is predicted while an alarm fires.\n\n"
        text += "| detector | rows | point F1 | AUC-ROC | AUC-PR | range F1 | affiliation F1 | VUS-PR | VUS-ROC | ARL0 | ARL1 | alarm time |\n"
        text += "|---|---|---|---|---|---|---|---|---|---|---|---|\n"
        for verdict in rows {
            guard let rows = verdict.rows else { continue }
            text += "| \(verdict.detector) | \(rows.rows) | \(percent(rows.point.f1)) | \(number(rows.point.areaUnderROC)) "
            text += "| \(number(rows.point.averagePrecision)) | \(percent(rows.range.f1)) | \(percent(rows.affiliation.f1)) "
            text += "| \(number(rows.volume.precisionRecall)) | \(number(rows.volume.roc)) | \(number(rows.event.runLengthWithout)) "
            text += "| \(number(rows.event.runLengthWith)) | \(percent(verdict.events.alarmTimeFraction)) |\n"
        }
        return text
    }

    private static func percent(_ value: Double?) -> String { value.map { "\(decimalText(($0 * 1000).rounded() / 10)) %" } ?? "–" }
    private static func number(_ value: Double?) -> String { value.map { decimalText(($0 * 1000).rounded() / 1000) } ?? "–" }
    private static func time(_ value: Double?) -> String { value.map { Quantity(($0 * 1e3).rounded() / 1e3, .time).text } ?? "–" }
}
