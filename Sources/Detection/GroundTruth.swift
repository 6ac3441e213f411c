import Quantities

/// A labelled interval [start, end) of a run: what the scenario did, and to what.
public struct GroundTruthLabel: Equatable, Sendable {
    /// When it began.
    public var start: Instant
    /// When it was over; this instant is outside.
    public var end: Instant
    /// What it was, for example `CAN_INJECTION`.
    public var kind: String
    /// How serious it was.
    public var severity: Severity
    /// The name of the step or attack that made it.
    public var name: String
    /// What it acted on: a node, a bus or a frame.
    public var target: String
    /// When the first unit that it changed or added was there to be seen; `nil` when nothing told.
    public var evidence: Instant?
    /// What carried it: `CAN`, `OCPP`, `signal`, or empty when nothing told.
    public var link = ""

    /// A label out of its parts.
    public init(start: Instant, end: Instant, kind: String, severity: Severity = .medium, name: String = "", target: String = "") {
        self.start = start
        self.end = end
        self.kind = kind
        self.severity = severity
        self.name = name
        self.target = target
    }
}

/// A half-open interval of simulated time in nanoseconds.
struct Span: Equatable {
    var start: Int64
    var end: Int64

    /// The union of intervals, sorted and disjoint; those with a gap under `gap` nanoseconds become one.
    static func union(_ spans: [Span], joiningGapsUnder gap: Int64 = 0) -> [Span] {
        var result: [Span] = []
        for span in spans.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) {
            if let last = result.last, span.start <= last.end || distance(from: last.end, to: span.start) < UInt64(gap) {
                result[result.count - 1].end = max(last.end, span.end)
            } else {
                result.append(span)
            }
        }
        return result
    }

    /// The length of a union.
    static func length(_ union: [Span]) -> Int64 { union.reduce(Int64(0)) { $0 + ($1.end - $1.start) } }

    /// The first interval of a union that ends after an instant, by binary search.
    static func firstEnding(after instant: Int64, in union: [Span]) -> Span? {
        var low = 0
        var high = union.count
        while low < high {
            let middle = (low + high) / 2
            if union[middle].end > instant { high = middle } else { low = middle + 1 }
        }
        return low < union.count ? union[low] : nil
    }

    /// Whether any interval of a union overlaps this one.
    func overlaps(_ union: [Span]) -> Bool {
        guard let candidate = Span.firstEnding(after: start, in: union) else { return false }
        return candidate.start < end
    }
}
