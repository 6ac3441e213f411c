import OCPP
import ScenarioLanguage

extension ChargePointNode {
    static let kind = NodeKind(
        manifest: KindManifest(
            name: "charge-point",
            about: "A charge point of OCPP 1.6: boots, takes commands and limits, charges, meters; with 'bus' it commands a charger module over CAN.",
            roles: [.chargePoint, .load],
            settings: [
                SettingManifest("csms", .node(roles: [.centralSystem]), required: true, about: "Its central system."),
                SettingManifest("bus", .bus, about: "CAN bus of its charger module; without it the charge point has a supply of its own."),
                SettingManifest(
                    "max_current", .quantity(.current), min: "0 A", max: "5000 A", follows: true,
                    about: "Greatest current of a connector, per phase for AC; 32 A, with 'bus' 500 A."),
                SettingManifest(
                    "min_current", .quantity(.current), min: "0 A", max: "5000 A", about: "Limits below pause charging; 6 A (IEC 61851), with 'bus' 0 A."),
                SettingManifest("voltage", .quantity(.voltage), min: "1 V", max: "2000 V", about: "Phase to neutral, or DC; 230 V, with 'bus' 400 V."),
                SettingManifest("phases", .count, default: "3", min: "1", max: "3", about: "Phases of the supply; 1 with 'bus'."),
                SettingManifest("connectors", .count, default: "1", min: "1", max: "8", about: "Connectors; signals are sums, 'status' is that of the first."),
                SettingManifest(
                    "plugged", .flag, default: "true",
                    about: "Whether a vehicle that takes all current is there from the start; with vehicles or arrivals: false."),
                SettingManifest("meter_every", .duration, default: "60s", min: "100ms", about: "Period of MeterValues and readings."),
                SettingManifest(
                    "measurands", .texts(allowed: Measurand.names.map(\.description)),
                    about: "Measurands of MeterValues; energy, current and power, with 'bus' the current."),
                SettingManifest("boot_after", .duration, default: "0s", about: "Time after the start at which it is switched on."),
                SettingManifest("authorize_remote", .flag, default: "false", about: "Whether a remote start asks Authorize first (AuthorizeRemoteTxRequests)."),
                SettingManifest("vendor", .text, default: "evsim", about: "chargePointVendor."),
                SettingManifest("model", .text, default: "charge-point", about: "chargePointModel."),
                SettingManifest("serial_number", .text, about: "chargePointSerialNumber."),
                SettingManifest("firmware_version", .text, about: "firmwareVersion."),
                SettingManifest(
                    "meter_gain", .percent, default: "100%", min: "0%", max: "1000%", follows: true,
                    about: "What the meter reports, as a share of the truth: 90% counts a tenth too little."),
                SettingManifest(
                    "meter_offset", .quantity(.current), default: "0 A", min: "-1000 A", max: "1000 A", follows: true,
                    about: "Current that the meter adds while current flows."),
            ],
            signals: [
                SignalManifest("current", .current, unit: "A", held: true, about: "Current drawn, per phase for AC."),
                SignalManifest("power", .power, unit: "W", held: true, about: "Power drawn."),
                SignalManifest(
                    "energy", .energy, unit: "Wh", periodSetting: "meter_every", periodFrame: "current", about: "Register of imported energy; never reset."),
                SignalManifest(
                    "limit", .current, unit: "A", settable: true, held: true,
                    about:
                        "Limit that smart charging leaves, offered to the vehicle or written to the bus; one that a step writes holds until the next, whatever max_current says."
                ),
                SignalManifest("status", members: ChargePointStatus.names.map(\.description), about: "Status of connector 1."),
                SignalManifest("charging", isFlag: true, about: "Whether a connector is energised."),
                SignalManifest("soc", unit: "%", needs: .partner(.chargePoint), about: "State of charge of the vehicle, when it has one."),
                SignalManifest("session_energy", .energy, unit: "Wh", periodSetting: "meter_every", about: "Energy of the running transaction at connector 1."),
                SignalManifest("meter_current", .current, unit: "A", held: true, about: "Current that the meter reports."),
                SignalManifest(
                    "meter_energy", .energy, unit: "Wh", held: true, about: "Register that the meter reports; with an error of the meter not the truth."),
            ],
            frames: [
                FrameManifest("start", id: 0x200, use: .sends, about: "Start charging."),
                FrameManifest("stop", id: 0x201, use: .sends, about: "Stop charging."),
                FrameManifest("limit", id: 0x210, use: .sends, fields: [("limit", "u16 A")], about: "Set the current limit."),
                FrameManifest("current", id: 0x300, use: .reads, every: "1s", phase: "500ms", fields: [("current", "u16 A")], about: "Reading of the current."),
            ],
            example: """
                evsim: 1
                scenario: charge-point-example
                run: {for: 10min}
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, max_current: 16 A}
                steps:
                  - {send: RemoteStartTransaction, to: cp1}
                expect:
                  - =max(cp1.power) > 11 kW
                  - =count(ocpp.MeterValues) == 9
                """)
    ) { context throws(RunFailure) in try ChargePointNode.make(context) }
}
