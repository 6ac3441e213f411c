import YAMLTree

/// `evsim __complete`: the candidates for the last of the given words.
enum CompletionAnswer {
    /// A word with its explanation.
    typealias Candidate = (word: String, about: String)

    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        let (candidates, files) = answer(arguments.positionals.map(\.text), console)
        for candidate in candidates {
            console.print(DisplayText.visible(candidate.word) + (candidate.about.isEmpty ? "" : "\t" + DisplayText.visible(candidate.about)))
        }
        console.print(files)
        return .fine
    }

    /// The candidates that begin with the last word, and the line about files.
    static func answer(_ words: [String], _ console: Console) -> (candidates: [Candidate], files: String) {
        let current = words.last ?? ""
        let before = Array(words.dropLast())
        let commandIndex = before.firstIndex { !$0.hasPrefix("-") }
        guard let commandIndex, let command = CommandTable.named(before[commandIndex]) else {
            if current.hasPrefix("-") { return (options(OptionSpec.everywhere, current, []), ":none") }
            return (CommandTable.visible.map { ($0.name, $0.about) }.filter { $0.word.hasPrefix(current) }, ":none")
        }
        let line = Array(before[(commandIndex + 1)...])
        let (positionals, pending) = walk(line, command)
        if let pending { return values(pending.type, current, prefix: "", command, positionals, line, console) }
        let optionsEnded = line.contains("--")
        if !optionsEnded, current.hasPrefix("--"), let sign = current.firstIndex(of: "=") {
            let name = String(current[current.index(current.startIndex, offsetBy: 2)..<sign])
            guard let option = command.allOptions.first(where: { $0.name == name }), option.valueName != nil else { return ([], ":none") }
            let value = String(current[current.index(after: sign)...])
            return values(option.type, value, prefix: "--\(name)=", command, positionals, line, console)
        }
        if !optionsEnded, current.hasPrefix("-"), current != "-" { return (options(command.allOptions, current, line), ":none") }
        let specs = command.positionals
        let spec = positionals.count < specs.count ? specs[positionals.count] : specs.last.flatMap { $0.arity == .many || $0.arity == .any ? $0 : nil }
        guard let spec else { return (options(command.allOptions, current, line), ":none") }
        if spec.name == "DIR", positionals.first != ListArea.scenarios.rawValue { return ([], ":none") }
        var result = values(spec.type, current, prefix: "", command, positionals, line, console)
        if current.isEmpty, result.candidates.isEmpty, result.files == ":none" { result.candidates = options(command.allOptions, current, line) }
        return result
    }

    /// The positional arguments of the words, and the option that waits for its value.
    private static func walk(_ words: [String], _ command: CommandSpec) -> (positionals: [String], pending: OptionSpec?) {
        var positionals: [String] = []
        var pending: OptionSpec?
        for token in ArgumentLexer.tokens(words) {
            if pending != nil {
                pending = nil
                continue
            }
            switch token.form {
            case .word(let text): positionals.append(text)
            case .long(let name, nil): pending = command.allOptions.first { $0.name == name && $0.valueName != nil }
            case .short(let letter, ""): pending = command.allOptions.first { $0.short == letter && $0.valueName != nil }
            default: break
            }
        }
        return (positionals, pending)
    }

    private static func options(_ options: [OptionSpec], _ current: String, _ line: [String]) -> [Candidate] {
        options.filter { !$0.isHidden && ($0.repeats || !line.contains("--\($0.name)")) }.map { ("--\($0.name)", $0.about) }.filter {
            $0.word.hasPrefix(current)
        }
    }

    private static func values(
        _ type: ArgumentType, _ current: String, prefix: String, _ command: CommandSpec, _ positionals: [String], _ line: [String], _ console: Console
    ) -> (candidates: [Candidate], files: String) {
        func matching(_ all: [Candidate], files: String = ":none") -> (candidates: [Candidate], files: String) {
            (all.filter { $0.word.hasPrefix(current) }.map { (prefix + $0.word, $0.about) }, files)
        }
        switch type {
        case .text, .number: return ([], ":none")
        case .scenario: return ([], ":files yaml yml")
        case .newFile, .directory: return ([], ":directories")
        case .run: return matching(CompletionNames.runs(in: console.runs), files: ":directories")
        case .size: return matching([("1200x800", ""), ("1920x1080", "a screen"), ("2400x1600", "a page")])
        case .signal: return matching(positionals.first.map { CompletionNames.signals(of: $0, console) } ?? [])
        case .file(let endings): return ([], ":files " + endings.joined(separator: " "))
        case .words(let words): return matching(words.map { ($0, areaAbout($0, command)) })
        case .command: return matching(CommandTable.visible.map { ($0.name, $0.about) })
        case .code: return matching(CodeBook.entries.map { ($0.code, $0.title) })
        case .subject: return matching(Subject.all.map { ($0.name, $0.about) }, files: ":files yaml yml")
        case .assignment:
            guard !current.contains("="), let path = positionals.first, path != "-" else { return ([], ":none") }
            return matching(CompletionNames.parameters(of: path, console))
        }
    }

    private static func areaAbout(_ word: String, _ command: CommandSpec) -> String {
        switch command.name {
        case "list": ListArea(rawValue: word)?.about ?? ""
        case "new": Template.named(word)?.about ?? ""
        default: ""
        }
    }
}
