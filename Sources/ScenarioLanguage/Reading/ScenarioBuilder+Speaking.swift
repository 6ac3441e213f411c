import Quantities
import YAMLTree

extension ScenarioBuilder {
    // MARK: Buses and frames of a kind

    /// Buses of an instance: those that its settings name, then its own.
    private func buses(_ definition: KindDefinition, _ enclosure: Enclosure) -> [Int] {
        var names: [String] = []
        for setting in definition.settings where setting.type == .bus {
            if let given = enclosure.body?[setting.name], let name = busName(given, enclosure.outer) { names.append(name) }
        }
        names += definition.buses.map { enclosure.full($0.name) }
        return names.compactMap(busIndex)
    }

    /// The bus and the place there of the frame that is written `FRAME` or `BUS.FRAME`.
    private func place(of written: String, _ enclosure: Enclosure, _ definition: KindDefinition) -> (bus: Int, frame: Int)? {
        func find(_ name: String, on bus: Int) -> (bus: Int, frame: Int)? {
            let frames = scenario.buses[bus].frames
            for prefix in enclosure.framePrefixes(of: bus) + [""] {
                if let frame = frames.firstIndex(where: { $0.name == prefix + name }) { return (bus, frame) }
            }
            return nil
        }
        for bus in buses(definition, enclosure) { if let found = find(written, on: bus) { return found } }
        guard let dot = written.utf8.firstIndex(of: 0x2E) else { return nil }
        let head = String(written[..<dot])
        let rest = String(written[written.utf8.index(after: dot)...])
        if case .bus(let bus)? = enclosure.binding(head), scenario.buses.indices.contains(bus) { return find(rest, on: bus) }
        guard enclosure.ownNames.contains(head), let bus = busIndex(enclosure.full(head)) else { return nil }
        return find(rest, on: bus)
    }

    private func reportUnknownFrame(_ node: YAMLNode, _ written: String, _ enclosure: Enclosure, _ definition: KindDefinition) {
        let places = buses(definition, enclosure)
        // Why there is no bus was said where it should have been given.
        guard !places.isEmpty || !reading.hasErrors else { return }
        let names = places.flatMap { bus in
            let prefixes = enclosure.framePrefixes(of: bus)
            return scenario.buses[bus].frames.compactMap { frame in
                let prefix = prefixes.first { frame.name.hasPrefix($0) } ?? ""
                let name = String(frame.name.dropFirst(prefix.count))
                return name.contains(".") ? nil : name
            }
        }
        let frame = written.split(separator: ".").last.map(String.init) ?? written
        let isBroken = places.contains { bus in
            (enclosure.framePrefixes(of: bus) + [""]).contains { reading.isBroken("\(scenario.buses[bus].name).\($0)\(frame)") }
        }
        guard !isBroken else { return }
        reading.error(
            .unknownFrame, node.span, "there is no frame \(Diagnostic.quoted(written))",
            label: reading.suggestion(frame, names) ?? (names.isEmpty ? "its bus has no frames" : "frames: \(names.prefix(24).joined(separator: ", "))"))
    }

    /// The number of a frame among those of all buses.
    func frameNumber(_ node: YAMLNode, _ enclosure: Enclosure, _ definition: KindDefinition) -> Int? {
        guard let written = reading.text(node, "a frame") else { return nil }
        guard let place = place(of: written, enclosure, definition) else {
            reportUnknownFrame(node, written, enclosure, definition)
            return nil
        }
        let number = number(of: place)
        reading.markUsed("stream \(scope.table.frameStream(number))")
        return number
    }

    private func number(of place: (bus: Int, frame: Int)) -> Int { scenario.buses[..<place.bus].reduce(place.frame) { $0 + $1.frames.count } }

    // MARK: Sets that a kind brings

    /// Puts the sets of a kind on the buses of each instance.
    func bringSets(_ pending: PendingNode) {
        guard let definition = pending.definition else { return }
        for enclosure in pending.inner {
            inside(enclosure, trail(pending)) {
                for set in definition.sets { bringSet(set, enclosure, definition) }
            }
        }
    }

    private func bringSet(_ set: YAMLNode, _ enclosure: Enclosure, _ definition: KindDefinition) {
        var bus: Int?
        if let node = set["on"] {
            bus = busName(node, enclosure).flatMap(busIndex)
            if bus == nil, !isGivenNothing(node), !reading.hasErrors {
                reading.error(
                    .unknownBus, node.span, "there is no bus \(Diagnostic.quoted(node.text ?? ""))",
                    label: "a bus of the kind, or '=NAME' for a setting of the type bus")
            }
        } else {
            let all = buses(definition, enclosure)
            bus = all.first
            if all.count > 1 {
                reading.error(
                    .missingKey, set.span, "the kind '\(definition.name)' has \(all.count) buses", label: "help: {is: \(set.text ?? "NAME"), on: =BUS}")
            }
        }
        guard let bus else { return }
        var prefix = ""
        if let node = set["as"], let text = Enclosure.text(of: node, in: enclosure), !text.isEmpty {
            guard reading.checkName(YAMLNode(kind: .scalar(YAMLNode.Scalar(text: text)), span: node.span), "set") != nil else { return }
            prefix = text + "."
            enclosure.framePrefixes.append((bus, prefix))
        }
        readFrameSet(set, into: bus, known: ["is", "on", "as"], prefix: prefix, sharing: true)
    }

    // MARK: Frames that a kind sends

    /// Names the node as the sender of the frames that it sends, before these become signals.
    func claimFrames(_ pending: PendingNode) {
        guard let definition = pending.definition else { return }
        for (instance, enclosure) in pending.inner.enumerated() {
            inside(enclosure, trail(pending)) {
                let node = scenario.nodes[pending.index].firstInstance + instance
                for entry in definition.sends { claimFrame(entry, node, enclosure, definition) }
            }
        }
    }

    private func claimFrame(_ entry: YAMLNode.Entry, _ node: Int, _ enclosure: Enclosure, _ definition: KindDefinition) {
        let written = entry.value["frame"]?.text ?? entry.name
        guard let (bus, index) = place(of: written, enclosure, definition) else {
            return reportUnknownFrame(entry.value["frame"] ?? entry.key, written, enclosure, definition)
        }
        let frame = scenario.buses[bus].frames[index]
        if let other = frame.from, other != node {
            reading.error(
                .frameIdTwice, entry.key.span, "'\(scope.table.nodes[other])' and '\(scope.table.nodes[node])' both send the frame '\(frame.name)'",
                label: "give each its own bus, or other frames")
            return
        }
        scenario.buses[bus].frames[index].from = node
        scenario.buses[bus].frames[index].isSpoken = true
        if let node = entry.value["every"], node.text?.hasPrefix("=") == false, let time = try? Quantity.parse(node.text ?? "").exactNanoseconds, time > 0 {
            scenario.buses[bus].frames[index].every = Duration(nanoseconds: time)
        } else if entry.value["on"] != nil || entry.value["entering"] != nil {
            if !definition.sends.contains(where: { $0.name != entry.name && ($0.value["frame"]?.text ?? $0.name) == written }) {
                scenario.buses[bus].frames[index].every = nil
            }
        }
    }

    /// What a node sends, with its formulas.
    func readSends(_ node: Int, _ enclosure: Enclosure, _ definition: KindDefinition) -> [SendDeclaration] {
        definition.sends.compactMap { entry in
            let written = entry.value["frame"]?.text ?? entry.name
            guard let place = place(of: written, enclosure, definition) else { return nil }
            let frame = scenario.buses[place.bus].frames[place.frame]
            guard frame.from == node, let cause = readCause(entry, frame, enclosure, definition) else { return nil }
            var send = SendDeclaration(
                frame: number(of: place), cause: cause, values: frame.fields.map { $0.fixed.map { .constant($0) } ?? .usual }, span: entry.key.span)
            if let node = entry.value["when"] {
                guard let condition = formula(node, .live, expecting: .flag, "'when'") else { return nil }
                followed.formUnion(condition.signalsRead)
                send.condition = condition
            }
            for field in entry.value["data"].flatMap({ reading.mapping($0, "'data'", example: "{current: =current}") }) ?? [] {
                guard let index = frame.fields.firstIndex(where: { $0.name == field.name }) else {
                    let names = frame.fields.map(\.name)
                    reading.error(
                        .unknownKey, field.key.span, "the frame '\(frame.name)' has no field \(Diagnostic.quoted(field.name))",
                        label: reading.cutText(field) ?? reading.suggestion(field.name, names) ?? "fields: \(names.joined(separator: ", "))")
                    continue
                }
                guard frame.fields[index].fixed == nil else {
                    reading.error(
                        .keyOfOtherVerb, field.key.span, "the field '\(field.name)' is fixed by 'match' of the frame",
                        related: frame.span.map { [($0, "the frame")] } ?? [])
                    continue
                }
                if let value = fieldValue(field.value, frame.fields[index].dimension, "'\(field.name)'") { send.values[index] = value }
            }
            return send
        }
    }

    /// A value of a field: a quantity, a flag as 1 or 0, or a formula; a state is the number of its place.
    private func fieldValue(_ node: YAMLNode, _ dimension: Dimension, _ what: String) -> SendDeclaration.Value? {
        guard let text = node.text, text.hasPrefix("=") else {
            if dimension == .none, node.text == "true" || node.text == "false" { return .constant(node.text == "true" ? 1 : 0) }
            return reading.quantity(node, dimension, what).map { .constant($0.value) }
        }
        guard let found = formula(node, .live, expecting: nil, what) else { return nil }
        switch found.type {
        case .flag where dimension == .none: break
        case .number(dimension): break
        default:
            // The same once more for the message, which knows what is wanted.
            guard let formula = formula(node, .live, expecting: .number(dimension), what) else { return nil }
            return .formula(formula)
        }
        followed.formUnion(found.signalsRead)
        return found.isConstant ? .constant(found.constantValue) : .formula(found)
    }

    private func readCause(_ entry: YAMLNode.Entry, _ frame: FrameDeclaration, _ enclosure: Enclosure, _ definition: KindDefinition)
        -> SendDeclaration.Cause?
    {
        var after = TimeValue.constant(.milliseconds(1))
        if let node = entry.value["after"] {
            guard let time = time(node, "'after'") else { return nil }
            if case .constant(let constant) = time, constant < Duration(nanoseconds: 1000) {
                reading.error(.outOfRange, node.span, "'after' must be at least 1 µs", label: "frames that answer each other at once would never end")
                return nil
            }
            after = time
        }
        if let node = entry.value["on"] { return frameNumber(node, enclosure, definition).map { .arrival(frame: $0, after: after) } }
        if let node = entry.value["entering"] {
            let names = definition.states.map { $0.key.text ?? "" }
            return .entering(states: (node.items ?? [node]).compactMap { $0.text.flatMap(names.firstIndex(of:)) }, after: after)
        }
        let phase = entry.value["phase"].flatMap { readTime($0, "'phase'") } ?? frame.phase
        guard let node = entry.value["every"] else {
            guard let every = frame.every else {
                reading.error(
                    .missingKey, entry.key.span, "the frame '\(entry.name)' needs one of the keys 'every', 'on' and 'entering'",
                    label: "the frame has no period of its own")
                return nil
            }
            return .every(.constant(every), phase: phase)
        }
        guard let time = time(node, "'every'") else { return nil }
        if case .constant(let constant) = time, constant <= .zero {
            reading.error(.outOfRange, node.span, "'every' must be more than 0 s")
            return nil
        }
        return .every(time, phase: phase)
    }
}
