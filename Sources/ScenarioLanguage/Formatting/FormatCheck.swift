import YAMLTree

/// Compares a file with what the formatter made of it.
struct FormatCheck {
    let schema: FormatSchema

    /// What differs between a tree and the text written from it; nil when nothing that matters does.
    func difference(_ before: YAMLNode, _ document: SyntaxDocument, _ written: SourceFile, _ shape: FormatShape, _ layout: LayoutNode) -> String? {
        let (root, diagnostics) = YAMLTree.parse(written)
        if let error = diagnostics.first(where: { $0.severity == .error }) {
            return "line \(error.span?.line ?? 0) of the result cannot be read: \(error.message)"
        }
        guard let root, let after = SyntaxDocument.read(written) else { return "the result cannot be read" }
        guard document.comments.map(\.text).sorted() == after.comments.map(\.text).sorted() else { return "the result has other comments" }
        return difference(before, root, shape, layout, path: "")
    }

    private func difference(_ a: YAMLNode, _ b: YAMLNode, _ shape: FormatShape, _ layout: LayoutNode, path: String) -> String? {
        let here = path.isEmpty ? "the file" : path
        guard a.anchor == b.anchor else { return "\(here) has another anchor" }
        let shape = a.anchor == nil ? schema.settled(shape, layout) : .any
        switch (a.kind, b.kind) {
        case (.scalar(let x), .scalar(let y)):
            guard x.style == y.style else { return "\(here) has other quotes" }
            return x.text == y.text || x.style == .plain && allows(shape) && QuantityText.isSame(x.text, y.text) ? nil : "\(here) is another text"
        case (.sequence(let x), .sequence(let y)):
            guard x.count == y.count else { return "\(here) has another number of items" }
            var inner = FormatShape.any
            if case .list(let item) = shape { inner = item }
            for index in x.indices {
                if let found = difference(x[index], y[index], inner, child(layout, index), path: "\(path)[\(index)]") { return found }
            }
            return nil
        case (.mapping(let x), .mapping(let y)):
            return difference(x, y, shape, layout, path: path)
        default: return "\(here) is something else"
        }
    }

    private func difference(_ x: [YAMLNode.Entry], _ y: [YAMLNode.Entry], _ given: FormatShape, _ layout: LayoutNode, path: String) -> String? {
        guard x.count == y.count else { return "\(path.isEmpty ? "the file" : path) has another number of keys" }
        var shape = given
        if case .list(let item) = shape { shape = schema.settled(item, layout) }
        var known: [(name: String, shape: FormatShape)] = []
        var every = FormatShape.any
        var places: [String: Int] = [:]
        switch shape {
        case .keys(let keys):
            known = keys
            for (index, entry) in y.enumerated() { places[entry.name] = index }
        case .fields(let fields): known = fields
        case .named(let value): every = value
        default: break
        }
        for (index, entry) in x.enumerated() {
            let other: YAMLNode.Entry? = places.isEmpty ? y[index] : places[entry.name].map { y[$0] }
            let full = path.isEmpty ? entry.name : "\(path).\(entry.name)"
            guard let other, other.name == entry.name, other.key.scalar?.style == entry.key.scalar?.style else { return "the key \(full) is gone or has moved" }
            let inner = known.first { $0.name == entry.name }?.shape ?? every
            if let found = difference(entry.value, other.value, inner, child(layout, index), path: full) { return found }
        }
        return nil
    }

    /// The layout of a child; an alias stands for a node whose layout is elsewhere, and has no canonical texts.
    private func child(_ layout: LayoutNode, _ index: Int) -> LayoutNode {
        let entries = layout.entries
        return index < entries.count ? entries[index].value : LayoutNode(content: .nothing)
    }

    private func allows(_ shape: FormatShape) -> Bool {
        switch shape {
        case .quantity, .whole: true
        case .list(let item): allows(item)
        default: false
        }
    }
}
