import Quantities
import Testing

@testable import Detection

/// All alarms of one detector with one set of parameters on one trace.
struct EventGroup: CustomTestStringConvertible, Sendable {
    let scenario: String
    let law: String
    let detector: String
    let parameters: [String: String]
    /// Pairs (on, off) in seconds; empty when the detector never fires.
    var alarms: [[Double?]]
    let text: String
    var rows = 0

    var testDescription: String { "\(scenario) \(law) \(detector) \(text)" }

    static let all: [EventGroup] = {
        var groups: [EventGroup] = []
        var places: [String: Int] = [:]
        for row in (try? VectorFile.rows("detector-events.csv")) ?? [] {
            let key = row[0...3].joined(separator: ",")
            let place = places[key] ?? groups.count
            if place == groups.count {
                places[key] = place
                let pairs = row[3].split(separator: ";").map { $0.split(separator: "=") }
                let parameters = Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), String($0[1])) })
                groups.append(EventGroup(scenario: row[0], law: row[1], detector: row[2], parameters: parameters, alarms: [], text: row[3]))
            }
            groups[place].rows += 1
            if !row[4].isEmpty { groups[place].alarms.append([Double(row[4]), Double(row[5])]) }
        }
        return groups
    }()

    func trace() throws -> [(t: Double, x: Double)] {
        let name =
            switch scenario {
            case "repeated": "current-\(law)"
            case "repeated-phase-0-commands-first": "current-\(law)-phase-0-commands-first"
            case "repeated-phase-0-tick-first": "current-\(law)-phase-0-tick-first"
            default: "\(scenario)-\(law)"
            }
        let column = parameters["watch"] == "exact" ? 3 : 4
        return try VectorFile.rows(name + ".csv").map { (try #require(Double($0[0])), try #require(Double($0[column]))) }
    }

    func number(_ key: String) throws -> Double {
        let text = try #require(parameters[key])
        return try #require(Double(text.prefix { $0.isNumber || $0 == "." }))
    }

    func time(_ key: String) throws -> Duration {
        let seconds = try number(key)
        return try #require(Duration(seconds: seconds))
    }

    func make() throws -> Detector {
        let compare = try #require(Comparison(rawValue: parameters["compare"] ?? ""))
        switch detector {
        case "moving-range":
            return Detector(
                try MovingRange(
                    window: .duration(time("window")), above: number("above"), minimumSamples: Int(number("min_samples")), compare: compare))
        case "moving-variance", "moving-std":
            return Detector(
                try MovingVariance(
                    window: .duration(time("window")), above: number("above"), ddof: Int(number("ddof")), compare: compare,
                    standardDeviation: detector == "moving-std"))
        case "rate-of-change": return Detector(try RateOfChange(above: number("above"), compare: compare))
        default:
            let count = try #require(SwingCount(rawValue: parameters["count"] ?? ""))
            return Detector(
                try Oscillation(
                    swing: number("swing"), atLeast: Int(number("at_least")), within: time("within"), count: count, compare: compare))
        }
    }
}

struct ReferenceEventTests {
    @Test("every row of the reference events is used")
    func count() { #expect(EventGroup.all.map(\.rows).reduce(0, +) == 666) }

    @Test("a detector fires on the reference traces when it should", arguments: EventGroup.all.filter { $0.detector != "swing" })
    func alarms(_ group: EventGroup) throws {
        let monitor = try AlarmMonitor(name: "d", detector: group.make(), settings: AlertSettings())
        for sample in try group.trace() { monitor.update(at: Instant(seconds: sample.t), value: sample.x) }
        let found = monitor.finish().map { [$0.start.seconds, $0.end?.seconds] }
        #expect(found == group.alarms)
    }

    @Test("swings are confirmed at the reference instants", arguments: EventGroup.all.filter { $0.detector == "swing" })
    func swings(_ group: EventGroup) throws {
        var detector = try Oscillation(swing: group.number("swing"), atLeast: 4, within: .seconds(1000), count: .swings)
        var found: [Double?] = []
        for sample in try group.trace() {
            let before = detector.total
            _ = detector.update(at: Instant(seconds: sample.t), value: sample.x)
            if detector.total != before, (detector.direction > 0) == (group.parameters["way"] == "up") { found.append(sample.t) }
        }
        #expect(found == group.alarms.map { $0[0] })
    }
}

struct CycleCase: Decodable, CustomTestStringConvertible {
    let name: String
    let t: [Double]
    let x: [Double]
    let rowsExactlyOnAThreshold: [Int]
    let expected: [String: [Int]]

    enum CodingKeys: String, CodingKey {
        case name, t, x, expected
        case rowsExactlyOnAThreshold = "rows_exactly_on_a_threshold"
    }

    var testDescription: String { name }
    static let all: [CycleCase] = (try? VectorFile.cases("reference_cycle.json", as: CycleCase.self)) ?? []
}

struct CycleTests {
    static let readings = [
        "range_gt_20A", "variance_ddof0_gt_20A2", "variance_ddof1_gt_20A2", "std_ddof0_gt_20A", "std_ddof1_gt_20A", "swings_ge_4_in_30s",
        "reversals_ge_4_in_30s",
    ]

    @Test("each reading of 'variance > 20 A in 10 s' flags its own rows", arguments: CycleCase.all, readings)
    func rows(_ item: CycleCase, _ reading: String) throws {
        let window = Window.duration(.seconds(10))
        let detector: Detector =
            switch reading {
            case "range_gt_20A": Detector(try MovingRange(window: window, above: 20))
            case "swings_ge_4_in_30s": Detector(try Oscillation(swing: 20))
            case "reversals_ge_4_in_30s": Detector(try Oscillation(swing: 20, count: .reversals))
            default:
                Detector(
                    try MovingVariance(window: window, above: 20, ddof: reading.contains("ddof1") ? 1 : 0, standardDeviation: reading.hasPrefix("std")))
            }
        var found: [Int] = []
        for row in item.x.indices {
            if let score = detector.update(at: Instant(seconds: item.t[row]), value: item.x[row]), score >= 1 { found.append(row) }
        }
        #expect(found == item.expected[reading])
    }

    @Test("all cycle vectors are there")
    func count() { #expect(CycleCase.all.count == 7) }
}
