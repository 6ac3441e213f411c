public import Quantities

/// How two signals should be related.
public enum ConsistencyRelation: String, Sendable, CaseIterable {
    /// Equal within the tolerance.
    case about
    /// The first is at most the second, within the tolerance.
    case atMost = "at-most"
}

/// At which values two signals are compared.
public enum ConsistencyPace: String, Sendable, CaseIterable {
    /// At each value of either.
    case each
    /// At each value of the first, with the mean of the second since the last comparison.
    case a
    /// At each value of the second, with the mean of the first since the last comparison.
    case b
    /// At each value of the one that comes more seldom, with the mean of the other.
    case slower
}

/// The mean of a step signal since a mark, weighted by time.
struct StepMean {
    private(set) var value = Double.nan
    private(set) var since = Int64.min
    private var mark: Int64 = 0
    private var hasMark = false
    private var sum = 0.0

    /// A value from an instant on.
    mutating func take(_ value: Double, at now: Int64) {
        if hasMark, !self.value.isNaN { sum += self.value * Double(now &- max(since, mark)) }
        self.value = value
        since = now
    }

    /// The mean from the mark to now; the newest value when there is no time between. The mark moves to now.
    mutating func mean(at now: Int64) -> Double {
        defer {
            mark = now
            hasMark = true
            sum = 0
        }
        guard hasMark, now > mark, !value.isNaN else { return value }
        let total = sum + value * Double(now &- max(since, mark))
        return total / Double(now &- mark)
    }

    func save(_ writer: inout StateWriter) {
        writer.put(value)
        writer.put(since)
        writer.put(mark)
        writer.put(hasMark)
        writer.put(sum)
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        value = try reader.number()
        since = try reader.integer()
        mark = try reader.integer()
        hasMark = try reader.flag()
        sum = try reader.number()
    }
}

/// Two signals that should say the same do not: `consistency`. Input 0 is the first, input 1 the second, which the first follows.
public final class Consistency: SignalsDetecting {
    /// Everything that can be set.
    public struct Settings: Sendable {
        /// How the signals should be related.
        public var relation = ConsistencyRelation.about
        /// The difference that is normal, in the unit of the signals.
        public var tolerance = 1.0
        /// The difference that is normal as a part of the second signal.
        public var relative = 0.05
        /// How long after a change of the second by more than the tolerance nothing is judged.
        public var settle = Duration.seconds(5)
        /// A value older than this is no verdict; `nil` for never.
        public var maximumAge: Duration?
        /// The second signal is multiplied by it first.
        public var gain = 1.0
        /// This is added then.
        public var offset = 0.0
        /// At which values they are compared.
        public var pace = ConsistencyPace.each

        /// The usual settings.
        public init() {}
    }

    private let settings: Settings
    private var clock = SampleClock()
    private var a = StepMean()
    private var b = StepMean()
    private var hold = Int64.min
    /// Values and the time between the first and the last, for the pace.
    private var counts = [0, 0]

    /// A detector that has seen nothing; throws when a number is out of range.
    public init(_ settings: Settings) throws(DetectionError) {
        guard settings.tolerance >= 0, settings.tolerance.isFinite else { throw .outOfRange(setting: "tolerance", requirement: "not negative") }
        guard settings.relative >= 0, settings.relative.isFinite else { throw .outOfRange(setting: "relative", requirement: "not negative") }
        guard settings.tolerance > 0 || settings.relative > 0 else {
            throw .outOfRange(setting: "tolerance", requirement: "above 0 when 'relative' is 0")
        }
        guard settings.settle >= .zero else { throw .outOfRange(setting: "settle", requirement: "0 s or longer") }
        guard settings.maximumAge ?? .seconds(1) > .zero else { throw .outOfRange(setting: "max_age", requirement: "longer than 0 s") }
        guard settings.gain.isFinite, settings.offset.isFinite else { throw .outOfRange(setting: "gain", requirement: "a finite number") }
        self.settings = settings
    }

    /// Input that could not be used.
    public var health: DetectorHealth { clock.health }

    public func resume() {
        a = StepMean()
        b = StepMean()
        hold = .min
    }

    /// Takes a value; there is a score when the signals are compared.
    public func update(at instant: Instant, input: Int, value: Double) -> Double? {
        guard input == 0 || input == 1, clock.admits(instant, value) else { return nil }
        let now = instant.nanoseconds
        let value = max(-1e100, min(1e100, value))
        if input == 0 {
            a.take(value, at: now)
        } else {
            let reference = settings.gain * value + settings.offset
            if !b.value.isNaN, (reference - b.value).magnitude > settings.tolerance {
                let (end, overflow) = now.addingReportingOverflow(settings.settle.nanoseconds)
                hold = overflow ? .max : end
            }
            b.take(reference, at: now)
        }
        counts[input] = min(counts[input] + 1, 1 << 40)
        guard isDue(input) else { return nil }
        let (first, second) = values(input, at: now)
        if first.isNaN || second.isNaN || now < hold { return nil }
        if let age = settings.maximumAge {
            let limit = UInt64(age.nanoseconds)
            if distance(from: a.since, to: now) > limit || distance(from: b.since, to: now) > limit { return nil }
        }
        let difference = settings.relation == .about ? (first - second).magnitude : max(0, first - second)
        let tolerance = settings.tolerance + settings.relative * second.magnitude
        return Score.settled(hit: difference > tolerance, raw: tolerance > 0 ? difference / tolerance : difference > 0 ? Score.cap : 0)
    }

    private func isDue(_ input: Int) -> Bool {
        switch settings.pace {
        case .each: true
        case .a: input == 0
        case .b: input == 1
        // The one that came more seldom so far; at equal numbers the one that comes now completes a pair.
        case .slower: counts[input] <= counts[1 - input]
        }
    }

    /// What is compared: the newest value of the one that came, the mean of the other.
    private func values(_ input: Int, at now: Int64) -> (Double, Double) {
        if settings.pace == .each { return (a.value, b.value) }
        if input == 0 { return (a.value, b.mean(at: now)) }
        return (a.mean(at: now), b.value)
    }

    public func save(_ writer: inout StateWriter) {
        clock.save(&writer)
        a.save(&writer)
        b.save(&writer)
        writer.put(hold)
        for count in counts { writer.put(count) }
    }

    public func restore(_ reader: inout StateReader) throws(DetectionError) {
        try clock.restore(&reader)
        try a.restore(&reader)
        try b.restore(&reader)
        hold = try reader.integer()
        for index in counts.indices { counts[index] = try reader.int() }
    }
}

/// Signals that should be alike are not, such as the currents of three phases: `imbalance`.
public final class Imbalance: SignalsDetecting {
    private var row: SignalRow
    private let above: Double
    private let floor: Double

    /// - Parameters:
    ///   - above: the greatest normal deviation of a signal from the mean of all, as a part of the mean.
    ///   - floor: below this mean nothing is judged.
    public init(inputs: Int, above: Double = 0.1, floor: Double = 1) throws(DetectionError) {
        guard inputs >= 2 else { throw .outOfRange(setting: "watch", requirement: "a list of 2 or more signals") }
        guard above > 0, above.isFinite else { throw .outOfRange(setting: "above", requirement: "above 0") }
        guard floor >= 0, floor.isFinite else { throw .outOfRange(setting: "floor", requirement: "not negative") }
        row = SignalRow(count: inputs)
        self.above = above
        self.floor = floor
    }

    /// Input that could not be used.
    public var health: DetectorHealth { row.clock.health }

    public func resume() { row.restart() }

    /// Takes a value; there is a score when all signals have come since the last.
    public func update(at instant: Instant, input: Int, value: Double) -> Double? {
        guard row.take(at: instant, input: input, value: value.magnitude > 1e100 ? .nan : value), row.isWhole else { return nil }
        let mean = row.values.reduce(0, +) / Double(row.values.count)
        guard mean.magnitude > floor, mean != 0 else { return nil }
        var greatest = 0.0
        for value in row.values { greatest = max(greatest, (value - mean).magnitude) }
        let part = greatest / mean.magnitude
        return Score.settled(hit: part > above, raw: part / above)
    }

    public func save(_ writer: inout StateWriter) { row.save(&writer) }
    public func restore(_ reader: inout StateReader) throws(DetectionError) { try row.restore(&reader) }
}
