import JSONText
import Quantities

/// A central system of OCPP 1.6 as a pure state machine, for any number of charge points.
///
/// Connections are numbered from 0 in the order of `connect`; all state is in arrays indexed by that number. Transaction ids count from 1 and are
/// unique over the whole central system.
public struct CentralSystemMachine: Sendable {
    public let settings: CentralSystemSettings
    /// Unix seconds of the start of the run.
    public let epoch: Int64
    var connections: [Connection] = []
    var decoder: MessageDecoder
    var lastTransactionID = 0
    var lastProfileID = 0
    private let idTags: [String]?

    /// What is known of one charge point.
    struct Connection: Sendable {
        var identity: String
        var isConnected = true
        var registration: RegistrationStatus?
        var session: FramingSession
        /// The connectors that have been heard of; place 0 is the charge point as a whole.
        var connectors: [ConnectorView] = []
        var lastTransactionID = 0
    }

    /// What is known of one connector.
    struct ConnectorView: Sendable {
        var status: ChargePointStatus?
        var transactionID: Int?
        var meterStart = 0
        var lastValue: MeterValue?
    }

    /// - Parameter epoch: Unix seconds of the start of the run.
    public init(_ settings: CentralSystemSettings, epoch: Int64) {
        self.settings = settings
        self.epoch = epoch
        decoder = MessageDecoder(role: .centralSystem, isStrict: settings.isStrict)
        idTags = settings.idTags?.map { $0.lowercased() }
    }

    /// Takes on a charge point and gives the number of its connection.
    public mutating func connect(identity: String) -> Int {
        connections.append(
            Connection(identity: identity, session: FramingSession(timeout: settings.callTimeout, queueLimit: settings.queueLimit)))
        return connections.count - 1
    }

    /// The connection is lost: calls end as dropped; what is known of the charge point stays.
    public mutating func disconnect(_ connection: Int, into out: inout [CentralSystemOutput]) {
        guard connections.indices.contains(connection) else { return }
        connections[connection].isConnected = false
        for token in connections[connection].session.drain() { out.append(.callEnded(connection: connection, token: token, .dropped)) }
    }

    /// The charge point is back on the same connection number.
    public mutating func reconnect(_ connection: Int) {
        guard connections.indices.contains(connection) else { return }
        connections[connection].isConnected = true
    }

    // MARK: State that others may look at

    /// The number of connections.
    public var count: Int { connections.count }
    public func identity(_ connection: Int) -> String { connections.indices.contains(connection) ? connections[connection].identity : "" }
    public func registration(_ connection: Int) -> RegistrationStatus? {
        connections.indices.contains(connection) ? connections[connection].registration : nil
    }

    func view(_ connection: Int, _ connector: Int) -> ConnectorView? {
        guard connections.indices.contains(connection), connections[connection].connectors.indices.contains(connector) else { return nil }
        return connections[connection].connectors[connector]
    }

    /// The last state that a connector has reported.
    public func status(_ connection: Int, connector: Int) -> ChargePointStatus? { view(connection, connector)?.status }
    /// The id of the transaction that runs on a connector.
    public func transactionID(_ connection: Int, connector: Int) -> Int? { view(connection, connector)?.transactionID }
    /// The last samples of a connector.
    public func lastValue(_ connection: Int, connector: Int) -> MeterValue? { view(connection, connector)?.lastValue }
    /// The number of transactions that run on a charge point.
    public func runningTransactions(_ connection: Int) -> Int {
        connections.indices.contains(connection) ? connections[connection].connectors.count { $0.transactionID != nil } : 0
    }

    func time(_ now: Instant) -> OCPPTimestamp { OCPPTimestamp(epoch: epoch, now) }

    /// What this central system says of an id tag; tags compare without case.
    public func authorization(of idTag: String) -> AuthorizationStatus {
        guard let idTags else { return .accepted }
        return idTags.contains(idTag.lowercased()) ? .accepted : .invalid
    }

    // MARK: Messages

    /// A message has arrived from a charge point.
    public mutating func receive(_ message: OCPPMessage, from connection: Int, at now: Instant, into out: inout [CentralSystemOutput]) {
        guard connections.indices.contains(connection) else { return }
        guard !message.isText else { return receive(bytes: message.bytes, from: connection, at: now, into: &out) }
        handle(message, connection, now, &out)
    }

    /// A text has arrived from a charge point.
    public mutating func receive(bytes: [UInt8], from connection: Int, at now: Instant, into out: inout [CentralSystemOutput]) {
        guard connections.indices.contains(connection) else { return }
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
