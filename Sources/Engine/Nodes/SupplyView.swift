import Electrical
import Quantities

/// What instruments at a supply can see at one instant.
struct SupplyView {
    /// Nominal voltage in V: phase to neutral, or DC.
    var nominalVoltage: Double
    /// Voltage in front of the contactor in V.
    var voltage: Double
    /// Current of a healthy phase in A.
    var current: Double
    /// Phases that it flows in.
    var phases: Int
    /// Current that may flow, in A.
    var limit: Double
    /// Power in W.
    var power: Double
    /// Whether the contactor is told to be closed, and whether it is.
    var isCommanded: Bool
    var isClosed: Bool
    var isPlugged: Bool
    var isPaused: Bool
    /// Whether it is direct current.
    var isDirect: Bool
    /// What is wrong.
    var condition: SupplyCondition
}

/// A node whose supply instruments can be put at.
protocol MonitoredSupply: AnyObject {
    /// What is to be seen at a connector; `nil` when it has none of that number.
    func supplyView(connector: Int, at instant: Instant) -> SupplyView?
    /// The heat leaves a share of the greatest current.
    func derate(to share: Double)
    /// Contacts or cabinet are too hot: the connector is switched off.
    func overheated(connector: Int)
    /// They have cooled down.
    func coolEnough(connector: Int)
}

extension ChargePointNode: MonitoredSupply {
    func supplyView(connector: Int, at instant: Instant) -> SupplyView? {
        guard bus == nil, plants.indices.contains(connector - 1) else { return nil }
        let plant = plants[connector - 1]
        let reading = plant.reading(at: instant)
        let condition = plant.condition
        return SupplyView(
            nominalVoltage: voltage, voltage: plant.supplyVoltage, current: reading.currentA, phases: plant.activePhases, limit: plant.limit,
            power: reading.powerW, isCommanded: plant.isEnergised, isClosed: plant.isEnergised && !plant.isPaused || condition?.leak != nil,
            isPlugged: plant.isPlugged, isPaused: plant.isPaused, isDirect: false, condition: condition ?? SupplyCondition())
    }

    func overheated(connector: Int) { trip(.temperature, connector: connector) }
}

extension ChargerModuleNode: MonitoredSupply {
    func supplyView(connector: Int, at instant: Instant) -> SupplyView? {
        guard connector == 1 else { return nil }
        let condition = output.condition
        return SupplyView(
            nominalVoltage: output.voltage, voltage: output.outputVoltage, current: output.current, phases: 1, limit: output.limit, power: output.power,
            isCommanded: output.isCharging, isClosed: output.isCharging || condition?.leak != nil || output.current > 0.5, isPlugged: true, isPaused: false,
            isDirect: true, condition: condition ?? SupplyCondition())
    }

    func derate(to share: Double) {}
    func overheated(connector: Int) { switchOff(.temperature) }
    func coolEnough(connector: Int) {}
}
