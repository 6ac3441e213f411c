import Foundation
import JSONText
import Testing

@testable import Engine

/// Whether two runs are the same, and where they first part.
@Suite("comparing runs")
struct ComparisonTests {
    private let all = "[signals, frames, messages]"

    private func text(limit: Int = 40, more: String = "", ramp: String = "20%") -> String {
        head("30s", record: all) + onBus(ramp: ramp)
            + "steps:\n  - {send: RemoteStartTransaction, to: cp1}\n  - wait: 10s\n  - {send: SetChargingProfile, to: cp1, with: {limit: \(limit) A}}\n" + more
            + "detectors:\n  high: {is: threshold, watch: charger.current, above: 35 A}\nexpect:\n  - =count(high) == 1\n"
    }

    /// A directory with one file of events and a report.
    private func made(_ name: String, _ text: String, report: String = "{\"verdict\":\"pass\"}") throws -> ScratchDirectory {
        let directory = try ScratchDirectory()
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory.path)/\(name)"))
        try Data(report.utf8).write(to: URL(fileURLWithPath: "\(directory.path)/report.json"))
        return directory
    }

    private func compared(_ name: String, _ a: String, _ b: String) throws -> RunComparison {
        let one = try made(name, a)
        let two = try made(name, b)
        return try withExtendedLifetime((one, two)) { try RunComparison(one.path, two.path) }
    }

    @Test("a run is the same as itself, byte for byte")
    func identical() throws {
        let a = try Recorded(text())
        let b = try Recorded(text())
        let comparison = try RunComparison(a.directory.path, b.directory.path)
        #expect(comparison.isIdentical && comparison.isSame && comparison.first == nil && comparison.warnings.isEmpty)
        #expect(comparison.files.count == 7 && comparison.a.fingerprint == a.outcome.fingerprint && !comparison.a.fingerprint.isEmpty)
        #expect(comparison.document()["identical"]?.bool == true)
    }

    @Test("another seed without anything random: the same, and the seed is told")
    func seed() throws {
        let a = try Recorded(text())
        let b = try Recorded(text(), seed: 7)
        let comparison = try RunComparison(a.directory.path, b.directory.path)
        #expect(comparison.isSame && !comparison.isIdentical)
        #expect(comparison.conditions == [RunComparison.Change(name: "seed", a: "1", b: "7")])
    }

    @Test("another limit: the first message that says so, at its time, with its field; scores and expectations follow")
    func changedValue() throws {
        let a = try Recorded(text(limit: 40))
        let b = try Recorded(text(limit: 20))
        let comparison = try RunComparison(a.directory.path, b.directory.path)
        let first = try #require(comparison.first)
        #expect(first.file == "messages.jsonl" && first.kind == .value && first.time?.nanoseconds == 10_000_000_000)
        #expect(first.subject == "cp1 CALL SetChargingProfile")
        #expect(first.fields.contains { $0.a == "40" && $0.b == "20" && $0.name.hasSuffix("limit") })
        #expect(first.a.contains { $0.isDifferent } && first.a.first?.number == first.b.first?.number)
        #expect(comparison.differences.map(\.file).contains("frames.log"))
        #expect(comparison.differences.first { $0.file == "frames.log" }?.time.map { (10_000_000_000...11_000_000_000).contains($0.nanoseconds) } == true)
        #expect(comparison.results.map(\.name).contains("fingerprint"))
    }

    @Test("an inserted message is told from a changed one, although every number behind it moves")
    func insertedMessage() throws {
        let a = try Recorded(text())
        let b = try Recorded(text(more: "  - wait: 5s\n  - {send: TriggerMessage, to: cp1, with: {requestedMessage: Heartbeat}}\n"))
        let comparison = try RunComparison(a.directory.path, b.directory.path)
        let first = try #require(comparison.first)
        #expect(first.file == "messages.jsonl" && first.kind == .onlyInB && first.time?.nanoseconds == 15_000_000_000)
        #expect(first.subject == "cp1 CALL TriggerMessage" && (first.count ?? 0) >= 2)
        #expect(!first.a.contains { $0.isDifferent } && first.b.count { $0.isDifferent } == first.count)
        #expect(comparison.counts.contains(RunComparison.Change(name: "TriggerMessage csms-to-cp: calls", a: nil, b: "1")))
        let turned = try RunComparison(b.directory.path, a.directory.path)
        #expect(turned.first?.kind == .onlyInA)
    }

    @Test("rows of signals: a value, an insertion, another time, another event")
    func kinds() throws {
        let base = "t_s,signal,value,unit\n0,a,1,A\n1,b,2,A\n2,a,3,A\n4,a,9,A\n"
        func first(_ other: String) throws -> EventDifference { try #require(try compared("signals.csv", base, other).first) }
        let value = try first(base.replacingOccurrences(of: "1,b,2,A", with: "1,b,5,A"))
        #expect(value.kind == .value && value.fields == [RunComparison.Change(name: "value", a: "2 A", b: "5 A")] && value.a.first?.number == 1)
        let inserted = try first(base.replacingOccurrences(of: "2,a,3,A", with: "1.5,c,3,A\n2,a,3,A"))
        #expect(inserted.kind == .onlyInB && inserted.count == 1 && inserted.time?.nanoseconds == 1_500_000_000 && inserted.subject == "c")
        let moved = try first(base.replacingOccurrences(of: "2,a,3,A", with: "2.25,a,3,A"))
        #expect(moved.kind == .time && moved.times?.a.nanoseconds == 2_000_000_000 && moved.times?.b.nanoseconds == 2_250_000_000)
        let event = try first(base.replacingOccurrences(of: "1,b,2,A", with: "1,c,7,A"))
        #expect(event.kind == .event)
        let ended = try first(base.replacingOccurrences(of: "4,a,9,A\n", with: ""))
        #expect(ended.kind == .onlyInA && ended.ended == .b && !ended.isCutOff && ended.time?.nanoseconds == 4_000_000_000)
    }

    @Test("of labels that differ in their ends, the earliest end counts")
    func intervals() throws {
        let a = "start_s,end_s,kind,severity,name,target\n0,100,X,low,one,\n5,10,Y,low,two,\n"
        let b = "start_s,end_s,kind,severity,name,target\n0,120,X,low,one,\n5,8,Y,low,two,\n"
        let first = try #require(try compared("labels.csv", a, b).first)
        #expect(first.time?.nanoseconds == 8_000_000_000 && first.subject == "Y" && first.fields.map(\.name) == ["end_s"])
    }

    @Test("a file that only one run has is told, and is no difference")
    func missingFile() throws {
        let a = try made("signals.csv", "t_s,signal,value,unit\n0,a,1,A\n")
        let b = try made("other.txt", "")
        let comparison = try RunComparison(a.path, b.path)
        #expect(comparison.isSame && !comparison.isIdentical)
        #expect(comparison.files.contains(RunComparison.ComparedFile(name: "signals.csv", state: .only(.a))))
    }

    @Test("a last line that was cut off is told")
    func truncated() throws {
        let base = "t_s,signal,value,unit\n0,a,1,A\n1,b,2,A\n"
        let first = try #require(try compared("signals.csv", base, String(base.dropLast(3))).first)
        #expect(first.ended == .b && first.isCutOff)
    }

    @Test("an interrupted run is compared with a warning, with and without its report; what is no run cannot be compared")
    func incomplete() throws {
        let a = try made("signals.csv", "t_s,signal,value,unit\n0,a,1,A\n")
        let b = try made("signals.csv", "t_s,signal,value,unit\n0,a,2,A\n", report: "{\"verdict\":\"inc")
        #expect(throws: ComparisonError.self) { try RunComparison(a.path, b.path) }
        try Data().write(to: URL(fileURLWithPath: "\(b.path)/INCOMPLETE"))
        let comparison = try RunComparison(a.path, b.path)
        #expect(comparison.warnings.count == 1 && comparison.b.isIncomplete && comparison.first?.kind == .value)
        #expect(throws: ComparisonError.self) { try RunComparison(a.path, a.path + "/nothing") }
        #expect(throws: ComparisonError.self) { try RunComparison(a.path, a.path + "/report.json") }
        try FileManager.default.removeItem(atPath: a.path + "/report.json")
        #expect(throws: ComparisonError.self) { try RunComparison(a.path, a.path) }
    }

    @Test("garbage in any file is compared like anything else", arguments: ["signals.csv", "frames.log", "messages.jsonl", "alarms.csv", "labels.csv"])
    func garbage(name: String) throws {
        var seed: UInt64 = 12345
        func random() -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return seed >> 33
        }
        for round in 0..<24 {
            let bytes = (0..<Int(random() % 5000)).map { _ in
                round % 2 == 0 ? UInt8(truncatingIfNeeded: random()) : Array("0123456789.,(){}[]\"#:-e\n at_s".utf8)[Int(random() % 29)]
            }
            var other = bytes
            if !other.isEmpty { other[Int(random()) % other.count] ^= 1 }
            let a = try made(name, "")
            let b = try made(name, "")
            try Data(bytes).write(to: URL(fileURLWithPath: "\(a.path)/\(name)"))
            try Data(other).write(to: URL(fileURLWithPath: "\(b.path)/\(name)"))
            let comparison = try RunComparison(a.path, b.path)
            #expect((comparison.first == nil) == bytes.isEmpty)
            _ = comparison.document().text(.pretty)
        }
    }

    @Test("files far larger than what is kept in memory are compared in little of it, a line without end among them")
    func huge() throws {
        let a = try made("signals.csv", "t_s,signal,value,unit\n")
        let b = try made("signals.csv", "t_s,signal,value,unit\n")
        for (directory, tail) in [(a, "1,b,2,A\n"), (b, "1,b,3,A\n")] {
            let handle = try #require(FileHandle(forWritingAtPath: "\(directory.path)/signals.csv"))
            // A hole of 192 MB reads as zeros and takes no room on the disk.
            try handle.truncate(atOffset: 192 << 20)
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(("\n" + tail).utf8))
        }
        let before = peak()
        let first = try #require(try RunComparison(a.path, b.path).first)
        #expect(first.kind == .value && first.time?.nanoseconds == 1_000_000_000 && first.a.first { $0.isDifferent }?.number == 3)
        // Other tests run at the same time: the two files have 384 MiB.
        #expect(peak() - before < 128 << 10, "more than 128 MiB")
    }

    /// The most memory that this process has had, in KiB.
    private func peak() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }

    @Test("seconds are read exactly, and nothing else is read")
    func seconds() {
        for (text, wanted) in [("0", 0), ("1.5", 1_500_000_000), ("-0.000000001", -1), ("946684800.123456", 946_684_800_123_456_000)] as [(String, Int64)] {
            #expect(EventRow.nanoseconds(text.utf8) == wanted)
        }
        for text in ["", "-", ".", "1.", ".5", "1e3", "99999999999999999999", "1.0000000001", "9223372037", "1 "] {
            #expect(EventRow.nanoseconds(text.utf8) == nil, "\(text)")
        }
    }
}
