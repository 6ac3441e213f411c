/// Turns the marks of libyaml into places, and looks at the bytes there.
///
/// It remembers the place that it found last, so that marks in file order cost O(bytes) together, on one long line too.
final class SourceMap {
    private let file: SourceFile
    private let bytes: UnsafeBufferPointer<UInt8>
    private let lineStarts: [Int]
    private var last = (line: 0, column: 0, offset: 0)

    /// Indexes the lines of a file. Complexity: O(bytes).
    init(file: SourceFile, bytes: UnsafeBufferPointer<UInt8>) {
        self.file = file
        self.bytes = bytes
        lineStarts = LineBreaks.table(of: bytes, first: file.markLength)
    }

    /// The path of the file.
    var path: String { file.path }

    /// The first line before the document that begins with `%` and is no `%YAML` directive, or nil.
    ///
    /// libyaml compares each `%TAG` with all before it, so they are refused without letting it see them.
    func directive() -> EventReader.Mark? {
        for (line, start) in lineStarts.enumerated() {
            var offset = start
            while let byte = byte(offset), byte == 0x20 || byte == 0x09 { offset += 1 }
            guard let first = byte(offset) else { return nil }
            if first == 0x0A || first == 0x0D || first == 0x23 { continue }
            guard first == 0x25, offset == start else { return nil }
            if !Array("%YAML ".utf8).elementsEqual((start..<start + 6).map { byte($0) ?? 0 }) {
                return EventReader.Mark(line: line, column: 0)
            }
        }
        return nil
    }

    /// The byte offset of a mark. Complexity: O(column), or O(columns since the last call) further on in the same line.
    func offset(_ mark: EventReader.Mark) -> Int {
        guard mark.line < lineStarts.count else { return bytes.count }
        var offset = lineStarts[mark.line]
        var column = 0
        if last.line == mark.line, last.column <= mark.column, last.offset >= offset { (column, offset) = (last.column, last.offset) }
        while column < mark.column, offset < bytes.count {
            offset += 1
            while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
            column += 1
        }
        last = (mark.line, column, offset)
        return offset
    }

    /// Whether only blanks stand before a mark on its line.
    func isFirstOnLine(_ mark: EventReader.Mark) -> Bool {
        guard mark.line < lineStarts.count else { return true }
        return bytes[lineStarts[mark.line]..<offset(mark)].allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }

    /// The mark of the first character on the line of a mark that is no blank.
    func firstOnLine(_ mark: EventReader.Mark) -> EventReader.Mark {
        guard mark.line < lineStarts.count else { return mark }
        let blanks = bytes[lineStarts[mark.line]...].prefix { $0 == 0x20 || $0 == 0x09 }.count
        return EventReader.Mark(line: mark.line, column: min(blanks, mark.column))
    }

    /// Whether a `:` with a blank after it stands before a mark on its line.
    func hasColonBefore(_ mark: EventReader.Mark) -> Bool {
        guard mark.line < lineStarts.count else { return false }
        let before = lineStarts[mark.line]..<offset(mark)
        return before.contains { bytes[$0] == 0x3A && (byte($0 + 1) ?? 0x20) <= 0x20 }
    }

    /// The last byte before a mark on its line that is no blank.
    func byteBefore(_ mark: EventReader.Mark) -> UInt8? {
        guard mark.line < lineStarts.count else { return nil }
        return bytes[lineStarts[mark.line]..<offset(mark)].last { $0 != 0x20 && $0 != 0x09 }
    }

    /// The text of the word at a mark, as it is written.
    func wordText(_ start: EventReader.Mark) -> String {
        let from = offset(start)
        var to = from
        while let byte = byte(to), byte > 0x20, to == from || !isFlowIndicator(byte) { to += 1 }
        return String(decoding: bytes[from..<to], as: UTF8.self)
    }

    /// The byte at an offset, or nil at the end of the file.
    func byte(_ offset: Int) -> UInt8? { offset >= 0 && offset < bytes.count ? bytes[offset] : nil }

    /// The place between two marks, cut at the end of the first line without its trailing blanks.
    func span(_ start: EventReader.Mark, _ end: EventReader.Mark) -> Span {
        if start.line == end.line { return span(start, length: end.column - start.column) }
        let from = offset(start)
        var to = LineBreaks.endOfLine(in: bytes, from: from)
        while to > from, bytes[to - 1] == 0x20 || bytes[to - 1] == 0x09 { to -= 1 }
        let length = bytes[from..<to].reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
        return span(start, length: length)
    }

    /// The place of `length` code points from a mark on.
    func span(_ start: EventReader.Mark, length: Int) -> Span {
        Span(file: file, line: start.line + 1, column: start.column + 1, length: length)
    }

    /// The place of the word at a mark: up to a blank, a line break or one of `,[]{}`, at least one character.
    func word(_ start: EventReader.Mark) -> Span {
        var offset = offset(start)
        var length = 0
        while let byte = byte(offset), byte > 0x20, length == 0 || !isFlowIndicator(byte) {
            if byte & 0xC0 != 0x80 { length += 1 }
            offset += 1
        }
        return span(start, length: length)
    }

    /// The first mark at or after `mark` that is at no anchor, blank, line break or comment.
    func skipAnchor(_ mark: EventReader.Mark) -> EventReader.Mark {
        var offset = offset(mark)
        guard byte(offset) == 0x26 else { return mark }
        var mark = mark
        while let byte = byte(offset), byte > 0x20, !isFlowIndicator(byte) {
            offset += 1
            if byte & 0xC0 != 0x80 { mark.column += 1 }
        }
        while let byte = byte(offset) {
            switch byte {
            case 0x20, 0x09:
                mark.column += 1
                offset += 1
            case 0x0A, 0x0D:
                guard let next = LineBreaks.nextLine(in: bytes, from: offset) else { return mark }
                offset = next
                mark = mark.nextLine
            case 0x23:
                while let byte = self.byte(offset), byte != 0x0A, byte != 0x0D {
                    if byte & 0xC0 != 0x80 { mark.column += 1 }
                    offset += 1
                }
            default: return mark
            }
        }
        return mark
    }

    /// The first place after a mark with anything but blanks, comments and document ends (`...`); nil when nothing follows.
    func firstContent(after mark: EventReader.Mark) -> EventReader.Mark? {
        var mark = mark
        var offset = offset(mark)
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == 0x0A || byte == 0x0D {
                guard let next = LineBreaks.nextLine(in: bytes, from: offset) else { return nil }
                offset = next
                mark = mark.nextLine
            } else if byte == 0x20 || byte == 0x09 {
                offset += 1
                mark.column += 1
            } else if byte == 0x23 {
                offset = LineBreaks.endOfLine(in: bytes, from: offset)
            } else if mark.column == 0, byte == 0x2E, isDocumentEnd(offset) {
                offset += 3
                mark.column += 3
            } else {
                return mark
            }
        }
        return nil
    }

    private func isDocumentEnd(_ offset: Int) -> Bool {
        byte(offset) == 0x2E && byte(offset + 1) == 0x2E && byte(offset + 2) == 0x2E && (byte(offset + 3) ?? 0x20) <= 0x20
    }

    private func isFlowIndicator(_ byte: UInt8) -> Bool {
        byte == 0x2C || byte == 0x5B || byte == 0x5D || byte == 0x7B || byte == 0x7D
    }
}
