import Quantities
import YAMLTree

extension PluginLoader {
    /// Reads what makes a kind speak: sets of frames, values that it keeps, rules of every state and frames that it sends.
    func readSpeech(_ kind: KindDefinition, _ section: SectionReader) {
        kind.sets = section["sets"].flatMap { reading.list($0, "'sets'") } ?? []
        kind.always = section["always"].flatMap { reading.list($0, "'always'") } ?? []
        kind.sends = section["sends"].flatMap { reading.mapping($0, "'sends'", example: "status: {every: 100ms, data: {current: =current}}") } ?? []
        for entry in section["keeps"].flatMap({ reading.mapping($0, "'keeps'", example: "wanted: 0 A") }) ?? [] {
            guard entry.value.entries != nil else {
                kind.keeps.append((entry.key, entry.value, nil, ""))
                continue
            }
            guard let long = SectionReader(reading, entry.value, PluginSchema.kept, "a kept value", example: "{start: 0 A, about: What is wanted.}"),
                let start = long["start"]
            else { continue }
            kind.keeps.append((entry.key, start, long["unit"], long["about"]?.text ?? ""))
        }
        kind.sends = kind.sends.filter { reading.checkName($0.key, "frame") != nil && checkSend($0, kind) }
        checkBuses(kind)
    }

    /// What speaks on a bus needs one.
    private func checkBuses(_ kind: KindDefinition) {
        guard let first = kind.sets.first ?? kind.sends.first?.key, kind.buses.isEmpty, !kind.settings.contains(where: { $0.type == .bus }) else { return }
        reading.error(
            .missingKey, first.span, "the kind '\(kind.name)' has no bus", label: "help: add 'settings: {bus: {type: bus}}', or 'buses: {can: {}}'")
    }

    /// The symbol of the unit, the dimension and whether it is a flag, of a value that a kind keeps.
    func measure(of kept: (key: YAMLNode, start: YAMLNode, unit: YAMLNode?, about: String)) -> (dimension: Dimension, unit: String, isFlag: Bool) {
        let text = kept.start.text ?? ""
        if text == "true" || text == "false" { return (.none, "", true) }
        if let given = kept.unit?.text, let unit = Unit.named(given) { return (unit.dimension, unit.symbol, false) }
        guard let quantity = try? Quantity.parse(text) else { return (.none, "", false) }
        if text.hasSuffix("%") { return (.none, "%", false) }
        let symbol = unitSymbol(text)
        return (quantity.dimension, Unit.named(symbol)?.dimension == quantity.dimension ? symbol : Unit.preferred(for: quantity.dimension)?.symbol ?? "", false)
    }

    private func unitSymbol(_ text: String) -> String {
        var scanner = DecimalScanner(text)
        guard (try? scanner.number()) != nil else { return "" }
        scanner.skipSpaces()
        return scanner.unitSymbol()
    }

    // MARK: Rules

    /// Checks the shape of a rule; names of frames and signals are looked up when the kind is used.
    func checkRule(_ rule: YAMLNode, _ states: [String]) {
        guard let section = SectionReader(reading, rule, PluginSchema.rule, "a rule of a state", example: "{when: =power > 1 kW, go: busy}") else { return }
        let isCut = (rule.entries ?? []).contains { SectionReader.isCut($0.value) }
        if section["when"] == nil, section["on"] == nil, section["after"] == nil, !isCut {
            reading.error(
                .missingKey, rule.span, "a rule of a state needs one of the keys 'when', 'on' and 'after'",
                label: "a condition, a frame that arrives, or a time in the state")
        }
        if let go = section["go"] {
            if let text = reading.text(go, "'go'"), !states.contains(text) { unknownState(go, text, states) }
        } else if !isCut, section["set"] == nil || section["on"] == nil {
            reading.error(
                .missingKey, rule.span, "a rule of a state needs the key 'go'",
                label: section["set"] == nil ? "the state that follows" : "only the arrival of a frame ('on') can set values without it")
        }
        if section["on"] != nil, let key = section.key("lasting") {
            reading.error(.keyOfOtherVerb, key.span, "'lasting' does not go with 'on'", label: "a frame arrives at one instant")
        }
        if section["when"] == nil, section["on"] == nil, let key = section.key("lasting") {
            reading.error(.keyOfOtherVerb, key.span, "'lasting' goes with 'when'", label: "for a time in the state write 'after'")
        }
    }

    // MARK: Frames that are sent

    private func checkSend(_ entry: YAMLNode.Entry, _ kind: KindDefinition) -> Bool {
        guard
            let section = SectionReader(
                reading, entry.value, PluginSchema.send, "a frame that is sent", example: "{every: 100ms, data: {current: =current}}")
        else { return false }
        let causes = ["every", "on", "entering"].compactMap(section.key)
        if causes.count > 1 {
            reading.error(
                .twoVerbs, causes[1].span, "a frame is sent by one of 'every', 'on' and 'entering', not by two", label: "make two entries with 'frame'")
            return false
        }
        if section["on"] == nil, section["entering"] == nil, let key = section.key("after") {
            reading.error(.keyOfOtherVerb, key.span, "'after' goes with 'on' and 'entering'")
            return false
        }
        if section["on"] != nil || section["entering"] != nil, let key = section.key("phase") {
            reading.error(.keyOfOtherVerb, key.span, "'phase' goes with 'every'")
            return false
        }
        let names = kind.states.map { $0.key.text ?? "" }
        for state in section["entering"].map({ $0.items ?? [$0] }) ?? [] {
            guard let text = reading.text(state, "'entering'") else { return false }
            if !names.contains(text) {
                unknownState(state, text, names)
                return false
            }
        }
        return true
    }
}
