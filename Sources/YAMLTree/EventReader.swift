import CYAML

/// libyaml's parser as a source of events, one at a time.
///
/// The parser's memory has a stable address for as long as the reader lives; the bytes must outlive the reader.
final class EventReader {
    /// A position in the file: line and column counted from 0.
    struct Mark: Equatable {
        var line: Int { Int(storedLine) }
        var column: Int {
            get { Int(storedColumn) }
            set { storedColumn = Int32(clamping: newValue) }
        }
        // A file has at most 1 MiB: half the size makes the tree of a large file noticeably faster.
        private var storedLine: Int32
        private var storedColumn: Int32

        init(line: Int, column: Int) {
            storedLine = Int32(clamping: line)
            storedColumn = Int32(clamping: column)
        }

        /// The beginning of the next line.
        var nextLine: Mark { Mark(line: line + 1, column: 0) }
    }

    /// What an event says.
    enum Content {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(String, YAMLNode.Style)
        case sequenceStart(isFlow: Bool)
        case sequenceEnd
        case mappingStart(isFlow: Bool)
        case mappingEnd
    }

    /// What may stand before a node: `&anchor` and `!tag`; rare, so that an event holds only a reference.
    final class Properties {
        let anchor: String?
        let tag: String?

        init(anchor: String?, tag: String?) {
            self.anchor = anchor
            self.tag = tag
        }
    }

    /// An event with its place.
    struct Event {
        var content: Content
        var properties: Properties?
        var start: Mark
        var end: Mark
    }

    /// What libyaml found wrong.
    struct Failure: Error {
        var problem: String
        var context: String
        var problemMark: Mark
        var contextMark: Mark
        var isOutOfMemory: Bool
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let isReady: Bool

    /// Starts to read UTF-8 bytes, which must stay where they are while the reader lives.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        isReady = yaml_parser_initialize(parser) != 0
        if isReady {
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
        }
    }

    deinit {
        if isReady { yaml_parser_delete(parser) }
        parser.deallocate()
    }

    /// The next event; after the end of the stream, the end again.
    func next() throws(Failure) -> Event {
        var event = yaml_event_t()
        guard isReady, yaml_parser_parse(parser, &event) != 0 else { throw failure() }
        defer { yaml_event_delete(&event) }
        return Event(content: Self.content(event), properties: Self.properties(event), start: Mark(event.start_mark), end: Mark(event.end_mark))
    }

    /// The error of the parser, copied before its memory goes.
    private func failure() -> Failure {
        guard isReady else {
            let nowhere = Mark(yaml_mark_t())
            return Failure(problem: "", context: "", problemMark: nowhere, contextMark: nowhere, isOutOfMemory: true)
        }
        return Failure(
            problem: parser.pointee.problem.map { String(cString: $0) } ?? "",
            context: parser.pointee.context.map { String(cString: $0) } ?? "",
            problemMark: Mark(parser.pointee.problem_mark), contextMark: Mark(parser.pointee.context_mark),
            isOutOfMemory: parser.pointee.error == YAML_MEMORY_ERROR)
    }

    private static func content(_ event: yaml_event_t) -> Content {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return .scalar(text, style(scalar.style))
        case YAML_SEQUENCE_START_EVENT: return .sequenceStart(isFlow: event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE)
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT: return .mappingStart(isFlow: event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE)
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_STREAM_START_EVENT: return .streamStart
        default: return .streamEnd
        }
    }

    private static func properties(_ event: yaml_event_t) -> Properties? {
        let pair: (anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?)
        switch event.type {
        case YAML_SCALAR_EVENT: pair = (event.data.scalar.anchor, event.data.scalar.tag)
        case YAML_SEQUENCE_START_EVENT: pair = (event.data.sequence_start.anchor, event.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT: pair = (event.data.mapping_start.anchor, event.data.mapping_start.tag)
        default: return nil
        }
        if pair.anchor == nil, pair.tag == nil { return nil }
        return Properties(anchor: string(pair.anchor), tag: string(pair.tag))
    }

    private static func style(_ style: yaml_scalar_style_t) -> YAMLNode.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private static func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}

extension EventReader.Mark {
    /// Copies a mark of libyaml.
    init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line), column: Int(mark.column))
    }
}
