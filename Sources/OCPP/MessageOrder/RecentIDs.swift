/// The message ids that one end has used on a connection, in little memory: a run of counted ids, and the last 64 of any kind.
public struct RecentIDs: Sendable {
    private var first = 0
    private var last = -1
    private var recent: [UInt64] = []
    private var place = 0
    private static let capacity = 64

    public init() {}

    /// Notes an id; false if it was used before, as far as is remembered.
    public mutating func note(_ id: MessageID) -> Bool {
        if case .number(let number) = id {
            if number == last &+ 1, last >= first {
                last = number
                return !isRecent(Self.mark(number))
            }
            if number >= first, number <= last { return false }
            if isRecent(Self.mark(number)) { return false }
            if last < first { (first, last) = (number, number) } else { add(Self.mark(number)) }
            return true
        }
        let mark = id.mark
        guard !isRecent(mark) else { return false }
        add(mark)
        return true
    }

    /// Forgets every id, as on a new connection.
    public mutating func removeAll() {
        (first, last, place) = (0, -1, 0)
        recent.removeAll(keepingCapacity: true)
    }

    /// The ids as numbers, for a saved state.
    var state: [Int64] { [Int64(first), Int64(last), Int64(place)] + recent.map { Int64(bitPattern: $0) } }

    /// Takes over the numbers of `state`; nothing for others.
    init(state: [Int64]) {
        guard state.count >= 3, state.count <= 3 + RecentIDs.capacity, 0..<Int64(RecentIDs.capacity) ~= state[2] else { return }
        (first, last, place) = (Int(state[0]), Int(state[1]), Int(state[2]))
        recent = state.dropFirst(3).map { UInt64(bitPattern: $0) }
    }

    private static func mark(_ number: Int) -> UInt64 { UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15 }

    private func isRecent(_ mark: UInt64) -> Bool {
        guard !recent.isEmpty else { return false }
        return recent.contains(mark)
    }

    private mutating func add(_ mark: UInt64) {
        if recent.count < Self.capacity {
            recent.append(mark)
        } else {
            recent[place] = mark
            place = (place + 1) % Self.capacity
        }
    }
}

extension MessageID {
    /// A number that is the same for the same id, and as good as never for another.
    fileprivate var mark: UInt64 {
        switch self {
        case .number(let number): UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15
        case .text(let text): text.mark(foldingCase: false)
        }
    }
}

extension String {
    /// A number that is the same for the same text (FNV-1a of 64 bits); id tags compare without regard to ASCII case.
    func mark(foldingCase: Bool) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in utf8 {
            let isUpper = foldingCase && 0x41...0x5A ~= byte
            hash = (hash ^ UInt64(isUpper ? byte | 0x20 : byte)) &* 0x0000_0100_0000_01B3
        }
        return hash
    }
}
