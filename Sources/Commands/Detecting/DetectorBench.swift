import Detection
import Engine
import Glibc
import JSONText
import Plotting
import Quantities
import ScenarioLanguage
import SimulationKernel
import Synchronization
import YAMLTree

/// `evsim bench detectors`: detectors over many scenarios with several seeds.
enum DetectorBench {
    /// Directories of the default set.
    static let usual = ["attacks", "faults", "benign"]
    /// Rows of scores that each detector keeps.
    private static let scoreRows = 1 << 16

    /// One run.
    struct Job: Sendable {
        let path: String
        let seed: UInt64
    }

    /// What a run gave.
    struct Outcome: Sendable {
        var scenario: String
        var verdict: Verdict
        /// Kinds of the detectors, in the order of the verdicts.
        var kinds: [String]
        var detectors: [DetectorVerdict]
        /// Why it did not come to its end.
        var problem: String?
    }

    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard let paths = paths(arguments, console) else { return .runtime }
        let interrupt = InterruptFlag()
        let signals = console.takesSignals ? SignalWatcher(interrupt) : nil
        var jobs: [Job] = []
        let seeds = arguments.number(.seedCount) ?? 1
        for path in paths {
            let (scenario, findings, failure) = ScenarioFile.read(path, arguments, console)
            guard let scenario else {
                console.show(findings)
                return failure
            }
            // A live scenario needs the outside world.
            for number in 0..<seeds { jobs.append(Job(path: path, seed: scenario.run.seed &+ number)) }
        }
        let outcomes = run(jobs, threads: Int(arguments.number(.jobs) ?? UInt64(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))), interrupt)
        if let signal = signals?.received, signal != 0 { return signal == SIGTERM ? .terminated : .interrupted }
        var code = ExitCode.fine
        for (job, outcome) in zip(jobs, outcomes) where outcome.problem != nil {
            console.note("warning: \(DisplayText.visible(job.path)), seed \(job.seed): \(DisplayText.visible(outcome.problem ?? "")); it is left out")
            code = .runtime
        }
        let matrix = DetectorMatrix(zip(jobs, outcomes).filter { $0.1.problem == nil }.map(\.1))
        if arguments.has(.json) {
            console.print(document(jobs, outcomes, matrix, seeds).text(.pretty))
        } else {
            console.print("\(TextLayout.count(paths.count, "scenario")), \(TextLayout.count(Int(seeds), "seed")) each, \(TextLayout.count(jobs.count, "run"))")
            console.output.write(ScoreTable.text(matrix.entries.map { $0.row }))
            if arguments.has(.byScenario) { console.output.write("\n" + scenarios(jobs, outcomes)) }
        }
        if let file = arguments.text(.matrixFile) {
            let isDark = arguments.text(.theme) == "dark"
            let subtitle = "\(TextLayout.count(paths.count, "scenario")) · \(TextLayout.count(Int(seeds), "seed")) each"
            guard let picture = try? matrix.chart(subtitle: subtitle, isDark: isDark, scale: Double(arguments.number(.pictureScale) ?? 1)).render() else {
                console.note("error: the picture would be too large")
                return .runtime
            }
            if let problem = FileWriting.replace(file, with: picture) {
                console.note("error: \(DisplayText.visible(file)) could not be written: \(problem)")
                return .runtime
            }
            if !arguments.has(.json) { console.note("picture in \(DisplayText.visible(file))") }
        }
        return code
    }

    /// The scenario files of the line, or those of the default set.
    private static func paths(_ arguments: Arguments, _ console: Console) -> [String]? {
        var given = arguments.positionals.dropFirst().map(\.text)
        if given.isEmpty {
            let base = base()
            given = usual.map { "\(base)/\($0)" }.filter { isDirectory($0) }
            for name in usual where !given.contains("\(base)/\(name)") { console.note("note: there is no directory \(base)/\(name)") }
            guard !given.isEmpty else {
                console.note("error: no scenarios to run; name files or directories")
                return nil
            }
        }
        var paths: [String] = []
        for path in given {
            guard isDirectory(path) else {
                paths.append(path)
                continue
            }
            guard let found = ScenarioFinder.scenarios(below: path) else {
                console.note("error: cannot read \(DisplayText.visible(path))")
                return nil
            }
            paths += found.map(\.path)
        }
        guard !paths.isEmpty else {
            console.note("error: there is no scenario below \(given.joined(separator: ", "))")
            return nil
        }
        return paths
    }

    /// The folder `scenarios` here, else the one beside the plugins that come with the command.
    private static func base() -> String {
        if isDirectory("scenarios") { return "scenarios" }
        guard let plugins = PluginLibrary.folder, let slash = plugins.lastIndex(of: "/") else { return "scenarios" }
        return plugins[..<slash] + "/scenarios"
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    // MARK: Running

    private static func run(_ jobs: [Job], threads: Int, _ interrupt: InterruptFlag) -> [Outcome] {
        let empty = Outcome(scenario: "", verdict: .incomplete, kinds: [], detectors: [], problem: "it was not run")
        let results = ResultList(Array(repeating: empty, count: jobs.count))
        WorkerPool.run(jobs.count, threads: threads) { number in
            guard !interrupt.isRaised else { return }
            results.set(number, outcome(jobs[number], interrupt))
        }
        return results.all
    }

    /// The outcomes of jobs that several threads do.
    private final class ResultList: Sendable {
        private let list: Mutex<[Outcome]>
        init(_ list: [Outcome]) { self.list = Mutex(list) }
        func set(_ place: Int, _ outcome: Outcome) { list.withLock { $0[place] = outcome } }
        var all: [Outcome] { list.withLock { $0 } }
    }

    private static func outcome(_ job: Job, _ interrupt: InterruptFlag) -> Outcome {
        var result = Outcome(scenario: job.path, verdict: .incomplete, kinds: [], detectors: [])
        guard let file = try? SourceFile.read(path: job.path), let scenario = PluginLibrary.reader(for: job.path).read(file, seed: job.seed).scenario else {
            result.problem = "it cannot be read"
            return result
        }
        var options = RunOptions()
        options.drawsPlots = false
        options.scoreRows = scoreRows
        options.interrupt = interrupt
        let outcome = Runner.run(scenario, options: options)
        result.scenario = scenario.name
        result.verdict = outcome.verdict
        result.detectors = outcome.detectors
        result.kinds = scenario.detectors.map { BuiltIns.registry.detectors[$0.kind].name }
        if outcome.verdict == .incomplete { result.problem = outcome.diagnostics.first?.message ?? "it did not come to its end" }
        return result
    }

    // MARK: Telling

    private static func scenarios(_ jobs: [Job], _ outcomes: [Outcome]) -> String {
        var rows: [ScoreTable.Row] = []
        for (job, outcome) in zip(jobs, outcomes) {
            for verdict in outcome.detectors {
                let name = "\(outcome.scenario) \(job.seed)"
                if verdict.kinds.isEmpty { rows.append(ScoreTable.Row(detector: verdict.detector, kind: name, events: verdict.events, rows: verdict.rows)) }
                rows += verdict.kinds.map { ScoreTable.Row(detector: verdict.detector, kind: "\(name), \($0.kind)", events: $0.events, rows: $0.rows) }
            }
        }
        return ScoreTable.text(rows, secondColumn: "scenario, seed, kind")
    }

    private static func document(_ jobs: [Job], _ outcomes: [Outcome], _ matrix: DetectorMatrix, _ seeds: UInt64) -> JSONValue {
        let runs = zip(jobs, outcomes).map { job, outcome -> JSONValue in
            let detectors = zip(outcome.kinds, outcome.detectors).map { kind, verdict -> JSONValue in
                guard case .object(var members) = ScoreTable.document(verdict) else { return .null }
                members.insert(JSONValue.Member("is", .string(kind)), at: min(1, members.count))
                return .object(members)
            }
            return [
                "file": .string(job.path), "scenario": .string(outcome.scenario), "seed": .string(String(job.seed)),
                "verdict": .string(outcome.verdict.rawValue), "detectors": .array(detectors),
            ]
        }
        return [
            "evsim": .string(evsimVersion), "seeds": .integer(Int64(clamping: seeds)), "matrix": .array(matrix.entries.map(\.document)), "runs": .array(runs),
        ]
    }
}
