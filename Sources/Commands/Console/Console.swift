import Glibc
public import YAMLTree

/// Everything of the outside that commands see, so that tests can hand in their own.
public struct Console {
    /// Results.
    public let output: Channel
    /// Progress and diagnostics.
    public let errors: Channel
    /// The value of an environment variable.
    public let environment: @Sendable (String) -> String?
    /// Reads a file; `-` is the standard input.
    public let read: (String) throws(DiagnosticError) -> SourceFile
    /// Directory that holds the directories of runs without `-o`.
    public let runs: String
    /// Whether Ctrl-C and SIGTERM are taken over while a scenario runs.
    public let takesSignals: Bool
    /// What `--color` said; `auto` looks at the terminal.
    var colorChoice = ColorChoice.auto

    /// A console of the given parts.
    public init(
        output: Channel, errors: Channel, environment: @escaping @Sendable (String) -> String?,
        read: @escaping (String) throws(DiagnosticError) -> SourceFile = { (path) throws(DiagnosticError) in try SourceFile.read(path: path) },
        runs: String = "runs", takesSignals: Bool = false
    ) {
        self.output = output
        self.errors = errors
        self.environment = environment
        self.read = read
        self.runs = runs
        self.takesSignals = takesSignals
    }

    /// The console of this process.
    public static func process() -> Console {
        Console(
            output: Channel(descriptor: STDOUT_FILENO), errors: Channel(descriptor: STDERR_FILENO),
            environment: { name in getenv(name).map { String(cString: $0) } }, takesSignals: true)
    }

    /// Whether text on a channel is coloured.
    func isColored(_ channel: Channel) -> Bool {
        switch colorChoice {
        case .always: return true
        case .never: return false
        case .auto:
            if let value = environment("NO_COLOR"), !value.isEmpty { return false }
            return channel.isTerminal && environment("TERM") != "dumb"
        }
    }

    /// The text in an ANSI style where the channel is coloured.
    func paint(_ text: String, _ style: Style, on channel: Channel) -> String {
        isColored(channel) ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes a result.
    func print(_ text: String) { output.write(text + "\n") }

    /// Writes a line for the person at the terminal.
    func note(_ text: String) { errors.write(text + "\n") }

    /// Writes findings, at most `limit` of them.
    func show(_ diagnostics: [Diagnostic], limit: Int = 20) {
        errors.write(DiagnosticRenderer(color: isColored(errors), explainHint: true).render(diagnostics, limit: limit))
    }
}

/// What `--color` takes.
enum ColorChoice: String, CaseIterable {
    case auto, always, never
}

/// The ANSI styles in use.
enum Style: String {
    case bold = "1"
    case good = "1;32"
    case bad = "1;31"
    case warning = "33"
    case quiet = "2"
}
