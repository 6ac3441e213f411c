import Glibc

/// Turns a trap into one sentence and exit code 70, so that a caller can tell an error in evsim from an error in its input.
enum CrashReport {
    /// Takes over the signals of traps, unless Swift's own backtraces are asked for.
    static func install() {
        guard getenv("SWIFT_BACKTRACE") == nil else { return }
        // The handler needs a stack of its own, or an overflow of the stack would end it too; it lives as long as the process.
        let size = 1 << 16
        var stack = stack_t()
        stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        stack.ss_size = size
        sigaltstack(&stack, nil)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT] {
            var action = sigaction()
            action.sa_flags = Int32(SA_ONSTACK) | Int32(bitPattern: UInt32(SA_RESETHAND))
            action.__sigaction_handler.sa_handler = { _ in
                // Only what is safe in a signal handler: write and _exit.
                let text: StaticString = "evsim: this is an error in evsim itself; please report the command line and the file (exit code 70)\n"
                _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
                _exit(ExitCode.bug.rawValue)
            }
            sigaction(number, &action, nil)
        }
    }
}
