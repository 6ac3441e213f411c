import Quantities

/// What a battery is asked to take.
public enum ChargeDemand: Equatable, Sendable {
    /// At most this power at its terminals, in W.
    case power(Double)
    /// At most this direct current, in A.
    case current(Double)
    /// Nothing.
    case none
}

/// The make-up of a traction battery.
public struct BatteryModel: Equatable, Sendable {
    /// What can be wrong with a model.
    public enum ModelError: Error, Equatable, Sendable {
        /// A number is not finite or outside its range; the requirement completes the sentence "it must be ...".
        case outOfRange(property: String, requirement: String)
    }

    /// Usable capacity in Wh.
    public let capacity: Double
    /// Open-circuit voltage in V over the state of charge 0...1.
    public let openCircuitVoltage: PiecewiseLinear
    /// Internal resistance in ohm; it raises the terminal voltage under current.
    public let internalResistance: Double
    /// The greatest power that the battery accepts, in W, over the state of charge 0...1; a fall that is linear in the state of charge is the exponential
    /// approach of a constant-voltage phase in time.
    public let acceptance: PiecewiseLinear
    /// The greatest current in A.
    public let maximumCurrent: Double
    /// The share of the energy at the terminals that is stored; it covers the losses in the resistance on average.
    public let efficiency: Double

    /// A battery; throws when a number makes no physical sense.
    public init(
        capacity: Double, openCircuitVoltage: PiecewiseLinear = .pack400V, internalResistance: Double = 0.08, acceptance: PiecewiseLinear? = nil,
        maximumPower: Double = 150_000, knee: Double = 0.8, maximumCurrent: Double = 500, efficiency: Double = 0.96
    ) throws(ModelError) {
        func require(_ holds: Bool, _ property: String, _ requirement: String) throws(ModelError) {
            guard holds else { throw .outOfRange(property: property, requirement: requirement) }
        }
        try require(capacity > 0 && capacity <= 1e9, "capacity", "above 0 Wh and at most 1 GWh")
        try require(openCircuitVoltage.points.allSatisfy { $0.y > 0 }, "open_circuit_voltage", "above 0 V everywhere")
        try require(internalResistance >= 0 && internalResistance.isFinite, "internal_resistance", "0 Ohm or more")
        try require(maximumPower > 0 && maximumPower.isFinite, "maximum_power", "above 0 W")
        try require(knee > 0 && knee < 1, "knee", "between 0 and 1")
        try require(maximumCurrent > 0 && maximumCurrent.isFinite, "maximum_current", "above 0 A")
        try require(efficiency > 0 && efficiency <= 1, "efficiency", "above 0 and at most 1")
        let curve = acceptance ?? PiecewiseLinear.taper(maximumPower: maximumPower, knee: knee)
        try require(curve.points.allSatisfy { $0.y >= 0 }, "acceptance", "0 W or more everywhere")
        self.capacity = capacity
        self.openCircuitVoltage = openCircuitVoltage
        self.internalResistance = internalResistance
        self.acceptance = curve
        self.maximumCurrent = maximumCurrent
        self.efficiency = efficiency
    }
}

extension PiecewiseLinear {
    /// Open-circuit voltage of a 400 V class pack, 96 lithium-ion cells in series; round figures of our own in the usual range of 3.2 to 4.2 V a cell.
    public static let pack400V = PiecewiseLinear(known: [
        Point(0, 307.2), Point(0.05, 326.4), Point(0.1, 333), Point(0.25, 345.6), Point(0.5, 355.2), Point(0.75, 376), Point(0.9, 391), Point(1, 403.2),
    ])

    /// Constant power up to the knee, then a linear fall to 4 % of it when full.
    static func taper(maximumPower: Double, knee: Double) -> PiecewiseLinear {
        PiecewiseLinear(known: [Point(knee, maximumPower), Point(1, 0.04 * maximumPower)])
    }
}

/// The state of a battery that charges: exact between changes of the demand, whatever the instants at which it is read.
///
/// Over the state of charge every limit (acceptance, demanded power, demanded current times terminal voltage) is piecewise linear, so each stretch of
/// charging has a closed form: linear or exponential in time.
public struct Battery: Equatable, Sendable {
    /// The battery at one instant.
    public struct Reading: Equatable, Sendable {
        /// State of charge, 0...1.
        public var stateOfCharge: Double
        /// Power at the terminals in W.
        public var power: Double
        /// Terminal voltage in V.
        public var voltage: Double
        /// Current in A.
        public var current: Double
        /// Energy taken at the terminals since the start, in Wh.
        public var energy: Double
    }

    /// What the battery is made of.
    public let model: BatteryModel
    /// What it is asked to take since the last change.
    public private(set) var demand = ChargeDemand.none

    private var charge: Double
    private var taken = 0.0
    private var since = Instant.zero

    /// The state at the last change of the demand.
    var chargeAtChange: (charge: Double, taken: Double, since: Instant) { (charge, taken, since) }

    /// A battery at a state of charge, cut to 0...1.
    public init(_ model: BatteryModel, stateOfCharge: Double) {
        self.model = model
        charge = stateOfCharge > 0 ? min(stateOfCharge, 1) : 0
    }

    /// Changes what the battery is asked to take; an earlier instant than the last change counts as that.
    public mutating func setDemand(_ demand: ChargeDemand, at instant: Instant) {
        guard demand != self.demand else { return }
        if instant > since {
            let now = state(at: instant)
            charge = now.charge
            taken = now.taken
            since = instant
        }
        self.demand = demand
    }

    /// The state at an instant; before the last change it is the state at that change.
    public func reading(at instant: Instant) -> Reading {
        let now = state(at: instant)
        let power = acceptedPower(at: now.charge).power
        let current = current(forPower: power, at: now.charge)
        let voltage = model.openCircuitVoltage.value(at: now.charge) + current * model.internalResistance
        return Reading(stateOfCharge: now.charge, power: power, voltage: voltage, current: current, energy: now.taken)
    }

    /// One tick of a sampled model: sets the demand and gives the reading `dt` later.
    public mutating func step(_ demand: ChargeDemand, from instant: Instant, dt: Duration) -> Reading {
        setDemand(demand, at: instant)
        return reading(at: instant + dt)
    }

    /// The instant at which a state of charge is reached under the present demand; `nil` when it never is.
    public func instant(reaching stateOfCharge: Double) -> Instant? {
        guard stateOfCharge > charge, stateOfCharge <= 1 else { return stateOfCharge <= charge ? since : nil }
        var travel = Travel(charge: charge)
        while travel.charge < stateOfCharge {
            guard advance(&travel, seconds: .infinity, stop: stateOfCharge) else { return nil }
        }
        guard let time = Duration(seconds: travel.seconds) else { return nil }
        let (sum, overflow) = since.nanoseconds.addingReportingOverflow(time.nanoseconds)
        return overflow ? nil : Instant(nanoseconds: sum)
    }
}
