import Quantities

/// `bus-load`: the bits of a moving window against what the bit rate allows.
final class BusLoad: FramesDetecting {
    private struct State: ~Copyable {
        var ring = SampleRing()
        var clock = StreamClock()
        var bits: Int64 = 0
    }

    /// The greatest number of bits that is normal.
    private let limit: Double
    private let width: UInt64
    private let state: UnsafeMutablePointer<State>

    init(bitrate: Double, window: Duration, above: Double) throws(DetectionError) {
        width = try Window.duration(window).width()
        limit = above * bitrate * window.seconds
        guard limit > 0, limit.isFinite else { throw .outOfRange(setting: "above", requirement: "more than 0") }
        state = .allocate(capacity: 1)
        state.initialize(to: State())
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    var health: DetectorHealth { state.pointee.clock.health }
    var needsBits: Bool { true }

    func update(at instant: Instant, identifier: UInt32, data: UnsafeRawBufferPointer, bits: Int) -> Double? {
        switch state.pointee.clock.admit(instant) {
        case .inOrder: break
        case .late: return nil
        case .setBack: resume()
        }
        let position = instant.nanoseconds
        while !state.pointee.ring.isEmpty, distance(from: state.pointee.ring.first.position, to: position) >= width { drop() }
        if state.pointee.ring.isAtLimit {
            drop()
            state.pointee.clock.health.overflow &+= 1
        }
        let count = Int64(max(0, min(bits, 1 << 20)))
        state.pointee.ring.append(WindowSample(position: position, value: Double(count)))
        state.pointee.bits += count
        let statistic = Double(state.pointee.bits)
        return Score.settled(hit: statistic > limit, raw: statistic / limit)
    }

    private func drop() {
        state.pointee.bits -= Int64(state.pointee.ring.first.value)
        state.pointee.ring.removeFirst()
    }

    func resume() {
        while !state.pointee.ring.isEmpty { drop() }
    }

    func save(_ writer: inout StateWriter) {
        state.pointee.clock.save(&writer)
        state.pointee.ring.save(&writer)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try state.pointee.clock.restore(&reader)
        try state.pointee.ring.restore(&reader)
        state.pointee.bits = 0
        for index in 0..<state.pointee.ring.count {
            let value = state.pointee.ring[index].value
            guard value >= 0, value <= Double(1 << 20) else { throw .badState("a number in it is out of range") }
            state.pointee.bits += Int64(value)
        }
    }
}
