import Foundation
import FoundationXML
import JSONText
import Testing

@testable import Commands

/// Several scenarios in one command, verdicts and JUnit reports.
@Suite("run: several files, --strict, --junit")
struct BatchTests {
    /// Holds, but speaks of something that never happened.
    static let partial = """
        evsim: 1
        scenario: partial
        run: {for: 10s}
        nodes:
          csms: {is: csms}
          cp1: {is: charge-point, csms: csms}
        expect:
          - =count(ocpp.BootNotification) == 1
          - {that: =count(ocpp.Authorize) == 0, because: "nobody <shows> a \\"tag\\" & leaves"}

        """
    static let files = ["good.yaml": Sample.good, "failing.yaml": Sample.failing, "invalid.yaml": Sample.invalid, "partial.yaml": partial]

    @Test("partial: a clear line, exit 0; with --strict exit 1")
    func partial() throws {
        let directory = try TemporaryDirectory()
        let result = evsim("run", "partial.yaml", "-o", directory.path, files: Self.files)
        #expect(result.code == .fine)
        #expect(result.output.hasPrefix("PARTIAL  partial  10 s simulated, 2 expectations"))
        #expect(result.output.contains("  ✓ count(ocpp.BootNotification) was 1\n  – count(ocpp.Authorize) was 0 (never exercised)\n"))
        let strict = evsim("run", "partial.yaml", "-o", directory.path, "--strict", files: Self.files)
        #expect(strict.code == .expectationFailed && strict.output == result.output)
        let quiet = evsim("run", "partial.yaml", "-o", directory.path, "--strict", "-q", files: Self.files)
        #expect(quiet.code == .expectationFailed && quiet.errors == "error: partial: an expectation was never exercised\n")
        #expect(evsim("run", "good.yaml", "-o", directory.path, "--strict", files: Self.files).code == .fine)
    }

    @Test("several files: a directory each, a summary, the worst exit code")
    func several() throws {
        let directory = try TemporaryDirectory()
        let out = directory.path + "/out"
        let result = evsim("run", "good.yaml", "partial.yaml", "failing.yaml", "-o", out, "--no-plots", files: Self.files)
        #expect(result.code == .expectationFailed)
        // good.yaml and failing.yaml are scenarios of one name and seed.
        for name in ["good-1", "good-1-2", "partial-1"] { #expect(directory.has("out/\(name)/report.json"), "\(name)") }
        #expect(result.output.hasSuffix("3 scenarios: 1 passed, 1 partial, 1 failed\n  partial  partial.yaml\n  failed   failing.yaml\n"))
        let bad = evsim("run", "invalid.yaml", "good.yaml", "-o", out, "--no-plots", files: Self.files)
        #expect(bad.code == .invalidFile && bad.output.contains("PASS  good") && bad.output.hasSuffix("1 passed, 1 invalid\n  invalid  invalid.yaml\n"))
        let missing = evsim("run", "good.yaml", "nowhere.yaml", "-o", out, "--no-plots", files: Self.files)
        #expect(missing.code == .runtime)
        #expect(evsim("run", "-", "-", files: ["-": Sample.good]).code == .usage)
        #expect(evsim("run", "good.yaml", "--junit", "-", files: Self.files).code == .usage)
    }

    @Test("--json of several files is a list in their order, of one file its report")
    func json() throws {
        let directory = try TemporaryDirectory()
        let result = evsim("run", "good.yaml", "invalid.yaml", "partial.yaml", "-o", directory.path, "--no-plots", "--json", files: Self.files)
        let list = try #require(try JSONValue(parsing: result.output).array)
        #expect(list.count == 3 && list[0]["verdict"]?.string == "pass" && list[2]["verdict"]?.string == "partial")
        #expect(list[1]["diagnostics"]?.array?.isEmpty == false)
        let one = evsim("run", "good.yaml", "-o", directory.path, "--no-plots", "--json", files: Self.files)
        #expect(try JSONValue(parsing: one.output)["scenario"]?.string == "good")
    }

    /// The elements of an XML file in their order, with depth, attributes and text.
    final class Elements: NSObject, XMLParserDelegate {
        struct Element {
            let name: String
            let depth: Int
            let attributes: [String: String]
            var text = ""
        }

        private(set) var list: [Element] = []
        private var open: [Int] = []

        init(_ xml: String) throws {
            super.init()
            let parser = XMLParser(data: Data(xml.utf8))
            parser.delegate = self
            try #require(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") line \(parser.lineNumber)")
        }

        func parser(_: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String]) {
            open.append(list.count)
            list.append(Element(name: name, depth: open.count, attributes: attributes))
        }
        func parser(_: XMLParser, didEndElement: String, namespaceURI: String?, qualifiedName: String?) { open.removeLast() }
        func parser(_: XMLParser, foundCharacters text: String) { if let last = open.last { list[last].text += text } }

        func all(_ name: String) -> [Element] { list.filter { $0.name == name } }
    }

    @Test("the JUnit report: a suite a scenario, a case an expectation, counts that add up, the same twice")
    func junit() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/junit.xml"
        let arguments = ["run", "good.yaml", "failing.yaml", "partial.yaml", "invalid.yaml", "-o", directory.path + "/out", "--no-plots", "--junit", path]
        #expect(evsim(arguments, files: Self.files).code == .invalidFile)
        let xml = try String(contentsOfFile: path, encoding: .utf8)
        let elements = try Elements(xml)
        let root = elements.list[0], suites = elements.all("testsuite"), cases = elements.all("testcase")
        #expect(root.name == "testsuites" && root.attributes["tests"] == String(cases.count))
        #expect(root.attributes["failures"] == "1" && root.attributes["errors"] == "1")
        #expect(suites.map { $0.attributes["name"] } == ["good", "good", "partial", "invalid.yaml"])
        #expect(suites.map { $0.attributes["tests"] } == ["2", "2", "3", "1"])
        #expect(suites.map { $0.attributes["skipped"] } == ["0", "0", "1", "0"])
        #expect(suites[0].attributes["time"] == "60.000" && suites[0].attributes["timestamp"]?.count == 19)
        #expect(elements.all("property").contains { $0.attributes == ["name": "seed", "value": "1"] })
        #expect(elements.all("property").contains { $0.attributes["name"] == "fingerprint" && $0.attributes["value"]?.count == 16 })
        let failure = try #require(elements.all("failure").first)
        #expect(failure.attributes["message"] == "max(cp1.current) was 16 A, wanted <= 12 A, line 14" && failure.text.contains("failing.yaml:14: "))
        #expect(elements.all("error").first?.attributes["type"]?.hasPrefix("E0") == true)
        #expect(elements.all("system-out").contains { $0.text.contains("partial.yaml:9: warning[W0722]: ") })
        _ = evsim(arguments, files: Self.files)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == xml)
        let strict = evsim(["run", "partial.yaml", "-o", directory.path + "/out", "--junit", path, "--strict"], files: Self.files)
        #expect(strict.code == .expectationFailed)
        let failures = try Elements(String(contentsOfFile: path, encoding: .utf8)).all("failure")
        #expect(failures.count == 1 && failures[0].text.contains("because: nobody <shows> a \"tag\" & leaves"))
    }

    @Test("a run that does not come to its end is an error, and its expectations are skipped")
    func incomplete() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/junit.xml"
        let result = evsim("run", "good.yaml", "-o", directory.path + "/out", "--no-plots", "--max-events", "3", "--junit", path, files: Self.files)
        #expect(result.code == .runtime)
        let elements = try Elements(String(contentsOfFile: path, encoding: .utf8))
        #expect(elements.all("error").count == 1 && elements.all("skipped").count == 1 && elements.list[0].attributes["errors"] == "1")
        let nowhere = evsim("run", "good.yaml", "-o", directory.path + "/out", "--no-plots", "--junit", directory.path + "/no/a.xml", files: Self.files)
        #expect(nowhere.code == .runtime && nowhere.errors.contains("could not be written: its directory does not exist"))
    }

    @Test("any text can stand in XML, and comes out as it went in but for characters that XML has not")
    func escaping() throws {
        let text = "<&>\"' ä 字 😀 \t\n]]> \u{85}", forbidden = "a\u{0}b\u{1B}c\u{FFFF}"
        var xml = XMLText()
        xml.open("a", [("b", text), ("c", forbidden)])
        xml.element("d", [], text)
        xml.element("e", [], forbidden)
        xml.element("f", [], "one\r\ntwo")
        xml.close("a")
        let elements = try Elements(xml.text)
        #expect(elements.list[0].attributes["b"] == text && elements.list[0].attributes["c"] == "a\u{FFFD}b\u{FFFD}c\u{FFFD}")
        #expect(elements.list[1].text == text && elements.list[2].text == "a\u{FFFD}b\u{FFFD}c\u{FFFD}" && elements.list[3].text == "one\r\ntwo")
    }
}
