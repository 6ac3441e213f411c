import Quantities

/// How quantities and whole numbers are written: `2s`, `100 A`, `20%`, `0x2A0`.
enum QuantityText {
    /// The canonical text of a quantity; nil when the text is none or stays as it is.
    ///
    /// The number keeps its digits. A time in whole thousands of a small unit takes the next unit (`2000 ms` is `2s`) where `rescales` is
    /// true; nothing is rounded and no time becomes a compound.
    static func canonical(_ text: String, rescales: Bool) -> String? {
        guard (try? Quantity.parse(text)) != nil, !text.utf8.contains(where: { $0 | 0x20 == 0x78 }) else { return nil }
        var scanner = DecimalScanner(text)
        var parts: [(number: String, unit: Unit?)] = []
        scanner.skipSpaces()
        while !scanner.isAtEnd {
            let start = scanner.offset
            guard (try? scanner.number()) != nil else { return nil }
            let number = String(decoding: Array(text.utf8)[start..<scanner.offset], as: UTF8.self)
            scanner.skipSpaces()
            let symbol = scanner.unitSymbol()
            scanner.skipSpaces()
            let unit = Unit.named(symbol)
            guard symbol.isEmpty || unit != nil else { return nil }
            parts.append((number, unit))
        }
        guard let first = parts.first else { return nil }
        var result: String
        if let unit = first.unit, unit.dimension == .time {
            if rescales, parts.count == 1, let (number, unit) = rescaled(first.number, unit) { return changed(number + unit.symbol, text) }
            result = parts.reduce(into: "") { $0 += $1.number + ($1.unit?.symbol ?? "") }
        } else {
            result = first.number
            if let unit = first.unit { result += unit.symbol == "%" ? "%" : " \(unit.symbol)" }
        }
        return changed(result, text)
    }

    private static func changed(_ result: String, _ text: String) -> String? { result == text ? nil : result }

    /// Whole thousands of a unit below a second in the next unit.
    private static func rescaled(_ number: String, _ unit: Unit) -> (String, Unit)? {
        let units = ["ns", "us", "ms", "s"]
        guard number.utf8.allSatisfy({ (0x30...0x39).contains($0) }), var value = Int64(number), value > 0, var index = units.firstIndex(of: unit.symbol) else {
            return nil
        }
        let before = index
        while value % 1000 == 0, index + 1 < units.count {
            value /= 1000
            index += 1
        }
        return index > before ? Unit.named(units[index]).map { ("\(value)", $0) } : nil
    }

    /// A hexadecimal number with a small x and great digits; nil when the text is none or stays as it is.
    static func hexadecimal(_ text: String) -> String? {
        guard text.hasPrefix("0x") || text.hasPrefix("0X"), text.utf8.count > 2 else { return nil }
        let digits = text.utf8.dropFirst(2)
        guard digits.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
        let great = digits.map { $0 >= 0x61 ? $0 - 0x20 : $0 }
        return changed("0x" + String(decoding: great, as: UTF8.self), text)
    }

    /// Whether two texts are the same quantity to the last bit, or the same whole number.
    static func isSame(_ a: String, _ b: String) -> Bool {
        if a == b { return true }
        if let x = try? Quantity.parse(a), let y = try? Quantity.parse(b) {
            return x.dimension == y.dimension && x.value == y.value && x.exactNanoseconds == y.exactNanoseconds
        }
        return a.lowercased() == b.lowercased() && a.hasPrefix("0") && hexadecimal(a) == b
    }
}
