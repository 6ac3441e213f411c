import Engine
import Glibc
import ScenarioLanguage
import Synchronization

/// A run on a thread of its own.
final class WatchedRun {
    /// Its number, from 1.
    let number: Int
    let scenario: Scenario
    /// Directory that it writes to while it runs.
    let staging: String
    /// Directory that a whole run is moved to.
    let directory: String
    /// Wall time since its start.
    private(set) var seconds = 0.0
    private let options: RunOptions
    private let wake: Int32
    private let latest = Mutex<RunProgress?>(nil)
    private let finished = Atomic<Bool>(false)
    private var outcome: RunOutcome?
    private var thread = pthread_t()

    /// Starts a run; a byte goes to `wake` when it is over. `nil` when the system gives no thread.
    init?(_ scenario: Scenario, number: Int, directory: String, options given: RunOptions, wake: Int32) {
        self.number = number
        self.scenario = scenario
        self.directory = directory
        self.wake = wake
        staging = "\(directory)/.next"
        var options = given
        options.directory = staging
        self.options = options
        // The thread owns a reference until it ends.
        let context = Unmanaged.passRetained(self)
        let failed = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<WatchedRun>.fromOpaque(context).takeRetainedValue().work() }
                return nil
            }, context.toOpaque())
        if failed != 0 {
            context.release()
            return nil
        }
    }

    private func work() {
        let watch = Stopwatch.wall()
        var options = options
        options.progress = { [unowned self] progress in latest.withLock { $0 = progress } }
        outcome = Runner.run(scenario, options: options)
        seconds = watch.seconds
        finished.store(true, ordering: .releasing)
        var byte: UInt8 = 0
        _ = write(wake, &byte, 1)
    }

    /// How far it has come.
    var progress: RunProgress? { latest.withLock { $0 } }
    /// Whether it is over.
    var isOver: Bool { finished.load(ordering: .acquiring) }

    /// Asks it to end early.
    func interrupt() { options.interrupt.raise() }

    /// Waits for its end; to be called once.
    func wait() -> RunOutcome? {
        pthread_join(thread, nil)
        return outcome
    }
}
