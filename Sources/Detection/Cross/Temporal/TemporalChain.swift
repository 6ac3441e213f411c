/// Pieces in a queue whose best chain is known at once: of all pieces, the greatest value after the least hold on the way to it is taken into account.
///
/// For `since` the way is over the newer pieces, for `until` over the older ones. Both joins are associative, so two stacks make a queue of them:
/// amortised constant time a piece.
struct TemporalChain: ~Copyable {
    /// What a run of pieces is worth.
    struct Worth {
        /// The best of the values, each cut to the least hold between it and the near end.
        var best: Int64
        /// The least hold.
        var hold: Int64

        static let nothing = Worth(best: Robustness.violated.key, hold: Robustness.satisfied.key)
    }

    struct Piece {
        var value: Int64
        var hold: Int64
        var start: Int64
        /// When the next piece begins; the greatest integer for the newest.
        var end: Int64
        /// The worth from this piece to the middle.
        var suffix: Worth
    }

    private let isSince: Bool
    private var pieces: [Piece] = []
    private var head = 0
    private var middle = 0
    /// The worth from the middle on.
    private var newer = Worth.nothing
    /// Pieces lost to the bound of memory.
    private(set) var lost = 0

    init(isSince: Bool) { self.isSince = isSince }

    var isEmpty: Bool { head == pieces.count }
    /// The oldest piece; there must be one.
    var first: Piece { pieces[head] }
    var count: Int { pieces.count - head }

    private func join(_ older: Worth, _ newer: Worth) -> Worth {
        Worth(
            best: isSince ? max(newer.best, min(newer.hold, older.best)) : max(older.best, min(older.hold, newer.best)),
            hold: min(older.hold, newer.hold))
    }

    /// The worth of all pieces, oldest to newest.
    var worth: Worth {
        guard head < middle else { return newer }
        return middle == pieces.count ? pieces[head].suffix : join(pieces[head].suffix, newer)
    }

    mutating func append(_ piece: Piece) {
        if count >= TemporalRing.bound {
            removeFirst()
            lost += 1
        }
        newer = join(newer, Worth(best: piece.value, hold: piece.hold))
        pieces.append(piece)
    }

    /// Takes a piece into the worth for good: it can never be removed.
    mutating func absorb(_ worth: Worth) { newer = join(newer, worth) }

    /// The newest piece ends.
    mutating func closeLast(at end: Int64) {
        guard !isEmpty else { return }
        pieces[pieces.count - 1].end = end
    }

    mutating func removeFirst() {
        if head >= middle { turn() }
        head += 1
        if head == pieces.count { removeAll() }
    }

    mutating func removeAll() {
        pieces.removeAll(keepingCapacity: true)
        head = 0
        middle = 0
        newer = .nothing
    }

    /// All pieces get their worth up to the newest; those that are gone leave the memory.
    private mutating func turn() {
        pieces.removeFirst(head)
        head = 0
        middle = pieces.count
        newer = .nothing
        var worth = Worth.nothing
        for index in pieces.indices.reversed() {
            worth = join(Worth(best: pieces[index].value, hold: pieces[index].hold), worth)
            pieces[index].suffix = worth
        }
    }

    func save(_ writer: inout StateWriter) {
        writer.put(newer.best)
        writer.put(newer.hold)
        writer.put(count)
        for piece in pieces[head...] { for value in [piece.value, piece.hold, piece.start, piece.end] { writer.put(value) } }
    }

    /// Minima and maxima do not round, so that another division into stacks gives the same bits.
    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        removeAll()
        let absorbed = Worth(best: try reader.integer(), hold: try reader.integer())
        let count = try reader.count(itemBytes: 32)
        if count == 0 { newer = absorbed }
        for _ in 0..<count {
            append(
                Piece(
                    value: try reader.integer(), hold: try reader.integer(), start: try reader.integer(), end: try reader.integer(), suffix: .nothing))
        }
    }
}
