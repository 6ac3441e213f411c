/// A unit of the scenario language with its exact factor to the base units.
public struct Unit: Hashable, Sendable {
    /// The symbol as it is written: `A`, `kW`, `min`, `/h`.
    public let symbol: String
    /// What the unit measures.
    public let dimension: Dimension
    /// Numerator of the exact factor to the base unit.
    public let numerator: Int64
    /// Denominator of the exact factor to the base unit.
    public let denominator: Int64

    init(_ symbol: String, _ dimension: Dimension, _ numerator: Int64 = 1, per denominator: Int64 = 1) {
        self.symbol = symbol
        self.dimension = dimension
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Every unit of the language, in the order of its reference page.
    public static let all: [Unit] = [
        Unit("ns", .time, per: 1_000_000_000), Unit("us", .time, per: 1_000_000), Unit("ms", .time, per: 1000), Unit("s", .time),
        Unit("min", .time, 60), Unit("h", .time, 3600), Unit("d", .time, 86_400),
        Unit("A", .current), Unit("mA", .current, per: 1000), Unit("kA", .current, 1000),
        Unit("V", .voltage), Unit("mV", .voltage, per: 1000), Unit("kV", .voltage, 1000),
        Unit("W", .power), Unit("kW", .power, 1000), Unit("MW", .power, 1_000_000), Unit("mW", .power, per: 1000),
        Unit("J", .energy), Unit("Wh", .energy, 3600), Unit("kWh", .energy, 3_600_000), Unit("MWh", .energy, 3_600_000_000),
        Unit("Hz", .frequency), Unit("kHz", .frequency, 1000), Unit("/s", .frequency), Unit("/min", .frequency, per: 60),
        Unit("/h", .frequency, per: 3600), Unit("/d", .frequency, per: 86_400),
        Unit("%", .none, per: 100),
        Unit("bit", Dimension(bit: 1)), Unit("bit/s", .dataRate), Unit("kbit/s", .dataRate, 1000), Unit("Mbit/s", .dataRate, 1_000_000),
        Unit("°C", .temperature), Unit("Ohm", .resistance), Unit("mOhm", .resistance, per: 1000), Unit("kOhm", .resistance, 1000),
        Unit("MOhm", .resistance, 1_000_000),
        Unit("A/s", Dimension(ampere: 1, second: -1)), Unit("A/min", Dimension(ampere: 1, second: -1), per: 60),
        Unit("V/s", Dimension(volt: 1, second: -1)), Unit("W/s", Dimension(ampere: 1, volt: 1, second: -1)),
        Unit("kW/s", Dimension(ampere: 1, volt: 1, second: -1), 1000), Unit("kW/min", Dimension(ampere: 1, volt: 1, second: -1), 1000, per: 60),
        Unit("A^2", Dimension(ampere: 2)), Unit("V^2", Dimension(volt: 2)), Unit("W^2", Dimension(ampere: 2, volt: 2)),
        Unit("Ah", Dimension(ampere: 1, second: 1), 3600), Unit("°C/s", Dimension(second: -1, celsius: 1)),
    ]

    private static let bySymbol: [String: Unit] = {
        var table: [String: Unit] = [:]
        for unit in all { table[unit.symbol] = unit }
        for (other, symbol) in otherSpellings { table[other] = table[symbol] }
        return table
    }()

    /// Symbols that are read like others: `µs` for `us`.
    public static let otherSpellings: [(spelling: String, symbol: String)] = [("A²", "A^2"), ("V²", "V^2"), ("W²", "W^2"), ("Ω", "Ohm"), ("µs", "us")]

    /// The unit with a symbol, spelt exactly; `nil` when there is none.
    public static func named(_ symbol: some StringProtocol) -> Unit? { bySymbol[String(symbol)] }

    /// The unit that shows a dimension best where nothing else is asked: `A`, `kWh`, `s`, `/h`.
    public static func preferred(for dimension: Dimension) -> Unit? { all.first { $0.dimension == dimension && $0.numerator == 1 && $0.denominator == 1 } }

    /// The value in base units of a number given in this unit.
    @inlinable
    public func toBase(_ value: Double) -> Double {
        if denominator == 1 { return value * Double(numerator) }
        return numerator == 1 ? value / Double(denominator) : value * Double(numerator) / Double(denominator)
    }

    /// The number in this unit of a value given in base units.
    @inlinable
    public func fromBase(_ value: Double) -> Double {
        if numerator == 1 { return value * Double(denominator) }
        return denominator == 1 ? value / Double(numerator) : value * Double(denominator) / Double(numerator)
    }
}
