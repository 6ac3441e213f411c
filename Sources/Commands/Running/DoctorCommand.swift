import Engine
import JSONText
import YAMLTree

/// `evsim doctor`.
enum DoctorCommand {
    /// How a check came out.
    enum Result: String {
        case ok, note, warning, failed
    }

    /// One check.
    struct Check {
        let name: String
        let result: Result
        let text: String
    }

    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        var checks = [Check(name: "evsim", result: .ok, text: "\(evsimVersion), \(VersionCommand.build) build, \(VersionCommand.platform)")]
        checks += VersionCommand.libraries.map { Check(name: $0.name, result: .ok, text: $0.version) }
        checks +=
            [plugins()] + MachineChecks.directories(console) + [MachineChecks.disk()] + MachineChecks.terminal(console) + [
                MachineChecks.socketCAN(), selfRun(),
            ]
        let isHealthy = checks.allSatisfy { $0.result != .failed }
        if arguments.has(.json) {
            let items = checks.map {
                JSONValue.object([
                    JSONValue.Member("name", .string($0.name)), JSONValue.Member("result", .string($0.result.rawValue)),
                    JSONValue.Member("text", .string($0.text)),
                ])
            }
            console.print(JSONValue.object([JSONValue.Member("healthy", .bool(isHealthy)), JSONValue.Member("checks", .array(items))]).text(.pretty))
        } else {
            let width = checks.map { $0.name.count }.max() ?? 0
            for check in checks {
                console.print("\(mark(check.result, console)) \(TextLayout.padded(check.name, width + 2))\(DisplayText.visible(check.text))")
            }
            console.print(isHealthy ? "all is well" : "something is wrong: see the lines marked ✗")
        }
        return isHealthy ? .fine : .runtime
    }

    private static func mark(_ result: Result, _ console: Console) -> String {
        switch result {
        case .ok: console.paint("✓", .good, on: console.output)
        case .note: "·"
        case .warning: console.paint("!", .warning, on: console.output)
        case .failed: console.paint("✗", .bad, on: console.output)
        }
    }

    /// The plugins that come with evsim.
    static func plugins() -> Check {
        guard let folder = PluginLibrary.folder else {
            return Check(name: "plugins", result: .warning, text: "not found; set EVSIM_PLUGINS to their folder, or install evsim with 'make install'")
        }
        return Check(name: "plugins", result: .ok, text: "\(TextLayout.count(PluginShelf.items.count, "plugin")) in \(folder)")
    }

    /// Runs the reference scenario in memory, twice; the results must be exact and equal.
    static func selfRun() -> Check {
        let name = "self-run"
        guard let scenario = EmbeddedScenario.read(EmbeddedScenario.check).scenario else {
            return Check(name: name, result: .failed, text: "the built-in scenario is not valid")
        }
        let watch = Stopwatch.wall()
        let first = Runner.run(scenario, options: RunOptions())
        let elapsed = watch.seconds
        let second = Runner.run(scenario, options: RunOptions())
        guard first.verdict == .pass else {
            let what = first.expectations.first { !$0.isFulfilled }?.sentence ?? first.diagnostics.first?.message ?? "it did not come to its end"
            return Check(name: name, result: .failed, text: "the reference scenario gave another result: \(what)")
        }
        guard first.fingerprint == second.fingerprint else { return Check(name: name, result: .failed, text: "two runs gave different fingerprints") }
        return Check(name: name, result: .ok, text: "\(RunCommand.speed(first, elapsed)), fingerprint \(first.fingerprint)")
    }
}
