import Quantities
import YAMLTree

/// Checks of a whole scenario that is otherwise in order; all are warnings.
struct StaticChecks {
    let builder: ScenarioBuilder
    let top: SectionReader
    var reading: Reading { builder.reading }
    var scenario: Scenario { builder.scenario }
    var table: SymbolTable { builder.scope.table }

    init(_ builder: ScenarioBuilder, _ top: SectionReader) {
        self.builder = builder
        self.top = top
    }

    func run() {
        unusedParameters()
        unusedSequences()
        unusedPlugins()
        unusedNodes()
        unreadFrames()
        shortWindows()
        stepTimes()
        beyondTheRun()
        formulas()
        unusedLinks()
        earlyStops()
        unpublishedSignals()
        unreachedLimits()
        earlyProfiles()
        if scenario.expectations.isEmpty, scenario.exchanges.isEmpty {
            reading.warning(
                .nothingExpected, top.key("scenario")?.span ?? top.node.span, "nothing is expected of this scenario",
                label: "it passes whatever happens; add 'expect'")
        }
    }

    private func unusedParameters() {
        for parameter in builder.scope.parameters where !reading.isUsed("param \(parameter.name)") {
            reading.warning(.unusedParameter, parameter.span, "nothing uses the parameter '\(parameter.name)'")
        }
    }

    private func unusedPlugins() {
        for use in builder.root.uses where !use.file.isUsed {
            reading.warning(.unusedPlugin, use.span, "nothing uses the plugin '\(use.file.name)'", label: "help: leave it away")
        }
    }

    private func unusedSequences() {
        for sequence in builder.root.definitions where !reading.isUsed("sequence \(sequence.name)") {
            reading.warning(.unusedSequence, sequence.key.span, "nothing calls the sequence '\(sequence.name)'")
        }
    }

    /// Nodes that name nothing and that nothing names; a scenario of one node is left alone.
    private func unusedNodes() {
        guard scenario.nodes.count > 1 else { return }
        for (index, node) in scenario.nodes.enumerated() where !builder.scope.mentioned.contains(index) {
            let isConnected = node.settings.contains { value in
                switch value {
                case .nodes(let nodes): !nodes.isEmpty
                case .signals(let signals): !signals.isEmpty
                case .bus, .formula: true
                default: false
                }
            }
            if !isConnected {
                reading.warning(.unusedNode, node.span, "the node '\(node.name)' takes no part in the run", label: "it names nothing, and nothing names it")
            }
        }
    }

    /// Frames of the file that nobody sends, or that nothing looks at.
    private func unreadFrames() {
        var number = 0
        var transmitted = Set<Int>()
        everyStep(scenario.steps) { step in
            if case .transmit(let step) = step.action, case .declared(let frame, _) = step.content { transmitted.insert(frame) }
            if case .intercept(let attack) = step.action, ["inject", "spoof"].contains(attack.manifest.name) {
                for case .frame(let frame) in attack.targets { transmitted.insert(frame) }
            }
        }
        for (index, bus) in scenario.buses.enumerated() {
            for frame in bus.frames {
                defer { number += 1 }
                // Others than the nodes of the file may send and read it.
                if bus.attachment != nil || isBridged(index) { continue }
                // A set of a plugin may have frames that this scenario does not need.
                guard let span = frame.span, span.file.path == scenario.file.path else { continue }
                if frame.from == nil, !transmitted.contains(number) {
                    let isWatched = reading.isUsed("stream \(table.frameStream(number))") || isWatched(frame)
                    reading.warning(
                        isWatched ? .unsentFrame : .unreadFrame, span, "no node sends the frame '\(frame.name)'",
                        label: isWatched ? "a detector, formula or plot looks at it and sees nothing" : nil, help: "add 'from: NODE'")
                } else if !isRead(frame, number, bus: index) {
                    reading.warning(
                        .unreadFrame, span, "nothing reads the frame '\(frame.name)'", label: "no node, detector, formula, plot or record looks at it")
                }
            }
        }
    }

    /// Whether frames come from elsewhere: a node carries them from another bus, or plays a log.
    private func isBridged(_ bus: Int) -> Bool {
        scenario.nodes.contains { node in
            let buses = node.settings.compactMap { if case .bus(let bus) = $0 { bus } else { nil } }
            // A node that reads a log sends what the log has.
            return buses.contains(bus) && (buses.count > 1 || builder.registry.kinds[node.kind].settings.contains(where: \.isFile))
        }
    }

    private func isRead(_ frame: FrameDeclaration, _ number: Int, bus: Int) -> Bool {
        // On a bus with wires a frame takes time that others wait for.
        if scenario.buses[bus].wire != nil { return true }
        if scenario.record.hasFrames || reading.isUsed("stream \(table.frameStream(number))") { return true }
        if isWatched(frame) || scenario.detectors.contains(where: { $0.watches(bus: bus) }) { return true }
        return scenario.nodes.contains { node in
            let kind = builder.registry.kinds[node.kind]
            return self.bus(of: node, kind) == bus && kind.frames.contains { $0.name == frame.name && $0.use == .reads }
        }
    }

    /// Whether a detector, a formula or a plot names a value of a frame.
    private func isWatched(_ frame: FrameDeclaration) -> Bool { frame.fields.contains { builder.scope.mentionedOnBus.contains($0.signal) } }

    /// A detector whose window is not longer than the period of the frame or signal that it watches.
    private func shortWindows() {
        for detector in scenario.detectors {
            let manifests = builder.registry.detectors[detector.kind].settings
            guard detector.settings.count == manifests.count else { continue }
            var window: Duration?
            var watched: Int?
            for (manifest, value) in zip(manifests, detector.settings) {
                if manifest.name == "window", case .duration(let time) = value { window = time }
                if manifest.type == .signal, case .signals(let signals) = value { watched = signals.first }
            }
            guard let window, let watched, let period = period(of: watched), window <= period else { continue }
            reading.warning(
                .windowTooShort, detector.span, "the window of '\(detector.name)' never holds two samples of '\(table.signals[watched].name)'",
                label: "the window is \(window.secondsText) s, a sample comes every \(period.secondsText) s")
        }
    }

    /// The period of a signal that a frame carries or causes, or that a setting of its node gives.
    private func period(of signal: Int) -> Duration? {
        if let period = manifestPeriod(of: signal) { return period }
        for bus in scenario.buses {
            for frame in bus.frames {
                guard let every = frame.every else { continue }
                if frame.fields.contains(where: { $0.signal == signal }) { return every }
                if let from = frame.from, frame.fields.contains(where: { "\(table.nodes[from]).\($0.name)" == table.signals[signal].name }) { return every }
            }
        }
        return nil
    }
}
