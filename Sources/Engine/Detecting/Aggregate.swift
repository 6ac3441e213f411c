import Quantities
import ScenarioLanguage

/// The running value behind one aggregate of a formula: over the whole run, or over the window (t - w, t].
///
/// Of a signal that is sampled each sample has the same weight. A held signal keeps its value until it is published again: its average is weighted
/// by time, and the value that it had when the window began belongs to the window. A window without any sample has the last value; `count` and `sum`
/// are then 0.
final class Aggregate {
    let spec: FormulaAggregate
    private let isHeld: Bool
    /// The clock, when that is the source.
    var clock: ((Instant) -> Double)?
    private var count = 0
    private var sum = 0.0
    private var compensation = 0.0
    private var least = Double.infinity
    private var greatest = -Double.infinity
    private var last = Double.nan
    /// Instants of the first and the last sample, and the time integral in between, of a held signal.
    private var firstInstant: Int64 = 0
    private var lastInstant: Int64 = 0
    private var integral = 0.0
    /// Samples of the window, or all values where a percentile of the whole run is asked.
    private var times: [Int64] = []
    private var values: [Double] = []
    private var head = 0

    /// Most samples that a window or a percentile keeps; beyond it every second one is dropped.
    private static let mostSamples = 4_000_000

    init(_ spec: FormulaAggregate, isHeld: Bool = false) {
        self.spec = spec
        self.isHeld = isHeld
    }

    private var keepsSamples: Bool { spec.windowNanoseconds != nil || spec.function == .p50 || spec.function == .p95 }

    func add(_ instant: Instant, _ value: Double) {
        guard !value.isNaN else { return }
        if isHeld {
            if last.isNaN { firstInstant = instant.nanoseconds } else { integral += last * Double(instant.nanoseconds - lastInstant) }
            lastInstant = instant.nanoseconds
        }
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
        // Of a held signal the value that it had at the edge is kept.
        while head + (isHeld ? 1 : 0) < times.count, times[head + (isHeld ? 1 : 0)] <= edge { head += 1 }
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
        if let clock { return clock(now) }
        guard keepsSamples else {
            switch spec.function {
            case .count: return Double(count)
            case .sum: return sum + compensation
            case .avg: return count == 0 ? .nan : isHeld ? meanOfRun(at: now) : (sum + compensation) / Double(count)
            case .min: return count == 0 ? .nan : least
            case .max: return count == 0 ? .nan : greatest
            case .p50, .p95: return .nan
            }
        }
        expire(now)
        let part = values[head...]
        switch spec.function {
        case .count: return Double(part.count - (hasEdgeValue(at: now) ? 1 : 0))
        case .sum: return part.dropFirst(hasEdgeValue(at: now) ? 1 : 0).reduce(0, +)
        case .avg: return part.isEmpty ? last : isHeld ? meanOfWindow(at: now) : part.reduce(0, +) / Double(part.count)
        case .min: return part.min() ?? last
        case .max: return part.max() ?? last
        case .p50: return part.isEmpty ? last : Aggregate.quantile(0.5, part.sorted())
        case .p95: return part.isEmpty ? last : Aggregate.quantile(0.95, part.sorted())
        }
    }

    /// Whether the first value kept is older than the window.
    private func hasEdgeValue(at now: Instant) -> Bool {
        guard isHeld, let window = spec.windowNanoseconds, head < times.count else { return false }
        return times[head] <= now.nanoseconds - window
    }

    /// The mean over time since the first sample.
    private func meanOfRun(at now: Instant) -> Double {
        let length = now.nanoseconds - firstInstant
        guard length > 0 else { return last }
        return (integral + last * Double(now.nanoseconds - lastInstant)) / Double(length)
    }

    /// The mean over time of the window, or of the part of it since the first sample.
    private func meanOfWindow(at now: Instant) -> Double {
        let edge = now.nanoseconds - (spec.windowNanoseconds ?? 0)
        let start = Swift.max(edge, times[head])
        guard now.nanoseconds > start else { return last }
        var area = 0.0
        for index in head..<times.count {
            let from = Swift.max(times[index], start)
            let to = index + 1 < times.count ? times[index + 1] : now.nanoseconds
            area += values[index] * Double(to - from)
        }
        return area / Double(now.nanoseconds - start)
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
