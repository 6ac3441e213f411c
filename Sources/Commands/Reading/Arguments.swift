/// A command line that was read, matched and checked.
struct Arguments: Sendable {
    /// A value and the number of the argument that it came from, from 1.
    struct Value: Sendable, Equatable {
        let text: String
        let position: Int
    }

    /// The command.
    let command: CommandSpec
    /// Arguments without a dash.
    fileprivate(set) var positionals: [Value]
    fileprivate var given: [(name: String, value: Value)] = []

    init(command: CommandSpec, positionals: [Value], given: [(name: String, value: Value)]) {
        self.command = command
        self.positionals = positionals
        self.given = given
    }

    /// Whether an option was given.
    func has(_ option: OptionSpec) -> Bool { given.contains { $0.name == option.name } }

    /// The value of an option.
    func text(_ option: OptionSpec) -> String? { given.last { $0.name == option.name }?.value.text }

    /// The values of a repeatable option.
    func texts(_ option: OptionSpec) -> [String] { given.filter { $0.name == option.name }.map(\.value.text) }

    /// The value of an option that takes a number.
    func number(_ option: OptionSpec) -> UInt64? { text(option).flatMap { UInt64($0) } }

    /// The pairs of a repeatable option `NAME=VALUE`.
    func assignments(_ option: OptionSpec) -> [(name: String, text: String)] {
        given.filter { $0.name == option.name }.compactMap { entry in Arguments.assignment(entry.value.text) }
    }

    /// The positional argument of a number, from 0.
    subscript(index: Int) -> String? { index < positionals.count ? positionals[index].text : nil }

    /// A text of the form `NAME=VALUE` in its two parts.
    static func assignment(_ text: String) -> (name: String, text: String)? {
        guard let sign = text.firstIndex(of: "="), sign != text.startIndex else { return nil }
        return (String(text[..<sign]), String(text[text.index(after: sign)...]))
    }
}

/// What is wrong with a command line.
struct UsageError: Error, Sendable, Equatable {
    /// One sentence without full stop, naming the argument.
    let message: String
    /// What to do.
    var help: String?

    init(_ message: String, help: String? = nil) {
        self.message = message
        self.help = help
    }
}
