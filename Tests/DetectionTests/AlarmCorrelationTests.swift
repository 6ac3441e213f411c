import Quantities
import Testing

@testable import Detection

struct AlarmCorrelationTests {
    private func make(_ values: [String: DetectorSettingValue], parts: Int) throws -> any AlarmJoining {
        let kind = try #require(DetectorKind.named("correlate-alarms"))
        return try kind.makeJoining(values, parts: parts)
    }

    private func edge(_ seconds: Double, _ kind: AlertEdge.Kind = .firing, peak: Double = 2) -> AlertEdge {
        AlertEdge(kind: kind, at: Instant(seconds: seconds), onset: Instant(seconds: seconds), peak: peak)
    }

    @Test("alarms in their order about one charge point are a campaign, about several they are none")
    func ordered() throws {
        var join = try make(["order": .word("temporal-ordered"), "group_by": .word("blame"), "within": .duration(.seconds(60))], parts: 3)
        for (time, part, blame) in [(1.0, 0, "cp1"), (5, 1, "cp2"), (6, 2, "cp1: flood: too many"), (10, 1, "cp1")] {
            join.note(edge(time), ofPart: part, about: blame)
            #expect(join.score(at: Instant(seconds: time)) == 0)
        }
        join.note(edge(20), ofPart: 2, about: "cp1: flood: too many")
        #expect(join.score(at: Instant(seconds: 20)) == 1)
        #expect(join.blame == "cp1" && join.onset == Instant(seconds: 1))
        #expect(join.nextExpiry(after: Instant(seconds: 20)) == Instant(seconds: 61))
        #expect(join.score(at: Instant(seconds: 60.9)) == 1)
        #expect(join.score(at: Instant(seconds: 61)) == 0)
        #expect(join.nextExpiry(after: Instant(seconds: 61)) == nil)
    }

    @Test("counts hold until the oldest alarm has left the window, and resolved alarms do not count")
    func counted() throws {
        var join = try make(["at_least": .number(3), "within": .duration(.seconds(10))], parts: 1)
        for second in [0.0, 2, 4, 6] {
            join.note(edge(second), ofPart: 0, about: "")
            join.note(edge(second + 1, .resolved), ofPart: 0, about: "")
        }
        #expect(join.score(at: Instant(seconds: 7)) == 4.0 / 3)
        #expect(join.nextExpiry(after: Instant(seconds: 7)) == Instant(seconds: 10))
        #expect(join.score(at: Instant(seconds: 11)) == 1)
        #expect(join.score(at: Instant(seconds: 12)) == 0)
        join.note(edge(13), ofPart: 7, about: "")
        #expect(join.score(at: Instant(seconds: 13)) == 0)
    }

    @Test("distinct objects, distinct detectors, and sums, means and percentiles of scores count")
    func values() throws {
        func score(_ values: [String: DetectorSettingValue]) throws -> Double {
            var join = try make(values, parts: 4)
            for (index, blame) in ["cp1", "cp2", "cp1", "cp3", "cp1"].enumerated() {
                join.note(edge(Double(index), peak: Double(index + 1)), ofPart: index % 2, about: blame)
            }
            return join.score(at: Instant(seconds: 5))
        }
        #expect(try score(["order": .word("value-count"), "at_least": .number(3)]) == 1)
        #expect(try score(["order": .word("value-count"), "field": .word("detector"), "at_least": .number(2)]) == 1)
        #expect(try score(["order": .word("value-sum"), "at_least": .number(10)]) == 1.5)
        #expect(try score(["order": .word("value-avg"), "above": .number(2)]) == 1.5)
        #expect(try score(["order": .word("value-percentile"), "percentile": .number(50), "at_least": .number(3)]) == 1)
        #expect(try score(["order": .word("value-percentile"), "percentile": .number(100), "above": .number(5)]) < 1)
        #expect(try score(["order": .word("temporal"), "within": .duration(.seconds(9))]) == 0)
    }

    @Test("settings without sense are named")
    func wrong() {
        #expect(throws: DetectionError.missing(setting: "at_least")) { try make([:], parts: 2) }
        #expect(throws: DetectionError.outOfRange(setting: "parts", requirement: "a list of at least two detectors for a sequence")) {
            try make(["order": .word("temporal")], parts: 1)
        }
        #expect(throws: DetectionError.outOfRange(setting: "within", requirement: "longer than 0 s")) {
            try make(["at_least": .number(1), "within": .duration(.zero)], parts: 2)
        }
    }

    @Test("odd instants and any number of objects do no harm")
    func garbage() throws {
        var random = SplitMix(state: 1)
        var join = try make(["order": .word("temporal"), "group_by": .word("blame"), "max_groups": .count(16)], parts: 2)
        for step in 0..<4000 {
            let time: Int64 = Int.random(in: 0..<30, using: &random) == 0 ? [.min, .max, 0][step % 3] : Int64(step) * 1_000_000
            let instant = Instant(nanoseconds: time)
            join.note(
                AlertEdge(kind: .firing, at: instant, onset: instant, peak: .infinity), ofPart: step % 3, about: "cp\(Int.random(in: 0..<40, using: &random))")
            let score = join.score(at: instant)
            #expect(score == 0 || score == 1)
            if let next = join.nextExpiry(after: instant) { #expect(next > instant) }
        }
    }
}
