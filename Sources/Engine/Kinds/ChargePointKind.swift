import OCPP
import ScenarioLanguage

extension ChargePointNode {
    static let kind = NodeKind(
        manifest: KindManifest(
            name: "charge-point",
            about: "A charge point of OCPP 1.6: boots, takes commands and limits, charges, meters; with 'bus' it commands a charger module over CAN.",
            roles: [.chargePoint, .load],
            settings: [
                SettingManifest(
                    "csms", .node(roles: [.centralSystem]), required: true, address: true,
                    about: "Its central system: a node, or an address like ws://localhost:9000/cp1 in a live run."),
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
                SettingManifest("identity", .text, about: "Name under which it connects; that of the node when not given."),
                SettingManifest("tls_certificate", .text, about: "PEM file with its certificate chain, for security profile 3 in a live run."),
                SettingManifest("tls_key", .text, about: "PEM file with the key of the certificate."),
                SettingManifest("tls_ca", .text, about: "PEM file with the authorities that it trusts in a live run; those of the system when not given."),
                SettingManifest("vendor", .text, default: "evsim", about: "chargePointVendor."),
                SettingManifest("model", .text, default: "charge-point", about: "chargePointModel."),
                SettingManifest("serial_number", .text, about: "chargePointSerialNumber."),
                SettingManifest("firmware_version", .text, about: "firmwareVersion."),
                SettingManifest("box_serial_number", .text, about: "chargeBoxSerialNumber."),
                SettingManifest("iccid", .text, about: "iccid: number of the SIM card."),
                SettingManifest("imsi", .text, about: "imsi: subscriber of the SIM card."),
                SettingManifest("meter_type", .text, about: "meterType."),
                SettingManifest("meter_serial_number", .text, about: "meterSerialNumber."),
                SettingManifest(
                    "meter_gain", .percent, default: "100%", min: "0%", max: "1000%", follows: true,
                    about: "What the meter reports, as a share of the truth: 90% counts a tenth too little."),
                SettingManifest(
                    "meter_offset", .quantity(.current), default: "0 A", min: "-1000 A", max: "1000 A", follows: true,
                    about: "Current that the meter adds while current flows."),
                SettingManifest(
                    "temperature", .quantity(.temperature), default: "25 °C", min: "-60 °C", max: "200 °C", follows: true,
                    about: "Temperature inside, as the meter reports it."),
                SettingManifest("frequency", .quantity(.frequency), default: "50 Hz", min: "0 Hz", max: "500 Hz", about: "Frequency of the grid."),
                SettingManifest("lock", .flag, default: "true", about: "Whether a lock holds the cable; without it UnlockConnector is NotSupported."),
                SettingManifest(
                    "configuration", .texts(allowed: []), about: "Configuration keys: a list of entries like \"HeartbeatInterval=60\"."),
                SettingManifest("reboot_time", .duration, default: "10s", about: "How long it is off after a Reset."),
                SettingManifest("reconnect_after", .duration, default: "1s", about: "Wait before the first attempt to connect again; it doubles each time."),
                SettingManifest("reconnect_limit", .duration, default: "64s", about: "Longest wait between attempts to connect."),
                SettingManifest(
                    "reconnect_jitter", .percent, default: "50%", min: "0%", max: "100%", about: "Share of each wait that is drawn and added to it."),
                SettingManifest("call_timeout", .duration, default: "30s", min: "1ms", about: "How long it waits for an answer."),
                SettingManifest(
                    "give_up_after", .count, default: "0", min: "0", max: "1000",
                    about: "Calls in a row without answer after which it opens a new connection; 0: never."),
                SettingManifest("queue_limit", .count, default: "1000", min: "1", max: "1000000", about: "Messages that may wait while it is offline."),
                SettingManifest(
                    "sets_clock", .flag, default: "true", about: "Whether the time of the central system sets its clock when it differs by over 1 s."),
                SettingManifest("heartbeat_always", .flag, default: "true", about: "Whether Heartbeat is sent even when another message has just been."),
                SettingManifest("close_when_rejected", .flag, default: "false", about: "Whether it closes the connection while its registration is Rejected."),
                SettingManifest("security_events", .flag, default: "false", about: "Whether it reports security events (SecurityEventNotification)."),
                SettingManifest("vendors", .texts(allowed: []), about: "vendorIds whose DataTransfer it accepts."),
                SettingManifest("download_time", .duration, default: "30s", about: "Time to fetch firmware."),
                SettingManifest("install_time", .duration, default: "30s", about: "Time to install firmware."),
                SettingManifest("upload_time", .duration, default: "10s", about: "Time to upload diagnostics or a log."),
                SettingManifest("new_firmware_version", .text, about: "firmwareVersion after an update."),
                SettingManifest("firmware_result", .oneOf(ChargePointNode.firmwareResults), default: "installed", about: "What firmware updates come to."),
                SettingManifest("upload_result", .oneOf(["uploaded", "fails"]), default: "uploaded", about: "What uploads come to."),
                SettingManifest(
                    "quirks", .texts(allowed: ChargePointQuirks.table.map(\.name)),
                    about: "What it gets wrong on purpose: \(ChargePointQuirks.table.map { "\($0.name) (\($0.about))" }.joined(separator: ", "))."),
                SettingManifest("refuses", .texts(allowed: received), about: "Calls that it answers with the error NotSupported."),
                SettingManifest("ignores", .texts(allowed: received), about: "Calls that it never answers."),
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
                SignalManifest("online", isFlag: true, about: "Whether its connection stands."),
                SignalManifest("registered", isFlag: true, about: "Whether its registration is accepted."),
                SignalManifest("queue", held: true, about: "Messages about transactions that wait for the connection or for their next attempt."),
                SignalManifest("transactions", held: true, about: "Transactions that run."),
                SignalManifest("transaction", held: true, about: "Id of the transaction at connector 1; 0 without one."),
                SignalManifest("reserved", isFlag: true, about: "Whether connector 1 is reserved."),
                SignalManifest("power_offered", .power, unit: "W", held: true, about: "Power that is offered at energised connectors."),
                SignalManifest("voltage", .voltage, unit: "V", held: true, about: "Voltage of the supply."),
                SignalManifest("frequency", .frequency, unit: "Hz", held: true, about: "Frequency of the supply; none with 'bus'."),
                SignalManifest("temperature", .temperature, unit: "°C", held: true, about: "Temperature inside."),
                SignalManifest(
                    "station_status", members: ChargePointStatus.names.map(\.description), about: "Status of the charge point itself (connector 0)."),
            ],
            frames: [
                FrameManifest("start", id: 0x200, use: .sends, about: "Start charging."),
                FrameManifest("stop", id: 0x201, use: .sends, about: "Stop charging."),
                FrameManifest("limit", id: 0x210, use: .sends, fields: [("limit", "u16 A")], about: "Set the current limit."),
                FrameManifest("current", id: 0x300, use: .reads, every: "1s", phase: "500ms", fields: [("current", "u16 A")], about: "Reading of the current."),
            ],
            actions: actions,
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

    /// The calls that a charge point receives.
    private static let received = OCPPAction.allCases.filter(\.isSentByCentralSystem).map(\.name.description)
}
