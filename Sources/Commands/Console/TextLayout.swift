import YAMLTree

/// Lays out text in columns.
enum TextLayout {
    /// The words of a paragraph on lines of at most `width` columns.
    static func wrap(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for word in text.split(separator: " ") {
            let size = DisplayText.width(String(word))
            if used > 0, used + 1 + size > width {
                lines.append(line)
                line = ""
                used = 0
            }
            if used > 0 {
                line += " "
                used += 1
            }
            line += word
            used += size
        }
        if used > 0 { lines.append(line) }
        return lines
    }

    /// A text filled up with blanks.
    static func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - DisplayText.width(text))) }

    /// Rows of a name and an explanation that is wrapped beside it; names over `most` columns stand on a line of their own.
    static func definitions(_ rows: [(String, String)], indent: Int = 2, most: Int = 28, width: Int) -> String {
        let column = indent + 2 + (rows.map { DisplayText.width($0.0) }.filter { $0 <= most }.max() ?? most)
        let margin = String(repeating: " ", count: column)
        var text = ""
        for (name, about) in rows {
            let lines = wrap(about, width: max(30, width - column))
            let head = String(repeating: " ", count: indent) + name
            guard let first = lines.first else {
                text += head + "\n"
                continue
            }
            text += DisplayText.width(head) + 2 <= column ? padded(head, column) + first + "\n" : "\(head)\n\(margin)\(first)\n"
            for line in lines.dropFirst() { text += "\(margin)\(line)\n" }
        }
        return text
    }

    /// Rows in aligned columns; the last column is as long as it is.
    static func table(_ rows: [[String]], indent: Int = 2) -> String {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], DisplayText.width(cell))
            }
        }
        var text = ""
        for row in rows {
            var line = String(repeating: " ", count: indent)
            for (index, cell) in row.enumerated() { line += index == row.count - 1 ? cell : padded(cell, widths[index] + 2) }
            while line.hasSuffix(" ") { line.removeLast() }
            text += line + "\n"
        }
        return text
    }

    /// A number with thin groups of three digits: `20 000`.
    static func grouped(_ number: UInt64) -> String {
        let digits = Array(String(number).utf8)
        var text: [UInt8] = []
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(0x20) }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `1 alarm`, `2 alarms`.
    static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String { "\(number) \(number == 1 ? noun : plural ?? noun + "s")" }
}
