import Foundation
import ScenarioLanguage
import Testing

@testable import Engine

/// Vehicles, arrivals, meters, and what must not change when something else does.
@Suite("vehicles, fleets and determinism")
struct WorldTests {
    @Test("a vehicle charges with all it can take, and with less and less near its end")
    func taper() throws {
        let run = try Recorded(
            head("4h") + "nodes:\n  csms: {is: csms}\n  cp1: {is: charge-point, csms: csms, plugged: false, max_current: 32 A, meter_every: 1min}\n"
                + "  car: {is: vehicle, at: cp1, battery: 45 kWh, soc: 10%, max_current: 32 A, max_power: 30 kW, taper_from: 70%, arrives: 10min}\n")
        let power = try run.samples("cp1.power").compactMap { row in Double(row.time).flatMap { time in Double(row.value).map { (time: time, watts: $0) } } }
        #expect(power.filter { $0.time < 600 }.allSatisfy { $0.watts == 0 })
        #expect(abs((power.map(\.watts).max() ?? 0) - 22_080) < 1)
        let falling = power.filter { $0.time > 7000 && $0.watts > 0 }.map(\.watts)
        #expect(falling.count > 10)
        #expect(zip(falling, falling.dropFirst()).allSatisfy { $0 >= $1 - 1e-6 })
        #expect(power.last?.watts == 0)
        let soc = try run.values("cp1.soc")
        #expect(zip(soc, soc.dropFirst()).allSatisfy { $0 <= $1 + 1e-9 })
        #expect((soc.last ?? 0) > 99.9)
    }

    /// Arrivals with their instants, of a site with other things around it.
    private func arrivals(nodesBefore: String = "", nodesBehind: String = "", steps: String = "", seed: UInt64 = 3) throws -> [String] {
        let run = try Recorded(
            head("12h") + "nodes:\n\(nodesBefore)  csms: {is: csms}\n  cp: {is: charge-point, count: 5, csms: csms, plugged: false, meter_every: 1h}\n"
                + "  drivers: {is: ev-arrivals, to: cp.*, rate: 6 /h, energy: '=uniform(8 kWh, 30 kWh)', stay: '=lognormal(3 h, 0.5)'}\n\(nodesBehind)\(steps)",
            seed: seed)
        return try run.samples("drivers.arrivals").map { "\($0.time) \($0.value)" } + run.samples("drivers.present").map { "\($0.time) \($0.value)" }
    }

    @Test("a node or a step that has nothing to do with them changes no draw")
    func unrelated() throws {
        let plain = try arrivals()
        #expect(plain.count > 80)
        #expect(try arrivals() == plain)
        #expect(try arrivals(nodesBefore: "  other: {is: csms}\n  far: {is: charge-point, csms: other, max_current: '=uniform(6 A, 32 A)'}\n") == plain)
        #expect(try arrivals(nodesBehind: "  other: {is: csms}\n  far: {is: charge-point, csms: other, boot_after: '=uniform(0 s, 9 s)'}\n") == plain)
        #expect(
            try arrivals(
                nodesBehind: "  base: {is: charger-module}\n",
                steps: "steps:\n  - repeat: 50\n    steps:\n      - wait: '=uniform(1 s, 9 s)'\n      - set: {base.limit: '=uniform(1 A, 9 A)'}\n") == plain)
        #expect(try arrivals(seed: 4) != plain)
    }

    @Test("a step that is added changes no draw of the others")
    func addedStep() throws {
        func limits(_ first: String) throws -> [String] {
            let run = try Recorded(
                head("60s") + onBus() + "  other: {is: charger-module}\n"
                    + "steps:\n  - parallel:\n      first: [\(first)]\n      second:\n        - repeat: 20\n          steps:\n            - wait: 1s\n            - set: {charger.limit: '=uniform(5 A, 10 A)'}\n"
            )
            return try run.samples("charger.limit").map(\.value)
        }
        let plain = try limits("{wait: 1s}")
        #expect(plain.count == 21)
        #expect(try limits("{wait: '=uniform(1 s, 3 s)'}, {wait: '=uniform(1 s, 3 s)'}") == plain)
        let same = try limits("{set: {other.limit: '=uniform(5 A, 10 A)'}}, {set: {other.limit: '=uniform(5 A, 10 A)'}}")
        #expect(same == plain, "nor does a track whose formula has the same text")
    }

    @Test("a track that runs again and again draws anew each time, and thousands of rounds take no time")
    func rounds() throws {
        let text =
            head("4000s") + onBus()
            + "steps:\n  - repeat: forever\n    steps:\n      - parallel:\n          a: [{wait: 1s}, {set: {charger.limit: '=uniform(5 A, 10 A)'}}]\n"
        let values = try Recorded(text).samples("charger.limit").dropFirst().map(\.value)
        #expect(values.count == 3999)
        #expect(Set(values).count == values.count)
    }

    @Test("a grid meter shows the sum of what it feeds and its base load")
    func gridMeter() throws {
        let outcome = try run(
            head("10min") + "nodes:\n  csms: {is: csms}\n  cp: {is: charge-point, count: 3, csms: csms, max_current: 16 A}\n"
                + "  site: {is: grid-meter, feeds: cp.*, base: 5 kW, limit: 30 kW, every: 1s}\nsteps:\n  - wait: 1min\n  - {send: RemoteStartTransaction, to: cp.1}\n  - wait: 1min\n  - {send: RemoteStartTransaction, to: [cp.2, cp.3]}\n"
                + "expect:\n  - =min(site.power) == 5 kW\n  - '=abs(site.power - (sum(cp.*.power) + 5 kW)) < 1 W'\n  - '=abs(max(site.power) - 38.12 kW) < 1 W'\n"
                + "  - '=abs(site.headroom - (30 kW - site.power)) < 1 W'\n  - =min(site.headroom) < 0 W\n"
                + "  - '=abs(site.energy - (5 kW * 10 min + 11.04 kW * 9 min + 22.08 kW * 8 min)) < 0.2 kWh'\n")
        #expect(outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence) == [])
    }

    @Test("each instance of a counted node draws its own setting")
    func counted() throws {
        let run = try Recorded(
            head("1min")
                + "nodes:\n  csms: {is: csms}\n  cp: {is: charge-point, count: 40, csms: csms, max_current: '=uniform(10 A, 30 A)'}\nsteps:\n  - {send: RemoteStartTransaction, to: cp.*}\n"
        )
        let limits = try (1...40).compactMap { try run.values("cp.\($0).limit").last }
        #expect(limits.count == 40)
        #expect(Set(limits).count > 30, "limits have one decimal, so that a few are equal")
        #expect(limits.allSatisfy { (10...30).contains($0) })
    }

    @Test("parameters change what uses them and nothing else")
    func parameters() throws {
        let text =
            "evsim: 1\nscenario: test\nparams: {amps: {default: 10 A, min: 6 A, max: 20 A}, gap: 5s}\nrun: {for: 60s}\n" + onBus()
            + "steps:\n  - wait: =gap\n  - set: {charger.limit: =amps}\nexpect:\n  - =charger.limit == amps\n"
        for overrides in [[], [("amps", "20 A")], [("amps", "6 A"), ("gap", "100ms")]] {
            let outcome = Runner.run(try scenario(text, overrides: overrides))
            #expect(outcome.verdict == .pass)
        }
    }

    @Test("the example of every kind of node runs and passes", arguments: BuiltIns.registry.kinds.map(\.name))
    func examples(_ name: String) throws {
        let kind = try #require(BuiltIns.registry.kinds.first { $0.name == name })
        let outcome = try run(kind.example)
        #expect(outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence) == [])
        #expect(outcome.verdict == .pass)
        #expect(kind.example.contains("is: \(name)"))
    }

    /// Scenario files of the repository that take no time.
    static let shipped: [String] = ["reference", "tutorial"].flatMap { folder in
        let place = scenarioFolder.appendingPathComponent(folder).path
        return ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []).filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\($0)" }
    }

    static let scenarioFolder = testFolder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scenarios")

    @Test("every short scenario of the repository is read without an error and passes", arguments: shipped)
    func shippedScenario(_ name: String) throws {
        let text = try String(contentsOf: Self.scenarioFolder.appendingPathComponent(name), encoding: .utf8)
        #expect(!findings(text).contains { $0.severity == .error })
        let outcome = try run(text)
        #expect(outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence) == [])
        #expect(outcome.verdict == .pass)
    }

    @Test("the example of every kind of detector is read", arguments: BuiltIns.registry.detectors.map(\.name))
    func detectorExamples(_ name: String) throws {
        let detector = try #require(BuiltIns.registry.detectors.first { $0.name == name })
        let text =
            head("60s") + onBus()
            + "  site: {is: grid-meter, feeds: charger}\n  meter: {is: evse-monitor, at: charger}\n  cp2: {is: charge-point, csms: csms}\n"
            + "detectors:\n  \(detector.example)\n"
            + (detector.example.contains("parts:")
                ? "  timing: {is: threshold, watch: charger.current, above: 5 A}\n  jump: {is: threshold, watch: charger.current, above: 9 A}\n"
                    + "  level: {is: threshold, watch: charger.current, above: 12 A}\n" : "")
        let outcome = try run(text)
        #expect(outcome.verdict == .pass)
    }

    @Test("the wrong example of a page is refused with its code, and the right one is not", arguments: ScenarioPages.steps)
    func pages(_ page: ScenarioPages.Page) throws {
        let wrong = findings(head("60s") + onBus() + "steps:\n  \(page.wrong)\n").map(\.code)
        #expect(wrong.contains(page.code), "\(page.wrong)")
        let right = findings(head("60s") + onBus() + "steps:\n" + page.right.split(separator: "\n").map { "  \($0)\n" }.joined()).map(\.code)
        #expect(!right.contains(page.code), "\(page.right)")
    }
}

/// Pages of `evsim explain` whose examples are single steps, so that a test can try them.
enum ScenarioPages {
    struct Page: Sendable, CustomTestStringConvertible {
        var code: String
        var wrong: String
        var right: String
        var testDescription: String { code }
    }

    static let steps: [Page] = LanguageCatalogue.entries.filter {
        $0.wrong.hasPrefix("- ") && !$0.wrong.contains("call") && $0.code != "E0807" && !$0.wrong.contains("\n") && $0.code.hasPrefix("E")
    }.map {
        Page(code: $0.code, wrong: $0.wrong, right: $0.right)
    }
}
