import Engine
import JSONText
import Quantities
import ScenarioLanguage
import YAMLTree

/// `evsim run`.
enum RunCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let path = arguments[0] else { return .usage }
        let isQuiet = arguments.has(.quiet)
        let isJSON = arguments.has(.json)
        if arguments.text(.directory) == "-" {
            console.note("error: '-o -' cannot work: a run leaves a directory; the report alone goes to standard output with --json")
            return .usage
        }
        let (read, findings, failure) = ScenarioFile.read(path, arguments, console)
        guard let scenario = read else {
            console.show(findings)
            if isJSON { console.output.write(DiagnosticRenderer.json(findings)) }
            return failure
        }
        let found = isQuiet ? [] : findings
        console.show(found)

        var options = RunOptions(directory: arguments.text(.directory) ?? "\(console.runs)/\(scenario.name)-\(scenario.run.seed)")
        options.drawsPlots = !arguments.has(.noPlots)
        if let most = arguments.number(.maxEvents) { options.maximumEvents = most }
        let progress = ProgressLine(console, isQuiet: isQuiet)
        options.progress = { progress.update($0) }
        let signals = console.takesSignals ? SignalWatcher(options.interrupt) : nil
        console.errors.flush()
        let watch = Stopwatch.wall()
        let outcome = Runner.run(scenario, options: options)
        let elapsed = watch.seconds
        progress.clear()

        let diagnostics = isQuiet ? outcome.diagnostics.filter { $0.severity == .error } : outcome.diagnostics
        console.show(diagnostics, limit: max(1, 20 - found.count))
        if isJSON {
            console.output.write(outcome.report.text(.pretty) + "\n")
        } else if !isQuiet {
            console.output.write(RunSummary(outcome, scenario, directory: options.directory ?? "", console).text)
            console.output.flush()
        } else {
            for judged in outcome.expectations where !judged.isFulfilled { console.note("error: \(DisplayText.visible(judged.sentence))") }
        }
        if outcome.isInterrupted {
            console.note("interrupted at \(outcome.simulated.secondsText) s: what was done by then is in \(DisplayText.visible(options.directory ?? ""))")
        } else if !isQuiet {
            console.note(speed(outcome, elapsed))
        }
        return code(outcome, signal: signals?.received ?? 0)
    }

    /// `64 s in 3 ms, 20 000 × real time`.
    static func speed(_ outcome: RunOutcome, _ elapsed: Double) -> String {
        let simulated = outcome.simulated.seconds
        return "\(outcome.simulated.secondsText) s in \(Stopwatch.text(elapsed)), \(Stopwatch.rate(elapsed > 0 ? simulated / elapsed : 0)) × real time"
    }

    /// The exit code of an outcome.
    static func code(_ outcome: RunOutcome, signal: Int32) -> ExitCode {
        if outcome.couldNotWrite { return .runtime }
        if outcome.isInterrupted { return signal == 15 ? .terminated : .interrupted }
        switch outcome.verdict {
        case .pass: return .fine
        case .fail: return .expectationFailed
        case .incomplete: return .runtime
        }
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
