import Quantities

/// `missing`: nothing has come for longer than the period allows.
struct MissingCell: KeyedCell {
    /// The settings.
    struct Plan: Sendable {
        var period: Int64?
        var factor: Double
        var jitter: Int64
        var mode: LearningMode
        /// Gaps that are learnt in every mode; none where there is a time to learn, so that what is forged later is never expected again.
        var usualGaps = 20
    }

    /// Gaps before a learnt period counts.
    static let leastGaps = 5
    /// Keys whose longest gap is so many times the median are driven by events: nothing of them is ever missing.
    static let eventDriven = 10.0
    /// A silence of so many steps is told again less and less often, so that a long one costs no more than a short one.
    static let steps: Int64 = 16

    private var last: Int64?
    private var gaps = PSquare(0.5)
    private var longest = 0.0
    private var nextAlarm = Int64.max

    init(_ plan: Plan, width: Int) {}

    /// The period in nanoseconds; `nil` while it is not known.
    private func period(_ plan: Plan) -> Double? {
        if let period = plan.period { return Double(period) }
        return gaps.count >= MissingCell.leastGaps && longest <= MissingCell.eventDriven * gaps.estimate ? gaps.estimate : nil
    }

    private func limit(_ plan: Plan) -> Double? { period(plan).map { max(plan.factor * $0 + Double(plan.jitter), 1) } }

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        defer { last = time }
        guard let last else {
            arm(time, plan)
            return nil
        }
        let gap = Double(distance(from: last, to: time))
        let limit = limit(plan)
        let learns = plan.period == nil && (isLearning || plan.mode != .frozen || gaps.count < plan.usualGaps)
        // What comes at one instant, as the states of all connectors do, is one arrival.
        if learns, gap > 0, isLearning || limit.map({ gap < $0 }) ?? true {
            gaps.add(gap)
            longest = max(longest, gap)
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
        let silence = distance(from: last, to: time)
        let step = max(Int64(max(1, min(period, 4e18))), Int64(clamping: silence) / MissingCell.steps)
        let sum = time.addingReportingOverflow(step)
        nextAlarm = sum.overflow ? .max : sum.partialValue
        return Score.settled(hit: true, raw: Double(silence) / limit)
    }

    func save(_ writer: inout StateWriter) {
        writer.put(last)
        gaps.save(&writer)
        writer.put(longest)
        writer.put(nextAlarm)
    }

    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {
        last = try reader.optionalInteger()
        try gaps.restore(&reader)
        longest = try reader.number()
        nextAlarm = try reader.integer()
    }
}
