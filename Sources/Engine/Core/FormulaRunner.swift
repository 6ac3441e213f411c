import Quantities
import ScenarioLanguage
import SimulationKernel

/// The random streams of one formula: one per draw site, keyed by seed and path.
final class StreamDraws: DrawSource {
    private let seed: UInt64
    private let path: UInt64
    private var streams: [RandomStream] = []

    init(seed: UInt64, path: String) {
        self.seed = seed
        self.path = RandomStream.hash(path)
    }

    private func prepare(_ site: Int) {
        while streams.count <= site { streams.append(RandomStream(seed: seed, run: 0, path: path, site: UInt64(streams.count))) }
    }

    func draw(_ function: DrawFunction, site: Int, _ a: Double, _ b: Double) -> Double {
        prepare(site)
        switch function {
        case .uniform: return streams[site].uniform(a, b)
        case .normal: return streams[site].normal(a, b)
        case .lognormal: return streams[site].lognormal(a, b)
        case .exponential: return streams[site].exponential(a)
        case .poisson: return Double(streams[site].poisson(a))
        case .choice: return Double(streams[site].choice(Int(Swift.max(0, Swift.min(a, 1e9)))))
        case .chance: return streams[site].chance(a) ? 1 : 0
        }
    }

    func sample(count: Int, of total: Int, site: Int) -> [Int] {
        prepare(site)
        return streams[site].sample(count, of: total)
    }
}

/// A formula in service: its aggregates are kept up to date, its draws have streams of their own.
package final class FormulaRunner {
    package let formula: Formula
    private let aggregates: [Aggregate]
    private let slots: UnsafeMutablePointer<Double>
    private let signals: UnsafePointer<Double>
    private let draws: StreamDraws?
    /// The short way, for formulas that need no windows or totals either.
    private let direct: DirectFormula.Unowned?

    init(_ formula: Formula, aggregates: [Aggregate], signals: UnsafePointer<Double>, draws: StreamDraws?) {
        self.formula = formula
        self.aggregates = aggregates
        self.signals = signals
        self.draws = draws
        direct = aggregates.isEmpty ? formula.direct?.unowned : nil
        slots = .allocate(capacity: max(aggregates.count, 1))
        slots.initialize(repeating: .nan, count: max(aggregates.count, 1))
    }

    /// A runner for a formula without windows, totals and draws.
    package convenience init(_ formula: Formula, signals: UnsafePointer<Double>) { self.init(formula, aggregates: [], signals: signals, draws: nil) }

    deinit { slots.deallocate() }

    private func inputs(at now: Instant) -> FormulaInputs {
        for index in aggregates.indices { slots[index] = aggregates[index].value(at: now) }
        return FormulaInputs(signals: signals, aggregates: UnsafePointer(slots), scores: UnsafePointer(slots), draws: draws)
    }

    /// The value in base units; flags are 1 and 0.
    package func value(at now: Instant) -> Double {
        guard let direct else { return generalValue(at: now) }
        // The formula owns the code of `direct`.
        return withExtendedLifetime(self) { direct.evaluate(signals: signals, aggregates: UnsafePointer(slots), scores: UnsafePointer(slots)) }
    }

    @inline(never)
    private func generalValue(at now: Instant) -> Double { formula.evaluate(inputs(at: now)) }

    /// Whether a condition is true.
    func holds(at now: Instant) -> Bool { value(at: now) == 1 }

    /// The nodes of a set.
    func nodes(at now: Instant) -> [Int] { formula.evaluateNodes(inputs(at: now)) ?? [] }

    /// The text of a formula that gives one.
    func text(at now: Instant) -> String { formula.evaluateText(inputs(at: now)) ?? "" }

    /// Whether the value can change without a publication, because a window moves on.
    var dependsOnTime: Bool { formula.aggregates.contains { $0.windowNanoseconds != nil } }
}
