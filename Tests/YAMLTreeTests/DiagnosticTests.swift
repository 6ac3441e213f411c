import Testing

@testable import YAMLTree

@Suite("Findings and how they are shown")
struct DiagnosticTests {
    private let renderer = DiagnosticRenderer(color: false, explainHint: true)

    private func span(_ text: String, line: Int = 1, column: Int, length: Int, path: String = "scenarios/fluct.yaml") -> Span {
        Span(file: SourceFile(path: path, bytes: Array(text.utf8)), line: line, column: column, length: length)
    }

    @Test("The two examples of the language's reference look exactly as printed there")
    func reference() {
        let lines = String(repeating: "\n", count: 23) + "      - wait: 2\n" + String(repeating: "\n", count: 6) + "detctors:\n"
        let list = [
            Diagnostic("E0203", "unknown key 'detctors'", at: span(lines, line: 31, column: 1, length: 8), label: "did you mean 'detectors'?"),
            Diagnostic("E0311", "'wait' needs a unit", at: span(lines, line: 24, column: 15, length: 1), label: "help: write '2s'"),
        ]
        #expect(
            renderer.render(list) == """
                error[E0203]: unknown key 'detctors'
                  --> scenarios/fluct.yaml:31:1
                31 | detctors:
                   | ^^^^^^^^ did you mean 'detectors'?          (evsim explain E0203)
                error[E0311]: 'wait' needs a unit
                  --> scenarios/fluct.yaml:24:15
                24 |       - wait: 2
                   |               ^ help: write '2s'

                """)
    }

    @Test("A warning with note and help looks exactly as in the reference scenario")
    func warning() {
        let lines = String(repeating: "\n", count: 23) + "      - {send: SetChargingProfile, to: cp1, with: {limit: 100 A}}\n"
        let finding = Diagnostic(
            "W0601", "the limit of 100 A is never reached", at: span(lines, line: 24, column: 59, length: 5), severity: .warning,
            notes: ["charging lasts 2 s"], help: "hold for 24 s")
        #expect(
            renderer.render(finding) == """
                warning[W0601]: the limit of 100 A is never reached
                  --> scenarios/fluct.yaml:24:59
                24 |       - {send: SetChargingProfile, to: cp1, with: {limit: 100 A}}
                   |                                                           ^^^^^
                   = note: charging lasts 2 s
                   = help: hold for 24 s

                """)
    }

    @Test("A chain of uses is shown place by place, in one gutter")
    func chain() {
        let plugin = span("kinds: {x: 1}\n", column: 9, length: 1, path: "plugins/p.yaml")
        let user = span(String(repeating: "\n", count: 99) + "uses: [p.yaml]\n", line: 100, column: 8, length: 6, path: "s.yaml")
        let finding = Diagnostic("E0203", "unknown key 'x'", at: plugin, related: [(user, "used here")])
        #expect(
            DiagnosticRenderer(color: false, explainHint: false).render(finding) == """
                error[E0203]: unknown key 'x'
                   --> plugins/p.yaml:1:9
                  1 | kinds: {x: 1}
                    |         ^
                   ::: s.yaml:100:8
                100 | uses: [p.yaml]
                    |        ------ used here

                """)
    }

    @Test("Places beyond the file, its lines or its columns are shown without a crash")
    func beyond() {
        for (line, column, length) in [(9, 1, 1), (1, 99, 5), (1, 1, 999), (0, 0, 0), (1, Int.max / 4, Int.max / 4)] {
            let finding = Diagnostic("E0203", "x", at: span("a: 1\n", line: line, column: column, length: length))
            let text = renderer.render(finding)
            #expect(text.contains("^"))
            #expect(text.count < 500)
            #expect(DiagnosticRenderer.json([finding]).contains("\"range\""))
        }
    }

    @Test("No control character of an input reaches the output, in any part")
    func harmless() {
        let evil = "\u{1B}]0;x\u{7}\u{9B}31m\u{202E}\u{200B}\n"
        let place = span("\u{1B}[31m: \u{9B}\n", column: 1, length: 5, path: evil)
        let finding = Diagnostic("E0203", evil, at: place, label: evil, notes: [evil], help: evil, related: [(place, evil)])
        for text in [renderer.render(finding), DiagnosticRenderer.json([finding])] {
            let bad = text.unicodeScalars.filter { $0 != "\n" && DisplayText.picture($0) != nil }
            #expect(bad.isEmpty)
        }
        #expect(DisplayText.visible(evil) == "␛]0;x␇<U+009B>31m<U+202E><U+200B>␊")
    }

    @Test(
        "Widths are those of a terminal",
        arguments: [("abc", 3), ("é", 1), ("e\u{301}", 1), ("名前", 4), ("😀", 2), ("\t", 4), ("\u{1B}", 1), ("\u{202E}", 8), ("ｱ", 1), ("Ａ", 2), ("한", 2)])
    func width(_ text: String, _ columns: Int) {
        #expect(DisplayText.width(text) == columns)
    }

    @Test("Long texts of the user are cut when they are cited")
    func quoted() {
        #expect(Diagnostic.quoted("abc") == "'abc'")
        #expect(Diagnostic.quoted("abcd", limit: 4) == "'abcd'")
        #expect(Diagnostic.quoted("abcde", limit: 4) == "'abcd…'")
    }

    @Test(
        "A typing error finds the word that was meant, a far word none",
        arguments: [
            ("detctors", "detectors"), ("dtectors", "detectors"), ("noeds", "nodes"), ("nodes", nil), ("xyz", nil), ("steps2", "steps"), ("i", "is"),
            ("si", "is"), ("Run", "run"), ("", nil), ("stp", nil), ("step", "steps"), ("détectors", "detectors"),
        ] as [(String, String?)])
    func suggestion(_ word: String, _ meant: String?) {
        let words = ["nodes", "steps", "detectors", "run", "is"]
        #expect(Suggestion.nearest(word, among: words) == meant)
        #expect(Suggestion.nearest(word, among: words.reversed()) == meant)
    }

    @Test("Among equally near words the first in byte order wins, whatever the order of the list")
    func ties() {
        #expect(Suggestion.nearest("cat", among: ["hat", "bat", "rat"]) == "bat")
        #expect(Suggestion.nearest("cat", among: ["rat", "bat", "hat"]) == "bat")
        #expect(Suggestion.nearest("stepsteps", among: ["stepstepss", "stepstpes", "stepstepxx"]) == "stepstepss")
    }

    @Test("The distance counts a transposition as one", arguments: [("ab", "ba", 1), ("abc", "", 3), ("", "", 0), ("kitten", "sitting", 3), ("ca", "abc", 3)])
    func distance(_ a: String, _ b: String, _ expected: Int) {
        #expect(Suggestion.distance(Array(a.unicodeScalars), Array(b.unicodeScalars)) == expected)
    }

    @Test("The catalogue has each code once, and each entry explains itself")
    func catalogue() {
        let codes = DiagnosticCatalogue.entries.map(\.code)
        #expect(Set(codes).count == codes.count)
        #expect(codes == codes.sorted())
        for entry in DiagnosticCatalogue.entries {
            #expect(!entry.title.isEmpty && !entry.title.hasSuffix("."))
            #expect(entry.explanation.hasSuffix("."))
            #expect(entry.wrong.isEmpty == entry.right.isEmpty || entry.right.isEmpty)
            #expect(DiagnosticCatalogue.entry(entry.code.lowercased()) == entry)
        }
        #expect(DiagnosticCatalogue.entry("E9999") == nil)
        #expect(DiagnosticCatalogue.nearest("E014O") != nil)
    }

    @Test("The examples of the syntax codes are wrong and right as they say")
    func examples() {
        for entry in DiagnosticCatalogue.syntax where !entry.wrong.isEmpty && entry.code != "E0151" {
            let wrong = entry.wrong.replacing("<tab>", with: "\t")
            let file = SourceFile(path: "x", bytes: Array(wrong.utf8))
            #expect(YAMLTree.parse(file).diagnostics.contains { $0.code == entry.code }, "\(entry.code) wrong")
            let right = SourceFile(path: "x", bytes: Array(entry.right.utf8))
            #expect(YAMLTree.parse(right).diagnostics.isEmpty, "\(entry.code) right")
        }
    }
}
