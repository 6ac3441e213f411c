import Quantities

/// What a meter sees at an instant: one state that every measurand follows from.
public struct OperatingPoint: Hashable, Sendable {
    /// Volts between phase and neutral, or of the direct current output.
    public var voltage: Double
    /// Amperes in each phase; positive into the vehicle (import), negative out of it (export).
    public var current: Double
    /// The number of phases that carry the current: 1 to 3; 1 for direct current.
    public var phases: Int
    /// cos φ, 0 to 1; 1 for direct current.
    public var powerFactor: Double
    /// Hertz; `nil` for direct current.
    public var frequency: Double?
    /// Degrees Celsius.
    public var temperature: Double?
    /// State of charge of the vehicle in percent, `nil` if the charge point cannot know it.
    public var socPercent: Double?
    /// Amperes per phase that the charge point offers.
    public var offeredCurrent: Double
    /// The registers of active energy in Wh; they never go back.
    public var energyImportWh: Double
    public var energyExportWh: Double
    /// The registers of reactive energy in varh; `nil` = what the present power factor makes of the active ones.
    public var reactiveImportVarh: Double?
    public var reactiveExportVarh: Double?
    /// Revolutions of a fan a minute.
    public var rpm: Double?

    public init(
        voltage: Double = 230, current: Double = 0, phases: Int = 3, powerFactor: Double = 1, frequency: Double? = 50, temperature: Double? = nil,
        socPercent: Double? = nil, offeredCurrent: Double = 0, energyImportWh: Double = 0, energyExportWh: Double = 0, rpm: Double? = nil
    ) {
        self.voltage = voltage
        self.current = current
        self.phases = phases
        self.powerFactor = powerFactor
        self.frequency = frequency
        self.temperature = temperature
        self.socPercent = socPercent
        self.offeredCurrent = offeredCurrent
        self.energyImportWh = energyImportWh
        self.energyExportWh = energyExportWh
        self.rpm = rpm
    }

    /// S = V · I · phases in VA, with the sign of the current.
    public var apparentPower: Double { voltage * current * Double(phases) }
    /// P = S · cos φ in W, with the sign of the current.
    public var activePower: Double { apparentPower * powerFactor }
    /// Q = S · sin φ in var, with the sign of the current.
    public var reactivePower: Double { apparentPower * sine }
    /// P that is offered, in W.
    public var offeredPower: Double { voltage * offeredCurrent * Double(phases) * powerFactor }

    /// sin φ.
    var sine: Double { max(0, 1 - powerFactor * powerFactor).squareRoot() }

    /// Lets the registers count what flows during a time in which nothing else changes: E = ∫P dt.
    ///
    /// - Parameter capacityWh: the capacity of the battery, if its state of charge shall follow, between 0 and 100 percent.
    public mutating func integrate(over duration: Duration, capacityWh: Double? = nil) {
        let hours = duration.seconds / 3600
        let (active, reactive) = (activePower * hours, reactivePower * hours)
        reactiveImportVarh = reactiveImport
        reactiveExportVarh = reactiveExport
        if let soc = socPercent, let capacityWh, capacityWh > 0 { socPercent = min(max(soc + active / capacityWh * 100, 0), 100) }
        if active >= 0 {
            energyImportWh += active
            reactiveImportVarh = reactiveImport + reactive
        } else {
            energyExportWh -= active
            reactiveExportVarh = reactiveExport - reactive
        }
    }

    var reactiveImport: Double { reactiveImportVarh ?? energyImportWh * tangent }
    var reactiveExport: Double { reactiveExportVarh ?? energyExportWh * tangent }
    private var tangent: Double { powerFactor > 0 ? sine / powerFactor : 0 }
}
