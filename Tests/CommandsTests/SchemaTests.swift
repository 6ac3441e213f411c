import Foundation
import JSONText
import Quantities
import ScenarioLanguage
import Testing

@testable import Commands
@testable import Engine

@Suite("schema")
struct SchemaTests {
    static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs").standardized

    @Test(
        "the schemas of the documentation are what the command writes",
        arguments: [("scenario", "evsim-1.schema.json"), ("plugin", "evsim-1-plugin.schema.json")])
    func documents(kind: String, name: String) throws {
        let result = evsim("schema", "--for", kind)
        let page = try String(contentsOf: Self.docs.appendingPathComponent("schema/\(name)"), encoding: .utf8)
        #expect(result.code == .fine && result.errors.isEmpty)
        #expect(result.output == page, "'make docs' writes it anew")
    }

    @Test("with -o the schema goes into a file, and what cannot be written is an error")
    func file() throws {
        let directory = try TemporaryDirectory()
        let result = evsim("schema", "-o", directory.path + "/s.json")
        #expect(result.code == .fine && result.output.isEmpty)
        #expect(try directory.read("s.json") == evsim("schema").output)
        let refused = evsim("schema", "-o", directory.path + "/none/s.json")
        #expect(refused.code == .runtime && refused.errors.contains("cannot be written"))
        #expect(evsim("schema", "--for", "pack").code == .usage)
    }

    @Test("every kind, detector, verb and message has a definition with its settings")
    func complete() throws {
        let schema = SchemaBuilder(registry: BuiltIns.registry).document(for: .scenario)
        let definitions = try #require(schema["$defs"])
        for kind in BuiltIns.registry.kinds {
            let keys = definitions["kind-\(kind.name)"]?["properties"]?.members?.map(\.key)
            #expect(keys == ["is", "count"] + kind.settings.map(\.name), "\(kind.name)")
        }
        for detector in BuiltIns.registry.detectors {
            let keys = definitions["detector-\(detector.name)"]?["properties"]?.members?.map(\.key) ?? []
            #expect(detector.settings.allSatisfy { keys.contains($0.name) }, "\(detector.name)")
        }
        for verb in StepManifest.all {
            #expect(definitions["step-\(verb.verb)"]?["properties"]?.members?.map(\.key) == [verb.verb] + verb.keys.map(\.name) + ["label"])
        }
        for message in BuiltIns.registry.messages { #expect(definitions["message-\(message.name)"]?["description"] != nil, "\(message.name)") }
    }

    /// Texts made of what quantities are made of, right and wrong ones, the same in each run.
    static let texts: [String] = {
        var state: UInt64 = 7
        func draw(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
        let units = Quantities.Unit.all.map(\.symbol) + Quantities.Unit.otherSpellings.map(\.spelling) + ["sec", "KW", "a", ""]
        let numbers = ["1", "30", "0", "2.5", ".5", "5.", "1_000", "1e3", "1_", "-2", "+2", "", "0x1F", "1,5"]
        return (0..<6000).map { _ in
            (0...draw(3)).map { _ in
                numbers[draw(numbers.count)] + [" ", "", "", "  "][draw(4)] + (draw(3) == 0 ? units[draw(7)] : units[draw(units.count)])
            }.joined(separator: ["", " "][draw(2)])
        }
    }()

    @Test(
        "the pattern of each dimension accepts what the reader accepts",
        arguments: [Quantities.Dimension.none, .current, .time, .power, .energy, .frequency, .dataRate, .resistance, .temperature])
    func patterns(dimension: Quantities.Dimension) throws {
        let expression = try NSRegularExpression(pattern: SchemaPattern.quantity(dimension, negative: true, formula: false))
        var accepted = 0
        for text in Self.texts {
            let read = (try? Quantity.parse(text)).map { $0.dimension == dimension } ?? false
            let matched = expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
            // Times finer than a nanosecond have the right form.
            if !read, matched, dimension == .time, text.contains("ns") || text.contains("us") || text.contains("µs") { continue }
            #expect(read == matched, "\(text)")
            accepted += read ? 1 : 0
        }
        #expect(accepted > 10)
    }

    @Test("names of the schema are names of the reader")
    func names() throws {
        for dashes in [false, true] {
            let expression = try NSRegularExpression(pattern: SchemaPattern.name(dashes: dashes))
            func matches(_ text: String) -> Bool { expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil }
            for good in ["a", "cp1", "a_b", "Yes1", "onn", String(repeating: "a", count: 64)] { #expect(matches(good), "\(good)") }
            for bad in ["", "1a", "_a", "yes", "YES", "On", "if", "a.b", "ä", "a b", String(repeating: "a", count: 65)] { #expect(!matches(bad), "\(bad)") }
            #expect(matches("a-b") == dashes)
        }
    }

    @Test("the tables of the reference page are those of the schema, and every section and table is on it")
    func page() throws {
        let page = try String(contentsOf: Self.docs.appendingPathComponent("language.md"), encoding: .utf8)
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.docs.path) where name.hasSuffix(".md") {
            let text = try String(contentsOf: Self.docs.appendingPathComponent(name), encoding: .utf8)
            #expect(try LanguageTables.filled(text).get() == text, "'make docs' writes the tables of \(name) anew")
        }
        let unneeded = ["section buses.NAME.sets[i]"] + PluginSchema.all.map { "section \(Subject.name($0))" }
        for name in LanguageTables.names where !unneeded.contains(name) { #expect(page.contains("<!-- table: \(name) -->"), "\(name)") }
    }

    @Test("tables are filled in place, and a page with a wrong marker is left alone")
    func filling() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("p.md", "before\n<!-- table: section run -->\nold\n<!-- end -->\nafter\n")
        #expect(evsim("schema", "--tables", file).code == .fine)
        let text = try directory.read("p.md")
        #expect(text.hasPrefix("before\n<!-- table: section run -->\n| Key | Takes | Meaning |\n"))
        #expect(text.hasSuffix("|\n<!-- end -->\nafter\n") && !text.contains("old") && text.contains("| `for` \\* | time |"))
        for (bad, message) in [
            ("a\n<!-- table: none -->\n<!-- end -->\n", "line 2: there is no table 'none'"), ("<!-- table: units -->\n", "line 1: the table 'units' has no"),
            ("\n<!-- end -->\n", "line 2: '<!-- end -->' ends no table"),
            ("<!-- table: units -->\n<!-- table: steps -->\n<!-- end -->\n", "line 1: the table 'units' has no"),
        ] {
            let page = try directory.file("bad.md", bad)
            let result = evsim("schema", "--tables", page)
            #expect(result.code == .runtime && result.errors.contains(message), "\(result.errors)")
            #expect(try directory.read("bad.md") == bad)
        }
        #expect(evsim("schema", "--tables", directory.path + "/none.md").code == .runtime)
    }

    @Test("every table can be made, and no cell breaks a row")
    func tables() throws {
        for name in LanguageTables.names {
            let lines = try #require(LanguageTables.table(name), "\(name)")
            #expect(lines.count > 2, "\(name)")
            #expect(lines.allSatisfy { !$0.contains("\n") }, "\(name)")
            var columns = 0
            for line in lines {
                // Without what stands in code, no cell has a bar of its own.
                let bars = line.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 0 }.map(\.element).joined()
                let count = line.hasPrefix("|") ? bars.count { $0 == "|" } : 0
                if count > 0, columns > 0 { #expect(count == columns, "\(line)") }
                columns = count
            }
        }
    }
}
