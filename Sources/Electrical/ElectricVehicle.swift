import Quantities

/// The on-board charger of a vehicle that charges with alternating current.
public struct OnBoardCharger: Equatable, Sendable {
    /// Phases in use, 1 or 3.
    public var phases: Int
    /// The greatest current a phase, in A.
    public var maximumCurrent: Double
    /// Below this offered current the vehicle pauses, in A; the control pilot of IEC 61851-1 carries no less than 6 A.
    public var minimumCurrent: Double
    /// Share of the power at the inlet that reaches the battery.
    public var efficiency: Double
    /// Active over apparent power at the inlet.
    public var powerFactor: Double

    /// A charger; numbers out of range are cut: phases to 1 or 3, shares to (0, 1], currents to 0 or more.
    public init(phases: Int = 3, maximumCurrent: Double = 16, minimumCurrent: Double = 6, efficiency: Double = 0.92, powerFactor: Double = 1) {
        self.phases = phases >= 2 ? 3 : 1
        self.maximumCurrent = maximumCurrent.isFinite && maximumCurrent > 0 ? maximumCurrent : 0
        self.minimumCurrent = minimumCurrent.isFinite && minimumCurrent > 0 ? minimumCurrent : 0
        self.efficiency = efficiency > 0 && efficiency <= 1 ? efficiency : 1
        self.powerFactor = powerFactor > 0 && powerFactor <= 1 ? powerFactor : 1
    }

    /// The current a phase that the vehicle draws of an offer, as far as the battery takes it; 0 A below the minimum.
    public func acceptedCurrent(offered: Double) -> Double {
        offered >= minimumCurrent ? min(offered, maximumCurrent) : 0
    }

    /// The power that reaches the battery, in W, for a current a phase at a phase voltage.
    public func batteryPower(current: Double, voltage: Double) -> Double {
        EnergyMeter.power(voltage: voltage, current: current, phases: phases, powerFactor: powerFactor) * efficiency
    }

    /// The current a phase at the inlet that gives the battery a power.
    public func inletCurrent(batteryPower: Double, voltage: Double) -> Double {
        let perAmpere = self.batteryPower(current: 1, voltage: voltage)
        return perAmpere > 0 ? batteryPower / perAmpere : 0
    }
}

/// A vehicle at a charge point: a battery behind an on-board charger (AC) or directly at the terminals (DC).
public struct ElectricVehicle: Equatable, Sendable {
    /// How the vehicle is coupled to the supply.
    public enum Coupling: Equatable, Sendable {
        /// Alternating current through the on-board charger.
        case ac(OnBoardCharger)
        /// Direct current up to a maximum in A.
        case dc(maximumCurrent: Double)
    }

    /// What the supply sees at one instant.
    public struct Reading: Equatable, Sendable {
        /// Current at the inlet in A; a phase's for AC.
        public var current: Double
        /// Voltage at the inlet in V: as offered for AC, that of the battery for DC.
        public var voltage: Double
        /// Active power at the inlet in W.
        public var power: Double
        /// State of charge of the battery, 0...1.
        public var stateOfCharge: Double
        /// Energy at the terminals of the battery since it was made, in Wh.
        public var batteryEnergy: Double
    }

    /// How the vehicle is coupled.
    public let coupling: Coupling
    /// Its battery.
    public private(set) var battery: Battery
    private var supplyVoltage = 230.0

    /// A vehicle that is offered nothing yet.
    public init(battery: Battery, coupling: Coupling) {
        self.battery = battery
        self.coupling = coupling
    }

    /// Tells the vehicle what it may draw from an instant on.
    ///
    /// - Parameters:
    ///   - current: the limit in A (a phase's for AC); 0 or below the vehicle's minimum pauses it.
    ///   - voltage: phase voltage in V for AC; unused for DC.
    public mutating func offer(current: Double, voltage: Double = 230, at instant: Instant) {
        let offered = current.isFinite && current > 0 ? current : 0
        switch coupling {
        case .ac(let charger):
            supplyVoltage = voltage.isFinite && voltage > 0 ? voltage : 0
            let power = charger.batteryPower(current: charger.acceptedCurrent(offered: offered), voltage: supplyVoltage)
            battery.setDemand(power > 0 ? .power(power) : .none, at: instant)
        case .dc(let most):
            let drawn = min(offered, most)
            battery.setDemand(drawn > 0 ? .current(drawn) : .none, at: instant)
        }
    }

    /// What the supply sees at an instant.
    public func reading(at instant: Instant) -> Reading {
        let inside = battery.reading(at: instant)
        let (soc, energy) = (inside.stateOfCharge, inside.energy)
        switch coupling {
        case .ac(let charger):
            let current = charger.inletCurrent(batteryPower: inside.power, voltage: supplyVoltage)
            let power = EnergyMeter.power(voltage: supplyVoltage, current: current, phases: charger.phases, powerFactor: charger.powerFactor)
            return Reading(current: current, voltage: supplyVoltage, power: power, stateOfCharge: soc, batteryEnergy: energy)
        case .dc:
            return Reading(current: inside.current, voltage: inside.voltage, power: inside.power, stateOfCharge: soc, batteryEnergy: energy)
        }
    }

    /// The instant at which a state of charge is reached under the present offer; `nil` when it never is.
    public func instant(reaching stateOfCharge: Double) -> Instant? { battery.instant(reaching: stateOfCharge) }
}
