import Quantities
import Testing

@testable import Detection

struct LifecycleCase: Decodable, CustomTestStringConvertible {
    struct Parameters: Decodable {
        let lasting_s: Double
        let clear: Double
        let keep_s: Double
        let rest_s: Double
    }
    struct Event: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            text = "\(try list.decode(String.self)) \(try list.decode(Double.self))"
        }
    }
    struct Expected: Decodable { let events: [Event] }

    let name: String
    let params: Parameters
    let t: [Double]
    let score: [Double?]
    let expected: Expected

    var testDescription: String { name }
    static let all: [LifecycleCase] = (try? VectorFile.cases("alert_lifecycle.json", as: LifecycleCase.self)) ?? []

    func settings() throws -> AlertSettings {
        var settings = AlertSettings()
        settings.lasting = try #require(Duration(seconds: params.lasting_s))
        settings.keep = try #require(Duration(seconds: params.keep_s))
        settings.rest = try #require(Duration(seconds: params.rest_s))
        settings.clear = params.clear
        return settings
    }
}

struct AlertLifecycleTests {
    func events(_ settings: AlertSettings, _ samples: [(Double, Double?)], until end: Double? = nil) throws -> [String] {
        var cycle = try AlertLifecycle(settings)
        var edges: [AlertEdge] = []
        for (t, score) in samples { cycle.observe(score, at: Instant(seconds: t), edges: &edges) }
        if let end { cycle.advance(to: Instant(seconds: end), edges: &edges) }
        return edges.map { "\($0.kind.rawValue) \($0.at.seconds)" }
    }

    @Test("the life-cycle makes the expected events", arguments: LifecycleCase.all)
    func vectors(_ item: LifecycleCase) throws {
        #expect(try events(item.settings(), Array(zip(item.t, item.score))) == item.expected.events.map(\.text))
    }

    @Test("all life-cycle vectors are there")
    func count() { #expect(LifecycleCase.all.count == 8) }

    @Test("scores of samples fire on samples only")
    func onScores() throws {
        var settings = AlertSettings()
        settings.lasting = .seconds(3)
        var cycle = try AlertLifecycle(settings)
        var edges: [AlertEdge] = []
        cycle.observe(2, at: .zero, edges: &edges)
        #expect(cycle.nextDeadline == nil)
        cycle.advance(to: Instant(seconds: 10), edges: &edges)
        #expect(edges.map(\.kind) == [.pending])
        cycle.observe(2, at: Instant(seconds: 11), edges: &edges)
        #expect(edges.map(\.kind) == [.pending, .firing])
        #expect(edges.last?.onset == .zero)
    }

    @Test("a held score fires at its deadline, and keeps until its last instant")
    func betweenScores() throws {
        var settings = AlertSettings()
        settings.timing = .betweenScores
        settings.lasting = .seconds(5)
        settings.keep = .seconds(2)
        var cycle = try AlertLifecycle(settings)
        var edges: [AlertEdge] = []
        cycle.observe(1, at: Instant(seconds: 10), edges: &edges)
        #expect(cycle.nextDeadline == Instant(seconds: 15))
        cycle.advance(to: Instant(seconds: 15), edges: &edges)
        #expect(cycle.isFiring)
        #expect(cycle.nextDeadline == nil)
        cycle.observe(0, at: Instant(seconds: 40), edges: &edges)
        #expect(cycle.nextDeadline == Instant(seconds: 42))
        cycle.advance(to: Instant(seconds: 50), edges: &edges)
        #expect(edges.map { "\($0.kind.rawValue) \($0.at.seconds)" } == ["pending 10.0", "firing 15.0", "resolved 42.0"])
    }

    @Test("without timers a held score gives the same events, only later", arguments: 0..<40 as Range<UInt64>)
    func deadlinesAreOptional(_ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var settings = AlertSettings()
        settings.timing = .betweenScores
        settings.lasting = .seconds(.random(in: 0...4, using: &random))
        settings.keep = .seconds(.random(in: 0...4, using: &random))
        settings.rest = .seconds(.random(in: 0...6, using: &random))
        var timed = try AlertLifecycle(settings)
        var lazy = try AlertLifecycle(settings)
        var (a, b): ([AlertEdge], [AlertEdge]) = ([], [])
        var now: Int64 = 0
        for _ in 0..<60 {
            now += .random(in: 1...5, using: &random)
            let instant = Instant(seconds: Double(now))
            let score = Bool.random(using: &random) ? 1.5 : 0.2
            while let deadline = timed.nextDeadline, deadline < instant { timed.advance(to: deadline, edges: &a) }
            timed.observe(score, at: instant, edges: &a)
            lazy.observe(score, at: instant, edges: &b)
        }
        #expect(a == b, "seed \(seed)")
        #expect(!a.isEmpty)
    }

    @Test("warm-up and a closed gate give no alert")
    func gates() throws {
        var settings = AlertSettings()
        settings.warmup = .seconds(3)
        #expect(try events(settings, [(0, 2), (1, 2), (2, 2), (3, 2)]) == ["pending 3.0", "firing 3.0"])
        var cycle = try AlertLifecycle()
        var edges: [AlertEdge] = []
        cycle.observe(9, at: .zero, gate: false, edges: &edges)
        #expect(edges.isEmpty)
    }

    @Test("a score that is held over the warm-up opens the alert when it ends", arguments: [true, false])
    func heldWarmup(_ usesTimer: Bool) throws {
        var settings = AlertSettings()
        settings.warmup = .seconds(3)
        settings.lasting = .seconds(2)
        settings.timing = .betweenScores
        var cycle = try AlertLifecycle(settings)
        var edges: [AlertEdge] = []
        cycle.observe(1, at: Instant(seconds: 1), edges: &edges)
        #expect(cycle.nextDeadline == Instant(seconds: 4))
        if usesTimer { cycle.advance(to: Instant(seconds: 4), edges: &edges) }
        cycle.observe(0, at: Instant(seconds: 10), edges: &edges)
        #expect(edges.map { "\($0.kind.rawValue) \($0.at.seconds)" } == ["pending 4.0", "firing 6.0", "resolved 10.0"])
    }

    @Test("a slope across a closed gate is no slope, a window across it is a window")
    func reopening() throws {
        let slope = try AlarmMonitor(name: "slope", detector: Detector(try RateOfChange(above: 1)))
        let range = try AlarmMonitor(name: "range", detector: Detector(try MovingRange(window: .duration(.seconds(10)), above: 1)))
        for monitor in [slope, range] {
            monitor.update(at: .zero, value: 0)
            monitor.update(at: Instant(seconds: 1), value: 50, gate: false)
            monitor.update(at: Instant(seconds: 2), value: 100)
        }
        #expect(slope.firstAlarm == nil)
        #expect(range.firstAlarm == Instant(seconds: 2))
    }

    @Test("times that are negative and levels outside (0, 1] are refused")
    func settings() {
        var negative = AlertSettings()
        negative.rest = .seconds(-1)
        #expect(throws: DetectionError.outOfRange(setting: "rest", requirement: "0 s or longer")) { try negative.check() }
        var level = AlertSettings()
        level.clear = 1.5
        #expect(throws: DetectionError.self) { try level.check() }
    }

    @Test("an alarm carries start, end, peak score and evidence")
    func alarms() throws {
        var settings = AlertSettings()
        settings.lasting = .seconds(1)
        let monitor = try AlarmMonitor(name: "hot", severity: .high, detector: Detector(try Threshold(above: 50)), settings: settings)
        for (t, x) in [(0.0, 20.0), (1, 60), (2, 100), (3, 75), (4, 40), (5, 200), (6, 250)] { monitor.update(at: Instant(seconds: t), value: x) }
        #expect(
            monitor.finish() == [
                Alarm(
                    start: Instant(seconds: 2), end: Instant(seconds: 4), detector: "hot", severity: .high, score: 2, evidence: Instant(seconds: 1)),
                Alarm(start: Instant(seconds: 6), end: nil, detector: "hot", severity: .high, score: 5, evidence: Instant(seconds: 5)),
            ])
    }
}
