import YAMLTree

/// The second and third phase: tokens become options and arguments of a command, and their values are checked.
struct ArgumentMatcher {
    /// What a command line asks for.
    enum Request: Sendable {
        /// A command.
        case command(Arguments)
        /// The help of a command, or of all.
        case help(CommandSpec?)
    }

    private let arguments: [String]
    private var tokens: [ArgumentLexer.Token] = []
    private var errors: [UsageError] = []
    private var positionals: [Arguments.Value] = []
    private var given: [(name: String, value: Arguments.Value)] = []

    /// The request of a command line, or everything that is wrong with it.
    static func request(_ arguments: [String]) -> Result<Request, UsageErrors> {
        var matcher = ArgumentMatcher(arguments)
        return matcher.match()
    }

    private init(_ arguments: [String]) {
        self.arguments = arguments
        tokens = ArgumentLexer.tokens(arguments)
    }

    // MARK: Match

    private mutating func match() -> Result<Request, UsageErrors> {
        let commandIndex = commandWord()
        let name = commandIndex.map { tokens[$0].text }
        let command = name.flatMap { CommandTable.named($0) }
        if let command, command.name == "__complete" {
            let words = tokens.dropFirst().map { Arguments.Value(text: $0.text, position: $0.position) }
            return .success(.command(Arguments(command: command, positionals: words, given: [])))
        }
        if let name, command == nil { return .failure(UsageErrors(command: nil, [unknownCommand(name, at: commandIndex ?? 0)])) }
        guard let command, let commandIndex else { return matchWithoutCommand() }
        tokens.remove(at: commandIndex)
        if asksForHelp { return .success(.help(command)) }
        matchTokens(command)
        checkCounts(command)
        for (name, value) in given { check(value, command.allOptions.first { $0.name == name }?.type ?? .text, "--\(name)") }
        for (value, spec) in zip(positionals, expanded(command.positionals, positionals.count)) { check(value, spec.type, spec.name) }
        guard errors.isEmpty else { return .failure(UsageErrors(command: command, errors)) }
        return .success(.command(Arguments(command: command, positionals: positionals, given: given)))
    }

    /// Whether help is asked for with an option: it wins over whatever else is wrong.
    private var asksForHelp: Bool {
        tokens.contains { token in
            switch token.form {
            case .long("help", nil): true
            case .short("h", ""): true
            default: false
            }
        }
    }

    /// The place of the command: the first word that is not the value of an option in front of it.
    private func commandWord() -> Int? {
        var index = 0
        while index < tokens.count {
            switch tokens[index].form {
            case .word: return index
            case .long(let name, nil): index += ArgumentMatcher.takesValue { $0.name == name } ? 2 : 1
            case .short(let letter, ""): index += ArgumentMatcher.takesValue { $0.short == letter } ? 2 : 1
            default: index += 1
            }
        }
        return nil
    }

    private static func takesValue(_ isMeant: (OptionSpec) -> Bool) -> Bool {
        CommandTable.all.contains { $0.allOptions.contains { isMeant($0) && $0.valueName != nil } }
    }

    private mutating func matchWithoutCommand() -> Result<Request, UsageErrors> {
        let isVersion = tokens.count == 1 && tokens[0].form == .long("version", value: nil)
        if isVersion, let version = CommandTable.named("version") { return .success(.command(Arguments(command: version, positionals: [], given: []))) }
        if tokens.isEmpty || asksForHelp { return .success(.help(nil)) }
        let first = tokens[0]
        return .failure(UsageErrors(command: nil, [UsageError("\(ArgumentMatcher.quoted(first.text)) stands without a command", help: "see 'evsim help'")]))
    }

    private func unknownCommand(_ name: String, at index: Int) -> UsageError {
        let nearest = Suggestion.nearest(name, among: CommandTable.visible.map(\.name))
        let isFile = name.hasSuffix(".yaml") || name.hasSuffix(".yml")
        let help = nearest.map { "did you mean '\($0)'?" } ?? (isFile ? "to simulate a file: evsim run \(name)" : "see 'evsim help'")
        return UsageError("unknown command \(ArgumentMatcher.quoted(name)) (argument \(tokens[index].position))", help: help)
    }

    private mutating func matchTokens(_ command: CommandSpec) {
        var index = 0
        while index < tokens.count {
            let token = tokens[index]
            index += 1
            switch token.form {
            case .word(let text): positionals.append(Arguments.Value(text: text, position: token.position))
            case .long(let name, let value):
                guard let option = command.allOptions.first(where: { $0.name == name }) else {
                    errors.append(unknownOption("--\(name)", token, command))
                    // The value of an option that was probably meant is no argument of its own.
                    let meant = Suggestion.nearest(name, among: command.allOptions.map(\.name)) ?? name
                    if value == nil, ArgumentMatcher.takesValue({ $0.name == meant }), index < tokens.count, case .word = tokens[index].form { index += 1 }
                    continue
                }
                take(option, value, token, &index)
            case .short(let letter, let rest):
                guard let option = command.allOptions.first(where: { $0.short == letter }) else {
                    errors.append(unknownOption("-\(letter)", token, command))
                    continue
                }
                if option.valueName == nil, !rest.isEmpty {
                    errors.append(
                        UsageError(
                            "'-\(letter)' takes no value (argument \(token.position), \(ArgumentMatcher.quoted(token.text)))", help: "write options one by one")
                    )
                    continue
                }
                take(option, rest.isEmpty ? nil : rest.hasPrefix("=") ? String(rest.dropFirst()) : rest, token, &index)
            }
        }
    }

    private mutating func take(_ option: OptionSpec, _ inline: String?, _ token: ArgumentLexer.Token, _ index: inout Int) {
        if !option.repeats, given.contains(where: { $0.name == option.name }) {
            errors.append(UsageError("'--\(option.name)' is given twice (argument \(token.position))", help: "give it once"))
        }
        guard let valueName = option.valueName else {
            if let inline {
                errors.append(UsageError("'--\(option.name)' takes no value, and has \(ArgumentMatcher.quoted(inline)) (argument \(token.position))"))
            }
            given.append((option.name, Arguments.Value(text: "", position: token.position)))
            return
        }
        if let inline {
            given.append((option.name, Arguments.Value(text: inline, position: token.position)))
            return
        }
        guard index < tokens.count, case .word(let text) = tokens[index].form else {
            errors.append(UsageError("'\(token.text)' needs a value (argument \(token.position))", help: "write '\(token.text) \(valueName)'"))
            return
        }
        given.append((option.name, Arguments.Value(text: text, position: tokens[index].position)))
        index += 1
    }

    private func unknownOption(_ spelling: String, _ token: ArgumentLexer.Token, _ command: CommandSpec) -> UsageError {
        let names = command.allOptions.filter { !$0.isHidden }.map { "--\($0.name)" }
        let owners = CommandTable.visible.filter { other in other.allOptions.contains { "--\($0.name)" == spelling } }
        var help: String?
        if let near = Suggestion.nearest(spelling, among: names) {
            help = "did you mean '\(near)'?"
        } else if !owners.isEmpty {
            help = "'\(spelling)' belongs to \(owners.map { "'evsim \($0.name)'" }.joined(separator: ", "))"
        }
        return UsageError("unknown option \(ArgumentMatcher.quoted(spelling)) of 'evsim \(command.name)' (argument \(token.position))", help: help)
    }

    // MARK: Decode

    private func expanded(_ specs: [PositionalSpec], _ count: Int) -> [PositionalSpec] {
        guard let last = specs.last, last.arity == .many || last.arity == .any else { return specs }
        return specs + Array(repeating: last, count: max(0, count - specs.count))
    }

    private mutating func checkCounts(_ command: CommandSpec) {
        let specs = command.positionals
        let needed = specs.count { $0.arity == .one || $0.arity == .many }
        if positionals.count < needed {
            let missing = specs[positionals.count]
            errors.append(
                UsageError(
                    "'evsim \(command.name)' needs \(missing.name): \(ArgumentMatcher.lowered(missing.about))",
                    help: "write 'evsim \(command.name) \(missing.name)'"))
        }
        if specs.last?.arity != .many, specs.last?.arity != .any, positionals.count > specs.count {
            let extra = positionals[specs.count]
            let what = specs.isEmpty ? "takes no argument" : "takes \(specs.map(\.spelling).joined(separator: " ")) only"
            errors.append(UsageError("'evsim \(command.name)' \(what); \(ArgumentMatcher.quoted(extra.text)) is too much (argument \(extra.position))"))
            positionals.removeLast(positionals.count - specs.count)
        }
    }

    private mutating func check(_ value: Arguments.Value, _ type: ArgumentType, _ name: String) {
        let shown = "\(ArgumentMatcher.quoted(value.text)) (argument \(value.position))"
        switch type {
        case .text, .code, .subject, .size, .signal: break
        case .scenario, .directory, .run, .file, .newFile:
            if value.text.isEmpty { errors.append(UsageError("\(name) is empty (argument \(value.position))")) }
        case .number(let range):
            guard let number = UInt64(value.text), !value.text.hasPrefix("+") else {
                errors.append(UsageError("\(name) takes a whole number from \(range.lowerBound) to \(range.upperBound), not \(shown)"))
                return
            }
            if !range.contains(number) { errors.append(UsageError("\(name) takes a number from \(range.lowerBound) to \(range.upperBound), not \(shown)")) }
        case .assignment:
            if Arguments.assignment(value.text) == nil {
                errors.append(UsageError("\(name) takes NAME=VALUE, not \(shown)", help: "for example '\(name) limit=32A'"))
            }
        case .words(let words):
            guard !words.contains(value.text) else { return }
            let near = Suggestion.nearest(value.text, among: words)
            errors.append(UsageError("\(name) is one of \(words.joined(separator: ", ")), not \(shown)", help: near.map { "did you mean '\($0)'?" }))
        case .command:
            guard CommandTable.visible.allSatisfy({ $0.name != value.text }) else { return }
            let near = Suggestion.nearest(value.text, among: CommandTable.visible.map(\.name))
            errors.append(UsageError("there is no command \(shown)", help: near.map { "did you mean '\($0)'?" } ?? "see 'evsim help'"))
        }
    }

    static func quoted(_ text: String) -> String { DisplayText.visible(Diagnostic.quoted(text)) }

    private static func lowered(_ text: String) -> String {
        guard let first = text.first else { return text }
        return first.lowercased() + text.dropFirst().trimmingFullStop
    }
}

/// All that is wrong with one command line.
struct UsageErrors: Error, Sendable {
    /// The command, when it is known.
    let command: CommandSpec?
    /// At least one.
    let errors: [UsageError]

    init(command: CommandSpec?, _ errors: [UsageError]) {
        self.command = command
        self.errors = errors
    }

    /// The lines for standard error.
    var text: String {
        var text = ""
        for error in errors.prefix(20) { text += "error: \(error.message)\(error.help.map { "; \($0)" } ?? "")\n" }
        if let command { text += "usage: \(command.synopsis)      (evsim help \(command.name))\n" }
        return text
    }
}

extension StringProtocol {
    /// The text without the full stop at its end.
    var trimmingFullStop: String { hasSuffix(".") ? String(dropLast()) : String(self) }
}
