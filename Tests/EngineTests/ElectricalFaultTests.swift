import Foundation
import ScenarioLanguage
import Testing

@testable import Engine

/// Faults of supplies, meters, vehicles and sensors, and what follows from them.
@Suite("electrical faults")
struct ElectricalFaultTests {
    private func site(_ steps: String, length: String = "10min", point: String = "", more: String = "") -> String {
        head(length) + "nodes:\n  csms: {is: csms}\n  cp1: {is: charge-point, csms: csms, meter_every: 10s\(point)}\n\(more)"
            + "steps:\n  - {send: RemoteStartTransaction, to: cp1}\n\(steps)"
    }

    /// The value of a signal in force at an instant, in the unit of the file.
    private func value(_ run: Recorded, _ signal: String, at time: Double) throws -> Double {
        let rows = try run.samples(signal).compactMap { row in Double(row.time).flatMap { time in Double(row.value).map { (time, $0) } } }
        return try #require(rows.last { $0.0 <= time }).1
    }

    @Test("a lost phase takes its third of the power and of the energy, and gives it back")
    func phase() throws {
        let run = try Recorded(site("  - wait: 2min\n  - {do: phase-loss, to: cp1, with: {phase: 2, for: 1min}}\n"))
        #expect(try value(run, "cp1.power", at: 100) == 22_080)
        #expect(try value(run, "cp1.power", at: 150) == 14_720)
        #expect(try value(run, "cp1.power", at: 200) == 22_080)
        #expect(abs(try value(run, "cp1.energy", at: 600) - (22_080 * 540 + 14_720 * 60) / 3600) < 1e-6)
    }

    @Test("a residual current ends the transaction within a tenth of a second, and the fault waits for a person")
    func ground() throws {
        let run = try Recorded(
            site("  - wait: 1min\n  - {do: ground-fault, to: cp1, with: {for: 10s}}\n  - wait: 2min\n  - {do: clear-fault, to: cp1}\n")
                + "expect:\n  - =max(cp1.power) > 20 kW\n  - =cp1.power == 0 W\n  - =cp1.status == 'Finishing'\n  - exchange:\n"
                + "      - {call: StopTransaction}\n      - {call: StatusNotification, with: {errorCode: GroundFailure, status: Faulted}}\n"
                + "      - {call: StatusNotification, with: {errorCode: NoError}, after: 1min}\n")
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence))")
        #expect(try value(run, "cp1.current", at: 60.05) == 32)
        #expect(try value(run, "cp1.current", at: 60.11) == 0)
    }

    @Test("what the protection does not notice goes on; what it does comes again after a reset while the cause is there")
    func blind() throws {
        let run = try Recorded(site("  - wait: 1min\n  - {do: overvoltage, to: cp1, with: {share: 120%, trips: false}}\n"))
        #expect(abs(try value(run, "cp1.power", at: 500) - 22_080 * 1.2) < 1e-6)
        let again = try Recorded(
            site(
                "  - wait: 1min\n  - {do: ground-fault, to: cp1}\n  - wait: 1min\n  - {do: clear-fault, to: cp1}\n  - {send: RemoteStartTransaction, to: cp1}\n"
            )
                + "expect:\n  - exchange: [{call: StatusNotification, with: {errorCode: GroundFailure}, times: 2}]\n")
        #expect(again.outcome.verdict == .pass)
    }

    @Test("an error of the meter begins and ends without a jump of the register, and a register can be turned back")
    func meter() throws {
        let run = try Recorded(
            site(
                "  - wait: 2min\n  - {do: meter-fault, to: cp1, with: {gain: 50%, for: 2min}}\n  - wait: 4min\n"
                    + "  - {do: meter-stuck, to: cp1, with: {for: 1min}}\n  - wait: 2min\n  - {do: meter-rollback, to: cp1, with: {energy: 1 kWh}}\n"))
        let perSecond = 22_080.0 / 3600
        #expect(abs(try value(run, "cp1.meter_energy", at: 120) - 120 * perSecond) < 1e-6)
        #expect(abs(try value(run, "cp1.meter_energy", at: 240) - 180 * perSecond) < 1e-6)
        #expect(abs(try value(run, "cp1.meter_energy", at: 410) - 300 * perSecond) < 1e-6, "stuck")
        #expect(abs(try value(run, "cp1.meter_energy", at: 480) - 360 * perSecond - (-1000 + 0)) < 1e-6)
        #expect(abs(try value(run, "cp1.energy", at: 480) - 480 * perSecond) < 1e-6)
    }

    @Test("a hot contact is kept at its limit by less current, which comes back when it is well")
    func heat() throws {
        let run = try Recorded(
            site(
                "  - wait: 5min\n  - {do: hot-contact, to: cp1, with: {resistance: 5, for: 15min}}\n", length: "1h",
                more: "  inside: {is: evse-monitor, at: cp1, every: 5s}\n")
                + "expect:\n  - =max(inside.pin_temperature) < 90 °C and max(inside.pin_temperature) > 80 °C\n  - =min(cp1.limit) < 30 A\n  - =cp1.limit == 32 A\n"
                + "  - =max(inside.pin_temperature_2) < 60 °C\n")
        #expect(run.outcome.verdict == .pass, "\(run.outcome.expectations.filter { !$0.isFulfilled }.map(\.sentence))")
    }

    @Test("sensors fail, and the fault of one changes no reading of another")
    func sensors() throws {
        let monitor = "  inside: {is: evse-monitor, at: cp1, every: 1s}\n"
        let plain = try Recorded(site("  - wait: 1min\n", length: "3min", more: monitor))
        let faulty = try Recorded(
            site(
                "  - wait: 1min\n  - {do: sensor-stuck, to: inside, with: {sensor: voltage, for: 1min}}\n"
                    + "  - {do: sensor-drift, to: inside, with: {sensor: power, share: 10%, within: 1min}}\n"
                    + "  - {do: sensor-dropout, to: inside, with: {sensor: thd, chance: 50%, for: 1min}}\n", length: "3min", more: monitor))
        for signal in ["inside.current", "inside.residual_current", "inside.pin_temperature"] {
            #expect(try plain.values(signal) == faulty.values(signal))
        }
        let voltage = try faulty.values("inside.voltage")
        #expect(Set(voltage[61..<120]).count == 1 && Set(voltage[0..<60]).count > 50)
        #expect(try plain.values("inside.voltage")[121...].elementsEqual(voltage[121...]), "the noise goes on as if nothing had been")
        #expect(abs(try value(faulty, "inside.power", at: 150) / value(plain, "inside.power", at: 150) - 1.1) < 1e-9)
        #expect(try (40..<110).contains(faulty.values("inside.thd").count - 60))
    }

    @Test("a module on a bus trips, sticks and pushes current back, and the reading it sends can lie")
    func module() throws {
        let run = try Recorded(
            head("5min") + onBus()
                + "steps:\n  - {set: {charger.limit: 100 A, charger.charging: 'true'}}\n  - wait: 1min\n"
                + "  - {do: sensor-stuck, to: charger, with: {for: 30s}}\n  - {set: {charger.limit: 20 A}}\n  - wait: 1min\n"
                + "  - {do: overcurrent, to: charger, with: {share: 150%}}\n  - wait: 1min\n  - {do: repair, to: charger}\n"
                + "expect:\n  - =charger.charging == false\n  - =charger.current < 1 A\n")
        #expect(run.outcome.verdict == .pass)
        #expect(try value(run, "charger.current", at: 80) < 25)
        #expect(try value(run, "can0.current", at: 80) > 95)
        #expect(try value(run, "can0.current", at: 100) < 25)
    }

    @Test("the faults of a fleet without any cost nothing, and a fault leaves no trace in what others draw")
    func idle() throws {
        let text =
            head("2h") + "nodes:\n  csms: {is: csms}\n  cp: {is: charge-point, count: 4, csms: csms, plugged: false, meter_every: 10min}\n"
            + "  drivers: {is: ev-arrivals, to: cp.*, rate: 6 /h, energy: 8 kWh}\n"
        let plain = try Recorded(text)
        let touched = try Recorded(text + "steps:\n  - {do: host-load, to: cp.1, with: {power: 10 W}}\n")
        #expect(try plain.samples("drivers.present").map(\.time) == touched.samples("drivers.present").map(\.time))
        #expect(try plain.values("cp.2.power") == touched.values("cp.2.power"))
    }

    @Test("a vehicle can lie about its state of charge, and knows the truth")
    func charge() throws {
        let run = try Recorded(
            head("2h") + "nodes:\n  csms: {is: csms}\n  cp1: {is: charge-point, csms: csms, plugged: false, meter_every: 1min}\n"
                + "  car: {is: vehicle, at: cp1, soc: 30%}\nsteps:\n  - wait: 30min\n  - {do: soc-stuck, to: car, with: {soc: 10%, for: 30min}}\n")
        #expect(try value(run, "cp1.soc", at: 2400) == 10)
        #expect(try value(run, "car.soc", at: 2400) > 35)
        #expect(abs(try value(run, "cp1.soc", at: 7000) - value(run, "car.soc", at: 7000)) < 1e-9)
    }

    @Test("the page of anomalies names every scenario of faults and every benign one, and none that is not there")
    func page() throws {
        let root = testFolder.deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("docs/anomalies.md"), encoding: .utf8)
        for folder in ["faults", "benign"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("scenarios/\(folder)").path).sorted() {
                #expect(text.contains("(../scenarios/\(folder)/\(name))"), "\(name)")
            }
        }
        for link in text.matches(of: /\(\.\.\/([a-z0-9\/-]+\.yaml)\)/) {
            #expect(FileManager.default.fileExists(atPath: root.appendingPathComponent(String(link.1)).path), "\(link.1)")
        }
    }
}
