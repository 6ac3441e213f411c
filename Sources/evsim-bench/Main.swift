import Glibc

/// The benchmark program: `evsim-bench [kernel|can|can-wire|can-logs|can-dbc|can-live|detectors|ocpp|formula|scenario|plugin|ws-echo|ocpp-load|ocpp-virtual]... [--json]`; exit 1 when a bar is missed.
/// The benchmark program; exit 1 when a bar is missed:
/// `evsim-bench [kernel|can|can-wire|can-logs|can-dbc|can-ids|can-live|ocpp|formula|scenario|plugin|ws-echo|ocpp-load|ocpp-virtual]... [--json]`.
///
/// `evsim-bench ocpp-check [--lenient]`, `ocpp-order`, `can-protocols` and `dbc-check` are tools for the judges of the tests (``MessageCheck``,
/// ``OrderCheck``, ``ProtocolCheck``, ``DatabaseCheck``), `detector-check` another (``DetectorCheck``);
/// The benchmark program: `evsim-bench [kernel|can|can-wire|can-logs|can-dbc|can-live|ocpp|formula|scenario|plugin|ws-echo|ocpp-load|ocpp-virtual|
/// detectors-cross]... [--json]`; exit 1 when a bar is missed.
///
/// `evsim-bench ocpp-check [--lenient]`, `ocpp-order`, `can-protocols`, `dbc-check`, `temporal-check` and `shape-check` are tools for the judges of the tests
/// (``MessageCheck``, ``OrderCheck``, ``ProtocolCheck``, ``DatabaseCheck``, ``TemporalCheck``, ``ShapeCheck``);
/// The benchmark program: `evsim-bench [kernel|can|can-wire|can-logs|can-dbc|can-live|ocpp|formula|scenario|plugin|ws-echo|ocpp-load|ocpp-virtual|ocpp-ids]... [--json]`; exit 1 when a bar is missed.
///
/// `evsim-bench ocpp-check [--lenient]`, `ocpp-order`, `ids-check [KIND]`, `can-protocols` and `dbc-check` are tools for the judges of the tests
/// (``MessageCheck``, ``OrderCheck``, ``IDsCheck``, ``ProtocolCheck``, ``DatabaseCheck``);
/// `evsim-bench ws-echo-server` and `ws-echo-client` are programs for outside judges of the live transport,
/// `ocpp-csms` and `ocpp-charge-points` the two sides of the load test.
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

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if let program = arguments.first, program == "ws-echo-server" || program == "ws-echo-client" {
            exit(EchoPrograms.run(program, Array(arguments.dropFirst())))
        }
        if let program = arguments.first, program == "ocpp-csms" || program == "ocpp-charge-points" {
            exit(LoadPrograms.run(program, Array(arguments.dropFirst())))
        }
        if arguments.first == "raw-echo-server" { exit(RawEcho.server()) }
        if arguments.first == "ocpp-check" {
            MessageCheck.run(isStrict: !arguments.contains("--lenient"))
            exit(0)
        }
        if arguments.first == "dbc-check" {
            DatabaseCheck.run()
            exit(0)
        }
        if arguments.first == "detector-check" {
            DetectorCheck.run()
            exit(0)
        }
        if arguments.first == "ocpp-order" {
            OrderCheck.run()
            exit(0)
        }
        if arguments.first == "temporal-check" {
            TemporalCheck.run()
            exit(0)
        }
        if arguments.first == "shape-check" {
            ShapeCheck.run()
            exit(0)
        }
        if arguments.first == "ids-check" { exit(IDsCheck.run(kind: arguments.dropFirst().first ?? "ocpp-ids")) }
        if arguments.first == "can-protocols" {
            ProtocolCheck.run()
            exit(0)
        }
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
