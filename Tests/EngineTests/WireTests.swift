import Foundation
import ScenarioLanguage
import Testing

@testable import Engine

/// Runs on a bus with exact bit times; a bit of 500 kbit/s takes 2 us.
@Suite("buses with wires")
struct WireTests {
    private func text(_ bus: String = "", frames: String = "", steps: [String] = [], length: String = "10s", more: String = "") -> String {
        head(length, record: "[signals, frames]") + """
            nodes:
              csms: {is: csms}
              cp1: {is: charge-point, csms: csms, bus: can0}
              charger: {is: charger-module, bus: can0, ramp: 100%}
              injector: {is: can-fault-injector, bus: can0}
            buses:
              can0: {fidelity: wire\(bus), frames: {\(frames)}}
            \(more)steps:
            \((steps + ["wait: 0s"]).map { "  - {\($0)}\n" }.joined())
            """
    }

    private func bus(_ run: Recorded) throws -> [String: Any] {
        let report = try #require(try JSONSerialization.jsonObject(with: run.directory.bytes("report.json")) as? [String: Any])
        return try #require((report["buses"] as? [[String: Any]])?.first)
    }

    @Test("frames of one instant go by identifier, and each takes the time of its bits")
    func order() throws {
        let run = try Recorded(
            text(
                frames: "late: {id: 0x201}, early: {id: 0x200}, last: {id: 0x300, length: 2}",
                steps: [
                    "transmit: can0, id: 0x300, data: D204, from: cp1", "transmit: can0.late, from: charger", "transmit: can0.early, from: csms", "wait: 100ms",
                ], length: "500ms"))
        // 200# ends after 51 - 3 bits, 201# after 51 + 50 - 3, 300#D204 after 51 + 50 + 67 - 3.
        let lines = try run.directory.text("frames.log").split(separator: "\n").map(String.init)
        #expect(lines.first == "(946684800.000096) can0 200#")
        #expect(lines.dropFirst().first == "(946684800.000196) can0 201#")
        #expect(try run.values("can0.early.response") == [96e-6] && run.values("can0.late.response") == [196e-6])
    }

    @Test("the bus load is that of the bits")
    func load() throws {
        // 555# empty takes 47 bits and its stuff bits; the exact length of 100# with eight bytes 55 is in the report.
        let run = try Recorded(text(frames: "f: {id: 0x555, every: 1ms, from: cp1, length: 8, fill: 0x55}", length: "3s"))
        let bus = try bus(run)
        let bits = try #require(bus["bits"] as? Int)
        // 555 with eight bytes 55 takes 112 bits (facts of the vectors); 1000 of them are 224 ms of each second, and the reading of the charger adds 0.1 ms.
        let values = try run.values("can0.load")
        #expect(values.count == 3 && values.allSatisfy { abs($0 - 0.2241) < 0.0003 }, "\(values)")
        #expect(bits >= 2_999 * 112 && bits < 3_001 * 112 + 4 * 80)
        #expect((bus["load_max"] as? Double ?? 0) < 0.2245 && (bus["errors"] as? Int) == 0)
    }

    @Test("a bus-off attack takes its sender off the bus, which comes back after the pause and 1408 bits")
    func attack() throws {
        let run = try Recorded(
            text(", restart_after: 200ms, error_frames: true", steps: ["wait: 1500ms", "do: bus-off-attack, to: injector, with: {id: 0x300, for: 2s}"]))
        let tec = try run.values("can0.charger.tec")
        #expect(Array(tec.dropFirst().prefix(32)) == stride(from: 8.0, through: 256, by: 8).map { $0 })
        let states = try run.samples("can0.charger.state").map(\.value)
        #expect(states.prefix(4) == ["0", "1", "2", "3"], "\(states.prefix(6))")
        let frames = try run.directory.text("frames.log").split(separator: "\n").map(String.init)
        #expect(frames.filter { $0.contains("20000088#") }.count % 32 == 0 && frames.contains { $0.contains("20000040#") })
        // Bus-off and restart are apart by 200 ms + 1408 * 2 us.
        func time(_ line: String) -> Double { Double(line.dropFirst().prefix { $0 != ")" }.suffix(13)) ?? 0 }
        let off = try #require(frames.first { $0.contains(" 20000040#") })
        let back = try #require(frames.first { $0.contains(" 20000100#") })
        #expect(abs(time(back) - time(off) - 0.202816) < 2e-6, "\(off) \(back)")
        #expect((try bus(run)["bus_offs"] as? Int ?? 0) >= 1)
    }

    @Test("a queue that is full refuses frames, and the report counts them")
    func overflow() throws {
        let frames = (0..<6).map { "transmit: can0, id: 0x10\($0), from: cp1" }
        let run = try Recorded(text(", queue_limit: 4, queue: fifo", steps: frames))
        let lines = try run.directory.text("frames.log").split(separator: "\n").filter { $0.contains(" 10") }
        #expect(lines.map { $0.suffix(4) } == ["100#", "101#", "102#", "103#"])
        #expect(try bus(run)["refused"] as? Int == 2)
        let stations = try #require(try bus(run)["stations"] as? [[String: Any]])
        #expect(stations.first { $0["node"] as? String == "cp1" }?["longest_queue"] as? Int == 4)
    }

    @Test("a muted node neither sends nor acknowledges, and speaks again when its time is over")
    func muted() throws {
        let run = try Recorded(text(steps: ["wait: 2700ms", "do: mute, to: injector, with: {node: charger, for: 3s}"]))
        let times = try run.directory.text("frames.log").split(separator: "\n").filter { $0.contains(" 300#") }.compactMap {
            Double($0.dropFirst(9).prefix(3))
        }
        #expect(times == [0.5, 1.5, 2.5, 6.5, 7.5, 8.5, 9.5])
        #expect(try bus(run)["muted"] as? Int == 3)
    }

    @Test("flipped bits are caught: every frame arrives, and errors are counted by kind")
    func flips() throws {
        let run = try Recorded(
            text(frames: "f: {id: 0x123, every: 5ms, from: cp1, length: 8}", steps: ["do: flip-bits, to: injector, with: {rate: 5e-4, for: 8s}"]))
        let bus = try bus(run)
        #expect(try run.values("can0.f.response").count == 2_000)
        #expect((bus["errors"] as? Int ?? 0) > 50 && (bus["undetected"] as? Int) == 0)
        #expect((bus["errors_by_kind"] as? [String: Int])?.values.reduce(0, +) == bus["errors"] as? Int)
    }

    @Test("wide frames cross the wires with all their bytes, also after errors")
    func wide() throws {
        let run = try Recorded(
            text(
                ", data_bitrate: 2 Mbit/s", frames: "block: {id: 0x110, fd: true, data: {first: u8, last: {at: 504, bits: 8}}}",
                steps: [
                    "do: flip-next, to: injector, with: {id: 0x110, bit: 100}", "transmit: can0.block, with: {first: 17, last: 99}, from: cp1",
                ]))
        #expect(try run.values("can0.block.last") == [99] && run.values("can0.block.first") == [17])
        #expect(try run.values("can0.errors").last == 1)
    }

    @Test("the same file gives the same run, and another seed other flips")
    func determinism() throws {
        let noisy = text(frames: "f: {id: 0x123, every: 5ms, from: cp1, length: 8}", steps: ["do: flip-bits, to: injector, with: {rate: 1e-3}"])
        let runs = try [1, 1, 2].map { try Recorded(noisy, seed: $0).directory.text("frames.log") }
        #expect(runs[0] == runs[1] && runs[0] != runs[2])
    }

    @Test("a slow clock stretches the periods of a node, those of the engine and its own")
    func skew() throws {
        let run = try Recorded(
            text(frames: "f: {id: 0x123, every: 1s, from: charger}", steps: ["do: skew, to: injector, with: {node: charger, ppm: 100000}"]))
        let lines = try run.directory.text("frames.log").split(separator: "\n")
        // What was planned before the step keeps its time; then each period takes 1.1 s.
        for id in [" 300#", " 123#"] {
            let times = lines.filter { $0.contains(id) }.compactMap { Double($0.dropFirst(9).prefix(5)) }
            let gaps = zip(times.dropFirst(2), times.dropFirst()).map { $0 - $1 }
            #expect(times.count >= 9 && gaps.allSatisfy { abs($0 - 1.1) < 0.002 }, "\(id) \(times)")
        }
    }

    @Test("faults end in the order of their own times; one that begins anew lasts its new time")
    func renewed() throws {
        let run = try Recorded(
            text(steps: [
                "wait: 1700ms", "do: mute, to: injector, with: {node: charger, for: 2s}", "wait: 1s", "do: mute, to: injector, with: {node: charger, for: 3s}",
            ]))
        let times = try run.directory.text("frames.log").split(separator: "\n").filter { $0.contains(" 300#") }.compactMap {
            Double($0.dropFirst(9).prefix(3))
        }
        #expect(times == [0.5, 1.5, 6.5, 7.5, 8.5, 9.5])
    }
}
