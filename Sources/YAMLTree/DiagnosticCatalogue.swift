/// All diagnostic codes with their long explanations, as `evsim explain CODE` shows them.
public enum DiagnosticCatalogue {
    /// The explanation of one code.
    public struct Entry: Sendable, Hashable {
        /// The code, such as `E0140`.
        public let code: String
        /// What it is about, in a few words.
        public let title: String
        /// What it means and why it is an error.
        public let explanation: String
        /// An input that shows it; empty where none can be written down.
        public let wrong: String
        /// The same input as it should be.
        public let right: String

        /// Makes an entry.
        public init(_ code: String, _ title: String, _ explanation: String, wrong: String = "", right: String = "") {
            self.code = code
            self.title = title
            self.explanation = explanation
            self.wrong = wrong
            self.right = right
        }
    }

    /// All entries in the order of their codes; each file `DiagnosticCatalogue+Topic.swift` gives one list.
    public static let entries: [Entry] = [files, syntax].flatMap { $0 }.sorted { $0.code.utf8.lexicographicallyPrecedes($1.code.utf8) }

    /// The entry of a code, upper or lower case; nil when there is none.
    public static func entry(_ code: String) -> Entry? {
        let wanted = code.uppercased()
        return entries.first { $0.code == wanted }
    }

    /// The codes nearest to a mistyped one, for a suggestion.
    public static func nearest(_ code: String) -> String? { Suggestion.nearest(code.uppercased(), among: entries.map(\.code)) }
}

extension DiagnosticCatalogue.Entry {
    /// The entry as text: heading, explanation, the wrong example and the right one.
    public var text: String {
        var text = "\(code): \(title)\n\n\(explanation)\n"
        func example(_ heading: String, _ lines: String) {
            guard !lines.isEmpty else { return }
            text += "\n\(heading)\n"
            for line in lines.split(separator: "\n", omittingEmptySubsequences: false) { text += line.isEmpty ? "\n" : "    \(line)\n" }
        }
        example("Wrong:", wrong)
        example("Right:", right)
        return text
    }
}
