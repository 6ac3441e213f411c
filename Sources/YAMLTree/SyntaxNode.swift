/// One node of a document as it is written: its style and its bytes, where a ``YAMLNode`` has its meaning.
public struct SyntaxNode: Sendable {
    /// What a node holds.
    public enum Content: Sendable {
        /// A text; an empty plain one stands for a value that is not there.
        case scalar(YAMLNode.Style)
        /// `*name`.
        case alias(String)
        /// Items in order.
        case sequence([SyntaxNode])
        /// Keys with their values in order.
        case mapping([(key: SyntaxNode, value: SyntaxNode)])
    }

    /// The content.
    public let content: Content
    /// The name after `&`, if the node has one.
    public let anchor: String?
    /// Whether it is a collection between brackets or braces.
    public let isFlow: Bool
    /// The offset of the first byte, the anchor included.
    public let start: Int
    /// The bytes without the anchor; empty for a value that is not there. A block collection ends with its last child.
    public let range: Range<Int>
}

/// A comment with its place.
public struct SyntaxComment: Sendable, Hashable {
    /// The text from `#` on, without blanks at its end.
    public let text: String
    /// The offset of `#`.
    public let offset: Int
}

/// A document as it is written, with what its tree leaves out: styles, comments, markers.
public struct SyntaxDocument: Sendable {
    /// The bytes, without byte order mark and with `\n` as the only line break.
    public let bytes: [UInt8]
    /// The outermost node.
    public let root: SyntaxNode
    /// All comments in order.
    public let comments: [SyntaxComment]
    /// The offset at which each line begins.
    public let lineStarts: [Int]

    /// The line of an offset, counted from 0. Complexity: O(log lines).
    public func line(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// The bytes of a line without its line break.
    public func bytes(ofLine line: Int) -> ArraySlice<UInt8> {
        guard lineStarts.indices.contains(line) else { return [] }
        let end = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : bytes.count
        return bytes[lineStarts[line]..<max(end, lineStarts[line])]
    }

    /// The text of some bytes.
    public func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}
