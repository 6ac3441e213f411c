import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// Reads the body of a bus that was named before.
    func readBus(_ name: String, _ body: YAMLNode) {
        guard let index = busIndex(name), let section = SectionReader(reading, body, ScenarioSchema.bus, "a bus") else { return }
        if let node = section["bitrate"], let rate = reading.quantity(node, .dataRate, "'bitrate'") {
            if (1000...20_000_000).contains(rate.value) {
                scenario.buses[index].bitrate = rate.value
            } else {
                reading.error(.outOfRange, node.span, "'bitrate' must be between 1 kbit/s and 20 Mbit/s")
            }
        }
        if let node = section["data_bitrate"], let rate = reading.quantity(node, .dataRate, "'data_bitrate'") {
            if (1000...20_000_000).contains(rate.value), rate.value >= scenario.buses[index].bitrate {
                scenario.buses[index].dataBitrate = rate.value
            } else {
                reading.error(.outOfRange, node.span, "'data_bitrate' must be between 'bitrate' and 20 Mbit/s")
            }
        }
        readWire(section, index)
        readAddresses(section["addresses"], into: index)
        readAttachment(section, into: index)
        if let node = section["dbc"] {
            readDatabase(node, senders: section["senders"], into: index)
        } else if let node = section["senders"] {
            reading.error(.missingKey, node.span, "'senders' names nodes of a database, and the bus has none", label: "help: add 'dbc: FILE.dbc'")
        }
        readFrames(section["frames"], into: index)
        for set in section["sets"].flatMap({ reading.list($0, "'sets'") }) ?? [] { readFrameSet(set, into: index) }
    }

    /// Reads frames into a bus.
    func readFrames(_ node: YAMLNode?, into bus: Int, prefix: String = "", sharing: Bool = false) {
        for frame in node.flatMap({ reading.mapping($0, "'frames'") }) ?? [] {
            guard var declaration = readFrame(frame, bus) else {
                reading.markBroken("\(scenario.buses[bus].name).\(prefix)\(frame.name)")
                continue
            }
            declaration.name = prefix + declaration.name
            addFrame(declaration, to: bus, sharing: sharing)
        }
    }

    private func readFrame(_ entry: YAMLNode.Entry, _ bus: Int) -> FrameDeclaration? {
        guard let name = reading.checkName(entry.key, "frame"), let section = SectionReader(reading, entry.value, ScenarioSchema.frame, "a frame") else {
            return nil
        }
        guard checkKeys(of: section) else { return nil }
        var from: Int?
        if let node = section["from"] {
            guard let set = nodeSet(node) else { return nil }
            guard set.count == 1 else {
                reading.error(.outOfRange, node.span, "a frame comes from one node")
                return nil
            }
            from = set[0]
        }
        var every: Duration?
        if let node = section["every"] {
            guard let time = scope.enclosure == nil ? reading.duration(node, "'every'", allowsZero: false) : readTime(node, "'every'") else { return nil }
            every = time
        }
        var phase = Duration.zero
        if let node = section["phase"] { phase = readTime(node, "'phase'") ?? .zero }
        var frame = FrameDeclaration(
            name: name, id: 0, isExtended: false, from: from, every: every, phase: phase, fields: [], length: 0, span: entry.key.span)
        guard readIdentifier(section, entry.value, into: &frame, bus) else { return nil }
        for (key, path) in [("fd", \FrameDeclaration.isFD), ("remote", \FrameDeclaration.isRemote)] {
            guard let node = section[key] else { continue }
            guard let flag = reading.flag(node, "'\(key)'") else { return nil }
            frame[keyPath: path] = flag
        }
        guard checkFormat(isFD: frame.isFD, isRemote: frame.isRemote, section["fd"]) else { return nil }
        if let node = section["fill"] {
            guard let fill = reading.whole(node, "'fill'", in: 0...255) else { return nil }
            frame.fill = UInt8(fill)
        }
        guard readTransport(section, into: &frame), readLength(section["length"], into: &frame) else { return nil }
        guard let data = section["data"] else {
            guard let match = section["match"] else { return checkLength(of: frame, section) ? frame : nil }
            reading.error(.missingKey, match.span, "'match' needs fields", label: "help: add 'data' with the fields that it names")
            return nil
        }
        guard !frame.isRemote else {
            reading.error(.outOfRange, data.span, "a remote frame carries no data", label: "'length' tells how many bytes it asks for")
            return nil
        }
        var layouts: [(String, FieldLayout, YAMLNode)] = []
        var nextBit = 0
        for field in reading.mapping(data, "'data'") ?? [] {
            guard let fieldName = reading.checkName(field.key, "field") else { return nil }
            let layout: FieldLayout?
            if field.value.entries != nil {
                layout = longLayout(field.value)
            } else {
                layout = reading.text(field.value, "the field '\(fieldName)'").flatMap { reading.shortLayout(field.value, $0, at: nextBit) }
            }
            guard let layout else { return nil }
            nextBit = ((layout.places.max() ?? 0) / 8 + 1) * 8
            layouts.append((fieldName, layout, field.key))
        }
        guard place(layouts, into: &frame), checkLength(of: frame, section), section["match"].map({ readMatch($0, into: &frame) }) ?? true else { return nil }
        return frame
    }

    /// The length that is written; CAN FD cannot have every one.
    private func readLength(_ node: YAMLNode?, into frame: inout FrameDeclaration) -> Bool {
        guard let node else { return true }
        guard let length = reading.whole(node, "'length'", in: 0...Int64(frame.transport?.limit ?? 64)) else { return false }
        if frame.transport != nil {
            frame.length = Int(length)
            return true
        }
        if length > 8, !frame.isFD {
            reading.error(.outOfRange, node.span, "a classic frame has at most 8 bytes", label: "help: add 'fd: true'")
            return false
        }
        let steps: [Int64] = [12, 16, 20, 24, 32, 48, 64]
        if length > 8, !steps.contains(length) {
            let next = steps.first { $0 > length } ?? 64
            reading.error(.outOfRange, node.span, "an FD frame cannot have \(length) bytes", label: "the next length is \(next)")
            return false
        }
        frame.length = Int(length)
        return true
    }

    /// The least length of a frame that has this many bytes.
    func wholeLength(_ count: Int, _ frame: FrameDeclaration) -> Int {
        guard frame.isFD, frame.transport == nil, count > 8 else { return count }
        return [12, 16, 20, 24, 32, 48, 64].first { $0 >= count } ?? 64
    }

    private func longLayout(_ node: YAMLNode) -> FieldLayout? { reading.longLayout(node) }

    private func addFrame(_ frame: FrameDeclaration, to bus: Int, sharing: Bool) {
        if sharing, scenario.buses[bus].frames.contains(where: { $0.name == frame.name && $0.span == frame.span && $0.id == frame.id }) { return }
        if let other = scenario.buses[bus].frames.first(where: { $0.name == frame.name }), let span = frame.span {
            reading.error(
                .nameTwice, span, "the bus '\(scenario.buses[bus].name)' has the frame '\(frame.name)' already",
                related: other.span.map { [($0, "the other frame")] } ?? [])
            return
        }
        if let other = scenario.buses[bus].frames.first(where: {
            $0.id == frame.id && $0.isExtended == frame.isExtended && $0.isRemote == frame.isRemote && !$0.isDistinct(from: frame)
        }), let span = frame.span {
            reading.error(
                .frameIdTwice, span,
                "the frames '\(other.name)' and '\(frame.name)' have the same identifier 0x\(String(frame.id, radix: 16, uppercase: true))",
                label: "frames of one identifier need a 'match' that tells them apart", related: other.span.map { [($0, "the other frame")] } ?? [])
            return
        }
        var frame = frame
        frame.switchesBitRate = frame.isFD && scenario.buses[bus].dataBitrate != nil
        scenario.buses[bus].frames.append(frame)
    }

    // MARK: Frames that kinds bring

    /// Adds the frames of a kind to its bus, and names senders of declared ones.
    func bringFrames(_ pending: PendingNode) {
        let manifest = registry.kinds[pending.kind]
        let node = scenario.nodes[pending.index]
        guard !manifest.frames.isEmpty, let setting = manifest.settings.first(where: { $0.type == .bus }), let given = pending.body[setting.name],
            let name = busName(given, pending.enclosure),
            let bus = busIndex(name)
        else { return }
        if node.count > 1 {
            reading.error(
                .frameIdTwice, node.span, "\(node.count) nodes '\(node.name).*' would send the same frames on '\(name)'", label: "give each its own bus")
            return
        }
        for frame in manifest.frames where !reading.isBroken("\(name).\(frame.name)") {
            if let index = scenario.buses[bus].frames.firstIndex(where: { $0.name == frame.name }) {
                guard frame.use == .sends else { continue }
                if let other = scenario.buses[bus].frames[index].from {
                    if other != node.firstInstance, scenario.buses[bus].frames[index].span == nil {
                        reportTwoSenders(frame.name, other, node)
                        return
                    }
                    continue
                }
                scenario.buses[bus].frames[index].from = node.firstInstance
                continue
            }
            var declaration = FrameDeclaration(
                name: frame.name, id: frame.id, isExtended: false, from: frame.use == .sends ? node.firstInstance : nil, every: frame.every.flatMap(exactTime),
                phase: frame.phase.flatMap(exactTime) ?? .zero, fields: [], length: 0, span: nil)
            var layouts: [(String, FieldLayout, YAMLNode)] = []
            var nextBit = 0
            for field in frame.fields {
                let place = YAMLNode(kind: .scalar(YAMLNode.Scalar(text: field.layout)), span: node.span)
                guard let layout = reading.shortLayout(place, field.layout, at: nextBit) else { continue }
                nextBit = ((layout.places.max() ?? 0) / 8 + 1) * 8
                layouts.append((field.name, layout, place))
            }
            if let other = scenario.buses[bus].frames.first(where: { $0.id == frame.id && !$0.isExtended && !$0.isRemote }) {
                reading.error(
                    .frameIdTwice, other.span ?? node.span,
                    "the frame '\(other.name)' has the identifier 0x\(String(frame.id, radix: 16, uppercase: true)) of the frame '\(frame.name)', which '\(node.name)' brings",
                    help: "declare '\(frame.name)' with another id, or give '\(other.name)' one")
                reading.markBroken("\(name).\(frame.name)")
                continue
            }
            if place(layouts, into: &declaration) { scenario.buses[bus].frames.append(declaration) }
        }
    }

    private func exactTime(_ text: String) -> Duration? { (try? Quantity.parse(text))?.exactNanoseconds.map { Duration(nanoseconds: $0) } }

    private func reportTwoSenders(_ frame: String, _ other: Int, _ node: NodeDeclaration) {
        reading.error(
            .frameIdTwice, node.span, "'\(scope.table.nodes[other])' and '\(node.name)' both send the frame '\(frame)'",
            label: "give each its own bus, or other frames")
    }

    /// Values on the wire are signals: `BUS.FRAME.FIELD`.
    func addFrameSymbols() {
        for bus in scenario.buses.indices {
            for frame in scenario.buses[bus].frames.indices {
                let full = "\(scenario.buses[bus].name).\(scenario.buses[bus].frames[frame].name)"
                var signals: [Int] = []
                for field in scenario.buses[bus].frames[frame].fields.indices {
                    let declaration = scenario.buses[bus].frames[frame].fields[field]
                    let single = scenario.buses[bus].frames[frame].fields.count == 1
                    let signal = scope.table.addSignal(
                        SignalSymbol(
                            name: single ? full : "\(full).\(declaration.name)", dimension: declaration.dimension, unit: declaration.unit,
                            members: declaration.members,
                            isFlag: false,
                            settable: false, isHeld: scenario.buses[bus].frames[frame].every == nil, node: nil))
                    if single { scope.table.addAlias("\(full).\(declaration.name)", signal) }
                    scenario.buses[bus].frames[frame].fields[field].signal = signal
                    signals.append(signal)
                }
                scope.table.addFrame(bus: bus, frame: frame, name: full, fields: signals)
                guard scenario.buses[bus].frames[frame].transport != nil else { continue }
                scenario.buses[bus].frames[frame].failureSignal = scope.table.addSignal(
                    SignalSymbol(
                        name: "\(full).failed", dimension: .none, unit: "", members: nil, isFlag: false, settable: false, isHeld: true, node: nil))
            }
        }
    }
}
