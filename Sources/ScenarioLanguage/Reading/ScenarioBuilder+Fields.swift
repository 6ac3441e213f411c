import YAMLTree

extension ScenarioBuilder {
    /// Checks that the fields fit into the frame and that those which can be there together do not overlap, and adds them.
    func place(_ layouts: [(String, FieldLayout, YAMLNode)], into frame: inout FrameDeclaration) -> Bool {
        guard let multiplexing = multiplexing(of: layouts) else { return false }
        let room = frame.length > 0 ? frame.length : frame.transport?.limit ?? (frame.isFD ? 64 : 8)
        var owners = [[Int]](repeating: [], count: room * 8)
        var last = -1
        for (name, layout, _) in layouts {
            guard let computed = layout.computed, frame.transport != nil || layout.multiplexer != nil else { continue }
            reading.error(
                .outOfRange, computed.span, "'\(name)' cannot be computed",
                label: frame.transport != nil ? "a message of several frames has no counter or checksum of its own" : "leave out 'mux' or 'computed'")
            return false
        }
        for (index, (name, layout, key)) in layouts.enumerated() {
            for bit in layout.places {
                guard owners.indices.contains(bit) else {
                    let what =
                        frame.transport != nil
                        ? "\(room) bytes of the message"
                        : frame.length > 0 ? "\(room) bytes of the frame" : frame.isFD ? "64 bytes of an FD frame" : "8 bytes of a classic CAN frame"
                    reading.error(.fieldOverlap, key.span, "the field '\(name)' leaves the \(what)", label: "bit \(bit) is past \(room * 8 - 1)")
                    return false
                }
                if let owner = owners[bit].first(where: { !ScenarioBuilder.areExclusive($0, index, multiplexing) }) {
                    let other = layouts[owner]
                    reading.error(
                        .fieldOverlap, key.span, "the fields '\(other.0)' and '\(name)' overlap", label: "bit \(bit) belongs to both",
                        related: [(other.2.span, "the other field")])
                    return false
                }
                owners[bit].append(index)
                last = max(last, bit)
            }
            frame.fields.append(layout.declaration(name, multiplexing[index]))
        }
        if frame.length == 0 { frame.length = wholeLength((last + 8) / 8, frame) }
        return true
    }

    /// What decides whether each field is there; `nil` after an error.
    private func multiplexing(of layouts: [(String, FieldLayout, YAMLNode)]) -> [FieldDeclaration.Multiplexing?]? {
        var result: [FieldDeclaration.Multiplexing?] = []
        for (name, layout, _) in layouts {
            guard let (multiplexer, ranges, span) = layout.multiplexer else {
                result.append(nil)
                continue
            }
            guard let field = layouts.firstIndex(where: { $0.0 == multiplexer }), layouts[field].1.coding == .unsigned else {
                let names = layouts.map(\.0).filter { $0 != name }
                reading.error(
                    .multiplexing, span, "the frame has no unsigned field \(Diagnostic.quoted(multiplexer)) that could decide whether '\(name)' is there",
                    label: reading.suggestion(multiplexer, names))
                return nil
            }
            result.append(FieldDeclaration.Multiplexing(field: field, ranges: ranges))
        }
        for (index, (name, layout, key)) in layouts.enumerated() {
            var place = index
            var steps = 0
            while let next = result[place]?.field, steps <= 32 {
                place = next
                steps += 1
            }
            guard steps <= 32 else {
                reading.error(.multiplexing, layout.multiplexer?.span ?? key.span, "whether '\(name)' is there depends on itself")
                return nil
            }
        }
        return result
    }

    /// Whether two fields are never in the same frame: somewhere above them one field must have different values.
    static func areExclusive(_ a: Int, _ b: Int, _ multiplexing: [FieldDeclaration.Multiplexing?]) -> Bool {
        var first = a
        while let x = multiplexing[first] {
            var second = b
            while let y = multiplexing[second] {
                if x.field == y.field, !x.ranges.contains(where: { range in y.ranges.contains { $0.overlaps(range) } }) { return true }
                second = y.field
            }
            first = x.field
        }
        return false
    }
}

extension FieldLayout {
    /// The field of a name with this layout.
    func declaration(_ name: String, _ multiplexing: FieldDeclaration.Multiplexing?) -> FieldDeclaration {
        var field = FieldDeclaration(
            name: name, startBit: startBit, bits: bits, order: order, coding: coding, scale: scale, offset: offset, dimension: dimension, unit: unit, signal: -1
        )
        field.range = range
        field.limits = limits
        field.multiplexing = multiplexing
        field.words = words
        field.computed = computed?.kind
        field.roundsHalfToEven = roundsHalfToEven
        return field
    }
}
