import Quantities

/// Keeps the values of a signal around its alerts and remembers their shapes.
struct PatternRecorder {
    private let settings: AlarmPolicy.Patterns
    private(set) var memory: PatternMemory
    private var times: [Instant] = []
    private var values: [Double] = []
    /// Where the values begin that are still needed.
    private var head = 0

    /// Most values that are kept of an alert; beyond it every second one is dropped.
    private static let mostValues = 65536

    init(_ settings: AlarmPolicy.Patterns) throws(DetectionError) {
        self.settings = settings
        memory = try PatternMemory(maximumDistance: settings.maximumDistance, capacity: settings.capacity)
    }

    /// Takes a value; without an alert only those of the last time are kept.
    mutating func add(_ value: Double, at instant: Instant, isIdle: Bool) {
        if let last = times.last, instant < last { return }
        if times.count - head >= PatternRecorder.mostValues { dropEverySecond() }
        times.append(instant)
        values.append(value)
        guard isIdle else { return }
        let limit = UInt64(settings.before.nanoseconds)
        // The value that holds when the time begins is needed too.
        while head + 1 < times.count, distance(from: times[head + 1].nanoseconds, to: instant.nanoseconds) >= limit { head += 1 }
        if head > 256, head * 2 > times.count {
            times.removeFirst(head)
            values.removeFirst(head)
            head = 0
        }
    }

    private mutating func dropEverySecond() {
        var kept = 0
        for index in stride(from: head, to: times.count, by: 2) {
            times[kept] = times[index]
            values[kept] = values[index]
            kept += 1
        }
        times.removeLast(times.count - kept)
        values.removeLast(values.count - kept)
        head = 0
    }

    /// An alert is over: what is known about its shape; `nil` without values.
    mutating func resolved(onset: Instant, at end: Instant) -> PatternMemory.Match? {
        let (start, overflow) = onset.nanoseconds.subtractingReportingOverflow(settings.before.nanoseconds)
        let begin = max(overflow ? onset : Instant(nanoseconds: start), times.indices.contains(head) ? times[head] : onset)
        guard
            let pattern = AlarmPattern(
                times: Array(times[head...]), values: Array(values[head...]), from: begin, to: end, segments: settings.segments)
        else { return nil }
        let match = memory.note(pattern, at: end)
        if settings.benign.contains(match.number) {
            _ = memory.mark(match.number, benign: true)
            var benign = match
            benign.isBenign = true
            return benign
        }
        return match
    }
}
