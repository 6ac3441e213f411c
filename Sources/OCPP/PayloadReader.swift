import Glibc
import JSONText

/// A checked value of a payload: what it is, where it stands, and its decoded number.
struct PayloadNode {
    /// The place of the field in its object's rule.
    var field: UInt8
    /// True if the string holds escapes.
    var hasEscapes = false
    /// The number of the first node behind this one and all that it holds.
    var next: Int32 = 0
    /// The first byte and the byte after the last one, of a string without its quotes.
    var start: Int32
    var end: Int32 = 0
    /// The integer, the tenths, the place in an enumeration, or the milliseconds of a date.
    var number: Int = 0
}

/// Reads a payload by the rules of the catalogue: the only validator there is.
///
/// What is right goes to a list of nodes in the order of the text, from which a message is built; what is wrong goes to a list of violations. Both
/// come from one pass. Complexity: O(n) in the text, times the fields of an object when keys come in an unusual order.
struct PayloadReader {
    let source: UnsafeRawBufferPointer
    private let text: UnsafePointer<UInt8>
    private let fields: UnsafePointer<FieldRule>
    private let objects: UnsafePointer<ObjectRule>
    private let tables: CatalogueTables
    var reader: JSONReader
    /// The first byte of the payload; pointers count from here.
    var origin = 0
    /// True if unknown fields are an error.
    let isStrict: Bool
    var nodes: [PayloadNode]
    var violations: [Violation] = []

    init(_ source: UnsafeRawBufferPointer, _ reader: JSONReader, isStrict: Bool, nodes: consuming [PayloadNode]) {
        nodes.removeAll(keepingCapacity: true)
        self.source = source
        self.reader = reader
        self.isStrict = isStrict
        self.nodes = nodes
        tables = .ocpp16
        text = tables.text
        fields = tables.fields
        objects = tables.objects
    }

    /// Reads the payload that comes next as the given message; what is wrong lands in `violations`.
    mutating func read(_ action: OCPPAction, isRequest: Bool) throws(JSONError) {
        guard try reader.peek() == .object else {
            origin = reader.offset
            let range = try reader.skipValue()
            note(.payload, range, expected: "an object")
            return
        }
        origin = reader.offset
        try object(tables.messages[Int(action.rawValue) + (isRequest ? 0 : OCPPAction.names.count)], field: 0)
    }

    private mutating func object(_ number: Int, field: UInt8) throws(JSONError) {
        let rule = objects[number]
        let start = reader.offset
        let node = nodes.count
        nodes.append(PayloadNode(field: field, start: Int32(truncatingIfNeeded: start)))
        try reader.beginObject()
        var seen: UInt64 = 0
        var hint = rule.fields.lowerBound
        while let key = try reader.nextKey() {
            guard let found = find(key, rule, hint) else {
                let range = try reader.skipValue()
                if isStrict { note(.unknownField, key.start - 1, range) }
                continue
            }
            hint = found + 1
            let place = found - rule.fields.lowerBound
            if seen & 1 << UInt64(place) != 0 {
                let range = try reader.skipValue()
                note(.duplicateField, key.start - 1, range)
                continue
            }
            seen |= 1 << UInt64(place)
            try member(Int(found), UInt8(truncatingIfNeeded: place))
        }
        if rule.required & ~seen != 0 { noteMissing(rule, seen, start) }
        nodes[node].next = Int32(truncatingIfNeeded: nodes.count)
    }

    /// The field with this key: mostly the one after the field before.
    @inline(__always)
    private func find(_ key: JSONStringToken, _ rule: ObjectRule, _ hint: Int32) -> Int32? {
        if hint < rule.fields.upperBound, matches(key, hint) { return hint }
        for field in rule.fields where matches(key, field) { return field }
        return nil
    }

    private func matches(_ key: JSONStringToken, _ field: Int32) -> Bool {
        equals(key, fields[Int(field)].name)
    }

    @inline(__always)
    private func equals(_ token: JSONStringToken, _ name: Range<Int32>) -> Bool {
        if token.hasEscapes { return JSONReader.text(token, in: source) == self.name(name) }
        guard token.length == Int(name.upperBound &- name.lowerBound), let bytes = source.baseAddress else { return false }
        return memcmp(bytes + token.start, text + Int(name.lowerBound), token.length) == 0
    }

    private func name(_ range: Range<Int32>) -> String {
        String(decoding: UnsafeBufferPointer(start: text + Int(range.lowerBound), count: range.count), as: UTF8.self)
    }

    private mutating func member(_ number: Int, _ field: UInt8) throws(JSONError) {
        let rule = fields[number]
        guard rule.isArray else { return try value(rule, field) }
        guard try reader.peek() == .array else {
            let range = try reader.skipValue()
            return note(.type, range, expected: "an array")
        }
        let node = nodes.count
        let start = reader.offset
        nodes.append(PayloadNode(field: field, start: Int32(truncatingIfNeeded: start)))
        try reader.beginArray()
        var count = 0
        while try reader.nextElement() {
            try value(rule, 0)
            count += 1
        }
        nodes[node].next = Int32(truncatingIfNeeded: nodes.count)
        if count < rule.leastCount { note(.itemCount, start..<reader.offset, expected: "an array of at least \(rule.leastCount)") }
    }

    private mutating func value(_ rule: FieldRule, _ field: UInt8) throws(JSONError) {
        let kind = try reader.peek()
        switch rule.form {
        case .object:
            guard kind == .object else { return try wrongType("an object") }
            try object(Int(rule.reference), field: field)
        case .integer:
            guard kind == .number else { return try wrongType("an integer") }
            let number = try reader.number()
            guard let integer = number.integer else { return note(.type, number.start..<number.end, expected: "an integer of 64 bits") }
            add(field, number.start, number.end, Int(integer))
        case .tenths:
            guard kind == .number else { return try wrongType("a number") }
            let number = try reader.number()
            guard let tenths = number.tenths else { return note(.decimals, number.start..<number.end, expected: "a multiple of 0.1") }
            add(field, number.start, number.end, Int(tenths))
        case .boolean:
            guard kind == .bool else { return try wrongType("true or false") }
            let start = reader.offset
            let truth = try reader.bool()
            add(field, start, reader.offset, truth ? 1 : 0)
        case .string, .uri, .dateTime, .enumeration:
            guard kind == .string else { return try wrongType("a string") }
            try string(rule, field)
        }
    }

    private mutating func string(_ rule: FieldRule, _ field: UInt8) throws(JSONError) {
        let token = try reader.string()
        let range = token.start - 1..<token.end + 1
        guard !token.hasLoneSurrogate else { return note(.text, range, expected: "a Unicode text") }
        var number = 0
        switch rule.form {
        case .enumeration:
            let values = tables.enumerations[Int(rule.reference)]
            var place = values.lowerBound
            while place < values.upperBound, !equals(token, tables.values[place]) { place += 1 }
            guard place < values.upperBound else {
                return note(.enumeration, range, expected: "one of " + values.map { name(tables.values[$0]) }.joined(separator: ", "))
            }
            number = place - values.lowerBound
        case .dateTime:
            let time =
                token.hasEscapes
                ? OCPPTimestamp(rfc3339: JSONReader.text(token, in: source))
                : OCPPTimestamp(rfc3339: UnsafeRawBufferPointer(rebasing: source[token.start..<token.end]))
            guard let time else { return note(.dateTime, range, expected: "an RFC 3339 date and time") }
            number = Int(time.milliseconds)
        case .uri:
            guard isURI(token) else { return note(.uri, range, expected: "a URI (RFC 3986)") }
        default:
            if token.length > rule.greatestLength, JSONReader.scalarCount(token, in: source) > rule.greatestLength {
                return note(.length, range, expected: "a string of at most \(rule.greatestLength) characters")
            }
        }
        nodes.append(
            PayloadNode(
                field: field, hasEscapes: token.hasEscapes, next: Int32(truncatingIfNeeded: nodes.count + 1),
                start: Int32(truncatingIfNeeded: token.start), end: Int32(truncatingIfNeeded: token.end), number: number))
    }

    private func isURI(_ token: JSONStringToken) -> Bool {
        guard token.hasEscapes else { return URISyntax.isURI(UnsafeRawBufferPointer(rebasing: source[token.start..<token.end])) }
        var text = JSONReader.text(token, in: source)
        return text.withUTF8 { URISyntax.isURI(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    private mutating func add(_ field: UInt8, _ start: Int, _ end: Int, _ number: Int) {
        nodes.append(
            PayloadNode(
                field: field, next: Int32(truncatingIfNeeded: nodes.count + 1), start: Int32(truncatingIfNeeded: start),
                end: Int32(truncatingIfNeeded: end), number: number))
    }

    // MARK: What is wrong

    private mutating func wrongType(_ expected: String) throws(JSONError) {
        let range = try reader.skipValue()
        note(.type, range, expected: expected)
    }

    private mutating func note(_ rule: Violation.Rule, _ range: Range<Int>, expected: String) {
        note(rule, range.lowerBound, range, expected: expected)
    }

    private mutating func note(_ rule: Violation.Rule, _ place: Int, _ range: Range<Int>, expected: String = "") {
        guard violations.count < 32 else { return }
        let text = UnsafeRawBufferPointer(rebasing: source[range.lowerBound..<min(range.upperBound, range.lowerBound + 60)])
        violations.append(
            Violation(rule: rule, pointer: pointer(place), value: String(decoding: text, as: UTF8.self), expected: expected))
    }

    private mutating func noteMissing(_ rule: ObjectRule, _ seen: UInt64, _ start: Int) {
        for field in rule.fields where rule.required & ~seen & 1 << UInt64(field - rule.fields.lowerBound) != 0 && violations.count < 32 {
            let name = self.name(fields[Int(field)].name)
            violations.append(Violation(rule: .required, pointer: pointer(start) + "/" + name, value: "", expected: "present"))
        }
    }

    private func pointer(_ place: Int) -> String {
        JSONPointer.path(to: place - origin, in: UnsafeRawBufferPointer(rebasing: source[origin...]))
    }
}
