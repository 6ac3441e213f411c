/// A number with its dimension, held in base units (A, V, s, °C, bit and their products).
public struct Quantity: Hashable, Sendable {
    /// The value in base units.
    public var value: Double
    /// What it measures.
    public var dimension: Dimension
    /// The exact length in nanoseconds when the quantity is a time that was read from text.
    public var exactNanoseconds: Int64?

    /// A quantity from its value in base units.
    public init(_ value: Double, _ dimension: Dimension = .none) {
        self.value = value
        self.dimension = dimension
    }
}

/// Why a text is not a quantity, with the place in UTF-8 bytes.
public enum QuantityError: Error, Equatable, Sendable {
    /// Nothing there, or no number at its start.
    case notANumber(offset: Int)
    /// The text behind the number is no unit that the language knows.
    case unknownUnit(String, offset: Int)
    /// The parts of a compound such as `1min30s` are not times, or not in falling order.
    case badCompound(offset: Int)
    /// More digits or a greater value than can be held.
    case outOfRange(offset: Int)
}

extension Quantity {
    /// Reads `NUMBER [space] UNIT`, a bare number, `0x1F`, or a compound time such as `1min30s`.
    ///
    /// The decimal is exact until it is rounded once to a double; times also keep their exact nanoseconds, and a time finer
    /// than one nanosecond is out of range.
    public static func parse(_ text: some StringProtocol) throws(QuantityError) -> Quantity {
        var scanner = DecimalScanner(text)
        scanner.skipSpaces()
        if let hex = try scanner.hexadecimal() { return Quantity(hex) }
        let first = try scanner.number()
        let unitStart = scanner.skipSpaces()
        let unitText = scanner.rest
        let symbol = scanner.unitSymbol()
        if symbol.isEmpty {
            guard scanner.isAtEnd else { throw .unknownUnit(unitText, offset: unitStart) }
            return Quantity(first.double)
        }
        guard let unit = Unit.named(symbol) else { throw .unknownUnit(unitText, offset: unitStart) }
        if unit.dimension != .time {
            scanner.skipSpaces()
            guard scanner.isAtEnd else { throw .unknownUnit(unitText, offset: unitStart) }
            return Quantity(first.scaled(by: unit), unit.dimension)
        }
        var total = try first.nanoseconds(in: unit, at: 0)
        var last = unit
        while true {
            let here = scanner.skipSpaces()
            if scanner.isAtEnd { break }
            guard scanner.atDigit else { throw .unknownUnit(unitText, offset: unitStart) }
            let part = try scanner.number()
            let place = scanner.skipSpaces()
            let name = scanner.unitSymbol()
            guard let next = Unit.named(name) else { throw .unknownUnit(name, offset: place) }
            guard next.dimension == .time, next.toBase(1) < last.toBase(1), !part.isNegative, !first.isNegative else { throw .badCompound(offset: here) }
            let (sum, overflow) = total.addingReportingOverflow(try part.nanoseconds(in: next, at: here))
            guard !overflow else { throw .outOfRange(offset: here) }
            total = sum
            last = next
        }
        var quantity = Quantity(Double(total) / 1e9, .time)
        quantity.exactNanoseconds = total
        return quantity
    }

    /// The value and its best unit: `16.5 s`, `42.04 A`, `12.3 kW`, `20 %` never (a plain number stays plain).
    public var text: String {
        let unit = Unit.readable(value, dimension)
        let number = decimalText(unit.map { $0.fromBase(value) } ?? value)
        let symbol = unit?.symbol ?? dimension.baseUnit
        return symbol.isEmpty ? number : "\(number) \(symbol)"
    }

    /// The value in a given unit: `500 ms`.
    public func text(in unit: Unit) -> String { "\(decimalText(unit.fromBase(value))) \(unit.symbol)" }
}

extension Unit {
    /// The unit in which a value reads best: kW from 1 000 W, kWh from 1 000 Wh, ms below 1 s, min and h never (seconds compare better).
    static func readable(_ value: Double, _ dimension: Dimension) -> Unit? {
        let size = value.magnitude
        switch dimension {
        case .none: return nil
        case .power: return Unit.named(size >= 1e6 ? "MW" : size >= 1e3 ? "kW" : "W")
        case .energy: return Unit.named(size >= 3.6e6 ? "kWh" : "Wh")
        case .time: return Unit.named(size > 0 && size < 1e-3 ? "us" : size > 0 && size < 1 ? "ms" : "s")
        case .dataRate: return Unit.named(size >= 1e6 ? "Mbit/s" : size >= 1e3 ? "kbit/s" : "bit/s")
        default: return Unit.preferred(for: dimension)
        }
    }
}

/// A double as the shortest decimal that reads back the same, without exponent between 1e-7 and 1e15 and without a trailing `.0`.
///
/// Values that differ from a 12-digit decimal only by rounding noise are shown as that decimal.
public func decimalText(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "undefined" : value < 0 ? "-infinite" : "infinite" }
    if value == 0 { return "0" }
    var text = "\(value)"
    if text.utf8.count > 14 {
        let scale = powerOfTen(11 - decimalExponent(value.magnitude))
        let rounded = scale.isFinite && scale > 0 ? (value * scale).rounded() / scale : value
        if rounded.isFinite { text = "\(rounded)" }
    }
    if let mark = text.firstIndex(of: "e") { text = expanded(mantissa: text[..<mark], exponent: Int(text[text.index(after: mark)...]) ?? 0) ?? text }
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// Ten to a whole power, by exact multiplication up to 1e22.
func powerOfTen(_ exponent: Int) -> Double {
    var result = 1.0
    for _ in 0..<Swift.min(exponent.magnitude, 400) { result *= 10 }
    return exponent < 0 ? 1 / result : result
}

/// The exponent of the leading decimal digit of a positive number.
func decimalExponent(_ value: Double) -> Int {
    var exponent = 0
    var rest = value
    while rest >= 10 && exponent < 400 {
        rest /= 10
        exponent += 1
    }
    while rest < 1 && exponent > -400 {
        rest *= 10
        exponent -= 1
    }
    return exponent
}

/// `1.5e-05` as `0.000015`; `nil` when the exponent is out of -7…15.
private func expanded(mantissa: Substring, exponent: Int) -> String? {
    guard (-7...15).contains(exponent) else { return nil }
    let negative = mantissa.hasPrefix("-")
    let parts = mantissa.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
    var digits = Array(parts[0].utf8)
    let point = digits.count + exponent
    if parts.count > 1, parts[1] != "0" { digits += Array(parts[1].utf8) }
    var text: [UInt8] = negative ? [0x2D] : []
    if point <= 0 {
        text += [0x30, 0x2E] + [UInt8](repeating: 0x30, count: -point) + digits
    } else if point >= digits.count {
        text += digits + [UInt8](repeating: 0x30, count: point - digits.count)
    } else {
        text += digits[..<point] + [0x2E] + digits[point...]
    }
    return String(decoding: text, as: UTF8.self)
}
