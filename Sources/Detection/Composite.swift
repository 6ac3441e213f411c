import Quantities

/// How a composite joins the alarms of its parts.
public enum CompositeRule: String, Sendable, CaseIterable {
    /// Every part fires, or has fired within the window: `all-of`.
    case allOf
    /// At least one part fires, or has fired within the window: `any-of`.
    case anyOf
    /// The parts have started to fire in their order within the window: `in-order`.
    case inOrder
    /// At least so many parts fire, or have fired within the window: `k-of-n`.
    case kOfN
    /// The weighted mean of the scores of the parts reaches a level: `weighted`.
    case weighted
    /// The part does not fire, and has not fired within the window: `none-of`.
    case noneOf
}

/// A detector of detectors: it takes the alarm edges of its parts and gives a score of its own.
///
/// `allOf` scores the least and `anyOf` the greatest peak score of its parts, where a part counts while it fires and for less than `within` after it
/// resolved. `inOrder` scores the least peak of a chain of firing edges, first part to last, that lies within (t - `within`, t]; keeping the latest
/// possible start of each partial chain makes that exact with one number a part. Edges at one instant count in the order of the calls. `kOfN` scores the
/// k-th greatest peak, `weighted` the weighted mean of the peaks, each cut to 4, over a level, and `noneOf` 1 while no part counts.
public struct Composite: Sendable {
    private struct Part: Sendable {
        var isFiring = false
        var peak = 0.0
        var ended: Int64?
        /// The latest start of a chain that this part has completed.
        var chainStart: Int64?
        /// The least peak of that chain.
        var chainPeak = 0.0
    }

    private let rule: CompositeRule
    private let within: UInt64
    private let least: Int
    private let weights: [Double]
    private let level: Double
    private var parts: [Part]

    /// A composite of some parts; throws when there is none, or more than 1000, or `within` is negative, or 0 s for `inOrder`.
    ///
    /// - Parameters:
    ///   - least: for `kOfN`, how many parts it takes.
    ///   - weights: for `weighted`, one for each part, not negative; without them all count alike.
    ///   - level: for `weighted`, the mean that is anomalous.
    public init(
        _ rule: CompositeRule, parts count: Int, within: Duration = .seconds(5), least: Int = 1, weights: [Double] = [], level: Double = 1
    ) throws(DetectionError) {
        guard (1...1_000).contains(count) else { throw .outOfRange(setting: "parts", requirement: "a list of 1 to 1000 detectors") }
        guard within > .zero || within == .zero && rule != .inOrder else {
            throw .outOfRange(setting: "within", requirement: rule == .inOrder ? "longer than 0 s" : "0 s or longer")
        }
        guard rule != .kOfN || (1...count).contains(least) else { throw .outOfRange(setting: "at_least", requirement: "between 1 and the number of parts") }
        guard weights.isEmpty || weights.count == count && weights.allSatisfy({ $0 >= 0 && $0.isFinite }) && weights.contains(where: { $0 > 0 }) else {
            throw .outOfRange(setting: "weights", requirement: "a list of numbers, one for each part, not negative and not all 0")
        }
        guard level > 0, level.isFinite else { throw .outOfRange(setting: "above", requirement: "above 0") }
        self.least = least
        self.weights = weights.isEmpty ? Array(repeating: 1, count: count) : weights
        self.level = level
        self.rule = rule
        self.within = UInt64(within.nanoseconds)
        parts = Array(repeating: Part(), count: count)
    }

    /// Takes an edge of a part; pending and dropped edges change nothing. An index without a part is ignored.
    public mutating func note(_ edge: AlertEdge, ofPart index: Int) {
        switch edge.kind {
        case .firing: partFired(index, at: edge.at, score: edge.peak)
        case .resolved: partResolved(index, at: edge.at, score: edge.peak)
        case .pending, .dropped: break
        }
    }

    /// A part started to fire.
    public mutating func partFired(_ index: Int, at instant: Instant, score: Double) {
        guard parts.indices.contains(index) else { return }
        let now = instant.nanoseconds
        parts[index].isFiring = true
        parts[index].peak = score
        guard rule == .inOrder else { return }
        if index == 0 {
            parts[0].chainStart = now
            parts[0].chainPeak = score
        } else if let start = parts[index - 1].chainStart, lies(start, within: now) {
            parts[index].chainStart = start
            parts[index].chainPeak = min(parts[index - 1].chainPeak, score)
        }
    }

    /// A part resolved, with the peak score of its alarm.
    public mutating func partResolved(_ index: Int, at instant: Instant, score: Double) {
        guard parts.indices.contains(index) else { return }
        parts[index].isFiring = false
        parts[index].peak = max(parts[index].peak, score)
        parts[index].ended = instant.nanoseconds
    }

    /// The score at an instant that is not before any edge; 0 when the rule does not hold. O(parts).
    public func score(at instant: Instant) -> Double {
        let now = instant.nanoseconds
        switch rule {
        case .allOf: return parts.lazy.map { heldPeak(of: $0, at: now) }.min() ?? 0
        case .anyOf: return parts.lazy.map { heldPeak(of: $0, at: now) }.max() ?? 0
        case .inOrder:
            guard let last = parts.last, let start = last.chainStart, lies(start, within: now) else { return 0 }
            return last.chainPeak
        case .kOfN: return parts.map { heldPeak(of: $0, at: now) }.sorted(by: >)[least - 1]
        case .weighted:
            var (sum, total) = (0.0, 0.0)
            for (part, weight) in zip(parts, weights) {
                sum += weight * min(heldPeak(of: part, at: now), 4)
                total += weight
            }
            let mean = sum / total
            return Score.settled(hit: mean >= level, raw: mean / level)
        case .noneOf: return parts.contains { heldPeak(of: $0, at: now) > 0 } ? 0 : 1
        }
    }

    /// How many parts fire, or have fired within the window, at an instant; for the severity of what they corroborate. O(parts).
    public func corroborating(at instant: Instant) -> Int { parts.count { heldPeak(of: $0, at: instant.nanoseconds) > 0 } }

    /// The next instant at which the score falls without a further edge; `nil` when it does not.
    public func nextExpiry(after instant: Instant) -> Instant? {
        let now = instant.nanoseconds
        var next: Int64?
        func consider(_ start: Int64) {
            let (end, overflow) = start.addingReportingOverflow(Int64(within))
            if !overflow, end > now, end < next ?? .max { next = end }
        }
        if rule == .inOrder {
            if let start = parts.last?.chainStart { consider(start) }
        } else {
            for part in parts where !part.isFiring {
                if let ended = part.ended { consider(ended) }
            }
        }
        return next.map { Instant(nanoseconds: $0) }
    }

    private func lies(_ start: Int64, within now: Int64) -> Bool { start <= now && distance(from: start, to: now) < within }

    private func heldPeak(of part: Part, at now: Int64) -> Double {
        if part.isFiring { return part.peak }
        guard let ended = part.ended, lies(ended, within: now) else { return 0 }
        return part.peak
    }
}
