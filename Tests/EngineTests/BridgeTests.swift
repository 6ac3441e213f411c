import Testing

@testable import Engine

/// Runs steps beside two buses and a gateway with these settings.
private func bridged(
    _ settings: String, others: String = "csms: {is: csms}", buses: String = "a: {}\n  b: {}", steps: String, expect: String, seed: UInt64? = nil
) throws -> RunOutcome {
    try run(
        """
        evsim: 1
        scenario: bridged
        run: {for: 10s}
        nodes:
          gate: {is: can-bridge, from: a, to: b\(settings)}
          \(others)
        buses:
          \(buses)
        steps:
        \(steps)
        expect: [\(expect)]
        """, seed: seed)
}

private func words(_ outcome: RunOutcome) -> String { "\(outcome.expectations.map(\.sentence)) \(outcome.diagnostics.map(\.message))" }

@Suite("gateways between buses")
struct BridgeTests {
    private static let two = "a: {frames: {x: {id: 0x100, data: {v: u8}}}}\n  b: {frames: {x: {id: 0x100, data: {v: u8}}, z: {id: 0x200, data: {v: u8}}}}"

    @Test("A frame crosses once, in both directions, and does not come back")
    func bothWays() throws {
        let outcome = try bridged(
            "", buses: Self.two,
            steps: "  - {transmit: a.x, with: {v: 1}}\n  - wait: 1s\n  - {transmit: b.x, with: {v: 2}}",
            expect: "=count(a.x) == 2, =count(b.x) == 2, =a.x == 2, =b.x == 2, =gate.forwarded == 2")
        #expect(outcome.verdict == .pass, "\(words(outcome))")
    }

    @Test("One way is one way")
    func oneWay() throws {
        let outcome = try bridged(
            ", both_ways: false", buses: Self.two, steps: "  - {transmit: a.x, with: {v: 1}}\n  - {transmit: b.x, with: {v: 2}}",
            expect: "=count(a.x) == 1, =count(b.x) == 2")
        #expect(outcome.verdict == .pass, "\(words(outcome))")
    }

    @Test("Identifiers change on the way, and change back")
    func identifiers() throws {
        let outcome = try bridged(
            ", ids: [0x100=0x200]", buses: Self.two, steps: "  - {transmit: a.x, with: {v: 1}}\n  - wait: 1s\n  - {transmit: b.z, with: {v: 2}}",
            expect: "=count(a.x) == 2, =count(b.z) == 2, =a.x == 2, =b.z == 2")
        #expect(outcome.verdict == .pass, "\(words(outcome))")
    }

    @Test("'only' and 'except' take identifiers and masks")
    func filters() throws {
        let steps = ["100", "101", "110", "200"].map { "  - {transmit: a, id: 0x\($0)}" }.joined(separator: "\n")
        let cases = [(", only: ['0x100:0x7F0']", 2), (", except: [0x200]", 3), (", only: ['0x100:0x700'], except: [0x101]", 2), (", only: [0x100, 0x200]", 2)]
        for (settings, count) in cases {
            let outcome = try bridged(settings, steps: steps, expect: "=gate.forwarded == \(count)")
            #expect(outcome.verdict == .pass, "\(settings) \(words(outcome))")
        }
    }

    @Test("A delay is kept to the nanosecond, order too, and what finds the queue full is lost")
    func delays() throws {
        let outcome = try bridged(
            ", delay: 250ms, queue: 3", buses: Self.two, steps: "  - {repeat: 5, steps: [{transmit: a.x, with: {v: 9}}, {wait: 10ms}]}",
            expect: "=count(b.x) == 3, =gate.dropped == 2, =max(gate.waiting) == 3, =gate.waiting == 0")
        #expect(outcome.verdict == .pass, "\(words(outcome))")
    }

    @Test("A share of the frames gets lost, the same ones in every run of a seed")
    func losses() throws {
        let steps = "  - {repeat: 400, steps: [{transmit: a, id: 0x100}, {wait: 10ms}]}"
        let outcome = try bridged(", drop: 25%", steps: steps, expect: "=gate.dropped > 60, =gate.dropped < 140, =gate.forwarded + gate.dropped == 400")
        #expect(outcome.verdict == .pass, "\(words(outcome))")
        #expect(try bridged(", drop: 25%", steps: steps, expect: "=gate.dropped > 0").fingerprint == outcome.fingerprint)
        #expect(try bridged(", drop: 25%", steps: steps, expect: "=gate.dropped > 0", seed: 9).fingerprint != outcome.fingerprint)
    }

    @Test("Wide, remote and extended frames cross whole, from an ideal bus to one with a wire")
    func everyKind() throws {
        let outcome = try bridged(
            ", delay: 1ms", others: "ear: {is: charger-module, bus: b}",
            buses: "a: {}\n  b: {fidelity: wire, data_bitrate: 2 Mbit/s, frames: {big: {id: 0x101, fd: true, length: 64, data: {last: {at: 504, bits: 8}}}, "
                + "ask: {id: 0x18FF0000, extended: true, remote: true, length: 4}}}",
            steps:
                "  - {transmit: a, id: 0x101, fd: true, data: '\(String(repeating: "00", count: 63))A5'}\n  - {transmit: a, id: 0x18FF0000, extended: true, remote: true, dlc: 4}",
            expect: "=b.big == 165, =count(b.ask) == 1")
        #expect(outcome.verdict == .pass, "\(words(outcome))")
    }
}
