import Glibc
import Quantities

/// `id-entropy`: the identifiers of the last frames are more or less varied than they were while learning.
final class IDEntropy: FramesDetecting {
    /// Frames after which the sum is made anew, so that rounding does not grow.
    private static let renewal = 65536

    private struct State: ~Copyable {
        var clock = StreamClock()
        /// Count of each identifier; one that left the window is the first to go.
        var counts: RecencyMap<Int>
        var ring: [UInt32] = []
        var head = 0
        var sum = 0.0
        var untilRenewal = IDEntropy.renewal
        var first: Int64?
        var isLearning = true
        var samples = 0
        var mean = 0.0
        var squares = 0.0

        init(window: Int) { counts = RecencyMap(capacity: window + 1) }
    }

    private let window: Int
    private let k: Double
    private let learnFor: UInt64
    private let terms: [Double]
    private let state: UnsafeMutablePointer<State>

    init(window: Int, k: Double, learnFor: Duration) throws(DetectionError) {
        guard learnFor > .zero else { throw .outOfRange(setting: "learn_for", requirement: "longer than 0 s") }
        self.window = window
        self.k = k
        self.learnFor = UInt64(learnFor.nanoseconds)
        terms = (0...window).map { $0 == 0 ? 0 : Double($0) * log2(Double($0)) }
        state = .allocate(capacity: 1)
        state.initialize(to: State(window: window))
        state.pointee.ring.reserveCapacity(window)
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    var health: DetectorHealth { state.pointee.clock.health }
    /// The entropy of the identifiers of the window in bits.
    var entropy: Double {
        let count = Double(state.pointee.ring.count)
        return count > 0 ? max(0, log2(count) - state.pointee.sum / count) : 0
    }

    func update(at instant: Instant, identifier: UInt32, data: UnsafeRawBufferPointer, bits: Int) -> Double? {
        switch state.pointee.clock.admit(instant) {
        case .inOrder, .setBack: break
        case .late: return nil
        }
        insert(identifier)
        guard state.pointee.ring.count == window else { return nil }
        if state.pointee.isLearning {
            let first = state.pointee.first ?? instant.nanoseconds
            state.pointee.first = first
            state.pointee.isLearning = distance(from: first, to: instant.nanoseconds) < learnFor || state.pointee.samples < 2
            learn(entropy)
            return nil
        }
        let deviation = max((state.pointee.squares / Double(state.pointee.samples)).squareRoot(), 1e-6)
        let z = (entropy - state.pointee.mean).magnitude / deviation
        return Score.settled(hit: z > k, raw: z / k)
    }

    private func learn(_ entropy: Double) {
        state.pointee.samples += 1
        let deviation = entropy - state.pointee.mean
        state.pointee.mean += deviation / Double(state.pointee.samples)
        state.pointee.squares += deviation * (entropy - state.pointee.mean)
    }

    private func insert(_ identifier: UInt32) {
        let state = self.state
        if state.pointee.ring.count < window {
            state.pointee.ring.append(identifier)
        } else {
            change(state.pointee.ring[state.pointee.head], by: -1)
            state.pointee.ring[state.pointee.head] = identifier
            state.pointee.head = state.pointee.head + 1 == window ? 0 : state.pointee.head + 1
        }
        change(identifier, by: 1)
        state.pointee.untilRenewal -= 1
        if state.pointee.untilRenewal <= 0 { renew() }
    }

    private func change(_ identifier: UInt32, by step: Int) {
        let state = self.state
        let slot: Int
        if let known = state.pointee.counts.find(UInt64(identifier)) {
            slot = known
            if step > 0 { state.pointee.counts.touch(slot) }
        } else {
            slot = state.pointee.counts.insert(UInt64(identifier), 0).slot
        }
        let count = state.pointee.counts[slot]
        let next = max(0, min(count + step, window))
        state.pointee.sum += terms[next] - terms[count]
        state.pointee.counts[slot] = next
    }

    private func renew() {
        state.pointee.untilRenewal = IDEntropy.renewal
        var sum = 0.0
        var next = state.pointee.counts.oldestSlot
        while let slot = next {
            sum += terms[state.pointee.counts[slot]]
            next = state.pointee.counts.slot(after: slot)
        }
        state.pointee.sum = sum
    }

    func save(_ writer: inout StateWriter) {
        state.pointee.clock.save(&writer)
        writer.put(state.pointee.ring.count)
        for index in 0..<state.pointee.ring.count { writer.put(Int(state.pointee.ring[(state.pointee.head + index) % state.pointee.ring.count])) }
        writer.put(state.pointee.untilRenewal)
        writer.put(state.pointee.first)
        writer.put(state.pointee.isLearning)
        writer.put(state.pointee.samples)
        writer.put(state.pointee.sum)
        writer.put(state.pointee.mean)
        writer.put(state.pointee.squares)
        state.pointee.counts.save(&writer) { $0.put($1) }
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try state.pointee.clock.restore(&reader)
        let held = try reader.count()
        guard held <= window else { throw .badState("a window in it is too long") }
        state.pointee.ring.removeAll(keepingCapacity: true)
        state.pointee.head = 0
        for _ in 0..<held { state.pointee.ring.append(UInt32(truncatingIfNeeded: try reader.integer())) }
        state.pointee.untilRenewal = try reader.int()
        state.pointee.first = try reader.optionalInteger()
        state.pointee.isLearning = try reader.flag()
        state.pointee.samples = try reader.int(in: 0...Int.max - 1)
        state.pointee.sum = try reader.number()
        state.pointee.mean = try reader.number()
        state.pointee.squares = try reader.number()
        let window = self.window
        try state.pointee.counts.restore(&reader) { reader throws(DetectionError) in try reader.int(in: 0...window) }
    }
}
