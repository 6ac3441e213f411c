import Foundation
import Testing
import YAMLTree

@testable import Commands

/// What one command line did.
struct Outcome {
    let code: ExitCode
    let output: String
    let errors: String
}

/// Runs a command line in memory; `files` stand in for the file system when they are given.
func evsim(
    _ arguments: String..., files: [String: String]? = nil, environment: [String: String] = [:], runs: String = "/nonexistent/runs", isTerminal: Bool = false,
    columns: Int = 80
) -> Outcome {
    evsim(arguments, files: files, environment: environment, runs: runs, isTerminal: isTerminal, columns: columns)
}

/// The same for a list of arguments.
func evsim(
    _ arguments: [String], files: [String: String]? = nil, environment: [String: String] = [:], runs: String = "/nonexistent/runs", isTerminal: Bool = false,
    columns: Int = 80
) -> Outcome {
    let output = Channel(isTerminal: isTerminal, columns: columns)
    let errors = Channel(isTerminal: isTerminal, columns: columns)
    let console = Console(
        output: output, errors: errors, environment: { environment[$0] },
        read: { (path) throws(DiagnosticError) in
            guard let files else { return try SourceFile.read(path: path) }
            guard let text = files[path] else { throw DiagnosticError(Diagnostic("E0101", "there is no file '\(path)'", at: nil)) }
            return SourceFile(path: path == "-" ? "<stdin>" : path, bytes: Array(text.utf8))
        }, runs: runs)
    let code = EvsimTool.run(arguments, console: console)
    return Outcome(code: code, output: output.text, errors: errors.text)
}

/// A directory that goes away with the test.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "evsim-commands-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and gives its path.
    func file(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
}

/// Compares with a golden file; `EVSIM_UPDATE_GOLDEN=1` writes it anew.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
    let file = directory.appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["EVSIM_UPDATE_GOLDEN"] == "1" {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let golden = try String(contentsOf: file, encoding: .utf8)
    #expect(text == golden, "differs from \(name); EVSIM_UPDATE_GOLDEN=1 writes it anew", sourceLocation: sourceLocation)
}

/// A finished child process.
struct ChildResult {
    let status: Int32
    let output: String
    let errors: String
}

/// Runs a program to its end; `during` is called with its process while it runs.
func child(_ program: String, _ arguments: [String], during: ((Process) throws -> Void)? = nil) throws -> ChildResult {
    let directory = try TemporaryDirectory()
    for name in ["out", "err"] { _ = FileManager.default.createFile(atPath: "\(directory.path)/\(name)", contents: nil) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: "\(directory.path)/out")
    process.standardError = FileHandle(forWritingAtPath: "\(directory.path)/err")
    try process.run()
    try during?(process)
    process.waitUntilExit()
    return ChildResult(status: process.terminationStatus, output: try directory.read("out"), errors: try directory.read("err"))
}

/// The program that was built beside the tests; nil where only the tests were built.
let builtProgram: String? = {
    guard let test = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
    let directories = [(test as NSString).deletingLastPathComponent] + CommandLine.arguments.map { ($0 as NSString).deletingLastPathComponent }
    return directories.map { $0 + "/evsim" }.first { FileManager.default.isExecutableFile(atPath: $0) }
}()

enum Sample {
    /// Charges at 16 A for a minute; holds.
    static let good = """
        evsim: 1
        scenario: good
        about: One charge point at 16 A.
        params: {top: {default: 16 A, about: the limit}}
        run: {for: 60s}
        nodes:
          csms: {is: csms}
          cp1: {is: charge-point, csms: csms, max_current: =top}
        steps:
          - {send: RemoteStartTransaction, to: cp1}
        detectors:
          busy: {is: threshold, watch: cp1.current, above: 15 A}
        expect:
          - =max(cp1.current) <= 16 A
        plots:
          - {title: Current, lines: [cp1.current]}
        """
    /// The same with an expectation that does not hold.
    static let failing = good.replacingOccurrences(of: "<= 16 A", with: "<= 12 A")
    /// The same with a misspelt key.
    static let invalid = good.replacingOccurrences(of: "detectors:", with: "detctors:")
    /// The same with an `until` that never comes.
    static let stuck = good.replacingOccurrences(of: "steps:", with: "steps:\n  - {until: =cp1.current > 1 kA, timeout: 5s}")
    /// Runs for longer than anybody waits.
    static let long = good.replacingOccurrences(of: "60s", with: "50000h").replacingOccurrences(
        of: "steps:", with: "record: [labels]\nsteps:\n  - {repeat: forever, steps: [{wait: 1s}]}")
}
