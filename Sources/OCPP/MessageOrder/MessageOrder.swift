import JSONText
import Quantities

/// Checks the order of the messages of one charge point and its central system, as they come.
///
/// Hand in every message and event as the charge point sees them: its own when it sends them, those of the central system when they arrive. What breaks a
/// rule is appended as a ``MessageOrderFinding``; a message in order costs no memory. What is remembered is bounded: calls without answer, running
/// transactions, connectors, reservations, the last ids and tags.
public struct MessageOrder: Sendable {
    public internal(set) var settings: MessageOrderSettings
    /// The number of messages and events so far.
    public internal(set) var count = 0

    // Framing, by side: 0 the charge point, 1 the central system.
    var open: [[OpenCall]] = [[], []]
    var used: [RecentIDs] = [RecentIDs(), RecentIDs()]
    var expired: [RecentIDs] = [RecentIDs(), RecentIDs()]
    private var decoders: [MessageDecoder] = []

    // Registration.
    var phase: Phase
    var hasReportedPhase = false
    var mayBootAgain = false
    var triggered: UInt64 = 0
    var openTrigger: (action: OCPPAction, connector: Int?)?
    var isConnected = true
    var heard: Instant?
    var heartbeatInterval = 0

    // Transactions and connectors.
    var transactions: [Transaction] = []
    var stopped: [Int] = []
    var offlineStarts = 0
    var failed: FailedMessage?
    var refusedTags: [UInt64] = []
    var knownTags: [UInt64] = []
    var parents: [(tag: UInt64, parent: UInt64)] = []
    var remoteTags: [UInt64] = []
    var connectors: [Connector] = []
    var reservations: [Reservation] = []
    var restoredAt: OCPPTimestamp?
    var softReset = false

    // Files.
    var firmware = FileProgress()
    var signedFirmware = FileProgress()
    var diagnostics = FileProgress()
    var logs = FileProgress()

    /// A call that waits for its answer.
    struct OpenCall: Sendable {
        var id: MessageID
        var action: OCPPAction?
        var sent: Instant
        var payload: OCPPPayload?

        var isTrigger: Bool { action == .triggerMessage || action == .extendedTriggerMessage }
    }

    /// How far the registration is.
    enum Phase: Equatable, Sendable {
        case off
        case booting
        case pending(until: Instant?)
        case rejected(until: Instant?)
        case accepted
    }

    public init(_ settings: MessageOrderSettings = MessageOrderSettings()) {
        self.settings = settings
        phase = settings.knowsHistory ? .off : .accepted
        mayBootAgain = !settings.knowsHistory
    }

    /// Takes a message that one end has sent.
    public mutating func observe(_ message: OCPPMessage, from sender: OCPPRole, at now: Instant, into findings: inout [MessageOrderFinding]) {
        let side = sender == .chargePoint ? 0 : 1
        if message.isText {
            read(message, from: sender, at: now, &findings)
        } else {
            take(message, side, now, &findings)
        }
        count += 1
    }

    /// Takes something that has happened to the connection or the charge point.
    public mutating func observe(_ event: ConnectionEvent, at now: Instant, into findings: inout [MessageOrderFinding]) {
        switch event {
        case .lost: connectionLost()
        case .restored:
            connectionLost()
            isConnected = true
            restoredAt = OCPPTimestamp(epoch: settings.epoch, now)
        case .reboot: reboot(&findings)
        case .transactionStartedOffline: offlineStarts = min(offlineStarts + 1, 1000)
        case .callTimedOut(let role, let id): timedOut(id, role == .chargePoint ? 0 : 1)
        }
        count += 1
    }

    private mutating func take(_ message: OCPPMessage, _ side: Int, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        if side == 0 { listen(now, &findings) }
        switch message {
        case .call(let id, let payload): call(id, payload, side, now, &findings)
        case .result(let id, let payload):
            guard let asked = answered(id, side, now, &findings) else { return }
            if side == 1 { resultForChargePoint(asked, payload, now, &findings) } else { resultForCentralSystem(asked, payload, now, &findings) }
        case .error(let id, _):
            guard let asked = answered(id, side, now, &findings) else { return }
            if side == 1 { errorForChargePoint(asked, now) } else if asked.isTrigger { openTrigger = nil }
        case .frame: break
        }
    }

    private mutating func call(_ id: MessageID, _ payload: OCPPPayload, _ side: Int, _ now: Instant, _ findings: inout [MessageOrderFinding]) {
        checkFraming(id, payload.action, side, now, &findings)
        if side == 0 {
            if let action = payload.action { callOfChargePoint(action, payload, now, &findings) }
        } else {
            callOfCentralSystem(payload, &findings)
        }
        open[side].append(OpenCall(id: id, action: payload.action, sent: now, payload: payload), atMost: 8)
    }

    /// Reads a message that came as text.
    private mutating func read(_ message: OCPPMessage, from sender: OCPPRole, at now: Instant, _ findings: inout [MessageOrderFinding]) {
        let side = sender == .chargePoint ? 0 : 1
        if decoders.isEmpty { decoders = [MessageDecoder(role: .centralSystem, isStrict: false), MessageDecoder(role: .chargePoint, isStrict: false)] }
        let others = open[1 - side]
        let decoded = decoders[side].decode(message.bytes) { id in
            others.first { $0.id == id }.map { call in call.action.map { .known($0) } ?? .unknown }
        }
        switch decoded {
        case .message(let value): take(value, side, now, &findings)
        case .refused(.error(let id, let error), _):
            if side == 0 { listen(now, &findings) }
            checkFraming(id, error.code == .notSupported ? OCPPAction(name: error.description) : nil, side, now, &findings)
            open[side].append(OpenCall(id: id, action: nil, sent: now, payload: nil), atMost: 8)
        case .refused: break
        case .failed(let id, _, _): _ = answered(id, side, now, &findings)
        case .ignored(.unknownAnswer(let id)): _ = answered(id, side, now, &findings)
        case .ignored(let reason): report(.framing, "no message of OCPP-J 1.6: \(reason)", &findings)
        }
    }

    /// A span of time for people.
    func words(_ span: Duration) -> String {
        let milliseconds = span.nanoseconds / 1_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }

    func report(_ rule: MessageOrderFinding.Rule, _ reason: @autoclosure () -> String, _ findings: inout [MessageOrderFinding]) {
        findings.append(MessageOrderFinding(rule, reason(), index: count))
    }
}

extension OCPPPayload {
    /// The fields of a message that has no typed form.
    var fields: JSONValue? {
        switch self {
        case .object(_, let text), .raw(_, let text): try? JSONValue(parsing: text)
        default: nil
        }
    }

    /// The word in the field `status` of a confirmation.
    var statusName: String? {
        switch self {
        case .remoteStartTransactionResult(let status), .remoteStopTransactionResult(let status): status.name.description
        case .setChargingProfileResult(let status): status.name.description
        case .clearChargingProfileResult(let status): status.name.description
        default: fields?["status"]?.string
        }
    }
}

extension Array {
    /// Adds an element and forgets the oldest one if there are too many.
    mutating func append(_ element: Element, atMost limit: Int) {
        if count >= limit { removeFirst() }
        append(element)
    }
}
