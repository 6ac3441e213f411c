import Electrical
import Quantities
import ScenarioLanguage

extension MonitorNode {
    private static let sensorNames = [
        "voltage", "outlet_voltage", "voltage_l1", "voltage_l2", "voltage_l3", "current", "current_l1", "current_l2", "current_l3", "power",
        "residual_current", "insulation", "thd", "power_factor", "pin_temperature", "pin_temperature_2", "cabinet_temperature", "pilot_duty", "pilot_voltage",
        "auxiliary_power",
    ]

    private static let actions: [ActionManifest] = {
        let sensor = SettingManifest("sensor", .oneOf(sensorNames), default: "voltage", about: "The sensor.")
        let time = SettingManifest("for", .duration, about: "How long; to the end of the run, or until 'repair', when not given.")
        return [
            ActionManifest(
                "sensor-stuck",
                settings: [sensor, SettingManifest("at", .number, about: "What it shows, in A, V, W, Ohm or °C; its last reading when not given."), time],
                about: "A sensor shows the same whatever it measures."),
            ActionManifest(
                "sensor-drift",
                settings: [
                    sensor, SettingManifest("share", .percent, default: "5%", min: "-100%", max: "1000%", about: "Error of the gain at the end."),
                    SettingManifest("within", .duration, default: "10min", about: "Time until it is reached; it stays then."), time,
                ], about: "A sensor drifts away slowly."),
            ActionManifest(
                "sensor-offset",
                settings: [sensor, SettingManifest("offset", .number, default: "0", about: "What it adds, in A, V, W, Ohm or °C."), time],
                about: "A sensor shows too much or too little."),
            ActionManifest(
                "sensor-dropout",
                settings: [
                    sensor, SettingManifest("chance", .percent, default: "30%", min: "0%", max: "100%", about: "Share of the readings that are lost."),
                    SettingManifest("reads", .oneOf(["nothing", "zero"]), default: "nothing", about: "What comes in place of a lost reading."), time,
                ], about: "Readings of a sensor get lost."),
            ActionManifest(
                "sensor-noise",
                settings: [
                    sensor,
                    SettingManifest("share", .percent, default: "5%", min: "0%", max: "1000%", about: "Standard deviation, as a share of the reading."), time,
                ], about: "A sensor is noisy."),
            ActionManifest("repair", about: "Ends every fault of the sensors."),
        ]
    }()

    private static func sampled(_ name: String, _ dimension: Dimension = .none, _ unit: String, _ about: String) -> SignalManifest {
        SignalManifest(name, dimension, unit: unit, periodSetting: "every", about: about)
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "evse-monitor",
            about:
                "Instruments at the supply of a charge point or at a charger module: voltages, currents, insulation, heat, control pilot; its sensors can fail.",
            settings: [
                SettingManifest("at", .node(roles: [.load]), required: true, about: "Charge point with a supply of its own, or charger module."),
                SettingManifest("connector", .count, default: "1", min: "1", max: "8", about: "Connector that it is put at."),
                SettingManifest("every", .duration, default: "1s", min: "1ms", about: "Period of the readings."),
                SettingManifest("phase", .duration, default: "0s", about: "First reading, counted from the start."),
                SettingManifest(
                    "noise", .percent, default: "0.1%", min: "0%", max: "100%",
                    about: "Standard deviation of voltages and currents; with 0% nothing is noisy."),
                SettingManifest(
                    "ambient", .quantity(.temperature), default: "25 °C", min: "-60 °C", max: "80 °C", follows: true, about: "Temperature outside."),
                SettingManifest(
                    "rated_current", .quantity(.current), min: "1 A", max: "5000 A",
                    about: "Current that contacts and cabinet are made for; 32 A, at a charger module 200 A."
                ),
                SettingManifest("pin_rise", .number, default: "30", min: "0", max: "300", about: "Rise of the contacts at that current, in °C."),
                SettingManifest("pin_time", .duration, default: "4min", min: "1s", about: "Time constant of the contacts."),
                SettingManifest("cabinet_rise", .number, default: "15", min: "0", max: "300", about: "Rise inside the cabinet at full power, in °C."),
                SettingManifest("cabinet_time", .duration, default: "10min", min: "1s", about: "Time constant of the cabinet."),
                SettingManifest("cable_rating", .quantity(.current), default: "32 A", min: "1 A", max: "5000 A", about: "Rating of the cable (proximity)."),
                SettingManifest("auxiliary", .quantity(.power), default: "12 W", min: "0 W", about: "Power of the electronics at rest."),
                SettingManifest("protects", .flag, default: "true", about: "Whether it takes current back and switches off when it is too hot."),
                SettingManifest(
                    "derate_from", .quantity(.temperature), default: "80 °C", about: "Temperature of a contact from which current is taken back."),
                SettingManifest("trip_at", .quantity(.temperature), default: "90 °C", about: "Temperature of a contact that switches off."),
                SettingManifest("cabinet_trip_at", .quantity(.temperature), default: "75 °C", about: "Temperature of the cabinet that switches off."),
            ],
            signals: [
                sampled("voltage", .voltage, "V", "Voltage in front of the contactor, phase to neutral or DC."),
                sampled("outlet_voltage", .voltage, "V", "Voltage behind the contactor."),
                sampled("voltage_l1", .voltage, "V", "Voltage of phase 1."),
                sampled("voltage_l2", .voltage, "V", "Voltage of phase 2."),
                sampled("voltage_l3", .voltage, "V", "Voltage of phase 3."),
                sampled("current", .current, "A", "Current of the phase that carries most."),
                sampled("current_l1", .current, "A", "Current of phase 1."),
                sampled("current_l2", .current, "A", "Current of phase 2."),
                sampled("current_l3", .current, "A", "Current of phase 3."),
                sampled("power", .power, "W", "Active power."),
                sampled("residual_current", .current, "mA", "Current to earth."),
                sampled("insulation", .resistance, "kOhm", "Insulation resistance against earth."),
                sampled("thd", .none, "%", "Total harmonic distortion of the current."),
                sampled("power_factor", .none, "", "Active over apparent power."),
                sampled("pin_temperature", .temperature, "°C", "Temperature of the contact that faults warm."),
                sampled("pin_temperature_2", .temperature, "°C", "Temperature of the other contact."),
                sampled("cabinet_temperature", .temperature, "°C", "Temperature inside the cabinet."),
                sampled("pilot_duty", .none, "%", "Duty cycle of the control pilot; 100 % without pulses."),
                sampled("pilot_voltage", .voltage, "V", "Positive voltage of the control pilot; -12 V in state F."),
                sampled("auxiliary_power", .power, "W", "Power of the electronics of the station."),
                SignalManifest("pilot_state", members: ControlPilot.State.allCases.map(\.name), about: "State of the control pilot (IEC 61851-1)."),
                SignalManifest("contactor", isFlag: true, about: "Whether the contactor is closed, by its auxiliary contact."),
                SignalManifest(
                    "closing_difference", .voltage, unit: "V", held: true, about: "Difference of the voltages when the contactor closed last."),
                SignalManifest("cable_rating", .current, unit: "A", held: true, about: "Rating of the plugged cable (proximity)."),
            ],
            actions: actions,
            example: """
                evsim: 1
                scenario: evse-monitor-example
                run: {for: 10min}
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms}
                  inside: {is: evse-monitor, at: cp1}
                steps:
                  - {send: RemoteStartTransaction, to: cp1}
                  - wait: 2min
                  - {do: ground-fault, to: cp1, with: {current: 60 mA}}
                expect:
                  - =max(inside.residual_current) > 50 mA
                  - =cp1.status == 'Faulted'
                """)
    ) { context throws(RunFailure) in try MonitorNode.make(context) }
}
