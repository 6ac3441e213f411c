import Quantities
import YAMLTree

extension ScenarioBuilder {
    // MARK: links

    func readLinks(_ node: YAMLNode) {
        for entry in reading.mapping(node, "'links'") ?? [] {
            guard let name = reading.checkName(entry.key, "link"), let section = SectionReader(reading, entry.value, ScenarioSchema.link, "a link") else {
                continue
            }
            guard let ends = section["between"].flatMap({ reading.list($0, "'between'") }) else { continue }
            guard ends.count == 2, let first = nodeSet(ends[0]), let second = nodeSet(ends[1]) else {
                if ends.count != 2, let node = section["between"] { reading.error(.outOfRange, node.span, "'between' names two nodes", label: "[csms, cp1]") }
                continue
            }
            var link = LinkDeclaration(name: name, between: (first, second), span: entry.key.span)
            if let node = section["latency"], let time = time(node, "'latency'") { link.latency = time }
            if let node = section["jitter"], let time = reading.duration(node, "'jitter'") { link.jitter = time }
            if let node = section["bandwidth"], let rate = reading.quantity(node, .dataRate, "'bandwidth'") {
                if rate.value > 0 { link.bandwidth = rate.value } else { reading.error(.outOfRange, node.span, "'bandwidth' must be more than 0 bit/s") }
            }
            link.faults += effects(section).map { LinkFault(effect: $0.effect) }
            checkDisconnectTime(section)
            for item in section["faults"].flatMap({ reading.list($0, "'faults'") }) ?? [] { readFault(item).map { link.faults.append($0) } }
            scenario.links.append(link)
        }
    }

    /// The effects that a link or a fault names, with their keys.
    private func effects(_ section: SectionReader) -> [(key: String, effect: LinkFault.Effect)] {
        var result: [(key: String, effect: LinkFault.Effect)] = []
        if let share = share(section, "loss") { result.append(("loss", .loss(share))) }
        if let share = share(section, "duplicate") { result.append(("duplicate", .duplicate(share))) }
        if let share = share(section, "reorder") { result.append(("reorder", .reorder(share))) }
        if let node = section["disconnect"], let rate = reading.quantity(node, .frequency, "'disconnect'") {
            if rate.value > 0, rate.value <= 1000 {
                let time = section["for"].flatMap { self.time($0, "'for'") } ?? TimeValue.constant(Duration.seconds(10))
                let isSilent = section["silent"].flatMap { reading.flag($0, "'silent'") } ?? false
                result.append(("disconnect", .disconnect(rate: rate.value, for: time, isSilent: isSilent)))
            } else {
                reading.error(.outOfRange, node.span, "'disconnect' must be more than 0 /s and at most 1000 /s")
            }
        }
        return result
    }

    private func share(_ section: SectionReader, _ key: String) -> Double? {
        guard let node = section[key], let share = reading.quantity(node, .none, "'\(key)'") else { return nil }
        guard 0...1 ~= share.value else {
            reading.error(.outOfRange, node.span, "'\(key)' must be from 0% to 100%")
            return nil
        }
        return share.value
    }

    private func checkDisconnectTime(_ section: SectionReader) {
        for key in ["for", "silent"] where section["disconnect"] == nil {
            guard let node = section[key] else { continue }
            reading.error(.keyOfOtherVerb, node.span, "'\(key)' belongs to 'disconnect'", label: "help: add 'disconnect: 2 /h'")
        }
    }

    private func readFault(_ node: YAMLNode) -> LinkFault? {
        guard let section = SectionReader(reading, node, ScenarioSchema.linkFault, "a fault", example: "{loss: 10%, actions: [MeterValues]}") else {
            return nil
        }
        var found = effects(section)
        if let node = section["delay"], let time = time(node, "'delay'") { found.append(("delay", .delay(time, chance: share(section, "chance") ?? 1))) }
        checkDisconnectTime(section)
        let keys = ["loss", "duplicate", "reorder", "delay", "disconnect"].filter { section[$0] != nil }
        guard keys.count == 1, let effect = found.first?.effect else {
            if keys.count != 1 {
                reading.error(
                    keys.isEmpty ? .noVerb : .twoVerbs, node.span,
                    keys.isEmpty ? "a fault does something" : "a fault does one thing, and this one has '\(keys[0])' and '\(keys[1])'",
                    label: keys.isEmpty ? "one of: loss, duplicate, reorder, delay, disconnect" : "write two faults")
            }
            return nil
        }
        if let node = section["chance"], section["delay"] == nil {
            reading.error(.keyOfOtherVerb, node.span, "'chance' belongs to 'delay'")
            return nil
        }
        var fault = LinkFault(effect: effect)
        if let node = section["direction"], let word = reading.word(node, "'direction'", among: ["both", "to-csms", "to-charge-point"]) {
            fault.meets = (word != 2, word != 1)
        }
        if let node = section["only"], let word = reading.word(node, "'only'", among: ["both", "calls", "answers"]) { fault.only = (word != 2, word != 1) }
        for item in section["actions"].flatMap({ reading.list($0, "'actions'") }) ?? [] {
            guard let name = reading.text(item, "'actions'") else { continue }
            if registry.message(name) != nil {
                fault.actions.append(name)
            } else {
                reading.error(
                    .unknownMessage, item.span, "there is no message \(Diagnostic.quoted(name))",
                    label: reading.suggestion(name, registry.messages.map(\.name)) ?? "evsim list messages shows all")
            }
        }
        if let node = section["from"], let time = reading.duration(node, "'from'") { fault.from = time }
        if let node = section["until"], let time = reading.duration(node, "'until'", allowsZero: false) {
            if time > fault.from { fault.until = time } else { reading.error(.outOfRange, node.span, "'until' must come after 'from'") }
        }
        if let node = section["when"] { fault.condition = formula(node, .live, expecting: .flag, "'when'") }
        return fault
    }
}
