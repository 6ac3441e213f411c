import Foundation
import JSONText
import Testing

@testable import Commands

@Suite("run and validate")
struct RunTests {
    @Test("a run that holds: verdict first, exit 0, the files are there")
    func good() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("good.yaml", Sample.good)
        let result = evsim("run", file, "-o", directory.path + "/out")
        #expect(result.code == .fine)
        #expect(result.output.hasPrefix("PASS  good  60 s simulated, 1 expectation, fingerprint "))
        #expect(result.output.contains("  ✓ max(cp1.current) was 16 A"))
        #expect(result.output.contains("busy  1 alarm, the first at "))
        #expect(result.output.contains("plots/01-current.png"))
        #expect(result.errors.contains("× real time"))
        #expect(directory.has("out/report.json") && directory.has("out/plots/01-current.png") && !directory.has("out/INCOMPLETE"))
    }

    @Test("without -o the directory is that of all runs, the name and the seed")
    func defaultDirectory() throws {
        let directory = try TemporaryDirectory()
        let result = evsim("run", "-", "--seed", "9", "--no-plots", files: ["-": Sample.good], runs: directory.path + "/runs")
        #expect(result.code == .fine)
        #expect(directory.has("runs/good-9/report.json") && !directory.has("runs/good-9/plots"))
    }

    @Test("an expectation that does not hold: exit 1 and the whole sentence")
    func failing() throws {
        let directory = try TemporaryDirectory()
        let result = evsim("run", "x.yaml", "-o", directory.path, files: ["x.yaml": Sample.failing])
        #expect(result.code == .expectationFailed)
        #expect(result.output.hasPrefix("FAIL  good  "))
        #expect(result.output.contains("  ✗ max(cp1.current) was 16 A, wanted <= 12 A, line 14"))
        let quiet = evsim("run", "x.yaml", "-o", directory.path, "-q", files: ["x.yaml": Sample.failing])
        #expect(quiet.code == .expectationFailed && quiet.output.isEmpty)
        #expect(quiet.errors == "error: max(cp1.current) was 16 A, wanted <= 12 A, line 14\n")
    }

    @Test("--set changes a parameter, with its unit checked")
    func parameters() throws {
        let directory = try TemporaryDirectory()
        let files = ["x.yaml": Sample.good]
        #expect(evsim("run", "x.yaml", "-o", directory.path, "--set", "top=10 A", files: files).output.contains("was 10 A"))
        let wrong = evsim("run", "x.yaml", "-o", directory.path, "--set", "top=10 kW", files: files)
        #expect(wrong.code == .invalidFile && wrong.errors.contains("error[E03"))
        let unknown = evsim("run", "x.yaml", "-o", directory.path, "--set", "tpo=10 A", files: files)
        #expect(unknown.code == .invalidFile && unknown.errors.contains("did you mean 'top'?"))
    }

    @Test("an invalid file: exit 3, nothing ran, the place is shown")
    func invalid() throws {
        let directory = try TemporaryDirectory()
        let result = evsim("run", "x.yaml", "-o", directory.path + "/out", files: ["x.yaml": Sample.invalid])
        #expect(result.code == .invalidFile && result.output.isEmpty)
        #expect(result.errors.contains("error[E0203]: unknown key 'detctors'\n  --> x.yaml:11:1") || result.errors.contains("--> x.yaml:11:1"))
        #expect(!directory.has("out"))
    }

    @Test("a file that is not there, a directory that cannot be written, a run that cannot go on: exit 4")
    func runtime() throws {
        #expect(evsim("run", "x.yaml", files: [:]).code == .runtime)
        let unwritable = evsim("run", "x.yaml", "-o", "/proc/evsim/run", files: ["x.yaml": Sample.good])
        #expect(unwritable.code == .runtime && unwritable.errors.contains("error[E0705]"))
        let directory = try TemporaryDirectory()
        let stuck = evsim("run", "x.yaml", "-o", directory.path, files: ["x.yaml": Sample.stuck])
        #expect(stuck.code == .runtime && stuck.output.hasPrefix("INCOMPLETE  good") && stuck.errors.contains("error[E0701]"))
        #expect(directory.has("INCOMPLETE"))
    }

    @Test("--max-events bounds a run")
    func bounded() throws {
        let directory = try TemporaryDirectory()
        let result = evsim("run", "x.yaml", "-o", directory.path, "--max-events", "10000", files: ["x.yaml": Sample.long])
        #expect(result.code == .runtime && result.errors.contains("error[E0703]"))
    }

    @Test("--json writes one document: the report, or the findings")
    func json() throws {
        let directory = try TemporaryDirectory()
        let good = evsim("run", "x.yaml", "-o", directory.path, "--json", files: ["x.yaml": Sample.good])
        let report = try JSONValue(parsing: good.output)
        #expect(report["verdict"]?.string == "pass" && report["scenario"]?.string == "good")
        #expect(try directory.read("report.json") == good.output)
        let invalid = evsim("run", "x.yaml", "-o", directory.path, "--json", files: ["x.yaml": Sample.invalid])
        #expect(try JSONValue(parsing: invalid.output)["diagnostics"]?[0]?["code"]?.string == "E0203")
    }

    @Test("nothing of a run is coloured unless it goes to a terminal, and NO_COLOR wins there")
    func color() throws {
        let directory = try TemporaryDirectory()
        let files = ["x.yaml": Sample.failing]
        func run(_ more: String, terminal: Bool, environment: [String: String] = [:]) -> Bool {
            evsim("run", "x.yaml", "-o", directory.path, more, files: files, environment: environment, isTerminal: terminal).output.contains("\u{1B}[")
        }
        #expect(!run("--color=auto", terminal: false))
        #expect(run("--color=auto", terminal: true))
        #expect(!run("--color=auto", terminal: true, environment: ["NO_COLOR": "1"]))
        #expect(!run("--color=auto", terminal: true, environment: ["TERM": "dumb"]))
        #expect(!run("--color=never", terminal: true))
        #expect(run("--color=always", terminal: false, environment: ["NO_COLOR": "1"]))
    }

    @Test("at most 20 findings are shown, with a line about the rest")
    func manyFindings() {
        let keys = (1...30).map { "unknown\($0): 1\n" }.joined()
        let result = evsim("validate", "x.yaml", files: ["x.yaml": Sample.good + "\n" + keys])
        #expect(result.code == .invalidFile)
        #expect(result.errors.components(separatedBy: "error[E0203]").count == 21)
        #expect(result.errors.contains("… and 10 more errors"))
    }

    @Test("validate judges each file and exits by the worst")
    func validate() throws {
        let files = ["good.yaml": Sample.good, "bad.yaml": Sample.invalid]
        let good = evsim("validate", "good.yaml", files: files)
        #expect(good.code == .fine && good.output == "valid  good.yaml  good\n")
        let both = evsim("validate", "good.yaml", "bad.yaml", files: files)
        #expect(both.code == .invalidFile)
        #expect(both.output == "valid    good.yaml  good\nINVALID  bad.yaml   1 error\n")
        let missing = evsim("validate", "none.yaml", "bad.yaml", files: files)
        #expect(missing.code == .runtime)
        let json = try JSONValue(parsing: evsim("validate", "--json", "bad.yaml", files: files).output)
        #expect(json["diagnostics"]?.array?.count == 1)
        #expect(evsim("validate", "-q", "good.yaml", files: files).output.isEmpty)
    }

    @Test("plot draws a run again, byte for byte")
    func plot() throws {
        let directory = try TemporaryDirectory()
        let run = evsim("run", "x.yaml", "-o", directory.path + "/run", files: ["x.yaml": Sample.good])
        #expect(run.code == .fine)
        let again = directory.path + "/again.png"
        let result = evsim("plot", directory.path + "/run", "-o", again)
        #expect(result.code == .fine && result.output == again + "\n")
        #expect(FileManager.default.contents(atPath: again) == FileManager.default.contents(atPath: directory.path + "/run/plots/01-current.png"))
        let json = try JSONValue(parsing: evsim("plot", directory.path + "/run", "--only", "1", "--json").output)
        #expect(json["files"]?.array?.count == 1)
        #expect(evsim("plot", directory.path + "/run", "--only", "2").code == .runtime)
        #expect(evsim("plot", directory.path + "/nothing").code == .runtime)
    }
}
