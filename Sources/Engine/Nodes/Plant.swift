import Electrical
import OCPP
import Quantities

/// What hangs at one connector of a charge point without a charger module: contactor, offered current, vehicle and meter.
///
/// Nothing is stepped: between two changes every value has a closed form, so it does not matter how often the plant is looked at.
struct Plant {
    /// Nominal voltage between phase and neutral, or of the DC output, in V.
    let voltage: Double
    /// Phases of the supply; 1 for DC.
    let phases: Int
    /// The vehicle at the cable; `nil` stands for one that draws whatever is offered, if the charge point assumes one.
    private(set) var vehicle: ElectricVehicle?
    /// State of charge at which the vehicle has enough.
    private(set) var target = 1.0
    private(set) var isEnergised = false
    private(set) var isPlugged: Bool
    /// Whether the vehicle pauses, although it could have current.
    private(set) var isPaused = false
    private(set) var limit: Double
    /// What is wrong with the supply; `nil` while all is well.
    private(set) var condition: SupplyCondition?
    private var meter = EnergyMeter()
    /// Energy that the vehicle had taken when the register was last brought up to date, in Wh at the inlet.
    private var counted = 0.0
    private var registerAtStart = 0.0

    init(voltage: Double, phases: Int, limit: Double, assumesVehicle: Bool) {
        self.voltage = voltage
        self.phases = phases
        self.limit = limit
        isPlugged = assumesVehicle
    }

    // MARK: Changes

    mutating func plug(_ vehicle: ElectricVehicle, target: Double, at now: Instant) {
        book(at: now)
        self.vehicle = vehicle
        self.target = target
        counted = 0
        isPlugged = true
        offer(at: now)
    }

    /// A vehicle comes that draws whatever is offered.
    mutating func plugIdeal(at now: Instant) {
        book(at: now)
        vehicle = nil
        isPlugged = true
        isPaused = false
        offer(at: now)
    }

    mutating func setPaused(_ isPaused: Bool, at now: Instant) {
        book(at: now)
        self.isPaused = isPaused
        offer(at: now)
    }

    mutating func unplug(at now: Instant) {
        book(at: now)
        vehicle = nil
        isPlugged = false
        isPaused = false
        offer(at: now)
    }

    mutating func setEnergised(_ on: Bool, at now: Instant) {
        book(at: now)
        if on, !isEnergised { registerAtStart = energy(at: now) }
        isEnergised = on
        offer(at: now)
    }

    mutating func setLimit(_ amperes: Double, at now: Instant) {
        book(at: now)
        limit = amperes
        offer(at: now)
    }

    /// Something goes wrong with the supply, or is well again.
    mutating func setCondition(_ condition: SupplyCondition?, at now: Instant) {
        book(at: now)
        self.condition = condition
        offer(at: now)
    }

    /// The current that could flow, in A.
    private var offeredCurrent: Double {
        let wanted = isEnergised && isPlugged && !isPaused ? limit : 0
        guard let condition else { return wanted }
        if !isEnergised, isPlugged, let leak = condition.leak { return leak }
        return wanted * condition.currentShare
    }

    /// Voltage of the supply now.
    var supplyVoltage: Double { condition.map { voltage * $0.voltageShare } ?? voltage }

    /// The part of voltage times current times phases that is power.
    private var usableShare: Double { condition?.yield(phases: activePhases) ?? 1 }

    /// Phases that current flows in: those of the supply that the vehicle uses.
    var activePhases: Int {
        if case .ac(let charger)? = vehicle?.coupling { return min(phases, charger.phases) }
        return phases
    }

    private mutating func offer(at now: Instant) {
        let current = offeredCurrent
        if vehicle != nil {
            let offered = isFull(at: now) ? 0 : current
            let (share, voltage) = (usableShare, supplyVoltage)
            vehicle?.offer(current: offered * share, voltage: voltage, at: now)
            meter.setPower(0, at: now)
        } else {
            meter.setPower(EnergyMeter.power(voltage: supplyVoltage, current: current, phases: phases) * usableShare, at: now)
        }
    }

    /// Adds what the vehicle has taken since the last time to the register.
    private mutating func book(at now: Instant) {
        guard vehicle != nil else { return }
        let taken = taken(at: now)
        meter.add(energy: taken - counted)
        counted = taken
    }

    // MARK: Readings

    private func taken(at now: Instant) -> Double {
        guard let vehicle else { return 0 }
        let energy = vehicle.reading(at: now).batteryEnergy
        if case .ac(let charger) = vehicle.coupling { return energy / charger.efficiency }
        return energy
    }

    func isFull(at now: Instant) -> Bool { vehicle.map { $0.reading(at: now).stateOfCharge >= target - 1e-9 } ?? false }

    /// When the vehicle has enough under the present offer.
    func instantFull() -> Instant? { vehicle?.instant(reaching: target) }

    /// Register of imported energy in Wh; never reset.
    func energy(at now: Instant) -> Double { meter.energy(at: now) + (vehicle == nil ? 0 : taken(at: now) - counted) }

    func sessionEnergy(at now: Instant) -> Double { isEnergised ? energy(at: now) - registerAtStart : 0 }

    func reading(at now: Instant) -> MeterReading {
        if let vehicle {
            let inlet = vehicle.reading(at: now)
            // A vehicle that misses a phase draws its power from the others.
            return MeterReading(
                currentA: usableShare > 0 ? inlet.current / usableShare : 0, voltageV: inlet.voltage, powerW: inlet.power, energyWh: energy(at: now),
                socPercent: inlet.stateOfCharge * 100)
        }
        return MeterReading(currentA: offeredCurrent, voltageV: supplyVoltage, powerW: meter.power, energyWh: energy(at: now))
    }

    func power(at now: Instant) -> Double { vehicle?.reading(at: now).power ?? meter.power }
}
