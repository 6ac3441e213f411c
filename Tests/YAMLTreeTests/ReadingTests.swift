import Foundation
import Glibc
import Testing

@testable import YAMLTree

@Suite("Reading a file")
struct ReadingTests {
    /// A fresh directory that goes with the test.
    final class Scratch {
        let path: String
        init() throws {
            path = NSTemporaryDirectory() + "/evsim-yaml-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func refusal(_ path: String, limit: Int = SourceFile.sizeLimit) -> Diagnostic? {
        do {
            _ = try SourceFile.read(path: path, limit: limit)
            return nil
        } catch {
            return error.diagnostic
        }
    }

    private func rendered(_ diagnostics: [Diagnostic?]) -> String {
        DiagnosticRenderer(color: false, explainHint: true).render(diagnostics.compactMap { $0 })
    }

    @Test("A file is read whole, with its path")
    func whole() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/a.yaml"
        try Data("a: 1\nb: 2".utf8).write(to: URL(fileURLWithPath: path))
        let file = try SourceFile.read(path: path)
        #expect(file.path == path)
        #expect(file.bytes == Array("a: 1\nb: 2".utf8))
        #expect((0...3).map(file.line) == ["", "a: 1", "b: 2", ""])
    }

    @Test("What cannot be opened is refused with its golden message")
    func golden() throws {
        let list = [
            refusal("/nonexistent/scenario.yaml"), refusal("/dev/null/x.yaml"), refusal(""), refusal("a\0b"), refusal("/"), refusal("/proc/self/mem"),
            SourceFile.failure("secret.yaml", EACCES).diagnostic, SourceFile.tooLarge("big.yaml", size: 5_000_000, limit: 1 << 20).diagnostic,
            refusal("/dev/zero"), refusal("/nonexistent/\u{1B}[31m\u{202E}"),
        ]
        #expect(list.allSatisfy { $0 != nil })
        try Golden.expect(rendered(list), equals: "files.txt")
        try Golden.expect(DiagnosticRenderer.json(list.compactMap { $0 }), equals: "files.json.txt")
    }

    @Test("A file without permission is refused", .enabled(if: geteuid() != 0))
    func permission() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/a.yaml"
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(chmod(path, 0) == 0)
        #expect(refusal(path)?.code == "E0103")
    }

    @Test("A file of exactly the limit is read, one byte more is not")
    func limit() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/a.yaml"
        try Data(repeating: 0x61, count: 100).write(to: URL(fileURLWithPath: path))
        #expect(try SourceFile.read(path: path, limit: 100).bytes.count == 100)
        #expect(refusal(path, limit: 99)?.code == "E0104")
    }

    @Test("A file of 100 MB is refused at once")
    func sparse() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/big.yaml"
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        #expect(truncate(path, 100_000_000) == 0)
        let elapsed = ContinuousClock().measure { #expect(refusal(path)?.code == "E0104") }
        #expect(elapsed < .milliseconds(100))
    }

    @Test("A pipe is read to its end, and no further than the limit")
    func pipe() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        for (size, accepted) in [(70_000, true), (2_000_000, false)] {
            let writer = Thread {
                signal(SIGPIPE, SIG_IGN)
                let descriptor = open(path, O_WRONLY)
                let bytes = [UInt8](repeating: 0x61, count: size)
                var sent = 0
                while sent < size {
                    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + sent, min(4096, size - sent)) }
                    guard count > 0 else { break }
                    sent += count
                }
                close(descriptor)
            }
            writer.start()
            if accepted {
                #expect(try SourceFile.read(path: path).bytes.count == size)
            } else {
                #expect(refusal(path)?.code == "E0104")
            }
        }
    }

    @Test("'-' reads the standard input")
    func standardInput() throws {
        var ends: [Int32] = [0, 0]
        #expect(Glibc.pipe(&ends) == 0)
        let saved = dup(STDIN_FILENO)
        defer {
            dup2(saved, STDIN_FILENO)
            close(saved)
        }
        dup2(ends[0], STDIN_FILENO)
        close(ends[0])
        #expect(write(ends[1], "a: 1", 4) == 4)
        close(ends[1])
        let file = try SourceFile.read(path: "-")
        #expect(file.path == "<stdin>")
        #expect(file.bytes == Array("a: 1".utf8))
    }

    @Test("Lines end with LF, CRLF or CR, and a byte order mark is in no line")
    func lines() {
        let file = SourceFile(path: "x", bytes: [0xEF, 0xBB, 0xBF] + Array("a\r\nb\rc\n\nd\n".utf8))
        #expect((1...6).map(file.line) == ["a", "b", "c", "", "d", ""])
    }
}
