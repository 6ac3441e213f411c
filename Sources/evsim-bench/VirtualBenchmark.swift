import Engine
import Glibc
import JSONText
import OCPP
import Quantities
import ScenarioLanguage
import YAMLTree

/// `evsim-bench ocpp-virtual`: messages through charge points and a central system in virtual time.
///
/// In the engine messages travel as typed values: a message that the catalogue forbids cannot be built, and the answers are checked against the calls that
/// wait. `text` writes each message as JSON and reads it back against the whole catalogue at the other end.
enum VirtualBenchmark {
    static func run(turns: Int = 3) -> [Measurement] {
        let many = scenario("many", count: 10_000, every: "60s", record: "[]")
        let before = WebSocketBenchmark.residentBytes("self")
        let begin = processorTime()
        let crowd = messages(many, nil)
        let crowdTime = processorTime() - begin
        let kilobytes = Double(peakBytes() - before) / 10_000 / 1000
        var counts = [0, 0, 0]
        let directory = directory()
        let times = leastTimes(
            repeats: turns,
            [
                { counts[0] = messages(scenario("fast", count: 100, every: "1s", record: "[]"), nil) },
                { counts[1] = messages(scenario("fast", count: 100, every: "1s", record: "[messages]"), directory) },
                { counts[2] = TextExchange.run(charge: 100, seconds: 1000) },
            ])
        if let directory {
            for file in ["report.json", "report.md", "messages.jsonl", "labels.csv", "alarms.csv", "INCOMPLETE"] { unlink("\(directory)/\(file)") }
            rmdir(directory)
        }
        let rate = { (place: Int) in Double(counts[place]) / times[place] }
        return [
            Measurement(name: "ocpp-virtual.100-one-hour.messages", value: Double(counts[0]), unit: "messages", bar: 700_000),
            Measurement(name: "ocpp-virtual.100-one-hour", value: rate(0), unit: "messages/s", bar: 500_000),
            Measurement(name: "ocpp-virtual.100-one-hour.recorded", value: rate(1), unit: "messages/s"),
            Measurement(name: "ocpp-virtual.text", value: rate(2), unit: "messages/s"),
            Measurement(name: "ocpp-virtual.10000-one-hour.messages", value: Double(crowd), unit: "messages", bar: 1_400_000),
            Measurement(name: "ocpp-virtual.10000-one-hour", value: crowdTime, unit: "s", most: 60),
            Measurement(name: "ocpp-virtual.10000-one-hour.memory", value: kilobytes, unit: "kB/charge point, both sides"),
        ]
    }

    /// Runs a scenario; the number of calls and answers in its report, 0 when a call was not answered.
    private static func messages(_ text: String, _ directory: String?) -> Int {
        let file = SourceFile(path: "bench.yaml", bytes: Array(text.utf8))
        guard let scenario = ScenarioReader(registry: BuiltIns.registry).read(file).scenario else { return 0 }
        let outcome = Runner.run(scenario, options: RunOptions(directory: directory))
        guard outcome.verdict == .pass, let rows = outcome.report["messages"]?.array else { return 0 }
        var count = 0
        for row in rows {
            guard let calls = row["calls"]?.integer, row["answers"]?.integer == calls, row["errors"]?.integer == 0 else { return 0 }
            count += Int(2 * calls)
        }
        return count
    }

    private static func scenario(_ name: String, count: Int, every: String, record: String) -> String {
        """
        evsim: 1
        scenario: \(name)
        run: {for: 1h, seed: 7}
        nodes:
          csms: {is: csms, heartbeat_every: 5min}
          cp: {is: charge-point, count: \(count), csms: csms, meter_every: \(every)}
        steps:
          - wait: 10s
          - {send: RemoteStartTransaction, to: cp.*}
        expect: [=count(ocpp.StartTransaction) == \(count)]
        record: \(record)
        """
    }

    private static func directory() -> String? {
        var template = Array("/tmp/evsim-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The most memory that the process ever had.
    private static func peakBytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) * 1024
    }
}

/// Charge points and a central system that exchange texts without network: each message is written and read against the catalogue.
private final class TextExchange: MeterSource {
    private var machines: [ChargePointMachine] = []
    private var central = CentralSystemMachine(CentralSystemSettings(), epoch: 0)
    private var up: [ChargePointOutput] = []
    private var down: [CentralSystemOutput] = []
    private var count = 0
    private var isClean = true

    func reading(connector: Int, at instant: Instant) -> MeterReading {
        MeterReading(currentA: 16, voltageV: 230, powerW: 11_040, energyWh: instant.seconds * 11_040 / 3600)
    }

    /// The number of messages; 0 when one of them was refused.
    static func run(charge points: Int, seconds: Int64) -> Int {
        let exchange = TextExchange()
        for number in 0..<points {
            var settings = ChargePointSettings(identity: "CP\(number)")
            settings.meterInterval = .seconds(1)
            exchange.machines.append(ChargePointMachine(settings, epoch: 0))
            _ = exchange.central.connect(identity: "CP\(number)", at: .zero, into: &exchange.down)
            exchange.drive(number, .zero) { machine, out in
                machine.start(at: .zero, meter: exchange, into: &out)
                machine.connected(at: .zero, into: &out)
            }
            exchange.drive(number, .zero) { $0.presentTag("EVSIM", connector: 1, at: .zero, meter: exchange, into: &$1) }
        }
        for second in 1...max(1, seconds) {
            let now = Instant.zero + .seconds(second)
            for number in 0..<points { exchange.drive(number, now) { $0.timer(.meter, at: now, meter: exchange, into: &$1) } }
        }
        return exchange.isClean && exchange.machines.allSatisfy { $0.runningTransactions == 1 } ? exchange.count : 0
    }

    private func drive(_ number: Int, _ now: Instant, _ body: (inout ChargePointMachine, inout [ChargePointOutput]) -> Void) {
        body(&machines[number], &up)
        while !up.isEmpty {
            let outputs = up
            up.removeAll(keepingCapacity: true)
            for case .send(let message) in outputs {
                count += 1
                central.receive(bytes: message.bytes, from: number, at: now, into: &down)
            }
            for output in down {
                switch output {
                case .send(_, let message):
                    count += 1
                    machines[number].receive(bytes: message.bytes, at: now, meter: self, into: &up)
                case .violation: isClean = false
                default: break
                }
            }
            down.removeAll(keepingCapacity: true)
        }
    }
}
