public import Quantities

/// A body that warms and cools with one time constant: contacts over I²R, a cabinet over its losses.
///
/// `dT/dt = (surroundings + rise - T) / time constant`, solved in closed form, so the temperature does not depend on how often it is looked at.
public struct ThermalBody: Equatable, Sendable {
    /// Temperature in °C.
    public private(set) var temperature: Double
    /// Time constant in s.
    public let timeConstant: Double

    /// A body at a temperature; a time constant that is not positive counts as a second.
    public init(temperature: Double, timeConstant: Double) {
        self.temperature = temperature
        self.timeConstant = timeConstant > 0 && timeConstant.isFinite ? timeConstant : 1
    }

    /// Moves on by a time during which the body heads for a temperature.
    public mutating func advance(towards target: Double, for time: Duration) {
        guard target.isFinite, time > .zero else { return }
        temperature -= (target - temperature) * Elementary.expm1(-time.seconds / timeConstant)
    }

    /// The rise over the surroundings of a contact in K: that at the rated current times the square of the current, times the multiple of its resistance.
    public static func contactRise(current: Double, rated: Double, riseAtRated: Double, resistance: Double = 1) -> Double {
        guard rated > 0 else { return 0 }
        let share = current / rated
        return riseAtRated * share * share * resistance
    }
}
