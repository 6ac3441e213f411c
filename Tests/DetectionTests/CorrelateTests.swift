import Quantities
import Testing

@testable import Detection

struct CorrelateTests {
    private enum Cell: Decodable {
        case number(Double)
        case text(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) { self = .number(number) } else { self = .text(try container.decode(String.self)) }
        }

        var number: Double { if case .number(let number) = self { number } else { .nan } }
        var text: String { if case .text(let text) = self { text } else { "" } }
    }

    private struct Parameters: Decodable {
        let timespan_s: Double
        let rules: [String]
    }
    private struct Expected: Decodable {
        let event_count: [Int]
        let value_count: [Int]
        let temporal: [Int]
        let temporal_ordered: [Int]
    }
    private struct Case: Decodable {
        let name: String
        let params: Parameters
        let events: [[Cell]]
        let expected: Expected
    }

    @Test("counts, values and sequences agree with brute force, also when the state is saved between any two events")
    func vectors() throws {
        for item in try VectorFile.cases("correlate.json", as: Case.self) {
            let anything = try Selection(.map(["type": .text("call")]), path: [])
            let window = try #require(Duration(seconds: item.params.timespan_s))
            for (order, expected) in [
                (CorrelateRule.Order.eventCount, item.expected.event_count), (.valueCount, item.expected.value_count),
                (.temporal, item.expected.temporal), (.temporalOrdered, item.expected.temporal_ordered),
            ] {
                func make() -> CorrelateRule {
                    CorrelateRule(
                        order: order, parts: item.params.rules.map { ($0, anything) }, field: nil, groupBy: [], window: window,
                        bounds: CorrelateRule.Bounds(atLeast: 1000))
                }
                var rule = make()
                for (place, event) in item.events.enumerated() {
                    let part = item.params.rules.firstIndex(of: event[2].text)
                    if part == nil, order == .temporal || order == .temporalOrdered {
                        #expect(expected[place] == 0)
                        continue
                    }
                    _ = rule.count(
                        group: KeyHash.of(event[1].text), part: part ?? 0, key: event[3].number.bitPattern, number: event[3].number,
                        at: Instant(seconds: event[0].number).nanoseconds, who: "")
                    #expect(Int(rule.statistic) == expected[place], "\(item.name) \(order) \(place)")
                    if place % 7 == 0 {
                        var writer = StateWriter()
                        rule.save(&writer)
                        rule = make()
                        var reader = StateReader(writer.bytes)
                        try rule.restore(&reader)
                        #expect(reader.isAtEnd)
                    }
                }
            }
        }
    }

    @Test("sums and means of a field count, for each group")
    func sums() throws {
        let parts = DetectorTree.map(["p": .map(["action": .text("SetChargingProfile"), "type": .text("call")])])
        func fires(_ order: String, _ settings: [String: DetectorSettingValue], _ limits: [Double], connectors: [Int]) throws -> Bool {
            var all: [String: DetectorSettingValue] = [
                "order": .word(order), "parts": .tree(parts), "field": .word("limit"), "group_by": .texts(["charge_point", "connectorId"]),
            ]
            all.merge(settings) { $1 }
            var script = MessageScript()
            for (limit, connector) in zip(limits, connectors) {
                script.profile("cp1", limit, connector: connector)
                script.wait(5)
            }
            return !alarms(try messageDetector("correlate", all), script.sorted).isEmpty
        }
        #expect(try fires("value-sum", ["above": .number(99)], [40, 60], connectors: [1, 1]))
        #expect(try !fires("value-sum", ["above": .number(99)], [40, 60], connectors: [1, 2]))
        #expect(try !fires("value-sum", ["above": .number(99), "within": .duration(.seconds(5))], [40, 60], connectors: [1, 1]))
        #expect(try fires("value-avg", ["below": .number(20)], [0, 30], connectors: [1, 1]))
        #expect(try !fires("value-avg", ["at_most": .number(20)], [30, 11], connectors: [1, 1]))
    }
}
