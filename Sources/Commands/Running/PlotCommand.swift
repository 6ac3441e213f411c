import Engine
import JSONText
import YAMLTree

/// `evsim plot`.
enum PlotCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let directory = arguments[0] else { return .usage }
        if arguments.text(.picture) == "-" {
            console.note("error: '-o -' cannot work here; name a file")
            return .usage
        }
        do throws(RunFailure) {
            let files = try Runner.redraw(runDirectory: directory, only: arguments.number(.only).map { Int($0) }, output: arguments.text(.picture))
            if arguments.has(.json) {
                console.output.write(JSONValue.object([JSONValue.Member("files", .array(files.map { .string($0) }))]).text(.pretty) + "\n")
            } else {
                for file in files { console.print(DisplayText.visible(file)) }
            }
            return .fine
        } catch {
            console.show([error.diagnostic])
            return .runtime
        }
    }
}
