import CANLogs
import Glibc
public import Quantities

/// How tables from outside are read.
public struct OutsideSettings: Sendable {
    /// Column of the time; `nil` looks for one.
    public var timeColumn: String?
    /// How times are written; `nil` looks at the first one.
    public var timeFormat: TableTime?
    /// Time between rows without times.
    public var period = Duration.seconds(1)
    /// Units of columns by name.
    public var units: [(column: String, unit: String)] = []
    /// Column that flags rows; `nil` looks for one, an empty name takes none.
    public var labelColumn: String?

    /// The usual settings.
    public init() {}
}

/// A file from outside, as far as it must be known before it is played: what it holds.
public struct OutsideFile: Sendable {
    /// A column that becomes a signal.
    public struct Column: Sendable {
        /// Name of the signal: `data.voltage`, or `charger.voltage` for a column of that name.
        public var signal: String
        /// Unit in which the column is written; empty for plain numbers.
        public var unit: String
        /// Place of the column; -1 for signals of a table with a row for each value.
        var place: Int
    }

    /// What a file holds.
    public enum Content: Sendable {
        /// A table of signals with a column for each.
        case table([Column])
        /// A table of signals with a row for each value: `signal`, `value`.
        case list([Column])
        /// A table of frames.
        case frames(FrameColumns)
        /// A log of frames.
        case log
        /// A log of OCPP messages.
        case messages
        /// The lines `Timestamp: … ID: … DLC: …` of a listing of frames.
        case listing
        /// Numbers without anything else, one series.
        case numbers
    }

    /// The path.
    public let path: String
    /// What it holds.
    public let content: Content
    let settings: OutsideSettings
    /// Where its bytes are.
    private let source: OutsideSource

    /// Signals that it brings.
    public var columns: [Column] {
        switch content {
        case .table(let columns), .list(let columns): columns
        case .numbers: [Column(signal: "data.value", unit: "", place: 0)]
        case .frames, .log, .messages, .listing: []
        }
    }

    /// Looks into a file.
    public init(path: String, settings: OutsideSettings = OutsideSettings()) throws(TableError) {
        self.path = path == "-" ? "<stdin>" : path
        self.settings = settings
        source = try OutsideSource(path)
        let head = try OutsideFile.head(source.path)
        guard head.contains(where: { $0 > 0x20 }) else { throw TableError(message: "is empty") }
        if OutsideFile.isMessages(head) {
            content = .messages
            return
        }
        if ListingRows.begins(head) {
            content = .listing
            return
        }
        if NumberRows.begins(head) {
            content = .numbers
            return
        }
        var lower = path.lowercased()
        if lower.hasSuffix(".gz") { lower.removeLast(3) }
        if !lower.hasSuffix(".csv"), !lower.hasSuffix(".tsv") {
            let isLog = head.withUnsafeBytes { CANLogFormat.detect($0) } != nil || CANLogFormat(path: lower) != nil
            if isLog {
                content = .log
                return
            }
        }
        let table = try OutsideFile.table(source.path, name: path)
        if let frames = try FrameColumns(table, path: source.path) {
            content = .frames(frames)
            return
        }
        if let signal = table.column(["signal"]), let value = table.column(["value"]) {
            content = .list(try OutsideFile.listed(table, signal, value, settings))
            return
        }
        content = .table(try OutsideFile.columns(table, settings))
    }

    /// Opens a table; a log of frames, or of numbers, without a line of names gets them.
    static func table(_ path: String, name: String) throws(TableError) -> TableReader {
        let table = try TableReader(path: path)
        FrameColumns.name(table)
        try TableShape.name(table, path: path, called: name)
        return table
    }

    /// Opens it as a table.
    func table() throws(TableError) -> TableReader { try OutsideFile.table(source.path, name: path) }

    private static func head(_ path: String) throws(TableError) -> [UInt8] {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TableError(message: errno == ENOENT ? "there is no such file" : "cannot be read: \(systemMessage(errno))", isUnreadable: true)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw TableError(message: "cannot be read: \(systemMessage(errno))", isUnreadable: true) }
        return Array(bytes[..<count])
    }

    /// Whether a line has the beginning of an OCPP-J message.
    private static func isMessages(_ head: [UInt8]) -> Bool {
        var text = String(decoding: head, as: UTF8.self)
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        if text.hasPrefix("{"), MessageRowsReader.isObject(text) { return true }
        return text.split(separator: "\n").prefix(20).contains { line in
            guard let start = line.firstIndex(of: "["), line.hasSuffix("]") || line.hasSuffix("]\r") else { return false }
            let rest = line[line.index(after: start)...].drop { $0 == " " }
            return ["2", "3", "4"].contains { rest.hasPrefix($0 + ",") || rest.hasPrefix($0 + " ,") } && rest.contains("\"")
        }
    }

    /// The columns with numbers.
    private static func columns(_ table: TableReader, _ settings: OutsideSettings) throws(TableError) -> [Column] {
        let time = RowClock.column(table, settings)
        let flag = flagColumn(table, settings)
        guard try table.next() else { throw TableError(message: "has no rows") }
        var result: [Column] = []
        let truths = TableShape.truths(table, settings)
        // The first row may lack some values.
        var isNumber = table.header.indices.map { table.number($0) != nil }
        var looks = 0
        while looks < 50, try table.next() {
            looks += 1
            for index in isNumber.indices where isNumber[index] && table.number(index) == nil { isNumber[index] = false }
        }
        for index in table.header.indices where index != time && index != flag && !truths.contains(index) {
            guard isNumber[index], result.count < 1000, !TableShape.isOrder(table.header[index], hasTime: time != nil) else { continue }
            let (name, unit) = try self.name(table.header[index], index, settings)
            guard !result.contains(where: { $0.signal == name }) else { continue }
            result.append(Column(signal: name, unit: unit, place: index))
        }
        guard !result.isEmpty else { throw TableError(message: "has no column with numbers but the time") }
        return result
    }

    /// The signals of a table with a row for each value.
    private static func listed(_ table: TableReader, _ signal: Int, _ value: Int, _ settings: OutsideSettings) throws(TableError) -> [Column] {
        let unit = table.column(["unit"])
        var result: [Column] = []
        var known: Set<String> = []
        while try table.next() {
            let name = table.text(signal)
            guard !known.contains(name) else { continue }
            guard result.count < 10_000 else { throw TableError(message: "has more than 10 000 signals", line: table.line) }
            known.insert(name)
            let own = unit.map { table.text($0) } ?? ""
            let (signal, given) = try self.name(name, result.count, settings)
            result.append(Column(signal: signal, unit: given.isEmpty && Unit.named(own) != nil ? own : given, place: -1))
        }
        guard !result.isEmpty else { throw TableError(message: "has no rows") }
        return result
    }

    /// The column that flags rows; `nil` for none.
    static func flagColumn(_ table: TableReader, _ settings: OutsideSettings) -> Int? {
        guard let name = settings.labelColumn else { return table.column(LabelTable.flagColumns) }
        return name.isEmpty ? nil : table.column([name])
    }

    /// The signal for a column, and its unit: `current_A`, `current [A]` and `current (A)` are data.current in ampere.
    static func name(_ header: String, _ place: Int, _ settings: OutsideSettings) throws(TableError) -> (String, String) {
        var text = header
        var unit = ""
        if let given = settings.units.last(where: { $0.column == header })?.unit {
            guard Unit.named(given) != nil else { throw TableError(message: "there is no unit '\(given)', which --unit gives '\(header)'") }
            unit = given
        }
        for (opening, closing) in [("[", "]"), ("(", ")"), ("_", "")] {
            guard closing.isEmpty || text.hasSuffix(closing), let start = text.lastIndex(of: Character(opening)), start > text.startIndex else { continue }
            let inner = String(text[text.index(after: start)...].dropLast(closing.count))
            guard Unit.named(inner) != nil, !closing.isEmpty || inner != "d" && inner != "h" else { continue }
            if unit.isEmpty { unit = inner }
            text = String(text[..<start])
            break
        }
        let parts = text.split(separator: ".", maxSplits: 1).map { clean(String($0)) }
        if parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty { return ("\(parts[0]).\(parts[1].replacing(".", with: "_"))", unit) }
        let name = clean(text)
        return ("data.\(name.isEmpty ? "column\(place + 1)" : name)", unit)
    }

    /// A name of the language: letters, digits and `_`, beginning with a letter.
    private static func clean(_ text: String) -> String {
        var result = ""
        for byte in text.utf8.prefix(60) {
            switch byte {
            case 0x41...0x5A, 0x61...0x7A: result.append(Character(Unicode.Scalar(byte)))
            case 0x30...0x39, 0x2E: result += (result.isEmpty ? "x" : "") + String(Character(Unicode.Scalar(byte)))
            default: if !result.isEmpty, !result.hasSuffix("_") { result += "_" }
            }
        }
        while result.hasSuffix("_") || result.hasSuffix(".") { result.removeLast() }
        return result
    }

    /// The times of the first and the last row, on the clock of the file; `nil` for a file without rows. Reads all of it.
    public func extent() throws(TableError) -> (first: Int64, last: Int64)? {
        let rows = try open(labels: nil)
        guard let first = try rows.next() else { return nil }
        var last = first
        while let next = try rows.next() { last = max(last, next) }
        return (first, last)
    }

    func open(labels: [String?]?) throws(TableError) -> any OutsideRows {
        switch content {
        case .table(let columns), .list(let columns): try TableRows(self, columns, flags: labels)
        case .frames(let columns): try FrameTableRows(self, columns, flags: labels)
        case .log: try FrameLogRows(self, path: source.path, flags: labels)
        case .messages: try MessageRowsReader(self, path: source.path, flags: labels)
        case .listing: try ListingRows(path: source.path, flags: labels)
        case .numbers: try NumberRows(path: source.path, period: settings.period, flags: labels)
        }
    }
}
