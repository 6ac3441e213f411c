import Quantities
import SimulationKernel

/// What others ask a run.
extension Simulation {
    /// Simulated time since t = 0.
    var simulated: Duration { hasOrigin ? max(.zero, min(kernel.now, kernel.end) - origin) : .zero }

    /// Fingerprint of everything that happened.
    var fingerprintValue: UInt64 { kernel.fingerprint.value }
    /// The same as 16 hexadecimal digits.
    var fingerprint: String { kernel.fingerprint.text }
}
