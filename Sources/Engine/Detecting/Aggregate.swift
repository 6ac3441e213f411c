import Quantities
import ScenarioLanguage

/// The running value behind one aggregate of a formula: over the whole run, or over the window (t - w, t].
///
/// A window that holds no sample has the last value for `avg`, `min`, `max`, `p50` and `p95` of a signal, because a signal keeps its value
/// until it is published again; `count` and `sum` are then 0.
final class Aggregate {
    let spec: FormulaAggregate
    private var count = 0
    private var sum = 0.0
    private var compensation = 0.0
    private var least = Double.infinity
    private var greatest = -Double.infinity
    private var last = Double.nan
    /// Samples of the window, or all values where a percentile of the whole run is asked.
    private var times: [Int64] = []
    private var values: [Double] = []
    private var head = 0

    /// Most samples that a window or a percentile keeps; beyond it every second one is dropped.
    private static let mostSamples = 4_000_000

    init(_ spec: FormulaAggregate) { self.spec = spec }

    private var keepsSamples: Bool { spec.windowNanoseconds != nil || spec.function == .p50 || spec.function == .p95 }

    func add(_ instant: Instant, _ value: Double) {
        guard !value.isNaN else { return }
        last = value
        guard keepsSamples else {
            count += 1
            addToSum(value)
            least = Swift.min(least, value)
            greatest = Swift.max(greatest, value)
            return
        }
        if values.count - head >= Self.mostSamples { dropEverySecond() }
        times.append(instant.nanoseconds)
        values.append(value)
        if spec.windowNanoseconds != nil { expire(instant) }
    }

    /// Neumaier's compensated sum, so that long runs lose no digits.
    private func addToSum(_ value: Double) {
        let next = sum + value
        compensation += sum.magnitude >= value.magnitude ? (sum - next) + value : (value - next) + sum
        sum = next
    }

    private func expire(_ now: Instant) {
        guard let window = spec.windowNanoseconds else { return }
        let edge = now.nanoseconds - window
        while head < times.count, times[head] <= edge { head += 1 }
        if head > 1024, head * 2 > times.count {
            times.removeFirst(head)
            values.removeFirst(head)
            head = 0
        }
    }

    private func dropEverySecond() {
        var kept = 0
        for index in Swift.stride(from: head, to: values.count, by: 2) {
            times[kept] = times[index]
            values[kept] = values[index]
            kept += 1
        }
        times.removeLast(times.count - kept)
        values.removeLast(values.count - kept)
        head = 0
    }

    /// The value at an instant; NaN when there was no sample at all.
    func value(at now: Instant) -> Double {
        guard keepsSamples else {
            switch spec.function {
            case .count: return Double(count)
            case .sum: return sum + compensation
            case .avg: return count == 0 ? .nan : (sum + compensation) / Double(count)
            case .min: return count == 0 ? .nan : least
            case .max: return count == 0 ? .nan : greatest
            case .p50, .p95: return .nan
            }
        }
        expire(now)
        let part = values[head...]
        switch spec.function {
        case .count: return Double(part.count)
        case .sum: return part.reduce(0, +)
        case .avg: return part.isEmpty ? last : part.reduce(0, +) / Double(part.count)
        case .min: return part.min() ?? last
        case .max: return part.max() ?? last
        case .p50: return part.isEmpty ? last : Aggregate.quantile(0.5, part.sorted())
        case .p95: return part.isEmpty ? last : Aggregate.quantile(0.95, part.sorted())
        }
    }

    /// The quantile with linear interpolation at rank q(n - 1).
    static func quantile(_ share: Double, _ sorted: [Double]) -> Double {
        guard let first = sorted.first else { return .nan }
        guard sorted.count > 1 else { return first }
        let rank = share * Double(sorted.count - 1)
        let low = Swift.min(Int(rank), sorted.count - 2)
        return sorted[low] + (rank - Double(low)) * (sorted[low + 1] - sorted[low])
    }
}
