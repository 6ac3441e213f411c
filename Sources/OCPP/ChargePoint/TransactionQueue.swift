/// A message about a transaction that waits for its delivery.
public struct QueuedTransactionMessage: Sendable {
    /// The charge point's own number of the transaction.
    public var transaction: Int
    /// The message; the transaction id is filled in when it is sent.
    public var payload: OCPPPayload
    /// How often the central system has failed to process it.
    public var attempts = 0
    /// How often nobody answered it.
    public var timeouts = 0

    init(transaction: Int, payload: OCPPPayload) {
        self.transaction = transaction
        self.payload = payload
    }

    var isMeterValues: Bool { if case .meterValues = payload { true } else { false } }
}

/// The messages about transactions in the order in which they happened: StartTransaction, MeterValues, StopTransaction.
///
/// Only the first one is ever sent; it leaves when it was answered. When more than `limit` messages wait, the oldest MeterValues are given up, never a
/// StartTransaction or StopTransaction.
public struct TransactionQueue: Sendable {
    /// How many messages may wait before MeterValues are given up.
    public var limit: Int
    private var entries: [QueuedTransactionMessage] = []
    private var head = 0
    private var meterValues = 0

    init(limit: Int) { self.limit = max(1, limit) }

    /// The number of messages that wait.
    public var count: Int { entries.count - head }
    public var isEmpty: Bool { entries.count == head }

    /// The messages in order.
    public var messages: [QueuedTransactionMessage] { Array(entries[head...]) }

    /// The message that is sent next, or is on its way.
    var first: QueuedTransactionMessage? {
        get { head < entries.count ? entries[head] : nil }
        set { if let newValue, head < entries.count { entries[head] = newValue } }
    }

    /// Puts a message at the end; true if one of the MeterValues had to go for it. The first message stays, since it may be on its way.
    mutating func append(_ message: QueuedTransactionMessage) -> Bool {
        var isOver = false
        if count >= limit, meterValues > 0, count > 1 {
            if let place = entries[(head + 1)...].firstIndex(where: \.isMeterValues) {
                entries.remove(at: place)
                meterValues -= 1
                isOver = true
            } else if message.isMeterValues {
                return true
            }
        }
        if message.isMeterValues { meterValues += 1 }
        entries.append(message)
        return isOver
    }

    /// Takes the first message out.
    mutating func removeFirst() {
        guard head < entries.count else { return }
        if entries[head].isMeterValues { meterValues -= 1 }
        head += 1
        if head == entries.count {
            entries.removeAll(keepingCapacity: entries.count <= 64)
            head = 0
        } else if head >= 256 {
            entries.removeFirst(head)
            head = 0
        }
    }

    /// Takes every message of a transaction out.
    mutating func removeAll(of transaction: Int) {
        entries.removeFirst(head)
        head = 0
        entries.removeAll { $0.transaction == transaction }
        meterValues = entries.count { $0.isMeterValues }
    }

    /// True if a message of a transaction waits.
    func holds(_ transaction: Int) -> Bool { entries[head...].contains { $0.transaction == transaction } }
}

/// A transaction from its start until its StopTransaction was delivered.
public struct TransactionRecord: Sendable {
    /// The charge point's own number, from 1.
    public var number: Int
    public var connector: Int
    public var idTag: String
    /// The group of the tag, if it is known: another tag of it may stop the transaction.
    public var parentIdTag: String?
    /// Register in Wh at the start.
    public var meterStart: Int
    public var start: OCPPTimestamp
    /// The id that the central system has given it.
    public var transactionID: Int?
    /// True once its StopTransaction was queued.
    public var isStopped = false
    /// The register that was read last, in Wh.
    public var lastRegister: Int
    /// Samples for StopTransaction.
    public var data: [MeterValue] = []
}
