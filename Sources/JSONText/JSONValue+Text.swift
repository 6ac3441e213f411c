extension JSONValue {
    /// Reads one JSON text; keys that occur twice in an object are an error.
    ///
    /// - Throws: ``JSONError`` with byte offset and JSON pointer. Complexity: O(n), O(k log k) in the keys of one object.
    public init(parsing bytes: UnsafeRawBufferPointer, depthLimit: Int = 64, sizeLimit: Int = 64 << 20) throws(JSONError) {
        guard bytes.count <= sizeLimit else { throw JSONError(.sizeLimit, at: sizeLimit) }
        do {
            var reader = JSONReader(bytes, depthLimit: depthLimit)
            self = try JSONValue(from: &reader)
            try reader.end()
        } catch {
            throw JSONError(error.code, at: error.offset, pointer: JSONPointer.path(to: error.offset, in: bytes))
        }
    }

    /// Reads one JSON text from bytes.
    public init(parsing bytes: [UInt8], depthLimit: Int = 64, sizeLimit: Int = 64 << 20) throws(JSONError) {
        let result: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { raw in
            do throws(JSONError) {
                return .success(try JSONValue(parsing: raw, depthLimit: depthLimit, sizeLimit: sizeLimit))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// Reads one JSON text from a string.
    public init(parsing text: String, depthLimit: Int = 64, sizeLimit: Int = 64 << 20) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), depthLimit: depthLimit, sizeLimit: sizeLimit)
    }

    /// Takes the next value of a reader as a tree.
    public init(from reader: inout JSONReader) throws(JSONError) {
        switch try reader.peek() {
        case .null:
            try reader.null()
            self = .null
        case .bool: self = .bool(try reader.bool())
        case .string: self = .string(try JSONValue.string(&reader))
        case .number:
            let number = try reader.number()
            let text = UnsafeRawBufferPointer(rebasing: reader.source[number.start..<number.end])
            let plain = text.allSatisfy { 0x30...0x39 ~= $0 || $0 == 0x2D } && !text.elementsEqual([0x2D, 0x30])
            if plain, let value = number.integer {
                self = .integer(value)
            } else {
                self = .number(String(decoding: text, as: UTF8.self))
            }
        case .array:
            var elements: [JSONValue] = []
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try JSONValue(from: &reader)) }
            self = .array(elements)
        case .object: self = .object(try JSONValue.members(&reader))
        }
    }

    private static func string(_ reader: inout JSONReader) throws(JSONError) -> String {
        let token = try reader.string()
        guard !token.hasLoneSurrogate else { throw JSONError(.loneSurrogate, at: token.start) }
        return reader.text(token)
    }

    private static func members(_ reader: inout JSONReader) throws(JSONError) -> [Member] {
        var members: [Member] = []
        var places: [Int] = []
        try reader.beginObject()
        while let token = try reader.nextKey() {
            guard !token.hasLoneSurrogate else { throw JSONError(.loneSurrogate, at: token.start) }
            places.append(token.start)
            let key = reader.text(token)
            if members.count < 16, members.contains(where: { $0.key.utf8.elementsEqual(key.utf8) }) {
                throw JSONError(.duplicateKey, at: token.start)
            }
            members.append(Member(key, try JSONValue(from: &reader)))
        }
        if members.count > 16, let place = repeated(members, places) { throw JSONError(.duplicateKey, at: place) }
        return members
    }

    /// The place of the first key that stands in a large object a second time.
    private static func repeated(_ members: [Member], _ places: [Int]) -> Int? {
        let order = members.indices.sorted { a, b in
            members[a].key.utf8.lexicographicallyPrecedes(members[b].key.utf8)
                || (a < b && members[a].key.utf8.elementsEqual(members[b].key.utf8))
        }
        return zip(order, order.dropFirst()).filter { members[$0].key.utf8.elementsEqual(members[$1].key.utf8) }.map { places[$1] }.min()
    }

    /// How a tree is laid out as text.
    public enum Layout: Sendable {
        /// No white space at all.
        case compact
        /// Two spaces a level, one member or element a line; empty arrays and objects stay on one line.
        case pretty
    }

    /// Appends the text of this tree; the same tree gives the same bytes.
    public func write(to writer: inout ByteWriter, layout: Layout = .compact) { write(&writer, layout, 0) }

    /// The text of this tree.
    public func text(_ layout: Layout = .compact) -> String {
        var writer = ByteWriter()
        write(to: &writer, layout: layout)
        return writer.text
    }

    private func write(_ writer: inout ByteWriter, _ layout: Layout, _ level: Int) {
        switch self {
        case .null: writer.append("null")
        case .bool(let truth): writer.append(truth ? "true" : "false")
        case .integer(let value): writer.append(integer: Int(value))
        case .double(let value): writer.append(double: value)
        case .number(let text): writer.append(text: text)
        case .string(let text): writer.appendQuoted(text)
        case .array(let elements):
            writer.append(0x5B)
            for (index, element) in elements.enumerated() {
                JSONValue.separate(&writer, layout, level + 1, first: index == 0)
                element.write(&writer, layout, level + 1)
            }
            if !elements.isEmpty { JSONValue.separate(&writer, layout, level, first: true) }
            writer.append(0x5D)
        case .object(let members):
            writer.append(0x7B)
            for (index, member) in members.enumerated() {
                JSONValue.separate(&writer, layout, level + 1, first: index == 0)
                writer.appendQuoted(member.key)
                writer.append(0x3A)
                if layout == .pretty { writer.append(0x20) }
                member.value.write(&writer, layout, level + 1)
            }
            if !members.isEmpty { JSONValue.separate(&writer, layout, level, first: true) }
            writer.append(0x7D)
        }
    }

    private static func separate(_ writer: inout ByteWriter, _ layout: Layout, _ level: Int, first: Bool) {
        if !first { writer.append(0x2C) }
        guard layout == .pretty else { return }
        writer.append(0x0A)
        for _ in 0..<level { writer.append("  ") }
    }
}
