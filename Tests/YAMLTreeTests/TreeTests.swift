import Testing

@testable import YAMLTree

@Suite("The tree of a document")
struct TreeTests {
    private func parse(_ text: String) -> (root: YAMLNode?, diagnostics: [Diagnostic]) {
        YAMLTree.parse(SourceFile(path: "t.yaml", bytes: Array(text.utf8)))
    }

    private func tree(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> YAMLNode {
        let (root, diagnostics) = parse(text)
        #expect(diagnostics.isEmpty, "\(diagnostics.map(\.message))", sourceLocation: sourceLocation)
        return try #require(root, sourceLocation: sourceLocation)
    }

    /// Line, column and length of a span.
    private func place(_ span: Span?) -> [Int] { span.map { [$0.line, $0.column, $0.length] } ?? [] }

    @Test("Keys keep the order of the file, and values their text")
    func order() throws {
        let root = try tree("z: no\na: 1e3\nm: {k: 0x10, j: [1:30, ~, null, '']}\n")
        #expect(root.entries?.map(\.name) == ["z", "a", "m"])
        #expect(root["z"]?.text == "no")
        #expect(root["m"]?["j"]?.items?.map(\.text) == ["1:30", "~", "null", ""])
        #expect(root["m"]?["j"]?.items?.map(\.isNull) == [false, true, true, false])
        #expect(root["nothing"] == nil)
        #expect(root["z"]?["nothing"] == nil)
    }

    @Test("Each of the five styles is told apart")
    func styles() throws {
        let root = try tree("- plain\n- 'it''s'\n- \"a\\tb\"\n- |\n  one\n  two\n- >-\n  one\n  two\n")
        let scalars = try #require(root.items).compactMap(\.scalar)
        #expect(scalars.map(\.text) == ["plain", "it's", "a\tb", "one\ntwo\n", "one two"])
        #expect(scalars.map(\.style) == [.plain, .singleQuoted, .doubleQuoted, .literal, .folded])
        #expect(scalars.map(\.isQuoted) == [false, true, true, true, true])
    }

    @Test("Spans cover scalars whole, collections by their first token")
    func spans() throws {
        let root = try tree("run:   {for: 5s, seed: 'x y'}\nsteps:\n  - wait: 2s\n  - [a]\nempty:\nlast: ~\n")
        #expect(place(root.span) == [1, 1, 3])
        #expect(place(root["run"]?.span) == [1, 8, 1])
        #expect(place(root["run"]?["for"]?.span) == [1, 14, 2])
        #expect(place(root["run"]?["seed"]?.span) == [1, 24, 5])
        #expect(place(root["steps"]?.span) == [3, 3, 1])
        #expect(place(root["steps"]?.items?[0].span) == [3, 5, 4])
        #expect(place(root["steps"]?.items?[1].span) == [4, 5, 1])
        #expect(place(root["empty"]?.span) == [5, 7, 1])
        #expect(place(root.entry("last")?.key.span) == [6, 1, 4])
    }

    @Test("Columns count code points, behind a byte order mark and CRLF too")
    func codePoints() throws {
        let root = try tree("\u{FEFF}é: 名前\r\n😀: {ß: 'é😀'}\r\n")
        #expect(place(root["é"]?.span) == [1, 4, 2])
        #expect(place(root["😀"]?["ß"]?.span) == [2, 8, 4])
    }

    @Test("A value over several lines has the span of its first line")
    func cut() throws {
        let root = try tree("a: one   \n  two\nb: |  # comment\n  text\nc: 'x\n  y'\n")
        #expect(root["a"]?.text == "one two")
        #expect(place(root["a"]?.span) == [1, 4, 3])
        #expect(place(root["b"]?.span) == [3, 4, 12])
        #expect(place(root["c"]?.span) == [5, 4, 2])
    }

    @Test("An anchor is no part of the span, and an alias has the place of its anchor")
    func anchors() throws {
        let root = try tree("a: &x 5 A\nb: &y\n  # comment\n  k: 1\nc: &z {q: 2}\nd: &n\ne: [*x, *y, *z]\n")
        #expect(place(root["a"]?.span) == [1, 7, 3])
        #expect(root["a"]?.anchor == "x")
        #expect(place(root["b"]?.span) == [4, 3, 1])
        #expect(place(root["c"]?.span) == [5, 7, 1])
        #expect(root["d"]?.isNull == true)
        #expect(place(root["d"]?.span) == [6, 4, 2])
        let items = try #require(root["e"]?.items)
        #expect(items[0].text == "5 A")
        #expect(place(items[0].span) == [1, 7, 3])
        #expect(items[1]["k"]?.text == "1")
        #expect(items[2]["q"]?.text == "2")
    }

    @Test("A part of a scalar has an exact place where the file shows the text as it is")
    func parts() throws {
        let root = try tree("a: =é + limit\nb: \"=é + limit\"\nc: '=it''s + limit'\nd: |\n  =limit\ne: &x   =limit\n")
        #expect(place(root["a"]?.span(offset: 6, length: 5)) == [1, 9, 5])
        #expect(place(root["b"]?.span(offset: 6, length: 5)) == [2, 10, 5])
        #expect(root["c"]?.span(offset: 1, length: 2) == root["c"]?.span)
        #expect(root["d"]?.span(offset: 1, length: 2) == root["d"]?.span)
        #expect(place(root["e"]?.span(offset: 1, length: 5)) == [6, 10, 5])
        #expect(place(root["a"]?.span(offset: 6, length: 500)) == [1, 9, 5])
        #expect(root["a"]?.span(offset: 600, length: 1) == root["a"]?.span)
        #expect(root["a"]?.span(offset: -1, length: 1) == root["a"]?.span)
        #expect(root.span(offset: 0, length: 1) == root.span)
        let doubled = try tree("'''é'")
        #expect(doubled.text == "'é")
        #expect(doubled.span(offset: 1, length: 2) == doubled.span)
    }

    @Test("After errors of structure the tree is still there, with the first of two keys")
    func tolerant() throws {
        let (root, diagnostics) = parse("a: 1\na: 2\n<<: {b: 3}\nc: *nowhere\n")
        #expect(diagnostics.map(\.code) == ["E0140", "E0141", "E0130"])
        #expect(root?.entries?.map(\.name) == ["a", "c"])
        #expect(root?["a"]?.text == "1")
        #expect(root?["c"]?.isNull == true)
    }

    @Test("After a syntax error only that error is reported")
    func alone() {
        let (root, diagnostics) = parse("a: 1\na: 2\nb: [\n")
        #expect(root == nil)
        #expect(diagnostics.map(\.code) == ["E0123"])
    }

    @Test("A quoted '<<' is a key like any other, and so is a key in a mapping of more than 16")
    func largeMapping() throws {
        let text = (0..<40).map { "k\($0): \($0)\n" }.joined()
        #expect(try tree("'<<': 1\n" + text).entries?.count == 41)
        let diagnostics = parse(text + "k3: 1\nk30: 1\n").diagnostics
        #expect(diagnostics.map(\.code) == ["E0140", "E0140"])
        #expect(diagnostics.map { $0.related.map(\.span.line) } == [[4], [31]])
    }

    @Test(
        "YAML that is unusual but good is accepted",
        arguments: [
            "--- \na: 1\n...\n# end\n...\n", "%YAML 1.2\n---\na: 1\n", "? a\n: 1\n", "\"a\" : 1\n", "{a: 1, }\n", "a:\t1\n", "a: '{{ x }}'\n", "'x'\n",
            "a: =b * 2\n", "a: x#y\n", "{a: =p95(x)}\n", "a: [b, {c: d}]\n", "a: b:c\n", "a: \u{1F600}\n", "- - - 1\n", "a:\n- 1\n- 2\n", "a: |\n  x\n  \ty\n",
        ])
    func accepted(_ text: String) throws {
        _ = try tree(text)
    }
}
