import Foundation
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// Frames that steps send, seen from the log of the bus and from the nodes that read them.
@Suite("frames of steps")
struct TransmitTests {
    private let bus = """
        nodes:
          csms: {is: csms}
          cp1: {is: charge-point, csms: csms, bus: can0}
          charger: {is: charger-module, bus: can0, ramp: 100%}
        buses:
          can0:
            data_bitrate: 2 Mbit/s
            frames:
              pack: {id: 0x18FF50E5, extended: true, from: charger, length: 8, fill: 255, data: {current: i16 be 0.1 A, voltage: u16 be 0.1 V}}
              cells: {id: 0x102, fd: true, data: {first: u16 0.001 V, last: {at: 480, bits: 16, scale: 0.001, unit: V}}}
              ask: {id: 0x18FF50E5, extended: true, remote: true, length: 8}

        """

    private func recorded(_ steps: String, length: String = "10s") throws -> Recorded {
        try Recorded(head(length, record: "[signals, frames]") + bus + "steps:\n" + steps.split(separator: "\n").map { "  \($0)\n" }.joined())
    }

    /// The frames of the log without the periodic reading.
    private func frames(_ run: Recorded) throws -> [String] {
        try run.directory.text("frames.log").split(separator: "\n").map { String($0.drop { $0 != ")" }.dropFirst(7)) }.filter { !$0.hasPrefix("300#") }
    }

    @Test("a declared frame takes the fields of the step, and the others from its sender")
    func declared() throws {
        let run = try recorded(
            """
            - {transmit: can0.pack, with: {current: -1.5 A}}
            - wait: 1s
            - {transmit: can0.pack, with: {current: '=0.5 A * 4', voltage: 999 V}, from: cp1}
            - {transmit: can0.cells, with: {first: 3.612 V, last: 3.701 V}}
            """)
        #expect(try frames(run).prefix(2) == ["18FF50E5#FFF10FA0FFFFFFFF", "18FF50E5#00142706FFFFFFFF"])
        #expect(try frames(run)[2] == "102##5" + "1C0E" + String(repeating: "00", count: 58) + "750E" + "0000")
        #expect(try run.samples("can0.pack.voltage").map { "\($0.time) \($0.value)" } == ["0 400", "1 999"])
        #expect(try run.values("can0.cells.last") == [3.701])
    }

    @Test("bytes of one's own reach the receivers, and the declared frame of that identifier")
    func raw() throws {
        let run = try recorded(
            """
            - {transmit: can0, id: 0x200}
            - {transmit: can0, id: 0x210, data: 14 00}
            - wait: 2s
            - {transmit: can0, id: 0x18FF50E5, extended: true, data: 0000.1388}
            - {transmit: can0, id: 0x18FF50E5, extended: true, data: 00}
            - {transmit: can0, id: 0x210, extended: true, data: 05 00}
            - {transmit: can0, id: 0x102, fd: true, data: 64 00 00 00 00 00 00 00 00}
            - {transmit: can0, id: 0x123, data: 11 22 33 44 55 66 77 88, dlc: 14}
            """)
        #expect(
            try frames(run) == [
                "200#", "210#1400", "18FF50E5#00001388", "18FF50E5#00", "00000210#0500", "102##4640000000000000000000000", "123#1122334455667788",
            ])
        #expect(try run.values("charger.current").max() == 20, "an extended identifier is another one")
        #expect(try run.samples("can0.pack.voltage").map { "\($0.time) \($0.value)" } == ["2 500"], "a frame that is too short has no voltage")
        #expect(try run.values("can0.cells.first") == [0.1])
        #expect(try run.samples("can0.cells.last").isEmpty)
    }

    @Test("a remote frame is another frame than the data frame of its identifier")
    func remote() throws {
        let run = try recorded("- {transmit: can0.ask}\n- {transmit: can0, id: 0x210, remote: true, dlc: 3}")
        #expect(try frames(run) == ["18FF50E5#R8", "210#R3"])
        #expect(try run.samples("can0.pack.voltage").isEmpty)
        #expect(try run.values("charger.limit") == [32])
    }

    @Test("an attack of a plugin sends frames on the bus that it is handed, and its label lasts as long")
    func insidePlugins() throws {
        let folder = try ScratchDirectory()
        try """
        evsim: 1
        plugin: liar
        attacks:
          lie:
            settings: {bus: {type: bus}, limit: {type: current, default: 63 A}}
            label: SPOOFING
            steps:
              - {transmit: bus.limit, with: {limit: =limit}, from: =attacker}
              - wait: 1s
              - {transmit: bus, id: 0x201}
        """.write(toFile: "\(folder.path)/liar.yaml", atomically: true, encoding: .utf8)
        let text = """
            evsim: 1
            scenario: test
            uses: [liar.yaml]
            run: {for: 10s}
            nodes:
              csms: {is: csms}
              cp1: {is: charge-point, csms: csms, bus: can0}
              charger: {is: charger-module, bus: can0, ramp: 100%}
            steps:
              - {send: RemoteStartTransaction, to: cp1}
              - wait: 2s
              - {attack: lie, by: cp1, against: charger, with: {bus: can0}}
            expect:
              - =max(charger.limit) == 63 A
              - =charger.charging == false
            """
        try text.write(toFile: "\(folder.path)/test.yaml", atomically: true, encoding: .utf8)
        let file = SourceFile(path: "\(folder.path)/test.yaml", bytes: Array(text.utf8))
        let (scenario, found) = ScenarioReader(registry: BuiltIns.registry, plugins: PluginFolders(root: folder.path, library: folder.path)).read(file)
        #expect(!found.contains { $0.severity == .error })
        #expect(Runner.run(try #require(scenario)).verdict == .pass)
    }
}
