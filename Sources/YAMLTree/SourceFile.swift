/// The bytes of one file that was read, with the name that diagnostics give it.
///
/// A source file is immutable and shared by every span that points into it. Lines end with `\n`, `\r\n` or `\r`, as
/// in the Language Server Protocol; a byte order mark at the beginning belongs to no line.
public final class SourceFile: Sendable {
    /// The path as the user wrote it, or `<stdin>`.
    public let path: String
    /// The whole content, byte order mark included.
    public let bytes: [UInt8]

    /// Wraps bytes that are already in memory.
    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    /// The number of bytes of a UTF-8 byte order mark at the beginning: 0 or 3.
    var markLength: Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }

    /// The text of the line `number` (1-based) without its line break; empty when there is no such line.
    ///
    /// Bytes that are not UTF-8 become U+FFFD. Complexity: O(n) in the bytes before the line's end.
    public func line(_ number: Int) -> String {
        guard let range = rangeOfLine(number) else { return "" }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// The code points of a line around a column (1-based), at most `reach` to each side of it.
    ///
    /// `firstColumn` is the column of the first of them; `isWhole` tells whether they reach the line's end.
    func excerpt(line number: Int, column: Int, reach: Int) -> (scalars: [Unicode.Scalar], firstColumn: Int, isWhole: Bool) {
        guard let range = rangeOfLine(number) else { return ([], 1, true) }
        return bytes.withUnsafeBufferPointer { bytes in
            var start = range.lowerBound
            var firstColumn = 1
            func next(_ offset: Int) -> Int {
                var offset = offset + 1
                while offset < range.upperBound, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
                return offset
            }
            while firstColumn < column - reach, start < range.upperBound {
                start = next(start)
                firstColumn += 1
            }
            var end = start
            var count = 0
            while count < 2 * reach, end < range.upperBound {
                end = next(end)
                count += 1
            }
            let text = String(decoding: bytes[start..<end], as: UTF8.self)
            return (Array(text.unicodeScalars), firstColumn, end == range.upperBound)
        }
    }

    /// The byte range of the line `number` (1-based) without its line break, or nil beyond the end.
    func rangeOfLine(_ number: Int) -> Range<Int>? {
        guard number >= 1 else { return nil }
        let first = markLength
        return bytes.withUnsafeBufferPointer { bytes in
            var start = first
            var line = 1
            while line < number {
                guard let next = LineBreaks.nextLine(in: bytes, from: start) else { return nil }
                start = next
                line += 1
            }
            return start..<LineBreaks.endOfLine(in: bytes, from: start)
        }
    }
}

/// How lines end: `\n`, `\r\n` or `\r`.
enum LineBreaks {
    /// The offset of the first line break at or after `start`, or the end of the bytes.
    static func endOfLine(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var i = start
        while i < bytes.count, bytes[i] != 0x0A, bytes[i] != 0x0D { i += 1 }
        return i
    }

    /// The offset at which the line after the one at `start` begins, or nil when that line is the last.
    static func nextLine(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        let end = endOfLine(in: bytes, from: start)
        guard end < bytes.count else { return nil }
        if bytes[end] == 0x0D, end + 1 < bytes.count, bytes[end + 1] == 0x0A { return end + 2 }
        return end + 1
    }

    /// The offset at which each line begins; the first is `first`.
    static func table(of bytes: UnsafeBufferPointer<UInt8>, first: Int) -> [Int] {
        var starts = [first]
        var start = first
        while let next = nextLine(in: bytes, from: start) {
            starts.append(next)
            start = next
        }
        return starts
    }
}
