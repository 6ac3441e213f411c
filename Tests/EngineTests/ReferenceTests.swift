import Foundation
import Testing

@testable import Engine

/// The reference scenario and its variants against tables that were computed with exact rational numbers.
@Suite("the reference traces")
struct ReferenceTests {
    /// One of the traces: a file of `Vectors`, and the scenario that makes it.
    struct Trace: CustomTestStringConvertible, Sendable {
        var file: String
        var scenario: String
        var law: String
        var testDescription: String { file }

        var ramp: String { law == "linear" ? "20 A/s" : "20%" }

        /// Length, waits, and what differs.
        var text: String {
            var length = 64
            var waits = [2, 1, 2, 3]
            var extra = ""
            var charger = ""
            switch scenario {
            case "full-swing":
                length = law == "linear" ? 66 : 96
                waits = law == "linear" ? [2, 1, 5, 3] : [2, 1, 24, 21]
            case "latency-500ms": extra = "links:\n  net: {between: [csms, cp1], latency: 250ms}\n"
            case "follow-limit": charger = ", follow_limit: true"
            case "repeated-phase-0-commands-first": extra = phaseZero
            case "repeated-phase-0-tick-first": extra = phaseZero + "links:\n  net: {between: [csms, cp1], latency: 1us}\n"
            default: break
            }
            let cycle = """
                - {send: SetChargingProfile, to: cp1, with: {limit: 0 A}}
                - wait: \(waits[0])s
                - {send: SetChargingProfile, to: cp1, with: {limit: 100 A}}
                - wait: \(waits[1])s
                - {send: RemoteStartTransaction, to: cp1}
                - wait: \(waits[2])s
                - {send: RemoteStopTransaction, to: cp1}
                - wait: \(waits[3])s
                """
            let steps: String
            switch scenario {
            case "one-cycle-then-idle": steps = cycle
            case "normal-start":
                steps = "- wait: 2s\n- {send: SetChargingProfile, to: cp1, with: {limit: 100 A}}\n- wait: 1s\n- {send: RemoteStartTransaction, to: cp1}"
            default:
                steps =
                    "- repeat: forever\n  label: repeated-current-fluctuation\n  steps:\n"
                    + cycle.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
            }
            return head("\(length)s", record: "[signals, frames, messages]") + onBus(ramp: ramp, charger: charger) + extra + "steps:\n"
                + steps.split(separator: "\n").map { "  \($0)\n" }.joined()
        }

        private var phaseZero: String { "buses:\n  can0:\n    frames:\n      current: {id: 0x300, from: charger, every: 1s, data: {current: u16 A}}\n" }
    }

    static let traces: [Trace] = ["exponential", "linear"].flatMap { law in
        [
            Trace(file: "current-\(law)", scenario: "repeated", law: law),
            Trace(file: "current-\(law)-phase-0-commands-first", scenario: "repeated-phase-0-commands-first", law: law),
            Trace(file: "current-\(law)-phase-0-tick-first", scenario: "repeated-phase-0-tick-first", law: law),
        ] + ["follow-limit", "latency-500ms", "full-swing", "normal-start", "one-cycle-then-idle"].map { Trace(file: "\($0)-\(law)", scenario: $0, law: law) }
    }

    static func table(_ file: String) throws -> [[String]] {
        try String(contentsOf: testFolder.appendingPathComponent("Vectors/\(file).csv"), encoding: .utf8).split(separator: "\n").dropFirst().map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test("every row of every table is reproduced to its last digit", arguments: traces)
    func trace(_ trace: Trace) throws {
        let run = try Recorded(trace.text)
        let rows = try run.rows("signals.csv").map { (time: try #require(Double($0[0])), signal: $0[1], value: $0[2]) }
        let times = rows.map(\.time)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }, "rows stand in time order")
        let exact = rows.filter { $0.signal == "charger.current" }
        let published = rows.filter { $0.signal == "can0.current" }
        let wanted = try Self.table(trace.file)
        #expect(exact.count == wanted.count)
        #expect(published.count == wanted.count)
        var next = 0
        var limit = "32"
        var charging = "0"
        for (index, row) in wanted.enumerated() {
            guard index < exact.count, index < published.count else { return }
            let time = try #require(Double(row[0]))
            while next < rows.count, rows[next].time <= time {
                if rows[next].signal == "charger.limit" { limit = rows[next].value }
                if rows[next].signal == "charger.charging" { charging = rows[next].value }
                next += 1
            }
            let current = try #require(Double(exact[index].value))
            let found = [String(time), limit, charging, String(format: "%.6f", current), published[index].value]
            #expect(exact[index].time == time)
            #expect(found == [String(time)] + row.dropFirst(), "row \(index + 1)")
        }
    }

    // MARK: Detectors

    @Test("every detector fires when the table says", arguments: traces)
    func detectors(_ trace: Trace) throws {
        let rows = try Self.table("detector-events").filter { $0[0] == trace.scenario && $0[1] == trace.law && $0[2] != "swing" }
        try #require(!rows.isEmpty)
        var settings: [String] = []
        var wanted: [[(start: String, end: String)]] = []
        for row in rows {
            let setting = Self.setting(kind: row[2], parameters: row[3])
            if settings.last != setting {
                settings.append(setting)
                wanted.append([])
            }
            if !row[4].isEmpty { wanted[wanted.count - 1].append((row[4], row[5])) }
        }
        #expect(Set(settings).count == settings.count, "rows of one detector stand together")
        let text = trace.text + "detectors:\n" + settings.enumerated().map { "  d\($0): {\($1)}\n" }.joined()
        let run = try Recorded(text)
        for (index, setting) in settings.enumerated() {
            let found = try run.alarms("d\(index)")
            #expect(found.map { Double($0.start) } == wanted[index].map { Double($0.start) }, "\(setting)")
            #expect(found.map { Double($0.end) } == wanted[index].map { Double($0.end) }, "\(setting)")
        }
    }

    /// `watch=published;window=10s;above=20A` as the settings of a detector.
    static func setting(kind: String, parameters: String) -> String {
        var parts = ["is: \(kind)"]
        for parameter in parameters.split(separator: ";") {
            let pair = parameter.split(separator: "=", maxSplits: 1).map(String.init)
            switch pair[0] {
            case "watch": parts.append("watch: \(pair[1] == "exact" ? "charger.current" : "can0.current")")
            case "min_samples": parts.append("min_samples: \(pair[1])")
            // What a swing is decides the comparison.
            case "compare" where kind == "oscillation": break
            default: parts.append("\(pair[0]): \(pair[1].hasSuffix("s") || pair[1].first?.isNumber != true ? pair[1] : spaced(pair[1]))")
            }
        }
        return parts.joined(separator: ", ")
    }

    private static func spaced(_ text: String) -> String {
        let number = text.prefix { $0.isNumber || $0 == "." }
        return number.count == text.count ? text : "\(number) \(text.dropFirst(number.count))"
    }

    @Test("frames, calls, sessions and energies are those of the reference")
    func invariants() throws {
        for (law, peak, sum, mean, energy) in [("exponential", 43.0, 1513.0, 15.784, 167.934), ("linear", 40, 640, 10, 71.111)] {
            let trace = Trace(file: "", scenario: "repeated", law: law)
            let run = try Recorded(trace.text)
            let frames = try run.directory.text("frames.log").split(separator: "\n")
            func count(id: String) -> Int { frames.filter { $0.contains(" \(id)#") }.count }
            #expect(["300", "200", "201", "210"].map { count(id: $0) } == [64, 8, 8, 16] as [Int])
            let messages = try run.messages()
            let calls = messages.filter { $0["messageType"] as? String == "CALL" }
            #expect(calls.filter { $0["direction"] as? String == "csms-to-cp" }.count == 32)
            func count(action: String) -> Int { calls.filter { $0["action"] as? String == action }.count }
            #expect(count(action: "StartTransaction") == 8)
            #expect(count(action: "StopTransaction") == 8)
            let published = try run.values("can0.current")
            #expect(published.max() == peak)
            #expect(published.reduce(0, +) == sum)
            #expect(zip(published, published.dropFirst()).map { abs($0 - $1) }.max() == 20)
            let exact = try run.values("charger.current")
            #expect(abs(exact.prefix(8).reduce(0, +) / 8 - mean) < 5e-5)
            let register = try #require(try run.values("charger.energy").last)
            #expect(abs(register - energy) < 0.0005)
            #expect(frames.contains { $0.hasSuffix("can0 210#6400") }, "100 A in two bytes, the low one first")
        }
    }

    @Test("the energy of the first sessions is that between start and stop")
    func sessionEnergy() throws {
        let run = try Recorded(Trace(file: "", scenario: "repeated", law: "exponential").text)
        let rows = try run.samples("charger.energy").compactMap { row in Double(row.time).flatMap { time in Double(row.value).map { (time, $0) } } }
        func register(_ time: Double) -> Double { rows.last { $0.0 <= time }?.1 ?? 0 }
        let found = (0..<3).map { register(Double($0) * 8 + 5) - register(Double($0) * 8 + 3) }
        for (value, wanted) in zip(found, [6.222, 7.732, 7.986]) { #expect(abs(value - wanted) < 0.00051) }
    }

    @Test("one cycle has its messages in the order of the protocol")
    func order() throws {
        let run = try Recorded(Trace(file: "", scenario: "repeated", law: "exponential").text)
        let cycle = try run.messages().filter { message in
            (message["t_s"] as? Double).map { $0 >= 8 && $0 < 16 } == true && message["action"] as? String != "MeterValues"
        }
        let found = cycle.map { "\($0["t_s"] ?? "") \($0["messageType"] ?? "") \($0["action"] ?? "")" }
        #expect(
            found == [
                "8 CALL SetChargingProfile", "8 CALLRESULT SetChargingProfile", "10 CALL SetChargingProfile", "10 CALLRESULT SetChargingProfile",
                "11 CALL RemoteStartTransaction", "11 CALLRESULT RemoteStartTransaction", "11 CALL StatusNotification", "11 CALLRESULT StatusNotification",
                "11 CALL StartTransaction", "11 CALLRESULT StartTransaction", "11 CALL StatusNotification", "11 CALLRESULT StatusNotification",
                "13 CALL RemoteStopTransaction", "13 CALLRESULT RemoteStopTransaction", "13 CALL StopTransaction", "13 CALLRESULT StopTransaction",
                "13 CALL StatusNotification", "13 CALLRESULT StatusNotification",
            ])
        let meters = try run.messages().filter { $0["action"] as? String == "MeterValues" && $0["messageType"] as? String == "CALL" }
        #expect(meters.count == 64 || meters.count == 63)
    }
}
