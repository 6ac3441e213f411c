/// What an argument or the value of an option can be; decides its check and its completion.
enum ArgumentType: Sendable {
    /// Any text.
    case text
    /// A scenario file.
    case scenario
    /// A directory.
    case directory
    /// The directory of a run.
    case run
    /// A file that does not exist yet.
    case newFile
    /// A file with one of these endings.
    case file([String])
    /// A whole number in a range.
    case number(ClosedRange<UInt64>)
    /// Width and height in pixels: `1200x800`.
    case size
    /// A signal of the scenario, or of the run, that stands first on the line.
    case signal
    /// A parameter and its value: `gap=20ms`.
    case assignment
    /// One of a few words.
    case words([String])
    /// The name of a command.
    case command
    /// A code of a diagnostic.
    case code
    /// A name that `describe` knows, or a scenario file.
    case subject
}

/// One option of the command line.
struct OptionSpec: Sendable {
    /// Name behind `--`.
    let name: String
    /// Letter behind `-`.
    var short: Character?
    /// Name of the value in help; `nil` for an option without value.
    var valueName: String?
    /// What the value can be.
    var type = ArgumentType.text
    /// One line.
    let about: String
    /// The default in words.
    var defaultText: String?
    /// Whether it can be given more than once.
    var repeats = false
    /// Whether help leaves it out.
    var isHidden = false

    /// How it is written: `-o, --output DIR`.
    var spelling: String { (short.map { "-\($0), " } ?? "") + "--" + name + (valueName.map { " \($0)" } ?? "") }
}

/// One argument without a dash.
struct PositionalSpec: Sendable {
    /// How many there can be.
    enum Arity: Sendable {
        case one, optional, many, any
    }

    /// Name in help: `FILE`.
    let name: String
    /// What it can be.
    let type: ArgumentType
    /// One line.
    let about: String
    /// How many.
    var arity = Arity.one

    /// How it stands in a synopsis: `FILE`, `[AREA]`, `FILE…`.
    var spelling: String {
        switch arity {
        case .one: name
        case .optional: "[\(name)]"
        case .many: "\(name)…"
        case .any: "[\(name)…]"
        }
    }
}

/// One command: the only source of its parsing, help, man page, reference page and completion.
struct CommandSpec: Sendable {
    /// Name.
    let name: String
    /// One line without full stop.
    let about: String
    /// Paragraphs.
    let text: [String]
    /// Arguments in their order.
    var positionals: [PositionalSpec] = []
    /// Options besides those that every command has.
    var options: [OptionSpec] = []
    /// Command lines with an explanation.
    var examples: [(line: String, about: String)] = []
    /// Exit codes that it can give.
    var exitCodes: [ExitCode] = [.fine, .usage]
    /// Whether help leaves it out.
    var isHidden = false
    /// What it does.
    let perform: @Sendable (Arguments, Console) -> ExitCode

    /// All its options: its own and those of every command.
    var allOptions: [OptionSpec] { options + OptionSpec.everywhere }

    /// `evsim run FILE [options]`.
    var synopsis: String {
        (["evsim", name] + positionals.map(\.spelling) + (options.contains { !$0.isHidden } ? ["[options]"] : [])).joined(separator: " ")
    }
}
