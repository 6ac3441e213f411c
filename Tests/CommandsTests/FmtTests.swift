import Foundation
import JSONText
import Testing

@testable import Commands

@Suite("evsim fmt")
struct FmtTests {
    private let wild = "evsim:  1\nscenario: s   # name\nrun: {seed: 1,for: 5 s}\n"
    private let neat = "evsim: 1\nscenario: s # name\nrun: {for: 5s, seed: 1}\n"

    @Test("a file is replaced when it changes, with its mode, and stays the same file when it does not")
    func replaces() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("a.yaml", wild)
        let manager = FileManager.default
        try manager.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
        let first = evsim("fmt", file)
        #expect(first.code == .fine && first.output == "formatted \(file)\n" && first.errors.isEmpty)
        #expect(try directory.read("a.yaml") == neat)
        let after = try manager.attributesOfItem(atPath: file)
        #expect((after[.posixPermissions] as? NSNumber)?.intValue == 0o640)
        let second = evsim("fmt", file)
        #expect(second.code == .fine && second.output.isEmpty)
        #expect(try manager.attributesOfItem(atPath: file)[.systemFileNumber] as? NSNumber == after[.systemFileNumber] as? NSNumber)
        #expect(try manager.contentsOfDirectory(atPath: directory.path) == ["a.yaml"], "no temporary file is left")
    }

    @Test("a symbolic link stays one and its target is formatted")
    func link() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.file("real/a.yaml", wild)
        let link = directory.path + "/link.yaml"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real/a.yaml")
        #expect(evsim("fmt", "-q", link).code == .fine)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real/a.yaml")
        #expect(try directory.read("real/a.yaml") == neat)
    }

    @Test("--check writes nothing, shows the difference and gives 1")
    func check() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("a.yaml", wild)
        let good = try directory.file("b.yaml", neat)
        let result = evsim("fmt", "--check", good, file)
        #expect(result.code == .expectationFailed)
        #expect(
            result.output == """
                --- \(file)
                +++ \(file), formatted
                @@ -1,3 +1,3 @@
                -evsim:  1
                -scenario: s   # name
                -run: {seed: 1,for: 5 s}
                +evsim: 1
                +scenario: s # name
                +run: {for: 5s, seed: 1}

                """)
        #expect(try directory.read("a.yaml") == wild)
        #expect(evsim("fmt", "--check", good).code == .fine)
        #expect(evsim("fmt", "--check", "x", files: ["x": neat.replacingOccurrences(of: "\n", with: "\r\n")]).output.contains("@@ line ends"))
    }

    @Test("the standard input goes to the standard output")
    func standardInput() {
        let result = evsim("fmt", "-", files: ["-": wild])
        #expect(result.code == .fine && result.output == neat && result.errors.isEmpty)
        #expect(evsim("fmt", "-", files: ["-": neat]).output == neat)
        #expect(evsim("fmt", "--check", "-", files: ["-": wild]).code == .expectationFailed)
        #expect(evsim("fmt", "-", "-", files: ["-": wild]).code == .usage)
    }

    @Test("a file with errors is left alone with exit code 3, and the others are formatted")
    func invalid() throws {
        let directory = try TemporaryDirectory()
        let bad = try directory.file("bad.yaml", "evsim: 1\nrun: {for: 5 s\n")
        let file = try directory.file("a.yaml", wild)
        let result = evsim("fmt", bad, file)
        #expect(result.code == .invalidFile && result.errors.contains("bad.yaml:2"))
        #expect(try directory.read("bad.yaml") == "evsim: 1\nrun: {for: 5 s\n")
        #expect(try directory.read("a.yaml") == neat)
        #expect(evsim("fmt", directory.path + "/none.yaml").code == .runtime)
        #expect(evsim("fmt", "x", files: ["x": "name: x\n"]).errors.contains("E0202"))
        #expect(evsim("fmt", "x", files: ["x": wild]).code == .runtime, "a file that is not there cannot be replaced")
    }

    @Test("--json tells what became of each file")
    func json() throws {
        let result = evsim("fmt", "--check", "--json", "a", "b", "c", files: ["a": wild, "b": neat, "c": "evsim: 2\n"])
        #expect(result.code == .invalidFile)
        let files = try #require(try JSONValue(parsing: result.output)["files"]?.array)
        #expect(files.map { $0["file"]?.string } == ["a", "b", "c"])
        #expect(files.map { $0["result"]?.string } == ["differs", "unchanged", "refused"])
        #expect(files[2]["diagnostics"]?.array?.first?["code"]?.string == "E0206")
        #expect(files[0]["diagnostics"]?.array?.isEmpty == true && files[0]["text"] == nil)
        let input = try JSONValue(parsing: evsim("fmt", "--json", "-", files: ["-": wild]).output)["files"]?[0]
        #expect(input?["text"]?.string == neat && input?["file"]?.string == "<stdin>")
    }

    @Test("a long difference is cut, and shows changes that are far apart one by one")
    func difference() {
        let old = (1...60).map { "line \($0)" }
        var new = old
        new[9] = "ten"
        new.insert("more", at: 40)
        new.remove(at: 55)
        let bytes = { (lines: [String]) in Array((lines.joined(separator: "\n") + "\n").utf8) }
        let text = LineDifference.text(bytes(old), bytes(new), name: "f", most: 100)
        #expect(
            text.split(separator: "\n").filter { $0.hasPrefix("-") || $0.hasPrefix("+") } == [
                "--- f", "+++ f, formatted", "-line 10", "+ten", "+more", "-line 55",
            ])
        #expect(text.contains("@@ -7,7 +7,7 @@") && text.contains("@@ -38,6 +38,7 @@"))
        let all = LineDifference.text(bytes(old), bytes((1...60).map { "new \($0)" }), name: "f", most: 20)
        #expect(all.contains("… 101 more lines"))
        #expect(LineDifference.text([], bytes(["a"]), name: "f", most: 9).contains("+a"))
    }
}
