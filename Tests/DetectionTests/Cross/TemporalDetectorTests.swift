import Quantities
import Testing

@testable import Detection

struct TemporalDetectorTests {
    private let a = TemporalFormula.atom(TemporalAtom(input: 0, .greater))
    private let b = TemporalFormula.atom(TemporalAtom(input: 1, .greater))

    private func within(_ from: Int64, _ to: Int64) -> TemporalBounds { TemporalBounds(from: .seconds(from), to: .seconds(to)) }

    /// The seconds at which a detector says so, with every timer called.
    private func alarms(_ formula: TemporalFormula, _ samples: [(Double, Double, Double)], until end: Double = 30) throws -> [Double] {
        let detector = try TemporalDetector(formula)
        var found: [Double] = []
        func runTimers(before time: Double) {
            while let due = detector.nextTimer, due.seconds < time { if detector.timer(at: due) ?? 0 >= 1 { found.append(due.seconds) } }
        }
        for (time, first, second) in samples {
            runTimers(before: time)
            let now = Instant(seconds: time)
            #expect(detector.update(at: now, input: 0, value: first) == nil)
            #expect(detector.update(at: now, input: 1, value: second) == nil)
            if detector.timer(at: now) ?? 0 >= 1 { found.append(time) }
        }
        runTimers(before: end)
        return found
    }

    @Test("a promise is broken when its time is over, and not when it is kept at the last instant")
    func promises() throws {
        let formula = TemporalFormula.always(.all, .implies(a, .eventually(within(0, 5), b)))
        #expect(try alarms(formula, [(0, -1, -1), (2.25, 1, -1), (3, -1, -1)]).first == 7.25)
        #expect(try alarms(formula, [(0, -1, -1), (2, 1, -1), (3, -1, -1), (7, -1, 1)]).isEmpty)
        #expect(try alarms(formula, [(0, -1, -1), (2, 1, -1), (2.5, -1, -1), (7.25, -1, 1)]) == [7])
    }

    @Test("a promise to keep something is broken at once, and the alarm lasts as long as the breach")
    func duties() throws {
        let formula = TemporalFormula.implies(a, .always(within(0, 5), b))
        #expect(try alarms(formula, [(0, -1, -1), (2, 1, 1), (3, -1, 1), (4, -1, -1), (4.5, -1, 1), (9, -1, -1)]) == [4])
        // Until 5 s after the last instant of a, which lasts up to 3 s.
        #expect(try alarms(formula, [(0, -1, 1), (2, 1, 1), (3, -1, 1), (7.9, -1, -1)]) == [7.9])
        #expect(try alarms(.always(within(2, 4), b), [(0, 0, -1), (1, 0, -1), (2, 0, 1), (5, 0, -1)]) == [5])
    }

    @Test("what must happen and what must hold are judged each at its own time")
    func conjunctions() throws {
        let formula = TemporalFormula.implies(a, .and(.eventually(within(0, 5), b), .always(within(0, 3), .not(b))))
        #expect(try alarms(formula, [(0, -1, -1), (1, 1, -1), (1.5, -1, -1), (2, -1, 1), (3, -1, -1)]) == [2])
        #expect(try alarms(formula, [(0, -1, -1), (1, 1, -1), (1.5, -1, -1)]).first == 6)
    }

    @Test("the border belongs to <= and >= but not to < and >", arguments: TemporalComparison.allCases)
    func borders(_ comparison: TemporalComparison) throws {
        let holds = [.atMost, .atLeast, .equal].contains(comparison)
        for isNegated in [false, true] {
            let atom = TemporalFormula.atom(TemporalAtom(input: 0, comparison))
            let monitor = try TemporalMonitor(.once(.all, isNegated ? .not(atom) : atom))
            monitor.update(at: .zero, input: 0, number: 0)
            monitor.advance(to: .zero)
            #expect(monitor.robustness == 0)
            #expect((monitor.robustness?.sign == .plus) == (holds != isNegated))
        }
    }

    @Test("the score is the distance over the scale of the unit, and the onset the instant that was promised for")
    func scores() throws {
        let amperes = TemporalFormula.atom(TemporalAtom(input: 0, .atMost, scale: 10))
        let volts = TemporalFormula.atom(TemporalAtom(input: 1, .atMost, scale: 400))
        let detector = try TemporalDetector(.or(amperes, .eventually(within(0, 4), volts)))
        _ = detector.update(at: .zero, input: 0, value: 30)
        _ = detector.update(at: .zero, input: 1, value: 100)
        #expect(detector.timer(at: .zero) == nil)
        #expect(detector.nextTimer == Instant(seconds: 4))
        #expect(detector.timer(at: Instant(seconds: 4)) == 1.25)
        #expect(detector.onset == .zero)
    }

    @Test("old inputs give no verdict")
    func ages() throws {
        let detector = try TemporalDetector(a, maximumAge: .seconds(3))
        _ = detector.update(at: .zero, input: 0, value: -1)
        #expect(detector.timer(at: .zero) == 2)
        let two = try TemporalDetector(.and(a, b), maximumAge: .seconds(3))
        _ = two.update(at: .zero, input: 0, value: -1)
        _ = two.update(at: .zero, input: 1, value: -1)
        #expect(two.timer(at: .zero) == 2)
        _ = two.update(at: Instant(seconds: 9), input: 0, value: -2)
        #expect(two.timer(at: Instant(seconds: 9)) == nil)
    }

    @Test("a formula survives its form as a code, and a broken code is an error")
    func codes() throws {
        let formula = TemporalFormula.implies(
            .rise(a), .and(.until(within(0, 4), a, .not(b)), .since(.all, .fall(b), .once(within(1, 2), .constant(true)))))
        #expect(try TemporalFormula(code: formula.code) == formula)
        for code in ["", "always", "not", "always x - true", "atom 0 <= x", "true true", "and true"] {
            #expect(throws: DetectionError.self) { try TemporalFormula(code: code) }
        }
        #expect(throws: DetectionError.self) { try TemporalFormula(code: String(repeating: "not ", count: 100_000)) }
        for code in ["atom -1 <= 1", "atom 0 <= 0", "once 5 2 true", "eventually 0 - true", "once -5 2 true"] {
            #expect(throws: DetectionError.self) { try TemporalDetector(TemporalFormula(code: code)) }
        }
    }

    // MARK: - Composites

    private let instant = Instant(seconds: 1)

    @Test("k of n, weighted means and silence join alarms")
    func joins() throws {
        var two = try Composite(.kOfN, parts: 3, within: .seconds(5), least: 2)
        two.partFired(0, at: instant, score: 4)
        #expect(two.score(at: instant) == 0)
        two.partFired(2, at: instant, score: 1.5)
        #expect(two.score(at: instant) == 1.5)
        #expect(two.corroborating(at: instant) == 2)
        two.partResolved(2, at: instant, score: 1.5)
        #expect(two.score(at: Instant(seconds: 5.9)) == 1.5)
        #expect(two.score(at: Instant(seconds: 6)) == 0)
        var mean = try Composite(.weighted, parts: 2, weights: [1, 3], level: 2)
        mean.partFired(1, at: instant, score: 1000)
        #expect(mean.score(at: instant) == 1.5)
        mean.partFired(0, at: instant, score: 2)
        #expect(mean.score(at: instant) == 1.75)
        var none = try Composite(.noneOf, parts: 1, within: .seconds(2))
        #expect(none.score(at: instant) == 1)
        none.partFired(0, at: instant, score: 3)
        #expect(none.score(at: instant) == 0)
        none.partResolved(0, at: Instant(seconds: 4), score: 3)
        #expect(none.nextExpiry(after: Instant(seconds: 4)) == Instant(seconds: 6))
        #expect(none.score(at: Instant(seconds: 6)) == 1)
        #expect(throws: DetectionError.self) { try Composite(.kOfN, parts: 2, least: 3) }
        #expect(throws: DetectionError.self) { try Composite(.weighted, parts: 2, weights: [1]) }
        let kind = try #require(DetectorKind.crossKinds.first { $0.name == "weighted" })
        var made = try kind.makeComposite(["weights": .texts(["1", "3"]), "above": .number(2)], parts: 2)
        made.partFired(1, at: instant, score: 1000)
        #expect(made.score(at: instant) == 1.5)
    }

    @Test("an alarm that others confirm is more serious")
    func corroboration() throws {
        var watch = try Corroboration(detectors: 4, within: .seconds(5), needed: 2)
        for (detector, time) in [(0, 1.0), (1, 2)] { watch.note(AlertEdge(kind: .firing, at: Instant(seconds: time), onset: .zero, peak: 2), of: detector) }
        #expect(watch.severity(.medium, of: 3, at: Instant(seconds: 3)) == .high)
        #expect(watch.severity(.medium, of: 0, at: Instant(seconds: 3)) == .medium)
        watch.note(AlertEdge(kind: .resolved, at: Instant(seconds: 4), onset: .zero, peak: 2), of: 0)
        #expect(watch.severity(.medium, of: 3, at: Instant(seconds: 9)) == .high)
        #expect(watch.severity(.medium, of: 3, at: Instant(seconds: 10)) == .medium)
        #expect(Severity.critical.raised(by: 3) == .critical)
    }

    // MARK: - Patterns

    private func pattern(scale: Double, length: Double, turned: Bool = false) throws -> AlarmPattern {
        let values = [0, 0, 1, 4, 9, 16, 9, 4, 1, 0].map { (turned ? -$0 : $0) * scale }
        let times = values.indices.map { Instant(seconds: Double($0) * length / 10) }
        return try #require(AlarmPattern(times: times, values: values, from: .zero, to: Instant(seconds: length)))
    }

    @Test("a shape that was seen before is known again, and a full memory forgets the one unseen for longest")
    func patterns() throws {
        var memory = try PatternMemory(maximumDistance: 0.35, capacity: 2)
        let first = memory.note(try pattern(scale: 1, length: 20), at: Instant(seconds: 1))
        let again = memory.note(try pattern(scale: 1.2, length: 25), at: Instant(seconds: 60))
        let turned = memory.note(try pattern(scale: 1, length: 20, turned: true), at: Instant(seconds: 61))
        let isMarked = memory.mark(1, benign: true)
        let harmless = memory.note(try pattern(scale: 1, length: 20), at: Instant(seconds: 62))
        let large = memory.note(try pattern(scale: 100, length: 20), at: Instant(seconds: 63))
        #expect(first.text == "new pattern 1")
        #expect(again.text == "seen before: pattern 1, 2 times, last at 1 s")
        #expect(isMarked && harmless.isBenign)
        #expect([turned.number, large.number] == [2, 3])
        #expect(memory.entries.map(\.number) == [1, 3])
        var writer = StateWriter()
        memory.save(&writer)
        var copy = try PatternMemory(maximumDistance: 0.35, capacity: 2)
        var reader = StateReader(writer.bytes)
        try copy.restore(&reader)
        #expect(copy.entries == memory.entries)
        #expect(reader.isAtEnd)
        let next = try pattern(scale: 1, length: 20)
        let (one, other) = (copy.note(next, at: Instant(seconds: 64)), memory.note(next, at: Instant(seconds: 64)))
        #expect(one == other)
        #expect(AlarmPattern(times: [], values: [], from: .zero, to: instant) == nil)
        #expect(AlarmPattern(times: [.zero], values: [.nan], from: .zero, to: instant) == nil)
        #expect(AlarmPattern(times: [.zero], values: [5], from: .zero, to: instant)?.shape == [Double](repeating: 0, count: 16))
    }
}
