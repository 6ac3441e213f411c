import Engine
import Glibc
import JSONText
import ScenarioLanguage
import SimulationKernel
import YAMLTree

/// `evsim compare`.
enum CompareCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let a = arguments[0], let b = arguments[1] else { return .usage }
        let interrupt = InterruptFlag()
        let signals = console.takesSignals && !(isDirectory(a) && isDirectory(b)) ? SignalWatcher(interrupt) : nil
        var runs: [(directory: String, temporary: TemporaryRuns?)] = []
        for path in [a, b] {
            switch directory(path, arguments, console, interrupt) {
            case .success(let run): runs.append(run)
            case .failure(let failure): return failure.code
            }
            if let signal = signals?.received, signal != 0 { return signal == SIGTERM ? .terminated : .interrupted }
        }
        return withExtendedLifetime(runs) { () -> ExitCode in
            do throws(ComparisonError) {
                let comparison = try RunComparison(runs[0].directory, runs[1].directory, names: (a, b))
                for warning in comparison.warnings { console.note("warning: \(DisplayText.visible(warning))") }
                if arguments.has(.json) {
                    console.print(comparison.document().text(.pretty))
                } else {
                    console.output.write(ComparisonText(comparison, limit: arguments.number(.limit).map { Int(clamping: $0) } ?? 20, console).text)
                }
                return comparison.isSame ? .fine : .expectationFailed
            } catch {
                console.note("error: \(DisplayText.visible(error.path)) cannot be compared: \(error.reason)")
                return .runtime
            }
        }
    }

    private struct Failure: Error { let code: ExitCode }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The directory of a run, or that of a scenario that is run now, with everything recorded.
    private static func directory(
        _ path: String, _ arguments: Arguments, _ console: Console, _ interrupt: InterruptFlag
    ) -> Result<(directory: String, temporary: TemporaryRuns?), Failure> {
        if isDirectory(path) { return .success((path, nil)) }
        let (read, findings, failure) = ScenarioFile.read(path, arguments, console)
        console.show(read == nil ? findings : findings.filter { $0.severity == .error })
        guard var scenario = read else {
            if arguments.has(.json) { console.output.write(DiagnosticRenderer.json(findings)) }
            return .failure(Failure(code: failure))
        }
        guard let temporary = TemporaryRuns(console) else {
            console.note("error: no directory for the run of \(DisplayText.visible(path)) could be made: \(String(cString: strerror(errno)))")
            return .failure(Failure(code: .runtime))
        }
        scenario.record.signals = true
        scenario.record.messages = true
        scenario.record.frames = true
        var options = RunOptions(directory: "\(temporary.path)/run")
        options.drawsPlots = false
        options.interrupt = interrupt
        let progress = ProgressLine(console, isQuiet: false)
        options.progress = { progress.update($0) }
        let outcome = Runner.run(scenario, options: options)
        progress.clear()
        console.show(outcome.diagnostics.filter { $0.severity == .error })
        return outcome.couldNotWrite ? .failure(Failure(code: .runtime)) : .success(("\(temporary.path)/run", temporary))
    }
}
