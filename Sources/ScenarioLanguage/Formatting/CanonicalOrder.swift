import Quantities

/// Puts the keys of known sections in order and numbers into their canonical text.
struct CanonicalOrder {
    private let schema: FormatSchema
    /// Whether aliases occur, which must stay behind their anchors.
    private let hasAliases: Bool

    init(schema: FormatSchema, root: LayoutNode) {
        self.schema = schema
        hasAliases = !Self.names(root).aliases.isEmpty
    }

    /// The node in canonical order.
    func apply(_ shape: FormatShape, to node: LayoutNode) -> LayoutNode {
        var node = node
        // What an alias repeats elsewhere may be something else there: it stays as it is.
        let shape = node.anchor == nil ? schema.settled(shape, node) : .any
        switch node.content {
        case .scalar(let lines, isPlain: true) where lines.count == 1:
            if let text = Self.canonical(lines[0], shape) { node.content = .scalar([text], isPlain: true) }
        case .sequence(var entries):
            var inner = FormatShape.any
            if case .list(let item) = shape { inner = item }
            for index in entries.indices {
                entries[index].value = apply(inner, to: entries[index].value)
                hoist(&entries[index])
            }
            node.content = .sequence(entries)
        case .mapping(var entries):
            var shape = shape
            // A list of one may be written without its brackets.
            if case .list(let item) = shape { shape = schema.settled(item, node) }
            var known: [(name: String, shape: FormatShape)] = []
            var every = FormatShape.any
            switch shape {
            case .keys(let keys):
                known = keys
                entries = sorted(entries, keys.map(\.name))
            case .fields(let fields): known = fields
            case .named(let value):
                every = value
                node.isNamed = true
            default: break
            }
            for index in entries.indices {
                let inner = known.first { $0.name == entries[index].name }?.shape ?? every
                entries[index].value = apply(inner, to: entries[index].value)
                settle(&entries[index])
            }
            node.content = .mapping(entries)
        default: break
        }
        return node
    }

    private static func canonical(_ text: String, _ shape: FormatShape) -> String? {
        switch shape {
        case .quantity(let rescales): QuantityText.canonical(text, rescales: rescales)
        case .whole: QuantityText.hexadecimal(text)
        case .list(let item): canonical(text, item)
        default: nil
        }
    }

    // MARK: Comments

    /// Comments above the first part of an item, or behind its opening brace, stand above the item itself.
    private func hoist(_ entry: inout LayoutEntry) {
        if !entry.value.isFilledCollection {
            entry.leading += entry.value.opening
            entry.value.opening = []
            return
        }
        entry.leading += entry.value.opening
        entry.value.opening = []
        switch entry.value.content {
        case .sequence(var inner):
            entry.leading += inner[0].leading
            inner[0].leading = []
            entry.value.content = .sequence(inner)
        case .mapping(var inner):
            entry.leading += inner[0].leading
            inner[0].leading = []
            entry.value.content = .mapping(inner)
        default: break
        }
    }

    /// A comment behind the opening brace of a value stands behind its key; what finds no place there stands above it.
    private func settle(_ entry: inout LayoutEntry) {
        var comments = entry.value.opening
        entry.value.opening = []
        if entry.value.isFilledCollection, entry.head == nil, !comments.isEmpty { entry.head = comments.removeFirst() }
        if entry.head != nil, let comment = entry.trailing {
            comments.append(comment)
            entry.trailing = nil
        }
        entry.leading += comments
    }

    // MARK: Order

    private func sorted(_ given: [LayoutEntry], _ order: [String]) -> [LayoutEntry] {
        let others = order.firstIndex(of: "*") ?? order.count
        let ranked = given.enumerated().map { (index: $0.offset, rank: order.firstIndex(of: $0.element.name) ?? others) }
        let places = ranked.sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }.map(\.index)
        guard let first = places.first, first != 0 else { return settledOrder(places.map { given[$0] }, given) }
        // A blank line above the first key belongs to the place and not to the key.
        var entries = given
        entries[first].blankBefore = entries[0].blankBefore
        entries[0].blankBefore = false
        if !entries[0].leading.isEmpty { entries[0].leading[0].blankBefore = false }
        return settledOrder(places.map { entries[$0] }, given)
    }

    /// The new order where it keeps anchors in front of their aliases, else the old one.
    private func settledOrder(_ result: [LayoutEntry], _ given: [LayoutEntry]) -> [LayoutEntry] {
        hasAliases && !keepsAnchorsFirst(result) ? given : result
    }

    /// Whether no entry uses the anchor of an entry below it.
    private func keepsAnchorsFirst(_ entries: [LayoutEntry]) -> Bool {
        var later: Set<String> = []
        for entry in entries.reversed() {
            let names = Self.names(entry.value)
            if names.aliases.contains(where: { later.contains($0) && !names.anchors.contains($0) }) { return false }
            later.formUnion(names.anchors)
            if let name = Self.anchor(ofKey: entry) { later.insert(name) }
        }
        return true
    }

    private static func anchor(ofKey entry: LayoutEntry) -> String? {
        guard let key = entry.key, key.utf8.first == 0x26 else { return nil }
        return String(key.dropFirst().prefix { $0 != " " })
    }

    /// The anchors and aliases in a node.
    private static func names(_ node: LayoutNode) -> (anchors: Set<String>, aliases: Set<String>) {
        var anchors: Set<String> = []
        var aliases: Set<String> = []
        func visit(_ node: LayoutNode) {
            if let anchor = node.anchor { anchors.insert(anchor) }
            if case .alias(let name) = node.content { aliases.insert(name) }
            for entry in node.entries {
                if let name = anchor(ofKey: entry) { anchors.insert(name) }
                visit(entry.value)
            }
        }
        visit(node)
        return (anchors, aliases)
    }
}
