import Foundation
import ScenarioLanguage
import Testing
import YAMLTree

@testable import Engine

/// DBC files in memory, by their address.
private struct DatabaseTexts: PluginSource {
    let texts: [String: String]
    func plugin(_ address: String, usedBy file: SourceFile) throws(PluginRefusal) -> SourceFile { throw PluginRefusal("there are no plugins") }
    func file(_ address: String, usedBy file: SourceFile, limit: Int) throws(PluginRefusal) -> SourceFile {
        guard let text = texts[address] else { throw PluginRefusal("there is no file '\(address)'") }
        return SourceFile(path: address, bytes: Array(text.utf8))
    }
    var shipped: [String] { [] }
}

private let database = """
    BU_: Charger Vehicle
    BO_ 784 Status: 8 Charger
     SG_ Voltage : 0|16@1+ (0.1,0) [0|1000] "V" Vehicle
     SG_ Current : 16|16@1- (0.1,0) [-400|400] "A" Vehicle
     SG_ State : 40|4@1+ (1,0) [0|15] "" Vehicle
     SG_ Speed : 48|8@1+ (0.5,0) [0|0] "rpm" Vehicle
    BO_ 2566857412 Pages: 12 Vehicle
     SG_ Page M : 0|4@1+ (1,0) [0|15] "" Charger
     SG_ A m0 : 8|16@1+ (1,0) [0|0] "" Charger
     SG_ B m2 : 8|64@1- (1,0) [0|0] "W" Charger
     SG_ _on m3 : 8|1@1+ (1,0) [0|0] "" Charger
    BA_DEF_ BO_ "GenMsgCycleTime" INT 0 10000;
    BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN_FD";
    BA_DEF_DEF_ "GenMsgCycleTime" 0;
    BA_ "GenMsgCycleTime" BO_ 784 250;
    BA_ "VFrameFormat" BO_ 2566857412 1;
    VAL_ 784 State 0 "Idle" 5 "Charging" ;
    SIG_VALTYPE_ 2566857412 B : 2;
    SG_MUL_VAL_ 2566857412 A Page 0-1;

    """

@Suite("databases of buses")
struct DatabaseBusTests {
    private let nodes = """
        nodes:
          csms: {is: csms}
          cp1: {is: charge-point, csms: csms, bus: inside}
          module: {is: charger-module, bus: inside, ramp: 100%}
        buses:
          inside: {}
          can0:
            dbc: charger.dbc
            senders: {Charger: module}

        """

    private func read(_ text: String) -> (scenario: Scenario?, diagnostics: [Diagnostic]) {
        ScenarioReader(registry: BuiltIns.registry, plugins: DatabaseTexts(texts: ["charger.dbc": database])).read(
            SourceFile(path: "test.yaml", bytes: Array(text.utf8)))
    }

    private func run(_ steps: String, expect: String = "") throws -> (outcome: RunOutcome, directory: ScratchDirectory) {
        let text = head("10s", record: "[signals, frames]") + nodes + "steps:\n" + steps.split(separator: "\n").map { "  \($0)\n" }.joined() + expect
        let (scenario, diagnostics) = read(text)
        let directory = try ScratchDirectory()
        var options = RunOptions(directory: directory.path)
        options.drawsPlots = false
        return (Runner.run(try #require(scenario, "\(diagnostics)"), options: options), directory)
    }

    private func values(_ directory: ScratchDirectory, _ signal: String) throws -> [String] {
        var values: [String] = []
        for line in try directory.text("signals.csv").split(separator: "\n") {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            if cells.count > 2, cells[1] == signal { values.append(cells.dropFirst(2).filter { !$0.isEmpty }.joined(separator: " ")) }
        }
        return values
    }

    private func log(_ directory: ScratchDirectory, _ id: String) throws -> [String] {
        try directory.text("frames.log").split(separator: "\n").compactMap { line in
            line.contains(" can0 \(id)#") ? String(line.split(separator: " ")[2]) : nil
        }
    }

    @Test("messages are frames with senders, cycle times, units and words")
    func framesOfADatabase() throws {
        let (scenario, diagnostics) = read(head("10s", record: "[frames]") + nodes)
        #expect(diagnostics.map(\.code) == ["W0608"])
        let bus = try #require(scenario?.buses.first { $0.name == "can0" })
        #expect(bus.frames.map(\.name) == ["Status", "Pages"])
        #expect(bus.frames[0].from == 2 && bus.frames[0].every?.nanoseconds == 250_000_000 && bus.frames[1].from == nil && bus.frames[1].every == nil)
        #expect(bus.frames[1].isFD && bus.frames[1].isExtended && bus.frames[1].id == 0x18FF_22C4)
        #expect(bus.frames[0].fields.map(\.unit) == ["V", "A", "", ""])
        #expect(bus.frames[0].fields[2].members?.count == 16 && bus.frames[0].fields[2].members?[5] == "Charging")
        #expect(
            bus.databases[0].notes == [
                "the unit 'rpm' of 'Status.Speed' is not known: it is a plain number", "the signal 'Pages._on' is called 'x_on' here",
            ])
        #expect(scenario?.sources.map(\.path) == ["test.yaml", "charger.dbc"])
    }

    @Test("steps send them by their names, with words; the fields of the sender's signals go out with the cycle time")
    func sending() throws {
        let (outcome, directory) = try run(
            """
            - wait: 100ms
            - {transmit: can0.Status, with: {Voltage: 400.5 V, Current: -12.3 A, State: Charging, Speed: 12}}
            """)
        #expect(outcome.diagnostics.isEmpty)
        let frames = try log(directory, "310")
        // 40 periodic ones and that of the step; 400 V is what the module gives.
        #expect(frames.count == 41 && frames[0] == "310#A00F000000000000" && frames[1] == "310#A50F85FF00051800")
        #expect(try values(directory, "can0.Status.State").prefix(2) == ["0 Idle", "5 Charging"])
    }

    @Test("a multiplexed signal is sent with its page and published only by frames that have it")
    func multiplexing() throws {
        let (outcome, directory) = try run(
            """
            - {transmit: can0.Pages, with: {A: 4660}}
            - wait: 1s
            - {transmit: can0.Pages, with: {B: -1.5 kW}}
            - wait: 1s
            - {transmit: can0.Pages, with: {Page: 1, A: 1}}
            - wait: 1s
            - {transmit: can0, id: 0x18FF22C4, extended: true, fd: true, data: 03 01 00 00 00 00 00 00 00 00 00 00}
            """)
        #expect(outcome.diagnostics.isEmpty)
        #expect(
            try log(directory, "18FF22C4") == [
                "18FF22C4##4003412000000000000000000", "18FF22C4##40200000000007097C0000000", "18FF22C4##4010100000000000000000000",
                "18FF22C4##4030100000000000000000000",
            ])
        #expect(try values(directory, "can0.Pages.A") == ["4660", "1"])
        #expect(try values(directory, "can0.Pages.B") == ["-1500 W"])
        #expect(try values(directory, "can0.Pages.Page") == ["0", "2", "1", "3"])
        #expect(try values(directory, "can0.Pages.x_on") == ["1"])
    }

    @Test("a value beyond the limits is sent as the nearest one, and the run says so once")
    func range() throws {
        let (outcome, directory) = try run(
            """
            - repeat: 3
              steps:
                - wait: 10ms
                - {transmit: can0.Status, with: {Voltage: '=1000.5 V + module.current * 0 Ohm'}}
            """)
        #expect(try log(directory, "310")[1].hasPrefix("310#1027"))
        #expect(outcome.diagnostics.map(\.code) == ["W0741"])
        #expect(outcome.diagnostics.first?.message == "a value of 'can0.Status.Voltage' does not fit: the nearest one is sent (3 times, first at 0.01 s)")
    }

    @Test("fields of YAML wrap, are floats, and are there with a page only")
    func fieldsOfYAML() throws {
        let run = try Recorded(
            head("5s", record: "[signals, frames]") + """
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, bus: can0}
                buses:
                  can0:
                    frames:
                      f:
                        id: 0x100
                        length: 8
                        fill: 0xFF
                        data:
                          page: {at: 0, bits: 4}
                          low: {at: 8, bits: 8, range: wrap, mux: {page: 1}}
                          ratio: {at: 8, bits: 32, float: true, mux: {page: [2, 4-6]}}
                          mode: {at: 4, bits: 4, values: {0: eco, 3: boost}}
                      d: {id: 0x101, data: {value: f64 kW}}
                steps:
                  - {transmit: can0.f, with: {low: 258, mode: boost}}
                  - wait: 1s
                  - {transmit: can0.f, with: {ratio: -12.5}}
                  - {transmit: can0.d, with: {value: 1.5 W}}

                """)
        let frames = try run.directory.text("frames.log").split(separator: "\n").map { String($0.split(separator: " ")[2]) }.filter { $0.hasPrefix("10") }
        #expect(frames == ["100#3102FFFFFFFFFFFF", "100#02000048C1FFFFFF", "101#FA7E6ABC7493583F"])
        #expect(try run.samples("can0.f.mode").map(\.value) == ["3", "0"])
        #expect(try run.values("can0.f.low") == [2])
        #expect(try run.values("can0.f.ratio") == [-12.5])
    }
}
