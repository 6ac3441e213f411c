/// How serious an alarm or a ground-truth label is.
public enum Severity: UInt8, Sendable, CaseIterable, Comparable {
    /// Worth a line in the log.
    case informational
    /// Worth a look when there is time.
    case low
    /// Worth a look.
    case medium
    /// Harm is likely.
    case high
    /// Harm is under way.
    case critical

    /// The word that files and reports use.
    public var name: String {
        switch self {
        case .informational: "informational"
        case .low: "low"
        case .medium: "medium"
        case .high: "high"
        case .critical: "critical"
        }
    }

    /// The severity that a word names; `nil` for any other word.
    public init?(name: String) {
        guard let match = Severity.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }

    /// By rising seriousness.
    public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }
}
