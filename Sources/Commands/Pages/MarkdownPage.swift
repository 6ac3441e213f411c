/// The reference page of the command line for the documentation.
enum MarkdownPage {
    static func text() -> String {
        var text = "# The command line\n\n"
        text += "Written by `evsim help --markdown` from the table that also reads the command line.\n\n"
        for paragraph in CommandTable.text { text += "\(escaped(paragraph))\n\n" }
        text += "| Command | |\n|---|---|\n"
        for command in CommandTable.visible { text += "| [`\(command.name)`](#\(command.name)) | \(cell(command.about)) |\n" }
        for command in CommandTable.visible { text += "\n" + section(command) }
        text += "\n## Options of every command\n\n| Option | |\n|---|---|\n"
        for option in OptionSpec.everywhere { text += row(option) }
        text += "\n## Exit codes\n\n| Code | |\n|---|---|\n"
        for code in ExitCode.allCases { text += "| \(code.rawValue) | \(cell(code.about)) |\n" }
        return text
    }

    private static func section(_ command: CommandSpec) -> String {
        var text = "## \(command.name)\n\n`\(command.synopsis)` — \(escaped(command.about)).\n"
        for paragraph in command.text { text += "\n\(escaped(paragraph))\n" }
        if !command.positionals.isEmpty {
            text += "\n| Argument | |\n|---|---|\n"
            for positional in command.positionals { text += "| `\(positional.spelling)` | \(cell(HelpPage.about(positional))) |\n" }
        }
        let options = command.options.filter { !$0.isHidden }
        if !options.isEmpty {
            text += "\n| Option | |\n|---|---|\n"
            for option in options { text += row(option) }
        }
        if !command.examples.isEmpty {
            text += "\n```sh\n"
            for example in command.examples { text += (example.about.isEmpty ? "" : "# \(example.about)\n") + "\(example.line)\n" }
            text += "```\n"
        }
        return text + "\nExit codes: \(command.exitCodes.map { String($0.rawValue) }.joined(separator: ", ")).\n"
    }

    private static func row(_ option: OptionSpec) -> String { "| `\(option.spelling)` | \(cell(HelpPage.about(option))) |\n" }

    private static func cell(_ text: String) -> String { escaped(String(text.map { $0 == "|" ? "/" : $0 })) }

    /// Text with the characters that Markdown would take for markup escaped.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if "*_<>`".contains(character) { result += "\\" }
            result.append(character)
        }
        return result
    }
}
