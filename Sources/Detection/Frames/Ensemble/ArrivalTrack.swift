/// Where the next frame of a periodic identifier is expected, and how early frames came while learning.
///
/// A frame that comes before its slot, when the slot before was already taken, is early: on a bus with an injected and a legitimate frame for each
/// slot it is as a rule the injected one, so the blame falls on the right frame and not on the second of each pair. A slot that stays empty never makes
/// the next frame early, so lost frames, pauses and starved identifiers heal by themselves.
struct ArrivalTrack {
    /// Number of classes of how early a frame was, each a 64th of the period wide.
    static let classes = 64

    /// How much of a frame's deviation moves the expectation: 1 for senders that count the period from their last frame.
    let gain: Double
    /// The start of the next slot's middle in nanoseconds.
    var expected: Int64 = 0
    /// Frames that were observed while learning.
    private(set) var observed: UInt32 = 0
    private var counts = InlineArray<64, UInt32>(repeating: 0)
    /// The earliest that a frame was, in nanoseconds.
    private(set) var earliest: Int64 = 0
    /// For each class the surprise of being at least so early.
    private var rareness = InlineArray<64, Float>(repeating: 0)
    /// The share of the period by which a frame may be early; above 1 when earliness says nothing.
    private(set) var tolerance = 2.0

    init(gain: Double) { self.gain = gain }

    /// Deviation from the expectation in nanoseconds; negative is early.
    @inline(__always)
    func deviation(_ time: Int64) -> Int64 { time &- expected }

    /// The number of slots that were left empty before this frame.
    @inline(__always)
    static func skipped(_ deviation: Int64, _ period: Double) -> Int64 {
        let slots = Double(deviation) / period + 0.5
        return slots >= 1 ? Int64(min(slots, 1e9)) : 0
    }

    /// The frame takes its slot; one that comes in the first half of it is an extra one and takes none.
    @inline(__always)
    mutating func take(_ time: Int64, period: Double) {
        let deviation = deviation(time)
        guard Double(deviation) > -0.5 * period else { return }
        let skipped = ArrivalTrack.skipped(deviation, period)
        let rest = Double(deviation) - Double(skipped) * period
        if gain == 1 || (skipped > 0 && rest < 0) || skipped > 1000 {
            expected = time &+ Int64(period)
        } else {
            expected = expected &+ Int64((Double(skipped + 1) * period + gain * rest).rounded())
        }
    }

    /// Starts anew with a frame that is right.
    mutating func lock(_ time: Int64, period: Double) { expected = time &+ Int64(period) }

    /// Takes a frame of the time to learn into the picture.
    mutating func learn(_ time: Int64, period: Double) {
        let deviation = deviation(time)
        let share = -Double(deviation) / period
        observed &+= 1
        earliest = max(earliest, -deviation)
        if share > 0 { counts[min(Int(min(share, 1) * Double(ArrivalTrack.classes)), ArrivalTrack.classes - 1)] &+= 1 }
        take(time, period: period)
    }

    /// Learns anew with a better period; that a frame came far too early stays known, as no error of the period explains it.
    mutating func forget(period: Double) {
        let isFar = Double(earliest) > 0.25 * period
        observed = 0
        counts = InlineArray(repeating: 0)
        if isFar {
            counts[min(Int(min(Double(earliest) / period, 1) * Double(ArrivalTrack.classes)), ArrivalTrack.classes - 1)] = 1
        } else {
            earliest = 0
        }
    }

    /// Ends the time to learn: the tolerance is the earliest that was seen, with a margin.
    ///
    /// - Parameter least: nanoseconds that every frame of this bus may be early.
    mutating func freeze(period: Double, margin: Double, least: Double) {
        tabulate()
        guard observed >= 15 else {
            tolerance = 2
            return
        }
        var seen = max(margin * Double(earliest), least) / period
        // A few odd frames must not make the timing of an identifier worthless.
        if seen >= 0.6, observed >= 5000 { seen = max(margin * trimmed(UInt64(observed) / 5000), least / period) }
        // Beyond that frames come whenever they want.
        tolerance = seen < 0.6 ? max(seen, 0.025) : 2
    }

    /// How surprising it is that a frame is so early: at least 1 is earlier than any margin allows.
    @inline(__always)
    func evidence(_ deviation: Int64, period: Double, margin: Double) -> Double {
        guard deviation < 0 else { return 0 }
        let share = -Double(deviation) / period
        if share > tolerance { return share / tolerance }
        return Double(rareness[min(Int(min(share / margin, 1) * Double(ArrivalTrack.classes)), ArrivalTrack.classes &- 1)])
    }

    /// The share of the period by which all but so many frames were early at most.
    private func trimmed(_ outliers: UInt64) -> Double {
        var tail: UInt64 = 0
        var index = ArrivalTrack.classes
        while index > 0, tail + UInt64(counts[index - 1]) <= outliers {
            tail += UInt64(counts[index - 1])
            index -= 1
        }
        return Double(index) / Double(ArrivalTrack.classes)
    }

    /// The surprise of being at least as early as each class, as a share of 13 bits: that of what did not happen once in 8000 frames.
    private mutating func tabulate() {
        var tail: UInt64 = 0
        for index in (0..<ArrivalTrack.classes).reversed() {
            tail += UInt64(counts[index])
            // Half of all frames come early: that is no surprise.
            let bits = coarseLog2(UInt64(observed) + 1) - coarseLog2(tail + 1)
            rareness[index] = index == 0 ? 0 : min(0.95, Float(bits) / (13 * 65536))
        }
    }

    func save(_ writer: inout StateWriter) {
        writer.put(expected)
        writer.put(Int(observed))
        for index in 0..<ArrivalTrack.classes { writer.put(Int(counts[index])) }
        writer.put(earliest)
        writer.put(tolerance)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        expected = try reader.integer()
        observed = UInt32(truncatingIfNeeded: try reader.integer())
        for index in 0..<ArrivalTrack.classes { counts[index] = UInt32(truncatingIfNeeded: try reader.integer()) }
        tabulate()
        earliest = try reader.integer()
        tolerance = try reader.number()
    }
}

/// The shortest times in which an identifier sent two, three, five, nine and seventeen frames: its arrival curve.
///
/// It bounds identifiers without a period as well: an event may come twice in a row, but not a hundred times (J.-Y. Le Boudec, P. Thiran, Network
/// Calculus, section 1.2).
struct ArrivalCurve {
    static let steps: InlineArray<5, Int> = [1, 2, 4, 8, 16]
    private static let shares: InlineArray<5, Double> = [0.4, 0.5, 0.6, 0.7, 0.8]

    /// The shortest span for each step while learning, in nanoseconds.
    private(set) var shortest = InlineArray<5, Int64>(repeating: .max)
    private var limits = InlineArray<5, Int64>(repeating: 0)
    private var times = InlineArray<16, Int64>(repeating: 0)
    private var count: Int64 = 0

    /// Adds an accepted frame.
    @inline(__always)
    mutating func add(_ time: Int64) {
        times[Int(truncatingIfNeeded: count) & 15] = time
        count &+= 1
    }

    /// Takes the last accepted frame back.
    mutating func removeLast() { if count > 0 { count &-= 1 } }

    /// The time of the accepted frame `step` before the next one.
    @inline(__always)
    private func time(back step: Int) -> Int64 { times[Int(truncatingIfNeeded: count &- Int64(step)) & 15] }

    mutating func learn(_ time: Int64) {
        for index in 0..<5 where count >= Int64(ArrivalCurve.steps[index]) {
            shortest[index] = min(shortest[index], max(0, time &- self.time(back: ArrivalCurve.steps[index])))
        }
        add(time)
    }

    /// Forgets the times but not what was learnt.
    mutating func restart() { count = 0 }

    /// Spans that must be learnt before an identifier is held to its own shortest one.
    private static let leastSpans: Int64 = 100

    /// Ends the time to learn; an identifier with few frames may be as fast as any other of the bus.
    mutating func freeze(bus: InlineArray<5, Int64>) {
        for index in 0..<5 {
            let isKnown = count - Int64(ArrivalCurve.steps[index]) >= ArrivalCurve.leastSpans
            let span = isKnown ? shortest[index] : min(shortest[index], bus[index])
            limits[index] = span == .max ? 0 : Int64(Double(span) * ArrivalCurve.shares[index])
        }
    }

    /// Whether a frame comes too soon after the accepted ones: limit / span, 0 when it does not.
    @inline(__always)
    func evidence(_ time: Int64) -> Double {
        var worst = 0.0
        for index in 0..<5 {
            let step = ArrivalCurve.steps[index]
            guard count >= Int64(step) else { break }
            let span = time &- self.time(back: step)
            if span < limits[index] { worst = max(worst, min(Double(limits[index]) / Double(max(span, 1)), 100)) }
        }
        return worst
    }

    func save(_ writer: inout StateWriter) {
        for index in 0..<5 { writer.put(shortest[index]) }
        for index in 0..<5 { writer.put(limits[index]) }
        for index in 0..<16 { writer.put(times[index]) }
        writer.put(count)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        for index in 0..<5 { shortest[index] = try reader.integer() }
        for index in 0..<5 { limits[index] = try reader.integer() }
        for index in 0..<16 { times[index] = try reader.integer() }
        count = try reader.integer()
        guard count >= 0 else { throw .badState("a counter in it is negative") }
    }
}
