import Foundation
import JSONText
import Testing

@testable import Commands

@Suite("new")
struct NewTests {
    /// Names with what their slug must be.
    static let slugs: [(String, String)] = [
        ("first", "first"), ("Şarj & Deneme '2'", "sarj-deneme-2"), ("2nd  try", "scenario-2nd-try"), ("a\"b: {c} #d\\", "a-b-c-d"), ("字", "my-scenario"),
        ("x.y.yml", "x-y"), ("tab\tand\nline", "tab-and-line"), ("sub/--Deep--", "deep"),
    ]

    @Test("what each template makes is valid, runs and passes, whatever its name", arguments: Template.all.map(\.name), NewTests.slugs)
    func templates(template: String, name: (String, String)) throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/sub", withIntermediateDirectories: true)
        let made = evsim("new", "\(directory.path)/\(name.0)", "--from", template, "--json")
        #expect(made.code == .fine, "\(made.errors)")
        let json = try JSONValue(parsing: made.output)
        #expect(json["name"]?.string == name.1)
        let file = try #require(json["run"]?.string)
        #expect(FileManager.default.fileExists(atPath: file))
        let checked = evsim("validate", file)
        #expect(checked.code == .fine && checked.errors.isEmpty, "\(checked.errors)")
        // One name is enough to simulate it.
        guard name.0 == "first" else { return }
        let ran = evsim("run", file, "-o", directory.path + "/out")
        #expect(ran.code == .fine && ran.output.hasPrefix("PASS  \(template == "plugin" ? "first-example" : "first")"), "\(ran.output)\(ran.errors)")
        #expect(!ran.errors.contains("warning"), "\(ran.errors)")
    }

    @Test("the plugin of the template and the scenario that uses it are valid and pass")
    func plugin() throws {
        let directory = try TemporaryDirectory()
        let made = try JSONValue(parsing: evsim("new", directory.path + "/mine", "--from", "plugin", "--json").output)
        for file in made["files"]?.array?.compactMap(\.string) ?? [] { #expect(evsim("validate", file).code == .fine) }
        let ran = evsim("run", try #require(made["run"]?.string), "-o", directory.path + "/out")
        #expect(ran.code == .fine, "\(ran.output)\(ran.errors)")
    }

    @Test("nothing is ever overwritten, and of two files none is written when one of them is there")
    func never() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.file("mine.yaml", "mine")
        _ = try directory.file("other-example.yaml", "mine")
        try FileManager.default.createSymbolicLink(atPath: directory.path + "/link.yaml", withDestinationPath: "/nonexistent")
        for name in ["mine", "mine.yaml", "link"] {
            let result = evsim("new", "\(directory.path)/\(name)")
            #expect(result.code == .runtime && result.errors.contains("exists already") && result.output.isEmpty, "\(result.errors)")
        }
        #expect(evsim("new", directory.path + "/other", "--from", "plugin").code == .runtime)
        #expect(try directory.read("mine.yaml") == "mine" && !directory.has("other.yaml"))
        #expect(evsim("new", directory.path + "/none/mine").errors.contains("its directory does not exist"))
    }

    @Test("a name that names no file, and a template that is none, are told", arguments: ["", ".", "..", "-", "a/", ".yaml"])
    func names(name: String) {
        #expect(evsim("new", name).code == .usage)
        #expect(evsim("new", "x", "--from", "fleat").errors.contains("did you mean 'fleet'?"))
        #expect(evsim("new").errors.contains("'evsim new' needs NAME"))
    }

    @Test("--list shows the templates and writes nothing")
    func list() throws {
        let result = evsim("new", "--list")
        for template in Template.all { #expect(result.output.contains(template.name) && result.code == .fine) }
        #expect(try JSONValue(parsing: evsim("new", "--list", "--json").output)["templates"]?.array?.count == Template.all.count)
    }

    @Test("the text that a person reads names the files and the next command")
    func next() throws {
        let directory = try TemporaryDirectory()
        let result = evsim("new", directory.path + "/it's mine")
        #expect(result.output == directory.path + "/it's mine.yaml\n")
        #expect(result.errors == "next: evsim run '\(directory.path)/it'\\''s mine.yaml'\n")
    }
}
