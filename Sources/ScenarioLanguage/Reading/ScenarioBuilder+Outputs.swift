import Quantities
import YAMLTree

extension ScenarioBuilder {
    // MARK: expect

    func readExpectations(_ node: YAMLNode, labelKindsMade: Int) {
        var open = 0
        for item in reading.list(node, "'expect'") ?? [] {
            // The rest of a formula that YAML has cut at its commas is no item of its own.
            if open > 0 {
                open += SectionReader.depth(item.text ?? "")
                continue
            }
            if SectionReader.isCut(item) { open = SectionReader.depth(item.text ?? "") }
            var formulaNode = item
            var because: String?
            if item.entries != nil {
                guard let section = SectionReader(reading, item, ScenarioSchema.expectation, "an expectation") else { continue }
                because = section["because"].flatMap { reading.text($0, "'because'") }
                guard let verb = expectationVerb(section) else { continue }
                if verb != "that" {
                    if verb == "never", let node = section["never"] { readNever(node, because: because, span: node.span) }
                    if verb == "exchange", let node = section["exchange"] {
                        readExchange(node, strictly: section["strictly"], because: because, span: section.key("exchange")?.span ?? node.span)
                    }
                    continue
                }
                guard let that = section["that"] else { continue }
                formulaNode = that
            }
            guard let formula = formula(formulaNode, .score, expecting: .flag, "an expectation") else { continue }
            for score in formula.scores {
                guard let kind = score.labelKind, kind >= labelKindsMade else { continue }
                reading.warning(
                    .labelNeverMade, formulaNode.span, "no step makes a label of the kind '\(scope.labelKinds[kind])'", label: "the score can never be computed"
                )
            }
            scenario.expectations.append(Expectation(formula: formula, because: because, span: formulaNode.span))
        }
    }

    /// Which of the keys that say what must hold an expectation has; exactly one is wanted.
    private func expectationVerb(_ section: SectionReader) -> String? {
        let verbs = ["that", "exchange", "never"].filter { section[$0] != nil }
        guard let verb = verbs.first else {
            reading.error(.missingKey, section.node.span, "an expectation needs the key 'that', 'exchange' or 'never'", label: "for example 'that: =…'")
            return nil
        }
        if verbs.count > 1 {
            reading.error(
                .twoVerbs, section.key(verbs[1])?.span ?? section.node.span, "'\(verb)' and '\(verbs[1])' do not go together",
                label: "help: make two expectations of it")
            return nil
        }
        if verb != "exchange", let key = section.key("strictly") {
            reading.error(.keyOfOtherVerb, key.span, "'strictly' goes with 'exchange' only")
            return nil
        }
        return verb
    }

    // MARK: intended

    /// Codes of warnings: `W` and four digits.
    func readIntended(_ node: YAMLNode) {
        for item in reading.list(node, "'intended'") ?? [] {
            guard let code = reading.text(item, "'intended'") else { continue }
            let digits = code.utf8.dropFirst()
            guard code.utf8.first == 0x57, digits.count == 4, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
                reading.error(.notOneOf, item.span, "'intended' takes codes of warnings, not \(Diagnostic.quoted(code))", label: "for example 'W0601'")
                continue
            }
            scenario.intended.append(code)
        }
    }

    // MARK: plots

    func readPlots(_ node: YAMLNode) {
        for item in reading.list(node, "'plots'") ?? [] {
            guard let section = SectionReader(reading, item, ScenarioSchema.plot, "a plot") else { continue }
            var plot = PlotDeclaration(
                title: section["title"]?.text ?? "", panels: [], showsLabels: false, detectors: [], window: nil, width: 1200, height: 600, scale: 1,
                theme: .light, span: item.span)
            if let node = section["title"] { plot.title = reading.text(node, "'title'") ?? "" }
            if let node = section["lines"] { plot.panels = readPanels(node) }
            if let node = section["latencies"] { plot.latencies = readLatencies(node, section) }
            if let node = section["scores"] { readScores(node, section, &plot) }
            if section["lines"] == nil, section["latencies"] == nil, section["scores"] == nil {
                reading.error(.missingKey, item.span, "a plot needs the key 'lines', 'latencies' or 'scores'", label: "for example 'lines: [cp1.current]'")
            }
            for mark in section["marks"].flatMap({ reading.list($0, "'marks'") }) ?? [] {
                guard let name = reading.text(mark, "'marks'") else { continue }
                if name == "labels" {
                    plot.showsLabels = true
                } else if let index = scope.table.detector(name) {
                    plot.detectors.append(index)
                } else if !reading.isBroken(name) {
                    reading.error(
                        .unknownDetector, mark.span, "'marks' takes 'labels' and names of detectors, not \(Diagnostic.quoted(name))",
                        label: reading.suggestion(name, ["labels"] + scope.table.detectors))
                }
            }
            if let node = section["window"] { plot.window = reading.duration(node, "'window'", allowsZero: false) }
            if let node = section["size"] { readSize(node, &plot) }
            if let node = section["scale"], let scale = reading.whole(node, "'scale'", in: 1...2) { plot.scale = Int(scale) }
            if let node = section["theme"], let index = reading.word(node, "'theme'", among: PlotDeclaration.Theme.allCases.map(\.rawValue)) {
                plot.theme = PlotDeclaration.Theme.allCases[index]
            }
            scenario.plots.append(plot)
        }
    }

    /// What detectors made of the run: all of them, unless 'marks' names some.
    private func readScores(_ node: YAMLNode, _ section: SectionReader, _ plot: inout PlotDeclaration) {
        guard let index = reading.word(node, "'scores'", among: PlotDeclaration.Scores.allCases.map(\.rawValue)) else { return }
        plot.scores = PlotDeclaration.Scores.allCases[index]
        for name in ["lines", "latencies"] + (plot.scores == .latency ? ["window"] : []) {
            guard let key = section.key(name) else { continue }
            reading.error(.notOneOf, key.span, "a plot of 'scores: \(plot.scores?.rawValue ?? "")' has no '\(name)'", label: "make two plots of it")
        }
        if scope.table.detectors.isEmpty {
            reading.error(.unknownDetector, node.span, "a plot of 'scores' needs detectors", label: "the file has none")
        }
    }

    /// Streams of messages; `ocpp.*` stands for all actions.
    private func readLatencies(_ node: YAMLNode, _ section: SectionReader) -> [Int] {
        for name in ["lines", "scores", "marks", "window"] {
            guard let key = section.key(name) else { continue }
            reading.error(.notOneOf, key.span, "a plot of 'latencies' has no '\(name)'", label: "its axis shows how long answers took, not when they came")
        }
        var streams: [Int] = []
        for item in reading.list(node, "'latencies'") ?? [] {
            guard let name = reading.text(item, "'latencies'") else { continue }
            let found: [Int]
            if name == "ocpp.*" {
                found = scope.table.actions.indices.map { scope.table.messageStream(node: -1, action: $0) }
            } else if let stream = scope.table.stream(name), scope.table.isMessageStream(stream) {
                found = [stream]
            } else {
                let known = ["ocpp.*"] + scope.table.actions.map { "ocpp.\($0)" }
                reading.error(
                    .unknownMessage, item.span, "'latencies' takes messages, not \(Diagnostic.quoted(name))",
                    label: reading.suggestion(name, known) ?? "for example 'ocpp.Heartbeat', 'cp1.ocpp.Heartbeat' or 'ocpp.*'")
                continue
            }
            for stream in found where !streams.contains(stream) { streams.append(stream) }
        }
        return streams
    }

    private func readSize(_ node: YAMLNode, _ plot: inout PlotDeclaration) {
        let parts = (node.text ?? "").split(separator: "x", omittingEmptySubsequences: false)
        guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]), (200...8192).contains(width), (120...8192).contains(height) else {
            reading.error(
                .badSize, node.span, "'size' takes WIDTHxHEIGHT from 200x120 to 8192x8192, not \(Diagnostic.quoted(node.text ?? ""))",
                label: "for example '1200x600'")
            return
        }
        plot.width = width
        plot.height = height
    }

    /// A flat list is split into panels by dimension; an inner list is a panel of its own.
    private func readPanels(_ node: YAMLNode) -> [[Int]] {
        var panels: [[Int]] = []
        var flat: [Int] = []
        for item in reading.list(node, "'lines'") ?? [] {
            if let items = item.items {
                panels.append(lineSignals(items))
                let dimensions = panels[panels.count - 1].map { scope.table.signals[$0].dimension }
                if let first = dimensions.first, let other = dimensions.first(where: { $0 != first }) {
                    reading.error(
                        .mixedDimensions, item.span, "one panel has \(reading.article(first.name)) and \(reading.article(other.name))",
                        label: "write a list for each dimension")
                }
            } else {
                flat += lineSignals([item])
            }
        }
        var byDimension: [(Dimension, [Int])] = []
        for signal in flat {
            let dimension = scope.table.signals[signal].dimension
            if let index = byDimension.firstIndex(where: { $0.0 == dimension }) {
                byDimension[index].1.append(signal)
            } else {
                byDimension.append((dimension, [signal]))
            }
        }
        return byDimension.map(\.1) + panels.filter { !$0.isEmpty }
    }

    private func lineSignals(_ items: [YAMLNode]) -> [Int] {
        items.flatMap { item -> [Int] in
            if let name = item.text, let set = scope.table.signalSet(name) {
                scope.mention(signals: set)
                return set
            }
            return signal(item, "'lines'").map { [$0] } ?? []
        }
    }
}
