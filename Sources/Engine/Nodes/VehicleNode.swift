import Electrical
import Quantities
import ScenarioLanguage

/// What the settings of a vehicle say, shared by `vehicle` and `ev-arrivals`.
struct VehicleSettings {
    let capacity: Double
    let maximumCurrent: Double
    let phases: Int
    let maximumPower: Double
    let knee: Double
    let efficiency: Double

    init(_ context: NodeContext) {
        capacity = (context.number("battery") ?? 60 * 3.6e6) / 3600
        maximumCurrent = context.number("max_current") ?? 16
        phases = context.choice("phases") ?? 3
        maximumPower = context.number("max_power") ?? 150_000
        knee = context.number("taper_from") ?? 0.8
        efficiency = context.number("efficiency") ?? 0.92
    }

    /// A vehicle of this model at a state of charge, at a supply with so many phases.
    func vehicle(stateOfCharge: Double, supplyPhases: Int) throws(BatteryModel.ModelError) -> ElectricVehicle {
        let model = try BatteryModel(capacity: capacity, maximumPower: maximumPower, knee: knee)
        let charger = OnBoardCharger(phases: min(phases, supplyPhases), maximumCurrent: maximumCurrent, efficiency: efficiency)
        return ElectricVehicle(battery: Battery(model, stateOfCharge: stateOfCharge), coupling: .ac(charger))
    }

    static let manifests: [SettingManifest] = [
        SettingManifest("battery", .quantity(.energy), default: "60 kWh", min: "1 kWh", max: "2 MWh", about: "Usable capacity."),
        SettingManifest(
            "max_current", .quantity(.current), default: "16 A", min: "6 A", max: "500 A", about: "Greatest current of the on-board charger, per phase."),
        SettingManifest("phases", .count, default: "3", min: "1", max: "3", about: "Phases that the on-board charger uses."),
        SettingManifest(
            "max_power", .quantity(.power), default: "150 kW", min: "1 kW", max: "5 MW", about: "Greatest power that the battery accepts below the knee."),
        SettingManifest(
            "taper_from", .percent, default: "80%", min: "10%", max: "99%",
            about: "State of charge from which the accepted power falls to 4 % when full (CC-CV)."),
        SettingManifest("efficiency", .percent, default: "92%", min: "50%", max: "100%", about: "Efficiency of the on-board charger."),
    ]
}

/// Kind `vehicle`: one electric vehicle that comes to a charge point, charges and leaves.
final class VehicleNode: Node {
    private enum Signal {
        static let soc = 0, plugged = 1
    }
    private static let arriveTimer: UInt32 = 1
    private static let leaveTimer: UInt32 = 2
    private static let honestTimer: UInt32 = 3

    private let station: Int
    private let connector: Int
    private let settings: VehicleSettings
    private let startSOC: Double
    private let targetSOC: Double
    private let arrives: Duration
    private let leaves: Duration?
    private let idTag: String?
    private var isHere = false
    /// How often what the vehicle reports was falsified.
    private var falsifications: UInt32 = 0

    private init(_ context: NodeContext) throws(RunFailure) {
        station = context.nodes("at").first ?? -1
        connector = context.choice("connector") ?? 1
        settings = VehicleSettings(context)
        startSOC = context.number("soc") ?? 0.3
        targetSOC = context.number("target_soc") ?? 1
        arrives = context.duration("arrives") ?? .zero
        leaves = context.duration("leaves")
        let tag = context.text("id_tag") ?? "EVSIM"
        idTag = tag.isEmpty ? nil : tag
        if let leaves, leaves <= arrives {
            throw RunFailure(code: .badNode, message: "\(context.name) leaves before it arrives", span: nil, time: nil)
        }
        super.init(in: context)
    }

    override func ready() {
        publish(Signal.soc, startSOC)
        publish(Signal.plugged, 0)
        setTimer(Self.arriveTimer, at: now + arrives)
        if let leaves { setTimer(Self.leaveTimer, at: now + leaves) }
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        guard let chargePoint = simulation.nodes[station] as? ChargePointNode else { return simulation.notHere(station, for: self) }
        if id == Self.honestTimer {
            guard payload == falsifications else { return }
            chargePoint.reportedCharge = nil
            return chargePoint.publishReadings()
        }
        if id == Self.arriveTimer {
            guard let vehicle = try? settings.vehicle(stateOfCharge: startSOC, supplyPhases: chargePoint.supply.phases) else { return }
            guard chargePoint.isFree(connector) else {
                simulation.invalidState(
                    name,
                    "connector \(connector) of \(chargePoint.name) is not free, so the vehicle stays away (a charge point for vehicles needs 'plugged: false')")
                return
            }
            isHere = true
            publish(Signal.plugged, 1)
            chargePoint.plug(vehicle, target: targetSOC, connector: connector, idTag: idTag)
            chargePoint.observe(connector) { [unowned(unsafe) self] soc in publish(Signal.soc, soc) }
        } else if isHere {
            isHere = false
            publish(Signal.plugged, 0)
            chargePoint.stopSession(connector: connector)
            chargePoint.unplug(connector: connector)
        }
    }

    override func perform(_ action: ActionCall) {
        guard let chargePoint = simulation.nodes[station] as? ChargePointNode else { return simulation.notHere(station, for: self) }
        falsifications += 1
        switch action.name {
        case "soc-stuck": chargePoint.reportedCharge = (fixed: 100 * (action.number("soc") ?? startSOC), offset: 0)
        case "soc-offset": chargePoint.reportedCharge = (fixed: nil, offset: 100 * (action.number("offset") ?? 0))
        default: chargePoint.reportedCharge = nil
        }
        chargePoint.publishReadings()
        if let time = action.duration("for") { setTimer(Self.honestTimer, at: now + time, payload: falsifications) }
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "vehicle", about: "An electric vehicle: battery with state of charge, voltage curve and CC-CV taper behind an on-board charger.",
            settings: [
                SettingManifest("at", .node(roles: [.chargePoint]), required: true, about: "Charge point that it comes to (with 'plugged: false')."),
                SettingManifest("connector", .count, default: "1", min: "1", max: "8", about: "Connector that it uses."),
                SettingManifest("soc", .percent, default: "30%", min: "0%", max: "100%", about: "State of charge when it arrives."),
                SettingManifest("target_soc", .percent, default: "100%", min: "1%", max: "100%", about: "State of charge at which it has enough."),
                SettingManifest("arrives", .duration, default: "0s", about: "When it is plugged in."),
                SettingManifest("leaves", .duration, about: "When it is unplugged; it stays when not given."),
                SettingManifest("id_tag", .text, default: "EVSIM", about: "Tag that its driver shows; '' starts nothing, so a remote start is needed."),
            ] + VehicleSettings.manifests,
            signals: [
                SignalManifest("soc", unit: "%", about: "State of charge."),
                SignalManifest("plugged", isFlag: true, about: "Whether it is at the charge point."),
            ],
            actions: [
                ActionManifest(
                    "soc-stuck",
                    settings: [
                        SettingManifest("soc", .percent, min: "0%", max: "100%", about: "What it reports; its state of charge at arrival when not given."),
                        SupplyFaultActions.time,
                    ], about: "It reports one state of charge whatever it has; 'soc' of the charge point shows the report."),
                ActionManifest(
                    "soc-offset",
                    settings: [
                        SettingManifest("offset", .percent, default: "-20%", min: "-100%", max: "100%", about: "What it adds."), SupplyFaultActions.time,
                    ], about: "It reports a state of charge that is off."),
                ActionManifest("repair", about: "It reports its true state of charge again."),
            ],
            example: """
                evsim: 1
                scenario: vehicle-example
                run: {for: 6h}
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, plugged: false, meter_every: 5min}
                  car: {is: vehicle, at: cp1, battery: 40 kWh, soc: 20%}
                expect:
                  - =max(cp1.soc) > 99%
                """)
    ) { context throws(RunFailure) in try VehicleNode(context) }
}
