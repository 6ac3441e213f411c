import JSONText
import OCPP

/// A value of a message as a rule sees it; text points into the message and is valid only during the visit.
enum FieldValue {
    case text(UnsafeRawBufferPointer)
    case number(Double, UnsafeRawBufferPointer)
    case flag(Bool)
    case null
    case compound

    /// The value as text; empty for objects and lists.
    var text: String {
        switch self {
        case .text(let bytes), .number(_, let bytes): String(decoding: bytes, as: UTF8.self)
        case .flag(let flag): flag ? "true" : "false"
        case .null: "null"
        case .compound: ""
        }
    }

    /// The value as a number: that of a JSON number, or of a text that is one, as sampled values are.
    var number: Double? {
        switch self {
        case .number(let number, _): number
        case .text(let bytes) where !bytes.isEmpty && bytes.count <= 40:
            Double(String(decoding: bytes, as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    /// Adds the value to a key.
    func add(to hash: inout KeyHash) {
        switch self {
        case .text(let bytes): hash.add(bytes)
        case .number(let number, _): hash.add(number.bitPattern)
        case .flag(let flag): hash.add(flag ? 1 : 2)
        case .null: hash.add(3)
        case .compound: hash.add(4)
        }
    }
}

/// Where a rule finds a value: a property of the event, a field by its official name at any depth, or a place by a JSON pointer.
struct FieldPath: Equatable {
    /// What the path leads to.
    enum Target: Equatable {
        case action, type, direction, chargePoint, address, connection, id, errorCode, violation
        /// Every member with this key, at any depth.
        case name([UInt8])
        /// The steps of a JSON pointer.
        case pointer([[UInt8]])
    }

    let target: Target
    /// True if it is a field of the call that an answer answers.
    let isOfCall: Bool
    /// The path as it was written.
    let text: String

    /// The names of properties of the event.
    static let properties: [(name: String, target: Target)] = [
        ("action", .action), ("type", .type), ("direction", .direction), ("charge_point", .chargePoint), ("address", .address),
        ("connection", .connection), ("id", .id), ("error_code", .errorCode), ("violation", .violation),
    ]

    /// A path out of its text; `nil` for an empty one or a broken pointer.
    init?(_ text: String) {
        self.text = text
        let isOfCall = text.hasPrefix("call.") || text.hasPrefix("call/")
        self.isOfCall = isOfCall
        let rest = isOfCall ? String(text.dropFirst(text.hasPrefix("call.") ? 5 : 4)) : text
        guard !rest.isEmpty, rest.utf8.count <= 400 else { return nil }
        if !isOfCall, let property = FieldPath.properties.first(where: { $0.name == rest }) {
            target = property.target
        } else if rest.hasPrefix("/") {
            var steps: [[UInt8]] = []
            for part in rest.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
                var bytes: [UInt8] = []
                var isEscaped = false
                for byte in part.utf8 {
                    if isEscaped {
                        guard byte == 0x30 || byte == 0x31 else { return nil }
                        bytes.append(byte == 0x30 ? 0x7E : 0x2F)
                        isEscaped = false
                    } else if byte == 0x7E {
                        isEscaped = true
                    } else {
                        bytes.append(byte)
                    }
                }
                guard !isEscaped else { return nil }
                steps.append(bytes)
            }
            target = .pointer(steps)
        } else {
            target = .name(Array(rest.utf8))
        }
    }

    /// A field by its official name.
    init(name: String) {
        text = name
        isOfCall = false
        target = .name(Array(name.utf8))
    }

    /// Calls `body` with every value that the path leads to until it answers false.
    func visit(_ view: MessageView, _ body: (FieldValue) -> Bool) {
        switch target {
        case .action:
            if let action = view.action { FieldPath.give(action.name, body) } else if let message = view.message { give(message.actionName, body) }
        case .type: give(view.kind.name, body)
        case .direction: give(view.isUp ? "up" : "down", body)
        case .chargePoint: give(view.identity, body)
        case .address: give(view.address, body)
        case .connection: _ = body(.number(Double(view.connection), UnsafeRawBufferPointer(start: nil, count: 0)))
        case .id: if let id = view.message?.id { give(id.description, body) }
        case .errorCode: if case .error(_, let error)? = view.message { give(error.code.name, body) }
        case .violation: if view.kind == .malformed { give(view.violation, body) }
        case .name(let name):
            view.withFields(ofCall: isOfCall) { bytes in
                var reader = JSONReader(bytes)
                _ = try? FieldPath.search(&reader, name, body)
            }
        case .pointer(let steps):
            view.withFields(ofCall: isOfCall) { bytes in
                var reader = JSONReader(bytes)
                try? FieldPath.follow(&reader, steps, body)
            }
        }
    }

    private static func give(_ text: StaticString, _ body: (FieldValue) -> Bool) {
        _ = body(.text(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)))
    }

    private func give(_ text: String, _ body: (FieldValue) -> Bool) {
        guard !text.isEmpty else { return }
        var text = text
        text.withUTF8 { _ = body(.text(UnsafeRawBufferPointer($0))) }
    }

    /// Gives every member with a name; false once the body has had enough.
    private static func search(_ reader: inout JSONReader, _ name: [UInt8], _ body: (FieldValue) -> Bool) throws(JSONError) -> Bool {
        switch try reader.peek() {
        case .object:
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if equals(key, name, reader) {
                    var inner = reader
                    if try !give(&inner, body) { return false }
                }
                if try !search(&reader, name, body) { return false }
            }
        case .array:
            try reader.beginArray()
            while try reader.nextElement() { if try !search(&reader, name, body) { return false } }
        default: try reader.skipValue()
        }
        return true
    }

    private static func equals(_ key: JSONStringToken, _ name: [UInt8], _ reader: JSONReader) -> Bool {
        if key.hasEscapes { return Array(reader.text(key).utf8) == name }
        guard key.length == name.count else { return false }
        return UnsafeRawBufferPointer(rebasing: reader.source[key.start..<key.end]).elementsEqual(name)
    }

    private static func follow(_ reader: inout JSONReader, _ steps: [[UInt8]], _ body: (FieldValue) -> Bool) throws(JSONError) {
        for step in steps {
            switch try reader.peek() {
            case .object:
                try reader.beginObject()
                var isFound = false
                while let key = try reader.nextKey() {
                    if equals(key, step, reader) {
                        isFound = true
                        break
                    }
                    try reader.skipValue()
                }
                if !isFound { return }
            case .array:
                guard let place = Int(String(decoding: step, as: UTF8.self)), place >= 0 else { return }
                try reader.beginArray()
                for _ in 0..<place {
                    guard try reader.nextElement() else { return }
                    try reader.skipValue()
                }
                guard try reader.nextElement() else { return }
            default: return
            }
        }
        _ = try give(&reader, body)
    }

    /// Gives the value that comes next.
    private static func give(_ reader: inout JSONReader, _ body: (FieldValue) -> Bool) throws(JSONError) -> Bool {
        switch try reader.peek() {
        case .object, .array: return body(.compound)
        case .bool: return body(.flag(try reader.bool()))
        case .null: return body(.null)
        case .number:
            let number = try reader.number()
            guard let value = reader.double(number) else { return true }
            return body(.number(value, UnsafeRawBufferPointer(rebasing: reader.source[number.start..<number.end])))
        case .string:
            let token = try reader.string()
            guard token.hasEscapes else { return body(.text(UnsafeRawBufferPointer(rebasing: reader.source[token.start..<token.end]))) }
            var text = reader.text(token)
            return text.withUTF8 { body(.text(UnsafeRawBufferPointer($0))) }
        }
    }
}
