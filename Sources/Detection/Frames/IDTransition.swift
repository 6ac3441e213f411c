import Quantities

/// `id-transition`: too many pairs of successive identifiers that never followed each other while learning.
final class IDTransition: FramesDetecting {
    private struct State: ~Copyable {
        var clock = StreamClock()
        var pairs: RecencyMap<Bool>
        /// Instants of unseen pairs in the window.
        var unseen: SampleRing
        var first: Int64?
        var isLearning = true
        var previous: UInt32?
        var blamed: UInt32?

        init(pairs: Int, greatest: Int) {
            self.pairs = RecencyMap(capacity: pairs)
            unseen = SampleRing(limit: greatest)
        }
    }

    private let width: UInt64
    private let greatest: Int
    private let learnFor: UInt64
    private let state: UnsafeMutablePointer<State>

    init(window: Duration, maxUnseen: Int, learnFor: Duration, pairs: Int) throws(DetectionError) {
        width = try Window.duration(window).width()
        guard learnFor > .zero else { throw .outOfRange(setting: "learn_for", requirement: "longer than 0 s") }
        self.learnFor = UInt64(learnFor.nanoseconds)
        greatest = maxUnseen
        state = .allocate(capacity: 1)
        state.initialize(to: State(pairs: pairs, greatest: max(maxUnseen * 4, 64)))
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    var health: DetectorHealth {
        var health = state.pointee.clock.health
        health.overflow = state.pointee.pairs.evictions
        return health
    }
    var blame: String { state.pointee.blamed.map(identifierText) ?? "" }

    func update(at instant: Instant, identifier: UInt32, data: UnsafeRawBufferPointer, bits: Int) -> Double? {
        let state = self.state
        switch state.pointee.clock.admit(instant) {
        case .inOrder: break
        case .late: return nil
        case .setBack: resume()
        }
        let time = instant.nanoseconds
        let previous = state.pointee.previous
        state.pointee.previous = identifier
        if state.pointee.isLearning {
            let first = state.pointee.first ?? time
            state.pointee.first = first
            state.pointee.isLearning = distance(from: first, to: time) < learnFor
        }
        guard let previous else { return nil }
        let pair = UInt64(previous) << 32 | UInt64(identifier)
        if state.pointee.isLearning {
            if let slot = state.pointee.pairs.find(pair) { state.pointee.pairs.touch(slot) } else { state.pointee.pairs.insert(pair, true) }
            return nil
        }
        while !state.pointee.unseen.isEmpty, distance(from: state.pointee.unseen.first.position, to: time) >= width {
            state.pointee.unseen.removeFirst()
        }
        if state.pointee.pairs.find(pair) == nil {
            if state.pointee.unseen.isAtLimit { state.pointee.unseen.removeFirst() }
            state.pointee.unseen.append(WindowSample(position: time, value: 0))
            state.pointee.blamed = identifier
        }
        let count = state.pointee.unseen.count
        return Score.settled(hit: count >= greatest, raw: Double(count) / Double(greatest))
    }

    func resume() {
        state.pointee.unseen.removeAll()
        state.pointee.previous = nil
    }

    func save(_ writer: inout StateWriter) {
        state.pointee.clock.save(&writer)
        state.pointee.pairs.save(&writer) { $0.put($1) }
        state.pointee.unseen.save(&writer)
        writer.put(state.pointee.first)
        writer.put(state.pointee.isLearning)
        writer.put(state.pointee.previous.map(Int64.init))
        writer.put(state.pointee.blamed.map(Int64.init))
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try state.pointee.clock.restore(&reader)
        try state.pointee.pairs.restore(&reader) { reader throws(DetectionError) in try reader.flag() }
        try state.pointee.unseen.restore(&reader)
        state.pointee.first = try reader.optionalInteger()
        state.pointee.isLearning = try reader.flag()
        state.pointee.previous = try reader.optionalInteger().map { UInt32(truncatingIfNeeded: $0) }
        state.pointee.blamed = try reader.optionalInteger().map { UInt32(truncatingIfNeeded: $0) }
    }
}
