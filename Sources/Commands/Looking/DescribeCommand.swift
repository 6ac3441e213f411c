import JSONText
import ScenarioLanguage
import YAMLTree

/// `evsim describe`.
enum DescribeCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let name = arguments[0] else { return .usage }
        let found = Subject.named(name)
        if found.isEmpty, isFile(name) { return describeFile(name, arguments, console) }
        guard !found.isEmpty else {
            let near = Suggestion.nearest(name, among: Subject.all.map(\.name))
            console.note(
                "error: there is no \(ArgumentMatcher.quoted(name)) to describe (argument 'NAME')\(near.map { "; did you mean '\($0)'?" } ?? "; see 'evsim list'")"
            )
            return .usage
        }
        if arguments.has(.markdown) {
            for case .plugin(let page) in found where page.only == nil { console.output.write(page.markdown) }
        } else if arguments.has(.json) {
            console.print(JSONValue.object([JSONValue.Member("found", .array(found.map(\.json)))]).text(.pretty))
        } else {
            console.output.write(found.map { $0.text(console) }.joined(separator: "\n"))
        }
        return .fine
    }

    /// Whether a name that nothing has is meant as a file.
    private static func isFile(_ name: String) -> Bool { name == "-" || name.contains("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml") }

    private static func describeFile(_ path: String, _ arguments: Arguments, _ console: Console) -> ExitCode {
        if let (plugin, findings, failure) = PluginReading.read(path, console) {
            console.show(findings)
            guard let plugin else {
                if arguments.has(.json) { console.output.write(DiagnosticRenderer.json(findings)) }
                return failure
            }
            let page = PluginPage(address: path, plugin: plugin)
            console.output.write(arguments.has(.markdown) ? page.markdown : arguments.has(.json) ? page.json.text(.pretty) + "\n" : page.text(console))
            return .fine
        }
        let (scenario, findings, failure) = ScenarioFile.read(path, arguments, console)
        console.show(findings)
        guard let scenario else {
            if arguments.has(.json) { console.output.write(DiagnosticRenderer.json(findings)) }
            return failure
        }
        let page = ScenarioPage(scenario)
        console.output.write(arguments.has(.json) ? page.json.text(.pretty) + "\n" : page.text(console))
        return .fine
    }
}
