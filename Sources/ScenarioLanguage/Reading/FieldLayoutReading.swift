import Quantities
import YAMLTree

/// The place and coding of a field, before it has a signal.
struct FieldLayout {
    var startBit: Int
    var bits: Int
    var order: FieldDeclaration.Order
    var coding: FieldDeclaration.Coding
    var scale: Double
    var offset: Double
    var unit: String
    var dimension: Dimension
    var range = FieldDeclaration.Range.saturate
    var limits: ClosedRange<Double>?
    /// Name of the field that decides whether this one is there, with its raw values.
    var multiplexer: (name: String, ranges: [ClosedRange<UInt64>], span: Span)?
    var words: [(raw: Int64, text: String)] = []
    var roundsHalfToEven = false
    /// What the sender works out for the field, with its place in the file.
    var computed: (kind: ComputedField, span: Span)?

    /// Bits that the field takes, as places byte * 8 + bit with bit 0 the least significant one.
    var places: [Int] {
        if order == .intel { return Array(startBit..<(startBit + bits)) }
        var result: [Int] = []
        var place = startBit
        for _ in 0..<bits {
            result.append(place)
            place = place % 8 == 0 ? place + 15 : place - 1
        }
        return result
    }
}

extension FieldDeclaration {
    /// Types of the short form of a layout.
    public static let shortTypes: [(name: String, bits: Int, coding: Coding)] = [
        ("u8", 8, .unsigned), ("i8", 8, .signed), ("u16", 16, .unsigned), ("i16", 16, .signed), ("u24", 24, .unsigned), ("u32", 32, .unsigned),
        ("i32", 32, .signed), ("u64", 64, .unsigned), ("i64", 64, .signed), ("f32", 32, .float), ("f64", 64, .float),
    ]
}

extension Reading {
    /// Reads `u16 be A` with the field starting at a bit; `nil` after an error.
    func shortLayout(_ node: YAMLNode, _ text: String, at bit: Int) -> FieldLayout? {
        var words = text.split(separator: " ").map(String.init)
        guard let first = words.first, let (_, bits, coding) = FieldDeclaration.shortTypes.first(where: { $0.name == first }) else {
            error(
                .badLayout, node.span, "\(Diagnostic.quoted(text)) is not a field layout",
                label: "for example 'u16 A', 'i16 be V', 'u8'")
            return nil
        }
        words.removeFirst()
        var bigEndian = false
        if words.first == "be" || words.first == "le" { bigEndian = words.removeFirst() == "be" }
        var unitName = words.joined(separator: " ")
        var scale = 1.0
        if let (number, rest) = leadingNumber(unitName) {
            scale = number
            unitName = rest
        }
        guard let (unit, factor, dimension) = fieldUnit(node, unitName) else { return nil }
        let start = bigEndian ? bit + 7 : bit
        return FieldLayout(
            startBit: start, bits: bits, order: bigEndian && bits > 8 ? .motorola : bigEndian ? .motorola : .intel, coding: coding, scale: scale * factor,
            offset: 0,
            unit: unit, dimension: dimension)
    }

    /// `0.1 A` in a layout: the value of one step.
    private func leadingNumber(_ text: String) -> (Double, String)? {
        var scanner = DecimalScanner(text)
        guard scanner.atDigit, let number = try? scanner.number() else { return nil }
        scanner.skipSpaces()
        return (number.double, scanner.rest)
    }

    private func fieldUnit(_ node: YAMLNode, _ name: String) -> (String, Double, Dimension)? {
        if name.isEmpty { return ("", 1, .none) }
        guard let unit = Unit.named(name) else {
            error(
                .unknownUnit, place(of: name, in: node), "unknown unit \(Diagnostic.quoted(name))",
                label: suggestion(name, Unit.all.map(\.symbol)) ?? "units: \(Unit.all.map(\.symbol).joined(separator: " "))")
            return nil
        }
        return (unit.symbol, unit.toBase(1), unit.dimension)
    }

    /// The place of the end of a scalar.
    private func place(of end: String, in node: YAMLNode) -> Span {
        guard let text = node.text, text.hasSuffix(end) else { return node.span }
        return node.span(offset: text.utf8.count - end.utf8.count, length: end.utf8.count)
    }

    /// Reads `{at, bits, scale, offset, unit, signed, order}`.
    func longLayout(_ node: YAMLNode) -> FieldLayout? {
        guard let section = SectionReader(self, node, ScenarioSchema.field, "a field") else { return nil }
        guard let atNode = section["at"], let bitsNode = section["bits"], let at = whole(atNode, "'at'", in: 0...32_759),
            let bits = whole(bitsNode, "'bits'", in: 1...64)
        else {
            return nil
        }
        func number(_ key: String, _ fallback: Double) -> Double? {
            guard let node = section[key] else { return fallback }
            return quantity(node, .none, "'\(key)'")?.value
        }
        guard let scale = number("scale", 1), let offset = number("offset", 0) else { return nil }
        if scale == 0, let node = section["scale"] {
            error(.outOfRange, node.span, "'scale' cannot be 0")
            return nil
        }
        var signed = false
        if let node = section["signed"] {
            guard let value = flag(node, "'signed'") else { return nil }
            signed = value
        }
        var order = 0
        if let node = section["order"] {
            guard let index = word(node, "'order'", among: ["intel", "motorola"]) else { return nil }
            order = index
        }
        guard let (unit, factor, dimension) = section["unit"].map({ fieldUnit($0, $0.text ?? "") }) ?? ("", 1, .none) else { return nil }
        var layout = FieldLayout(
            startBit: Int(at), bits: Int(bits), order: order == 0 ? .intel : .motorola, coding: signed ? .signed : .unsigned, scale: scale * factor,
            offset: offset * factor,
            unit: unit, dimension: dimension)
        return readTraits(section, into: &layout) ? layout : nil
    }
}
