import Glibc

/// The benchmark program: `evsim-bench [NAME]... [--json]` measures what `benchmarks` names; exit 1 when a bar is missed.
///
/// The names of `checks` are tools for the judges of the tests; `ws-echo-server` and `ws-echo-client` are programs for outside judges of the
/// live transport, `ocpp-csms` and `ocpp-charge-points` the two sides of the load test.
@main
enum Main {
    private static let benchmarks: [(name: String, run: @Sendable () -> [Measurement])] = [
        ("kernel", { KernelBenchmark.run() }),
        ("can", { CANBenchmark.run() }),
        ("can-logs", { CANLogBenchmark.run() }),
        ("can-wire", { WireBenchmark.run() }),
        ("can-dbc", { DatabaseBenchmark.run() }),
        ("can-ids", { CANIDSBenchmark.run() }),
        ("can-live", { CANLiveBenchmark.run() }),
        ("detectors", { DetectorBenchmark.run() }),
        ("ocpp", { OCPPBenchmark.run() }),
        ("formula", { FormulaBenchmark.run() }),
        ("scenario", { ScenarioBenchmark.run() }),
        ("plugin", { PluginBenchmark.run() }),
        ("ws-echo", { WebSocketBenchmark.run() }),
        ("ocpp-load", { LoadBenchmark.run() }),
        ("ocpp-virtual", { VirtualBenchmark.run() }),
        ("detectors-cross", { CrossDetectorBenchmark.run() }),
        ("ocpp-ids", { MessageIDsBenchmark.run() }),
    ]

    /// Tools that read a stream and print what evsim makes of it.
    private static let checks: [(name: String, run: @Sendable ([String]) -> Void)] = [
        ("ocpp-check", { MessageCheck.run(isStrict: !$0.contains("--lenient")) }),
        ("dbc-check", { _ in DatabaseCheck.run() }),
        ("detector-check", { _ in DetectorCheck.run() }),
        ("ocpp-order", { _ in OrderCheck.run() }),
        ("temporal-check", { _ in TemporalCheck.run() }),
        ("shape-check", { _ in ShapeCheck.run() }),
        ("can-protocols", { _ in ProtocolCheck.run() }),
    ]

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if let program = arguments.first, program == "ws-echo-server" || program == "ws-echo-client" {
            exit(EchoPrograms.run(program, Array(arguments.dropFirst())))
        }
        if let program = arguments.first, program == "ocpp-csms" || program == "ocpp-charge-points" {
            exit(LoadPrograms.run(program, Array(arguments.dropFirst())))
        }
        if arguments.first == "raw-echo-server" { exit(RawEcho.server()) }
        if let check = checks.first(where: { $0.name == arguments.first }) {
            check.run(Array(arguments.dropFirst()))
            exit(0)
        }
        if arguments.first == "detector-memory" { exit(AllocationCheck.run()) }
        if arguments.first == "ids-check" { exit(IDsCheck.run(kind: arguments.dropFirst().first ?? "ocpp-ids")) }
        let names = arguments.filter { $0 != "--json" }
        let known = benchmarks.map(\.name)
        for name in names where !known.contains(name) {
            let usage = "usage: evsim-bench [\(known.joined(separator: "|"))]... [--json]\n"
            _ = write(STDERR_FILENO, usage, usage.utf8.count)
            exit(2)
        }
        var passes = true
        for benchmark in benchmarks where names.isEmpty || names.contains(benchmark.name) {
            for result in benchmark.run() {
                print(arguments.contains("--json") ? result.json : result.text)
                passes = passes && result.passes
            }
        }
        exit(passes ? 0 : 1)
    }
}
