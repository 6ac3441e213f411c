import Quantities

/// What a command did to a charger module.
public enum CommandEffect: Equatable, Sendable {
    /// The command changed the state.
    case changed
    /// The command found the state as it wanted it: a no-op, which the engine records as INVALID_STATE for start and stop.
    case noChange
}

/// The state of a charger module: limit, charging flag, output current and energy register, stepped once a tick.
///
/// Each tick moves the current one ramp step towards `charging ? limit : 0` and then books voltage x current x tick. The published value is rounded, the
/// kept one is not, and the published one is not fed back.
public struct ChargerModuleState: Equatable, Sendable {
    /// How the current moves.
    public var ramp: Ramp
    /// Whether a limit above 0 also starts and a limit of 0 also stops the output.
    public var followsLimit: Bool
    /// Output voltage in V.
    public var voltage: Double
    /// Current limit in A, at least 0.
    public private(set) var limit: Double
    /// Whether the output is on.
    public private(set) var isCharging = false
    /// Output current in A.
    public private(set) var current = 0.0
    /// Energy delivered since the module was made, in Wh; it never resets.
    public private(set) var energy = 0.0
    /// Charge delivered since the module was made, in Ah.
    public private(set) var charge = 0.0
    /// What is wrong with the output; `nil` while all is well.
    public var condition: SupplyCondition?

    /// An idle module.
    ///
    /// - Parameters:
    ///   - ramp: how the current moves; 20 % a tick by default.
    ///   - limit: the limit until the first command, in A; negative or not finite means 0.
    ///   - voltage: output voltage in V.
    ///   - followsLimit: see the property.
    public init(ramp: Ramp = Ramp(.exponential(share: 0.2)), limit: Double = 32, voltage: Double = 400, followsLimit: Bool = false) {
        self.ramp = ramp
        self.limit = ChargerModuleState.usable(limit)
        self.voltage = voltage
        self.followsLimit = followsLimit
    }

    private static func usable(_ amperes: Double) -> Double { amperes.isFinite && amperes > 0 ? amperes : 0 }

    /// The current that the ramp heads for: the limit while charging, else 0 A; faults change both, and one that reverses the flow makes it negative.
    public var target: Double {
        guard let condition else { return isCharging ? limit : 0 }
        if isCharging, let reverse = condition.reverse { return -reverse }
        return isCharging ? limit * condition.currentShare : condition.leak ?? 0
    }
    /// Voltage at the output in V: the nominal one, unless a fault changes it.
    public var outputVoltage: Double { condition.map { voltage * $0.voltageShare } ?? voltage }
    /// Output power in W.
    public var power: Double { outputVoltage * current }

    /// Switches the output on.
    public mutating func start() -> CommandEffect { setCharging(true) }

    /// Switches the output off.
    public mutating func stop() -> CommandEffect { setCharging(false) }

    /// Sets the limit in A; a negative or not finite one counts as 0.
    public mutating func setLimit(_ amperes: Double) -> CommandEffect {
        let wanted = ChargerModuleState.usable(amperes)
        var effect = wanted == limit ? CommandEffect.noChange : .changed
        limit = wanted
        if followsLimit, setCharging(wanted > 0) == .changed { effect = .changed }
        return effect
    }

    private mutating func setCharging(_ on: Bool) -> CommandEffect {
        guard on != isCharging else { return .noChange }
        isCharging = on
        return .changed
    }

    /// One tick: a ramp step, then the energy and charge of the tick at the new current.
    public mutating func tick(_ dt: Duration = .seconds(1)) {
        current = ramp.step(current: current, target: target, dt: dt)
        let hours = dt.seconds / 3600
        energy += power * hours
        charge += current * hours
    }

    /// The current as the reading on the bus carries it: see `publishedU16(_:)`.
    public var published: UInt16 { ChargerModuleState.publishedU16(current) }

    /// A value as an unsigned 16-bit number: rounded half away from zero, saturated to 0...65535; NaN gives 0.
    public static func publishedU16(_ value: Double) -> UInt16 {
        guard value > 0 else { return 0 }
        let rounded = value.rounded(.toNearestOrAwayFromZero)
        return rounded >= 65_535 ? .max : UInt16(rounded)
    }
}
