/// What the process tells its caller.
public enum ExitCode: Int32, Sendable, CaseIterable {
    /// All is well.
    case fine = 0
    /// An expectation did not hold, or what was compared or checked differs.
    case expectationFailed = 1
    /// The command line is wrong; nothing ran.
    case usage = 2
    /// A scenario file is not valid; nothing ran.
    case invalidFile = 3
    /// A run could not go on, or a file could not be read or written.
    case runtime = 4
    /// An error in evsim itself.
    case bug = 70
    /// Ended by Ctrl-C; partial results are kept.
    case interrupted = 130
    /// Ended by SIGTERM; partial results are kept.
    case terminated = 143

    /// One line for the help pages.
    var about: String {
        switch self {
        case .fine: "fine"
        case .expectationFailed: "an expectation did not hold, or what was compared or checked differs"
        case .usage: "the command line is wrong; nothing ran"
        case .invalidFile: "a file is not valid; nothing ran"
        case .runtime: "a run could not go on, or a file could not be read or written"
        case .bug: "an error in evsim itself; please report it"
        case .interrupted: "ended by Ctrl-C; what was done by then is kept"
        case .terminated: "ended by SIGTERM; what was done by then is kept"
        }
    }
}
