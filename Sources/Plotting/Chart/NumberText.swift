/// Numbers as a chart shows them: with a real minus sign, and no more digits than they need.
enum NumberText {
    /// The number with this many decimals, 0…15.
    static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "–" : value > 0 ? "∞" : "−∞" }
        var factor = 1.0
        for _ in 0..<max(0, min(15, decimals)) { factor *= 10 }
        let scaled = (value.magnitude * factor).rounded()
        guard scaled < 9e18 else { return scientific(value, digits: 4) }
        let digits = String(UInt64(scaled))
        let sign = value < 0 && scaled > 0 ? "−" : ""
        guard decimals > 0 else { return sign + digits }
        let places = min(15, decimals)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return sign + padded.dropLast(places) + "." + padded.suffix(places)
    }

    /// The number with up to this many significant digits, without zeros at the end.
    static func significant(_ value: Double, digits: Int) -> String {
        guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
        let exponent = decade(value)
        if exponent >= 6 || exponent < -4 { return scientific(value, digits: digits) }
        let decimals = max(0, digits - 1 - exponent)
        return trimmed(fixed(value, decimals: decimals))
    }

    /// The number as a product with a power of ten.
    static func scientific(_ value: Double, digits: Int) -> String {
        var exponent = decade(value)
        var mantissa = scaled(value, by: -exponent)
        if fixed(mantissa.magnitude, decimals: digits - 1).hasPrefix("10") {
            mantissa /= 10
            exponent += 1
        }
        return trimmed(fixed(mantissa, decimals: digits - 1)) + "×10" + superscript(exponent)
    }

    /// An integer in raised digits.
    static func superscript(_ number: Int) -> String {
        let raised: [Character] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
        return (number < 0 ? "⁻" : "") + String(String(number.magnitude).compactMap { $0.wholeNumberValue }.map { raised[$0] })
    }

    /// The exponent of the highest digit: 2 for 100…999; 0 for zero.
    static func decade(_ value: Double) -> Int {
        var rest = value.magnitude, exponent = 0
        guard rest > 0, rest.isFinite else { return 0 }
        while rest >= 1e15 { rest /= 1e15; exponent += 15 }
        while rest < 1e-15 { rest *= 1e15; exponent -= 15 }
        while rest >= 10 { rest /= 10; exponent += 1 }
        while rest < 1 { rest *= 10; exponent -= 1 }
        return exponent
    }

    /// The value times a power of ten, without a detour over numbers that do not fit.
    static func scaled(_ value: Double, by exponent: Int) -> Double {
        var result = value, left = exponent
        while left > 0 { let step = min(15, left); result *= power(step); left -= step }
        while left < 0 { let step = min(15, -left); result /= power(step); left += step }
        return result
    }

    /// Ten to the power of 0…15, exact.
    static func power(_ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<exponent { result *= 10 }
        return result
    }

    /// The text without zeros at the end of its decimals.
    static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var rest = text[...]
        while rest.hasSuffix("0") { rest = rest.dropLast() }
        if rest.hasSuffix(".") { rest = rest.dropLast() }
        return rest == "−0" ? "0" : String(rest)
    }
}

/// The power of ten that a chart takes out of its numbers, with its name.
struct UnitPrefix: Equatable {
    /// The power of ten: a multiple of three.
    var exponent = 0
    /// The unit with its prefix, or with the power of ten in front.
    var unit: String

    /// Units that take prefixes; others get a power of ten.
    private static let plain = ["A", "V", "W", "Wh", "Hz", "Ω", "Ohm", "VA", "var", "J", "F", "H", "C", "bit/s", "B"]
    private static let letters = ["p", "n", "µ", "m", "", "k", "M", "G", "T"]

    /// What suits values up to this magnitude.
    init(unit: String, magnitude: Double) {
        self.unit = unit
        guard magnitude > 0, magnitude.isFinite else { return }
        let decade = NumberText.decade(magnitude)
        if decade < 4 && decade >= -1 { return }
        let thousands = decade >= 0 ? decade / 3 : -((2 - decade) / 3)
        if Self.plain.contains(unit), thousands >= -4, thousands <= 4 {
            exponent = thousands * 3
            self.unit = Self.letters[thousands + 4] + unit
        } else if decade >= 6 || decade < -3 || Self.plain.contains(unit) {
            exponent = thousands * 3
            self.unit = "×10" + NumberText.superscript(exponent) + (unit.isEmpty ? "" : " " + unit)
        }
    }

    /// A value in this unit.
    func convert(_ value: Double) -> Double { NumberText.scaled(value, by: -exponent) }
}
