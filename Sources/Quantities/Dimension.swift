/// The physical dimension of a number: exponents over ampere, volt, second, degree Celsius and bit.
///
/// Watts are A·V, watt-hours A·V·s, ohms V/A, so that formulas such as `voltage * current` are checked like any other.
@frozen
public struct Dimension: Hashable, Sendable {
    /// Exponent of the ampere.
    public var ampere: Int8
    /// Exponent of the volt.
    public var volt: Int8
    /// Exponent of the second.
    public var second: Int8
    /// Exponent of the degree Celsius.
    public var celsius: Int8
    /// Exponent of the bit.
    public var bit: Int8

    /// A dimension from its exponents; those not named are 0.
    @inlinable
    public init(ampere: Int8 = 0, volt: Int8 = 0, second: Int8 = 0, celsius: Int8 = 0, bit: Int8 = 0) {
        self.ampere = ampere
        self.volt = volt
        self.second = second
        self.celsius = celsius
        self.bit = bit
    }

    /// A plain number, a percentage, a count.
    public static let none = Dimension()
    /// Electric current, base unit A.
    public static let current = Dimension(ampere: 1)
    /// Voltage, base unit V.
    public static let voltage = Dimension(volt: 1)
    /// Time, base unit s.
    public static let time = Dimension(second: 1)
    /// Power, base unit V·A = W.
    public static let power = Dimension(ampere: 1, volt: 1)
    /// Energy, base unit V·A·s = J.
    public static let energy = Dimension(ampere: 1, volt: 1, second: 1)
    /// Frequency and rates, base unit 1/s.
    public static let frequency = Dimension(second: -1)
    /// Temperature, base unit °C.
    public static let temperature = Dimension(celsius: 1)
    /// Resistance, base unit V/A.
    public static let resistance = Dimension(ampere: -1, volt: 1)
    /// Data rate, base unit bit/s.
    public static let dataRate = Dimension(second: -1, bit: 1)

    /// The dimension of a product; `nil` when an exponent leaves -100…100.
    public static func * (a: Dimension, b: Dimension) -> Dimension? { a.combined(with: b, sign: 1) }

    /// The dimension of a quotient; `nil` when an exponent leaves -100…100.
    public static func / (a: Dimension, b: Dimension) -> Dimension? { a.combined(with: b, sign: -1) }

    private func combined(with other: Dimension, sign: Int) -> Dimension? {
        func sum(_ a: Int8, _ b: Int8) -> Int8? {
            let value = Int(a) + sign * Int(b)
            return (-100...100).contains(value) ? Int8(value) : nil
        }
        guard let ampere = sum(ampere, other.ampere), let volt = sum(volt, other.volt), let second = sum(second, other.second),
            let celsius = sum(celsius, other.celsius), let bit = sum(bit, other.bit)
        else { return nil }
        return Dimension(ampere: ampere, volt: volt, second: second, celsius: celsius, bit: bit)
    }
}

extension Dimension {
    /// The field's word for the dimension, as error messages use it: `current`, `power`, `time`; others as units: `A/s`.
    public var name: String {
        for (dimension, name) in Self.names where dimension == self { return name }
        return baseUnit
    }

    private static let names: [(Dimension, String)] = [
        (.none, "number"), (.current, "current"), (.voltage, "voltage"), (.time, "time"), (.power, "power"), (.energy, "energy"),
        (.frequency, "frequency"), (.temperature, "temperature"), (.resistance, "resistance"), (.dataRate, "data rate"),
    ]

    /// The base unit as text: `A`, `W`, `A/s`, `A^2`; empty for a plain number.
    public var baseUnit: String {
        switch self {
        case .none: return ""
        case .power: return "W"
        case .energy: return "J"
        case .resistance: return "Ohm"
        case .frequency: return "Hz"
        default: break
        }
        let parts: [(Int8, String)] = [(ampere, "A"), (volt, "V"), (celsius, "°C"), (bit, "bit"), (second, "s")]
        func text(_ wanted: (Int8) -> Bool) -> String {
            parts.filter { wanted($0.0) }.map { exponent, symbol in
                exponent.magnitude == 1 ? symbol : "\(symbol)^\(exponent.magnitude)"
            }.joined(separator: "·")
        }
        let above = text { $0 > 0 }
        let below = text { $0 < 0 }
        if below.isEmpty { return above }
        return "\(above.isEmpty ? "1" : above)/\(below)"
    }

    /// The dimension of a setting type of the language: `current`, `voltage`, `power`, `energy`, `time`, `frequency`, `percent`, `number`.
    public static func named(_ name: String) -> Dimension? {
        switch name {
        case "percent": return Dimension.none
        default:
            for (dimension, other) in names where other == name { return dimension }
            return nil
        }
    }
}
