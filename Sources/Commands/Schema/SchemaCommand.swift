import Engine
import Glibc
import JSONText
import YAMLTree

/// `evsim schema`.
enum SchemaCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        if let page = arguments.text(.tables) { return fillTables(of: page, console) }
        let file = arguments.text(.schemaFor).flatMap { SchemaBuilder.File(rawValue: $0) } ?? .scenario
        let text = SchemaBuilder(registry: BuiltIns.registry).document(for: file).text(.pretty) + "\n"
        guard let path = arguments.text(.document), path != "-" else {
            console.output.write(text)
            return .fine
        }
        return write(text, to: path, console)
    }

    /// Writes the tables of a page anew; what stands between them is kept.
    private static func fillTables(of path: String, _ console: Console) -> ExitCode {
        let page: String
        do throws(DiagnosticError) { page = String(decoding: try console.read(path).bytes, as: UTF8.self) } catch {
            console.show([error.diagnostic])
            return .runtime
        }
        switch LanguageTables.filled(page) {
        case .success(let text): return text == page ? .fine : write(text, to: path, console)
        case .failure(let problem):
            console.note("error: \(ArgumentMatcher.quoted(path)), line \(problem.line): \(problem.message)")
            return .runtime
        }
    }

    private static func write(_ text: String, to path: String, _ console: Console) -> ExitCode {
        func failed() -> ExitCode {
            console.note("error: \(ArgumentMatcher.quoted(path)) cannot be written: \(String(cString: strerror(errno)))")
            return .runtime
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return failed() }
        let channel = Channel(descriptor: descriptor)
        channel.write(text)
        channel.flush()
        guard close(descriptor) == 0, channel.failure == nil else {
            if let failure = channel.failure { errno = failure }
            return failed()
        }
        return .fine
    }
}
