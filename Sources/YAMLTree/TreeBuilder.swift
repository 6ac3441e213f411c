/// Builds the tree out of events and refuses what the language does not have; all limits are counted here.
struct TreeBuilder {
    /// A finding after which nothing more is read.
    private struct Stop: Error {
        /// What to report; nil when enough has been found already.
        var finding: Diagnostic?
        /// Whether findings before it are dropped: a syntax error stands alone.
        var standsAlone = false
    }

    /// A node with what aliases to it will cost.
    private struct Built {
        var node: YAMLNode
        /// Nested collections, itself included.
        var height: Int
    }

    /// What stands behind an anchor.
    private struct Anchor {
        var span: Span
        /// Nil while the anchored node is still open.
        var built: Built?
        var nodes = 0
    }

    private let limits: YAMLTree.Limits
    private let map: SourceMap
    private let reader: EventReader
    private var diagnostics: [Diagnostic] = []
    private var anchors: [String: Anchor] = [:]
    /// Nodes written so far, aliases included.
    private var written = 0
    /// Nodes so far, each alias counted as all it stands for.
    private var expanded = 0
    /// Where the collections that are open begin, outermost first.
    private var open: [EventReader.Mark] = []
    /// The alias that stands for the most nodes.
    private var greatestAlias: (span: Span, nodes: Int)?

    /// Prepares to read `bytes`, the bytes of `file`.
    init(file: SourceFile, bytes: UnsafeBufferPointer<UInt8>, limits: YAMLTree.Limits) {
        self.limits = limits
        map = SourceMap(file: file, bytes: bytes)
        reader = EventReader(UnsafeBufferPointer(rebasing: bytes.dropFirst(file.markLength)))
    }

    /// Reads the whole document.
    mutating func build() -> (root: YAMLNode?, diagnostics: [Diagnostic]) {
        do {
            let root = try document()
            return (root, diagnostics)
        } catch {
            return (nil, (error.standsAlone ? [] : diagnostics) + [error.finding].compactMap { $0 })
        }
    }

    // MARK: Events

    private func next() throws(Stop) -> EventReader.Event {
        do {
            return try reader.next()
        } catch {
            throw Stop(finding: SyntaxErrors.diagnostic(error, map, innermost: open.last), standsAlone: true)
        }
    }

    /// Adds a finding; `node` stops at the next chance when there are enough.
    private mutating func collect(_ diagnostic: Diagnostic) {
        diagnostics.append(diagnostic)
    }

    private mutating func document() throws(Stop) -> YAMLNode {
        if let mark = map.directive() {
            let finding = Diagnostic(
                "E0145", "directives are not supported", at: map.word(mark), label: "remove this line",
                notes: ["only '%YAML 1.1' and '%YAML 1.2' are accepted, and mean nothing here"])
            throw Stop(finding: finding, standsAlone: true)
        }
        var event = try next()
        while case .streamStart = event.content { event = try next() }
        guard case .documentStart = event.content else { throw Stop(finding: map.emptyFile()) }
        event = try next()
        if case .scalar("", .plain) = event.content, event.properties == nil, event.start == event.end { throw Stop(finding: map.emptyFile()) }
        let root = try node(event, depth: 1).node
        let end = try next()
        if let mark = map.firstContent(after: end.end) { throw Stop(finding: map.strayText(mark), standsAlone: false) }
        if let (span, nodes) = greatestAlias, expanded > limits.aliasExpansion * written {
            throw Stop(finding: tooMuchExpansion(span, nodes))
        }
        return root
    }

    // MARK: Nodes

    private mutating func node(_ event: EventReader.Event, depth: Int) throws(Stop) -> Built {
        guard diagnostics.count < limits.diagnostics else { throw Stop(finding: nil) }
        written += 1
        guard written <= limits.nodes else {
            throw Stop(
                finding: Diagnostic(
                    "E0151", "the file holds more than \(limits.nodes) values", at: map.word(event.start), label: "the limit is passed here"))
        }
        if case .alias(let name) = event.content { return try alias(name, event, depth: depth) }
        expanded += 1
        try checkExpansion()
        let before = expanded - 1
        guard let properties = event.properties else { return try content(event, nil, depth: depth) }
        refuse(tag: properties.tag, event)
        guard let anchor = properties.anchor else { return try content(event, nil, depth: depth) }
        return try anchored(anchor, event, before, depth: depth)
    }

    /// A node without regard to what stands before it, but for its place.
    private mutating func content(_ event: EventReader.Event, _ anchor: String?, depth: Int) throws(Stop) -> Built {
        switch event.content {
        case .scalar(let text, let style):
            return Built(node: try scalar(text, style, anchor, event), height: 0)
        case .sequenceStart:
            try checkDepth(depth, at: event)
            return try sequence(anchor, event, depth: depth)
        case .mappingStart:
            try checkDepth(depth, at: event)
            return try mapping(anchor, event, depth: depth)
        default:
            // libyaml never gives another event where a node is due.
            throw Stop(finding: Diagnostic("E0120", "a value is expected here", at: map.word(event.start)), standsAlone: true)
        }
    }

    /// Where the node itself begins, behind its anchor.
    private func contentStart(_ event: EventReader.Event, _ anchor: String?) -> EventReader.Mark {
        guard anchor != nil else { return event.start }
        let mark = map.skipAnchor(event.start)
        if case .scalar = event.content, (mark.line, mark.column) >= (event.end.line, event.end.column) { return event.start }
        return mark
    }

    private func scalar(_ text: String, _ style: YAMLNode.Style, _ anchor: String?, _ event: EventReader.Event) throws(Stop) -> YAMLNode {
        let start = contentStart(event, anchor)
        let span = map.span(start, event.end)
        guard text.utf8.count <= limits.scalarBytes else {
            throw Stop(
                finding: Diagnostic("E0153", "this text has \(text.utf8.count) bytes; the limit is \(limits.scalarBytes)", at: span))
        }
        let quotes: Int? =
            switch style {
            case .plain: 0
            case .singleQuoted, .doubleQuoted: 2
            case .literal, .folded: nil
            }
        let columns = event.end.column - start.column
        let isVerbatim = quotes.map { start.line == event.end.line && columns - $0 == text.unicodeScalars.count } ?? false
        return YAMLNode(kind: .scalar(.init(text: text, style: style, isVerbatim: isVerbatim)), span: span, anchor: anchor)
    }

    private mutating func sequence(_ anchor: String?, _ event: EventReader.Event, depth: Int) throws(Stop) -> Built {
        let start = contentStart(event, anchor)
        open.append(start)
        var items: [YAMLNode] = []
        var height = 0
        while true {
            let event = try next()
            if case .sequenceEnd = event.content { break }
            let built = try node(event, depth: depth + 1)
            items.append(built.node)
            height = max(height, built.height)
        }
        open.removeLast()
        return Built(node: YAMLNode(kind: .sequence(items), span: map.span(start, length: 1), anchor: anchor), height: height + 1)
    }

    private mutating func mapping(_ anchor: String?, _ event: EventReader.Event, depth: Int) throws(Stop) -> Built {
        let start = contentStart(event, anchor)
        open.append(start)
        var span = map.span(start, length: 1)
        var keys = KeyIndex()
        var height = 0
        while true {
            let keyEvent = try next()
            if case .mappingEnd = keyEvent.content { break }
            let key = try self.key(keyEvent, depth: depth)
            let value = try node(try next(), depth: depth + 1)
            height = max(height, value.height)
            guard let key, let name = key.text else { continue }
            if keys.entries.isEmpty, key.span.line == span.line, key.span.column == span.column { span = key.span }
            if let first = keys.add(YAMLNode.Entry(key: key, value: value.node), name) {
                collect(
                    Diagnostic(
                        "E0140", "duplicate key \(Diagnostic.quoted(name))", at: key.span, label: "remove one of the two",
                        related: [(first.span, "first written here")]))
            }
        }
        open.removeLast()
        return Built(node: YAMLNode(kind: .mapping(keys.entries), span: span, anchor: anchor), height: height + 1)
    }

    /// Reads a key; nil when it is refused.
    private mutating func key(_ event: EventReader.Event, depth: Int) throws(Stop) -> YAMLNode? {
        let key = try node(event, depth: depth + 1).node
        if case .alias = event.content {
            collect(Diagnostic("E0142", "a key must be written out, not taken from an anchor", at: map.word(event.start)))
            return nil
        }
        guard case .scalar(let scalar) = key.kind else {
            let offset = map.offset(event.start)
            let isTemplate = map.byte(offset) == 0x7B && map.byte(offset - 1) == 0x7B
            collect(
                Diagnostic(
                    "E0142", "a key must be text, not \(key.kindName)", at: key.span,
                    help: isTemplate ? "there are no '{{ }}' templates; a formula begins with '='" : "a text that begins with '{' or '[' needs quotes"))
            return nil
        }
        guard scalar.text.utf8.count <= limits.keyBytes else {
            throw Stop(
                finding: Diagnostic("E0154", "this key has \(scalar.text.utf8.count) bytes; the limit is \(limits.keyBytes)", at: key.span))
        }
        if scalar.text.isEmpty {
            collect(Diagnostic("E0146", "a key is missing before ':'", at: key.span, label: "write a key"))
            return nil
        }
        if scalar.style == .plain, scalar.text == "<<" {
            collect(
                Diagnostic(
                    "E0141", "the merge key '<<' is not supported", at: key.span,
                    help: "put what several places share under 'sequences:' and use 'call:', or write it out"))
            return nil
        }
        return key
    }

    // MARK: Anchors and aliases

    private mutating func anchored(_ anchor: String, _ event: EventReader.Event, _ before: Int, depth: Int) throws(Stop) -> Built {
        let span = map.word(event.start)
        let isNew = anchors[anchor] == nil
        if isNew {
            anchors[anchor] = Anchor(span: span)
        } else if let first = anchors[anchor] {
            collect(
                Diagnostic(
                    "E0131", "anchor \(Diagnostic.quoted(anchor)) is defined twice", at: span, label: "choose another name",
                    related: [(first.span, "first defined here")]))
        }
        let built = try content(event, anchor, depth: depth)
        if isNew {
            anchors[anchor]?.built = built
            anchors[anchor]?.nodes = expanded - before
        }
        return built
    }

    private mutating func alias(_ name: String, _ event: EventReader.Event, depth: Int) throws(Stop) -> Built {
        let span = map.span(event.start, event.end)
        let nothing = Built(node: YAMLNode(kind: .scalar(.init(text: "")), span: span), height: 0)
        guard let anchor = anchors[name] else {
            expanded += 1
            let nearest = anchors.count > 1000 ? nil : Suggestion.nearest(name, among: anchors.keys.sorted())
            collect(
                Diagnostic(
                    "E0130", "there is no anchor \(Diagnostic.quoted("&" + name)) before this alias", at: span, label: nearest.map { "did you mean '*\($0)'?" },
                    help: nearest == nil ? "a text that begins with '*' needs quotes" : nil))
            return nothing
        }
        guard let built = anchor.built else {
            collect(
                Diagnostic(
                    "E0132", "alias \(Diagnostic.quoted("*" + name)) stands inside its own anchor", at: span,
                    related: [(anchor.span, "the anchor is still open here")]))
            expanded += 1
            return nothing
        }
        guard depth - 1 + built.height <= limits.depth else { throw tooDeep(at: span) }
        expanded += anchor.nodes
        if anchor.nodes > greatestAlias?.nodes ?? 0 { greatestAlias = (span, anchor.nodes) }
        try checkExpansion()
        return built
    }

    // MARK: Limits

    private func checkDepth(_ depth: Int, at event: EventReader.Event) throws(Stop) {
        guard depth <= limits.depth else { throw tooDeep(at: map.span(map.skipAnchor(event.start), length: 1)) }
    }

    private func tooDeep(at span: Span) -> Stop {
        Stop(finding: Diagnostic("E0150", "nested deeper than \(limits.depth) levels", at: span, label: "level \(limits.depth + 1)"))
    }

    private func checkExpansion() throws(Stop) {
        if let (alias, nodes) = greatestAlias, expanded > limits.nodes { throw Stop(finding: tooMuchExpansion(alias, nodes)) }
    }

    private func tooMuchExpansion(_ span: Span, _ nodes: Int) -> Diagnostic {
        Diagnostic(
            "E0152", "aliases make this file too large", at: span, label: "stands for \(nodes) values",
            notes: ["at most \(limits.aliasExpansion) times what is written, and at most \(limits.nodes) values"])
    }

    /// Reports a tag, if there is one.
    private mutating func refuse(tag: String?, _ event: EventReader.Event) {
        guard tag != nil else { return }
        let mark = map.skipAnchor(event.start)
        collect(
            Diagnostic(
                "E0143", "tags such as \(Diagnostic.quoted(map.wordText(mark))) are not supported", at: map.word(mark),
                label: "remove the tag", notes: ["what a value is follows from its key; quotes make a text of anything"]))
    }
}

/// The entries of a mapping in file order, with a search by name that stays fast in large mappings.
private struct KeyIndex {
    private(set) var entries: [YAMLNode.Entry] = []
    private var positions: [String: Int] = [:]

    /// Adds an entry, or returns the key that has this name already.
    mutating func add(_ entry: YAMLNode.Entry, _ name: String) -> YAMLNode? {
        if entries.count == 16 {
            for (position, entry) in entries.enumerated() { positions[entry.name] = position }
        }
        if entries.count >= 16 {
            if let position = positions[name] { return entries[position].key }
            positions[name] = entries.count
        } else if let first = entries.first(where: { $0.name == name }) {
            return first.key
        }
        entries.append(entry)
        return nil
    }
}
