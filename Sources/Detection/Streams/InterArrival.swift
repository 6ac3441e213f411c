/// `inter-arrival`: the gap since the last accepted item is much shorter or longer than it used to be.
struct InterArrivalCell: KeyedCell {
    /// Which gaps count.
    enum Direction: String, CaseIterable, Sendable {
        case both
        case below
        case above
    }

    /// The settings.
    struct Plan: Sendable {
        var period: Double?
        var low: Double
        var high: Double
        var direction: Direction
        var mode: LearningMode
        /// Whether an item that came too soon counts as the last one for the next.
        var countsRejected: Bool
    }

    static let leastGaps = 20
    /// Keys whose long gaps are so many times the median are driven by events.
    static let eventDriven = 10.0

    private var last: Int64?
    private var median = PSquare(0.5)
    private var shortest = PSquare(0.001)
    private var longest = PSquare(0.999)

    init(_ plan: Plan, width: Int) {}

    mutating func take(_ time: Int64, _ data: UnsafeRawBufferPointer, _ plan: Plan, isLearning: Bool) -> Double? {
        guard let last else {
            self.last = time
            return nil
        }
        let gap = Double(distance(from: last, to: time))
        let score = score(gap, plan)
        let learns = isLearning || median.count < InterArrivalCell.leastGaps || plan.mode == .always || plan.mode == .normalOnly && (score ?? 0) < 1
        if learns {
            median.add(gap)
            shortest.add(gap)
            longest.add(gap)
        }
        let isTooSoon = (score ?? 0) >= 1 && gap < (plan.period ?? median.estimate)
        if !isTooSoon || plan.countsRejected || isLearning { self.last = time }
        return score
    }

    private func score(_ gap: Double, _ plan: Plan) -> Double? {
        let low: Double
        let high: Double
        if let period = plan.period {
            low = plan.low * period
            high = plan.high * period
        } else {
            guard median.count >= InterArrivalCell.leastGaps, longest.estimate <= InterArrivalCell.eventDriven * median.estimate else { return nil }
            low = min(plan.low * median.estimate, shortest.estimate)
            high = max(plan.high * median.estimate, longest.estimate)
        }
        let below = plan.direction == .above ? 0 : low / max(gap, 1)
        let above = plan.direction == .below ? 0 : gap / max(high, 1)
        let isHit = plan.direction != .above && gap < low || plan.direction != .below && gap > high
        return Score.settled(hit: isHit, raw: max(below, above))
    }

    mutating func resync() { last = nil }

    func save(_ writer: inout StateWriter) {
        writer.put(last)
        median.save(&writer)
        shortest.save(&writer)
        longest.save(&writer)
    }

    init(_ reader: inout StateReader, _ plan: Plan) throws(DetectionError) {
        last = try reader.optionalInteger()
        try median.restore(&reader)
        try shortest.restore(&reader)
        try longest.restore(&reader)
    }
}
