import Foundation
import JSONText
import Testing

@testable import Commands

@Suite("compare")
struct CompareTests {
    private let other = Sample.good.replacingOccurrences(of: "default: 16 A", with: "default: 10 A")

    @Test("two directories that are the same: exit 0 and the fingerprint")
    func same() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("good.yaml", Sample.good)
        for name in ["a", "b"] { #expect(evsim("run", file, "-o", "\(directory.path)/\(name)").code == .fine) }
        let result = evsim("compare", directory.path + "/a", directory.path + "/b")
        #expect(result.code == .fine && result.output.hasPrefix("SAME  A = ") && result.output.contains(": byte for byte, fingerprint "))
        let json = evsim("compare", directory.path + "/a", directory.path + "/b", "--json")
        #expect(json.code == .fine)
        #expect(try JSONValue(parsing: json.output)["identical"]?.bool == true)
    }

    @Test("two files are run and compared: exit 1, what explains it, the first event and the scores")
    func files() throws {
        let result = evsim("compare", "a.yaml", "b.yaml", files: ["a.yaml": Sample.good, "b.yaml": other])
        #expect(result.code == .expectationFailed && result.output.hasPrefix("DIFFERENT  A = a.yaml, B = b.yaml\nstarted in different ways\n  --set top"))
        #expect(result.output.contains("\nfirst difference at ") && result.output.contains("\n  A> ") && result.output.contains("\n  B> "))
        #expect(result.output.contains("busy: alarms") && result.output.contains("  ✓ → ✓ max(cp1.current) <= 16 A: 16 A → 10 A"))
        let short = evsim("compare", "a.yaml", "b.yaml", "--limit", "1", files: ["a.yaml": Sample.good, "b.yaml": other])
        #expect(short.output.contains("  … and ") && short.output.count < result.output.count)
        let both = evsim("compare", "a.yaml", "b.yaml", "--set", "top=12 A", files: ["a.yaml": Sample.good, "b.yaml": other])
        #expect(both.code == .fine && both.output.hasPrefix("SAME"))
    }

    @Test("colours on a terminal only, and no line wider than it")
    func terminal() throws {
        let result = evsim("compare", "a.yaml", "b.yaml", files: ["a.yaml": Sample.good, "b.yaml": other], isTerminal: true, columns: 80)
        #expect(result.output.contains("\u{1B}[1;31mDIFFERENT"))
        let lines = result.output.split(separator: "\n").filter { $0.contains("> ") }
        #expect(lines.allSatisfy { $0.count < 100 })
    }

    @Test("what cannot be compared: exit 3 for a file that is not valid, 4 for what is no run, 2 for one argument")
    func refused() throws {
        let directory = try TemporaryDirectory()
        #expect(evsim("compare", "a.yaml", "b.yaml", files: ["a.yaml": Sample.good, "b.yaml": Sample.invalid]).code == .invalidFile)
        let json = evsim("compare", "a.yaml", "b.yaml", "--json", files: ["a.yaml": Sample.good, "b.yaml": Sample.invalid])
        #expect(try JSONValue(parsing: json.output)["diagnostics"]?[0]?["code"]?.string == "E0203")
        let empty = evsim("compare", directory.path, directory.path)
        #expect(empty.code == .runtime && empty.errors.contains("it holds no report.json"))
        #expect(evsim("compare", "none", "none").code == .runtime)
        #expect(evsim("compare", directory.path).code == .usage)
    }
}
