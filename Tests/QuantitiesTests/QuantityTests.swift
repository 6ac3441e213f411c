import Testing

@testable import Quantities

@Suite("Quantities")
struct QuantityTests {
    @Test(
        "a text with a unit gives the value in base units",
        arguments: [
            ("2s", 2.0, Dimension.time), ("100 A", 100, .current), ("500 kbit/s", 500_000, .dataRate), ("20%", 0.2, .none), ("60 /h", 60.0 / 3600, .frequency),
            ("1min30s", 90, .time), ("1h 2min 3s", 3723, .time), ("0x1F", 31, .none), ("-3.5 A", -3.5, .current), ("2 MW", 2e6, .power),
            ("22 kWh", 22 * 3.6e6, .energy), ("20 A/s", 20, Dimension(ampere: 1, second: -1)), ("100 ms", 0.1, .time), ("300ms", 0.3, .time),
            ("4.35 ms", 0.00435, .time),
            ("20 A²", 20, Dimension(ampere: 2)), ("1e3 W", 1000, .power), ("25 °C", 25, .temperature), ("200_000", 200_000, .none), ("7 %", 0.07, .none),
        ])
    func reads(text: String, value: Double, dimension: Dimension) throws {
        let quantity = try Quantity.parse(text)
        #expect(quantity.value == value)
        #expect(quantity.dimension == dimension)
    }

    @Test(
        "times keep exact nanoseconds",
        arguments: [("0.1s", 100_000_000), ("1ns", 1), ("1.000000001s", 1_000_000_001), ("24h", 86_400_000_000_000), ("1d", 86_400_000_000_000)])
    func exactTimes(text: String, nanoseconds: Int64) throws {
        #expect(try Quantity.parse(text).exactNanoseconds == nanoseconds)
    }

    @Test(
        "a wrong text is refused with its place",
        arguments: [
            ("", QuantityError.notANumber(offset: 0)), ("two", .notANumber(offset: 0)), ("2 parsec", .unknownUnit("parsec", offset: 2)),
            ("30s1min", .badCompound(offset: 3)),
            ("0.1ns", .outOfRange(offset: 0)), ("1e400 A", .outOfRange(offset: 0)), ("5 A 3", .unknownUnit("A 3", offset: 2)),
            ("1234567890123456789012", .outOfRange(offset: 0)),
            ("400000000 d", .outOfRange(offset: 0)),
        ])
    func refuses(text: String, error: QuantityError) {
        #expect(throws: error) { try Quantity.parse(text) }
    }

    @Test(
        "values are shown in the unit that reads best",
        arguments: [
            (16.5, Dimension.time, "16.5 s"), (0.5, .time, "500 ms"), (42.0398, .current, "42.0398 A"), (12_300, .power, "12.3 kW"),
            (20 * 3600, .energy, "20 Wh"),
            (5 * 3.6e6, .energy, "5 kWh"), (8, .none, "8"), (0.1 + 0.2, .current, "0.3 A"), (1e-5, .none, "0.00001"), (123_456_789_012, .none, "123456789012"),
            (.nan, .time, "undefined s"),
        ])
    func shows(value: Double, dimension: Dimension, text: String) {
        #expect(Quantity(value, dimension).text == text)
    }

    @Test("dimensions multiply and divide, and a product of volts and amperes is a power")
    func dimensions() {
        #expect(Dimension.current * .voltage == .power)
        #expect(Dimension.power * .time == .energy)
        #expect(Dimension.voltage / .current == .resistance)
        #expect((Dimension.current * .current)?.baseUnit == "A^2")
        #expect((Dimension.current / .time)?.baseUnit == "A/s")
        #expect((Dimension(ampere: 100) * .current) == nil)
    }

    @Test(
        "exact seconds print without trailing zeros",
        arguments: [(4_500_000_000, "4.5"), (0, "0"), (-2_000_000_000, "-2"), (1000, "0.000001"), (64_000_000_000, "64")])
    func secondsText(nanoseconds: Int64, text: String) {
        #expect(Duration(nanoseconds: nanoseconds).secondsText == text)
    }

    @Test("every decimal time literal equals its nanoseconds divided by 1e9")
    func literalsEqualClock() throws {
        for milliseconds in stride(from: Int64(1), through: 100_000, by: 37) {
            let quantity = try Quantity.parse("\(milliseconds)ms")
            #expect(quantity.value == Double(milliseconds * 1_000_000) / 1e9)
        }
    }
}
