import Electrical
import OCPP
import Quantities
import ScenarioLanguage

/// The faults of a supply as actions of the verb `do`, the same for charge points and charger modules.
enum SupplyFaultActions {
    /// How long a fault lasts.
    static let time = SettingManifest("for", .duration, about: "How long; to the end of the run, or until 'repair', when not given.")
    private static let trips = SettingManifest("trips", .flag, default: "true", about: "Whether the protection notices it and switches off.")

    private static func percent(_ name: String, _ value: String, max: String, _ about: String) -> SettingManifest {
        SettingManifest(name, .percent, default: value, min: "0%", max: max, about: about)
    }

    private static func times(_ value: String) -> SettingManifest {
        SettingManifest("resistance", .number, default: value, min: "0", max: "1000", about: "Resistance of the contact, as a multiple of a healthy one.")
    }

    /// Faults that both kinds of supply can have.
    private static let common: [ActionManifest] = [
        action("overvoltage", [percent("share", "115%", max: "300%", "Voltage, as a share of the nominal one."), trips], "The voltage is too high."),
        action("undervoltage", [percent("share", "75%", max: "100%", "Voltage, as a share of the nominal one."), trips], "The voltage sags."),
        action(
            "overcurrent", [percent("share", "130%", max: "1000%", "Current, as a share of what is offered."), trips], "More current is drawn than is offered."),
        action(
            "ground-fault",
            [
                SettingManifest("current", .quantity(.current), default: "50 mA", min: "0 mA", max: "10 A", about: "Current to earth."),
                SettingManifest("type", .oneOf(["ac", "dc"]), default: "ac", about: "Alternating current, or smooth direct current."), trips,
            ], "A current flows to earth."),
        action(
            "insulation-fault",
            [SettingManifest("resistance", .quantity(.resistance), default: "10 kOhm", min: "0 Ohm", about: "Resistance against earth."), trips],
            "The insulation against earth is weak."),
        action(
            "contactor-weld",
            [
                SettingManifest(
                    "current", .quantity(.current), default: "0 A", min: "0 A", max: "1000 A", about: "Current that flows on after the command to open."),
                trips,
            ], "The contacts of the contactor stick together: it does not open."),
        action(
            "loose-contact",
            [percent("noise", "2%", max: "100%", "Standard deviation of the voltage's noise, as a share of the nominal voltage."), times("3")],
            "A terminal is loose: the voltage is noisy, and the contact warms up."),
        action("hot-contact", [times("4")], "A contact has aged: it warms up more than the current allows."),
        action("cooling-failure", [percent("left", "20%", max: "100%", "Share of the cooling that is left.")], "A fan stands still."),
    ]

    /// Those of a charge point with a supply of its own.
    static let alternating: [ActionManifest] = located(
        common + [
            action(
                "harmonics",
                [
                    percent("thd", "15%", max: "200%", "Total harmonic distortion of the current."),
                    percent("power_factor", "95%", max: "100%", "Power factor of the fundamental."),
                ], "The current is distorted: less power at the same current."),
            action(
                "phase-loss",
                [
                    SettingManifest("phase", .count, default: "2", min: "1", max: "3", about: "The phase."),
                    percent("share", "0%", max: "100%", "Share of its current that it still carries."),
                ], "A phase is lost, or weak."),
            action(
                "contactor-chatter",
                [
                    SettingManifest("every", .duration, default: "10s", min: "100ms", about: "Time from one opening to the next."),
                    SettingManifest("open", .duration, default: "2s", min: "50ms", about: "How long it stays open."),
                ], "The vehicle goes from state C to B and back again and again, and the contactor with it."),
            action(
                "pilot-fault",
                [
                    SettingManifest("state", .oneOf(["as-is", "A", "B", "C", "D", "E", "F"]), default: "as-is", about: "State that the pilot shows."),
                    SettingManifest("duty", .percent, default: "0%", min: "-100%", max: "100%", about: "Error of the duty cycle."), trips,
                ], "The control pilot shows a wrong state or duty cycle."),
            action(
                "cable-swap",
                [SettingManifest("rating", .quantity(.current), default: "13 A", min: "1 A", max: "1000 A", about: "Rating of the other cable.")],
                "A cable for less current is plugged in, and the charge point does not look."),
            action(
                "host-load", [SettingManifest("power", .quantity(.power), default: "40 W", min: "0 W", max: "100 kW", about: "Additional power.")],
                "The electronics of the station draw more power, as when somebody computes on them."),
        ])

    /// Those of a charger module with direct current.
    static let direct: [ActionManifest] =
        common + [
            action(
                "precharge-violation",
                [SettingManifest("difference", .quantity(.voltage), default: "60 V", min: "0 V", max: "2000 V", about: "Difference of the voltages.")],
                "The contactor closes before both sides have the same voltage."),
            action(
                "reverse-current",
                [SettingManifest("current", .quantity(.current), default: "20 A", min: "0 A", max: "1000 A", about: "Current out of the battery.")],
                "Power flows back out of the battery."),
            action("sensor-stuck", [], "The reading of the current that the module sends stays as it is."),
            ActionManifest("repair", about: "Ends every fault of the module."),
        ]

    private static func action(_ name: String, _ settings: [SettingManifest], _ about: String) -> ActionManifest {
        ActionManifest(name, settings: settings + [time], about: about)
    }

    private static func located(_ actions: [ActionManifest]) -> [ActionManifest] {
        let connector = SettingManifest("connector", .count, default: "1", min: "1", max: "8", about: "Number of the connector.")
        return actions.map { ActionManifest($0.name, settings: [connector] + $0.settings, about: $0.about) }
    }

    /// The fault that an action stands for; `nil` for another action.
    static func fault(_ call: ActionCall) -> SupplyFault? {
        switch call.name {
        case "overvoltage": .voltage(share: call.number("share") ?? 1.15)
        case "undervoltage": .voltage(share: call.number("share") ?? 0.75)
        case "overcurrent": .overcurrent(share: call.number("share") ?? 1.3)
        case "ground-fault": .ground(amperes: call.number("current") ?? 0.05, isDirect: call.whole("type") == 1)
        case "insulation-fault": .insulation(ohms: call.number("resistance") ?? 10_000)
        case "contactor-weld": .weld(amperes: call.number("current") ?? 0)
        case "loose-contact": .looseContact(noise: call.number("noise") ?? 0.02, resistance: call.number("resistance") ?? 3)
        case "hot-contact": .looseContact(noise: 0, resistance: call.number("resistance") ?? 4)
        case "cooling-failure": .cooling(share: call.number("left") ?? 0.2)
        case "harmonics": .distortion(share: call.number("thd") ?? 0.15, powerFactor: call.number("power_factor") ?? 0.95)
        case "phase-loss": .phase((call.whole("phase") ?? 2) - 1, share: call.number("share") ?? 0)
        case "pilot-fault":
            .pilot(
                state: call.whole("state").flatMap { $0 > 0 ? ControlPilot.State(rawValue: UInt8(clamping: $0 - 1)) : nil },
                dutyOffset: call.number("duty") ?? 0)
        case "cable-swap": .cable(rating: call.number("rating") ?? 13)
        case "host-load": .auxiliary(watts: call.number("power") ?? 40)
        case "precharge-violation": .precharge(volts: call.number("difference") ?? 60)
        case "reverse-current": .reverse(amperes: call.number("current") ?? 20)
        default: nil
        }
    }

    /// Whether the protection notices the fault of an action.
    static func isNoticed(_ call: ActionCall) -> Bool { call.number("trips") != 0 }
}

extension SupplyTrip {
    /// The errorCode that a charge point reports.
    var errorCode: ChargePointErrorCode {
        switch self {
        case .overVoltage: .overVoltage
        case .underVoltage: .underVoltage
        case .overCurrent: .overCurrentFailure
        case .groundFailure: .groundFailure
        case .insulation: .otherError
        case .contactor: .powerSwitchFailure
        case .pilot: .evCommunicationError
        case .temperature: .highTemperature
        }
    }
}

/// Faults of one supply that are there now.
struct ActiveFaults {
    private struct Entry {
        let number: Int
        let fault: SupplyFault
        let isNoticed: Bool
    }

    private var entries: [Entry] = []
    private var last = 0

    /// A fault begins; its number ends it.
    mutating func begin(_ fault: SupplyFault, isNoticed: Bool) -> Int {
        last += 1
        entries.append(Entry(number: last, fault: fault, isNoticed: isNoticed))
        return last
    }

    /// Whether there was a fault of this number, which is gone now.
    mutating func end(_ number: Int) -> Bool {
        guard let place = entries.firstIndex(where: { $0.number == number }) else { return false }
        entries.remove(at: place)
        return true
    }

    mutating func endAll() { entries.removeAll() }

    /// What they do together; `nil` without faults.
    var condition: SupplyCondition? { entries.isEmpty ? nil : SupplyCondition(entries.map(\.fault)) }
    /// What those do that the protection notices.
    var noticed: SupplyCondition? {
        let seen = entries.filter(\.isNoticed)
        return seen.isEmpty ? nil : SupplyCondition(seen.map(\.fault))
    }
}
