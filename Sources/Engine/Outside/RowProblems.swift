/// Rows that cannot be understood: a few of them are left out and counted, many mean that the file is something else.
struct RowProblems {
    /// Rows that were left out.
    private(set) var count = 0
    /// The first of them.
    private(set) var first: TableError?
    private var rows = 0

    /// A row was understood.
    @inline(__always)
    mutating func right() { rows &+= 1 }

    /// A row is left out; throws when a tenth of the rows is wrong, and at once where the very first row says that the file is something else.
    mutating func note(_ message: String, line: Int, isFirstFatal: Bool = false) throws(TableError) {
        let error = TableError(message: message, line: line)
        count += 1
        if first == nil { first = error }
        if rows == 0 && isFirstFatal || count > 100 && count * 9 > rows, let first { throw first }
    }

    /// The file is over; throws when a tenth of its rows was wrong.
    func end() throws(TableError) { if let first, count * 9 > rows { throw first } }
}
