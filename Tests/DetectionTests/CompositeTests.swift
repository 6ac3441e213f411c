import Quantities
import Testing

@testable import Detection

struct CorrelateCase: Decodable, CustomTestStringConvertible {
    struct Parameters: Decodable {
        let timespan_s: Double
        let rules: [String]
    }
    struct Event: Decodable {
        let at: Double
        let group: String
        let rule: String

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            at = try list.decode(Double.self)
            group = try list.decode(String.self)
            rule = try list.decode(String.self)
        }
    }
    let name: String
    let params: Parameters
    let events: [Event]
    let expected: [String: [Int]]

    var testDescription: String { name }
    static let all: [CorrelateCase] = (try? VectorFile.cases("correlate.json", as: CorrelateCase.self)) ?? []
}

struct CompositeTests {
    func at(_ seconds: Double) -> Instant { Instant(seconds: seconds) }

    @Test("sets and ordered chains of events complete when they should", arguments: CorrelateCase.all, [CompositeRule.allOf, .inOrder])
    func vectors(_ item: CorrelateCase, _ rule: CompositeRule) throws {
        let within = try #require(Duration(seconds: item.params.timespan_s))
        var groups: [String: Composite] = [:]
        var completed: [Int] = []
        for event in item.events {
            var composite = try groups[event.group] ?? Composite(rule, parts: item.params.rules.count, within: within)
            var isComplete = false
            if let part = item.params.rules.firstIndex(of: event.rule) {
                composite.partFired(part, at: at(event.at), score: 1)
                composite.partResolved(part, at: at(event.at), score: 1)
                isComplete = composite.score(at: at(event.at)) >= 1 && (rule == .allOf || part == item.params.rules.count - 1)
            }
            groups[event.group] = composite
            completed.append(isComplete ? 1 : 0)
        }
        #expect(completed == item.expected[rule == .allOf ? "temporal" : "temporal_ordered"])
    }

    @Test("all-of needs every part firing, or fired within the window")
    func allOf() throws {
        var composite = try Composite(.allOf, parts: 2, within: .seconds(10))
        composite.partFired(0, at: at(1), score: 3)
        #expect(composite.score(at: at(1)) == 0)
        composite.partResolved(0, at: at(2), score: 4)
        #expect(composite.nextExpiry(after: at(2)) == at(12))
        composite.partFired(1, at: at(11), score: 2)
        #expect(composite.score(at: at(11)) == 2)
        #expect(composite.score(at: at(12)) == 0)
        composite.partFired(0, at: at(50), score: 1.5)
        #expect(composite.score(at: at(50)) == 1.5)
        #expect(composite.nextExpiry(after: at(50)) == nil)
    }

    @Test("any-of holds for the window after its last part")
    func anyOf() throws {
        var composite = try Composite(.anyOf, parts: 3, within: .seconds(5))
        composite.partFired(2, at: at(1), score: 7)
        #expect(composite.score(at: at(1)) == 7)
        composite.partResolved(2, at: at(3), score: 7)
        #expect(composite.score(at: at(7.9)) == 7)
        #expect(composite.score(at: at(8)) == 0)
    }

    @Test("in-order refuses the wrong order and expires with the start of its chain")
    func inOrder() throws {
        var composite = try Composite(.inOrder, parts: 2, within: .seconds(5))
        composite.partFired(1, at: at(1), score: 2)
        composite.partFired(0, at: at(2), score: 2)
        #expect(composite.score(at: at(2)) == 0)
        composite.partFired(1, at: at(4), score: 3)
        #expect(composite.score(at: at(4)) == 2)
        #expect(composite.nextExpiry(after: at(4)) == at(7))
        #expect(composite.score(at: at(7)) == 0)
    }

    @Test("a composite without parts, or in order without a window, is refused")
    func settings() {
        #expect(throws: DetectionError.self) { try Composite(.allOf, parts: 0) }
        #expect(throws: DetectionError.self) { try Composite(.inOrder, parts: 2, within: .zero) }
    }
}

struct CompositeMonitorTests {
    @Test("a monitored composite fires with its parts and resolves at the expiry of its window")
    func monitored() throws {
        let kind = try #require(DetectorKind.named("all-of"))
        var composite = try kind.makeComposite(["within": .duration(.seconds(10))], parts: 2)
        let parts = try [30.0, 60].map { level in try AlarmMonitor(name: "part", detector: Detector(try Threshold(above: level))) }
        let whole = try AlarmMonitor(name: "both", severity: .critical, detector: nil, settings: kind.makeAlertSettings([:], detector: nil))
        for (t, x) in [(0.0, 0.0), (1, 40), (2, 70), (3, 0), (20, 0)] {
            let now = Instant(seconds: t)
            while let expiry = composite.nextExpiry(after: Instant(seconds: t - 17)), expiry < now, whole.isFiring {
                whole.observe(score: composite.score(at: expiry), at: expiry)
            }
            for (index, part) in parts.enumerated() where part.update(at: now, value: x) {
                for edge in part.edges { composite.note(edge, ofPart: index) }
            }
            whole.observe(score: composite.score(at: now), at: now)
        }
        let alarm = try #require(whole.finish().first)
        #expect(alarm.start == Instant(seconds: 2))
        #expect(alarm.end == Instant(seconds: 13))
        #expect(alarm.severity == .critical)
    }
}
