import CAN
import Electrical
import Quantities
import ScenarioLanguage

/// Kind `charger-module`: the power electronics behind a charge point, commanded over CAN.
///
/// `target = charging ? limit : 0`; each period one step of the ramp, then the reading is published and sent.
final class ChargerModuleNode: Node {
    private enum Signal {
        static let current = 0, limit = 1, charging = 2, voltage = 3, power = 4, energy = 5
    }

    private enum Timer {
        static let fault: UInt32 = 1, sensor: UInt32 = 2
    }

    private var state: ChargerModuleState
    private let bus: Int?
    private var period: Duration
    private var phase: Duration
    /// Identifiers of the commands.
    private var start: UInt32?
    private var stop: UInt32?
    private var limitID: UInt32?
    private var limit: FrameRuntime?
    private var reading: FrameRuntime?
    private var faults = ActiveFaults()
    /// What the protection sees, and since when.
    private var danger: (trip: SupplyTrip, since: Instant)?
    /// What the sensor of the current shows while it is stuck.
    private var stuck: (number: UInt32, amperes: Double)?
    private var lastStuck: UInt32 = 0

    private init(_ context: NodeContext) {
        let rise = ChargerModuleNode.law(context.ramp("ramp")) ?? .exponential(share: 0.2)
        state = ChargerModuleState(
            ramp: Ramp(rise, fall: ChargerModuleNode.law(context.ramp("ramp_down"))), limit: context.number("limit") ?? 32,
            voltage: context.number("voltage") ?? 400,
            followsLimit: context.flag("follow_limit"))
        bus = context.bus("bus")
        period = context.duration("every") ?? .seconds(1)
        phase = context.duration("phase") ?? .milliseconds(500)
        super.init(in: context)
    }

    private static func law(_ ramp: (share: Double?, slope: Double?)?) -> RampLaw? {
        if let slope = ramp?.slope { return .linear(perSecond: slope) }
        guard let share = ramp?.share else { return nil }
        return share >= 1 ? .immediate : .exponential(share: share)
    }

    override func powerOn() {
        publish(Signal.limit, state.limit)
        publish(Signal.charging, 0)
        publish(Signal.voltage, state.voltage)
        guard let bus else { return }
        start = subscribe(to: "start", on: bus)?.rawIdentifier
        stop = subscribe(to: "stop", on: bus)?.rawIdentifier
        limit = subscribe(to: "limit", on: bus)
        limitID = limit?.rawIdentifier
        guard let frame = simulation.frame("current", bus: bus), frame.declaration.from == index else { return }
        reading = frame
        frame.isSentByEngine = false
        if let every = frame.declaration.every {
            period = every
            phase = frame.declaration.phase
        }
    }

    override func ready() { setSample(0, at: now + phase) }

    override func sample(_ id: UInt32) {
        state.tick(period)
        publish(Signal.current, state.current)
        publish(Signal.power, state.power)
        publish(Signal.energy, state.energy * 3600)
        if let reading { simulation.send(reading, reading.frame { _ in stuck?.amperes ?? state.current }) }
        if state.condition != nil { protect() }
        setSample(0, at: now + period)
    }

    // MARK: Faults

    override func perform(_ action: ActionCall) {
        let time = action.duration("for")
        if let fault = SupplyFaultActions.fault(action) {
            let number = faults.begin(fault, isNoticed: SupplyFaultActions.isNoticed(action))
            faultsChanged()
            if let time { setTimer(Timer.fault, at: now + time, payload: UInt32(truncatingIfNeeded: number)) }
        } else if action.name == "sensor-stuck" {
            lastStuck += 1
            stuck = (lastStuck, state.current)
            if let time { setTimer(Timer.sensor, at: now + time, payload: lastStuck) }
        } else if action.name == "repair" {
            stuck = nil
            faults.endAll()
            faultsChanged()
        }
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        if id == Timer.sensor {
            if stuck?.number == payload { stuck = nil }
        } else if faults.end(Int(payload)) {
            faultsChanged()
        }
    }

    private func faultsChanged() {
        state.condition = faults.condition
        publishChange(Signal.voltage, state.outputVoltage)
        protect()
    }

    /// The module switches itself off when something dangerous lasts; the next start switches it on again.
    private func protect() {
        let trip = faults.noticed?.trip(voltage: state.voltage, current: state.current, limit: state.limit, isEnergised: state.isCharging)
        guard let trip, state.isCharging else {
            danger = nil
            return
        }
        if danger?.trip != trip { danger = (trip, now) }
        guard let danger, now - danger.since >= trip.delay else { return }
        switchOff(trip)
    }

    /// What instruments can see.
    var output: ChargerModuleState { state }

    /// The protection switches the output off.
    func switchOff(_ trip: SupplyTrip) {
        danger = nil
        guard state.stop() == .changed else { return }
        publishChange(Signal.charging, 0)
        simulation.invalidState(name, "switched off: \(trip.rawValue)")
    }

    override func receive(_ frame: CANFrame, at instant: Instant) {
        if frame.rawIdentifier == start {
            note(state.start(), "START while charging")
        } else if frame.rawIdentifier == stop {
            note(state.stop(), "STOP while idle")
        } else if frame.rawIdentifier == limitID, let limit, let field = limit.fields.first {
            guard frame.count >= field.layout.byteCount else {
                simulation.invalidState(name, "a limit frame of \(frame.count) bytes was ignored")
                return
            }
            _ = state.setLimit(field.layout.value(in: frame.payload))
            publish(Signal.limit, state.limit)
        }
        publishChange(Signal.charging, state.isCharging ? 1 : 0)
    }

    private func note(_ effect: CommandEffect, _ text: String) {
        if effect == .noChange { simulation.invalidState(name, text) }
    }

    override func wasSet(_ signal: Int, _ value: Double) {
        switch signal {
        case Signal.limit: _ = state.setLimit(value)
        case Signal.charging: _ = value == 1 ? state.start() : state.stop()
        default: break
        }
        publishChange(Signal.charging, state.isCharging ? 1 : 0)
    }

    override func settingChanged(_ setting: Int, _ value: Double) {
        guard setting == ChargerModuleNode.kind.manifest.settingIndex("limit") else { return }
        _ = state.setLimit(max(0, value))
        publishChange(Signal.limit, state.limit)
        publishChange(Signal.charging, state.isCharging ? 1 : 0)
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "charger-module",
            about: "The power electronics of a charger on a CAN bus: follows start, stop and limit frames with its ramp and reports its current.",
            roles: [.load],
            settings: [
                SettingManifest("bus", .bus, about: "CAN bus that it is commanded on."),
                SettingManifest("ramp", .ramp, default: "20%", about: "Share of the rest per period ('20%'), or slope ('20 A/s')."),
                SettingManifest("ramp_down", .ramp, about: "Ramp for falling current; as 'ramp' when not given."),
                SettingManifest(
                    "limit", .quantity(.current), default: "32 A", min: "0 A", follows: true, about: "Limit before the first limit frame."),
                SettingManifest("voltage", .quantity(.voltage), default: "400 V", min: "0 V", about: "DC voltage, for power and energy."),
                SettingManifest(
                    "follow_limit", .flag, default: "false", about: "A limit above 0 A starts and a limit of 0 A stops charging, besides start and stop."),
                SettingManifest("every", .duration, default: "1s", min: "1ms", about: "Period of ramp and reading when no frame 'current' gives one."),
                SettingManifest("phase", .duration, default: "500ms", about: "First reading, counted from the start."),
            ],
            signals: [
                SignalManifest(
                    "current", .current, unit: "A", periodSetting: "every", periodFrame: "current", about: "Output current after the last step of the ramp."),
                SignalManifest("limit", .current, unit: "A", settable: true, held: true, about: "Limit in force."),
                SignalManifest("charging", isFlag: true, settable: true, about: "Whether the output is enabled."),
                SignalManifest("voltage", .voltage, unit: "V", held: true, about: "Output voltage."),
                SignalManifest("power", .power, unit: "W", periodSetting: "every", periodFrame: "current", about: "Output power."),
                SignalManifest(
                    "energy", .energy, unit: "Wh", periodSetting: "every", periodFrame: "current", about: "Energy delivered since the start; never reset."),
            ],
            frames: [
                FrameManifest("start", id: 0x200, use: .reads, about: "Start charging."),
                FrameManifest("stop", id: 0x201, use: .reads, about: "Stop charging."),
                FrameManifest("limit", id: 0x210, use: .reads, fields: [("limit", "u16 A")], about: "Set the current limit."),
                FrameManifest("current", id: 0x300, use: .sends, every: "1s", phase: "500ms", fields: [("current", "u16 A")], about: "Reading of the current."),
            ],
            actions: SupplyFaultActions.direct,
            rampSettings: KindManifest.RampSettings(ramp: "ramp", limit: "limit", followsLimit: "follow_limit", frame: "current"),
            example: """
                evsim: 1
                scenario: charger-module-example
                run: {for: 30s}
                nodes:
                  csms: {is: csms}
                  cp1: {is: charge-point, csms: csms, bus: can0}
                  charger: {is: charger-module, bus: can0, ramp: 20 A/s}
                steps:
                  - {send: SetChargingProfile, to: cp1, with: {limit: 80 A}}
                  - {send: RemoteStartTransaction, to: cp1}
                expect:
                  - =max(charger.current) == 80 A
                """)
    ) { context in ChargerModuleNode(context) }
}
