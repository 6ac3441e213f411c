import JSONText
import OCPP
import Quantities

/// What a message event is, for rules.
enum MessageKind: UInt8, CaseIterable {
    case call, result, error, malformed, opened, closed, broken

    /// The word in a scenario.
    var name: String {
        switch self {
        case .call: "call"
        case .result: "result"
        case .error: "error"
        case .malformed: "malformed"
        case .opened: "opened"
        case .closed: "closed"
        case .broken: "broken"
        }
    }
}

/// The event that is being judged: typed where it can be, with the call that an answer answers, and with its fields when a rule asks for them.
///
/// What is stored here is written by `take` alone, so that reading it costs no check of exclusive access. One view serves all rules of a detector; it remembers the calls that wait for their answers, 8 for each side of a connection.
final class MessageView {
    /// When, in nanoseconds.
    @exclusivity(unchecked) private(set) var now: Int64 = .min
    @exclusivity(unchecked) private(set) var kind = MessageKind.malformed
    /// The message in its typed form if it has one.
    @exclusivity(unchecked) private(set) var message: OCPPMessage?
    /// The message as it came.
    @exclusivity(unchecked) private(set) var original: OCPPMessage?
    @exclusivity(unchecked) private(set) var payload: OCPPPayload?
    @exclusivity(unchecked) private(set) var action: OCPPAction?
    /// The call that this answers.
    @exclusivity(unchecked) private(set) var asked: OCPPPayload?
    /// What is wrong with a message that is malformed.
    private(set) var violation = ""
    @exclusivity(unchecked) private(set) var identity = ""
    @exclusivity(unchecked) private(set) var identityKey: UInt64 = 0
    private(set) var address = ""
    @exclusivity(unchecked) private(set) var connection = 0
    @exclusivity(unchecked) private(set) var isUp = false
    private(set) var health = DetectorHealth()

    private struct OpenCall {
        var id: MessageID
        var payload: OCPPPayload
    }
    private struct Book {
        var up: [OpenCall] = []
        var down: [OpenCall] = []
    }
    @exclusivity(unchecked) private var books: GroupTable<Book>
    private var fromChargePoint = MessageDecoder(role: .centralSystem, isStrict: false)
    private var fromCentralSystem = MessageDecoder(role: .chargePoint, isStrict: false)
    private var writer = ByteWriter()
    private var hasBytes = false
    private var askedWriter = ByteWriter()
    private var hasAskedBytes = false

    init(maximumGroups: Int) { books = GroupTable(capacity: maximumGroups) }

    /// Groups that had to make room.
    var evictions: Int { books.evictions }

    /// Takes an event; false if it is older than the newest one and so is dropped.
    func take(_ event: MessageEvent) -> Bool {
        guard event.instant.nanoseconds >= now else {
            health.late += 1
            return false
        }
        now = event.instant.nanoseconds
        identity = event.identity
        identityKey = KeyHash.of(event.identity)
        address = event.address
        connection = event.connection
        isUp = event.isUp
        message = nil
        original = nil
        payload = nil
        action = nil
        asked = nil
        hasBytes = false
        hasAskedBytes = false
        if !violation.isEmpty { violation = "" }
        switch event.content {
        case .opened: kind = .opened
        case .closed: kind = .closed
        case .broken: kind = .broken
        case .malformed:
            kind = .malformed
            violation = "bytes that are no message"
        case .message(let value, let known):
            original = value
            take(value, known)
        }
        if kind == .malformed { health.invalid += 1 }
        if kind == .opened || kind == .closed || kind == .broken {
            if let place = books.find(connectionKey) { books[place] = Book() }
        }
        return true
    }

    private var connectionKey: UInt64 { identityKey ^ (UInt64(truncatingIfNeeded: connection) &* 0x9E37_79B9_7F4A_7C15) }

    private func take(_ value: OCPPMessage, _ known: OCPPAction?) {
        if value.isText { return read(value, known) }
        message = value
        switch value {
        case .call(let id, let payload):
            kind = .call
            self.payload = payload
            action = payload.action ?? known
            remember(id, payload)
        case .result(let id, let payload):
            kind = .result
            self.payload = payload
            asked = answered(id)
            action = known ?? asked?.action ?? payload.action
        case .error(let id, _):
            kind = .error
            asked = answered(id)
            action = known ?? asked?.action
        case .frame: kind = .malformed
        }
    }

    /// Reads a message that is only text.
    private func read(_ value: OCPPMessage, _ known: OCPPAction?) {
        let bytes: [UInt8] = if case .frame(let bytes) = value { bytes } else { value.bytes }
        let place = books.find(connectionKey)
        let waiting: [OpenCall] = place.map { isUp ? books[$0].down : books[$0].up } ?? []
        let pending: (MessageID) -> PendingAction? = { id in
            if let action = waiting.first(where: { $0.id == id })?.payload.action ?? known { return .known(action) }
            return .unknown
        }
        let decoded = isUp ? fromChargePoint.decode(bytes, pending: pending) : fromCentralSystem.decode(bytes, pending: pending)
        switch decoded {
        case .message(let typed):
            if typed.isText {
                // An answer to a call that nobody knows stays as it is.
                message = typed
                payload = typed.payload
                kind = .result
                action = known
            } else {
                take(typed, known)
            }
        case .refused(.error(let id, let error), let violations):
            if error.code == .notImplemented {
                // A vendor's own action: a call like another, without fields that are known.
                kind = .call
                message = value
                payload = value.payload
                if let payload { remember(id, payload) }
            } else {
                kind = .malformed
                violation = violations.first?.description ?? "a call that must be answered with \(error.code.name)"
                action = value.action
            }
        case .refused: fail("a call that is refused", value.action)
        case .failed(let id, let error, let violations):
            _ = answered(id)
            fail(violations.first?.description ?? error.description, known)
        case .ignored(.notJSON): fail("a text that is not JSON", nil)
        case .ignored(.tooLong): fail("a text of more than 1 MiB", nil)
        case .ignored(.unknownAnswer): fail("an answer to no call", known)
        case .ignored: fail("a text that is no message", nil)
        }
    }

    private func fail(_ why: String, _ action: OCPPAction?) {
        kind = .malformed
        violation = why
        self.action = action
    }

    private func remember(_ id: MessageID, _ payload: OCPPPayload) {
        let place = books.place(of: connectionKey) { Book() }
        if isUp {
            if books[place].up.count >= 8 { books[place].up.removeFirst() }
            books[place].up.append(OpenCall(id: id, payload: payload))
        } else {
            if books[place].down.count >= 8 { books[place].down.removeFirst() }
            books[place].down.append(OpenCall(id: id, payload: payload))
        }
    }

    private func answered(_ id: MessageID) -> OCPPPayload? {
        guard let place = books.find(connectionKey) else { return nil }
        if isUp {
            guard let at = books[place].down.firstIndex(where: { $0.id == id }) else { return nil }
            return books[place].down.remove(at: at).payload
        }
        guard let at = books[place].up.firstIndex(where: { $0.id == id }) else { return nil }
        return books[place].up.remove(at: at).payload
    }

    // MARK: Fields

    /// Calls `body` with the payload as a JSON text; not for events without one.
    func withFields(ofCall: Bool, _ body: (UnsafeRawBufferPointer) -> Void) {
        if ofCall {
            guard let asked else { return }
            if !hasAskedBytes {
                askedWriter.removeAll()
                MessageView.write(asked, &askedWriter)
                hasAskedBytes = true
            }
            askedWriter.withBytes(body)
        } else {
            guard let payload else { return }
            if !hasBytes {
                writer.removeAll()
                MessageView.write(payload, &writer)
                hasBytes = true
            }
            writer.withBytes(body)
        }
    }

    private static func write(_ payload: OCPPPayload, _ writer: inout ByteWriter) {
        switch payload {
        case .object(_, let text), .raw(_, let text): writer.append(text: text)
        default: payload.encode(into: &writer)
        }
    }

    /// The first text in a field of the payload, at any depth.
    func text(_ name: StaticString) -> String? {
        var found: String?
        FieldPath(name: name.description).visit(self) { value in
            found = value.text
            return false
        }
        return found
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        writer.put(now)
        writer.put(health.invalid)
        writer.put(health.late)
        books.save(&writer) { book, writer in
            for calls in [book.up, book.down] {
                writer.put(calls.count)
                for call in calls { writer.put(String(decoding: OCPPMessage.call(call.id, call.payload).bytes, as: UTF8.self)) }
            }
        }
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        let now = try reader.integer()
        let invalid = try reader.integer()
        let late = try reader.integer()
        try books.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Book in
            var book = Book()
            for side in 0...1 {
                let count = try reader.count()
                guard count <= 8 else { throw .badState("a connection has too many open calls") }
                for _ in 0..<count {
                    let bytes = Array(try reader.text().utf8)
                    let decoded = side == 0 ? fromChargePoint.decode(bytes) { _ in nil } : fromCentralSystem.decode(bytes) { _ in nil }
                    guard case .message(.call(let id, let payload)) = decoded else { continue }
                    if side == 0 { book.up.append(OpenCall(id: id, payload: payload)) } else { book.down.append(OpenCall(id: id, payload: payload)) }
                }
            }
            return book
        }
        self.now = now
        health.invalid = Int(truncatingIfNeeded: invalid)
        health.late = Int(truncatingIfNeeded: late)
    }
}
