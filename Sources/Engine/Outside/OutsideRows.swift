import CAN
import CANLogs
import Glibc
import Quantities

/// The rows of an open file from outside, one in memory at a time.
protocol OutsideRows: AnyObject {
    /// Reads the next row; its time in nanoseconds on the clock of the file, `nil` at the end.
    func next() throws(TableError) -> Int64?
    /// The kind of label that the row has of itself; `nil` for none.
    var flag: String? { get }
    /// Whether neighbouring labelled rows with others between them are one event.
    var joinsFlags: Bool { get }
    /// How times are written.
    var time: TableTime { get }
    /// Rows that could not be understood and were left out.
    var problems: RowProblems { get }
    /// Hands the row on.
    func emit(_ node: OutsideNode)
}

/// The times of the rows of a table.
struct RowClock {
    private let column: Int?
    private(set) var format: TableTime?
    private let period: Int64
    private var row: Int64 = 0

    static func column(_ table: TableReader, _ settings: OutsideSettings) -> Int? {
        if let name = settings.timeColumn { return table.column([name]) }
        return table.column([
            "time_s", "time", "timestamp", "timestamps", "t_s", "t", "ts", "date", "datetime", "date_time", "time_ms", "time_us", "timestamp_s", "timestamp_ms",
            "flow_start_timestamp", "start_time", "flow_start",
        ])
            ?? table.header.firstIndex { header in
                let lower = header.lowercased()
                return lower.hasPrefix("time") && ["[s]", "(s)", "[ms]", "(ms)"].contains { lower.hasSuffix($0) }
            }
    }

    init(_ table: TableReader, _ settings: OutsideSettings) throws(TableError) {
        column = Self.column(table, settings)
        if let name = settings.timeColumn, column == nil {
            throw TableError(message: "there is no column '\(name)'; this table has \(table.header.prefix(12).joined(separator: ", "))")
        }
        format = settings.timeFormat
        period = max(settings.period.nanoseconds, 1)
    }

    /// The time of the current row.
    mutating func time(_ table: TableReader) throws(TableError) -> Int64 {
        guard let column else {
            row += 1
            return (row - 1).multipliedReportingOverflow(by: period).partialValue
        }
        let text = table.text(column)
        if format == nil { format = TableTime.guess(name: table.header[column], value: text) }
        guard let instant = format?.nanoseconds(text) else {
            throw TableError(message: "'\(text)' in the column '\(table.header[column])' is no time; --time names another column", line: table.line)
        }
        return instant
    }
}

/// Flags of rows: those of a column, or those of another file, in the same order.
struct RowFlags {
    private let column: Int?
    /// Column that says more of what is flagged.
    private let detail: Int?
    /// Whether the flag is the last field of rows that have fewer fields than there are columns.
    private let shortens: Bool
    private let list: [String?]?
    private var row = 0

    init(column: Int?, list: [String?]?, detail: Int? = nil, shortens: Bool = false) {
        self.column = list == nil ? column : nil
        self.list = list
        self.detail = detail
        self.shortens = shortens
    }

    mutating func next(_ table: TableReader?) -> String? {
        defer { row += 1 }
        if let list { return row < list.count ? list[row] : nil }
        guard let column, let table else { return nil }
        guard let kind = LabelTable.kind(ofFlag: table.text(shortens && table.count < table.header.count ? table.count - 1 : column)) else { return nil }
        // Another column may say which kind of attack it is.
        if kind.lowercased() == "anomaly" || kind.lowercased() == "attack", let detail, let named = LabelTable.kind(ofFlag: table.text(detail)) { return named }
        return kind
    }
}

/// Rows of signals.
final class TableRows: OutsideRows {
    private let table: TableReader
    private var clock: RowClock
    private var flags: RowFlags
    private let columns: [OutsideFile.Column]
    private let units: [Unit?]
    /// Columns of a table with a row for each value.
    private let list: (signal: Int, value: Int)?
    private var placeOfName: [String: Int] = [:]
    private let settings: OutsideSettings
    private(set) var flag: String?
    private(set) var problems = RowProblems()
    var joinsFlags: Bool { false }
    var time: TableTime { clock.format ?? .seconds }

    init(_ file: OutsideFile, _ columns: [OutsideFile.Column], flags: [String?]?) throws(TableError) {
        table = try file.table()
        clock = try RowClock(table, file.settings)
        self.flags = RowFlags(column: OutsideFile.flagColumn(table, file.settings), list: flags, detail: table.column(TableShape.kindColumns))
        self.columns = columns
        units = columns.map { Unit.named($0.unit) }
        settings = file.settings
        if case .list = file.content, let signal = table.column(["signal"]), let value = table.column(["value"]) {
            list = (signal, value)
        } else {
            list = nil
        }
    }

    func next() throws(TableError) -> Int64? {
        while try table.next() {
            flag = flags.next(table)
            do {
                let instant = try clock.time(table)
                problems.right()
                return instant
            } catch {
                try problems.note(error.message, line: error.line, isFirstFatal: true)
            }
        }
        try problems.end()
        return nil
    }

    func emit(_ node: OutsideNode) {
        if let list {
            let name = table.text(list.signal)
            let place: Int
            if let known = placeOfName[name] {
                place = known
            } else {
                let signal = (try? OutsideFile.name(name, 0, settings).0) ?? ""
                place = columns.firstIndex { $0.signal == signal } ?? -1
                placeOfName[name] = place
            }
            if place >= 0 { hand(place, list.value, node) }
            return
        }
        for (index, column) in columns.enumerated() { hand(index, column.place, node) }
    }

    @inline(__always)
    private func hand(_ index: Int, _ field: Int, _ node: OutsideNode) {
        guard !table.isEmpty(field) else { return }
        guard let value = table.number(field) else { return node.badValues += 1 }
        node.publish(column: columns[index].signal, place: index, units[index]?.toBase(value) ?? value)
    }
}

/// Rows of a log of frames.
final class FrameLogRows: OutsideRows {
    private let reader: CANLogReader
    private let descriptor: Int32
    private let name: String
    private var record = CANLogRecord.empty
    private var flags: RowFlags
    private(set) var flag: String?
    var joinsFlags: Bool { true }
    var time: TableTime { reader.hasDate ? .date : .seconds }
    private(set) var problems = RowProblems()
    private let hasList: Bool

    init(_ file: OutsideFile, path: String, flags: [String?]?) throws(TableError) {
        let opened = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw TableError(message: "cannot be read: \(systemMessage(errno))", isUnreadable: true) }
        do throws(CANLogError) {
            reader = try CANLogReader(descriptor: opened, name: file.path, skipsBad: true)
        } catch {
            close(opened)
            throw TableError(message: error.text("the log"))
        }
        descriptor = opened
        name = file.path
        hasList = flags != nil
        self.flags = RowFlags(column: nil, list: flags)
    }

    deinit { close(descriptor) }

    func next() throws(TableError) -> Int64? {
        let bad = reader.badEntries
        var isOver = false
        do throws(CANLogError) {
            isOver = try !reader.next(&record)
        } catch {
            throw TableError(message: error.text("the log"))
        }
        if reader.badEntries > bad {
            for _ in bad..<reader.badEntries {
                let error = reader.problems.first
                try problems.note(error.map { $0.text("the log") } ?? "", line: 0)
            }
        }
        guard !isOver else {
            try problems.end()
            return nil
        }
        problems.right()
        flag = flags.next(nil)
        if !hasList, reader.isMarked { flag = "ANOMALY" }
        return record.instant.nanoseconds
    }

    func emit(_ node: OutsideNode) { node.send(record.frame, channel: Int(record.channel), isLabelled: flag != nil) }
}
