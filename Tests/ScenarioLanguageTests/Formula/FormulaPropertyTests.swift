import Quantities
import ScenarioLanguage
import Testing

/// A small seeded generator, so that a failure can be repeated.
struct TestRandom {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}

/// An expression tree that prints itself and computes itself by recursion, the slow and obvious way.
indirect enum Reference {
    case number(Double)
    case variable(Int)
    case negate(Reference)
    case join(String, Reference, Reference)
    case compare(String, Reference, Reference)
    case invert(Reference)
    case call(String, [Reference])

    static let names = ["ratio", "factor", "v0", "v1", "v2"]

    static func number(_ random: inout TestRandom, _ depth: Int) -> Reference {
        switch depth <= 0 ? random.below(2) : random.below(8) {
        case 0: return .number(Double(random.below(200)) / 8)
        case 1: return .variable(random.below(5))
        case 2: return .negate(number(&random, depth - 1))
        case 3: return .call("if", [condition(&random, depth - 1), number(&random, depth - 1), number(&random, depth - 1)])
        case 4: return .call(["min", "max"][random.below(2)], (0..<2 + random.below(3)).map { _ in number(&random, depth - 1) })
        case 5: return .call(["abs", "round"][random.below(2)], [number(&random, depth - 1)])
        default: return .join(["+", "-", "*", "/", "%"][random.below(5)], number(&random, depth - 1), number(&random, depth - 1))
        }
    }

    static func condition(_ random: inout TestRandom, _ depth: Int) -> Reference {
        switch depth <= 0 ? 0 : random.below(4) {
        case 1: return .invert(condition(&random, depth - 1))
        case 2, 3: return .join(["and", "or"][random.below(2)], condition(&random, depth - 1), condition(&random, depth - 1))
        default: return .compare(["==", "!=", "<", "<=", ">", ">="][random.below(6)], number(&random, depth - 1), number(&random, depth - 1))
        }
    }

    /// The text with only the parentheses that precedence asks for, when `sparse`, otherwise with all.
    func text(_ outer: Int = 0, sparse: Bool = true) -> String {
        func wrap(_ text: String, _ own: Int) -> String { !sparse || own < outer ? "(\(text))" : text }
        switch self {
        case .number(let value): return decimalText(value)
        case .variable(let index): return Self.names[index]
        case .negate(let inner): return wrap("-" + inner.text(7, sparse: sparse), 7)
        case .invert(let inner): return wrap("not " + inner.text(3, sparse: sparse), 3)
        case .compare(let op, let a, let b): return wrap("\(a.text(5, sparse: sparse)) \(op) \(b.text(5, sparse: sparse))", 4)
        case .join(let op, let a, let b):
            let own = ["or": 1, "and": 2, "+": 5, "-": 5][op] ?? 6
            return wrap("\(a.text(own, sparse: sparse)) \(op) \(b.text(own + 1, sparse: sparse))", own)
        case .call(let name, let arguments): return "\(name)(\(arguments.map { $0.text(0, sparse: sparse) }.joined(separator: ", ")))"
        }
    }

    func value(_ variables: [Double]) -> Double {
        switch self {
        case .number(let value): return value
        case .variable(let index): return variables[index]
        case .negate(let inner): return -inner.value(variables)
        case .invert(let inner): return inner.value(variables) > 0 ? 0 : 1
        case .compare(let op, let a, let b):
            let (x, y) = (a.value(variables), b.value(variables))
            if x.isNaN || y.isNaN { return 0 }
            let holds = ["==": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y][op] ?? false
            return holds ? 1 : 0
        case .join(let op, let a, let b):
            let (x, y) = (a.value(variables), b.value(variables))
            switch op {
            case "+": return x + y
            case "-": return x - y
            case "*": return x * y
            case "/": return x / y
            case "and": return x > 0 && y > 0 ? 1 : 0
            case "or": return x > 0 || y > 0 ? 1 : 0
            default:
                let rest = x.truncatingRemainder(dividingBy: y)
                return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest
            }
        case .call(let name, let arguments):
            let values = arguments.map { $0.value(variables) }
            switch name {
            case "if": return values[0] > 0 ? values[1] : values[2]
            case "abs": return values[0].magnitude
            case "round": return values[0].rounded()
            default: return values.contains { $0.isNaN } ? .nan : (name == "min" ? values.min() : values.max()) ?? .nan
            }
        }
    }
}

@Suite("Formula properties")
struct FormulaPropertyTests {
    /// The variables either as signals or as parameters, whose values are folded when the formula is compiled.
    struct Scope: FormulaScope {
        let values: [Double]?
        var knownNames: [String] { Reference.names }
        func symbol(named name: String) -> FormulaSymbol? {
            guard let index = Reference.names.firstIndex(of: name) else { return nil }
            return values.map { .number($0[index], .none) } ?? .signal(index: index, .none)
        }
    }

    static let variables = [0.5, 3, -2.25, 1e6, .nan]

    static func same(_ a: Double, _ b: Double) -> Bool { a == b || a.isNaN && b.isNaN }

    @Test("random trees evaluate as the recursive reference does, computed or folded, with few parentheses or many", arguments: [1, 2, 3, 4] as [UInt64])
    func reference(_ seed: UInt64) throws {
        var random = TestRandom(state: seed)
        var compared = 0
        while compared < 160 {
            let tree = random.below(2) == 0 ? Reference.number(&random, 5) : Reference.condition(&random, 5)
            let wanted = tree.value(Self.variables)
            for text in [tree.text(), tree.text(sparse: false)] where text.utf8.count < 16_000 {
                for values in [nil, Self.variables] {
                    do {
                        let formula = try Formula.compile(text, scope: Scope(values: values), context: .live)
                        let found = formula.testValue(signals: Self.variables) { $0.evaluate($1) }
                        #expect(Self.same(found, wanted), "seed \(seed): \(text) gave \(found), not \(wanted)")
                        #expect(values == nil || formula.isConstant)
                        let canonical = try #require(Formula.canonical(text))
                        #expect(Formula.canonical(canonical) == canonical)
                        let again = try Formula.compile(canonical, scope: Scope(values: values), context: .live)
                        #expect(Self.same(again.testValue(signals: Self.variables) { $0.evaluate($1) }, wanted), "seed \(seed): \(canonical)")
                        compared += 1
                    } catch let error as FormulaError {
                        // Only the two mistakes that a random tree can hold.
                        #expect(["E0543", "E0541"].contains(error.code), "seed \(seed): \(text): \(error)")
                    }
                }
            }
        }
    }

    static let pieces = [
        "charger.current", "cp.*", "cp.*.power", "timing", "ocpp.Heartbeat", "cp1.status", "armed", "mode", "5 A", "10 s", "20%", "0", "1min30s", "0x1F", "'x'",
        "\"", "'",
        "(", ")", ",", "+", "-", "*", "/", "%", "==", "<", ">=", "and", "or", "not", "if(", "max(", "avg(", "count(", "sample(", "choice(", "uniform(",
        "latency(",
        "recall(", "first(", "p95(", "round(", "fingerprint()", " ", "°", "é", "🔌", "\u{301}", "{{", "=", "1e", "..", ".", "slow-drift", "-a", "\n", "\u{0}",
    ]

    @Test("no text crashes the compiler, and every error lies inside the text", arguments: [11, 12, 13] as [UInt64])
    func noise(_ seed: UInt64) {
        var random = TestRandom(state: seed)
        for _ in 0..<400 {
            var text = ""
            if random.below(4) == 0 {
                text = String(decoding: (0..<random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }, as: UTF8.self)
            } else {
                for _ in 0..<1 + random.below(12) { text += Self.pieces[random.below(Self.pieces.count)] + (random.below(2) == 0 ? " " : "") }
            }
            check(text, seed)
        }
    }

    @Test("no mutation of a valid formula crashes the compiler", arguments: [21, 22] as [UInt64])
    func mutations(_ seed: UInt64) {
        var random = TestRandom(state: seed)
        let valid = FormulaValueTests.numbers.map(\.0) + FormulaValueTests.scores.map(\.0)
        for _ in 0..<400 {
            var bytes = Array(valid[random.below(valid.count)].utf8)
            for _ in 0...random.below(3) where !bytes.isEmpty {
                let place = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(UInt8(32 + random.below(95)), at: place)
                default: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            check(String(decoding: bytes, as: UTF8.self), seed)
        }
    }

    private func check(_ text: String, _ seed: UInt64) {
        for context in FormulaContext.allCases {
            do {
                let formula = try Formula.compile(text, scope: FormulaTestScope(), context: context)
                formula.testValue { formula, inputs in
                    _ = formula.evaluate(inputs)
                    _ = formula.evaluateText(inputs)
                    _ = formula.evaluateNodes(inputs)
                    _ = formula.explain(inputs)
                }
                #expect(Formula.canonical(text) != nil, "seed \(seed): \(text)")
            } catch {
                let length = text.utf8.count
                #expect(error.offset >= 0 && error.length >= 0 && error.offset + error.length <= length, "seed \(seed): \(text): \(error)")
                for note in error.notes { #expect(note.offset >= 0 && note.offset + note.length <= length) }
            }
        }
    }
}
