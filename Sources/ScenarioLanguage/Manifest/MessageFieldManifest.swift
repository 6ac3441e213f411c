/// A field of a message: behind validation of `with`, pages and the schema.
public struct MessageFieldManifest: Sendable, Hashable {
    /// What the value of a field can be.
    public indirect enum Form: Sendable, Hashable {
        /// A text, with the greatest number of characters where there is one; `numbers` are texts too where that is meant.
        case text(longest: Int?, takesNumbers: Bool)
        /// A whole number.
        case whole
        /// A multiple of 0.1.
        case tenths
        /// `true` or `false`.
        case flag
        /// An instant of RFC 3339.
        case dateTime
        /// A URI.
        case uri
        /// One of these words.
        case oneOf([String])
        /// An object with these fields and no others.
        case object([MessageFieldManifest])
        /// A list with at least this many elements.
        case list(Form, least: Int)

        /// The form in words.
        public var words: String {
            switch self {
            case .text(let longest, _): longest.map { "text up to \($0)" } ?? "text"
            case .whole: "whole number"
            case .tenths: "number with one decimal"
            case .flag: "true or false"
            case .dateTime: "date and time"
            case .uri: "URI"
            case .oneOf(let words): words.joined(separator: " | ")
            case .object(let fields): "{\(fields.map(\.name).joined(separator: ", "))}"
            case .list(let form, _): "list of \(form.words)"
            }
        }
    }

    /// Official name.
    public let name: String
    /// What its value can be.
    public let form: Form
    /// Whether the standard requires it.
    public let required: Bool
    /// Whether the file must give it: required, and nothing that a run fills in.
    public let isNeeded: Bool

    /// The form in words.
    public var type: String { form.words }

    /// A field.
    public init(_ name: String, _ form: Form, required: Bool = false, isNeeded: Bool? = nil) {
        self.name = name
        self.form = form
        self.required = required
        self.isNeeded = isNeeded ?? required
    }
}
