import Engine
import JSONText
import Quantities
import ScenarioLanguage
import SimulationKernel
import YAMLTree

/// `evsim run`.
enum RunCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        let paths = arguments.positionals.map(\.text)
        for (option, help) in [
            (OptionSpec.directory, "a run leaves a directory; the report alone goes to standard output with --json"),
            (OptionSpec.junit, "standard output has the summary; name a file"),
        ] where arguments.text(option) == "-" {
            console.note("error: '\(option.short.map { "-\($0)" } ?? "--\(option.name)") -' cannot work: \(help)")
            return .usage
        }
        if arguments.has(.pair), arguments.has(.realtime) {
            console.note("error: '--pair' needs virtual time: a live run never happens twice in the same way")
            return .usage
        }
        guard paths.count(where: { $0 == "-" }) < 2 else {
            console.note("error: the standard input, '-', can be read once only")
            return .usage
        }
        var batch = RunBatch(arguments, console, isAlone: paths.count == 1)
        for path in paths {
            batch.run(path)
            if batch.isInterrupted { break }
        }
        return batch.conclude(of: paths.count)
    }

    /// `64 s in 3 ms, 20 000 × real time`.
    static func speed(_ outcome: RunOutcome, _ elapsed: Double) -> String {
        let simulated = outcome.simulated.seconds
        return "\(outcome.simulated.secondsText) s in \(Stopwatch.text(elapsed)), \(Stopwatch.rate(elapsed > 0 ? simulated / elapsed : 0)) × real time"
    }

    /// The exit code of an outcome; a strict one takes nothing on trust.
    static func code(_ outcome: RunOutcome, signal: Int32, isStrict: Bool = false) -> ExitCode {
        if outcome.couldNotWrite { return .runtime }
        if outcome.isInterrupted { return signal == 15 ? .terminated : .interrupted }
        switch outcome.verdict {
        case .pass: return .fine
        case .partial: return isStrict ? .expectationFailed : .fine
        case .fail: return .expectationFailed
        case .incomplete: return .runtime
        }
    }
}

/// Runs the scenarios of one command line, one after the other.
struct RunBatch {
    /// What became of one file.
    struct Entry {
        let path: String
        var scenario: Scenario?
        /// What reading the file found.
        var findings: [Diagnostic] = []
        var outcome: RunOutcome?
        var code = ExitCode.fine
    }

    private let arguments: Arguments
    private let console: Console
    private let isAlone: Bool
    private let isQuiet: Bool
    private let isJSON: Bool
    private let isStrict: Bool
    private let interrupt = InterruptFlag()
    private let signals: SignalWatcher?
    private var entries: [Entry] = []
    private var directories: Set<String> = []

    /// Whether the person has ended the runs.
    var isInterrupted: Bool { entries.last?.outcome?.isInterrupted ?? false }

    init(_ arguments: Arguments, _ console: Console, isAlone: Bool) {
        self.arguments = arguments
        self.console = console
        self.isAlone = isAlone
        isQuiet = arguments.has(.quiet)
        isJSON = arguments.has(.json)
        isStrict = arguments.has(.strict)
        signals = console.takesSignals ? SignalWatcher(interrupt) : nil
    }

    // MARK: One file

    mutating func run(_ path: String) {
        var entry = Entry(path: path)
        let (read, findings, failure) = ScenarioFile.read(path, arguments, console)
        entry.findings = findings
        guard let scenario = read else {
            console.show(findings)
            entry.code = failure
            entries.append(entry)
            return
        }
        let shown = isQuiet ? [] : findings
        console.show(shown)
        entry.scenario = scenario
        var options = RunOptions(directory: directory(for: scenario))
        options.interrupt = interrupt
        options.drawsPlots = !arguments.has(.noPlots)
        if arguments.has(.realtime) {
            var live = LiveSettings()
            live.readyFile = arguments.text(.readyFile)
            live.allowsNetwork = arguments.has(.allowNet)
            let console = console
            live.told = { text in
                console.note(DisplayText.visible(text))
                console.errors.flush()
            }
            options.live = live
        }
        if let most = arguments.number(.maxEvents) { options.maximumEvents = most }
        let progress = ProgressLine(console, isQuiet: isQuiet)
        options.progress = { progress.update($0) }
        console.errors.flush()
        let watch = Stopwatch.wall()
        var pair: RunPair?
        var outcome: RunOutcome
        if arguments.has(.pair), let directory = options.directory {
            let made = RunPair(scenario, directory: directory, options: options)
            outcome = made.attacked
            outcome.report = made.document
            options.directory = made.directories.attacked
            pair = made
        } else {
            outcome = Runner.run(scenario, options: options)
        }
        let elapsed = watch.seconds
        progress.clear()
        entry.outcome = outcome
        entry.code = RunCommand.code(outcome, signal: signals?.received ?? 0, isStrict: isStrict)
        entries.append(entry)
        tell(outcome, scenario, options.directory ?? "", elapsed, room: max(1, 20 - shown.count))
        if let pair, !isQuiet, !isJSON {
            console.output.write(text(of: pair))
            console.output.flush()
        }
    }

    /// The directory of a run; of several runs each has one of its own.
    private mutating func directory(for scenario: Scenario) -> String {
        let given = arguments.text(.directory)
        if isAlone, let given { return given }
        let base = "\(given ?? console.runs)/\(scenario.name)-\(scenario.run.seed)"
        var directory = base
        var number = 2
        while !directories.insert(directory).inserted {
            directory = "\(base)-\(number)"
            number += 1
        }
        return directory
    }

    private func tell(_ outcome: RunOutcome, _ scenario: Scenario, _ directory: String, _ elapsed: Double, room: Int) {
        console.show(isQuiet ? outcome.diagnostics.filter { $0.severity == .error } : outcome.diagnostics, limit: room)
        if isQuiet {
            for judged in outcome.expectations where !judged.isFulfilled { console.note("error: \(DisplayText.visible(judged.sentence))") }
            if isStrict, outcome.verdict == .partial { console.note("error: \(DisplayText.visible(scenario.name)): an expectation was never exercised") }
        } else if !isJSON {
            console.output.write(RunSummary(outcome, scenario, directory: directory, console).text)
            console.output.flush()
        }
        if outcome.isInterrupted {
            console.note("interrupted at \(outcome.simulated.secondsText) s: what was done by then is in \(DisplayText.visible(directory))")
        } else if !isQuiet {
            console.note(RunCommand.speed(outcome, elapsed))
        }
    }

    // MARK: All files

    /// Writes what is known when all runs have ended; the worst exit code.
    func conclude(of count: Int) -> ExitCode {
        if isJSON { console.output.write(isAlone ? entries.first.map(Self.text) ?? "" : list) }
        var code = entries.map(\.code).max { $0.rawValue < $1.rawValue } ?? .usage
        if let path = arguments.text(.junit) {
            let report = JUnitReport(entries, isStrict: isStrict)
            if let problem = FileWriting.replace(path, with: Array(report.text.utf8)) {
                console.note("error: \(DisplayText.visible(path)) could not be written: \(problem)")
                if code.rawValue < ExitCode.runtime.rawValue { code = .runtime }
            }
        }
        if !isAlone, !isQuiet, !isJSON { console.output.write(summary(of: count)) }
        return code
    }

    /// The document of one file: the report, or what reading the file found.
    private static func text(_ entry: Entry) -> String {
        entry.outcome.map { $0.report.text(.pretty) + "\n" } ?? DiagnosticRenderer.json(entry.findings)
    }

    /// The documents of several files.
    private var list: String {
        let documents = entries.map { entry in
            entry.outcome?.report ?? (try? JSONValue(parsing: DiagnosticRenderer.json(entry.findings))) ?? .null
        }
        return JSONValue.array(documents).text(.pretty) + "\n"
    }

    /// A line for each file that is worth a look, and how many came out how.
    private func summary(of count: Int) -> String {
        var counts: [(word: String, count: Int)] = [("passed", 0), ("partial", 0), ("failed", 0), ("incomplete", 0), ("invalid", 0)]
        var rows: [[String]] = []
        for entry in entries {
            let place: Int
            switch entry.outcome?.verdict {
            case .pass: place = 0
            case .partial: place = 1
            case .fail: place = 2
            case .incomplete: place = 3
            case nil: place = 4
            }
            counts[place].count += 1
            if place > 0 { rows.append([counts[place].word, DisplayText.visible(entry.path)]) }
        }
        if entries.count < count { counts.append(("not run", count - entries.count)) }
        let found = counts.filter { $0.count > 0 }.map { "\($0.count) \($0.word)" }.joined(separator: ", ")
        return "\(TextLayout.count(count, "scenario")): \(found)\n" + TextLayout.table(rows)
    }
}

/// Reads a scenario for the commands that take one.
enum ScenarioFile {
    /// The scenario when it is valid, what was found, and the exit code when it is not.
    static func read(_ path: String, _ arguments: Arguments, _ console: Console) -> (scenario: Scenario?, findings: [Diagnostic], failure: ExitCode) {
        let file: SourceFile
        do {
            file = try console.read(path)
        } catch {
            return (nil, [error.diagnostic], .runtime)
        }
        let result = read(file, arguments)
        return (result.scenario, result.findings, .invalidFile)
    }

    /// The scenario of a file that was read.
    static func read(_ file: SourceFile, _ arguments: Arguments) -> (scenario: Scenario?, findings: [Diagnostic]) {
        let result = PluginLibrary.reader(for: file.path).read(file, overrides: arguments.assignments(.set), seed: arguments.number(.seed))
        return (result.scenario, result.diagnostics)
    }
}
