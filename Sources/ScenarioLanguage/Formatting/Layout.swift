/// A comment with what its place says.
struct LayoutComment {
    /// The text from `#` on.
    let text: String
    /// Whether a blank line stands above it.
    var blankBefore: Bool
    /// Its column, counted from 0 in code points.
    let column: Int
    /// Blanks between it and the text in front of it.
    let gap: Int
}

/// One node with its comments, ready to be put in order and printed.
struct LayoutNode {
    /// What it holds; texts are those of the file.
    enum Content {
        /// A value that is not there.
        case nothing
        /// A plain or quoted text with its lines, without their indentation.
        case scalar([String], isPlain: Bool)
        /// A text after `|` or `>`: what stands behind the sign, and the lines without their indentation.
        case block(header: String, lines: [String], keepsEnd: Bool)
        /// `*name`.
        case alias(String)
        /// Items.
        case sequence([LayoutEntry])
        /// Keys and values.
        case mapping([LayoutEntry])
    }

    var content: Content
    /// The name after `&`.
    var anchor: String?
    /// Whether it is written between brackets or braces.
    var isFlow = false
    /// Comments behind the opening bracket or brace.
    var opening: [LayoutComment] = []
    /// Comments below the last item.
    var tail: [LayoutComment] = []
    /// Whether the names of its keys are the user's, so that a run of short entries is aligned.
    var isNamed = false

    /// The items or entries; none for anything else.
    var entries: [LayoutEntry] {
        switch content {
        case .sequence(let entries), .mapping(let entries): entries
        default: []
        }
    }

    /// The text of a plain scalar on one line.
    var plainText: String? {
        if case .scalar(let lines, isPlain: true) = content, lines.count == 1 { return lines[0] }
        return nil
    }

    /// The text of a scalar on one line, as it is written.
    var writtenText: String? {
        if case .scalar(let lines, _) = content, lines.count == 1 { return lines[0] }
        return nil
    }

    /// The value of a key of a mapping.
    subscript(_ key: String) -> LayoutNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.name == key }?.value
    }

    /// Whether it is a list or a mapping with something in it.
    var isFilledCollection: Bool { !entries.isEmpty }
}

/// An item of a list, or a key with its value.
struct LayoutEntry {
    /// Comments on lines of their own above it.
    var leading: [LayoutComment] = []
    /// Whether a blank line stands directly above it.
    var blankBefore = false
    /// The key as it is written, with its anchor; nil for an item.
    var key: String?
    /// The text of the key.
    var name = ""
    /// The value.
    var value: LayoutNode
    /// A comment behind the key of a value that begins on the next line.
    var head: LayoutComment?
    /// A comment at the end of the last line.
    var trailing: LayoutComment?
    /// Comments below a key without value.
    var body: [LayoutComment] = []
}

/// A file as it is laid out.
struct LayoutDocument {
    /// A line outside the tree.
    enum Line {
        /// `---`, `...` or a directive, with a comment behind it.
        case marker(String, LayoutComment?)
        /// A comment.
        case comment(LayoutComment)
    }

    /// What stands above the first key.
    var preamble: [Line]
    /// The tree.
    var root: LayoutNode
    /// What stands below the end of the document.
    var postamble: [Line]
}
