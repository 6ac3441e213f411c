import Quantities
import Testing

@testable import Detection

/// What becomes of alerts beside their times.
struct AlarmPolicyTests {
    private static func at(_ seconds: Double) -> Instant { Instant(seconds: seconds) }

    private func monitor(_ policy: AlarmPolicy = AlarmPolicy(), _ change: (inout AlertSettings) -> Void = { _ in }) throws -> AlarmMonitor {
        var settings = AlertSettings()
        change(&settings)
        return try AlarmMonitor(name: "d", policy: policy, detector: nil, settings: settings)
    }

    private func feed(_ monitor: AlarmMonitor, _ scores: [(Double, Double?)]) { for (t, score) in scores { monitor.observe(score: score, at: Self.at(t)) } }

    @Test("a peak score and a length give the severity, and others raise it")
    func severity() throws {
        var policy = AlarmPolicy(severity: .low)
        #expect(policy.severity(peak: 100, length: .zero) == .low)
        policy.levels = [
            .init(from: 1, severity: .low), .init(from: 2, severity: .medium), .init(from: 4, severity: .high), .init(from: 8, severity: .critical),
        ]
        #expect([1, 1.9, 2, 4, 7.9, 8].map { policy.severity(peak: $0, length: .zero) } == [.low, .low, .medium, .high, .high, .critical])
        policy.escalateAfter = .seconds(10)
        #expect(policy.severity(peak: 2, length: .seconds(10)) == .medium)
        #expect(policy.severity(peak: 2, length: .seconds(11)) == .high)
        #expect(policy.severity(peak: 2, length: .seconds(11), confirmed: 3) == .critical)
        let found = try monitor(policy)
        feed(found, [(1, 1.5), (5, 5), (13, 0), (20, 1), (21, 0), (30, 2.5)])
        let alarms = found.finish(at: Self.at(50))
        #expect(alarms.map(\.severity) == [.critical, .low, .high])
        #expect(alarms.last?.end == nil)
        policy.levels.swapAt(0, 3)
        policy.levels[0] = .init(from: 0.5, severity: .critical)
        #expect(throws: DetectionError.self) { try policy.check() }
    }

    @Test("a score over so many times the last peak passes the rest")
    func breakthrough() throws {
        let found = try monitor {
            $0.rest = .seconds(100)
            $0.breakthrough = 3
        }
        feed(found, [(1, 2), (2, 0), (10, 6), (11, 6.1), (12, 0), (13, 18), (14, 0), (112, 1), (113, 0)])
        #expect(found.alarms.map(\.start.seconds) == [1, 11, 112])
        #expect(throws: DetectionError.self) { try monitor { $0.breakthrough = 0.5 } }
    }

    @Test("after a gap scores count only from a time on")
    func gaps() throws {
        let plain = try monitor()
        let found = try monitor { $0.warmupAfterGap = .seconds(5) }
        let scores = (0..<20).map { (Double($0), 0.0 as Double?) } + (60..<70).map { (Double($0), 2) } + [(70, 0), (75, 2), (76, 0)]
        for one in [plain, found] { feed(one, scores) }
        #expect(plain.alarms.map(\.start.seconds) == [60, 75])
        #expect(found.alarms.map(\.start.seconds) == [65, 75])
        #expect(throws: DetectionError.self) { try monitor { $0.warmupAfterGap = .seconds(-1) } }
    }

    @Test("while another alarm is on an alert is recorded only, and raised when it still fires after it")
    func suppression() throws {
        let other = try monitor()
        let own = try monitor()
        own.isSuppressed = { other.isRaised }
        feed(other, [(1, 2)])
        feed(own, [(2, 2)])
        #expect(own.isFiring && !own.isRaised && own.edges.allSatisfy { $0.kind == .pending })
        feed(own, [(3, 0)])
        #expect(own.alarms.isEmpty && own.suppressed.map(\.start.seconds) == [2] && own.edges.isEmpty)
        feed(own, [(4, 3)])
        #expect(!own.release(at: Self.at(5)))
        feed(other, [(6, 0)])
        #expect(own.release(at: Self.at(6)) && own.edges.map(\.kind) == [.firing])
        #expect(!own.release(at: Self.at(7)))
        feed(own, [(8, 0), (9, 2)])
        #expect(own.alarms.map(\.start.seconds) == [6, 9] && own.alarms.first?.evidence == Self.at(4))
        #expect(own.suppressed.count == 1)
    }

    @Test("more alarms than wanted within a time are one alarm that flaps")
    func flapping() throws {
        var policy = AlarmPolicy()
        policy.flap = .init(count: 3, within: .seconds(60))
        let found = try monitor(policy)
        feed(found, (0..<10).flatMap { [(Double($0) * 10, 2.0), (Double($0) * 10 + 5, 0)] })
        #expect(found.alarms.map(\.start.seconds) == [0, 10, 20, 30])
        #expect(found.alarms.map(\.note) == ["", "", "", "flapping: 7 alarms"])
        #expect(found.alarms.last?.end == Self.at(95))
        feed(found, [(300, 2), (301, 0), (302, 2), (303, 0)])
        #expect(found.alarms.map(\.start.seconds) == [0, 10, 20, 30, 300, 302])
        policy.flap?.count = 0
        #expect(throws: DetectionError.self) { try monitor(policy) }
    }

    @Test("an alarm whose detector gives no score is kept and noted as stale")
    func staleness() throws {
        var policy = AlarmPolicy()
        policy.staleness = .automatic
        let found = try monitor(policy)
        feed(found, (0..<10).map { (Double($0) * 8, 0) } + [(80, 2), (100, nil), (103, 2), (104, 0)])
        #expect(found.alarms.map(\.note) == [""])
        feed(found, [(112, 2), (150, 0)])
        #expect(found.alarms.last?.note == "stale since 137.846153846 s")
        policy.staleness = .after(.seconds(5))
        let other = try monitor(policy)
        feed(other, [(1, 2)])
        #expect(other.finish(at: Self.at(6)).map(\.note) == [""])
        #expect(other.finish(at: Self.at(60)).map(\.note) == ["stale since 6 s"])
        #expect(other.isFiring)
    }

    @Test("an anomaly that has become normal is noted and counted")
    func relearned() throws {
        let kind = try #require(DetectorKind.named("zscore"))
        let detector = try kind.makeDetector([
            "z": .number(4), "halflife": .duration(.seconds(20)), "learn": .word("normal-only"), "relearn_after": .duration(.seconds(30)),
            "floor": .number(0.5),
        ])
        let found = try AlarmMonitor(name: "d", policy: AlarmPolicy(), detector: detector)
        for second in 0..<400 { found.update(at: Self.at(Double(second)), value: (second < 200 ? 20 : 30) + Double(second % 3) / 2) }
        #expect(found.alarms.map(\.start.seconds) == [200] && found.alarms.first?.note == "relearned")
        #expect(found.health.relearned == 1)
    }

    @Test("the shape of an alarm is known again, and one that is harmless does not count")
    func patterns() throws {
        func run(_ benign: [Int]) throws -> AlarmMonitor {
            var policy = AlarmPolicy()
            policy.patterns = .init(before: .seconds(5), benign: benign)
            let found = try AlarmMonitor(name: "d", policy: policy, detector: Detector(try Threshold(above: 10)))
            for second in 0..<400 {
                let phase = second % 100
                let rise = second < 300 ? Double(min(phase, 40 - phase)) : phase < 40 ? phase % 2 == 0 ? 30 : 0 : 0
                found.update(at: Self.at(Double(second)), value: max(0, rise))
            }
            return found
        }
        let all = try run([])
        #expect(all.patterns.count >= 2)
        #expect(
            all.alarms.prefix(3).map(\.note) == [
                "new pattern 1", "seen before: pattern 1, 2 times, last at 30 s", "seen before: pattern 1, 3 times, last at 130 s",
            ])
        let some = try run([1])
        #expect(some.alarms.count == all.alarms.count - 3 && some.suppressed.count == 3)
        #expect(some.suppressed.last?.note.hasSuffix("harmless") == true)
    }

    @Test("a life-cycle that is saved and restored anywhere goes on with the same edges", arguments: [AlertTiming.onScores, .betweenScores])
    func restored(_ timing: AlertTiming) throws {
        var settings = AlertSettings()
        settings.lasting = .seconds(2)
        settings.keep = .seconds(3)
        settings.rest = .seconds(6)
        settings.clear = 0.8
        settings.breakthrough = 2
        settings.warmup = .seconds(4)
        settings.warmupAfterGap = .seconds(3)
        settings.timing = timing
        var random = SplitMix(state: 3)
        let samples: [(Instant, Double?)] = (0..<300).map { step in
            let score = Double.random(in: 0...1, using: &random) * (step / 15 % 2 == 0 ? 0.5 : 3) + (step / 15 % 2 == 0 ? 0 : 0.9)
            return (Self.at(Double(step) / 2), Int.random(in: 0..<9, using: &random) == 0 ? nil : score)
        }
        var whole = try AlertLifecycle(settings)
        var part = try AlertLifecycle(settings)
        var (a, b): ([AlertEdge], [AlertEdge]) = ([], [])
        for (instant, score) in samples {
            whole.observe(score, at: instant, edges: &a)
            part.observe(score, at: instant, edges: &b)
            var writer = StateWriter()
            part.save(&writer)
            part = try AlertLifecycle(settings)
            var reader = StateReader(writer.bytes)
            try part.restore(&reader)
            #expect(reader.isAtEnd)
            var short = StateReader(Array(writer.bytes.dropLast()))
            var broken = part
            #expect(throws: DetectionError.self) { try broken.restore(&short) }
        }
        #expect(a == b && a.contains { $0.kind == .resolved })
    }
}
