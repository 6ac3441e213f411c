/// One node of a parsed YAML document: its content and the place where it stands in the file.
///
/// Nodes are values; where the document uses an alias, the aliased node is shared copy-on-write and keeps the place of
/// its anchor.
public struct YAMLNode: Sendable {
    /// What a node holds.
    public enum Kind: Sendable {
        /// Text whose type the reader decides.
        case scalar(Scalar)
        /// An ordered list.
        case sequence([YAMLNode])
        /// Keys and values in the order of the file; no key comes twice.
        case mapping([Entry])
    }

    /// How a scalar is written.
    public enum Style: Sendable, Hashable {
        /// Without quotes.
        case plain
        /// Between `'` and `'`.
        case singleQuoted
        /// Between `"` and `"`.
        case doubleQuoted
        /// A block after `|`.
        case literal
        /// A block after `>`.
        case folded
    }

    /// A piece of text, escapes and folding resolved, without any type.
    public struct Scalar: Sendable, Hashable {
        /// The text.
        public let text: String
        /// How it is written.
        public let style: Style
        /// Whether it is written in anything but the plain style: then it is text always.
        public var isQuoted: Bool { style != .plain }
        /// Whether the file shows `text` character by character on one line.
        let isVerbatim: Bool

        /// Makes a scalar that stands nowhere.
        public init(text: String, style: Style = .plain) {
            self.init(text: text, style: style, isVerbatim: false)
        }

        init(text: String, style: Style, isVerbatim: Bool) {
            self.text = text
            self.style = style
            self.isVerbatim = isVerbatim
        }
    }

    /// One key of a mapping with its value.
    public struct Entry: Sendable {
        /// The key, a scalar always.
        public let key: YAMLNode
        /// The value.
        public let value: YAMLNode
        /// The text of the key.
        public var name: String { key.text ?? "" }

        /// Makes an entry.
        public init(key: YAMLNode, value: YAMLNode) {
            self.key = key
            self.value = value
        }
    }

    /// The content.
    public let kind: Kind
    /// The place: the whole scalar (cut at the end of its first line), or the first token of a collection.
    public let span: Span
    /// The name after `&`, if the node has one.
    public let anchor: String?

    /// Makes a node.
    public init(kind: Kind, span: Span, anchor: String? = nil) {
        self.kind = kind
        self.span = span
        self.anchor = anchor
    }

    /// The scalar, or nil for a collection.
    public var scalar: Scalar? { if case .scalar(let scalar) = kind { scalar } else { nil } }
    /// The text of a scalar, or nil for a collection.
    public var text: String? { scalar?.text }
    /// The items of a sequence, or nil.
    public var items: [YAMLNode]? { if case .sequence(let items) = kind { items } else { nil } }
    /// The entries of a mapping, or nil.
    public var entries: [Entry]? { if case .mapping(let entries) = kind { entries } else { nil } }

    /// Whether this is a plain scalar that means "nothing": empty, `~` or `null`.
    public var isNull: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return scalar.text.isEmpty || scalar.text == "~" || scalar.text == "null"
    }

    /// `text`, `a list` or `a mapping`: the word for this kind of node in messages.
    public var kindName: String {
        switch kind {
        case .scalar: isNull ? "nothing" : "text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The value of a key of a mapping; nil when there is none or this is no mapping. Complexity: O(keys).
    public subscript(key: String) -> YAMLNode? { entry(key)?.value }

    /// The entry with this key, for its place; nil when there is none or this is no mapping. Complexity: O(keys).
    public func entry(_ key: String) -> Entry? {
        guard case .mapping(let entries) = kind else { return nil }
        return entries.first { $0.key.text == key }
    }

    /// The place of a part of a scalar's text, given in UTF-8 bytes.
    ///
    /// Exact for plain and quoted scalars on one line without escapes; otherwise the place of the whole node. A part that
    /// reaches over the end is cut there.
    public func span(offset: Int, length: Int) -> Span {
        guard case .scalar(let scalar) = kind, scalar.isVerbatim, offset >= 0, length >= 0 else { return span }
        let utf8 = scalar.text.utf8
        guard let start = utf8.index(utf8.startIndex, offsetBy: offset, limitedBy: utf8.endIndex) else { return span }
        let end = utf8.index(start, offsetBy: length, limitedBy: utf8.endIndex) ?? utf8.endIndex
        let before = Self.codePoints(utf8[utf8.startIndex..<start])
        let inside = Self.codePoints(utf8[start..<end])
        let quote = scalar.style == .plain ? 0 : 1
        return Span(file: span.file, line: span.line, column: span.column + quote + before, length: inside)
    }

    /// The number of code points that begin in these bytes.
    private static func codePoints(_ utf8: Substring.UTF8View) -> Int {
        utf8.reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
    }
}
