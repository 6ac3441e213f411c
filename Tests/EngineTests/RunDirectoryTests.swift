import Foundation
import SimulationKernel
import Testing

@testable import Engine

/// The directory that a run leaves.
@Suite("run directory")
struct RunDirectoryTests {
    private let full =
        head("30s", record: "[frames, messages, signals, labels]") + onBus()
            + """
            steps:
              - {send: SetChargingProfile, to: cp1, with: {limit: 60 A}}
              - {send: RemoteStartTransaction, to: cp1, label: START}
              - wait: '=uniform(2 s, 9 s)'
              - {send: RemoteStopTransaction, to: cp1}
            detectors:
              high: {is: threshold, watch: charger.current, above: 20 A}
            expect:
              - =max(charger.current) > 10 A
            plots:
              - {title: "Current & limit", lines: [charger.current, charger.limit], marks: [labels, high], window: 20s}
              - {title: Status, lines: [[charger.current], [cp1.power]], theme: dark, scale: 2, size: 600x400}

            """

    @Test("a complete run leaves exactly its files and no marker")
    func files() throws {
        let run = try Recorded(full, drawsPlots: true)
        let wanted = [
            "alarms.csv", "frames.log", "labels.csv", "messages.jsonl", "plots/01-current-limit.png", "plots/02-status.png", "report.json", "report.md",
            "signals.csv",
        ]
        #expect(run.directory.files == wanted)
        #expect(run.outcome.files.sorted() == wanted)
        #expect(run.outcome.verdict == .pass)
        let report = try #require(try JSONSerialization.jsonObject(with: run.directory.bytes("report.json")) as? [String: Any])
        #expect(report["verdict"] as? String == "pass")
        #expect((report["files"] as? [String])?.sorted() == wanted)
        #expect(report["fingerprint"] as? String == run.outcome.fingerprint)
        #expect(report["simulated_s"] as? Double == 30)
        #expect(try run.directory.text("report.md").hasPrefix("# Passed: test"))
        #expect(try run.directory.bytes("plots/01-current-limit.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    @Test("two runs of one file leave the same bytes in every file")
    func sameBytes() throws {
        let first = try Recorded(full, drawsPlots: true)
        let second = try Recorded(full, drawsPlots: true)
        for file in first.directory.files { #expect(try first.directory.bytes(file) == second.directory.bytes(file), "\(file)") }
        let other = try Recorded(full, seed: 9)
        #expect(other.outcome.fingerprint != first.outcome.fingerprint)
    }

    @Test("what is recorded changes neither the fingerprint nor the signals")
    func recordingChangesNothing() throws {
        let all = try Recorded(full)
        let few = try Recorded(full.replacingOccurrences(of: "record: [frames, messages, signals, labels]", with: "record: [signals]"))
        let memory = try run(full)
        #expect(few.outcome.fingerprint == all.outcome.fingerprint)
        #expect(memory.fingerprint == all.outcome.fingerprint)
        #expect(memory.events == all.outcome.events)
        #expect(try few.directory.bytes("signals.csv") == all.directory.bytes("signals.csv"))
        #expect(few.directory.files == ["alarms.csv", "labels.csv", "report.json", "report.md", "signals.csv"])
    }

    @Test("a second run replaces the files of the first and leaves other files alone")
    func again() throws {
        let directory = try ScratchDirectory()
        let options = RunOptions(directory: directory.path)
        _ = Runner.run(try scenario(full), options: options)
        try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(directory.path)/notes.txt"))
        try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(directory.path)/plots/photo.png"))
        _ = Runner.run(try scenario(head("5s") + onBus()), options: options)
        #expect(directory.files == ["alarms.csv", "labels.csv", "notes.txt", "plots/photo.png", "report.json", "report.md", "signals.csv"])
    }

    @Test("a run that fails keeps what it has and its marker")
    func incomplete() throws {
        let run = try Recorded(head("60s") + onBus() + "steps:\n  - {until: =charger.current > 5 A, timeout: 10s}\n")
        #expect(run.outcome.verdict == .incomplete)
        #expect(run.directory.exists("INCOMPLETE"))
        #expect(try run.samples("charger.current").count == 10)
        #expect(try run.directory.text("report.md").hasPrefix("# Incomplete: test"))
        #expect(try run.directory.text("report.json").contains("\"verdict\": \"incomplete\""))
    }

    @Test("an interrupted run keeps what it has")
    func interrupted() throws {
        let directory = try ScratchDirectory()
        var options = RunOptions(directory: directory.path)
        let flag = options.interrupt
        options.progress = { progress in if progress.simulated.seconds >= 100 { flag.raise() } }
        let outcome = Runner.run(try scenario(head("10h") + onBus()), options: options)
        #expect(outcome.isInterrupted)
        #expect(outcome.verdict == .incomplete)
        #expect(outcome.simulated.seconds >= 100 && outcome.simulated.seconds < 36_000)
        #expect(directory.exists("INCOMPLETE"))
        #expect(try directory.text("signals.csv").split(separator: "\n").count > 100)
    }

    @Test("a flag that was raised before keeps the run from going far")
    func interruptedBefore() throws {
        var options = RunOptions()
        options.interrupt = InterruptFlag()
        options.interrupt.raise()
        let outcome = Runner.run(try scenario(head("100h") + onBus()), options: options)
        #expect(outcome.isInterrupted)
        #expect(outcome.events <= 8192)
    }

    @Test("a full disk ends the run with the name of the file")
    func fullDisk() throws {
        // What an earlier run left is removed first, so the link to the full device is made while the run is on.
        for file in ["labels.csv", "report.md"] {
            let place = try ScratchDirectory()
            var options = RunOptions(directory: place.path)
            options.progress = { _ in
                if !FileManager.default.fileExists(atPath: "\(place.path)/\(file)") {
                    try? FileManager.default.createSymbolicLink(atPath: "\(place.path)/\(file)", withDestinationPath: "/dev/full")
                }
            }
            let outcome = Runner.run(try scenario(full), options: options)
            #expect(outcome.couldNotWrite, "\(file)")
            #expect(outcome.verdict == .incomplete)
            #expect(outcome.diagnostics.first?.code == "E0705")
            #expect(outcome.diagnostics.first?.message.contains("\(file): no space left on the device") == true)
            #expect(place.exists("INCOMPLETE"))
        }
    }

    @Test("a disk that becomes full while signals are written stops the run")
    func fullDiskWhileRunning() throws {
        let file = try OutputFile(path: "/dev/full")
        for _ in 0..<20_000 { file.append("0.5,charger.current,0,A\n") }
        #expect(!file.isSound)
        #expect(file.error?.reason == "no space left on the device")
        #expect(throws: OutputError.self) { try file.finish() }
    }

    @Test("a directory that cannot be made or written is told before anything runs")
    func unwritable() throws {
        for path in ["/proc/evsim-run", "/dev/null/run"] {
            let outcome = Runner.run(try scenario(full), options: RunOptions(directory: path))
            #expect(outcome.couldNotWrite)
            #expect(outcome.events == 0)
            #expect(outcome.diagnostics.map(\.code) == ["E0705"])
        }
        let directory = try ScratchDirectory()
        try Data().write(to: URL(fileURLWithPath: "\(directory.path)/file"))
        let outcome = Runner.run(try scenario(full), options: RunOptions(directory: "\(directory.path)/file"))
        #expect(
            outcome.diagnostics.first?.message.hasSuffix("it is not a directory") == true
                || outcome.diagnostics.first?.message.contains("not a directory") == true)
    }

    @Test("pictures drawn again from the files of a run have the same bytes")
    func redraw() throws {
        let run = try Recorded(full, drawsPlots: true)
        let pictures = run.directory.files.filter { $0.hasSuffix(".png") }
        let before = try pictures.map { try run.directory.bytes($0) }
        for picture in pictures { try FileManager.default.removeItem(atPath: "\(run.directory.path)/\(picture)") }
        let drawn = try Runner.redraw(runDirectory: run.directory.path)
        #expect(drawn.count == pictures.count)
        let after = try pictures.map { try run.directory.bytes($0) }
        #expect(before == after)
        let one = "\(run.directory.path)/second.png"
        _ = try Runner.redraw(runDirectory: run.directory.path, only: 2, output: one)
        #expect(try Data(contentsOf: URL(fileURLWithPath: one)) == before[1])
    }

    @Test("drawing again what is no run says so")
    func redrawNothing() throws {
        let directory = try ScratchDirectory()
        #expect(throws: RunFailure.self) { try Runner.redraw(runDirectory: directory.path) }
        try Data("{".utf8).write(to: URL(fileURLWithPath: "\(directory.path)/report.json"))
        #expect(throws: RunFailure.self) { try Runner.redraw(runDirectory: directory.path) }
        let run = try Recorded(full)
        #expect(throws: RunFailure.self) { try Runner.redraw(runDirectory: run.directory.path, only: 7) }
    }
}
