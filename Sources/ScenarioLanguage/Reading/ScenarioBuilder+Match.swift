import Quantities
import YAMLTree

extension ScenarioBuilder {
    /// The identifier of a frame; inside definitions a formula over settings that are whole numbers will do.
    func identifier(_ node: YAMLNode) -> Int64? {
        guard scope.enclosure != nil, node.text?.hasPrefix("=") == true else { return reading.whole(node, "'id'", in: 0...0x1FFF_FFFF) }
        guard let formula = formula(node, .live, expecting: .number(.none), "'id'") else { return nil }
        guard formula.isConstant, case let value = formula.constantValue, value == value.rounded(), (0...Double(0x1FFF_FFFF)).contains(value) else {
            reading.error(
                .outOfRange, node.span, "'id' must be a whole number from 0 to 0x1FFFFFFF that is known when the file is read",
                label: formula.isConstant ? "it is \(Quantity(formula.constantValue, .none).text)" : "a setting in it must be of the type 'count'")
            return nil
        }
        return Int64(value)
    }

    /// Reads the fields with a fixed value of a frame.
    func readMatch(_ node: YAMLNode, into frame: inout FrameDeclaration) -> Bool {
        guard frame.length <= 8 || frame.transport != nil else {
            reading.error(.outOfRange, node.span, "'match' works in frames of at most 8 bytes", label: "this one has \(frame.length)")
            return false
        }
        for entry in reading.mapping(node, "'match'", example: "{command: 0x23}") ?? [] {
            guard let index = frame.fields.firstIndex(where: { $0.name == entry.name }) else {
                let names = frame.fields.map(\.name)
                reading.error(
                    .unknownKey, entry.key.span, "the frame '\(frame.name)' has no field \(Diagnostic.quoted(entry.name))",
                    label: reading.suggestion(entry.name, names) ?? "fields: \(names.joined(separator: ", "))")
                return false
            }
            guard let fixed = constantNumber(entry.value, frame.fields[index].dimension, "'\(entry.name)'") else { return false }
            let layout = frame.fields[index]
            let raw = (fixed - layout.offset) / layout.scale
            let most = Double(sign: .plus, exponent: layout.coding == .signed ? layout.bits - 1 : layout.bits, significand: 1) - 1
            guard layout.coding != .float, raw == raw.rounded(), (layout.coding == .signed ? -most - 1 : 0)...most ~= raw, layout.bits <= 52 else {
                reading.error(.outOfRange, entry.value.span, "'\(entry.name)' cannot hold this value exactly", label: "a whole number of \(layout.bits) bits")
                return false
            }
            let last = layout.order == .intel ? layout.startBit + layout.bits - 1 : layout.startBit / 8 * 8 + 6 - layout.startBit % 8 + layout.bits
            guard last < 64 else {
                reading.error(.outOfRange, entry.key.span, "'match' looks at the first 8 bytes", label: "'\(entry.name)' lies behind them")
                return false
            }
            frame.fields[index].fixed = fixed
        }
        return true
    }

    /// A number with its unit, or inside definitions a formula that is known when the file is read.
    private func constantNumber(_ node: YAMLNode, _ dimension: Dimension, _ what: String) -> Double? {
        guard scope.enclosure != nil, node.text?.hasPrefix("=") == true else { return reading.quantity(node, dimension, what)?.value }
        guard let formula = formula(node, .live, expecting: .number(dimension), what) else { return nil }
        guard formula.isConstant else {
            reading.error(.settingIsFixed, node.span, "\(what) must be known when the file is read", label: "a setting in it must be of the type 'count'")
            return nil
        }
        return formula.constantValue
    }
}

extension FrameDeclaration {
    /// Whether no data can belong to both frames, because a field with a fixed value lies at the same place and has another value there.
    func isDistinct(from other: FrameDeclaration) -> Bool {
        fields.contains { field in
            guard let raw = field.rawFixed else { return false }
            return other.fields.contains { $0.isAtPlace(of: field) && $0.rawFixed.map { $0 != raw } ?? false }
        }
    }
}

extension FieldDeclaration {
    /// The fixed value as the number in the frame.
    fileprivate var rawFixed: Double? { fixed.map { ($0 - offset) / scale } }

    fileprivate func isAtPlace(of other: FieldDeclaration) -> Bool {
        startBit == other.startBit && bits == other.bits && order == other.order && coding == other.coding
    }
}
