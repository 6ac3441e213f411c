import Quantities
import ScenarioLanguage

/// The names that the tests of formulas use, with one value for each signal.
struct FormulaTestScope: FormulaScope {
    static let states = ["Available", "Preparing", "Charging", "Faulted"]
    static let table: [(String, FormulaSymbol)] = [
        ("charger.current", .signal(index: 0, .current)), ("cp1.limit", .signal(index: 1, .current)), ("cp1.voltage", .signal(index: 2, .voltage)),
        ("cp1.status", .signal(index: 3, .none, members: states)), ("cp1.charging", .signal(index: 4, .none, isFlag: true)),
        ("cp.1.power", .signal(index: 5, .power)), ("cp.2.power", .signal(index: 6, .power)), ("cp.3.power", .signal(index: 7, .power)),
        ("cp.*.power", .signals([5, 6, 7], .power)), ("cp2.status", .signal(index: 8, .none, members: ["Faulted", "Charging"])),
        ("age", .signal(index: 9, .time)), ("ratio", .signal(index: 10, .none)), ("never", .signal(index: 11, .current)),
        ("cp.*", .nodes([10, 11, 12, 13, 14])), ("cp.2", .nodes([11])), ("cp1", .nodes([3])),
        ("ocpp.Heartbeat", .stream(0)), ("can0.limit", .stream(1)), ("timing", .detector(0)), ("repeated", .detector(1)),
        ("CAN_INJECTION", .labelKind(0)), ("slow-drift", .labelKind(1)),
        ("budget", .number(125, .current)), ("site_limit", .number(2e6, .power)), ("gap", .number(0.02, .time)), ("factor", .number(3, .none)),
        ("armed", .flag(true)), ("mode", .text("fast")), ("h", .number(7, .none)),
    ]
    static let values: [Double] = [42, 16, 230, 2, 1, 1000, 2000, 3000, 1, 5, 0.5, .nan]

    func symbol(named name: String) -> FormulaSymbol? { Self.table.first { $0.0 == name }?.1 }
    var knownNames: [String] { Self.table.map(\.0) }
    func missingReason(for name: String) -> String? { name == "site.power" ? "no grid-meter measures it" : nil }
}

/// Draws that can be foretold: the parameters and the site in one number.
final class FormulaTestDraws: DrawSource {
    private(set) var calls: [String] = []
    func draw(_ function: DrawFunction, site: Int, _ a: Double, _ b: Double) -> Double {
        calls.append("\(function) \(site) \(a) \(b)")
        switch function {
        case .choice: return Double((site + 1) % Int(a))
        case .chance: return a > 0.5 ? 1 : 0
        default: return a + b * 0.25
        }
    }
    func sample(count: Int, of total: Int, site: Int) -> [Int] {
        calls.append("sample \(count) of \(total) at \(site)")
        return Array(0..<count)
    }
}

extension Formula {
    /// Evaluates with the values of the test scope; every aggregate is 100 + its index, every score 16.5 + its index.
    func testValue<R>(
        signals: [Double] = FormulaTestScope.values, aggregates: [Double]? = nil, scores: [Double]? = nil, draws: FormulaTestDraws = FormulaTestDraws(),
        _ body: (Formula, FormulaInputs) -> R
    ) -> R {
        let sums = aggregates ?? (0..<64).map { 100 + Double($0) }
        let marks = scores ?? (0..<64).map { 16.5 + Double($0) }
        return signals.withUnsafeBufferPointer { signals in
            sums.withUnsafeBufferPointer { sums in
                marks.withUnsafeBufferPointer { marks in
                    var inputs = FormulaInputs(signals: signals.baseAddress!, aggregates: sums.baseAddress!, scores: marks.baseAddress!, draws: draws)
                    inputs.fingerprint = 0x0123_4567_89ab_cdef
                    return body(self, inputs)
                }
            }
        }
    }
}
