import Foundation
import Testing

@testable import Commands

@Suite("The program as a process", .enabled(if: builtProgram != nil))
struct ProcessTests {
    @Test("exit codes reach the shell; results go to standard output, findings to standard error")
    func exitCodes() throws {
        let directory = try TemporaryDirectory()
        let good = try directory.file("good.yaml", Sample.good)
        let program = try #require(builtProgram)
        let result = try child(program, ["run", good, "-o", directory.path + "/out"])
        #expect(result.status == 0 && result.output.hasPrefix("PASS  good"))
        #expect(try child(program, ["run", try directory.file("f.yaml", Sample.failing), "-o", directory.path + "/out"]).status == 1)
        #expect(try child(program, ["rnu"]).status == 2)
        #expect(try child(program, ["run", try directory.file("i.yaml", Sample.invalid)]).status == 3)
        #expect(try child(program, ["run", directory.path]).status == 4)
    }

    @Test("Ctrl-C and SIGTERM end a run early, keep what was done and say so", arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func interrupted(signal: Int32, status: Int32) throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("long.yaml", Sample.long)
        let result = try child(try #require(builtProgram), ["run", file, "-o", directory.path + "/out"]) { process in
            try waitUntil { directory.has("out/INCOMPLETE") }
            usleep(200_000)
            kill(process.processIdentifier, signal)
        }
        #expect(result.status == status)
        #expect(result.errors.contains("interrupted at ") && result.errors.contains("what was done by then is in \(directory.path)/out"))
        #expect(result.output.hasPrefix("INCOMPLETE  good"))
        #expect(directory.has("out/INCOMPLETE") && directory.has("out/report.json"))
    }

    @Test("Ctrl-C and SIGTERM end watch during a run and between runs; the last whole run stays", arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func watchInterrupted(signal: Int32, status: Int32) throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("watched.yaml", Sample.good)
        let idle = try child(try #require(builtProgram), ["watch", file, "-o", directory.path + "/out", "--no-plots"]) { process in
            try waitUntil { directory.has("out/report.json") && !directory.has("out/.next") }
            usleep(100_000)
            kill(process.processIdentifier, signal)
        }
        #expect(idle.status == status && idle.output.contains("PASS  good") && idle.errors.contains("ended after 1 run; run 1 is in "))
        let busy = try child(try #require(builtProgram), ["watch", file, "-o", directory.path + "/busy", "--no-plots"]) { process in
            // It watches once its first run is there.
            try waitUntil { directory.has("busy/report.json") && !directory.has("busy/.next") }
            try Sample.long.write(toFile: file, atomically: true, encoding: .utf8)
            try waitUntil { directory.has("busy/.next/INCOMPLETE") }
            usleep(200_000)
            kill(process.processIdentifier, signal)
        }
        #expect(busy.status == status && busy.errors.contains("the run was interrupted; run 1 is in "))
        #expect(directory.has("busy/report.json") && !directory.has("busy/.next") && !directory.has("busy/INCOMPLETE"))
    }

    @Test("a reader that goes away ends the program quietly")
    func brokenPipe() throws {
        let program = try #require(builtProgram)
        // The reader has gone before anything is written.
        let result = try child("/bin/bash", ["-c", "{ sleep 0.2; '\(program)' list codes; echo $? >&2; } | true"])
        #expect(result.errors == "0\n" && result.output.isEmpty)
    }

    @Test("standard output that cannot be written is an error")
    func fullDisk() throws {
        let result = try child("/bin/bash", ["-c", "'\(try #require(builtProgram))' list codes > /dev/full"])
        #expect(result.status == 4 && result.errors.contains("cannot write to standard output"))
    }

    @Test("a scenario comes through standard input")
    func standardInput() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("good.yaml", Sample.good)
        let result = try child("/bin/bash", ["-c", "cat '\(file)' | '\(try #require(builtProgram))' validate -"])
        #expect(result.status == 0 && result.output == "valid  <stdin>  good\n")
    }
}

/// Waits ten seconds at most for something to come true.
func waitUntil(_ condition: () -> Bool) throws {
    for _ in 0..<500 {
        if condition() { return }
        usleep(20_000)
    }
    throw UsageError("waited in vain")
}
