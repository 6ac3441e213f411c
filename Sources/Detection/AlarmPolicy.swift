import Quantities

/// What becomes of the alerts of a detector beside their times: how serious they are, which count as one, and which are only recorded.
public struct AlarmPolicy: Equatable, Sendable {
    /// A severity that counts from a peak score on.
    public struct Level: Equatable, Sendable {
        /// The least peak score.
        public var from: Double
        /// The severity.
        public var severity: Severity

        /// A level out of its parts.
        public init(from: Double, severity: Severity) {
            self.from = from
            self.severity = severity
        }
    }

    /// When many alerts become one: more than `count` within a time.
    public struct Flap: Equatable, Sendable {
        /// So many alerts are still told one by one.
        public var count: Int
        /// The time in which they are counted.
        public var within: Duration

        /// A limit out of its parts.
        public init(count: Int = 6, within: Duration = .seconds(600)) {
            self.count = count
            self.within = within
        }
    }

    /// When an alert whose detector gives no score any more is stale.
    public enum Staleness: Equatable, Sendable {
        /// Never.
        case never
        /// After three times the mean time between scores, and 10 s at least.
        case automatic
        /// After a time.
        case after(Duration)
    }

    /// What is remembered of past alarms.
    public struct Patterns: Equatable, Sendable {
        /// Pieces of a pattern.
        public var segments: Int
        /// Patterns at most this far apart are the same.
        public var maximumDistance: Double
        /// Patterns that are kept.
        public var capacity: Int
        /// How much of the signal before the onset belongs to the pattern.
        public var before: Duration
        /// Numbers of patterns that are harmless: their alarms are recorded but do not count.
        public var benign: [Int]

        /// Settings out of their parts.
        public init(segments: Int = 16, maximumDistance: Double = 0.35, capacity: Int = 1024, before: Duration = .seconds(10), benign: [Int] = []) {
            self.segments = segments
            self.maximumDistance = maximumDistance
            self.capacity = capacity
            self.before = before
            self.benign = benign
        }
    }

    /// How serious an alarm is, without `levels`.
    public var severity = Severity.medium
    /// How serious an alarm is by its peak score; empty when it is always `severity`.
    public var levels: [Level] = []
    /// An alarm longer than this is one level more serious; `nil` for never.
    public var escalateAfter: Duration?
    /// When many alerts become one; `nil` for never.
    public var flap: Flap?
    /// When an alert without scores is marked.
    public var staleness = Staleness.never
    /// What is remembered of past alarms; `nil` for nothing.
    public var patterns: Patterns?

    /// A policy that only has a severity.
    public init(severity: Severity = .medium) { self.severity = severity }

    /// Throws when a number or a time is out of range.
    public func check() throws(DetectionError) {
        for level in levels where !(level.from >= 1 && level.from.isFinite) {
            throw .badEntry(path: ["severity_map", level.severity.name], problem: "must be a score of at least 1, from which on an alarm is so serious")
        }
        for level in levels {
            for other in levels where other.severity > level.severity && other.from < level.from {
                throw .badEntry(path: ["severity_map", other.severity.name], problem: "must not be less than that of '\(level.severity.name)'")
            }
        }
        if let escalateAfter, escalateAfter < .zero { throw .outOfRange(setting: "escalate_after", requirement: "0 s or longer") }
        if let flap {
            guard (1...10_000).contains(flap.count) else { throw .badEntry(path: ["flap", "count"], problem: "must be between 1 and 10000") }
            guard flap.within > .zero else { throw .badEntry(path: ["flap", "within"], problem: "must be longer than 0 s") }
        }
        if case .after(let time) = staleness, time <= .zero { throw .outOfRange(setting: "stale_after", requirement: "longer than 0 s") }
        if let patterns {
            guard (2...1024).contains(patterns.segments) else { throw .badEntry(path: ["patterns", "segments"], problem: "must be between 2 and 1024") }
            guard patterns.before >= .zero else { throw .badEntry(path: ["patterns", "before"], problem: "must be 0 s or longer") }
            guard patterns.maximumDistance >= 0, patterns.maximumDistance.isFinite else {
                throw .badEntry(path: ["patterns", "max_distance"], problem: "must not be negative")
            }
            guard (1...65536).contains(patterns.capacity) else { throw .badEntry(path: ["patterns", "capacity"], problem: "must be between 1 and 65536") }
        }
    }

    /// How serious an alarm is by its peak score and its length, and by how many levels others confirm it.
    public func severity(peak: Double, length: Duration, confirmed: Int = 0) -> Severity {
        var result = severity
        if !levels.isEmpty { result = levels.filter { peak >= $0.from }.map(\.severity).max() ?? .informational }
        let isLong = escalateAfter.map { length > $0 } ?? false
        return result.raised(by: confirmed + (isLong ? 1 : 0))
    }
}
