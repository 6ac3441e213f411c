import YAMLTree

/// `evsim help`, and help that an option asks for.
enum HelpPage {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        if arguments.has(.markdown) {
            console.output.write(MarkdownPage.text())
        } else {
            console.output.write(text(arguments[0].flatMap { CommandTable.named($0) }, console))
        }
        return .fine
    }

    /// The page of a command, or the overview.
    static func text(_ command: CommandSpec?, _ console: Console) -> String {
        let width = max(60, min(console.output.columns, 100))
        let heading = { (text: String) in console.paint(text, .bold, on: console.output) + "\n" }
        guard let command else { return overview(width, heading) }
        return page(command, width, heading)
    }

    private static func overview(_ width: Int, _ heading: (String) -> String) -> String {
        var text = "evsim \(CommandTable.about)\n\n" + heading("Usage: evsim COMMAND [arguments] [options]") + "\n" + heading("Commands")
        text += TextLayout.definitions(
            CommandTable.visible.map { command in ((["\(command.name)"] + command.positionals.map(\.spelling)).joined(separator: " "), command.about) },
            width: width)
        text += "\n" + heading("Options of every command")
        text += TextLayout.definitions(OptionSpec.everywhere.map { (spelling($0), about($0)) }, width: width)
        text += "\n'evsim help COMMAND' says more. Start here:\n"
        text += "  evsim new my-first && evsim run my-first.yaml\n"
        return text
    }

    private static func page(_ command: CommandSpec, _ width: Int, _ heading: (String) -> String) -> String {
        var text =
            TextLayout.wrap("evsim \(command.name) — \(command.about)", width: width).joined(separator: "\n") + "\n\n" + heading("Usage: \(command.synopsis)")
        for paragraph in command.text { text += "\n" + TextLayout.wrap(paragraph, width: width).joined(separator: "\n") + "\n" }
        if !command.positionals.isEmpty {
            text += "\n" + heading("Arguments") + TextLayout.definitions(command.positionals.map { ($0.name, about($0)) }, width: width)
        }
        text += "\n" + heading("Options") + TextLayout.definitions(command.allOptions.filter { !$0.isHidden }.map { (spelling($0), about($0)) }, width: width)
        if !command.examples.isEmpty {
            text += "\n" + heading("Examples")
            for example in command.examples { text += "  \(example.line)\n" + (example.about.isEmpty ? "" : "      \(example.about)\n") }
        }
        text += "\n" + heading("Exit codes") + TextLayout.definitions(command.exitCodes.map { (String($0.rawValue), $0.about) }, width: width)
        return text
    }

    /// Options without a letter are indented like those with one.
    private static func spelling(_ option: OptionSpec) -> String { (option.short == nil ? "    " : "") + option.spelling }

    /// What help says about an option: its line, the words it takes, its default.
    static func about(_ option: OptionSpec) -> String { option.about + (option.defaultText.map { " Default: \($0)." } ?? "") }

    /// What help says about an argument.
    static func about(_ positional: PositionalSpec) -> String {
        guard case .words(let words) = positional.type else { return positional.about }
        return "\(positional.about.trimmingFullStop): \(words.joined(separator: ", "))."
    }
}
