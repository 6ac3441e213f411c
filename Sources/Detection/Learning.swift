public import Quantities

/// Which samples a detector takes into its picture of what is normal.
public enum LearningMode: String, Sendable, CaseIterable {
    /// All of them.
    case always
    /// Those with a score below 1.
    case normalOnly = "normal-only"
    /// None, once the time to learn is over.
    case frozen
}

/// How a detector learns what is normal: `learn`, `learn_for`, `relearn_after`.
public struct Learning: Equatable, Sendable {
    /// Which samples are learnt after the time to learn.
    public var mode: LearningMode
    /// A time after the first sample in which everything is learnt and nothing is judged; `nil` when the detector's own warm-up is enough.
    public var learnFor: Duration?
    /// An anomaly that goes on for so long is taken as the new normal; `nil` for never. Only for `normal-only`.
    public var relearnAfter: Duration?

    /// A way to learn out of its parts.
    public init(mode: LearningMode = .always, learnFor: Duration? = nil, relearnAfter: Duration? = nil) {
        self.mode = mode
        self.learnFor = learnFor
        self.relearnAfter = relearnAfter
    }

    /// Throws when a time is not longer than 0 s, or has no meaning in the mode.
    public func check() throws(DetectionError) {
        if let learnFor, learnFor <= .zero { throw .outOfRange(setting: "learn_for", requirement: "longer than 0 s") }
        guard let relearnAfter else { return }
        guard relearnAfter > .zero else { throw .outOfRange(setting: "relearn_after", requirement: "longer than 0 s") }
        guard mode == .normalOnly else { throw .outOfRange(setting: "relearn_after", requirement: "given only with 'learn: normal-only'") }
    }

    /// The settings of every kind that learns; `mode` is the default of `learn`.
    static func settings(_ mode: LearningMode = .always) -> [DetectorSetting] {
        [
            DetectorSetting(
                "learn", .oneOf(LearningMode.allCases.map(\.rawValue)), default: .word(mode.rawValue),
                about: "always: every sample; normal-only: those with a score below 1; frozen: none after the time to learn."),
            DetectorSetting("learn_for", .duration, about: "Learns so long from the first sample on and judges only then."),
            DetectorSetting(
                "relearn_after", .duration, about: "With normal-only: an anomaly that goes on for so long is the new normal; by default never."),
        ]
    }

    /// The way to learn that checked settings give.
    init(_ settings: DetectorSettings, default mode: LearningMode = .always) throws(DetectionError) {
        self.init(
            mode: settings.word("learn").flatMap(LearningMode.init) ?? mode, learnFor: settings.duration("learn_for"),
            relearnAfter: settings.duration("relearn_after"))
        try check()
    }
}

/// Decides for each sample whether it is judged and whether it is learnt.
///
/// Ask `judges(at:)` first, then `learns(score:at:)` with the score that the sample got.
public struct LearningGate: Sendable {
    private let mode: LearningMode
    private let learnFor: Int64
    private let relearnAfter: Int64
    /// Whether every sample is judged and learnt, so that there is nothing to decide.
    public let isOpen: Bool
    private var first: Int64?
    private var isLearning: Bool
    private var anomalousSince: Int64?
    private var isRelearning = false
    /// How often an anomaly has become the new normal.
    public private(set) var relearned = 0

    /// A gate for a way to learn.
    public init(_ learning: Learning) {
        mode = learning.mode
        learnFor = learning.learnFor?.nanoseconds ?? 0
        relearnAfter = learning.relearnAfter?.nanoseconds ?? .max
        isLearning = learnFor > 0
        isOpen = learning.mode == .always && learnFor == 0
    }

    /// Whether a sample is judged: the time to learn is over.
    public mutating func judges(at instant: Instant) -> Bool {
        guard isLearning else { return true }
        guard let first else {
            self.first = instant.nanoseconds
            return false
        }
        isLearning = distance(from: first, to: instant.nanoseconds) < UInt64(learnFor)
        return !isLearning
    }

    /// Whether a sample is learnt; the score is `nil` while the detector is warming up.
    public mutating func learns(score: Double?, at instant: Instant) -> Bool {
        guard !isLearning, let score else { return true }
        switch mode {
        case .always: return true
        case .frozen: return false
        case .normalOnly:
            guard score >= 1 else {
                anomalousSince = nil
                isRelearning = false
                return true
            }
            guard let since = anomalousSince else {
                anomalousSince = instant.nanoseconds
                return false
            }
            guard distance(from: since, to: instant.nanoseconds) >= UInt64(relearnAfter) else { return false }
            if !isRelearning { relearned += 1 }
            isRelearning = true
            return true
        }
    }

    /// Writes the state.
    public func save(_ writer: inout StateWriter) {
        writer.put(first)
        writer.put(isLearning)
        writer.put(anomalousSince)
        writer.put(relearned)
        writer.put(isRelearning)
    }

    /// Takes over a state.
    public mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        first = try reader.optionalInteger()
        isLearning = try reader.flag()
        anomalousSince = try reader.optionalInteger()
        relearned = try reader.int()
        isRelearning = try reader.flag()
    }
}
