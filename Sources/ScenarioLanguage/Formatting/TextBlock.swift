/// The texts after `|` and `>`.
enum TextBlock {
    /// The layout of a text block as it stands in the file; `parentColumn` is the column of the collection around it.
    static func content(_ raw: String, parentColumn: Int) -> LayoutNode.Content {
        var lines = raw.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let first = lines.removeFirst()
        let signs = first.prefix { $0 != " " && $0 != "\t" && $0 != "#" }
        let given = signs.first { $0.isASCII && $0.isNumber }.flatMap(\.wholeNumberValue)
        let keepsEnd = signs.contains("+")
        let indent = given.map { max(parentColumn, 0) + $0 } ?? lines.first { !$0.utf8.allSatisfy { $0 == 0x20 } }.map(leadingBlanks) ?? Int.max
        lines = lines.map { String(decoding: $0.utf8.dropFirst(min(indent, leadingBlanks($0))), as: UTF8.self) }
        // The last line break ends the last line.
        if lines.last == "" { lines.removeLast() }
        if !keepsEnd { while lines.last == "" { lines.removeLast() } }
        // With a given indentation the number is the distance that the printer uses.
        let header = String(signs.map { $0.isASCII && $0.isNumber ? "2" : $0 })
        return .block(header: header, lines: lines, keepsEnd: keepsEnd)
    }

    private static func leadingBlanks(_ line: String) -> Int { line.utf8.prefix { $0 == 0x20 }.count }
}
