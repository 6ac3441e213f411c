import Quantities

/// One thing that is wrong on the way from the supply to the vehicle.
public enum SupplyFault: Equatable, Sendable {
    /// The supply has this share of its nominal voltage: 1.15 is an overvoltage, 0.75 a sag.
    case voltage(share: Double)
    /// This share of the offered current is drawn.
    case overcurrent(share: Double)
    /// A current of so many amperes flows to earth; direct current is the more dangerous for a residual-current device.
    case ground(amperes: Double, isDirect: Bool)
    /// The insulation against earth has this resistance in ohm.
    case insulation(ohms: Double)
    /// The contactor stays closed; this current in A flows on after the command to open.
    case weld(amperes: Double)
    /// A contact is loose: noise of the voltage as a share of the nominal one, and its resistance as a multiple of the healthy one.
    case looseContact(noise: Double, resistance: Double)
    /// The current is distorted: total harmonic distortion, and the power factor of the fundamental.
    case distortion(share: Double, powerFactor: Double)
    /// One phase, from 0, carries this share of its current.
    case phase(Int, share: Double)
    /// The cooling has this share of its strength left.
    case cooling(share: Double)
    /// The control pilot shows another state, or a duty cycle that is off by a share of the period.
    case pilot(state: ControlPilot.State?, dutyOffset: Double)
    /// The plugged cable may carry this current in A only.
    case cable(rating: Double)
    /// The electronics of the station draw so many watts more.
    case auxiliary(watts: Double)
    /// The contactor closes although both sides differ by so many volts.
    case precharge(volts: Double)
    /// A current in A flows back out of the battery.
    case reverse(amperes: Double)
}

/// What all faults of a supply together do to it; without faults it is that of a healthy one.
public struct SupplyCondition: Equatable, Sendable {
    /// Insulation resistance of a healthy supply in ohm.
    public static let healthyInsulation = 2e6
    /// Current to earth of a healthy supply in A: capacitances of cable and filters.
    public static let healthyLeakage = 0.0008
    /// Harmonic distortion of a healthy supply.
    public static let healthyDistortion = 0.025

    /// Voltage as a share of the nominal one.
    public private(set) var voltageShare = 1.0
    /// Current as a share of the offered one.
    public private(set) var currentShare = 1.0
    /// Shares that the phases carry.
    public private(set) var phaseShares = SIMD3<Double>(1, 1, 1)
    /// Alternating and direct current to earth in A.
    public private(set) var residual = SupplyCondition.healthyLeakage
    /// The part of it that is direct current.
    public private(set) var directResidual = 0.0
    /// Insulation resistance in ohm.
    public private(set) var insulation = SupplyCondition.healthyInsulation
    /// Current in A that flows on behind a welded contactor; `nil` when the contactor opens.
    public private(set) var leak: Double?
    /// Standard deviation of the voltage's noise, as a share of the nominal voltage.
    public private(set) var voltageNoise = 0.0
    /// Resistance of the contacts as a multiple of the healthy one.
    public private(set) var contactResistance = 1.0
    /// Total harmonic distortion of the current.
    public private(set) var distortion = SupplyCondition.healthyDistortion
    /// Active over apparent power; 1 without fault.
    public private(set) var powerFactor = 1.0
    /// Share of the cooling that is left.
    public private(set) var cooling = 1.0
    /// State of the control pilot, when it is a wrong one.
    public private(set) var pilotState: ControlPilot.State?
    /// Error of the duty cycle, as a share of the period.
    public private(set) var dutyOffset = 0.0
    /// Rating of the cable in A, when it is another than the station's own.
    public private(set) var cableRating: Double?
    /// Additional power of the electronics in W.
    public private(set) var auxiliary = 0.0
    /// Difference of the voltages in V at which the contactor closes; `nil` when precharge works.
    public private(set) var prechargeDifference: Double?
    /// Current in A out of the battery; `nil` while power flows into it.
    public private(set) var reverse: Double?

    /// A healthy supply.
    public init() {}

    /// What faults do together; where two of a kind meet, shares multiply and the worse value rules.
    public init(_ faults: [SupplyFault]) { for fault in faults { add(fault) } }

    private mutating func add(_ fault: SupplyFault) {
        switch fault {
        case .voltage(let share): voltageShare *= max(0, share)
        case .overcurrent(let share): currentShare *= max(0, share)
        case .ground(let amperes, let isDirect):
            residual += max(0, amperes)
            if isDirect { directResidual += max(0, amperes) }
        case .insulation(let ohms): insulation = min(insulation, max(0, ohms))
        case .weld(let amperes): leak = max(leak ?? 0, amperes)
        case .looseContact(let noise, let resistance):
            voltageNoise = max(voltageNoise, noise)
            contactResistance *= max(0, resistance)
        case .distortion(let share, let factor):
            distortion = max(distortion, share)
            powerFactor = min(powerFactor, min(max(factor, 0), 1) / (1 + share * share).squareRoot())
        case .phase(let index, let share): if 0..<3 ~= index { phaseShares[index] *= max(0, share) }
        case .cooling(let share): cooling = min(cooling, max(share, 0.01))
        case .pilot(let state, let offset):
            pilotState = state ?? pilotState
            dutyOffset += offset
        case .cable(let rating): cableRating = min(cableRating ?? rating, rating)
        case .auxiliary(let watts): auxiliary += max(0, watts)
        case .precharge(let volts): prechargeDifference = max(prechargeDifference ?? 0, volts)
        case .reverse(let amperes): reverse = max(reverse ?? 0, amperes)
        }
    }

    /// The share of voltage times current that is active power, over so many phases.
    public func yield(phases: Int) -> Double {
        let count = min(max(phases, 1), 3)
        var sum = 0.0
        for phase in 0..<count { sum += phaseShares[phase] }
        return sum / Double(count) * powerFactor
    }
}
