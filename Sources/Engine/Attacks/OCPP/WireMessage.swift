import JSONText
import OCPP

/// What the text of a message says about itself, as far as it can be read.
struct MessageHead {
    /// 2 for a call, 3 for a result, 4 for an error, 0 for what is none of them.
    var type = 0
    /// Its id; `nil` when there is none that can be read.
    var id: MessageID?
    /// Number of the action of a call in the catalogue, -1 for others and for what is no call.
    var action = -1
    /// The name of the action of a call.
    var name: String?
    /// The bytes of the payload in the text.
    var payload: Range<Int>?
    /// Whether the text is a whole message: an array with the right number of elements, and nothing behind it.
    var isWhole = false

    /// The head of a message.
    init(_ message: OCPPMessage) {
        switch message {
        case .call(let id, let payload):
            (type, self.id, isWhole) = (2, id, true)
            action = payload.action.map { Int($0.rawValue) } ?? -1
            name = payload.actionName
        case .result(let id, _): (type, self.id, isWhole) = (3, id, true)
        case .error(let id, _): (type, self.id, isWhole) = (4, id, true)
        case .frame(let bytes): bytes.withUnsafeBytes { self = MessageHead(reading: $0) }
        }
    }

    private init() {}

    /// The head of a text, which may be anything.
    init(reading bytes: UnsafeRawBufferPointer) {
        self.init()
        var reader = JSONReader(bytes)
        try? read(&reader)
    }

    private mutating func read(_ reader: inout JSONReader) throws(JSONError) {
        guard try reader.peek() == .array else { return }
        try reader.beginArray()
        guard try reader.nextElement(), try reader.peek() == .number, let number = try reader.number().integer, (2...4).contains(number) else { return }
        type = Int(number)
        guard try reader.nextElement(), try reader.peek() == .string else { return }
        let token = try reader.string()
        guard !token.hasLoneSurrogate else { return }
        id = MessageID(reader.text(token))
        guard try reader.nextElement() else { return }
        switch type {
        case 2:
            guard try reader.peek() == .string else { return }
            let text = reader.text(try reader.string())
            name = text
            action = OCPPAction(name: text).map { Int($0.rawValue) } ?? -1
            guard try reader.nextElement() else { return }
            payload = try reader.skipValue()
        case 3: payload = try reader.skipValue()
        default:
            for _ in 0..<2 {
                try reader.skipValue()
                guard try reader.nextElement() else { return }
            }
            payload = try reader.skipValue()
        }
        guard try !reader.nextElement() else { return }
        try reader.end()
        isWhole = true
    }
}

extension OCPPMessage {
    /// The message that a text is: what can be read stays a message, the rest is bytes.
    init(wire bytes: [UInt8]) {
        let head = MessageHead(.frame(bytes))
        guard head.isWhole, let id = head.id, let payload = head.payload, head.type < 4 else {
            self = .frame(bytes)
            return
        }
        let text = String(decoding: bytes[payload], as: UTF8.self)
        let message = head.type == 2 ? OCPPMessage.call(id, .raw(action: head.name ?? "", text: text)) : .result(id, .raw(action: "", text: text))
        // White space between the elements is kept only as bytes.
        self = message.bytes == bytes ? message : .frame(bytes)
    }

    /// The message as it is recorded: bytes that are a whole message are shown as one.
    var shown: OCPPMessage {
        guard case .frame(let bytes) = self else { return self }
        let head = MessageHead(self)
        guard head.isWhole, let id = head.id, let payload = head.payload else { return self }
        let text = String(decoding: bytes[payload], as: UTF8.self)
        switch head.type {
        case 2: return .call(id, .raw(action: head.name ?? "", text: text))
        case 3: return .result(id, .raw(action: "", text: text))
        default:
            let array = try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
            return .error(id, CallError(OCPPErrorCode(name: array?[2]?.string ?? ""), array?[3]?.string ?? ""))
        }
    }
}
