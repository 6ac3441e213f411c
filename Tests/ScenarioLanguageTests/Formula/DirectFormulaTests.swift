import Quantities
import Testing

@testable import ScenarioLanguage

/// The two ways in which a formula is evaluated give the same number as a walk over its tree, to the last bit.
@Suite("Direct formulas")
struct DirectFormulaTests {
    /// Values that arithmetic treats in ways of their own, and a few plain ones.
    static let values = [
        0, -0.0, 1, -1, 0.5, 3, -2.25, 1e6, 1e-300, 1e300, -1e300, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, 0.1, 7, 1e15 + 0.5,
    ]

    static func same(_ a: Double, _ b: Double) -> Bool { a.bitPattern == b.bitPattern || a.isNaN && b.isNaN }

    /// The smaller or greater of numbers in order; of equal ones the later, as the language has it.
    static func exact(_ tree: Reference, _ variables: [Double]) -> Double {
        switch tree {
        case .number(let value): return value
        case .variable(let index): return variables[index]
        case .negate(let inner): return -exact(inner, variables)
        case .invert(let inner): return exact(inner, variables) > 0 ? 0 : 1
        case .compare(let op, let a, let b): return Reference.compare(op, .number(exact(a, variables)), .number(exact(b, variables))).value([])
        case .join(let op, let a, let b): return Reference.join(op, .number(exact(a, variables)), .number(exact(b, variables))).value([])
        case .call(let name, let arguments):
            let numbers = arguments.map { exact($0, variables) }
            guard name == "min" || name == "max" else { return Reference.call(name, numbers.map { .number($0) }).value([]) }
            return numbers.dropFirst().reduce(numbers[0]) { total, next in
                if total.isNaN || next.isNaN { return .nan }
                return (name == "min" ? total < next : total > next) ? total : next
            }
        }
    }

    @Test("random formulas give the same bits in every way, with infinities, zeros of both signs and undefined values", arguments: [31, 32, 33] as [UInt64])
    func bits(_ seed: UInt64) throws {
        var random = TestRandom(state: seed)
        var (compared, direct) = (0, 0)
        while compared < 500 {
            let depth = 1 + random.below(5)
            let tree = random.below(3) == 0 ? Reference.condition(&random, depth) : Reference.number(&random, depth)
            guard let formula = try? Formula.compile(tree.text(), scope: FormulaPropertyTests.Scope(values: nil), context: .live) else { continue }
            compared += 1
            direct += formula.direct == nil ? 0 : 1
            for _ in 0..<4 {
                let variables = (0..<5).map { _ in Self.values[random.below(Self.values.count)] }
                let wanted = Self.exact(tree, variables)
                let found = formula.testValue(signals: variables) { ($0.evaluate($1), $0.evaluateGenerally($1)) }
                #expect(Self.same(found.0, wanted) && Self.same(found.1, wanted), "seed \(seed): \(tree.text()) of \(variables) gave \(found), not \(wanted)")
            }
        }
        #expect(direct > compared * 8 / 10, "\(direct) of \(compared) are direct")
    }

    /// Each operation with each sort of operand: signals, constants, computed values on either side.
    static let operations: [String] = {
        let parts = ["ratio", "3", "(v0 - v1)", "v2"]
        var texts: [String] = []
        for left in parts {
            for right in parts where left != right {
                for op in ["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!="] { texts.append("\(left) \(op) \(right)") }
                texts += ["min(\(left), \(right))", "max(\(left), \(right))", "clamp(\(left), -1, \(right))"]
                for third in parts {
                    texts += ["\(left) * \(right) + \(third)", "\(third) - \(left) / \(right)", "(\(left) + \(right)) * (\(third) - v0)"]
                    texts += ["if(\(left) < \(right), \(third), v0 * 2)", "if(\(left) >= \(right) and \(third) > 0, v0, -v0)"]
                    texts += ["\(left) < \(right) and \(third) <= v1", "\(left) < \(right) or not (\(third) == v1)", "\(third) + abs(\(left)) - \(right)"]
                }
            }
        }
        return texts
    }()

    @Test("every form of every operation gives the same bits directly and generally")
    func forms() throws {
        var random = TestRandom(state: 41)
        for text in Self.operations {
            // Constant divisions by zero and ranges that cannot be are refused when the formula is compiled.
            guard let formula = try? Formula.compile(text, scope: FormulaPropertyTests.Scope(values: nil), context: .live) else { continue }
            #expect(formula.direct != nil, "\(text)")
            for _ in 0..<8 {
                let variables = (0..<5).map { _ in Self.values[random.below(Self.values.count)] }
                let found = formula.testValue(signals: variables) { ($0.evaluate($1), $0.evaluateGenerally($1)) }
                #expect(Self.same(found.0, found.1), "\(text) of \(variables): \(found)")
            }
        }
    }

    @Test("flags that are signals count as false while they are undefined")
    func flags() throws {
        for text in ["cp1.charging and cp1.charging", "cp1.charging and charger.current > 5 A", "cp1.charging or cp1.charging", "not cp1.charging and armed"] {
            let formula = try Formula.compile(text, scope: FormulaTestScope(), context: .live)
            #expect(formula.direct != nil)
            for flag in [0, 1, Double.nan] {
                var signals = FormulaTestScope.values
                signals[4] = flag
                let found = formula.testValue(signals: signals) { ($0.evaluate($1), $0.evaluateGenerally($1)) }
                #expect(Self.same(found.0, found.1), "\(text) with \(flag): \(found)")
            }
        }
    }

    @Test("windows and scores are direct; draws, texts, sums over nodes and very long formulas are not")
    func kinds() throws {
        func isDirect(_ text: String, _ context: FormulaContext = .live) throws -> Bool {
            let formula = try Formula.compile(text, scope: FormulaTestScope(), context: context)
            let found = formula.testValue { ($0.evaluate($1), $0.evaluateGenerally($1)) }
            #expect(Self.same(found.0, found.1), "\(text): \(found)")
            return formula.direct != nil
        }
        #expect(try isDirect("avg(charger.current, 10 s) > 5 A and max(charger.current, 10 s) < 200 A"))
        #expect(try isDirect("first(repeated) <= 12 s or recall(timing) > 0.5", .score))
        #expect(try isDirect("cp1.status == 'Charging'"))
        #expect(try !isDirect("sum(cp.*.power) > 5 kW"))
        #expect(try !isDirect("if(cp1.status == 'Charging', cp1.status, 'off') == mode"))
        #expect(try !isDirect("uniform(1 s, 2 s) > 1.5 s"))
        #expect(try !isDirect(Array(repeating: "ratio", count: 300).joined(separator: " + ")))
        #expect(try isDirect(Array(repeating: "ratio", count: 200).joined(separator: " + ")))
        // A balanced tree needs more values at once than the stack holds.
        var text = "(ratio * factor - age / 1 s)"
        for _ in 0..<4 { text = "(\(text) % \(text))" }
        #expect(try !isDirect(text))
    }

    @Test("a copy of a direct formula outlives the formula")
    func lifetime() throws {
        var copies: [DirectFormula] = []
        for limit in 0..<100 {
            let formula = try Formula.compile("charger.current > \(limit) A", scope: FormulaTestScope(), context: .live)
            copies.append(try #require(formula.direct))
        }
        FormulaTestScope.values.withUnsafeBufferPointer { values in
            let signals = values.baseAddress!
            #expect(copies.filter { $0.evaluate(signals: signals, aggregates: signals, scores: signals) == 1 }.count == 42)
        }
    }
}
