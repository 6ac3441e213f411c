import CAN
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel
import YAMLTree

/// Makes a run that fails because of a fuzz attack on a bus as small as it can be, and writes it as a scenario with plain steps.
///
/// What fails is an expectation, or a step that waited in vain, and it fails because of the attack when it does not in a run in which the attack sends
/// nothing. Each trial is a whole run in virtual time with some of the frames, sent by steps at their instants.
struct FailingFrames {
    /// Something that a run did not fulfil.
    struct Trouble: Hashable {
        let line: Int
        let column: Int
        /// Whether a step ended the run.
        let endsRun: Bool
        /// What was found, for people.
        let sentence: String

        static func == (a: Trouble, b: Trouble) -> Bool { a.line == b.line && a.column == b.column && a.endsRun == b.endsRun }

        func hash(into hasher: inout Hasher) {
            hasher.combine(line)
            hasher.combine(column)
        }
    }

    let scenario: Scenario
    let fuzzed: FuzzedFrames
    /// Instant of the run's t = 0.
    let origin: Instant
    /// Events of the run, by which trials are counted.
    let events: UInt64
    let interrupt: InterruptFlag
    /// Whether the run can be repeated.
    let isRepeatable: Bool

    /// The most cases that are written, and the most frames that a scenario has.
    private static let most = (cases: 4, frames: 5000)
    /// Events that all trials of a case may have together, and the fewest and most trials.
    private static let budget = (events: 40_000_000.0, least: 24.0, most: 400.0)

    init?(_ simulation: Simulation, _ options: RunOptions) {
        fuzzed = simulation.attacks.fuzzed
        guard !fuzzed.frames.isEmpty, !simulation.isBenign else { return nil }
        (scenario, origin, events, interrupt) = (simulation.scenario, simulation.origin, simulation.kernel.events, options.interrupt)
        isRepeatable = options.live == nil && options.outside == nil && fuzzed.lost == 0
    }

    // MARK: What a run did not fulfil

    /// What is wrong after a run.
    static func troubles(_ simulation: Simulation, _ judge: RunJudge, _ failure: RunFailure?) -> [Trouble] {
        if let failure {
            guard failure.code == .untilTimeout || failure.code == .notReady, let span = failure.span else { return [] }
            return [Trouble(line: span.line, column: span.column, endsRun: true, sentence: failure.message)]
        }
        return judge.expectations.filter { !$0.isFulfilled && $0.span.file === simulation.scenario.file }.map {
            Trouble(line: $0.span.line, column: $0.span.column, endsRun: false, sentence: $0.sentence)
        }
    }

    /// What is wrong after a run with some frames in the place of the attack's; `nil` when it could not be made.
    private func trial(_ frames: [FuzzedFrame]) -> [Trouble]? {
        guard !interrupt.isRaised else { return nil }
        var changed = scenario
        changed.steps = steps(frames)
        guard let recorder = try? Recorder(changed, directory: nil),
            let simulation = try? Simulation(changed, kinds: NodeKind.all, recorder: recorder, limits: KernelLimits(), interrupt: interrupt)
        else { return nil }
        let reason = simulation.run()
        guard reason == .ended || simulation.failure != nil else { return nil }
        return Self.troubles(simulation, RunJudge(simulation, isComplete: simulation.failure == nil), simulation.failure)
    }

    private func shows(_ trouble: Trouble, _ frames: [FuzzedFrame]) -> Bool { trial(frames)?.contains(trouble) ?? false }

    // MARK: Steps in place of the attack

    /// The steps of the scenario with attacks that only take their time, and beside them those that send the frames.
    private func steps(_ frames: [FuzzedFrame]) -> [Step] {
        guard let first = fuzzed.steps.first else { return scenario.steps }
        let sending = Self.moments(frames).flatMap { moment -> [Step] in
            var list = [Step(.at(.constant(moment.begin - origin)), at: first.span)]
            if !moment.replaced.isEmpty {
                list.append(Step(.intercept(first.dropping(moment.replaced, on: moment.bus, for: .constant(Self.window))), at: first.span))
            }
            return list + moment.frames.map { Step(.transmit(Self.transmit($0)), at: first.span) }
        }
        return [Step(.parallel([("steps", quiet(scenario.steps)), ("frames", sending)]), at: first.span)]
    }

    private static func transmit(_ one: FuzzedFrame) -> FrameStep {
        let raw = one.frame.frame
        let frame = FrameStep.RawFrame(
            raw.id, extended: raw.isExtended, remote: raw.isRemote, fd: raw.isFD, data: raw.isRemote ? [] : one.frame.data,
            lengthCode: raw.isRemote ? raw.lengthCode : nil)
        return FrameStep(frame, bus: one.bus, from: one.node < 0 ? nil : one.node)
    }

    /// Frames of one instant and bus, and the identifiers of the real ones that they replace.
    struct Moment {
        let bus: Int
        /// When its steps begin: a nanosecond earlier where real frames have to be taken away.
        let begin: Instant
        var replaced: [UInt32] = []
        var frames: [FuzzedFrame] = []
    }

    /// How long real frames that others replace are waited for.
    static let window = Duration(nanoseconds: 2)

    /// The frames in groups that steps can send.
    static func moments(_ frames: [FuzzedFrame]) -> [Moment] {
        var moments: [Moment] = []
        for one in frames {
            let begin = one.replaced == nil ? one.instant : one.instant - Duration(nanoseconds: 1)
            if moments.last.map({ $0.begin != begin || $0.bus != one.bus }) ?? true { moments.append(Moment(bus: one.bus, begin: begin)) }
            let last = moments.count - 1
            moments[last].frames.append(one)
            if let real = one.replaced, !moments[last].replaced.contains(real & ~CANFrame.remoteFlag) {
                moments[last].replaced.append(real & ~CANFrame.remoteFlag)
            }
        }
        return moments
    }

    private func quiet(_ steps: [Step]) -> [Step] {
        steps.map { step in
            var step = step
            switch step.action {
            case .intercept(let attack) where attack.manifest.name == "fuzz" && attack.link == .can:
                step.action = .wait(attack.duration ?? .constant(Self.work(attack, scenario.run.length)))
            case .repeatSteps(let mode, let inner): step.action = .repeatSteps(mode, quiet(inner))
            case .parallel(let tracks): step.action = .parallel(tracks.map { ($0.name, quiet($0.steps)) })
            case .when(let formula, let then, let otherwise): step.action = .when(formula, then: quiet(then), otherwise: quiet(otherwise))
            case .call(let name, let arguments, let inner): step.action = .call(name: name, arguments: arguments, steps: quiet(inner))
            case .attack(var attack):
                attack.steps = quiet(attack.steps)
                step.action = .attack(attack)
            default: break
            }
            return step
        }
    }

    /// How long an attack without a time of its own goes on.
    static func work(_ attack: InterceptStep, _ length: Duration) -> Duration { attack.isEndless ? length : StepRunner.work(attack) }

    // MARK: Making it smaller

    /// The fewest frames that show a trouble again, with as many zero bytes as go; `nil` when it does not come again.
    private func smallest(_ trouble: Trouble) -> [FuzzedFrame]? {
        let runs = Int(min(max(Self.budget.events / Double(max(events, 1)), Self.budget.least), Self.budget.most))
        let all = fuzzed.inOrder
        guard shows(trouble, all) else { return nil }
        var shrinker = TextShrinker(budget: runs)
        var frames = shrinker.list(all) { shows(trouble, $0) }
        guard frames.count <= 64 else { return frames }
        for index in frames.indices.reversed() {
            let data = shrinker.zeros(in: frames[index].frame.data) { bytes in
                var trial = frames
                trial[index].frame = trial[index].frame.with(bytes)
                return shows(trouble, trial)
            }
            frames[index].frame = frames[index].frame.with(data)
        }
        return frames
    }

    /// Writes what the fuzz attacks of a run have found; the names of the files.
    ///
    /// - Parameter taken: how many failing cases the directory has already.
    func write(_ troubles: [Trouble], to directory: String, taken: Int) throws(OutputError) -> [String] {
        guard !troubles.isEmpty else { return [] }
        var wanted = troubles
        if isRepeatable {
            // What is wrong without the attack too is none of its doing.
            let anyway = trial([]) ?? []
            wanted.removeAll { anyway.contains($0) }
        }
        let folder = fuzzed.steps.lazy.compactMap { step -> String? in
            if case .plain(.text(let folder)) = step.value("save_failing") { folder } else { nil }
        }.first
        if let folder { try RunDirectory.makeDirectories(folder) }
        var files: [String] = []
        for trouble in wanted.prefix(Self.most.cases) {
            let smallest = isRepeatable ? smallest(trouble) : nil
            let frames = smallest ?? Array(fuzzed.inOrder.suffix(Self.most.frames))
            let name = "failing-\(taken + files.count + 1)"
            let writer = FailingFrameText(self, trouble, frames, isSmallest: smallest != nil)
            if frames.count <= Self.most.frames, let text = writer.scenarioText {
                try RunDirectory.write(text, to: "\(folder ?? directory)/\(name).yaml")
                files.append("\(name).yaml")
            } else {
                try RunDirectory.write(writer.log, to: "\(folder ?? directory)/\(name).log")
                files.append("\(name).log")
            }
        }
        return folder == nil ? files : []
    }
}

extension CANWideFrame {
    /// The frame with other data of the same length.
    fileprivate func with(_ bytes: [UInt8]) -> CANWideFrame {
        let data = CANData(bytes)
        var frame = frame
        frame.payload = data.firstEight
        return CANWideFrame(frame, wide: data)
    }
}
