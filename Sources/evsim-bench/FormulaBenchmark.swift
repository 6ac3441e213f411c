import Engine
import Quantities
import ScenarioLanguage

/// Nanoseconds for one evaluation of formulas of six operations (`condition` has eight), beside the same expressions written in Swift.
enum FormulaBenchmark {
    /// The names of the signals, one letter each.
    private struct Scope: FormulaScope {
        static let names = ["a", "b", "c", "d", "e", "f"]
        var knownNames: [String] { Self.names }
        func symbol(named name: String) -> FormulaSymbol? { Self.names.firstIndex(of: name).map { .signal(index: $0, .none) } }
    }

    private typealias Signals = UnsafePointer<Double>
    private static let count = 10_000_000

    /// The signals of the formulas, and the numbers that they take in turn, so that no result can be kept and no choice be foreseen.
    private struct Table {
        let signals = UnsafeMutablePointer<Double>.allocate(capacity: Scope.names.count)
        let numbers = UnsafeMutablePointer<Double>.allocate(capacity: 1024)

        init() {
            signals.initialize(repeating: 1, count: Scope.names.count)
            var random: UInt64 = 88_172_645_463_325_252
            for index in 0..<1024 {
                random ^= random &<< 13
                random ^= random &>> 7
                random ^= random &<< 17
                (numbers + index).initialize(to: Double(random >> 40) / 65_536 - 100)
            }
        }

        func deallocate() {
            signals.deallocate()
            numbers.deallocate()
        }

        /// Evaluates after each change of one signal; the sum of the results.
        @inline(__always)
        func loop(_ body: (Signals) -> Double) -> Double {
            signals.update(repeating: 1, count: Scope.names.count)
            var sum = 0.0
            for step in 0..<count {
                signals[step & 3] = numbers[step & 1023]
                sum += body(signals)
            }
            return sum
        }
    }

    static func run(repeats: Int = 9) -> [Measurement] {
        let table = Table()
        defer { table.deallocate() }
        var sum = 0.0
        let read = leastTimes(repeats: repeats, [{ sum += table.loop { $0[0] } }])[0]
        precondition(sum.isFinite, "keeps the work alive")
        var results = [Measurement(name: "formula.read", value: nanoseconds(read), unit: "ns")]
        results += compare("choice", "if(a > b, a * 2 + c - d, min(a, b))", table, repeats) {
            table.loop { s in s[0] > s[1] ? s[0] * 2 + s[2] - s[3] : s[0] < s[1] ? s[0] : s[1] }
        }
        results += compare("sum", "a * 2 + b - c / d + abs(e)", table, repeats) {
            table.loop { s in s[0] * 2 + s[1] - s[2] / s[3] + s[4].magnitude }
        }
        results += compare("condition", "a > 5 and b < 50 and c >= d and e + f < 90", table, repeats, most: nil) {
            table.loop { s in s[0] > 5 && s[1] < 50 && s[2] >= s[3] && s[4] + s[5] < 90 ? 1 : 0 }
        }
        results += compare("tree", "(a + b) * (c - d) / (e * f + 3)", table, repeats) {
            table.loop { s in (s[0] + s[1]) * (s[2] - s[3]) / (s[4] * s[5] + 3) }
        }
        return results
    }

    private static func nanoseconds(_ seconds: Double) -> Double { seconds / Double(count) * 1e9 }

    private static func compare(_ name: String, _ text: String, _ table: Table, _ repeats: Int, most: Double? = 5, _ swift: () -> Double) -> [Measurement] {
        guard let formula = try? Formula.compile(text, scope: Scope(), context: .live), let direct = formula.direct else {
            return [Measurement(name: "formula.\(name).compiles", value: 0, unit: "yes", bar: 1)]
        }
        let runner = FormulaRunner(formula, signals: table.signals)
        var sums = (0.0, 0.0, 0.0)
        let times = withoutActuallyEscaping(swift) { swift in
            leastTimes(
                repeats: repeats,
                [
                    { sums.0 = swift() },
                    { sums.1 = table.loop { direct.evaluate(signals: $0, aggregates: $0, scores: $0) } },
                    { sums.2 = table.loop { _ in runner.value(at: .zero) } },
                ])
        }
        return [
            Measurement(name: "formula.\(name).same-as-swift", value: sums.0 == sums.1 && sums.0 == sums.2 ? 1 : 0, unit: "equal", bar: 1),
            Measurement(name: "formula.\(name).swift", value: nanoseconds(times[0]), unit: "ns"),
            Measurement(name: "formula.\(name).machine", value: nanoseconds(times[1]), unit: "ns", most: most),
            Measurement(name: "formula.\(name).of-swift", value: times[1] / times[0], unit: "x"),
            Measurement(name: "formula.\(name).runner", value: nanoseconds(times[2]), unit: "ns"),
        ]
    }
}
