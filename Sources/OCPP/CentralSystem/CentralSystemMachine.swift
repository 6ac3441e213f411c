import JSONText
import Quantities

/// A central system of OCPP 1.6 as a pure state machine, for any number of charge points.
///
/// Connections are numbered; a number is valid from the `connect` that gave it to the end of the connection and may then be given again, first of all
/// to the same identity. What is known of a charge point outlives its connections and lies in ``memory``. All state is in arrays.
public struct CentralSystemMachine: Sendable {
    public let settings: CentralSystemSettings
    /// Unix seconds of the start of the run.
    public let epoch: Int64
    /// What survives the end of the process.
    public internal(set) var memory: CentralSystemMemory
    /// What is answered otherwise than by default, with its counters.
    public var replies = ReplyBook()
    var connections: [Connection] = []
    var points: [Point] = []
    /// Places of charge points in `memory` by identity.
    var placeOf: [String: Int] = [:]
    /// The charge point of each transaction that is kept.
    var ownerOf: [Int: Int] = [:]
    /// How many transactions run for a tag, only counted where a tag may have but one.
    var running: [String: Int] = [:]
    /// Transactions that run, at all charge points.
    public internal(set) var runningCount = 0
    /// Connections that stand.
    public internal(set) var connectedCount = 0
    /// Charge points whose registration is accepted.
    public internal(set) var registeredCount = 0
    var delayed: [DelayedReply] = []
    var lastDelayed: UInt32 = 0
    var decoder: MessageDecoder
    let tags: [String: IdTagEntry]
    let known: Set<String>?

    /// A connection, or the place of one that is over.
    struct Connection: Sendable {
        /// Place of the charge point in the memory.
        var point: Int
        var isConnected = true
        /// Counts the connections that had this number.
        var generation: UInt32 = 0
        var registration: RegistrationStatus?
        var session: FramingSession
        /// Messages that were asked for while the registration was pending; a bit for each action.
        var triggered: UInt64 = 0
        /// Begin of the second in which messages are being counted, and their number.
        var second = Instant.zero
        var received = 0
    }

    /// What is known of a charge point while the process lives.
    struct Point: Sendable {
        /// The connection number that it had first.
        var first: Int?
        /// Its connections, the newest last; more than one only where the policy allows it.
        var live: [Int] = []
    }

    /// An answer that waits.
    struct DelayedReply: Sendable {
        var number: UInt32
        var connection: Int
        var generation: UInt32
        var message: OCPPMessage
    }

    /// - Parameters:
    ///   - epoch: Unix seconds of the start of the run.
    ///   - memory: that of a machine that this one takes the place of; no connection stands.
    public init(_ settings: CentralSystemSettings, epoch: Int64, memory: CentralSystemMemory = CentralSystemMemory()) {
        self.settings = settings
        self.epoch = epoch
        self.memory = memory
        decoder = MessageDecoder(role: .centralSystem, isStrict: settings.isStrict)
        tags = Dictionary((settings.idTags ?? []).map { ($0.idTag.lowercased(), $0) }, uniquingKeysWith: { $1 })
        known = settings.known.map { Set($0) }
        points = Array(repeating: Point(), count: memory.chargePoints.count)
        for (place, point) in memory.chargePoints.enumerated() {
            placeOf[point.identity] = place
            if point.registration == .accepted { registeredCount += 1 }
            for transaction in point.transactions {
                ownerOf[transaction.id] = place
                guard transaction.end == nil else { continue }
                runningCount += 1
                if settings.oneTransactionPerTag { running[transaction.idTag.lowercased(), default: 0] += 1 }
            }
        }
    }

    /// The machine of a process that is started again: what is stored and the script of replies go on, every connection is over.
    public func restarted() -> CentralSystemMachine {
        var machine = CentralSystemMachine(settings, epoch: epoch, memory: memory)
        machine.replies = replies
        machine.lastDelayed = lastDelayed
        return machine
    }

    // MARK: State that others may look at

    /// The number of connection numbers given so far.
    public var count: Int { connections.count }
    /// What is known of the charge point of a connection.
    public func record(_ connection: Int) -> ChargePointRecord? {
        connections.indices.contains(connection) ? memory.chargePoints[connections[connection].point] : nil
    }
    /// What is known of a charge point.
    public func record(of identity: String) -> ChargePointRecord? { placeOf[identity].map { memory.chargePoints[$0] } }
    public func identity(_ connection: Int) -> String { record(connection)?.identity ?? "" }
    public func registration(_ connection: Int) -> RegistrationStatus? { record(connection)?.registration }
    /// Whether the connection stands.
    public func isConnected(_ connection: Int) -> Bool { connections.indices.contains(connection) && connections[connection].isConnected }

    func view(_ connection: Int, _ connector: Int) -> ConnectorRecord? {
        guard connections.indices.contains(connection) else { return nil }
        let point = connections[connection].point
        guard memory.chargePoints[point].connectors.indices.contains(connector) else { return nil }
        return memory.chargePoints[point].connectors[connector]
    }

    /// The last state that a connector has reported.
    public func status(_ connection: Int, connector: Int) -> ChargePointStatus? { view(connection, connector)?.status }
    /// The id of the transaction that runs on a connector.
    public func transactionID(_ connection: Int, connector: Int) -> Int? { view(connection, connector)?.transactionID }
    /// The last samples of a connector.
    public func lastValue(_ connection: Int, connector: Int) -> MeterValue? { view(connection, connector)?.lastValue }
    /// The number of transactions that run on a charge point.
    public func runningTransactions(_ connection: Int) -> Int { record(connection)?.transactions.count { $0.end == nil } ?? 0 }

    func time(_ now: Instant) -> OCPPTimestamp { OCPPTimestamp(epoch: epoch, now) }

    // MARK: Messages

    /// A message has arrived from a charge point.
    public mutating func receive(_ message: OCPPMessage, from connection: Int, at now: Instant, into out: inout [CentralSystemOutput]) {
        guard isConnected(connection), passes(connection, now, &out) else { return }
        guard !message.isText else { return read(message.bytes, connection, now, &out) }
        handle(message, connection, now, &out)
    }

    /// A text has arrived from a charge point.
    public mutating func receive(bytes: [UInt8], from connection: Int, at now: Instant, into out: inout [CentralSystemOutput]) {
        guard isConnected(connection), passes(connection, now, &out) else { return }
        read(bytes, connection, now, &out)
    }

    private mutating func read(_ bytes: [UInt8], _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) {
        let session = connections[connection].session
        switch decoder.decode(bytes, pending: { session.action(of: $0) }) {
        case .message(let message): handle(message, connection, now, &out)
        case .refused(let answer, let violations):
            out.append(.violation(connection: connection, .badMessage, violations.first?.description ?? answer.errorText ?? ""))
            out.append(.send(connection: connection, answer))
        case .failed(let id, let error, let violations):
            out.append(.violation(connection: connection, .badMessage, error.description))
            end(id, .error(error, violations), connection, now, &out)
        case .ignored(let reason): out.append(.violation(connection: connection, .badMessage, "ignored: \(reason)"))
        }
    }

    private mutating func handle(_ message: OCPPMessage, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) {
        switch message {
        case .call(let id, let payload):
            if !connections[connection].session.noteIncoming(id) {
                out.append(.violation(connection: connection, .badMessage, "the id \(id) was used before on this connection"))
            }
            answer(id, payload, connection, now, &out)
        case .result(let id, let payload):
            if let call = connections[connection].session.pending, call.action != payload.action, id == .number(call.id) {
                let error = CallError(.formationViolation, "the answer to \(call.actionName) has another shape")
                out.append(.violation(connection: connection, .badMessage, error.description))
                return end(id, .error(error, []), connection, now, &out)
            }
            end(id, .result(payload), connection, now, &out)
        case .error(let id, let error): end(id, .error(error, []), connection, now, &out)
        case .frame: break
        }
    }

    /// An answer to the outstanding call: ends it and sends the next one.
    private mutating func end(_ id: MessageID, _ outcome: CallOutcome, _ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) {
        guard let call = connections[connection].session.end(id) else {
            return out.append(.violation(connection: connection, .invalidState, "an answer to no pending call: \(id)"))
        }
        learn(call, outcome, connection, &out)
        out.append(.callEnded(connection: connection, token: call.token, outcome))
        pump(connection, now, &out)
    }

    /// The timer of a connection has run out.
    public mutating func timer(connection: Int, at now: Instant, into out: inout [CentralSystemOutput]) {
        guard connections.indices.contains(connection) else { return }
        if let overdue = connections[connection].session.timerFired(at: now) {
            let text = "\(overdue.actionName) was not answered within \(settings.callTimeout.secondsText) s"
            out.append(.violation(connection: connection, .timeout, text))
            out.append(.callEnded(connection: connection, token: overdue.token, .timedOut))
        }
        pump(connection, now, &out)
    }

    mutating func pump(_ connection: Int, _ now: Instant, _ out: inout [CentralSystemOutput]) {
        if let message = connections[connection].session.next(at: now) { out.append(.send(connection: connection, message)) }
        if let deadline = connections[connection].session.timerToSet() { out.append(.setTimer(connection: connection, deadline)) }
    }
}
