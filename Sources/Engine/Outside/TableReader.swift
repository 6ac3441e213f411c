import Glibc

/// What is wrong with a table from outside.
public struct TableError: Error, Sendable {
    /// One sentence without full stop.
    public var message: String
    /// Line of the file, from 1; 0 for the file as a whole.
    public var line = 0
    /// Whether the file could not be read at all.
    public var isUnreadable = false

    /// An error; `line` is 0 for the file as a whole.
    public init(message: String, line: Int = 0, isUnreadable: Bool = false) {
        self.message = message
        self.line = line
        self.isUnreadable = isUnreadable
    }

    /// `data.csv:7: …`.
    public func text(_ name: String) -> String { line > 0 ? "\(name):\(line): \(message)" : "\(name): \(message)" }
}

/// Reads a table of text row by row: commas, semicolons or tabs between fields, which may stand in double quotes (RFC 4180).
///
/// One row is in memory at a time, so a table can be of any length. Blank lines and lines that begin with `#` are left out.
public final class TableReader {
    /// Names of the columns.
    public private(set) var header: [String] = []
    /// Line that the current row begins on, from 1.
    public private(set) var line = 0
    /// Rows read so far.
    public private(set) var rows = 0

    private static let longest = 1 << 20
    private let descriptor: Int32
    private let closes: Bool
    private var capacity = 1 << 16
    private var store: UnsafeMutablePointer<UInt8>
    private var start = 0
    private var end = 0
    private var hasEnded = false
    private var isFirstPending = false
    private var nextLine = 1
    private var separator = UInt8(ascii: ",")
    private var fields: [(start: Int, end: Int, isQuoted: Bool)] = []

    /// Opens a file; `-` is the standard input.
    public convenience init(path: String) throws(TableError) {
        if path == "-" {
            try self.init(descriptor: STDIN_FILENO, closes: false)
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TableError(message: "cannot be read: \(systemMessage(errno))", isUnreadable: true) }
        try self.init(descriptor: descriptor, closes: true)
    }

    init(descriptor: Int32, closes: Bool) throws(TableError) {
        self.descriptor = descriptor
        self.closes = closes
        store = .allocate(capacity: 1 << 16)
        guard try nextRow(isHeader: true) else { throw TableError(message: "is empty: a table begins with the names of its columns") }
        header = fields.indices.map { text($0) }
    }

    deinit {
        if closes { close(descriptor) }
        store.deallocate()
    }

    /// Gives the columns names; the first row, which was taken for them, comes with the next `next`.
    func nameColumns(_ names: [String]) {
        header = names
        isFirstPending = true
    }

    /// Reads the next row; `false` at the end.
    public func next() throws(TableError) -> Bool {
        if isFirstPending {
            isFirstPending = false
            rows += 1
            return true
        }
        guard try nextRow(isHeader: false) else { return false }
        rows += 1
        return true
    }

    /// Fields of the current row.
    public var count: Int { fields.count }

    /// The place of the first of some columns, whatever the case of its letters.
    public func column(_ names: [String]) -> Int? {
        for name in names {
            if let index = header.firstIndex(where: { $0 == name }) ?? header.firstIndex(where: { $0.lowercased() == name.lowercased() }) { return index }
        }
        return nil
    }

    /// A field of the current row; empty when the row is too short.
    public func text(_ index: Int) -> String {
        guard fields.indices.contains(index) else { return "" }
        let field = fields[index]
        let bytes = UnsafeBufferPointer(start: store + field.start, count: field.end - field.start)
        let text = String(decoding: bytes, as: UTF8.self)
        return field.isQuoted && text.utf8.contains(UInt8(ascii: "\"")) ? text.replacing("\"\"", with: "\"") : text
    }

    /// Whether a field of the current row is empty or not there.
    public func isEmpty(_ index: Int) -> Bool { !fields.indices.contains(index) || fields[index].start == fields[index].end }

    /// A field as a number; `nil` for one that is none. Empty ones and `nan` are NaN.
    public func number(_ index: Int) -> Double? {
        guard fields.indices.contains(index) else { return .nan }
        let field = fields[index]
        guard field.start < field.end else { return .nan }
        var at = field.start
        let isNegative = store[at] == UInt8(ascii: "-")
        if isNegative || store[at] == UInt8(ascii: "+") { at += 1 }
        var (mantissa, digits, decimals) = (UInt64(0), 0, 0)
        var hasPoint = false
        while at < field.end {
            let byte = store[at]
            if byte >= 0x30, byte <= 0x39 {
                mantissa = mantissa &* 10 &+ UInt64(byte - 0x30)
                digits += 1
                if hasPoint { decimals += 1 }
            } else if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else {
                break
            }
            at += 1
        }
        // Up to 15 digits and a power of ten that is exact: one correctly rounded division.
        if at == field.end, digits > 0, digits <= 15 {
            let value = decimals == 0 ? Double(mantissa) : Double(mantissa) / Self.powers[decimals]
            return isNegative ? -value : value
        }
        let text = text(index)
        if let value = Double(text) { return value }
        switch text.lowercased() {
        case "nan", "null", "none", "na", "n/a": return .nan
        case "true": return 1
        case "false": return 0
        default: return nil
        }
    }

    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]

    // MARK: Rows

    private func nextRow(isHeader: Bool) throws(TableError) -> Bool {
        while true {
            guard let stop = try rowEnd() else { return false }
            line = nextLine
            let from = start
            start = min(stop + 1, end)
            for at in from..<min(stop + 1, end) where store[at] == 0x0A { nextLine += 1 }
            var last = stop
            if last > from, store[last - 1] == 0x0D { last -= 1 }
            guard last > from, store[from] != UInt8(ascii: "#") else { continue }
            if isHeader { separator = bestSeparator(from, last) }
            split(from, last)
            return true
        }
    }

    /// The place of the line feed that ends the row at `start`, or the end of the file; `nil` when nothing is left.
    private func rowEnd() throws(TableError) -> Int? {
        var at = start
        var isQuoted = false
        while true {
            while at < end {
                let byte = store[at]
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                if byte == 0x0A, !isQuoted { return at }
                at += 1
            }
            guard !hasEnded else {
                if isQuoted { throw TableError(message: "a quote is not closed", line: nextLine) }
                return start < end ? end : nil
            }
            let done = at - start
            try fill()
            at = start + done
        }
    }

    /// Reads on; what is left of the last block comes to the front.
    private func fill() throws(TableError) {
        let left = end - start
        guard left < Self.longest else { throw TableError(message: "a row is longer than 1 MiB, or a quote is not closed", line: nextLine) }
        if left * 2 > capacity {
            let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
            larger.update(from: store + start, count: left)
            store.deallocate()
            store = larger
            capacity *= 2
        } else if start > 0 {
            memmove(store, store + start, left)
        }
        start = 0
        end = left
        while true {
            let count = read(descriptor, store + end, capacity - end)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw TableError(message: "cannot be read: \(systemMessage(errno))", isUnreadable: true) }
            hasEnded = count == 0
            end += count
            return
        }
    }

    /// The sign that occurs most often in the header.
    private func bestSeparator(_ from: Int, _ to: Int) -> UInt8 {
        // A byte order mark is no part of the first name.
        let signs = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
        let counts = signs.map { sign in (from..<to).count { store[$0] == sign } }
        return zip(signs, counts).max { $0.1 < $1.1 }?.0 ?? signs[0]
    }

    private func split(_ from: Int, _ to: Int) {
        fields.removeAll(keepingCapacity: true)
        var at = from
        if line == 1, to - from >= 3, store[from] == 0xEF, store[from + 1] == 0xBB, store[from + 2] == 0xBF { at += 3 }
        while true {
            while at < to, store[at] == 0x20 { at += 1 }
            if at < to, store[at] == UInt8(ascii: "\"") {
                let first = at + 1
                at = first
                while at < to, store[at] != UInt8(ascii: "\"") || at + 1 < to && store[at + 1] == UInt8(ascii: "\"") {
                    at += store[at] == UInt8(ascii: "\"") ? 2 : 1
                }
                fields.append((first, min(at, to), true))
                while at < to, store[at] != separator { at += 1 }
            } else {
                let first = at
                while at < to, store[at] != separator { at += 1 }
                var last = at
                while last > first, store[last - 1] == 0x20 { last -= 1 }
                fields.append((first, last, false))
            }
            guard at < to else { return }
            at += 1
        }
    }
}
