import Engine

/// `evsim man`: manual pages in roff, with the macros of man(7).
enum ManPage {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        console.output.write(text(arguments[0].flatMap { CommandTable.named($0) }))
        return .fine
    }

    /// The page of a command, or evsim(1).
    static func text(_ command: CommandSpec?) -> String {
        command.map(page) ?? overview()
    }

    private static func overview() -> String {
        var text =
            title("EVSIM") + ".SH NAME\nevsim \\- \(escaped(CommandTable.about))\n.SH SYNOPSIS\n.B evsim\n.I COMMAND\n[arguments] [options]\n.SH DESCRIPTION\n"
        for (index, paragraph) in CommandTable.text.enumerated() { text += (index > 0 ? ".PP\n" : "") + line(paragraph) }
        text += ".SH COMMANDS\n"
        for command in CommandTable.visible {
            text += ".SS \(quoted(command.synopsis))\n" + line(sentence(command.about))
            for paragraph in command.text { text += ".PP\n" + line(paragraph) }
            text += definitions(command.positionals.map { ($0.name, HelpPage.about($0)) })
            text += definitions(command.options.filter { !$0.isHidden }.map { ($0.spelling, HelpPage.about($0)) })
        }
        text += ".SH OPTIONS\nEvery command takes these.\n" + definitions(OptionSpec.everywhere.map { ($0.spelling, HelpPage.about($0)) })
        text += exitStatus(ExitCode.allCases)
        text += ".SH ENVIRONMENT\n"
        text += definitions([
            ("NO_COLOR", "When it is set and not empty, nothing is coloured."),
            ("CI", "When it is 'true' and standard error is no terminal, progress is a line each 10 %."),
            ("SWIFT_BACKTRACE", "When it is set, an error in evsim itself ends with the backtrace of the Swift runtime instead of exit code 70."),
        ])
        text += ".SH EXAMPLES\n"
        for example in CommandTable.visible.flatMap(\.examples) { text += self.example(example) }
        return text + ".SH SEE ALSO\n" + line(CommandTable.visible.map { "evsim-\($0.name)(1)" }.joined(separator: ", "))
    }

    private static func page(_ command: CommandSpec) -> String {
        var text = title("EVSIM-\(command.name.uppercased())")
        text += ".SH NAME\nevsim\\-\(escaped(command.name)) \\- \(escaped(command.about))\n.SH SYNOPSIS\n.B \(escaped(command.synopsis))\n.SH DESCRIPTION\n"
        for (index, paragraph) in command.text.enumerated() { text += (index > 0 ? ".PP\n" : "") + line(paragraph) }
        if !command.positionals.isEmpty { text += ".SH ARGUMENTS\n" + definitions(command.positionals.map { ($0.name, HelpPage.about($0)) }) }
        text += ".SH OPTIONS\n" + definitions(command.allOptions.filter { !$0.isHidden }.map { ($0.spelling, HelpPage.about($0)) })
        text += exitStatus(command.exitCodes)
        if !command.examples.isEmpty {
            text += ".SH EXAMPLES\n"
            for example in command.examples { text += self.example(example) }
        }
        return text + ".SH SEE ALSO\n.BR evsim (1)\n"
    }

    // MARK: Parts

    private static func title(_ name: String) -> String {
        ".\\\" Written by 'evsim man' from the table that also reads the command line.\n.TH \(quoted(name)) 1 \"\" \(quoted("evsim \(evsimVersion)")) \"User Commands\"\n.nh\n.ad l\n"
    }

    private static func definitions(_ rows: [(String, String)]) -> String {
        rows.map { ".TP\n.B \(escaped($0.0))\n" + line($0.1) }.joined()
    }

    private static func exitStatus(_ codes: [ExitCode]) -> String {
        ".SH EXIT STATUS\n" + definitions(codes.map { (String($0.rawValue), sentence($0.about)) })
    }

    private static func example(_ example: (line: String, about: String)) -> String {
        ".TP\n.B \(escaped(example.line))\n" + (example.about.isEmpty ? "\\&\n" : line(sentence(example.about)))
    }

    private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() + "." }

    /// One line of text; a dot or quote at its start would be a request.
    private static func line(_ text: String) -> String {
        let text = escaped(text)
        return (text.hasPrefix(".") || text.hasPrefix("\\(aq") ? "\\&" : "") + text + "\n"
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    /// Text in which nothing is markup; the dash of options stays a dash that can be copied.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "\"": result += "\\(dq"
            case "~": result += "\\(ti"
            case "^": result += "\\(ha"
            case "`": result += "\\(ga"
            case "…": result += "..."
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
