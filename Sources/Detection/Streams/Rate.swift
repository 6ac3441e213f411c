import Quantities

/// `rate`: too many items in a time.
struct RateCell: KeyedCell {
    /// When items make a score of at least 1; all but the first are those of Suricata.
    enum Mode: String, CaseIterable, Sendable {
        /// While a moving window holds so many.
        case sliding
        /// On every so-many-th item of a window.
        case threshold
        /// On at most so many items of a window.
        case limit
        /// Once in a window.
        case both
        /// On the item that completes the count, ten times the count, a hundred times …
        case backoff
    }

    /// The settings.
    struct Plan: Sendable {
        var count: Int
        var timespan: Int64
        var mode: Mode
        /// Items that the moving window counts exactly; more are as many.
        var ring: Int { count * 4 }
    }

    /// Time stamps of all states of a detector together, at most (64 MiB).
    static let greatestMemory = 1 << 23

    private var times: [Int64] = []
    private var head = 0
    private var held = 0
    private var windowStart: Int64?
    private var windowCount: Int64 = 0

    init(_ plan: Plan, width: Int) {}

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        plan.mode == .sliding ? slide(time, plan) : window(time, plan)
    }

    private mutating func slide(_ time: Int64, _ plan: Plan) -> Double? {
        while held > 0, distance(from: times[head], to: time) >= UInt64(plan.timespan) {
            head = head + 1 == times.count ? 0 : head + 1
            held -= 1
        }
        if held == times.count, times.count < plan.ring {
            grow(plan)
        }
        if held == plan.ring {
            times[head] = time
            head = head + 1 == times.count ? 0 : head + 1
        } else {
            let place = head + held
            times[place < times.count ? place : place - times.count] = time
            held += 1
        }
        return Score.settled(hit: held >= plan.count, raw: Double(held) / Double(plan.count))
    }

    private mutating func grow(_ plan: Plan) {
        var wider: [Int64] = []
        let size = min(max(times.count * 2, 8), plan.ring)
        wider.reserveCapacity(size)
        for index in 0..<held { wider.append(times[(head + index) % max(times.count, 1)]) }
        wider.append(contentsOf: repeatElement(0, count: size - held))
        times = wider
        head = 0
    }

    private mutating func window(_ time: Int64, _ plan: Plan) -> Double? {
        if let start = windowStart, distance(from: start, to: time) < UInt64(plan.timespan) {
            windowCount &+= 1
        } else {
            windowStart = time
            windowCount = 1
        }
        let count = Int64(plan.count)
        let isHit =
            switch plan.mode {
            case .sliding, .threshold: windowCount % count == 0
            case .limit: windowCount <= count
            case .both: windowCount == count
            case .backoff: isTenfold(windowCount, of: count)
            }
        return Score.settled(hit: isHit, raw: Double(windowCount) / Double(plan.count))
    }

    private func isTenfold(_ value: Int64, of count: Int64) -> Bool {
        var rest = value
        while rest > count, rest % 10 == 0 { rest /= 10 }
        return rest == count
    }

    mutating func resync() {
        head = 0
        held = 0
        windowStart = nil
    }

    func save(_ writer: inout StateWriter) {
        writer.put(held)
        for index in 0..<held { writer.put(times[(head + index) % times.count]) }
        writer.put(windowStart)
        writer.put(windowCount)
    }

    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {
        held = try reader.count()
        guard held <= plan.ring else { throw .badState("a window in it is too long") }
        for _ in 0..<held { times.append(try reader.integer()) }
        windowStart = try reader.optionalInteger()
        windowCount = try reader.integer()
    }
}
