import Foundation
import JSONText
import Testing

@testable import Commands

/// A session of `evsim watch` on a thread of its own, ended by its number of runs.
private final class Session: @unchecked Sendable {
    let directory: TemporaryDirectory
    let file: String
    private let done = DispatchSemaphore(value: 0)
    private let lock = NSLock()
    private var result: Outcome?

    init(_ text: String, runs: Int, _ more: String = "--no-plots") throws {
        directory = try TemporaryDirectory()
        file = try directory.file("watched.yaml", text)
        let (file, output) = (file, directory.path + "/out")
        Thread.detachNewThread { [self] in
            let outcome = evsim("watch", file, "-o", output, "--runs", String(runs), more)
            lock.withLock { result = outcome }
            done.signal()
        }
    }

    /// Waits until the directory of the run says something.
    func wait(for text: String, in name: String = "out/report.json") throws {
        for _ in 0..<1000 {
            if let content = try? directory.read(name), content.contains(text), !directory.has("out/INCOMPLETE"), !directory.has("out/.next") { return }
            usleep(10_000)
        }
        throw UsageError("waited in vain for '\(text)'")
    }

    /// Saves as a shell does: into the same file.
    func write(_ text: String) throws { try text.write(toFile: file, atomically: false, encoding: .utf8) }

    /// Saves as most editors do: a new file that takes the name of the old one.
    func replace(_ text: String) throws {
        let new = file + "~"
        try text.write(toFile: new, atomically: false, encoding: .utf8)
        guard rename(new, file) == 0 else { throw UsageError("no rename") }
    }

    /// What the session said, once it has ended.
    func outcome() throws -> Outcome {
        guard done.wait(timeout: .now() + 20) == .success else { throw UsageError("the session does not end") }
        return try #require(lock.withLock { result })
    }
}

@Suite("watch", .timeLimit(.minutes(1)))
struct WatchTests {
    @Test("a file that is written over is run again; what changed is said")
    func written() throws {
        let session = try Session(Sample.good, runs: 2)
        try session.wait(for: "\"verdict\": \"pass\"")
        try session.write(Sample.failing)
        let outcome = try session.outcome()
        #expect(outcome.code == .expectationFailed)
        #expect(outcome.output.contains("── run 1: 60 s in ") && outcome.output.contains("── run 2: 60 s in "))
        #expect(outcome.output.contains("PASS  good") && outcome.output.contains("FAIL  good"))
        #expect(outcome.output.contains("  – → ✗ max(cp1.current) <= 12 A"))
        #expect(try session.directory.read("out/report.json").contains("\"verdict\": \"fail\""))
        #expect(!session.directory.has("out/.next") && !session.directory.has("out/INCOMPLETE"))
    }

    @Test("a file that is replaced by a rename is run again, and its picture is drawn at the same path")
    func replaced() throws {
        let session = try Session(Sample.good, runs: 2, "--color=never")
        try session.wait(for: "\"verdict\": \"pass\"")
        let picture = session.directory.path + "/out/plots/01-current.png"
        let before = FileManager.default.contents(atPath: picture)
        try session.replace(Sample.good.replacingOccurrences(of: "default: 16 A", with: "default: 10 A"))
        let outcome = try session.outcome()
        #expect(outcome.code == .fine)
        #expect(outcome.output.contains("first difference at ") && outcome.output.contains("busy: alarms "))
        let after = FileManager.default.contents(atPath: picture)
        #expect(before != nil && after != nil && before != after)
    }

    @Test("a file that is not valid for a while is told, the last run stays, and the next valid one is run")
    func invalid() throws {
        let session = try Session(Sample.good, runs: 2)
        try session.wait(for: "\"verdict\": \"pass\"")
        try session.write(Sample.invalid)
        usleep(600_000)
        #expect(session.directory.has("out/report.json"))
        try session.replace(Sample.good + "\n# a remark\n")
        let outcome = try session.outcome()
        #expect(outcome.code == .fine && outcome.output.contains("watched.yaml is not valid"))
        #expect(outcome.errors.contains("error[E0203]") && outcome.errors.contains("the results of run 1 stay"))
        #expect(outcome.output.contains("the same as run 1"))
    }

    @Test("a save during a run ends that run; only whole runs count")
    func interrupted() throws {
        let session = try Session(Sample.long, runs: 1)
        for _ in 0..<500 where !session.directory.has("out/.next/INCOMPLETE") { usleep(10_000) }
        try session.write(Sample.good)
        let outcome = try session.outcome()
        #expect(outcome.code == .fine && outcome.output.contains("── run 2: 60 s in ") && !outcome.output.contains("run 1"))
        #expect(session.directory.has("out/report.json") && !session.directory.has("out/.next"))
    }

    @Test("--json writes a line for each run, with what changed")
    func json() throws {
        let session = try Session(Sample.good, runs: 2, "--json")
        try session.wait(for: "\"verdict\": \"pass\"")
        try session.replace(Sample.failing)
        let lines = try session.outcome().output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(lines.count == 2 && lines[0]["changes"] == .null && lines[0]["run"]?.integer == 1)
        #expect(lines[1]["verdict"]?.string == "fail" && lines[1]["changes"]?["same"]?.bool == false)
    }

    @Test("--once-changed ends with the first run that differs; a remark in the file is no difference, a run that cannot go on is one")
    func onceChanged() throws {
        let session = try Session(Sample.good, runs: 100, "--once-changed")
        try session.wait(for: "\"verdict\": \"pass\"")
        let remark = Sample.good + "\n# a remark\n"
        try session.replace(remark)
        let before = try session.directory.read("out/report.json")
        for _ in 0..<500 where try before == session.directory.read("out/report.json") { usleep(10_000) }
        try session.replace(Sample.stuck)
        let outcome = try session.outcome()
        #expect(outcome.code == .runtime && outcome.output.contains("the same as run 1") && outcome.output.contains("INCOMPLETE  good"))
        #expect(outcome.errors.contains("error[E0701]") && session.directory.has("out/INCOMPLETE"))
    }

    @Test("without inotify a save is seen by looking; a touch alone starts nothing")
    func polling() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("a.yaml", "1")
        let watcher = FileWatcher(usesInotify: false)
        watcher.watch([file])
        #expect(watcher.descriptor == -1 && !watcher.looksChanged() && !watcher.takeEvents())
        _ = try directory.file("a.yaml", "12")
        #expect(watcher.looksChanged() && !watcher.looksChanged())
        try FileManager.default.removeItem(atPath: file)
        #expect(watcher.looksChanged())
    }

    @Test("the standard input, a missing file and a second dash cannot be watched")
    func refused() throws {
        #expect(evsim("watch", "-").code == .usage)
        #expect(evsim("watch", "/nonexistent/x.yaml").code == .runtime)
        #expect(evsim("watch", "x.yaml", "-o", "-").code == .usage)
    }
}
