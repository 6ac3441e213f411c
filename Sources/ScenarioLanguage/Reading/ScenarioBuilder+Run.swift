import Quantities
import YAMLTree

extension ScenarioBuilder {
    // MARK: params

    func readParameters(_ node: YAMLNode, overrides: [(name: String, text: String)]) {
        for entry in reading.mapping(node, "'params'") ?? [] {
            guard let name = reading.checkName(entry.key, "parameter"), claim(name, entry.key.span) else { continue }
            reading.markBroken(name)
            var about = ""
            var low: Quantity?
            var high: Quantity?
            var valueNode = entry.value
            if entry.value.entries != nil {
                guard let section = SectionReader(reading, entry.value, ScenarioSchema.param, "a parameter"), let given = section["default"] else { continue }
                valueNode = given
                about = section["about"]?.text ?? ""
                guard let value = anyQuantity(given, "'default'") else { continue }
                if let node = section["min"] { low = reading.quantity(node, value.dimension, "'min'") }
                if let node = section["max"] { high = reading.quantity(node, value.dimension, "'max'") }
            }
            guard var value = anyQuantity(valueNode, "the parameter '\(name)'") else { continue }
            let unit = unitSymbol(valueNode.text ?? "")
            if let override = overrides.last(where: { $0.name == name }), let given = overridden(override.text, value.dimension, entry.key, name) {
                value = given
            }
            if let low, value.value < low.value { outOfBounds(name, value, "less than \(low.text)", entry.key) }
            if let high, value.value > high.value { outOfBounds(name, value, "more than \(high.text)", entry.key) }
            reading.clearBroken(name)
            scope.parameters.append(Parameter(name: name, value: value, unit: unit, about: about, span: entry.key.span))
        }
    }

    private func outOfBounds(_ name: String, _ value: Quantity, _ how: String, _ key: YAMLNode) {
        reading.error(.outOfRange, key.span, "the parameter '\(name)' is \(value.text), \(how)")
    }

    private func overridden(_ text: String, _ dimension: Dimension, _ key: YAMLNode, _ name: String) -> Quantity? {
        guard let quantity = try? Quantity.parse(text), quantity.dimension == dimension else {
            reading.error(
                .wrongDimension, key.span, "\(Diagnostic.quoted("--set " + name + "=" + text)): the parameter takes \(reading.article(dimension.name))",
                label: "for example '\(reading.example(dimension))'")
            return nil
        }
        return quantity
    }

    /// A quantity of any dimension, or true and false as 1 and 0.
    private func anyQuantity(_ node: YAMLNode, _ what: String) -> Quantity? {
        guard let text = reading.text(node, what) else { return nil }
        if text == "true" || text == "false" { return Quantity(text == "true" ? 1 : 0) }
        if let quantity = try? Quantity.parse(text) { return quantity }
        return reading.quantity(node, .none, what)
    }

    func unitSymbol(_ text: String) -> String {
        var scanner = DecimalScanner(text)
        guard (try? scanner.number()) != nil else { return "" }
        scanner.skipSpaces()
        return scanner.unitSymbol()
    }

    // MARK: run

    func readRun(_ node: YAMLNode, seed: UInt64?) {
        guard let section = SectionReader(reading, node, ScenarioSchema.run, "'run'", example: "{for: 60s}") else { return }
        if let node = section["for"], let length = reading.duration(node, "'for'", allowsZero: false) { scenario.run.length = length }
        if let node = section["seed"], let text = reading.text(node, "'seed'") {
            if let value = UInt64(text) {
                scenario.run.seed = value
            } else {
                reading.error(.notAWholeNumber, node.span, "'seed' takes a whole number from 0 to 18446744073709551615")
            }
        }
        if let seed { scenario.run.seed = seed }
        if let node = section["start"], let epoch = reading.instant(node, "'start'") {
            scenario.run.epoch = epoch
            scenario.run.hasStart = true
        }
        if let node = section["pace"], let text = reading.text(node, "'pace'") { readPace(node, text) }
        if let node = section["ready_within"], let time = reading.duration(node, "'ready_within'", allowsZero: false) { scenario.run.readyWithin = time }
    }

    private func readPace(_ node: YAMLNode, _ text: String) {
        switch text {
        case "fast": scenario.run.pace = nil
        case "real": scenario.run.pace = 1
        default:
            if text.hasSuffix("x") || text.hasSuffix("×"), let factor = try? Quantity.parse(String(text.dropLast())), factor.dimension == .none,
                0.001...1_000_000 ~= factor.value
            {
                scenario.run.pace = factor.value
            } else {
                reading.error(
                    .notOneOf, node.span, "'pace' cannot be \(Diagnostic.quoted(text))", label: "'fast', 'real', or a speed from 0.001x to 1000000x")
            }
        }
    }

    /// The node instances that a scalar names.
    func nodeSet(_ node: YAMLNode) -> [Int]? {
        guard let text = reading.text(node, "a node") else { return nil }
        let written = scope.enclosure != nil && text.hasPrefix("=") ? String(text.dropFirst()).trimmed : text
        // Why it is missing was said where it should have been given.
        if reading.hasErrors, case .absent? = scope.binding(written) { return nil }
        if case .nodes(let nodes)? = scope.binding(written) {
            scope.mention(nodes)
            return nodes
        }
        guard let name = scope.absolute(written) else {
            reading.error(
                .unknownNode, node.span, "there is no node \(Diagnostic.quoted(written))",
                label: reading.suggestion(written, scope.knownNames) ?? "a plugin sees its own parts, and nodes that are handed to it as settings")
            return nil
        }
        if let set = scope.table.nodeSet(name) {
            scope.mention(set)
            return set
        }
        if reading.isBroken(name) { return nil }
        let reason = scope.missingReason(for: name)
        reading.error(
            .unknownNode, node.span, "there is no node \(Diagnostic.quoted(name))",
            label: reason ?? reading.suggestion(name, Array(scope.table.nodes.prefix(5000)))
                ?? "nodes: \(scenario.nodes.prefix(12).map(\.name).joined(separator: ", "))")
        return nil
    }

    // MARK: record

    /// What `record` can have.
    static let recordWords = ["frames", "messages", "signals", "labels", "capture", "frames-asc", "frames-pcapng"]

    func readRecord(_ node: YAMLNode) {
        scenario.record = RecordSettings(frames: false, messages: false, signals: false, labels: false)
        for item in reading.list(node, "'record'") ?? [] {
            switch reading.word(item, "'record'", among: Self.recordWords) {
            case 0: scenario.record.frames = true
            case 1: scenario.record.messages = true
            case 2: scenario.record.signals = true
            case 3: scenario.record.labels = true
            case 4: scenario.record.capture = true
            case 5: scenario.record.framesASC = true
            case 6: scenario.record.framesPcapng = true
            default: break
            }
        }
    }
}
