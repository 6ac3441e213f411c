import Detection
import Engine
import Quantities

/// Alarms and scores of detectors that were made elsewhere, with their labels, on one clock.
struct ScoreSet {
    /// One alarm.
    private struct OutsideAlarm {
        var detector: String
        var start: Int64
        var end: Int64?
        var score: Double
        var blame: String
    }

    /// The rows of one detector.
    private struct OutsideRows {
        var instants: [Int64] = []
        var scores: [Double] = []
        var isPredicted: [Bool] = []
        var kinds: [String?] = []
    }

    private static let most = 50_000_000

    private let labels: LabelTable?
    private let buffer: Int?
    private var names: [String] = []
    private var alarms: [OutsideAlarm] = []
    private var rows: [String: OutsideRows] = [:]
    private var hasAlarms = false
    private var rowsHaveLabels = false
    /// Whether the rows have ascending times; else they count as seconds.
    private var rowsHaveTimes = false
    private var count = 0

    init(labels: LabelTable?, buffer: Int?) {
        self.labels = labels
        self.buffer = buffer
    }

    private mutating func note(_ name: String) { if !names.contains(name) { names.append(name) } }

    // MARK: Reading

    mutating func readAlarms(_ table: TableReader) throws(TableError) {
        hasAlarms = true
        guard let start = table.column(["start_s", "start", "begin", "from", "start_time", "time", "timestamp", "t"]) else {
            throw TableError(message: "a table of alarms has the columns start and end; this one has \(table.header.prefix(12).joined(separator: ", "))")
        }
        let end = table.column(["end_s", "end", "to", "stop", "end_time"])
        let detector = table.column(["detector", "name", "rule"])
        let (score, blame) = (table.column(["score"]), table.column(["blame"]))
        var format: TableTime?
        while try table.next() {
            guard alarms.count < Self.most else { throw TableError(message: "more than \(Self.most) alarms", line: table.line) }
            if format == nil { format = TableTime.guess(name: table.header[start], value: table.text(start)) }
            guard let format, let from = format.nanoseconds(table.text(start)) else {
                throw TableError(message: "'\(table.text(start))' is no time", line: table.line)
            }
            // Without a column for the end an alarm is an instant; an empty end lasts.
            var to: Int64? = end == nil ? from + 1 : nil
            if let end, !table.isEmpty(end) {
                guard let value = format.nanoseconds(table.text(end)), value >= from else {
                    throw TableError(message: "'\(table.text(end))' is no time behind the start", line: table.line)
                }
                to = value
            }
            let name = detector.map { table.text($0) } ?? "alarms"
            note(name)
            alarms.append(
                OutsideAlarm(detector: name, start: from, end: to, score: score.flatMap { table.number($0) } ?? 1, blame: blame.map { table.text($0) } ?? ""))
        }
        if names.isEmpty { note("alarms") }
    }

    mutating func readRows(_ table: TableReader, threshold: Double) throws(TableError) {
        guard let score = table.column(["score", "anomaly_score", "scores"]) else {
            throw TableError(message: "a table of rows has the column score; this one has \(table.header.prefix(12).joined(separator: ", "))")
        }
        let time = table.column(["time_s", "time", "timestamp", "t", "date"])
        let detector = table.column(["detector"])
        let alarm = table.column(["alarm", "prediction", "predicted", "is_predicted"])
        let label = labels == nil ? table.column(LabelTable.flagColumns) : nil
        guard label != nil || labels != nil else { throw TableError(message: "rows have no column label, and there is no --labels") }
        rowsHaveLabels = label != nil || labels?.isByRow == true
        var format: TableTime?
        rowsHaveTimes = time != nil
        while try table.next() {
            guard count < Self.most else { throw TableError(message: "more than \(Self.most) rows", line: table.line) }
            count += 1
            let name = detector.map { table.text($0) } ?? "rows"
            note(name)
            guard let value = table.number(score) else { throw TableError(message: "'\(table.text(score))' is no score", line: table.line) }
            var own = rows.removeValue(forKey: name) ?? OutsideRows()
            if let time {
                if format == nil { format = TableTime.guess(name: table.header[time], value: table.text(time)) }
                guard let instant = format?.nanoseconds(table.text(time)) else {
                    throw TableError(message: "'\(table.text(time))' is no time", line: table.line)
                }
                if let last = own.instants.last, instant <= last { rowsHaveTimes = false }
                own.instants.append(instant)
            }
            own.isPredicted.append(alarm.map { LabelTable.kind(ofFlag: table.text($0)) != nil } ?? (value >= threshold))
            own.scores.append(value)
            if let label {
                own.kinds.append(LabelTable.kind(ofFlag: table.text(label)))
            } else if let labels, labels.isByRow {
                let row = own.scores.count - 1
                guard labels.rows.indices.contains(row) else {
                    throw TableError(message: "there are \(labels.rows.count) labels, and more rows", line: table.line)
                }
                own.kinds.append(labels.rows[row])
            }
            rows[name] = own
        }
        guard rowsHaveTimes || rowsHaveLabels else { throw TableError(message: "with intervals as labels, rows need ascending times") }
    }

    /// A result file of NAB as it is scored.
    static func nabFile(_ table: TableReader, windows: LabelTable?) throws(TableError) -> NABScore.File {
        guard let score = table.column(["anomaly_score", "score"]) else { throw TableError(message: "a result file of NAB has the column anomaly_score") }
        let time = table.column(["timestamp", "time"])
        let label = table.column(["label"])
        guard windows != nil || label != nil else { throw TableError(message: "a result file of NAB has the column label, or --labels gives the windows") }
        var (scores, flags, instants): ([Double], [Bool], [Int64]) = ([], [], [])
        while try table.next() {
            guard scores.count < most else { throw TableError(message: "more than \(most) rows", line: table.line) }
            guard let value = table.number(score) else { throw TableError(message: "'\(table.text(score))' is no score", line: table.line) }
            scores.append(value)
            if windows == nil, let label { flags.append(LabelTable.kind(ofFlag: table.text(label)) != nil) }
            if windows != nil {
                guard let time, let instant = TableTime.date.nanoseconds(table.text(time)) else {
                    throw TableError(message: "windows need the column timestamp with dates", line: table.line)
                }
                instants.append(instant)
            }
        }
        guard let windows else { return NABScore.File(scores: scores, windows: RowRuns.runs(flags)) }
        let runs = windows.intervals.compactMap { interval -> ClosedRange<Int>? in
            guard let first = instants.firstIndex(where: { $0 >= interval.start }), let last = instants.lastIndex(where: { $0 < interval.end }), first <= last
            else { return nil }
            return first...last
        }
        return NABScore.File(scores: scores, windows: runs)
    }

    // MARK: Scoring

    /// The verdict on each detector.
    func verdicts(end given: Int64?) -> [DetectorVerdict] {
        let usesTimes = rowsHaveTimes
        var times = alarms.flatMap { [$0.start, $0.end ?? $0.start] } + (labels?.intervals ?? []).flatMap { [$0.start, $0.end] }
        if usesTimes { for own in rows.values { times += [own.instants.first, own.instants.last].compactMap { $0 } } }
        // Clocks that count from 0 begin there, others with the first time.
        let least = times.min() ?? 0
        let origin = least > 100_000_000 * 1_000_000_000 || least < 0 ? least : 0
        var end = given ?? times.max() ?? origin
        return names.map { name in
            let own = rows[name]
            var instants: [Int64] = []
            if let own { instants = usesTimes ? own.instants : own.scores.indices.map { Int64($0) * 1_000_000_000 } }
            // The last row lasts as long as the one before.
            let step = instants.count > 1 ? instants[instants.count - 1] - instants[instants.count - 2] : 1_000_000_000
            let afterRows = (instants.last ?? 0) + step
            let start = own != nil && !usesTimes ? 0 : origin
            if own != nil, given == nil { end = own != nil && !usesTimes && !hasAlarms ? afterRows : max(end, afterRows) }
            func instant(_ value: Int64) -> Instant { Instant(nanoseconds: value.subtractingReportingOverflow(start).partialValue) }
            func stretches<Value: Equatable>(_ values: [Value], where isWanted: (Value) -> Bool) -> [(from: Int64, to: Int64, value: Value)] {
                var result: [(from: Int64, to: Int64, value: Value)] = []
                for (row, value) in values.enumerated() where isWanted(value) {
                    let to = row + 1 < instants.count ? instants[row + 1] : afterRows
                    if let last = result.last, last.to == instants[row], last.value == value {
                        result[result.count - 1].to = to
                    } else {
                        result.append((instants[row], to, value))
                    }
                }
                return result
            }
            var truth = labels.map { $0.labels(origin: start) } ?? []
            var fired = alarms.filter { $0.detector == name }.map { alarm in
                Alarm(
                    start: instant(alarm.start), end: alarm.end.map { instant($0) }, detector: name, severity: .medium, score: alarm.score,
                    evidence: instant(alarm.start), blame: alarm.blame)
            }
            var kept: ScoreRows?
            if let own {
                if rowsHaveLabels {
                    truth = stretches(own.kinds, where: { $0 != nil }).map {
                        GroundTruthLabel(start: instant($0.from), end: instant($0.to), kind: $0.value ?? "ANOMALY")
                    }
                }
                if !hasAlarms {
                    fired = stretches(own.isPredicted, where: { $0 }).map {
                        Alarm(start: instant($0.from), end: instant($0.to), detector: name, severity: .medium, score: 1, evidence: instant($0.from))
                    }
                }
                var rows = ScoreRows(capacity: own.scores.count + 2)
                for (row, score) in own.scores.enumerated() { rows.add(score, at: instant(instants[row])) }
                kept = rows
            }
            return DetectorVerdict(detector: name, alarms: fired, rows: kept, labels: truth, end: instant(end), buffer: buffer)
        }
    }
}
