import Detection
import Engine
import JSONText
import Quantities
import YAMLTree

/// `evsim score`.
enum ScoreCommand {
    /// Why it cannot go on, with the exit code.
    struct Problem: Error {
        var text: String
        var code: ExitCode
    }

    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard arguments.has(.alarmFile) || arguments.has(.rowsFile) || arguments.has(.nabFiles) else {
            console.note("error: nothing to score: give --alarms, --rows or --nab")
            return .usage
        }
        do {
            let document = try scored(arguments, console)
            if arguments.has(.json) { console.print(document.text(.pretty)) }
            return .fine
        } catch {
            console.note("error: \(DisplayText.visible(error.text))")
            return error.code
        }
    }

    private static func scored(_ arguments: Arguments, _ console: Console) throws(Problem) -> JSONValue {
        var members = [JSONValue.Member("evsim", .string(evsimVersion))]
        let isText = !arguments.has(.json)
        if arguments.has(.alarmFile) || arguments.has(.rowsFile) {
            let verdicts = try verdicts(arguments)
            members.append(JSONValue.Member("detectors", .array(verdicts.map(ScoreTable.document))))
            if isText {
                let rows = verdicts.flatMap { verdict in
                    (verdict.kinds.count > 1 ? [ScoreTable.Row(detector: verdict.detector, kind: "all", events: verdict.events, rows: verdict.rows)] : [])
                        + verdict.kinds.map { ScoreTable.Row(detector: verdict.detector, kind: $0.kind, events: $0.events, rows: $0.rows) }
                        + (verdict.kinds.isEmpty
                            ? [ScoreTable.Row(detector: verdict.detector, kind: "no label", events: verdict.events, rows: verdict.rows)] : [])
                }
                console.output.write(ScoreTable.text(rows))
                console.output.write(rowTable(verdicts))
            }
        }
        if arguments.has(.nabFiles) {
            let results = try corpus(arguments)
            members.append(JSONValue.Member("nab", .array(results.map(ScoreDocument.nab))))
            if isText {
                let lines = results.map { result in
                    [
                        result.profile.name, ScoreTable.number(result.normalised), ScoreTable.number(result.threshold), "\(result.trueRows)",
                        "\(result.falseRows)",
                    ]
                }
                console.output.write(TextLayout.table([["profile", "score", "threshold", "rows in windows", "false rows"]] + lines))
            }
        }
        return .object(members)
    }

    /// Scores by rows, where there are rows.
    static func rowTable(_ verdicts: [DetectorVerdict]) -> String {
        var lines = [["by rows", "rows", "point F1", "AUC-ROC", "AUC-PR", "range F1", "affiliation F1", "VUS-PR", "VUS-ROC"]]
        for verdict in verdicts {
            guard let rows = verdict.rows else { continue }
            lines.append([
                verdict.detector, "\(rows.rows)", ScoreTable.share(rows.point.f1), ScoreTable.number(rows.point.areaUnderROC),
                ScoreTable.number(rows.point.averagePrecision), ScoreTable.share(rows.range.f1), ScoreTable.share(rows.affiliation.f1),
                ScoreTable.number(rows.volume.precisionRecall), ScoreTable.number(rows.volume.roc),
            ])
        }
        return lines.count > 1 ? "\n" + TextLayout.table(lines) : ""
    }

    /// Opens a table.
    static func table(_ path: String) throws(Problem) -> TableReader {
        do { return try TableReader(path: path) } catch { throw problem(error, path) }
    }

    static func problem(_ error: TableError, _ path: String) -> Problem {
        Problem(text: error.text(path == "-" ? "<stdin>" : path), code: error.isUnreadable ? .runtime : .invalidFile)
    }

    /// Ground truth of a file; `data` is the file that windows of NAB are looked up for.
    static func labels(_ path: String, data: String) throws(Problem) -> LabelTable {
        do throws(TableError) {
            if path.hasSuffix(".json") {
                guard let bytes = readFile(path) else { throw TableError(message: "cannot be read", isUnreadable: true) }
                guard let document = try? JSONValue(parsing: bytes) else { throw TableError(message: "is no JSON document") }
                return try LabelTable(windows: document, file: data)
            }
            return try LabelTable(TableReader(path: path))
        } catch {
            throw problem(error, path)
        }
    }

    private static func readFile(_ path: String) -> [UInt8]? { (try? SourceFile.read(path: path, limit: 1 << 28)).map { Array($0.bytes) } }

    private static func threshold(_ arguments: Arguments) throws(Problem) -> Double? {
        guard let text = arguments.text(.threshold) else { return nil }
        guard let value = Double(text), value.isFinite else { throw Problem(text: "--threshold takes a number, not '\(text)'", code: .usage) }
        return value
    }

    // MARK: Alarms and rows

    private static func verdicts(_ arguments: Arguments) throws(Problem) -> [DetectorVerdict] {
        var labels: LabelTable?
        if let path = arguments.text(.labelFile) { labels = try self.labels(path, data: arguments.text(.rowsFile) ?? "") }
        var set = ScoreSet(labels: labels, buffer: arguments.number(.buffer).map { Int($0) })
        if let path = arguments.text(.alarmFile) {
            let table = try table(path)
            do { try set.readAlarms(table) } catch { throw problem(error, path) }
        }
        if let path = arguments.text(.rowsFile) {
            let table = try table(path)
            let threshold = try threshold(arguments) ?? 1
            do { try set.readRows(table, threshold: threshold) } catch { throw problem(error, path) }
        }
        if labels?.isByRow == true, !arguments.has(.rowsFile) { throw Problem(text: "labels by row need --rows", code: .usage) }
        var end: Int64?
        if let text = arguments.text(.endTime) {
            end =
                (try? Quantity.parse(text)).flatMap { $0.dimension == .time ? $0.exactNanoseconds : nil }
                ?? TableTime.guess(name: "", value: text)?.nanoseconds(text)
            guard end != nil else { throw Problem(text: "--end takes a time such as 600s or 2014-04-01 12:00:00, not '\(text)'", code: .usage) }
        }
        return set.verdicts(end: end)
    }

    // MARK: NAB

    private static func corpus(_ arguments: Arguments) throws(Problem) -> [NABScore.Result] {
        var files: [NABScore.File] = []
        for path in arguments.texts(.nabFiles) {
            let table = try table(path)
            var windows: LabelTable?
            if let labels = arguments.text(.labelFile) { windows = try self.labels(labels, data: path) }
            do { files.append(try ScoreSet.nabFile(table, windows: windows)) } catch { throw problem(error, path) }
        }
        let given = try threshold(arguments)
        return NABScore.Profile.all.map { NABScore.score(files, $0, threshold: given) }
    }
}
