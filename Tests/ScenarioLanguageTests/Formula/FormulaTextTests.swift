import Quantities
import ScenarioLanguage
import Testing

@Suite("Formula texts")
struct FormulaTextTests {
    static let explanations: [(FormulaContext, String, String, String)] = [
        (.score, "first(repeated) <= 12 s", "first(repeated) was 16.5 s", "<= 12 s"),
        (.score, "12 s >= first(repeated)", "first(repeated) was 16.5 s", "<= 12 s"),
        (.score, "count(ocpp.Heartbeat) == 8", "count(ocpp.Heartbeat) was 100", "== 8"),
        (.score, "max(charger.current) <= cp1.limit + 5 A", "max(charger.current) was 100 A", "<= cp1.limit + 5 A (21 A)"),
        (.live, "charger.current > 15 A and cp1.limit > 20 A", "cp1.limit was 16 A", "> 20 A"),
        (.live, "charger.current > 50 A and cp1.limit > 20 A", "charger.current was 42 A", "> 50 A"),
        (.live, "charger.current > 50 A or cp1.limit > 20 A", "charger.current was 42 A; cp1.limit was 16 A", "> 50 A or > 20 A"),
        (.live, "not cp1.charging", "cp1.charging was true", "false"),
        (.live, "not (charger.current > 1 A)", "(charger.current > 1 A) was true", "false"),
        (.live, "cp1.status == 'Faulted'", "cp1.status was 'Charging'", "== 'Faulted'"),
        (.live, "cp1.status != cp2.status", "cp1.status was 'Charging'", "!= cp2.status ('Charging')"),
        (.live, "mode == 'slow'", "mode was 'fast'", "== 'slow'"),
        (.live, "cp1.charging and not armed", "armed was true", "false"),
        (.live, "cp1.charging == false", "cp1.charging was true", "== false"),
        (.live, "never > 5 A", "never has no value", "> 5 A"),
        (.live, "sum(cp.*.power) > 7 kW", "sum(cp.*.power) was 6 kW", "> 7 kW"),
        (.live, "(charger.current + 1 A) * 2 < 3 A", "(charger.current + 1 A) * 2 was 86 A", "< 3 A"),
        (.live, "gap > 1 s", "gap was 20 ms", "> 1 s"),
    ]

    @Test("a failed condition says what was found and what was wanted", arguments: explanations)
    func explain(_ context: FormulaContext, _ text: String, _ found: String, _ wanted: String) throws {
        let formula = try Formula.compile(text, scope: FormulaTestScope(), context: context, expecting: .flag)
        let explanation = try #require(formula.testValue { $0.explain($1) })
        #expect(explanation.found == found)
        #expect(explanation.wanted == wanted)
    }

    @Test("a detector that never fired is said to have never fired")
    func never() throws {
        let formula = try Formula.compile("first(repeated) <= 12 s", scope: FormulaTestScope(), context: .score)
        let explanation = try #require(formula.testValue(scores: [.nan]) { $0.explain($1) })
        #expect(explanation.found == "first(repeated) never happened")
        #expect(formula.testValue(scores: [11]) { $0.explain($1) } == nil)
    }

    static let canonicals: [(String, String?)] = [
        ("5A+3A", "5 A + 3 A"), ("max( a,b )", "max(a, b)"), ("-  5 A*-x", "-5 A * -x"), ("20 %*x", "20% * x"), ("60/h", "60 /h"), ("1 min 30 s", "1min30s"),
        ("not(a and b)", "not (a and b)"), ("a-b", "a-b"), ("a - b", "a - b"), ("a -b", "a - b"), ("cp.*  .x", nil), ("x=='a  b'", "x == 'a  b'"),
        ("1e3A", "1e3 A"),
        ("500  kbit/s", "500 kbit/s"), ("((x))", "((x))"), ("5 +", nil), ("", nil), ("25°C", "25 °C"), ("sample(cp.*,20%)", "sample(cp.*, 20%)"),
        ("1e-3s", "1e-3 s"),
    ]

    @Test("canonical text changes spaces only", arguments: canonicals)
    func canonical(_ text: String, _ wanted: String?) {
        #expect(Formula.canonical(text) == wanted)
    }

    static let quotings: [(String, Bool, Bool)] = [
        ("max(a, b)", true, true), ("max(a, b)", false, false), ("count(x) == 8", true, false), ("x == 'a: b'", false, true), ("x # y", false, true),
        ("a[1]", true, true),
        ("a ", false, true), ("{x}", true, true), ("{x}", false, false), ("a:", false, true), ("'a:b' == x", false, false),
    ]

    @Test("quotes are needed exactly where YAML would cut the formula", arguments: quotings)
    func quoting(_ text: String, _ inFlow: Bool, _ wanted: Bool) {
        #expect(FormulaText.needsQuoting(text, inFlow: inFlow) == wanted)
    }

    @Test("a quoted formula doubles its single quotes")
    func yaml() {
        #expect(FormulaText.yaml("if(a, 'x', 'y') == b", inFlow: true) == "'=if(a, ''x'', ''y'') == b'")
        #expect(FormulaText.yaml("a > b", inFlow: true) == "=a > b")
    }
}
