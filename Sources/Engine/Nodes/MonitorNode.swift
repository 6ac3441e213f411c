import Electrical
import Quantities
import ScenarioLanguage
import SimulationKernel

/// Kind `evse-monitor`: instruments at the supply of a charge point or at a charger module, with sensors that can fail, and a watch on the heat.
final class MonitorNode: Node {
    /// Sensors in the order of the signals.
    enum Sensor: Int, CaseIterable {
        case voltage, outletVoltage, voltageL1, voltageL2, voltageL3, current, currentL1, currentL2, currentL3, power, residualCurrent, insulation
        case distortion, powerFactor, pinTemperature, pinTemperature2, cabinetTemperature, pilotDuty, pilotVoltage, auxiliaryPower
    }
    private enum State {
        static let first = Sensor.allCases.count
        static let pilotState = first, contactor = first + 1, closingDifference = first + 2, cableRating = first + 3
    }
    private static let prechargeTime = 2.0

    private let place: Int
    private let connector: Int
    private let period: Duration
    private let phase: Duration
    private let ambientSetting: Int?
    private var ambient: Double
    private let noise: Double
    private let pinRise: Double
    private let cabinetRise: Double
    private let cableRating: Double
    private let auxiliary: Double
    private let protects: Bool
    private let derateFrom: Double
    private let tripAt: Double
    private let cabinetTrip: Double
    private var rated: Double?
    private var pins: (ThermalBody, ThermalBody)
    private var cabinet: ThermalBody
    private var supply: (any MonitoredSupply)?
    private var last: Instant?
    private var wasClosed = false
    private var commandedSince: Instant?
    private var isHot = false
    private var derating = 1.0
    /// One stream a sensor, so that no fault changes the noise of another.
    private var streams: [RandomStream]
    var sensorFaults = SensorFaults()

    private init(_ context: NodeContext) throws(RunFailure) {
        place = context.nodes("at").first ?? -1
        connector = context.choice("connector") ?? 1
        period = context.duration("every") ?? .seconds(1)
        phase = context.duration("phase") ?? .zero
        let ambient = context.number("ambient") ?? 25
        self.ambient = ambient
        ambientSetting = context.manifest.settingIndex("ambient")
        noise = context.number("noise") ?? 0.001
        pinRise = context.number("pin_rise") ?? 30
        cabinetRise = context.number("cabinet_rise") ?? 15
        cableRating = context.number("cable_rating") ?? 0
        auxiliary = context.number("auxiliary") ?? 12
        protects = context.flag("protects")
        derateFrom = context.number("derate_from") ?? 80
        tripAt = context.number("trip_at") ?? 90
        cabinetTrip = context.number("cabinet_trip_at") ?? 75
        rated = context.number("rated_current")
        let body = ThermalBody(temperature: ambient, timeConstant: (context.duration("pin_time") ?? .seconds(240)).seconds)
        pins = (body, body)
        cabinet = ThermalBody(temperature: ambient, timeConstant: (context.duration("cabinet_time") ?? .seconds(600)).seconds)
        let (seed, path) = (context.simulation.scenario.run.seed, RandomStream.hash("\(context.name).sensors"))
        streams = Sensor.allCases.map { RandomStream(seed: seed, run: 0, path: path, site: UInt64($0.rawValue)) }
        if tripAt <= derateFrom {
            throw RunFailure(code: .badNode, message: "\(context.name): 'trip_at' must lie above 'derate_from'", span: nil, time: nil)
        }
        super.init(in: context)
        sensorFaults = SensorFaults(seed: seed, path: path)
    }

    static func make(_ context: NodeContext) throws(RunFailure) -> Node { try MonitorNode(context) }

    override func ready() {
        supply = simulation.nodes.indices.contains(place) ? simulation.nodes[place] as? any MonitoredSupply : nil
        guard let view = supply?.supplyView(connector: connector, at: now) else {
            return simulation.invalidState(name, "there is no supply to monitor: a charge point with 'bus' has its own at the charger module")
        }
        if rated == nil { rated = view.isDirect ? 200 : 32 }
        setSample(0, at: now + phase)
    }

    override func settingChanged(_ setting: Int, _ value: Double) { if setting == ambientSetting { ambient = value } }

    override func sample(_ id: UInt32) {
        if let view = supply?.supplyView(connector: connector, at: now) { observe(view) }
        setSample(0, at: now + period)
    }

    private func observe(_ view: SupplyView) {
        let condition = view.condition
        warm(view)
        if view.isCommanded { commandedSince = commandedSince ?? now } else { commandedSince = nil }
        let isClosed = contactor(view)
        let nominal = view.nominalVoltage
        let front = view.isDirect ? precharged(view) : view.voltage
        let spread = nominal * (noise + condition.voltageNoise)
        show(.voltage, front, spread: front > 0 ? spread : 0)
        show(.outletVoltage, isClosed ? view.voltage : 0, spread: isClosed ? spread : 0)
        var greatest = 0.0
        for phase in 0..<3 {
            let isThere = phase < view.phases
            // A lost phase is lost in front of the sensor; a weak one still has its voltage.
            let share = condition.phaseShares[phase]
            let voltage = view.isDirect && phase > 0 ? 0 : front * (share == 0 ? 0 : 1)
            let current = isThere ? view.current * share : 0
            greatest = current.magnitude > greatest.magnitude ? current : greatest
            show([Sensor.voltageL1, .voltageL2, .voltageL3][phase], voltage, spread: voltage > 0 ? spread : 0)
            show([Sensor.currentL1, .currentL2, .currentL3][phase], current, spread: current.magnitude * noise)
        }
        show(.current, greatest, spread: greatest.magnitude * noise)
        show(.power, view.power, spread: view.power.magnitude * noise)
        show(.residualCurrent, view.isCommanded ? condition.residual : 0, spread: view.isCommanded ? 0.00005 : 0)
        show(.insulation, condition.insulation, spread: condition.insulation * 0.01)
        let flows = view.current.magnitude > 0.1
        show(.distortion, flows && !view.isDirect ? condition.distortion : 0, spread: flows && !view.isDirect ? 0.001 : 0)
        show(.powerFactor, flows ? condition.powerFactor : 1, spread: flows ? noise : 0)
        show(.cabinetTemperature, cabinet.temperature, spread: 0.05)
        show(.pilotDuty, duty(view), spread: 0.0005)
        let state = pilot(view)
        show(.pilotVoltage, state.voltage, spread: 0.02)
        show(.auxiliaryPower, auxiliaryPower(view), spread: auxiliary * 0.02)
        publishChange(State.pilotState, Double(state.rawValue))
        publishChange(State.contactor, isClosed ? 1 : 0)
        publishChange(State.cableRating, condition.cableRating ?? cableRating)
        let heat = (
            show(.pinTemperature, pins.0.temperature, spread: 0.05), show(.pinTemperature2, pins.1.temperature, spread: 0.05)
        )
        if protects { protect(max(heat.0, heat.1)) }
        last = now
    }

    /// The power of host, contactor and fan.
    private func auxiliaryPower(_ view: SupplyView) -> Double {
        let fan = cabinet.temperature > 35 && view.condition.cooling > 0.5 ? auxiliary * 0.5 : 0
        return auxiliary + (view.isCommanded ? auxiliary * 0.25 : 0) + fan + view.condition.auxiliary
    }

    // MARK: Contactor and pilot

    /// Whether the contactor is closed; with direct current it closes behind the precharge.
    private func contactor(_ view: SupplyView) -> Bool {
        var isClosed = view.isClosed
        if view.isDirect, isClosed, let since = commandedSince, view.condition.prechargeDifference == nil, !wasClosed {
            isClosed = (now - since).seconds >= Self.prechargeTime
        }
        if isClosed, !wasClosed { publish(State.closingDifference, view.isDirect ? view.condition.prechargeDifference ?? 2 : 0) }
        wasClosed = isClosed
        return isClosed
    }

    /// Voltage in front of the contactor of a charger module: it rises within the time of the precharge.
    private func precharged(_ view: SupplyView) -> Double {
        guard let since = commandedSince else { return view.condition.leak == nil ? 0 : view.voltage }
        return view.voltage * min(1, (now - since).seconds / Self.prechargeTime)
    }

    private func pilot(_ view: SupplyView) -> ControlPilot.State {
        if let state = view.condition.pilotState { return state }
        guard view.isPlugged else { return .a }
        return view.isCommanded && !view.isPaused ? .c : .b
    }

    private func duty(_ view: SupplyView) -> Double {
        let duty = view.isCommanded && view.isPlugged ? ControlPilot.duty(current: view.limit) : 1
        return min(max(duty + view.condition.dutyOffset, 0), 1)
    }

    // MARK: Heat

    private func warm(_ view: SupplyView) {
        let time = last.map { now - $0 } ?? .zero
        let (condition, rated) = (view.condition, rated ?? 32)
        // The pins of a cable for direct current are cooled, those of one for alternating current are not.
        let cooling = view.isDirect ? condition.cooling : 1
        let healthy = ThermalBody.contactRise(current: view.current, rated: rated, riseAtRated: pinRise)
        pins.0.advance(towards: ambient + healthy * condition.contactResistance / cooling, for: time)
        pins.1.advance(towards: ambient + healthy / cooling, for: time)
        let load = rated > 0 && view.nominalVoltage > 0 ? view.power.magnitude / (rated * view.nominalVoltage * Double(view.phases)) : 0
        let extra = auxiliary > 0 ? condition.auxiliary / auxiliary * 2 : 0
        cabinet.advance(towards: ambient + (cabinetRise * load + extra) / condition.cooling, for: time)
    }

    /// Takes current back while the contacts are hot, and switches off when they get hotter still.
    private func protect(_ pin: Double) {
        let inside = simulation.signals.latest(firstSignal + Sensor.cabinetTemperature.rawValue)
        if pin >= tripAt || inside >= cabinetTrip {
            if !isHot { supply?.overheated(connector: connector) }
            isHot = true
        } else if isHot, pin < derateFrom - 10, inside < cabinetTrip - 10 {
            isHot = false
            supply?.coolEnough(connector: connector)
        }
        // In steps of a tenth, and up again only when it is well below, so that limits do not flutter.
        let share = pin <= derateFrom ? 1 : max(0.1, ((tripAt - pin) / (tripAt - derateFrom) * 10).rounded(.up) / 10)
        guard share < derating || pin < derateFrom - 5 && derating < 1 else { return }
        derating = share
        supply?.derate(to: share)
    }

    // MARK: Sensors

    /// Publishes what a sensor shows of a value, and gives it.
    @discardableResult
    private func show(_ sensor: Sensor, _ value: Double, spread: Double) -> Double {
        // The stream goes on whatever happens, so that a fault changes no later noise.
        let draw = noise > 0 ? streams[sensor.rawValue].normal(0, 1) : 0
        var shown: Double? = value + spread * draw
        if !sensorFaults.isEmpty { shown = sensorFaults.apply(sensor.rawValue, value + spread * draw, at: now) }
        guard let shown else { return simulation.signals.latest(firstSignal + sensor.rawValue) }
        publish(sensor.rawValue, shown)
        return shown
    }

    override func perform(_ action: ActionCall) {
        let sensor = action.whole("sensor") ?? 0
        guard let number = sensorFaults.begin(action, shown: simulation.signals.latest(firstSignal + sensor), at: now) else { return }
        if let time = action.duration("for") { setTimer(0, at: now + time, payload: number) }
    }

    override func timer(_ id: UInt32, _ payload: UInt32) { sensorFaults.end(payload) }
}
