import Engine
import JSONText
import Quantities
import YAMLTree

/// `evsim bench`.
enum BenchCommand {
    /// What was measured, in processor time; the best of three.
    struct Figures {
        /// Seconds simulated.
        var simulated: Double
        /// Events of the run.
        var events: UInt64
        /// Processor seconds of the run.
        var run: Double
        /// Processor seconds of reading the scenario.
        var read: Double
    }

    private static let minutes = 240
    private static let repetitions = 3

    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        if arguments[0] == "detectors" { return DetectorBench.perform(arguments, console) }
        guard let figures = measure(minutes: minutes) else {
            console.note("error: the built-in scenario did not run; try 'evsim doctor'")
            return .runtime
        }
        let perSecond = figures.simulated / figures.run
        let eventsPerSecond = Double(figures.events) / figures.run
        if arguments.has(.json) {
            let document: JSONValue = [
                "evsim": .string(evsimVersion), "build": .string(VersionCommand.build), "platform": .string(VersionCommand.platform),
                "repetitions": .integer(Int64(repetitions)),
                "simulated_s": .double(figures.simulated), "events": .integer(Int64(clamping: figures.events)), "run_cpu_s": .double(rounded(figures.run)),
                "read_cpu_s": .double(rounded(figures.read)), "simulated_s_per_cpu_s": .double(perSecond.rounded()),
                "events_per_cpu_s": .double(eventsPerSecond.rounded()),
            ]
            console.print(document.text(.pretty))
        } else {
            console.output.write(
                TextLayout.table(
                    [
                        ["reference cycle", "\(Stopwatch.rate(perSecond)) simulated seconds per second of processor time"],
                        ["events", "\(Stopwatch.rate(eventsPerSecond)) per second"], ["reading the file", Stopwatch.text(figures.read)],
                    ], indent: 0))
            if VersionCommand.build == "debug" { console.note("this is a debug build: the figures mean little") }
        }
        return .fine
    }

    /// Whole microseconds: the clock has no more to say.
    private static func rounded(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e6 }

    /// Runs the cycle a few times in memory; `nil` when it fails.
    static func measure(minutes: Int) -> Figures? {
        let text = EmbeddedScenario.measured(minutes: minutes)
        var best: Figures?
        for _ in 0..<repetitions {
            let reading = Stopwatch.processor()
            guard let scenario = EmbeddedScenario.read(text).scenario else { return nil }
            let read = reading.seconds
            let running = Stopwatch.processor()
            let outcome = Runner.run(scenario, options: RunOptions())
            let run = max(running.seconds, 1e-9)
            guard outcome.verdict == .pass else { return nil }
            best = Figures(simulated: outcome.simulated.seconds, events: outcome.events, run: min(run, best?.run ?? run), read: min(read, best?.read ?? read))
        }
        return best
    }
}
