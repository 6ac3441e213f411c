import JSONText
import Quantities
import Testing

@testable import OCPP

/// A central system with what it wants done, and the charge points that a test plays.
struct CentralSystemBench {
    static let epoch: Int64 = 946_684_800
    var machine: CentralSystemMachine
    var out: [CentralSystemOutput] = []
    var lastID = 0

    init(_ settings: CentralSystemSettings = .init(), replies: [ReplyRule] = [], memory: CentralSystemMemory = .init()) {
        machine = CentralSystemMachine(settings, epoch: Self.epoch, memory: memory)
        machine.replies = ReplyBook(replies, seed: 7)
    }

    /// A charge point that has connected and booted.
    mutating func point(_ identity: String, at now: Double = 0) -> Int {
        let connection = machine.connect(identity: identity)
        _ = call(connection, .bootNotification(BootNotification(vendor: "v", model: "m")), at: now)
        return connection
    }

    /// Makes a call and gives what was sent for it at once.
    mutating func call(_ connection: Int, _ payload: OCPPPayload, at now: Double = 0, asText: Bool = false) -> OCPPMessage? {
        lastID += 1
        out = []
        let message = OCPPMessage.call(.number(lastID), payload)
        if asText {
            machine.receive(bytes: message.bytes, from: connection, at: seconds(now), into: &out)
        } else {
            machine.receive(message, from: connection, at: seconds(now), into: &out)
        }
        return sent.last
    }

    /// Makes a call out of JSON text.
    mutating func call(_ connection: Int, _ action: String, _ text: String, at now: Double = 0) -> OCPPMessage? {
        lastID += 1
        out = []
        machine.receive(bytes: Array("[2,\"\(lastID)\",\"\(action)\",\(text)]".utf8), from: connection, at: seconds(now), into: &out)
        return sent.last
    }

    /// The payload of the result of a call as JSON; `nil` if it was answered otherwise.
    mutating func result(_ connection: Int, _ payload: OCPPPayload, at now: Double = 0) -> JSONValue? {
        guard case .result(_, let payload)? = call(connection, payload, at: now) else { return nil }
        return try? JSONValue(parsing: payload.text)
    }

    /// Sends a request and gives the payload on the wire.
    mutating func send(_ action: OCPPAction, _ fields: JSONValue = .object([]), to connection: Int, at now: Double = 0, token: UInt64 = 1) throws -> JSONValue?
    {
        let request = try CentralSystemMachine.request(action, with: fields).get()
        out = []
        machine.send(request, to: connection, token: token, at: seconds(now), into: &out)
        guard let message = sent.last, case .call(_, let payload) = message else { return nil }
        // What goes out must be what the catalogue allows.
        if case .failure(let problems) = OCPPPayload.checked(action, payload.text) { Issue.record("\(action.name): \(problems.violations)") }
        return try JSONValue(parsing: payload.text)
    }

    /// Answers the outstanding call of the central system.
    mutating func answer(_ connection: Int, _ text: String, at now: Double = 0) {
        guard let pending = machine.connections[connection].session.pending else { return }
        out = []
        machine.receive(bytes: Array("[3,\"\(pending.id)\",\(text)]".utf8), from: connection, at: seconds(now), into: &out)
    }

    mutating func start(_ connection: Int, _ connector: Int = 1, tag: String = "A1", meter: Int = 0, at now: Double = 0) -> (
        id: Int, status: AuthorizationStatus
    )? {
        let time = OCPPTimestamp(epoch: Self.epoch, seconds(now))
        let message = StartTransaction(connectorID: connector, idTag: tag, meterStart: meter, timestamp: time)
        guard case .result(_, .startTransactionResult(let info, let id))? = call(connection, .startTransaction(message), at: now) else { return nil }
        return (id, info.status)
    }

    mutating func started(
        _ connection: Int, _ connector: Int = 1, tag: String = "A1", meter: Int = 0, at now: Double = 0
    ) throws -> (id: Int, status: AuthorizationStatus) {
        let start = start(connection, connector, tag: tag, meter: meter, at: now)
        return try #require(start)
    }

    mutating func stop(_ connection: Int, _ id: Int, tag: String? = nil, meter: Int = 100, at now: Double = 0) -> OCPPMessage? {
        let time = OCPPTimestamp(epoch: Self.epoch, seconds(now))
        return call(connection, .stopTransaction(StopTransaction(idTag: tag, meterStop: meter, timestamp: time, transactionID: id)), at: now)
    }

    var sent: [OCPPMessage] { out.compactMap { if case .send(_, let message) = $0 { message } else { nil } } }
    var violations: [String] { out.compactMap { if case .violation(_, _, let text) = $0 { text } else { nil } } }
    var closed: [CloseReason] { out.compactMap { if case .close(_, let reason) = $0 { reason } else { nil } } }
    var ended: [Int] { out.compactMap { if case .transactionEnded(_, _, let id, _, _, _) = $0 { id } else { nil } } }
    var repeated: Int { out.count { if case .repeated = $0 { true } else { false } } }
    var outcomes: [CallOutcome] { out.compactMap { if case .callEnded(_, _, let outcome) = $0 { outcome } else { nil } } }
}
