import YAMLTree

/// Hands each comment of a document to the node that it belongs to.
///
/// A comment on a line of its own belongs to what follows it, unless it stands as deep as the collection that ends above it; a comment
/// behind text belongs to that text.
struct LayoutBuilder {
    private let document: SyntaxDocument
    /// The first comment that nothing has taken yet.
    private var next = 0

    init(_ document: SyntaxDocument) { self.document = document }

    /// Builds the layout, or says what cannot be laid out.
    static func build(_ document: SyntaxDocument) throws(LayoutProblem) -> LayoutDocument {
        var builder = LayoutBuilder(document)
        let end = builder.endOfDocument()
        let first = document.line(of: document.root.start)
        let sharesLine = document.bytes(ofLine: first).starts(with: [0x2D, 0x2D, 0x2D])
        let preamble = builder.lines(from: 0, to: sharesLine ? first + 1 : first, before: document.root.start)
        var root = try builder.value(document.root, limit: end, parentColumn: -1)
        if root.isFlow { root.tail += builder.take(before: end) }
        let isMarked = end < document.bytes.count
        let postamble = isMarked ? builder.lines(from: document.line(of: end), to: document.lineStarts.count, before: document.bytes.count) : []
        if let lost = builder.peek(before: document.bytes.count) {
            throw LayoutProblem(line: document.line(of: lost.offset), column: builder.column(lost.offset), what: "a comment at this place")
        }
        return LayoutDocument(preamble: preamble, root: root, postamble: postamble)
    }

    // MARK: Comments

    private mutating func take(before offset: Int) -> [LayoutComment] {
        var result: [LayoutComment] = []
        while let comment = peek(before: offset) {
            result.append(layout(comment))
            next += 1
        }
        return result
    }

    private func peek(before offset: Int) -> SyntaxComment? {
        guard next < document.comments.count, document.comments[next].offset < offset else { return nil }
        return document.comments[next]
    }

    /// The next comment when it stands on the line of an offset.
    private mutating func take(onLineOf offset: Int, before limit: Int) -> LayoutComment? {
        guard let comment = peek(before: limit), comment.offset >= offset, document.line(of: comment.offset) == document.line(of: offset) else { return nil }
        next += 1
        return layout(comment)
    }

    /// Comments on lines of their own that stand at a column or deeper.
    private mutating func take(from column: Int, before limit: Int) -> [LayoutComment] {
        var result: [LayoutComment] = []
        while let comment = peek(before: limit) {
            let layout = layout(comment)
            guard layout.column >= column else { break }
            result.append(layout)
            next += 1
        }
        return result
    }

    private func layout(_ comment: SyntaxComment) -> LayoutComment {
        let line = document.line(of: comment.offset)
        let before = document.bytes[document.lineStarts[line]..<comment.offset]
        let text = before.reversed().drop { $0 == 0x20 || $0 == 0x09 }
        let column = codePoints(before)
        let isOwnLine = text.isEmpty
        return LayoutComment(
            text: comment.text, blankBefore: isOwnLine && isBlank(line - 1), column: column, gap: isOwnLine ? 0 : column - codePoints(text))
    }

    private func codePoints(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } } }

    private func isBlank(_ line: Int) -> Bool {
        line >= 0 && document.bytes(ofLine: line).allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }

    /// Whether a blank line stands above what begins its line at an offset.
    private func hasBlankAbove(_ offset: Int) -> Bool {
        let line = document.line(of: offset)
        let before = document.bytes[document.lineStarts[line]..<offset]
        return before.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x2D || $0 == 0x3F } && isBlank(line - 1)
    }

    private func column(_ offset: Int) -> Int { codePoints(document.bytes[document.lineStarts[document.line(of: offset)]..<offset]) }

    // MARK: Markers

    /// Where the document ends: at `...`, or with the file.
    private func endOfDocument() -> Int {
        let first = document.line(of: document.root.range.upperBound)
        for line in first..<document.lineStarts.count where document.lineStarts[line] >= document.root.range.upperBound {
            if document.bytes(ofLine: line).starts(with: [0x2E, 0x2E, 0x2E]) { return document.lineStarts[line] }
        }
        return document.bytes.count
    }

    /// Markers and comments on some lines; the comments must stand before an offset.
    private mutating func lines(from first: Int, to last: Int, before limit: Int) -> [LayoutDocument.Line] {
        var result: [LayoutDocument.Line] = []
        for line in first..<max(last, first) {
            let bytes = document.bytes(ofLine: line)
            let start = document.lineStarts[line]
            if bytes.first == 0x25 || bytes.starts(with: [0x2D, 0x2D, 0x2D]) || bytes.starts(with: [0x2E, 0x2E, 0x2E]) {
                let comment = take(onLineOf: start, before: limit)
                let isDirective = bytes.first == 0x25
                let end = isDirective ? commentStart(bytes) : start + 3
                result.append(.marker(trimmed(document.text(start..<end)), comment))
            } else if let comment = take(onLineOf: start, before: limit) {
                result.append(.comment(comment))
            }
        }
        return result
    }

    private func commentStart(_ line: ArraySlice<UInt8>) -> Int { line.firstIndex(of: 0x23) ?? line.endIndex }

    private func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }

    // MARK: Nodes

    /// A node; `limit` is where the next token outside it begins, `parentColumn` the column of the collection that it stands in.
    private mutating func value(_ node: SyntaxNode, limit: Int, parentColumn: Int) throws(LayoutProblem) -> LayoutNode {
        switch node.content {
        case .alias(let name): return LayoutNode(content: .alias(name))
        case .scalar(let style):
            if node.range.isEmpty, style == .plain { return LayoutNode(content: .nothing, anchor: node.anchor) }
            return LayoutNode(content: scalar(node, style, parentColumn: parentColumn), anchor: node.anchor)
        case .sequence(let items):
            if node.isFlow { return try flow(node, items.map { (nil, $0) }) }
            return try block(node, items.map { (nil, $0) }, limit: limit, parentColumn: parentColumn)
        case .mapping(let entries):
            if node.isFlow { return try flow(node, entries.map { ($0.key, $0.value) }) }
            return try block(node, entries.map { ($0.key, $0.value) }, limit: limit, parentColumn: parentColumn)
        }
    }

    private mutating func block(_ node: SyntaxNode, _ children: [(key: SyntaxNode?, value: SyntaxNode)], limit: Int, parentColumn: Int)
        throws(LayoutProblem) -> LayoutNode
    {
        let column = column(node.range.lowerBound)
        var entries: [LayoutEntry] = []
        var last = node.range.lowerBound
        for (index, child) in children.enumerated() {
            let next = index + 1 < children.count ? (children[index + 1].key ?? children[index + 1].value).start : limit
            var entry = LayoutEntry(value: LayoutNode(content: .nothing))
            if let key = child.key {
                entry.leading = take(before: key.start)
                entry.blankBefore = hasBlankAbove(key.start)
                try setKey(&entry, key)
                try setValue(&entry, key, child.value, limit: next, column: column)
            } else {
                let isCollection = !child.value.isFlow && !child.value.range.isEmpty
                entry.leading = take(before: child.value.range.lowerBound)
                entry.blankBefore = hasBlankAbove(dash(from: last, to: child.value.range.lowerBound))
                entry.value = try value(child.value, limit: next, parentColumn: column)
                if !isCollection || !entry.value.isFilledCollection {
                    entry.trailing = trailing(&entry.value, child.value, before: next)
                }
            }
            if case .nothing = entry.value.content { entry.body = take(from: column + 1, before: next) }
            last = max(last, child.value.range.upperBound)
            entries.append(entry)
        }
        var isSequence = false
        if case .sequence = node.content { isSequence = true }
        let tailColumn = parentColumn < 0 ? 0 : isSequence && column == parentColumn ? column + 1 : column
        let tail = take(from: tailColumn, before: limit)
        return LayoutNode(content: isSequence ? .sequence(entries) : .mapping(entries), anchor: node.anchor, tail: tail)
    }

    private mutating func flow(_ node: SyntaxNode, _ children: [(key: SyntaxNode?, value: SyntaxNode)]) throws(LayoutProblem) -> LayoutNode {
        var result = LayoutNode(content: .nothing, anchor: node.anchor, isFlow: true)
        var entries: [LayoutEntry] = []
        let first = children.first.map { ($0.key ?? $0.value).start } ?? node.range.upperBound
        if let comment = take(onLineOf: node.range.lowerBound, before: first) { result.opening = [comment] }
        for (index, child) in children.enumerated() {
            let next = index + 1 < children.count ? (children[index + 1].key ?? children[index + 1].value).start : node.range.upperBound
            var entry = LayoutEntry(value: LayoutNode(content: .nothing))
            if let key = child.key {
                entry.leading = take(before: key.start)
                entry.blankBefore = hasBlankAbove(key.start)
                try setKey(&entry, key)
                try setValue(&entry, key, child.value, limit: next, column: -1)
            } else {
                entry.leading = take(before: child.value.range.lowerBound)
                entry.blankBefore = hasBlankAbove(child.value.start)
                entry.value = try value(child.value, limit: next, parentColumn: -1)
            }
            if entry.trailing == nil { entry.trailing = trailing(&entry.value, child.value, before: next) }
            entries.append(entry)
        }
        result.tail = take(before: node.range.upperBound)
        if case .sequence = node.content { result.content = .sequence(entries) } else { result.content = .mapping(entries) }
        if entries.isEmpty {
            result.opening += result.tail
            result.tail = []
        }
        return result
    }

    private func setKey(_ entry: inout LayoutEntry, _ key: SyntaxNode) throws(LayoutProblem) {
        let text = document.text(key.range)
        guard case .scalar(let style) = key.content, style != .literal, style != .folded, !text.utf8.contains(0x0A) else {
            throw LayoutProblem(line: document.line(of: key.start), column: column(key.start), what: "a key over several lines")
        }
        entry.key = (key.anchor.map { "&\($0) " } ?? "") + text
        entry.name = style == .plain ? text : String(text.dropFirst().dropLast())
    }

    /// Reads the value of a key with the comments between the two and behind it.
    private mutating func setValue(_ entry: inout LayoutEntry, _ key: SyntaxNode, _ node: SyntaxNode, limit: Int, column: Int) throws(LayoutProblem) {
        let head = take(onLineOf: key.range.upperBound, before: node.range.lowerBound)
        var isBlockCollection = false
        switch node.content {
        case .sequence, .mapping: isBlockCollection = !node.isFlow
        default: break
        }
        if !isBlockCollection { entry.leading += take(before: node.range.lowerBound) }
        entry.value = try value(node, limit: limit, parentColumn: column)
        guard !isBlockCollection else {
            entry.head = head
            return
        }
        entry.trailing = trailing(&entry.value, node, before: limit)
        guard let head else { return }
        if entry.value.isFilledCollection {
            entry.head = head
        } else if entry.trailing == nil {
            entry.trailing = head
        } else {
            entry.leading.append(head)
        }
    }

    /// The comment behind a value, or behind the sign of a text block.
    private mutating func trailing(_ value: inout LayoutNode, _ node: SyntaxNode, before limit: Int) -> LayoutComment? {
        if case .block = value.content { return take(onLineOf: node.range.lowerBound, before: node.range.upperBound) }
        return take(onLineOf: node.range.upperBound, before: limit)
    }

    /// The place of the dash between two items.
    private func dash(from start: Int, to end: Int) -> Int {
        var offset = start
        while offset < end {
            if document.bytes[offset] == 0x2D { return offset }
            if document.bytes[offset] == 0x23 {
                while offset < end, document.bytes[offset] != 0x0A { offset += 1 }
            } else {
                offset += 1
            }
        }
        return end
    }

    // MARK: Texts

    private func scalar(_ node: SyntaxNode, _ style: YAMLNode.Style, parentColumn: Int) -> LayoutNode.Content {
        let raw = document.text(node.range)
        if style == .literal || style == .folded { return TextBlock.content(raw, parentColumn: parentColumn) }
        let isPlain = style == .plain
        let lines = raw.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
            var line = line
            if index > 0 { line = line.drop { $0 == " " || $0 == "\t" } }
            return isPlain ? trimmed(String(line)) : String(line)
        }
        return .scalar(lines, isPlain: isPlain)
    }
}

/// Why a file cannot be laid out, with its place counted from 0.
struct LayoutProblem: Error {
    let line: Int
    let column: Int
    let what: String
}
