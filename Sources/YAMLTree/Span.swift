/// A place in a source file: where it starts and how many characters it covers on that line.
///
/// Equality and hashing compare the path of the file, not its identity, so that they do not depend on addresses.
public struct Span: Sendable, Hashable {
    /// The file that the place is in.
    public let file: SourceFile
    /// The line, counted from 1.
    public var line: Int { Int(storedLine) }
    /// The column of the first character, counted from 1 in Unicode code points.
    public var column: Int { Int(storedColumn) }
    /// How many code points the place covers, at least 1; a place over several lines is cut at the end of its first.
    public var length: Int { Int(storedLength) }
    // Files have at most 1 MiB, and trees many spans.
    private let storedLine: Int32
    private let storedColumn: Int32
    private let storedLength: Int32

    /// Makes a place; numbers below 1 become 1.
    public init(file: SourceFile, line: Int, column: Int, length: Int) {
        self.file = file
        storedLine = Int32(clamping: max(1, line))
        storedColumn = Int32(clamping: max(1, column))
        storedLength = Int32(clamping: max(1, length))
    }

    /// Two places are equal when path, line, column and length are.
    public static func == (a: Span, b: Span) -> Bool {
        a.line == b.line && a.column == b.column && a.length == b.length && (a.file === b.file || a.file.path == b.file.path)
    }

    /// Feeds path, line, column and length.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(file.path)
        hasher.combine(line)
        hasher.combine(column)
        hasher.combine(length)
    }
}
