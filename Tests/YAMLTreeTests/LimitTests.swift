import Glibc
import Testing

@testable import YAMLTree

@Suite("Limits against absurd and hostile files")
struct LimitTests {
    /// A hostile input and the code that refuses it.
    struct Attack: Sendable, CustomTestStringConvertible {
        let name: String
        let code: String
        let text: String
        var testDescription: String { name }
    }

    static let attacks: [Attack] = {
        func nest(_ text: String, _ count: Int = 50_000) -> String { String(repeating: text, count: count) }
        var laughs = "a0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol,lol]\n"
        for i in 1...30 { laughs += "a\(i): &a\(i) [\(Array(repeating: "*a\(i - 1)", count: 10).joined(separator: ","))]\n" }
        var blocks = ""
        for i in 0..<1000 { blocks += String(repeating: " ", count: i) + "k:\n" }
        return [
            Attack(name: "open brackets", code: "E0150", text: nest("[")),
            Attack(name: "closed brackets", code: "E0150", text: nest("[") + nest("]")),
            Attack(name: "open braces", code: "E0150", text: nest("{")),
            Attack(name: "braces with keys", code: "E0150", text: nest("{a: ")),
            Attack(name: "brackets, one a line", code: "E0150", text: nest("[\n")),
            Attack(name: "brackets behind a text", code: "E0150", text: "a: b\nc: " + nest("[", 500_000)),
            Attack(name: "dashes", code: "E0150", text: nest("- ")),
            Attack(name: "question marks", code: "E0150", text: nest("? ")),
            Attack(name: "brackets as keys", code: "E0150", text: nest("? [")),
            Attack(name: "anchored brackets", code: "E0150", text: nest("&a [")),
            Attack(name: "deep indentation", code: "E0150", text: blocks),
            Attack(name: "200 001 values", code: "E0151", text: "[" + nest("a,", 200_000) + "]"),
            Attack(name: "200 001 values, one a line", code: "E0151", text: nest("- a\n", 200_001)),
            Attack(name: "billion laughs", code: "E0152", text: laughs),
            Attack(name: "one great alias many times", code: "E0152", text: "a: &a [" + nest("x,", 5_000) + "]\nb: [" + nest("*a,") + "]\n"),
            Attack(name: "anchor recursion", code: "E0132", text: "a: &a {b: *a}\n"),
            Attack(name: "anchor recursion, many", code: "E0132", text: "&a [" + nest("*a,") + "]"),
            Attack(name: "long text", code: "E0153", text: "a: " + nest("x", 1_000_000)),
            Attack(name: "long text of many lines", code: "E0153", text: "a: '" + nest("x\n", 500_000) + "'"),
            Attack(name: "long text of empty lines", code: "E0153", text: "a: 'x" + nest("\n", 1_000_000) + "'"),
            Attack(name: "long key", code: "E0154", text: nest("k", 900) + ": 1\n"),
            Attack(name: "a quote to the end", code: "E0122", text: "a: \"" + nest("x", 1_000_000)),
            Attack(name: "%TAG directives", code: "E0145", text: (0..<40_000).map { "%TAG !a\($0)! b:\n" }.joined() + "---\na: 1\n"),
            Attack(name: "directives of a second document", code: "E0147", text: "a: 1\n...\n" + (0..<40_000).map { "%TAG !a\($0)! b:\n" }.joined()),
            Attack(name: "many documents", code: "E0144", text: nest("---\na\n", 100_000)),
            Attack(name: "many duplicate keys", code: "E0140", text: nest("a: 1\n", 90_000)),
            Attack(name: "many duplicate keys in one line", code: "E0140", text: "{" + nest("a: 1,", 90_000) + "}"),
            Attack(name: "many tags in one line", code: "E0143", text: "[" + nest("!t a,", 90_000) + "]"),
            Attack(name: "many anchors twice in one line", code: "E0131", text: "[" + nest("&a a,", 90_000) + "]"),
            Attack(name: "many undefined aliases in one line", code: "E0130", text: "[" + nest("*a,", 190_000) + "]"),
            Attack(name: "many collections as keys in one line", code: "E0142", text: "[" + nest("[]: ,", 90_000) + "]"),
            Attack(name: "a comment to the end", code: "E0106", text: "#" + nest("[", 1_000_000)),
            Attack(name: "only line breaks", code: "E0106", text: nest("\n", 1_000_000)),
            Attack(name: "over 1 MiB", code: "E0104", text: nest("a", (1 << 20) + 1)),
        ]
    }()

    @Test("Each attack is refused at once, with its code, and what is said about it is short", arguments: attacks)
    func refused(_ attack: Attack) {
        #if DEBUG
            let bound = 2.0
        #else
            let bound = 0.1
        #endif
        let file = SourceFile(path: "attack.yaml", bytes: Array(attack.text.utf8))
        var diagnostics: [Diagnostic] = []
        var text = ""
        var best = Double.infinity
        // The least of several runs: other processes may disturb one.
        for _ in 0..<8 where best >= bound {
            let start = threadSeconds()
            diagnostics = YAMLTree.parse(file).diagnostics
            text = DiagnosticRenderer(color: true, explainHint: true).render(diagnostics)
            best = min(best, threadSeconds() - start)
        }
        #expect(best < bound)
        #expect(diagnostics.contains { $0.code == attack.code })
        #expect(diagnostics.count <= 101)
        #expect(text.utf8.count < 64 << 10)
    }

    /// The processor time of this thread, in seconds: other tests run beside this one.
    private func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private func codes(_ text: String, _ limits: YAMLTree.Limits = .standard) -> [String] {
        YAMLTree.parse(SourceFile(path: "t.yaml", bytes: Array(text.utf8)), limits: limits).diagnostics.map(\.code)
    }

    @Test("The bounds are exact: the limit itself is accepted, one more is not")
    func exact() {
        func brackets(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(codes(brackets(64)) == [])
        #expect(codes(brackets(65)) == ["E0150"])
        #expect(codes("- &a \(brackets(31))\n- " + String(repeating: "[", count: 32) + "*a" + String(repeating: "]", count: 32)) == [])
        #expect(codes("- &a \(brackets(31))\n- " + String(repeating: "[", count: 33) + "*a" + String(repeating: "]", count: 33)) == ["E0150"])
        #expect(codes(String(repeating: "k", count: 256) + ": 1") == [])
        #expect(codes(String(repeating: "k", count: 257) + ": 1") == ["E0154"])
        #expect(codes("'" + String(repeating: "x", count: 65_536) + "'") == [])
        #expect(codes("'" + String(repeating: "x", count: 65_537) + "'") == ["E0153"])
        var limits = YAMLTree.Limits()
        limits.nodes = 5
        #expect(codes("[1, 2, 3, 4]", limits) == [])
        #expect(codes("[1, 2, 3, 4, 5]", limits) == ["E0151"])
        limits.nodes = 7
        #expect(codes("[&a [1], *a, *a]", limits) == [])
        limits.nodes = 6
        #expect(codes("[&a [1], *a, *a]", limits) == ["E0152"])
        limits = YAMLTree.Limits()
        limits.aliasExpansion = 1
        #expect(codes("[&a 1, *a, *a]", limits) == [])
        #expect(codes("[&a [1], *a, *a]", limits) == ["E0152"])
    }

    @Test("Too many values, and words of the parser that are not known, have golden messages")
    func golden() throws {
        var limits = YAMLTree.Limits()
        limits.nodes = 5
        let file = SourceFile(path: "many.yaml", bytes: Array("a: [1, 2, 3, 4]\n".utf8))
        let renderer = DiagnosticRenderer(color: false, explainHint: true)
        try Golden.expect(renderer.render(YAMLTree.parse(file, limits: limits).diagnostics), equals: "many-values.txt")
        file.bytes.withUnsafeBufferPointer { bytes in
            let mark = EventReader.Mark(line: 0, column: 3)
            let map = SourceMap(file: file, bytes: bytes)
            var failure = EventReader.Failure(
                problem: "found a new thing", context: "while testing", problemMark: mark, contextMark: mark, isOutOfMemory: false)
            let unknown = SyntaxErrors.diagnostic(failure, map, innermost: nil)
            failure.isOutOfMemory = true
            let memory = SyntaxErrors.diagnostic(failure, map, innermost: nil)
            #expect(throws: Never.self) { try Golden.expect(renderer.render([unknown, memory]), equals: "unknown-problem.txt") }
        }
    }

    @Test("Brackets in quotes, comments and blocks are text, however many")
    func noFalseAlarm() {
        let brackets = String(repeating: "[", count: 60_000)
        #expect(codes("a: '\(brackets)'\nb: |\n  \(brackets)\n# \(brackets)\nc: x\(brackets)\n") == [])
    }

    @Test("A large honest file is read")
    func large() {
        let text = "nodes:\n" + (0..<24_000).map { "  cp\($0): {is: charge-point, csms: x}\n" }.joined()
        #expect(text.utf8.count < 1 << 20)
        #expect(codes(text) == [])
    }
}
