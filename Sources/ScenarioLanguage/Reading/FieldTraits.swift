import Quantities
import YAMLTree

extension Reading {
    /// Reads `float`, `range`, `mux` and `values` of a field in its long form; `false` after an error.
    func readTraits(_ section: SectionReader, into layout: inout FieldLayout) -> Bool {
        if let node = section["float"] {
            guard let isFloat = flag(node, "'float'") else { return false }
            if isFloat {
                guard layout.bits == 32 || layout.bits == 64 else {
                    error(.outOfRange, node.span, "an IEEE 754 number has 32 or 64 bits, the field has \(layout.bits)")
                    return false
                }
                layout.coding = .float
            }
        }
        if let node = section["range"] {
            guard let index = word(node, "'range'", among: FieldDeclaration.Range.allCases.map(\.rawValue)) else { return false }
            layout.range = FieldDeclaration.Range.allCases[index]
        }
        if let node = section["computed"], !readComputed(node, into: &layout) { return false }
        if let node = section["mux"], !readMultiplexing(node, into: &layout) { return false }
        if let node = section["values"], !readWords(node, into: &layout) { return false }
        return true
    }

    /// `counter`, or a checksum, which fills whole bytes.
    private func readComputed(_ node: YAMLNode, into layout: inout FieldLayout) -> Bool {
        guard let index = word(node, "'computed'", among: ComputedField.allCases.map(\.rawValue)) else { return false }
        let kind = ComputedField.allCases[index]
        if let bits = kind.bits {
            guard layout.bits == bits, layout.startBit % 8 == (layout.order == .intel ? 0 : 7) else {
                error(
                    .outOfRange, node.span, "a checksum '\(kind.rawValue)' fills \(bits / 8 == 1 ? "one whole byte" : "two whole bytes")",
                    label: "help: write 'bits: \(bits)', and for 'at' the first bit of a byte")
                return false
            }
        }
        guard layout.coding == .unsigned, layout.scale == 1, layout.offset == 0 else {
            error(.outOfRange, node.span, "a field that is computed is a plain whole number", label: "leave out scale, offset, signed and float")
            return false
        }
        layout.computed = (kind, node.span)
        return true
    }

    /// `{page: 1}` or `{page: [0, 3-7]}`.
    private func readMultiplexing(_ node: YAMLNode, into layout: inout FieldLayout) -> Bool {
        guard let entries = mapping(node, "'mux'", example: "{page: 1}") else { return false }
        guard let entry = entries.first, entries.count == 1 else {
            error(.multiplexing, node.span, "'mux' names one field of the frame and its values", label: "for example '{page: 1}' or '{page: [0, 3-7]}'")
            return false
        }
        var ranges: [ClosedRange<UInt64>] = []
        for value in entry.value.items ?? [entry.value] {
            guard let text = self.text(value, "'mux'"), let range = Self.range(text) else {
                if value.text != nil {
                    error(.multiplexing, value.span, "\(Diagnostic.quoted(value.text ?? "")) is no raw value of a field", label: "for example 3, 0x10 or 3-7")
                }
                return false
            }
            ranges.append(range)
        }
        guard !ranges.isEmpty else {
            error(.multiplexing, entry.value.span, "'mux' needs a value of '\(entry.name)'")
            return false
        }
        layout.multiplexer = (entry.name, ranges, entry.key.span)
        return true
    }

    /// `3`, `0x10` or `3-7`.
    private static func range(_ text: String) -> ClosedRange<UInt64>? {
        func number(_ text: Substring) -> UInt64? {
            let text = String(text).trimmed
            return text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : text.first?.isNumber == true ? UInt64(text) : nil
        }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let low = number(parts[0]) else { return nil }
        guard parts.count == 2 else { return low...low }
        guard let high = number(parts[1]), high >= low else { return nil }
        return low...high
    }

    /// `{0: Idle, 1: Charging}`.
    private func readWords(_ node: YAMLNode, into layout: inout FieldLayout) -> Bool {
        guard let entries = mapping(node, "'values'", example: "{0: Idle, 1: Charging}") else { return false }
        for entry in entries {
            let digits = entry.name.hasPrefix("0x") ? entry.name.dropFirst(2) : entry.name[...]
            guard let raw = Int64(digits, radix: entry.name.hasPrefix("0x") ? 16 : 10) else {
                error(.notAWholeNumber, entry.key.span, "\(Diagnostic.quoted(entry.name)) is no raw value", label: "for example '{0: Idle, 1: Charging}'")
                return false
            }
            guard let word = text(entry.value, "the word of \(raw)") else { return false }
            layout.words.append((raw, word))
        }
        return true
    }
}
