/// One finding about the input: a stable code, a place, what is wrong and what would be right.
public struct Diagnostic: Sendable, Hashable {
    /// How grave a finding is.
    public enum Severity: String, Sendable, Hashable, CaseIterable {
        /// The input is refused.
        case error
        /// The input is accepted, but probably does not mean what its author wants.
        case warning
        /// For information only.
        case note
    }

    /// A second place that explains the first, such as the earlier one of two equal keys.
    public struct Related: Sendable, Hashable {
        /// The place.
        public let span: Span
        /// What is to be seen there.
        public let message: String

        /// Makes a related place.
        public init(_ span: Span, _ message: String) {
            self.span = span
            self.message = message
        }
    }

    /// The stable code, such as `E0203` or `W0601`; ``DiagnosticCatalogue`` explains it.
    public let code: String
    /// How grave it is.
    public var severity: Severity
    /// Where it is; nil when it is about no place in a file.
    public var span: Span?
    /// What is wrong, in one sentence without a full stop.
    public var message: String
    /// The quiet text after the carets, such as `did you mean 'detectors'?` or `help: write '2s'`.
    public var label: String?
    /// Facts that explain the finding, one line each.
    public var notes: [String]
    /// What to do, in one line.
    public var help: String?
    /// Other places that belong to the finding, in the order in which they are shown.
    public var related: [Related]

    /// Makes a finding.
    public init(
        _ code: String, _ message: String, at span: Span?, severity: Severity = .error, label: String? = nil, notes: [String] = [],
        help: String? = nil, related: [(Span, String)] = []
    ) {
        self.code = code
        self.severity = severity
        self.span = span
        self.message = message
        self.label = label
        self.notes = notes
        self.help = help
        self.related = related.map { Related($0.0, $0.1) }
    }

    /// The text in single quotes, cut to `limit` code points: how a message cites what the user wrote.
    public static func quoted(_ text: String, limit: Int = 40) -> String {
        let scalars = text.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex), end < scalars.endIndex else {
            return "'\(text)'"
        }
        return "'\(String(scalars[..<end]))…'"
    }
}

/// An error that carries the finding to show.
public struct DiagnosticError: Error, Sendable, Hashable {
    /// The finding.
    public let diagnostic: Diagnostic

    /// Wraps a finding.
    public init(_ diagnostic: Diagnostic) { self.diagnostic = diagnostic }
}
