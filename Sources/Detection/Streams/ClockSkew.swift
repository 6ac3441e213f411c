import Glibc
import Quantities

/// `clock-skew`: the clock that a sender's period is made from has another rate than before, so another device sends in its place.
///
/// The offset of the arrivals against the nominal period is fitted by recursive least squares and the error of the fit watched by a cumulative sum (Cho
/// and Shin, Fingerprinting Electronic Control Units for Vehicle Intrusion Detection, USENIX Security 2016); the offset is accumulated against one fixed
/// period, so that a lasting change is not forgotten.
struct ClockSkewCell: KeyedCell {
    /// The settings.
    struct Plan: Sendable {
        var period: Double?
        var batch: Int64
        var forgetting: Double
        var k: Double
        var h: Double
        var warmup: Int64
    }

    /// Batches from which a period that is not given is taken.
    static let periodBatches: Int64 = 5

    private var period = 0.0
    private var first: Int64?
    private var last: Int64 = 0
    private var slots: Int64 = 0
    private var arrivals: Int64 = 0
    private var batches: Int64 = 0
    private var gaps = PSquare(0.5)
    /// Seconds of offset for each second, and its variance.
    private(set) var skew = 0.0
    private var p = 1.0
    private var mean = 0.0
    private var variance = 0.0
    private var up = 0.0
    private var down = 0.0

    init(_ plan: Plan, width: Int) { period = plan.period ?? 0 }

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        guard let first else {
            start(time)
            return nil
        }
        let gap = Double(distance(from: last, to: time))
        last = time
        arrivals &+= 1
        if period == 0 { return learnPeriod(first, time, gap, plan) }
        slots &+= Int64(max(1, min((gap / period).rounded(), 1e12)))
        guard arrivals % plan.batch == 0 else { return nil }
        return close(Double(distance(from: first, to: time)) * 1e-9, plan)
    }

    private mutating func start(_ time: Int64) {
        first = time
        last = time
        slots = 0
        arrivals = 0
    }

    /// The mean gap, lost items not counted, once there are enough; then the fit starts.
    private mutating func learnPeriod(_ first: Int64, _ time: Int64, _ gap: Double, _ plan: Plan) -> Double? {
        gaps.add(gap)
        let median = gaps.count >= 5 ? gaps.estimate : gap
        slots &+= Int64(max(1, min((gap / max(median, 1)).rounded(), 1e12)))
        guard arrivals >= ClockSkewCell.periodBatches * plan.batch else { return nil }
        period = max(Double(distance(from: first, to: time)) / Double(max(slots, 1)), 1)
        start(time)
        return nil
    }

    private mutating func close(_ x: Double, _ plan: Plan) -> Double? {
        batches &+= 1
        let error = x - Double(slots) * period * 1e-9 - skew * x
        var score: Double?
        var z = 0.0
        let isWarm = batches > plan.warmup
        if isWarm {
            z = variance > 0 ? (error - mean) / variance.squareRoot() : error == mean ? 0 : error > mean ? 1e3 : -1e3
            up = max(0, up + z - plan.k)
            down = max(0, down - z - plan.k)
            let statistic = max(up, down)
            score = Score.settled(hit: statistic > plan.h, raw: statistic / plan.h)
        }
        if !isWarm || z.magnitude < 3 {
            let g = p * x / (plan.forgetting + x * p * x)
            p = (p - g * x * p) / plan.forgetting
            skew += g * error
            let weight = max(1 / Double(batches), 1.0 / 200)
            let deviation = error - mean
            mean += weight * deviation
            variance = (1 - weight) * (variance + weight * deviation * deviation)
        }
        return score
    }

    mutating func resync() {
        first = nil
        up = 0
        down = 0
    }

    func save(_ writer: inout StateWriter) {
        writer.put(first)
        for value in [last, slots, arrivals, batches] { writer.put(value) }
        gaps.save(&writer)
        for value in [period, skew, p, mean, variance, up, down] { writer.put(value) }
    }

    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {
        first = try reader.optionalInteger()
        last = try reader.integer()
        slots = try reader.integer()
        arrivals = try reader.integer()
        batches = try reader.integer()
        try gaps.restore(&reader)
        period = try reader.number()
        skew = try reader.number()
        p = try reader.number()
        mean = try reader.number()
        variance = try reader.number()
        up = try reader.number()
        down = try reader.number()
        guard arrivals >= 0, batches >= 0 else { throw .badState("a counter in it is negative") }
    }
}
