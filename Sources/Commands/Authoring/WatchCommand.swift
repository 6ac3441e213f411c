import Engine
import Glibc
import JSONText
import ScenarioLanguage
import SimulationKernel
import YAMLTree

/// `evsim watch`.
enum WatchCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let path = arguments[0] else { return .usage }
        if path == "-" {
            console.note("error: the standard input cannot be watched; name a file")
            return .usage
        }
        if arguments.text(.directory) == "-" {
            console.note("error: '-o -' cannot work: a run leaves a directory; its line alone goes to standard output with --json")
            return .usage
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            console.note("error: no pipe could be made: \(String(cString: strerror(errno)))")
            return .runtime
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        // The thread that waits for signals stays for the life of the process, and its pipe with it.
        let signals = console.takesSignals ? SignalWatcher(InterruptFlag(), wake: ends[1]) : nil
        defer { if signals == nil { for end in ends { close(end) } } }
        var session = WatchSession(path, arguments, console, wake: (ends[0], ends[1]), signals)
        return session.run()
    }

    /// The files whose saving starts a run: the scenario, and every file that reading it has read.
    ///
    /// Of a file that is not valid the plugins are those in which something was found, besides those known before.
    static func sources(of path: String, _ scenario: Scenario?, findings: [Diagnostic] = [], known: [String] = []) -> [String] {
        var names = [path]
        let others = scenario?.sources.dropFirst().map(\.path) ?? known + findings.compactMap { $0.span?.file.path }
        for name in others where name.utf8.first != 0x3C && !names.contains(name) { names.append(name) }
        return names
    }
}

/// The loop of `evsim watch`.
struct WatchSession {
    private let path: String
    private let arguments: Arguments
    private let console: Console
    private let wake: (read: Int32, write: Int32)
    private let signals: SignalWatcher?
    private let report: WatchReport
    private let files = FileWatcher()
    private let isQuiet: Bool

    private var sources: [String]
    /// What the files held when they were last looked at; `nil` for one that was not there.
    private var contents: [[UInt8]?] = []
    private var current: WatchedRun?
    private var line: ProgressLine?
    private var started = 0
    /// Runs that came to their end.
    private var whole = 0
    /// Whether a run differed from the one before.
    private var hasDiffered = false
    /// Number and directory of the last run that was kept.
    private var last: (number: Int, directory: String)?
    private var lastCode = ExitCode.fine

    /// Quiet time after the last event of a save, and the longest wait for it, in milliseconds.
    private static let quiet: Int32 = 100
    private static let patience = 1.0
    /// How often files are looked at, in milliseconds.
    private static let look: Int32 = 1000

    init(_ path: String, _ arguments: Arguments, _ console: Console, wake: (read: Int32, write: Int32), _ signals: SignalWatcher?) {
        self.path = path
        self.arguments = arguments
        self.console = console
        self.wake = wake
        self.signals = signals
        report = WatchReport(console, isJSON: arguments.has(.json))
        isQuiet = arguments.has(.json)
        sources = WatchCommand.sources(of: path, nil)
    }

    /// Runs until Ctrl-C, the number of runs that was asked for, or a reader that has gone.
    mutating func run() -> ExitCode {
        files.watch(sources)
        do {
            _ = try console.read(path)
        } catch {
            console.show([error.diagnostic])
            return .runtime
        }
        _ = hasNewContents()
        start()
        var code: ExitCode?
        while code == nil {
            wait()
            code = ending()
        }
        stop()
        return code ?? .fine
    }

    /// What ends the loop, if anything does.
    private func ending() -> ExitCode? {
        if let signal = signals?.received, signal != 0 { return signal == SIGTERM ? .terminated : .interrupted }
        if let most = arguments.number(.runs), whole >= most { return lastCode }
        if arguments.has(.onceChanged), hasDiffered { return lastCode }
        return console.output.failure == nil ? nil : .fine
    }

    // MARK: Waiting

    /// Waits for a save or the end of a run, and does what it asks for.
    private mutating func wait() {
        let showsProgress = current != nil && console.errors.isTerminal
        poll(showsProgress ? WatchSession.quiet : WatchSession.look)
        var byte: UInt8 = 0
        while read(wake.read, &byte, 1) > 0 {}
        if let signal = signals?.received, signal != 0 { return }
        if let run = current, run.isOver {
            current = nil
            conclude(run)
        } else if showsProgress, let progress = current?.progress {
            line?.update(progress)
        }
        let hasEvent = files.takeEvents()
        let looksChanged = files.looksChanged()
        guard hasEvent || looksChanged else { return }
        settle()
        guard hasNewContents() else { return }
        guard contents.first ?? nil != nil else {
            clearProgress()
            console.note("\(DisplayText.visible(path)) is not there; waiting for it")
            console.errors.flush()
            return
        }
        start()
    }

    private func poll(_ milliseconds: Int32) {
        var descriptors = [pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0), pollfd(fd: files.descriptor, events: Int16(POLLIN), revents: 0)]
        _ = Glibc.poll(&descriptors, files.descriptor >= 0 ? 2 : 1, milliseconds)
    }

    /// Waits until a save, which may be many events, is over.
    private func settle() {
        let watch = Stopwatch.wall()
        while watch.seconds < WatchSession.patience {
            var descriptor = pollfd(fd: files.descriptor, events: Int16(POLLIN), revents: 0)
            if Glibc.poll(&descriptor, files.descriptor >= 0 ? 1 : 0, WatchSession.quiet) == 0 { return }
            _ = files.takeEvents()
        }
    }

    /// Whether any file holds something else than when this was last asked.
    private mutating func hasNewContents() -> Bool {
        let now = sources.map { source in try? console.read(source).bytes }
        defer { contents = now }
        return now != contents
    }

    // MARK: Runs

    /// Starts a run of what the file says now; a run that is under way ends.
    private mutating func start() {
        abandon()
        let file: SourceFile
        do {
            file = try console.read(path)
        } catch {
            report.invalid([error.diagnostic], path, last?.number)
            return
        }
        let (read, findings) = ScenarioFile.read(file, arguments)
        let names = WatchCommand.sources(of: path, read, findings: findings, known: sources)
        if names != sources {
            sources = names
            files.watch(sources)
            _ = hasNewContents()
        }
        guard let scenario = read else {
            report.invalid(findings, path, last?.number)
            return
        }
        let directory = arguments.text(.directory) ?? "\(console.runs)/\(scenario.name)-\(scenario.run.seed)"
        var options = RunOptions()
        options.drawsPlots = !arguments.has(.noPlots)
        if let most = arguments.number(.maxEvents) { options.maximumEvents = most }
        TemporaryRuns.remove("\(directory)/.next")
        started += 1
        line = ProgressLine(console, isQuiet: isQuiet)
        current = WatchedRun(scenario, number: started, directory: directory, options: options, wake: wake.write)
        if current == nil { console.note("error: the system gives no thread for the run; waiting for the next save") }
    }

    /// Ends the run that is under way, and drops what it has written.
    private mutating func abandon() {
        guard let run = current else { return }
        current = nil
        run.interrupt()
        _ = run.wait()
        clearProgress()
        TemporaryRuns.remove(run.staging)
    }

    /// Takes a run that has come to its end: says what changed, and keeps it.
    private mutating func conclude(_ run: WatchedRun) {
        clearProgress()
        guard let outcome = run.wait() else { return }
        whole += 1
        lastCode = RunCommand.code(outcome, signal: 0)
        var comparison: RunComparison?
        if !outcome.couldNotWrite {
            if let last {
                comparison = try? RunComparison(last.directory, run.staging, names: ("run \(last.number)", "run \(run.number)"))
            }
            do throws(OutputError) {
                try Runner.move(runDirectory: run.staging, to: run.directory)
                last = (run.number, run.directory)
            } catch {
                console.note("error: \(DisplayText.visible(error.path)) cannot be written: \(error.reason)")
                lastCode = .runtime
            }
        }
        TemporaryRuns.remove(run.staging)
        if let comparison, !comparison.isSame { hasDiffered = true }
        report.finished(run, outcome, comparison)
    }

    private mutating func stop() {
        let wasRunning = current != nil
        abandon()
        guard let signal = signals?.received, signal != 0 else { return }
        let kept = last.map { "; run \($0.number) is in \(DisplayText.visible($0.directory))" } ?? ""
        console.note("\(wasRunning ? "the run was interrupted" : "ended after \(TextLayout.count(whole, "run"))")\(kept)")
    }

    private mutating func clearProgress() {
        line?.clear()
        line = nil
    }
}
