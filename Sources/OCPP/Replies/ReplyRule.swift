import JSONText
import Quantities

/// How a node answers some of the calls that it gets: one entry of a script of replies.
public struct ReplyRule: Hashable, Sendable {
    /// The answer.
    public enum Form: Hashable, Sendable {
        /// The answer that the node gives by itself.
        case standard
        /// A status that says yes: `Accepted`, `Unlocked`.
        case accept
        /// A status that says no: `Rejected`, `Invalid`, `Failed`.
        case reject
        /// No answer; the call was read all the same.
        case ignore
        /// No answer; the connection is closed.
        case disconnect
        /// Fields of an object that take the place of those of the node's own answer.
        case with(JSONValue)
        /// A CALLRESULT with this text as its payload, right or wrong.
        case payload(String)
        /// A CALLERROR; the call is not processed.
        case error(CallError)
        /// A broken message.
        case malformed(Malformation)
    }

    /// The ways in which an answer can be broken.
    public enum Malformation: UInt8, Hashable, Sendable, CaseIterable {
        case notJSON, wrongID, missingPayload, extraElement, wrongType, unknownMessageType

        /// Names in scenarios, by raw value.
        public static let names = ["not-json", "wrong-id", "missing-payload", "extra-element", "wrong-type", "unknown-message-type"]

        /// The name in scenarios.
        public var name: String { Self.names[Int(rawValue)] }
        /// The malformation of this name.
        public init?(name: String) {
            guard let place = Self.names.firstIndex(of: name) else { return nil }
            self.init(rawValue: UInt8(place))
        }
    }

    /// The call that it answers; `nil` = every call that has no entry of its own.
    public var action: OCPPAction?
    public var form: Form
    /// How long the answer waits.
    public var delay: Duration
    /// How many calls it answers, those counted that chance leaves alone; `nil` = one if another entry follows, else all.
    public var times: Int?
    /// The first call that it answers, counted from 1 for each peer and action; `nil` = the one behind those of the entry before.
    public var fromCall: Int?
    /// The peers whose calls it answers; empty = all.
    public var peers: [String]
    /// How likely it answers a call, drawn for each; else the node answers by itself.
    public var chance: Double

    public init(
        _ action: OCPPAction?, _ form: Form, delay: Duration = .zero, times: Int? = nil, fromCall: Int? = nil, peers: [String] = [], chance: Double = 1
    ) {
        self.action = action
        self.form = form
        self.delay = delay
        self.times = times
        self.fromCall = fromCall
        self.peers = peers
        self.chance = chance
    }
}

/// What becomes of an answer.
public enum ReplyOutcome: Hashable, Sendable {
    /// It goes out, after a delay that may be zero.
    case send(OCPPMessage, after: Duration)
    /// Nothing goes out.
    case drop
    /// Nothing goes out, and the connection is closed.
    case disconnect
}

extension ReplyRule {
    /// What becomes of the answer that the node would give.
    ///
    /// - Parameters:
    ///   - action: the call that is answered.
    ///   - message: the node's own answer, a CALLRESULT or CALLERROR.
    ///   - now: the node's clock, for times such as `in 10min`.
    public func outcome(_ action: OCPPAction, _ message: OCPPMessage, at now: OCPPTimestamp) -> ReplyOutcome {
        guard let id = message.id else { return .send(message, after: delay) }
        switch form {
        case .standard: return .send(message, after: delay)
        case .ignore: return .drop
        case .disconnect: return .disconnect
        case .accept: return .send(patched(Self.status(of: action, accepts: true), action, id, message, now), after: delay)
        case .reject: return .send(patched(Self.status(of: action, accepts: false), action, id, message, now), after: delay)
        case .with(let fields): return .send(patched(fields, action, id, message, now), after: delay)
        case .payload(let text): return .send(.result(id, .raw(action: action.name.description, text: text)), after: delay)
        case .error(let error): return .send(.error(id, error), after: delay)
        case .malformed(let way): return .send(.frame(Self.broken(message, id, way)), after: delay)
        }
    }

    /// The answer with some fields of its payload replaced.
    private func patched(_ fields: JSONValue?, _ action: OCPPAction, _ id: MessageID, _ message: OCPPMessage, _ now: OCPPTimestamp) -> OCPPMessage {
        guard let fields else { return message }
        var base = JSONValue.object([])
        if case .result(_, let payload) = message { base = (try? JSONValue(parsing: payload.text)) ?? base }
        let forms = OCPPPayload.confirmationFields(action)
        let text = base.merged(with: RelativeTime.resolved(fields, forms, at: now)).text()
        switch OCPPPayload.checked(action, text, isRequest: false) {
        case .success(let payload): return .result(id, payload)
        case .failure: return .result(id, .raw(action: action.name.description, text: text))
        }
    }

    /// The fields that make an answer say yes or no; `nil` if the answer to this call has no status.
    public static func status(of action: OCPPAction, accepts: Bool) -> JSONValue? {
        let words = accepts ? ["Accepted", "Unlocked"] : ["Rejected", "Invalid", "Failed", "UnlockFailed", "NotFound", "Unknown"]
        for field in OCPPPayload.confirmationFields(action) {
            switch (field.name, field.form) {
            case ("status", .oneOf(let allowed)): return words.first(where: allowed.contains).map { ["status": .string($0)] }
            case ("idTagInfo", .object): return ["idTagInfo": ["status": .string(words[accepts ? 0 : 1])]]
            default: continue
            }
        }
        return nil
    }

    /// The bytes of an answer that is broken in one way.
    private static func broken(_ message: OCPPMessage, _ id: MessageID, _ way: Malformation) -> [UInt8] {
        let quoted = JSONValue.string(id.description).text()
        let payload: String
        if case .result(_, let content) = message { payload = content.text } else { payload = "{}" }
        switch way {
        case .notJSON: return Array("[3,\(quoted),{\"status\":".utf8)
        case .wrongID: return Array("[3,\(JSONValue.string(String("x" + id.description).prefix(36).description).text()),\(payload)]".utf8)
        case .missingPayload: return Array("[3,\(quoted)]".utf8)
        case .extraElement: return Array("[3,\(quoted),\(payload),{}]".utf8)
        case .wrongType: return Array("[3,\(quoted),[\(payload)]]".utf8)
        case .unknownMessageType: return Array("[9,\(quoted),\(payload)]".utf8)
        }
    }
}

extension OCPPPayload {
    /// The payload as JSON text.
    public var text: String {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.text
    }
}

extension JSONValue {
    /// The value with the members of another one put over it; objects inside objects are joined in the same way.
    func merged(with other: JSONValue) -> JSONValue {
        guard case .object(var members) = self, case .object(let others) = other else { return other }
        for member in others {
            if let place = members.firstIndex(where: { $0.key == member.key }) {
                members[place].value = members[place].value.merged(with: member.value)
            } else {
                members.append(member)
            }
        }
        return .object(members)
    }
}
