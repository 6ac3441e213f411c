import Quantities
import ScenarioLanguage
import Testing

@Suite("Formula values")
struct FormulaValueTests {
    static let numbers: [(String, Double)] = [
        ("4.5 s", 4.5), ("20A", 20), ("500 ms", 0.5), ("1min30s", 90), ("1 min 30 s", 90), ("0x1F", 31), ("60 /h", 60.0 / 3600), ("60/h", 60.0 / 3600),
        ("20%", 0.2), ("20 %", 0.2), ("1e3", 1000), ("2 MW", 2e6), ("22 kWh", 79_200_000), ("500 kbit/s", 500_000), ("25 °C", 25), ("0.1 us", 1e-7),
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 4 - 3", 3), ("12 / 4 / 3", 1), ("2 * 3 % 4", 2), ("7 % 3", 1), ("-7 % 3", 2), ("7 % -3", -2), ("20%3", 2),
        ("20% - 5%", 0.15000000000000002), ("20% * 50", 10), ("-2 * -3", 6), ("--2", 2), ("2 - -2", 4), ("10 s % 3 s", 1), ("1 /s * 3 s", 3),
        ("6 A/s * 2 s", 12),
        ("true", 1), ("false", 0), ("not false", 1), ("not 1 == 2", 1), ("true or false and false", 1), ("(true or false) and false", 0),
        ("1 < 2 and 2 < 1", 0), ("1 < 2 or 2 < 1", 1), ("1 <= 1", 1), ("1 >= 2", 0), ("1 != 2", 1), ("1 == 1.0", 1), ("(2 > 1) == true", 1),
        ("60 / h", 60.0 / 7), ("charger.current", 42), ("charger.current > 15 A", 1), ("15 A < charger.current", 1), ("charger.current - cp1.limit", 26),
        ("charger.current * cp1.voltage", 9660), ("charger.current * cp1.voltage == 9.66 kW", 1), ("cp1.voltage / charger.current > 5 Ohm", 1),
        ("cp1.status == 'Charging'", 1), ("\"Charging\" == cp1.status", 1), ("cp1.status != 'Faulted'", 1), ("cp1.status == cp2.status", 1),
        ("cp1.status == if(armed, 'Charging', 'Faulted')", 1), ("mode == 'fast'", 1), ("mode != 'fast'", 0), ("mode == mode", 1), ("'a' == 'b'", 0),
        ("cp1.charging", 1), ("cp1.charging and armed", 1), ("not cp1.charging", 0), ("cp1.charging == true", 1),
        ("if(cp1.charging, 5 s, 30 s)", 5), ("if(1 > 2, 5 s, 30 s)", 30), ("min(3, 2, 5, 1, 4)", 1), ("max(charger.current, cp1.limit)", 42),
        ("min(charger.current, cp1.limit, 10 A)", 10), ("max(1 A, charger.current, cp1.limit, budget)", 125), ("max(age, 10 s)", 10), ("max(5, factor)", 5),
        ("max(charger.current - 1 A, cp1.limit + 1 A, charger.current - 2 A)", 41), ("min(1 A + charger.current, 2 A + cp1.limit, 5 A + cp1.limit)", 18),
        ("abs(-3 A)", 3), ("abs(cp1.limit - charger.current)", 26), ("clamp(5, 1, 3)", 3), ("clamp(charger.current, 6 A, 32 A)", 32), ("clamp(-1, 0, 3)", 0),
        ("round(2.5)", 3), ("round(-2.5)", -3), ("round(charger.current, 5 A)", 40), ("round(0.37, 0.1)", 0.4), ("gap * 2", 0.04), ("site_limit / 1 kW", 2000),
        ("sum(cp.*.power)", 6000), ("avg(cp.*.power)", 2000), ("min(cp.*.power)", 1000), ("max(cp.*.power)", 3000), ("count(cp.*.power)", 3),
        ("count(cp.*)", 5),
        ("sum(cp.*.power) > site_limit", 0), ("cp.1.power + cp.2.power", 3000), ("avg(charger.current, 10 s) > cp1.limit + 5 A", 1),
        ("avg(charger.current, 30 s) - avg(charger.current, 10 min)", -1), ("max(charger.current, 10 s)", 100), ("count(ocpp.Heartbeat)", 100),
        ("count(can0.limit, 1 s) / 1 s", 100), ("avg(cp1.charging, 10 s)", 100), ("max(cp.*.power, 10 s)", 102), ("p95(charger.current, 1min)", 100),
        ("never > 0 A", 0), ("never != 0 A", 0), ("never == never", 0), ("not (never > 0 A)", 1), ("never < 0 A or true", 1), ("if(never > 0 A, 1, 2)", 2),
        ("uniform(20 s, 40 s)", 30), ("normal(22 kWh, 8 kWh) / 1 kWh", 24), ("lognormal(3, 0.4)", 3.1),
        ("exponential(5 min)", 300), ("poisson(4)", 4), ("chance(60%)", 1), ("chance(40%)", 0), ("choice(16 A, 32 A, 63 A)", 32),
        ("choice(charger.current + 1 A, cp1.limit + 1 A)", 17), ("clamp(normal(22 kWh, 8 kWh), 2 kWh, 80 kWh) / 1 kWh", 24), ("choice(4) + choice(1, 2, 3)", 7),
    ]

    @Test("a formula has the value that arithmetic gives it", arguments: numbers)
    func value(_ text: String, _ wanted: Double) throws {
        let formula = try Formula.compile(text, scope: FormulaTestScope(), context: .live)
        #expect(formula.testValue { $0.evaluate($1) } == wanted)
    }

    static let scores: [(String, Double)] = [
        ("recall(timing, CAN_INJECTION) >= 0.95", 1), ("first(repeated) == 16.5 s", 1), ("first(repeated) <= 12 s", 0), ("p95(latency(timing))", 16.5),
        ("f1(timing) + precision(timing)", 34), ("false_alarms(timing, 'slow-drift')", 16.5), ("recall(timing, slow-drift)", 16.5),
        ("count(ocpp.Heartbeat) == 100", 1),
        ("max(charger.current) <= 100 A", 1), ("count(timing)", 16.5), ("first(ocpp.Heartbeat) + first(timing)", 34), ("max(cp.*.power)", 102),
        ("cp1.status == 'Charging'", 1),
        ("fingerprint() == '0123456789abcdef'", 1), ("fingerprint() == '0123456789abcdee'", 0), ("'0123456789ABCDEF' != fingerprint()", 0),
        ("max(latency(timing)) - min(latency(timing))", -1), ("recall(timing) == recall(timing)", 1),
    ]

    @Test("a score formula reads scores and totals", arguments: scores)
    func score(_ text: String, _ wanted: Double) throws {
        let formula = try Formula.compile(text, scope: FormulaTestScope(), context: .score)
        #expect(formula.testValue { $0.evaluate($1) } == wanted)
    }

    static let types: [(String, FormulaType)] = [
        ("charger.current * cp1.voltage", .number(.power)), ("cp1.voltage / charger.current", .number(.resistance)), ("1 / age", .number(.frequency)),
        ("charger.current * cp1.voltage * age", .number(.energy)), ("charger.current / charger.current", .number(.none)), ("1 < 2", .flag), ("mode", .text),
        ("cp.*", .nodes), ("sample(cp.*, 20%)", .nodes), ("cp1.status", .text), ("20%", .number(.none)),
        ("charger.current / age", .number(Dimension(ampere: 1, second: -1))),
    ]

    @Test("a formula has the type that its parts give it", arguments: types)
    func type(_ text: String, _ wanted: FormulaType) throws {
        #expect(try Formula.compile(text, scope: FormulaTestScope(), context: .live).type == wanted)
    }

    @Test("literals are exact to the nanosecond")
    func exact() throws {
        for nanoseconds in [1, 3, 7, 4_500_000_000, 123_456_789, 9_000_000_007] as [Int64] {
            var text = ""
            writeDecimalSeconds(nanoseconds) { text.unicodeScalars.append(Unicode.Scalar($0)) }
            let formula = try Formula.compile(text + " s", scope: FormulaTestScope(), context: .setting)
            #expect(formula.testValue { $0.evaluate($1) } == Double(nanoseconds) / 1e9)
        }
    }

    @Test("windows, scores and signals are listed once and in order")
    func dependencies() throws {
        let live = try Formula.compile(
            "avg(charger.current, 10 s) > cp1.limit and avg(charger.current, 10 s) > charger.current or count(ocpp.Heartbeat) > 3", scope: FormulaTestScope(),
            context: .live)
        #expect(live.aggregates.map(\.function) == [.avg, .count])
        #expect(live.aggregates.map(\.windowNanoseconds) == [10_000_000_000, nil])
        #expect(live.aggregates.map(\.source) == [.signal(0), .stream(0)])
        #expect(live.signalsRead == [0, 1])
        let score = try Formula.compile("p95(latency(timing, CAN_INJECTION)) + first(repeated)", scope: FormulaTestScope(), context: .score)
        #expect(score.scores.map(\.function) == [.latency, .first])
        #expect(score.scores.map(\.labelKind) == [0, nil])
        #expect(score.scores.map(\.reducer) == [.p95, nil])
        #expect(score.signalsRead == [])
        #expect(try Formula.compile("sum(cp.*.power)", scope: FormulaTestScope(), context: .live).signalsRead == [5, 6, 7])
        #expect(try Formula.compile("charger.current", scope: FormulaTestScope(), context: .live).symbol == FormulaTestScope().symbol(named: "charger.current"))
        #expect(try Formula.compile("can0.limit", scope: FormulaTestScope(), context: .live, expecting: .stream).symbol == .stream(1))
        #expect(try Formula.compile("2 * factor + min(1, 2)", scope: FormulaTestScope(), context: .setting).isConstant)
        #expect(try !Formula.compile("charger.current > 1 A", scope: FormulaTestScope(), context: .live).isConstant)
    }

    @Test("draws are numbered in text order and get their parameters")
    func draws() throws {
        let formula = try Formula.compile("uniform(1, 5) + normal(2, 4) * exponential(3)", scope: FormulaTestScope(), context: .setting)
        let draws = FormulaTestDraws()
        #expect(formula.testValue(draws: draws) { $0.evaluate($1) } == 2.25 + 3 * 3)
        #expect(draws.calls == ["uniform 0 1.0 5.0", "normal 1 2.0 4.0", "exponential 2 3.0 0.0"])
        #expect(formula.drawCount == 3)
        #expect(try !Formula.compile("sample(cp.*, 2)", scope: FormulaTestScope(), context: .setting).isConstant)
    }

    @Test("texts and node sets have their own results")
    func textsAndNodes() throws {
        func text(_ formula: String) throws -> String? {
            try Formula.compile(formula, scope: FormulaTestScope(), context: .live).testValue { $0.evaluateText($1) }
        }
        func nodes(_ formula: String) throws -> [Int]? {
            try Formula.compile(formula, scope: FormulaTestScope(), context: .live).testValue { $0.evaluateNodes($1) }
        }
        #expect(try text("cp1.status") == "Charging")
        #expect(try text("if(armed, mode, 'slow')") == "fast")
        #expect(try text("if(charger.current > 50 A, cp1.status, cp2.status)") == "Charging")
        #expect(try text("choice('a', 'b', cp1.status)") == "b")
        #expect(try text("5") == nil)
        #expect(try Formula.compile("fingerprint()", scope: FormulaTestScope(), context: .score).testValue { $0.evaluateText($1) } == "0123456789abcdef")
        #expect(try nodes("cp.*") == [10, 11, 12, 13, 14])
        #expect(try nodes("sample(cp.*, 40%)") == [10, 11])
        #expect(try nodes("sample(cp.*, 3)") == [10, 11, 12])
        #expect(try nodes("sample(cp.*, ratio)") == [10, 11, 12])
        #expect(try nodes("sample(sample(cp.*, 3), 1)") == [10])
        #expect(try nodes("choice(cp.2, sample(cp.*, 3))") == [10, 11, 12] || nodes("choice(cp.2, sample(cp.*, 3))") == [11])
        #expect(try nodes("if(armed, cp.2, cp1)") == [11])
        #expect(try nodes("5") == nil)
    }
}
