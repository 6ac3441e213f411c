import Detection
import Glibc
public import ScenarioLanguage
import JSONText
import Quantities
import SimulationKernel
import YAMLTree

/// Runs scenarios: the entry of the library.
public enum Runner {
    /// Runs a scenario to its end and writes what the run leaves.
    public static func run(_ scenario: Scenario, options: RunOptions = RunOptions()) -> RunOutcome {
        var scenario = scenario
        // A live run happens now, unless the file says when.
        if options.live != nil, !scenario.run.hasStart { scenario.run.epoch = WallClock.unixSeconds }
        if let directory = options.directory {
            do {
                try RunDirectory.prepare(directory)
            } catch {
                return failed(scenario, RunFailure(code: .cannotWrite, message: "\(error.path): \(error.reason)", span: nil, time: nil))
            }
        }
        let recorder: Recorder
        do {
            recorder = try Recorder(scenario, directory: options.directory)
        } catch {
            return failed(scenario, RunFailure(code: .cannotWrite, message: "\(error.path): \(error.reason)", span: nil, time: nil))
        }
        do {
            var limits = KernelLimits()
            limits.events = options.maximumEvents
            let simulation = try Simulation(
                scenario, kinds: NodeKind.all + (options.outside?.nodeKinds ?? []), recorder: recorder, limits: limits, interrupt: options.interrupt)
            simulation.progress = options.progress
            simulation.detectors.keepRows(options.scoreRows ?? (scenario.labelKinds.isEmpty ? 0 : usualRows))
            simulation.isBenign = options.isBenign
            var scores: ScoreFile?
            if let path = options.scoreFile {
                do {
                    scores = try ScoreFile(path, simulation)
                } catch {
                    return failed(scenario, RunFailure(code: .cannotWrite, message: "\(error.path): \(error.reason)", span: nil, time: nil))
                }
            }
            try attach(options.live, to: simulation)
            let reason = simulation.run()
            if let problem = scores?.finish() {
                simulation.fail(.cannotWrite, "\(problem.path): \(problem.reason)", span: nil)
            }
            return conclude(simulation, reason, options)
        } catch {
            return failed(scenario, error)
        }
    }

    /// Rows of scores that a run keeps for each detector: more would make reports slow and say little more.
    private static let usualRows = 1 << 14

    /// Sets the pace of a run, and the network of a live one.
    static func attach(_ live: LiveSettings?, to simulation: Simulation) throws(RunFailure) {
        guard let live else {
            if let number = simulation.links.links.indices.first(where: { simulation.links.links[$0].centralSystem < 0 }) {
                let node = simulation.links.links[number].chargePoint
                throw RunFailure(
                    code: .network, message: "\(simulation.nodes[node].name) has an address as 'csms:', which needs --realtime",
                    span: simulation.scenario.nodes[simulation.scenario.symbols.declarationOfNode[node]].span, time: nil)
            }
            if let node = simulation.nodes.first(where: { ($0 as? RemoteChargePointNode)?.isAwaited == true }) {
                throw RunFailure(
                    code: .network, message: "\(node.name) is another program that has to connect, which needs --realtime (or 'awaited: false')",
                    span: simulation.scenario.nodes[simulation.scenario.symbols.declarationOfNode[node.index]].span, time: nil)
            }
            if let pace = simulation.scenario.run.pace { simulation.driver = PacedDriver(simulation, pace: pace, outside: nil) }
            return
        }
        let network = try LiveNetwork(simulation, live)
        let driver = PacedDriver(simulation, pace: 1, outside: network)
        network.clock = { [unowned driver] in driver.instant }
        simulation.links.carrier = network
        simulation.driver = driver
    }

    private static func failed(_ scenario: Scenario, _ failure: RunFailure) -> RunOutcome {
        RunOutcome(
            verdict: .incomplete, diagnostics: [failure.diagnostic], isInterrupted: false, couldNotWrite: failure.code == .cannotWrite, expectations: [],
            report: .object([JSONValue.Member("scenario", .string(scenario.name)), JSONValue.Member("verdict", "incomplete")]), files: [], fingerprint: "",
            simulated: .zero,
            events: 0)
    }

    private static func conclude(_ simulation: Simulation, _ reason: SimulationKernel.StopReason, _ options: RunOptions) -> RunOutcome {
        var failure = simulation.failure
        switch reason {
        case .maxEvents:
            failure =
                failure
                ?? RunFailure(
                    code: .tooManyEvents, message: "the run was stopped after \(options.maximumEvents) events", span: nil,
                    time: simulation.time(simulation.kernel.now))
        case .livelock(let instant):
            failure =
                failure
                ?? RunFailure(
                    code: .livelock, message: "events keep causing events at one instant", span: nil, time: simulation.time(instant))
        case .queueFull:
            failure = failure ?? RunFailure(code: .queueFull, message: "too many events wait", span: nil, time: simulation.time(simulation.kernel.now))
        default: break
        }
        let isInterrupted = reason == .interrupted
        let judge = RunJudge(simulation, isComplete: failure == nil && !isInterrupted)
        var couldNotWrite = failure?.code == .cannotWrite
        var files: [String] = []
        var diagnostics = failure.map { [$0.diagnostic] } ?? []
        diagnostics += judge.warnings.map(\.diagnostic)
        let report = RunReport(simulation, judge)
        if let directory = options.directory {
            do {
                var failing = try FailingCases(scenario: simulation.scenario, live: options.live, interrupt: options.interrupt).write(
                    simulation.links.fuzzers, to: directory)
                if let frames = FailingFrames(simulation, options) {
                    failing += try frames.write(FailingFrames.troubles(simulation, judge, failure), to: directory, taken: failing.count)
                }
                files = try RunDirectory.write(report, simulation, judge, to: directory, drawsPlots: options.drawsPlots, further: failing)
            } catch {
                couldNotWrite = true
                diagnostics.insert(
                    RunFailure(code: .cannotWrite, message: "\(error.path): \(error.reason)", span: nil, time: nil).diagnostic, at: 0)
            }
        }
        return RunOutcome(
            verdict: couldNotWrite ? .incomplete : judge.verdict, diagnostics: diagnostics, isInterrupted: isInterrupted, couldNotWrite: couldNotWrite,
            detectors: judge.detectors, outsideRows: simulation.outside?.rows ?? 0, expectations: judge.expectations, report: report.document(files: files),
            files: files,
            fingerprint: simulation.fingerprint,
            simulated: simulation.simulated,
            events: simulation.kernel.events, alarms: judge.alarms.map(\.alarm))
    }

    /// Draws the pictures of a run again from what it left.
    ///
    /// - Parameters:
    ///   - only: number of the plot, from 1; `nil` for all.
    ///   - output: file of the picture when there is one only; `nil` for the names that the run gave.
    /// - Returns: the files written.
    public static func redraw(runDirectory: String, only: Int? = nil, output: String? = nil) throws(RunFailure) -> [String] {
        try RunPictures.redraw(runDirectory, only: only, output: output)
    }
}
