/// A script of replies with its counters: which entry answers the next call of a peer.
///
/// Both roles use it. It costs nothing where it is empty.
public struct ReplyBook: Sendable {
    private let rules: [ReplyRule]
    /// Places of the entries for each action.
    private var places: [[Int]]
    private let seed: UInt64
    /// Calls counted so far, by the number of the peer and the action.
    private var calls: [[UInt32]] = []
    /// True if every call is answered by the node itself.
    public var isEmpty: Bool { rules.isEmpty }

    /// - Parameter seed: key of the draws of `chance`.
    public init(_ rules: [ReplyRule] = [], seed: UInt64 = 0) {
        self.rules = rules
        self.seed = seed
        places = Array(repeating: [], count: OCPPAction.names.count)
        guard !rules.isEmpty else { return }
        let general = rules.indices.filter { rules[$0].action == nil }
        for action in OCPPAction.allCases {
            let own = rules.indices.filter { rules[$0].action == action }
            places[Int(action.rawValue)] = own.isEmpty ? general : own
        }
    }

    /// The entry that answers a call which has just come; `nil` = the node answers by itself. The call is counted.
    ///
    /// - Parameters:
    ///   - peer: the identity of the one who called.
    ///   - number: a small number of the peer, under which its calls are counted.
    public mutating func next(_ action: OCPPAction, peer: String, number: Int) -> ReplyRule? {
        let list = places[Int(action.rawValue)]
        guard !list.isEmpty, number >= 0 else { return nil }
        while calls.count <= number { calls.append(Array(repeating: 0, count: OCPPAction.names.count)) }
        calls[number][Int(action.rawValue)] &+= 1
        let call = Int(calls[number][Int(action.rawValue)])
        let own = list.filter { rules[$0].peers.isEmpty || rules[$0].peers.contains(peer) }
        var first = 1
        for (index, place) in own.enumerated() {
            let rule = rules[place]
            first = max(first, rule.fromCall ?? first)
            guard call >= first else { return nil }
            let next = index + 1 < own.count ? rules[own[index + 1]] : nil
            let count = rule.times ?? next.map { max(1, ($0.fromCall ?? first + 1) - first) } ?? Int.max
            if call - first < count {
                if rule.chance < 1 {
                    let bits = CounterHash.bits(seed, CounterHash.key(peer), UInt64(action.rawValue), UInt64(call), UInt64(place))
                    guard CounterHash.unit(bits) < rule.chance else { return nil }
                }
                return rule
            }
            first += count
        }
        return nil
    }

    /// What becomes of the answer to a call that has just come: the whole use of a book in one step.
    public mutating func reply(
        to action: OCPPAction, peer: String, number: Int, default message: OCPPMessage, at now: OCPPTimestamp
    ) -> ReplyOutcome {
        next(action, peer: peer, number: number)?.outcome(action, message, at: now) ?? .send(message, after: .zero)
    }
}
