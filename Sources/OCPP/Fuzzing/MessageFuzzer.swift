import JSONText

/// Makes messages that no sound peer sends, and sound ones among them: the same ones for the same random numbers.
///
/// A message begins as a valid one, made from the catalogue with random values; then up to three things of it are changed that a careless reader
/// trips over: types, bounds, lengths, words, missing, further and doubled fields, ids, names of actions, nesting. In the style `raw` its bytes are damaged.
public struct MessageFuzzer {
    /// How messages are made.
    public enum Style: Sendable {
        /// By the grammar of messages.
        case grammar
        /// Any bytes.
        case raw
    }

    /// A message with what is wrong about it.
    public struct Made: Sendable {
        /// The text.
        public var text: [UInt8]
        /// What was changed, in words; empty for a valid message.
        public var changes: [String]
        /// The action that it began as.
        public var action: OCPPAction
    }

    private let style: Style
    private let actions: [OCPPAction]
    private var random: FuzzRandom
    /// An id that was used before.
    private var lastID = ""

    /// A fuzzer of calls to an end; `actions` confines it to some.
    public init(_ style: Style, to role: OCPPRole, actions: [OCPPAction] = [], next: @escaping () -> UInt64) {
        self.style = style
        let known = OCPPAction.allCases.filter { role == .centralSystem ? $0.isSentByChargePoint : $0.isSentByCentralSystem }
        let wanted = known.filter { actions.contains($0) }
        self.actions = wanted.isEmpty ? known : wanted
        random = FuzzRandom(next: next)
    }

    /// The next message; `id` is one that nobody has used.
    public mutating func make(id: String) -> Made {
        let action = actions[random.below(actions.count)]
        var draft = Draft(
            type: .integer(2), id: .string(id), name: .string(action.name.description), payload: payload(OCPPPayload.requestFields(action)), further: [])
        var changes: [String] = []
        // One in eight is right: a peer that dies of it needs no attack.
        for _ in 0..<[0, 1, 1, 1, 1, 2, 2, 3][random.below(8)] { change(&draft, action, &changes) }
        lastID = id
        var text = Array(draft.text.utf8)
        if style == .raw {
            changes = ["bytes"]
            damage(&text)
        }
        return Made(text: text, changes: changes, action: action)
    }

    /// A message of somebody else with one or two changes; the same text when it is none that can be changed.
    public mutating func changed(_ text: [UInt8]) -> Made {
        var text = text
        var changes: [String] = []
        var action = OCPPAction.heartbeat
        if style == .grammar, var parts = (try? JSONValue(parsing: String(decoding: text, as: UTF8.self)))?.array, let last = parts.last, parts.count > 2 {
            action = parts[2].string.flatMap { OCPPAction(name: $0) } ?? .heartbeat
            let fields = parts[0].integer == 2 ? OCPPPayload.requestFields(action) : []
            var payload = last
            for _ in 0...random.below(2) { changePayload(&payload, fields, &changes) }
            parts[parts.count - 1] = payload
            text = Array(JSONValue.array(parts).text().utf8)
        } else if style == .raw {
            changes = ["bytes"]
            damage(&text)
        }
        return Made(text: text, changes: changes, action: action)
    }

    // MARK: Valid messages

    /// The parts of a call before they are a text.
    private struct Draft {
        var type: JSONValue
        var id: JSONValue
        var name: JSONValue
        var payload: JSONValue?
        var further: [JSONValue]

        var text: String { JSONValue.array([type, id, name] + (payload.map { [$0] } ?? []) + further).text() }
    }

    private mutating func payload(_ fields: [MessageField]) -> JSONValue {
        var members: [JSONValue.Member] = []
        for field in fields where field.isRequired || random.below(3) == 0 { members.append(JSONValue.Member(field.name, value(field.form))) }
        return .object(members)
    }

    private mutating func value(_ form: MessageForm) -> JSONValue {
        switch form {
        case .text(let longest): return .string(random.word(1 + random.below(min(longest ?? 20, 20))))
        case .whole: return .integer(Int64(random.below(10)))
        case .tenths: return .number("\(random.below(64)).\(random.below(10))")
        case .flag: return .bool(random.below(2) == 0)
        case .dateTime: return .string("2000-01-0\(1 + random.below(9))T0\(random.below(10)):00:00Z")
        case .uri: return .string("ftp://192.0.2.\(random.below(255))/\(random.word(4))")
        case .oneOf(let words): return .string(words[random.below(words.count)])
        case .object(let fields): return payload(fields)
        case .list(let element, let least): return .array((0..<max(least, random.below(3))).map { _ in value(element) })
        }
    }

    // MARK: What is changed

    private mutating func change(_ draft: inout Draft, _ action: OCPPAction, _ changes: inout [String]) {
        switch random.below(12) {
        case 0: changeEnvelope(&draft, action, &changes)
        case 1:
            changes.append("action")
            let names: [JSONValue] = [
                .string(action.name.description.lowercased()), "", "NoSuchAction", .string(String(repeating: "A", count: 300)), .null, 7,
                .string(action.isSentByChargePoint ? "Reset" : "Heartbeat"), .string(" " + action.name.description),
            ]
            draft.name = names[random.below(names.count)]
        default:
            guard var payload = draft.payload else { return }
            changePayload(&payload, OCPPPayload.requestFields(action), &changes)
            draft.payload = payload
        }
    }

    private mutating func changeEnvelope(_ draft: inout Draft, _ action: OCPPAction, _ changes: inout [String]) {
        switch random.below(4) {
        case 0:
            changes.append("message type")
            draft.type = [0, 1, 3, 4, 5, -2, "2", .null, .number("2.0"), .number("2e0"), .number("99999999999999999999")][random.below(11)]
        case 1:
            changes.append("id")
            let ids: [JSONValue] = [
                "", .string(lastID), .string(String(repeating: "i", count: 37)), .string(String(repeating: "i", count: 5000)), 17, .null, .array([]),
                .number("\"\\ud800\""), "\u{0}", "ид-é-🔌",
            ]
            draft.id = ids[random.below(ids.count)]
        case 2:
            changes.append("missing payload")
            draft.payload = nil
        default:
            changes.append("further element")
            draft.further.append([.object([]), .null, "x", .array([])][random.below(4)])
        }
    }

    private mutating func changePayload(_ payload: inout JSONValue, _ fields: [MessageField], _ changes: inout [String]) {
        guard case .object(var members) = payload else { return }
        let kind = random.below(10)
        switch kind {
        case 0:
            changes.append("payload")
            payload = [.array([]), .null, "text", 7, true, .array([payload]), deep(40), deep(600)][random.below(8)]
            return
        case 1:
            changes.append("further field")
            members.append(
                JSONValue.Member(["evsim", "vendorData", "", "__proto__", "connectorID"][random.below(5)], [1, "x", .null, .object([])][random.below(4)]))
        case 2 where !members.isEmpty:
            let place = random.below(members.count)
            changes.append("doubled \(members[place].key)")
            members.append(members[place])
        case 3 where !members.isEmpty:
            let place = random.below(members.count)
            changes.append("missing \(members[place].key)")
            members.remove(at: place)
        default:
            guard !members.isEmpty else { return }
            let place = random.below(members.count)
            let key = members[place].key
            guard let field = fields.first(where: { $0.name == key }) else { return }
            // Into objects and lists as often as not.
            if random.below(2) == 0, change(inside: &members[place].value, field.form, &changes) { break }
            changes.append(key)
            members[place].value = wrong(field.form, members[place].value)
        }
        payload = .object(members)
    }

    private mutating func change(inside value: inout JSONValue, _ form: MessageForm, _ changes: inout [String]) -> Bool {
        switch (form, value) {
        case (.object(let fields), .object):
            changePayload(&value, fields, &changes)
            return true
        case (.list(let element, _), .array(var elements)) where !elements.isEmpty:
            let place = random.below(elements.count)
            guard change(inside: &elements[place], element, &changes) else { return false }
            value = .array(elements)
            return true
        default: return false
        }
    }

    /// A value that the form of a field does not allow, or that lies at its bounds.
    private mutating func wrong(_ form: MessageForm, _ value: JSONValue) -> JSONValue {
        let others: [JSONValue] = [.null, .object([]), .array([]), .array([value]), true, 0, "", .number("1e400"), deep(30)]
        if random.below(3) == 0 { return others[random.below(others.count)] }
        switch form {
        case .text(let longest):
            let length = longest ?? 100
            return [
                .string(String(repeating: "x", count: length + 1)), .string(String(repeating: "x", count: length * 10)),
                .string(String(repeating: "é", count: length)), .string(String(repeating: "😀", count: length)), "\u{0}\u{1F}\u{7F}", "\u{202E}txet\u{0301}",
                .number("\"\\ud83d\""), .number("\"\\u0000\""), "' OR 1=1 --", "${jndi:ldap://192.0.2.1/x}", "%s%s%n", .integer(12),
                .string(String(repeating: "x", count: 20_000)),
            ][random.below(13)]
        case .whole, .tenths:
            let numbers = [
                "-1", "-0", "2147483647", "2147483648", "-2147483649", "9007199254740993", "9223372036854775808", "1.5", "1e2", "0.05", "1e-400",
                "123456789012345678901234567890",
            ]
            return random.below(4) == 0 ? "1" : .number(numbers[random.below(numbers.count)])
        case .flag: return ["true", 1, "yes"][random.below(3)]
        case .dateTime:
            return [
                "2000-13-01T00:00:00Z", "2000-02-30T25:61:61Z", "222222017-10-27T19:10:11Z", "1000000", 1_000_000, "2000-01-01", "2000-01-01T00:00:00",
                "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999999999999Z", "2000-01-01T00:00:00+99:99",
            ][random.below(10)]
        case .uri: return ["not a uri", "", "http://[::1", "file:///etc/passwd", .string("http://" + String(repeating: "a", count: 5000))][random.below(5)]
        case .oneOf(let words):
            let word = words[random.below(words.count)]
            return [.string(word.lowercased()), .string(word + " "), "NoSuchWord", .integer(0), ""][random.below(5)]
        case .list(_, let least): return least > 0 ? .array([]) : .array(Array(repeating: value, count: 200))
        case .object: return .array([value])
        }
    }

    private func deep(_ levels: Int) -> JSONValue {
        .number(String(repeating: "[", count: levels) + String(repeating: "]", count: levels))
    }

    // MARK: Bytes

    private mutating func damage(_ text: inout [UInt8]) {
        for _ in 0...random.below(4) {
            let place = text.isEmpty ? 0 : random.below(text.count)
            switch random.below(6) {
            case 0 where !text.isEmpty: text[place] ^= 1 << UInt8(random.below(8))
            case 1 where !text.isEmpty: text.removeSubrange(place..<min(text.count, place + 1 + random.below(8)))
            case 2: text.insert(contentsOf: (0...random.below(16)).map { _ in UInt8(random.below(256)) }, at: place)
            case 3: text = Array(text.prefix(place))
            case 4 where !text.isEmpty: text.insert(contentsOf: text[place..<min(text.count, place + 1 + random.below(64))], at: place)
            default: if !text.isEmpty { text[place] = Array("{}[]\",:\\0e-".utf8)[random.below(11)] }
            }
        }
        // A text of a WebSocket is UTF-8: a peer may end the connection of anything else (RFC 6455, section 8.1).
        text = Array(String(decoding: text, as: UTF8.self).utf8)
    }
}

/// Small random numbers out of a source of 64 bits each.
struct FuzzRandom {
    let next: () -> UInt64

    /// A whole number below a bound, which is at least 1.
    func below(_ count: Int) -> Int { count > 1 ? Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(count)).high) : 0 }

    /// Letters.
    func word(_ length: Int) -> String { String((0..<length).map { _ in Character(UnicodeScalar(UInt8(0x41 + below(26)))) }) }
}
