import CAN
import Detection
import OCPP
import Quantities
import ScenarioLanguage
import SimulationKernel
import YAMLTree

/// One run of a scenario in virtual time: nodes, buses, links, steps and detectors around one kernel, on one thread.
public final class Simulation: EventDispatcher {
    let scenario: Scenario
    let kernel: Kernel
    let signals: SignalStore
    let recorder: Recorder
    let truth: TruthKeeper
    let streams: StreamTable
    private(set) var nodes: [Node] = []
    private(set) var frames: [FrameRuntime] = []
    /// The same in raw memory, for the hot loop.
    private let nodeTable: UnsafeMutablePointer<Node>
    private let frameTable: UnsafeMutablePointer<FrameRuntime>
    /// Buses in the order of the file.
    private(set) var buses: [CANBus] = []
    /// What carries the frames of a bus that do not arrive at once.
    var carriers: [(any BusCarrier)?] = []
    /// Frames by bus and identifier with its flags.
    private(set) var framesByIdentifier: [[UInt32: [Int]]] = []
    /// Which identifiers of each bus attacks look at, in raw memory for the hot loop.
    let tapMaps: UnsafeMutablePointer<CANTapMap>
    var framesOnTheWay = FramesOnTheWay()
    private(set) var transports: TransportBank!
    let links: LinkTable
    private(set) var detectors: DetectorBank!
    private(set) var followers: FollowerBank!
    private(set) var speakers: SpeakerBank!
    private(set) var stepRunner: StepRunner!
    /// The built-in attacks of the steps.
    private(set) var attacks: AttackBank!
    /// Whether attacks and labelled steps do nothing but take their time.
    var isBenign = false
    /// Exchanges that are expected; `nil` when there are none.
    private(set) var exchanges: ExchangeBank?
    /// Kernel instant of the run's t = 0: when the nodes that boot at once have booted.
    private(set) var origin = Instant.zero
    private(set) var hasOrigin = false
    /// What ended the run early; `nil` while all is well.
    private(set) var failure: RunFailure?
    private(set) var warnings: [RunWarning] = []

    /// What is known of data from outside; `nil` when none are played.
    var outside: OutsideTruth?
    /// The real buses of a live run.
    var liveBuses: LiveBuses?
    /// What became of the real buses, by bus; empty until a live run ends.
    var busReports: [Int: BusReport] = [:]
    /// What keeps the run beside the clock of the machine; `nil` while it goes as fast as it can.
    var driver: PacedDriver?
    private let interrupt: InterruptFlag?
    /// Told from time to time how far the run has come.
    var progress: ((RunProgress) -> Void)?

    /// Bit set per signal of who looks at it.
    private let interest: UnsafeMutablePointer<UInt8>
    private var aggregates: [FormulaAggregate: Aggregate] = [:]
    /// Who looks at each signal; nobody at most of them.
    private let attention: UnsafeMutablePointer<Attention?>
    /// Whether something depends on the clock alone.
    private var isTicking = false
    /// Parts by the node that is made of them.
    private lazy var partsOfNode: [Int: [Int]] = {
        var parts: [Int: [Int]] = [:]
        for declaration in scenario.nodes {
            guard let owner = declaration.owner else { continue }
            parts[owner, default: []] += declaration.firstInstance..<(declaration.firstInstance + declaration.count)
        }
        return parts
    }()
    private var waitingForOrigin = 0
    private var waitingToBoot = 0
    private var isBooted: [Bool] = []
    /// What was published before t = 0.
    private var beforeOrigin: [(signal: Int, value: Double, instant: Instant)] = []
    /// Whether all nodes were made; a kind may refuse its settings.
    private var isBuilt = false

    enum Interest {
        static let recorded: UInt8 = 1
        static let plotted: UInt8 = 2
        static let aggregated: UInt8 = 4
        static let watched: UInt8 = 8
        static let published: UInt8 = 16
        static let followed: UInt8 = 32
    }

    /// Builds a run; nothing happens yet.
    init(_ scenario: Scenario, kinds: [NodeKind], recorder: Recorder, limits: KernelLimits, interrupt: InterruptFlag?) throws(RunFailure) {
        self.scenario = scenario
        self.recorder = recorder
        self.interrupt = interrupt
        let slots = scenario.symbols.signals.count + scenario.symbols.slots
        signals = SignalStore(count: max(slots, 1))
        interest = .allocate(capacity: max(slots, 1))
        interest.initialize(repeating: 0, count: max(slots, 1))
        attention = .allocate(capacity: max(slots, 1))
        attention.initialize(repeating: nil, count: max(slots, 1))
        kernel = Kernel(end: .never, limits: limits, interrupt: interrupt)
        truth = TruthKeeper(kinds: scenario.labelKinds)
        recorder.label = { [truth] in truth.words(of: $0) }
        streams = StreamTable()
        nodeTable = .allocate(capacity: max(scenario.symbols.nodes.count, 1))
        frameTable = .allocate(capacity: max(scenario.symbols.frames.count, 1))
        tapMaps = .allocate(capacity: max(scenario.buses.count, 1))
        for bus in 0..<max(scenario.buses.count, 1) { (tapMaps + bus).initialize(to: CANTapMap()) }
        links = LinkTable()
        links.attach(self)
        buildFrames()
        frameTable.initialize(from: frames, count: frames.count)
        transports = TransportBank(self)
        try buildNodes(kinds)
        nodeTable.initialize(from: nodes, count: nodes.count)
        isBuilt = true
        speakers = SpeakerBank(self)
        followers = FollowerBank(self)
        detectors = try DetectorBank(self)
        stepRunner = StepRunner(self)
        attacks = AttackBank(self)
        prepareExpectations()
        prepareInterest()
        exchanges = ExchangeBank(self)
    }

    deinit {
        interest.deallocate()
        attention.deinitialize(count: max(signals.count, 1))
        attention.deallocate()
        frameTable.deinitialize(count: frames.count)
        frameTable.deallocate()
        for bus in 0..<max(scenario.buses.count, 1) { tapMaps[bus].deallocate() }
        tapMaps.deallocate()
        if isBuilt { nodeTable.deinitialize(count: nodes.count) }
        nodeTable.deallocate()
    }

    // MARK: Building

    private func buildFrames() {
        buses = scenario.buses.map { _ in CANBus() }
        carriers = scenario.buses.map { _ in nil }
        for (bus, declaration) in scenario.buses.enumerated() { carriers[bus] = declaration.wire.map { WireCarrier($0, bus: bus, self) } }
        framesByIdentifier = scenario.buses.map { _ in [:] }
        for (bus, declaration) in scenario.buses.enumerated() {
            for frame in declaration.frames {
                var fields: [(layout: FieldLayout, wire: Int, source: Int)] = []
                for field in frame.fields {
                    guard let layout = try? field.layout(dataBytes: frame.length) else { continue }
                    fields.append((layout, field.signal, source(of: field, from: frame.from)))
                }
                let runtime = FrameRuntime(frame, bus: bus, buses[bus], index: frames.count, fields: fields)
                runtime.stream = scenario.symbols.frameStream(frames.count)
                watchRange(of: runtime)
                // The identifier of a message is that of its parts, or of none of its frames: what arrives is told by the transport protocol.
                if frame.transport == nil { framesByIdentifier[bus][runtime.rawIdentifier, default: []].append(frames.count) }
                frames.append(runtime)
            }
        }
    }

    private func buildNodes(_ kinds: [NodeKind]) throws(RunFailure) {
        var firstSignal = 0
        for (slot, formula, path) in scenario.drawnSlots { signals.preset(slot, evaluateSetting(formula, path: path)) }
        for declaration in scenario.nodes {
            // Kinds of plugins stand behind the built-in ones; what they are made of are nodes of their own.
            let kind =
                kinds.indices.contains(declaration.kind) ? kinds[declaration.kind] : NodeKind(manifest: scenario.kinds[declaration.kind]) { CompositeNode($0) }
            for instance in 0..<declaration.count {
                let index = declaration.firstInstance + instance
                let context = NodeContext(
                    index: index, name: scenario.symbols.nodes[index], firstSignal: firstSignal, simulation: self, manifest: kind.manifest,
                    settings: declaration.settings)
                do {
                    nodes.append(try kind.make(context))
                } catch {
                    throw RunFailure(code: error.code, message: error.message, span: error.span ?? declaration.span, time: error.time)
                }
                firstSignal += kind.manifest.signals.count
            }
        }
        isBooted = nodes.map { !$0.mustBoot }
    }

    /// Keeps count of everything that expectations look at.
    private func prepareExpectations() {
        for expectation in scenario.expectations {
            for spec in expectation.formula.aggregates { _ = aggregate(spec) }
            for score in expectation.formula.scores {
                guard case .stream(let stream) = score.source else { continue }
                if score.function == .latency { keepAnswerTimes(stream) } else { _ = streams.runtime(stream) }
            }
        }
    }

    /// The answer times of all nodes together are counted anyway, those of one node on request.
    private func keepAnswerTimes(_ stream: Int) {
        if stream >= scenario.symbols.actions.count { streams.time(stream) }
    }

    /// Marks which signals are recorded, drawn, aggregated and watched.
    private func prepareInterest() {
        if scenario.record.signals { for signal in scenario.symbols.signals.indices { interest[signal] |= Interest.recorded } }
        for plot in scenario.plots {
            plot.latencies.forEach(keepAnswerTimes)
            for signal in plot.panels.flatMap({ $0 }) where trace(signal) == nil {
                attention(to: signal).trace = SampleTrace()
                interest[signal] |= Interest.plotted
            }
        }
    }

    /// Who looks at a signal, made when somebody does.
    private func attention(to signal: Int) -> Attention {
        if let known = attention[signal] { return known }
        let made = Attention()
        attention[signal] = made
        return made
    }

    /// A detector watches a signal, or a rule reads it.
    func watch(_ signal: Int, by detector: Int, isRule: Bool) {
        let attention = attention(to: signal)
        if isRule { attention.reading.append(detector) } else { attention.watching.append(detector) }
        interest[signal] |= Interest.watched
    }

    /// A signal is an input of a detector over several.
    func feed(_ signal: Int, to detector: Int, input: Int) {
        attention(to: signal).feeding.append((detector, input))
        interest[signal] |= Interest.watched
    }

    /// Something that follows reads a signal.
    func follow(_ signal: Int, by place: Int) {
        guard signal < scenario.symbols.signals.count else { return }
        attention(to: signal).following.append(place)
        interest[signal] |= Interest.followed
    }

    /// The samples of a signal that is drawn.
    func trace(_ signal: Int) -> SampleTrace? { attention[signal]?.trace }

    /// The aggregate of a formula, shared by all formulas that ask for the same.
    func aggregate(_ spec: FormulaAggregate) -> Aggregate {
        if let known = aggregates[spec] { return known }
        var isHeld = false
        if case .signal(let signal) = spec.source, signal < scenario.symbols.signals.count { isHeld = scenario.symbols.signals[signal].isHeld }
        let made = Aggregate(spec, isHeld: isHeld)
        aggregates[spec] = made
        switch spec.source {
        case .signal(let signal):
            attention(to: signal).aggregates.append(made)
            interest[signal] |= Interest.aggregated
        case .stream(let stream): streams.runtime(stream).aggregates.append(made)
        case .clock(let isTimeOfDay):
            made.clock = { [unowned self] instant in
                // The clocks of the nodes start when they are switched on, the run when they have booted.
                isTimeOfDay
                    ? (Double(scenario.run.epoch % 86_400) + instant.seconds).truncatingRemainder(dividingBy: 86_400) : hasOrigin ? time(instant).seconds : 0
            }
            startTicking()
        }
        return made
    }

    /// What depends on the clock alone is asked each second.
    private func startTicking() {
        guard !isTicking else { return }
        isTicking = true
        if hasOrigin { kernel.schedule(at: kernel.now + .seconds(1), phase: .timer, node: 0, kind: EventKind.tick, target: 0) }
    }

    /// Instances of the parts of a node, in the order of the file.
    func parts(of node: Int) -> [Int] { partsOfNode[node] ?? [] }

    // MARK: Running

    /// Runs to the end; what stopped it otherwise is in `failure` or in the result.
    func run() -> SimulationKernel.StopReason {
        waitingForOrigin = 0
        waitingToBoot = 0
        for node in nodes where node.mustBoot {
            waitingToBoot += 1
            if node.bootsAtOnce { waitingForOrigin += 1 }
        }
        for node in nodes { node.powerOn() }
        kernel.end = Instant.zero + scenario.run.readyWithin
        if waitingForOrigin == 0 { scheduleOrigin() }
        var reason = runInParts()
        if reason == .ended, !hasOrigin {
            reportBootTimeout()
            return .stopped
        }
        if reason == .ended, !scenario.steps.isEmpty, !stepRunner.hasStarted {
            reportBootTimeout()
            return .stopped
        }
        if reason == .ended || reason == .paused {
            for node in nodes { node.finish() }
            for carrier in carriers { carrier?.finish() }
            commit(at: kernel.end - Duration(nanoseconds: 1))
            reason = .ended
        }
        return reason
    }

    /// Runs to the end in parts of a thousandth, at most a minute each, so that progress can be told.
    private func runInParts() -> SimulationKernel.StopReason {
        if let driver { return driver.run(interrupt: interrupt) }
        guard progress != nil else { return kernel.run(dispatcher: self) }
        let part = Duration(nanoseconds: min(max(scenario.run.length.nanoseconds / 1000, 1), 60_000_000_000))
        while true {
            let from = kernel.nextInstant ?? kernel.now
            let reason = kernel.run(dispatcher: self, until: from.nanoseconds < kernel.end.nanoseconds ? from + part : kernel.end)
            guard reason == .paused else { return reason }
            report()
            guard let next = kernel.nextInstant, next < kernel.end else { return kernel.run(dispatcher: self) }
        }
    }

    /// Tells how far the run has come.
    func report() { progress?(RunProgress(simulated: simulated, length: scenario.run.length, events: kernel.events)) }

    /// Whether the person wants the run to end.
    var isInterrupted: Bool { interrupt?.isRaised ?? false }

    private func scheduleOrigin() {
        kernel.schedule(at: kernel.now, phase: .timer, node: 0, kind: EventKind.origin, target: 0)
    }

    /// A node was accepted by its central system.
    func nodeBooted(_ node: Node) {
        guard !isBooted[node.index] else { return }
        isBooted[node.index] = true
        waitingToBoot -= 1
        if node.bootsAtOnce {
            waitingForOrigin -= 1
            if waitingForOrigin == 0, !hasOrigin { scheduleOrigin() }
        }
        if waitingToBoot == 0, hasOrigin { scheduleSteps() }
    }

    private func scheduleSteps() {
        kernel.schedule(at: kernel.now, phase: .timer, node: 0, kind: EventKind.startSteps, target: 0)
    }

    private func reachOrigin() {
        hasOrigin = true
        origin = kernel.now
        kernel.end = origin + scenario.run.length
        recorder.setOrigin(origin)
        if isTicking { kernel.schedule(at: origin + .seconds(1), phase: .timer, node: 0, kind: EventKind.tick, target: 0) }
        replayBeforeOrigin()
        links.ready()
        for carrier in carriers { carrier?.ready() }
        for node in nodes { node.ready() }
        // A frame that no node of the file sends comes from outside, over a real bus or a gateway, or not at all.
        for frame in frames where frame.declaration.every != nil && frame.declaration.from != nil && frame.isSentByEngine {
            scheduleFrame(frame, at: origin + frame.declaration.phase)
        }
        followers.ready()
        speakers.ready()
        detectors.ready()
        for frame in frames where frame.declaration.failureSignal >= 0 { signals.publish(frame.declaration.failureSignal, 0) }
        // What nodes published when they were switched on is what the formulas of the first steps read.
        for signal in 0..<signals.count { signals.preset(signal, signals.latest(signal)) }
        if waitingToBoot == 0 { stepRunner.start() }
    }

    /// Hands on what was published before t = 0, whose place in time is known only now.
    private func replayBeforeOrigin() {
        for (signal, value, instant) in beforeOrigin {
            let wanted = interest[signal]
            if wanted & Interest.recorded != 0 { recorder.signal(signal, value, at: instant) }
            look(signal, value, wanted & ~(Interest.watched | Interest.followed), at: instant)
        }
        beforeOrigin = []
    }

    private func reportBootTimeout() {
        let waiting = nodes.filter { !isBooted[$0.index] && ($0.bootsAtOnce || hasOrigin) }
        let late = waiting.map(\.name)
        // In a live run the reason is most often that nobody answered.
        let reason = warnings.last { $0.code == .noConnection }.map { " (\($0.text))" } ?? ""
        fail(
            .notReady,
            "\(late.prefix(5).joined(separator: ", "))\(late.count > 5 ? " and \(late.count - 5) more" : "") did not boot \(hasOrigin ? "before the end of the run, so no step was done" : "within \(scenario.run.readyWithin.secondsText) s")\(reason)",
            span: waiting.first.map { scenario.nodes[scenario.symbols.declarationOfNode[$0.index]].span })
    }

    /// Time since the run's t = 0.
    func time(_ instant: Instant) -> Duration { instant - origin }

    public func dispatch(_ event: Event) {
        switch event.kind {
        case EventKind.timer:
            nodeTable[Int(event.target)].timer(UInt32(truncatingIfNeeded: event.payload >> 32), UInt32(truncatingIfNeeded: event.payload))
        case EventKind.sample: nodeTable[Int(event.target)].sample(UInt32(truncatingIfNeeded: event.payload))
        case EventKind.message: links.deliver(event.payload, to: nodeTable[Int(event.target)])
        case EventKind.link: links.changed(event.payload, nodeTable[Int(event.target)])
        case EventKind.linkFailure: links.failed(Int(event.target), event.payload)
        case EventKind.outgoing: links.release(event.payload, up: event.target == 1)
        case EventKind.heldMessage...EventKind.intruder: links.attackEvent(event)
        case EventKind.frame: deliver(event.payload, frameTable[Int(event.target)])
        case EventKind.otherFrame: deliverOther(event.payload, bus: Int(event.target))
        case EventKind.carrier: carriers[Int(event.target)]?.wake(event.payload)
        case EventKind.periodicFrame: sendPeriodic(frameTable[Int(event.target)])
        case EventKind.transport: transports.due(Int(event.target))
        case EventKind.strand: stepRunner.resume(Int(event.target), generation: UInt32(truncatingIfNeeded: event.payload))
        case EventKind.detector: detectors.deadline(Int(event.target), at: kernel.now)
        case EventKind.tick: kernel.schedule(at: kernel.now + .seconds(1), phase: .timer, node: 0, kind: EventKind.tick, target: 0)
        case EventKind.follower: followers.due(Int(event.target))
        case EventKind.speech: speakers.speak(Int(event.target))
        case EventKind.periodicSpeech: speakers.speakPeriodically(Int(event.target))
        case EventKind.attack: attacks.wake(Int(event.target), event.payload)
        case EventKind.fromOutside: liveBuses?.arrive(Int(event.target))
        case EventKind.origin: if !hasOrigin { reachOrigin() }
        case EventKind.startSteps: stepRunner.start()
        default: break
        }
    }

    public func instantEnded(at instant: Instant) -> Bool {
        commit(at: instant)
        if let error = recorder.error {
            fail(.cannotWrite, "\(error.path): \(error.reason)", span: nil)
        }
        return failure == nil
    }

    private func commit(at instant: Instant) {
        commitSignals(at: instant)
        if !followers.isEmpty, followers.hasWork { followers.settle(at: instant) { commitSignals(at: instant) } }
        detectors.instantEnded(at: instant)
        stepRunner.instantEnded(at: instant)
    }

    private func commitSignals(at instant: Instant) {
        if !hasOrigin {
            signals.commit { signal, value in
                beforeOrigin.append((signal, value, instant))
                if interest[signal] & Interest.followed != 0 { attention[signal]?.following.forEach { followers.mark($0) } }
            }
        } else if signals.hasPublications {
            signals.commit { signal, value in
                let wanted = interest[signal]
                if wanted & Interest.recorded != 0 { recorder.signal(signal, value, at: instant) }
                if wanted & ~Interest.recorded != Interest.published { look(signal, value, wanted, at: instant) }
            }
        }
    }

    /// The rarer interests of a published signal.
    @inline(never)
    private func look(_ signal: Int, _ value: Double, _ wanted: UInt8, at instant: Instant) {
        interest[signal] |= Interest.published
        guard let attention = attention[signal] else { return }
        attention.trace?.append(time(instant).seconds, value)
        for aggregate in attention.aggregates { aggregate.add(instant, value) }
        if wanted & Interest.watched != 0 { detectors.sample(attention, value, at: instant) }
        if wanted & Interest.followed != 0 { for place in attention.following { followers.mark(place) } }
    }

    /// Whether a signal was ever published.
    func wasPublished(_ signal: Int) -> Bool { interest[signal] & Interest.published != 0 }

    /// Ends the run with a reason that names what happened and when.
    func fail(_ code: RunCode, _ message: String, span: Span?) {
        guard failure == nil else { return }
        failure = RunFailure(code: code, message: message, span: span, time: hasOrigin ? time(kernel.now) : nil)
        kernel.stop()
    }

    /// A command changed nothing in the present state.
    func invalidState(_ node: String, _ text: String) { warn(.invalidState, "\(node): \(text)", span: nil) }

    func warn(_ code: RunCode, _ message: String, span: Span?) {
        if let known = warnings.firstIndex(where: { $0.code == code && $0.text == message && $0.span == span }) {
            warnings[known].count += 1
        } else if warnings.count < 200 {
            warnings.append(RunWarning(code: code, text: message, span: span, time: hasOrigin ? time(kernel.now) : nil))
        }
    }
}
