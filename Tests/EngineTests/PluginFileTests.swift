import Foundation
import Testing
import YAMLTree

@testable import Engine
@testable import ScenarioLanguage

/// Where plugin files may lie, and what is too much.
@Suite("plugin files")
struct PluginFileTests {
    private static let plugin = "evsim: 1\nplugin: pauses\nsequences:\n  pause: {steps: [{wait: 1s}]}\n"
    private static let rest = "run: {for: 10s}\nnodes: {csms: {is: csms}}\nsteps: [{call: pause}]\nexpect: [=count(ocpp.Heartbeat) == 0]\n"

    /// What reading a scenario in a folder says.
    private func findings(_ folder: ScratchDirectory, uses: [String], library: String? = nil, scenario: String = "s.yaml") throws -> [Diagnostic] {
        let text = "evsim: 1\nscenario: test\nuses: [\(uses.map { "'\($0)'" }.joined(separator: ", "))]\n" + Self.rest
        let path = "\(folder.path)/\(scenario)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let file = try SourceFile.read(path: path)
        return ScenarioReader(registry: BuiltIns.registry, plugins: PluginFolders(running: path, library: library)).read(file).diagnostics
    }

    private func write(_ folder: ScratchDirectory, _ name: String, _ text: String = plugin) throws {
        let url = URL(fileURLWithPath: "\(folder.path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    @Test("a plugin lies in the folder of the scenario or below, or comes with evsim")
    func places() throws {
        let folder = try ScratchDirectory()
        let library = try ScratchDirectory()
        for name in ["p.yaml", "deep/er/p.yaml"] { try write(folder, name) }
        try write(library, "shipped.yaml")
        for address in ["p.yaml", "./p.yaml", "deep/er/p.yaml", "deep/../p.yaml", "evsim/shipped"] {
            let found = try findings(folder, uses: [address], library: library.path)
            #expect(found.isEmpty, "\(address): \(found.map(\.message))")
        }
        try write(folder, "deep/q.yaml", "evsim: 1\nplugin: q\nuses: [er/p.yaml, ../up.yaml]\nsequences:\n  other: {steps: [{call: pause}]}\n")
        try write(folder, "up.yaml", "evsim: 1\nplugin: up\nsequences:\n  up: {steps: [{wait: 1s}]}\n")
        #expect(try findings(folder, uses: ["p.yaml", "deep/q.yaml"]).allSatisfy { $0.code == "W0624" }, "a path is relative to the file that has it")
    }

    @Test("nothing outside is read: no absolute path, no path upwards, no link, no device, no directory")
    func outside() throws {
        let outer = try ScratchDirectory()
        try write(outer, "out.yaml")
        try write(outer, "in/p.yaml")
        let path = "\(outer.path)/in"
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: "\(path)/link.yaml", withDestinationPath: "\(outer.path)/out.yaml")
        try manager.createSymbolicLink(atPath: "\(path)/self.yaml", withDestinationPath: "self.yaml")
        try manager.createSymbolicLink(atPath: "\(path)/folder", withDestinationPath: outer.path)
        try manager.createSymbolicLink(atPath: "\(path)/within.yaml", withDestinationPath: "p.yaml")
        #expect(mkfifo("\(path)/fifo.yaml", 0o600) == 0)
        try manager.createDirectory(atPath: "\(path)/dir.yaml", withIntermediateDirectories: true)
        try manager.createSymbolicLink(atPath: "\(path)/null.yaml", withDestinationPath: "/dev/null")
        for (address, word) in [
            ("\(outer.path)/out.yaml", "relative"), ("~/p.yaml", "relative"), ("../out.yaml", "outside"), ("../in/../out.yaml", "outside"),
            ("link.yaml", "outside"),
            ("folder/out.yaml", "outside"), ("fifo.yaml", "no file"), ("dir.yaml", "no file"), (".", "outside"), ("null.yaml", "outside"),
            ("self.yaml", "cannot be read"),
            ("nothing.yaml", "there is no plugin"), ("p", "there is no plugin"), ("", "no path"), ("evsim/p", "not installed"), ("evsim/../p", "not installed"),
            ("p.yaml/p.yaml", "cannot be read"), (String(repeating: "x", count: 2000), "no path"),
        ] {
            let found = try findings(outer, uses: [address], scenario: "in/s.yaml")
            #expect(found.map(\.code) == ["E0801"], "\(address): \(found.map(\.message))")
            #expect(found.first?.message.contains(word) == true, "\(address): \(found.first?.message ?? "")")
            #expect(found.first?.span?.line == 3)
        }
        #expect(try findings(outer, uses: ["within.yaml"], scenario: "in/s.yaml").isEmpty, "a link to a file of the folder is one")
        let library = try ScratchDirectory()
        try write(library, "below/shipped.yaml")
        for address in ["evsim/../out", "evsim//etc/passwd", "evsim/below"] {
            #expect(try findings(outer, uses: [address], library: library.path + "/below", scenario: "in/s.yaml").map(\.code) == ["E0801"], "\(address)")
        }
    }

    @Test("a file over 1 MiB, and more than 64 files, are refused")
    func tooMuch() throws {
        let folder = try ScratchDirectory()
        try write(folder, "big.yaml", Self.plugin + "# " + String(repeating: "x", count: 1 << 20))
        let found = try findings(folder, uses: ["big.yaml"])
        #expect(found.count == 1 && found.first?.severity == .error, "\(found.map(\.message))")
        for index in 0..<70 { try write(folder, "p\(index).yaml", "evsim: 1\nplugin: p\(index)\nsequences:\n  s\(index): {steps: [{wait: 1s}]}\n") }
        let many = try findings(folder, uses: (0..<70).map { "p\($0).yaml" })
        #expect(Set(many.map(\.code)) == ["E0420"])
    }

    @Test("ten kinds of ten parts of the next are refused at once; so are counts that multiply")
    func exponential() throws {
        var plugin = "kinds:\n"
        for level in 0..<10 {
            plugin += "  k\(level):\n    parts:\n"
            for part in 0..<10 { plugin += "      p\(part): {is: \(level < 9 ? "k\(level + 1)" : "grid-meter, feeds: []")}\n" }
        }
        for (kind, count) in [("k0", 1), ("k5", 100_000), ("k9", 100_000)] {
            let clock = ContinuousClock()
            var codes: [String] = []
            let time = clock.measure {
                codes = read(using("10s") + "nodes:\n  all: {is: \(kind), count: \(count)}\n", plugins: ["p.yaml": "evsim: 1\nplugin: p\n" + plugin])
                    .diagnostics
                    .map(\.code)
            }
            #expect(codes == ["E0420"], "\(kind)")
            #expect(time < .seconds(2), "\(kind): \(time)")
        }
    }

    @Test("a plugin that several use is read once")
    func diamond() throws {
        let texts = [
            "p.yaml": "evsim: 1\nplugin: p\nuses: [base.yaml]\nsequences:\n  one: {steps: [{call: pause}]}\n",
            "q.yaml": "evsim: 1\nplugin: q\nuses: [base.yaml]\nsequences:\n  two: {steps: [{call: base/pause}]}\n",
            "base.yaml": "evsim: 1\nplugin: base\nsequences:\n  pause: {steps: [{wait: 1s}]}\n",
        ]
        let scenario = try scenario(using("10s", uses: "p.yaml, q.yaml") + knobs + "steps: [{call: one}, {call: two}]\n", plugins: texts)
        #expect(scenario.sources.map(\.path) == ["test.yaml", "base.yaml", "p.yaml", "q.yaml"], "what a plugin uses comes before it")
    }

    @Test("what a plugin says wrong is told in the words of its file, with every use on the way", arguments: ["E0520-plugin-nested", "E0805-across-parts"])
    func chain(_ name: String) throws {
        let diagnostic = try #require(try WrongFileTests.diagnostics(of: name).first)
        #expect(diagnostic.span?.file.path.hasPrefix("plugins/") == true)
        #expect(diagnostic.related.last?.span.file.path == "\(name).yaml")
    }
}
