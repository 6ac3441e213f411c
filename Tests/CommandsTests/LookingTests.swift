import Foundation
import JSONText
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Commands
@testable import Engine

@Suite("list, describe, explain, doctor, bench, version")
struct LookingTests {
    @Test("each area lists in text and as JSON", arguments: ListArea.allCases.filter { $0 != .scenarios })
    func list(area: ListArea) throws {
        let text = evsim("list", area.rawValue)
        #expect(text.code == .fine && text.output.split(separator: "\n").count > 0)
        let json = try JSONValue(parsing: evsim("list", area.rawValue, "--json").output)
        let rows = json[area.rawValue]?.array ?? []
        #expect(rows.count > 1)
        for row in rows { #expect(text.output.contains(row["name"]?.string ?? "?")) }
    }

    @Test("list alone lists the areas")
    func areas() throws {
        let result = evsim("list")
        for area in ListArea.allCases { #expect(result.output.contains(area.rawValue)) }
        #expect(try JSONValue(parsing: evsim("list", "--json").output)["areas"]?.array?.count == ListArea.allCases.count)
    }

    @Test("list scenarios finds scenario files below a directory, in order, and no others")
    func scenarios() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.file("b/two.yml", Sample.good.replacingOccurrences(of: "scenario: good", with: "scenario: two"))
        _ = try directory.file("a.yaml", Sample.good)
        _ = try directory.file("plain.yaml", "a: 1\n")
        _ = try directory.file("broken.yaml", "a: [\n")
        _ = try directory.file(".hidden.yaml", Sample.good)
        try FileManager.default.createSymbolicLink(atPath: directory.path + "/loop", withDestinationPath: directory.path)
        let result = evsim("list", "scenarios", directory.path)
        #expect(result.code == .fine)
        #expect(
            result.output == "\(directory.path)/a.yaml     good  One charge point at 16 A.\n\(directory.path)/b/two.yml  two   One charge point at 16 A.\n",
            "\(result.output)")
        #expect(evsim("list", "scenarios", directory.path + "/none").code == .runtime)
    }

    @Test("everything that is listed can be described, in text and as JSON")
    func describeAll() throws {
        for (number, (name, _)) in Subject.all.enumerated() {
            let text = evsim("describe", name)
            #expect(text.code == .fine && text.output.contains(name), "\(name)")
            guard number % 3 == 0 else { continue }
            let json = try JSONValue(parsing: evsim("describe", name, "--json").output)
            #expect(json["found"]?.array?.isEmpty == false, "\(name)")
        }
    }

    @Test("a kind is described with all its settings and signals")
    func kind() {
        let page = evsim("describe", "charge-point").output
        for kind in BuiltIns.registry.kinds where kind.name == "charge-point" {
            for setting in kind.settings { #expect(page.contains("  \(setting.name) ")) }
            for signal in kind.signals { #expect(page.contains("  \(signal.name) ")) }
            #expect(page.contains("  scenario: charge-point-example"))
        }
    }

    @Test("a name that stands for two things shows both")
    func twoThings() {
        let page = evsim("describe", "min").output
        #expect(page.contains("min – function of formulas") && page.contains("min – unit of time"))
    }

    @Test("a scenario is described with nodes, wires, frames, signals and detectors")
    func wiring() throws {
        let files = ["x.yaml": EmbeddedScenario.check]
        let page = evsim("describe", "x.yaml", files: files)
        #expect(page.code == .fine)
        try expectGolden(page.output, "describe-file.txt")
        let json = try JSONValue(parsing: evsim("describe", "x.yaml", "--json", files: files).output)
        #expect(json["nodes"]?.array?.count == 3 && json["buses"]?[0]?["frames"]?.array?.count == 4)
        #expect(evsim("describe", "none.yaml", files: files).code == .runtime)
        #expect(evsim("describe", "x.yaml", files: ["x.yaml": Sample.invalid]).code == .invalidFile)
    }

    @Test("counted nodes stand for themselves in the wiring")
    func countedNodes() {
        let text =
            Sample.good.replacingOccurrences(of: "cp1: {is: charge-point,", with: "cp: {is: charge-point, count: 30,")
            .replacingOccurrences(of: "cp1", with: "cp.1") + "\n"
        let page = evsim("describe", "x.yaml", files: ["x.yaml": text])
        #expect(page.output.contains("cp.1 … cp.30") && page.output.contains("cp.*.current"), "\(page.errors)")
        #expect(!page.output.contains("cp.2.current"))
    }

    @Test("codes are unique, in order, and each has a page")
    func codes() {
        let codes = CodeBook.entries.map(\.code)
        #expect(Set(codes).count == codes.count)
        #expect(codes == codes.sorted())
        for entry in CodeBook.entries { #expect(!entry.title.isEmpty && entry.explanation.count > 20, "\(entry.code)") }
        for code in FormulaErrorKind.allCases { #expect(CodeBook.entry(code.rawValue) != nil, "\(code)") }
        for code in RunCode.allCases { #expect(CodeBook.entry(code.rawValue) != nil, "\(code)") }
        for entry in LanguageCatalogue.entries + DiagnosticCatalogue.entries { #expect(CodeBook.entry(entry.code) == entry) }
    }

    @Test("explain shows text and examples, for either case, and as JSON")
    func explain() throws {
        let page = evsim("explain", "e0203")
        #expect(page.code == .fine && page.output.hasPrefix("E0203: unknown key\n") && page.output.contains("Wrong:\n    detctors: {}"))
        #expect(try JSONValue(parsing: evsim("explain", "E0203", "--json").output)["code"]?.string == "E0203")
        for code in CodeBook.entries.map(\.code) { #expect(evsim("explain", code).code == .fine) }
    }

    @Test("doctor finds this machine healthy and its self-run exact")
    func doctor() throws {
        let result = evsim("doctor")
        #expect(result.code == .fine, "\(result.output)")
        #expect(result.output.contains("✓ self-run") && result.output.contains("✓ libyaml") && result.output.hasSuffix("all is well\n"))
        let json = try JSONValue(parsing: evsim("doctor", "--json").output)
        #expect(json["healthy"]?.bool == true && json["checks"]?.array?.last?["name"]?.string == "self-run")
    }

    @Test("a directory that cannot be written is told")
    func unwritable() {
        #expect(MachineChecks.writable("x", "/proc", shown: "/proc").result == .warning)
    }

    @Test("the built-in scenarios are valid, and the cycle can be measured")
    func bench() throws {
        #expect(EmbeddedScenario.read(EmbeddedScenario.check).scenario != nil)
        let figures = try #require(BenchCommand.measure(minutes: 2))
        #expect(figures.simulated == 120 && figures.events > 100 && figures.run > 0 && figures.read > 0)
    }

    @Test("version in text and as JSON")
    func version() throws {
        #expect(evsim("version").output == "evsim \(evsimVersion)\n")
        #expect(evsim("--version").output == "evsim \(evsimVersion)\n")
        let json = try JSONValue(parsing: evsim("version", "--json").output)
        #expect(json["evsim"]?.string == evsimVersion && json["format"]?.integer == 1 && json["libraries"]?["libyaml"]?.string != nil)
    }
}
