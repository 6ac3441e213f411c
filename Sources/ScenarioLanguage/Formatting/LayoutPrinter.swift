/// Writes a layout as text: two spaces a level, short flow collections on one line, runs of them aligned.
struct LayoutPrinter {
    /// The greatest number of columns of a line with a flow collection.
    static let width = 120

    /// A line with the comment behind it.
    private struct Line {
        let text: String
        let comment: LayoutComment?
    }

    private var lines: [Line] = []
    /// What the next line begins with instead of its indentation: the dash of an item.
    private var opening: String?
    /// Whether the text block above ends with blank lines of its own, so that another would belong to it.
    private var endsOpen = false

    /// The text of a document.
    static func text(_ document: LayoutDocument) -> String {
        var printer = LayoutPrinter()
        printer.markers(document.preamble)
        if let anchor = document.root.anchor { printer.line("&\(anchor)", indent: 0) }
        printer.children(document.root, indent: 0)
        printer.markers(document.postamble)
        return printer.joined()
    }

    // MARK: Lines

    private mutating func line(_ text: String, indent: Int, comment: LayoutComment? = nil) {
        lines.append(Line(text: (opening ?? String(repeating: " ", count: indent)) + text, comment: comment))
        opening = nil
        endsOpen = false
    }

    private mutating func blank(_ wanted: Bool) {
        guard wanted, !endsOpen, let last = lines.last, !last.text.isEmpty else { return }
        lines.append(Line(text: "", comment: nil))
    }

    private mutating func comments(_ comments: [LayoutComment], indent: Int, isFirst: Bool = false) {
        for (index, comment) in comments.enumerated() {
            blank(comment.blankBefore && !(isFirst && index == 0))
            line(comment.text, indent: indent)
        }
    }

    private mutating func markers(_ lines: [LayoutDocument.Line]) {
        for item in lines {
            switch item {
            case .marker(let text, let comment): line(text, indent: 0, comment: comment)
            case .comment(let comment):
                blank(comment.blankBefore)
                line(comment.text, indent: 0)
            }
        }
    }

    /// All lines; comments that stood below each other, apart from their texts, still do; others stand one blank behind their text.
    private func joined() -> String {
        var groups: [Int: (end: Int, gap: Int, count: Int)] = [:]
        for line in lines {
            guard let comment = line.comment, comment.gap > 1 else { continue }
            let end = line.text.unicodeScalars.count
            let group = groups[comment.column] ?? (end, comment.gap, 0)
            groups[comment.column] = (max(group.end, end), min(group.gap, comment.gap), group.count + 1)
        }
        var text = ""
        for line in lines {
            text += line.text
            if let comment = line.comment {
                var gap = 1
                if comment.gap > 1, let group = groups[comment.column], group.count > 1 { gap = group.end + group.gap - line.text.unicodeScalars.count }
                text += String(repeating: " ", count: gap) + comment.text
            }
            text += "\n"
        }
        return text
    }

    // MARK: Nodes

    /// The entries of a filled collection, each on lines of its own.
    private mutating func children(_ node: LayoutNode, indent: Int) {
        let isRoot = indent == 0
        if !node.isFilledCollection, isRoot {
            comments(node.opening + node.tail, indent: 0)
            line(Self.inline(node) ?? "", indent: 0)
            return
        }
        let shorts = node.entries.map { short($0, indent: indent) }
        let pads = node.isNamed ? pads(node.entries, shorts, indent: indent) : []
        for (index, entry) in node.entries.enumerated() {
            let isFirst = index == 0 && !(isRoot && !lines.isEmpty)
            comments(entry.leading, indent: indent, isFirst: isFirst)
            blank(entry.blankBefore && !(isFirst && entry.leading.isEmpty))
            if entry.key == nil {
                item(entry, short: shorts[index], indent: indent)
            } else {
                pair(entry, short: shorts[index], pad: pads.isEmpty ? 1 : pads[index], indent: indent)
            }
        }
        comments(node.tail, indent: indent)
    }

    private mutating func pair(_ entry: LayoutEntry, short: String?, pad: Int, indent: Int) {
        let key = (entry.key ?? "") + ":"
        value(entry, short: short, before: key + String(repeating: " ", count: pad), bare: key, indent: indent)
    }

    private mutating func item(_ entry: LayoutEntry, short: String?, indent: Int) {
        // In front of a dash the comments were written already.
        if opening == nil { for comment in lifted(entry, short: short, indent: indent) { line(comment.text, indent: indent) } }
        let isCompact = short == nil && entry.value.isFilledCollection && entry.value.anchor == nil
        guard isCompact else { return value(entry, short: short, before: "- ", bare: "-", indent: indent) }
        opening = (opening ?? String(repeating: " ", count: indent)) + "- "
        children(entry.value, indent: indent + 2)
    }

    /// Comments behind an item that stand above it once it has several lines, and those of what begins on the same line.
    private func lifted(_ entry: LayoutEntry, short: String?, indent: Int) -> [LayoutComment] {
        guard short == nil, entry.value.isFilledCollection else { return [] }
        let own = entry.trailing.map { [$0] } ?? []
        guard entry.value.anchor == nil, let first = entry.value.entries.first, first.key == nil else { return own }
        return own + lifted(first, short: self.short(first, indent: indent + 2), indent: indent + 2)
    }

    /// A value behind its key or dash; `before` ends with blanks, `bare` is the same without them.
    private mutating func value(_ entry: LayoutEntry, short: String?, before: String, bare: String, indent: Int) {
        let node = entry.value
        let anchor = node.anchor.map { "&\($0)" }
        let start = anchor.map { "\(before)\($0)" } ?? bare
        if let short { return line(before + short, indent: indent, comment: entry.trailing) }
        switch node.content {
        case .nothing:
            line(start, indent: indent, comment: entry.trailing)
            comments(entry.body, indent: indent + 2, isFirst: true)
        case .alias(let name): line("\(before)*\(name)", indent: indent, comment: entry.trailing)
        case .scalar(let texts, _):
            let first = anchor.map { "\(before)\($0) \(texts[0])" } ?? before + texts[0]
            line(first, indent: indent, comment: texts.count == 1 ? entry.trailing : nil)
            for (index, text) in texts.enumerated().dropFirst() {
                line(text, indent: text.isEmpty ? 0 : indent + 2, comment: index == texts.count - 1 ? entry.trailing : nil)
            }
        case .block(let header, let texts, let keepsEnd):
            line(anchor.map { "\(before)\($0) \(header)" } ?? before + header, indent: indent, comment: entry.trailing)
            for text in texts { line(text, indent: text.isEmpty ? 0 : indent + 2) }
            endsOpen = keepsEnd
        case .sequence, .mapping:
            // A flow collection over several lines has its comment behind the key.
            line(start, indent: indent, comment: entry.head ?? (entry.key == nil ? nil : entry.trailing))
            children(node, indent: indent + 2)
        }
    }

    // MARK: One line

    /// The text of a flow collection that stays on one line; nil for everything else.
    private func short(_ entry: LayoutEntry, indent: Int) -> String? {
        let node = entry.value
        switch node.content {
        case .sequence, .mapping: break
        default: return nil
        }
        guard node.isFlow || !node.isFilledCollection, entry.head == nil, let text = Self.inline(node) else { return nil }
        let start = entry.key.map { $0.unicodeScalars.count + 2 } ?? 2
        if node.isFilledCollection, indent + start + text.unicodeScalars.count > Self.width { return nil }
        return text
    }

    /// A flow value on one line; nil when comments or texts over several lines stand in it.
    static func inline(_ node: LayoutNode) -> String? {
        guard node.opening.isEmpty, node.tail.isEmpty else { return nil }
        var result = node.anchor.map { "&\($0) " } ?? ""
        switch node.content {
        case .nothing: return node.anchor.map { "&\($0)" } ?? ""
        case .alias(let name): result += "*\(name)"
        case .scalar(let lines, _):
            guard lines.count == 1 else { return nil }
            result += lines[0]
        case .block: return nil
        case .sequence(let entries):
            guard let parts = parts(entries) else { return nil }
            result += "[\(parts.joined(separator: ", "))]"
        case .mapping(let entries):
            guard let parts = parts(entries) else { return nil }
            result += "{\(parts.joined(separator: ", "))}"
        }
        return result
    }

    private static func parts(_ entries: [LayoutEntry]) -> [String]? {
        var parts: [String] = []
        for entry in entries {
            guard entry.leading.isEmpty, entry.head == nil, entry.trailing == nil, entry.body.isEmpty, let text = inline(entry.value) else { return nil }
            parts.append(entry.key.map { "\($0): \(text)" } ?? text)
        }
        return parts
    }

    // MARK: Alignment

    /// Blanks behind each key: values of neighbouring entries that are short flow collections stand below each other.
    private func pads(_ entries: [LayoutEntry], _ shorts: [String?], indent: Int) -> [Int] {
        var pads = [Int](repeating: 1, count: entries.count)
        var start = 0
        while start < entries.count {
            var end = start
            while end < entries.count, shorts[end] != nil, entries[end].value.isFilledCollection, end == start || !startsGroup(entries[end]) { end += 1 }
            align(start..<end, entries, shorts, indent: indent, &pads)
            start = max(end, start + 1)
        }
        return pads
    }

    private func startsGroup(_ entry: LayoutEntry) -> Bool { entry.blankBefore || entry.leading.contains(where: \.blankBefore) }

    private func align(_ run: Range<Int>, _ entries: [LayoutEntry], _ shorts: [String?], indent: Int, _ pads: inout [Int]) {
        let lengths = run.map { entries[$0].key?.unicodeScalars.count ?? 0 }
        guard run.count > 1, let longest = lengths.max(), let shortest = lengths.min(), longest - shortest <= 24 else { return }
        let widest = run.map { shorts[$0]?.unicodeScalars.count ?? 0 }.max() ?? 0
        guard indent + longest + 2 + widest <= Self.width else { return }
        for (index, length) in zip(run, lengths) { pads[index] = longest - length + 1 }
    }
}
