import Glibc
import SimulationKernel
import Synchronization

/// Waits for Ctrl-C and SIGTERM on a thread of its own: the first raises the flag of the run, the second ends the process.
///
/// The signals are blocked and fetched with `sigwait`, so that no code runs inside a signal handler and nothing is global.
/// A signal that the process was started to ignore stays ignored.
final class SignalWatcher: Sendable {
    private let flag: InterruptFlag
    private let number = Atomic<Int32>(0)
    /// Descriptor that gets a byte with each signal; -1 for none.
    private let wake: Int32

    /// The signal that came; 0 when none did.
    var received: Int32 { number.load(ordering: .acquiring) }

    /// Starts watching; the thread ends with the process, and so must `wake`.
    init(_ flag: InterruptFlag, wake: Int32 = -1) {
        self.flag = flag
        self.wake = wake
        var set = SignalWatcher.watched()
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // The thread owns one reference for ever.
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<SignalWatcher>.fromOpaque(context).takeUnretainedValue().watch()
                return nil
            }, context.toOpaque())
        if failed != 0 {
            context.release()
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
        }
    }

    private func watch() {
        var set = SignalWatcher.watched()
        while true {
            var signal: Int32 = 0
            guard sigwait(&set, &signal) == 0 else { return }
            if received != 0 { _exit(128 + signal) }
            number.store(signal, ordering: .releasing)
            flag.raise()
            var byte: UInt8 = 0
            if wake >= 0 { _ = write(wake, &byte, 1) }
        }
    }

    private static func watched() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM] where !isIgnored(number) { sigaddset(&set, number) }
        return set
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else { return false }
        return unsafeBitCast(handler, to: Int.self) == 1
    }
}
