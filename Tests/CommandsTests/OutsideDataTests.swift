import Foundation
import JSONText
import Testing

@testable import Commands

/// The forms in which public data sets come, each with one command.
@Suite("evsim detect on the forms of public data sets")
struct OutsideDataTests {
    /// Frames of four identifiers each 20 ms, and frames 0x000 between them from the second on.
    private static let frames: [(time: Double, id: UInt32, data: [UInt8], isAttack: Bool)] = (0..<600).flatMap { row in
        let time = 1_478_198_376 + Double(row) * 0.005
        let id: UInt32 = [0x316, 0x18F, 0x260, 0x2A0][row % 4]
        let data: [UInt8] = id == 0x18F ? [1, 2] : [UInt8(row / 4 % 16), 5, 0x21, UInt8(row % 7), 0, 0, 0, 9]
        let attack: [(Double, UInt32, [UInt8], Bool)] = row >= 400 && row % 5 == 0 ? [(time + 0.001, 0, [UInt8](repeating: 0, count: 8), true)] : []
        return [(time, id, data, false)] + attack
    }

    private static func lines(_ text: (_ time: String, _ id: String, _ bytes: [String], _ isAttack: Bool) -> String) -> String {
        frames.map { frame in
            text(
                String(format: "%.6f", frame.time), String(format: "%03X", frame.id), frame.data.map { String(format: "%02x", $0) }, frame.isAttack)
        }.joined(separator: "\n") + "\n"
    }

    private static func base64(_ bytes: [String]) -> String { Data(bytes.map { UInt8($0, radix: 16) ?? 0 }).base64EncodedString() }

    /// The clean beginning as a listing.
    private static let clean =
        frames.filter { !$0.isAttack }.map { frame in
            String(format: "Timestamp: %.6f        ID: %04x    000    DLC: %d    ", frame.time, frame.id, frame.data.count)
                + frame.data.map { String(format: "%02x", $0) }.joined(separator: " ")
        }.joined(separator: "\n") + "\n"

    private static let files: [(name: String, text: String)] = [
        ("bare.csv", lines { "\($0),0\($1),\($2.count),\($2.joined(separator: ",")),\($3 ? "T" : "R")" }),
        (
            "named.csv",
            "Timestamp,ID,DLC,DATA0,DATA1,DATA2,DATA3,DATA4,DATA5,DATA6,DATA7,Flag\r\n"
                + lines { "\($0),0\($1),\($2.count),\($2.joined(separator: ",")),\($3 ? "T" : "R")\r" }
        ),
        (
            "challenge.csv",
            "Timestamp,Arbitration_ID,DLC,Data,Class,SubClass\n"
                + lines { "\($0),\($1),\($2.count),\($2.joined(separator: " ").uppercased()),\($3 ? "Attack,ANOMALY" : "Normal,Normal")" }
        ),
        ("train-test.csv", "timestamp,arbitration_id,data_field,attack\n" + lines { "\($0),\($1),\($2.joined().uppercased()),\($3 ? 1 : 0)" }),
        ("marked.log", lines { "(\($0)) can0 \($1)#\($2.joined().uppercased()) \($3 ? 1 : 0)" }),
        ("road.log", lines { time, id, bytes, _ in "(\(time)) can0 \(id)#\(bytes.joined().uppercased())" }),
        (
            "python.csv",
            "timestamp,arbitration_id,extended,remote,error,dlc,data\n"
                + lines { time, id, bytes, _ in "\(time),0x\(id),0,0,0,\(bytes.count),\(base64(bytes))" }
        ),
    ]

    private func detect(_ files: [(String, String)], _ arguments: [String]) throws -> (report: JSONValue, scores: [[Substring]], outcome: Outcome) {
        let directory = try TemporaryDirectory()
        for (name, text) in files { _ = try directory.file(name, text) }
        let line = arguments.map { $0.replacingOccurrences(of: "@", with: directory.path + "/") }
        let outcome = evsim(["detect"] + line + ["--json", "-o", directory.path + "/out", "--scores", directory.path + "/s.csv"])
        let rows = ((try? directory.read("s.csv")) ?? "").split(separator: "\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        return ((try? JSONValue(parsing: outcome.output)) ?? .null, Array(rows), outcome)
    }

    @Test("frames of every form of table and log are read alike, and each attack frame is found by the number of its row", arguments: files.map(\.name))
    func frames(_ name: String) throws {
        let text = Self.files.first { $0.name == name }?.text ?? ""
        let rows = Self.frames.count
        let attacks = Set(Self.frames.indices.filter { Self.frames[$0].isAttack }.map { "\($0 + 1)" })
        let captures = #"{"road": {"elapsed_sec": 3, "injection_interval": [2.0, 3.0], "injection_id": "0x000", "injection_data_str": "00XXXXXXXXXXXXXX"}}"#
        let labels = name == "road.log" ? ["--labels", "@captures.json"] : []
        let (_, scores, outcome) = try detect(
            [(name, text), ("clean.txt", Self.clean), ("captures.json", captures)], ["@" + name, "--train", "@clean.txt", "--with", "can-ids"] + labels)
        #expect(outcome.code == .fine, "\(outcome.errors)")
        let judged = scores.filter { !$0[5].isEmpty }
        #expect(judged.count == rows)
        #expect(Set(judged.filter { $0[3] == "1" }.map { String($0[5]) }) == attacks)
        #expect(Set(judged.filter { $0[4] == "1" }.map { String($0[5]) }) == (name == "python.csv" ? [] : attacks))
        #expect(judged.allSatisfy { ($0[6] == "0x000") == attacks.contains(String($0[5])) })
    }

    /// A sine with a flat stretch in rows 601 to 640.
    private static let wave: [Double] = (0..<1000).map { (row: Int) -> Double in
        if (600..<640).contains(row) { return 0.2 }
        let noise = Double(row * 7919 % 101) / 1000
        return sin(Double(row) / 8) + noise
    }

    @Test(
        "the names of files of UCR and TSB-AD say what is learnt and where the anomaly is",
        arguments: ["001_UCR_Anomaly_wave_400_601_640.txt", "002_UCR_Anomaly_line_400_601_640.txt", "003_WAVE_id_1_Sensor_tr_400_1st_600.csv"])
    func benchmarks(_ name: String) throws {
        var text = Self.wave.map { String(format: "  %.7e", $0) }.joined(separator: name.contains("line") ? "" : "\n") + "\n"
        if name.hasSuffix("csv") { text = "Data,Label\n" + Self.wave.enumerated().map { "\($1),\((600..<640).contains($0) ? 1 : 0)\n" }.joined() }
        let (report, scores, outcome) = try detect([(name, text)], ["@" + name, "--with", "series"])
        #expect(outcome.code == .fine, "\(outcome.errors)")
        #expect(outcome.errors.contains("the first 400 rows are for learning"))
        #expect(scores.count == 600 && scores.first?[5] == "401")
        #expect(scores.filter { $0[4] == "1" }.map { String($0[5]) } == (601...640).map { "\($0)" })
        #expect(report["detectors"]?[0]?["recall"]?.double == 1)
    }

    @Test("a split learns what lies before it, by rows, share or time; with another file it parts both")
    func split() throws {
        let table = "time,value\n" + Self.wave.enumerated().map { "\($0),\($1)\n" }.joined()
        for split in ["400", "40%", "400s"] {
            let (_, scores, outcome) = try detect([("a.csv", table)], ["@a.csv", "--split", split, "--with", "series"])
            #expect(outcome.code == .fine && scores.filter { !$0[2].isEmpty }.first?[5] == "401", "\(outcome.errors)")
        }
        let (_, scores, outcome) = try detect([("a.csv", table), ("b.csv", table)], ["@a.csv", "--train", "@b.csv", "--split", "40%", "--with", "series"])
        #expect(outcome.code == .fine && scores.count == 600 && scores.first?[5] == "401", "\(outcome.errors)")
        let (_, _, wrong) = try detect([("a.csv", table)], ["@a.csv", "--split", "soon", "--with", "series"])
        #expect(wrong.code == .usage && wrong.errors.contains("60s, 30%, 5000"))
    }

    @Test("a few damaged rows are left out and told; rows of several columns are judged together, and columns that tell the truth are no signals")
    func rows() throws {
        var text = "flow_id,packets,bytes,flow_start_timestamp,changepoint,label\n"
        for row in 0..<600 {
            let isWrong = row > 400 && row % 40 == 0
            let packets = 20 + row * 7919 % 13 + (isWrong ? 900 : 0)
            let bytes = packets * 60 + row * 31 % 17
            let time = row == 77 ? "oops" : "\(1_714_557_600 + row)"
            text += "f\(row),\(packets),\(bytes),\(time),\(isWrong ? 1 : 0),\(isWrong ? "flood" : "normal")\n"
        }
        let (report, scores, outcome) = try detect([("flows.csv", text)], ["@flows.csv", "--split", "50%", "--with", "rows"])
        #expect(
            outcome.code == .fine && outcome.errors.contains("1 rows of the data could not be understood and were left out; the first is flows.csv:79"),
            "\(outcome.errors)")
        #expect(scores.count == 299 && report["detectors"]?[0]?["rows"]?["point"]?["f1"]?.double == 1, "\(report["detectors"]?[0] ?? .null)")
    }
}
