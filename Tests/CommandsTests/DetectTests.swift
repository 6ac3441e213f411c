import Foundation
import JSONText
import Testing

@testable import Commands

@Suite("evsim detect, evsim score, evsim bench detectors")
struct DetectTests {
    /// A current that swings in rows 100 to 119 and 160 to 169.
    private static let table =
        "timestamp,current_A,note,label\n"
        + (0..<200).map { row in
            let isWrong = (100..<120).contains(row) || (160..<170).contains(row)
            return "2024-01-01 00:0\(row / 60):\(row % 60 < 10 ? "0" : "")\(row % 60),\(isWrong && row % 2 == 0 ? 36 : 16),x,\(isWrong ? 1 : 0)\n"
        }.joined()

    private static let detectors = "swing: {is: moving-range, watch: data.current, window: 5s, above: 10 A}\n"

    /// The report of a detection, its directory and what the command said.
    private func detect(_ files: [String: String], _ arguments: [String]) throws -> (report: JSONValue, directory: TemporaryDirectory, outcome: Outcome) {
        let directory = try TemporaryDirectory()
        for (name, text) in files { _ = try directory.file(name, text) }
        let line = arguments.map { $0.replacingOccurrences(of: "@", with: directory.path + "/") }
        let outcome = evsim(["detect"] + line + ["--json", "-o", directory.path + "/out"])
        return ((try? JSONValue(parsing: outcome.output)) ?? .null, directory, outcome)
    }

    @Test("a table with a column of flags is played with its times, and the detector is scored")
    func table() throws {
        let (report, directory, outcome) = try detect(
            ["data.csv": Self.table, "d.yaml": Self.detectors], ["@data.csv", "--with", "@d.yaml", "--scores", "@s.csv", "--expect", "=recall(swing) == 1"])
        #expect(outcome.code == .fine, "\(outcome.errors)")
        let swing = report["detectors"]?[0]
        #expect(swing?["recall"]?.double == 1 && swing?["precision"]?.double == 1 && swing?["alarms"]?.integer == 2)
        #expect(swing?["latency_s"]?["max"]?.double == 0 && swing?["rows"]?["rows"]?.integer == 200)
        #expect(report["labels"]?.array?.map { $0["start_s"]?.double } == [100, 160] && report["labels"]?.array?.map { $0["end_s"]?.double } == [120, 170])
        let lines = try directory.read("s.csv").split(separator: "\n")
        #expect(lines.count == 201 && lines[0] == "time_s,detector,score,alarm,label,row,id")
        #expect(lines[101].hasSuffix(",1,1,101,") && lines[1].hasSuffix(",0,0,1,"))
        // The rows that were written give the same scores once more.
        let again = evsim("score", "--rows", directory.path + "/s.csv", "--json")
        let rows = try JSONValue(parsing: again.output)["detectors"]?[0]?["rows"]
        #expect(rows?["point"] == swing?["rows"]?["point"] && rows?["vus"] == swing?["rows"]?["vus"])
    }

    @Test("an expectation that does not hold ends with 1, and labels of a file win over the column")
    func expectation() throws {
        let labels = "start,end,kind\n2024-01-01 00:01:40,2024-01-01 00:02:00,SWING\n"
        let (report, _, outcome) = try detect(
            ["data.csv": Self.table, "d.yaml": Self.detectors, "l.csv": labels],
            ["@data.csv", "--with", "@d.yaml", "--labels", "@l.csv", "--expect", "count(swing) == 0"])
        #expect(outcome.code == .expectationFailed)
        #expect(report["detectors"]?[0]?["kinds"]?[0]?["kind"]?.string == "SWING" && report["detectors"]?[0]?["precision"]?.double == 0.5)
    }

    @Test("what is learnt is not judged: neither the beginning nor another file")
    func learning() throws {
        let files = ["data.csv": Self.table, "d.yaml": Self.detectors]
        let (begun, _, _) = try detect(files, ["@data.csv", "--with", "@d.yaml", "--learn-until", "140s"])
        #expect(
            begun["labels"]?.array?.count == 1 && begun["detectors"]?[0]?["rows"]?["rows"]?.integer == 60 && begun["detectors"]?[0]?["alarms"]?.integer == 1)
        let (trained, _, _) = try detect(files, ["@data.csv", "--with", "@d.yaml", "--train", "@data.csv"])
        #expect(trained["labels"]?.array?.map { $0["start_s"]?.double } == [300, 360] && trained["detectors"]?[0]?["rows"]?["rows"]?.integer == 200)
    }

    @Test("frames of a table without names, with its flag behind the bytes, are labelled one by one")
    func frames() throws {
        let lines = (0..<400).map { row in
            let isWrong = (200..<300).contains(row) && row % 2 == 0
            return "\(1478198376 + row / 100).\(String(format: "%02d", row % 100))0000,\(isWrong ? "0000" : "018f"),\(row % 2 == 0 ? 8 : 2),"
                + (0..<(row % 2 == 0 ? 8 : 2)).map { "0\($0)" }.joined(separator: ",") + (isWrong ? ",T" : ",R")
        }
        let detectors = "busy: {is: bus-load, watch: can0, bitrate: 500 kbit/s, window: 1s, above: 0.9}\n"
        let (report, _, outcome) = try detect(["can.csv": lines.joined(separator: "\n") + "\n", "d.yaml": detectors], ["@can.csv", "--with", "@d.yaml"])
        #expect(outcome.code == .fine, "\(outcome.errors)")
        #expect(report["labels"]?.array?.count == 1 && report["labels"]?[0]?["start_s"]?.double == 2)
        #expect(report["buses"]?[0]?["frames"]?.integer == 400)
        let point = report["detectors"]?[0]?["rows"]?["point"]
        #expect((point?["tp"]?.integer ?? 0) + (point?["fn"]?.integer ?? 0) == 50)
    }

    @Test("lines of OCPP messages are messages, and answers belong to their calls")
    func messages() throws {
        let lines = """
            2024-05-01T10:00:00Z cp1 up [2,"1","Heartbeat",{}]
            2024-05-01T10:00:01Z cp1 down [3,"1",{"currentTime":"2024-05-01T10:00:01Z"}]
            2024-05-01T10:00:02Z cp1 up [2,"2","Heartbeat",{}]
            2024-05-01T10:00:03Z cp1 down [3,"2",{"currentTime":"2024-05-01T10:00:03Z"}]

            """
        let detectors = "many: {is: rate, watch: ocpp.Heartbeat, count: 4, timespan: 10s}\n"
        let (report, _, outcome) = try detect(["log.txt": lines, "d.yaml": detectors], ["@log.txt", "--with", "@d.yaml"])
        #expect(outcome.code == .fine, "\(outcome.errors)")
        #expect(report["simulated_s"]?.double == 4)
    }

    @Test(
        "what cannot be read is said with the file and the line",
        arguments: [
            ("t,a\n1,2\nx,3\n", "data.csv:3: 'x' in the column 't' is no time"), ("", "is empty"), ("a\nb\n", "no column with numbers"),
            ("t,a\n1,\"2\n", "a quote is not closed"),
        ])
    func wrong(_ text: String, _ message: String) throws {
        let (_, _, outcome) = try detect(["data.csv": text, "d.yaml": "high: {is: threshold, watch: data.a, above: 3}\n"], ["@data.csv", "--with", "@d.yaml"])
        #expect(outcome.code != .fine && outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test(
        "unknown detectors, files and units are told",
        arguments: [
            (["@data.csv", "--with", "moving-rang"], "neither a file nor a kind of detector 'moving-rang'; did you mean 'moving-range'?"),
            (["@none.csv", "--with", "@d.yaml"], "there is no such file"),
            (["@data.csv", "--with", "@d.yaml", "--unit", "current_A=parsec"], "there is no unit 'parsec'"),
            (["@data.csv"], "detectors are needed"),
        ])
    func usage(_ arguments: [String], _ message: String) throws {
        let (_, _, outcome) = try detect(["data.csv": Self.table, "d.yaml": Self.detectors], arguments)
        #expect(outcome.code != .fine && outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test("alarms made elsewhere are scored against labels, by detector")
    func alarms() throws {
        let directory = try TemporaryDirectory()
        let alarms = try directory.file("a.csv", "start,end,detector\n12,14,one\n50,51,one\n11,13,two\n")
        let labels = try directory.file("l.csv", "start,end,kind\n10,20,A\n30,40,B\n")
        let outcome = evsim("score", "--alarms", alarms, "--labels", labels, "--end", "100s", "--json")
        #expect(outcome.code == .fine, "\(outcome.errors)")
        let detectors = try JSONValue(parsing: outcome.output)["detectors"]
        #expect(detectors?[0]?["recall"]?.double == 0.5 && detectors?[0]?["precision"]?.double == 0.5 && detectors?[0]?["false_alarms"]?.integer == 1)
        #expect(detectors?[0]?["kinds"]?[0]?["latency_s"]?["p50"]?.double == 2 && detectors?[1]?["precision"]?.double == 1)
        #expect(detectors?[0]?["false_alarms_per_hour"]?.double == 45)
    }

    @Test("NAB's corpus of several files is scored with windows from its own table")
    func nab() throws {
        let directory = try TemporaryDirectory()
        var lines = "timestamp,value,anomaly_score\n"
        for row in 0..<100 { lines += "2014-04-01 \(row / 60 < 1 ? "00" : "01"):\(row % 60 < 10 ? "0" : "")\(row % 60):00,1,\(row == 52 ? 0.9 : 0.1)\n" }
        let file = try directory.file("mine_art.csv", lines)
        let windows = try directory.file("w.json", #"{"a/art.csv": [["2014-04-01 00:50:00.000000", "2014-04-01 00:59:00.000000"]], "a/other.csv": []}"#)
        let outcome = evsim("score", "--nab", file, "--labels", windows, "--json")
        #expect(outcome.code == .fine, "\(outcome.errors)")
        let standard = try JSONValue(parsing: outcome.output)["nab"]?[0]
        #expect(standard?["threshold"]?.double == 0.9 && standard?["true_rows"]?.integer == 1 && (standard?["score"]?.double ?? 0) > 90)
    }

    @Test("detectors over scenarios with several seeds: labels of all runs are counted together, and runs without labels are all false")
    func bench() throws {
        let directory = try TemporaryDirectory()
        let scenario = { (name: String, label: String) in
            """
            evsim: 1
            scenario: \(name)
            run: {for: 60s}
            nodes:
              csms: {is: csms}
              cp1: {is: charge-point, csms: csms, meter_every: 1s}
            steps:
              - wait: 20s
              - {send: RemoteStartTransaction, to: cp1\(label)}
              - wait: 10s
            detectors:
              charging: {is: threshold, watch: cp1.current, above: 5 A}
            """
        }
        _ = try directory.file("set/a.yaml", scenario("a", ", label: {kind: START, for: 10s}"))
        _ = try directory.file("set/b.yaml", scenario("b", ""))
        let outcome = evsim("bench", "detectors", directory.path + "/set", "--seeds", "2", "-j", "2", "--json", "--plot", directory.path + "/m.png")
        #expect(outcome.code == .fine, "\(outcome.errors)")
        let document = try JSONValue(parsing: outcome.output)
        #expect(document["runs"]?.array?.count == 4 && document["matrix"]?.array?.count == 2)
        #expect(document["matrix"]?[0]?["kind"]?.string == "START" && document["matrix"]?[0]?["labels"]?.integer == 2)
        #expect(document["matrix"]?[1]?["kind"] == .null && document["matrix"]?[1]?["false_alarms"]?.integer == 2)
        #expect(directory.has("m.png"))
        let alone = evsim("bench", "detectors", directory.path + "/set", "--seeds", "2", "-j", "1", "--json")
        #expect(alone.output == outcome.output)
    }
}
