/// The calls of a charge point that wait for the outstanding one, and the turns of the transaction queue among them.
struct CallQueue: Sendable {
    enum Entry: Sendable {
        case call(OCPPPayload, UInt64)
        /// The first message of the transaction queue may go.
        case transaction
    }

    private var entries: [Entry] = []
    private var head = 0
    /// How many turns of the transaction queue wait.
    private(set) var turns = 0

    var count: Int { entries.count - head }
    var isEmpty: Bool { entries.count == head }

    mutating func append(_ payload: OCPPPayload, _ token: UInt64, first: Bool) {
        if first { entries.insert(.call(payload, token), at: head) } else { entries.append(.call(payload, token)) }
    }

    mutating func appendTurn() {
        entries.append(.transaction)
        turns += 1
    }

    mutating func popFirst() -> Entry? {
        guard head < entries.count else { return nil }
        let entry = entries[head]
        head += 1
        if case .transaction = entry { turns -= 1 }
        if head == entries.count {
            entries.removeAll(keepingCapacity: entries.count <= 16)
            head = 0
        } else if head >= 64 {
            entries.removeFirst(head)
            head = 0
        }
        return entry
    }

    func holds(token: UInt64) -> Bool {
        entries[head...].contains { if case .call(_, token) = $0 { true } else { false } }
    }

    /// Forgets everything; the tokens of the calls that were lost.
    mutating func drain() -> [UInt64] {
        let tokens = entries[head...].compactMap { entry -> UInt64? in if case .call(_, let token) = entry { token } else { nil } }
        entries.removeAll()
        head = 0
        turns = 0
        return tokens
    }
}
