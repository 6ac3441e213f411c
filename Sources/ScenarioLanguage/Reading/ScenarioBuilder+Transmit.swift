import Quantities
import YAMLTree

extension ScenarioBuilder {
    private static let rawKeys = ["id", "data", "extended", "remote", "fd", "dlc"]

    /// A frame of a bus with some of its fields, or one that is given as bytes.
    func readTransmit(_ value: YAMLNode, _ node: YAMLNode) -> StepAction? {
        guard let text = reading.text(value, "'transmit'") else { return nil }
        let written = scope.enclosure != nil && text.hasPrefix("=") ? String(text.dropFirst()).trimmed : text
        var from: Int?
        if let node = node["from"] {
            guard let set = nodeSet(node) else { return nil }
            guard set.count == 1 else {
                reading.error(.outOfRange, node.span, "'from' takes one node, not \(set.count)")
                return nil
            }
            from = set[0]
        }
        if let bus = bus(written) { return readRawFrame(value, node, bus, from) }
        guard let name = scope.absolute(written), let frame = scope.table.frame(name) else {
            if !reading.isBroken(scope.absolute(written) ?? written) { reportNoFrame(value, written) }
            return nil
        }
        if let key = Self.rawKeys.first(where: { node[$0] != nil }), let given = node[key] {
            reading.error(
                .keyOfOtherVerb, given.span, "a declared frame has its own '\(key)'",
                label: "help: write 'transmit: \(scenario.buses[scope.table.frames[frame].bus].name)' for a frame of your own bytes")
            return nil
        }
        let place = scope.table.frames[frame]
        let declaration = scenario.buses[place.bus].frames[place.frame]
        guard let values = readFieldValues(node["with"], declaration, name) else { return nil }
        return .transmit(FrameStep(bus: place.bus, from: from ?? declaration.from, content: .declared(frame: frame, values: values)))
    }

    /// The bus of a name as steps write it.
    private func bus(_ written: String) -> Int? {
        if case .bus(let bus)? = scope.enclosure?.binding(written) { return bus }
        return scope.absolute(written).flatMap(busIndex)
    }

    private func reportNoFrame(_ value: YAMLNode, _ written: String) {
        let frames = scope.table.frames.map(\.name)
        let names = frames + scenario.buses.map(\.name)
        reading.error(
            .unknownFrame, value.span, "there is no frame \(Diagnostic.quoted(written))",
            label: reading.suggestion(written, names)
                ?? (names.isEmpty ? "the scenario has no bus" : "frames: \(frames.prefix(8).joined(separator: ", "))\(frames.count > 8 ? ", …" : "")"),
            help: "'transmit: BUS.FRAME' sends a declared frame, 'transmit: BUS' with 'id' and 'data' any other")
    }

    // MARK: Declared frames

    private func readFieldValues(_ with: YAMLNode?, _ frame: FrameDeclaration, _ name: String) -> [(field: Int, value: Formula)]? {
        var values: [(field: Int, value: Formula)] = []
        for entry in with.flatMap({ reading.mapping($0, "'with'", example: "{limit: 16 A}") }) ?? [] {
            guard let field = frame.fields.firstIndex(where: { $0.name == entry.name }) else {
                let names = frame.fields.map(\.name)
                reading.error(
                    .unknownKey, entry.key.span, "'\(name)' has no field \(Diagnostic.quoted(entry.name))",
                    label: reading.suggestion(entry.name, names) ?? (names.isEmpty ? "it has no fields" : "fields: \(names.joined(separator: ", "))"))
                return nil
            }
            let dimension = frame.fields[field].dimension
            let text = entry.value.text ?? ""
            let formula: Formula?
            if text.hasPrefix("=") {
                formula = self.formula(entry.value, .live, expecting: .number(dimension), "'\(entry.name)'")
            } else if let members = frame.fields[field].members, let word = members.firstIndex(of: text) {
                formula = try? Formula.compile("\(word)", scope: scope, context: .live, expecting: .number(.none))
            } else if !frame.fields[field].words.isEmpty, text.utf8.first.map({ $0 > 0x39 }) == true {
                let words = frame.fields[field].words.map(\.text)
                reading.error(
                    .unknownWord, entry.value.span, "\(Diagnostic.quoted(text)) is no value of the field '\(entry.name)'",
                    label: reading.suggestion(text, words) ?? "values: \(words.prefix(8).joined(separator: ", "))\(words.count > 8 ? ", …" : "")")
                return nil
            } else {
                guard let quantity = reading.quantity(entry.value, dimension, "'\(entry.name)'") else { return nil }
                check(quantity.value, frame.fields[field], entry.value)
                formula = try? Formula.compile(text, scope: scope, context: .live, expecting: .number(dimension))
            }
            guard let formula else { return nil }
            values.append((field, formula))
        }
        return selected(values, frame, with)
    }

    /// A field that decides whether a given one is there gets the value for that, unless it is given itself.
    private func selected(_ given: [(field: Int, value: Formula)], _ frame: FrameDeclaration, _ with: YAMLNode?) -> [(field: Int, value: Formula)]? {
        var values = given
        var next = 0
        while next < values.count {
            let field = values[next].field
            next += 1
            guard let condition = frame.fields[field].multiplexing, let first = condition.ranges.first?.lowerBound else { continue }
            let selector = frame.fields[condition.field]
            guard let other = values.first(where: { $0.field == condition.field }) else {
                let value = decimalText(Double(first) * selector.scale + selector.offset)
                guard let formula = try? Formula.compile(value, scope: scope, context: .live, expecting: .number(.none)), selector.dimension == .none else {
                    continue
                }
                values.append((condition.field, formula))
                continue
            }
            guard other.value.isConstant else { continue }
            let raw = ((other.value.constantValue - selector.offset) / selector.scale).rounded()
            guard raw >= 0, raw < 0x1p63, !condition.ranges.contains(where: { $0.contains(UInt64(raw)) }) else { continue }
            let ranges = condition.ranges.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            reading.error(
                .multiplexing, with?.entry(frame.fields[field].name)?.key.span ?? with?.span ?? Span(file: file, line: 1, column: 1, length: 1),
                "the field '\(frame.fields[field].name)' is not in the frame when '\(selector.name)' is \(decimalText(raw))",
                label: "it is there when it is \(ranges.joined(separator: ", "))")
            return nil
        }
        return values
    }

    /// A value that the field cannot hold is sent as the nearest one that it can.
    private func check(_ value: Double, _ field: FieldDeclaration, _ node: YAMLNode) {
        guard field.coding != .float else { return }
        let largest =
            field.coding == .signed
            ? Double(sign: .plus, exponent: field.bits - 1, significand: 1) - 1 : Double(sign: .plus, exponent: field.bits, significand: 1) - 1
        let smallest = field.coding == .signed ? -largest - 1 : 0
        let ends = [smallest * field.scale + field.offset, largest * field.scale + field.offset].sorted()
        guard value < ends[0] || value > ends[1] else { return }
        func shown(_ value: Double) -> String {
            Unit.named(field.unit).map { Quantity(value, field.dimension).text(in: $0) } ?? decimalText(value)
        }
        reading.warning(
            .fieldSaturates, node.span, "\(shown(value)) does not fit into the field '\(field.name)'",
            label: "it holds \(shown(ends[0])) to \(shown(ends[1])), and the nearest is sent")
    }

    // MARK: Frames of bytes

    private func readRawFrame(_ value: YAMLNode, _ node: YAMLNode, _ bus: Int, _ from: Int?) -> StepAction? {
        if let with = node["with"] {
            reading.error(
                .keyOfOtherVerb, with.span, "'with' gives the fields of a declared frame",
                label: "help: write 'transmit: \(scenario.buses[bus].name).FRAME', or give 'data'")
            return nil
        }
        guard let idNode = node["id"] else {
            reading.error(.missingKey, value.span, "'transmit' of a bus needs the key 'id'", label: "for example 'id: 0x210, data: 50 00'")
            return nil
        }
        guard let id = reading.whole(idNode, "'id'", in: 0...0x1FFF_FFFF) else { return nil }
        var flags: [String: Bool] = [:]
        for key in ["extended", "remote", "fd"] {
            guard let given = node[key] else { continue }
            guard let flag = reading.flag(given, "'\(key)'") else { return nil }
            flags[key] = flag
        }
        let isExtended = flags["extended"] ?? false
        let isFD = flags["fd"] ?? false
        let isRemote = flags["remote"] ?? false
        guard checkIdentifier(id, isExtended, idNode), checkFormat(isFD: isFD, isRemote: isRemote, node["fd"] ?? node["remote"]) else { return nil }
        var data: [UInt8] = []
        if let given = node["data"] {
            guard let bytes = hexadecimal(given, limit: isFD ? 64 : 8) else { return nil }
            guard bytes.isEmpty || !isRemote else {
                reading.error(.outOfRange, given.span, "a remote frame carries no data", label: "'dlc' tells how many bytes it asks for")
                return nil
            }
            data = bytes
        }
        var code: UInt8?
        if let given = node["dlc"] {
            let range: ClosedRange<Int64> = isRemote ? 0...15 : 9...15
            guard !isFD, isRemote || data.count == 8 else {
                reading.error(.outOfRange, given.span, "'dlc' goes with remote frames, and with classic frames of 8 bytes that claim more")
                return nil
            }
            guard let value = reading.whole(given, "'dlc'", in: range) else { return nil }
            code = UInt8(value)
        }
        let frame = FrameStep.RawFrame(id: UInt32(id), isExtended: isExtended, isRemote: isRemote, isFD: isFD, data: data, lengthCode: code)
        return .transmit(FrameStep(bus: bus, from: from, content: .raw(frame)))
    }

    /// Whether an identifier has as many bits as its format; reports it otherwise.
    func checkIdentifier(_ id: Int64, _ isExtended: Bool, _ node: YAMLNode) -> Bool {
        guard id > 0x7FF, !isExtended else { return true }
        reading.error(
            .idNeedsExtended, node.span, "the identifier 0x\(String(id, radix: 16, uppercase: true)) has more than 11 bits",
            label: "help: add 'extended: true'")
        return false
    }

    /// Whether a frame may have both formats; reports it otherwise.
    func checkFormat(isFD: Bool, isRemote: Bool, _ node: YAMLNode?) -> Bool {
        guard isFD, isRemote, let node else { return true }
        reading.error(.outOfRange, node.span, "CAN FD has no remote frames", label: "leave out 'fd' or 'remote'")
        return false
    }

    /// Bytes in hexadecimal digits, with blanks or points between them if wanted.
    func hexadecimal(_ node: YAMLNode, limit: Int) -> [UInt8]? {
        guard let text = reading.text(node, "'data'") else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for letter in text.utf8 {
            if letter == 0x20 || letter == 0x2E {
                guard high == nil else { break }
                continue
            }
            guard let digit = Character(UnicodeScalar(letter)).hexDigitValue else {
                reading.error(.outOfRange, node.span, "\(Diagnostic.quoted(text)) is not hexadecimal", label: "for example 'D2 04' or D204")
                return nil
            }
            if let first = high {
                bytes.append(first << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
        guard high == nil else {
            reading.error(.outOfRange, node.span, "\(Diagnostic.quoted(text)) ends in the middle of a byte", label: "two digits make a byte")
            return nil
        }
        guard bytes.count <= limit else {
            reading.error(
                .outOfRange, node.span, "\(bytes.count) bytes do not fit into a frame",
                label: limit == 8 ? "a classic frame has at most 8; CAN FD, 'fd: true', has up to 64" : "an FD frame has at most 64")
            return nil
        }
        return bytes
    }
}
