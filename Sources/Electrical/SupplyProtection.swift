public import Quantities

/// Why a protection switches a supply off.
public enum SupplyTrip: String, Equatable, Sendable {
    case overVoltage = "voltage above 110 % of its nominal value"
    case underVoltage = "voltage below 85 % of its nominal value"
    case overCurrent = "current above 110 % of the limit"
    case groundFailure = "residual current"
    case insulation = "insulation resistance below 100 Ohm/V"
    case contactor = "voltage behind the open contactor"
    case pilot = "control pilot in state E or F"
    case temperature = "contacts or cabinet too hot"

    /// Whether service goes on by itself once the cause is gone; the others wait for a person.
    public var clearsItself: Bool { self == .overVoltage || self == .underVoltage || self == .pilot || self == .temperature }

    /// How long the cause lasts before the protection acts.
    public var delay: Duration {
        switch self {
        case .overVoltage, .insulation, .contactor: .seconds(1)
        case .underVoltage: .seconds(3)
        case .overCurrent: .seconds(5)
        case .groundFailure, .pilot: .milliseconds(100)
        case .temperature: .zero
        }
    }
}

extension SupplyCondition {
    /// Residual current in A at which a device of type A acts (IEC 61008-1), and smooth direct current (IEC 62955).
    public static let residualLimits = (alternating: 0.03, direct: 0.006)

    /// What a protection would act on, the most dangerous first; `nil` when nothing is wrong enough.
    ///
    /// - Parameters:
    ///   - voltage: nominal voltage in V.
    ///   - current: what flows, in A.
    ///   - limit: what may flow, in A.
    ///   - isEnergised: whether the contactor is told to be closed.
    public func trip(voltage: Double, current: Double, limit: Double, isEnergised: Bool) -> SupplyTrip? {
        if isEnergised {
            let limits = SupplyCondition.residualLimits
            if directResidual > limits.direct || residual - directResidual > limits.alternating { return .groundFailure }
            if insulation < 100 * voltage { return .insulation }
            if currentShare > 1, current > 1.1 * limit { return .overCurrent }
            if pilotState == .e || pilotState == .f { return .pilot }
        } else if leak != nil {
            return .contactor
        }
        if voltageShare > 1.1 { return .overVoltage }
        if voltageShare < 0.85 { return .underVoltage }
        return nil
    }
}
