import Glibc
import JSONText

/// Which end of a connection a message arrives at.
public enum OCPPRole: UInt8, Hashable, Sendable {
    case chargePoint, centralSystem
}

/// What the bytes of a message mean for the one who received them.
public enum DecodedMessage: Hashable, Sendable {
    /// A message in order.
    case message(OCPPMessage)
    /// A CALL that must be answered with this CALLERROR; the violations say why.
    case refused(OCPPMessage, [Violation])
    /// An answer to a pending call of the receiver that is of no use: the call ends with this error, nothing is sent.
    case failed(MessageID, CallError, [Violation])
    /// Nothing that OCPP-J 1.6 has an answer for.
    case ignored(Reason)

    /// Why bytes were ignored.
    public enum Reason: Hashable, Sendable {
        /// The text is not JSON.
        case notJSON(JSONError)
        /// The text is longer than the limit.
        case tooLong
        /// The text is JSON but not an array that begins with a message type.
        case notAMessage
        /// The message type is not 2, 3 or 4.
        case unknownType
        /// There is no usable message id.
        case noID
        /// An answer to a call that was never made, or is over.
        case unknownAnswer(MessageID)
    }
}

/// The action of a call that waits for its answer.
public enum PendingAction: Hashable, Sendable {
    case known(OCPPAction)
    /// The call was sent raw, under a name that is no action; its answer is not validated.
    case unknown
}

/// Reads OCPP-J 1.6 texts; it keeps its working memory, so one decoder serves any number of connections of one role.
public struct MessageDecoder: Sendable {
    /// The end that reads.
    public let role: OCPPRole
    /// True if fields that the catalogue does not know are refused; false lets them pass.
    public var isStrict: Bool
    /// The greatest length of a text in bytes.
    public var greatestLength: Int
    private var nodes: [PayloadNode] = []

    public init(role: OCPPRole, isStrict: Bool = true, greatestLength: Int = 1 << 20) {
        self.role = role
        self.isStrict = isStrict
        self.greatestLength = min(greatestLength, 1 << 30)
    }

    /// What a text means; `pending` gives the action of the receiver's own call with this id, if it still waits for its answer.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer, pending: (MessageID) -> PendingAction?) -> DecodedMessage {
        guard bytes.count <= greatestLength else { return .ignored(.tooLong) }
        var reader = JSONReader(bytes)
        var head = Head()
        do throws(JSONError) {
            if let problem = try readHead(&reader, &head) {
                try finish(&reader)
                return .ignored(problem)
            }
            switch head.type {
            case 2: return try call(bytes, &reader, head)
            case 3: return try result(bytes, &reader, head, pending)
            default: return try error(&reader, head, pending)
            }
        } catch {
            if error.code == .depthLimit, head.type == 2, let id = head.id { return Self.refuse(id, .formationViolation, "nested too deeply") }
            return .ignored(.notJSON(error))
        }
    }

    /// What a text means.
    public mutating func decode(_ bytes: [UInt8], pending: (MessageID) -> PendingAction?) -> DecodedMessage {
        bytes.withUnsafeBytes { decode($0, pending: pending) }
    }

    // MARK: The envelope

    /// Type and id of a message.
    private struct Head {
        var type: Int64 = 0
        var id: MessageID?
        var isTooLong = false
    }

    private func readHead(_ reader: inout JSONReader, _ head: inout Head) throws(JSONError) -> DecodedMessage.Reason? {
        guard try reader.peek() == .array else {
            try reader.skipValue()
            return .notAMessage
        }
        try reader.beginArray()
        guard try reader.nextElement() else { return .notAMessage }
        guard try reader.peek() == .number else { return .notAMessage }
        let type = try reader.number()
        guard let type = type.integer, 2...4 ~= type else { return .unknownType }
        head.type = type
        guard try reader.nextElement() else { return .noID }
        guard try reader.peek() == .string else { return .noID }
        let token = try reader.string()
        guard !token.hasLoneSurrogate else { return .noID }
        if token.length > 36 {
            let length = JSONReader.scalarCount(token, in: reader.source)
            // An id that no peer can have meant is not repeated in an answer.
            guard length <= 255 else { return .noID }
            head.isTooLong = length > 36
        }
        head.id = MessageID(token, reader)
        return nil
    }

    /// Reads what is left of the message and checks that nothing follows it.
    private func finish(_ reader: inout JSONReader) throws(JSONError) {
        while reader.depth > 0, try reader.nextElement() { try reader.skipValue() }
        try reader.end()
    }

    private static func refuse(_ id: MessageID, _ code: OCPPErrorCode, _ why: String, _ violations: [Violation] = []) -> DecodedMessage {
        .refused(.error(id, CallError(code, why)), violations)
    }

    // MARK: The three kinds

    private mutating func call(_ bytes: UnsafeRawBufferPointer, _ reader: inout JSONReader, _ head: Head) throws(JSONError) -> DecodedMessage {
        let id = head.id ?? .number(0)
        var isComplete = try reader.nextElement()
        guard isComplete, try reader.peek() == .string else {
            if isComplete { try finish(&reader) } else { try reader.end() }
            return Self.refuse(id, .formationViolation, "a CALL has an action")
        }
        let token = try reader.string()
        isComplete = try reader.nextElement()
        guard isComplete else {
            try reader.end()
            return Self.refuse(id, .formationViolation, "a CALL has a payload")
        }
        guard let action = OCPPAction.known(token, reader) else {
            try finish(&reader, skipping: true)
            return Self.refuse(id, .notImplemented, String(reader.text(token).prefix(50)))
        }
        guard role == .chargePoint ? action.isSentByCentralSystem : action.isSentByChargePoint else {
            try finish(&reader, skipping: true)
            return Self.refuse(id, .notSupported, action.name.description)
        }
        _ = try reader.peek()
        let start = reader.offset
        let (payload, violations) = try payload(bytes, &reader, action, isRequest: true)
        let end = reader.offset
        let hasMore = try reader.nextElement()
        if hasMore { try finish(&reader, skipping: true) } else { try reader.end() }
        if hasMore || head.isTooLong {
            return Self.refuse(id, .formationViolation, hasMore ? "a CALL has four elements" : "an id has at most 36 characters")
        }
        if let first = violations.first { return Self.refuse(id, first.code, String(first.description.prefix(255)), violations) }
        return .message(.call(id, payload ?? .object(action, text: String(decoding: bytes[start..<end], as: UTF8.self))))
    }

    private func finish(_ reader: inout JSONReader, skipping: Bool) throws(JSONError) {
        try reader.skipValue()
        try finish(&reader)
    }

    private mutating func payload(
        _ bytes: UnsafeRawBufferPointer, _ reader: inout JSONReader, _ action: OCPPAction, isRequest: Bool
    ) throws(JSONError) -> (OCPPPayload?, [Violation]) {
        var scratch: [PayloadNode] = []
        swap(&scratch, &nodes)
        var payload = PayloadReader(bytes, reader, isStrict: isStrict, nodes: consume scratch)
        defer { nodes = payload.nodes }
        try payload.read(action, isRequest: isRequest)
        reader = payload.reader
        guard payload.violations.isEmpty else { return (nil, payload.violations) }
        let builder = PayloadBuilder(source: bytes, nodes: payload.nodes)
        return (isRequest ? builder.request(action) : builder.confirmation(action), [])
    }

    private mutating func result(
        _ bytes: UnsafeRawBufferPointer, _ reader: inout JSONReader, _ head: Head, _ pending: (MessageID) -> PendingAction?
    ) throws(JSONError) -> DecodedMessage {
        let id = head.id ?? .number(0)
        guard let call = pending(id) else {
            try finish(&reader)
            return .ignored(.unknownAnswer(id))
        }
        guard try reader.nextElement() else {
            try reader.end()
            return .failed(id, CallError(.formationViolation, "a CALLRESULT has a payload"), [])
        }
        let start = reader.offset
        let kind = try reader.peek()
        var found: (OCPPPayload?, [Violation]) = (nil, [])
        var range = start..<start
        switch kind {
        case .object:
            let first = reader.offset
            guard case .known(let action) = call else {
                let text = String(decoding: bytes[try reader.skipValue()], as: UTF8.self)
                try finish(&reader)
                return .message(.result(id, .raw(action: "", text: text)))
            }
            found = try payload(bytes, &reader, action, isRequest: false)
            range = first..<reader.offset
        case .null:
            try reader.null()
            guard case .known(let action) = call, MessageCatalogue.ocpp16.hasNoRequiredField(action) else {
                try finish(&reader)
                let violation = Violation(rule: .payload, pointer: "", value: "null", expected: "an object")
                return .failed(id, CallError(violation.code, violation.description), [violation])
            }
            found.0 = Self.emptyConfirmation(action)
        default:
            guard case .known(let action) = call else {
                try finish(&reader, skipping: true)
                return .failed(id, CallError(.formationViolation, "a payload is an object"), [])
            }
            found = try payload(bytes, &reader, action, isRequest: false)
        }
        if try reader.nextElement() {
            try finish(&reader, skipping: true)
            return .failed(id, CallError(.formationViolation, "a CALLRESULT has three elements"), [])
        }
        try reader.end()
        if let first = found.1.first { return .failed(id, CallError(first.code, String(first.description.prefix(255))), found.1) }
        guard let payload = found.0 ?? call.object(String(decoding: bytes[range], as: UTF8.self)) else { return .ignored(.unknownAnswer(id)) }
        return .message(.result(id, payload))
    }

    /// The confirmation of an action that has no required field, without any field.
    private static func emptyConfirmation(_ action: OCPPAction) -> OCPPPayload? {
        action == .stopTransaction ? .stopTransactionResult(nil) : .empty(action)
    }

    private func error(
        _ reader: inout JSONReader, _ head: Head, _ pending: (MessageID) -> PendingAction?
    ) throws(JSONError) -> DecodedMessage {
        let id = head.id ?? .number(0)
        var error = CallError(.genericError)
        var place = 0
        while try reader.nextElement() {
            let kind = try reader.peek()
            if kind == .string, place < 2 {
                let text = reader.text(try reader.string())
                if place == 0 { error.code = OCPPErrorCode(name: text) } else { error.description = text }
            } else {
                let range = try reader.skipValue()
                if kind == .object, place == 2 { error.details = String(decoding: reader.source[range], as: UTF8.self) }
            }
            place += 1
        }
        try reader.end()
        guard pending(id) != nil else { return .ignored(.unknownAnswer(id)) }
        return .message(.error(id, error))
    }
}

extension MessageID {
    /// The id that a token holds.
    fileprivate init(_ token: JSONStringToken, _ reader: JSONReader) {
        var number = 0
        if 1...18 ~= token.length, token.length == 1 || reader.source[token.start] != 0x30 {
            for place in token.start..<token.end {
                let digit = reader.source[place] &- 0x30
                guard digit < 10 else {
                    self = .text(reader.text(token))
                    return
                }
                number = number * 10 + Int(digit)
            }
            self = .number(number)
        } else {
            self = .text(reader.text(token))
        }
    }
}

extension PendingAction {
    /// A confirmation that has no typed form.
    fileprivate func object(_ text: String) -> OCPPPayload? { if case .known(let action) = self { .object(action, text: text) } else { nil } }
}

extension MessageCatalogue {
    /// True if the confirmation of an action may be an empty object.
    func hasNoRequiredField(_ action: OCPPAction) -> Bool { objects[rule(action, isRequest: false)].required == 0 }
}

extension OCPPAction {
    /// The action that a token names.
    static func known(_ token: JSONStringToken, _ reader: JSONReader) -> OCPPAction? {
        if token.hasEscapes { return OCPPAction(name: reader.text(token)) }
        let tables = CatalogueTables.ocpp16
        guard let bytes = reader.source.baseAddress else { return nil }
        for place in 0..<names.count {
            let name = tables.actions[place]
            guard token.length == Int(name.upperBound &- name.lowerBound) else { continue }
            if memcmp(bytes + token.start, tables.text + Int(name.lowerBound), token.length) == 0 { return OCPPAction(rawValue: UInt8(place)) }
        }
        return nil
    }
}
