import Quantities

/// `missing`: nothing has come for longer than the period allows.
struct MissingCell: KeyedCell {
    /// The settings.
    struct Plan: Sendable {
        var period: Int64?
        var factor: Double
        var jitter: Int64
        var mode: LearningMode
    }

    /// Gaps before a learnt period counts.
    static let leastGaps = 5
    /// Gaps that are learnt in every mode.
    static let usualGaps = 20

    private var last: Int64?
    private var gaps = PSquare(0.5)
    private var nextAlarm = Int64.max

    init(_ plan: Plan, width: Int) {}

    /// The period in nanoseconds; `nil` while it is not known.
    private func period(_ plan: Plan) -> Double? {
        if let period = plan.period { return Double(period) }
        return gaps.count >= MissingCell.leastGaps ? gaps.estimate : nil
    }

    private func limit(_ plan: Plan) -> Double? { period(plan).map { plan.factor * $0 + Double(plan.jitter) } }

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        defer { last = time }
        guard let last else {
            arm(time, plan)
            return nil
        }
        let gap = Double(distance(from: last, to: time))
        let limit = limit(plan)
        if plan.period == nil, isLearning || plan.mode != .frozen || gaps.count < MissingCell.usualGaps, limit.map({ gap < $0 }) ?? true {
            gaps.add(gap)
        }
        arm(time, plan)
        return limit.map { Score.settled(hit: false, raw: gap / $0) }
    }

    private mutating func arm(_ time: Int64, _ plan: Plan) {
        guard let limit = limit(plan), limit < 4e18 else { return nextAlarm = .max }
        let sum = time.addingReportingOverflow(Int64(limit))
        nextAlarm = sum.overflow ? .max : sum.partialValue
    }

    mutating func resync() {
        last = nil
        nextAlarm = .max
    }

    func due(_ plan: Plan) -> Int64 { nextAlarm }

    mutating func expire(_ time: Int64, _ plan: Plan) -> Double? {
        guard let last, let limit = limit(plan), let period = period(plan), time >= nextAlarm else { return nil }
        let step = Int64(max(1, min(period, 4e18)))
        let sum = time.addingReportingOverflow(step)
        nextAlarm = sum.overflow ? .max : sum.partialValue
        return Score.settled(hit: true, raw: Double(distance(from: last, to: time)) / max(limit, 1))
    }

    func save(_ writer: inout StateWriter) {
        writer.put(last)
        gaps.save(&writer)
        writer.put(nextAlarm)
    }

    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {
        last = try reader.optionalInteger()
        try gaps.restore(&reader)
        nextAlarm = try reader.integer()
    }
}
