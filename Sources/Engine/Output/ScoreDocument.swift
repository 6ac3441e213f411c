public import Detection
public import JSONText
import Quantities

/// Scores as the members of a JSON document, rounded to six decimals: more would only show rounding.
public enum ScoreDocument {
    /// A ratio or a time; `null` when it is undefined.
    public static func number(_ value: Double?) -> JSONValue {
        guard let value, value.isFinite else { return .null }
        return .double((value * 1e6).rounded() / 1e6)
    }

    private static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }

    static func object(_ members: [(String, JSONValue)]) -> JSONValue { .object(members.map { JSONValue.Member($0.0, $0.1) }) }

    /// Scores by labels and episodes.
    public static func events(_ scores: DetectionScores) -> [(String, JSONValue)] {
        [
            ("labels", count(scores.labels)), ("detected", count(scores.detected)), ("missed", count(scores.missed)),
            ("precision", number(scores.precision)), ("recall", number(scores.recall)), ("f1", number(scores.f1)),
            ("latency_s", latency(scores)), ("false_alarms", count(scores.falseAlarms)), ("false_alarms_per_hour", number(scores.falseAlarmsPerHour)),
            ("alarm_time_fraction", number(scores.alarmTimeFraction)),
        ]
    }

    /// The distribution of the latency.
    public static func latency(_ scores: DetectionScores) -> JSONValue {
        object([("p50", number(scores.medianLatency)), ("p95", number(scores.p95Latency)), ("max", number(scores.maximumLatency))])
    }

    /// Scores by rows; `null` when no rows were kept.
    public static func rows(_ scores: RowScores?) -> JSONValue {
        guard let scores else { return .null }
        let (point, event) = (scores.point, scores.event)
        return object([
            ("rows", count(scores.rows)),
            (
                "point",
                object([
                    ("tp", count(point.truePositives)), ("fp", count(point.falsePositives)), ("fn", count(point.falseNegatives)),
                    ("precision", number(point.precision)), ("recall", number(point.recall)), ("f1", number(point.f1)),
                    ("auc_roc", number(point.areaUnderROC)), ("auc_pr", number(point.averagePrecision)),
                ])
            ),
            (
                "event",
                object([
                    ("windows", count(event.windows)), ("windows_hit", count(event.windowsHit)), ("episodes", count(event.episodes)),
                    ("episodes_hit", count(event.episodesHit)), ("precision", number(event.precision)), ("recall", number(event.recall)),
                    ("f1", number(event.f1)), ("arl0", number(event.runLengthWithout)), ("arl1", number(event.runLengthWith)),
                ])
            ),
            ("range", ratios(scores.range.precision, scores.range.recall, scores.range.f1)),
            ("affiliation", ratios(scores.affiliation.precision, scores.affiliation.recall, scores.affiliation.f1)),
            (
                "vus",
                object([("buffer", count(scores.buffer)), ("pr", number(scores.volume.precisionRecall)), ("roc", number(scores.volume.roc))])
            ),
        ])
    }

    private static func ratios(_ precision: Double?, _ recall: Double?, _ f1: Double?) -> JSONValue {
        object([("precision", number(precision)), ("recall", number(recall)), ("f1", number(f1))])
    }

    /// NAB's score of one profile.
    public static func nab(_ result: NABScore.Result) -> JSONValue {
        object([
            ("profile", .string(result.profile.name)), ("score", number(result.normalised)), ("threshold", number(result.threshold)),
            ("raw", number(result.raw)), ("true_rows", count(result.trueRows)), ("false_rows", count(result.falseRows)),
        ])
    }

    /// How often the names in alarms are right.
    public static func attribution(_ attribution: Attribution) -> JSONValue {
        object([("named", count(attribution.named)), ("right", count(attribution.right)), ("share", number(attribution.share))])
    }
}
