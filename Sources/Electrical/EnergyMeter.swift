import Quantities

/// An import energy register that never resets, fed with a power that changes at instants.
///
/// Between two changes the energy is exact, so a reading does not depend on how often the meter is read.
public struct EnergyMeter: Equatable, Sendable {
    private var base: Double
    private var since = Instant.zero

    /// The power since the last change, in W; never negative.
    public private(set) var power = 0.0

    /// A meter whose register starts at a number of Wh; negative or not finite means 0.
    public init(register: Double = 0) { base = register.isFinite && register > 0 ? register : 0 }

    /// The active power of an AC or DC supply in W.
    ///
    /// - Parameters:
    ///   - voltage: in V; phase to neutral for AC.
    ///   - current: in A; a phase's for AC.
    ///   - phases: 1 for DC.
    ///   - powerFactor: 1 for DC.
    public static func power(voltage: Double, current: Double, phases: Int = 1, powerFactor: Double = 1) -> Double {
        voltage * current * Double(phases) * powerFactor
    }

    /// Sets the power from an instant on; an earlier instant than the last counts as the last, a power that is not a positive number as 0.
    public mutating func setPower(_ watts: Double, at instant: Instant) {
        settle(at: instant)
        power = watts.isFinite && watts > 0 ? watts : 0
    }

    /// Books an amount of energy in Wh at once; not positive amounts are ignored.
    public mutating func add(energy wattHours: Double) {
        if wattHours.isFinite, wattHours > 0 { base += wattHours }
    }

    private mutating func settle(at instant: Instant) {
        guard instant > since else { return }
        base = energy(at: instant)
        since = instant
    }

    /// The register at an instant, in Wh; before the last change it is the register at that change.
    public func energy(at instant: Instant) -> Double {
        guard instant > since else { return base }
        return base + power * (instant - since).seconds / 3600
    }

    /// The register in whole Wh as OCPP's `Energy.Active.Import.Register` and `meterStart` carry it: rounded down, saturated.
    public func reading(at instant: Instant) -> Int {
        let value = energy(at: instant).rounded(.down)
        return value < 9e15 ? Int(value) : 9_000_000_000_000_000
    }
}
