import Foundation
import Testing

@testable import Engine

/// Bytes of the charger protocols that come as plugins, against published examples and hand-computed frames.
@Suite("charger protocols")
struct ChargerProtocolTests {
    private func frames(_ use: String, _ nodes: [String], _ steps: String = "", length: String, buses: String = "") throws -> Set<String> {
        let run = try Recorded(
            "evsim: 1\nscenario: test\nuses: [evsim/can/\(use)]\nrun: {for: \(length)}\nrecord: [frames]\nnodes:\n"
                + nodes.map { "  \($0)\n" }.joined() + buses + steps)
        #expect(run.outcome.verdict != .incomplete)
        return Set(try run.directory.text("frames.log").split(separator: "\n").compactMap { $0.split(separator: " ").last.map(String.init) })
    }

    @Test("Infypower: reading, status, set and limits as an open driver's examples have them")
    func infypower() throws {
        let frames = try frames(
            "infypower",
            [
                "one: {is: infypower-module, bus: can0, lowest: 100 V}",
                "rack: {is: infypower-controller, bus: can0, enabled: true, voltage: 500 V, current: 3.5 A}",
            ], length: "8s")
        // 500.0 V and 3.5 A; 27 °C in group 2.
        #expect(frames.isSuperset(of: ["0283F000#43FA000040600000", "0284F000#000000021B004000", "028300F0#0000000000000000"]))
        let slow = try frames_(voltage: "400 V", current: "2 A")
        // Set to 400 V and 2 A; 400.0 V and 50.0 A are there.
        #expect(slow.isSuperset(of: ["029C00F0#00061A80000007D0", "028CF000#0FA001F400000000", "029A00F0#0000000000000000"]))
    }

    private func frames_(voltage: String, current: String) throws -> Set<String> {
        try frames(
            "infypower",
            ["one: {is: infypower-module, bus: can0}", "rack: {is: infypower-controller, bus: can0, enabled: true, voltage: \(voltage), current: \(current)}"],
            length: "8s")
    }

    @Test("Infypower: the address stands in the identifier of both directions")
    func infypowerAddress() throws {
        let frames = try frames(
            "infypower",
            ["one: {is: infypower-module, bus: can0, address: 2}", "rack: {is: infypower-controller, bus: can0, address: 2, enabled: true}"], length: "3s")
        #expect(frames.contains("028302F0#0000000000000000") && frames.contains { $0.hasPrefix("0283F002#") })
    }

    @Test("UUGreenPower: set, done, read and answer of module 3, told apart by type and command")
    func uugreenpower() throws {
        let frames = try frames(
            "uugreenpower",
            ["one: {is: uugreenpower-module, bus: can0, address: 3}", "rack: {is: uugreenpower-controller, bus: can0, address: 3, enabled: true}"], length: "4s"
        )
        #expect(
            frames.isSuperset(of: [
                "0220C000#0002000000061A80", "0200C000#0102000000061A80", "0220C000#0003000000004E20", "0220C000#0004000000000000",
                "0220C000#0200000000000000", "0200C000#0300000000061A80", "0200C000#0301000000004E20",
            ]))
    }

    @Test("the family 060: 500 V in register 0021, a refusal with F2, and the dialect of DPM1000")
    func protno() throws {
        let frames = try frames(
            "protno-060",
            [
                "one: {is: protno-module, bus: can0}", "rack: {is: protno-controller, bus: can0, enabled: true, voltage: 500 V}",
            ], length: "3s")
        // 0x060 << 20 | 1 << 19 | 1 << 11 | F0 << 3, and back.
        #expect(frames.isSuperset(of: ["06080F80#0300002143FA0000", "060F8008#41F0002143FA0000", "06080F80#0300003000000000", "06080F80#1000000100000000"]))
        let other = try self.frames(
            "protno-060",
            [
                "one: {is: protno-module, bus: can0, reads: 1, answers: 67, highest: 450 V}",
                "rack: {is: protno-controller, bus: can0, reads: 1, answers: 67, enabled: true}",
            ], "steps: [{at: 1s}, {set: {rack.voltage: 500 V}}]\n", length: "4s")
        #expect(other.isSuperset(of: ["06080F80#0100000100000000", "060F8008#43F0000143C80000", "060F8008#41F2002143C80000"]))
    }

    @Test("CHAdeMO: voltages are little-endian, one volt a bit; the stop bit falls as the charging bit rises")
    func chademo() throws {
        let frames = try frames(
            "chademo",
            [
                "car: {is: chademo-car, bus: can0, d1: station.d1, d2: station.d2, energy: station.energy, most: 40 A}",
                "station: {is: chademo-station, bus: can0, permission: car.permission, start: true}",
            ], length: "12s")
        // 410 V are 9A 01; 500 V are F4 01; 380 V are 7C 01; capacity 40 kWh are 364 times 0.11.
        #expect(frames.isSuperset(of: ["100#020018019A016400", "108#01F4017D9A010000"]))
        #expect(frames.contains { $0.hasPrefix("101#00FF3C") && $0.hasSuffix("6C0100") })
        // Asks for 40 A, charging enabled, contactor closed, 20 %.
        #expect(frames.contains("102#029A012800011400"))
        let station = frames.filter { $0.hasPrefix("109#") }
        #expect(station.contains { $0.hasPrefix("109#027C0128") })
        for frame in station {
            let flags = try #require(UInt8(frame.dropFirst(4 + 10).prefix(2), radix: 16))
            #expect((flags & 1 == 1) != (flags & 0x20 != 0), "\(frame)")
        }
    }

    @Test("GB/T 27930: identifiers of J1939, an offset of -400 A, AA for ready")
    func gbt() throws {
        let frames = try frames(
            "gbt27930",
            [
                "bms: {is: gbt-bms, bus: can0, supply: charger.supply, current: charger.current, energy: charger.energy, most: 100 A}",
                "charger: {is: gbt-charger, bus: can0, start: true, available: 200 A}",
            ], length: "15s")
        // 420 V are 1068; a request of 100 A is -100 A, raw 3000; 250 A would be raw 1500.
        #expect(
            frames.isSuperset(of: [
                "1826F456#010100", "182756F4#6810", "1801F456#0001000000000000", "1801F456#AA01000000000000", "1808F456#4C1DD007D007A00F",
                "100956F4#00", "100956F4#AA", "100AF456#00", "100AF456#AA", "181056F4#6810B80B02",
                // BRM of 49 bytes, BCP of 13 and BCS of 9 as the transport protocol carries them, with priority 7.
                "1CEC56F4#1031000707000200", "1CECF456#110701FFFF000200", "1CEB56F4#07FFFFFFFFFFFFFF", "1CECF456#13310007FF000200",
                "1CEC56F4#100D000202000600", "1CECF456#130D0002FF000600", "1CEC56F4#1009000202001100", "1CECF456#13090002FF001100",
                // BCP: 3.75 V a cell, -100 A, 50.0 kWh, 420.0 V, 55 °C, 30.0 %, 370.4 V.
                "1CEB56F4#017701B80BF40168", "1CEB56F4#0210692C01780EFF",
            ]))
        #expect(frames.contains { $0.hasPrefix("1812F456#A00FB80B") }, "400 V and 100 A, once the current has risen")
    }

    @Test("the forerunner's frames: whole amperes, little-endian, and the status of a battery")
    func prototype() throws {
        let frames = try frames(
            "prototype-frames",
            [
                "point: {is: prototype-commander, bus: can0, limit: 1000 A, enabled: true}", "charger: {is: prototype-charger, bus: can0, ramp: 100%}",
                "battery: {is: prototype-battery, bus: can0, current: charger.current, energy: charger.energy}",
            ], "steps: [{at: 3s}, {set: {point.enabled: 'false'}}]\n", length: "6s")
        #expect(frames.isSuperset(of: ["200#", "201#", "210#E803", "300#E803", "300#0000", "102#00"]))
        // 40 % in halves, 25 °C above -40 °C, 380 V times 0.98.
        #expect(frames.contains("100#50418C0E") || frames.contains { $0.hasPrefix("100#50418") })
    }
}
