import Glibc
import Quantities
import ScenarioLanguage

/// Text of a scenario, or data that can be read once only, as a file without a name, among the temporary files of `TMPDIR`; it is gone with the value.
final class MemoryFile: Sendable {
    /// Where it is written.
    let descriptor: Int32
    /// A path under which this process can open it as often as it likes.
    var path: String { "/proc/self/fd/\(descriptor)" }

    init?(_ text: String) {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        var name = Array("\(folder.isEmpty ? P_tmpdir : folder)/evsim-XXXXXX".utf8CString)
        descriptor = name.withUnsafeMutableBufferPointer { buffer in
            guard let path = buffer.baseAddress else { return -1 }
            let made = mkstemp(path)
            if made >= 0 { unlink(path) }
            return made
        }
        guard descriptor >= 0 else { return nil }
        var bytes = Array(text.utf8)
        let count = bytes.count
        guard bytes.withUnsafeMutableBufferPointer({ $0.baseAddress.map { writeAll(descriptor, $0, count) } ?? 0 }) == 0 else { return nil }
    }

    deinit { close(descriptor) }
}

extension OutsideNode {
    /// The node of a scenario that plays a file, or lines that stand in the scenario.
    private static func make(_ context: NodeContext, column: String?) throws(RunFailure) -> OutsideNode {
        func problem(_ text: String) -> RunFailure { RunFailure(code: .badNode, message: "'\(context.name)': \(text)", span: nil, time: nil) }
        var memory: MemoryFile?
        var path = context.text("file") ?? ""
        if let lines = context.texts("lines") {
            guard path.isEmpty else { throw problem("needs either 'file' or 'lines'") }
            guard let made = MemoryFile(lines.map { $0 + "\n" }.joined()) else {
                throw problem("its lines cannot be kept in a temporary file; TMPDIR names the directory")
            }
            memory = made
            path = made.path
        }
        guard !path.isEmpty else { throw problem("needs either 'file' or 'lines'") }
        var settings = OutsideSettings()
        settings.timeColumn = context.text("time")
        settings.period = context.duration("every") ?? .seconds(1)
        let file: OutsideFile
        do {
            file = try OutsideFile(path: path, settings: settings)
        } catch {
            throw problem(error.text(memory == nil ? path.split(separator: "/").last.map(String.init) ?? path : "lines"))
        }
        if let column {
            guard file.columns.contains(where: { $0.signal == "data.\(column)" || $0.signal == column }) else {
                throw problem(
                    "there is no column '\(column)' of numbers; there are \(file.columns.prefix(12).map { $0.signal.hasPrefix("data.") ? String($0.signal.dropFirst(5)) : $0.signal }.joined(separator: ", "))"
                )
            }
        } else {
            guard case .messages = file.content else { throw problem("the log has no OCPP messages") }
        }
        return OutsideNode(context, file, column: column, keeping: memory)
    }

    private static let commonSignals = [
        SignalManifest("rows", held: true, about: "Rows played."), SignalManifest("finished", held: true, about: "1 once nothing follows."),
    ]

    /// Kind `message-replay`: plays a log of OCPP messages before detectors.
    static let messageReplay = NodeKind(
        manifest: KindManifest(
            name: "message-replay",
            about:
                "Plays a log of OCPP messages (messages.jsonl, or lines of time, direction and message) before detectors that watch 'ocpp'; no node gets them.",
            settings: [
                SettingManifest("file", .text, file: true, about: "The log, relative to the file that names it."),
                SettingManifest("lines", .texts(allowed: []), about: "The lines of a short log, in place of 'file'."),
            ], signals: commonSignals,
            example: """
                evsim: 1
                scenario: message-replay-example
                run: {for: 10s}
                nodes:
                  log:
                    is: message-replay
                    lines: ['0 cp1 up [2,"1","Heartbeat",{}]', '1 cp1 down [3,"1",{"currentTime":"2024-05-01T10:00:00Z"}]']
                expect:
                  - =log.rows == 2
                """)
    ) { (context) throws(RunFailure) in try make(context, column: nil) }

    /// Kind `csv-replay`: plays a column of a table as a signal.
    static let tableReplay = NodeKind(
        manifest: KindManifest(
            name: "csv-replay", about: "Plays a column of a CSV table as a signal, with the times of the table, counted from its first row.",
            settings: [
                SettingManifest("file", .text, file: true, about: "The table, relative to the file that names it."),
                SettingManifest("lines", .texts(allowed: []), about: "The lines of a short table, its names first, in place of 'file'."),
                SettingManifest("column", .text, required: true, about: "Name of the column, without its unit."),
                SettingManifest("time", .text, about: "Column of the time; time, timestamp, t, date and the like when not given."),
                SettingManifest("every", .duration, default: "1s", min: "1ns", about: "Time between rows of a table without times."),
            ], signals: commonSignals + [SignalManifest("value", about: "Value of the column, in base units where its name says a unit, as in current_A.")],
            example: """
                evsim: 1
                scenario: csv-replay-example
                run: {for: 10s}
                nodes:
                  tape: {is: csv-replay, column: current, lines: ['time_s,current', '0,16', '1.5,16.2', '3,31']}
                detectors:
                  high: {is: threshold, watch: tape.value, above: 30}
                expect:
                  - =first(high) == 3 s
                """)
    ) { (context) throws(RunFailure) in try make(context, column: context.text("column") ?? "") }
}
