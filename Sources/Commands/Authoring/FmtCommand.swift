import Engine
import JSONText
import ScenarioLanguage
import YAMLTree

/// `evsim fmt`.
enum FmtCommand {
    /// What became of one file.
    private enum Result: String {
        case unchanged, formatted, differs, refused
    }

    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        var state = State(isCheck: arguments.has(.check), isJSON: arguments.has(.json), isQuiet: arguments.has(.quiet))
        let paths = arguments.positionals.map(\.text)
        guard paths.count(where: { $0 == "-" }) <= 1 else {
            console.note("error: the standard input '-' can be formatted once only")
            return .usage
        }
        for path in paths { format(path, console, &state) }
        console.show(state.diagnostics)
        if state.isJSON { console.output.write(state.document) }
        return state.code
    }

    /// What was done so far.
    private struct State {
        let isCheck: Bool
        let isJSON: Bool
        let isQuiet: Bool
        var code = ExitCode.fine
        var diagnostics: [Diagnostic] = []
        var members: [JSONValue] = []

        /// Keeps the gravest code: a bug, then an input or output error, then an invalid file, then a difference.
        mutating func fail(_ next: ExitCode) {
            let order: [ExitCode] = [.fine, .expectationFailed, .invalidFile, .runtime, .bug]
            if (order.firstIndex(of: next) ?? 0) > (order.firstIndex(of: code) ?? 0) { code = next }
        }

        mutating func add(_ path: String, _ result: Result, _ found: [Diagnostic] = [], text: String? = nil) {
            diagnostics += found
            let findings = (try? JSONValue(parsing: DiagnosticRenderer.json(found)))?["diagnostics"] ?? .array([])
            var file = [JSONValue.Member("file", .string(path)), JSONValue.Member("result", .string(result.rawValue))]
            if let text { file.append(JSONValue.Member("text", .string(text))) }
            members.append(.object(file + [JSONValue.Member("diagnostics", findings)]))
        }

        var document: String { JSONValue.object([JSONValue.Member("files", .array(members))]).text(.pretty) + "\n" }
    }

    private static func format(_ path: String, _ console: Console, _ state: inout State) {
        let shown = DisplayText.visible(path == "-" ? "<stdin>" : path)
        let file: SourceFile
        do {
            file = try console.read(path)
        } catch {
            state.add(shown, .refused, [error.diagnostic])
            return state.fail(.runtime)
        }
        let bytes: [UInt8]
        do {
            bytes = try Formatter.format(file, registry: BuiltIns.registry)
        } catch {
            return fail(error, shown, console, &state)
        }
        let isSame = bytes == file.bytes
        if state.isCheck {
            state.add(shown, isSame ? .unchanged : .differs)
            if isSame { return }
            state.fail(.expectationFailed)
            if !state.isJSON, !state.isQuiet { console.output.write(LineDifference.text(file.bytes, bytes, name: shown, most: 60)) }
            return
        }
        if path == "-" {
            let text = String(decoding: bytes, as: UTF8.self)
            if !state.isJSON { console.output.write(text) }
            return state.add(shown, isSame ? .unchanged : .formatted, text: text)
        }
        if !isSame {
            do {
                try FileReplacement.replace(path, with: bytes)
            } catch {
                console.note("error: cannot write \(DisplayText.visible(error.path)): \(error.reason)")
                state.add(shown, .refused)
                return state.fail(.runtime)
            }
            if !state.isJSON, !state.isQuiet { console.output.write("formatted \(shown)\n") }
        }
        state.add(shown, isSame ? .unchanged : .formatted)
    }

    private static func fail(_ failure: Formatter.Failure, _ shown: String, _ console: Console, _ state: inout State) {
        switch failure {
        case .refused(let findings):
            state.add(shown, .refused, findings)
            state.fail(.invalidFile)
        case .bug(let what):
            console.note("error: formatting \(shown) would change it: \(what)")
            console.note("the file was left alone; this is an error in evsim: please report it with the file")
            state.add(shown, .refused)
            state.fail(.bug)
        }
    }
}
