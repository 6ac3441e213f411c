import OCPP
import Quantities

/// A message on its way through the interceptors of a link.
struct LinkUnit {
    /// The message as it is now.
    var message: OCPPMessage
    /// Catalogue number of its action, for answers that of their call; -1 when that is not known.
    var action: Int
    /// Number of the label that it belongs to; -1 for none.
    var label: Int
    /// When its end sent it.
    var sent: Instant
    /// How long it is kept back in all.
    var delay = Duration.zero
    /// How fast its bytes go out over a socket; `nil`: at once.
    var bytesPerSecond: Double?
    /// Whether later messages may overtake it while it is kept back.
    var isOvertaken = false
    /// The interceptor that keeps it back.
    var holder: (any LinkInterceptor)?

    /// A message as its end has sent it.
    init(_ message: OCPPMessage, action: Int, label: Int, at sent: Instant) {
        (self.message, self.action, self.label, self.sent) = (message, action, label, sent)
    }

    /// Whether it is a call; bytes count as one when they begin so.
    var isCall: Bool { if case .frame = message { MessageHead(message).type == 2 } else { message.isCall } }
}

/// Stands between the ends of links and decides what becomes of each message.
protocol LinkInterceptor: AnyObject {
    /// Appends what becomes of a message: nothing, the message, another one, several.
    func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit])
    /// The connection of a link is over.
    func connectionEnded(link: Int)
}

extension LinkInterceptor {
    func connectionEnded(link: Int) {}
}

/// Inserts calls in the name of an end, and is told their answers.
protocol LinkInserter: AnyObject {
    /// Whether the end in whose name it calls shall see the answers, to calls that it knows nothing of.
    var passesAnswers: Bool { get }
    /// An answer to an inserted call has come back.
    func answered(_ message: OCPPMessage, to id: MessageID, link: Int)
}

/// The interceptors of one link, what they keep back, and the calls that wait for their answers.
///
/// It is made when the first interceptor comes and stays: from then on several calls can be open at once, some of them of nobody of the run.
final class LinkTap {
    /// A call that went over the link.
    struct Call {
        let action: Int
        let name: String?
        let label: Int
        /// Who inserted it; `nil` for a call of the end itself.
        let inserter: (any LinkInserter)?
        let instant: Instant
    }

    private struct Key: Hashable {
        let up: Bool
        let id: MessageID
    }

    /// A message that is kept back.
    struct Held {
        let unit: LinkUnit
        let up: Bool
        let due: Instant
        let number: UInt32
        /// The connection that it was sent into.
        let generation: UInt32
    }

    private(set) var interceptors: [any LinkInterceptor] = []
    /// Open calls by direction and id, the oldest first; an id that was used twice waits for two answers.
    private var calls: [Key: [Call]] = [:]
    /// The same ids in the order of their calls, so that calls without answer are forgotten in the end.
    private var order: [Key] = []
    private var oldest = 0
    private(set) var held: [Held] = []
    private var lastNumber: UInt32 = 0
    /// Ids given to inserted calls.
    private var lastID = 0
    /// The most calls that wait for their answers.
    private static let mostCalls = 4096
    /// The most messages that interceptors keep back; what comes then goes on at once.
    static let mostHeld = 100_000

    // MARK: Interceptors

    /// Adds an interceptor behind the others.
    func add(_ interceptor: any LinkInterceptor) { interceptors.append(interceptor) }

    /// Takes an interceptor away; what it keeps back is in the answer, in the order in which it was due.
    func remove(_ interceptor: any LinkInterceptor) -> [Held] {
        interceptors.removeAll { $0 === interceptor }
        let own = held.filter { $0.unit.holder === interceptor }.sorted { ($0.due, $0.number) < ($1.due, $1.number) }
        held.removeAll { $0.unit.holder === interceptor }
        return own
    }

    /// What becomes of a message.
    func pass(_ unit: LinkUnit, up: Bool, link: Int) -> [LinkUnit] {
        var units = [unit]
        for interceptor in interceptors {
            var next: [LinkUnit] = []
            for unit in units { interceptor.pass(unit, up: up, link: link, into: &next) }
            units = next
            if units.isEmpty { break }
        }
        return units
    }

    // MARK: Calls

    /// A call goes over the link.
    func called(_ id: MessageID, up: Bool, _ call: Call) {
        let key = Key(up: up, id: id)
        calls[key, default: []].append(call)
        order.append(key)
        if order.count - oldest > Self.mostCalls {
            take(order[oldest])
            oldest += 1
            if oldest > Self.mostCalls {
                order.removeFirst(oldest)
                oldest = 0
            }
        }
    }

    @discardableResult
    private func take(_ key: Key) -> Call? {
        guard var open = calls[key], !open.isEmpty else { return nil }
        let call = open.removeFirst()
        calls[key] = open.isEmpty ? nil : open
        return call
    }

    /// The call that an answer belongs to, without ending it; `up` says that the charge point called.
    func call(_ id: MessageID, up: Bool) -> Call? { calls[Key(up: up, id: id)]?.first }

    /// Ends the call that an answer belongs to.
    func end(_ id: MessageID, up: Bool) -> Call? { take(Key(up: up, id: id)) }

    /// Another call that the end itself has made waits under the same id.
    func isAsked(_ id: MessageID, up: Bool) -> Bool { calls[Key(up: up, id: id)]?.contains { $0.inserter == nil } ?? false }

    /// An id that no call of this link has: nodes count from 1, so numbers far above are free.
    func freshID() -> MessageID {
        lastID += 1
        return .number(1_000_000_000 + lastID)
    }

    // MARK: Keeping back

    /// The instant at which the last message of a direction that is kept back in order goes on.
    func lastDue(up: Bool) -> Instant? { held.lazy.filter { $0.up == up && !$0.unit.isOvertaken }.map(\.due).max() }

    /// Keeps a message back; the number under which it is called for.
    func hold(_ unit: LinkUnit, up: Bool, until due: Instant, generation: UInt32) -> UInt32 {
        lastNumber &+= 1
        held.append(Held(unit: unit, up: up, due: due, number: lastNumber, generation: generation))
        return lastNumber
    }

    /// Hands out a message that is kept back; `nil` when it went on before.
    func take(held number: UInt32) -> Held? {
        guard let place = held.firstIndex(where: { $0.number == number }) else { return nil }
        return held.remove(at: place)
    }

    /// Forgets what was on its way over a connection that is gone.
    func connectionEnded(link: Int) {
        for interceptor in interceptors { interceptor.connectionEnded(link: link) }
        held = []
        calls = [:]
        order = []
        oldest = 0
    }
}
