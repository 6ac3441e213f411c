import Quantities

/// A call that was sent and waits for its answer.
public struct PendingCall: Sendable {
    /// The number that is the call's id.
    public var id: Int
    /// What the owner gave with the call, to know it again.
    public var token: UInt64
    /// The action, `nil` if it is none of the catalogue.
    public var action: OCPPAction?
    /// The payload, if it was to be kept so that the call can be made again with a new id, or if its action is no known one.
    public var payload: OCPPPayload? { kept?.payload }
    fileprivate let kept: KeptPayload?
    /// When the call counts as unanswered.
    public var deadline: Instant

    /// The name of the action.
    public var actionName: String { action?.name.description ?? payload?.actionName ?? "" }
}

/// A payload that a pending call keeps; few calls do, so it does not lie in the call itself.
private final class KeptPayload: Sendable {
    let payload: OCPPPayload

    init(_ payload: OCPPPayload) { self.payload = payload }
}

/// One end's calls on one connection: ids, the single outstanding call, the queue behind it, the time-out.
///
/// OCPP-J 1.6 section 4: each end has its own id space and at most one call outstanding; the rest waits in order. An answer to a call that timed out
/// or was never made is dropped. Both roles use this type.
public struct FramingSession: Sendable {
    /// How long a call waits for its answer.
    public var timeout: Duration
    /// How many calls may wait behind the outstanding one.
    public var queueLimit: Int
    /// The call that waits for its answer.
    public private(set) var pending: PendingCall?
    private var queue: [(payload: OCPPPayload, token: UInt64)] = []
    private var head = 0
    /// The number that was given last.
    public private(set) var lastID: Int
    /// True if every id is used for two calls in a row, as some chargers do.
    public var repeatsIDs = false
    /// True while a time-out timer of the owner runs; it is set again only when it fires, so that most calls need no timer of their own.
    private var hasTimer = false
    /// The ids that the peer has used on this connection.
    private var peerIDs = RecentIDs()

    public init(timeout: Duration = .seconds(30), queueLimit: Int = 200, lastID: Int = 0) {
        self.timeout = timeout
        self.lastID = lastID
        self.queueLimit = queueLimit
    }

    /// The number of calls that wait behind the outstanding one.
    public var queued: Int { queue.count - head }

    /// True if a call with this token is outstanding or waits.
    public func holds(token: UInt64) -> Bool { pending?.token == token || queue[head...].contains { $0.token == token } }

    /// What a call does when it is handed in.
    public enum Submission {
        /// It goes out now.
        case send(OCPPMessage)
        /// It waits for the calls before it.
        case queued
        /// The queue is full; the call is lost.
        case refused
    }

    /// Hands in a call; `first` puts it before those that wait.
    public mutating func submit(_ payload: OCPPPayload, token: UInt64, at now: Instant, first: Bool = false) -> Submission {
        guard pending != nil || queued > 0 else { return .send(send(payload, token, now)) }
        guard queued < queueLimit || first else { return .refused }
        if first { queue.insert((payload, token), at: head) } else { queue.append((payload, token)) }
        return .queued
    }

    /// The next call that waits, if none is outstanding.
    public mutating func next(at now: Instant) -> OCPPMessage? {
        guard pending == nil, head < queue.count else { return nil }
        let (payload, token) = queue[head]
        head += 1
        if head == queue.count {
            queue.removeAll(keepingCapacity: queue.count <= 16)
            head = 0
        } else if head >= 64 {
            queue.removeFirst(head)
            head = 0
        }
        return send(payload, token, now)
    }

    private mutating func send(_ payload: OCPPPayload, _ token: UInt64, _ now: Instant) -> OCPPMessage {
        lastID += 1
        let action = payload.action
        let isKept =
            switch action {
            case nil, .startTransaction, .stopTransaction, .sendLocalList, .reserveNow, .cancelReservation, .changeConfiguration: true
            default: false
            }
        let id = repeatsIDs ? (lastID + 1) / 2 : lastID
        pending = PendingCall(id: id, token: token, action: action, kept: isKept ? KeptPayload(payload) : nil, deadline: now + timeout)
        return .call(.number(id), payload)
    }

    /// The action of the outstanding call if it has this id: what ``MessageDecoder`` asks.
    public func action(of id: MessageID) -> PendingAction? {
        guard let pending, id == .number(pending.id) else { return nil }
        return pending.action.map { .known($0) } ?? .unknown
    }

    /// Ends the outstanding call if the answer has its id; `nil` = nobody waits for this answer, drop it.
    public mutating func end(_ id: MessageID) -> PendingCall? {
        guard let call = pending, id == .number(call.id) else { return nil }
        pending = nil
        return call
    }

    /// Notes the id of a call of the peer; false if the peer has used it before on this connection, as far as is remembered.
    ///
    /// OCPP-J 1.6 wants every id once. A call with a used id is answered all the same, since its sender waits; that it came is worth a word.
    public mutating func noteIncoming(_ id: MessageID) -> Bool { peerIDs.note(id) }

    /// When the owner must set its time-out timer, `nil` if one runs already or nothing is outstanding; the timer then counts as running.
    public mutating func timerToSet() -> Instant? {
        guard !hasTimer, let pending else { return nil }
        hasTimer = true
        return pending.deadline
    }

    /// The owner's time-out timer has fired: the call that is overdue, if any, is ended and returned.
    ///
    /// Ask ``timerToSet()`` afterwards: the outstanding call may be younger than the timer.
    public mutating func timerFired(at now: Instant) -> PendingCall? {
        hasTimer = false
        guard let call = pending, call.deadline <= now else { return nil }
        pending = nil
        return call
    }

    /// Forgets every call, as after a reboot or a new connection; ids go on counting.
    public mutating func reset() {
        pending = nil
        queue.removeAll()
        head = 0
        peerIDs.removeAll()
    }

    /// Takes every call that is outstanding or waits, in order, and forgets them.
    public mutating func drain() -> [UInt64] {
        let tokens = (pending.map { [$0.token] } ?? []) + queue[head...].map(\.token)
        reset()
        return tokens
    }
}
