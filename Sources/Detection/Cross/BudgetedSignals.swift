import Quantities

/// A detector over several signals whose threshold follows from the false alarms that are accepted: `target_far` of kinds with a fixed tolerance.
///
/// Its scores go through a `dspot` with the risk of the budget, so that the tolerance only sets their unit.
final class BudgetedSignals: SignalsDetecting {
    private let inner: any SignalsDetecting
    private var judge: TailJudge

    init(_ inner: any SignalsDetecting, falseAlarms: Double) throws(DetectionError) {
        self.inner = inner
        judge = try TailJudge(risk: 1e-6, falseAlarms: falseAlarms, initial: BudgetedDetector.initial, level: 0.98, depth: 0, side: .above)
    }

    /// A detector behind a threshold that follows from `target_far`, when that is given.
    static func budgeted(_ detector: any SignalsDetecting, _ settings: DetectorSettings) throws(DetectionError) -> any SignalsDetecting {
        guard let rate = settings.number("target_far") else { return detector }
        return try BudgetedSignals(detector, falseAlarms: rate)
    }

    var judgedInput: Int { inner.judgedInput }
    var nextTimer: Instant? { inner.nextTimer }
    var health: DetectorHealth { inner.health }
    var blame: String { inner.blame }
    var onset: Instant? { inner.onset }
    func resume() { inner.resume() }

    func update(at instant: Instant, input: Int, value: Double) -> Double? { judged(inner.update(at: instant, input: input, value: value), at: instant) }
    func timer(at instant: Instant) -> Double? { judged(inner.timer(at: instant), at: instant) }

    private func judged(_ score: Double?, at instant: Instant) -> Double? {
        guard let score else { return nil }
        return judge.score(clipped(score), at: instant.nanoseconds)
    }

    func save(_ writer: inout StateWriter) {
        inner.save(&writer)
        judge.save(&writer)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try inner.restore(&reader)
        try judge.restore(&reader)
    }
}
