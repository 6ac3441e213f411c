import Glibc

/// The command line of evsim: arguments in, text and exit code out.
public enum EvsimTool {
    /// Runs one command line; `arguments` do not hold the name of the program.
    ///
    /// Nothing runs when anything about the line is wrong. The result is what the process should exit with.
    public static func run(_ arguments: [String], console given: Console = .process()) -> ExitCode {
        var console = given
        let code: ExitCode
        switch ArgumentMatcher.request(arguments) {
        case .failure(let errors):
            console.errors.write(errors.text)
            code = .usage
        case .success(.help(let command)):
            console.output.write(HelpPage.text(command, console))
            code = .fine
        case .success(.command(let request)):
            console.colorChoice = request.text(.color).flatMap { ColorChoice(rawValue: $0) } ?? .auto
            code = request.command.perform(request, console)
        }
        return finish(console, code)
    }

    /// Runs the command line of this process and ends it.
    public static func main() -> Never {
        signal(SIGPIPE, SIG_IGN)
        CrashReport.install()
        exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    /// Writes what is still buffered; a reader that has gone ends the program quietly, any other failure is told.
    private static func finish(_ console: Console, _ code: ExitCode) -> ExitCode {
        console.output.flush()
        console.errors.flush()
        guard let failure = console.output.failure, failure != EPIPE else { return code }
        console.note("error: cannot write to standard output: \(String(cString: strerror(failure)))")
        console.errors.flush()
        return code == .fine ? .runtime : code
    }
}
