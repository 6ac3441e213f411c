import YAMLTree
/// `evsim detect`.
enum DetectCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode { .runtime }
}
