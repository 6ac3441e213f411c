import CAN
import CANDatabase
import CANLogs
import Glibc
import YAMLTree

/// `evsim decode`.
enum DecodeCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let path = arguments[0] else { return .usage }
        let files = arguments.texts(.database)
        guard !files.isEmpty else {
            console.note("error: a database is needed: --dbc FILE")
            return .usage
        }
        guard !(arguments.has(.csv) && arguments.has(.json)) else {
            console.note("error: --csv and --json exclude each other")
            return .usage
        }
        var databases: [Database] = []
        for file in files {
            do {
                let read = try DatabaseFile.read(file, lints: false)
                console.show(read.findings)
                guard !read.hasErrors else { return .invalidFile }
                databases.append(read.database)
            } catch {
                console.show([error.diagnostic])
                return .runtime
            }
        }
        let selection: MessageSelection
        do {
            selection = try MessageSelection(arguments.texts(.onlyMessages), in: databases)
        } catch {
            console.note("error: \(error.message)")
            return .usage
        }
        let format: DecodedRows.Format = arguments.has(.json) ? .json : arguments.has(.csv) ? .csv : .text
        return decode(path, DecodedRows(databases, selection, format), console)
    }

    private static func decode(_ path: String, _ rows: DecodedRows, _ console: Console) -> ExitCode {
        let isInput = path == "-"
        let name = DisplayText.visible(isInput ? "<stdin>" : path)
        let descriptor = isInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            console.note("error: cannot read \(name): \(errno == ENOENT ? "there is no such file" : "error \(errno) of the system")")
            return .runtime
        }
        defer { if !isInput { close(descriptor) } }
        var status = stat()
        let isLive = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        do throws(CANLogError) {
            let reader = try CANLogReader(descriptor: descriptor, name: path, skipsBad: true)
            var record = CANLogRecord.empty
            rows.begin()
            while try reader.next(&record) {
                rows.add(record, interfaces: reader.interfaces)
                if rows.bytes.count > 1 << 16 || isLive { write(rows, console) }
                // Who looks at a pipe sees each line when it comes.
                if isLive { console.output.flush() }
                if console.output.failure != nil { break }
            }
            rows.end()
            write(rows, console)
            for (row, count) in rows.unknown.prefix(20) {
                console.note("note: \(TextLayout.count(count, "frame")) of \(row) in no database")
            }
            if rows.unknown.count > 20 { console.note("note: \(rows.unknown.count - 20) more identifiers in no database") }
            for problem in reader.problems.prefix(5) { console.note("error: \(problem.text(name))") }
            if reader.badEntries > 5 { console.note("error: \(name): \(reader.badEntries) entries in all could not be read") }
            return reader.badEntries > 0 ? .invalidFile : .fine
        } catch {
            console.note("error: \(error.text(name))")
            return .invalidFile
        }
    }

    private static func write(_ rows: DecodedRows, _ console: Console) {
        console.output.write(String(decoding: rows.bytes, as: UTF8.self))
        rows.bytes.removeAll(keepingCapacity: true)
    }
}

/// Which messages and signals are shown.
struct MessageSelection {
    /// Shown signals by the name of their message; `nil` shows the whole message.
    private var wanted: [String: Set<String>?] = [:]
    private let isAll: Bool

    /// Reads `Status` and `Status.Voltage`; throws for names that no database has.
    init(_ names: [String], in databases: [Database]) throws(UsageError) {
        isAll = names.isEmpty
        for name in names.flatMap({ $0.split(separator: ",") }) {
            let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
            let messages = databases.flatMap(\.messages)
            guard let first = parts.first, messages.contains(where: { $0.name == first }) else {
                let near = Suggestion.nearest(parts.first ?? "", among: messages.map(\.name)).map { "; did you mean '\($0)'?" }
                throw UsageError("no database has a message '\(DisplayText.visible(String(name)))'\(near ?? "")")
            }
            guard parts.count == 2 else {
                wanted[first] = .some(nil)
                continue
            }
            let signals = messages.filter { $0.name == first }.flatMap(\.signals)
            guard signals.contains(where: { $0.name == parts[1] }) else {
                let near = Suggestion.nearest(parts[1], among: signals.map(\.name)).map { "; did you mean '\($0)'?" }
                throw UsageError("the message '\(first)' has no signal '\(DisplayText.visible(parts[1]))'\(near ?? "")")
            }
            if case .some(.none) = wanted[first] { continue }
            wanted[first] = ((wanted[first] ?? nil) ?? []).union([parts[1]])
        }
    }

    /// Whether a signal is shown.
    func shows(_ message: String, _ signal: String) -> Bool {
        if isAll { return true }
        guard let signals = wanted[message] else { return false }
        return signals?.contains(signal) ?? true
    }

    /// Whether anything of a message is shown.
    func shows(_ message: String) -> Bool { isAll || wanted[message] != nil }
}
