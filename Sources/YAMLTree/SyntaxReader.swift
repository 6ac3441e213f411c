extension SyntaxDocument {
    /// Reads a file once more for its layout; call it only for files in which ``YAMLTree/parse(_:limits:)`` finds no error.
    ///
    /// - Returns: nil when the file cannot be read after all. Complexity: O(bytes log lines).
    public static func read(_ file: SourceFile) -> SyntaxDocument? {
        let plain = SourceFile(path: file.path, bytes: withLineFeeds(file.bytes.dropFirst(file.markLength)))
        return plain.bytes.withUnsafeBufferPointer { bytes in
            var reader = SyntaxReader(file: plain, bytes: bytes)
            guard let root = reader.document() else { return nil }
            let comments = CommentScan.comments(bytes, opaque: reader.opaque)
            return SyntaxDocument(bytes: plain.bytes, root: root, comments: comments, lineStarts: LineBreaks.table(of: bytes, first: 0))
        }
    }

    /// The bytes with each `\r\n` and `\r` replaced by `\n`.
    private static func withLineFeeds(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard bytes.contains(0x0D) else { return Array(bytes) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var last: UInt8 = 0
        for byte in bytes {
            if byte == 0x0D {
                result.append(0x0A)
            } else if byte != 0x0A || last != 0x0D {
                result.append(byte)
            }
            last = byte
        }
        return result
    }
}

/// Builds syntax nodes out of events; the limits were checked by the reading before.
private struct SyntaxReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let map: SourceMap
    private let reader: EventReader
    /// The bytes of scalars, in order: what looks like a comment there is none. Block scalars are marked for their header.
    private(set) var opaque: [(range: Range<Int>, isBlock: Bool)] = []

    init(file: SourceFile, bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        map = SourceMap(file: file, bytes: bytes)
        reader = EventReader(bytes)
    }

    mutating func document() -> SyntaxNode? {
        while let event = try? reader.next() {
            switch event.content {
            case .streamStart, .documentStart: continue
            case .streamEnd, .documentEnd: return nil
            default: return node(event, after: 0, isBlockItem: false)
            }
        }
        return nil
    }

    /// Reads a node whose first event is given; `after` is where the token before it ends.
    private mutating func node(_ event: EventReader.Event, after: Int, isBlockItem: Bool) -> SyntaxNode? {
        let start = map.offset(event.start)
        let anchor = event.properties?.anchor
        switch event.content {
        case .alias(let name):
            return SyntaxNode(content: .alias(name), anchor: nil, isFlow: false, start: start, range: start..<map.offset(event.end))
        case .scalar(let text, let style):
            return scalar(text, style, anchor, event, after: after, isBlockItem: isBlockItem)
        case .sequenceStart(let isFlow):
            let inner = anchor == nil ? start : map.offset(map.skipAnchor(event.start))
            var items: [SyntaxNode] = []
            var last = inner
            while let next = try? reader.next() {
                if case .sequenceEnd = next.content {
                    return SyntaxNode(content: .sequence(items), anchor: anchor, isFlow: isFlow, start: start, range: inner..<end(next, last, isFlow))
                }
                guard let item = node(next, after: last, isBlockItem: !isFlow) else { return nil }
                last = max(last, item.range.upperBound)
                items.append(item)
            }
        case .mappingStart(let isFlow):
            let inner = anchor == nil ? start : map.offset(map.skipAnchor(event.start))
            var entries: [(key: SyntaxNode, value: SyntaxNode)] = []
            var last = inner
            while let next = try? reader.next() {
                if case .mappingEnd = next.content {
                    return SyntaxNode(content: .mapping(entries), anchor: anchor, isFlow: isFlow, start: start, range: inner..<end(next, last, isFlow))
                }
                guard let key = node(next, after: last, isBlockItem: false), let event = try? reader.next(),
                    let value = node(event, after: key.range.upperBound, isBlockItem: false)
                else { return nil }
                last = max(last, key.range.upperBound, value.range.upperBound)
                entries.append((key, value))
            }
        default: break
        }
        return nil
    }

    /// Where a collection ends: the marks of block collections are at the next token, behind comments that do not belong to them.
    private func end(_ event: EventReader.Event, _ last: Int, _ isFlow: Bool) -> Int { isFlow ? max(last, map.offset(event.end)) : last }

    private mutating func scalar(
        _ text: String, _ style: YAMLNode.Style, _ anchor: String?, _ event: EventReader.Event, after: Int, isBlockItem: Bool
    ) -> SyntaxNode {
        let start = map.offset(event.start)
        let end = map.offset(event.end)
        var inner = anchor == nil ? start : min(map.offset(map.skipAnchor(event.start)), end)
        if style == .plain, text.isEmpty {
            // libyaml puts a value that is not there at its indicator or at the next token: it belongs to the token before it.
            let isNear = isBlockItem || !bytes[min(after, end)..<end].contains(0x0A)
            inner = anchor != nil || isNear ? end : after
            return SyntaxNode(content: .scalar(.plain), anchor: anchor, isFlow: false, start: anchor == nil ? inner : start, range: inner..<inner)
        }
        opaque.append((inner..<end, style == .literal || style == .folded))
        return SyntaxNode(content: .scalar(style), anchor: anchor, isFlow: false, start: start, range: inner..<end)
    }
}

/// Finds comments between scalars.
private enum CommentScan {
    static func comments(_ bytes: UnsafeBufferPointer<UInt8>, opaque: [(range: Range<Int>, isBlock: Bool)]) -> [SyntaxComment] {
        var result: [SyntaxComment] = []
        var offset = 0
        func take(until limit: Int) {
            while offset < limit {
                guard bytes[offset] == 0x23 else {
                    offset += 1
                    continue
                }
                let end = LineBreaks.endOfLine(in: bytes, from: offset)
                var last = end
                while last > offset, bytes[last - 1] == 0x20 || bytes[last - 1] == 0x09 { last -= 1 }
                result.append(SyntaxComment(text: String(decoding: bytes[offset..<last], as: UTF8.self), offset: offset))
                offset = end
            }
        }
        for (range, isBlock) in opaque {
            take(until: range.lowerBound)
            if isBlock {
                offset = range.lowerBound
                take(until: LineBreaks.endOfLine(in: bytes, from: offset))
            }
            offset = max(offset, range.upperBound)
        }
        take(until: bytes.count)
        return result
    }
}
