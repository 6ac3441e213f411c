import Detection
import Engine
import JSONText
import Quantities

/// Shows scores of detectors as a table for a terminal.
enum ScoreTable {
    /// One row of a table.
    struct Row {
        var detector: String
        var kind: String
        var events: DetectionScores?
        var rows: RowScores?
        /// Mean of VUS-PR over several runs, when there are several.
        var volume: Double?
    }

    static func text(_ rows: [Row], secondColumn: String = "kind") -> String {
        var lines = [["detector", secondColumn, "found", "recall", "precision", "F1", "VUS-PR", "latency p50", "p95", "false/h"]]
        for row in rows {
            let events = row.events
            lines.append([
                row.detector, row.kind, events.map { "\($0.detected)/\($0.labels)" } ?? "–", share(events?.recall), share(events?.precision),
                share(events?.f1), number(row.volume ?? row.rows?.volume.precisionRecall), time(events?.medianLatency), time(events?.p95Latency),
                number(events?.falseAlarmsPerHour),
            ])
        }
        return TextLayout.table(lines)
    }

    static func share(_ value: Double?) -> String { value.map { "\(decimalText(($0 * 1000).rounded() / 10)) %" } ?? "–" }
    static func number(_ value: Double?) -> String { value.map { decimalText(($0 * 1000).rounded() / 1000) } ?? "–" }
    static func time(_ value: Double?) -> String { value.map { Quantity(($0 * 1000).rounded() / 1000, .time).text } ?? "–" }

    /// The members of a verdict for a JSON document.
    static func document(_ verdict: DetectorVerdict) -> JSONValue {
        var members: [(String, JSONValue)] = [("name", .string(verdict.detector))]
        members += ScoreDocument.events(verdict.events)
        members += [("attribution", ScoreDocument.attribution(verdict.attribution)), ("rows", ScoreDocument.rows(verdict.rows))]
        let kinds = verdict.kinds.map { kind in
            JSONValue.object(
                ([("kind", .string(kind.kind))] + ScoreDocument.events(kind.events) + [("rows", ScoreDocument.rows(kind.rows))]).map {
                    JSONValue.Member($0.0, $0.1)
                })
        }
        members.append(("kinds", .array(kinds)))
        return .object(members.map { JSONValue.Member($0.0, $0.1) })
    }
}
