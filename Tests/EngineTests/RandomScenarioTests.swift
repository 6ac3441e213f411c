import Foundation
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// A small generator of numbers that is the same everywhere.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    /// The next 64 bits (SplitMix64).
    mutating func bits() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int(bits() % UInt64(max(count, 1))) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }
    mutating func one<T>(_ items: [T]) -> T { items[below(items.count)] }
}

/// Writes valid scenarios at random.
struct ScenarioWriter {
    var dice: Dice
    private var signals: [String] = []
    private var settable: [String] = []
    private var targets: [String] = []
    private var sequences = ""
    private var labels = 0

    init(seed: UInt64) { dice = Dice(seed: seed) }

    mutating func text(seed: UInt64) -> String {
        var nodes = "  csms: {is: csms, heartbeat_every: \(dice.number(1...400))s}\n"
        for number in 0..<dice.number(1...2) {
            nodes += "  m\(number): {is: charge-point, csms: csms, bus: can\(number), meter_every: \(dice.one(["1s", "500ms", "7s"]))}\n"
            nodes +=
                "  c\(number): {is: charger-module, bus: can\(number), ramp: \(dice.one(["20%", "20 A/s", "immediate", "3%"])), follow_limit: \(dice.chance(50))}\n"
            signals += ["c\(number).current", "can\(number).current", "m\(number).limit", "can\(number).limit"]
            settable.append("c\(number).limit")
            targets.append("m\(number)")
        }
        if dice.chance(70) {
            nodes +=
                "  cp: {is: charge-point, csms: csms, count: \(dice.number(1...5)), max_current: '=uniform(6 A, \(dice.number(7...40)) A)', plugged: \(dice.chance(60)), boot_after: \(dice.number(0...3))s}\n"
            nodes += "  site: {is: grid-meter, feeds: cp.*, every: \(dice.number(1...20))s, limit: 9 kW}\n"
            signals += ["cp.1.current", "site.current"]
            targets += ["cp.*", "cp.1", "'=sample(cp.*, 50%)'"]
            if dice.chance(50) { nodes += "  cars: {is: ev-arrivals, to: cp.*, rate: \(dice.number(1...900)) /h, stay: '=exponential(4 min)'}\n" }
        }
        var text =
            "evsim: 1\nscenario: random-\(seed)\nparams: {amps: {default: \(dice.number(1...99)) A, min: 0 A, max: 100 A}, gap: \(dice.number(1...5000))ms}\n"
        text += "run: {for: \(dice.number(1...90))s, seed: \(seed)}\nnodes:\n\(nodes)"
        if dice.chance(40) { text += "links:\n  net: {between: [csms, m0], latency: \(dice.number(0...700))ms, jitter: \(dice.number(0...90))ms}\n" }
        text += "sequences:\n  go: {needs: [who, level], steps: [{send: SetChargingProfile, to: =who, with: {limit: =level}}, {wait: =gap}]}\n"
        text += "steps:\n\(steps(indent: 2, depth: 0))"
        text += "  - {call: go, with: {who: \(dice.one(targets)), level: '=amps / \(dice.number(1...9))'}}\n"
        text += detectors()
        text += "expect:\n  - '=max(c0.current) >= 0 A'\n  - '=count(ocpp.BootNotification) >= 1'\n"
        text += "record: [\(dice.one(["signals", "signals, frames", "messages, frames, signals, labels", ""]))]\n"
        return text
    }

    private mutating func condition() -> String {
        let signal = dice.one(signals)
        return dice.one([
            "=\(signal) > \(dice.number(0...60)) A", "=max(\(signal), \(dice.number(1...20)) s) > amps",
            "=avg(\(signal), 5 s) <= \(signal) + 1 A or m0.charging",
            "=m0.status == 'Charging' and not m0.charging", "=chance(50%)",
        ])
    }

    private mutating func steps(indent: Int, depth: Int) -> String {
        let space = String(repeating: " ", count: indent)
        var text = ""
        for _ in 0..<dice.number(1...4) {
            switch dice.below(depth > 2 ? 6 : 10) {
            case 0: text += "\(space)- wait: \(dice.number(0...9000))ms\n"
            case 1: text += "\(space)- {wait: '=uniform(0 s, \(dice.number(1...9)) s)'\(label())}\n"
            case 2:
                text +=
                    "\(space)- {send: \(dice.one(["RemoteStartTransaction", "RemoteStopTransaction", "ClearChargingProfile"])), to: \(dice.one(targets))\(label())}\n"
            case 3:
                text +=
                    "\(space)- {send: SetChargingProfile, to: \(dice.one(targets)), with: {limit: \(dice.one(["16 A", "=amps", "'=uniform(0 A, 90 A)'"]))}}\n"
            case 4: text += "\(space)- set: {\(dice.one(settable)): '=clamp(\(dice.one(signals)) + \(dice.number(0...9)) A, 0 A, 500 A)'}\n"
            case 5: text += "\(space)- {until: '\(condition().replacingOccurrences(of: "'", with: "''"))', timeout: \(dice.number(1...9))s, else: go-on}\n"
            case 6:
                text +=
                    "\(space)- repeat: \(dice.one(["2", "forever", "9s", "0"]))\(dice.chance(30) ? "\n\(space)  label: R\(labels)" : "")\n\(space)  steps:\n\(space)    - wait: \(dice.number(1...3000))ms\n"
                    + steps(indent: indent + 4, depth: depth + 1)
            case 7:
                text +=
                    "\(space)- parallel:\n\(space)    a:\n" + steps(indent: indent + 6, depth: depth + 1) + "\(space)    b:\n"
                    + steps(indent: indent + 6, depth: depth + 1)
            case 8:
                text +=
                    "\(space)- when: \(condition())\n\(space)  steps:\n" + steps(indent: indent + 4, depth: depth + 1) + "\(space)  else:\n"
                    + steps(indent: indent + 4, depth: depth + 1)
            default: text += "\(space)- {call: go, with: {who: \(dice.one(targets)), level: \(dice.number(0...60)) A}}\n"
            }
        }
        return text
    }

    private mutating func label() -> String {
        guard dice.chance(30) else { return "" }
        labels += 1
        return ", label: {kind: L\(labels), severity: \(dice.one(["low", "high"])), for: \(dice.number(0...3))s}"
    }

    private mutating func detectors() -> String {
        var text = "detectors:\n"
        for index in 0..<dice.number(2...5) {
            let watch = dice.one(signals)
            let kind = dice.one([
                "is: threshold, watch: \(watch), above: \(dice.number(0...50)) A, compare: \(dice.one(["gt", "ge"]))",
                "is: moving-range, watch: \(watch), window: 10s, above: 5 A",
                "is: moving-std, watch: \(watch), window: \(dice.number(2...30))s, above: 2 A, ddof: 1",
                "is: rate-of-change, watch: \(watch), above: 9 A, within: 3s",
                "is: oscillation, watch: \(watch), swing: 5 A, at_least: 2, within: 30s",
                "is: rule, when: '\(condition().replacingOccurrences(of: "'", with: "''"))'",
            ])
            text += "  d\(index): {\(kind), lasting: \(dice.number(0...3))s, keep: \(dice.number(0...3))s, rest: \(dice.number(0...9))s}\n"
        }
        return text + "  joint: {is: \(dice.one(["all-of", "any-of", "in-order"])), parts: [d0, d1], within: \(dice.number(1...20))s}\n"
    }
}

/// Many scenarios that nobody wrote.
@Suite("random scenarios")
struct RandomScenarioTests {
    /// All 300 with EVSIM_LONG_TESTS=1, else 100.
    static let validRounds = ProcessInfo.processInfo.environment["EVSIM_LONG_TESTS"] == "1" ? 30 : 10

    @Test("300 valid scenarios are read without error and give the same fingerprint twice", arguments: 0..<10)
    func valid(_ group: Int) throws {
        for number in 0..<Self.validRounds {
            let seed = UInt64(group * 30 + number)
            var writer = ScenarioWriter(seed: seed)
            let text = writer.text(seed: seed)
            let built: Scenario
            do { built = try scenario(text) } catch {
                Issue.record("seed \(seed):\n\(error)\n\(text)")
                return
            }
            var options = RunOptions()
            options.maximumEvents = 2500
            let first = Runner.run(built, options: options)
            let second = Runner.run(built, options: options)
            #expect(first.fingerprint == second.fingerprint && first.events == second.events && first.events > 0, "seed \(seed)")
            #expect(first.verdict != .incomplete || first.diagnostics.first?.severity == .error, "seed \(seed)")
            #expect(!first.fingerprint.isEmpty, "seed \(seed): \(first.diagnostics.map(\.message))\n\(text)")
        }
    }

    @Test("random scenarios leave the same bytes twice", arguments: [3, 57, 101, 255] as [UInt64])
    func bytes(_ seed: UInt64) throws {
        var writer = ScenarioWriter(seed: seed)
        let text = writer.text(seed: seed)
        let first = try Recorded(text)
        let second = try Recorded(text)
        for file in first.directory.files { #expect(try first.directory.bytes(file) == second.directory.bytes(file), "\(file)") }
    }

    /// All scenario files of the repository and the examples of all kinds.
    static let originals: [String] = {
        let folder = testFolder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scenarios")
        let files = (FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".yaml") }.sorted()
        return BuiltIns.registry.kinds.map(\.example) + files.compactMap { try? String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }
            + WrongFileTests.names.prefix(12).compactMap {
                try? String(contentsOf: WrongFileTests.folder.appendingPathComponent("\($0).yaml"), encoding: .utf8)
            }
    }()

    /// Changed files a group; `EVSIM_FUZZ_ROUNDS` asks for more.
    static let rounds = ProcessInfo.processInfo.environment["EVSIM_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 80

    @Test("files with random changes never crash the reader or the run", arguments: 0..<8)
    func mutated(_ group: Int) {
        let fragments = [
            "'", "\"", "{", "}", "[", "]", ": ", "- ", "\n", "  ", "=", "0", "-1", "1e300", "9223372036854775807", " s", " A", "*", "&a ", "%", ".*", "(", ")",
            ",", "null", "~", "\u{0}", "é", "#",
        ]
        var dice = Dice(seed: UInt64(group) + 1000 + UInt64(max(Self.rounds, 80) - 80))
        var read = 0
        for _ in 0..<Self.rounds {
            let original = dice.one(Self.originals)
            guard original.utf8.count < 6000 else { continue }
            var bytes = Array(original.utf8)
            for _ in 0..<dice.number(1...2) {
                let place = dice.below(bytes.count)
                switch dice.below(5) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = UInt8(truncatingIfNeeded: dice.bits())
                case 2: bytes.insert(contentsOf: Array(dice.one(fragments).utf8), at: place)
                case 3: bytes.replaceSubrange(place..<min(place + dice.number(1...9), bytes.count), with: Array(dice.one(fragments).utf8))
                default: bytes.swapAt(place, dice.below(bytes.count))
                }
                if bytes.isEmpty { bytes = [0x61] }
            }
            let (scenario, diagnostics) = ScenarioReader(registry: BuiltIns.registry, plugins: repositoryPlugins).read(SourceFile(path: "m.yaml", bytes: bytes))
            _ = DiagnosticRenderer(color: false, explainHint: true).render(diagnostics)
            #expect((scenario == nil) == diagnostics.contains { $0.severity == .error })
            guard let scenario, scenario.symbols.nodes.count < 400 else { continue }
            read += 1
            var options = RunOptions()
            options.maximumEvents = 4096
            let outcome = Runner.run(scenario, options: options)
            #expect(outcome.events <= 4096 + 4096)
        }
        #expect(read > 3, "some changes leave a scenario that runs")
    }
}
