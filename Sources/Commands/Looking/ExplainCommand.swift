import JSONText
import YAMLTree

/// `evsim explain`.
enum ExplainCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let code = arguments[0] else { return .usage }
        guard let entry = CodeBook.entry(code) else {
            let near = Suggestion.nearest(code.uppercased(), among: CodeBook.entries.map(\.code))
            console.note("error: there is no code \(ArgumentMatcher.quoted(code))\(near.map { "; did you mean '\($0)'?" } ?? "; see 'evsim list codes'")")
            return .usage
        }
        if arguments.has(.json) {
            let document: JSONValue = [
                "code": .string(entry.code), "title": .string(entry.title), "explanation": .string(entry.explanation), "wrong": .string(entry.wrong),
                "right": .string(entry.right),
            ]
            console.print(document.text(.pretty))
        } else {
            console.output.write(text(entry, console))
        }
        return .fine
    }

    private static func text(_ entry: DiagnosticCatalogue.Entry, _ console: Console) -> String {
        let width = max(60, min(console.output.columns, 100))
        var text = console.paint("\(entry.code): \(entry.title)", .bold, on: console.output) + "\n"
        for paragraph in entry.explanation.split(separator: "\n", omittingEmptySubsequences: true) {
            text += "\n" + TextLayout.wrap(String(paragraph), width: width).joined(separator: "\n") + "\n"
        }
        for (heading, example) in [("Wrong:", entry.wrong), ("Right:", entry.right)] where !example.isEmpty {
            text += "\n\(heading)\n"
            for line in example.split(separator: "\n", omittingEmptySubsequences: false) {
                text += line.isEmpty ? "\n" : "    \(DisplayText.visible(String(line)))\n"
            }
        }
        return text
    }
}
