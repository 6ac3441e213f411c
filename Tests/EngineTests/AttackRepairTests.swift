import Foundation
import ScenarioLanguage
import Testing

@testable import Engine

/// Counters and checksums: of senders, and of attacks that know them.
@Suite("computed fields")
struct AttackRepairTests {
    @Test(
        "checksums are those of their tables",
        arguments: [
            (ComputedField.crc8, 0x4B), (.crc8h2f, 0xDF), (.crc16, 0x29B1), (.sum8, 0xDD), (.xor8, 0x31),
        ] as [(ComputedField, UInt64)])
    func checks(_ kind: ComputedField, _ expected: UInt64) { #expect(kind.sum(of: Array("123456789".utf8)) == expected) }

    /// A frame each 100 ms of a limit, a counter of four bits and a checksum, and an attack from 1 s on.
    private func lines(_ attack: String, kind: String = "crc8", fd: Bool = false) throws -> [[UInt8]] {
        let run = try Recorded(
            """
            evsim: 1
            scenario: computed
            run: {for: 2s}
            nodes: {charger: {is: charger-module, bus: can0}}
            buses:
              can0:
                frames:
                  limits:
                    id: 0x100
                    from: charger
                    every: 100ms
                    phase: 50ms
                    \(fd ? "fd: true" : "remote: false")
                    data:
                      limit: {at: 0, bits: 16, scale: 0.1, unit: A}
                      alive: {at: 16, bits: 4, computed: counter}
                      check: {at: \(fd ? 96 : 24), bits: 8, computed: \(kind)}
            record: [frames]
            steps:
              - set: {charger.limit: 10 A}
              - wait: 1s
              - {attack: \(attack)}
            """)
        #expect(run.outcome.diagnostics.map(\.message) == [])
        return try run.directory.text("frames.log").split(separator: "\n").compactMap { line -> [UInt8]? in
            guard let mark = line.range(of: " 100#") else { return nil }
            let digits = Array(line[mark.upperBound...].drop { $0 == "#" }.dropFirst(fd ? 1 : 0))
            return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
        }
    }

    private func isRight(_ bytes: [UInt8], _ kind: ComputedField = .crc8, at place: Int = 3) -> Bool {
        var others = bytes
        others.remove(at: place)
        return UInt64(bytes[place]) == kind.sum(of: others)
    }

    @Test("a sender counts its frames and checks them", arguments: [(ComputedField.crc8, false), (.sum8, false), (.crc8h2f, true)])
    func sender(_ kind: ComputedField, _ fd: Bool) throws {
        let frames = try lines("drop, against: can0.limits, for: 1ms", kind: kind.rawValue, fd: fd)
        #expect(frames.count == 20 && frames.map { $0[2] & 15 } == (0..<20).map { UInt8($0 % 16) }, "\(frames)")
        #expect(frames.allSatisfy { isRight($0, kind, at: fd ? 12 : 3) }, "\(frames)")
    }

    @Test("a change leaves a wrong checksum behind, unless it is repaired; the counter stays that of the sender")
    func modify() throws {
        for repairs in [false, true] {
            let frames = try lines("modify, against: can0.limits, for: 500ms, with: {chance: 100%, set: {limit: 80 A}, repair: \(repairs)}")
            let changed = frames.filter { $0[1] == 3 }
            #expect(changed.count == 5 && changed.allSatisfy { isRight($0) == repairs }, "\(frames)")
            #expect(frames.map { $0[2] & 15 } == (0..<20).map { UInt8($0 % 16) })
        }
    }

    @Test(
        "attacks that know the checksum make frames that pass",
        arguments: [
            "inject, against: can0.limits, for: 500ms, with: {every: 30ms, set: {limit: 80 A}, repair: true}",
            "overdraw, against: can0.limits, for: 500ms, with: {scale: {limit: 2}, repair: true}",
            "spoof, against: can0.limits, for: 500ms, with: {set: {limit: 80 A}, repair: true}",
            "fuzz, against: can0.limits, for: 500ms, with: {every: 10ms, repair: true}",
            "fuzz, against: can0.limits, for: 500ms, with: {in_place: true, chance: 100%, repair: true}",
        ])
    func repaired(_ attack: String) throws {
        let frames = try lines(attack)
        #expect(frames.allSatisfy { isRight($0) }, "\(frames)")
        #expect(frames.contains { $0[0] != 100 || $0[1] != 0 })
        let plain = try lines(attack.replacingOccurrences(of: "repair: true", with: "repair: false"))
        #expect(!plain.allSatisfy { isRight($0) })
    }

    @Test("a spoofer goes on counting where the real sender was")
    func counting() throws {
        let frames = try lines("spoof, against: can0.limits, for: 450ms, with: {skew: 0, phase: 1ms, set: {limit: 80 A}, repair: true}")
        let spoofed = frames.filter { $0[1] == 3 }.map { $0[2] & 15 }
        #expect(spoofed.count >= 4 && zip(spoofed, spoofed.dropFirst()).allSatisfy { ($0 + 1) & 15 == $1 }, "\(frames)")
    }

    @Test(
        "what cannot be computed is refused with its place",
        arguments: [
            ("check: {at: 25, bits: 8, computed: crc8}", "E0304"), ("check: {at: 24, bits: 8, scale: 2, computed: crc8}", "E0304"),
            ("check: {at: 24, bits: 8, computed: crc16}", "E0304"), ("check: {at: 24, bits: 8, computed: crc9}", "E"),
            ("check: {at: 24, bits: 8}", "E0488"),
        ])
    func refused(_ field: String, _ code: String) throws {
        let found = findings(
            """
            evsim: 1
            scenario: wrong
            run: {for: 1s}
            nodes: {charger: {is: charger-module, bus: can0}}
            buses: {can0: {frames: {limits: {id: 0x100, from: charger, every: 100ms, data: {\(field)}}}}}
            steps: [{attack: modify, against: can0.limits, for: 1s, with: {flip: [0], repair: true}}]
            """)
        #expect(found.contains { $0.severity == .error && $0.code.hasPrefix(code) && $0.span.map { $0.line >= 5 && $0.column > 5 } ?? false }, "\(found)")
    }
}
