import Glibc
import JSONText

/// `evsim-bench ocpp-load`: a central system and charge points in two processes, Heartbeats over loopback WebSockets, both sides checked.
enum LoadBenchmark {
    private struct Round {
        var rate = 0.0
        var middle = 0.0
        var slow = 0.0
        /// Processor time of both sides for a round trip, in µs.
        var processor = 0.0
    }

    static func run(seconds: Double = 2, turns: Int = 3) -> [Measurement] {
        var results: [Measurement] = []
        // Memory first, each time in fresh processes: what was freed would be taken again without a trace.
        results += memory(machines: false) + memory(machines: true)
        guard let server = ChildProcess(["ocpp-csms", "--port", "0"]), let port = port(of: server) else {
            return [Measurement(name: "ocpp-load.csms", value: 0, unit: "started", bar: 1)]
        }
        defer { server.stop(kills: true) }
        let cases = [(1, 1), (100, 100), (1000, 1000), (1000, 1)]
        var best = [Round?](repeating: nil, count: cases.count)
        // The cases take turns, so that a busy moment hits all of them; the fastest turn of each counts.
        for _ in 0..<turns {
            for (place, (count, talking)) in cases.enumerated() {
                guard let round = round(server, port, count: count, talking: talking, seconds: seconds) else {
                    return results + [Measurement(name: "ocpp-load.\(count)", value: 0, unit: "finished", bar: 1)]
                }
                if round.rate > best[place]?.rate ?? 0 { best[place] = round }
            }
        }
        for (place, (count, talking)) in cases.enumerated() {
            guard let round = best[place] else { continue }
            let name = talking == count ? "ocpp-load.\(count)" : "ocpp-load.\(talking)-of-\(count)"
            // A rate on shared processors says little; the processor time of a round trip is judged.
            results.append(Measurement(name: name, value: round.rate, unit: "rt/s"))
            results.append(Measurement(name: name + ".p50", value: round.middle, unit: "µs"))
            results.append(Measurement(name: name + ".p99", value: round.slow, unit: "µs"))
            results.append(Measurement(name: name + ".cpu", value: round.processor, unit: "µs/rt", most: talking == 1 ? nil : 40))
        }
        if let one = best[0], let oneOfMany = best[3] {
            results.append(Measurement(name: "ocpp-load.1-of-1000.of-1", value: oneOfMany.rate / max(one.rate, 1), unit: "x", bar: 0.7))
        }
        results.append(Measurement(name: "ocpp-load.wish", value: (best[1]?.rate ?? 0) / 25_000, unit: "of 25 000 rt/s at 100"))
        results.append(Measurement(name: "ocpp-load.machine", value: load(), unit: "load average of \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) processors"))
        return results
    }

    private static func port(of server: ChildProcess) -> String? { server.line().flatMap { $0.split(separator: " ").last.map(String.init) } }

    /// One run of charge points against the central system.
    private static func round(_ server: ChildProcess, _ port: String, count: Int, talking: Int, seconds: Double) -> Round? {
        let words = [
            "ocpp-charge-points", "--url", "ws://127.0.0.1:\(port)", "--count", "\(count)", "--talking", "\(talking)", "--seconds", "\(seconds)", "--wait",
        ]
        guard let client = ChildProcess(words), client.line() == "ready" else { return nil }
        let before = server.processorTime
        client.say("go")
        guard let figures = figures(client) else { return nil }
        let used = server.processorTime - before
        client.stop(kills: false)
        guard let trips = figures["round_trips"]?.double, trips > 0, figures["errors"]?.double == 0 else { return nil }
        return Round(
            rate: figures["round_trips_per_s"]?.double ?? 0, middle: figures["p50_us"]?.double ?? 0, slow: figures["p99_us"]?.double ?? 0,
            processor: (figures["cpu_us_per_round_trip"]?.double ?? 0) + used / trips * 1e6)
    }

    private static func figures(_ client: ChildProcess) -> JSONValue? { client.line().flatMap { try? JSONValue(parsing: $0) } }

    /// What 10 000 idle charge points take on each side; as connections with their sessions, or as whole charge points.
    private static func memory(machines: Bool, count: Int = 10_000) -> [Measurement] {
        let name = machines ? "ocpp-load.idle-machine" : "ocpp-load.idle"
        let failed = [Measurement(name: name, value: 0, unit: "finished", bar: 1)]
        guard let server = ChildProcess(["ocpp-csms", "--port", "0"]), let port = port(of: server) else { return failed }
        defer { server.stop(kills: true) }
        let before = server.residentBytes
        let words = ["ocpp-charge-points", "--url", "ws://127.0.0.1:\(port)", "--count", "\(count)", "--seconds", "0", "--hold"]
        guard let client = ChildProcess(machines ? words + ["--machines"] : words), let figures = figures(client) else { return failed }
        let kilobytes = Double(server.residentBytes - before) / Double(count) / 1000
        client.stop(kills: false)
        guard figures["errors"]?.double == 0, let own = figures["bytes_per_charge_point"]?.double else { return failed }
        return [
            Measurement(name: name + ".charge-point", value: own / 1000, unit: "kB", most: 10),
            Measurement(name: name + ".csms", value: kilobytes, unit: "kB", most: 10),
        ]
    }

    /// The load average of the last minute.
    private static func load() -> Double {
        var loads = [0.0, 0.0, 0.0]
        return getloadavg(&loads, 3) > 0 ? loads[0] : 0
    }
}
