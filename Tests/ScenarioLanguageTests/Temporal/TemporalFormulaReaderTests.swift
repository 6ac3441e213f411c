import Quantities
import Testing

@testable import ScenarioLanguage

struct TemporalFormulaReaderTests {
    private func read(_ text: String) throws(TemporalError) -> TemporalReading { try TemporalFormulaReader.read(text, scope: FormulaTestScope()) }

    /// The tree with short names and seconds.
    private func shown(_ tree: TemporalTree) -> String {
        func bounds(_ interval: TemporalInterval) -> String { interval == .unbounded ? "" : "[\(interval.from.secondsText),\(interval.to?.secondsText ?? "")]" }
        return switch tree {
        case .condition(let number): "\(number)"
        case .not(let a): "not(\(shown(a)))"
        case .and(let a, let b): "and(\(shown(a)) \(shown(b)))"
        case .or(let a, let b): "or(\(shown(a)) \(shown(b)))"
        case .implies(let a, let b): "implies(\(shown(a)) \(shown(b)))"
        case .iff(let a, let b): "iff(\(shown(a)) \(shown(b)))"
        case .xor(let a, let b): "xor(\(shown(a)) \(shown(b)))"
        case .always(let i, let a): "always\(bounds(i))(\(shown(a)))"
        case .eventually(let i, let a): "eventually\(bounds(i))(\(shown(a)))"
        case .historically(let i, let a): "historically\(bounds(i))(\(shown(a)))"
        case .once(let i, let a): "once\(bounds(i))(\(shown(a)))"
        case .until(let i, let a, let b): "until\(bounds(i))(\(shown(a)) \(shown(b)))"
        case .since(let i, let a, let b): "since\(bounds(i))(\(shown(a)) \(shown(b)))"
        case .previous(let a): "prev(\(shown(a)))"
        case .rise(let a): "rise(\(shown(a)))"
        case .fall(let a): "fall(\(shown(a)))"
        }
    }

    @Test("the example of the reference is read as it is meant")
    func example() throws {
        let reading = try read("always (cp1.limit <= 1 A implies eventually[0s, 5s] (charger.current <= 2 A))")
        #expect(shown(reading.tree) == "always(implies(0 eventually[0,5](1)))")
        #expect(reading.conditions.map(\.text) == ["cp1.limit <= 1 A", "charger.current <= 2 A"])
        #expect(reading.conditions.map(\.comparison) == ["<=", "<="])
        #expect(reading.conditions.allSatisfy { $0.dimension == .current && $0.sides != nil })
        #expect(reading.signalsRead == [0, 1])
        #expect(reading.scales.map(\.scale) == [2])
    }

    @Test(
        "operators bind as the reference says",
        arguments: [
            ("age > 1 s and ratio > 1 or factor > 1", "or(and(0 1) 2)"),
            ("not age > 1 s and ratio > 1", "and(not(0) 1)"),
            ("age > 1 s implies ratio > 1 or factor > 1", "implies(0 or(1 2))"),
            ("(age > 1 s) since (ratio > 1) and factor > 1", "and(since(0 1) 2)"),
            ("ratio > 1 until[1s, 2min] factor > 1", "until[1,120](0 1)"),
            ("once[0, 500ms] prev rise fall age > 1 s", "once[0,0.5](prev(rise(fall(0))))"),
            ("historically (ratio > 1) and once(ratio > 1)", "and(historically(0) once(0))"),
            ("always (always ratio > 1)", "always(always(0))"),
            ("always[1s:2s] not (age > 1 s xor armed)", "always[1,2](not(xor(0 1)))"),
            ("(charger.current - cp1.limit) * 2 <= 5 A", "0"),
            ("abs(charger.current - cp1.limit) <= 5 A and (ratio + 1) / 2 < factor", "and(0 1)"),
            ("cp1.status == 'Charging or not' or cp1.charging", "or(0 1)"),
            ("if(armed and cp1.charging, 1 A, 2 A) <= charger.current iff armed", "iff(0 1)"),
            ("((ratio > 1))", "0"),
        ])
    func shapes(_ text: String, _ expected: String) throws {
        do { #expect(shown(try read(text).tree) == expected) } catch {
            // The text that no member is: the words inside quotes must not have been split.
            guard error.code == "E0537" else { throw error }
        }
    }

    @Test("a comparison of numbers has two sides, anything else is true or false")
    func conditions() throws {
        let reading = try read("ratio + 1 >= factor * 2 and cp1.charging and cp1.status == 'Charging' and (charger.current > 1 A) == cp1.charging")
        #expect(reading.conditions.map { $0.sides == nil } == [false, true, true, true])
        #expect(reading.conditions[0].sides?.right.isConstant == true)
    }

    @Test(
        "mistakes have a code, a place and a fix",
        arguments: [
            ("always", "E0391", 6, 0), ("ratio > 1 implies", "E0391", 17, 0), ("implies ratio > 1", "E0391", 0, 7), ("always (ratio)", "E0391", 8, 5),
            ("", "E0391", 0, 0), ("(ratio > 1) ratio", "E0526", 0, 0), ("always (ratio > 1", "E0393", 7, 1), ("ratio > 1)", "E0393", 9, 1),
            ("once[0s, 5s) ratio > 1", "E0393", 11, 1), ("once[5s] ratio > 1", "E0394", 4, 4), ("once[5s, 2s] ratio > 1", "E0394", 4, 8),
            ("once[0s, age] ratio > 1", "E0394", 8, 4), ("once[0 A, 1 s] ratio > 1", "E0394", 5, 3), ("not[0s, 1s] ratio > 1", "E0394", 3, 8),
            ("eventually ratio > 1", "E0395", 0, 10), ("ratio > 1 implies always ratio > 2", "E0395", 18, 6), ("ratio > 1 until ratio > 2", "E0395", 10, 5),
            ("ratio > 1 implies ratio > 2 implies ratio > 3", "E0396", 28, 7), ("ratio > 1 -> ratio > 2", "E0397", 10, 2), ("!armed", "E0397", 0, 1),
            ("always (charger.current <= 2 V)", "E0531", 8, 22), ("always (chargr.current <= 2 A)", "E0520", 8, 14),
            ("once[0s, 40000 d] ratio > 1", "E0394", 8, 8),
        ])
    func mistakes(_ text: String, _ code: String, _ offset: Int, _ length: Int) {
        let error = #expect(throws: TemporalError.self) { try read(text) }
        guard code != "E0526" else { return #expect(error?.code.isEmpty == false) }
        #expect(error?.code == code, "\(String(describing: error))")
        if code.hasPrefix("E039") { #expect(error?.offset == offset && error?.length == length, "\(String(describing: error))") }
        if code == "E0520" { #expect(error?.offset == offset) }
    }

    @Test("no text crashes the reader")
    func noise() {
        let words = [
            "always", "eventually", "[0s, 5s]", "[", "]", "(", ")", "ratio", ">", "1", "A", "and", "not", "implies", "'", "since", "->", "é", "-", "cp.*.power",
            "\u{0}", "age",
        ]
        var state: UInt64 = 7
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<Int(state % 9) + 1 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += words[Int((state >> 33) % UInt64(words.count))] + ((state >> 20) % 3 == 0 ? "" : " ")
            }
            do {
                let reading = try read(text)
                #expect(!reading.conditions.isEmpty)
            } catch {
                #expect(error.offset >= 0 && error.offset + error.length <= text.utf8.count, "\(text): \(error)")
            }
        }
        #expect(throws: TemporalError.self) { try read(String(repeating: "(", count: 200) + "armed" + String(repeating: ")", count: 200)) }
        #expect(throws: TemporalError.self) { try read(String(repeating: "not ", count: 200) + "armed") }
        #expect(throws: TemporalError.self) { try read(String(repeating: "armed or ", count: 1100) + "armed") }
    }

    @Test("every code of temporal formulas is explained, and none belongs to something else")
    func catalogue() {
        #expect(TemporalErrorCatalogue.all.map(\.code) == TemporalErrorKind.allCases.map(\.rawValue))
        #expect(Set(TemporalErrorKind.allCases.map(\.rawValue)).isDisjoint(with: Code.allCases.map(\.rawValue) + FormulaErrorKind.allCases.map(\.rawValue)))
        for entry in TemporalErrorCatalogue.all { #expect(entry.explanation.hasSuffix(".")) }
    }
}
