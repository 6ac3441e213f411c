public import Detection
public import JSONText
import Quantities

/// The ground truth of outside data: intervals with their kinds, or a flag for each row.
public struct LabelTable: Sendable {
    /// An interval on the clock of the data.
    public struct Interval: Sendable, Equatable {
        /// Nanoseconds of its start.
        public var start: Int64
        /// Nanoseconds of its end, outside.
        public var end: Int64
        /// Nanoseconds of the first evidence; `nil` = its start.
        public var evidence: Int64?
        /// Kind.
        public var kind: String
        /// Target.
        public var target: String
    }

    /// The intervals in the order of the file.
    public var intervals: [Interval] = []
    /// A flag for each row, with the kind; empty when the table has intervals.
    public var rows: [String?] = []
    /// How times are written.
    public var time = TableTime.seconds
    /// Whether the table has a flag for each row.
    public var isByRow = false
    /// Whether times count from the first row of the data.
    public var isRelative = false
    /// Which frames within the intervals are attacks; `nil` for all.
    var marks: FrameMarks?

    /// Names of columns that flag rows.
    public static let flagColumns = ["label", "is_anomaly", "anomaly", "attack", "class", "flag", "is_attack", "y"]

    /// The most entries that are read.
    private static let most = 50_000_000

    /// Reads a table of intervals (`start`, `end`, `kind`), or one with a flag for each row (`label`).
    public init(_ table: TableReader) throws(TableError) {
        let start = table.column(["start_s", "start", "begin", "from", "start_time"])
        let end = table.column(["end_s", "end", "to", "stop", "end_time"])
        guard let start, let end else {
            guard let flag = table.column(Self.flagColumns) else {
                throw TableError(
                    message: "a table of labels has the columns start and end, or a column label with a flag for each row; this one has "
                        + table.header.prefix(12).joined(separator: ", "))
            }
            isByRow = true
            while try table.next() {
                guard rows.count < Self.most else { throw TableError(message: "more than \(Self.most) rows", line: table.line) }
                rows.append(Self.kind(ofFlag: table.text(flag)))
            }
            return
        }
        let kind = table.column(["kind", "type", "label", "class", "attack"])
        let target = table.column(["target"])
        let evidence = table.column(["evidence_s", "evidence"])
        var format: TableTime?
        while try table.next() {
            if format == nil { format = TableTime.guess(name: table.header[start], value: table.text(start)) }
            guard let format, let from = format.nanoseconds(table.text(start)), let to = format.nanoseconds(table.text(end)) else {
                throw TableError(message: "'\(table.text(start))' and '\(table.text(end))' are no times", line: table.line)
            }
            guard from <= to else { throw TableError(message: "the end lies before the start", line: table.line) }
            intervals.append(
                Interval(
                    start: from, end: to, evidence: evidence.flatMap { table.isEmpty($0) ? nil : format.nanoseconds(table.text($0)) },
                    kind: kind.map { table.text($0) }.flatMap { $0.isEmpty ? nil : $0 } ?? "ANOMALY", target: target.map { table.text($0) } ?? ""))
        }
        time = format ?? .seconds
    }

    /// The windows that NAB's `combined_windows.json` has for a file; the last part of the path decides when the whole path is not there.
    public init(windows document: JSONValue, file: String) throws(TableError) {
        guard case .object(let members) = document else { throw TableError(message: "is no table of labels") }
        if try readCaptures(members, file: file) { return }
        let base = Self.base(file)
        let found =
            members.first { $0.key == file } ?? members.first { file.hasSuffix("/" + $0.key) } ?? members.first { Self.base($0.key) == base }
            // Result files carry the name of the detector in front.
            ?? members.filter { base.hasSuffix("_" + Self.base($0.key)) }.max { $0.key.utf8.count < $1.key.utf8.count }
        guard let found else { throw TableError(message: "has no windows for '\(base)'") }
        time = .date
        for window in found.value.array ?? [] {
            guard let pair = window.array, pair.count == 2, let from = pair[0].string.flatMap(TableTime.nanoseconds(ofDate:)),
                let to = pair[1].string.flatMap(TableTime.nanoseconds(ofDate:)), from <= to
            else { throw TableError(message: "a window of '\(base)' is no pair of dates") }
            // NAB's windows hold their last row.
            intervals.append(Interval(start: from, end: to + 1, evidence: nil, kind: "ANOMALY", target: ""))
        }
    }

    private static func base(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The kind that a flag says; `nil` for nothing wrong.
    public static func kind(ofFlag text: String) -> String? {
        switch text.lowercased() {
        case "", "0", "0.0", "false", "no", "n", "normal", "benign", "r", "none", "ok", "nan", "-": nil
        case "1", "1.0", "true", "yes", "y", "t", "anomaly", "attack": "ANOMALY"
        default: text
        }
    }

    /// The labels of a run whose t = 0 is an instant of the clock of the data.
    public func labels(origin: Int64) -> [GroundTruthLabel] {
        intervals.compactMap { interval in
            let (start, a) = interval.start.subtractingReportingOverflow(origin)
            let (end, b) = interval.end.subtractingReportingOverflow(origin)
            guard !a, !b, end > 0 else { return nil }
            var label = GroundTruthLabel(
                start: Instant(nanoseconds: max(start, 0)), end: Instant(nanoseconds: max(end, start + 1)), kind: interval.kind, target: interval.target)
            label.evidence = interval.evidence.map { Instant(nanoseconds: max($0 - origin, 0)) }
            return label
        }.sorted { ($0.start, $0.end) < ($1.start, $1.end) }
    }
}
